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

// declares says whether a statement is a declaration of a function or class, which its brace ends.
func declares(tokens []string) bool {
	for len(tokens) > 0 && slices.Contains([]string{"export", "default", "async", "declare", "abstract"}, tokens[0]) {
		tokens = tokens[1:]
	}
	return len(tokens) > 0 && (tokens[0] == "function" || tokens[0] == "class")
}

var controls = []string{"if", "for", "while", "switch", "catch", "with", "await"}

// braces says what a brace opens, by what stands before it.
func braces(up *scope) scope {
	t := up.tokens
	n := len(t)
	if n == 0 {
		switch up.kind {
		case kindParen, kindBracket, kindArrow, kindBraces, kindTemplate:
			return scope{kind: kindObject}
		}
		return scope{kind: kindBlock}
	}
	if t[n-1] == "=>" {
		return scope{kind: kindFunction, name: assigned(up, n-1)}
	}
	switch t[n-1] {
	case "=":
		if n > 1 && isName(t[n-2]) && (n < 3 || t[n-3] != "const" && t[n-3] != "let" && t[n-3] != "var" && t[n-3] != ".") {
			return scope{kind: kindBraces, name: t[n-2]} // <a onClick={…}>, or an assignment
		}
		return scope{kind: kindObject}
	case ",", ":", "return", "?", "&", "|", "(", "default", "+", "yield", "<", "==":
		return scope{kind: kindObject}
	}
	if i := parameters(t); i >= 0 {
		if f, ok := function(up, i); ok {
			return f
		}
		return scope{kind: kindBlock}
	}
	for i := n - 1; i >= 0 && t[i] != "," && t[i] != "{}"; i-- {
		if t[i] == "class" || t[i] == "interface" || t[i] == "enum" || t[i] == "namespace" {
			f := scope{kind: kindClass}
			if i+1 < n && t[i+1] != "extends" && t[i+1] != "implements" && isName(t[i+1]) {
				f.name = t[i+1]
			} else {
				f.name = assigned(up, i)
			}
			return f
		}
	}
	return scope{kind: kindBlock}
}

// parameters finds the parameter list right before a brace, with a type after it or not; -1 when there is none.
func parameters(t []string) int {
	n := len(t)
	if t[n-1] == "()" {
		return n - 1
	}
	for i := n - 2; i > 0 && i >= n-16; i-- {
		switch t[i] {
		case ":":
			if t[i-1] == "()" {
				return i - 1
			}
		case "=", ",", "?", "return":
			return -1
		}
	}
	return -1
}

// function says whether a parameter list at i is that of a function, and which.
func function(up *scope, i int) (scope, bool) {
	t := up.tokens
	j := i - 1
	if j >= 0 && t[j] == ">" { // <T>(…)
		for depth := 0; j >= 0; j-- {
			if t[j] == ">" {
				depth++
			} else if t[j] == "<" {
				if depth--; depth == 0 {
					j--
					break
				}
			}
		}
	}
	if j < 0 {
		return scope{}, false
	}
	before := t[j]
	isFunction := func(k int) bool {
		return k >= 0 && (t[k] == "function" || t[k] == "*" && k > 0 && t[k-1] == "function")
	}
	switch {
	case isFunction(j):
		k := j
		if t[k] == "*" {
			k--
		}
		return scope{kind: kindFunction, name: assigned(up, k)}, true
	case isFunction(j - 1):
		return scope{kind: kindFunction, name: before}, true
	case slices.Contains(controls, before):
		return scope{}, false
	case up.kind == kindClass || up.kind == kindObject || up.kind == kindBraces:
		name := strings.Trim(before, `'"`)
		if before == "[]" || !isName(name) {
			name = ""
		}
		return scope{kind: kindFunction, name: name}, true
	}
	return scope{}, false
}

// assigned gives the name that a function which begins before token i gets: that of what it is assigned to, of its
// property, or of the attribute it is given to.
func assigned(up *scope, i int) string {
	t := up.tokens[:min(i, len(up.tokens))]
	for k := len(t) - 1; k >= 0; k-- {
		switch t[k] {
		case "=":
			return target(t[:k])
		case ":":
			if k > 0 && (up.kind == kindObject || up.kind == kindBraces) && (k == 1 || t[k-2] == "," || t[k-2] == "{}") {
				if name := strings.Trim(t[k-1], `'"`); isName(name) {
					return name
				}
			}
		case "{}":
			if k+1 == len(t) || t[k+1] != ">" { // Promise<{…}>
				return ""
			}
		case ",", "return", "=>", "?", "&", "|", "default":
			return ""
		}
	}
	if up.kind == kindBraces && len(t) <= 3 {
		return up.name
	}
	return ""
}

// target gives the name on the left of an assignment.
func target(t []string) string {
	for k := len(t) - 1; k >= 0; k-- {
		if t[k] == "const" || t[k] == "let" || t[k] == "var" {
			if k+1 < len(t) && isName(t[k+1]) {
				return t[k+1]
			}
			return ""
		}
		if t[k] == "," || t[k] == "{}" || t[k] == "=" {
			break
		}
	}
	if n := len(t); n > 0 && isName(t[n-1]) {
		return t[n-1]
	}
	return ""
}

// name puts together what the open brackets say.
func (s *scanner) name() (string, bool) {
	i := len(s.scopes) - 1
	anonymous := false
	for ; i >= 0; i-- {
		sc := &s.scopes[i]
		if sc.kind != kindFunction && sc.kind != kindArrow {
			continue
		}
		if sc.name == "" {
			anonymous = true
			continue
		}
		name := sc.name
		if i > 0 && s.scopes[i-1].kind == kindClass && s.scopes[i-1].name != "" {
			name = s.scopes[i-1].name + "." + name
			if sc.name == "constructor" {
				name = "new " + s.scopes[i-1].name
			}
		}
		if anonymous {
			name += "/<"
		}
		return name, true
	}
	return "", false
}
