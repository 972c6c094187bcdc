package envelope

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// eachMember calls fn for every member of a JSON object in order, duplicates included, with
// the decoded name and the raw bytes of the value. It stops early and returns false where obj
// is not a well-formed object; it never fails on bytes json.Valid accepts.
func eachMember(obj []byte, fn func(name string, value []byte)) bool {
	i := skipSpace(obj, 0)
	if i >= len(obj) || obj[i] != '{' {
		return false
	}
	i++
	for {
		i = skipSpace(obj, i)
		if i >= len(obj) {
			return false
		}
		switch obj[i] {
		case '}':
			return true
		case ',':
			i++
			continue
		case '"':
		default:
			return false
		}
		end := skipString(obj, i)
		if end < 0 {
			return false
		}
		name, ok := unquote(obj[i:end])
		if !ok {
			return false
		}
		i = skipSpace(obj, end)
		if i >= len(obj) || obj[i] != ':' {
			return false
		}
		i = skipSpace(obj, i+1)
		end = skipValue(obj, i)
		if end <= i {
			return false
		}
		fn(name, obj[i:end:end])
		i = end
	}
}

// eachElement calls fn for every element of a JSON array in order; false as in eachMember.
func eachElement(list []byte, fn func(value []byte)) bool {
	i := skipSpace(list, 0)
	if i >= len(list) || list[i] != '[' {
		return false
	}
	i++
	for {
		i = skipSpace(list, i)
		if i >= len(list) {
			return false
		}
		switch list[i] {
		case ']':
			return true
		case ',':
			i++
			continue
		}
		end := skipValue(list, i)
		if end <= i {
			return false
		}
		fn(list[i:end:end])
		i = end
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// skipString returns the index after the string that starts at i, or -1.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// skipValue returns the index after the value that starts at i, or -1. Nesting is counted, not
// recursed into, so depth costs nothing.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			if i = skipString(b, i); i < 0 {
				return -1
			}
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
		case depth == 0 && (c == ',' || isSpace(c)):
			return i
		}
		i++
	}
	if depth > 0 {
		return -1
	}
	return i
}

// jsonText decodes a JSON string; false when the value is not one. Invalid UTF-8 becomes U+FFFD
// and NUL goes, as databases refuse both.
func jsonText(v []byte) (string, bool) {
	s, ok := unquote(v)
	if ok && strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return s, ok
}

// unquote decodes a JSON string to the letter, as names must be compared.
func unquote(v []byte) (string, bool) {
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return "", false
	}
	if plain := v[1 : len(v)-1]; isPlain(plain) {
		return string(plain), true
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		return "", false
	}
	return s, true
}

func isPlain(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c >= 0x80 || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func isNull(v []byte) bool { return len(v) == 0 || string(v) == "null" }

// scalarText gives the text of a string, number or bool; SDKs mix these up freely.
func scalarText(v []byte) (string, bool) {
	if s, ok := jsonText(v); ok {
		return s, true
	}
	if isNull(v) || v[0] == '{' || v[0] == '[' || v[0] == '"' {
		return "", false
	}
	return string(v), true
}

// jsonUint reads a non-negative integer up to most, written as a number. 5.0 and "5" are not
// integers here, as in Relay.
func jsonUint(v []byte, most uint64) (uint64, bool) {
	n, err := strconv.ParseUint(string(v), 10, 64)
	return n, err == nil && n <= most
}

// jsonCount reads a non-negative int tolerantly: 5, 5.0 and "5".
func jsonCount(v []byte) (int, bool) {
	f, ok := jsonFloat(v)
	if !ok || f < 0 || f > math.MaxInt32 || f != math.Trunc(f) {
		return 0, false
	}
	return int(f), true
}

// jsonFloat reads a finite number, also from a string.
func jsonFloat(v []byte) (float64, bool) {
	s, ok := scalarText(v)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// jsonBoolean reads a bool, also from the strings "true" and "false"; nil for anything else.
func jsonBoolean(v []byte) *bool {
	s, _ := scalarText(v)
	switch s {
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	return nil
}

// jsonID reads an id from a string; the zero ID for anything that is none.
func jsonID(v []byte) ID {
	s, _ := jsonText(v)
	id, _ := ParseID(strings.TrimSpace(s))
	return id
}

// jsonTime reads a moment as SDKs write it: RFC 3339 with or without a zone (then UTC), or
// seconds since 1970 as a number, possibly in a string. What is outside 1970–9999 is no time.
func jsonTime(v []byte) (time.Time, bool) {
	s, ok := scalarText(v)
	if !ok {
		return time.Time{}, false
	}
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return checkTime(t.UTC())
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= 0 && f < maxUnixSeconds) {
		return time.Time{}, false
	}
	// Microseconds: what a float64 of seconds can hold today.
	whole, fraction := math.Modf(f)
	return checkTime(time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000).UTC())
}

const maxUnixSeconds = 253402300800 // 10000-01-01T00:00:00Z

func checkTime(t time.Time) (time.Time, bool) {
	if s := t.Unix(); s < 0 || s >= maxUnixSeconds {
		return time.Time{}, false
	}
	return t, true
}

// member is a known header key with the JSON it stands for; a nil value means absent.
type member struct {
	name  string
	value []byte
}

// rewrite returns obj with the members of want that differ from have set or removed and
// everything else as it was, unknown keys included. have and want list the same names in the
// same order. obj itself is returned when nothing differs.
func rewrite(obj []byte, have, want []member) []byte {
	edits := make(map[string][]byte)
	for i, w := range want {
		if !bytes.Equal(have[i].value, w.value) {
			edits[w.name] = w.value
		}
	}
	if len(edits) == 0 && len(obj) > 0 {
		return obj
	}
	out := []byte{'{'}
	eachMember(obj, func(name string, value []byte) {
		if _, edited := edits[name]; !edited {
			out = appendMember(out, name, value)
		}
	})
	for _, m := range want {
		if v := edits[m.name]; v != nil {
			out = appendMember(out, m.name, v)
		}
	}
	return append(out, '}')
}

// appendMember adds a member to an object whose brace is open.
func appendMember(b []byte, name string, value []byte) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, quote(name)...)
	b = append(b, ':')
	return append(b, value...)
}

// quote is s as a JSON string, with <, > and & left readable.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// textValue is the JSON of a string member that is left out when empty.
func textValue(s string) []byte {
	if s == "" {
		return nil
	}
	return quote(s)
}

func intValue(n *int) []byte {
	if n == nil {
		return nil
	}
	return strconv.AppendInt(nil, int64(*n), 10)
}

func boolValue(b *bool) []byte {
	if b == nil {
		return nil
	}
	return strconv.AppendBool(nil, *b)
}
