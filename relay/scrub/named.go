package scrub

import (
	"bytes"
	"unicode/utf8"
)

// A value's name decides what becomes of it, however the two are written: as a member of an object, as a list of
// two, as {"key":…,"value":…}, or as an attribute {"value":…,"type":…}.

// named walks a member: first its name is judged, then what it holds.
func (p *pass) named(name string, i int, parent *node, depth int) int {
	n := parent.member(name)
	if p.s.safeName(name) {
		return skipValue(p.src, i)
	}
	p.path = append(p.path, name)
	defer func() { p.path = p.path[:len(p.path)-1] }()
	if n.kind == kindAddress && p.s.addresses {
		return p.remove(i)
	}
	if rule, yes := p.sensitive(name, parent, n); yes {
		return p.filter(i, rule, parent.kind)
	}
	if parent.kind == kindAttributes && p.src[i] == '{' {
		return p.attribute(i, n, depth)
	}
	return p.value(i, n, depth)
}

func (p *pass) sensitive(name string, parent, n *node) (string, bool) {
	if n.mode&byName == 0 && parent.kind != kindAttributes {
		return "", false
	}
	if p.s.defaults {
		if parent.kind == kindCookies && sensitiveCookie(name) {
			return ruleCookies, true
		}
		if parent.kind == kindAttributes && cookieAttribute(name) {
			return ruleCookies, true
		}
	}
	return p.s.sensitiveName(name)
}

// cookieAttribute tells the attributes that hold all cookies in one text, or a sensitive one.
func cookieAttribute(name string) bool {
	const header = "http.request.header.cookie"
	return name == header || len(name) > len(header)+1 && name[:len(header)+1] == header+"." && sensitiveCookie(name[len(header)+1:])
}

// filter replaces a value of any form. Null, truth and what says nothing stay.
func (p *pass) filter(i int, rule string, parent kind) int {
	end := skipValue(p.src, i)
	v := p.src[i:end]
	length := -1
	switch v[0] {
	case 'n', 't', 'f':
		return end
	case '"':
		t := unquote(v)
		if opaque(t) {
			return end
		}
		length = utf8.RuneCountInString(t)
	case '{':
		if parent == kindAttributes {
			if inner, kind, ok := typedValue(v); ok {
				if kind == "boolean" || bytes.Equal(inner, []byte("null")) || bytes.Equal(inner, []byte(`"`+filtered+`"`)) {
					return end
				}
				p.path = append(p.path, "value")
				p.found(i, end, []byte(`{"value":"`+filtered+`","type":"string"}`), -1, whole(rule)...)
				p.path = p.path[:len(p.path)-1]
				return end
			}
		}
		if parent == kindPairs {
			p.found(i, end, []byte(`{"stringValue":"`+filtered+`"}`), -1, whole(rule)...)
			return end
		}
	}
	p.found(i, end, []byte(`"`+filtered+`"`), length, whole(rule)...)
	return end
}

// typedValue returns the value and type of {"value":…,"type":…}.
func typedValue(obj []byte) (value []byte, kind string, ok bool) {
	q := pass{src: obj}
	typed := false
	q.members(0, func(name string, at int) int {
		end := skipValue(obj, at)
		switch name {
		case "value":
			value = obj[at:end]
		case "type":
			typed = true
			kind = unquote(obj[at:end])
		}
		return end
	})
	return value, kind, typed && value != nil
}

// attribute walks an attribute, typed or plain. A number that must go takes its type along.
func (p *pass) attribute(i int, n *node, depth int) int {
	end := skipValue(p.src, i)
	v, _, ok := typedValue(p.src[i:end])
	if !ok {
		return p.value(i, n, depth)
	}
	if v[0] == '-' || isDigit(v[0]) {
		if n.mode&inPlace != 0 && p.s.defaults && isCardNumber(v) {
			p.path = append(p.path, "value")
			p.found(i, end, []byte(`{"value":"`+filtered+`","type":"string"}`), -1, whole(ruleCard+":filter")...)
			p.path = p.path[:len(p.path)-1]
		}
		return end
	}
	return p.members(i, func(name string, at int) int {
		if name != "value" {
			return skipValue(p.src, at)
		}
		p.path = append(p.path, name)
		defer func() { p.path = p.path[:len(p.path)-1] }()
		return p.value(at, n, depth+1)
	})
}

// second walks the value of a pair; its path is its index, not its name.
func (p *pass) second(name string, i int, parent *node, depth int) int {
	n := parent.member(name)
	if p.s.safeName(name) {
		return skipValue(p.src, i)
	}
	if n.kind == kindAddress && p.s.addresses {
		return p.remove(i)
	}
	if rule, yes := p.sensitive(name, parent, n); yes {
		return p.filter(i, rule, kindPlain)
	}
	return p.value(i, n, depth)
}

// pair says whether the array at i has two elements of which the first is a name that decides
// something about the second, and where they begin. Other arrays are not looked at: nested lists
// would be, level by level.
func (p *pass) pair(i int, n *node) (name string, first, second int, ok bool) {
	first = skipSpace(p.src, i+1)
	if p.src[first] != '"' {
		return "", 0, 0, false
	}
	end := skipString(p.src, first)
	if !isName(p.src[first+1 : end-1]) {
		return "", 0, 0, false
	}
	name = unquote(p.src[first:end])
	_, sensitive := p.sensitive(name, n, n.member(name))
	if !sensitive && n.member(name) == n && !p.s.safeName(name) {
		return "", 0, 0, false
	}
	if i = skipSpace(p.src, end); p.src[i] != ',' {
		return "", 0, 0, false
	}
	second = skipSpace(p.src, i+1)
	end = skipSpace(p.src, skipValue(p.src, second))
	return name, first, second, p.src[end] == ']'
}

// isName tells names from texts.
func isName(b []byte) bool {
	for _, c := range b {
		if !isWord(c) && c != '-' && c != '.' && c != '[' && c != ']' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= maxName
}

// keyValue walks {"key":…,"value":…}.
func (p *pass) keyValue(i int, n *node, depth int) int {
	if p.src[i] != '{' {
		return p.value(i, ofMode(n.mode), depth)
	}
	key := ""
	p.members(i, func(name string, at int) int {
		end := skipValue(p.src, at)
		if name == "key" {
			key = unquote(p.src[at:end])
		}
		return end
	})
	return p.members(i, func(name string, at int) int {
		if name != "value" {
			return skipValue(p.src, at)
		}
		p.path = append(p.path, name)
		defer func() { p.path = p.path[:len(p.path)-1] }()
		m := n.member(key)
		if p.s.safeName(key) {
			return skipValue(p.src, at)
		}
		if m.kind == kindAddress && p.s.addresses {
			return p.remove(at)
		}
		if rule, yes := p.sensitive(key, &node{kind: kindAttributes}, m); yes {
			return p.filter(at, rule, kindPairs)
		}
		if m.mode&inPlace != 0 && p.s.defaults && p.cardValue(at) { // a text within would be no number any more
			return p.filter(at, ruleCard+":filter", kindPairs)
		}
		return p.value(at, m, depth+1)
	})
}

// cardValue says whether the value at i is {"intValue":…} of a card's number.
func (p *pass) cardValue(i int) (yes bool) {
	if p.src[i] != '{' {
		return false
	}
	p.members(i, func(name string, at int) int {
		end := skipValue(p.src, at)
		if name == "intValue" || name == "int_value" {
			yes = isCardNumber(bytes.Trim(p.src[at:end], `"`))
		}
		return end
	})
	return yes
}
