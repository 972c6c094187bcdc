package mcp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/linker/chapter"
)

// event is a whole event as far as it is told; its entries are read by their types.
type event struct {
	EventID     string                     `json:"eventID"`
	Title       string                     `json:"title"`
	Culprit     string                     `json:"culprit"`
	Platform    string                     `json:"platform"`
	DateCreated time.Time                  `json:"dateCreated"`
	Release     api.Null[api.EventRelease] `json:"release"`
	User        api.Null[api.EventUser]    `json:"user"`
	Tags        []api.Tag                  `json:"tags"`
	Entries     []struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	} `json:"entries"`
	Hindsight api.EventHindsight `json:"hindsight"`
}

// stack is a stack trace as far as it is told.
type stack struct {
	Frames []struct {
		Filename *string  `json:"filename"`
		Module   *string  `json:"module"`
		Function *string  `json:"function"`
		LineNo   *int64   `json:"lineNo"`
		InApp    bool     `json:"inApp"`
		Context  [][2]any `json:"context"`
	} `json:"frames"`
}

// page is text that grows. Words of applications and users go through q or fence, never plainly.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// q quotes a word of somebody else's: on one line, bounded, and unable to end its own quotes.
func q(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r == '`' {
			return '\''
		}
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "…"
	}
	return "`" + s + "`"
}

// fence writes a block of somebody else's text that cannot end the block.
func (p *page) fence(text string) {
	p.line("```\n%s\n```", strings.ReplaceAll(strings.TrimRight(text, "\n"), "```", "'''"))
}

func or(s *string, other string) string {
	if s == nil || *s == "" {
		return other
	}
	return *s
}

func issueList(issues []api.Issue) string {
	var p page
	if len(issues) == 0 {
		p.line("No issue fits.")
	}
	for _, i := range issues {
		p.line("- **%s** %s in %s, %s, %s events, %d users, last seen %s, %d replays\n  %s", i.ShortID, q(i.Title), i.Project.Slug, i.Status, i.Count,
			i.UserCount, i.LastSeen.Format(time.RFC3339), i.Hindsight.ReplayCount, i.Permalink)
	}
	return p.String()
}

func issueText(i *api.Issue, e *event, links []api.ReplayLink) string {
	var p page
	p.line("# %s %s", i.ShortID, q(i.Title))
	p.line("%s in project %s (%s), %s, level %s, at %s", i.Permalink, i.Project.Slug, i.Platform, i.Status, i.Level, q(i.Culprit))
	p.line("%s events, %d users, first seen %s, last seen %s", i.Count, i.UserCount, i.FirstSeen.Format(time.RFC3339), i.LastSeen.Format(time.RFC3339))
	if i.AssignedTo.V != nil {
		p.line("assigned to %s", q(i.AssignedTo.V.Name))
	}
	p.replays(links)
	if e.EventID != "" {
		p.event(e)
	}
	return p.String()
}

func eventText(e *event, issue string, links []api.ReplayLink) string {
	var p page
	p.line("# Event of issue %s", issue)
	p.replays(links)
	p.event(e)
	return p.String()
}

// replays names the best replays: those that play come first.
func (p *page) replays(links []api.ReplayLink) {
	p.line("\n## Replays")
	if len(links) == 0 {
		p.line("None is linked.")
	}
	links = slices.Clone(links)
	slices.SortStableFunc(links, func(a, b api.ReplayLink) int { return boolInt(b.Plays) - boolInt(a.Plays) })
	seen := map[string]bool{}
	for _, l := range links {
		if seen[l.ReplayID] || len(seen) == 5 {
			continue
		}
		seen[l.ReplayID] = true
		switch {
		case l.Plays && l.OffsetMS != nil:
			p.line("- replay %s at %s: %s (get_replay tells it)", l.ReplayID, clock(*l.OffsetMS), l.Reason)
		case l.Plays:
			p.line("- replay %s: %s (get_replay tells it)", l.ReplayID, l.Reason)
		default:
			p.line("- replay %s is %s: %s", l.ReplayID, l.State, or(l.StateReason, l.Reason))
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// clock spells milliseconds as minutes and seconds.
func clock(ms int64) string {
	sign := ""
	if ms < 0 {
		sign, ms = "-", -ms
	}
	return fmt.Sprintf("%s%d:%02d", sign, ms/60_000, ms/1000%60)
}

func (p *page) event(e *event) {
	p.line("\n## Event %s, %s", e.EventID, e.DateCreated.Format(time.RFC3339))
	p.line("%s side, platform %s, at %s", e.Hindsight.Side, e.Platform, q(e.Culprit))
	if e.Release.V != nil {
		p.line("release %s", q(e.Release.V.Version))
	}
	if t := e.Hindsight.TraceID; t != nil {
		p.line("trace %s (get_trace tells it)", *t)
	}
	if u := e.User.V; u != nil {
		p.line("user %s", q(or(u.Email, or(u.Username, or(u.ID, or(u.IPAddress, "without a name"))))))
	}
	for _, entry := range e.Entries {
		p.entry(entry.Type, entry.Data)
	}
	if len(e.Tags) > 0 {
		p.line("\n### Tags")
		for _, t := range e.Tags[:min(len(e.Tags), 40)] {
			p.line("- %s: %s", q(t.Key), q(t.Value))
		}
	}
}

func (p *page) entry(kind string, data json.RawMessage) {
	switch kind {
	case "exception":
		var chain struct {
			Values []struct {
				Type, Value *string
				Stacktrace  *stack
			}
		}
		if json.Unmarshal(data, &chain) != nil {
			return
		}
		for i := len(chain.Values) - 1; i >= 0; i-- { // what was raised last comes first
			v := chain.Values[i]
			p.line("\n### Exception %s: %s", q(or(v.Type, "")), q(or(v.Value, "")))
			p.stack(v.Stacktrace)
		}
	case "stacktrace":
		var s stack
		if json.Unmarshal(data, &s) == nil {
			p.line("\n### Stack trace")
			p.stack(&s)
		}
	case "message":
		var m struct{ Formatted string }
		if json.Unmarshal(data, &m) == nil && m.Formatted != "" {
			p.line("\n### Message")
			p.fence(m.Formatted)
		}
	case "request":
		var r api.RequestData
		if json.Unmarshal(data, &r) == nil && r.URL != "" {
			p.line("\n### Request\n%s %s", or(r.Method, "GET"), q(r.URL))
		}
	case "breadcrumbs":
		var b api.BreadcrumbsData
		if json.Unmarshal(data, &b) == nil {
			p.breadcrumbs(b.Values)
		}
	}
}

// crumbsShown is how many breadcrumbs are told: the last ones lead to the error.
const crumbsShown = 20

func (p *page) breadcrumbs(all []api.Breadcrumb) {
	if len(all) == 0 {
		return
	}
	p.line("\n### Last breadcrumbs, oldest first")
	for _, b := range all[max(0, len(all)-crumbsShown):] {
		when := ""
		if b.Timestamp != nil {
			when = b.Timestamp.Format("15:04:05.000") + " "
		}
		said := or(b.Message, "")
		if said == "" && len(b.Data) > 0 {
			if j, err := json.Marshal(b.Data); err == nil {
				said = string(j)
			}
		}
		p.line("- %s%s %s", when, q(or(b.Category, b.Type)), q(said))
	}
}

// framesShown bounds a stack: the app's own frames are all there, the others give way.
const framesShown = 40

// stack tells a stack trace, the call that failed first.
func (p *page) stack(s *stack) {
	if s == nil || len(s.Frames) == 0 {
		return
	}
	var b page
	shown, context := 0, false
	for i := len(s.Frames) - 1; i >= 0 && shown < framesShown; i-- {
		f := s.Frames[i]
		if !f.InApp && shown > framesShown/2 {
			continue
		}
		shown++
		line := ""
		if f.LineNo != nil {
			line = fmt.Sprintf(":%d", *f.LineNo)
		}
		mark := "  "
		if f.InApp {
			mark = "* "
		}
		b.line("%sat %s (%s%s)", mark, or(f.Function, "?"), or(f.Filename, or(f.Module, "?")), line)
		if f.InApp && !context && len(f.Context) > 0 { // the source where it broke
			context = true
			for _, l := range f.Context {
				n, _ := l[0].(float64)
				pointer := " "
				if f.LineNo != nil && int64(n) == *f.LineNo {
					pointer = ">"
				}
				b.line("      %s %5d | %v", pointer, int64(n), l[1])
			}
		}
	}
	p.line("Frames with * are the application's own; the call that failed is first.")
	p.fence(b.String())
}

func replayText(r *api.Replay, chapters []chapter.Chapter, links []api.ReplayLink) string {
	var p page
	p.line("# Replay %s", r.ID)
	if r.StartedAt != nil {
		p.line("started %s, %s long, %s on %s", r.StartedAt.Format(time.RFC3339), clock(r.Duration*1000), q(or(r.Browser.Name, "a browser")), q(or(r.OS.Name, "an unknown system")))
	}
	if len(r.URLs) > 0 {
		p.line("began on %s", q(r.URLs[0]))
	}
	p.line("%d errors, %d dead clicks, %d rage clicks", r.CountErrors, r.CountDeadClicks, r.CountRageClicks)
	p.line("\n## What happened")
	if len(chapters) == 0 {
		p.line("No chapters yet: the recording has just begun, or nothing was done that led to anything.")
	}
	var start int64
	if r.StartedAt != nil {
		start = r.StartedAt.UnixMilli()
	}
	for _, c := range chapters {
		p.chapter(&c, start)
	}
	p.apart(links)
	return p.String()
}

// exchangesShown is how many requests of a chapter are told one by one; those that failed always are.
const exchangesShown = 12

func (p *page) chapter(c *chapter.Chapter, start int64) {
	p.line("\n### %s %s: %s", clock(c.StartMS-start), c.Kind, q(c.Label))
	p.line("on %s, %s", q(c.TriggerRoute), c.Status)
	if c.Rage > 0 {
		p.line("The user clicked again and again, and nothing happened.")
	} else if c.Dead > 0 {
		p.line("A click did nothing.")
	}
	for i, r := range c.Requests {
		failed := r.Status == 0 || r.Status >= 400 || r.Errors > 0
		if i >= exchangesShown && !failed {
			continue
		}
		status := "no answer"
		if r.Status > 0 {
			status = fmt.Sprintf("%d", r.Status)
		}
		p.line("- the page called %s %s → %s in %d ms", r.Method, q(r.Path), status, r.EndMS-r.StartMS)
		for _, w := range r.Work {
			p.line("  - a service did %s %s in %d ms %s", q(w.Op), q(w.Name), w.EndMS-w.StartMS, q(w.Status))
		}
	}
	for _, e := range c.Errors {
		side := "in the browser"
		if e.Side == "backend" {
			side = "on a server"
		}
		p.line("- **%s %s**: %s (%s %s)", e.Level, side, q(e.Title), e.Kind, e.ID)
	}
}

// apart tells what belongs to the session and happened outside of the recording.
func (p *page) apart(links []api.ReplayLink) {
	told := false
	for _, l := range links {
		if !slices.Contains(l.Flags, "after_session") && !slices.Contains(l.Flags, "before_session") {
			continue
		}
		if !told {
			p.line("\n## Outside of the recording")
			told = true
		}
		p.line("- %s %s %s (%s)", l.ItemKind, l.ItemID, q(or(l.Title, "")), strings.Join(l.Flags, ", "))
	}
}

// span is a span of a trace, or an error that no span has.
type span struct {
	EventType   string           `json:"event_type"`
	EventID     string           `json:"event_id"`
	ProjectSlug string           `json:"project_slug"`
	Op          string           `json:"op"`
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Status      string           `json:"status"`
	Duration    float64          `json:"duration"`
	Level       string           `json:"level"`
	ShortID     string           `json:"short_id"`
	Children    []span           `json:"children"`
	Errors      []api.TraceError `json:"errors"`
}

// spansShown bounds how much of a trace is told.
const spansShown = 400

func traceText(id string, roots []span) string {
	var p page
	p.line("# Trace %s", q(id))
	if len(roots) == 0 {
		p.line("Nothing of it was received.")
	}
	left := spansShown
	for i := range roots {
		p.span(&roots[i], 0, &left)
	}
	if left <= 0 {
		p.line("… more spans are not shown.")
	}
	return p.String()
}

func (p *page) span(s *span, depth int, left *int) {
	if *left <= 0 {
		return
	}
	*left--
	indent := strings.Repeat("  ", min(depth, 20))
	if s.EventType == "error" {
		p.line("%s- **%s** %s (%s, event %s)", indent, s.Level, q(s.Description), s.ShortID, s.EventID)
		return
	}
	p.line("%s- [%s] %s %s %.1f ms %s", indent, s.ProjectSlug, q(s.Op), q(or(&s.Description, s.Name)), s.Duration, q(s.Status))
	for _, e := range s.Errors {
		p.line("%s  - **%s** %s (%s, event %s)", indent, e.Level, q(e.Description), e.ShortID, e.EventID)
	}
	for i := range s.Children {
		p.span(&s.Children[i], depth+1, left)
	}
}

func hitText(id string, hits []api.SearchHit) string {
	var p page
	if len(hits) == 0 {
		p.line("Nothing here has the id %s.", q(id))
	}
	for _, h := range hits {
		p.line("- %s %s: %s %s", h.Kind, h.ID, q(h.Title), h.URL)
	}
	return p.String()
}
