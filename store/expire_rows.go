package store

import (
	"cmp"
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// agedTable is a table whose rows go by age. The oldest of an owner are found by an index of owner and time.
type agedTable struct {
	name, row   string // row is its key
	owner, time string
	kind, id    string // what links to replays call its rows; empty: none do
	event       string // whose files go with the row; empty: it has none
	blob        string // its object; empty: it has none
}

var (
	agedLogs     = agedTable{name: "logs", row: "org_id, log_id", owner: "project_id", time: "timestamp_us", kind: "'log'", id: "log_id"}
	agedFeedback = agedTable{name: "feedback", row: "org_id, event_id, project_id", owner: "project_id", time: "timestamp_ms",
		kind: "'feedback'", id: "event_id", event: "event_id"}
	agedItems = agedTable{name: "raw_items", row: "message_id, position", owner: "project_id", time: "received_ms",
		kind: "type", id: "COALESCE(event_id, '')", blob: "blob"}
	agedFiles         = agedTable{name: "attachments", row: "id", owner: "project_id", time: "received_ms", blob: "blob"}
	agedSessions      = agedTable{name: "release_sessions", row: "project_id, sid", owner: "project_id", time: "started_ms"}
	agedSessionCounts = agedTable{name: "release_session_counts", row: "project_id, release, environment, started_ms", owner: "project_id", time: "started_ms"}
	agedSpans         = agedTable{name: "spans", row: "org_id, trace_id, span_id, project_id", owner: "org_id", time: "start_us",
		kind: "CASE WHEN event_id IS NULL THEN 'span' ELSE 'transaction' END", id: "CASE WHEN is_segment THEN COALESCE(event_id, span_id) ELSE '' END"}
)

func (s *Store) agedRows(t agedTable, count *int64, owner, than int64) agedStep {
	return agedStep{t.name, count, agedBatch, func(ctx context.Context, limit int) (int, error) {
		return s.expireRows(ctx, t, owner, than, limit)
	}}
}

// expireRows deletes the oldest rows of an owner, with their files, objects, and links to replays that do not live.
func (s *Store) expireRows(ctx context.Context, t agedTable, owner, than int64, limit int) (n int, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		old := tx.NewSelect().Table(t.name).ColumnExpr(t.row).Where("? = ?", bun.Ident(t.owner), owner).Where("? < ?", bun.Ident(t.time), than).
			OrderExpr(t.time).Limit(int64(limit))
		var gone []struct {
			OrgID int64  `bun:"org_id"`
			Kind  string `bun:"kind"`
			ID    string `bun:"id"`
			Event string `bun:"event"`
			Blob  string `bun:"blob"`
		}
		text := func(expr string) string { return cmp.Or(expr, "''") }
		_, err := tx.NewDelete().Table(t.name).Where("(?) IN (?)", bun.Safe(t.row), old).
			Returning(fmt.Sprintf("org_id, %s AS kind, %s AS id, %s AS event, %s AS blob", text(t.kind), text(t.id), text(t.event), text(t.blob))).Exec(ctx, &gone)
		if err != nil || len(gone) == 0 {
			return err
		}
		n = len(gone)
		blobs, links, events := map[string]bool{}, map[string][]string{}, []string{}
		for _, r := range gone {
			blobs[r.Blob] = true
			if r.ID != "" {
				links[r.Kind] = append(links[r.Kind], r.ID)
			}
			if r.Event != "" {
				events = append(events, r.Event)
			}
		}
		if err := s.addStaleBlobs(ctx, tx, blobs); err != nil {
			return err
		}
		for kind, ids := range links {
			if err := dropDeadLinks(ctx, tx, gone[0].OrgID, kind, ids); err != nil {
				return err
			}
		}
		if len(events) == 0 {
			return nil
		}
		return s.dropFiles(ctx, tx, owner, events)
	})
	return n, err
}

// dropDeadLinks deletes the links of items that go, but not those to recordings that are still there: these say what
// happened in them, and to which issue they belong, until they go themselves.
func dropDeadLinks(ctx context.Context, tx bun.Tx, org int64, kind string, ids []string) error {
	_, err := tx.NewDelete().Model((*ReplayLink)(nil)).Where("org_id = ? AND item_kind = ?", org, kind).Where("item_id IN (?)", bun.List(ids)).
		Where("NOT EXISTS (SELECT 1 FROM replays AS r WHERE r.org_id = rl.org_id AND r.replay_id = rl.replay_id AND r.state = ?)", ReplayLive).Exec(ctx)
	return err
}

// dropFiles deletes the files of a project's events.
func (s *Store) dropFiles(ctx context.Context, tx bun.Tx, project int64, events []string) error {
	var blobs []string
	_, err := tx.NewDelete().Model((*Attachment)(nil)).Where("project_id = ?", project).Where("event_id IN (?)", bun.List(events)).Returning("blob").Exec(ctx, &blobs)
	if err != nil || len(blobs) == 0 {
		return err
	}
	keys := map[string]bool{}
	for _, b := range blobs {
		keys[b] = true
	}
	return s.addStaleBlobs(ctx, tx, keys)
}
