package scrub

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// maxDepth bounds how deep is looked. What is deeper goes: it could not be scrubbed.
const maxDepth = 100

// edit replaces a part of the source.
type edit struct {
	start, end int
	with       []byte
}

// pass is one walk over a valid JSON document. Nothing is copied until result.
type pass struct {
	s     *Scrubber
	src   []byte
	edits []edit
	full  bool   // there were more findings than maxEdits
	deep  int    // how deep is looked; 0: maxDepth
	rule  string // of the first finding

	meta *metaNode // of the document at hand; nil: it keeps no remarks
	path []string  // within it
}

func (p *pass) result() []byte {
	if len(p.edits) == 0 {
		return p.src
	}
	slices.SortStableFunc(p.edits, func(a, b edit) int { return a.start - b.start })
	out := make([]byte, 0, len(p.src)+64*len(p.edits))
	pos := 0
	for _, e := range p.edits {
		out = append(append(out, p.src[pos:e.start]...), e.with...)
		pos = e.end
	}
	return append(out, p.src[pos:]...)
}

// found records a change of the value at the present path.
func (p *pass) found(start, end int, with []byte, length int, remarks ...remark) {
	if len(p.edits) >= maxEdits {
		p.full = true
		return
	}
	p.edits = append(p.edits, edit{start, end, with})
	if p.rule == "" {
		p.rule = remarks[0].rule
	}
	if p.meta != nil {
		p.meta.at(p.path).add(length, remarks)
	}
}

// root walks a document that has a "_meta" of its own and writes the remarks there.
func (p *pass) root(i int, n *node) int {
	if p.src[i] != '{' {
		return p.value(i, n, 0)
	}
	outerMeta, outerPath := p.meta, p.path
	p.meta, p.path = &metaNode{}, nil
	metaAt, metaEnd, filled := 0, 0, false
	end := p.members(i, func(name string, at int) int {
		filled = true
		if name == "_meta" {
			metaAt, metaEnd = at, skipValue(p.src, at)
			return metaEnd
		}
		return p.named(name, at, n, 1)
	})
	if metaAt > 0 {
		old := p.src[metaAt:metaEnd]
		if merged := p.s.mergeMeta(old, p.meta); !bytes.Equal(merged, old) {
			p.edits = append(p.edits, edit{metaAt, metaEnd, merged})
		}
	} else if !p.meta.empty() {
		with := append([]byte(`"_meta":`), p.meta.append(nil)...)
		if filled {
			with = append([]byte{','}, with...)
		}
		p.edits = append(p.edits, edit{end - 1, end - 1, with})
	}
	p.meta, p.path = outerMeta, outerPath
	return end
}

// value walks any value and returns where it ends.
func (p *pass) value(i int, n *node, depth int) int {
	if n.kind == kindAddress && p.s.addresses {
		return p.remove(i)
	}
	if n.untouched() {
		return skipValue(p.src, i)
	}
	switch c := p.src[i]; {
	case c == '"':
		return p.str(i, n, n.mode)
	case c == '{' || c == '[':
		if depth >= max(maxDepth, p.deep) {
			end := skipValue(p.src, i)
			p.found(i, end, []byte("null"), -1, remark{rule: ruleLimit, removed: true})
			return end
		}
		if c == '[' {
			return p.array(i, n, depth)
		}
		return p.members(i, func(name string, at int) int { return p.named(name, at, n, depth+1) })
	case c == '-' || isDigit(c):
		return p.number(i, n)
	default:
		return skipValue(p.src, i)
	}
}

// members calls fn for each member of the object at i with its name and where its value begins;
// fn returns where that ends.
func (p *pass) members(i int, fn func(name string, at int) int) int {
	for i++; ; {
		i = skipSpace(p.src, i)
		switch p.src[i] {
		case '}':
			return i + 1
		case ',':
			i++
			continue
		}
		end := skipString(p.src, i)
		name := unquote(p.src[i:end])
		i = skipSpace(p.src, skipSpace(p.src, end)+1)
		i = fn(name, i)
	}
}

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

// array walks a list. A list of a name and a value is a member as SDKs also write it.
func (p *pass) array(i int, n *node, depth int) int {
	if n.kind == kindPairs {
		return p.elements(i, func(at int) int { return p.keyValue(at, n, depth+1) })
	}
	if n.kind == kindRoots {
		return p.elements(i, func(at int) int { return p.root(at, n.element()) })
	}
	if name, first, second, ok := p.pair(i, n); ok {
		p.path = append(p.path, "0")
		p.str(first, n, n.mode&^(byWord|byAssign))
		p.path[len(p.path)-1] = "1"
		end := p.second(name, second, n, depth+1)
		p.path = p.path[:len(p.path)-1]
		return skipSpace(p.src, end) + 1
	}
	e := n.element()
	return p.elements(i, func(at int) int { return p.value(at, e, depth+1) })
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

func (p *pass) elements(i int, fn func(at int) int) int {
	index := 0
	p.path = append(p.path, "")
	defer func() { p.path = p.path[:len(p.path)-1] }()
	for i++; ; {
		i = skipSpace(p.src, i)
		switch p.src[i] {
		case ']':
			return i + 1
		case ',':
			i++
			index++
			continue
		}
		p.path[len(p.path)-1] = strconv.Itoa(index)
		i = fn(i)
	}
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

// str scrubs the string at i by what kind of text it is.
func (p *pass) str(i int, n *node, m mode) int {
	end := skipString(p.src, i)
	t := unquote(p.src[i:end])
	var out string
	var remarks []remark
	switch n.kind {
	case kindCookies:
		out, remarks = p.s.cookieString(t)
	case kindQuery:
		out, remarks = p.s.queryString(t)
	case kindBody:
		out, remarks = p.s.body(t)
	default:
		out, remarks = p.s.text(t, m)
	}
	if remarks != nil {
		p.found(i, end, quote(out), utf8.RuneCountInString(t), remarks...)
	}
	return end
}

func (p *pass) number(i int, n *node) int {
	end := skipValue(p.src, i)
	if n.mode&inPlace != 0 && p.s.defaults && isCardNumber(p.src[i:end]) {
		p.found(i, end, []byte(`"`+filtered+`"`), -1, whole(ruleCard+":filter")...)
	}
	return end
}

func isCardNumber(v []byte) bool {
	if len(v) < 13 || len(v) > 16 {
		return false
	}
	for _, c := range v {
		if !isDigit(c) {
			return false
		}
	}
	return issuer(v) && luhn(v)
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	return i
}

// skipString returns the index after the string at i of a valid document.
func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns the index after the value at i of a valid document.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			i = skipString(b, i)
			if depth == 0 {
				return i
			}
			continue
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case depth == 0 && (c == ',' || isBlank(c)):
			return i
		}
		i++
	}
	return i
}

// unquote decodes a JSON string. The text may be the bytes of the document itself: nobody writes to
// them during a walk, and nothing of a walk outlives it but what result copies.
func unquote(v []byte) string {
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	inner := v[1 : len(v)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return unsafe.String(unsafe.SliceData(inner), len(inner))
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

// quote encodes a JSON string, leaving <, > and & as they are.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}
