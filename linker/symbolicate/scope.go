package symbolicate

import (
	"slices"
	"strings"
)

// maxScoped is the longest source, in bytes, in which the function around a place is looked for.
const maxScoped = 2 << 20

// enclosing names the function of a source that a place is in: "Cart.total", "onClick", "load/<" for a function
// without a name in load. Known is false when it cannot be said. It reads JavaScript, TypeScript and JSX as far
// as brackets, strings and what stands before a brace; it does not need the rest of the syntax to be right.
func enclosing(text string, line, column int) (name string, known bool) {
	if len(text) > maxScoped {
		return "", false
	}
	start, end, ok := lineAt(text, line)
	if !ok {
		return "", false
	}
	sc := scanner{text: text, until: start + byteColumn(text[start:end], column), scopes: []scope{{kind: kindTop}}}
	if !sc.run() {
		return "", false
	}
	return sc.name()
}

// byteColumn turns a column in UTF-16 units into one in bytes.
func byteColumn(s string, column int) int {
	units := 0
	for i, r := range s {
		if units >= column {
			return i
		}
		if units++; r > 0xffff {
			units++
		}
	}
	return len(s)
}

type scopeKind byte

const (
	kindTop scopeKind = iota
	kindBlock
	kindFunction
	kindArrow // a function whose body is an expression, without braces
	kindClass
	kindObject
	kindBraces // of JSX, or an object
	kindParen
	kindBracket
	kindTemplate // ${ in a template
)

// scope is a bracket that is open. Tokens are those on its level since the statement began; a closed pair of
// brackets is one token.
type scope struct {
	kind   scopeKind
	name   string
	tokens []string
}

type scanner struct {
	text      string
	at, until int
	scopes    []scope
}

func (s *scanner) top() *scope { return &s.scopes[len(s.scopes)-1] }

// maxDepth of brackets, and tokens that are kept of a statement.
const (
	maxDepth  = 500
	maxTokens = 64
)

func (s *scanner) token(t string) {
	top := s.top()
	if len(top.tokens) >= maxTokens {
		top.tokens = append(top.tokens[:0], top.tokens[maxTokens/2:]...)
	}
	top.tokens = append(top.tokens, t)
}

func (s *scanner) last() string {
	if t := s.top().tokens; len(t) > 0 {
		return t[len(t)-1]
	}
	return ""
}

// run reads up to the place; false when the brackets make no sense.
func (s *scanner) run() bool {
	for s.at < len(s.text) && s.at < s.until {
		c := s.text[s.at]
		switch {
		case c == '\n' || c == ' ' || c == '\t' || c == '\r':
			s.at++
		case strings.HasPrefix(s.text[s.at:], "//"):
			s.skipTo("\n", 2)
		case strings.HasPrefix(s.text[s.at:], "/*"):
			s.skipTo("*/", 2)
		case c == '"' || c == '\'':
			s.quoted(c)
		case c == '`':
			s.at++
			s.template()
		case c == '/' && s.regex():
		case nameByte(c):
			s.word()
		case strings.IndexByte("([{", c) >= 0:
			if !s.open(c) {
				return false
			}
		case strings.IndexByte(")]}", c) >= 0:
			if !s.close(c) {
				return false
			}
		default:
			s.punctuation(c)
		}
	}
	return true
}

func (s *scanner) skipTo(end string, from int) {
	if i := strings.Index(s.text[s.at+from:], end); i >= 0 {
		s.at += from + i + len(end)
		return
	}
	s.at = len(s.text)
}

// quoted reads a string. One that does not end in its line is an apostrophe in a text of JSX.
func (s *scanner) quoted(q byte) {
	for i := s.at + 1; i < len(s.text) && s.text[i] != '\n'; i++ {
		switch s.text[i] {
		case '\\':
			i++
		case q:
			s.token(s.text[s.at : i+1])
			s.at = i + 1
			return
		}
	}
	s.at++
}

// template reads a template's text up to its end or to a ${.
func (s *scanner) template() {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '\\':
			s.at += 2
			continue
		case c == '`':
			s.at++
			s.token("``")
			return
		case c == '$' && strings.HasPrefix(s.text[s.at:], "${"):
			s.at += 2
			s.scopes = append(s.scopes, scope{kind: kindTemplate})
			return
		}
		s.at++
	}
}

// regex reads a regular expression, if one can be here.
func (s *scanner) regex() bool {
	switch l := s.last(); {
	case l == "", l == "return", l == "typeof", l == "case", l == "in", l == "of":
	case l == "<" || l == ")" || l == "()" || l == "[]" || l == "{}" || nameByte(l[len(l)-1]) || l[0] == '"' || l[0] == '\'' || l[0] == '`':
		return false
	}
	class := false
	for i := s.at + 1; i < len(s.text) && s.text[i] != '\n'; i++ {
		switch c := s.text[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.at = i + 1
			s.token("``")
			return true
		}
	}
	return false
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '$' || c == '#' || c >= 0x80
}

func nameRune(r rune) bool { return r >= 0x80 || nameByte(byte(r)) }

// statements begin with these, whatever was before them.
var beginsStatement = []string{"const", "let", "var", "function", "class", "export", "import", "return", "if", "for", "while", "switch", "try", "throw"}

func (s *scanner) word() {
	from := s.at
	for s.at < len(s.text) && nameByte(s.text[s.at]) {
		s.at++
	}
	w := s.text[from:s.at]
	if s.top().kind == kindArrow && s.last() != "" && slices.Contains(beginsStatement, w) && s.last() != "." {
		s.endArrows()
	}
	s.token(w)
}

func (s *scanner) endArrows() {
	for s.top().kind == kindArrow {
		s.scopes = s.scopes[:len(s.scopes)-1]
		s.token("{}")
	}
}

func (s *scanner) punctuation(c byte) {
	rest := s.text[s.at:]
	switch {
	case strings.HasPrefix(rest, "=>"):
		s.at += 2
		s.token("=>")
		s.arrow()
		return
	case c == ';':
		s.endArrows()
		s.top().tokens = s.top().tokens[:0]
	case c == ',':
		s.endArrows()
		s.token(",")
	case strings.HasPrefix(rest, "==") || strings.HasPrefix(rest, "!=") || strings.HasPrefix(rest, "<=") || strings.HasPrefix(rest, ">="):
		s.token("==")
		s.at++
	default:
		s.token(string(c))
	}
	s.at++
}

// arrow opens the body of a function when it is an expression; a brace opens it otherwise.
func (s *scanner) arrow() {
	at := s.at
	for at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[at]) >= 0 {
		at++
	}
	if at < len(s.text) && s.text[at] == '{' || len(s.scopes) >= maxDepth {
		return
	}
	s.scopes = append(s.scopes, scope{kind: kindArrow, name: assigned(s.top(), len(s.top().tokens)-1)})
}

func (s *scanner) open(c byte) bool {
	if len(s.scopes) >= maxDepth {
		return false
	}
	s.at++
	switch c {
	case '(':
		s.scopes = append(s.scopes, scope{kind: kindParen})
	case '[':
		s.scopes = append(s.scopes, scope{kind: kindBracket})
	default:
		s.scopes = append(s.scopes, braces(s.top()))
	}
	return true
}

func (s *scanner) close(c byte) bool {
	s.endArrows()
	top := s.top()
	var want []scopeKind
	token := "{}"
	switch c {
	case ')':
		want, token = []scopeKind{kindParen}, "()"
	case ']':
		want, token = []scopeKind{kindBracket}, "[]"
	default:
		want = []scopeKind{kindBlock, kindFunction, kindClass, kindObject, kindBraces, kindTemplate}
	}
	if !slices.Contains(want, top.kind) {
		return false
	}
	ended := top.kind
	s.scopes = s.scopes[:len(s.scopes)-1]
	s.at++
	if ended == kindTemplate {
		s.template()
		return true
	}
	up := s.top()
	if ended == kindBlock || (ended == kindFunction || ended == kindClass) && (up.kind == kindClass || declares(up.tokens)) {
		up.tokens = up.tokens[:0]
		return true
	}
	s.token(token)
	return true
}
