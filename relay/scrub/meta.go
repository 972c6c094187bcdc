package scrub

import (
	"maps"
	"slices"
	"strconv"
)

// metaNode is the "_meta" of a value: the remarks on it, and those on what it holds.
type metaNode struct {
	remarks  []remark
	length   int // of the original text in characters; -1: not a text
	children map[string]*metaNode
}

// maxRemarks bounds the remarks on one value; the changes are made all the same.
const maxRemarks = 100

func (m *metaNode) at(path []string) *metaNode {
	for _, name := range path {
		if m.children == nil {
			m.children = make(map[string]*metaNode)
		}
		child := m.children[name]
		if child == nil {
			child = &metaNode{length: -1}
			m.children[name] = child
		}
		m = child
	}
	return m
}

func (m *metaNode) add(length int, remarks []remark) {
	m.length = length
	m.remarks = append(m.remarks, remarks...)
	m.remarks = m.remarks[:min(len(m.remarks), maxRemarks)]
}

func (m *metaNode) empty() bool { return len(m.remarks) == 0 && len(m.children) == 0 }

// append writes the node: its own remarks under the empty name, then its children.
func (m *metaNode) append(b []byte) []byte {
	b = append(b, '{')
	if len(m.remarks) > 0 {
		b = append(b, `"":{"rem":[`...)
		b = m.appendRemarks(b)
		b = append(b, ']')
		if m.length >= 0 {
			b = strconv.AppendInt(append(b, `,"len":`...), int64(m.length), 10)
		}
		b = append(b, '}')
	}
	for _, name := range slices.Sorted(maps.Keys(m.children)) {
		b = m.children[name].append(memberName(b, name))
	}
	return append(b, '}')
}

func (m *metaNode) appendRemarks(b []byte) []byte {
	for i, r := range m.remarks {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, '['), quote(r.rule)...)
		if r.removed {
			b = append(b, `,"x"]`...)
			continue
		}
		b = strconv.AppendInt(append(b, `,"s",`...), int64(r.start), 10)
		b = strconv.AppendInt(append(b, ','), int64(r.end), 10)
		b = append(b, ']')
	}
	return b
}

func memberName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(append(b, quote(name)...), ':')
}

// mergeMeta adds remarks to the "_meta" an SDK sent. What that quotes of original values is
// scrubbed as well, or taken out where a name on the way to it is sensitive.
func (s *Scrubber) mergeMeta(old []byte, add *metaNode) []byte {
	return s.mergeNode(old, add, false, 0)
}

func (s *Scrubber) mergeNode(old []byte, add *metaNode, sensitive bool, depth int) []byte {
	if len(old) == 0 || old[0] != '{' || depth > maxDepth {
		if add == nil || add.empty() {
			return []byte("null")
		}
		return add.append(nil)
	}
	out := []byte{'{'}
	seen := make(map[string]bool)
	q := pass{src: old}
	q.members(0, func(name string, at int) int {
		end := skipValue(old, at)
		if seen[name] {
			return end
		}
		seen[name] = true
		out = memberName(out, name)
		if name == "" {
			out = append(out, s.mergeOwn(old[at:end], add, sensitive)...)
			return end
		}
		_, yes := s.sensitiveName(name)
		var child *metaNode
		if add != nil {
			child = add.children[name]
		}
		out = append(out, s.mergeNode(old[at:end], child, sensitive || yes, depth+1)...)
		return end
	})
	if add != nil {
		if len(add.remarks) > 0 && !seen[""] {
			own := (&metaNode{remarks: add.remarks, length: add.length}).append(nil)
			out = append(memberName(out, ""), own[len(`{"":`):len(own)-1]...)
		}
		for _, name := range slices.Sorted(maps.Keys(add.children)) {
			if !seen[name] {
				out = add.children[name].append(memberName(out, name))
			}
		}
	}
	return append(out, '}')
}

// mergeOwn merges the remarks on one value.
func (s *Scrubber) mergeOwn(old []byte, add *metaNode, sensitive bool) []byte {
	var more []byte
	if add != nil && len(add.remarks) > 0 {
		more = add.appendRemarks(nil)
	}
	if len(old) == 0 || old[0] != '{' {
		return append(append([]byte(`{"rem":[`), more...), `]}`...)
	}
	out := []byte{'{'}
	hadRemarks := false
	q := pass{src: old}
	q.members(0, func(name string, at int) int {
		end := skipValue(old, at)
		v := old[at:end]
		switch name {
		case "rem":
			hadRemarks = true
			if v[0] == '[' && more != nil {
				v = slices.Clone(v[:len(v)-1])
				if len(v) > 1 {
					v = append(v, ',')
				}
				v = append(append(v, more...), ']')
			}
		case "val", "chunks":
			if sensitive {
				v = []byte("null")
				break
			}
			inner := pass{s: s, src: v}
			inner.value(0, data, 0)
			v = inner.result()
		}
		out = append(memberName(out, name), v...)
		return end
	})
	if !hadRemarks && more != nil {
		out = append(append(append(memberName(out, "rem"), '['), more...), ']')
	}
	return append(out, '}')
}
