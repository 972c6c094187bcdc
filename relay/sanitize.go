package relay

import (
	"errors"
	"io"
)

// errJSON says that a payload is not JSON at all; nothing of it can be stored.
var errJSON = errors.New("invalid JSON data")

// The bounds of one JSON document. What lies beyond is trimmed and the item marked, so that one
// absurd value does not cost the event.
const (
	maxDepth      = 64
	maxNodes      = 100_000
	maxObjectKeys = 2_000
	maxNumberLen  = 256 // digits of a longer one do not fit any column; it becomes a string
)

// What was trimmed, as written into the item header's "trimmed" list.
const (
	trimmedDepth = "depth"
	trimmedNodes = "nodes"
	trimmedKeys  = "keys"
)

// sanitizer is an io.Writer that checks a JSON document while it passes and repairs what no
// database takes: invalid UTF-8 and lone surrogates become U+FFFD, NUL is removed, other raw
// control characters are escaped, numbers beyond float64 become strings, and what is nested or
// counted beyond the bounds is trimmed. Bytes that need no repair pass unchanged, so a clean
// payload is the same before and after. It holds a few bytes of state whatever the input's size;
// nesting costs one bit a level.
//
// After the last Write call Close, which says whether the document was whole.
type sanitizer struct {
	out io.Writer
	buf []byte
	err error

	lax   bool // NaN, Infinity, -Infinity become null (old raven clients)
	nodes int  // values so far
	limit int  // of nodes; 0 means none

	state state
	depth int
	isObj []uint64 // bit per level: object or array
	keys  [maxDepth + 1]int32

	skipping  bool // nothing is emitted until depth is back at skipUntil
	skipUntil int
	skipKind  skipKind

	inKey   bool
	pending []byte // a rune, escape, number or literal cut by the end of a Write
	high    uint16 // a high surrogate waiting for its low one
	hasHigh bool

	first   byte // first byte of the document that is no blank
	changed bool
	trimmed []string
}

type state uint8

const (
	wantValue      state = iota
	wantValueOrEnd       // after [
	wantKeyOrEnd         // after {
	wantKey              // after , in an object
	wantColon
	wantCommaOrEnd
	wantNothing // the document is over
	inString
	inEscape
	inNumber
	inLiteral
)

type skipKind uint8

const (
	skipValue skipKind = iota // one container, replaced by null
	skipRest                  // what is left of a container; its end is emitted
)

func newSanitizer(out io.Writer, nodeLimit int, lax bool) *sanitizer {
	return &sanitizer{out: out, limit: nodeLimit, lax: lax}
}

func (s *sanitizer) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n := len(p)
	for len(p) > 0 && s.err == nil {
		used := s.step(p)
		p = p[used:]
	}
	if len(s.buf) > 0 {
		if _, err := s.out.Write(s.buf); err != nil && s.err == nil {
			s.err = err
		}
		s.buf = s.buf[:0]
	}
	if s.err != nil {
		return 0, s.err
	}
	return n, nil
}

// Close ends the document.
func (s *sanitizer) Close() error {
	if s.err != nil {
		return s.err
	}
	switch s.state {
	case inNumber:
		s.endNumber()
	case inLiteral:
		s.endLiteral()
	}
	if s.err == nil && (s.state != wantNothing || s.depth != 0) {
		s.err = errJSON
	}
	if len(s.buf) > 0 && s.err == nil {
		_, s.err = s.out.Write(s.buf)
		s.buf = s.buf[:0]
	}
	return s.err
}

func (s *sanitizer) emit(b ...byte) {
	if !s.skipping {
		s.buf = append(s.buf, b...)
	}
}

func (s *sanitizer) emitByte(c byte) {
	if !s.skipping {
		s.buf = append(s.buf, c)
	}
}

func (s *sanitizer) emitString(t string) {
	if !s.skipping {
		s.buf = append(s.buf, t...)
	}
}

func (s *sanitizer) mark(what string) {
	for _, t := range s.trimmed {
		if t == what {
			return
		}
	}
	s.trimmed = append(s.trimmed, what)
	s.changed = true
}

// step consumes at least one byte of p.
func (s *sanitizer) step(p []byte) int {
	switch s.state {
	case inString:
		return s.stringBytes(p)
	case inEscape:
		s.escapeByte(p[0])
		return 1
	case inNumber:
		n := 0
		for n < len(p) && isNumberByte(p[n]) {
			n++
		}
		if s.pending = append(s.pending, p[:n]...); len(s.pending) > 64<<10 {
			s.err = errJSON
		}
		if n < len(p) {
			s.endNumber()
		}
		return n
	case inLiteral:
		if c := p[0] | 0x20; c >= 'a' && c <= 'z' && len(s.pending) < 16 {
			s.pending = append(s.pending, p[0])
			return 1
		}
		s.endLiteral()
		return 0
	}
	c := p[0]
	switch c {
	case ' ', '\t', '\n', '\r':
		s.emitByte(c)
		return 1
	case 0xEF, 0xBB, 0xBF: // a byte order mark before the document
		if s.first == 0 {
			s.changed = true
			return 1
		}
	}
	if s.first == 0 {
		s.first = c
	}
	s.token(c)
	return 1
}

func (s *sanitizer) token(c byte) {
	switch s.state {
	case wantColon:
		if c != ':' {
			s.err = errJSON
			return
		}
		s.emitByte(c)
		s.state = wantValue
	case wantCommaOrEnd:
		switch {
		case c == ',':
			s.comma()
		case c == '}' && s.object(), c == ']' && !s.object():
			s.closeContainer(c)
		default:
			s.err = errJSON
		}
	case wantKeyOrEnd, wantKey:
		switch {
		case c == '"':
			s.inKey = true
			s.state = inString
			s.keyStarts()
			s.emitByte(c)
		case c == '}' && s.state == wantKeyOrEnd:
			s.closeContainer(c)
		default:
			s.err = errJSON
		}
	case wantValueOrEnd:
		if c == ']' {
			s.closeContainer(c)
			return
		}
		s.value(c)
	case wantValue:
		s.value(c)
	default:
		s.err = errJSON
	}
}

func (s *sanitizer) object() bool {
	if s.depth == 0 {
		return false
	}
	l := s.depth - 1
	return s.isObj[l/64]&(1<<(l%64)) != 0
}

func (s *sanitizer) keyStarts() {
	if s.depth <= maxDepth {
		s.keys[s.depth]++
	}
}

// comma decides whether another member may follow; if not, the rest of the container is skipped.
func (s *sanitizer) comma() {
	if !s.skipping {
		over := ""
		switch {
		case s.limit > 0 && s.nodes >= s.limit:
			over = trimmedNodes
		case s.object() && s.depth <= maxDepth && s.keys[s.depth] >= maxObjectKeys:
			over = trimmedKeys
		}
		if over != "" {
			s.mark(over)
			s.skipping, s.skipKind, s.skipUntil = true, skipRest, s.depth
		}
	}
	s.emitByte(',')
	if s.object() {
		s.state = wantKey
	} else {
		s.state = wantValue
	}
}

func (s *sanitizer) value(c byte) {
	if !s.skipping {
		s.nodes++
	}
	switch {
	case c == '{' || c == '[':
		s.open(c)
	case c == '"':
		s.inKey = false
		s.state = inString
		s.emitByte(c)
	case c == '-' || c >= '0' && c <= '9':
		s.pending = append(s.pending[:0], c)
		s.state = inNumber
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		s.pending = append(s.pending[:0], c)
		s.state = inLiteral
	default:
		s.err = errJSON
	}
}

func (s *sanitizer) open(c byte) {
	if !s.skipping && s.depth >= maxDepth {
		s.mark(trimmedDepth)
		s.emitString("null")
		s.skipping, s.skipKind, s.skipUntil = true, skipValue, s.depth
	}
	s.emitByte(c)
	l := s.depth
	if l/64 == len(s.isObj) {
		s.isObj = append(s.isObj, 0)
	}
	if c == '{' {
		s.isObj[l/64] |= 1 << (l % 64)
		s.state = wantKeyOrEnd
	} else {
		s.isObj[l/64] &^= 1 << (l % 64)
		s.state = wantValueOrEnd
	}
	s.depth++
	if s.depth <= maxDepth {
		s.keys[s.depth] = 0
	}
}

func (s *sanitizer) closeContainer(c byte) {
	if s.skipping && s.skipKind == skipRest && s.skipUntil == s.depth {
		s.skipping = false
	}
	s.emitByte(c)
	s.depth--
	if s.skipping && s.skipKind == skipValue && s.skipUntil == s.depth {
		s.skipping = false
	}
	s.valueEnds()
}

func (s *sanitizer) valueEnds() {
	if s.depth == 0 {
		s.state = wantNothing
	} else {
		s.state = wantCommaOrEnd
	}
}
