package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// ScanQuery asks for spans or logs of a scope, the newest first.
type ScanQuery struct {
	Projects     []int64
	Environments []string
	FromMS, ToMS int64  // zero is open
	Trace        string // only of this trace
	Segments     bool   // spans: only segments
	WithPayload  bool
	Body         []string // logs: only those whose text has all of this in it; ASCII letters in any case
}

// scan reads up to limit rows of a query and says whether there were more.
func scan[T any](ctx context.Context, s *Store, q *bun.SelectQuery, limit int, fn func(*T) error) (more bool, err error) {
	rows, err := q.Limit(int64(limit + 1)).Rows(ctx)
	if err != nil {
		return false, border(fmt.Errorf("read rows: %w", err))
	}
	defer rows.Close()
	for n := 0; rows.Next(); n++ {
		if n == limit {
			return true, nil
		}
		row := new(T)
		if err := s.read.ScanRow(ctx, rows, row); err != nil {
			return false, border(fmt.Errorf("read rows: %w", err))
		}
		if err := fn(row); err != nil {
			return false, err
		}
	}
	return false, border(rows.Err())
}

// where adds what spans and logs are chosen by alike; column is the one of the time, in microseconds.
func (in ScanQuery) where(q *bun.SelectQuery, scope Scope, alias, column string) *bun.SelectQuery {
	q = q.Where(alias+".org_id = ?", scope.OrgID)
	if len(in.Projects) == 1 && alias == "lg" { // logs have the order of a project's time
		q, in.Projects = q.Where("lg.project_id = ?", in.Projects[0]), nil
	}
	if in.Trace != "" {
		q = q.Where(alias+".trace_id = ?", in.Trace)
		column = "+" + column // the trace's index is the one to use
	}
	if len(in.Projects) > 0 {
		loose := "+" // logs of several have the order of the organisation's time; spans have no other
		if alias == "s" {
			loose = ""
		}
		q = q.Where(loose+alias+".project_id IN (?)", bun.List(in.Projects))
	}
	if len(in.Environments) > 0 {
		q = q.Where(alias+".environment IN (?)", bun.List(in.Environments))
	}
	if in.FromMS != 0 {
		q = q.Where(column+" >= ?", in.FromMS*1000)
	}
	if in.ToMS != 0 {
		q = q.Where(column+" <= ?", in.ToMS*1000+999)
	}
	return q.OrderExpr(column + " DESC")
}

// EachSpan reads up to limit spans, the newest first, and says whether there were more.
func (s *Store) EachSpan(ctx context.Context, scope Scope, in ScanQuery, limit int, fn func(*Span) error) (more bool, err error) {
	q := in.where(s.read.NewSelect().Model((*Span)(nil)), scope, "s", "s.start_us").OrderExpr("s.span_id DESC")
	if in.Segments {
		q = q.Where("s.is_segment")
	}
	if !in.WithPayload {
		q = q.ExcludeColumn("payload")
	}
	return scan(ctx, s, q, limit, fn)
}

// EachLog goes over up to limit logs, the newest first, and says whether there were more.
func (s *Store) EachLog(ctx context.Context, scope Scope, in ScanQuery, limit int, fn func(*Log) error) (more bool, err error) {
	ask := func(q *bun.SelectQuery) *bun.SelectQuery {
		return in.where(q.Model((*Log)(nil)), scope, "lg", "lg.timestamp_us").OrderExpr("lg.log_id DESC")
	}
	q := ask(s.read.NewSelect())
	if !in.WithPayload {
		q = q.ExcludeColumn("attributes")
	}
	if len(in.Body) == 0 {
		return scan(ctx, s, q, limit, fn)
	}
	var last []int64 // the time of the first that is not looked at
	if err := ask(s.read.NewSelect().Column("lg.timestamp_us")).Limit(1).Offset(int64(limit)).Scan(ctx, &last); err != nil {
		return false, border(fmt.Errorf("logs with a text: %w", err))
	}
	if len(last) > 0 {
		q = q.Where("lg.timestamp_us >= ?", last[0])
	}
	for _, part := range in.Body {
		q = q.Where(`LOWER(lg.body) LIKE ? ESCAPE '!'`, likePattern([]string{"", part, ""}))
	}
	more, err = scan(ctx, s, q, limit, fn)
	return more || len(last) > 0, err
}

// SpanOf gives a span of a trace with its attributes.
func (s *Store) SpanOf(ctx context.Context, scope Scope, projectID int64, traceID, spanID string) (*Span, error) {
	row := new(Span)
	err := s.read.NewSelect().Model(row).Where("s.org_id = ? AND s.trace_id = ? AND s.span_id = ? AND s.project_id = ?", scope.OrgID, traceID, spanID, projectID).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("span %s: %w", spanID, err))
	}
	return row, nil
}

// LogOf gives a log of a project with its attributes.
func (s *Store) LogOf(ctx context.Context, scope Scope, projectID int64, id string) (*Log, error) {
	row := new(Log)
	if err := s.read.NewSelect().Model(row).Where("lg.org_id = ? AND lg.log_id = ? AND lg.project_id = ?", scope.OrgID, id, projectID).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("log %s: %w", id, err))
	}
	return row, nil
}
