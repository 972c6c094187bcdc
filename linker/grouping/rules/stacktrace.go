package rules

import (
	"fmt"
	"strconv"
	"strings"
)

// StackTraces are a project's stack-trace rules.
type StackTraces struct{ rules []*stackRule }

// stackRule does something to the frames it matches, or to their stack trace.
type stackRule struct {
	text         string
	event, frame []matcher
	caller       *matcher // of the next frame outwards
	callee       *matcher // of the next frame inwards
	actions      []action
}

type action struct {
	name   string // app, group, max-frames, min-frames, invert-stacktrace, category
	where  byte   // 0: the frame; '^': those inwards of it; 'v': those outwards
	on     bool
	number int
	word   string
}

// Verdict is what rules say of a frame.
type Verdict struct {
	InApp    bool
	Group    *bool  // whether it counts; nil: as without rules
	AppRule  string // the rule that said so, as written
	GroupBy  string
	Category string
}

// Limits are what rules say of a whole stack trace.
type Limits struct {
	MaxFrames, MinFrames int // 0: none
	Invert               bool
}

// ParseStackTraces reads stack-trace rules. What is wrong is an *[Errors].
func ParseStackTraces(text string) (*StackTraces, error) {
	out := new(StackTraces)
	err := eachLine(text, func(line string) error {
		r, err := parseStackRule(line)
		if err == nil {
			out.rules = append(out.rules, r)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func parseStackRule(line string) (*stackRule, error) {
	r := &stackRule{text: line}
	c := &scanner{s: line}
	if c.take("[") {
		m, err := c.bracket()
		if err != nil {
			return nil, err
		}
		if !c.take("|") {
			return nil, fmt.Errorf("after [ the caller ] comes |")
		}
		r.caller = m
	}
	for n := 0; !c.atAction(); n++ {
		if c.end() {
			return nil, fmt.Errorf("there is no action: +app, -app, +group, -group, max-frames=, min-frames=, invert-stacktrace= or category=")
		}
		if c.take("|") {
			if !c.take("[") {
				return nil, fmt.Errorf("after | comes [ the callee ]")
			}
			m, err := c.bracket()
			if err != nil {
				return nil, err
			}
			r.callee = m
			break
		}
		if n == maxMatchers {
			return nil, fmt.Errorf("a rule has at most %d matchers", maxMatchers)
		}
		m, err := c.matcher()
		if err != nil {
			return nil, err
		}
		if m.ofFrame() {
			r.frame = append(r.frame, m)
		} else {
			r.event = append(r.event, m)
		}
	}
	if len(r.frame)+len(r.event) == 0 {
		return nil, fmt.Errorf("there is no matcher before the action")
	}
	for !c.end() {
		a, err := c.action()
		if err != nil {
			return nil, err
		}
		r.actions = append(r.actions, a)
	}
	if len(r.actions) == 0 {
		return nil, fmt.Errorf("there is no action after the matchers")
	}
	return r, nil
}

// bracket eats "matcher ]" of a caller or callee.
func (c *scanner) bracket() (*matcher, error) {
	end := strings.IndexByte(c.s[c.i:], ']')
	// A class of characters in the pattern has brackets too: the last ] before | or the end closes.
	if bar := strings.IndexByte(c.s[c.i:], '|'); bar > 0 {
		end = strings.LastIndexByte(c.s[c.i:c.i+bar], ']')
	}
	if end < 0 {
		return nil, fmt.Errorf("[ is not closed")
	}
	inner := &scanner{s: strings.TrimSpace(c.s[c.i : c.i+end])}
	m, err := inner.matcher()
	if err != nil {
		return nil, err
	}
	if !inner.end() || !m.ofFrame() {
		return nil, fmt.Errorf("[ ] holds one matcher of a frame")
	}
	c.i += end + 1
	return &m, nil
}

var variables = []string{"max-frames", "min-frames", "invert-stacktrace", "category"}

func (c *scanner) atAction() bool {
	c.space()
	rest := c.s[c.i:]
	for _, v := range variables {
		if after, ok := strings.CutPrefix(rest, v); ok && strings.HasPrefix(strings.TrimLeft(after, " "), "=") {
			return true
		}
	}
	rest = strings.TrimLeft(rest, "^v")
	return len(rest) > 1 && (rest[0] == '+' || rest[0] == '-') && len(c.s[c.i:])-len(rest) <= 1
}

func (c *scanner) action() (action, error) {
	c.space()
	at := c.s[c.i:]
	for _, v := range variables {
		if !strings.HasPrefix(at, v) {
			continue
		}
		c.i += len(v)
		if !c.take("=") {
			return action{}, fmt.Errorf("expected %s=", v)
		}
		c.space()
		return variable(v, c.word(""))
	}
	a := action{}
	if c.take("^") {
		a.where = '^'
	} else if c.take("v") {
		a.where = 'v'
	}
	word := c.word("")
	switch word {
	case "+app", "-app", "+group", "-group":
		a.on, a.name = word[0] == '+', word[1:]
		return a, nil
	case "+prefix", "-prefix", "+sentinel", "-sentinel":
		return a, fmt.Errorf("%s is of an older grouping and not known here; ^-group and v-group say the same", word)
	}
	return a, fmt.Errorf("%q is no action", shortly(at))
}

func variable(name, value string) (a action, err error) {
	a.name, a.word = name, value
	switch name {
	case "invert-stacktrace":
		switch strings.ToLower(value) {
		case "1", "yes", "true":
			a.on = true
		case "0", "no", "false":
		default:
			return a, fmt.Errorf("%s is 0 or 1, not %q", name, shortly(value))
		}
	case "category":
		if value == "" {
			return a, fmt.Errorf("category= needs a name")
		}
	default:
		if a.number, err = strconv.Atoi(value); err != nil || a.number < 0 || a.number > 250 {
			return a, fmt.Errorf("%s is a number from 0 to 250, not %q", name, shortly(value))
		}
	}
	return a, nil
}

// Empty says that there are no rules.
func (s *StackTraces) Empty() bool { return s == nil || len(s.rules) == 0 }

// Apply runs the rules over the frames of a stack trace, outermost first, from the first rule to the last; each
// sees what those before it did. The event has no frames of its own to look at.
func (s *StackTraces) Apply(e *Event, frames []Frame, verdicts []Verdict) (l Limits) {
	if s == nil {
		return l
	}
rules:
	for _, r := range s.rules {
		for i := range r.event {
			if !r.event[i].event(e) {
				continue rules
			}
		}
		for i := range frames {
			if r.matches(frames, i) {
				r.apply(frames, verdicts, i, &l)
			}
		}
	}
	return l
}

func (r *stackRule) matches(frames []Frame, i int) bool {
	if !allFrame(r.frame, &frames[i]) {
		return false
	}
	if r.caller != nil && (i == 0 || !r.caller.frame(&frames[i-1])) {
		return false
	}
	return r.callee == nil || i+1 < len(frames) && r.callee.frame(&frames[i+1])
}

func (r *stackRule) apply(frames []Frame, verdicts []Verdict, i int, l *Limits) {
	for _, a := range r.actions {
		from, to := i, i+1
		switch a.where {
		case '^':
			from, to = i+1, len(frames)
		case 'v':
			from, to = 0, i
		}
		switch a.name {
		case "max-frames":
			l.MaxFrames = a.number
		case "min-frames":
			l.MinFrames = a.number
		case "invert-stacktrace":
			l.Invert = a.on
		}
		for k := from; k < to; k++ {
			v := &verdicts[k]
			switch a.name {
			case "app":
				if v.InApp != a.on {
					v.InApp, v.AppRule, frames[k].InApp = a.on, r.text, a.on
				}
			case "group":
				v.Group, v.GroupBy = &a.on, r.text
			case "category":
				v.Category, frames[k].Category = a.word, a.word
			}
		}
	}
}
