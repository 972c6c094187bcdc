package relay

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/outbound"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
)

// sink is an upstream Sentry.
type sink struct {
	*httptest.Server
	mu     sync.Mutex
	got    []string         // item types, of each envelope that was taken
	told   map[string]int64 // by client reports
	header http.Header
	answer func(w http.ResponseWriter) bool // true: it has answered itself
}

func newSink(t *testing.T) *sink {
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.answer != nil && s.answer(w) {
			return
		}
		env, err := envelope.Parse(b)
		if err != nil {
			t.Errorf("upstream got %q: %v", b, err)
			return
		}
		s.header = r.Header
		for _, it := range env.Items {
			s.got = append(s.got, r.URL.Path+" "+it.Header.Type)
			if it.Header.Type == "client_report" {
				s.hear(t, it.Payload)
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// hear adds up what a client report says.
func (s *sink) hear(t *testing.T, payload []byte) {
	r, err := envelope.ParseClientReport(payload)
	if err != nil {
		t.Errorf("%s: %v", payload, err)
		return
	}
	if s.told == nil {
		s.told = map[string]int64{}
	}
	for list, entries := range map[string][]envelope.DiscardedEvents{"discarded": r.Discarded, "limited": r.RateLimited, "filtered": r.Filtered} {
		for _, e := range entries {
			s.told[list+" "+e.Category+" "+e.Reason] += e.Quantity
		}
	}
}

func (s *sink) heard() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.told)
}

func (s *sink) set(answer func(http.ResponseWriter) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *sink) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); !cond(); <-tick.C {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// newForwarding runs a relay on a real stream, of which project 42 forwards.
func newForwarding(t *testing.T, f settings.Forward, allow ...netip.Prefix) *edge {
	t.Helper()
	keys := newTestKeys()
	s := settings.Default()
	s.Forward = f
	s.Filters.Localhost = true
	k := keys[key42]
	k.Rules = NewRules(s)
	keys[key42] = k
	queue := openStream(t)
	e := newEdge(t, func(c *Config) {
		c.Keys, c.Publish = keys, queue
		c.Forward = &ForwardConfig{Queue: queue, Client: outbound.New(outbound.Config{Allow: allow, AllowHTTP: true}), Keys: func() []Key {
			var all []Key
			for _, k := range keys {
				all = append(all, k)
			}
			return all
		}}
	})
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { e.Run(ctx) })
	t.Cleanup(func() { stop(); done.Wait() })
	return e
}

func (e *edge) forwarding() ForwardState {
	st, _ := e.Forwarding(42)
	return st
}

func TestForward(t *testing.T) {
	up := newSink(t)
	dsn := strings.Replace(up.URL, "://", "://"+key1+"@", 1) + "/7"
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	mixed := anEvent() + aSession

	t.Run("all", func(t *testing.T) {
		e := newForwarding(t, settings.Forward{DSN: dsn, Mode: settings.ForwardAll}, loopback)
		up.set(func(w http.ResponseWriter) bool { w.WriteHeader(503); return true })
		start := time.Now()
		e.post(mixed).wantOK(t, idA)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("with the upstream away an answer took %s", took)
		}
		until(t, "the trouble to be seen", func() bool { return e.forwarding().LastError == "upstream answers 503" })
		up.set(nil)
		until(t, "both copies", func() bool { return e.forwarding().Sent == 2 })
		got := up.take()
		if len(got) != 2 || !strings.HasPrefix(got[0], "/api/7/envelope/ ") {
			t.Errorf("the upstream has %q", got)
		}
		if a := up.header.Get("X-Sentry-Auth"); !strings.Contains(a, "sentry_key="+key1) {
			t.Errorf("auth %q", a)
		}
		e.to("/api/1/envelope/", anEvent(), "X-Sentry-Auth", auth(key1)).wantOK(t, idA) // forwards nothing

		// A limit of the upstream holds back what it is about, not the rest.
		up.set(func(w http.ResponseWriter) bool {
			w.Header().Set("X-Sentry-Rate-Limits", "60:error:key")
			w.WriteHeader(429)
			return true
		})
		e.post(anEvent()).wantOK(t, idA)
		until(t, "the limit", func() bool { return e.forwarding().Dropped["limited"] == 1 })
		up.set(nil)
		e.post(mixed).wantOK(t, idA)
		until(t, "the session", func() bool { st := e.forwarding(); return st.Dropped["limited"] == 2 && st.Sent == 3 })
		if diff := cmp.Diff([]string{"/api/7/envelope/ session"}, up.take()); diff != "" {
			t.Error(diff)
		}
		// What is told of a dropped item is in words that only we know: it stays here.
		e.post(env(`{"event_id":"`+idA+`","trace":{"trace_id":"`+idB+`","public_key":"k","replay_id":"`+idA+`"}}`, eventItem, `{"request":{"url":"http://localhost/"}}`, `{"type":"session"}`, `{}`))
		until(t, "the other session", func() bool { return e.forwarding().Sent == 4 })
		if diff := cmp.Diff([]string{"/api/7/envelope/ session"}, up.take()); diff != "" {
			t.Error(diff)
		}
		until(t, "nothing waits", func() bool { return e.forwarding().Pending == 0 })
	})
	t.Run("errors only", func(t *testing.T) {
		e := newForwarding(t, settings.Forward{DSN: dsn, Mode: settings.ForwardErrors}, loopback)
		e.post(mixed).wantOK(t, idA)
		until(t, "the event", func() bool { return e.forwarding().Sent == 1 })
		if diff := cmp.Diff([]string{"/api/7/envelope/ event"}, up.take()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("internal address", func(t *testing.T) {
		e := newForwarding(t, settings.Forward{DSN: dsn, Mode: settings.ForwardAll})
		e.post(anEvent()).wantOK(t, idA)
		until(t, "the refusal", func() bool { return e.forwarding().Dropped["forbidden"] == 1 })
		if got := up.take(); got != nil {
			t.Errorf("an internal address was reached: %q", got)
		}
	})
}

// TestForwardSample keeps or leaves all of a trace.
func TestForwardSample(t *testing.T) {
	f := &settings.Forward{DSN: "x", Mode: settings.ForwardSample, Rate: 0.25}
	kept := 0
	for range 4_000 {
		m := &stream.Message{Kind: stream.KindEvent, TraceID: newEventID()}
		other := &stream.Message{Kind: stream.KindReplay, TraceID: m.TraceID, EventID: newEventID()}
		if forwards(f, m) != forwards(f, other) {
			t.Fatal("a trace is torn apart")
		}
		if forwards(f, m) {
			kept++
		}
	}
	if kept < 850 || kept > 1150 {
		t.Errorf("%d of 4000 are kept at a rate of 0.25", kept)
	}
}

// TestForwardHalfFull: copies are the first to go when the stream fills up.
func TestForwardHalfFull(t *testing.T) {
	keys := newTestKeys()
	s := settings.Default()
	s.Forward.DSN = "https://" + key1 + "@sentry.example/7"
	k := keys[key42]
	k.Rules = NewRules(s)
	pub := &recorder{}
	c := &copier{pub, testKeys{key42: k}, newForwarder(nil, nil, nil, nil), false}
	m := &stream.Message{Kind: stream.KindEvent, ID: "a:0", ProjectID: 42, PublicKey: key42}
	if err := c.Publish(t.Context(), m); err != nil || len(pub.take()) != 2 {
		t.Errorf("no copy: %v", err)
	}
	pub.fill = forwardFill
	if err := c.Publish(t.Context(), m); err != nil || len(pub.take()) != 1 {
		t.Errorf("a copy although the stream is half full: %v", err)
	}
	if n := c.fwd.state(42).st.Dropped["full"]; n != 1 {
		t.Errorf("%d copies are counted as not made", n)
	}
}

func TestParseLimits(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	header := func(kv ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(kv); i += 2 {
			h.Set(kv[i], kv[i+1])
		}
		return h
	}
	const limits = "X-Sentry-Rate-Limits"
	for _, tt := range []struct {
		h      http.Header
		status int
		want   map[string]int // seconds
	}{
		{header(), 200, map[string]int{}},
		{header(), 429, map[string]int{"": 60}},
		{header("Retry-After", "7"), 429, map[string]int{"": 7}},
		{header("Retry-After", now.Add(9*time.Second).UTC().Format(http.TimeFormat)), 429, map[string]int{"": 9}},
		{header(limits, "120:error;feedback:key:cap, 900:replay:organization"), 200, map[string]int{"error": 120, "feedback": 120, "replay": 900}},
		{header(limits, "60::project", "Retry-After", "5"), 429, map[string]int{"": 60}},
		{header(limits, "1.2:error:key"), 429, map[string]int{"error": 2}},
		{header(limits, "x:error:key, 5:error, 3:error"), 200, map[string]int{"error": 5}},
		{header(limits, "999999999:error"), 200, map[string]int{"error": 86400}},
	} {
		got := map[string]int{}
		for c, at := range parseLimits(tt.h, tt.status, now) {
			got[c] = int(at.Sub(now) / time.Second)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%v: %s", tt.h, diff)
		}
	}
}
