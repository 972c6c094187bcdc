package relay

import (
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
)

// ruleCases are the lines about what a project's rules do to an event on its way.
func ruleCases() []conformanceCase {
	return []conformanceCase{
		{"120_passwords", func(t *testing.T, e *edge) {
			a := e.post(env(`{"event_id":"`+idA+`"}`, eventItem, `{"extra":{"password":"canary"},"request":{"data":{"password":"canary"}},`+
				`"exception":{"values":[{"type":"E","stacktrace":{"frames":[{"function":"f","vars":{"password":"canary"}}]}}]}}`))
			a.wantOK(t, idA)
			wantGone(t, a, "canary")
			_, sent := a.only(t, stream.KindEvent)
			event := string(sent.Items[0].Payload)
			if n := strings.Count(event, `"password":"[Filtered]"`); n != 3 {
				t.Errorf("%d of 3 are marked: %s", n, event)
			}
			for _, at := range []string{`"extra":{"password":{"":`, `"request":{"data":{"password":{"":`, `"frames":{"0":{"vars":{"password":{"":`} {
				if _, meta, _ := strings.Cut(event, `"_meta":`); !strings.Contains(meta, at) {
					t.Errorf("_meta does not tell of %s: %s", at, meta)
				}
			}
		}},
		{"125_filtered_events", func(t *testing.T, _ *edge) {
			e := newFilteringEdge(t, func(s *settings.Settings) {
				s.Filters.Localhost, s.Filters.WebCrawlers, s.Filters.BrowserExtensions = true, true, true
			})
			for reason, c := range map[string][2]string{
				"error/filtered/web-crawlers":               {"event", `{"request":{"headers":{"User-Agent":"Googlebot/2.1"}}}`},
				"error/filtered/browser-extensions":         {"event", `{"platform":"javascript","exception":{"values":[{"value":"Extension context invalidated."}]}}`},
				"error/filtered/localhost":                  {"event", `{"request":{"url":"http://127.0.0.1:8080/"}}`},
				"transaction/filtered/filtered-transaction": {"transaction", `{"transaction":"/healthz"}`},
				"error/filtered/chunk-load-error":           {"event", `{"exception":[{"type":"ChunkLoadError","value":"Loading chunk 1 failed"}]}`},
				"feedback/filtered/web-crawlers":            {"feedback", `{"request":{"headers":{"User-Agent":"Googlebot/2.1"}}}`},
			} {
				a := e.post(env(`{"event_id":"`+idA+`"}`, `{"type":"`+c[0]+`"}`, c[1]))
				a.wantOK(t, idA)
				if got := counted(t, a.msgs); got[reason] != 1 || len(a.msgs) != 1 {
					t.Errorf("%s: %d messages, %v", reason, len(a.msgs), got)
				}
			}
		}},
		{"134_raw_event_of_sentry_cli", func(t *testing.T, e *edge) {
			// sentry-cli send-event --raw: the file as it is, under a nil id.
			a := e.to("/api/42/envelope/", env(`{"event_id":"00000000-0000-0000-0000-000000000000"}`, eventItem, `{"message":"raw"}`), "X-Sentry-Auth", auth(key42))
			id := a.wantID(t)
			m, sent := a.only(t, stream.KindEvent)
			if m.EventID.IsZero() || id != m.EventID.String() || string(sent.Items[0].Payload) != `{"message":"raw"}` {
				t.Errorf("answered %s, kept %s: %s", id, m.EventID, sent.Items[0].Payload)
			}
		}},
	}
}
