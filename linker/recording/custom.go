package recording

import (
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Longest texts kept in frames and columns, in characters.
const (
	maxURL     = 2048
	maxMessage = 8192
	maxShort   = 64
)

// The SDK waits seven seconds for a click to lead to something; rage is that with five clicks
// (sentry: src/sentry/replays/usecases/ingest/event_parser.py).
const (
	deadAfterMS = 7000
	rageClicks  = 5
)

// custom reads an event of Sentry's own: a breadcrumb, a performance span, the options, a video.
func (p *parser) custom(at float64) {
	var c struct {
		Tag     string          `json:"tag"`
		Payload json.RawMessage `json:"payload"`
	}
	if !read(p.data, &c) {
		return
	}
	switch c.Tag {
	case "breadcrumb":
		p.breadcrumb(at, c.Payload)
	case "performanceSpan":
		p.span(at, c.Payload)
	case "options":
		p.add(Frame{Kind: KindOptions, TimeMS: int64(at), Data: c.Payload})
	case "video":
		p.add(Frame{Kind: KindVideo, TimeMS: int64(at), Data: c.Payload})
	default:
		p.add(Frame{Kind: KindCustom, TimeMS: int64(at), Category: clean(c.Tag, maxShort), Data: c.Payload})
	}
}

type breadcrumb struct {
	Timestamp json.Number     `json:"timestamp"`
	Type      string          `json:"type"`
	Category  string          `json:"category"`
	Level     string          `json:"level"`
	Message   any             `json:"message"`
	Data      json.RawMessage `json:"data"`
}

func (p *parser) breadcrumb(at float64, raw json.RawMessage) {
	var b breadcrumb
	if !read(raw, &b) {
		p.add(Frame{Kind: KindCustom, TimeMS: int64(at), Data: raw})
		return
	}
	if t, err := b.Timestamp.Float64(); err == nil && millis(t) > 0 {
		at = millis(t)
	}
	message, _ := b.Message.(string)
	f := Frame{Kind: kindOfCrumb(b.Category), TimeMS: int64(at), Category: clean(b.Category, maxShort),
		Level: clean(b.Level, maxShort), Message: clean(message, maxMessage), Data: b.Data}
	switch f.Kind {
	case KindClick, KindSlowClick, KindMultiClick:
		p.click(&f)
	case KindNavigation:
		var d struct {
			To string `json:"to"`
		}
		if read(b.Data, &d) && d.To != "" {
			f.Message = clean(d.To, maxURL)
		}
	default:
		var d struct {
			NodeID float64 `json:"nodeId"`
		}
		if read(b.Data, &d) {
			f.NodeID = int64(d.NodeID)
		}
	}
	p.add(f)
}

func kindOfCrumb(category string) string {
	switch category {
	case "console":
		return KindConsole
	case "ui.click":
		return KindClick
	case "ui.slowClickDetected":
		return KindSlowClick
	case "ui.multiClick":
		return KindMultiClick
	case "ui.input":
		return KindInput
	case "ui.keyDown":
		return KindKey
	case "ui.focus", "ui.blur":
		return KindFocus
	case "ui.tap", "ui.swipe":
		return KindTap
	case "navigation":
		return KindNavigation
	case "replay.mutations":
		return KindMutations
	case "replay.hydrate-error":
		return KindHydration
	case "sentry.feedback":
		return KindFeedback
	case "app.foreground", "app.background", "device.orientation", "device.connectivity", "device.battery":
		return KindDevice
	}
	return KindCustom
}

type clickData struct {
	NodeID           float64 `json:"nodeId"`
	EndReason        string  `json:"endReason"`
	TimeAfterClickMS float64 `json:"timeAfterClickMs"`
	ClickCount       float64 `json:"clickCount"`
	Node             struct {
		ID         float64                    `json:"id"`
		TagName    string                     `json:"tagName"`
		Text       string                     `json:"textContent"`
		Attributes map[string]json.RawMessage `json:"attributes"`
	} `json:"node"`
}

// click completes a frame of a click, and counts dead and rage clicks.
func (p *parser) click(f *Frame) {
	var d clickData
	if !read(f.Data, &d) {
		return
	}
	f.NodeID = int64(d.NodeID)
	if f.NodeID == 0 {
		f.NodeID = int64(d.Node.ID)
	}
	tag := strings.ToLower(d.Node.TagName)
	dead := f.Kind == KindSlowClick && d.EndReason == "timeout" && d.TimeAfterClickMS >= deadAfterMS &&
		(tag == "a" || tag == "button" || tag == "input")
	rage := dead && d.ClickCount >= rageClicks
	switch {
	case rage:
		f.Kind = KindRageClick
		p.seg.Rage++
		p.seg.Dead++
	case dead:
		f.Kind = KindDeadClick
		p.seg.Dead++
	}
	const maxClicks = 10_000
	if d.Node.TagName == "" || f.NodeID < 0 || len(p.seg.Clicks) >= maxClicks || f.Kind != KindClick && !dead {
		return
	}
	attr := func(limit int, names ...string) string {
		for _, n := range names {
			var s string
			if json.Unmarshal(d.Node.Attributes[n], &s) == nil && s != "" {
				return clean(s, limit)
			}
		}
		return ""
	}
	classes := strings.Fields(attr(1000, "class"))
	p.seg.Clicks = append(p.seg.Clicks, Click{
		TimeMS: f.TimeMS, NodeID: f.NodeID, Tag: clean(tag, 32), ID: attr(maxShort, "id"),
		Classes: classes[:min(len(classes), 10)], Text: clean(d.Node.Text, 1024), Role: attr(32, "role"),
		Alt: attr(maxShort, "alt"), TestID: attr(maxShort, "testId", "data-testid", "data-test-id"),
		AriaLabel: attr(maxShort, "aria-label"), Title: attr(maxShort, "title"),
		Component: attr(maxShort, "data-sentry-component"), Selector: f.Message, Dead: dead, Rage: rage,
	})
}

type span struct {
	Op          string          `json:"op"`
	Description string          `json:"description"`
	Start       json.Number     `json:"startTimestamp"`
	End         json.Number     `json:"endTimestamp"`
	Data        json.RawMessage `json:"data"`
}

func (p *parser) span(at float64, raw json.RawMessage) {
	var s span
	if !read(raw, &s) {
		p.add(Frame{Kind: KindCustom, TimeMS: int64(at), Data: raw})
		return
	}
	start, end := at, 0.0
	if v, err := s.Start.Float64(); err == nil && millis(v) > 0 {
		start = millis(v)
	}
	if v, err := s.End.Float64(); err == nil {
		end = millis(v)
	}
	end = max(end, start)
	f := Frame{Kind: kindOfSpan(s.Op), TimeMS: int64(math.Round(start)), EndMS: int64(math.Round(end)),
		Category: clean(s.Op, maxShort), Message: clean(s.Description, maxURL), Data: s.Data}
	if f.Kind == KindVital && f.Category != "web-vital" {
		f.Message = f.Category // older SDKs put the name there
	}
	p.add(f)
	switch {
	case f.Kind == KindNavigation:
		p.visit(s.Description)
		if s.Op == "navigation.navigate" || s.Op == "navigation.reload" {
			p.document(&s, start, end)
		}
	case s.Op == "resource.fetch" || s.Op == "resource.xhr" || s.Op == "resource.http":
		p.request(&s, start, end)
	}
}

func (p *parser) document(s *span, start, end float64) {
	const maxDocuments = 100 // a segment is a few seconds, a minute at most
	if len(p.seg.Documents) < maxDocuments && s.Description != "" {
		p.seg.Documents = append(p.seg.Documents, Document{Path: pathOf(clean(s.Description, maxURL)),
			StartUS: int64(math.Round(start * 1000)), EndUS: int64(math.Round(end * 1000))})
	}
}

func kindOfSpan(op string) string {
	switch {
	case strings.HasPrefix(op, "resource."):
		return KindNetwork
	case strings.HasPrefix(op, "navigation."):
		return KindNavigation
	case op == "memory":
		return KindMemory
	case op == "paint":
		return KindPaint
	case op == "web-vital", op == "largest-contentful-paint", op == "cumulative-layout-shift",
		op == "interaction-to-next-paint", op == "first-input-delay":
		return KindVital
	}
	return KindCustom
}

func (p *parser) request(s *span, start, end float64) {
	const maxRequests = 10_000
	if len(p.seg.Requests) >= maxRequests {
		p.seg.Truncated = true
		return
	}
	var d struct {
		Method  string  `json:"method"`
		Status  float64 `json:"statusCode"`
		Request struct {
			Headers map[string]json.RawMessage `json:"headers"`
		} `json:"request"`
	}
	read(s.Data, &d)
	r := Request{Method: strings.ToUpper(clean(d.Method, 32)), URL: clean(s.Description, maxURL), StartUS: int64(math.Round(start * 1000)), EndUS: int64(math.Round(end * 1000))}
	if r.Method == "" {
		r.Method = "GET" // fetch's default is not always recorded
	}
	if d.Status >= 100 && d.Status < 1000 {
		r.Status = int(d.Status)
	}
	r.Path = pathOf(r.URL)
	for name, raw := range d.Request.Headers {
		var value string
		if json.Unmarshal(raw, &value) != nil {
			continue
		}
		switch strings.ToLower(name) {
		case "sentry-trace":
			if t, ok := envelope.ParseSentryTrace(value); ok {
				r.TraceID, r.SpanID, r.ExpectsReplay = t.TraceID, t.SpanID, t.HasReplay
			}
		case "traceparent":
			if t, ok := envelope.ParseTraceparent(value); ok && r.TraceID.IsZero() {
				r.TraceID, r.SpanID = t.TraceID, t.SpanID
			}
		}
	}
	p.seg.Requests = append(p.seg.Requests, r)
}

// pathOf is a URL's path without query, "/" when it has none.
func pathOf(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		s, _, _ = strings.Cut(s, "?")
		return s
	}
	if u.Path == "" {
		return "/"
	}
	return clean(u.Path, maxURL)
}

// read decodes an object; a member of the wrong type is left out and does not cost the others.
func read(raw json.RawMessage, into any) bool {
	if len(raw) == 0 || raw[0] != '{' {
		return false
	}
	err := json.Unmarshal(raw, into)
	var wrong *json.UnmarshalTypeError
	return err == nil || errors.As(err, &wrong)
}

// clean makes a text fit for a column: valid, without NUL, not too long.
func clean(s string, limit int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	s, _ = envelope.CutText(s, limit)
	return s
}
