package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/uptrace/bun"
)

// JoinPage is how many items are judged in one transaction.
const JoinPage = 1_000

// itemSource is a table that holds linkable items.
type itemSource struct {
	kinds   []string
	columns string // as those of LinkItem
	table   string
	where   string
	id      string
}

// slowUS is how long a transaction may take before its link says so, in microseconds.
const slowUS = 1_000_000

// levelOfWork is what a transaction's link says instead of a level: error when it failed, warning when it was slow.
var levelOfWork = "CASE WHEN t.status NOT IN ('', 'ok', 'unset', 'cancelled', 'unknown') THEN 'error' WHEN t.end_us - t.start_us > " +
	strconv.Itoa(slowUS) + " THEN 'warning' END AS level"

// The sources, errors first.
var itemSources = []itemSource{
	{
		kinds: []string{ItemEvent}, table: "events AS t", id: "t.event_id",
		columns: `'event' AS item_kind, t.event_id AS item_id, t.project_id, t.issue_id, t.trace_id, t.parent_span_id, t.level,
			t.side, t.title AS name, t.timestamp_ms AS ts_ms, t.user_key`,
	},
	{
		kinds: []string{ItemTransaction}, table: "spans AS t", id: "t.event_id", where: "t.is_segment AND t.event_id IS NOT NULL",
		columns: `'transaction' AS item_kind, t.event_id AS item_id, t.project_id, t.trace_id, t.parent_span_id,
			t.side, t.name, t.start_us / 1000 AS ts_ms, ` + levelOfWork,
	},
	{
		kinds: []string{ItemSpan}, table: "spans AS t", id: "t.span_id", where: "t.is_segment AND t.event_id IS NULL",
		columns: `'span' AS item_kind, t.span_id AS item_id, t.project_id, t.trace_id, t.parent_span_id,
			t.side, t.name, t.start_us / 1000 AS ts_ms, ` + levelOfWork,
	},
	{
		kinds: []string{ItemLog}, table: "logs AS t", id: "t.log_id",
		columns: `'log' AS item_kind, t.log_id AS item_id, t.project_id, t.trace_id, t.span_id AS parent_span_id, t.severity AS level,
			t.side, SUBSTR(t.body, 1, 200) AS name, t.timestamp_us / 1000 AS ts_ms`,
	},
	{
		kinds: []string{ItemFeedback}, table: "feedback AS t", id: "t.event_id",
		columns: `'feedback' AS item_kind, t.event_id AS item_id, t.project_id, t.trace_id, t.side, SUBSTR(t.message, 1, 200) AS name,
			t.timestamp_ms AS ts_ms, t.user_key`,
	},
	{
		kinds: []string{ItemCheckIn}, table: "check_ins AS t", id: "t.check_in_id",
		columns: `'check_in' AS item_kind, t.check_in_id AS item_id, t.project_id, t.trace_id, t.monitor_slug AS name,
			t.started_ms AS ts_ms, CASE WHEN t.status = 'error' THEN 'error' END AS level`,
	},
	{
		kinds: []string{ItemMetric, ItemProfile, ItemChunk}, table: "raw_items AS t", id: "t.event_id",
		where:   "t.type IN ('trace_metric', 'profile', 'profile_chunk')",
		columns: "t.type AS item_kind, t.event_id AS item_id, t.project_id, t.trace_id, t.received_ms AS ts_ms",
	},
}

func (src itemSource) query(tx bun.Tx, org int64) *bun.SelectQuery {
	q := tx.NewSelect().TableExpr(src.table).ColumnExpr(src.columns).Where("t.org_id = ?", org)
	if src.where != "" {
		q = q.Where(src.where)
	}
	return q
}

// page gives the items of a trace after an id, in the order of their ids.
func (src itemSource) page(ctx context.Context, tx bun.Tx, org int64, trace, after string) (items []LinkItem, err error) {
	err = src.query(tx, org).Where("t.trace_id = ?", trace).Where("? > ?", bun.Safe(src.id), after).
		OrderExpr("?", bun.Safe(src.id)).Limit(JoinPage).Scan(ctx, &items)
	if err != nil {
		return nil, fmt.Errorf("items of trace: %w", err)
	}
	return items, nil
}

func itemsByRef(ctx context.Context, tx bun.Tx, org int64, refs []ItemRef) ([]LinkItem, error) {
	var out []LinkItem
	for _, src := range itemSources {
		var ids, traces []string
		for _, r := range refs {
			if slices.Contains(src.kinds, r.Kind) {
				ids = append(ids, r.ID)
				if r.TraceID != "" {
					traces = append(traces, r.TraceID)
				}
			}
		}
		if len(ids) == 0 {
			continue
		}
		q := src.query(tx, org).Where("? IN (?)", bun.Safe(src.id), bun.List(ids))
		if src.kinds[0] == ItemSpan { // a span's key starts with its trace
			if len(traces) == 0 {
				continue
			}
			q = q.Where("t.trace_id IN (?)", bun.List(traces))
		}
		var items []LinkItem
		if err := q.OrderExpr("?", bun.Safe(src.id)).Scan(ctx, &items); err != nil {
			return nil, fmt.Errorf("items by id: %w", err)
		}
		out = append(out, items...)
	}
	return out, nil
}

// LinkedItems gives, page by page, the items linked to a replay whose links may change with its recording:
// those that stand before or after it, those that share its links with other replays, and those that it
// names itself and that are not filled in yet.
func (s *Store) LinkedItems(ctx context.Context, k ReplayKey, windowFrom, windowTo, before, after int64, yield func([]ItemRef) error) error {
	var last ItemRef
	for {
		var refs []ItemRef
		q := s.write.NewSelect().TableExpr("replay_links AS l").ColumnExpr("l.org_id, l.item_kind, l.item_id, COALESCE(l.trace_id, '') AS trace_id").
			Where("l.org_id = ?", k.OrgID).Where("l.replay_id = ?", k.ReplayID).
			Where("(l.item_kind > ? OR (l.item_kind = ? AND l.item_id > ?))", last.Kind, last.Kind, last.ID).
			Where(`(l.ts_ms IS NULL OR NOT l.is_primary
				OR (l.ts_ms < ?) <> ((l.flags & ?) <> 0) OR (l.ts_ms > ?) <> ((l.flags & ?) <> 0)
				OR EXISTS (SELECT 1 FROM replay_links AS o WHERE o.org_id = l.org_id AND o.item_kind = l.item_kind
					AND o.item_id = l.item_id AND o.replay_id <> l.replay_id))`, windowFrom, before, windowTo, after).
			OrderExpr("l.item_kind, l.item_id").Limit(JoinPage)
		if err := q.Scan(ctx, &refs); err != nil {
			return border(fmt.Errorf("items of replay %s: %w", k.ReplayID, err))
		}
		if len(refs) > 0 {
			if err := yield(refs); err != nil {
				return err
			}
			last = refs[len(refs)-1]
		}
		if len(refs) < JoinPage {
			return nil
		}
	}
}

// SharedTraces gives the traces of a replay that other replays have too, at most limit replays each.
func (s *Store) SharedTraces(ctx context.Context, k ReplayKey, limit int) ([]string, error) {
	var out []string
	err := s.write.NewSelect().TableExpr("replay_traces AS t").Column("t.trace_id").
		Where("t.org_id = ?", k.OrgID).Where("t.replay_id = ?", k.ReplayID).
		Where("(SELECT COUNT(*) FROM replay_traces AS o WHERE o.org_id = t.org_id AND o.trace_id = t.trace_id) BETWEEN 2 AND ?", limit).
		OrderExpr("t.trace_id").Scan(ctx, &out)
	if err != nil {
		return nil, border(fmt.Errorf("shared traces of replay %s: %w", k.ReplayID, err))
	}
	return out, nil
}

// ReplaysPerTrace counts the replays that each trace is paired with.
func (s *Store) ReplaysPerTrace(ctx context.Context, org int64, traces []string) (map[string]int, error) {
	out, err := replaysPerTrace(ctx, s.write, org, traces)
	return out, border(err)
}

func replaysPerTrace(ctx context.Context, db bun.IDB, org int64, traces []string) (map[string]int, error) {
	out := make(map[string]int, len(traces))
	for part := range slices.Chunk(traces, 5*chunk) {
		var rows []struct {
			TraceID string `bun:"trace_id"`
			N       int    `bun:"n"`
		}
		err := db.NewSelect().TableExpr("replay_traces AS t").ColumnExpr("t.trace_id, COUNT(*) AS n").
			Where("t.org_id = ?", org).Where("t.trace_id IN (?)", bun.List(part)).GroupExpr("t.trace_id").Scan(ctx, &rows)
		if err != nil {
			return nil, fmt.Errorf("replays per trace: %w", err)
		}
		for _, r := range rows {
			out[r.TraceID] = r.N
		}
	}
	return out, nil
}

// ReplaysByKey reads replays as the writer sees them.
func (s *Store) ReplaysByKey(ctx context.Context, org int64, ids []string) (map[string]*Replay, error) {
	out := map[string]*Replay{}
	for part := range slices.Chunk(ids, 5*chunk) {
		var rows []Replay
		err := s.write.NewSelect().Model(&rows).Where("org_id = ?", org).Where("replay_id IN (?)", bun.List(part)).Scan(ctx)
		if err != nil {
			return nil, border(fmt.Errorf("read replays: %w", err))
		}
		for i := range rows {
			out[rows[i].ReplayID] = &rows[i]
		}
	}
	return out, nil
}

// ItemsByParent gives the items of a trace's page requests: those whose parent span is one of the spans.
func (s *Store) ItemsByParent(ctx context.Context, org int64, traces, spans []string) ([]ItemRef, error) {
	var out []ItemRef
	if len(traces) == 0 || len(spans) == 0 {
		return nil, nil
	}
	for _, src := range itemSources[:3] {
		var refs []ItemRef
		q := s.write.NewSelect().TableExpr(src.table).
			ColumnExpr("t.org_id, '"+src.kinds[0]+"' AS item_kind, "+src.id+" AS item_id, t.trace_id").
			Where("t.org_id = ?", org).Where("t.trace_id IN (?)", bun.List(traces)).Where("t.parent_span_id IN (?)", bun.List(spans))
		if src.where != "" {
			q = q.Where(src.where)
		}
		if err := q.Scan(ctx, &refs); err != nil {
			return nil, border(fmt.Errorf("items by parent span: %w", err))
		}
		out = append(out, refs...)
	}
	return out, nil
}

func errNoProject(id int64) error { return fmt.Errorf("%w: no project %d", ErrInvalid, id) }
