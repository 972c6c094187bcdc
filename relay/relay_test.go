package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
)

const (
	key42 = "0123456789abcdef0123456789abcdef" // project 42
	key1  = "11111111111111111111111111111111" // project 1
	keyGo = "99999999999999999999999999999999" // project 9: only good.example; filters localhost
	keyNo = "dddddddddddddddddddddddddddddddd" // disabled, project 13
	idA   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	idB   = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

type testKeys map[string]Key

func (k testKeys) Key(public string) (Key, bool) { key, ok := k[public]; return key, ok }
func (k testKeys) Ready() bool                   { return true }

func newTestKeys() testKeys {
	strict := settings.Default()
	strict.AllowedDomains, strict.Filters.Localhost, strict.IP = []string{"good.example"}, true, settings.IPTruncate
	return testKeys{
		key42: {PublicKey: key42, OrgID: 1, ProjectID: 42, Active: true},
		key1:  {PublicKey: key1, OrgID: 1, ProjectID: 1, Active: true},
		keyGo: {PublicKey: keyGo, OrgID: 2, ProjectID: 9, Active: true, Rules: NewRules(strict)},
		keyNo: {PublicKey: keyNo, OrgID: 1, ProjectID: 13},
	}
}

// recorder is a Publisher that remembers.
type recorder struct {
	mu    sync.Mutex
	msgs  []*stream.Message
	calls int
	fill  float64
	err   error
	hook  func(ctx context.Context)
}

func (p *recorder) Publish(ctx context.Context, msgs ...*stream.Message) error {
	if p.hook != nil {
		p.hook(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.err != nil {
		return p.err
	}
	for _, m := range msgs {
		c := *m
		if c.Source != nil {
			r, err := c.Source()
			if err != nil {
				return err
			}
			if c.Body, err = io.ReadAll(r); err != nil {
				return err
			}
			r.Close()
		}
		p.msgs = append(p.msgs, &c)
	}
	return nil
}

func (p *recorder) Fill() float64 { return p.fill }
func (p *recorder) Ready() error  { return p.err }

func (p *recorder) take() []*stream.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.msgs
	p.msgs = nil
	return m
}

// edge is a relay under test.
type edge struct {
	*Relay
	t   testing.TB
	pub *recorder
}

func newEdge(t testing.TB, change ...func(*Config)) *edge {
	t.Helper()
	pub := &recorder{}
	cfg := Config{Keys: newTestKeys(), Publish: pub, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), TempDir: t.TempDir()}
	for _, f := range change {
		f(&cfg)
	}
	rl, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &edge{rl, t, pub}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	msgs   []*stream.Message
}

func (e *edge) do(method, target string, body io.Reader, header ...string) answer {
	e.t.Helper()
	r := httptest.NewRequest(method, target, body)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String(), e.pub.take()}
}

func auth(key string) string { return "Sentry sentry_key=" + key + ", sentry_version=7" }

// post sends an envelope to project 42.
func (e *edge) post(body string, header ...string) answer {
	e.t.Helper()
	return e.do("POST", "/api/42/envelope/", strings.NewReader(body), append([]string{"X-Sentry-Auth", auth(key42)}, header...)...)
}

func (a answer) wantOK(t testing.TB, id string) {
	t.Helper()
	if want := `{"id":"` + id + `"}`; a.status != 200 || a.body != want {
		t.Errorf("got %d %s; want 200 %s", a.status, a.body, want)
	}
}

// wantID is for ids the server makes: it returns the one.
func (a answer) wantID(t testing.TB) string {
	t.Helper()
	var got struct{ ID string }
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != 200 || len(got.ID) != 32 {
		t.Errorf("got %d %s; want 200 and an id", a.status, a.body)
	}
	return got.ID
}

func (a answer) wantError(t testing.TB, status int, detail string, causes ...string) {
	t.Helper()
	var got struct {
		Detail string
		Causes []string
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Errorf("body %q: %v", a.body, err)
	}
	if a.status != status || got.Detail != detail || strings.Join(got.Causes, "|") != strings.Join(causes, "|") {
		t.Errorf("got %d %s; want %d %q %q", a.status, a.body, status, detail, causes)
	}
	if h := a.header.Get("X-Sentry-Error"); h != detail {
		t.Errorf("X-Sentry-Error = %q, want %q", h, detail)
	}
	if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Expose-Headers") != "x-sentry-error, x-sentry-rate-limits, retry-after" {
		t.Errorf("no CORS headers on the error: %v", a.header)
	}
	if len(a.msgs) != 0 {
		t.Errorf("%d messages were published of a refused request", len(a.msgs))
	}
}

// only returns the one message of a kind and its envelope.
func (a answer) only(t testing.TB, kind stream.Kind) (*stream.Message, *envelope.Envelope) {
	t.Helper()
	var found *stream.Message
	for _, m := range a.msgs {
		if m.Kind != kind {
			continue
		}
		if found != nil {
			t.Fatalf("two messages of kind %s", kind)
		}
		found = m
	}
	if found == nil {
		t.Fatalf("no message of kind %s among %d; answer %d %s", kind, len(a.msgs), a.status, a.body)
	}
	if found.Size != int64(len(found.Body)) {
		t.Errorf("Size %d, body has %d bytes", found.Size, len(found.Body))
	}
	env, err := envelope.Parse(found.Body)
	if err != nil {
		t.Fatalf("published envelope: %v\n%s", err, found.Body)
	}
	return found, env
}

func (a answer) kinds() string {
	var s []string
	for _, m := range a.msgs {
		s = append(s, string(m.Kind))
	}
	return strings.Join(s, " ")
}

// counted returns the outcomes told with an answer (they are in its messages), as
// "category/outcome/reason=n".
func counted(t testing.TB, msgs []*stream.Message) map[string]int64 {
	t.Helper()
	got := map[string]int64{}
	for _, m := range msgs {
		if m.Kind != stream.KindReport || m.ProjectID != 0 {
			continue
		}
		env, err := envelope.Parse(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		list, err := stream.ParseOutcomes(env.Items[0].Payload)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			got[o.Category+"/"+o.Outcome+"/"+o.Reason] += o.Quantity
		}
	}
	return got
}

// flushed returns the outcomes counted so far of refused requests.
func (e *edge) flushed() map[string]int64 {
	e.t.Helper()
	e.flushOutcomes(e.t.Context())
	return counted(e.t, e.pub.take())
}

// env builds an envelope: header, then pairs of item header and payload. Items without a
// length in their header get none.
func env(header string, items ...string) string {
	var b bytes.Buffer
	b.WriteString(header + "\n")
	for _, s := range items {
		b.WriteString(s + "\n")
	}
	return b.String()
}
