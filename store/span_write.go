package store

import (
	"cmp"
	"context"
	"slices"
)

// SpanWrite is a span to store. What the transaction counts is counted with its segment.
type SpanWrite struct {
	Span     Span
	Outcomes []Outcome
}

type spanKey struct {
	org     int64
	trace   string
	span    string
	project int64
}

func (s *Span) key() spanKey { return spanKey{s.OrgID, s.TraceID, s.SpanID, s.ProjectID} }

func (b *batch) spans(ctx context.Context) error {
	var all []*SpanWrite
	for _, w := range b.fresh {
		for i := range w.Spans {
			all = append(all, &w.Spans[i])
		}
	}
	slices.SortStableFunc(all, func(x, y *SpanWrite) int {
		return cmp.Or(cmp.Compare(x.Span.OrgID, y.Span.OrgID), cmp.Compare(x.Span.TraceID, y.Span.TraceID),
			cmp.Compare(x.Span.SpanID, y.Span.SpanID), cmp.Compare(x.Span.ProjectID, y.Span.ProjectID))
	})
	rows := make([]Span, 0, len(all))
	for i, w := range all {
		if i == 0 || w.Span.key() != all[i-1].Span.key() {
			rows = append(rows, w.Span)
		}
	}
	var inserted []Span
	if err := insertNew(ctx, b.tx, rows, "org_id, trace_id, span_id, project_id", &inserted); err != nil {
		return err
	}
	fresh := make(map[spanKey]bool, len(inserted))
	for i := range inserted {
		fresh[inserted[i].key()] = true
	}
	for _, w := range all {
		b.decide(w.Outcomes, fresh[w.Span.key()])
		fresh[w.Span.key()] = false
	}
	return nil
}
