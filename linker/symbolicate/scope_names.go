package symbolicate

import (
	"slices"
	"strings"
)

// What the tokens before a bracket say: what it opens, and the name of the function it begins.

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
