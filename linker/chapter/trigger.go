package chapter

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/linker/recording"
)

// trigger is something that may begin a chapter.
type trigger struct {
	kind    string
	at, end int64
	first   int64 // when it really began; at is when it was told
	node    int64
	url     string // of a navigation: where it leads
	text    string // of the node that was clicked or typed in
	enter   bool
	loads   bool // a document is opened
	moves   bool // to another page
	dead    int
	rage    int

	route   string
	hint    string // a route that the navigation itself names
	pageURL string

	last     int64 // of the clicks or keys that were merged into it
	requests []*exchange
	ends     []int64 // of the requests, sorted
	items    []found
}

// matters says whether a trigger makes a chapter; else it stays a plain crumb.
func (t *trigger) matters() bool {
	return len(t.requests) > 0 || len(t.items) > 0 || t.moves || t.dead > 0 || t.rage > 0
}

func (t *trigger) acts() bool { return t.kind == KindClick || t.kind == KindInput }

func (t *trigger) label() string {
	switch t.kind {
	case KindPageLoad:
		return "Open " + pathOf(t.url)
	case KindNavigation:
		return "Go to " + pathOf(t.url)
	case KindInput:
		if t.enter {
			return "Press Enter in " + t.text
		}
		return "Type in " + t.text
	}
	return "Click " + t.text
}

// findTriggers reads sorted frames.
func findTriggers(frames []recording.Frame, words words, touches []recording.Touch, asked func(from, to int64) bool) []*trigger {
	f := &finder{words: words}
	f.touch(touches)
	for i := range frames {
		f.read(&frames[i])
	}
	f.openings(frames)
	slices.SortStableFunc(f.found, func(a, b *trigger) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind)) })
	f.time()
	return merge(f.found, asked)
}

type finder struct {
	words   words
	clicks  []recording.Touch // in order
	keys    map[int64][]int64 // moments of typing by node, in order
	page    int64             // when the page in view was opened
	found   []*trigger
	actions []*trigger // of found, in order
	pages   []recording.Frame
	spans   []*trigger // of found, made of navigation spans
}

func (f *finder) add(t *trigger) {
	t.first, t.last = t.at, t.at
	f.found = append(f.found, t)
	if t.acts() {
		f.actions = append(f.actions, t)
	}
}

func (f *finder) lastAction() *trigger {
	if len(f.actions) == 0 {
		return nil
	}
	return f.actions[len(f.actions)-1]
}

func (f *finder) read(fr *recording.Frame) {
	switch fr.Kind {
	case recording.KindPage:
		f.pages = append(f.pages, *fr)
		f.page = fr.TimeMS
	case recording.KindNavigation:
		f.navigation(fr)
	case recording.KindClick, recording.KindDeadClick, recording.KindRageClick, recording.KindSlowClick:
		f.click(fr)
	case recording.KindTap:
		if fr.Category != "ui.swipe" {
			f.click(fr)
		}
	case recording.KindInput:
		if l := f.lastAction(); l != nil && l.kind == KindInput && !l.enter && l.node == fr.NodeID && fr.TimeMS-f.typedUntil(l) <= inputRunMS {
			l.at, l.last = fr.TimeMS, fr.TimeMS // one run of typing
			return
		}
		f.add(&trigger{kind: KindInput, at: fr.TimeMS, node: fr.NodeID, text: f.target(fr)})
	case recording.KindKey:
		var d struct {
			Key string `json:"key"`
		}
		if json.Unmarshal(fr.Data, &d) == nil && d.Key == "Enter" {
			f.add(&trigger{kind: KindInput, enter: true, at: fr.TimeMS, node: fr.NodeID, text: f.target(fr)})
		}
	}
}

func (f *finder) navigation(fr *recording.Frame) {
	t := &trigger{kind: KindNavigation, at: fr.TimeMS, url: fr.Message, moves: true}
	if op, ok := strings.CutPrefix(fr.Category, "navigation."); ok {
		f.spans = append(f.spans, t)
		if op != "push" {
			t.kind, t.loads = KindPageLoad, true
		}
	}
	var d struct {
		Route string `json:"route"`
	}
	if json.Unmarshal(fr.Data, &d) == nil {
		t.hint = d.Route
	}
	f.add(t)
}

// touch sorts what the recorder of the page told.
func (f *finder) touch(in []recording.Touch) {
	f.keys = map[int64][]int64{}
	for _, t := range in {
		if t.Typed {
			f.keys[t.NodeID] = append(f.keys[t.NodeID], t.AtMS)
		} else {
			f.clicks = append(f.clicks, t)
		}
	}
	for _, at := range f.keys {
		slices.Sort(at)
	}
	slices.SortFunc(f.clicks, func(a, b recording.Touch) int {
		return cmp.Or(cmp.Compare(a.AtMS, b.AtMS), cmp.Compare(a.NodeID, b.NodeID))
	})
}

// typedUntil is when the run of typing ended that a trigger is part of.
func (f *finder) typedUntil(t *trigger) int64 {
	keys, last := f.keys[t.node], t.last
	for i, _ := slices.BinarySearch(keys, last); i < len(keys) && keys[i]-last <= inputRunMS; i++ {
		last = keys[i]
	}
	return last
}

// time finds out when actions really began, and until when was typed.
func (f *finder) time() {
	for _, t := range f.found {
		switch {
		case t.kind == KindClick:
			i, _ := slices.BinarySearchFunc(f.clicks, t.at+1, func(c recording.Touch, ms int64) int { return cmp.Compare(c.AtMS, ms) })
			if i > 0 && t.at-f.clicks[i-1].AtMS <= crumbMS {
				t.first = f.clicks[i-1].AtMS
			}
		case t.kind == KindInput && !t.enter:
			t.last = max(t.last, f.typedUntil(t))
		}
	}
}

// click reads a click, or what the SDK found out about one later: that is told with the click's own time.
func (f *finder) click(fr *recording.Frame) {
	var at *trigger
	for _, t := range slices.Backward(f.actions) {
		if t.kind == KindClick && t.node == fr.NodeID && fr.TimeMS-t.last < sameClickMS {
			at = t
		}
		if t.kind == KindClick || fr.TimeMS-t.last >= sameClickMS {
			break // another click came between
		}
	}
	if at == nil {
		at = &trigger{kind: KindClick, at: fr.TimeMS, node: fr.NodeID, text: f.target(fr)}
		f.add(at)
	}
	at.last = max(at.last, fr.TimeMS)
	switch fr.Kind {
	case recording.KindDeadClick:
		at.dead++
	case recording.KindRageClick:
		at.dead++
		at.rage++
	}
}

// openings makes a page load of a page that was opened without a navigation being told: the replay's
// first, and those of recorders that do not tell.
func (f *finder) openings(frames []recording.Frame) {
	url := ""
	for _, p := range f.pages {
		told := slices.ContainsFunc(f.found, func(t *trigger) bool {
			return t.moves && t.at <= p.TimeMS+2_000 && p.TimeMS-t.at <= pageLoadMS
		})
		if !told && p.Message != url {
			f.found = append(f.found, &trigger{kind: KindPageLoad, at: p.TimeMS, first: p.TimeMS, last: p.TimeMS, url: p.Message, loads: true, moves: true})
		}
		url = p.Message
	}
	// A crumb of a navigation that a span tells too says nothing new.
	f.found = slices.DeleteFunc(f.found, func(t *trigger) bool {
		if t.kind != KindNavigation || slices.Contains(f.spans, t) {
			return false
		}
		i := slices.IndexFunc(f.spans, func(s *trigger) bool {
			return abs(s.at-t.at) <= sameNavigationMS && (abs(s.at-t.at) <= 2 || pathOf(s.url) == pathOf(t.url))
		})
		if i >= 0 && f.spans[i].hint == "" {
			f.spans[i].hint = t.hint
		}
		return i >= 0
	})
}

// merge joins typing with the click or Enter that ends it, and a click with the navigation it made.
func merge(in []*trigger, asked func(from, to int64) bool) []*trigger {
	var out []*trigger
	for i, t := range in {
		if t.kind == KindInput && !t.enter {
			joins := func(n *trigger) bool {
				// Typing that made the page ask for something is a thing of its own.
				return (n.kind == KindClick || n.enter) && n.at >= t.at && n.at-t.at <= inputJoinMS && !asked(t.first, min(n.first, t.last+reactMS+1))
			}
			next := slices.IndexFunc(in[i+1:], func(n *trigger) bool { return n.acts() })
			if next >= 0 && joins(in[i+1+next]) {
				continue
			}
		}
		if t.moves && len(out) > 0 {
			if p := out[len(out)-1]; p.acts() && t.at-p.last <= navigationMS {
				p.moves, p.loads = true, p.loads || t.loads
				p.url, p.hint = t.url, t.hint
				continue
			}
			if p := out[len(out)-1]; p.kind == KindPageLoad && t.kind == KindPageLoad && p.url == t.url && t.at-p.at <= 2 {
				continue // told twice
			}
		}
		out = append(out, t)
	}
	return out
}

// target names the element of a frame: what the page calls it, else its text as the SDK tells it, its label, the selector.
func (f *finder) target(fr *recording.Frame) string {
	if name := f.words.at(fr.NodeID, f.page-sameNavigationMS, fr.TimeMS); name != "" {
		return strconv.Quote(shorten(name, 60))
	}
	var d struct {
		Label string `json:"label"`
		Node  struct {
			Text       string                     `json:"textContent"`
			Attributes map[string]json.RawMessage `json:"attributes"`
		} `json:"node"`
	}
	_ = json.Unmarshal(fr.Data, &d) // what cannot be read names nothing
	names := []string{d.Node.Text}
	for _, a := range []string{"aria-label", "title", "alt", "placeholder", "name"} {
		var s string
		if json.Unmarshal(d.Node.Attributes[a], &s) == nil {
			names = append(names, s)
		}
	}
	for _, n := range append(names, d.Label) {
		if n = strings.Join(strings.Fields(n), " "); n != "" && !masked(n) {
			return strconv.Quote(shorten(n, 60))
		}
	}
	if fr.Message != "" {
		return shorten(fr.Message, 120)
	}
	return "something"
}

// words are the names of elements, by node, in the order of time.
type words map[int64][]recording.Name

func newWords(in []recording.Name) words {
	out := words{}
	for _, n := range in {
		out[n.NodeID] = append(out[n.NodeID], n)
	}
	for _, ns := range out {
		slices.SortStableFunc(ns, func(a, b recording.Name) int { return cmp.Or(cmp.Compare(a.AtMS, b.AtMS), cmp.Compare(a.Name, b.Name)) })
	}
	return out
}

// at is what an element was called at a moment, on the page that was opened at from: numbers begin anew on each page.
func (w words) at(node, from, ms int64) string {
	ns := w[node]
	i, _ := slices.BinarySearchFunc(ns, ms+1, func(n recording.Name, ms int64) int { return cmp.Compare(n.AtMS, ms) })
	if i == 0 || ns[i-1].AtMS < from || masked(ns[i-1].Name) {
		return ""
	}
	return ns[i-1].Name
}

// masked says that a recorder hid a text: it puts a star for each character.
func masked(s string) bool { return strings.Trim(s, "* ") == "" }

func shorten(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

func vitals(frames []recording.Frame, from, to int64) []Vital {
	out := []Vital{}
	first, _ := slices.BinarySearchFunc(frames, from, func(f recording.Frame, ms int64) int { return cmp.Compare(f.TimeMS, ms) })
	for i := first; i < len(frames) && frames[i].TimeMS <= to && len(out) < 50; i++ {
		f := &frames[i]
		if f.Kind != recording.KindVital {
			continue
		}
		var d struct {
			Value  float64 `json:"value"`
			Rating string  `json:"rating"`
		}
		if json.Unmarshal(f.Data, &d) == nil {
			out = append(out, Vital{Name: f.Message, Value: d.Value, Rating: d.Rating, TimeMS: f.TimeMS})
		}
	}
	return out
}
