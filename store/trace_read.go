package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// TraceSpans gives up to limit spans of a trace across the scope's projects, the earliest first.
func (s *Store) TraceSpans(ctx context.Context, scope Scope, traceID string, limit int) ([]Span, error) {
	var rows []Span
	err := s.read.NewSelect().Model(&rows).Where("s.org_id = ? AND s.trace_id = ?", scope.OrgID, traceID).Where(living("s")).
		OrderExpr("s.start_us, s.span_id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("spans of trace %s: %w", traceID, err))
	}
	return rows, nil
}

// TracedEvent is an event of a trace with its issue's number and type.
type TracedEvent struct {
	Event       `bun:",extend"`
	IssueNumber *int64  `bun:"issue_number"`
	IssueType   *string `bun:"issue_type"`
}

// TraceEvents gives up to limit events of a trace across the scope's projects, without payloads, the
// earliest first.
func (s *Store) TraceEvents(ctx context.Context, scope Scope, traceID string, limit int) ([]TracedEvent, error) {
	var rows []TracedEvent
	err := s.read.NewSelect().TableExpr("events AS e").Join("LEFT JOIN issues AS i ON i.id = e.issue_id AND i.org_id = e.org_id").
		ColumnExpr("e.project_id, e.event_id, e.issue_id, e.level, e.platform, e.title, e.culprit, e.timestamp_ms, e.trace_id, e.span_id, e.side").
		ColumnExpr("i.number AS issue_number, i.type AS issue_type").
		Where("e.org_id = ? AND e.trace_id = ?", scope.OrgID, traceID).Where(living("e")).
		OrderExpr("e.timestamp_ms, e.event_id").Limit(int64(limit)).Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("events of trace %s: %w", traceID, err))
	}
	return rows, nil
}

// TraceCounts counts what a trace has.
type TraceCounts struct {
	Spans, Errors int64
	ByOp          map[string]int64
	ByTransaction map[string]int64 // spans by the event id of their segment's transaction; "" for streamed ones
}

// CountTrace counts what a trace has.
func (s *Store) CountTrace(ctx context.Context, scope Scope, traceID string) (TraceCounts, error) {
	c := TraceCounts{ByOp: map[string]int64{}, ByTransaction: map[string]int64{}}
	var rows []struct {
		Key string `bun:"k"`
		N   int64  `bun:"n"`
	}
	err := s.read.NewSelect().TableExpr("spans AS s").ColumnExpr("s.op AS k, COUNT(*) AS n").
		Where("s.org_id = ? AND s.trace_id = ?", scope.OrgID, traceID).Where(living("s")).GroupExpr("s.op").Limit(1000).Scan(ctx, &rows)
	if err != nil {
		return c, border(fmt.Errorf("count spans of trace %s: %w", traceID, err))
	}
	for _, r := range rows {
		c.ByOp[r.Key] = r.N
		c.Spans += r.N
	}
	rows = nil
	err = s.read.NewSelect().TableExpr("spans AS s").
		Join("JOIN spans AS t ON t.org_id = s.org_id AND t.trace_id = s.trace_id AND t.span_id = s.segment_id AND t.project_id = s.project_id").
		ColumnExpr("COALESCE(t.event_id, '') AS k, COUNT(*) AS n").
		Where("s.org_id = ? AND s.trace_id = ?", scope.OrgID, traceID).Where(living("s")).GroupExpr("COALESCE(t.event_id, '')").Limit(1000).Scan(ctx, &rows)
	if err != nil {
		return c, border(fmt.Errorf("count transactions of trace %s: %w", traceID, err))
	}
	for _, r := range rows {
		c.ByTransaction[r.Key] = r.N
	}
	err = s.read.NewSelect().TableExpr("events AS e").ColumnExpr("COUNT(*)").
		Where("e.org_id = ? AND e.trace_id = ?", scope.OrgID, traceID).Where(living("e")).Scan(ctx, &c.Errors)
	if err != nil {
		return c, border(fmt.Errorf("count errors of trace %s: %w", traceID, err))
	}
	return c, nil
}

// HasTrace says whether the scope has a span or an event of a trace.
func (s *Store) HasTrace(ctx context.Context, scope Scope, traceID string) (bool, error) {
	for _, table := range []string{"spans", "events"} {
		var found []int
		err := s.read.NewSelect().TableExpr("? AS t", bun.Ident(table)).ColumnExpr("1").
			Where("t.org_id = ? AND t.trace_id = ?", scope.OrgID, traceID).Where(living("t")).Limit(1).Scan(ctx, &found)
		if err != nil {
			return false, border(fmt.Errorf("trace %s: %w", traceID, err))
		}
		if len(found) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// SpansByID gives up to ten spans of the scope with an id, without payloads.
func (s *Store) SpansByID(ctx context.Context, scope Scope, spanID string) ([]Span, error) {
	var rows []Span
	err := s.read.NewSelect().Model(&rows).ExcludeColumn("payload").Where("s.org_id = ? AND s.span_id = ?", scope.OrgID, spanID).Where(living("s")).
		Order("s.start_us").Limit(10).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("span %s: %w", spanID, err))
	}
	return rows, nil
}
