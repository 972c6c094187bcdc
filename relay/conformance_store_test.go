package relay

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

func storeCases() []conformanceCase {
	const target = "/api/42/store/"
	event := `{"event_id":"` + idA + `","message":"m"}`
	b64 := base64.StdEncoding.EncodeToString
	return []conformanceCase{
		{"61_store_forms", func(t *testing.T, e *edge) {
			for name, body := range map[string]string{
				"json": event, "blanks before json": " \n" + event, "base64": b64([]byte(event)),
				"zlib": b64(pack(t, "deflate", []byte(event))), "no padding": strings.TrimRight(b64([]byte(event)), "="),
			} {
				a := e.to(target, body, "X-Sentry-Auth", auth(key42))
				t.Log(name)
				a.wantOK(t, idA)
				if _, env := a.only(t, stream.KindEvent); string(env.Items[0].Payload) != event {
					t.Errorf("%s: %s", name, env.Items[0].Payload)
				}
			}
			e.to(target, string(pack(t, "gzip", []byte(event))), "X-Sentry-Auth", auth(key42), "Content-Encoding", "gzip").wantOK(t, idA)
			e.to(target, `{"message":"m"}`, "X-Sentry-Auth", auth(key42)).wantID(t)
			e.to(target, `{"event_id":"nonsense"}`, "X-Sentry-Auth", auth(key42)).wantID(t)
			e.to(target, `{"m":"`+strings.Repeat("x", 1<<20)+`"}`, "X-Sentry-Auth", auth(key42)).wantError(t, 413, "payload reached size limits")
			e.to(target, b64(pack(t, "deflate", make([]byte, 50<<20))), "X-Sentry-Auth", auth(key42)).wantError(t, 413, "payload reached size limits")
			e.to(target, event).wantError(t, 401, "missing authorization information")
		}},
		{"62_store_get", func(t *testing.T, e *edge) {
			q := "?sentry_version=7&sentry_key=" + key42 + "&sentry_data="
			for _, data := range []string{url.QueryEscape(b64(pack(t, "deflate", []byte(event)))), b64([]byte(event))} {
				a := e.do("GET", target+q+data, nil)
				if a.status != 200 || a.header.Get("Content-Type") != "image/gif" || !strings.HasPrefix(a.body, "GIF89a") {
					t.Errorf("%d %v %q", a.status, a.header, a.body)
				}
				if m, _ := a.only(t, stream.KindEvent); m.EventID.String() != idA {
					t.Errorf("id %s", m.EventID)
				}
			}
			e.do("GET", "/api/42/envelope/"+q, nil).wantError(t, 405, "method not allowed")
		}},
		{"63_store_takes_envelopes", func(t *testing.T, e *edge) {
			e.to(target, anEvent(), "X-Sentry-Auth", auth(key42), "Content-Type", "application/x-sentry-envelope").wantOK(t, idA)
		}},
		{"64_store_invalid", func(t *testing.T, e *edge) {
			for _, body := range []string{"nonsense!", `{"a":`, b64([]byte("not json")), b64([]byte("[1]")), `{"a":1}}`, "=", "[]"} {
				e.to(target, body, "X-Sentry-Auth", auth(key42)).wantError(t, 400, "invalid JSON data")
			}
			e.to(target, "", "X-Sentry-Auth", auth(key42)).wantError(t, 400, "empty request body")
		}},
		{"65_store_transaction", func(t *testing.T, e *edge) {
			a := e.to(target, `{"type":"transaction","event_id":"`+idA+`"}`, "X-Sentry-Auth", auth(key42))
			a.wantOK(t, idA)
			if _, env := a.only(t, stream.KindTransaction); env.Items[0].Header.Type != "transaction" {
				t.Errorf("item %s", env.Items[0].Header.Type)
			}
		}},
		{"66_store_nan_of_old_python", func(t *testing.T, e *edge) {
			body := `{"event_id":"` + idA + `","extra":{"x":NaN}}`
			a := e.to(target+"?sentry_key="+key42+"&sentry_client=raven-python/6.0", body)
			a.wantOK(t, idA)
			if _, env := a.only(t, stream.KindEvent); !strings.Contains(string(env.Items[0].Payload), `{"x":null}`) {
				t.Errorf("payload %s", env.Items[0].Payload)
			}
			e.to(target+"?sentry_key="+key42+"&sentry_client=other/1", body).wantError(t, 400, "invalid JSON data")
		}},
	}
}

func replayCases() []conformanceCase {
	replay := strings.Repeat("e", 32)
	segment := func(recording string) string {
		return env(`{"event_id":"`+replay+`"}`, `{"type":"replay_event"}`, `{"type":"replay_event","replay_id":"`+replay+`","segment_id":0}`,
			`{"type":"replay_recording","length":`+strconv.Itoa(len(recording))+`}`, recording)
	}
	// passes: the edge answers 200 and hands both items on as they came, together.
	passes := func(recording string) func(*testing.T, *edge) {
		return func(t *testing.T, e *edge) {
			a := e.post(segment(recording))
			a.wantOK(t, replay)
			_, env := a.only(t, stream.KindReplay)
			if len(env.Items) != 2 || string(env.Items[1].Payload) != recording {
				t.Errorf("items %d, recording %.60q", len(env.Items), env.Items[len(env.Items)-1].Payload)
			}
		}
	}
	zlibBody := func(t *testing.T, n int) string {
		return "{\"segment_id\":0}\n" + string(pack(t, "deflate", []byte("["+strings.Repeat(" ", n)+"]")))
	}
	return []conformanceCase{
		{"77_trace_replay_id", func(t *testing.T, e *edge) {
			a := e.post(env(`{"event_id":"`+idA+`","trace":{"trace_id":"`+idB+`","public_key":"k","replay_id":"`+replay+`"}}`, eventItem,
				`{"contexts":{"replay":{"replay_id":"`+idB+`"}}}`))
			if m, env := a.only(t, stream.KindEvent); m.ReplayID.String() != replay || env.Header.Trace.ReplayID.String() != replay {
				t.Errorf("replay %s", m.ReplayID)
			}
		}},
		{"78_replay_id_not_an_id", func(t *testing.T, e *edge) {
			a := e.post(env(`{"event_id":"`+idA+`","trace":{"trace_id":"`+idB+`","public_key":"k","replay_id":"nope"}}`, eventItem, `{}`))
			a.wantOK(t, idA)
			if m, _ := a.only(t, stream.KindEvent); !m.ReplayID.IsZero() || m.TraceID.String() != idB {
				t.Errorf("replay %s, trace %s", m.ReplayID, m.TraceID)
			}
		}},
		{"79_trace_of_backend_event", func(t *testing.T, e *edge) {
			a := e.post(env(`{"event_id":"`+idA+`"}`, eventItem, `{"request":{"headers":[["Sentry-Trace","`+idB+`-00f067aa0ba902b7-1"]]}}`))
			if m, _ := a.only(t, stream.KindEvent); m.TraceID.String() != idB {
				t.Errorf("trace %s", m.TraceID)
			}
		}},
		{"80_sentry_go_baggage_header", func(t *testing.T, e *edge) {
			trace := strings.Repeat("c", 32)
			for name, headers := range map[string]string{
				"object": `{"Baggage":"other=1, sentry-trace_id=` + trace + `,sentry-replay_id=` + replay + `","Sentry-Trace":"` + trace + `-00f067aa0ba902b7-1-01"}`,
				"pairs":  `[["baggage","sentry-replay_id=` + replay + `,sentry-trace_id=` + trace + `"],["sentry-trace",["` + trace + `-00f067aa0ba902b7-1-01"]]]`,
				"lists":  `{"BAGGAGE":["a=b","sentry-trace_id=` + trace + `,sentry-replay_id=` + replay + `"],"SENTRY-TRACE":["` + trace + `-00f067aa0ba902b7-1-01"]}`,
			} {
				a := e.post(env(`{"event_id":"`+idA+`","trace":{"trace_id":"`+idB+`","public_key":"go"}}`, eventItem, `{"request":{"headers":`+headers+`}}`))
				m, _ := a.only(t, stream.KindEvent)
				if m.BaggageReplayID.String() != replay || m.BaggageTraceID.String() != trace || m.TraceID.String() != idB || !m.ReplayID.IsZero() || !m.ExpectsReplay {
					t.Errorf("%s: %+v", name, m)
				}
			}
		}},
		{"81_replay_zlib", func(t *testing.T, e *edge) { passes(zlibBody(t, 10))(t, e) }},
		{"82_replay_plain_json", passes("{\"segment_id\":0}\n[{\"type\":4}]")},
		{"83_recording_broken", func(t *testing.T, e *edge) {
			for _, r := range []string{"no header line", "{\"segment_id\":0}\n", "{\"segment_id\":0}\n\x78\x9cbroken"} {
				passes(r)(t, e)
			}
		}},
		{"84_replay_event_without_ids", func(t *testing.T, e *edge) {
			a := e.post(env(`{"event_id":"`+replay+`"}`, `{"type":"replay_event"}`, `{"type":"replay_event"}`))
			a.wantOK(t, replay)
			a.only(t, stream.KindReplay)
		}},
		{"85_replay_event_invalid_error_ids", func(t *testing.T, e *edge) {
			a := e.post(env(`{"event_id":"`+replay+`"}`, `{"type":"replay_event"}`, `{"replay_id":"`+replay+`","segment_id":1,"error_ids":["zz"],"urls":[`+strings.Repeat(`"u",`, 149)+`"u"]}`))
			a.wantOK(t, replay)
			a.only(t, stream.KindReplay)
		}},
		{"86_recording_inflates_beyond_100_MiB", func(t *testing.T, e *edge) {
			a := e.post(segment(zlibBody(t, 101<<20)))
			a.wantOK(t, replay)
			if got := counted(t, a.msgs); len(a.msgs) != 1 || got["replay/invalid/unscrubbable"] != 2 {
				t.Errorf("%d messages, %v", len(a.msgs), got)
			}
		}},
		{"87_replay_video", func(t *testing.T, e *edge) {
			send := func(video string) answer {
				return e.post(env(`{"event_id":"`+replay+`"}`, `{"type":"replay_video","length":`+strconv.Itoa(len(video))+`}`, video))
			}
			empty := send("\x83\xacreplay_event\xc4\x02{}\xb0replay_recording\xc4\x00\xacreplay_video\xc4\x01v")
			if got := counted(t, empty.msgs); empty.status != 200 || got["replay/invalid/unscrubbable"] != 1 {
				t.Errorf("without a recording: %d, %v", empty.status, got)
			}
			video := "\x83\xacreplay_event\xc4\x02{}\xb0replay_recording\xc4\x13{\"segment_id\":0}\n[]\xacreplay_video\xc4\x01v"
			a := send(video)
			if a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
			if _, env := a.only(t, stream.KindReplay); string(env.Items[0].Payload) != video {
				t.Errorf("payload %q", env.Items[0].Payload)
			}
		}},
		{"88_localhost_filter", func(t *testing.T, e *edge) {
			body := env(`{"event_id":"`+replay+`"}`, `{"type":"replay_event"}`, `{"type":"replay_event","urls":["http://localhost:3000/x"],"request":{"url":"http://localhost:3000/x"}}`,
				`{"type":"replay_recording","length":18}`, "{\"segment_id\":0}\n[")
			a := e.to("/api/9/envelope/", body, "X-Sentry-Auth", auth(keyGo))
			a.wantOK(t, replay)
			if a.itemTypes(t) != "" {
				t.Errorf("published %s", a.itemTypes(t))
			}
			if got := counted(t, a.msgs); got["replay/filtered/localhost"] != 2 || len(got) != 1 {
				t.Errorf("outcomes %v", got)
			}
			a = e.post(strings.ReplaceAll(body, "x-sentry", "x")) // project 42 has the filter off
			if a.kinds() != "replay" {
				t.Errorf("kinds %s", a.kinds())
			}
		}},
		{"89_segments_in_any_order", func(t *testing.T, e *edge) {
			for _, r := range []string{"{\"segment_id\":2}\n[]", "{\"segment_id\":0}\n[]", "{\"segment_id\":2}\n[]"} {
				passes(r)(t, e)
			}
		}},
	}
}
