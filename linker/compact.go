package linker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// The pace of keeping recordings.
const (
	keepPause  = 30 * time.Second
	keepBatch  = 10
	sweepAfter = 10 * time.Minute // longer than any request that may still read a replaced object
	sweepBatch = 500

	shrinkPause = 10 * time.Minute
	shrinkBatch = 100
)

// keepRecordings packs finished replays, runs delete jobs, and removes what is too old or has no row, until
// ctx ends. Each step can die anywhere: what it did is done, and what is left is found again.
func (l *Linker) keepRecordings(ctx context.Context) {
	l.every(ctx, keepPause, "keep recordings", func(ctx context.Context) (bool, error) {
		return l.KeepRecordings(ctx, keepBatch)
	})
}

// KeepRecordings does one round and says whether there is more to do.
func (l *Linker) KeepRecordings(ctx context.Context, limit int) (more bool, err error) {
	packed, errPack := l.compact(ctx, limit)
	ran, errJobs := l.cfg.Store.RunDeleteJobs(ctx, l.cfg.Blobs, limit)
	gone, errGone := l.cfg.Store.ExpireReplays(ctx, l.cfg.Blobs, l.cfg.Retention, limit)
	swept, errSwept := l.cfg.Store.SweepBlobs(ctx, l.cfg.Blobs, sweepAfter, sweepBatch)
	if gone > 0 {
		l.log.Info("recordings expired", "replays", gone)
	}
	return packed == limit || ran || gone == limit || swept == sweepBatch, errors.Join(errPack, errJobs, errGone, errSwept)
}

// shrinkRecordings keeps projects within the bytes of recordings that they may hold, until ctx ends.
func (l *Linker) shrinkRecordings(ctx context.Context) {
	l.every(ctx, shrinkPause, "shrink recordings", func(ctx context.Context) (bool, error) {
		n, err := l.cfg.Store.ShrinkReplays(ctx, l.cfg.Blobs, shrinkBatch)
		return n == shrinkBatch, err
	})
}

// compact packs finished replays. One that cannot be packed does not keep the others waiting.
func (l *Linker) compact(ctx context.Context, limit int) (int, error) {
	keys, err := l.cfg.Store.FinishedReplays(ctx, limit)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, k := range keys {
		c, err := l.cfg.Store.CompactReplay(ctx, l.cfg.Blobs, k)
		if err != nil {
			errs = append(errs, fmt.Errorf("compact: %w", err))
			continue
		}
		l.log.Debug("packed a replay", "replay", k.ReplayID, "segments", c.Segments, "before", c.Before, "after", c.After)
	}
	return len(keys) - len(errs), errors.Join(errs...)
}

// Retention is how long recordings are kept.
type Retention = store.ReplayRetention
