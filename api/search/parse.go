package search

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a query.
const (
	maxBytes  = 4096
	maxTerms  = 20
	MaxValues = 1000 // of a list
	maxDepth  = 16
)

// Error is a query that cannot be understood; its text is a sentence for whoever typed it.
type Error struct{ text string }

func (e *Error) Error() string { return e.text }

var errDeep = errorf("The search query is nested deeper than %d levels.", maxDepth)

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Node is one of [And], [Or], [Not], [Term], [Text].
type Node interface{ node() }

// And holds when all do; an empty one always does.
type And []Node

// Or holds when one does.
type Or []Node

// Not holds when its node does not.
type Not struct{ Node Node }

// Term is key:value. Op is one of = > >= < <=; a key:!=value is a Not.
type Term struct {
	Key    string
	Op     string
	Values []Value // more than one for key:[a, b]
}

// Value is a value with what its quoting said: a wildcard's * counts only where it was not escaped.
type Value struct {
	Text     string // with \* and \" undone
	Wildcard []string
	Quoted   bool
}

// Wild says whether the value has a wildcard: Wildcard is its text cut at every *.
func (v Value) Wild() bool { return len(v.Wildcard) > 1 }

// Text is a word, or quoted words, without a key.
type Text struct{ Value Value }

func (And) node()  {}
func (Or) node()   {}
func (Not) node()  {}
func (Term) node() {}
func (Text) node() {}

// Parse reads a query. The empty query is an empty [And].
func Parse(query string) (Node, error) {
	if len(query) > maxBytes {
		return nil, errorf("The search query is longer than %d bytes.", maxBytes)
	}
	if !utf8.ValidString(query) || strings.ContainsFunc(query, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f }) {
		return nil, errorf("The search query has characters that are not text.")
	}
	p := &parser{in: query}
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.in) { // only a closing parenthesis ends or() early
		return nil, errorf("Unbalanced parenthesis: nothing opens the \")\" at character %d.", utf8.RuneCountInString(p.in[:p.pos])+1)
	}
	return n, nil
}

type parser struct {
	in    string
	pos   int
	terms int
}

func (p *parser) space() {
	for p.pos < len(p.in) && strings.IndexByte(" \t\r\n", p.in[p.pos]) >= 0 {
		p.pos++
	}
}

// word says whether the next word is w, in any case, and takes it.
func (p *parser) word(w string) bool {
	p.space()
	rest := p.in[p.pos:]
	if len(rest) < len(w) || !strings.EqualFold(rest[:len(w)], w) {
		return false
	}
	if len(rest) > len(w) && strings.IndexByte(" \t\r\n(", rest[len(w)]) < 0 {
		return false
	}
	p.pos += len(w)
	return true
}

func (p *parser) or(depth int) (Node, error) {
	var alts Or
	for {
		n, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		alts = append(alts, n)
		if !p.word("OR") {
			break
		}
	}
	if len(alts) == 1 {
		return alts[0], nil
	}
	for _, n := range alts {
		if a, ok := n.(And); ok && len(a) == 0 {
			return nil, errorf("OR needs a condition on both of its sides.")
		}
	}
	return alts, nil
}

func (p *parser) and(depth int) (Node, error) {
	all := And{}
	for {
		p.space()
		if p.pos >= len(p.in) || p.in[p.pos] == ')' {
			break
		}
		mark := p.pos
		if p.word("OR") {
			p.pos = mark
			break
		}
		if p.word("AND") {
			p.space()
			if len(all) == 0 || p.pos >= len(p.in) || p.in[p.pos] == ')' {
				return nil, errorf("AND needs a condition on both of its sides.")
			}
			continue
		}
		n, err := p.unary(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *parser) unary(depth int) (Node, error) {
	if p.in[p.pos] == '!' && p.pos+1 < len(p.in) && p.in[p.pos+1] != ' ' {
		if depth >= maxDepth {
			return nil, errDeep
		}
		p.pos++
		n, err := p.unary(depth + 1)
		return Not{n}, err
	}
	if p.in[p.pos] == '(' {
		if depth >= maxDepth {
			return nil, errDeep
		}
		p.pos++
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		p.space()
		if p.pos >= len(p.in) {
			return nil, errorf("Unbalanced parenthesis: a \"(\" is not closed.")
		}
		p.pos++
		if a, ok := n.(And); ok && len(a) == 0 {
			return nil, errorf("Empty parentheses mean nothing.")
		}
		return n, nil
	}
	if p.terms++; p.terms > maxTerms {
		return nil, errorf("The search query has more than %d terms.", maxTerms)
	}
	return p.term()
}

// term reads key:value, "quoted key":value, a word or quoted words.
func (p *parser) term() (Node, error) {
	start := p.pos
	if p.in[p.pos] == '"' {
		v, err := p.quoted()
		if err != nil {
			return nil, err
		}
		if p.pos < len(p.in) && p.in[p.pos] == ':' && v.Text != "" {
			p.pos++
			return p.filter(v.Text)
		}
		return Text{v}, nil
	}
	if key, n := keyPrefix(p.in[p.pos:]); n > 0 {
		p.pos += n
		return p.filter(key)
	}
	v := p.bare(start, false)
	return Text{v}, nil
}

// keyPrefix recognises key: at the front of s: letters, digits, _ . -, tags[name] and aggregates such as
// p95(span.duration).
func keyPrefix(s string) (key string, length int) {
	for i, r := range s {
		switch {
		case r == ':' && i > 0:
			rest := s[i+1:]
			if strings.HasPrefix(rest, "//") { // http://…: a word, not a filter
				return "", 0
			}
			return s[:i], i + 1
		case r == '[':
			name := s[:i]
			end := strings.IndexByte(s, ']')
			if (name != "tags" && name != "flags") || end < 0 || end+1 >= len(s) || s[end+1] != ':' {
				return "", 0
			}
			return name + "[" + strings.Trim(s[i+1:end], `"`) + "]", end + 2
		case r == '(' && i > 0:
			end := strings.IndexByte(s, ')')
			if end < 0 || end+1 >= len(s) || s[end+1] != ':' || strings.ContainsAny(s[i+1:end], "( \"") {
				return "", 0
			}
			return s[:end+1], end + 2
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '_', r == '.', r == '-':
		default:
			return "", 0
		}
	}
	return "", 0
}

// filter reads what follows "key:".
func (p *parser) filter(key string) (Node, error) {
	op, negated := "=", false
	rest := p.in[p.pos:]
	for _, o := range []string{">=", "<=", "!=", ">", "<", "="} {
		if strings.HasPrefix(rest, o) {
			p.pos += len(o)
			if o == "!=" {
				negated = true
			} else {
				op = o
			}
			break
		}
	}
	t := Term{Key: key, Op: op}
	match, err := p.matcher(key)
	if err != nil {
		return nil, err
	}
	switch {
	case p.pos < len(p.in) && p.in[p.pos] == '[':
		vs, err := p.list(key)
		if err != nil {
			return nil, err
		}
		t.Values = vs
	case p.pos < len(p.in) && p.in[p.pos] == '"':
		v, err := p.quoted()
		if err != nil {
			return nil, err
		}
		t.Values = []Value{v}
	default:
		v := p.bare(p.pos, false)
		if v.Text == "" {
			return nil, errorf("Empty string after '%s:'.", key)
		}
		t.Values = []Value{v}
	}
	for i := range t.Values {
		t.Values[i] = match(t.Values[i])
	}
	if negated {
		return Not{t}, nil
	}
	return t, nil
}

// mark stands on both sides of the words that newer search bars of Sentry put before a value.
const mark = "\uf00d"

// matcher reads such a word, and says what it makes of the values that follow.
func (p *parser) matcher(key string) (func(Value) Value, error) {
	rest, ok := strings.CutPrefix(p.in[p.pos:], mark)
	if !ok {
		return func(v Value) Value { return v }, nil
	}
	word, _, ok := strings.Cut(rest, mark)
	open, shut := word == "Contains" || word == "EndsWith", word == "Contains" || word == "StartsWith"
	if !ok || !open && !shut {
		return nil, errorf("What stands after '%s:' is not understood.", key)
	}
	p.pos += len(mark) + len(word) + len(mark)
	return func(v Value) Value {
		v.Wildcard = []string{v.Text}
		if open {
			v.Wildcard = append([]string{""}, v.Wildcard...)
		}
		if shut {
			v.Wildcard = append(v.Wildcard, "")
		}
		return v
	}, nil
}

// list reads [a, "b c"].
func (p *parser) list(key string) ([]Value, error) {
	p.pos++ // the bracket
	var vs []Value
	for {
		p.space()
		if p.pos >= len(p.in) {
			return nil, errorf("The list after '%s:' is not closed with \"]\".", key)
		}
		var v Value
		switch p.in[p.pos] {
		case ']':
			p.pos++
			if len(vs) == 0 {
				return nil, errorf("The list after '%s:' is empty.", key)
			}
			return vs, nil
		case ',':
			p.pos++
			continue
		case '"':
			q, err := p.quoted()
			if err != nil {
				return nil, err
			}
			v = q
		default:
			v = p.bare(p.pos, true)
		}
		v.Wildcard = nil // inside a list a * is itself
		if vs = append(vs, v); len(vs) > MaxValues {
			return nil, errorf("The list after '%s:' has more than %d values.", key, MaxValues)
		}
	}
}

// bare reads up to a space or a closing parenthesis that nothing in the value opened.
func (p *parser) bare(start int, inList bool) Value {
	depth, i := 0, start
scan:
	for ; i < len(p.in); i++ {
		switch c := p.in[i]; c {
		case ' ', '\t', '\r', '\n':
			break scan
		case ',', ']':
			if inList {
				break scan
			}
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth == 0 {
				break scan
			}
			depth--
		}
	}
	i = min(i, len(p.in))
	p.pos = i
	return value(p.in[start:i], false)
}

// quoted reads "…" with \" inside.
func (p *parser) quoted() (Value, error) {
	for i := p.pos + 1; i < len(p.in); i++ {
		switch p.in[i] {
		case '\\':
			i++
		case '"':
			v := value(p.in[p.pos+1:i], true)
			p.pos = i + 1
			return v, nil
		}
	}
	return Value{}, errorf("Unbalanced quotes: the quote before %q is not closed.", clip(p.in[p.pos+1:]))
}

// value undoes escapes and cuts at wildcards.
func value(raw string, quoted bool) Value {
	parts := []string{""}
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '\\' && i+1 < len(raw) && (raw[i+1] == '*' || raw[i+1] == '"' || raw[i+1] == '\\'):
			i++
			parts[len(parts)-1] += string(raw[i])
		case c == '*':
			parts = append(parts, "")
		default:
			parts[len(parts)-1] += string([]byte{c})
		}
	}
	v := Value{Text: strings.Join(parts, "*"), Quoted: quoted}
	if len(parts) > 1 {
		v.Wildcard = parts
	}
	return v
}

// clip shortens what a person typed for an error's text.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
