package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// isMark is the condition that an item other than an event is worth a mark on a replay's timeline: feedback
// and check-ins always, logs from warnings on, transactions that failed (error) or took long (warning). The
// index replay_links_marks has the same words.
const isMark = "x.ts_ms IS NOT NULL AND x.item_kind <> 'event' AND (x.item_kind IN ('feedback', 'check_in') OR x.level IN ('warn', 'warning', 'error', 'fatal'))"

// ReplayMark is an item of a replay other than an event, with what its own row says.
type ReplayMark struct {
	ReplayLink  `bun:",extend"`
	ProjectSlug *string `bun:"project_slug"`

	SpanID     *string `bun:"-"`
	DurationMS *int64  `bun:"-"` // of a transaction or a run
	Status     string  `bun:"-"` // of a transaction or a run
	Text       string  `bun:"-"` // the whole line or message
	Author     string  `bun:"-"` // of a feedback
	Contact    string  `bun:"-"`
	URL        string  `bun:"-"`
}

// ReplayMarks gives a page of a replay's items that are worth a mark, of some kinds (none: all), in the order of
// time. Whether a transaction failed or was slow is its link's level.
func (s *Store) ReplayMarks(ctx context.Context, scope Scope, replayID string, kinds []string, page Page) (Paged[ReplayMark], error) {
	var rows []ReplayMark
	chosen := s.read.NewSelect().TableExpr("replay_links AS x").ColumnExpr("x.*").
		Where("x.org_id = ? AND x.replay_id = ?", scope.OrgID, replayID).Where(isMark).Where(countedLink("x"))
	if len(kinds) > 0 {
		chosen = chosen.Where("x.item_kind IN (?)", bun.List(kinds))
	}
	chosen = keyset(chosen, page, order{expr: "x.ts_ms", tie: "x.item_id", tieValue: textTie, ascending: true})
	err := s.read.NewSelect().With("chosen", chosen).TableExpr("chosen").ColumnExpr("chosen.*").ColumnExpr("p.slug AS project_slug").
		Join("LEFT JOIN projects AS p ON p.id = chosen.project_id AND p.org_id = chosen.org_id").
		OrderExpr("chosen.ts_ms ?, chosen.item_id ?", direction(page), direction(page)).Scan(ctx, &rows)
	if err != nil {
		return Paged[ReplayMark]{}, border(fmt.Errorf("marks of replay %s: %w", replayID, err))
	}
	out := paged(rows, page, func(m ReplayMark) Cursor { return Cursor{Value: *m.TimeMS, Tie: m.ItemID} })
	if err := s.fillMarks(ctx, scope, out.Rows); err != nil {
		return Paged[ReplayMark]{}, border(fmt.Errorf("marks of replay %s: %w", replayID, err))
	}
	return out, nil
}

// direction is how a page of an ascending list is read.
func direction(p Page) bun.Safe {
	if p.Cursor != nil && p.Cursor.Prev {
		return "DESC"
	}
	return "ASC"
}

// fillMarks reads the rows behind marks, kind by kind.
func (s *Store) fillMarks(ctx context.Context, scope Scope, marks []ReplayMark) error {
	at := map[itemKey]*ReplayMark{}
	ids, traces := map[string][]string{}, map[string]bool{}
	for i := range marks {
		m := &marks[i]
		at[itemKey{m.ItemKind, m.ItemID}] = m
		ids[m.ItemKind] = append(ids[m.ItemKind], m.ItemID)
		if m.TraceID != nil {
			traces[*m.TraceID] = true
		}
	}
	if len(ids[ItemLog]) > 0 {
		var rows []Log
		err := s.read.NewSelect().Model(&rows).ExcludeColumn("attributes").Where("org_id = ? AND log_id IN (?)", scope.OrgID, bun.List(ids[ItemLog])).Scan(ctx)
		if err != nil {
			return fmt.Errorf("logs: %w", err)
		}
		for _, r := range rows {
			m := at[itemKey{ItemLog, r.LogID}]
			m.Text, m.SpanID = r.Body, r.SpanID
		}
	}
	if len(ids[ItemFeedback]) > 0 {
		var rows []Feedback
		err := s.read.NewSelect().Model(&rows).ExcludeColumn("payload").Where("org_id = ? AND event_id IN (?)", scope.OrgID, bun.List(ids[ItemFeedback])).Scan(ctx)
		if err != nil {
			return fmt.Errorf("feedback: %w", err)
		}
		for _, r := range rows {
			m := at[itemKey{ItemFeedback, r.EventID}]
			m.Text, m.Author, m.Contact, m.URL = r.Message, r.Name, r.ContactEmail, r.URL
		}
	}
	if len(ids[ItemCheckIn]) > 0 {
		var rows []CheckIn
		err := s.read.NewSelect().Model(&rows).Where("org_id = ? AND check_in_id IN (?)", scope.OrgID, bun.List(ids[ItemCheckIn])).Scan(ctx)
		if err != nil {
			return fmt.Errorf("check-ins: %w", err)
		}
		for _, r := range rows {
			m := at[itemKey{ItemCheckIn, r.CheckInID}]
			m.Status, m.DurationMS = r.Status, r.DurationMS
		}
	}
	return s.fillWork(ctx, scope, at, traces, slices.Concat(ids[ItemTransaction], ids[ItemSpan]))
}

// fillWork reads the segment spans behind transactions.
func (s *Store) fillWork(ctx context.Context, scope Scope, at map[itemKey]*ReplayMark, traces map[string]bool, ids []string) error {
	if len(ids) == 0 || len(traces) == 0 {
		return nil
	}
	var rows []Span
	err := s.read.NewSelect().Model(&rows).ExcludeColumn("payload").Where("org_id = ? AND trace_id IN (?)", scope.OrgID, bun.List(slices.Sorted(maps.Keys(traces)))).
		Where("is_segment AND (event_id IN (?) OR span_id IN (?))", bun.List(ids), bun.List(ids)).Scan(ctx)
	if err != nil {
		return fmt.Errorf("transactions: %w", err)
	}
	for i := range rows {
		r := &rows[i]
		k := itemKey{ItemSpan, r.SpanID}
		if r.EventID != nil {
			k = itemKey{ItemTransaction, *r.EventID}
		}
		if m := at[k]; m != nil {
			ms := (r.EndUS - r.StartUS) / 1_000
			m.Status, m.DurationMS, m.SpanID, m.Text = r.Status, &ms, &r.SpanID, r.Name
		}
	}
	return nil
}

// maxAround bounds the segments that a clip is cut from.
const maxAround = 2_000

// snapshotBefore is the number of the last segment that begins with a whole page at a time or before it: where a
// player has to start to be right at that time.
func (s *Store) snapshotBefore(scope Scope, replayID string, ms int64) *bun.SelectQuery {
	return s.read.NewSelect().TableExpr("replay_segments AS b").ColumnExpr("MAX(b.segment_id)").
		Where("b.org_id = ? AND b.replay_id = ? AND b.playable AND b.has_snapshot AND b.first_ms <= ?", scope.OrgID, replayID, ms)
}

// SegmentsAround gives what a player needs of a replay to show a span of time: from the last segment with a full
// snapshot before it, or from the first that is there, in order.
func (s *Store) SegmentsAround(ctx context.Context, scope Scope, replayID string, fromMS, toMS int64) ([]ReplaySegment, error) {
	var rows []ReplaySegment
	from := s.snapshotBefore(scope, replayID, fromMS)
	err := s.read.NewSelect().Model(&rows).ExcludeColumn("frames").Where("rs.org_id = ? AND rs.replay_id = ? AND rs.playable", scope.OrgID, replayID).
		Where("rs.segment_id >= COALESCE((?), 0)", from).Where("rs.first_ms IS NULL OR rs.first_ms <= ?", toMS).
		OrderExpr("rs.segment_id, rs.body_hash").Limit(maxAround).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("segments of replay %s around %d: %w", replayID, fromMS, err))
	}
	return rows, nil
}

// SegmentRange says where a player that wants a moment starts reading a recording.
type SegmentRange struct {
	Count  int  // segments of the replay
	Offset int  // of the first to read among them, in their order
	Length int  // up to and with the segment in which the moment is
	Twice  bool // some number is there twice: a tab was duplicated, and only all segments tell whose is whose
}

// SegmentRange finds the segments from the last whole page before a moment up to that moment.
func (s *Store) SegmentRange(ctx context.Context, scope Scope, replayID string, ms int64) (SegmentRange, error) {
	var row struct {
		Count, Numbers, Before, Upto int
	}
	err := s.read.NewSelect().TableExpr("replay_segments AS rs").ColumnExpr("COUNT(*) AS count, COUNT(DISTINCT rs.segment_id) AS numbers").
		ColumnExpr("COUNT(CASE WHEN rs.segment_id < COALESCE((?), 0) THEN 1 END) AS before", s.snapshotBefore(scope, replayID, ms)).
		ColumnExpr("COUNT(CASE WHEN rs.first_ms <= ? THEN 1 END) AS upto", ms).
		Where("rs.org_id = ? AND rs.replay_id = ?", scope.OrgID, replayID).Scan(ctx, &row)
	if err != nil {
		return SegmentRange{}, border(fmt.Errorf("segments of replay %s: %w", replayID, err))
	}
	return SegmentRange{Count: row.Count, Offset: row.Before, Length: max(row.Upto-row.Before, 0), Twice: row.Numbers < row.Count}, nil
}
