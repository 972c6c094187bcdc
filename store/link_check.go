package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// MissedLink is an item whose trace belongs to a replay and that has no link at all.
type MissedLink struct {
	OrgID   int64  `bun:"org_id"`
	Kind    string `bun:"item_kind"`
	ItemID  string `bun:"item_id"`
	TraceID string `bun:"trace_id"`
}

// MissedLinks looks for items of a span of time that a join forgot: there are none, or the promise of
// commit, join, acknowledge is broken. It repairs nothing. A trace of more than maxReplays replays links nothing.
func (s *Store) MissedLinks(ctx context.Context, fromMS, toMS int64, maxReplays, limit int) ([]MissedLink, error) {
	paired := func(item, org string) string {
		return "(SELECT COUNT(*) FROM replay_traces AS t WHERE t.org_id = " + org + " AND t.trace_id = " + item + ".trace_id) BETWEEN 1 AND ?"
	}
	unlinked := func(org, kind, id string) string {
		return "NOT EXISTS (SELECT 1 FROM replay_links AS l WHERE l.org_id = " + org + " AND l.item_kind = " + kind + " AND l.item_id = " + id + ")"
	}
	events := s.read.NewSelect().TableExpr("projects AS p").Join("JOIN events AS e ON e.project_id = p.id").
		ColumnExpr("e.org_id, 'event' AS item_kind, e.event_id AS item_id, e.trace_id").
		Where("e.timestamp_ms BETWEEN ? AND ? AND e.trace_id IS NOT NULL", fromMS, toMS).Where(paired("e", "e.org_id"), maxReplays).Where(unlinked("e.org_id", "'event'", "e.event_id"))
	kind, id := "CASE WHEN s.event_id IS NULL THEN 'span' ELSE 'transaction' END", "COALESCE(s.event_id, s.span_id)"
	spans := s.read.NewSelect().TableExpr("organizations AS o").Join("JOIN spans AS s ON s.org_id = o.id AND s.is_segment").
		ColumnExpr("s.org_id, "+kind+" AS item_kind, "+id+" AS item_id, s.trace_id").
		Where("s.start_us BETWEEN ? AND ?", fromMS*1_000, toMS*1_000).Where(paired("s", "s.org_id"), maxReplays).Where(unlinked("s.org_id", kind, id))
	rows := []MissedLink{}
	if err := s.read.NewSelect().TableExpr("(?) AS m", events.UnionAll(spans)).ColumnExpr("m.*").Limit(int64(limit)).Scan(ctx, &rows); err != nil {
		return nil, border(fmt.Errorf("look for missed links: %w", err))
	}
	return rows, nil
}

// ExpectingEvents gives those of the events whose trace, by itself or by another item of it, said that a replay
// was running.
func (s *Store) ExpectingEvents(ctx context.Context, scope Scope, eventIDs []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(eventIDs) == 0 {
		return out, nil
	}
	var ids []string
	err := s.read.NewSelect().TableExpr("events AS e").ColumnExpr("e.event_id").Where("e.org_id = ? AND e.event_id IN (?)", scope.OrgID, bun.List(eventIDs)).
		Where("e.expects_replay OR EXISTS (SELECT 1 FROM expected_replays AS x WHERE x.org_id = e.org_id AND x.trace_id = e.trace_id)").Scan(ctx, &ids)
	if err != nil {
		return nil, border(fmt.Errorf("events that expect a replay: %w", err))
	}
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}

// ReplayTrouble is a way in which recordings were lost in one minute.
type ReplayTrouble struct {
	MinuteMS int64  `bun:"minute_ms"`
	Outcome  string `bun:"outcome"`
	Reason   string `bun:"reason"`
	Quantity int64  `bun:"quantity"`
}

// ReplayTroubles gives what became of recordings that were not stored in a span of time, as our own outcomes and
// clients' reports say.
func (s *Store) ReplayTroubles(ctx context.Context, scope Scope, fromMS, toMS int64) ([]ReplayTrouble, error) {
	rows := []ReplayTrouble{}
	err := s.read.NewSelect().TableExpr("outcomes AS oc").ColumnExpr("oc.minute_ms, oc.outcome, oc.reason, SUM(oc.quantity) AS quantity").
		Where("oc.org_id = ? AND oc.minute_ms BETWEEN ? AND ? AND oc.category = 'replay'", scope.OrgID, fromMS, toMS).
		Where("oc.outcome <> ?", OutcomeAccepted).GroupExpr("oc.minute_ms, oc.outcome, oc.reason").OrderExpr("oc.minute_ms, oc.outcome, oc.reason").Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("what became of recordings: %w", err))
	}
	return rows, nil
}
