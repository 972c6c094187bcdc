package recording

import (
	"bufio"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// maxDepth bounds nested JSON. A DOM takes two levels for each of its own.
const maxDepth = 5000

var (
	errSyntax = errors.New("invalid JSON")
	errDeep   = errors.New("nested too deeply")
)

// scanner steps through JSON as it is read. What is to be looked at is captured; the rest costs nothing
// but the time to pass over it.
type scanner struct {
	r     *bufio.Reader
	pos   int64 // bytes read
	depth int

	capturing bool
	captured  []byte
	limit     int // of captured; beyond it, over is set and captured is of no use
	over      bool
}

// capture makes the scanner keep what it passes over, up to limit bytes.
func (s *scanner) capture(limit int) {
	s.capturing, s.captured, s.limit, s.over = true, s.captured[:0], limit, false
}

// take ends a capture; ok is false when it was longer than the limit. The bytes are valid until the next.
func (s *scanner) take() (b []byte, ok bool) {
	s.capturing = false
	return s.captured, !s.over
}

func (s *scanner) keep(b ...byte) {
	if !s.capturing || s.over {
		return
	}
	if len(s.captured)+len(b) > s.limit {
		s.over = true
		return
	}
	s.captured = append(s.captured, b...)
}

// peek gives the next byte after white space, without taking it.
func (s *scanner) peek() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c, s.r.UnreadByte()
		}
	}
}

// next takes the next byte after white space.
func (s *scanner) next() (byte, error) {
	c, err := s.peek()
	if err != nil {
		return 0, err
	}
	s.r.Discard(1)
	s.pos++
	s.keep(c)
	return c, nil
}

func (s *scanner) expect(want byte) error {
	c, err := s.next()
	if err == nil && c != want {
		err = errSyntax
	}
	return err
}

// list calls each for every element of the array or member of the object that begins here; each must
// take the element, or the member's value. Without each all is passed over.
func (s *scanner) list(open, end byte, each func(name []byte) error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return errDeep
	}
	defer func() { s.depth-- }()
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c == end {
		_, err = s.next()
		return err
	}
	for {
		var name []byte
		if open == '{' {
			if name, err = s.name(each != nil); err != nil {
				return err
			}
		}
		if each == nil {
			err = s.skip()
		} else {
			err = each(name)
		}
		if err != nil {
			return err
		}
		switch c, err := s.next(); {
		case err != nil:
			return err
		case c == end:
			return nil
		case c != ',':
			return errSyntax
		}
	}
}

// maxName is the longest member name told apart; longer ones are nobody's.
const maxName = 64

// name takes a member's name and the colon; it gives the name if it is wanted.
func (s *scanner) name(wanted bool) ([]byte, error) {
	if c, err := s.peek(); err != nil || c != '"' {
		return nil, orSyntax(err)
	}
	if !wanted {
		if err := s.string(nil); err != nil {
			return nil, err
		}
		return nil, s.expect(':')
	}
	name := make([]byte, 0, maxName)
	err := s.string(func(b []byte) {
		if len(name)+len(b) <= maxName {
			name = append(name, b...)
		} else {
			name = append(name[:0], "…"...)
		}
	})
	if err != nil {
		return nil, err
	}
	var plain string
	if json.Unmarshal(name, &plain) == nil { // unescapes; names are rarely escaped, hostile ones may be
		name = []byte(plain)
	}
	return name, s.expect(':')
}

func orSyntax(err error) error {
	if err == nil {
		return errSyntax
	}
	return err
}

// skip passes over any value.
func (s *scanner) skip() error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	switch c {
	case '{':
		return s.list('{', '}', nil)
	case '[':
		return s.list('[', ']', nil)
	case '"':
		return s.string(nil)
	}
	_, err = s.word()
	return err
}

// string passes over a string; seen, if not nil, gets its bytes, quotes included, in pieces.
func (s *scanner) string(seen func([]byte)) error {
	quotes, escaped := 0, false
	for {
		if _, err := s.r.Peek(1); err != nil {
			return err
		}
		b, _ := s.r.Peek(s.r.Buffered())
		n, done := len(b), false
		for i, c := range b {
			switch {
			case escaped:
				if strings.IndexByte(`"\/bfnrtu`, c) < 0 {
					return errSyntax
				}
				escaped = false
			case c < ' ':
				return errSyntax
			case c == '\\':
				escaped = true
			case c == '"':
				quotes++
			}
			if quotes == 2 {
				n, done = i+1, true
				break
			}
		}
		if seen != nil {
			seen(b[:n])
		}
		s.keep(b[:n]...)
		s.r.Discard(n)
		s.pos += int64(n)
		if done {
			return nil
		}
	}
}

// word takes a number, true, false or null.
func (s *scanner) word() (string, error) {
	var short [40]byte
	word := short[:0]
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			if len(word) > 0 {
				break
			}
			return "", err
		}
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E') {
			s.r.UnreadByte()
			break
		}
		if len(word) == cap(word) {
			return "", errSyntax
		}
		word = append(word, c)
		s.pos++
	}
	s.keep(word...)
	if !json.Valid(word) {
		return "", errSyntax
	}
	return string(word), nil
}

// number takes a number; any other value counts as "not told".
func (s *scanner) number() (float64, bool, error) {
	c, err := s.peek()
	if err != nil {
		return 0, false, err
	}
	if c != '-' && (c < '0' || c > '9') {
		return 0, false, s.skip()
	}
	w, err := s.word()
	if err != nil {
		return 0, false, err
	}
	v, err := strconv.ParseFloat(w, 64)
	return v, err == nil, nil
}
