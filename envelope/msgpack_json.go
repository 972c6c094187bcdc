package envelope

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
)

// ErrMsgpack is returned for bytes that are no msgpack, or nest deeper than 128.
var ErrMsgpack = errors.New("not msgpack")

// maxMsgpackDepth bounds nesting.
const maxMsgpackDepth = 128

// MsgpackJSON rewrites msgpack values that stand one after another as JSON, one each: that is how
// native SDKs write the files __sentry-event (one map) and __sentry-breadcrumb1 (a list of maps
// without a head). Byte strings become text, an infinity or NaN null, a timestamp seconds. The
// result is at most seven times as long as the payload.
func MsgpackJSON(payload []byte) ([]json.RawMessage, error) {
	r := msgpack{b: payload}
	var list []json.RawMessage
	for r.i < len(r.b) {
		v, ok := r.appendJSON(nil, 0)
		if !ok {
			return nil, ErrMsgpack
		}
		list = append(list, v)
	}
	return list, nil
}

func (m *msgpack) appendJSON(out []byte, depth int) ([]byte, bool) {
	if depth > maxMsgpackDepth || m.i >= len(m.b) {
		return nil, false
	}
	c := m.b[m.i]
	switch {
	case c&0xf0 == 0x80 || c == 0xde || c == 0xdf:
		n, ok := m.mapLen()
		return m.members(out, n, depth+1, ok)
	case c&0xf0 == 0x90 || c == 0xdc || c == 0xdd:
		n, ok := m.listLen()
		return m.elements(out, n, depth+1, ok)
	case c&0xe0 == 0xa0 || c >= 0xc4 && c <= 0xc6 || c >= 0xd9 && c <= 0xdb:
		b, ok := m.bytes()
		return appendText(out, b), ok
	}
	return m.scalar(out)
}

func appendText(out, b []byte) []byte {
	s, err := json.Marshal(strings.ToValidUTF8(string(b), "\uFFFD"))
	if err != nil {
		return append(out, `""`...) // text always encodes
	}
	return append(out, s...)
}

func (m *msgpack) listLen() (uint64, bool) {
	c, ok := m.code()
	switch {
	case !ok:
		return 0, false
	case c == 0xdc:
		return m.uint(2)
	case c == 0xdd:
		return m.uint(4)
	}
	return uint64(c & 0x0f), true
}

// members writes n pairs. A claimed n costs nothing: each pair takes bytes that must be there.
func (m *msgpack) members(out []byte, n uint64, depth int, ok bool) ([]byte, bool) {
	if !ok {
		return nil, false
	}
	out = append(out, '{')
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		key, ok := m.appendJSON(nil, depth)
		if !ok {
			return nil, false
		}
		if key[0] != '"' {
			key = appendText(nil, key)
		}
		out = append(append(out, key...), ':')
		if out, ok = m.appendJSON(out, depth); !ok {
			return nil, false
		}
	}
	return append(out, '}'), true
}

func (m *msgpack) elements(out []byte, n uint64, depth int, ok bool) ([]byte, bool) {
	if !ok {
		return nil, false
	}
	out = append(out, '[')
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		if out, ok = m.appendJSON(out, depth); !ok {
			return nil, false
		}
	}
	return append(out, ']'), true
}

// scalar writes what is no text and holds nothing.
func (m *msgpack) scalar(out []byte) ([]byte, bool) {
	c, _ := m.code()
	_, size, ok := m.extent(c)
	if !ok {
		return nil, false
	}
	b, ok := m.take(size)
	if !ok {
		return nil, false
	}
	switch {
	case c < 0x80:
		return strconv.AppendUint(out, uint64(c), 10), true
	case c >= 0xe0:
		return strconv.AppendInt(out, int64(int8(c)), 10), true
	case c == 0xc2 || c == 0xc3:
		return strconv.AppendBool(out, c == 0xc3), true
	case c >= 0xcc && c <= 0xcf:
		return strconv.AppendUint(out, bigEndian(b), 10), true
	case c >= 0xd0 && c <= 0xd3:
		shift := 64 - 8*len(b)
		return strconv.AppendInt(out, int64(bigEndian(b)<<shift)>>shift, 10), true
	case c == 0xca:
		return appendDouble(out, float64(math.Float32frombits(binary.BigEndian.Uint32(b)))), true
	case c == 0xcb:
		return appendDouble(out, math.Float64frombits(binary.BigEndian.Uint64(b))), true
	case c == 0xd6 && b[0] == 0xff: // timestamp: seconds
		return strconv.AppendUint(out, bigEndian(b[1:]), 10), true
	case c == 0xd7 && b[0] == 0xff: // timestamp: 30 bits of nanoseconds, 34 of seconds
		v := bigEndian(b[1:])
		return appendDouble(out, float64(v&(1<<34-1))+float64(v>>34)/1e9), true
	}
	return append(out, "null"...), true
}

func bigEndian(b []byte) (v uint64) {
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

func appendDouble(out []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(out, "null"...)
	}
	return strconv.AppendFloat(out, f, 'g', -1, 64)
}
