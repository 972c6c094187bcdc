package ownership

import (
	"fmt"
	"strings"
)

// What rules are bounded by.
const (
	MaxRules   = 5000
	maxPattern = 256 // bytes
	maxOwners  = 20  // of a rule
	maxText    = 500 // bytes of a text that a pattern is tried on
	maxFrames  = 100 // the newest
)

// Rules are in the order of their lines.
type Rules []Rule

// Rule says whose what matches is.
type Rule struct {
	Kind    string // path, module, url, tag or codeowners
	Tag     string // the tag's key
	Pattern string
	Owners  []Owner

	literal string // the longest part of the pattern without wildcards or slashes, in lower case: what does not have it does not match
}

// Owner is a team or a person.
type Owner struct {
	Team  string // its slug
	Email string
}

// String is the owner as it stands in a rule.
func (o Owner) String() string {
	if o.Team != "" {
		return "#" + o.Team
	}
	return o.Email
}

// Matcher is the first half of the rule, as it is written but for quotes.
func (r Rule) Matcher() string {
	if r.Kind == "tag" {
		return "tags." + r.Tag + ":" + r.Pattern
	}
	return r.Kind + ":" + r.Pattern
}

// Event is what rules look at.
type Event struct {
	Frames []Frame // the newest last
	URL    string
	Tag    func(key string) string // may be nil

	folded []folded // the frames, once they were looked at
}

// Frame is one of a stack trace's.
type Frame struct{ Filename, AbsPath, Module string }

// LineError says what is wrong with a line, from 1.
type LineError struct {
	Line    int
	Message string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Parse reads rules; the error is a [*LineError] of the first line that is none.
func Parse(text string) (Rules, error) {
	var out Rules
	line := 0
	for s := range strings.Lines(text) {
		line++
		s = strings.TrimSpace(s)
		if s == "" || s == "#" || strings.HasPrefix(s, "# ") || strings.HasPrefix(s, "##") {
			continue
		}
		r, err := parseRule(s)
		if err == nil && len(out) >= MaxRules {
			err = fmt.Errorf("more than %d rules", MaxRules)
		}
		if err != nil {
			return nil, &LineError{Line: line, Message: err.Error()}
		}
		out = append(out, r)
	}
	return out, nil
}

func parseRule(s string) (r Rule, err error) {
	matcher, rest, err := firstWord(s)
	if err != nil {
		return r, err
	}
	kind, pattern, ok := strings.Cut(matcher, ":")
	if !ok || pattern == "" {
		return r, fmt.Errorf("want a matcher such as path:src/*, then its owners")
	}
	r.Kind, r.Pattern, r.literal = kind, pattern, literal(pattern)
	switch key, tag := strings.CutPrefix(kind, "tags."); {
	case tag && key != "":
		r.Kind, r.Tag = "tag", key
	case kind != "path" && kind != "module" && kind != "url" && kind != "codeowners":
		return r, fmt.Errorf("%.40q is none of path, module, url, tags.a-key and codeowners", kind)
	}
	if len(pattern) > maxPattern {
		return r, fmt.Errorf("the pattern is longer than %d bytes", maxPattern)
	}
	for _, word := range strings.Fields(rest) {
		o, ok := parseOwner(word)
		if !ok {
			return r, fmt.Errorf("%.80q is no owner: want #a-team or an e-mail address", word)
		}
		r.Owners = append(r.Owners, o)
	}
	switch {
	case len(r.Owners) == 0 && r.Kind != "codeowners": // a CODEOWNERS line without owners takes them away
		return r, fmt.Errorf("the rule has no owners")
	case len(r.Owners) > maxOwners:
		return r, fmt.Errorf("more than %d owners", maxOwners)
	}
	return r, nil
}

// firstWord cuts the first word, whose part after the colon may be quoted.
func firstWord(s string) (word, rest string, err error) {
	colon := strings.IndexByte(s, ':')
	if colon > 0 && strings.HasPrefix(s[colon+1:], `"`) && !strings.ContainsAny(s[:colon], " \t") {
		pattern, rest, ok := strings.Cut(s[colon+2:], `"`)
		if !ok {
			return "", "", fmt.Errorf("a quote is not closed")
		}
		return s[:colon+1] + pattern, rest, nil
	}
	if end := strings.IndexAny(s, " \t"); end >= 0 {
		return s[:end], s[end:], nil
	}
	return s, "", nil
}

func parseOwner(s string) (Owner, bool) {
	if team, ok := strings.CutPrefix(s, "#"); ok {
		return Owner{Team: team}, team != ""
	}
	at := strings.IndexByte(s, '@')
	return Owner{Email: s}, at > 0 && at < len(s)-1 && strings.Count(s, "@") == 1
}

// Match gives the last rule that matches an event; nil when none does.
func (rs Rules) Match(e *Event) *Rule {
	if e.folded == nil {
		e.folded = fold(e.Frames)
	}
	for i := len(rs) - 1; i >= 0; i-- {
		if rs[i].match(e) {
			return &rs[i]
		}
	}
	return nil
}

func (r *Rule) match(e *Event) bool {
	switch r.Kind {
	case "url":
		return e.URL != "" && glob(r.Pattern, e.URL)
	case "tag":
		return e.Tag != nil && e.Tag(r.Tag) != "" && glob(r.Pattern, e.Tag(r.Tag))
	}
	for i := range e.folded {
		if f := &e.folded[i]; f.has(r.literal) && r.frame(f.Frame) {
			return true
		}
	}
	return false
}

// folded is a frame with its texts in lower case, to see soon that a pattern is not about it.
type folded struct {
	Frame
	text string
}

func fold(frames []Frame) []folded {
	frames = frames[max(0, len(frames)-maxFrames):]
	out := make([]folded, len(frames))
	for i, f := range frames {
		out[i] = folded{f, strings.ToLower(f.Filename + "\n" + f.AbsPath + "\n" + f.Module)}
	}
	return out
}

func (f *folded) has(literal string) bool { return strings.Contains(f.text, literal) }

func literal(pattern string) (longest string) {
	for _, part := range strings.FieldsFunc(strings.ToLower(pattern), func(c rune) bool { return strings.ContainsRune(`*?/\`, c) }) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	return longest
}

func (r *Rule) frame(f Frame) bool {
	switch r.Kind {
	case "module":
		return f.Module != "" && glob(r.Pattern, f.Module)
	case "path":
		pattern := slashes(r.Pattern)
		return f.Filename != "" && glob(pattern, slashes(f.Filename)) || f.AbsPath != "" && glob(pattern, slashes(f.AbsPath))
	}
	return f.Filename != "" && codeowners(slashes(r.Pattern), slashes(f.Filename))
}

func slashes(s string) string { return strings.ReplaceAll(s, `\`, "/") }
