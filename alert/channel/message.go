package channel

import (
	"fmt"
	"strings"
	"time"
)

// Message is what an alert says. Texts come from events and are not to be trusted; URLs are ours.
type Message struct {
	Key          string // the same in every attempt
	Title        string
	Reason       string // why the rule fired
	Rule         string
	Organization string // slugs
	Project      string
	ShortID      string
	Level        string
	Culprit      string
	Environment  string
	Release      string
	Events       int64
	Users        int64
	FirstSeen    time.Time
	LastSeen     time.Time
	URL          string // of the event on the page, or of the rule
	ReplayURL    string // at the error's moment; empty: no replay
	ReplayAt     string // the moment within it, 1:23
	RuleURL      string
	Steps        []Step // what the user did last
	Facts        []Fact // of a measured number
	Dedup        string // the same for all that is told of one issue or rule; pagers group by it
	Over         bool   // the trouble has ended
	Others       []Line // told in the same message
	SentAt       time.Time
}

// Step is something the user did, at so long before the error.
type Step struct {
	Before time.Duration
	Text   string
	Status string // error, failed, slow, ok
}

// Fact is a name and a value.
type Fact struct{ Name, Value string }

// Line is one more alert of a digest.
type Line struct {
	Title, ShortID, Project, URL string
	Count                        int64
}

// Facts lists what is known of the issue, as names and values.
func (m *Message) facts() []Fact {
	out := append([]Fact{}, m.Facts...)
	add := func(name, value string) {
		if value != "" {
			out = append(out, Fact{name, value})
		}
	}
	add("Where", m.Culprit)
	add("Project", m.Project)
	add("Environment", m.Environment)
	add("Release", m.Release)
	if m.Events > 0 {
		add("Events", fmt.Sprintf("%d, %d %s", m.Events, m.Users, map[bool]string{true: "user", false: "users"}[m.Users == 1]))
	}
	if !m.FirstSeen.IsZero() {
		add("First seen", m.FirstSeen.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return out
}

// heading is the one line that must be read.
func (m *Message) heading() string {
	title := oneLine(m.Title)
	if m.ShortID != "" {
		title = m.ShortID + ": " + title
	}
	if len(m.Others) > 0 {
		title = fmt.Sprintf("%d alerts: %s", len(m.Others)+1, title)
	}
	return clip(title, 200)
}

// steps says what the user did, a line each.
func (m *Message) steps() []string {
	out := make([]string, len(m.Steps))
	for i, s := range m.Steps {
		out[i] = fmt.Sprintf("%s before: %s", seconds(s.Before), clip(oneLine(s.Text), 160))
		if s.Status != "" && s.Status != "ok" {
			out[i] += " (" + s.Status + ")"
		}
	}
	return out
}

// plain is the message as text, for places that show nothing else.
func (m *Message) plain() string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	line(oneLine(m.Title))
	if m.Reason != "" {
		line("Because " + oneLine(m.Reason) + ".")
	}
	line("")
	for _, f := range m.facts() {
		line(f.Name + ": " + clip(oneLine(f.Value), 300))
	}
	if m.URL != "" {
		line("Open: " + m.URL)
	}
	if m.ReplayURL != "" {
		line("Replay at " + m.ReplayAt + ": " + m.ReplayURL)
	}
	if len(m.Steps) > 0 {
		line("\nWhat the user did:")
		for _, s := range m.steps() {
			line("- " + s)
		}
	}
	if len(m.Others) > 0 {
		line("\nAlso:")
		for _, o := range m.Others {
			line("- " + o.text() + "\n  " + o.URL)
		}
	}
	if m.Rule != "" {
		line("\nRule: " + oneLine(m.Rule) + " " + m.RuleURL)
	}
	return b.String()
}

func (l Line) text() string {
	t := clip(oneLine(l.Title), 160)
	if l.ShortID != "" {
		t = l.ShortID + ": " + t
	}
	return t
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", max(int(d.Seconds()), 0))
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// oneLine makes control characters and line breaks spaces: a title cannot add a header or a line of its own.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}), " ")
}

// clip shortens a text to n characters.
func clip(s string, n int) string {
	rs := []rune(s)
	if len(rs) <= n {
		return s
	}
	return string(rs[:n-1]) + "…"
}
