package relay

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/relay/quota"
	"github.com/hindsight-dev/hindsight/settings"
)

// TestQuotaScopes: a key's own limit is for errors of that key; an organisation's counts all its
// projects together.
func TestQuotaScopes(t *testing.T) {
	keys := newTestKeys()
	k := keys[key42]
	k.RateLimit = &RateLimit{Count: 1, Window: 3600}
	keys[key42] = k
	for _, name := range []string{key42, key1} {
		k := keys[name]
		k.OrgQuotas = []settings.Quota{{ID: "org", Categories: []string{"session"}, Limit: 2, WindowSeconds: 3600}}
		keys[name] = k
	}
	e := newEdge(t, func(c *Config) { c.Keys = keys })
	to1 := func(body string) answer { return e.to("/api/1/envelope/", body, "X-Sentry-Auth", auth(key1)) }
	e.post(anEvent()).wantOK(t, idA)
	a := e.post(anEvent())
	a.wantLimited(t, "default;error;security")
	if h := a.header.Get("X-Sentry-Rate-Limits"); !strings.HasSuffix(h, ":key:key_quota") {
		t.Errorf("header %q", h)
	}
	to1(anEvent()).wantOK(t, idA)
	e.post("{}\n" + aSession).wantNoID(t)
	to1("{}\n" + aSession).wantNoID(t)
	a = to1("{}\n" + aSession)
	a.wantLimited(t, "session")
	if h := a.header.Get("X-Sentry-Rate-Limits"); !strings.HasSuffix(h, ":organization:org_quota") {
		t.Errorf("header %q", h)
	}
}

// TestQuotaCountsWhatIsKept: what a filter drops, or the stream does not take, uses up nothing.
func TestQuotaCountsWhatIsKept(t *testing.T) {
	e := newEdge(t, withQuotas(limitOf(1, "error")), func(c *Config) {
		keys := c.Keys.(testKeys)
		s := *keys[key42].Rules.Settings()
		s.Filters.Localhost = true
		k := keys[key42]
		k.Rules = NewRules(s)
		keys[key42] = k
	})
	for range 3 {
		e.post(env(`{"event_id":"`+idA+`"}`, `{"type":"event"}`, `{"request":{"url":"http://localhost/"}}`)).wantOK(t, idA)
	}
	e.pub.err = stream.ErrUnavailable
	if a := e.post(anEvent()); a.status != 503 {
		t.Errorf("%d with no stream", a.status)
	}
	e.pub.err = nil
	e.post(anEvent()).wantOK(t, idA)
	e.post(anEvent()).wantLimited(t, "error")
}

// TestQuotaExact: many requests at once, not one too many.
func TestQuotaExact(t *testing.T) {
	e := newEdge(t, withQuotas(limitOf(40, "error")))
	var ok, limited atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				w := httptest.NewRecorder()
				r := httptest.NewRequest("POST", "/api/42/envelope/", strings.NewReader(anEvent()))
				r.Header.Set("X-Sentry-Auth", auth(key42))
				e.ServeHTTP(w, r)
				switch w.Code {
				case 200:
					ok.Add(1)
				case 429:
					limited.Add(1)
				}
			}
		})
	}
	all.Wait()
	if ok.Load() != 40 || limited.Load() != 120 {
		t.Errorf("%d taken, %d limited; want 40 and 120", ok.Load(), limited.Load())
	}
}

// pipe is an exchange between relays of one test.
type pipe struct {
	mu   sync.Mutex
	ears []func([]byte)
}

func (p *pipe) Tell(b []byte) error {
	p.mu.Lock()
	ears := p.ears
	p.mu.Unlock()
	for _, f := range ears {
		f(b)
	}
	return nil
}

func (p *pipe) Listen(_ context.Context, f func([]byte)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ears = append(p.ears, f)
	return nil
}

// TestQuotaOverTwoRelays: what one takes is known to the other within a moment.
func TestQuotaOverTwoRelays(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	p := &pipe{}
	shared := func(c *Config) { c.Exchange = p }
	a, b := newEdge(t, withQuotas(limitOf(3, "error")), shared), newEdge(t, withQuotas(limitOf(3, "error")), shared)
	var all sync.WaitGroup
	for _, e := range []*edge{a, b} {
		all.Go(func() { e.Run(ctx) })
	}
	defer all.Wait()
	defer stop()
	for range 3 {
		a.post(anEvent()).wantOK(t, idA)
	}
	q := quota.Quota{ID: "q0", Scope: quota.ScopeProject, ScopeID: "42", Window: time.Hour}
	for start := time.Now(); b.limiter.Count(q) < 3; {
		if time.Since(start) > 10*time.Second {
			t.Fatal("the other relay never heard")
		}
		<-time.After(10 * time.Millisecond)
	}
	b.post(anEvent()).wantLimited(t, "error")
}

// TestSpike: a project that sends ten times its norm is throttled, in that category; others, and
// small ones below the floor, are not.
func TestSpike(t *testing.T) {
	norms := quota.NewNorms(quota.NormsConfig{Floor: 20, Load: func(context.Context) ([]quota.Norm, error) {
		week := 7 * 24 * time.Hour
		return []quota.Norm{
			{ProjectID: 42, Category: "error", PerHour: 3, Known: week},
			{ProjectID: 1, Category: "error", PerHour: 0.01, Known: week},
		}, nil
	}})
	if err := norms.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := newEdge(t, func(c *Config) { c.Norms = norms })
	for i := range 30 {
		if a := e.post(anEvent()); a.status != 200 {
			t.Fatalf("event %d of 30: %d", i+1, a.status)
		}
	}
	a := e.post(anEvent())
	a.wantLimited(t, "error")
	if h := a.header.Get("X-Sentry-Rate-Limits"); !strings.HasSuffix(h, ":project:spike_protection") {
		t.Errorf("header %q", h)
	}
	e.post("{}\n" + aSession).wantNoID(t)
	for range 20 {
		e.to("/api/1/envelope/", anEvent(), "X-Sentry-Auth", auth(key1)).wantOK(t, idA)
	}
	if got := e.flushed(); got["error/rate_limited/spike_protection"] != 1 || len(got) != 1 {
		t.Errorf("outcomes %v", got)
	}
	off := settings.Default()
	off.Quotas.SpikeProtection = false
	keys := newTestKeys()
	k := keys[key42]
	k.Rules = NewRules(off)
	keys[key42] = k
	e = newEdge(t, func(c *Config) { c.Norms, c.Keys = norms, keys })
	for range 40 {
		e.post(anEvent()).wantOK(t, idA)
	}
}

func TestStrangersAreSlowedDown(t *testing.T) {
	e := newEdge(t)
	const unknown = "55555555555555555555555555555555"
	status := map[int]int{}
	for range strangerBurst + 5 {
		status[e.to("/api/42/envelope/", anEvent(), "X-Sentry-Auth", auth(unknown)).status]++
	}
	if status[403] < strangerBurst || status[429] == 0 {
		t.Errorf("answers %v", status)
	}
	e.post(anEvent()).wantOK(t, idA) // the same address, with a key that is known

	s, now := newStrangers(), time.Now()
	for i := range 3 * maxStrangers {
		s.allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(s.seen) > maxStrangers {
		t.Errorf("%d networks are remembered", len(s.seen))
	}
}

// TestSentryGoBacksOff: sentry-go's own transport is the judge of our 429: it holds back what is
// limited, and nothing else.
func TestSentryGoBacksOff(t *testing.T) {
	e := newEdge(t, withQuotas(limitOf(0, "error")))
	var requests atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		e.ServeHTTP(w, r)
	}))
	defer srv.Close()
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: strings.Replace(srv.URL, "://", "://"+key42+"@", 1) + "/42", EnableTracing: true, TracesSampleRate: 1,
		Transport: sentry.NewHTTPTransport(), DisableClientReports: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	hub := sentry.NewHub(client, sentry.NewScope())
	send := func(do func()) int64 {
		before := requests.Load()
		do()
		if !client.Flush(10 * time.Second) {
			t.Fatal("sentry-go did not flush")
		}
		return requests.Load() - before
	}
	message := func() { hub.CaptureMessage("m") }
	if n := send(message); n != 1 {
		t.Fatalf("the first event made %d requests", n)
	}
	if n := send(message); n != 0 {
		t.Errorf("after the 429 an event made %d requests", n)
	}
	transaction := func() {
		sentry.StartTransaction(sentry.SetHubOnContext(t.Context(), hub), "t").Finish()
	}
	if n := send(transaction); n != 1 {
		t.Errorf("a transaction made %d requests, want 1: only errors are limited", n)
	}
}

// TestSentryJavaScriptUnderstands: the parser of @sentry/core, run on real answers of ours.
func TestSentryJavaScriptUnderstands(t *testing.T) {
	const modules = "../examples/shop/node_modules/@sentry/core"
	_, missing := os.Stat(modules)
	if _, err := exec.LookPath("node"); err != nil {
		missing = err
	}
	if missing != nil {
		if os.Getenv("REQUIRE_BACKENDS") == "1" {
			t.Fatalf("node with the demo's modules is needed: %v", missing)
		}
		t.Skipf("node with the demo's modules is needed: %v", missing)
	}
	script := `
const { updateRateLimits, isRateLimited } = require(process.argv[1]);
const { status, header, retry } = JSON.parse(process.argv[2]);
const now = Date.now();
const limits = updateRateLimits({}, { statusCode: status, headers: { 'x-sentry-rate-limits': header, 'retry-after': retry } }, now);
const out = {};
for (const c of ['error', 'transaction', 'session', 'replay', 'attachment', 'security', 'default', 'log_item']) out[c] = isRateLimited(limits, c, now + 500);
out.all = 'all' in limits;
console.log(JSON.stringify(out));`
	tests := map[string]struct {
		quotas []settings.Quota
		body   string
		want   string // the categories that are held back
	}{
		"one":        {[]settings.Quota{limitOf(0, "error")}, anEvent(), "error"},
		"two quotas": {[]settings.Quota{limitOf(0, "error"), limitOf(0, "session")}, anEvent() + aSession, "error session"},
		"partly":     {[]settings.Quota{limitOf(0, "error")}, anEvent() + aSession, "error"},
		"everything": {[]settings.Quota{limitOf(0)}, anEvent(), "error transaction session replay attachment security log_item"},
		"nothing":    {nil, anEvent(), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := newEdge(t, withQuotas(tt.quotas...)).post(tt.body)
			in, err := json.Marshal(map[string]any{"status": a.status, "header": a.header.Get("X-Sentry-Rate-Limits"), "retry": a.header.Get("Retry-After")})
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "node", "-e", script, "../examples/shop/node_modules/@sentry/core", string(in)).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var got map[string]bool
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var held []string
			for _, c := range []string{"error", "transaction", "session", "replay", "attachment", "security", "default", "log_item", "all"} {
				if got[c] {
					held = append(held, c)
				}
			}
			if h := strings.Join(held, " "); h != tt.want {
				t.Errorf("%s: held back %q, want %q", in, h, tt.want)
			}
		})
	}
}
