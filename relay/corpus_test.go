package relay

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
)

// captured is a request a real SDK sent: see testdata/corpus/README.md.
type captured struct {
	Method, Path, Query string
	Headers             [][2]string
	Answered            struct{ Status int }
	body                []byte
}

// corpus reads the captured requests.
func corpus(t testing.TB) map[string]captured {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*/*.http.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	all := map[string]captured{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var c captured
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.body, err = os.ReadFile(strings.TrimSuffix(name, ".http.json") + ".body"); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(strings.TrimPrefix(name, "testdata/corpus/"), ".http.json")] = c
	}
	return all
}

// corpusKeys are the keys of the capture server.
func corpusKeys() testKeys {
	s := settings.Default()
	s.Scrub.Enabled = false // the corpus is compared byte for byte
	keys := testKeys{}
	for i, c := range "abcde" {
		k := strings.Repeat(string(c)+"0", 16)
		keys[k] = Key{PublicKey: k, OrgID: 1, ProjectID: envelope.ProjectID(i + 1), Active: true, Rules: NewRules(s)}
	}
	return keys
}

// TestCorpus: every request of every SDK is answered as the capture server answered, and all its
// items are published with their bytes.
func TestCorpus(t *testing.T) {
	for name, c := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			e := newEdge(t, func(cfg *Config) { cfg.Keys = corpusKeys() })
			r := httptest.NewRequest(c.Method, c.Path+"?"+c.Query, bytes.NewReader(c.body))
			for _, h := range c.Headers {
				if !strings.EqualFold(h[0], "host") {
					r.Header.Add(h[0], h[1])
				}
			}
			w := httptest.NewRecorder()
			if c.Path == "/tunnel" {
				e.Tunnel(nil).ServeHTTP(w, r)
			} else {
				e.ServeHTTP(w, r)
			}
			if strings.Contains(name, "malformed") { // on purpose
				if w.Code != 400 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				return
			}
			if w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			msgs := e.pub.take()
			if got := counted(t, msgs); len(got) > 0 {
				t.Errorf("items were dropped: %v", got)
			}
			if !strings.HasSuffix(strings.TrimSuffix(c.Path, "/"), "envelope") && c.Path != "/tunnel" {
				if len(msgs) == 0 {
					t.Error("nothing was published")
				}
				return
			}
			sameItems(t, c, msgs)
		})
	}
}

// sameItems holds what was published against what was sent.
func sameItems(t *testing.T, c captured, msgs []*stream.Message) {
	t.Helper()
	body := c.body
	for _, h := range c.Headers {
		if strings.EqualFold(h[0], "content-encoding") {
			enc, err := parseEncoding([]string{h[1]})
			if err != nil {
				t.Fatal(err)
			}
			b, err := newDecoders(newByteBudget(windowBudget, 0)).open(t.Context(), bytes.NewReader(body), enc, 10<<20)
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	sent, err := envelope.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	payloads := map[string]int{}
	for _, it := range sent.Items {
		payloads[it.Header.Type+"\x00"+string(it.Payload)]++
	}
	for _, m := range msgs {
		env, err := envelope.Parse(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range env.Items {
			payloads[it.Header.Type+"\x00"+string(it.Payload)]--
		}
	}
	for k, n := range payloads {
		if n != 0 {
			t.Errorf("%d too few or many of %.100q", n, k)
		}
	}
}

// TestCorpusFacts: the backends whose SDK rebuilds the trace header lose the replay id there; it
// is found in the request headers they kept.
func TestCorpusFacts(t *testing.T) {
	found := 0
	for name, c := range corpus(t) {
		if !strings.HasPrefix(name, "go-v0.50.0/central") {
			continue
		}
		e := newEdge(t, func(cfg *Config) { cfg.Keys = corpusKeys() })
		a := e.do(c.Method, c.Path+"?"+c.Query, bytes.NewReader(c.body), flat(c.Headers)...)
		for _, m := range a.msgs {
			if m.Kind == stream.KindEvent && !m.BaggageReplayID.IsZero() {
				found++
				if m.BaggageTraceID != m.TraceID {
					t.Errorf("%s: baggage is of trace %s, event of %s", name, m.BaggageTraceID, m.TraceID)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no event of sentry-go with tracing has its replay id")
	}
}

func flat(headers [][2]string) []string {
	var s []string
	for _, h := range headers {
		s = append(s, h[0], h[1])
	}
	return s
}
