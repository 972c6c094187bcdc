package linker

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/store"
)

// envelopeOf is an envelope with one item, given as its header and its payload.
func (w *world) envelopeOf(id string, at time.Time, header, item string, payload any) *stream.Delivery {
	w.t.Helper()
	b, err := json.Marshal(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.split(id, w.first+1, at, []byte(fmt.Sprintf("%s\n%s\n%s\n", header, item, b)))[0]
}

func (w *world) logs(id string, n int, logs ...map[string]any) *stream.Delivery {
	return w.envelopeOf(id, noon.Add(10*time.Second), "{}",
		fmt.Sprintf(`{"type":"log","item_count":%d,"content_type":"application/vnd.sentry.items.log+json"}`, n), map[string]any{"items": logs})
}

func attribute(kind string, v any) map[string]any { return map[string]any{"type": kind, "value": v} }

// Every kind of item that shares a trace with a recording is linked to it, whichever comes first.
func TestItemsOfATraceAreLinked(t *testing.T) {
	inBothOrders(t, func(w *world) []*stream.Delivery {
		trace := map[string]any{"trace": map[string]any{"trace_id": traceT, "span_id": spanT}}
		at := float64(noon.Add(10 * time.Second).Unix())
		return []*stream.Delivery{
			w.goError(1, traceT, noon.Add(time.Second)),
			w.logs("logs", 1, map[string]any{"timestamp": at, "trace_id": traceT, "level": "warn", "body": "card declined"}),
			w.envelopeOf("transaction", noon.Add(11*time.Second), `{"event_id":"11110000111140001111000011110000"}`, `{"type":"transaction"}`,
				map[string]any{"type": "transaction", "transaction": "POST /charge", "start_timestamp": at, "timestamp": at + 1, "contexts": trace}),
			w.envelopeOf("span", noon.Add(11*time.Second), "{}", `{"type":"span","item_count":1,"content_type":"application/vnd.sentry.items.span.v2+json"}`,
				map[string]any{"items": []any{map[string]any{"trace_id": traceT, "span_id": "eeee0000eeee0000", "name": "job", "is_segment": true,
					"start_timestamp": at, "end_timestamp": at + 1, "attributes": map[string]any{}}}}),
			w.envelopeOf("metric", noon.Add(11*time.Second), "{}", `{"type":"trace_metric","item_count":1,"content_type":"application/vnd.sentry.items.trace-metric+json"}`,
				map[string]any{"items": []any{map[string]any{"timestamp": at, "trace_id": traceT, "name": "n", "type": "counter", "value": 1}}}),
			w.envelopeOf("profile", noon.Add(11*time.Second), "{}", `{"type":"profile"}`,
				map[string]any{"version": "1", "transaction": map[string]any{"id": "11110000111140001111000011110000", "trace_id": traceT}}),
			w.envelopeOf("checkin", noon.Add(11*time.Second), "{}", `{"type":"check_in"}`,
				map[string]any{"check_in_id": "22220000222240002222000022220000", "monitor_slug": "nightly", "status": "ok", "contexts": trace,
					"monitor_config": map[string]any{"schedule": map[string]any{"type": "crontab", "value": "0 * * * *"}}}),
			w.envelopeOf("feedback", noon.Add(11*time.Second), `{"event_id":"33330000333340003333000033330000"}`, `{"type":"feedback"}`,
				map[string]any{"type": "feedback", "timestamp": at, "contexts": map[string]any{"trace": trace["trace"], "feedback": map[string]any{"message": "broken"}}}),
			w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil),
		}
	}, func(t *testing.T, w *world) {
		var want []string
		for _, kind := range []string{"check_in", "event", "feedback", "log", "profile", "span", "trace_metric", "transaction"} {
			want = append(want, kind+" aaaa trace_ids primary")
		}
		if diff := cmp.Diff(want, w.links("1 = 1")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLogs(t *testing.T) {
	inBothOrders(t, func(w *world) []*stream.Delivery {
		at := 1795176010.25
		return []*stream.Delivery{
			w.logs("good", 4,
				map[string]any{"timestamp": at, "trace_id": traceT, "level": "error", "body": "an integer that is none", "attributes": map[string]any{
					"n": attribute("integer", "abc"), "k": attribute("string", "v"), "sentry.replay_id": attribute("string", replayA),
					"sentry.environment": attribute("string", "live"), "sentry.trace.parent_span_id": attribute("string", spanT)}},
				map[string]any{"timestamp": "2026-11-20T12:00:10.5Z", "trace_id": traceT, "severity_number": 14, "body": "from Go"},
				map[string]any{"timestamp": at, "level": "info", "body": "without a trace"},
				map[string]any{"trace_id": traceT, "level": "info", "body": "without a time"}),
			w.logs("miscounted", 2, map[string]any{"timestamp": at, "trace_id": traceT, "body": "one"}),
			w.envelopeOf("untyped", noon, "{}", `{"type":"log","item_count":1}`, map[string]any{"items": []any{map[string]any{"timestamp": at, "trace_id": traceT, "body": "x"}}}),
		}
	}, func(t *testing.T, w *world) {
		want := []string{
			fmt.Sprint("1795176010250000|error|17|an integer that is none|live|", spanT, "|", replayA),
			"1795176010500000|warn|14|from Go|||",
		}
		got := w.lines("SELECT timestamp_us, severity, severity_number, body, environment, COALESCE(span_id, ''), COALESCE(replay_id, '') FROM logs ORDER BY timestamp_us")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"log aaaa trace_bridge primary", "log aaaa trace_bridge+attribute primary"}, w.links("1 = 1")); diff != "" {
			t.Error(diff)
		}
		for _, l := range w.outcomes() {
			if l == "log_item accepted 2" || l == "log_item invalid invalid_log 2" {
				continue
			}
			if len(l) > 8 && l[:8] == "log_item" && l != "log_item invalid invalid_container 3" {
				t.Errorf("outcome %q", l)
			}
		}
	})
}

func TestCheckIns(t *testing.T) {
	config := map[string]any{"schedule": map[string]any{"type": "interval", "value": 10, "unit": "minute"}}
	eachDB(t, func(t *testing.T, w *world) {
		n := 0
		send := func(c map[string]any) {
			n++
			d := w.envelopeOf(fmt.Sprint("c", n), noon.Add(time.Duration(n)*time.Second), "{}", `{"type":"check_in"}`, c)
			w.deliver(d)
			w.deliver(d)
		}
		look := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, w.lines("SELECT monitor_slug, status, COALESCE(duration_ms, 0) FROM check_ins ORDER BY started_ms, check_in_id")); diff != "" {
				t.Error(diff)
			}
		}
		pending := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, w.lines("SELECT monitor_slug FROM pending_check_ins ORDER BY received_ms")); diff != "" {
				t.Error(diff)
			}
		}
		send(map[string]any{"check_in_id": "22220000222240002222000022220000", "monitor_slug": "nobody knows", "status": "ok"})
		send(map[string]any{"check_in_id": "00000000000000000000000000000000", "monitor_slug": "sync", "status": "error", "duration": 2})
		send(map[string]any{"check_in_id": "22220000222240002222000022220003", "monitor_slug": "sync", "status": "ok", "duration": 0.5})
		look()
		pending("nobody-knows", "sync", "sync")
		if diff := cmp.Diff([]string(nil), w.outcomes()); diff != "" {
			t.Errorf("what waits has no outcome yet:\n%s", diff)
		}
		// What describes the monitor is overtaken by both reports: the nameless one closes it.
		send(map[string]any{"check_in_id": "22220000222240002222000022220001", "monitor_slug": "Sync", "status": "in_progress", "monitor_config": config})
		look("sync|error|2000", "sync|ok|500")
		pending("nobody-knows")
		send(map[string]any{"check_in_id": "22220000222240002222000022220001", "monitor_slug": "sync", "status": "in_progress"})
		look("sync|error|2000", "sync|ok|500")
		send(map[string]any{"check_in_id": "22220000222240002222000022220002", "monitor_slug": "sync", "status": "sleeping"})
		look("sync|error|2000", "sync|ok|500")
		want := []string{"monitor accepted 4", "monitor invalid invalid_check_in_status 1"}
		if diff := cmp.Diff(want, w.outcomes()); diff != "" {
			t.Error(diff)
		}
		if _, err := w.raw.ExecContext(t.Context(), "UPDATE pending_check_ins SET received_ms = ?", time.Now().Add(-25*time.Hour).UnixMilli()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := w.s.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		pending()
		if diff := cmp.Diff([]string{"monitor accepted 4", "monitor invalid invalid_check_in_status 1", "monitor invalid unknown_monitor 1"}, w.outcomes()); diff != "" {
			t.Error(diff)
		}
	})
}

// Reports of monitors that nobody describes cannot fill the database.
func TestPendingCheckInsAreBounded(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		var ds []*stream.Delivery
		for n := range store.MaxPendingCheckIns + 2 {
			ds = append(ds, w.envelopeOf(fmt.Sprint("c", n), noon, "{}", `{"type":"check_in"}`, map[string]any{"monitor_slug": fmt.Sprint("m", n), "status": "ok"}))
		}
		w.deliver(ds...)
		if got := w.lines("SELECT COUNT(*) FROM pending_check_ins"); got[0] != fmt.Sprint(store.MaxPendingCheckIns) {
			t.Errorf("%v wait", got)
		}
		if diff := cmp.Diff([]string{"monitor invalid unknown_monitor 2"}, w.outcomes()); diff != "" {
			t.Error(diff)
		}
	})
}

// A screenshot belongs to the feedback it came with; the older form is about an event.
func TestFeedback(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		w.send("f", `{"event_id":"33330000333340003333000033330000"}`, `{"type":"feedback"}`,
			`{"type":"feedback","timestamp":1795176010,"contexts":{"feedback":{"message":"broken","contact_email":"a@b.c","replay_id":"`+replayA+`","associated_event_id":"44440000444440004444000044440000"}}}`,
			`{"type":"attachment","length":3,"filename":"s.png"}`, "png", "")
		w.send("u", `{"event_id":"44440000444440004444000044440000"}`, `{"type":"user_report"}`,
			`{"event_id":"44440000444440004444000044440000","email":"d@e.f","name":"Dee","comments":"it broke"}`)
		w.send("n", `{"event_id":"33330000333340003333000033330001"}`, `{"type":"feedback"}`, `{"type":"feedback","contexts":{"feedback":{"message":""}}}`)
		want := []string{"broken|a@b.c|44440000444440004444000044440000", "it broke|d@e.f|44440000444440004444000044440000"}
		if diff := cmp.Diff(want, w.lines("SELECT message, contact_email, associated_event_id FROM feedback ORDER BY message")); diff != "" {
			t.Error(diff)
		}
		if got := w.lines("SELECT event_id, name FROM attachments"); len(got) != 1 || got[0] != "33330000333340003333000033330000|s.png" {
			t.Errorf("attachments = %v", got)
		}
		if diff := cmp.Diff([]string{"feedback aaaa feedback primary"}, w.links("1 = 1")); diff != "" {
			t.Error(diff)
		}
		if got := w.lines("SELECT title FROM issues"); len(got) != 0 {
			t.Errorf("issues = %v, want none", got)
		}
	})
}

// The page load was dropped at the edge, by sampling or a filter: what it taught links the server's error.
func TestPairsOfDroppedItems(t *testing.T) {
	for source, want := range map[string]string{stream.PairItem: "trace_bridge", stream.PairTraceIDs: "trace_ids"} {
		t.Run(source, func(t *testing.T) {
			inBothOrders(t, func(w *world) []*stream.Delivery {
				trace, _ := envelope.ParseID(traceT) // constants
				replay, _ := envelope.ParseID(replayA)
				m, err := stream.NewPairsMessage("pairs:0", noon, w.org, w.first, []stream.Pair{{Trace: trace, Replay: replay, Source: source},
					{Trace: trace, Source: source}})
				if err != nil {
					t.Fatal(err)
				}
				return []*stream.Delivery{{Message: *m, Attempt: 1}, w.goError(1, traceT, noon.Add(time.Second)),
					w.recorded(replayA, 0, noon, noon.Add(time.Minute), nil, nil)}
			}, func(t *testing.T, w *world) {
				if diff := cmp.Diff([]string{"event aaaa " + want + " primary"}, w.links("1 = 1")); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// A segment that cannot be taken says why its replay may be missing.
func TestLossesAreRemembered(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		for range 2 {
			w.send("l", "{}", `{"type":"replay_event"}`, replayEvent, `{"type":"replay_recording","length":0}`, "", "")
		}
		if got := w.lines("SELECT replay_id, reason FROM replay_losses"); len(got) != 1 || got[0] != replayA+"|invalid_replay_recording" {
			t.Errorf("losses = %v", got)
		}
	})
}
