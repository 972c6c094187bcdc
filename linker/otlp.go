package linker

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// Bounds on an OpenTelemetry export.
const (
	maxOTelAttributes = 500 // of one span or log, its resource's included
	maxOTelExceptions = 20  // of one span that become events
	maxOTelDepth      = 8   // of a value inside values
)

// otelTraces stores an OpenTelemetry export of spans: each as a span that came by itself, and each exception
// recorded on one as an error, so that a service without any Sentry SDK has issues.
func (m *message) otelTraces(ctx context.Context, it *item) error {
	var data tracepb.TracesData
	if err := readOTel(it, &data); err != nil {
		m.refuse(it, "invalid_otlp")
		return nil
	}
	for _, rs := range data.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				if err := m.otelSpan(ctx, it, rs.GetResource(), s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// readOTel reads protobuf or JSON, as the item's content type says.
func readOTel(it *item, into proto.Message) error {
	if !strings.HasPrefix(it.ContentType, "application/json") {
		return proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(it.payload, into)
	}
	var v any
	d := json.NewDecoder(strings.NewReader(string(it.payload)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	b, err := json.Marshal(hexToBase64(v, 0))
	if err != nil {
		return err
	}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(b, into)
}

// hexToBase64 writes ids as protobuf's JSON does: OTLP's JSON writes them as hex.
func hexToBase64(v any, depth int) any {
	if depth > 100 { // deeper than any message
		return nil
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = hexToBase64(v[i], depth+1)
		}
	case map[string]any:
		for k, x := range v {
			s, isText := x.(string)
			switch k {
			case "traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id":
				if b, err := hex.DecodeString(s); isText && err == nil {
					v[k] = base64.StdEncoding.EncodeToString(b)
				}
			default:
				v[k] = hexToBase64(x, depth+1)
			}
		}
	}
	return v
}

func (m *message) otelSpan(ctx context.Context, it *item, r *resourcepb.Resource, s *tracepb.Span) error {
	one := 1
	h := envelope.ItemHeader{Type: "span", ItemCount: &one}
	size := int64(proto.Size(s))
	refuse := func() { m.outcome("span", h, size, store.OutcomeInvalid, "invalid_span") }
	a := otelAttributes(r.GetAttributes(), s.GetAttributes())
	otelNames(a)
	span := &envelope.Span{Name: s.GetName(), Op: otelOp(s, a), Status: otelStatus(s.GetStatus()), Attributes: a,
		Start: otelTime(s.GetStartTimeUnixNano()), End: otelTime(s.GetEndTimeUnixNano())}
	if copy(span.TraceID[:], s.GetTraceId()) != len(span.TraceID) || copy(span.SpanID[:], s.GetSpanId()) != len(span.SpanID) {
		refuse()
		return nil
	}
	if len(s.GetParentSpanId()) == len(span.ParentSpanID) {
		copy(span.ParentSpanID[:], s.GetParentSpanId())
	}
	span.IsSegment = span.ParentSpanID.IsZero() || s.GetKind() == tracepb.Span_SPAN_KIND_SERVER || s.GetKind() == tracepb.Span_SPAN_KIND_CONSUMER
	before := len(m.w.Spans)
	if err := m.span(span, m.quantities("span", h, size, store.OutcomeAccepted, ""), refuse); err != nil || len(m.w.Spans) == before {
		return err
	}
	exceptions := 0
	for i, e := range s.GetEvents() {
		if e.GetName() != "exception" || exceptions == maxOTelExceptions {
			continue
		}
		exceptions++
		if err := m.otelException(ctx, it, span, e, i); err != nil {
			return err
		}
	}
	return nil
}

func otelTime(nanos uint64) time.Time {
	if nanos == 0 || nanos > 1<<62 {
		return time.Time{}
	}
	return time.Unix(0, int64(nanos)).UTC()
}

func otelStatus(s *tracepb.Status) string {
	switch s.GetCode() {
	case tracepb.Status_STATUS_CODE_OK:
		return "ok"
	case tracepb.Status_STATUS_CODE_ERROR:
		return "error"
	}
	return ""
}

// otelOp names what a span did in Sentry's words.
func otelOp(s *tracepb.Span, a envelope.Attributes) string {
	kind := strings.ToLower(strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_"))
	switch {
	case a.Text("db.system.name")+a.Text("db.system") != "":
		return "db"
	case a.Text("http.request.method")+a.Text("http.method") != "" && (kind == "server" || kind == "client"):
		return "http." + kind
	case kind == "consumer":
		return "queue.process"
	case kind == "producer":
		return "queue.publish"
	case kind == "unspecified" || kind == "internal":
		return "function"
	}
	return kind
}

// otelNames adds Sentry's names of what OpenTelemetry calls otherwise.
func otelNames(a envelope.Attributes) {
	release := a.Text("service.version")
	if name := a.Text("service.name"); name != "" && release != "" {
		release = name + "@" + release
	}
	a.SetText("sentry.release", release)
	a.SetText("sentry.environment", firstText(a, "deployment.environment.name", "deployment.environment"))
	platform := a.Text("telemetry.sdk.language")
	switch platform {
	case "webjs":
		platform = "javascript"
	case "nodejs":
		platform = "node"
	case "dotnet":
		platform = "csharp"
	}
	a.SetText("sentry.platform", platform)
	a.SetText("sentry.sdk.name", "opentelemetry."+platform)
}

func firstText(a envelope.Attributes, names ...string) string {
	for _, n := range names {
		if s := a.Text(n); s != "" {
			return s
		}
	}
	return ""
}

// otelAttributes reads lists of attributes; the later ones win.
func otelAttributes(lists ...[]*commonpb.KeyValue) envelope.Attributes {
	out := envelope.Attributes{}
	for _, list := range lists {
		for _, kv := range list {
			if _, known := out[kv.GetKey()]; !known && len(out) >= maxOTelAttributes {
				continue
			}
			v := otelValue(kv.GetValue(), 0)
			b, err := json.Marshal(v)
			if err != nil || v == nil {
				continue
			}
			kind := "string"
			switch v.(type) {
			case bool:
				kind = "boolean"
			case int64:
				kind = "integer"
			case float64:
				kind = "double"
			case []any:
				kind = "array"
			case map[string]any: // kept as JSON text
				if b, err = json.Marshal(string(b)); err != nil {
					continue
				}
			}
			out[clip(kv.GetKey(), maxShort)] = envelope.Attribute{Type: kind, Value: b}
		}
	}
	return out
}

// otelValue is a value as encoding/json has it; nil for none.
func otelValue(v *commonpb.AnyValue, depth int) any {
	if depth > maxOTelDepth {
		return nil
	}
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_BoolValue:
		return v.BoolValue
	case *commonpb.AnyValue_IntValue:
		return v.IntValue
	case *commonpb.AnyValue_DoubleValue:
		return v.DoubleValue
	case *commonpb.AnyValue_BytesValue:
		return base64.StdEncoding.EncodeToString(v.BytesValue)
	case *commonpb.AnyValue_ArrayValue:
		out := []any{}
		for _, x := range v.ArrayValue.GetValues() {
			out = append(out, otelValue(x, depth+1))
		}
		return out
	case *commonpb.AnyValue_KvlistValue:
		out := map[string]any{}
		for _, kv := range v.KvlistValue.GetValues() {
			out[kv.GetKey()] = otelValue(kv.GetValue(), depth+1)
		}
		return out
	}
	return nil
}

// otelException makes an error of an exception that a span recorded: grouped and linked as any other.
func (m *message) otelException(ctx context.Context, it *item, s *envelope.Span, e *tracepb.Span_Event, index int) error {
	x, a := otelAttributes(e.GetAttributes()), s.Attributes
	at := otelTime(e.GetTimeUnixNano())
	if at.IsZero() {
		at = s.End
	}
	id := hashText(s.TraceID.String(), s.SpanID.String(), strconv.Itoa(index))
	escaped := x.Text("exception.escaped")
	trace := map[string]any{"trace_id": s.TraceID.String(), "span_id": s.SpanID.String(), "op": s.Op}
	if !s.ParentSpanID.IsZero() {
		trace["parent_span_id"] = s.ParentSpanID.String()
	}
	event := map[string]any{
		"event_id": id, "timestamp": at.Format(time.RFC3339Nano), "level": "error", "platform": a.Text("sentry.platform"),
		"release": a.Text("sentry.release"), "environment": a.Text("sentry.environment"), "transaction": s.Name, "server_name": a.Text("host.name"),
		"exception": []any{map[string]any{"type": x.Text("exception.type"), "value": x.Text("exception.message"),
			"mechanism": map[string]any{"type": "opentelemetry", "handled": escaped != "true"}}},
		"contexts": map[string]any{"trace": trace}, "sdk": map[string]any{"name": a.Text("sentry.sdk.name"), "version": a.Text("telemetry.sdk.version")},
		"user": map[string]any{"id": firstText(a, "user.id", "enduser.id"), "email": a.Text("user.email")},
		"tags": map[string]any{"service.name": a.Text("service.name")},
	}
	if stack := x.Text("exception.stacktrace"); stack != "" {
		event["extra"] = map[string]any{"exception.stacktrace": stack}
	}
	if method := firstText(a, "http.request.method", "http.method"); method != "" {
		event["request"] = map[string]any{"method": method, "url": firstText(a, "url.full", "http.url", "url.path", "http.target"),
			"headers": map[string]any{"User-Agent": firstText(a, "user_agent.original", "http.user_agent")}}
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return err
	}
	m.mayBeSession(a, store.ItemEvent, id, s.TraceID.String())
	facts := attributeFacts(a, s.TraceID)
	return m.eventOf(ctx, &item{ItemHeader: envelope.ItemHeader{Type: "event"}, position: it.position, payload: payload}, &facts)
}

// otelLogs stores an OpenTelemetry export of logs.
func (m *message) otelLogs(_ context.Context, it *item) error {
	var data logspb.LogsData
	if err := readOTel(it, &data); err != nil {
		m.refuse(it, "invalid_otlp")
		return nil
	}
	n := 0
	for _, rl := range data.GetResourceLogs() {
		for _, sl := range rl.GetScopeLogs() {
			for _, l := range sl.GetLogRecords() {
				n++
				if err := m.otelLog(it, rl.GetResource(), l, n); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (m *message) otelLog(it *item, r *resourcepb.Resource, l *logspb.LogRecord, n int) error {
	one := 1
	h := envelope.ItemHeader{Type: "log", ItemCount: &one}
	size := int64(proto.Size(l))
	at := otelTime(l.GetTimeUnixNano())
	if at.IsZero() {
		at = otelTime(l.GetObservedTimeUnixNano())
	}
	if at.IsZero() {
		at = m.Received
	}
	a := otelAttributes(r.GetAttributes(), l.GetAttributes())
	otelNames(a)
	row := m.newLog(a, at.UnixMicro())
	row.LogID = hashText(m.ID, strconv.Itoa(it.position), strconv.Itoa(n))
	if id, err := otelTraceID(l.GetTraceId()); err == nil {
		row.TraceID = text(id)
	}
	if b := l.GetSpanId(); len(b) == 8 {
		if id, err := envelope.ParseSpanID(hex.EncodeToString(b)); err == nil {
			row.SpanID = text(id.String())
		}
	}
	row.Severity, row.SeverityNumber = severity("", int64(l.GetSeverityNumber()))
	if body := otelValue(l.GetBody(), 0); body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		row.Body = clip(textOf(b), maxLogBody)
	}
	return m.log(row, a, m.quantities("log", h, size, store.OutcomeAccepted, ""))
}

var errTraceID = errors.New("not a trace id")

func otelTraceID(b []byte) (string, error) {
	if len(b) != 16 {
		return "", errTraceID
	}
	id, err := envelope.ParseID(hex.EncodeToString(b))
	return id.String(), err
}
