package envelope

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Attribute is a typed value of a span, log or metric (protocol: {"value": X, "type": T, "unit"?: U}).
type Attribute struct {
	Type  string // string, boolean, integer, double, array; other types are kept as JSON text in a string
	Value json.RawMessage
	Unit  string
}

// Attributes are an item's attributes by name.
type Attributes map[string]Attribute

// Text returns a scalar attribute as text, or "".
func (a Attributes) Text(name string) string {
	v, ok := a[name]
	if !ok {
		return ""
	}
	n, _, err := readJSON(v.Value)
	if err != nil {
		return ""
	}
	s, _ := n.scalar()
	return s
}

// SetText sets an attribute to a string, unless the string is empty or the attribute is there.
func (a Attributes) SetText(name, value string) {
	if _, ok := a[name]; !ok && value != "" {
		a[name] = Attribute{Type: "string", Value: appendString(nil, value)}
	}
}

// SpanLink points from a span to another.
type SpanLink struct {
	TraceID    ID
	SpanID     SpanID
	Sampled    *bool
	Attributes Attributes
}

// Span is one unit of work, whichever way it came: as a span v2 item, a legacy span item, in a
// transaction, or as the transaction itself.
type Span struct {
	TraceID      ID
	SpanID       SpanID
	ParentSpanID SpanID // zero for a root
	SegmentID    SpanID // zero when not told
	IsSegment    bool   // the entry into a service: what used to be a transaction
	Name         string // a segment's name ("GET /orders/:id"), another span's description
	Op           string
	Origin       string
	Status       string // ok, error, or one of the older statuses; "" when not told
	Start, End   time.Time
	Attributes   Attributes
	Links        []SpanLink
	Measurements map[string]Measurement
	Other        Object // members not known, as they came
}

// Mend repairs a span that ends before it begins, by giving it no length; what it said of its end stays in its _meta.
//
// Browsers send such: sentry-javascript 11.12 with streamed spans ends a request with the navigation it belongs to,
// though it began after that had ended, and Chromium has performance entries of a negative length.
func (s *Span) Mend() {
	if s.End.IsZero() || !s.End.Before(s.Start) {
		return
	}
	note := Object{"err": append(append(json.RawMessage{'['}, kindWithReason("invalid_data", "before start_timestamp")...), ']'), "val": appendTime(nil, s.End)}
	s.End = s.Start
	var meta Object
	if err := json.Unmarshal(s.Other["_meta"], &meta); err != nil || meta == nil {
		meta = Object{} // none, or not one
	}
	if s.Other == nil {
		s.Other = Object{}
	}
	meta["end_timestamp"] = object(Object{"": object(note)})
	s.Other["_meta"] = object(meta)
}

// object writes members that are JSON.
func object(o Object) json.RawMessage {
	w := beginObject(nil)
	for _, k := range sortedKeys(o) {
		w.raw(k, o[k])
	}
	return w.end()
}

// SegmentName is the name of the service entry the span belongs to, as far as the span tells.
func (s *Span) SegmentName() string {
	if s.IsSegment && s.Name != "" {
		return s.Name
	}
	return s.Attributes.Text("sentry.segment.name")
}

// LegacySpan is a span as in a transaction's "spans" or in a span item of its own before span v2.
type LegacySpan struct {
	TraceID             ID
	SpanID              SpanID
	ParentSpanID        SpanID
	SegmentID           SpanID
	IsSegment           *bool
	Start, End          time.Time
	Op                  string
	Description         string
	Status              string
	Origin              string
	ProfileID           string
	ExclusiveTime       *float64 // milliseconds
	SameProcessAsParent *bool
	Tags                []Pair
	Data                Object
	Measurements        map[string]Measurement
	Links               []SpanLink
	Other               Object
}

// ParseLegacySpan reads one span item.
func ParseLegacySpan(b []byte) (*LegacySpan, error) {
	f, err := parseObject(b)
	if err != nil {
		return nil, fmt.Errorf("parse span: %w", err)
	}
	s := readLegacySpan(f)
	return &s, nil
}

// ParseSpanV2 reads one span of a span container.
func ParseSpanV2(b []byte) (*Span, error) {
	f, err := parseObject(b)
	if err != nil {
		return nil, fmt.Errorf("parse span v2: %w", err)
	}
	attrs := f.at("attributes").attributes()
	s := &Span{
		TraceID:      f.at("trace_id").id(),
		SpanID:       f.at("span_id").spanID(),
		ParentSpanID: f.at("parent_span_id").spanID(),
		Name:         f.at("name").str(),
		Status:       f.at("status").str(),
		Start:        f.at("start_timestamp").time(),
		End:          f.at("end_timestamp").time(),
		Op:           attrs.Text("sentry.op"),
		Origin:       attrs.Text("sentry.origin"),
		Attributes:   attrs,
		Links:        f.at("links").spanLinks(),
		Other: f.others("trace_id", "span_id", "parent_span_id", "name", "status", "start_timestamp",
			"end_timestamp", "is_segment", "attributes", "links"),
	}
	s.SegmentID, _ = ParseSpanID(attrs.Text("sentry.segment.id"))
	if seg := f.at("is_segment").flag(); seg != nil {
		s.IsSegment = *seg
	}
	return s, nil
}

// ParseAttributes reads the typed attributes of a log, metric or span. An attribute whose value
// does not fit its type is left out.
func ParseAttributes(b []byte) (Attributes, error) {
	f, err := parseObject(b)
	if err != nil {
		return nil, fmt.Errorf("parse attributes: %w", err)
	}
	return f.attributes(), nil
}

func parseObject(b []byte) (field, error) {
	root, _, err := readJSON(b)
	if err != nil {
		return field{}, err
	}
	if root.kind != jsonObject {
		return field{}, ErrPayload
	}
	return field{ev: &Event{}, node: &root}, nil
}

func (f field) spanID() SpanID {
	s := f.str()
	if s == "" {
		return SpanID{}
	}
	id, err := ParseSpanID(s)
	if err != nil {
		f.invalid("expected a span id")
	}
	return id
}

func (f field) attributes() Attributes {
	if !f.isObject() {
		return nil
	}
	out := make(Attributes, len(f.keys))
	for i, name := range f.keys {
		it := field{ev: f.ev, up: &f, name: name, node: &f.list[i]}
		if a, ok := it.attribute(); ok {
			out[name] = a
		}
	}
	return out
}

func (f field) attribute() (Attribute, bool) {
	if f.none() {
		return Attribute{}, false
	}
	if f.kind != jsonObject { // untyped: some senders write the bare value
		return Attribute{Type: typeOf(f.node), Value: f.raw()}, true
	}
	v := f.at("value")
	a := Attribute{Type: f.at("type").str(), Unit: f.at("unit").str(), Value: v.raw()}
	if v.none() || !a.fits(v.node) {
		f.invalid("value does not fit its type")
		return Attribute{}, false
	}
	return a, true
}

// fits checks the value against the type and brings it into its one form.
func (a *Attribute) fits(v *node) bool {
	switch a.Type {
	case "":
		a.Type = typeOf(v)
	case "string":
		return v.kind == jsonString
	case "boolean":
		return v.kind == jsonBool
	case "integer":
		if v.kind != jsonNumber && v.kind != jsonString {
			return false
		}
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			a.Value = strconv.AppendInt(nil, n, 10)
			return true
		}
		if _, err := strconv.ParseUint(v.text, 10, 64); err == nil {
			return true
		}
		n, err := strconv.ParseFloat(v.text, 64)
		if err != nil || n != math.Trunc(n) || math.Abs(n) >= 1<<63 {
			return false
		}
		a.Value = strconv.AppendInt(nil, int64(n), 10)
	case "double":
		return v.kind == jsonNumber
	case "array", "string[]", "integer[]", "double[]", "boolean[]":
		if v.kind != jsonArray {
			return false
		}
		a.Type = "array"
	default:
		if v.kind != jsonString {
			a.Value = appendString(nil, string(v.raw()))
		}
		a.Type = "string"
	}
	return true
}

func typeOf(n *node) string {
	switch n.kind {
	case jsonBool:
		return "boolean"
	case jsonNumber:
		if strings.ContainsAny(n.text, ".eE") {
			return "double"
		}
		return "integer"
	case jsonArray:
		return "array"
	case jsonObject:
		return "object"
	}
	return "string"
}

func (f field) spanLinks() []SpanLink {
	return readList(f, func(it field) (SpanLink, bool) {
		if !it.isObject() {
			return SpanLink{}, false
		}
		return SpanLink{TraceID: it.at("trace_id").id(), SpanID: it.at("span_id").spanID(),
			Sampled: it.at("sampled").flag(), Attributes: it.at("attributes").attributes()}, true
	})
}

func readLegacySpan(f field) LegacySpan {
	if !f.isObject() {
		return LegacySpan{}
	}
	s := LegacySpan{
		TraceID:             f.at("trace_id").id(),
		SpanID:              f.at("span_id").spanID(),
		ParentSpanID:        f.at("parent_span_id").spanID(),
		SegmentID:           f.at("segment_id").spanID(),
		IsSegment:           f.at("is_segment").flag(),
		Start:               f.at("start_timestamp").time(),
		End:                 f.at("timestamp").time(),
		Op:                  f.at("op").str(),
		Description:         f.at("description").loose(),
		Status:              f.at("status").str(),
		Origin:              f.at("origin").str(),
		ProfileID:           f.at("profile_id").str(),
		SameProcessAsParent: f.at("same_process_as_parent").flag(),
		Tags:                f.at("tags").pairs(),
		Data:                f.at("data").object(),
		Measurements:        f.at("measurements").measurements(),
		Links:               f.at("links").spanLinks(),
		Other: f.others("trace_id", "span_id", "parent_span_id", "segment_id", "is_segment", "start_timestamp",
			"timestamp", "op", "description", "status", "origin", "profile_id", "same_process_as_parent", "tags",
			"data", "measurements", "links", "exclusive_time", "_metrics_summary"),
	}
	if v, ok := f.at("exclusive_time").number(); ok {
		s.ExclusiveTime = &v
	}
	return s
}

// Span brings a legacy span into the one shape. What v2 has as attributes becomes attributes.
func (l *LegacySpan) Span() *Span {
	s := &Span{
		TraceID: l.TraceID, SpanID: l.SpanID, ParentSpanID: l.ParentSpanID, SegmentID: l.SegmentID,
		IsSegment: l.IsSegment != nil && *l.IsSegment,
		Name:      l.Description, Op: l.Op, Origin: l.Origin, Status: l.Status,
		Start: l.Start, End: l.End, Links: l.Links, Measurements: l.Measurements, Other: l.Other,
		Attributes: objectAttributes(l.Data),
	}
	if s.Op == "" {
		s.Op = "default"
	}
	for _, t := range l.Tags {
		s.Attributes.SetText(t.Key, t.Value)
	}
	s.describe()
	s.Attributes.SetText("sentry.profile_id", l.ProfileID)
	if l.ExclusiveTime != nil {
		s.Attributes["sentry.exclusive_time"] = Attribute{Type: "double", Unit: "millisecond", Value: appendFloat(nil, *l.ExclusiveTime)}
	}
	return s
}

func (s *Span) describe() {
	s.Attributes.SetText("sentry.op", s.Op)
	s.Attributes.SetText("sentry.origin", s.Origin)
	if !s.SegmentID.IsZero() {
		s.Attributes.SetText("sentry.segment.id", s.SegmentID.String())
	}
}

func objectAttributes(o Object) Attributes {
	a := make(Attributes, len(o)+8)
	for name, raw := range o {
		n, _, err := readJSON(raw)
		if err != nil || n.none() {
			continue
		}
		a[name] = Attribute{Type: typeOf(&n), Value: raw}
	}
	return a
}

// TransactionSpans turns a transaction into its segment span, first, and its child spans, so that
// one model holds old and streamed traces. ok is false when it lacks what a transaction must have:
// trace id, span id, both times, and a start not after the end. Children without an id or times
// are left out and counted in dropped.
func (e *Event) TransactionSpans() (spans []*Span, dropped int, ok bool) {
	trace := e.Contexts["trace"]
	root := &Span{
		TraceID: e.TraceID(), IsSegment: true, Name: e.Transaction,
		Op: trace.Text("op"), Origin: trace.Text("origin"), Status: trace.Text("status"),
		Start: e.StartTimestamp, End: e.Timestamp, Measurements: e.Measurements,
	}
	root.SpanID, _ = ParseSpanID(trace.Text("span_id"))
	root.ParentSpanID, _ = ParseSpanID(trace.Text("parent_span_id"))
	if root.TraceID.IsZero() || root.SpanID.IsZero() || root.Start.IsZero() || root.End.IsZero() || root.Start.After(root.End) {
		return nil, 0, false
	}
	if root.Name == "" {
		root.Name = "<unlabeled transaction>"
	}
	root.SegmentID = root.SpanID
	if n, _, err := readJSON(trace["data"]); err == nil && n.kind == jsonObject {
		root.Attributes = objectAttributes(field{node: &n}.others())
	} else {
		root.Attributes = Attributes{}
	}
	if n, _, err := readJSON(trace["links"]); err == nil {
		root.Links = field{ev: &Event{}, node: &n}.spanLinks()
	}
	e.attributesOfSegment(root.Attributes)
	root.describe()
	spans = append(spans, root)
	for i := range e.Spans {
		l := e.Spans[i]
		if l.TraceID.IsZero() {
			l.TraceID = root.TraceID
		}
		if l.SpanID.IsZero() || l.Start.IsZero() || l.End.IsZero() {
			dropped++
			continue
		}
		s := l.Span()
		if s.SegmentID.IsZero() {
			s.SegmentID = root.SpanID
		}
		s.Attributes.SetText("sentry.segment.name", root.Name)
		spans = append(spans, s)
	}
	return spans, dropped, true
}

func (e *Event) attributesOfSegment(a Attributes) {
	a.SetText("sentry.segment.name", e.Transaction)
	a.SetText("sentry.segment.name.source", e.TransactionInfo.Text("source"))
	a.SetText("sentry.release", e.Release)
	a.SetText("sentry.environment", e.Environment)
	a.SetText("sentry.dist", e.Dist)
	a.SetText("sentry.platform", e.Platform)
	if e.SDK != nil {
		a.SetText("sentry.sdk.name", e.SDK.Name)
		a.SetText("sentry.sdk.version", e.SDK.Version)
	}
	if u := e.User; u != nil {
		a.SetText("user.id", u.ID)
		a.SetText("user.email", u.Email)
		a.SetText("user.name", u.Username)
		a.SetText("user.ip_address", u.IPAddress)
	}
	if e.Request != nil {
		a.SetText("http.request.method", e.Request.Method)
		a.SetText("url.full", e.Request.URL)
	}
	a.SetText("sentry.replay_id", e.Contexts.Text("replay", "replay_id"))
}
