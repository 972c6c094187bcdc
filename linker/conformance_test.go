package linker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
)

// conformanceCase is a line of the protocol's conformance list whose end is in the database; its name begins with the
// line's number.
type conformanceCase struct {
	name string
	run  func(t *testing.T, w *world)
}

// TestConformance is the part of the list that is decided here: what is stored, and what becomes of the rest. What the
// client hears is shown by the same test of package relay.
func TestConformance(t *testing.T) {
	for _, c := range slices.Concat(eventLines(), replayLines(), sessionLines(), checkInLines(), containerLines(), reportLines(), uploadLines()) {
		t.Run(c.name, func(t *testing.T) { eachDB(t, c.run) })
	}
}

// want compares what is in the database with lines.
func (w *world) want(query string, lines ...string) {
	w.t.Helper()
	if diff := cmp.Diff(lines, w.lines(query)); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

func (w *world) wantOutcomes(lines ...string) {
	w.t.Helper()
	if diff := cmp.Diff(lines, w.outcomes()); diff != "" {
		w.t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

const (
	eventE   = "1234000012344000123400001234abcd"
	sessionS = "aaaa0000aaaa4000aaaa0000aaaa0000"
)

func eventLines() []conformanceCase {
	return []conformanceCase{
		{"46_event_attachments_user_report", func(t *testing.T, w *world) {
			w.send("m", `{"event_id":"`+eventE+`"}`, `{"type":"event"}`, `{"message":"m"}`,
				`{"type":"attachment","length":1,"filename":"a"}`, "1", `{"type":"attachment","length":1,"filename":"b"}`, "2", `{"type":"attachment","length":1,"filename":"c"}`, "3",
				`{"type":"user_report"}`, `{"event_id":"`+eventE+`","comments":"it broke"}`)
			w.want("SELECT name FROM attachments WHERE event_id = '"+eventE+"' ORDER BY name", "a", "b", "c")
			w.want("SELECT message FROM feedback WHERE associated_event_id = '"+eventE+"'", "it broke")
			w.want("SELECT event_id FROM events", eventE)
		}},
		{"47_only_an_attachment", func(t *testing.T, w *world) {
			file := func(id, name string) {
				w.send(id, `{"event_id":"`+eventE+`"}`, `{"type":"attachment","length":1,"filename":"`+name+`"}`, "x")
			}
			file("before", "before.txt")
			w.send("event", `{"event_id":"`+eventE+`"}`, `{"type":"event"}`, `{"message":"m"}`)
			file("after", "after.txt")
			files, err := w.s.Attachments(t.Context(), store.Scope{OrgID: w.org}, w.first, eventE)
			if err != nil || len(files) != 2 {
				t.Errorf("attachments of the event: %+v %v", files, err)
			}
		}},
		{"49_same_id_twice", func(t *testing.T, w *world) {
			for _, id := range []string{"first", "again"} {
				w.send(id, `{"event_id":"`+eventE+`"}`, `{"type":"event"}`, `{"message":"m"}`)
			}
			w.want("SELECT times_seen FROM issues", "1")
			w.wantOutcomes("error accepted 1", "error invalid duplicate 1")
		}},
		{"79_trace_seen_with_a_replay", func(t *testing.T, w *world) {
			w.deliver(w.goError(1, traceT, noon.Add(time.Second))) // names no replay
			w.send("browser", `{"event_id":"`+eventE+`","trace":{"trace_id":"`+traceT+`","public_key":"k","replay_id":"`+replayA+`"}}`, `{"type":"event"}`,
				`{"platform":"javascript","message":"m","contexts":{"trace":{"trace_id":"`+traceT+`","span_id":"`+spanT+`"}}}`)
			w.deliver(w.recorded(replayA, 0, noon, noon.Add(time.Minute), nil, nil))
			if diff := cmp.Diff([]string{"event aaaa trace_bridge primary"}, w.links("item_id <> '"+eventE+"'")); diff != "" {
				t.Error(diff)
			}
		}},
		{"80_replay_lists_the_trace_of_sentry_go", func(t *testing.T, w *world) {
			w.deliver(w.goError(1, traceT, noon.Add(time.Second)))
			w.deliver(w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil))
			if diff := cmp.Diff([]string{"event aaaa trace_ids primary"}, w.links("1 = 1")); diff != "" {
				t.Error(diff)
			}
		}},
	}
}

func replayLines() []conformanceCase {
	frames := fmt.Sprintf(`[{"type":4,"timestamp":%d,"data":{"href":"http://shop.test/"}},{"type":2,"timestamp":%d,"data":{}}]`, noon.UnixMilli()-2_000, noon.UnixMilli()-1_000)
	segment := func(w *world, id, event, recording string) {
		w.send(id, `{"event_id":"`+replayA+`"}`, `{"type":"replay_event"}`, event, fmt.Sprintf(`{"type":"replay_recording","length":%d}`, len(recording)), recording)
	}
	const head = "{\"segment_id\":0}\n"
	stored := func(recording func(t *testing.T) string, playable string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			segment(w, "m", replayEvent, recording(t))
			w.want("SELECT replay_id, segment_id, playable FROM replay_segments", replayA+"|0|"+playable)
		}
	}
	dropped := func(event, recording, reason string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			segment(w, "m", event, recording)
			w.want("SELECT replay_id FROM replay_segments")
			w.wantOutcomes("replay invalid " + reason + " 2")
		}
	}
	return []conformanceCase{
		{"81_replay_zlib", stored(func(t *testing.T) string { return head + deflate(t, frames) }, "1")},
		{"82_replay_plain_json", stored(func(*testing.T) string { return head + frames }, "1")},
		{"83_recording_without_header_line", dropped(replayEvent, frames, "invalid_replay_recording")},
		{"83_recording_empty", dropped(replayEvent, head, "invalid_replay_recording")},
		{"83_recording_that_does_not_inflate", stored(func(t *testing.T) string { return head + deflate(t, frames)[:20] }, "0")},
		{"83_recording_that_is_no_json", stored(func(*testing.T) string { return head + `[{"type":` }, "0")},
		{"84_replay_event_without_segment_id", dropped(`{"replay_id":"`+replayA+`"}`, head+frames, "invalid_replay")},
		{"84_replay_event_without_replay_id", dropped(`{"segment_id":0}`, head+frames, "invalid_replay")},
		{"85_replay_event_invalid_error_ids", dropped(`{"replay_id":"`+replayA+`","segment_id":0,"error_ids":["x"]}`, head+frames, "invalid_replay")},
		{"85_replay_event_of_150_urls", func(t *testing.T, w *world) {
			segment(w, "m", `{"replay_id":"`+replayA+`","segment_id":0,"urls":["/p"`+strings.Repeat(`,"/p"`, 149)+`]}`, head+frames)
			w.want("SELECT count_urls FROM replays", "100")
		}},
		{"89_segments_in_any_order", func(t *testing.T, w *world) {
			for i, n := range []int{2, 0, 2, 1} {
				segment(w, fmt.Sprint("m", i), strings.Replace(replayEvent, `"segment_id":0`, fmt.Sprintf(`"segment_id":%d`, n), 1), fmt.Sprintf("{\"segment_id\":%d}\n%s", n, frames))
			}
			w.want("SELECT segment_id FROM replay_segments ORDER BY segment_id", "0", "1", "2")
			list, err := w.s.Segments(t.Context(), store.Scope{OrgID: w.org}, replayA, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range list {
				if s.SegmentID != int64(i) {
					t.Errorf("segment %d plays as number %d", s.SegmentID, i)
				}
			}
		}},
	}
}

func sessionLines() []conformanceCase {
	update := func(more string) []string {
		return []string{`{"type":"session"}`, `{"sid":"` + sessionS + `","started":"2026-11-20T11:59:00Z","timestamp":"2026-11-20T11:59:30Z","attrs":{"release":"r@1"},` + more + `}`}
	}
	sums := func(w *world, want store.SessionClasses) {
		w.t.Helper()
		got, err := w.s.SessionSums(w.t.Context(), store.Scope{OrgID: w.org}, store.SessionQuery{ToMS: noon.UnixMilli() + 3_600_000})
		if err != nil || len(got) != 1 || got[0].Sessions != want {
			w.t.Errorf("sessions %+v %v, want %+v", got, err, want)
		}
	}
	return []conformanceCase{
		{"90_session_exits", func(t *testing.T, w *world) {
			w.send("a", withHeader(update(`"init":true,"status":"ok"`))...)
			w.send("b", withHeader(update(`"seq":2,"status":"exited"`))...)
			w.want("SELECT sid, status, errors FROM release_sessions", sessionS+"|exited|0")
			sums(w, store.SessionClasses{All: 1})
		}},
		{"91_session_crashes", func(t *testing.T, w *world) {
			w.send("a", withHeader(update(`"init":true,"status":"ok"`))...)
			w.send("b", withHeader(update(`"seq":2,"status":"crashed","errors":1`))...)
			sums(w, store.SessionClasses{All: 1, Bad: 1, Crashed: 1}) // none of one is free of crashes
		}},
		{"92_session_aggregates", func(t *testing.T, w *world) {
			w.send("a", "{}", `{"type":"sessions"}`, `{"aggregates":[{"started":"2026-11-20T11:59:10Z","exited":3,"errored":2,"crashed":1}],"attrs":{"release":"r@1"}}`)
			sums(w, store.SessionClasses{All: 6, Bad: 3, Crashed: 1})
		}},
		{"93_session_without_release", func(t *testing.T, w *world) {
			w.send("a", "{}", `{"type":"session"}`, `{"sid":"`+sessionS+`","started":"2026-11-20T11:59:00Z","attrs":{}}`)
			w.want("SELECT sid FROM release_sessions")
			w.wantOutcomes("session invalid invalid_session 1")
		}},
		{"94_session_that_ends_before_it_starts", func(t *testing.T, w *world) {
			w.send("a", "{}", `{"type":"session"}`, `{"sid":"`+sessionS+`","started":"2026-11-20T11:59:00Z","timestamp":"2026-11-20T11:58:00Z","attrs":{"release":"r"}}`)
			w.want("SELECT started_ms = updated_ms FROM release_sessions", "1")
			w.wantOutcomes("session accepted 1")
		}},
		{"95_session_unhandled", func(t *testing.T, w *world) {
			w.send("a", withHeader(update(`"status":"unhandled","errors":1`))...)
			w.want("SELECT status FROM release_sessions", "unhandled")
			w.wantOutcomes("session accepted 1")
		}},
	}
}

func checkInLines() []conformanceCase {
	const id = "22220000222240002222000022220000"
	send := func(w *world, message, checkIn string) { w.send(message, "{}", `{"type":"check_in"}`, checkIn) }
	return []conformanceCase{
		{"96_check_in_of_unknown_monitor", func(t *testing.T, w *world) {
			send(w, "a", `{"check_in_id":"`+id+`","monitor_slug":"nobody","status":"ok"}`) // waits a day for who describes it
			if _, err := w.raw.ExecContext(t.Context(), "UPDATE pending_check_ins SET received_ms = 1"); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, err := w.s.Expire(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			w.want("SELECT slug FROM monitors")
			w.want("SELECT check_in_id FROM check_ins")
			w.wantOutcomes("monitor invalid unknown_monitor 1")
		}},
		{"96_check_in_describes_its_monitor", func(t *testing.T, w *world) {
			send(w, "a", `{"check_in_id":"`+id+`","monitor_slug":"Nightly Report","status":"ok","monitor_config":{"schedule":{"type":"crontab","value":"0 3 * * *"}}}`)
			w.want("SELECT slug FROM monitors", "nightly-report")
			w.want("SELECT check_in_id, monitor_slug, status FROM check_ins", id+"|nightly-report|ok")
			w.wantOutcomes("monitor accepted 1")
		}},
		{"97_check_in_without_id", func(t *testing.T, w *world) {
			send(w, "a", `{"check_in_id":"`+id+`","monitor_slug":"sync","status":"in_progress","monitor_config":{"schedule":{"type":"interval","value":10,"unit":"minute"}}}`)
			send(w, "b", `{"check_in_id":"00000000000000000000000000000000","monitor_slug":"sync","status":"ok"}`)
			w.want("SELECT check_in_id, status FROM check_ins", id+"|ok")
		}},
	}
}

func containerLines() []conformanceCase {
	const (
		logHead  = `{"type":"log","item_count":%d,"content_type":"application/vnd.sentry.items.log+json"}`
		spanHead = `{"type":"span","item_count":1,"content_type":"application/vnd.sentry.items.span.v2+json"}`
		aLog     = `{"timestamp":1795176010,"trace_id":"` + traceT + `","level":"info","body":"b"}`
	)
	span := func(id, more string) string {
		return `{"items":[{"trace_id":"` + traceT + `","span_id":"` + id + `","name":"n","start_timestamp":1795176000,"end_timestamp":1795176001` + more + `}]}`
	}
	return []conformanceCase{
		{"98_log_container_miscounted", func(t *testing.T, w *world) {
			w.send("a", "{}", fmt.Sprintf(logHead, 2), `{"version":2,"items":[`+aLog+`,`+aLog+`,`+aLog+`]}`)
			w.want("SELECT body FROM logs")
			w.wantOutcomes("log_byte invalid invalid_container 314", "log_item invalid invalid_container 2")
		}},
		{"99_log_container_without_content_type", func(t *testing.T, w *world) {
			w.send("a", "{}", `{"type":"log","item_count":1}`, `{"items":[`+aLog+`]}`)
			w.want("SELECT body FROM logs")
			w.wantOutcomes("log_byte invalid invalid_container 108", "log_item invalid invalid_container 1")
		}},
		{"100_log_container_of_go", func(t *testing.T, w *world) {
			w.send("a", "{}", fmt.Sprintf(logHead, 1), `{"items":[`+aLog+`]}`) // it has no version
			w.want("SELECT body FROM logs", "b")
		}},
		{"101_spans_before_their_segment", func(t *testing.T, w *world) {
			w.send("a", "{}", spanHead, span("eeee0000eeee0002", `,"parent_span_id":"eeee0000eeee0001","attributes":{"sentry.segment.id":{"type":"string","value":"eeee0000eeee0001"}}`))
			w.want("SELECT span_id, parent_span_id, is_segment FROM spans", "eeee0000eeee0002|eeee0000eeee0001|0")
			w.send("b", "{}", spanHead, span("eeee0000eeee0001", `,"is_segment":true`))
			spans, err := w.s.TraceSpans(t.Context(), store.Scope{OrgID: w.org}, traceT, 10)
			if err != nil || len(spans) != 2 {
				t.Fatalf("the trace has %d spans, %v", len(spans), err)
			}
			w.want("SELECT child.span_id, segment.span_id FROM spans child JOIN spans segment ON segment.trace_id = child.trace_id AND segment.span_id = child.segment_id AND segment.is_segment"+
				" WHERE child.segment_id <> child.span_id", "eeee0000eeee0002|eeee0000eeee0001")
		}},
		{"102_legacy_span", func(t *testing.T, w *world) {
			w.send("a", "{}", `{"type":"span"}`, `{"trace_id":"`+traceT+`","span_id":"eeee0000eeee0001","op":"ui.interaction.click","description":"button","start_timestamp":1795176000,"timestamp":1795176001}`)
			w.want("SELECT span_id, op FROM spans", "eeee0000eeee0001|ui.interaction.click")
			w.wantOutcomes("span accepted 1", "span_indexed accepted 1")
		}},
		{"103_log_attribute_of_another_type", func(t *testing.T, w *world) {
			w.send("a", "{}", fmt.Sprintf(logHead, 1), `{"items":[`+strings.TrimSuffix(aLog, "}")+`,"attributes":{"n":{"type":"integer","value":"abc"},"k":{"type":"string","value":"v"}}}]}`)
			id := w.lines("SELECT log_id FROM logs")
			if len(id) != 1 {
				t.Fatalf("%d logs", len(id))
			}
			l, err := w.s.LogOf(t.Context(), store.Scope{OrgID: w.org}, w.first, id[0])
			if err != nil {
				t.Fatal(err)
			}
			a, err := store.Decompress(l.Attributes)
			if err != nil {
				t.Fatal(err)
			}
			if a := string(a); strings.Contains(a, "abc") || !strings.Contains(a, `"k"`) {
				t.Errorf("attributes %s", a)
			}
		}},
		{"104_transaction_without_trace", func(t *testing.T, w *world) {
			w.send("a", `{"event_id":"`+eventE+`"}`, `{"type":"transaction"}`, `{"type":"transaction","start_timestamp":1795176000,"timestamp":1795176001}`)
			w.want("SELECT span_id FROM spans")
			w.wantOutcomes("span invalid invalid_transaction 1", "span_indexed invalid invalid_transaction 1", "transaction invalid invalid_transaction 1", "transaction_indexed invalid invalid_transaction 1")
		}},
	}
}

func reportLines() []conformanceCase {
	return []conformanceCase{
		{"105_feedback_with_screenshot", func(t *testing.T, w *world) {
			w.send("a", `{"event_id":"`+eventE+`"}`, `{"type":"feedback"}`, `{"type":"feedback","timestamp":1795176010,"contexts":{"feedback":{"message":"broken"}}}`,
				`{"type":"attachment","length":3,"filename":"screenshot.png"}`, "png")
			w.want("SELECT event_id, message FROM feedback", eventE+"|broken")
			w.want("SELECT event_id, name FROM attachments", eventE+"|screenshot.png")
		}},
		{"106_client_report_alone", func(t *testing.T, w *world) {
			w.send("a", "{}", `{"type":"client_report"}`, `{"discarded_events":[{"reason":"sample_rate","category":"transaction","quantity":4}]}`)
			w.wantOutcomes("transaction client_discard sample_rate 4")
		}},
	}
}

func uploadLines() []conformanceCase {
	mapped := func(byDebugID bool, release string) func(*testing.T, *world) {
		return func(_ *testing.T, w *world) {
			zip := w.shopBundle(byDebugID)
			w.upload(append([]byte("SYSB\x02\x00\x00\x00"), zip...), store.AssemblyRequest{Kind: store.AssembleBundle, Release: release})
			w.deliver(w.minified(1, byDebugID))
			w.wantMapped(1)
		}
	}
	return []conformanceCase{
		{"133_bundle_by_debug_id", mapped(true, "")},
		{"133_bundle_by_release_and_path", mapped(false, "shop@1")},
	}
}
