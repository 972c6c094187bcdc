package envelope

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Object is a JSON object whose members are not all known: names to values as they came.
type Object map[string]json.RawMessage

// Text returns the member when it is a string or another scalar as text, else "".
func (o Object) Text(name string) string {
	raw, ok := o[name]
	if !ok {
		return ""
	}
	n, _, err := readJSON(raw)
	if err != nil {
		return ""
	}
	s, _ := n.scalar()
	return s
}

// SetText sets a member to a string.
func (o Object) SetText(name, value string) { o[name] = appendString(nil, value) }

// sortedKeys gives the names in the order in which they are written.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string. Unlike encoding/json it leaves <, > and & alone, as every
// other reader of these payloads expects, but does escape U+2028 and U+2029.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == 0xE2 && i+2 < len(s) && s[i+1] == 0x80 && s[i+2]&^1 == 0xA8 {
			b = append(append(b, s[start:i]...), `\u202`...)
			b = append(b, hexDigits[s[i+2]&0xF])
			i += 2
			start = i + 1
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&0xF])
		}
		start = i + 1
	}
	return append(append(b, s[start:]...), '"')
}

// objectWriter writes the members of one object; what is empty is left out.
type objectWriter struct {
	b     []byte
	start int
}

func beginObject(b []byte) objectWriter { return objectWriter{b: append(b, '{'), start: len(b) + 1} }

func (w *objectWriter) end() []byte { return append(w.b, '}') }

func (w *objectWriter) name(name string) {
	if len(w.b) > w.start {
		w.b = append(w.b, ',')
	}
	w.b = append(appendString(w.b, name), ':')
}

func (w *objectWriter) text(name, v string) {
	if v != "" {
		w.name(name)
		w.b = appendString(w.b, v)
	}
}

func (w *objectWriter) raw(name string, v json.RawMessage) {
	if len(v) > 0 {
		w.name(name)
		w.b = append(w.b, v...)
	}
}

func (w *objectWriter) object(name string, o Object) {
	if len(o) > 0 {
		w.name(name)
		w.b = appendObject(w.b, o)
	}
}

func (w *objectWriter) bool(name string, v *bool) {
	if v != nil {
		w.name(name)
		w.b = strconv.AppendBool(w.b, *v)
	}
}

func (w *objectWriter) int(name string, v int) {
	if v != 0 {
		w.name(name)
		w.b = strconv.AppendInt(w.b, int64(v), 10)
	}
}

func (w *objectWriter) intPtr(name string, v *int) {
	if v != nil {
		w.name(name)
		w.b = strconv.AppendInt(w.b, int64(*v), 10)
	}
}

func (w *objectWriter) time(name string, t time.Time) {
	if !t.IsZero() {
		w.name(name)
		w.b = appendTime(w.b, t)
	}
}

func (w *objectWriter) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	w.name(name)
	w.b = append(w.b, '[')
	for i, s := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = appendString(w.b, s)
	}
	w.b = append(w.b, ']')
}

func (w *objectWriter) pairs(name string, list []Pair) {
	if len(list) == 0 {
		return
	}
	w.name(name)
	w.b = append(w.b, '[')
	for i, p := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = appendString(append(w.b, '['), p.Key)
		w.b = append(appendString(append(w.b, ','), p.Value), ']')
	}
	w.b = append(w.b, ']')
}

// others writes the unknown members of an object after the known ones.
func (w *objectWriter) others(o Object) {
	for _, k := range sortedKeys(o) {
		w.raw(k, o[k])
	}
}

// values writes {"values":[…]}, the canonical form of a list that SDKs write in several ways.
func values[T any](w *objectWriter, name string, list []T, item func([]byte, *T) []byte) {
	if len(list) == 0 {
		return
	}
	w.name(name)
	w.b = append(w.b, `{"values":`...)
	w.b = append(appendList(w.b, list, item), '}')
}

func appendList[T any](b []byte, list []T, item func([]byte, *T) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(b, &list[i])
	}
	return append(b, ']')
}

func appendObject(b []byte, o Object) []byte {
	w := beginObject(b)
	w.others(o)
	return w.end()
}

// appendTime writes seconds since 1970 with up to six decimals.
func appendTime(b []byte, t time.Time) []byte {
	us := t.UnixMicro()
	if us < 0 {
		b, us = append(b, '-'), -us
	}
	b = strconv.AppendInt(b, us/1e6, 10)
	frac := us % 1e6
	if frac == 0 {
		return b
	}
	b = append(b, '.')
	for unit := int64(1e5); frac > 0; unit /= 10 {
		b = append(b, '0'+byte(frac/unit))
		frac %= unit
	}
	return b
}
