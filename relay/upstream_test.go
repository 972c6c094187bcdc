package relay

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/settings"
)

// TestUpstream: what was taken while the server behind is away arrives when it is back, also after a
// restart and when it is large; what is not wanted does not, but a report of it.
func TestUpstream(t *testing.T) {
	up := newSink(t)
	up.set(func(w http.ResponseWriter) bool { w.WriteHeader(503); return true })
	s := settings.Default()
	s.Filters.Localhost = true
	cfg := UpstreamConfig{Dir: t.TempDir(), DSNs: []string{strings.Replace(up.URL, "://", "://"+key42+"@", 1) + "/42"}, Settings: &s}
	open := func() *Upstream {
		u, err := OpenUpstream(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	post := func(u *Upstream, body string) int {
		w := httptest.NewRecorder()
		u.ServeHTTP(w, httptest.NewRequest("POST", "/api/42/envelope/?sentry_key="+key42, strings.NewReader(body)))
		return w.Code
	}
	u := open()
	large := env(`{"event_id":"`+idA+`"}`, `{"type":"attachment","filename":"f"}`, strings.Repeat("x", 3<<20))
	for _, body := range []string{anEvent(), large, env(`{}`, eventItem, `{"message":"m","request":{"url":"http://localhost/"}}`)} {
		if code := post(u, body); code != 200 {
			t.Fatalf("%d", code)
		}
	}
	w := httptest.NewRecorder()
	u.ServeHTTP(w, httptest.NewRequest("POST", "/api/1/envelope/?sentry_key="+key1, strings.NewReader(anEvent())))
	if w.Code != 403 {
		t.Errorf("a key of nobody: %d", w.Code)
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	up.set(nil)
	u = open()
	defer u.Close()
	want := map[string]bool{"/api/42/envelope/ event": true, "/api/42/envelope/ attachment": true, "/api/42/envelope/ client_report": true}
	got := map[string]bool{}
	for deadline := time.Now().Add(30 * time.Second); len(got) < 3 && time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		for _, line := range up.take() {
			got[line] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range [][]string{nil, {"nonsense"}, {cfg.DSNs[0], cfg.DSNs[0]}} {
		if _, err := OpenUpstream(t.Context(), UpstreamConfig{Dir: t.TempDir(), DSNs: bad}); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// TestUpstreamIsToldOfLosses: what does not go on is in client reports, so that the upstream's books close: filtered,
// limited and invalid here, and held back because the upstream itself asked for it. What it answered with 429 it knows.
func TestUpstreamIsToldOfLosses(t *testing.T) {
	up := newSink(t)
	s := settings.Default()
	s.Filters.Localhost = true
	s.Quotas.Limits = []settings.Quota{{ID: "sessions", Scope: settings.ScopeProject, Categories: []string{"session"}, Limit: 0, WindowSeconds: 60}}
	u, err := OpenUpstream(t.Context(), UpstreamConfig{Dir: t.TempDir(), DSNs: []string{strings.Replace(up.URL, "://", "://"+key42+"@", 1) + "/42"}, Settings: &s})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	post := func(body string, want int) {
		t.Helper()
		w := httptest.NewRecorder()
		u.ServeHTTP(w, httptest.NewRequest("POST", "/api/42/envelope/?sentry_key="+key42, strings.NewReader(body)))
		if w.Code != want {
			t.Fatalf("%d %s, want %d", w.Code, w.Body, want)
		}
	}
	post(env(`{"event_id":"`+idA+`"}`, eventItem, `{"request":{"url":"http://localhost/"}}`), 200)
	post(env(`{}`, `{"type":"session"}`, `{}`), 429)
	post(env(`{"event_id":"`+idA+`"}`, eventItem, `{"broken":`, `{"type":"attachment","filename":"f","length":1}`, "x"), 200)
	post("nonsense", 400)
	want := map[string]int64{"filtered error localhost": 1, "limited session project_quota": 1, "discarded error invalid_json": 1, "discarded default invalid_envelope": 1}
	until(t, "the report", func() bool { return len(up.heard()) >= len(want) })
	if diff := cmp.Diff(want, up.heard()); diff != "" {
		t.Error(diff)
	}
	up.set(func(w http.ResponseWriter) bool {
		w.Header().Set("X-Sentry-Rate-Limits", "60:error:key")
		w.WriteHeader(429)
		return true
	})
	post(anEvent(), 200)
	until(t, "the limit", func() bool { st, _ := u.Forwarding(42); return st.Dropped["limited"] == 1 })
	up.set(nil)
	post(anEvent(), 200)
	until(t, "what was held back is told", func() bool { return up.heard()["discarded error ratelimit_backoff"] == 1 })
}
