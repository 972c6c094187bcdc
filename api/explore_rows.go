package api

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/explore"
	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// How many rows one question goes over: the newest of its window. An answer over fewer than there are says so.
const (
	maxScannedEvents = 50_000
	maxScannedItems  = 20_000
)

// datasets are the names of what can be explored, with what each means here; "" is known and empty.
var datasets = map[string]string{
	"": "discover", "discover": "discover", "errors": "errors", "spans": "spans", "spansIndexed": "spans", "spansMetrics": "spans",
	"transactions": "transactions", "metricsEnhanced": "transactions", "metrics": "transactions", "generic_metrics": "transactions",
	"logs": "logs", "ourlogs": "logs", "tracemetrics": "", "profiles": "", "profileFunctions": "", "profile_functions": "", "uptimeChecks": "",
	"uptime_results": "", "issuePlatform": "", "replays": "",
}

func dataset(name string) (string, error) {
	d, ok := datasets[name]
	if !ok {
		var names []string
		for n := range datasets {
			if n != "" {
				names = append(names, n)
			}
		}
		slices.Sort(names)
		return "", badRequest("dataset must be one of: " + strings.Join(names, ", "))
	}
	return d, nil
}

// exploreShapes are what each dataset calls its own.
var exploreShapes = map[string]explore.Dataset{
	"errors": {Duration: "transaction.duration", Texts: []string{"title", "culprit"}}, "discover": {Duration: "transaction.duration", Texts: []string{"title", "culprit"}},
	"transactions": {Duration: "transaction.duration", Texts: []string{"transaction"}}, "spans": {Duration: "span.duration", Texts: []string{"span.description", "span.op"}},
	"logs": {Duration: "span.duration", Texts: []string{"message"}}, "": {Duration: "span.duration"},
}

// source is where the rows of a question come from.
type source struct {
	a       *API
	rq      *request
	set     *projectSet
	dataset string
	query   *explore.Query
	filter  store.Filter // of errors: the whole query
	scan    store.ScanQuery
	limit   int // rows to go over at most; 0: the dataset's own
}

// each gives the rows that fit, the newest first, until fn says that it has enough. partial says that not all
// rows of the window were looked at.
func (s *source) each(ctx context.Context, fn func(explore.Row) (bool, error)) (partial bool, err error) {
	enough := false
	take := func(r explore.Row) error {
		more, err := fn(r)
		if err == nil && !more {
			enough, err = true, errEnough
		}
		return err
	}
	read := map[string]func(context.Context, func(explore.Row) error) (bool, error){
		"errors": s.errors, "spans": s.spans, "transactions": s.spans, "logs": s.logs, "discover": s.discover,
	}[s.dataset]
	if read == nil {
		return false, nil
	}
	partial, err = read(ctx, take)
	if enough {
		return false, nil
	}
	return partial, err
}

// errEnough ends a walk over rows early.
var errEnough = &Error{Detail: "enough rows"}

func (s *source) limitOr(n int) int {
	if s.limit > 0 {
		return min(s.limit, n)
	}
	return n
}

func (s *source) errors(ctx context.Context, fn func(explore.Row) error) (bool, error) {
	q := store.EventQuery{Projects: s.scan.Projects, Environments: s.scan.Environments, FromMS: s.scan.FromMS, ToMS: s.scan.ToMS, Filter: s.filter}
	return s.a.Store.EachEvent(ctx, s.rq.scope, q, s.limitOr(maxScannedEvents), func(e *store.Event) error { return fn(s.event(e)) })
}

func (s *source) spans(ctx context.Context, fn func(explore.Row) error) (bool, error) {
	in := s.scan
	in.Segments = s.dataset == "transactions" || s.dataset == "discover"
	in.WithPayload = slices.ContainsFunc(s.query.Columns(), func(c string) bool { return !slices.Contains(spanColumns, c) })
	return s.a.Store.EachSpan(ctx, s.rq.scope, in, s.limitOr(maxScannedItems), func(sp *store.Span) error {
		if r := s.span(sp); s.query.Matches(r) {
			return fn(r)
		}
		return nil
	})
}

func (s *source) logs(ctx context.Context, fn func(explore.Row) error) (bool, error) {
	in := s.scan
	in.WithPayload = slices.ContainsFunc(s.query.Columns(), func(c string) bool { return !slices.Contains(logColumns, c) })
	return s.a.Store.EachLog(ctx, s.rq.scope, in, s.limitOr(maxScannedItems), func(l *store.Log) error {
		if r := s.log(l); s.query.Matches(r) {
			return fn(r)
		}
		return nil
	})
}

// discover is errors and transactions: those of old tools.
func (s *source) discover(ctx context.Context, fn func(explore.Row) error) (bool, error) {
	type timed struct {
		at  time.Time
		row explore.Row
	}
	var rows []timed
	keep := func(r explore.Row) error {
		t, _ := r("timestamp").(time.Time)
		rows = append(rows, timed{t, r})
		return nil
	}
	partial, err := s.errors(ctx, keep)
	if err != nil {
		return false, err
	}
	more, err := s.spans(ctx, keep)
	if err != nil {
		return false, err
	}
	slices.SortStableFunc(rows, func(x, y timed) int { return y.at.Compare(x.at) })
	for _, r := range rows {
		if err := fn(r.row); err != nil {
			return partial || more, err
		}
	}
	return partial || more, nil
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func ptrOrNil(s *string) any {
	if s == nil {
		return nil
	}
	return orNil(*s)
}

// event is an error's row. The cell of issue is its number; who shows it makes a short id of it.
func (s *source) event(e *store.Event) explore.Row {
	var tags map[string]string
	return func(column string) any {
		switch column {
		case "id", "event_id":
			return e.EventID
		case "timestamp":
			return at(e.TimestampMS)
		case "title", "message":
			return e.Title
		case "level":
			return orNil(e.Level)
		case "culprit":
			return orNil(e.Culprit)
		case "trace":
			return ptrOrNil(e.TraceID)
		case "span_id", "trace.span":
			return ptrOrNil(e.SpanID)
		case "project", "project.name":
			return s.set.slug(e.ProjectID)
		case "project.id":
			return e.ProjectID
		case "issue", "issue.id":
			return e.IssueID
		case "environment":
			return orNil(e.Environment)
		case "release":
			return orNil(e.Release)
		case "platform":
			return orNil(e.Platform)
		case "user":
			return orNil(e.UserKey)
		case "error.handled":
			return !e.Unhandled
		case "error.unhandled":
			return e.Unhandled
		case "event.type":
			return "error"
		case "side":
			return e.Side
		}
		if tags == nil {
			tags = store.TagsOf(e.Tags)
		}
		if column == "user.display" {
			for _, k := range []string{"@user.email", "@user.username", "@user.id", "@user.ip"} {
				if v := tags[k]; v != "" {
					return v
				}
			}
			return nil
		}
		if column == "transaction" && tags["transaction"] == "" {
			return orNil(e.Culprit)
		}
		return orNil(tags[search.TagKey(column)])
	}
}

// spanColumns are the columns of a span that need no look at its attributes.
var spanColumns = []string{"id", "span_id", "event_id", "parent_span", "span.op", "span.name", "span.description", "span.duration", "transaction.duration", "span.status", "trace",
	"transaction", "title", "is_transaction", "transaction.event_id", "transaction.span_id", "transaction.op", "timestamp", "precise.start_ts", "precise.finish_ts", "project",
	"project.name", "project.id", "environment", "release", "platform", "span.category", "side", "event.type", "level", "issue", "issue.id", "culprit"}

func (s *source) span(sp *store.Span) explore.Row {
	var attributes func(string) any
	return func(column string) any {
		switch column {
		case "id", "span_id":
			if column == "id" && s.dataset == "discover" {
				return ptrOrNil(sp.EventID)
			}
			return sp.SpanID
		case "parent_span":
			return ptrOrNil(sp.ParentSpanID)
		case "span.op":
			return orNil(sp.Op)
		case "span.name", "span.description":
			return orNil(sp.Name)
		case "span.duration":
			return float64(sp.EndUS-sp.StartUS) / 1000
		case "transaction.duration":
			if !sp.IsSegment {
				return nil
			}
			return float64(sp.EndUS-sp.StartUS) / 1000
		case "span.status":
			return orNil(sp.Status)
		case "trace":
			return sp.TraceID
		case "transaction", "title":
			return orNil(sp.SegmentName)
		case "is_transaction":
			return sp.IsSegment
		case "event_id", "transaction.event_id":
			return ptrOrNil(sp.EventID)
		case "transaction.span_id":
			return ptrOrNil(sp.SegmentID)
		case "transaction.op":
			if sp.IsSegment {
				return orNil(sp.Op)
			}
			return nil
		case "timestamp":
			return time.UnixMicro(sp.StartUS).UTC()
		case "precise.start_ts":
			return seconds(sp.StartUS)
		case "precise.finish_ts":
			return seconds(sp.EndUS)
		case "project", "project.name":
			return s.set.slug(sp.ProjectID)
		case "project.id":
			return sp.ProjectID
		case "environment":
			return orNil(sp.Environment)
		case "release":
			return orNil(sp.Release)
		case "platform":
			return orNil(sp.Platform)
		case "span.category":
			category, _, _ := strings.Cut(sp.Op, ".")
			return orNil(category)
		case "side":
			return sp.Side
		case "event.type":
			return "transaction"
		case "level", "issue", "issue.id", "culprit":
			return nil
		}
		if attributes == nil {
			attributes = attributesOf(sp.Payload, sp.IsSegment && sp.EventID != nil)
		}
		return attributes(column)
	}
}

// logColumns are the columns of a log that need no look at its attributes.
var logColumns = []string{"id", "sentry.item_id", "timestamp", "timestamp_precise", "observed_timestamp", "severity", "severity_number", "message", "log.body", "trace", "span_id",
	"trace.parent_span_id", "project", "project.name", "project.id", "environment", "release", "side", "replay.id", "replayId", "level", "payload_size"}

func (s *source) log(l *store.Log) explore.Row {
	var attributes func(string) any
	return func(column string) any {
		switch column {
		case "id", "sentry.item_id":
			return l.LogID
		case "timestamp":
			return time.UnixMicro(l.TimestampUS).UTC()
		case "observed_timestamp":
			return at(l.ReceivedMS)
		case "timestamp_precise":
			return l.TimestampUS * 1000
		case "severity", "level":
			return orNil(l.Severity)
		case "severity_number":
			return l.SeverityNumber
		case "message", "log.body":
			return l.Body
		case "payload_size":
			return int64(len(l.Body))
		case "trace":
			return ptrOrNil(l.TraceID)
		case "span_id", "trace.parent_span_id":
			return ptrOrNil(l.SpanID)
		case "project", "project.name":
			return s.set.slug(l.ProjectID)
		case "project.id":
			return l.ProjectID
		case "environment":
			return orNil(l.Environment)
		case "release":
			return orNil(l.Release)
		case "side":
			return l.Side
		case "replay.id", "replayId":
			return ptrOrNil(l.ReplayID)
		}
		if attributes == nil {
			attributes = attributesOf(l.Attributes, false)
		}
		return attributes(column)
	}
}

// attributesOf reads what an item was sent with: attributes, typed or bare, or for a transaction its event.
func attributesOf(payload []byte, transaction bool) func(string) any {
	raw, err := store.Decompress(payload)
	if err != nil {
		return func(string) any { return nil }
	}
	if transaction {
		if ev, err := envelope.ParseEvent(raw); err == nil {
			return eventAttributes(ev)
		}
		return func(string) any { return nil }
	}
	all := rawAttributes(raw)
	return func(column string) any {
		v, ok := all[attributeName(column)]
		if !ok {
			v, ok = all["sentry."+attributeName(column)]
		}
		if !ok {
			return nil
		}
		return attributeValue(v)
	}
}

func rawAttributes(raw []byte) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	if inner, ok := all["attributes"]; ok && len(inner) > 0 && inner[0] == '{' {
		all = nil
		_ = json.Unmarshal(inner, &all) // what is no object has none
	}
	return all
}

// attributeName takes the brackets and the type off tags[name,number].
func attributeName(column string) string {
	if name, ok := strings.CutPrefix(column, "tags["); ok {
		name, _, _ = strings.Cut(strings.TrimSuffix(name, "]"), ",")
		return strings.TrimSpace(name)
	}
	return column
}

func attributeValue(raw json.RawMessage) any {
	var typed struct {
		Value json.RawMessage `json:"value"`
		Type  string          `json:"type"`
	}
	if len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &typed) == nil && typed.Type != "" {
		raw = typed.Value
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	switch v.(type) {
	case string, float64, bool, nil:
		return v
	}
	return string(raw)
}

func eventAttributes(ev *envelope.Event) func(string) any {
	return func(column string) any {
		if name, ok := strings.CutPrefix(column, "measurements."); ok {
			if m, ok := ev.Measurements[name]; ok {
				return m.Value
			}
			return nil
		}
		if u := ev.User; u != nil {
			for _, f := range []struct{ name, value string }{{"user.id", u.ID}, {"user.email", u.Email}, {"user.username", u.Username}, {"user.ip", u.IPAddress}} {
				if f.name == column || column == "user.display" && f.value != "" {
					return orNil(f.value)
				}
			}
		}
		switch column {
		case "http.method", "transaction.method":
			if ev.Request != nil {
				return orNil(ev.Request.Method)
			}
		case "sdk.version":
			if ev.SDK != nil {
				return orNil(ev.SDK.Version)
			}
		case "profile.id":
			return orNil(ev.Contexts.Text("profile", "profile_id"))
		}
		name := search.TagKey(attributeName(column))
		for _, t := range ev.Tags {
			if t.Key == name {
				return t.Value
			}
		}
		if v, ok := ev.Contexts["trace"]["data"]; ok {
			var data map[string]json.RawMessage
			if json.Unmarshal(v, &data) == nil && data[attributeName(column)] != nil {
				return attributeValue(data[attributeName(column)])
			}
		}
		return nil
	}
}
