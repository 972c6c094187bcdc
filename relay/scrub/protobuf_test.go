package scrub

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/hindsight-dev/hindsight/envelope"
)

var (
	protoTraces = &envelope.ItemHeader{Type: "otlp_traces", ContentType: "application/x-protobuf"}
	protoLogs   = &envelope.ItemHeader{Type: "otlp_logs", ContentType: "application/x-protobuf"}
)

func kv(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

// exports gives the same data as a span's and as a log's export, each with a secret everywhere one can be.
func exports(secret string) (traces *tracepb.TracesData, logs *logspb.LogsData) {
	id := bytes.Repeat([]byte{0xab}, 16)
	list := func(where string) []*commonpb.KeyValue {
		return []*commonpb.KeyValue{kv("db.password", secret+where), kv("harmless", "kept-"+where),
			{Key: "card", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: 4111111111111111}}},
			{Key: "count", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: 7}}},
			{Key: "inner", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: []*commonpb.KeyValue{kv("api_key", secret+"deep")}}}}}}
	}
	res := &resourcepb.Resource{Attributes: list("resource")}
	scope := &commonpb.InstrumentationScope{Name: "s", Attributes: list("scope")}
	traces = &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{Resource: res, SchemaUrl: "u", ScopeSpans: []*tracepb.ScopeSpans{{Scope: scope, Spans: []*tracepb.Span{
		{TraceId: id, SpanId: id[:8], Name: "GET /", StartTimeUnixNano: 1, Attributes: list("span"),
			Events: []*tracepb.Span_Event{{Name: "e", Attributes: list("event")}}, Links: []*tracepb.Span_Link{{TraceId: id, Attributes: list("link")}}},
		{TraceId: id, SpanId: id[8:], Name: "nothing to hide"},
	}}}}}}
	logs = &logspb.LogsData{ResourceLogs: []*logspb.ResourceLogs{{Resource: res, ScopeLogs: []*logspb.ScopeLogs{{Scope: scope, LogRecords: []*logspb.LogRecord{
		{TraceId: id, SpanId: id[:8], SeverityNumber: 9, Attributes: list("log"),
			Body: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "password=" + secret + " and so on"}}},
	}}}}}}
	return traces, logs
}

// TestProtobufAsJSON: what is left of an export is the same in both of its forms.
func TestProtobufAsJSON(t *testing.T) {
	s := New(DefaultConfig())
	traces, logs := exports("hunter2secret")
	for h, in := range map[*envelope.ItemHeader]proto.Message{protoTraces: traces, protoLogs: logs} {
		b, err := proto.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Item(h, b)
		if err != nil {
			t.Fatal(err)
		}
		for _, gone := range []string{"hunter2secret"} {
			if bytes.Contains(out, []byte(gone)) {
				t.Errorf("%s: %q is still there", h.Type, gone)
			}
		}
		if n := bytes.Count(out, []byte("kept-")); n != bytes.Count(b, []byte("kept-")) {
			t.Errorf("%s: %d harmless attributes left", h.Type, n)
		}
		asJSON, err := protojson.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		j := *h
		j.ContentType = "application/json"
		if asJSON, err = s.Item(&j, asJSON); err != nil {
			t.Fatal(err)
		}
		want, got := in.ProtoReflect().New().Interface(), in.ProtoReflect().New().Interface()
		if err := protojson.Unmarshal(asJSON, want); err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(out, got); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(want, got) {
			t.Errorf("%s:\nJSON     %v\nprotobuf %v", h.Type, want, got)
		}
		if strings.Contains(got.(interface{ String() string }).String(), "4111111111111111") {
			t.Errorf("%s: a card's number is still there", h.Type)
		}
	}
}

func TestProtobufUntouched(t *testing.T) {
	s := New(DefaultConfig())
	clean, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{Name: "x", Attributes: []*commonpb.KeyValue{kv("a", "b")}}}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Item(protoTraces, clean)
	if err != nil || &out[0] != &clean[0] {
		t.Errorf("a clean export is copied: %q, %v", out, err)
	}
	if out, err := s.Item(protoTraces, nil); err != nil || len(out) != 0 {
		t.Errorf("empty: %q, %v", out, err)
	}
	// What nobody knows goes, at every level; what cannot be read is an error.
	unknown := protowire.AppendBytes(protowire.AppendTag(bytes.Clone(clean), 99, protowire.BytesType), []byte("hunter2"))
	if out, err := s.Item(protoTraces, unknown); err != nil || !bytes.Equal(out, clean) {
		t.Errorf("unknown field: %q, %v", out, err)
	}
	for _, bad := range []string{"\x0a", "\xff", "\x0a\x02\x12\xff", "\x0a\x04\x12\x02\x12\xff", "plain text"} {
		if _, err := s.Item(protoTraces, []byte(bad)); !errors.Is(err, ErrJSON) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	long := &tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{Name: strings.Repeat("x", maxRecord+1)}}}}}}}
	b, err := proto.Marshal(long)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Item(protoTraces, b); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a record of %d bytes: %v", maxRecord, err)
	}
}

// FuzzProtobuf: no bytes make it panic, and what comes out stays as it is the second time.
func FuzzProtobuf(f *testing.F) {
	traces, logs := exports("hunter2secret")
	for i, m := range []proto.Message{traces, logs} {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i == 1, b)
	}
	s := New(DefaultConfig())
	f.Fuzz(func(t *testing.T, isLogs bool, in []byte) {
		h := protoTraces
		if isLogs {
			h = protoLogs
		}
		once, err := s.Item(h, in)
		if err != nil {
			return
		}
		twice, err := s.Item(h, once)
		if err != nil || bytes.Contains(twice, []byte("hunter2secret")) && !bytes.Contains(in, []byte("hunter2secret")) {
			t.Errorf("again: %v", err)
		}
	})
}
