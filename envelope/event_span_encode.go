package envelope

import (
	"math"
	"strconv"
)

// Encode writes the span as a span v2, which [ParseSpanV2] reads back.
func (s *Span) Encode() ([]byte, error) {
	w := beginObject(make([]byte, 0, 1024))
	w.text("trace_id", s.TraceID.String())
	w.spanID("span_id", s.SpanID)
	w.spanID("parent_span_id", s.ParentSpanID)
	w.text("name", s.Name)
	w.text("status", s.Status)
	if s.IsSegment {
		w.bool("is_segment", &s.IsSegment)
	}
	w.time("start_timestamp", s.Start)
	w.time("end_timestamp", s.End)
	w.attributes("attributes", s.Attributes)
	w.links("links", s.Links)
	w.measurements("measurements", s.Measurements)
	for _, k := range sortedKeys(s.Other) {
		if k != "measurements" {
			w.raw(k, s.Other[k])
		}
	}
	return w.end(), nil
}

func (w *objectWriter) spanID(name string, id SpanID) {
	if !id.IsZero() {
		w.text(name, id.String())
	}
}

func (w *objectWriter) attributes(name string, a Attributes) {
	if len(a) == 0 {
		return
	}
	w.name(name)
	o := beginObject(w.b)
	for _, k := range sortedKeys(a) {
		o.name(k)
		v := beginObject(o.b)
		v.raw("value", a[k].Value)
		v.text("type", a[k].Type)
		v.text("unit", a[k].Unit)
		o.b = v.end()
	}
	w.b = o.end()
}

func (w *objectWriter) links(name string, links []SpanLink) {
	if len(links) == 0 {
		return
	}
	w.name(name)
	w.b = appendList(w.b, links, func(b []byte, l *SpanLink) []byte {
		o := beginObject(b)
		o.text("trace_id", l.TraceID.String())
		o.spanID("span_id", l.SpanID)
		o.bool("sampled", l.Sampled)
		o.attributes("attributes", l.Attributes)
		return o.end()
	})
}

func (w *objectWriter) measurements(name string, m map[string]Measurement) {
	if len(m) == 0 {
		return
	}
	w.name(name)
	o := beginObject(w.b)
	for _, k := range sortedKeys(m) {
		o.name(k)
		v := beginObject(o.b)
		v.name("value")
		v.b = appendFloat(v.b, m[k].Value)
		v.text("unit", m[k].Unit)
		o.b = v.end()
	}
	w.b = o.end()
}

func appendLegacySpan(b []byte, s *LegacySpan) []byte {
	w := beginObject(b)
	w.text("trace_id", s.TraceID.String())
	w.spanID("span_id", s.SpanID)
	w.spanID("parent_span_id", s.ParentSpanID)
	w.spanID("segment_id", s.SegmentID)
	w.bool("is_segment", s.IsSegment)
	w.time("start_timestamp", s.Start)
	w.time("timestamp", s.End)
	w.text("op", s.Op)
	w.text("description", s.Description)
	w.text("status", s.Status)
	w.text("origin", s.Origin)
	w.text("profile_id", s.ProfileID)
	if s.ExclusiveTime != nil {
		w.name("exclusive_time")
		w.b = appendFloat(w.b, *s.ExclusiveTime)
	}
	w.bool("same_process_as_parent", s.SameProcessAsParent)
	w.pairs("tags", s.Tags)
	w.object("data", s.Data)
	w.measurements("measurements", s.Measurements)
	w.links("links", s.Links)
	w.others(s.Other)
	return w.end()
}

// appendFloat writes the shortest digits that read back as the same number.
func appendFloat(b []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.AppendInt(b, int64(v), 10)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
