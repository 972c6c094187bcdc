package scrub

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"
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
