package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/explore"
	"github.com/hindsight-dev/hindsight/store"
)

// How many of the newest items are looked at for what they have.
const (
	maxSampledItems = 1_000
	maxListedTraces = 2_000 // segments that are looked at for a list of traces
)

// itemDataset is where the items of a type are; "" is known and empty.
func itemDataset(itemType string) (string, error) {
	switch itemType {
	case "", "spans":
		return "spans", nil
	case "logs", "ourlogs":
		return "logs", nil
	case "tracemetrics", "uptime_results", "replays", "preprod":
		return "", nil
	}
	return "", badRequest("itemType must be one of: spans, logs, tracemetrics")
}

// columnsOfItems are the columns of spans and logs by their kind, besides attributes.
func columnsOfItems(dataset string) map[string]string {
	out := map[string]string{}
	names := spanColumns
	if dataset == "logs" {
		names = logColumns
	}
	for _, n := range names {
		if slices.Contains([]string{"title", "level", "issue", "issue.id", "culprit", "event.type", "event_id", "side"}, n) {
			continue
		}
		out[n] = *attrType(explore.Field{Name: n})
	}
	return out
}

// sample gives the attributes of the newest items that fit.
func (s *source) sample(ctx context.Context, limit int, fn func(row explore.Row, attributes map[string]json.RawMessage)) error {
	var err error
	in := s.scan
	in.WithPayload = true
	switch s.dataset {
	case "spans":
		_, err = s.a.Store.EachSpan(ctx, s.rq.scope, in, limit, func(sp *store.Span) error {
			if r := s.span(sp); s.query.Matches(r) {
				raw, err := store.Decompress(sp.Payload)
				if err != nil || sp.IsSegment && sp.EventID != nil {
					raw = nil
				}
				fn(r, rawAttributes(raw))
			}
			return nil
		})
	case "logs":
		_, err = s.a.Store.EachLog(ctx, s.rq.scope, in, limit, func(l *store.Log) error {
			if r := s.log(l); s.query.Matches(r) {
				raw, _ := store.Decompress(l.Attributes) // what cannot be read has none
				fn(r, rawAttributes(raw))
			}
			return nil
		})
	}
	return s.a.fail("read items", err)
}

func (a *API) items(ctx context.Context, itemType string, p ExploreParams) (*source, error) {
	d, err := itemDataset(itemType)
	if err != nil {
		return nil, err
	}
	if p.Dataset = d; d == "" {
		p.Dataset = "tracemetrics"
	}
	return a.explorer(ctx, from(ctx), p, []string{"count()"}, nil)
}

func (a *API) listAttributes(ctx context.Context, in *AttributesInput) (*List[Attribute], error) {
	s, err := a.items(ctx, in.ItemType, ExploreParams{FilterParams: in.FilterParams, WindowParams: in.WindowParams, Query: in.Query})
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	if s.dataset != "" {
		kinds = columnsOfItems(s.dataset)
	}
	own := maps.Clone(kinds)
	err = s.sample(ctx, maxSampledItems, func(_ explore.Row, attributes map[string]json.RawMessage) {
		for name, raw := range attributes {
			name = strings.TrimPrefix(name, "sentry.")
			kind := map[string]string{"number": "number", "boolean": "boolean", "string": "string"}[cellKind(attributeValue(raw))]
			if kinds[name] == "" && kind != "" {
				kinds[name] = kind
			}
		}
	})
	if err != nil {
		return nil, err
	}
	rows := []Attribute{}
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		kind := kinds[name]
		if wanted := nonEmpty(in.AttributeType); len(wanted) > 0 && !slices.Contains(wanted, kind) || !strings.Contains(strings.ToLower(name), strings.ToLower(in.SubstringMatch)) {
			continue
		}
		at := Attribute{Key: name, Name: name, AttributeType: kind, AttributeSource: AttributeSource{SourceType: "sentry"}}
		if own[name] == "" {
			at.AttributeSource.SourceType = "user"
			if kind != "string" {
				at.Key = "tags[" + name + "," + kind + "]"
			}
		}
		rows = append(rows, at)
	}
	out := &List[Attribute]{}
	out.Body, out.Link, err = offsetPage(a, s.rq, rows, in.PageParams)
	return out, err
}

func (a *API) listAttributeValues(ctx context.Context, in *AttributeValuesInput) (*List[TagValue], error) {
	s, err := a.items(ctx, in.ItemType, ExploreParams{FilterParams: in.FilterParams, WindowParams: in.WindowParams, Query: in.Query})
	if err != nil {
		return nil, err
	}
	values := map[string]*TagValue{}
	err = s.sample(ctx, maxSampledItems*5, func(r explore.Row, _ map[string]json.RawMessage) {
		v, ok := r(in.Key).(string)
		if !ok || v == "" || !strings.Contains(strings.ToLower(v), strings.ToLower(in.SubstringMatch)) {
			return
		}
		at, _ := r("timestamp").(time.Time)
		t := values[v]
		if t == nil {
			t = &TagValue{Key: in.Key, Name: v, Value: v, LastSeen: at} // the newest come first
			values[v] = t
		}
		t.Count++
		t.FirstSeen = at
	})
	if err != nil {
		return nil, err
	}
	rows := []TagValue{}
	for _, v := range values {
		rows = append(rows, *v)
	}
	slices.SortFunc(rows, func(x, y TagValue) int { return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Value, y.Value)) })
	out := &List[TagValue]{}
	out.Body, out.Link, err = offsetPage(a, s.rq, rows, in.PageParams)
	return out, err
}

func (a *API) getTraceItem(ctx context.Context, in *TraceItemInput) (*One[TraceItemDetail], error) {
	rq := from(ctx)
	d, err := itemDataset(in.ItemType)
	if err != nil || in.ItemType == "" {
		return nil, badRequest("item_type is required: spans or logs")
	}
	trace, ok := hexID(in.TraceID)
	if !ok {
		return nil, badRequest("trace_id is required: 32 hex digits")
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	s := &source{a: a, rq: rq, set: set, dataset: d}
	var row explore.Row
	var payload []byte
	switch d {
	case "spans":
		sp, err := a.Store.SpanOf(ctx, rq.scope, rq.project.ID, trace, strings.ToLower(in.Item))
		if err != nil {
			return nil, a.fail("read span", err)
		}
		row = s.span(sp)
		if !sp.IsSegment || sp.EventID == nil {
			payload = sp.Payload
		}
	case "logs":
		l, err := a.Store.LogOf(ctx, rq.scope, rq.project.ID, in.Item)
		if err == nil && (l.TraceID == nil || *l.TraceID != trace) {
			err = store.ErrNotFound
		}
		if err != nil {
			return nil, a.fail("read log", err)
		}
		row, payload = s.log(l), l.Attributes
	default:
		return nil, errNotFound
	}
	raw, _ := store.Decompress(payload) // without one there are no attributes
	at, _ := row("timestamp").(time.Time)
	out := TraceItemDetail{ItemID: in.Item, Timestamp: at, Attributes: []TraceItemAttribute{}, Meta: map[string]any{}}
	add := func(name string, cell any) {
		if kind := map[string]string{"string": "str", "integer": "int", "number": "float", "boolean": "bool"}[cellKind(cell)]; kind != "" {
			out.Attributes = append(out.Attributes, TraceItemAttribute{Name: name, Type: kind, Value: cell})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(columnsOfItems(d))) {
		add(name, row(name))
	}
	attributes := rawAttributes(raw)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		add(name, attributeValue(attributes[name]))
	}
	return one(out), nil
}

// listTraces lists the traces of the newest segments that fit.
func (a *API) listTraces(ctx context.Context, in *TracesInput) (*DataList[TraceSummary], error) {
	rq := from(ctx)
	query := strings.Join(nonEmpty(in.Query), " ")
	s, err := a.explorer(ctx, rq, ExploreParams{FilterParams: in.FilterParams, WindowParams: in.WindowParams, Dataset: "transactions", Query: query}, []string{"trace"}, nil)
	if err != nil {
		return nil, err
	}
	s.limit = maxListedTraces
	byTrace := map[string]*TraceSummary{}
	rows := []*TraceSummary{}
	_, err = s.each(ctx, func(r explore.Row) (bool, error) {
		id, _ := r("trace").(string)
		start, _ := r("timestamp").(time.Time)
		duration, _ := r("span.duration").(float64)
		t := byTrace[id]
		if t == nil {
			t = &TraceSummary{Trace: id, Start: start.UnixMilli()}
			byTrace[id] = t
			rows = append(rows, t)
		}
		t.MatchingSpans++
		if start.UnixMilli() <= t.Start { // the earliest of them is the nearest to the root
			t.Start, t.RootDuration = start.UnixMilli(), duration
			t.Name, _ = r("transaction").(string)
			t.Project, _ = r("project").(string)
		}
		t.End = max(t.End, start.UnixMilli()+int64(duration))
		return true, nil
	})
	if err != nil {
		return nil, a.fail("list traces", question(err))
	}
	if in.PerPage == 0 {
		in.PerPage = 25
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	out := &DataList[TraceSummary]{Link: link}
	out.Body.Data = []TraceSummary{}
	for _, t := range page {
		c, err := a.Store.CountTrace(ctx, rq.scope, t.Trace)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, a.fail("count trace", err)
		}
		t.NumSpans, t.NumErrors, t.Duration = c.Spans, c.Errors, float64(t.End-t.Start)
		out.Body.Data = append(out.Body.Data, *t)
	}
	return out, nil
}
