package normalize

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hindsight-dev/hindsight/envelope"
)

var received = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func parse(t *testing.T, in string) *envelope.Event {
	t.Helper()
	ev, err := envelope.ParseEvent([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func normalized(t *testing.T, in string, input Input) *envelope.Event {
	t.Helper()
	ev := parse(t, in)
	if input.Received.IsZero() {
		input.Received = received
	}
	Event(ev, input)
	return ev
}

func encode(t *testing.T, ev *envelope.Event) string {
	t.Helper()
	b, err := ev.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func meta(t *testing.T, ev *envelope.Event, path ...string) int {
	t.Helper()
	if ev.Meta == nil {
		return 0
	}
	m := ev.Meta.At(path...)
	return len(m.Errors) + len(m.Remarks)
}

// TestConformance holds the cases of the protocol's checklist that are about an event's payload, by number.
func TestConformance(t *testing.T) {
	same := func(t *testing.T, input Input, bodies ...string) *envelope.Event {
		t.Helper()
		first := normalized(t, bodies[0], input)
		for _, b := range bodies[1:] {
			if diff := cmp.Diff(encode(t, first), encode(t, normalized(t, b, input))); diff != "" {
				t.Errorf("%s differs:\n%s", b, diff)
			}
		}
		return first
	}

	t.Run("107_exception_shapes", func(t *testing.T) {
		ev := same(t, Input{}, `{"exception":[{"type":"A","value":"b"}]}`, `{"exception":{"values":[{"type":"A","value":"b"}]}}`,
			`{"exception":{"type":"A","value":"b"}}`)
		if len(ev.Exceptions) != 1 || ev.Exceptions[0].Type != "A" || ev.Type != "error" {
			t.Errorf("got %+v", ev)
		}
	})
	t.Run("108_tags", func(t *testing.T) {
		long := strings.Repeat("v", 300)
		ev := same(t, Input{}, `{"tags":{"a":"b","long":"`+long+`","release":"x"}}`, `{"tags":[["a","b"],["long","`+long+`"],["release","x"]]}`)
		if ev.Tag("a") != "b" || len(ev.Tag("long")) != 200 || ev.Tag("release") != "" {
			t.Errorf("got %v", ev.Tags)
		}
		ev = normalized(t, `{"tags":{"größe":"xl","a":"b"}}`, Input{})
		if len(ev.Errors) != 1 || ev.Errors[0].Text("type") != "invalid_data" || ev.Errors[0].Text("name") != "tags.0" || ev.Errors[0].Text("value") != "größe" || ev.Tag("a") != "b" {
			t.Errorf("a key with other letters goes without a note: %v", ev.Errors)
		}
	})
	t.Run("109_message", func(t *testing.T) {
		for _, in := range []string{`{"message":"x y"}`, `{"logentry":{"message":"x %s","params":["y"]}}`,
			`{"sentry.interfaces.Message":{"message":"x %s","params":["y"]}}`, `{"logentry":{"message":"x {name}","params":{"name":"y"}}}`,
			`{"logentry":{"message":"x {0}","params":["y"]}}`, `{"message":{"formatted":"x y","message":"x y"}}`} {
			if ev := normalized(t, in, Input{}); ev.Message == nil || ev.Message.Formatted != "x y" || ev.Message.Template == "x y" {
				t.Errorf("%s: %+v", in, ev.Message)
			}
		}
	})
	t.Run("110_user_ip", func(t *testing.T) {
		for in, want := range map[string]string{
			`{"platform":"go","user":{"ip_address":"{{auto}}"}}`:                           "203.0.113.9",
			`{"platform":"javascript"}`:                                                    "203.0.113.9",
			`{"platform":"javascript","sdk":{"name":"x","settings":{"infer_ip":"never"}}}`: "",
			`{"platform":"go"}`: "",
			`{"platform":"go","sdk":{"name":"x","settings":{"infer_ip":"auto"}}}`:                "203.0.113.9",
			`{"platform":"javascript","user":{"ip_address":"10.0.0.1"}}`:                         "10.0.0.1",
			`{"platform":"python","request":{"env":{"REMOTE_ADDR":"10.0.0.2"}}}`:                 "10.0.0.2",
			`{"platform":"python","user":{"ip_address":"::ffff:10.0.0.3"}}`:                      "10.0.0.3",
			`{"platform":"python","user":{"ip_address":"not one"}}`:                              "",
			`{"platform":"javascript","user":{"id":1},"request":{"env":{"REMOTE_ADDR":"junk"}}}`: "203.0.113.9",
		} {
			ev := normalized(t, in, Input{RemoteAddr: "203.0.113.9:4711"})
			got := ""
			if ev.User != nil {
				got = ev.User.IPAddress
			}
			if got != want {
				t.Errorf("%s: %q, want %q", in, got, want)
			}
		}
	})
	t.Run("111_request_url", func(t *testing.T) {
		r := normalized(t, `{"request":{"url":"https://a.test/b?c=d&e=f%20g#h"}}`, Input{}).Request
		want := &envelope.Request{URL: "https://a.test/b", Fragment: "h", Query: []envelope.Pair{{Key: "c", Value: "d"}, {Key: "e", Value: "f g"}}}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Error(diff)
		}
		if r := normalized(t, `{"request":{"url":"https://a.test/b?c=d","query_string":"x=y"}}`, Input{}).Request; r.Query[0].Key != "x" || r.URL != "https://a.test/b" {
			t.Errorf("given query lost: %+v", r)
		}
	})
	t.Run("112_headers", func(t *testing.T) {
		r := normalized(t, `{"request":{"headers":[["accept",["a","b"]],["cookie","c=d"]]}}`, Input{}).Request
		if diff := cmp.Diff([]envelope.Pair{{Key: "Accept", Value: "a,b"}}, r.Headers); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]envelope.Pair{{Key: "c", Value: "d"}}, r.Cookies); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("113_breadcrumbs", func(t *testing.T) {
		ev := same(t, Input{}, `{"breadcrumbs":[{"message":"2","timestamp":2},{"message":"1","timestamp":1}]}`,
			`{"breadcrumbs":{"values":[{"message":"2","timestamp":2},{"message":"1","timestamp":1}]}}`)
		if len(ev.Breadcrumbs) != 2 || ev.Breadcrumbs[0].Message != "2" || ev.Breadcrumbs[0].Level != "info" {
			t.Errorf("got %+v", ev.Breadcrumbs)
		}
	})
	t.Run("114_level", func(t *testing.T) {
		if ev := normalized(t, `{"level":"log"}`, Input{}); ev.Level != "info" || meta(t, ev, "level") != 0 {
			t.Errorf("log: %q", ev.Level)
		}
		if ev := normalized(t, `{"level":"bogus"}`, Input{}); ev.Level != "error" || meta(t, ev, "level") == 0 {
			t.Errorf("bogus: %q, %s", ev.Level, encode(t, ev))
		}
		if ev := normalized(t, `{"type":"transaction"}`, Input{}); ev.Level != "info" {
			t.Errorf("transaction: %q", ev.Level)
		}
	})
	t.Run("115_release", func(t *testing.T) {
		for in, want := range map[string]string{`" 1.0 "`: "1.0", `"latest"`: "", `"LATEST"`: "", `7`: "7", `"a/b"`: "a/b", `"@acme/shop@1.0"`: "@acme/shop@1.0", `"a\\b"`: "", `"."`: "",
			`"a\nb"`: "", `"shop@1.0+5"`: "shop@1.0+5"} {
			if ev := normalized(t, `{"release":`+in+`}`, Input{}); ev.Release != want {
				t.Errorf("%s: %q, want %q", in, ev.Release, want)
			}
		}
	})
	t.Run("116_timestamp", func(t *testing.T) {
		for name, at := range map[string]time.Time{"past_timestamp": received.AddDate(0, 0, -40), "future_timestamp": received.Add(time.Hour)} {
			ev := normalized(t, fmt.Sprintf(`{"timestamp":%d,"breadcrumbs":[{"timestamp":%d}]}`, at.Unix(), at.Unix()-1), Input{})
			if !ev.Timestamp.Equal(received) || len(ev.Errors) != 1 || ev.Errors[0].Text("type") != name {
				t.Errorf("%s: %v %v", name, ev.Timestamp, ev.Errors)
			}
			if got := ev.Timestamp.Sub(ev.Breadcrumbs[0].Timestamp); got != time.Second {
				t.Errorf("%s: breadcrumb %v before", name, got)
			}
		}
		if ev := normalized(t, `{"start_timestamp":1,"timestamp":"junk"}`, Input{}); !ev.Timestamp.Equal(received) {
			t.Errorf("no time: %v", ev.Timestamp)
		}
		if ev := normalized(t, `{"type":"transaction","start_timestamp":1}`, Input{}); !ev.Timestamp.IsZero() {
			t.Errorf("an end was made up: %v", ev.Timestamp)
		}
		at := received.Add(-3 * time.Hour)
		ev := normalized(t, fmt.Sprintf(`{"timestamp":%d}`, at.Unix()), Input{SentAt: at.Add(time.Second)})
		if !ev.Timestamp.Equal(received.Add(-time.Second)) || ev.Errors[0].Text("type") != "clock_drift" {
			t.Errorf("drift: %v %v", ev.Timestamp, ev.Errors)
		}
		ev = normalized(t, fmt.Sprintf(`{"timestamp":%d}`, at.Unix()), Input{SentAt: received.Add(-time.Minute)})
		if !ev.Timestamp.Equal(at) || ev.Errors != nil {
			t.Errorf("offline event: %v %v", ev.Timestamp, ev.Errors)
		}
	})
	t.Run("117_platform", func(t *testing.T) {
		if ev := normalized(t, `{"platform":"foo"}`, Input{}); ev.Platform != "other" || meta(t, ev, "platform") == 0 {
			t.Errorf("got %s", encode(t, ev))
		}
	})
	t.Run("118_frames", func(t *testing.T) {
		frames := make([]string, 400)
		for i := range frames {
			frames[i] = fmt.Sprintf(`{"function":"f%d","vars":{"a":1}}`, i)
		}
		ev := normalized(t, `{"exception":{"type":"A","stacktrace":{"frames":[`+strings.Join(frames, ",")+`]}}}`, Input{})
		got := ev.Exceptions[0].Stacktrace.Frames
		if len(got) != 250 || got[249].Function != "f399" || got[0].Vars == nil || got[249].Vars == nil || got[125].Vars != nil {
			t.Errorf("%d frames, last %+v", len(got), got[len(got)-1])
		}
	})
	t.Run("119_fingerprint", func(t *testing.T) { // what it does to the hash is package grouping's
		ev := normalized(t, `{"fingerprint":["{{ default }}","x",7]}`, Input{})
		if diff := cmp.Diff([]string{"{{ default }}", "x", "7"}, ev.Fingerprint); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReplayContext(t *testing.T) {
	id, _ := envelope.ParseID("428703b89f254b9cbabe71c756364742")
	ev := normalized(t, `{"contexts":{"replay":{"replay_id":"00000000000000000000000000000001"}}}`, Input{ReplayID: id})
	if got := ev.Contexts.Text("replay", "replay_id"); got != id.String() {
		t.Errorf("got %q", got)
	}
}

func TestAgents(t *testing.T) {
	a := NewAgents()
	const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
	ev := normalized(t, `{"platform":"javascript","contexts":{"trace":{"trace_id":"X"}}}`, Input{Agents: a, UserAgent: chrome})
	if ev.Contexts.Text("browser", "name") != "Chrome" || ev.Contexts.Text("os", "name") != "Windows" || ev.Tag("browser") == "" || ev.Contexts.Text("trace", "trace_id") != "" {
		t.Errorf("got %s", encode(t, ev))
	}
	ev = normalized(t, `{"platform":"go","contexts":{"os":{"name":"linux"}},"request":{"headers":{"user-agent":"`+chrome+`"}}}`, Input{Agents: a, UserAgent: "sentry.go/1"})
	if ev.Contexts.Text("os", "name") != "linux" || ev.Contexts.Text("client_os", "name") != "Windows" {
		t.Errorf("got %s", encode(t, ev))
	}
}

func TestSideOf(t *testing.T) {
	for _, tc := range []struct{ platform, sdk, runtime, want string }{
		{"javascript", "sentry.javascript.browser", "", Frontend},
		{"javascript", "sentry.javascript.react", "", Frontend},
		{"javascript", "", "", Frontend},
		{"node", "sentry.javascript.node", "node", Backend},
		{"javascript", "sentry.javascript.node", "", Backend},
		{"javascript", "sentry.javascript.cloudflare", "", Backend},
		{"javascript", "sentry.javascript.nextjs", "", Frontend},
		{"javascript", "sentry.javascript.nextjs", "vercel-edge", Backend},
		{"node", "sentry.javascript.nextjs", "node", Backend},
		{"javascript", "sentry.javascript.react-native", "hermes", Frontend},
		{"javascript", "sentry.javascript.bun", "bun", Backend},
		{"javascript", "sentry.javascript.deno", "deno", Backend},
		{"go", "sentry.go", "go", Backend},
		{"java", "sentry.java.android", "", Frontend},
		{"java", "sentry.java.spring-boot", "", Backend},
		{"cocoa", "sentry.cocoa", "", Frontend},
		{"other", "sentry.dart.flutter", "", Frontend},
		{"python", "sentry.python.django", "", Backend},
		{"csharp", "sentry.dotnet.maui", "", Frontend},
		{"", "", "", Backend},
	} {
		if got := SideOf(tc.platform, tc.sdk, tc.runtime); got != tc.want {
			t.Errorf("SideOf(%q, %q, %q) = %s", tc.platform, tc.sdk, tc.runtime, got)
		}
	}
}

func TestLimits(t *testing.T) {
	big := `"` + strings.Repeat("x", 30_000) + `"`
	ev := normalized(t, `{"extra":{"a":`+big+`,"deep":{"a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}}}},"contexts":{"c":{"x":`+big+`}},"request":{"method":"no way","data":`+big+
		`},"breadcrumbs":[{"message":`+big+`}],"exception":{"value":`+big+`},"release":`+big+`,"tags":{"bad key!":"x","good key":"y\nz"}}`, Input{})
	b := encode(t, ev)
	if len(b) > 70_000 || !json.Valid([]byte(b)) {
		t.Errorf("%d bytes", len(b))
	}
	for name, size := range map[string]int{"extra": len(ev.Extra["a"]), "context": len(ev.Contexts["c"]["x"]), "data": len(ev.Request.Data)} {
		if size > 17<<10 {
			t.Errorf("%s has %d bytes", name, size)
		}
	}
	if ev.Request.Method != "" || len(ev.Release) != 200 || ev.Tag("good-key") != "y z" || !strings.Contains(string(ev.Extra["deep"]), "null") {
		t.Errorf("got %s", b[:2000])
	}
	if len(ev.Exceptions[0].Value) != 8192 || !strings.HasSuffix(ev.Exceptions[0].Value, "...") {
		t.Errorf("value has %d bytes", len(ev.Exceptions[0].Value))
	}
}

// TestCorpus normalises what real SDKs sent, twice: the second time nothing changes.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../envelope/testdata/events/*.json")
	if len(files) < 20 {
		t.Fatalf("only %d files", len(files))
	}
	agents := NewAgents()
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		in := Input{Received: received, RemoteAddr: "203.0.113.9", Agents: agents}
		ev := normalized(t, string(b), in)
		once := encode(t, ev)
		again := parse(t, once)
		Event(again, in)
		if diff := cmp.Diff(once, encode(t, again)); diff != "" {
			t.Errorf("%s: not stable:\n%.2000s", filepath.Base(name), diff)
		}
		if (ev.Meta != nil || ev.Errors != nil) && !strings.Contains(string(b), `"_meta"`) {
			m, _ := (&envelope.Event{Meta: ev.Meta, Errors: ev.Errors}).Encode()
			t.Logf("%s: %.300s", filepath.Base(name), m)
		}
	}
}

func FuzzEvent(f *testing.F) {
	files, _ := filepath.Glob("../../envelope/testdata/events/*.json")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ev, err := envelope.ParseEvent(b)
		if err != nil {
			return
		}
		Event(ev, Input{Received: received, SentAt: received, RemoteAddr: "::1"})
		out, err := ev.Encode()
		if err != nil || !json.Valid(out) {
			t.Fatalf("%v: %s", err, out)
		}
		Side(ev)
	})
}
