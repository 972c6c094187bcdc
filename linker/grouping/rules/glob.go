package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// pattern is a compiled glob. A text without stars is compared.
type pattern struct {
	text string
	re   *regexp.Regexp
	fold bool
	path bool
}

func (p *pattern) match(s string) bool {
	if p.path {
		s = strings.ReplaceAll(s, `\`, "/")
	}
	if p.one(s) {
		return true
	}
	return p.path && s != "" && s[0] != '/' && p.one("/"+s)
}

func (p *pattern) one(s string) bool {
	switch {
	case p.re != nil:
		return p.re.MatchString(s)
	case p.fold:
		return strings.EqualFold(p.text, s)
	}
	return p.text == s
}

// compile reads a glob: * is any text, ? a character, [ab] one of them, {a,b} nothing special. In a path * stays
// within a directory and ** does not, and case and slashes do not count.
func compile(glob string, path, fold bool) (*pattern, error) {
	if len(glob) > maxPattern {
		return nil, fmt.Errorf("the pattern is longer than %d bytes", maxPattern)
	}
	p := &pattern{text: glob, fold: fold, path: path}
	if path {
		p.text = strings.ReplaceAll(glob, `\`, "/")
	}
	if !strings.ContainsAny(p.text, "*?[") {
		return p, nil
	}
	var b strings.Builder
	b.WriteString("(?s")
	if fold {
		b.WriteString("i")
	}
	b.WriteString(`)\A`)
	for i := 0; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case '*':
			double := false
			for i+1 < len(p.text) && p.text[i+1] == '*' {
				double = true
				i++
			}
			if path && !double {
				b.WriteString(`[^/]*`)
			} else {
				b.WriteString(`.*`)
			}
		case '?':
			b.WriteString(`.`)
		case '[':
			end := strings.IndexByte(p.text[i+1:], ']')
			if end < 1 {
				b.WriteString(`\[`)
				continue
			}
			b.WriteString(class(p.text[i+1 : i+1+end]))
			i += end + 1
		default:
			b.WriteString(regexp.QuoteMeta(p.text[i : i+1]))
		}
	}
	b.WriteString(`\z`)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, fmt.Errorf("the pattern %q cannot be read", glob)
	}
	p.re = re
	return p, nil
}

// class is a set of characters, "a-z" or with a leading ! all others.
func class(s string) string {
	not := ""
	if s[0] == '!' && len(s) > 1 {
		not, s = "^", s[1:]
	}
	s = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`, `&`, `\&`, `~`, `\~`).Replace(s)
	return "[" + not + s + "]"
}
