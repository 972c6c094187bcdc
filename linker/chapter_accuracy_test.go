package linker

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/linker/chapter"
	"github.com/hindsight-dev/hindsight/store"
)

// accuracy is what chapters must reach, both of those that are there and of those that should be.
const accuracy = 0.95

// label is what a person noted of one thing a visitor did: see e2e/linklab/chapters/visits.mjs, where they are written.
type label struct {
	At       int64 // Unix ms; 0 of the background
	Kind     string
	On       string // part of the chapter's label
	Route    string // ends in / when more follows that nobody knows before
	Status   string
	Requests []string // METHOD /path
}

type labelledVisit struct {
	Visit    string
	Labels   []label
	Requests []struct {
		Project, Received int64
		Body              string
	}
}

// TestChapterAccuracy records people's visits to chapters and holds these against what was noted beside them: whether there
// is a chapter for each thing that was done, no other, of the right kind, name, route and status; and whether each request
// is in the right one.
func TestChapterAccuracy(t *testing.T) {
	files, err := filepath.Glob("testdata/visits/*.json.gz")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d visits, %v", len(files), err)
	}
	eachDB(t, func(t *testing.T, w *world) {
		var chapters, requests score
		for _, f := range files {
			v := readVisit(t, f)
			w.empty()
			for i, r := range v.Requests {
				w.deliver(w.split(fmt.Sprintf("%s-%d", v.Visit, i), w.first+r.Project-1, time.UnixMilli(r.Received), []byte(r.Body))...)
			}
			got := w.derived()
			misses := v.judge(got, &chapters, &requests)
			if len(misses) > 0 {
				t.Logf("%s:\n  %s\n  there is: %s", v.Visit, strings.Join(misses, "\n  "), strings.Join(tellDerived(v, got), "\n            "))
			}
		}
		t.Logf("%d visits. Chapters: %s. Requests: %s.", len(files), chapters, requests)
		if chapters.worst() < accuracy || requests.worst() < accuracy {
			t.Errorf("less than %.0f %%", 100*accuracy)
		}
	})
}

// score counts what is there, what should be, and what is both.
type score struct{ there, wanted, right int }

func (s score) worst() float64 { return float64(s.right) / float64(max(s.there, s.wanted, 1)) }

func (s score) String() string {
	return fmt.Sprintf("precision %.1f %% (%d of %d), recall %.1f %% (%d of %d)", 100*float64(s.right)/float64(max(s.there, 1)), s.right, s.there,
		100*float64(s.right)/float64(max(s.wanted, 1)), s.right, s.wanted)
}

func readVisit(t *testing.T, path string) (v labelledVisit) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err == nil {
		err = json.NewDecoder(z).Decode(&v)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// derived derives what is queued and gives the chapters of all replays.
func (w *world) derived() (out []chapter.Chapter) {
	w.t.Helper()
	w.chapters()
	for _, id := range w.lines("SELECT replay_id FROM replays WHERE state = 'live' ORDER BY replay_id") {
		rows, err := w.s.Chapters(w.t.Context(), store.Scope{OrgID: w.org}, id)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range rows {
			var c chapter.Chapter
			raw, err := store.Decompress(r.Body)
			if err == nil {
				err = json.Unmarshal(raw, &c)
			}
			if err != nil {
				w.t.Fatal(err)
			}
			out = append(out, c)
		}
	}
	return out
}

// atOnce is how far the note of a moment may be from the recording's, in ms: the visitor's hand has to get there.
const atOnce = 2_500

// judge scores a visit and tells what is wrong.
func (v labelledVisit) judge(got []chapter.Chapter, chapters, requests *score) (misses []string) {
	taken := map[int]bool{}
	for i := range got {
		requests.there += len(got[i].Requests)
	}
	chapters.there += len(got)
	chapters.wanted += len(v.Labels)
	for _, l := range v.Labels {
		at := l.find(got, taken)
		if at < 0 {
			misses = append(misses, fmt.Sprintf("lacks %s %q at %s", l.Kind, l.On, v.since(l.At)))
			requests.wanted += len(l.Requests)
			continue
		}
		taken[at] = true
		c := &got[at]
		if l.Kind == chapter.KindBackground {
			requests.wanted += count(got, l.Requests)
			requests.right += count(got[at:at+1], l.Requests)
		} else {
			requests.wanted += len(l.Requests)
			requests.right += l.shared(c)
		}
		if route := l.Route; l.Kind != chapter.KindBackground && c.TriggerRoute != route && !(strings.HasSuffix(route, "/") && route != "/" && strings.HasPrefix(c.TriggerRoute, route)) {
			misses = append(misses, fmt.Sprintf("%s: route %s, should be %s", c.Label, c.TriggerRoute, route))
			continue
		}
		if c.Status != l.Status {
			misses = append(misses, fmt.Sprintf("%s: status %s, should be %s", c.Label, c.Status, l.Status))
			continue
		}
		if l.Kind != chapter.KindBackground && (l.shared(c) != len(l.Requests) || len(c.Requests) != len(l.Requests)) {
			misses = append(misses, fmt.Sprintf("%s: requests %v, should be %v", c.Label, names(c), l.Requests))
		}
		chapters.right++
	}
	for i := range got {
		if !taken[i] {
			misses = append(misses, fmt.Sprintf("nobody did %s %s at %s", got[i].Kind, got[i].Label, v.since(got[i].StartMS)))
		}
	}
	return misses
}

// find gives the chapter of a label, the nearest in time; -1 without.
func (l label) find(got []chapter.Chapter, taken map[int]bool) int {
	best := -1
	gap := func(i int) int64 { return max(got[i].StartMS-l.At, l.At-got[i].StartMS) }
	for i := range got {
		c := &got[i]
		if taken[i] || c.Kind != l.Kind || !strings.Contains(c.Label, l.On) || l.At != 0 && gap(i) > atOnce {
			continue
		}
		if best < 0 || gap(i) < gap(best) {
			best = i
		}
	}
	return best
}

// shared is how many of a label's requests a chapter has.
func (l label) shared(c *chapter.Chapter) (n int) {
	left := names(c)
	for _, r := range l.Requests {
		if i := slices.Index(left, r); i >= 0 {
			left = slices.Delete(left, i, i+1)
			n++
		}
	}
	return n
}

func names(c *chapter.Chapter) (out []string) {
	for _, r := range c.Requests {
		out = append(out, r.Method+" "+r.Path)
	}
	return out
}

func count(cs []chapter.Chapter, of []string) (n int) {
	for i := range cs {
		for _, name := range names(&cs[i]) {
			if slices.Contains(of, name) {
				n++
			}
		}
	}
	return n
}

// since tells a moment by the visit's first note.
func (v labelledVisit) since(ms int64) string {
	return fmt.Sprintf("%.1f s", float64(ms-v.Labels[0].At)/1_000)
}

func tellDerived(v labelledVisit, cs []chapter.Chapter) (out []string) {
	for i := range cs {
		c := &cs[i]
		out = append(out, fmt.Sprintf("%s %s %s [%s] %s %v", v.since(c.StartMS), c.Kind, c.Label, c.TriggerRoute, c.Status, names(c)))
	}
	return out
}
