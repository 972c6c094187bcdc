package linker

import (
	"context"
	"time"

	"github.com/hindsight-dev/hindsight/linker/link"
)

// The check of links looks at what came in lately, but not at what may still be on its way to its join.
const (
	checkPause   = 5 * time.Minute
	checkWindow  = 30 * time.Minute
	checkSettled = 2 * time.Minute
	checkSample  = 100
)

// checkLinks looks every few minutes for items that a join forgot, until ctx ends. It repairs nothing: commit,
// join, acknowledge leaves none, and a number other than 0 is a fault to be found.
func (l *Linker) checkLinks(ctx context.Context) {
	l.every(ctx, checkPause, "check links", func(ctx context.Context) (bool, error) {
		_, err := l.CheckLinks(ctx, time.Now())
		return false, err
	})
}

// CheckLinks counts the items of the last half hour that have a trace of a replay and no link, at most a hundred.
func (l *Linker) CheckLinks(ctx context.Context, now time.Time) (int, error) {
	missed, err := l.cfg.Store.MissedLinks(ctx, now.Add(-checkWindow).UnixMilli(), now.Add(-checkSettled).UnixMilli(), link.MaxReplaysPerTrace, checkSample)
	if err != nil {
		return 0, err
	}
	l.m.missed.Set(float64(len(missed)))
	for i := range min(len(missed), 3) {
		m := &missed[i]
		l.log.Error("an item of a replay's trace was never linked", "org", m.OrgID, "kind", m.Kind, "item", m.ItemID, "trace", m.TraceID)
	}
	return len(missed), nil
}
