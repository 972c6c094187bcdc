package envelope

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// canonical parses and writes an event back, and checks that this is a fixed point.
func canonical(t *testing.T, in string) string {
	t.Helper()
	ev, err := ParseEvent([]byte(in))
	if err != nil {
		t.Fatalf("ParseEvent(%s): %v", in, err)
	}
	out, err := ev.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out) {
		t.Fatalf("not JSON: %s", out)
	}
	again, err := ParseEvent(out)
	if err != nil {
		t.Fatalf("reading back %s: %v", out, err)
	}
	if diff := cmp.Diff(ev, again, cmpopts.IgnoreUnexported(Event{})); diff != "" {
		t.Errorf("reading back %s (-first +second):\n%s", out, diff)
	}
	return string(out)
}

func TestEventShapes(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"exception values", `{"exception":{"values":[{"type":"A","value":"b"}]}}`, `{"exception":{"values":[{"type":"A","value":"b"}]}}`},
		{"exception list", `{"exception":[{"type":"A","value":"b"},null]}`, `{"exception":{"values":[{"type":"A","value":"b"}]}}`},
		{"exception object", `{"exception":{"type":"A","value":"b"}}`, `{"exception":{"values":[{"type":"A","value":"b"}]}}`},
		{"exception alias", `{"sentry.interfaces.Exception":{"type":"A","value":"b"}}`, `{"exception":{"values":[{"type":"A","value":"b"}]}}`},
		{"exception value object", `{"exception":[{"type":"A","value":{"code":1}}]}`, `{"exception":{"values":[{"type":"A","value":"{\"code\":1}"}]}}`},
		{"message string", `{"message":"x"}`, `{"logentry":{"formatted":"x"}}`},
		{"message alias", `{"sentry.interfaces.Message":{"message":"x %s","params":["y"]}}`, `{"logentry":{"message":"x %s","params":["y"]}}`},
		{"logentry and message", `{"logentry":{"message":"x %s","params":["y"]},"message":"x y"}`, `{"logentry":{"message":"x %s","params":["y"],"formatted":"x y"}}`},
		{"tags map", `{"tags":{"a":"b","n":1,"t":true,"z":null}}`, `{"tags":[["a","b"],["n","1"],["t","true"]]}`},
		{"tags pairs", `{"tags":[["a","b"],["n",1],null]}`, `{"tags":[["a","b"],["n","1"]]}`},
		{"tags objects", `{"tags":[{"key":"a","value":"b"}]}`, `{"tags":[["a","b"]]}`},
		{"headers pairs with lists", `{"request":{"headers":[["Accept",["a","b"]]]}}`, `{"request":{"headers":[["Accept","a,b"]]}}`},
		{"query and cookies as text", `{"request":{"query_string":"?a=1&b=x%20y","cookies":"c=d; e=f"}}`, `{"request":{"query_string":[["a","1"],["b","x y"]],"cookies":[["c","d"],["e","f"]]}}`},
		{"breadcrumbs list", `{"breadcrumbs":[{"message":"a","timestamp":1.5}]}`, `{"breadcrumbs":{"values":[{"timestamp":1.5,"message":"a"}]}}`},
		{"breadcrumbs values", `{"breadcrumbs":{"values":[{"message":"a","timestamp":"1970-01-01T00:00:01.5"}]}}`, `{"breadcrumbs":{"values":[{"timestamp":1.5,"message":"a"}]}}`},
		{"time with zone", `{"timestamp":"2026-11-20T10:42:32.167323926+01:00"}`, `{"timestamp":1795167752.167323}`},
		{"time as float", `{"timestamp":1795168381.58}`, `{"timestamp":1795168381.58}`},
		{"time beyond 9999", `{"timestamp":1795168381580}`, `{"errors":[{"name":"timestamp","type":"invalid_data","value":1795168381580}],"_meta":{"timestamp":{"":{"err":[["invalid_data",{"reason":"expected a timestamp"}]],"val":1795168381580}}}}`},
		{"big numbers kept", `{"extra":{"n":12345678901234567890123}}`, `{"extra":{"n":12345678901234567890123}}`},
		{"numbers beyond float64", `{"extra":{"n":1e999}}`, `{"extra":{"n":"1e999"}}`},
		{"case-exact names, last wins", `{"EVENT_ID":"x","level":"info","level":"fatal"}`, `{"level":"fatal","EVENT_ID":"x"}`},
		{"NUL and lone surrogates", `{"logger":"a\u0000b\ud800c"}`, `{"logger":"ab` + "\uFFFD" + `c"}`},
		{"wrong type is absent and noted", `{"level":"info","user":[1]}`, `{"level":"info","errors":[{"name":"user","type":"invalid_data","value":[1]}],"_meta":{"user":{"":{"err":[["invalid_data",{"reason":"expected an object"}]],"val":[1]}}}}`},
		{"meta merged", `{"user":"x","_meta":{"user":{"":{"rem":[["r","x"]]}}}}`, `{"errors":[{"name":"user","type":"invalid_data","value":"x"}],"_meta":{"user":{"":{"rem":[["r","x"]],"err":[["invalid_data",{"reason":"expected an object"}]],"val":"x"}}}}`},
		{"fingerprint scalars", `{"fingerprint":["a",1,true,null]}`, `{"fingerprint":["a","1","true"]}`},
		{"release number", `{"release":7}`, `{"release":"7"}`},
		{"user unknown members to data", `{"user":{"id":7,"plan":"pro"}}`, `{"user":{"id":"7","data":{"plan":"pro"}}}`},
		{"dashed event id", `{"event_id":"0A1B2C3D-4e5f-6071-8293-a4b5c6d7e8f9"}`, `{"event_id":"0a1b2c3d4e5f60718293a4b5c6d7e8f9"}`},
		{"bad event id", `{"event_id":"nope"}`, `{"errors":[{"name":"event_id","type":"invalid_data","value":"nope"}],"_meta":{"event_id":{"":{"err":[["invalid_data",{"reason":"expected a UUID"}]],"val":"nope"}}}}`},
		{"python NaN", `{"extra":{"a":NaN,"b":-Infinity}}`, `{"extra":{"a":null,"b":null}}`},
		{"frames", `{"stacktrace":{"frames":[{"lineno":"12","in_app":"true","function":"f","colno":0}]}}`, `{"stacktrace":{"frames":[{"function":"f","lineno":12,"in_app":true}]}}`},
		{"measurements", `{"measurements":{"lcp":{"value":1.5,"unit":"second"},"x":2,"bad":{"value":"?"}}}`,
			`{"measurements":{"lcp":{"value":1.5,"unit":"second"},"x":{"value":2}},"errors":[{"name":"measurements.bad.value","type":"invalid_data","value":"?"}],"_meta":{"measurements":{"bad":{"value":{"":{"err":[["invalid_data",{"reason":"expected a number"}]],"val":"?"}}}}}}`},
		{"debug_meta", `{"debug_meta":{"images":[{"type":"sourcemap","debug_id":"x"}]}}`, `{"debug_meta":{"images":[{"debug_id":"x","type":"sourcemap"}]}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, canonical(t, tc.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEventRefused(t *testing.T) {
	for _, in := range []string{``, `[]`, `"x"`, `null`, `{`, `{"a":}`, `{"a":1,}`, `{} x`, `{"a":01}`, `{"a":"\x"}`, `{"a" 1}`} {
		if ev, err := ParseEvent([]byte(in)); err == nil {
			t.Errorf("ParseEvent(%q) = %+v, want an error", in, ev)
		}
	}
}

func TestEventBounds(t *testing.T) {
	deep := `{"extra":{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `},"level":"info"}`
	ev, err := ParseEvent([]byte(deep))
	if err != nil || ev.Level != "info" || ev.Meta.empty() {
		t.Errorf("200 levels: %v, %+v", err, ev)
	}
	if got := bytes.Count(ev.Extra["a"], []byte("[")); got > maxJSONDepth {
		t.Errorf("%d levels kept", got)
	}
	many := `{"extra":{"a":[` + strings.Repeat("1,", 150_000) + `1]},"level":"info"}`
	if ev, err = ParseEvent([]byte(many)); err != nil || ev.Level != "" && ev.Meta.empty() {
		t.Fatalf("150 000 values: %v", err)
	}
	if len(ev.Extra["a"]) > 2*maxJSONNodes+2 {
		t.Errorf("%d bytes kept", len(ev.Extra["a"]))
	}
	wrong := `{"tags":[` + strings.Repeat("1,", 50_000) + `1]}`
	if ev, err = ParseEvent([]byte(wrong)); err != nil || ev.Meta.empty() {
		t.Fatalf("50 000 wrong tags: %v", err)
	}
	if b, _ := ev.Encode(); len(b) > 50_000 {
		t.Errorf("%d bytes say what was wrong", len(b))
	}
	if _, err := ParseEvent([]byte(strings.Repeat(`[`, 1<<20))); err == nil {
		t.Error("a million brackets were accepted")
	}
}

func TestSpans(t *testing.T) {
	v2 := `{"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","name":"GET /","status":"ok","is_segment":true,` +
		`"start_timestamp":1.25,"end_timestamp":2.5,"attributes":{"sentry.op":{"value":"http.server","type":"string"},` +
		`"n":{"value":"9223372036854775807","type":"integer"},"bad":{"value":"abc","type":"integer"},"raw":5,"odd":{"value":{"a":1},"type":"map"}}}`
	s, err := ParseSpanV2([]byte(v2))
	if err != nil {
		t.Fatal(err)
	}
	if s.Op != "http.server" || !s.IsSegment || s.SegmentName() != "GET /" || s.End.Sub(s.Start).Milliseconds() != 1250 {
		t.Errorf("got %+v", s)
	}
	want := Attributes{
		"sentry.op": {Type: "string", Value: json.RawMessage(`"http.server"`)},
		"n":         {Type: "integer", Value: json.RawMessage(`9223372036854775807`)},
		"raw":       {Type: "integer", Value: json.RawMessage(`5`)},
		"odd":       {Type: "string", Value: json.RawMessage(`"{\"a\":1}"`)},
	}
	if diff := cmp.Diff(want, s.Attributes); diff != "" {
		t.Error(diff)
	}
	b, _ := s.Encode()
	if again, err := ParseSpanV2(b); err != nil || !cmp.Equal(s, again) {
		t.Errorf("reading back %s: %v\n%s", b, err, cmp.Diff(s, again))
	}

	tx := `{"type":"transaction","transaction":"GET /orders/:id","start_timestamp":1,"timestamp":2,"release":"r1",` +
		`"contexts":{"trace":{"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","op":"http.server","data":{"a":1}}},` +
		`"spans":[{"span_id":"00f067aa0ba902b7","parent_span_id":"b7ad6b7169203331","start_timestamp":1,"timestamp":1.5,"description":"SELECT 1","op":"db","data":{"db.system":"pg"}},{"op":"lost"}]}`
	ev, err := ParseEvent([]byte(tx))
	if err != nil {
		t.Fatal(err)
	}
	spans, dropped, ok := ev.TransactionSpans()
	if !ok || dropped != 1 || len(spans) != 2 {
		t.Fatalf("%d spans, %d dropped, %v", len(spans), dropped, ok)
	}
	if r, c := spans[0], spans[1]; r.Op != "http.server" || r.Attributes.Text("sentry.release") != "r1" || r.Attributes.Text("a") != "1" ||
		c.TraceID != r.TraceID || c.SegmentID != r.SpanID || c.Attributes.Text("db.system") != "pg" || c.SegmentName() != "GET /orders/:id" {
		t.Errorf("got %+v\n%+v", r, c)
	}
	ev.Contexts = nil
	if _, _, ok := ev.TransactionSpans(); ok {
		t.Error("a transaction without a trace was taken")
	}
}

// TestEventCorpus reads what real SDKs sent: nothing may be lost, nothing found wrong.
func TestEventCorpus(t *testing.T) {
	files, _ := filepath.Glob("testdata/events/*.json")
	if len(files) < 20 {
		t.Fatalf("only %d files", len(files))
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			ev, err := ParseEvent(b)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(b, []byte(`"_meta"`)) && !ev.Meta.empty() {
				t.Errorf("found wrong: %s", ev.Meta.append(nil))
			}
			canonical(t, string(b))
		})
	}
}

func FuzzParseEvent(f *testing.F) {
	files, _ := filepath.Glob("testdata/events/*.json")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte(`{"exception":[{"value":{"a":1}}],"tags":[["a",[1]]],"spans":[{}],"_meta":{"a":{"":{"err":[1]}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		ev, err := ParseEvent(b)
		if err != nil {
			return
		}
		out, _ := ev.Encode()
		again, err := ParseEvent(out)
		if err != nil {
			t.Fatalf("%s does not read back: %v", out, err)
		}
		if twice, _ := again.Encode(); !bytes.Equal(out, twice) {
			t.Fatalf("not a fixed point:\n%s\n%s", out, twice)
		}
		ev.TransactionSpans()
		_, _ = ParseSpanV2(b)
		_, _ = ParseLegacySpan(b)
	})
}

func TestTrim(t *testing.T) {
	for _, tc := range []struct {
		in          string
		depth, size int
		want        string
		cut         bool
	}{
		{`{"a":[1,2]}`, 2, 100, `{"a":[1,2]}`, false},
		{`{"a":[1,[2]]}`, 2, 100, `{"a":[1,null]}`, true},
		{`"abcdefghij"`, 1, 10, `"abcde..."`, true},
		{`[1,2,3,4,5,6,7,8,9]`, 1, 8, `[1,2,3]`, true},
		{`{`, 1, 8, `null`, true},
	} {
		got, cut := Trim(json.RawMessage(tc.in), tc.depth, tc.size)
		if string(got) != tc.want || cut != tc.cut {
			t.Errorf("Trim(%s, %d, %d) = %s, %v", tc.in, tc.depth, tc.size, got, cut)
		}
	}
	for in, want := range map[string]string{"abc": "abc", "abcdef": "ab...", "ääääää": "ää...", "äääää": "äääää"} {
		if got, _ := CutText(in, 5); got != want {
			t.Errorf("CutText(%q, 5) = %q, want %q", in, got, want)
		}
	}
}
