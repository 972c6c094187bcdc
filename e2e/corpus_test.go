package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// captured is a request of a real SDK and what is in it: see testdata/corpus/README.md.
type captured struct {
	File    string
	Status  int
	Items   map[string]int64 // by type
	Events  []string
	Replays []string

	Method, Path, Query string
	Headers             [][2]string
	body                []byte
}

func corpus(t *testing.T) []captured {
	t.Helper()
	dir := filepath.Join("testdata", "corpus")
	var all []captured
	read := func(name string, out any) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = json.Unmarshal(b, out)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	read("index.json", &all)
	for i := range all {
		c := &all[i]
		read(c.File+".http.json", c)
		var err error
		if c.body, err = os.ReadFile(filepath.Join(dir, c.File+".body")); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// corpusProjects are the capture server's projects: the letter of their keys, by SDK.
var corpusProjects = map[string]string{"browser": "a", "node": "b", "go": "c", "python": "d", "cli": "e"}

// category is what an item of a type counts as.
var category = map[string]string{
	"event": "error", "transaction": "transaction", "span": "span", "log": "log_item", "trace_metric": "trace_metric", "check_in": "monitor",
	"session": "session", "sessions": "session", "replay_event": "replay", "replay_recording": "replay", "feedback": "feedback", "user_report": "feedback",
	"attachment": "attachment_item", "security": "security", "client_report": "", "profile_chunk": "",
}

// TestCorpus posts captured requests of every SDK, as they were but for key and project, and finds
// all that was in them.
func TestCorpus(t *testing.T) {
	s := start(t)
	a := s.api(t)
	want, refused, seen := map[string]map[string]int64{}, map[string]int64{}, map[string]bool{}
	dsns, all := map[string]*url.URL{}, corpus(t)
	for sdk := range corpusProjects {
		u, err := url.Parse(s.command(t, "project", "create", sdk))
		if err != nil {
			t.Fatal(err)
		}
		dsns[sdk], want[sdk] = u, map[string]int64{}
	}
	for _, c := range all {
		sdk, _, _ := strings.Cut(c.File, "-")
		c.post(t, dsns[sdk], strings.Repeat(corpusProjects[sdk]+"0", 16))
		for kind, n := range c.Items {
			name, known := category[kind]
			if !known {
				t.Fatalf("%s: the test does not know items of type %s", c.File, kind)
			}
			seen[kind] = true
			if name != "" {
				want[sdk][name] += n
			}
		}
		if c.Status == http.StatusBadRequest { // an event whose length is one short
			refused[sdk]++
		}
		for _, id := range c.Events {
			if seen[sdk+id] { // one id twice is one event
				want[sdk]["error"]--
				refused[sdk]++
			}
			seen[sdk+id] = true
		}
	}
	for sdk := range corpusProjects {
		got := a.outcomes(t, sdk, want[sdk], refused[sdk])
		for name, n := range want[sdk] {
			if got["accepted "+name] < n { // a transaction counts spans of its own
				t.Errorf("%s: accepted %d of category %s, %d were sent", sdk, got["accepted "+name], name, n)
			}
		}
		if n := got["invalid error"]; n != refused[sdk] {
			t.Errorf("%s: %d events are invalid, want %d", sdk, n, refused[sdk])
		}
		for outcome, n := range got {
			if !strings.HasPrefix(outcome, "accepted ") && !strings.HasPrefix(outcome, "client_discard ") && outcome != "invalid error" {
				t.Errorf("%s: %d items are %s", sdk, n, outcome)
			}
		}
	}
	for _, c := range all {
		sdk, _, _ := strings.Cut(c.File, "-")
		for _, id := range c.Events {
			var e event
			a.get(t, "/projects/main/"+sdk+"/events/"+id+"/", &e)
			if e.EventID != id || e.Title == "" || e.GroupID == "" || e.SDK.Name == "" && sdk != "cli" {
				t.Errorf("%s: event %s is %+v", c.File, id, e)
			}
		}
		for _, id := range c.Replays {
			var one struct{ Data struct{ ID string } }
			a.get(t, "/organizations/main/replays/"+id+"/", &one)
			if one.Data.ID != id {
				t.Errorf("%s: replay %s is %+v", c.File, id, one)
			}
		}
	}
	for kind := range category {
		if !seen[kind] {
			t.Errorf("the corpus has no %s", kind)
		}
	}
}

// post sends a request to a project of ours and wants the status it deserves.
func (c captured) post(t *testing.T, dsn *url.URL, oldKey string) {
	t.Helper()
	key, project := dsn.User.Username(), strings.TrimPrefix(dsn.Path, "/")
	renamed := func(s string) string { return strings.ReplaceAll(s, oldKey, key) }
	parts := strings.Split(c.Path, "/") // /api/1/envelope/
	parts[2] = project
	req, err := http.NewRequestWithContext(t.Context(), c.Method, "http://"+dsn.Host+strings.Join(parts, "/")+"?"+renamed(c.Query), nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := false
	for _, h := range c.Headers {
		if !slices.Contains([]string{"host", "content-length", "connection", "transfer-encoding"}, strings.ToLower(h[0])) {
			req.Header.Add(h[0], renamed(h[1]))
		}
		packed = packed || strings.EqualFold(h[0], "content-encoding") && h[1] == "gzip"
	}
	body := c.rewrite(t, packed, renamed, project)
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", c.File, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != c.Status {
		t.Errorf("%s: %s, want %d: %s", c.File, res.Status, c.Status, answer)
	}
}

// capturedOn is the day in the requests.
const capturedOn = "2026-11-20"

// rewrite changes the key, which has a length of its own, everywhere, the project in an
// envelope's header, and the day of what does not say when it was sent.
func (c captured) rewrite(t *testing.T, packed bool, renamed func(string) string, project string) []byte {
	t.Helper()
	body := c.body
	if packed {
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(r)
		}
		if err != nil {
			t.Fatalf("%s: %v", c.File, err)
		}
	}
	body = []byte(renamed(string(body)))
	if head, rest, ok := bytes.Cut(body, []byte("\n")); ok && strings.HasSuffix(c.Path, "/envelope/") {
		var h map[string]json.RawMessage
		var old string
		if err := json.Unmarshal(head, &h); err != nil {
			t.Fatalf("%s: %v", c.File, err)
		}
		if h["sent_at"] == nil { // nothing says that the clock is behind, and a session older than five days is refused
			yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
			body = bytes.ReplaceAll(body, []byte(capturedOn), []byte(yesterday))
			head, rest, _ = bytes.Cut(body, []byte("\n"))
		}
		if json.Unmarshal(h["dsn"], &old) == nil && old != "" {
			moved := old[:strings.LastIndex(old, "/")+1] + project
			body = slices.Concat(bytes.Replace(head, []byte(old), []byte(moved), 1), []byte("\n"), rest)
		}
	}
	if !packed {
		return body
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // into memory
	_ = w.Close()
	return b.Bytes()
}

// outcomes waits until at least what is wanted is accepted and so much refused, and gives all counts by "outcome category".
func (a *API) outcomes(t *testing.T, project string, want map[string]int64, refused int64) map[string]int64 {
	t.Helper()
	var p struct{ ID string }
	a.get(t, "/projects/main/"+project+"/", &p)
	got := map[string]int64{}
	poll(within, func() bool {
		var stats struct {
			Groups []struct {
				By     map[string]string
				Totals map[string]int64
			}
		}
		a.get(t, "/organizations/main/stats_v2/?groupBy=outcome&groupBy=category&statsPeriod=2d&interval=1d&project="+p.ID, &stats)
		clear(got)
		for _, g := range stats.Groups {
			got[fmt.Sprintf("%s %s", g.By["outcome"], g.By["category"])] = g.Totals["sum(quantity)"]
		}
		for name := range maps.Keys(want) {
			if got["accepted "+name] < want[name] {
				return false
			}
		}
		return got["invalid error"] >= refused
	})
	return got
}
