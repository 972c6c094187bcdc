package chapter

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/hindsight-dev/hindsight/linker/recording"
)

// Kinds of chapter, by what began them.
const (
	KindPageLoad   = "pageload"
	KindNavigation = "navigation"
	KindClick      = "click"
	KindInput      = "input"
	KindBackground = "background" // requests that no action explains: polls, timers, sockets
)

// Statuses, the worst first.
const (
	StatusError  = "error"  // it has an error
	StatusFailed = "failed" // a request was refused or got no answer
	StatusSlow   = "slow"   // a request took longer than a second
	StatusOK     = "ok"
)

// Input is everything known of a replay. Nothing in it needs an order.
type Input struct {
	ReplayID string
	Frames   []recording.Frame
	Requests []Request
	Changes  []int64           // when the page changed, ms
	Names    []recording.Name  // what the page called its elements, and from when on
	Touches  []recording.Touch // clicks and keys at their very moment
	Items    []Item
	Spans    []Span // of the traces that the replay has, of both sides
}

// Request is a fetch or XHR that the recording saw. TraceID and SpanID are those of its recorded headers.
type Request struct {
	Method         string
	URL            string
	Status         int // 0: no answer
	StartUS, EndUS int64
	TraceID        string
	SpanID         string
}

// Span is a unit of work. Method and URL are those of the HTTP request it makes or answers, if it does.
type Span struct {
	TraceID, SpanID, ParentID string
	EventID                   string // of a transaction
	ProjectID                 int64
	Segment                   bool // the root of one service's part of a trace
	Frontend                  bool
	Op, Name, Status          string
	Source                    string // where Name came from: route, url, …
	Method, URL               string
	StartUS, EndUS            int64
}

// Item is a linked error, message or log.
type Item struct {
	Kind         string
	ID           string
	ProjectID    int64
	IssueID      int64
	TraceID      string
	SpanID       string
	Level        string
	Title        string
	Frontend     bool
	AfterSession bool
	TimeMS       int64
}

// Chapter is an action of the user with everything it led to. Times are Unix milliseconds.
type Chapter struct {
	ID           string     `json:"id"`
	Kind         string     `json:"kind"`
	StartMS      int64      `json:"startMs"`
	EndMS        int64      `json:"endMs"`
	Label        string     `json:"label"`
	TriggerRoute string     `json:"triggerRoute"` // the page where it happened, ids in it replaced
	URL          string     `json:"url"`
	NodeID       int64      `json:"nodeId,omitempty"`
	Status       string     `json:"status"`
	Requests     []Exchange `json:"requests"`
	Failed       int        `json:"failed"`
	SlowestMS    int64      `json:"slowestMs"`
	Traces       []string   `json:"traces"`
	Errors       []Incident `json:"errors"`
	Dead         int        `json:"dead"`
	Rage         int        `json:"rage"`
	Vitals       []Vital    `json:"vitals"`
}

// Exchange is a request of a chapter with the backend's part in it.
type Exchange struct {
	Method    string `json:"method"`
	URL       string `json:"url"`
	Path      string `json:"path"` // as a template
	Status    int    `json:"status"`
	StartMS   int64  `json:"startMs"`
	EndMS     int64  `json:"endMs"`
	TraceID   string `json:"traceId,omitempty"`
	MatchedBy string `json:"matchedBy,omitempty"` // how Work was found: a header in the recording, b span of the page, c method, path and time
	Work      []Work `json:"work"`
	Errors    int    `json:"errors"` // of the chapter's errors, those that belong to it
}

// Ways to match a request with backend work, the surest first.
const (
	ByHeader = "a"
	BySpan   = "b"
	ByShape  = "c"
)

// Work is one service's part in a request.
type Work struct {
	TraceID   string `json:"traceId"`
	SpanID    string `json:"spanId"`
	EventID   string `json:"eventId,omitempty"`
	ProjectID int64  `json:"projectId"`
	Op        string `json:"op"`
	Name      string `json:"name"`
	Status    string `json:"status"`
	StartMS   int64  `json:"startMs"`
	EndMS     int64  `json:"endMs"`
}

// Incident is an item that happened in a chapter. Request is the place of its request in the chapter, -1
// for none.
type Incident struct {
	Kind      string `json:"kind"`
	ID        string `json:"id"`
	ProjectID int64  `json:"projectId"`
	IssueID   int64  `json:"issueId,omitempty"`
	ShortID   string `json:"shortId,omitempty"` // of the issue; only whoever shows it knows
	Level     string `json:"level"`
	Title     string `json:"title"`
	Side      string `json:"side"`
	TimeMS    int64  `json:"timeMs"`
	Request   int    `json:"request"`
}

// Vital is a web vital that was measured during a chapter.
type Vital struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Rating string  `json:"rating,omitempty"`
	TimeMS int64   `json:"timeMs"`
}

// Bounds on what one replay may ask for.
const (
	maxChapters = 1_000
	maxRequests = 10_000
	maxItems    = 10_000
	maxSpans    = 50_000
)

// Times that decide what belongs to what, in ms.
const (
	reactMS          = 1_000  // from an action to its requests: measured 1-3 ms, the rest is for debouncing
	pageLoadMS       = 10_000 // a page that loads makes requests for so long
	chainMS          = 200    // from one request's end to the next that it led to
	sameClickMS      = 1_000  // clicks on one node belong together
	inputJoinMS      = 5_000  // typing, then a click
	navigationMS     = 1_000  // a click, then the navigation it made
	sameNavigationMS = 100    // a navigation's crumb and its span
	quietMS          = 30_000 // a chapter lasts no longer when nothing is pending
	lateErrorMS      = 2_000  // a frontend error comes so long after what it belongs to
	slowMS           = 1_000
	handMS           = 100   // a request that follows an action so soon was set off by it, not by a timer
	crumbMS          = 150   // a crumb comes so long after what it tells of, on a busy page
	inputRunMS       = 2_000 // between two keys of one run of typing
	retryMS          = 5_000 // a request that failed is made again
)

// Derive makes the chapters of a replay, in the order of time, the background last.
func Derive(in Input) []Chapter {
	frames := slices.Clone(in.Frames)
	slices.SortStableFunc(frames, func(a, b recording.Frame) int {
		return cmp.Or(cmp.Compare(a.TimeMS, b.TimeMS), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.NodeID, b.NodeID), cmp.Compare(a.Message, b.Message))
	})
	d := &derivation{in: in, bySpan: map[string]*exchange{}, byTrace: map[string][]*exchange{}}
	d.readRequests()
	d.triggers = findTriggers(frames, newWords(in.Names), in.Touches, d.asked())
	d.triggers = d.triggers[:min(len(d.triggers), maxChapters)]
	d.attribute()
	d.routes()
	d.attachWork()
	d.setEnds()
	d.attachItems()
	return d.chapters(frames)
}

// derivation is one Derive under way.
type derivation struct {
	in        Input
	triggers  []*trigger
	exchanges []*exchange // by start
	lane      []*exchange // of the background
	broken    []*exchange // failed, and nothing is known of the work behind them
	bySpan    map[string]*exchange
	byTrace   map[string][]*exchange // by start
	laneItems []found
}

// exchange is a request on its way into a chapter.
type exchange struct {
	Request
	path     string
	template string
	owner    *trigger // nil: background
	by       string
	work     []Span
	errors   int
}

func (e *exchange) startMS() int64 { return e.StartUS / 1000 }
func (e *exchange) endMS() int64   { return max(e.EndUS, e.StartUS) / 1000 }

// found is an item with the request it belongs to.
type found struct {
	Item
	of *exchange
}

func (d *derivation) chapters(frames []recording.Frame) []Chapter {
	out := []Chapter{}
	for _, t := range d.triggers {
		if !t.matters() {
			continue
		}
		key := t.url
		if t.node != 0 {
			key = fmt.Sprint(t.node)
		}
		c := Chapter{ID: identity(d.in.ReplayID, t.kind, t.at, key), Kind: t.kind, StartMS: t.at, EndMS: t.end, Label: t.label(),
			TriggerRoute: t.route, URL: t.pageURL, NodeID: t.node, Dead: t.dead, Rage: t.rage, Vitals: vitals(frames, t.at, t.end)}
		c.fill(t.requests, t.items)
		out = append(out, c)
	}
	if len(d.lane) > 0 || len(d.laneItems) > 0 {
		c := Chapter{ID: identity(d.in.ReplayID, KindBackground, 0, ""), Kind: KindBackground, Label: "In the background", Vitals: []Vital{}}
		c.fill(d.lane, d.laneItems)
		for i, r := range c.Requests {
			if i == 0 {
				c.StartMS = r.StartMS
			}
			c.EndMS = max(c.EndMS, r.EndMS)
		}
		for _, e := range c.Errors {
			if c.StartMS == 0 || e.TimeMS < c.StartMS {
				c.StartMS = e.TimeMS
			}
			c.EndMS = max(c.EndMS, e.TimeMS)
		}
		out = append(out, c)
	}
	return out
}

// fill puts requests and items into a chapter and judges it.
func (c *Chapter) fill(requests []*exchange, items []found) {
	c.Requests, c.Errors, c.Traces = []Exchange{}, []Incident{}, []string{}
	place := map[*exchange]int{}
	for i, r := range requests {
		place[r] = i
		x := Exchange{Method: r.Method, URL: r.URL, Path: r.template, Status: r.Status, StartMS: r.startMS(), EndMS: r.endMS(),
			TraceID: r.TraceID, MatchedBy: r.by, Work: []Work{}, Errors: r.errors}
		for _, s := range r.work {
			x.Work = append(x.Work, Work{TraceID: s.TraceID, SpanID: s.SpanID, EventID: s.EventID, ProjectID: s.ProjectID, Op: s.Op, Name: s.Name,
				Status: s.Status, StartMS: s.StartUS / 1000, EndMS: s.EndUS / 1000})
		}
		if failed(r.Status) {
			c.Failed++
		}
		c.SlowestMS = max(c.SlowestMS, x.EndMS-x.StartMS)
		if r.TraceID != "" && !slices.Contains(c.Traces, r.TraceID) {
			c.Traces = append(c.Traces, r.TraceID)
		}
		c.Requests = append(c.Requests, x)
	}
	worst := StatusOK
	slices.SortStableFunc(items, func(a, b found) int { return cmp.Or(cmp.Compare(a.TimeMS, b.TimeMS), cmp.Compare(a.ID, b.ID)) })
	for _, it := range items {
		e := Incident{Kind: it.Kind, ID: it.ID, ProjectID: it.ProjectID, IssueID: it.IssueID, Level: it.Level, Title: it.Title, Side: "backend", TimeMS: it.TimeMS, Request: -1}
		if it.Frontend {
			e.Side = "frontend"
		}
		if at, ok := place[it.of]; ok {
			e.Request = at
		}
		if it.Level == "error" || it.Level == "fatal" {
			worst = StatusError
		}
		c.Errors = append(c.Errors, e)
	}
	switch {
	case worst == StatusError:
	case c.Failed > 0:
		worst = StatusFailed
	case c.SlowestMS > slowMS:
		worst = StatusSlow
	}
	c.Status = worst
}

func failed(status int) bool { return status == 0 || status >= 400 }

// identity names a chapter, 16 hex digits.
func identity(replay, kind string, at int64, key string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%s", replay, kind, at, key))
	return hex.EncodeToString(sum[:8])
}
