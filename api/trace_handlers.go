package api

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/hindsight-dev/hindsight/store"
)

// Bounds of a trace that is shown.
const (
	maxTraceSpans  = 10_000
	maxTraceErrors = 1_000
	maxTraceDepth  = 200 // deeper spans become roots: a chain of parents may be as long as the trace
)

var errTraceID = badRequest("Invalid trace id: want 32 hex digits.")

func (a *API) getTrace(ctx context.Context, in *TraceInput) (*One[[]TraceItem], error) {
	rq := from(ctx)
	id, ok := hexID(in.Trace)
	if !ok {
		return nil, errTraceID
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	limit := maxTraceSpans
	if in.Limit > 0 {
		limit = min(in.Limit, maxTraceSpans)
	}
	spans, err := a.Store.TraceSpans(ctx, rq.scope, id, limit)
	if err != nil {
		return nil, a.fail("read spans of trace", err)
	}
	events, err := a.Store.TraceEvents(ctx, rq.scope, id, maxTraceErrors)
	if err != nil {
		return nil, a.fail("read errors of trace", err)
	}
	return one(traceTree(spans, events, set)), nil
}

// traceTree nests spans under their parents and puts errors on their spans. What has no place is a root.
func traceTree(spans []store.Span, events []store.TracedEvent, set *projectSet) []TraceItem {
	t := tree{children: map[string][]*store.Span{}, errors: map[string][]TraceError{}, set: set, known: map[string]bool{}, transactions: map[string]string{}}
	for i := range spans {
		s := &spans[i]
		t.known[s.SpanID] = true
		if s.IsSegment && s.EventID != nil {
			t.transactions[s.SpanID] = *s.EventID
		}
	}
	var roots []*store.Span
	for i := range spans {
		s := &spans[i]
		if p := s.ParentSpanID; p != nil && t.known[*p] && *p != s.SpanID {
			t.children[*p] = append(t.children[*p], s)
		} else {
			roots = append(roots, s)
		}
	}
	var loose []TraceError
	for i := range events {
		e := t.error(&events[i])
		if s := events[i].SpanID; s != nil && t.known[*s] {
			t.errors[*s] = append(t.errors[*s], e)
		} else {
			loose = append(loose, e)
		}
	}
	out := []TraceItem{}
	seen := map[*store.Span]bool{}
	for len(roots) > 0 {
		var deep []*store.Span
		for _, r := range roots {
			if !seen[r] {
				s := t.span(r, 0, seen, &deep)
				out = append(out, TraceItem{Span: &s})
			}
		}
		roots = deep
	}
	for i := range spans { // parents in a circle: nobody's root reaches them
		if !seen[&spans[i]] {
			var deep []*store.Span
			s := t.span(&spans[i], 0, seen, &deep)
			out = append(out, TraceItem{Span: &s})
		}
	}
	for i := range loose {
		out = append(out, TraceItem{Error: &loose[i]})
	}
	slices.SortStableFunc(out, func(x, y TraceItem) int { return cmp.Compare(x.start(), y.start()) })
	return out
}

func (i TraceItem) start() float64 {
	if i.Span != nil {
		return i.Span.StartTimestamp
	}
	return i.Error.StartTimestamp
}

type tree struct {
	children     map[string][]*store.Span
	errors       map[string][]TraceError
	known        map[string]bool
	transactions map[string]string // event id by segment span id
	set          *projectSet
}

func (t *tree) span(s *store.Span, depth int, seen map[*store.Span]bool, deep *[]*store.Span) TraceSpan {
	seen[s] = true
	out := TraceSpan{
		EventType: "span", EventID: s.SpanID, ProjectID: s.ProjectID, ProjectSlug: t.set.slug(s.ProjectID), ParentSpanID: s.ParentSpanID,
		StartTimestamp: seconds(s.StartUS), EndTimestamp: seconds(s.EndUS), Duration: float64(s.EndUS-s.StartUS) / 1000, Op: s.Op, Name: s.Name,
		Description: s.Name, Transaction: s.SegmentName, IsTransaction: s.IsSegment, Status: s.Status, Side: sideOr(s.Side),
		Measurements: map[string]float64{}, AdditionalAttributes: spanAttributes(s), Children: []TraceSpan{}, Errors: t.errors[s.SpanID], Occurrences: []TraceError{},
	}
	delete(t.errors, s.SpanID) // a span id may be there twice, of two projects: its errors once
	if out.Errors == nil {
		out.Errors = []TraceError{}
	}
	if s.SegmentID != nil {
		out.TransactionID = t.transactions[*s.SegmentID]
	}
	if s.IsSegment && s.EventID != nil {
		out.TransactionID = *s.EventID
	}
	for _, c := range t.children[s.SpanID] {
		switch {
		case seen[c]:
		case depth >= maxTraceDepth:
			*deep = append(*deep, c)
		default:
			out.Children = append(out.Children, t.span(c, depth+1, seen, deep))
		}
	}
	return out
}

// spanAttributes are a span's own data, without what has a field.
func spanAttributes(s *store.Span) map[string]any {
	out := map[string]any{}
	raw, err := store.Decompress(s.Payload)
	if err != nil || s.IsSegment && s.EventID != nil { // a transaction's payload is a whole event
		return out
	}
	var data map[string]json.RawMessage
	if json.Unmarshal(raw, &data) != nil {
		return out
	}
	for k, v := range data {
		if len(out) < 100 && string(v) != "null" {
			out[k] = v
		}
	}
	return out
}

func (t *tree) error(e *store.TracedEvent) TraceError {
	out := TraceError{EventType: "error", EventID: e.EventID, ProjectID: e.ProjectID, ProjectSlug: t.set.slug(e.ProjectID),
		StartTimestamp: float64(e.TimestampMS) / 1000, EndTimestamp: float64(e.TimestampMS) / 1000, Transaction: e.Culprit, Description: e.Title,
		Level: e.Level, Side: sideOr(e.Side), IssueID: e.IssueID, Culprit: e.Culprit, IssueType: 1}
	if e.IssueNumber != nil {
		out.ShortID = store.ShortID(out.ProjectSlug, *e.IssueNumber)
	}
	return out
}

func (a *API) getTraceMeta(ctx context.Context, in *TracePath) (*One[TraceMeta], error) {
	rq := from(ctx)
	id, ok := hexID(in.Trace)
	if !ok {
		return nil, errTraceID
	}
	c, err := a.Store.CountTrace(ctx, rq.scope, id)
	if err != nil {
		return nil, a.fail("count trace", err)
	}
	m := TraceMeta{ErrorsCount: c.Errors, SpansCount: c.Spans, SpansCountMap: c.ByOp, TransactionChildCounts: []TransactionSize{}}
	for event, n := range c.ByTransaction {
		m.TransactionChildCounts = append(m.TransactionChildCounts, TransactionSize{EventID: text(event), Count: n})
	}
	slices.SortFunc(m.TransactionChildCounts, func(x, y TransactionSize) int { return cmp.Compare(y.Count, x.Count) })
	return one(m), nil
}
