package store

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/uptrace/bun"
)

// archiveDecoder reads parts of archives, which may be larger than a payload.
var archiveDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxArchiveRead), zstd.WithDecoderMaxWindow(8<<20))
})

// A replay is finished when nothing came for so long, which is when SDKs end one, or when it has its full length.
const (
	FinishedAfter = 15 * time.Minute
	fullLength    = 60 * time.Minute
)

// alone is the place of a segment that stays an object of its own.
const alone = -1

// FinishedReplays gives up to limit replays that are finished and have segments outside of their archive.
func (s *Store) FinishedReplays(ctx context.Context, limit int) ([]ReplayKey, error) {
	now := s.nowMS()
	var keys []ReplayKey
	err := s.read.NewSelect().TableExpr("replay_segments AS rs").ColumnExpr("rs.org_id, rs.replay_id").
		Join("JOIN replays AS r ON r.org_id = rs.org_id AND r.replay_id = rs.replay_id").
		Where("rs.place IS NULL AND rs.received_ms <= ? AND r.state = ?", now-time.Minute.Milliseconds(), ReplayLive).
		Where("(r.last_segment_ms <= ? OR r.finished_ms - r.started_ms >= ? AND r.last_segment_ms <= ?)", now-FinishedAfter.Milliseconds(),
			fullLength.Milliseconds(), now-time.Minute.Milliseconds()).
		GroupExpr("rs.org_id, rs.replay_id").OrderExpr("MIN(rs.received_ms), rs.org_id, rs.replay_id").Limit(int64(limit)).Scan(ctx, &keys)
	if err != nil {
		return nil, border(fmt.Errorf("finished replays: %w", err))
	}
	return keys, nil
}

// Compacted says what became of a replay's objects.
type Compacted struct {
	Segments int
	Before   int64 // bytes of the objects that the archive replaces
	After    int64
}

// errChanged ends a compaction whose replay changed meanwhile; it is tried again.
var errChanged = errors.New("the replay changed meanwhile")

// CompactReplay puts a replay's segments into one object. What endpoints answer stays the same, byte by
// byte. The objects it replaces are noted as stale: whoever read their names may still open them.
// Segments that cannot be read stay as they are, and are not tried again.
func (s *Store) CompactReplay(ctx context.Context, blobs Blobs, k ReplayKey) (c Compacted, err error) {
	var segments []ReplaySegment
	err = s.read.NewSelect().Model(&segments).Where("org_id = ? AND replay_id = ?", k.OrgID, k.ReplayID).Order("segment_id", "body_hash").Scan(ctx)
	if err != nil || len(segments) == 0 {
		return c, border(err)
	}
	w, err := newArchiveWriter()
	if err != nil {
		return c, fmt.Errorf("compact replay %s: %w", k.ReplayID, err)
	}
	defer func() { err = errors.Join(err, w.discard()) }()
	places, err := s.fillArchive(ctx, blobs, segments, w, &c)
	if err != nil {
		return c, fmt.Errorf("compact replay %s: %w", k.ReplayID, err)
	}
	key := ""
	if c.Segments > 0 {
		if c.After, err = w.finish(); err != nil {
			return c, fmt.Errorf("compact replay %s: %w", k.ReplayID, err)
		}
		key = newArchiveKey(&segments[0])
		if err := blobs.Put(ctx, key, w.f, c.After); err != nil {
			return c, fmt.Errorf("compact replay %s: %w", k.ReplayID, err)
		}
	}
	if err := s.moveSegments(ctx, k, segments, places, key); err != nil {
		if key != "" {
			err = errors.Join(err, blobs.Delete(context.WithoutCancel(ctx), key))
		}
		return c, fmt.Errorf("compact replay %s: %w", k.ReplayID, err)
	}
	return c, nil
}

// fillArchive writes every segment that can be read and gives the places of all.
func (s *Store) fillArchive(ctx context.Context, blobs Blobs, segments []ReplaySegment, w *archiveWriter, c *Compacted) ([]int64, error) {
	sizes, err := objectSizes(ctx, blobs, segments)
	if err != nil {
		return nil, err
	}
	as := &Archives{Blobs: blobs}
	places := make([]int64, len(segments))
	counted := map[string]bool{}
	for i := range segments {
		seg := &segments[i]
		places[i] = alone
		if _, film := sizes[FilmKey(seg)]; film || !seg.Playable || seg.Place != nil && *seg.Place == alone {
			continue
		}
		events, err := as.Events(ctx, seg, maxArchived)
		if err != nil {
			if ctx.Err() != nil || !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
				return nil, err
			}
			continue
		}
		frames, err := as.Frames(ctx, seg)
		if err != nil {
			return nil, err
		}
		if places[i], err = w.add(seg, events, frames); err != nil {
			return nil, err
		}
		c.Segments++
		if !counted[seg.Blob] {
			counted[seg.Blob] = true
			c.Before += sizes[seg.Blob]
		}
	}
	return places, nil
}

// objectSizes lists what lies beside the segments, by key.
func objectSizes(ctx context.Context, blobs Blobs, segments []ReplaySegment) (map[string]int64, error) {
	sizes, done := map[string]int64{}, map[string]bool{}
	for i := range segments {
		dir := path.Dir(segments[i].Blob)
		if segments[i].Blob == "" || done[dir] {
			continue
		}
		done[dir] = true
		if err := blobs.List(ctx, dir+"/", func(key string, size int64) bool { sizes[key] = size; return true }); err != nil {
			return nil, err
		}
	}
	return sizes, nil
}

// moveSegments points the rows at the archive, if nothing changed since they were read.
func (s *Store) moveSegments(ctx context.Context, k ReplayKey, segments []ReplaySegment, places []int64, key string) error {
	return s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		locked, err := s.lockReplays(ctx, tx, []ReplayKey{k})
		if err != nil {
			return err
		}
		if r := locked[k]; r == nil || r.State != ReplayLive {
			return errChanged
		}
		old := map[string]bool{}
		for i := range segments {
			seg := &segments[i]
			q := tx.NewUpdate().Model((*ReplaySegment)(nil)).Set("place = ?", places[i]).
				Where("org_id = ? AND replay_id = ? AND segment_id = ? AND body_hash = ? AND blob = ?", seg.OrgID, seg.ReplayID, seg.SegmentID, seg.BodyHash, seg.Blob)
			if places[i] >= 0 {
				q = q.Set("blob = ?", key).Set("frames = NULL")
				old[seg.Blob] = true
			}
			res, err := q.Exec(ctx)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n != 1 {
				return errors.Join(errChanged, err)
			}
		}
		return s.addStaleBlobs(ctx, tx, old)
	})
}

// EachSegmentFrames calls yield with the frames of a replay's segments in order, as JSON, until it gives an
// error. At most a few segments are in memory at a time.
func (s *Store) EachSegmentFrames(ctx context.Context, blobs Blobs, scope Scope, replayID string, yield func(frames []byte) error) error {
	const batch = 16
	as := &Archives{Blobs: blobs}
	for offset := 0; ; offset += batch {
		var rows []ReplaySegment
		err := s.read.NewSelect().Model(&rows).Column("replay_id", "segment_id", "blob", "place", "frames").Where("rs.org_id = ? AND rs.replay_id = ?", scope.OrgID, replayID).
			OrderExpr("rs.segment_id, rs.body_hash").Offset(int64(offset)).Limit(batch).Scan(ctx)
		if err != nil {
			return border(fmt.Errorf("frames of replay %s: %w", replayID, err))
		}
		for i := range rows {
			b, err := as.Frames(ctx, &rows[i])
			if err != nil {
				return fmt.Errorf("frames of replay %s: %w", replayID, err)
			}
			if len(b) == 0 {
				continue
			}
			if err := yield(b); err != nil {
				return err
			}
		}
		if len(rows) < batch {
			return nil
		}
	}
}
