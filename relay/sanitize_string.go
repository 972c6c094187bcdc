package relay

import (
	"strconv"
	"unicode/utf8"
)

// stringBytes takes what it can of a string's contents.
func (s *sanitizer) stringBytes(p []byte) int {
	if len(s.pending) > 0 {
		return s.runeTail(p)
	}
	i := 0
	for i < len(p) && p[i] >= 0x20 && p[i] < utf8.RuneSelf && p[i] != '"' && p[i] != '\\' {
		i++
	}
	if i < len(p) && p[i] == '"' {
		s.flushHigh()
		s.emit(p[:i+1]...)
		if s.inKey {
			s.state = wantColon
		} else {
			s.valueEnds()
		}
		return i + 1
	}
	if i > 0 {
		s.flushHigh()
		s.emit(p[:i]...)
		return i
	}
	switch c := p[0]; {
	case c == '\\':
		s.pending = append(s.pending[:0], c)
		s.state = inEscape
	case c == 0:
		s.flushHigh()
		s.changed = true
	case c < 0x20:
		s.flushHigh()
		s.changed = true
		const hexDigits = "0123456789abcdef"
		s.emit('\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	default:
		s.flushHigh()
		if !utf8.FullRune(p) {
			s.pending = append(s.pending[:0], p...)
			return len(p)
		}
		r, n := utf8.DecodeRune(p)
		s.emitRune(p[:n], r, n)
		return n
	}
	return 1
}

// runeTail completes a rune that the last Write cut.
func (s *sanitizer) runeTail(p []byte) int {
	used := 0
	for used < len(p) && !utf8.FullRune(s.pending) {
		s.pending = append(s.pending, p[used])
		used++
	}
	if !utf8.FullRune(s.pending) {
		return used
	}
	r, n := utf8.DecodeRune(s.pending)
	s.emitRune(s.pending[:n], r, n)
	rest := len(s.pending) - n // bytes of p that were no part of the rune
	s.pending = s.pending[:0]
	if rest > used {
		// Bytes held from before the cut were themselves broken: each stands for one U+FFFD.
		for range rest - used {
			s.emitString("\uFFFD")
		}
		return 0
	}
	return used - rest
}

func (s *sanitizer) emitRune(raw []byte, r rune, n int) {
	if r == utf8.RuneError && n == 1 {
		s.changed = true
		s.emitString("\uFFFD")
		return
	}
	s.emit(raw...)
}

func (s *sanitizer) flushHigh() {
	if s.hasHigh {
		s.hasHigh = false
		s.changed = true
		s.emitString(`\ufffd`)
	}
}

func (s *sanitizer) escapeByte(c byte) {
	s.pending = append(s.pending, c)
	if len(s.pending) == 2 {
		switch c {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			s.flushHigh()
			s.emit(s.pending...)
			s.endEscape()
		case 'u':
		default:
			s.err = errJSON
		}
		return
	}
	if !isHex(c) {
		s.err = errJSON
		return
	}
	if len(s.pending) < 6 {
		return
	}
	v, _ := strconv.ParseUint(string(s.pending[2:]), 16, 16)
	u := uint16(v)
	switch {
	case u >= 0xD800 && u < 0xDC00:
		s.flushHigh()
		s.high, s.hasHigh = u, true
	case u >= 0xDC00 && u < 0xE000:
		if !s.hasHigh {
			s.changed = true
			s.emitString(`\ufffd`)
			break
		}
		s.hasHigh = false
		s.emitString(`\u`)
		s.emitString(strconv.FormatUint(uint64(s.high), 16))
		s.emit(s.pending...)
	case u == 0:
		s.flushHigh()
		s.changed = true
	default:
		s.flushHigh()
		s.emit(s.pending...)
	}
	s.endEscape()
}

func (s *sanitizer) endEscape() {
	s.pending = s.pending[:0]
	s.state = inString
}
