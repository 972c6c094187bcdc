package envelope

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of one payload. What lies beyond is left out and marked, never refused:
// an SDK that sends too much still gets its error recorded.
const (
	maxJSONDepth = 64
	maxJSONNodes = 100_000
	maxJSONKeys  = 2_000
)

// ErrPayload is returned for a payload that is not one JSON object.
var ErrPayload = errors.New("not a JSON object")

var errJSON = errors.New("invalid JSON")

type jsonKind uint8

const (
	jsonAbsent jsonKind = iota
	jsonNull
	jsonBool
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

// node is one JSON value as it was read: names match exactly, the last of duplicate names
// stands, numbers keep their digits, and text is valid UTF-8 without NUL (databases refuse
// both). Neither encoding/json nor a map of any gives all of that.
type node struct {
	kind jsonKind
	text string   // of a string; the digits of a number; "true" or "false"
	keys []string // of an object, parallel to list
	list []node   // of an array or object
}

// get returns the member, or the absent node.
func (n *node) get(name string) *node {
	if n.kind == jsonObject {
		for i, k := range n.keys {
			if k == name {
				return &n.list[i]
			}
		}
	}
	return &absentNode
}

var absentNode node // never written to

// none says that the field is absent or null: both mean "not given".
func (n *node) none() bool { return n.kind == jsonAbsent || n.kind == jsonNull }

// raw writes the value back as JSON.
func (n *node) raw() json.RawMessage {
	if n.kind == jsonAbsent {
		return nil
	}
	return n.append(nil)
}

func (n *node) append(b []byte) []byte {
	switch n.kind {
	case jsonBool, jsonNumber:
		return append(b, n.text...)
	case jsonString:
		return appendString(b, n.text)
	case jsonArray:
		b = append(b, '[')
		for i := range n.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = n.list[i].append(b)
		}
		return append(b, ']')
	case jsonObject:
		b = append(b, '{')
		for i := range n.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, n.keys[i]), ':')
			b = n.list[i].append(b)
		}
		return append(b, '}')
	default:
		return append(b, "null"...)
	}
}

// jsonReader reads one JSON text into nodes.
type jsonReader struct {
	src   []byte
	pos   int
	depth int
	nodes int
	cut   bool // something lay beyond a bound and was left out
}

// readJSON reads a whole text. cut says that parts beyond the bounds are missing.
func readJSON(b []byte) (n node, cut bool, err error) {
	r := jsonReader{src: b}
	r.space()
	if n, err = r.value(); err != nil {
		return node{}, false, err
	}
	if r.space(); r.pos != len(r.src) {
		return node{}, false, errJSON
	}
	return n, r.cut, nil
}

func (r *jsonReader) space() {
	for r.pos < len(r.src) {
		switch r.src[r.pos] {
		case ' ', '\t', '\r', '\n':
			r.pos++
		default:
			return
		}
	}
}

func (r *jsonReader) value() (node, error) {
	if r.pos >= len(r.src) {
		return node{}, errJSON
	}
	r.nodes++
	switch c := r.src[r.pos]; c {
	case '{', '[':
		// The reader keeps scanning what is too deep, so that the rest is read right, but keeps
		// nothing of it. Far beyond the bound the text is hostile and recursion would cost stack.
		if r.depth++; r.depth > 10*maxJSONDepth {
			return node{}, errJSON
		}
		n, err := r.composite(c)
		if r.depth--; r.depth >= maxJSONDepth && err == nil {
			r.cut = true
			return node{kind: jsonNull}, nil
		}
		return n, err
	case '"':
		s, err := r.string()
		return node{kind: jsonString, text: s}, err
	case 't':
		return r.literal("true", node{kind: jsonBool, text: "true"})
	case 'f':
		return r.literal("false", node{kind: jsonBool, text: "false"})
	case 'n':
		return r.literal("null", node{kind: jsonNull})
	case 'N': // old Python SDKs write NaN and Infinity
		return r.literal("NaN", node{kind: jsonNull})
	case 'I':
		return r.literal("Infinity", node{kind: jsonNull})
	default:
		return r.number()
	}
}

func (r *jsonReader) literal(word string, n node) (node, error) {
	if !strings.HasPrefix(string(r.src[r.pos:min(len(r.src), r.pos+len(word))]), word) {
		return node{}, errJSON
	}
	r.pos += len(word)
	return n, nil
}

func (r *jsonReader) composite(open byte) (node, error) {
	n := node{kind: jsonArray}
	end := byte(']')
	if open == '{' {
		n.kind, end = jsonObject, '}'
	}
	var index map[string]int
	r.pos++
	for first := true; ; first = false {
		r.space()
		if r.pos >= len(r.src) {
			return node{}, errJSON
		}
		if r.src[r.pos] == end && first {
			r.pos++
			return n, nil
		}
		var key string
		if open == '{' {
			var err error
			if key, err = r.name(); err != nil {
				return node{}, err
			}
		}
		v, err := r.value()
		if err != nil {
			return node{}, err
		}
		index = r.keep(&n, index, key, v)
		if r.space(); r.pos >= len(r.src) {
			return node{}, errJSON
		}
		switch r.src[r.pos] {
		case ',':
			r.pos++
		case end:
			r.pos++
			return n, nil
		default:
			return node{}, errJSON
		}
	}
}

// keep adds a value to its parent, unless a bound is reached.
func (r *jsonReader) keep(n *node, index map[string]int, key string, v node) map[string]int {
	if n.kind == jsonObject {
		at := -1
		if index != nil {
			if i, ok := index[key]; ok {
				at = i
			}
		} else {
			at = slices.Index(n.keys, key)
		}
		if at >= 0 {
			n.list[at] = v
			return index
		}
	}
	if r.nodes > maxJSONNodes || (n.kind == jsonObject && len(n.list) >= maxJSONKeys) {
		r.cut = true
		return index
	}
	n.list = append(n.list, v)
	if n.kind != jsonObject {
		return index
	}
	n.keys = append(n.keys, key)
	if index != nil {
		index[key] = len(n.keys) - 1
	} else if len(n.keys) == 32 { // from here on looking through the list costs more
		index = make(map[string]int, 64)
		for i, k := range n.keys {
			index[k] = i
		}
	}
	return index
}

func (r *jsonReader) name() (string, error) {
	if r.src[r.pos] != '"' {
		return "", errJSON
	}
	key, err := r.string()
	if err != nil {
		return "", err
	}
	if r.space(); r.pos >= len(r.src) || r.src[r.pos] != ':' {
		return "", errJSON
	}
	r.pos++
	r.space()
	return key, nil
}

// number keeps the digits. A number no float64 can hold becomes a string: databases refuse it.
func (r *jsonReader) number() (node, error) {
	start := r.pos
	for r.pos < len(r.src) && strings.IndexByte("+-.0123456789eE", r.src[r.pos]) >= 0 {
		r.pos++
	}
	s := string(r.src[start:r.pos])
	if s == "-" && r.pos < len(r.src) && r.src[r.pos] == 'I' {
		return r.literal("Infinity", node{kind: jsonNull})
	}
	if !json.Valid([]byte(s)) {
		return node{}, errJSON
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || len(s) > 400 {
		return node{kind: jsonString, text: s}, nil
	}
	return node{kind: jsonNumber, text: s}, nil
}

// string reads a quoted string: invalid UTF-8 and lone surrogates become U+FFFD, NUL is removed,
// raw control characters are tolerated (some SDKs forget to escape them).
func (r *jsonReader) string() (string, error) {
	r.pos++
	start := r.pos
	for i := start; i < len(r.src); i++ {
		switch c := r.src[i]; {
		case c == '"':
			r.pos = i + 1
			s := string(r.src[start:i])
			if !utf8.ValidString(s) {
				s = strings.ToValidUTF8(s, "\uFFFD")
			}
			return s, nil
		case c == '\\' || c == 0:
			return r.escaped(start, i)
		}
	}
	return "", errJSON
}

func (r *jsonReader) escaped(start, i int) (string, error) {
	b := append(make([]byte, 0, i-start+32), r.src[start:i]...)
	for i < len(r.src) {
		c := r.src[i]
		switch {
		case c == '"':
			r.pos = i + 1
			return strings.ToValidUTF8(string(b), "\uFFFD"), nil
		case c == 0:
			i++
		case c != '\\':
			b = append(b, c)
			i++
		case i+1 >= len(r.src):
			return "", errJSON
		case r.src[i+1] == 'u':
			ru, n := unescapeRune(r.src[i:])
			if n == 0 {
				return "", errJSON
			}
			if ru != 0 {
				b = utf8.AppendRune(b, ru)
			}
			i += n
		default:
			at := strings.IndexByte(`"\/bfnrt`, r.src[i+1])
			if at < 0 {
				return "", errJSON
			}
			b = append(b, "\"\\/\b\f\n\r\t"[at])
			i += 2
		}
	}
	return "", errJSON
}

// unescapeRune reads \uXXXX or a surrogate pair and says how many bytes it took; 0 if it is not one.
func unescapeRune(b []byte) (rune, int) {
	hi, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	switch {
	case hi >= 0xD800 && hi < 0xDC00:
		if lo, ok := hex4(b[6:]); ok && lo >= 0xDC00 && lo < 0xE000 {
			return (hi-0xD800)<<10 + (lo - 0xDC00) + 0x10000, 12
		}
		return utf8.RuneError, 6
	case hi >= 0xDC00 && hi < 0xE000:
		return utf8.RuneError, 6
	}
	return hi, 6
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[2:6]), 16, 32)
	return rune(v), err == nil
}
