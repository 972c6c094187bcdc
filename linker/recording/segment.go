package recording

import (
	"encoding/json"
	"io"
	"math"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Segment is what is known of one flush of a recorder.
type Segment struct {
	Events          int   // rrweb events
	FirstMS, LastMS int64 // of the events; 0 when there are none
	HasFullSnapshot bool  // it can be played without the segments before it
	Frames          []Frame
	Requests        []Request
	Documents       []Document
	Clicks          []Click
	URLs            []string // pages in the order of visiting, without repetition in a row
	Dead, Rage      int      // clicks that led to nothing, and those made in anger
	Truncated       bool     // there were more frames than the limits allow
}

// Kinds of frame.
const (
	KindPage       = "page"       // a document was opened: Message is its URL
	KindConsole    = "console"    // Level, Message
	KindNetwork    = "network"    // Message is the URL; Data as recorded, with headers and bodies if the page's owner chose so
	KindNavigation = "navigation" // Message is the URL
	KindClick      = "click"      // Message is the selector
	KindSlowClick  = "slow_click" // something happened, but late
	KindDeadClick  = "dead_click"
	KindRageClick  = "rage_click"
	KindMultiClick = "multi_click"
	KindInput      = "input"
	KindKey        = "key"
	KindFocus      = "focus" // focus and blur: Category says which
	KindTap        = "tap"   // taps and swipes of phones
	KindMemory     = "memory"
	KindVital      = "vital" // Message is the vital's name
	KindPaint      = "paint"
	KindHydration  = "hydration_error"
	KindMutations  = "mutations" // the page changed so much that recording was limited
	KindFeedback   = "feedback"
	KindOptions    = "options" // the recorder's settings
	KindVideo      = "video"
	KindDevice     = "device" // battery, connectivity, orientation, foreground, background
	KindCustom     = "custom"
)

// Frame is something that happened, without the DOM it happened in.
type Frame struct {
	Kind     string          `json:"kind"`
	TimeMS   int64           `json:"timeMs"`
	EndMS    int64           `json:"endMs,omitempty"`
	Category string          `json:"category,omitempty"` // of a breadcrumb, or the op of a span
	Level    string          `json:"level,omitempty"`
	Message  string          `json:"message,omitempty"`
	NodeID   int64           `json:"nodeId,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// Request is a fetch or XHR of the page, or a phone's HTTP request.
type Request struct {
	Method  string // upper case
	URL     string
	Path    string // of URL, without query
	Status  int    // 0 when it never got an answer
	StartUS int64  // microseconds since 1970
	EndUS   int64
	// What the recorded request headers say, if the page's owner lets them be recorded.
	TraceID       envelope.ID
	SpanID        envelope.SpanID
	ExpectsReplay bool // the has-replay flag of a four-part sentry-trace
}

// Document is a page that was loaded from its server: by a link, a form, an address, a reload. How it was answered is not
// recorded.
type Document struct {
	Path    string // of its URL, without query
	StartUS int64  // microseconds since 1970
	EndUS   int64
}

// Click is a click on an element.
type Click struct {
	TimeMS    int64
	NodeID    int64
	Tag       string
	ID        string
	Classes   []string
	Text      string
	Role      string
	Alt       string
	TestID    string
	AriaLabel string
	Title     string
	Component string
	Selector  string
	Dead      bool
	Rage      bool
}

// rrweb event types.
const (
	typeFullSnapshot = 2
	typeIncremental  = 3
	typeMeta         = 4
	typeCustom       = 5
	typePlugin       = 6
)

// Parse reads a segment's body, that is, what comes after the line with the segment id.
func Parse(body []byte, lim Limits) (*Segment, error) {
	lim = lim.withDefaults()
	r, err := inflate(body, lim.Inflated)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s := newScanner(r)
	p := &parser{lim: lim, seg: &Segment{}}
	err = s.list('[', ']', func([]byte) error { return p.event(s) })
	if err == nil {
		err = atEnd(s)
	}
	if err != nil {
		return nil, malformed(s.pos, err)
	}
	p.finish()
	return p.seg, nil
}

// atEnd checks that nothing but white space follows.
func atEnd(s *scanner) error {
	_, err := s.peek()
	switch err {
	case io.EOF:
		return nil
	case nil:
		return errSyntax
	}
	return err
}

// parser collects a segment.
type parser struct {
	lim  Limits
	seg  *Segment
	data []byte // of the event in hand, reused

	frameBytes  int
	first, last float64 // of all events
	domFirst    float64 // of DOM events only
	domLast     float64
}

// event reads one event. The data of DOM events are passed over.
func (p *parser) event(s *scanner) error {
	kind, at, whole := -1, 0.0, false
	err := s.list('{', '}', func(name []byte) error {
		switch string(name) {
		case "type":
			v, ok, err := s.number()
			if ok && v >= 0 && v < 100 {
				kind = int(v)
			}
			return err
		case "timestamp":
			v, ok, err := s.number()
			if ok {
				at = millis(v)
			}
			return err
		case "data":
			if kind == typeFullSnapshot || kind == typeIncremental {
				return s.skip()
			}
			s.capture(p.lim.EventBytes)
			err := s.skip()
			b, ok := s.take()
			p.data, whole = append(p.data[:0], b...), ok
			return err
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	p.seg.Events++
	p.time(kind, at)
	switch {
	case kind == typeFullSnapshot:
		p.seg.HasFullSnapshot = true
	case !whole:
	case kind == typeMeta:
		p.meta(at)
	case kind == typeCustom:
		p.custom(at)
	}
	return nil
}

// time widens the segment's span. Spans of performance entries tell of things before the recording
// began, so they count only where there is nothing else.
func (p *parser) time(kind int, at float64) {
	if at <= 0 {
		return
	}
	widen := func(first, last *float64) {
		if *first == 0 || at < *first {
			*first = at
		}
		*last = max(*last, at)
	}
	widen(&p.first, &p.last)
	if kind != typeCustom {
		widen(&p.domFirst, &p.domLast)
	}
}

func (p *parser) finish() {
	first, last := p.domFirst, p.domLast
	if first == 0 {
		first, last = p.first, p.last
	}
	p.seg.FirstMS, p.seg.LastMS = int64(first), int64(last)
}

// meta is the opening of a document.
func (p *parser) meta(at float64) {
	var m struct {
		Href string `json:"href"`
	}
	if !read(p.data, &m) || m.Href == "" {
		return
	}
	p.visit(m.Href)
	p.add(Frame{Kind: KindPage, TimeMS: int64(at), Message: clean(m.Href, maxURL), Data: p.data})
}

// add keeps a frame with a copy of its data, within the limits.
func (p *parser) add(f Frame) bool {
	if len(p.seg.Frames) >= p.lim.Frames || p.frameBytes+len(f.Data) > p.lim.FrameBytes {
		p.seg.Truncated = true
		return false
	}
	p.frameBytes += len(f.Data)
	if string(f.Data) == "null" {
		f.Data = nil
	}
	if f.Data != nil {
		f.Data = append(json.RawMessage(nil), f.Data...)
	}
	p.seg.Frames = append(p.seg.Frames, f)
	return true
}

const maxURLs = 500

func (p *parser) visit(url string) {
	url = clean(url, maxURL)
	if n := len(p.seg.URLs); url == "" || n >= maxURLs || n > 0 && p.seg.URLs[n-1] == url {
		return
	}
	p.seg.URLs = append(p.seg.URLs, url)
}

// maxSeconds tells seconds from milliseconds: as milliseconds it is April 1970, as seconds the year 2286.
const maxSeconds = 9_999_999_999

// millis brings a time into milliseconds. Nonsense is 0.
func millis(v float64) float64 {
	switch {
	case math.IsNaN(v) || v <= 0 || v > 253402300799999:
		return 0
	case v <= maxSeconds:
		return v * 1000
	}
	return v
}
