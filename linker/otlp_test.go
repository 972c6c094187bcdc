package linker

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

func otelText(k, v string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: k, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: v}}}
}

func otelID(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err) // a constant of this file
	}
	return b
}

// otelService is what a service without any Sentry SDK exports: one request that threw, and a log line.
func (w *world) otelService(extra ...*commonpb.KeyValue) []*stream.Delivery {
	at := uint64(noon.Add(10 * time.Second).UnixNano())
	res := &resourcepb.Resource{Attributes: []*commonpb.KeyValue{otelText("service.name", "billing"), otelText("service.version", "1.2"),
		otelText("deployment.environment.name", "live"), otelText("telemetry.sdk.language", "java")}}
	traces, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{Resource: res, ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{
		{TraceId: otelID(traceT), SpanId: otelID("eeee0000eeee0000"), ParentSpanId: otelID(spanT), Kind: tracepb.Span_SPAN_KIND_SERVER, Name: "POST /charge",
			StartTimeUnixNano: at, EndTimeUnixNano: at + 5e6, Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR},
			Attributes: append([]*commonpb.KeyValue{otelText("http.request.method", "POST"), otelText("url.path", "/charge")}, extra...),
			Events: []*tracepb.Span_Event{{Name: "exception", TimeUnixNano: at + 1e6, Attributes: []*commonpb.KeyValue{
				otelText("exception.type", "java.lang.IllegalStateException"), otelText("exception.message", "no such card"), otelText("exception.stacktrace", "at Charge.run")}}}},
		{TraceId: []byte{1}, SpanId: otelID("eeee0000eeee0001"), Name: "no trace id"},
	}}}}}})
	if err != nil {
		w.t.Fatal(err)
	}
	logs, err := proto.Marshal(&logspb.LogsData{ResourceLogs: []*logspb.ResourceLogs{{Resource: res, ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{
		{TimeUnixNano: at, SeverityNumber: 17, TraceId: otelID(traceT), SpanId: otelID("eeee0000eeee0000"), Attributes: extra,
			Body: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "charging failed"}}},
	}}}}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return []*stream.Delivery{w.otelItem("t", "otlp_traces", "application/x-protobuf", traces), w.otelItem("l", "otlp_logs", "application/x-protobuf", logs)}
}

func (w *world) otelItem(id, kind, media string, payload []byte) *stream.Delivery {
	body := fmt.Sprintf("{}\n{\"type\":%q,\"content_type\":%q,\"length\":%d}\n%s\n", kind, media, len(payload), payload)
	return w.split(id, w.first+3, noon.Add(20*time.Second), []byte(body))[0]
}

func TestOpenTelemetryService(t *testing.T) {
	kinds := []string{"event", "log", "span"}
	for _, tt := range []struct {
		name   string
		extra  []*commonpb.KeyValue
		traces []string
		want   string
	}{
		{"the same trace", nil, []string{traceT}, "trace_ids"},
		{"a baggage attribute", []*commonpb.KeyValue{otelText("sentry-replay_id", replayA)}, nil, "trace_bridge+attribute"},
		{"session.id is the replay's", []*commonpb.KeyValue{otelText("session.id", replayA)}, nil, "trace_bridge+attribute"},
		{"session.id is something else", []*commonpb.KeyValue{otelText("session.id", replayB)}, []string{traceT}, "trace_ids"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothOrders(t, func(w *world) []*stream.Delivery {
				return append(w.otelService(tt.extra...), w.recorded(replayA, 0, noon, noon.Add(time.Minute), tt.traces, nil))
			}, func(t *testing.T, w *world) {
				var want []string
				for _, k := range kinds {
					want = append(want, k+" aaaa "+tt.want+" primary")
				}
				if diff := cmp.Diff(want, w.links("1 = 1")); diff != "" {
					t.Error(diff)
				}
				for query, want := range map[string]string{
					"SELECT title, level FROM issues":                                               "java.lang.IllegalStateException: no such card|error",
					"SELECT op, name, status, is_segment, side, environment, release FROM spans":    "http.server|POST /charge|error|1|backend|live|billing@1.2",
					"SELECT severity, body, environment, side FROM logs":                            "error|charging failed|live|backend",
					"SELECT COUNT(*) FROM replays WHERE replay_id = '" + replayB + "'":              "0",
					"SELECT quantity FROM outcomes WHERE category = 'span' AND outcome = 'invalid'": "1",
				} {
					if got := w.lines(query); len(got) != 1 || got[0] != want {
						t.Errorf("%s: %q, want %q", query, got, want)
					}
				}
			})
		})
	}
}

// The JSON form writes ids as hex, which protobuf's JSON does not.
func TestOpenTelemetryJSON(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		at := fmt.Sprint(noon.UnixNano())
		b, err := json.Marshal(map[string]any{"resourceSpans": []any{map[string]any{"scopeSpans": []any{map[string]any{"spans": []any{map[string]any{
			"traceId": traceT, "spanId": "eeee0000eeee0000", "parentSpanId": spanT, "name": "job", "kind": 5, "startTimeUnixNano": at, "endTimeUnixNano": at,
			"attributes": []any{map[string]any{"key": "n", "value": map[string]any{"intValue": "7"}}}, "unheardOf": 1}}}}}}})
		if err != nil {
			t.Fatal(err)
		}
		w.deliver(w.otelItem("j", "otlp_traces", "application/json", b), w.otelItem("bad", "otlp_traces", "application/json", []byte("{")),
			w.otelItem("bad2", "otlp_logs", "application/x-protobuf", []byte{0xff, 0xff}))
		want := []string{traceT + "|eeee0000eeee0000|" + spanT + "|queue.process|1"}
		if diff := cmp.Diff(want, w.lines("SELECT trace_id, span_id, parent_span_id, op, is_segment FROM spans")); diff != "" {
			t.Error(diff)
		}
	})
}

// Values inside values end somewhere.
func TestOpenTelemetryDepth(t *testing.T) {
	v := &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "deep"}}
	for range 1_000 {
		v = &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{v}}}}
	}
	if a := otelAttributes([]*commonpb.KeyValue{{Key: "k", Value: v}}); len(a["k"].Value) > 100 {
		t.Errorf("%d bytes", len(a["k"].Value))
	}
}
