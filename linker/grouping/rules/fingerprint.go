package rules

import (
	"fmt"
	"strings"
)

// Fingerprints are a project's fingerprint rules.
type Fingerprints struct{ rules []*FingerprintRule }

// FingerprintRule gives the events it matches a fingerprint.
type FingerprintRule struct {
	Text   string   // as written
	Values []string // of the fingerprint, with {{ variables }}
	Title  string   // of the issue, with {{ variables }}; empty: as without the rule

	event, frame []matcher
}

// ParseFingerprints reads fingerprint rules. What is wrong is an *[Errors].
func ParseFingerprints(text string) (*Fingerprints, error) {
	out := new(Fingerprints)
	err := eachLine(text, func(line string) error {
		r, err := parseFingerprint(line)
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

func parseFingerprint(line string) (*FingerprintRule, error) {
	r := &FingerprintRule{Text: line}
	c := &scanner{s: line}
	n := 0
	for ; !c.take("->"); n++ {
		if c.end() {
			return nil, fmt.Errorf("a rule is matchers, then ->, then a fingerprint")
		}
		if n == maxMatchers {
			return nil, fmt.Errorf("a rule has at most %d matchers", maxMatchers)
		}
		m, err := c.matcher()
		if err != nil {
			return nil, err
		}
		if m.key != "family" && m.ofFrame() {
			r.frame = append(r.frame, m)
		} else {
			r.event = append(r.event, m)
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("there is no matcher before ->")
	}
	return r, r.values(c)
}

// values reads the fingerprint: values and {{ variables }} with commas or spaces between them, then title="…".
func (r *FingerprintRule) values(c *scanner) error {
	for !c.end() {
		if c.take(",") {
			continue
		}
		if strings.HasPrefix(c.s[c.i:], "title=") {
			c.i += len("title=")
			title, err := c.value(",")
			if err != nil {
				return err
			}
			r.Title = title
			continue
		}
		v, err := c.fingerprintValue()
		if err != nil {
			return err
		}
		if v == "" {
			return fmt.Errorf("expected a value at %q", shortly(c.s[c.i:]))
		}
		if len(r.Values) == maxValues {
			return fmt.Errorf("a fingerprint has at most %d values", maxValues)
		}
		r.Values = append(r.Values, v)
	}
	if len(r.Values) == 0 {
		return fmt.Errorf("there is no fingerprint after ->")
	}
	return nil
}

// fingerprintValue eats a quoted text, or a word in which {{ a variable }} may have spaces.
func (c *scanner) fingerprintValue() (string, error) {
	if c.s[c.i] == '"' {
		return c.value("")
	}
	start := c.i
	for c.i < len(c.s) && !strings.ContainsRune(" \t,", rune(c.s[c.i])) {
		if strings.HasPrefix(c.s[c.i:], "{{") {
			end := strings.Index(c.s[c.i:], "}}")
			if end < 0 {
				return "", fmt.Errorf("{{ is not closed")
			}
			c.i += end + 2
			continue
		}
		c.i++
	}
	return c.s[start:c.i], nil
}

// Empty says that there are no rules.
func (f *Fingerprints) Empty() bool { return f == nil || len(f.rules) == 0 }

// Match gives the first rule that an event matches, or nil. What a rule asks of frames, one frame must have.
func (f *Fingerprints) Match(e *Event) *FingerprintRule {
	if f == nil {
		return nil
	}
	for _, r := range f.rules {
		if r.match(e) {
			return r
		}
	}
	return nil
}

func (r *FingerprintRule) match(e *Event) bool {
	for i := range r.event {
		if !r.event[i].event(e) {
			return false
		}
	}
	if len(r.frame) == 0 {
		return true
	}
	for i := range e.Frames {
		if allFrame(r.frame, &e.Frames[i]) {
			return true
		}
	}
	return false
}

func allFrame(ms []matcher, f *Frame) bool {
	for i := range ms {
		if !ms[i].frame(f) {
			return false
		}
	}
	return true
}
