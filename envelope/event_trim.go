package envelope

import "encoding/json"

// Trim bounds a JSON value: what is nested deeper than depth becomes null, and once size bytes
// are used strings end in "..." and lists and objects keep only their first members.
// cut says that something is missing. A value that is not JSON becomes null.
func Trim(v json.RawMessage, depth, size int) (out json.RawMessage, cut bool) {
	n, cut, err := readJSON(v)
	if err != nil {
		return json.RawMessage("null"), true
	}
	t := trimmer{left: size, cut: cut}
	return t.append(nil, &n, depth), t.cut
}

type trimmer struct {
	left int
	cut  bool
}

func (t *trimmer) append(b []byte, n *node, depth int) []byte {
	switch {
	case n.kind == jsonArray || n.kind == jsonObject:
		if depth <= 0 {
			t.cut = true
			return append(b, "null"...)
		}
		return t.appendList(b, n, depth)
	case n.kind == jsonString && len(n.text)+2 > t.left:
		t.cut = true
		s, _ := CutText(n.text, max(t.left-2, 0))
		t.left = 0
		return appendString(b, s)
	}
	start := len(b)
	b = n.append(b)
	t.left -= len(b) - start
	return b
}

func (t *trimmer) appendList(b []byte, n *node, depth int) []byte {
	open, end := byte('['), byte(']')
	if n.kind == jsonObject {
		open, end = '{', '}'
	}
	b = append(b, open)
	t.left -= 2
	for i := range n.list {
		if t.left <= 0 {
			t.cut = true
			break
		}
		if i > 0 {
			b = append(b, ',')
		}
		if n.kind == jsonObject {
			start := len(b)
			b = append(appendString(b, n.keys[i]), ':')
			t.left -= len(b) - start
		}
		b = t.append(b, &n.list[i], depth-1)
		t.left--
	}
	return append(b, end)
}

// CutText shortens a text to at most n characters, the last three then being "...".
func CutText(s string, n int) (out string, cut bool) {
	if len(s) <= n {
		return s, false
	}
	dots := "..."
	keep := n - len(dots)
	if keep < 0 {
		keep, dots = n, ""
	}
	end, count := len(s), 0
	for i := range s {
		if count == keep {
			end = i
		}
		if count++; count > n {
			return s[:end] + dots, true
		}
	}
	return s, false
}
