package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// expirePending deletes replays that were named before a time and of which no segment came; what came without a
// moment of its own goes like a recording. It says how many.
func (s *Store) expirePending(ctx context.Context, blobs Blobs, thanMS int64, limit int) (int, error) {
	var rows []Replay
	err := s.read.NewSelect().Model(&rows).Column("org_id", "replay_id", "state").Where("finished_ms IS NULL AND state <> 'deleted' AND first_seen_ms < ?", thanMS).
		Order("first_seen_ms").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return 0, err
	}
	var pending []ReplayKey
	for i := range rows {
		r := &rows[i]
		if r.State == ReplayPending {
			pending = append(pending, ReplayKey{r.OrgID, r.ReplayID})
			continue
		}
		if err := s.RemoveReplay(ctx, blobs, ReplayTombstone{OrgID: r.OrgID, ReplayID: r.ReplayID, Reason: GoneExpired}); err != nil {
			return 0, err
		}
	}
	return len(rows), s.forgetReplays(ctx, pending, ReplayPending)
}

// expireTombstones deletes what was left of replays that went before a time: all that named them went meanwhile. It
// says how many.
func (s *Store) expireTombstones(ctx context.Context, thanMS int64, limit int) (int, error) {
	var keys []ReplayKey
	err := s.read.NewSelect().Model((*ReplayTombstone)(nil)).Column("org_id", "replay_id").Where("gone_ms < ?", thanMS).
		Order("gone_ms").Limit(int64(limit)).Scan(ctx, &keys)
	if err != nil {
		return 0, err
	}
	return len(keys), s.forgetReplays(ctx, keys, ReplayDeleted)
}

// forgetReplays deletes replays that are still in a state, and what names them.
func (s *Store) forgetReplays(ctx context.Context, keys []ReplayKey, state string) error {
	if len(keys) == 0 {
		return nil
	}
	return s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		held, err := s.lockReplays(ctx, tx, keys) // a segment that comes now waits, and finds no replay
		if err != nil {
			return err
		}
		var there []ReplayKey
		for _, k := range keys {
			if r := held[k]; r == nil || r.State == state {
				there = append(there, k)
			}
		}
		for org, ids := range replaysByOrg(there) {
			for _, model := range append(replayParts(), (*ReplayLink)(nil), (*ReplayTombstone)(nil), (*Replay)(nil)) {
				if _, err := tx.NewDelete().Model(model).Where("org_id = ?", org).Where("replay_id IN (?)", bun.List(ids)).Exec(ctx); err != nil {
					return fmt.Errorf("forget replays: %w", err)
				}
			}
		}
		return nil
	})
}
