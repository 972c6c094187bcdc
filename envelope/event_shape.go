package envelope

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is a value being read together with its place, so that what is wrong can be noted there.
type field struct {
	ev   *Event
	up   *field
	name string
	*node
}

func (f *field) at(name string) field {
	return field{ev: f.ev, up: f, name: name, node: f.get(name)}
}

// any returns the first of several spellings that is given; it is noted under the first name.
func (f *field) any(names ...string) field {
	for _, name := range names {
		if n := f.get(name); !n.none() {
			return field{ev: f.ev, up: f, name: names[0], node: n}
		}
	}
	return field{ev: f.ev, up: f, name: names[0], node: &absentNode}
}

func (f *field) item(i int) field {
	return field{ev: f.ev, up: f, name: strconv.Itoa(i), node: &f.list[i]}
}

func (f *field) path() []string {
	var p []string
	for ; f.up != nil; f = f.up {
		p = append(p, f.name)
	}
	slices.Reverse(p)
	return p
}

func (f *field) invalid(reason string) {
	if f.ev.notes < maxNotes { // what is noted costs time too
		f.ev.Invalid(reason, f.raw(), f.path()...)
	}
}

// scalar gives a string, number or bool as text.
func (n *node) scalar() (string, bool) {
	switch n.kind {
	case jsonString, jsonNumber, jsonBool:
		return n.text, true
	}
	return "", false
}

func (f field) str() string {
	s, ok := f.scalar()
	if !ok && !f.none() {
		f.invalid("expected a string")
	}
	return s
}

// loose is text, or whatever else it is written as JSON.
func (f field) loose() string {
	if f.none() {
		return ""
	}
	if s, ok := f.scalar(); ok {
		return s
	}
	return string(f.raw())
}

func (f field) flag() *bool {
	if f.none() {
		return nil
	}
	var v bool
	switch strings.ToLower(f.text) {
	case "true", "1", "yes":
		v = true
	case "false", "0", "no":
	default:
		f.invalid("expected a boolean")
		return nil
	}
	return &v
}

func (f field) intPtr() *int {
	if f.none() {
		return nil
	}
	if s, ok := f.scalar(); ok {
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			i := int(v)
			return &i
		}
		if v, err := strconv.ParseFloat(s, 64); err == nil && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			i := int(v)
			return &i
		}
	}
	f.invalid("expected an integer")
	return nil
}

// line is a line or column: a positive 32-bit number. Zero and below mean "not known".
func (f field) line() int {
	v := f.intPtr()
	if v == nil || *v <= 0 {
		return 0
	}
	if *v > math.MaxUint32 {
		f.invalid("out of range")
		return 0
	}
	return *v
}

func (f field) time() time.Time {
	if f.none() {
		return time.Time{}
	}
	s, ok := f.scalar()
	if ok && f.kind != jsonBool {
		if t, ok := parseTime(s); ok {
			return t
		}
	}
	f.invalid("expected a timestamp")
	return time.Time{}
}

// maxTime is the last second of the year 9999; databases and browsers go no further.
const maxTime = 253402300799

// parseTime reads seconds since 1970, or RFC 3339 with or without a zone (none is UTC).
func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if sec, err := strconv.ParseFloat(s, 64); err == nil {
		if !(sec > 0 && sec <= maxTime) {
			return time.Time{}, false
		}
		whole, frac := math.Modf(sec)
		return time.Unix(int64(whole), int64(math.Round(frac*1e6))*1000).UTC(), true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999-0700", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC().Truncate(time.Microsecond)
			return t, t.Unix() > 0 && t.Unix() <= maxTime
		}
	}
	return time.Time{}, false
}

func (f field) number() (float64, bool) {
	if s, ok := f.scalar(); ok && f.kind != jsonBool {
		if v, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v, true
		}
	}
	if !f.none() {
		f.invalid("expected a number")
	}
	return 0, false
}

// object keeps an object as it came.
func (f field) object() Object {
	if f.none() {
		return nil
	}
	if f.kind != jsonObject {
		f.invalid("expected an object")
		return nil
	}
	return f.others()
}

// others collects the members that are not among known.
func (f field) others(known ...string) Object {
	var o Object
	for i, k := range f.keys {
		if slices.Contains(known, k) {
			continue
		}
		if o == nil {
			o = Object{}
		}
		o[k] = f.list[i].raw()
	}
	return o
}

// isObject checks for an object; other things than "not given" are noted.
func (f field) isObject() bool {
	if f.kind == jsonObject {
		return true
	}
	if !f.none() {
		f.invalid("expected an object")
	}
	return false
}

func (f field) texts() []string {
	if f.none() {
		return nil
	}
	if s, ok := f.scalar(); ok {
		return []string{s}
	}
	if f.kind != jsonArray {
		f.invalid("expected a list")
		return nil
	}
	var out []string
	for i := range f.list {
		switch it := f.item(i); {
		case it.none():
		case it.kind == jsonArray || it.kind == jsonObject:
			it.invalid("expected a string")
		default:
			out = append(out, it.text)
		}
	}
	return out
}

// lines keeps its entries in place: a null line of source stays an (empty) line.
func (f field) lines() []string {
	if f.kind != jsonArray {
		if !f.none() {
			f.invalid("expected a list")
		}
		return nil
	}
	if len(f.list) == 0 {
		return nil
	}
	out := make([]string, len(f.list))
	for i := range f.list {
		out[i] = f.item(i).str()
	}
	return out
}

func (f field) objects() []Object {
	return readList(f, func(it field) (Object, bool) { return it.object(), it.kind == jsonObject })
}

// readList reads a bare list. Null entries are skipped.
func readList[T any](f field, read func(field) (T, bool)) []T {
	if f.kind != jsonArray {
		if !f.none() {
			f.invalid("expected a list")
		}
		return nil
	}
	var out []T // nil when nothing is in it: empty and absent lists mean the same
	for i := range f.list {
		it := f.item(i)
		if it.none() {
			continue
		}
		it.name = strconv.Itoa(len(out)) // the place it has in what we write
		if v, ok := read(it); ok {
			out = append(out, v)
		}
	}
	return out
}

// readValues reads {"values": […]}, a bare list, or a single object.
func readValues[T any](f field, read func(field) (T, bool)) []T {
	switch f.kind {
	case jsonObject:
		if v := f.get("values"); v.kind != jsonAbsent {
			return readList(f.at("values"), read)
		}
		wrapped := node{kind: jsonArray, list: []node{*f.node}}
		return readList(field{ev: f.ev, up: &f, name: "values", node: &wrapped}, read)
	case jsonArray:
		return readList(field{ev: f.ev, up: &f, name: "values", node: f.node}, read)
	}
	if !f.none() {
		f.invalid("expected a list")
	}
	return nil
}

// pairs reads a map, a list of pairs, or a list of {key, value}; a value may be a list, which is joined.
func (f field) pairs() []Pair {
	switch f.kind {
	case jsonObject:
		var out []Pair
		for i, k := range f.keys {
			it := field{ev: f.ev, up: &f, name: k, node: &f.list[i]}
			if !it.none() {
				out = append(out, Pair{k, it.joined()})
			}
		}
		return out
	case jsonArray:
		return readList(f, func(it field) (Pair, bool) {
			switch {
			case it.kind == jsonArray && len(it.list) == 2:
				key, ok := it.list[0].scalar()
				v := it.item(1)
				return Pair{key, v.joined()}, ok && !v.none()
			case it.kind == jsonObject:
				k, v := it.any("key", "name"), it.at("value")
				key, ok := k.scalar()
				return Pair{key, v.joined()}, ok && !v.none()
			}
			it.invalid("expected a pair")
			return Pair{}, false
		})
	}
	if !f.none() {
		f.invalid("expected a map or a list of pairs")
	}
	return nil
}

func (f field) joined() string {
	if f.kind != jsonArray {
		return f.loose()
	}
	parts := make([]string, 0, len(f.list))
	for i := range f.list {
		if it := f.item(i); !it.none() {
			parts = append(parts, it.loose())
		}
	}
	return strings.Join(parts, ",")
}

// any value as JSON, nil for null.
func (f field) json() json.RawMessage {
	if f.none() {
		return nil
	}
	return f.raw()
}

func appendInt(b []byte, v int) []byte { return strconv.AppendInt(b, int64(v), 10) }

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }
