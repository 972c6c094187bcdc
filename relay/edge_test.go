package relay

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/prometheus/client_golang/prometheus"
)

func TestOutcomes(t *testing.T) {
	e := newEdge(t)
	a := e.post(env(`{"event_id":"`+idA+`"}`, eventItem, `{"broken":`, `{"type":"session"}`, `{}`))
	a.wantOK(t, idA)
	if got := a.itemTypes(t); got != "session:session" {
		t.Errorf("published %q", got)
	}
	if diff := cmp.Diff(map[string]int64{"error/invalid/invalid_json": 1}, counted(t, a.msgs)); diff != "" {
		t.Errorf("outcomes with the 200: %s", diff)
	}
	e.post(env(`{}`, `{"type":"session"}`, `{}`, eventItem, `{}`, eventItem, `{}`))                          // 413
	e.post(env(`{}`, `{"type":"attachment","filename":"f","length":5}`, "12345", `{"type":"x","length":9}`)) // 400
	e.post("nonsense")
	e.to("/api/13/envelope/", anEvent(), "X-Sentry-Auth", auth(keyNo))
	e.to("/api/42/envelope/", anEvent(), "X-Sentry-Auth", auth(strings.Repeat("e", 32))) // nobody's
	want := map[string]int64{
		"session/invalid/too_large": 1, "error/invalid/too_large": 2,
		"attachment/invalid/invalid_envelope": 5, "attachment_item/invalid/invalid_envelope": 1,
		"default/invalid/invalid_envelope": 1, "default/invalid/disabled_key": 1,
	}
	if diff := cmp.Diff(want, e.flushed()); diff != "" {
		t.Errorf("outcomes of refusals: %s", diff)
	}
	if got := e.flushed(); len(got) != 0 {
		t.Errorf("told twice: %v", got)
	}
	e.post("nonsense")
	e.pub.err = stream.ErrUnavailable
	e.flushOutcomes(t.Context())
	e.pub.err = nil
	if got := e.flushed(); got["default/invalid/invalid_envelope"] != 1 {
		t.Errorf("lost while the stream was away: %v", got)
	}
}

func TestOutcomesBounded(t *testing.T) {
	o := newOutcomes()
	for i := range 5 * maxOutcomes {
		o.add(stream.Outcome{PublicKey: string(rune(i)), Category: string(rune(i % 7)), Quantity: 1})
	}
	var n int64
	list := o.take()
	for _, c := range list {
		n += c.Quantity
	}
	if len(list) > 2*maxOutcomes || n != 5*maxOutcomes {
		t.Errorf("%d counters, %d counted", len(list), n)
	}
}

func TestLadder(t *testing.T) {
	e := newEdge(t)
	body := anEvent() + "{\"type\":\"attachment\",\"filename\":\"f\",\"length\":3}\nabc\n{\"type\":\"replay_recording\",\"length\":3}\nabc\n"
	e.pub.fill = 0.79
	if got := e.post(body).itemTypes(t); got != "event:event event:attachment replay:replay_recording" {
		t.Errorf("below 80 %%: %s", got)
	}
	e.pub.fill = 0.85
	a := e.post(body)
	a.wantOK(t, idA)
	if got := a.itemTypes(t); got != "event:event" {
		t.Errorf("above 80 %%: %s", got)
	}
	if diff := cmp.Diff(map[string]int64{"attachment/rate_limited/backpressure": 3, "attachment_item/rate_limited/backpressure": 1, "replay/rate_limited/backpressure": 1}, counted(t, a.msgs)); diff != "" {
		t.Error(diff)
	}
	e.post("{}\n{\"type\":\"replay_recording\",\"length\":3}\nabc\n").wantError(t, 503, "service is busy, try again later")
	e.pub.fill = 0.95
	r := &countingReader{r: strings.NewReader(anEvent())}
	e.do("POST", "/api/42/envelope/", r, "X-Sentry-Auth", auth(key42)).wantError(t, 503, "service is busy, try again later")
}

func TestConcurrencyLimits(t *testing.T) {
	inside, release := make(chan struct{}, 10), make(chan struct{})
	e := newEdge(t, func(c *Config) { c.MaxRequestsPerIP, c.MaxRequestsPerKey = 2, 3 })
	e.pub.hook = func(context.Context) { inside <- struct{}{}; <-release }
	send := func(remote, key, project string) int {
		r := httptest.NewRequest("POST", "/api/"+project+"/envelope/?sentry_key="+key, strings.NewReader(anEvent()))
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w.Code
	}
	done := make(chan int)
	for _, remote := range []string{"192.0.2.1:1", "192.0.2.1:2", "127.0.0.1:1"} {
		go func() { done <- send(remote, key42, "42") }()
		<-inside
	}
	if code := send("192.0.2.1:3", key1, "1"); code != 503 {
		t.Errorf("third request of an address: %d", code)
	}
	if code := send("192.0.2.2:1", key42, "42"); code != 503 {
		t.Errorf("fourth request with a key: %d", code)
	}
	close(release)
	for range 3 {
		if code := <-done; code != 200 {
			t.Errorf("%d", code)
		}
	}
	e.pub.hook = nil
	if code := send("192.0.2.1:3", key42, "42"); code != 200 || len(e.gate.ips) != 0 || len(e.gate.keys) != 0 || e.gate.in != 0 {
		t.Errorf("afterwards %d, %d addresses, %d keys, %d inside", code, len(e.gate.ips), len(e.gate.keys), e.gate.in)
	}
}

func TestClientAddr(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}
	for _, c := range []struct {
		remote, want string
		forwarded    []string
	}{
		{"203.0.113.9:1", "203.0.113.9", []string{"1.2.3.4"}}, // not a proxy: its word counts nothing
		{"10.0.0.1:1", "198.51.100.7", []string{"1.2.3.4, 198.51.100.7"}},
		{"10.0.0.1:1", "198.51.100.7", []string{"1.2.3.4", "198.51.100.7, 10.0.0.2"}},
		{"10.0.0.1:1", "10.0.0.1", nil},
		{"10.0.0.1:1", "10.0.0.2", []string{"junk, 10.0.0.2"}},
		{"10.0.0.1:1", "2001:db8::1", []string{"[2001:db8::1]:443"}},
		{"[::ffff:127.0.0.1]:1", "198.51.100.7", []string{"198.51.100.7"}},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = c.remote
		for _, f := range c.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := ClientAddr(r, trusted).String(); got != c.want {
			t.Errorf("%s via %v: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
	for rule, want := range map[settings.IPRule]string{
		settings.IPStore: "203.0.113.9", settings.IPTruncate: "203.0.113.0", settings.IPDrop: "",
	} {
		s := settings.Default()
		s.IP = rule
		if got := NewRules(s).keptAddress(netip.MustParseAddr("203.0.113.9")); got != want {
			t.Errorf("%q: %q", rule, got)
		}
	}
}

func TestSnapshot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	key := Key{PublicKey: key42, OrgID: 1, ProjectID: 42, Active: true}
	var loaded []Key
	var fail error
	cfg := SnapshotConfig{Path: path, Log: slog.New(slog.DiscardHandler), Load: func(context.Context) ([]Key, error) { return loaded, fail }}

	fail = errors.New("database is down")
	s, err := NewSnapshot(t.Context(), cfg)
	if err != nil || s.Ready() {
		t.Fatalf("ready without keys; %v", err)
	}
	loaded, fail = []Key{key}, nil
	if err := s.Refresh(t.Context()); err != nil || !s.Ready() {
		t.Fatalf("not ready: %v", err)
	}
	fail = errors.New("database is down")
	if err := s.Refresh(t.Context()); err == nil {
		t.Error("no error")
	}
	if got, ok := s.Key(key42); !ok || got.ProjectID != 42 {
		t.Error("keys are lost with the database")
	}
	again, err := NewSnapshot(t.Context(), cfg) // restart, database still down
	if err != nil || !again.Ready() {
		t.Fatalf("not ready from disk: %v", err)
	}
	got, _ := again.Key(key42)
	if diff := cmp.Diff(key, got); diff != "" {
		t.Error(diff)
	}
	key.Active = false
	loaded, fail = []Key{key}, nil
	again.Refresh(t.Context())
	if got, ok := again.Key(key42); !ok || got.Active {
		t.Error("the disabled key still counts")
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st, err)
	}
	os.WriteFile(path, []byte("broken"), 0o600)
	fail = errors.New("down")
	if s, err := NewSnapshot(t.Context(), cfg); err != nil || s.Ready() {
		t.Errorf("a broken file: %v", err)
	}
}

func TestPanicIsA500(t *testing.T) {
	e := newEdge(t)
	e.pub.hook = func(context.Context) { panic("boom") }
	a := e.post(anEvent())
	a.wantError(t, 500, "internal server error")
	if e.gate.inside() != 0 {
		t.Error("the request is still inside")
	}
}

func TestSanitisedOnTheWay(t *testing.T) {
	e := newEdge(t)
	a := e.post("{\"event_id\":\""+idA+"\",\"x\":\"\\u0000\xff\"}\n{\"type\":\"event\",\"filename\":\"a\\u0000b\",\"length\":22}\n{\"m\":\"\\ud800\xff\\u0000\"} \n\n", "User-Agent", "a\xffb")
	a.wantOK(t, idA)
	m, sent := a.only(t, stream.KindEvent)
	if got, want := string(sent.Items[0].Payload), "{\"m\":\"\\ufffd\uFFFD\"} "; got != want {
		t.Errorf("payload %q, want %q", got, want)
	}
	if got := string(sent.Header.Get("x")); got != "\"\uFFFD\"" {
		t.Errorf("header %q", got)
	}
	if sent.Items[0].Header.Filename != "ab" || m.UserAgent != "a\uFFFDb" {
		t.Errorf("item header %s, user agent %q", sent.Items[0].Header.Raw(), m.UserAgent)
	}
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	a = e.post(env(`{"event_id":"`+idA+`"}`, `{"type":"event","trimmed":["client"]}`, `{"extra":`+deep+`}`))
	if _, env := a.only(t, stream.KindEvent); string(env.Items[0].Header.Get("trimmed")) != `["depth"]` {
		t.Errorf("item header %s", env.Items[0].Header.Raw())
	}
	a = e.post(env(`{"event_id":"`+idA+`"}`, `{"type":"event","trimmed":["client"]}`, `{}`))
	if _, env := a.only(t, stream.KindEvent); env.Items[0].Header.Get("trimmed") != nil {
		t.Errorf("a client's mark was believed: %s", env.Items[0].Header.Raw())
	}
}

func TestTunnel(t *testing.T) {
	e := newEdge(t)
	post := func(body string) answer {
		r := httptest.NewRequest("POST", "/my/tunnel", strings.NewReader(body))
		w := httptest.NewRecorder()
		e.Tunnel(nil).ServeHTTP(w, r)
		return answer{w.Code, w.Header(), w.Body.String(), e.pub.take()}
	}
	a := post(env(`{"event_id":"`+idA+`","dsn":"https://`+key42+`@x.test/42"}`, eventItem, `{}`))
	a.wantOK(t, idA)
	if m, _ := a.only(t, stream.KindEvent); m.ProjectID != 42 {
		t.Errorf("project %d", m.ProjectID)
	}
	post(anEvent()).wantError(t, 401, "missing authorization information")
	post(env(`{"dsn":"https://`+key42+`@x.test/1"}`)).wantError(t, 403, "event submission rejected with_reason: ProjectId")
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	e := newEdge(t, func(c *Config) { c.Metrics = reg })
	e.post(anEvent())
	e.do("POST", "/api/x", nil)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, f := range families {
		for _, m := range f.Metric {
			for _, l := range m.Label {
				got[f.GetName()+"/"+l.GetValue()] = true
			}
		}
	}
	for _, want := range []string{"hindsight_ingest_requests_total/envelope", "hindsight_ingest_requests_total/404", "hindsight_ingest_refusals_total/not_found"} {
		if !got[want] {
			t.Errorf("no %s in %v", want, got)
		}
	}
}

func TestInternalHeaderKeysRemoved(t *testing.T) {
	e := newEdge(t)
	for _, header := range []string{
		`{"event_id":"` + idA + `","retention":1,"client":"c","dsn":"https://` + key42 + `@x.test/42","kept":1}`,
		`{"event_id":"` + idA + `","\u0072etention":1,"d\u0073n":"https://` + key42 + `@x.test/42","kept":1}`,
		`{"dsn":"https://` + key42 + `@x.test/42","dsn":"https://` + key42 + `@x.test/42","event_id":"` + idA + `","kept":1}`,
	} {
		_, sent := e.post(env(header, eventItem, `{}`)).only(t, stream.KindEvent)
		if got, want := string(sent.Header.Raw()), `{"event_id":"`+idA+`","kept":1}`; got != want {
			t.Errorf("%s became %s", header, got)
		}
	}
}
