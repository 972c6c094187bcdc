package relay

import (
	"bytes"
	"math"
	"strconv"
)

func (s *sanitizer) endNumber() {
	b := s.pending
	s.pending = s.pending[:0]
	switch {
	case s.lax && string(b) == "-Infinity":
		s.changed = true
		s.emitString("null")
	case !validNumber(b):
		s.err = errJSON
		return
	case fitsFloat(b):
		s.emit(b...)
	default:
		s.changed = true
		s.emit('"')
		s.emit(b[:min(len(b), maxNumberLen)]...)
		s.emit('"')
	}
	s.valueEnds()
}

func (s *sanitizer) endLiteral() {
	b := string(s.pending)
	s.pending = s.pending[:0]
	switch {
	case b == "true" || b == "false" || b == "null":
		s.emitString(b)
	case s.lax && (b == "NaN" || b == "Infinity"):
		s.changed = true
		s.emitString("null")
	default:
		s.err = errJSON
		return
	}
	s.valueEnds()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// isNumberByte takes the letters of -Infinity too; validNumber judges.
func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// validNumber holds b against JSON's grammar of numbers.
func validNumber(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte("-"))
	digits := func() bool {
		n := 0
		for n < len(b) && b[n] >= '0' && b[n] <= '9' {
			n++
		}
		b = b[n:]
		return n > 0
	}
	if len(b) > 1 && b[0] == '0' && b[1] >= '0' && b[1] <= '9' {
		return false
	}
	if !digits() {
		return false
	}
	if len(b) > 0 && b[0] == '.' {
		b = b[1:]
		if !digits() {
			return false
		}
	}
	if len(b) > 0 && b[0]|0x20 == 'e' {
		b = b[1:]
		if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		if !digits() {
			return false
		}
	}
	return len(b) == 0
}

// fitsFloat says whether the number is finite as float64 and of a length worth keeping.
func fitsFloat(b []byte) bool {
	if len(b) > maxNumberLen {
		return false
	}
	if len(b) < 300 && !bytes.ContainsAny(b, "eE") && len(b) < 20 {
		return true
	}
	f, err := strconv.ParseFloat(string(b), 64)
	return err == nil && !math.IsInf(f, 0)
}
