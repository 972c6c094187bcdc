package relay

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
)

// endpointFuzz holds an endpoint against a body: the answer is never a fault of our own, and what it took is
// an envelope that can be read again, of messages the stream takes.
func endpointFuzz(t *testing.T, made *edge, method, target, body string, header ...string) {
	t.Helper()
	e := &edge{made.Relay, t, made.pub}
	a := e.do(method, target, strings.NewReader(body), append([]string{"X-Sentry-Auth", auth(key42)}, header...)...)
	if a.status >= 500 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a.status >= 300 && len(a.msgs) > 0 && a.status != 429 {
		t.Errorf("%d, and %d messages were published", a.status, len(a.msgs))
	}
	for _, m := range a.msgs {
		if m.Body == nil {
			continue
		}
		if _, err := envelope.Parse(m.Body); err != nil || m.Size != int64(len(m.Body)) {
			t.Errorf("published what is no envelope: %v", err)
		}
		if m.ID == "" || m.Kind == "" || m.ProjectID != 42 && m.Kind != stream.KindReport {
			t.Errorf("message %+v", m)
		}
	}
}

// fuzzEdge is one edge for all the inputs of a target: making it takes longer than most of them.
func fuzzEdge(f *testing.F) *edge {
	f.Helper()
	return newEdge(f, func(c *Config) { c.Log = slog.New(slog.DiscardHandler) })
}

const fuzzBoundary = "------------------------3f8a9c"

// multipartOf spells a form of parts with the boundary of the fuzz targets: name, file name, content.
func multipartOf(parts ...[3]string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--" + fuzzBoundary + "\r\nContent-Disposition: form-data; name=\"" + p[0] + "\"")
		if p[1] != "" {
			b.WriteString("; filename=\"" + p[1] + "\"\r\nContent-Type: application/octet-stream")
		}
		b.WriteString("\r\n\r\n" + p[2] + "\r\n")
	}
	return b.String() + "--" + fuzzBoundary + "--\r\n"
}

// FuzzMinidump: forms as Crashpad, Breakpad and Electron send them, and dumps that are the whole body, plain and packed.
func FuzzMinidump(f *testing.F) {
	const dump = "MDMP\x93\xa7\x00\x00rest of the dump"
	event := `{"event_id":"` + idA + `","release":"r"}`
	f.Add(true, multipartOf([3]string{minidumpField, "crash.dmp", dump}, [3]string{"sentry", "", event}, [3]string{"other", "log.txt", "log"}))
	f.Add(true, multipartOf([3]string{"sentry__2", "", event[20:]}, [3]string{"sentry__1", "", event[:20]}, [3]string{minidumpField, "c", dump}, [3]string{"sentry[tags][a]", "", "b"}))
	f.Add(true, multipartOf([3]string{"__sentry-event", "__sentry-event", "\x81\xa7message\xa1m"}, [3]string{"__sentry-breadcrumb1", "__sentry-breadcrumb1", "\x81\xa7message\xa2ok"}, [3]string{minidumpField, "c", dump}))
	f.Add(true, multipartOf([3]string{minidumpField, "crash.dmp.gz", string(pack(f, "gzip", []byte(dump)))}, [3]string{"view", "view-hierarchy.json", "{}"}))
	f.Add(true, multipartOf([3]string{minidumpField, "crash.dmp.xz", string(packXZ([]byte(dump), 22))}))
	f.Add(false, dump)
	f.Add(false, string(pack(f, "zstd", []byte(dump))))
	f.Add(false, "BZh91AY&SY")
	e := fuzzEdge(f)
	f.Fuzz(func(t *testing.T, form bool, body string) {
		media := "application/octet-stream"
		if form {
			media = "multipart/form-data; boundary=" + fuzzBoundary
		}
		endpointFuzz(t, e, "POST", "/api/42/minidump/", body, "Content-Type", media)
	})
}

// FuzzMultipart: the boundary is the client's as well.
func FuzzMultipart(f *testing.F) {
	f.Add("multipart/form-data; boundary="+fuzzBoundary, multipartOf([3]string{"a", "zero.txt", ""}, [3]string{"b", "../x/y.bin", "bytes\x00"}, [3]string{"field", "", "ignored"}))
	f.Add(`multipart/mixed; boundary="a b"`, "--a b\r\n\r\nx\r\n--a b--")
	f.Add("multipart/form-data", "--\r\n")
	e := fuzzEdge(f)
	f.Fuzz(func(t *testing.T, media, body string) {
		if strings.ContainsAny(media, "\r\n\x00") {
			return // no header can hold it
		}
		endpointFuzz(t, e, "POST", "/api/42/events/"+idA+"/attachments/", body, "Content-Type", media)
	})
}

// FuzzReports: what browsers report by themselves, and clients of what they dropped.
func FuzzReports(f *testing.F) {
	for _, seed := range []string{
		`{"csp-report":{"document-uri":"https://x.test/","blocked-uri":"eval","effective-directive":"script-src","original-policy":"default-src 'self'","status-code":200}}`,
		`{"expect-ct-report":{"date-time":"2026-01-01T00:00:00Z","hostname":"x.test","port":443,"scts":[{"version":1,"status":"unknown"}]}}`,
		`{"expect-staple-report":{"date-time":"2026-01-01T00:00:00Z","hostname":"x.test","response-status":"MISSING"}}`,
		`{"date-time":"2026-01-01T00:00:00Z","hostname":"x.test","known-pins":["pin-sha256=\"x\""],"validated-certificate-chain":["-----BEGIN CERTIFICATE-----"]}`,
		`[{"type":"csp-violation","age":1,"url":"https://x.test/","user_agent":"Mozilla/5.0","body":{"documentURL":"https://x.test/","blockedURL":"inline"}}]`,
		`[{"age":1,"type":"network-error","url":"https://x.test/","body":{"elapsed_time":3,"phase":"dns","type":"dns.name_not_resolved","server_ip":"203.0.113.7"}}]`,
		`{"timestamp":1767225600,"discarded_events":[{"reason":"sample_rate","category":"transaction","quantity":4}],"rate_limited_events":[{"category":"error","quantity":1}]}`,
	} {
		for kind := range uint8(3) {
			f.Add(kind, seed)
		}
	}
	for _, b := range corpusItems(f, "client_report") {
		f.Add(uint8(2), b)
	}
	e := fuzzEdge(f)
	f.Fuzz(func(t *testing.T, kind uint8, body string) {
		switch kind % 3 {
		case 0:
			endpointFuzz(t, e, "POST", "/api/42/security/?sentry_release=r", body, "Content-Type", "application/csp-report")
		case 1:
			endpointFuzz(t, e, "POST", "/api/42/nel/", body, "Content-Type", "application/reports+json")
		case 2:
			endpointFuzz(t, e, "POST", "/api/42/envelope/", env("{}", `{"type":"client_report"}`, body))
		}
	})
}

// corpusItems are the payloads of a type in what real SDKs sent.
func corpusItems(f *testing.F, itemType string) (all []string) {
	f.Helper()
	for _, c := range corpus(f) {
		if e, err := envelope.Parse(c.body); err == nil {
			for _, it := range e.Items {
				if it.Header.Type == itemType {
					all = append(all, string(it.Payload))
				}
			}
		}
	}
	return all
}

// FuzzOTLP: exports of OpenTelemetry, in both spellings. What the linker makes of them has a target there.
func FuzzOTLP(f *testing.F) {
	f.Add(false, true, `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeSpans":[{"spans":[{"traceId":"`+idA+`","spanId":"00f067aa0ba902b7","name":"GET /","startTimeUnixNano":"1767225600000000000","endTimeUnixNano":"1767225601000000000"}]}]}]}`)
	f.Add(true, true, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1767225600000000000","severityNumber":9,"body":{"stringValue":"password=x"}}]}]}]}`)
	for _, name := range []string{"otlp_traces", "otlp_logs"} {
		for _, b := range protobufSeeds(f) {
			f.Add(name == "otlp_logs", false, b)
		}
	}
	e := fuzzEdge(f)
	f.Fuzz(func(t *testing.T, logs, asJSON bool, body string) {
		kind, media := "traces", "application/x-protobuf"
		if logs {
			kind = "logs"
		}
		if asJSON {
			media = "application/json"
		}
		endpointFuzz(t, e, "POST", "/api/42/integration/otlp/v1/"+kind+"/", body, "Content-Type", media)
	})
}

// protobufSeeds are an export of one span, whole and cut, and one of nothing.
func protobufSeeds(f *testing.F) []string {
	f.Helper()
	b, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{
		TraceId: bytes.Repeat([]byte{0xaa}, 16), SpanId: bytes.Repeat([]byte{0xbb}, 8), Name: "GET /?token=x", StartTimeUnixNano: 1, EndTimeUnixNano: 2}}}}}}})
	if err != nil {
		f.Fatal(err)
	}
	return []string{string(b), string(b[:len(b)/2]), "\x0a\x00"}
}

// FuzzEnvelope is all of the edge: whole requests of real SDKs, changed.
func FuzzEnvelope(f *testing.F) {
	files, err := filepath.Glob("testdata/corpus/*/*.body")
	if err != nil || len(files) == 0 {
		f.Fatalf("no corpus: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 20_000 { // what is small is changed more often
			f.Add(string(b))
		}
	}
	e := fuzzEdge(f)
	f.Fuzz(func(t *testing.T, body string) { endpointFuzz(t, e, "POST", "/api/42/envelope/", body) })
}
