package sourcemap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// text is what a map is written in: a string, or a file so long that it stays where it is.
type text interface {
	io.ReaderAt
	cut(from, to int64) (string, error)
}

// inMemory gives parts of a string without copying them.
type inMemory string

func (s inMemory) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, s[min(off, int64(len(s))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s inMemory) cut(from, to int64) (string, error) { return string(s[from:to]), nil }

// elsewhere reads parts as they are asked for.
type elsewhere struct{ io.ReaderAt }

func (f elsewhere) cut(from, to int64) (string, error) {
	b := make([]byte, to-from)
	if _, err := f.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
		return "", &ReadError{err}
	}
	return string(b), nil
}

// ReadError is an error of what a map is read from, not of the map.
type ReadError struct{ Err error }

func (e *ReadError) Error() string { return "read source map: " + e.Err.Error() }
func (e *ReadError) Unwrap() error { return e.Err }

// span is where a JSON value stands in a text. The zero one stands for a value that is not there.
type span struct {
	from, to int64
	kind     byte // its first character: ", {, [ or that of a number or word
}

// walker goes through JSON once, without holding more of it than its buffer, and says where values are. What it goes over it
// only checks as far as it must to find the end.
type walker struct {
	r  *bufio.Reader
	at int64
}

const walkBuffer = 64 << 10

func walk(t text, from, to int64) *walker {
	return &walker{bufio.NewReaderSize(io.NewSectionReader(t, from, to-from), int(min(walkBuffer, to-from))), from}
}

// next gives the next character that is no space, and goes past it.
func (w *walker) next() (byte, error) {
	for {
		c, err := w.byte()
		if err != nil || c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, err
		}
	}
}

func (w *walker) byte() (byte, error) {
	c, err := w.r.ReadByte()
	switch {
	case err == nil:
		w.at++
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("its JSON is cut off at byte %d", w.at)
	default:
		err = &ReadError{err}
	}
	return c, err
}

func (w *walker) back() {
	_ = w.r.UnreadByte() // of what byte has just read
	w.at--
}

func (w *walker) unexpected(c byte) error {
	return fmt.Errorf("its JSON has %q at byte %d, where it must not be", rune(c), w.at-1)
}

// value goes past a value.
func (w *walker) value() (span, error) {
	c, err := w.next()
	if err != nil {
		return span{}, err
	}
	v := span{from: w.at - 1, kind: c}
	switch c {
	case '"':
		err = w.rest(nil)
	case '{', '[':
		err = w.close()
	case '}', ']', ',', ':':
		err = w.unexpected(c)
	default:
		err = w.word()
	}
	v.to = w.at
	return v, err
}

// until goes past the next character that is one of some, which must be less than 128, and gives it. What is before it is given to skipped.
func (w *walker) until(some *[128]bool, skipped func([]byte)) (byte, error) {
	for {
		if _, err := w.r.Peek(1); err != nil {
			return w.byte() // which says what the error is
		}
		held, _ := w.r.Peek(w.r.Buffered())
		n := 0
		for n < len(held) && (held[n] >= 128 || !some[held[n]]) {
			n++
		}
		if skipped != nil {
			skipped(held[:n])
		}
		more := n == len(held)
		_, _ = w.r.Discard(n) // of what it holds
		w.at += int64(n)
		if !more {
			return w.byte()
		}
	}
}

var (
	inString = [128]bool{'"': true, '\\': true}
	inList   = [128]bool{'"': true, '{': true, '[': true, '}': true, ']': true}
)

// rest goes past a string whose quote has been read; skipped gets its text, without its escapes.
func (w *walker) rest(skipped func([]byte)) error {
	for {
		c, err := w.until(&inString, skipped)
		if err != nil || c == '"' {
			return err
		}
		if _, err = w.byte(); err != nil {
			return err
		}
	}
}

// close goes past an object or list that has been begun, however deep it is.
func (w *walker) close() error {
	for depth := 1; depth > 0; {
		c, err := w.until(&inList, nil)
		if err != nil {
			return err
		}
		switch c {
		case '"':
			if err = w.rest(nil); err != nil {
				return err
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
	}
	return nil
}

// word goes past a number, true, false or null.
func (w *walker) word() error {
	for {
		c, err := w.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &ReadError{err}
		}
		w.at++
		switch c {
		case ',', ']', '}', ':', ' ', '\t', '\r', '\n':
			w.back()
			return nil
		}
	}
}

// maxKey is how much of a member's name is looked at, in bytes.
const maxKey = 64

// members gives the members of an object, in order.
func members(t text, of span, each func(name string, v span) error) error {
	w := walk(t, of.from, of.to)
	return w.list('{', '}', func() error {
		c, err := w.next()
		if err == nil && c != '"' {
			err = w.unexpected(c)
		}
		var name []byte
		if err == nil {
			err = w.rest(func(p []byte) { name = append(name, p[:min(len(p), maxKey-len(name))]...) })
		}
		if err == nil {
			c, err = w.next()
		}
		if err == nil && c != ':' {
			err = w.unexpected(c)
		}
		if err != nil {
			return err
		}
		v, err := w.value()
		if err != nil {
			return err
		}
		return each(string(name), v)
	})
}

// elements gives the elements of a list, in order.
func elements(t text, of span, each func(v span) error) error {
	w := walk(t, of.from, of.to)
	return w.list('[', ']', func() error {
		v, err := w.value()
		if err != nil {
			return err
		}
		return each(v)
	})
}

// list goes through what stands between two brackets, with commas in it.
func (w *walker) list(open, shut byte, one func() error) error {
	c, err := w.next()
	if err == nil && c != open {
		err = w.unexpected(c)
	}
	if err != nil {
		return err
	}
	if c, err = w.next(); err != nil || c == shut {
		return err
	}
	w.back()
	for {
		if err = one(); err != nil {
			return err
		}
		if c, err = w.next(); err != nil || c == shut {
			return err
		}
		if c != ',' {
			return w.unexpected(c)
		}
	}
}
