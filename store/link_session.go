package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// JoinSessions links the items whose session.id is the id of a recorded replay, with the given signal, and
// pairs their traces with it, with the given source. It gives what is to be judged then: items and traces.
func (s *Store) JoinSessions(ctx context.Context, org int64, sessions []string, signal, source int64) (refs []ItemRef, traces []string, err error) {
	for part := range slices.Chunk(sessions, 5*chunk) {
		err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
			var rows []ItemSession
			err := tx.NewSelect().Model(&rows).Where("its.org_id = ?", org).Where("its.session_id IN (?)", bun.List(part)).
				Where("EXISTS (SELECT 1 FROM replays AS r WHERE r.org_id = its.org_id AND r.replay_id = its.session_id AND r.state = ?)", ReplayLive).
				Where(`NOT EXISTS (SELECT 1 FROM replay_links AS l WHERE l.org_id = its.org_id AND l.item_kind = its.item_kind
					AND l.item_id = its.item_id AND l.replay_id = its.session_id AND (l.signals & ?) <> 0)`, signal).
				Order("its.item_kind", "its.item_id", "its.session_id").Scan(ctx)
			if err != nil || len(rows) == 0 {
				return err
			}
			return s.linkSessions(ctx, tx, rows, signal, source)
		})
		if err != nil {
			return nil, nil, fmt.Errorf("join sessions: %w", err)
		}
		var rows []ItemSession // all of them: what died before it was judged is judged now
		err = s.write.NewSelect().Model(&rows).Where("its.org_id = ?", org).Where("its.session_id IN (?)", bun.List(part)).
			Where(`EXISTS (SELECT 1 FROM replay_links AS l WHERE l.org_id = its.org_id AND l.item_kind = its.item_kind
				AND l.item_id = its.item_id AND l.replay_id = its.session_id AND (l.signals & ?) <> 0 AND NOT l.is_primary)`, signal).Scan(ctx)
		if err != nil {
			return nil, nil, border(fmt.Errorf("items of sessions: %w", err))
		}
		for _, r := range rows {
			refs = append(refs, ItemRef{OrgID: org, Kind: r.ItemKind, ID: r.ItemID, TraceID: r.TraceID})
			if r.TraceID != "" {
				traces = append(traces, r.TraceID)
			}
		}
	}
	return refs, traces, nil
}

func (s *Store) linkSessions(ctx context.Context, tx bun.Tx, rows []ItemSession, signal, source int64) error {
	var keys []ReplayKey
	var links []ReplayLink
	pairs := map[TraceReplay]ReplayTrace{}
	for _, r := range rows {
		keys = append(keys, ReplayKey{r.OrgID, r.SessionID})
		links = append(links, ReplayLink{OrgID: r.OrgID, ItemKind: r.ItemKind, ItemID: r.ItemID, ReplayID: r.SessionID,
			Signals: signal, CreatedMS: r.ReceivedMS})
		if r.TraceID != "" {
			pairs[TraceReplay{r.OrgID, r.TraceID, r.SessionID}] = ReplayTrace{OrgID: r.OrgID, TraceID: r.TraceID, ReplayID: r.SessionID,
				Sources: source, FirstMS: r.ReceivedMS, LastMS: r.ReceivedMS}
		}
	}
	if _, err := s.lockReplays(ctx, tx, keys); err != nil {
		return err
	}
	var traced []ReplayTrace
	for _, p := range pairs {
		traced = append(traced, p)
	}
	slices.SortFunc(traced, func(x, y ReplayTrace) int {
		return cmp.Or(cmp.Compare(x.TraceID, y.TraceID), cmp.Compare(x.ReplayID, y.ReplayID))
	})
	for part := range slices.Chunk(traced, chunk) {
		_, err := tx.NewInsert().Model(&part).On("CONFLICT (org_id, trace_id, replay_id) DO UPDATE").
			Set("sources = rt.sources | EXCLUDED.sources").Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("pairs: %w", err)
		}
	}
	for part := range slices.Chunk(sortedLinks(slices.Values(links)), chunk) {
		_, err := fillNulls(tx.NewInsert().Model(&part).On("CONFLICT (org_id, item_kind, item_id, replay_id) DO UPDATE")).
			Set("signals = rl.signals | EXCLUDED.signals").Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("links: %w", err)
		}
	}
	return nil
}
