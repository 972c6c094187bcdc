package envelope

import "encoding/binary"

// msgpack reads the few forms a replay_video payload has, and skips the rest. Lengths are
// compared with what is there; values alias the input.
type msgpack struct {
	b []byte
	i int
}

// take returns the next n bytes.
func (m *msgpack) take(n uint64) ([]byte, bool) {
	if n > uint64(len(m.b)-m.i) {
		return nil, false
	}
	b := m.b[m.i : m.i+int(n) : m.i+int(n)]
	m.i += int(n)
	return b, true
}

// uint reads a big-endian integer of 1, 2 or 4 bytes.
func (m *msgpack) uint(size uint64) (uint64, bool) {
	b, ok := m.take(size)
	if !ok {
		return 0, false
	}
	switch size {
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(binary.BigEndian.Uint16(b)), true
	default:
		return uint64(binary.BigEndian.Uint32(b)), true
	}
}

// code reads a value's first byte.
func (m *msgpack) code() (byte, bool) {
	b, ok := m.take(1)
	if !ok {
		return 0, false
	}
	return b[0], true
}

// mapLen reads the head of a map: its number of pairs.
func (m *msgpack) mapLen() (uint64, bool) {
	c, ok := m.code()
	switch {
	case !ok:
		return 0, false
	case c&0xf0 == 0x80:
		return uint64(c & 0x0f), true
	case c == 0xde:
		return m.uint(2)
	case c == 0xdf:
		return m.uint(4)
	}
	return 0, false
}

// bytes reads a string or byte string.
func (m *msgpack) bytes() ([]byte, bool) {
	c, ok := m.code()
	if !ok {
		return nil, false
	}
	var n uint64
	switch {
	case c&0xe0 == 0xa0:
		n = uint64(c & 0x1f)
	case c == 0xc4 || c == 0xd9:
		n, ok = m.uint(1)
	case c == 0xc5 || c == 0xda:
		n, ok = m.uint(2)
	case c == 0xc6 || c == 0xdb:
		n, ok = m.uint(4)
	default:
		return nil, false
	}
	if !ok {
		return nil, false
	}
	return m.take(n)
}

// skip passes over one value of any form. Nesting is counted, not recursed into; every round
// takes at least a byte, so a claimed count costs nothing.
func (m *msgpack) skip() bool {
	for left := uint64(1); left > 0; left-- {
		c, ok := m.code()
		if !ok {
			return false
		}
		values, size, ok := m.extent(c)
		if !ok {
			return false
		}
		if _, ok = m.take(size); !ok {
			return false
		}
		if left += values; left > uint64(len(m.b)) {
			return false
		}
	}
	return true
}

// extent tells what follows a first byte: so many values, or so many bytes.
func (m *msgpack) extent(c byte) (values, size uint64, ok bool) {
	ok = true
	switch {
	case c < 0x80 || c >= 0xe0: // small integers
	case c&0xf0 == 0x80:
		values = 2 * uint64(c&0x0f)
	case c&0xf0 == 0x90:
		values = uint64(c & 0x0f)
	case c&0xe0 == 0xa0:
		size = uint64(c & 0x1f)
	case c == 0xc0 || c == 0xc2 || c == 0xc3: // nil, false, true
	case c == 0xc4 || c == 0xd9:
		size, ok = m.uint(1)
	case c == 0xc5 || c == 0xda:
		size, ok = m.uint(2)
	case c == 0xc6 || c == 0xdb:
		size, ok = m.uint(4)
	case c >= 0xc7 && c <= 0xc9: // extensions: a length, then a type byte
		size, ok = m.uint(1 << (c - 0xc7))
		size++
	case c == 0xca || c == 0xce || c == 0xd2:
		size = 4
	case c == 0xcb || c == 0xcf || c == 0xd3:
		size = 8
	case c == 0xcc || c == 0xd0:
		size = 1
	case c == 0xcd || c == 0xd1:
		size = 2
	case c >= 0xd4 && c <= 0xd8: // fixed extensions: 1 to 16 bytes, and a type byte
		size = 1<<(c-0xd4) + 1
	case c == 0xdc:
		values, ok = m.uint(2)
	case c == 0xdd:
		values, ok = m.uint(4)
	case c == 0xde:
		values, ok = m.uint(2)
		values *= 2
	case c == 0xdf:
		values, ok = m.uint(4)
		values *= 2
	default:
		ok = false
	}
	return values, size, ok
}
