package linker

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/store"
)

// outcomes gives what became of items, as "category outcome reason n".
func (w *world) outcomes() []string {
	w.t.Helper()
	var out []string
	for _, l := range w.lines("SELECT category, outcome, reason, SUM(quantity) FROM outcomes GROUP BY category, outcome, reason ORDER BY category, outcome, reason") {
		out = append(out, strings.Join(strings.Fields(strings.ReplaceAll(l, "|", "  ")), " "))
	}
	return out
}

// send delivers one envelope of project 1, given as lines.
func (w *world) send(id string, lines ...string) {
	w.t.Helper()
	w.deliver(w.split(id, w.first, noon, []byte(strings.Join(lines, "\n")))...)
}

func deflate(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const replayEvent = `{"type":"replay_event","replay_id":"` + replayA + `","segment_id":0,"timestamp":1795176060,"urls":["/a"]}`

func TestReplayPayloads(t *testing.T) {
	frames := fmt.Sprintf(`[{"type":4,"timestamp":%d,"data":{"href":"http://shop.test/"}},{"type":2,"timestamp":%d,"data":{}}]`, noon.UnixMilli()-2_000, noon.UnixMilli()-1_000)
	many, err := json.Marshal(strings.Split(strings.Repeat("/p ", 149)+"/p", " "))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, event, recording string
		want                   []string // outcomes
		segment                []string // playable|problem is set|frames
		pages                  string
	}{
		{"zlib", replayEvent, "{\"segment_id\":0}\n" + deflate(t, frames), []string{"replay accepted 2"}, []string{"1|0"}, "1"},
		{"plain", replayEvent, "{\"segment_id\":0}\n" + frames, []string{"replay accepted 2"}, []string{"1|0"}, "1"},
		{"no header line", replayEvent, frames, []string{"replay invalid invalid_replay_recording 2"}, nil, ""},
		{"empty body", replayEvent, "{\"segment_id\":0}\n", []string{"replay invalid invalid_replay_recording 2"}, nil, ""},
		{"broken zlib is kept", replayEvent, "{\"segment_id\":0}\n" + deflate(t, frames)[:20], []string{"replay accepted unplayable 2"}, []string{"0|1"}, "1"},
		{"not JSON is kept", replayEvent, "{\"segment_id\":0}\n[{\"type\":", []string{"replay accepted unplayable 2"}, []string{"0|1"}, "1"},
		{"no segment_id", `{"replay_id":"` + replayA + `"}`, "{\"segment_id\":0}\n" + frames, []string{"replay invalid invalid_replay 2"}, nil, ""},
		{"no replay_id", `{"segment_id":0}`, "{\"segment_id\":0}\n" + frames, []string{"replay invalid invalid_replay 2"}, nil, ""},
		{"bad error id", `{"replay_id":"` + replayA + `","segment_id":0,"error_ids":["x"]}`, "{\"segment_id\":0}\n" + frames, []string{"replay invalid invalid_replay 2"}, nil, ""},
		{"150 pages", `{"replay_id":"` + replayA + `","segment_id":0,"urls":` + string(many) + `}`, "{\"segment_id\":0}\n" + frames, []string{"replay accepted 2"}, []string{"1|0"}, "100"},
		{"inflates beyond the limit", replayEvent, "{\"segment_id\":0}\n" + deflate(t, `[{"type":3,"timestamp":1,"data":"`+strings.Repeat(" ", 101<<20)+`"}]`), []string{"replay invalid too_large 2"}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachDB(t, func(t *testing.T, w *world) {
				w.send("m", `{"event_id":"`+replayA+`"}`, `{"type":"replay_event"}`, tt.event,
					fmt.Sprintf(`{"type":"replay_recording","length":%d}`, len(tt.recording)), tt.recording)
				if diff := cmp.Diff(tt.want, w.outcomes()); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.segment, w.lines("SELECT playable, CASE WHEN problem = '' THEN 0 ELSE 1 END FROM replay_segments")); diff != "" {
					t.Error(diff)
				}
				if tt.segment == nil {
					return
				}
				if got := w.lines("SELECT count_urls FROM replays"); got[0] != tt.pages {
					t.Errorf("pages = %v, want %s", got, tt.pages)
				}
				key := w.lines("SELECT blob FROM replay_segments")[0]
				r, err := w.blobs.Get(t.Context(), key)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				b, err := io.ReadAll(r)
				if _, body, _ := strings.Cut(tt.recording, "\n"); err != nil || string(b) != body {
					t.Errorf("blob %s holds %d bytes, %v; want the client's %d", key, len(b), err, len(body))
				}
			})
		})
	}
}

// TestUnscrubbedRecordingIsNotPlayed: what the edge could not scrub is kept and never shown, also when it can
// be read here.
func TestUnscrubbedRecordingIsNotPlayed(t *testing.T) {
	rec := fmt.Sprintf("{\"segment_id\":0}\n[{\"type\":4,\"timestamp\":%d,\"data\":{\"href\":\"http://shop.test/\"}}]", noon.UnixMilli())
	eachDB(t, func(t *testing.T, w *world) {
		w.send("m", `{"event_id":"`+replayA+`"}`, `{"type":"replay_event"}`, replayEvent,
			fmt.Sprintf(`{"type":"replay_recording","length":%d,"unscrubbed":true}`, len(rec)), rec)
		if diff := cmp.Diff([]string{"0|1"}, w.lines("SELECT playable, CASE WHEN problem = '' THEN 0 ELSE 1 END FROM replay_segments")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"replay accepted unplayable 2"}, w.outcomes()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReplayVideo(t *testing.T) {
	rec := fmt.Sprintf("{\"segment_id\":0}\n[{\"type\":4,\"timestamp\":%d,\"data\":{}}]", noon.UnixMilli()-1_000)
	video := func(film string) []byte {
		p := []byte{0x83} // msgpack: a map of three
		for _, kv := range [][2]string{{"replay_event", replayEvent}, {"replay_recording", rec}, {"replay_video", film}} {
			p = append(append(p, 0xa0+byte(len(kv[0]))), kv[0]...)
			p = append(append(p, 0xc5, byte(len(kv[1])>>8), byte(len(kv[1]))), kv[1]...)
		}
		head := fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"replay_video\",\"length\":%d}\n", replayA, len(p))
		return append([]byte(head), p...)
	}
	eachDB(t, func(t *testing.T, w *world) {
		w.deliver(w.split("a", w.first, noon, video("film"))...)
		w.deliver(w.split("b", w.first, noon, video(""))...)
		if diff := cmp.Diff([]string{"replay accepted 1", "replay invalid invalid_replay_video 1"}, w.outcomes()); diff != "" {
			t.Error(diff)
		}
		key := w.lines("SELECT blob FROM replay_segments")[0]
		if n, err := w.blobs.Stat(t.Context(), key+".mp4"); err != nil || n != 4 {
			t.Errorf("film: %d bytes, %v", n, err)
		}
	})
}

// withHeader puts an envelope header before items that have none.
func withHeader(items []string) []string {
	if len(items)%2 == 1 {
		return items
	}
	return append([]string{"{}"}, items...)
}

func TestSessionPayloads(t *testing.T) {
	update := func(more string) string {
		return `{"sid":"aaaa0000aaaa4000aaaa0000aaaa0000","started":"2026-11-20T11:59:00Z","timestamp":"2026-11-20T11:59:30Z","attrs":{"release":"r@1"},` + more + `}`
	}
	for _, tt := range []struct {
		name    string
		items   []string
		session []string // status|errors|updated after started
		counts  []string
		want    []string
	}{
		{"ok, then exited", []string{`{"type":"session"}`, update(`"init":true,"status":"ok"`), `{"type":"session"}`, update(`"seq":2,"status":"exited"`)}, []string{"exited|0|1"}, nil, []string{"session accepted 2"}},
		{"ok, then crashed", []string{`{"type":"session"}`, update(`"init":true,"status":"ok"`), `{"type":"session"}`, update(`"seq":2,"status":"crashed","errors":1`)}, []string{"crashed|1|1"}, nil, []string{"session accepted 2"}},
		{"aggregates", []string{`{"type":"sessions"}`, `{"aggregates":[{"started":"2026-11-20T11:59:10Z","exited":3,"errored":2,"crashed":1}],"attrs":{"release":"r@1"}}`}, nil, []string{"3|2|1"}, []string{"session accepted 1"}},
		{"no release", []string{`{"type":"session"}`, `{"sid":"aaaa0000aaaa4000aaaa0000aaaa0000","started":"2026-11-20T11:59:00Z","attrs":{}}`}, nil, nil, []string{"session invalid invalid_session 1"}},
		{"timestamp before the start", []string{`{"type":"session"}`, `{"sid":"aaaa0000aaaa4000aaaa0000aaaa0000","started":"2026-11-20T11:59:00Z","timestamp":"2026-11-20T11:58:00Z","attrs":{"release":"r"}}`}, []string{"ok|0|0"}, nil, []string{"session accepted 1"}},
		{"unhandled", []string{`{"type":"session"}`, update(`"status":"unhandled","errors":1`)}, []string{"unhandled|1|1"}, nil, []string{"session accepted 1"}},
		{"sent by a clock that is a year behind", []string{`{"sent_at":"2025-11-20T12:00:00Z"}`, `{"type":"session"}`, `{"sid":"aaaa0000aaaa4000aaaa0000aaaa0000","started":"2025-11-20T11:59:00Z","timestamp":"2025-11-20T11:59:30Z","attrs":{"release":"r"}}`}, []string{"ok|0|1"}, nil, []string{"session accepted 1"}},
		{"aggregates of a clock that is a year behind", []string{`{"sent_at":"2025-11-20T12:00:00Z"}`, `{"type":"sessions"}`, `{"aggregates":[{"started":"2025-11-20T11:59:10Z","exited":3}],"attrs":{"release":"r@1"}}`}, nil, []string{"3|0|0"}, []string{"session accepted 1"}},
		{"a year ago", []string{`{"type":"session"}`, `{"sid":"aaaa0000aaaa4000aaaa0000aaaa0000","started":"2025-11-20T11:59:00Z","attrs":{"release":"r"}}`}, nil, nil, []string{"session invalid invalid_session_time 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachDB(t, func(t *testing.T, w *world) {
				for range 2 { // and redelivered
					w.send("m", withHeader(tt.items)...)
				}
				if diff := cmp.Diff(tt.session, w.lines("SELECT status, errors, CASE WHEN updated_ms > started_ms THEN 1 ELSE 0 END FROM release_sessions")); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.counts, w.lines("SELECT exited, errored, crashed FROM release_session_counts")); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.want, w.outcomes()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// A span whose end is before its start is kept with no length, and says what came: as streamed, as a span of its own in
// the older form, and within a transaction.
func TestSpanThatEndsBeforeItBegins(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		w.send("streamed", withHeader([]string{`{"type":"span","item_count":1,"content_type":"application/vnd.sentry.items.span.v2+json"}`,
			`{"items":[{"trace_id":"` + traceT + `","span_id":"00000000000000a1","name":"POST /pay","start_timestamp":1795176001.5,"end_timestamp":1795176000.25,"_meta":{"name":{"":{"len":9}}}}]}`})...)
		w.send("older", withHeader([]string{`{"type":"span"}`, `{"trace_id":"` + traceT + `","span_id":"00000000000000a2","op":"resource","start_timestamp":1795176001.5,"timestamp":1795176000.25}`})...)
		w.send("transaction", withHeader([]string{`{"type":"transaction"}`, `{"type":"transaction","transaction":"/","start_timestamp":1795176000,"timestamp":1795176003,"contexts":{"trace":{"trace_id":"` + traceT + `","span_id":"00000000000000a3"}},"spans":[{"span_id":"00000000000000a4","parent_span_id":"00000000000000a3","start_timestamp":1795176001.5,"timestamp":1795176000.25}]}`})...)
		want := []string{"00000000000000a1|1795176001500000|0", "00000000000000a2|1795176001500000|0", "00000000000000a3|1795176000000000|3000000", "00000000000000a4|1795176001500000|0"}
		if diff := cmp.Diff(want, w.lines("SELECT span_id, start_us, end_us - start_us FROM spans ORDER BY span_id")); diff != "" {
			t.Error(diff)
		}
		spans, err := w.s.TraceSpans(t.Context(), store.Scope{OrgID: w.org}, traceT, 10)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(spans, func(s store.Span) bool { return s.SpanID == "00000000000000a1" })
		payload, err := store.Decompress(spans[at].Payload)
		if err != nil {
			t.Fatal(err)
		}
		const said = `"_meta":{"end_timestamp":{"":{"err":[["invalid_data",{"reason":"before start_timestamp"}]],"val":`
		if !strings.Contains(string(payload), said) || !strings.Contains(string(payload), `"name":{"":{"len":9}}`) {
			t.Errorf("the span does not say what came: %s", payload)
		}
	})
}

// Whatever comes in is stored or has an outcome that says why not.
func TestEveryItemHasAnOutcome(t *testing.T) {
	const id = "1234000012344000123400001234abcd"
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"an event that is no object", []string{`{"type":"event"}`, `[1]`}, []string{"error invalid invalid_json 1"}},
		{"an empty event", []string{`{"type":"event"}`, `{}`}, []string{"error accepted 1"}},
		{"a transaction without a trace", []string{`{"type":"transaction"}`, `{"type":"transaction","start_timestamp":1,"timestamp":2}`},
			[]string{"span invalid invalid_transaction 1", "span_indexed invalid invalid_transaction 1", "transaction invalid invalid_transaction 1", "transaction_indexed invalid invalid_transaction 1"}},
		{"a span container that counts wrong", []string{`{"type":"span","item_count":2,"content_type":"application/vnd.sentry.items.span.v2+json"}`, `{"items":[{},{},{}]}`},
			[]string{"span invalid invalid_container 2", "span_indexed invalid invalid_container 2"}},
		{"a span that is none, beside a good one", []string{`{"type":"span","item_count":2,"content_type":"application/vnd.sentry.items.span.v2+json"}`,
			`{"items":[{},{"trace_id":"` + traceT + `","span_id":"` + spanT + `","name":"n","is_segment":true,"start_timestamp":1795176000,"end_timestamp":1795176001}]}`},
			[]string{"span accepted 1", "span invalid invalid_span 1", "span_indexed accepted 1", "span_indexed invalid invalid_span 1"}},
		{"a span that ends before it begins", []string{`{"type":"span","item_count":1,"content_type":"application/vnd.sentry.items.span.v2+json"}`,
			`{"items":[{"trace_id":"` + traceT + `","span_id":"` + spanT + `","name":"POST /pay","start_timestamp":1795176001,"end_timestamp":1795176000}]}`},
			[]string{"span accepted 1", "span_indexed accepted 1"}},
		{"a span without an end", []string{`{"type":"span","item_count":1,"content_type":"application/vnd.sentry.items.span.v2+json"}`,
			`{"items":[{"trace_id":"` + traceT + `","span_id":"` + spanT + `","name":"n","start_timestamp":1795176001}]}`},
			[]string{"span invalid invalid_span 1", "span_indexed invalid invalid_span 1"}},
		{"a log container without its content type", []string{`{"type":"log","item_count":1}`, `{"items":[{}]}`}, []string{"log_byte invalid invalid_container 14", "log_item invalid invalid_container 1"}},
		{"a check-in without a monitor", []string{`{"type":"check_in"}`, `{"status":"ok"}`}, []string{"monitor invalid invalid_check_in 1"}},
		{"feedback without a message", []string{`{"type":"feedback"}`, `{"contexts":{"feedback":{}}}`}, []string{"feedback invalid invalid_feedback 1"}},
		{"a client report", []string{`{"type":"client_report"}`, `{"discarded_events":[{"reason":"sample_rate","category":"transaction","quantity":4}],"rate_limited_events":[{"reason":"q","category":"error","quantity":2}]}`},
			[]string{"error rate_limited q 2", "transaction client_discard sample_rate 4"}},
		{"a type nobody knows", []string{`{"type":"tomorrow","x":1}`, `bytes`}, nil},
		{"a profile", []string{`{"type":"profile"}`, `{"version":"1"}`}, []string{"profile accepted kept raw 1", "profile_indexed accepted kept raw 1"}},
		{"a lone attachment", []string{`{"type":"attachment","length":0,"filename":"a/../b.txt"}`, ``}, []string{"attachment accepted 1", "attachment_item accepted 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachDB(t, func(t *testing.T, w *world) {
				for range 2 {
					w.send("m", append([]string{`{"event_id":"` + id + `"}`}, tt.lines...)...)
				}
				if diff := cmp.Diff(tt.want, w.outcomes()); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestEdgeOutcomesCountOnce(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		m, err := stream.NewOutcomesMessage("01J:0", noon, []stream.Outcome{{Minute: noon.Unix(), OrgID: w.org, ProjectID: w.first, Category: "error",
			Outcome: store.OutcomeInvalid, Reason: "too_large", Quantity: 3}})
		if err != nil {
			t.Fatal(err)
		}
		d := &stream.Delivery{Message: *m, Attempt: 1}
		w.deliver(d, d)
		w.deliver(d)
		forged := *d
		forged.ID, forged.ProjectID, forged.OrgID = "01J:1", w.first, w.org // as if a client had sent it
		w.deliver(&forged)
		if diff := cmp.Diff([]string{"error invalid too_large 3"}, w.outcomes()); diff != "" {
			t.Error(diff)
		}
	})
}

// An event that a client sends again, in another request, changes nothing; its attachment is not kept twice.
func TestEventSentAgain(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		lines := []string{`{"event_id":"1234000012344000123400001234abcd"}`, `{"type":"event"}`, `{"message":"x"}`,
			`{"type":"attachment","length":5,"filename":"a.txt"}`, `hello`}
		w.send("first", lines...)
		w.send("again", lines...)
		blobs := 0
		if err := w.blobs.List(t.Context(), "", func(string, int64) bool { blobs++; return true }); err != nil {
			t.Fatal(err)
		}
		if n := len(w.lines("SELECT id FROM attachments")); n != 1 || blobs != 1 {
			t.Errorf("%d attachments, %d blobs, want one of each", n, blobs)
		}
		want := []string{"attachment accepted 5", "attachment invalid duplicate 5", "attachment_item accepted 1", "attachment_item invalid duplicate 1",
			"error accepted 1", "error invalid duplicate 1"}
		if diff := cmp.Diff(want, w.outcomes()); diff != "" {
			t.Error(diff)
		}
	})
}

// A request that took long is found by its own time, not by when it came.
func TestTimesComeFromTheItem(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		d := w.goError(1, traceT, noon)
		d.Received = noon.Add(20 * time.Minute)
		w.deliver(d)
		if got := w.lines("SELECT timestamp_ms, received_ms FROM events"); got[0] != fmt.Sprintf("%d|%d", noon.UnixMilli(), d.Received.UnixMilli()) {
			t.Errorf("times = %v", got)
		}
	})
}
