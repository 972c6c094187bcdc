package scrub

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// maxRecorded bounds one event of a recording in memory. Only full snapshots come near it.
const maxRecorded = 16 << 20

// maxDOMDepth bounds how deep a page is looked into: two levels of JSON are one of the page.
const maxDOMDepth = 2_000

// ErrTooLarge is returned for a recording with an event that is too large to be scrubbed: over
// 16 MiB, or with too many findings.
var ErrTooLarge = errors.New("scrub: recorded event too large")

// Recording scrubs the inflated body of a recording, a JSON array of rrweb events, from src to
// dst, an event at a time. Of custom events (type 5) the payload's description, message and data
// are scrubbed; what the page showed is the SDK's to mask, and scrubbed here only with DOMText. It says whether anything was changed:
// when not, the body as sent may be kept.
//
// An error means that dst holds no whole recording. [ErrJSON] is a body that cannot be read and
// so cannot be scrubbed: it may be kept, but must not be shown.
func (s *Scrubber) Recording(dst io.Writer, src io.Reader) (changed bool, err error) {
	r := recording{s: s, src: bufio.NewReaderSize(src, 64<<10), dst: bufio.NewWriterSize(dst, 64<<10)}
	if err := r.run(); err != nil {
		return false, err
	}
	return r.changed, r.dst.Flush()
}

type recording struct {
	s       *Scrubber
	src     *bufio.Reader
	dst     *bufio.Writer
	buf     bytes.Buffer
	changed bool
}

func (r *recording) run() error {
	if c, err := r.next(); err != nil || c != '[' {
		return jsonError(err)
	}
	sep := byte('[')
	for {
		c, err := r.next()
		if err != nil {
			return jsonError(err)
		}
		if c == ']' && sep == '[' {
			_, _ = r.dst.WriteString("[]")
			return r.end()
		}
		if err := r.event(c, sep); err != nil {
			return err
		}
		if c, err = r.next(); err != nil {
			return jsonError(err)
		}
		if sep = c; c == ']' {
			_ = r.dst.WriteByte(c)
			return r.end()
		}
		if c != ',' {
			return ErrJSON
		}
	}
}

// next returns the next byte that is no blank.
func (r *recording) next() (byte, error) {
	for {
		c, err := r.src.ReadByte()
		if err != nil || !isBlank(c) {
			return c, err
		}
	}
}

// end checks that nothing follows.
func (r *recording) end() error {
	if _, err := r.next(); err != io.EOF {
		return jsonError(err)
	}
	return nil
}

// jsonError keeps what the source reports, but a body that ends early is a broken body.
func jsonError(err error) error {
	if err == nil || err == io.EOF {
		return ErrJSON
	}
	return err
}

// event copies the event that begins with c, after sep.
func (r *recording) event(c, sep byte) error {
	_ = r.dst.WriteByte(sep)
	r.buf.Reset()
	var scan objectScan
	if c != '{' {
		return ErrJSON
	}
	_ = r.src.UnreadByte() // the last that was read
	for {
		if r.buf.Len() >= maxRecorded {
			return r.passOn(&scan)
		}
		b, err := r.piece()
		if err != nil {
			return err
		}
		n, done := scan.upTo(b[:min(len(b), maxRecorded-r.buf.Len())])
		_, _ = r.buf.Write(b[:n])
		_, _ = r.src.Discard(n)
		if done {
			return r.write()
		}
	}
}

// piece returns what is at hand of the source, at least a byte, without taking it.
func (r *recording) piece() ([]byte, error) {
	if _, err := r.src.Peek(1); err != nil {
		return nil, jsonError(err)
	}
	b, err := r.src.Peek(r.src.Buffered())
	return b, err
}

// write scrubs and writes the event in the buffer.
func (r *recording) write() error {
	b := r.buf.Bytes()
	if !json.Valid(b) {
		return ErrJSON
	}
	if schema := r.schema(b); schema != nil {
		p := pass{s: r.s, src: b, deep: maxDOMDepth}
		p.value(0, schema, 0)
		if p.full {
			return ErrTooLarge
		}
		r.changed = r.changed || len(p.edits) > 0
		b = p.result()
	}
	_, err := r.dst.Write(b)
	return err
}

// passOn copies the rest of a huge event that says first that it is no custom event.
func (r *recording) passOn(scan *objectScan) error {
	const head = `{"type":`
	b := r.buf.Bytes()
	if r.s.dom || !bytes.HasPrefix(b, []byte(head)) || b[len(head)+1] != ',' || b[len(head)] == '5' {
		return ErrTooLarge
	}
	if _, err := r.dst.Write(b); err != nil {
		return err
	}
	for done := false; !done; {
		b, err := r.piece()
		if err != nil {
			return err
		}
		var n int
		n, done = scan.upTo(b)
		if _, err := r.dst.Write(b[:n]); err != nil {
			return err
		}
		_, _ = r.src.Discard(n)
	}
	return nil
}

// schema describes the recorded event b; nil: it stays as it is.
func (r *recording) schema(b []byte) *node {
	switch {
	case !r.s.Active():
		return nil
	case isCustom(b):
		return customSchema
	case r.s.dom:
		return pageSchema
	}
	return nil
}

// isCustom says whether an event is of type 5; any type member that says so counts.
func isCustom(b []byte) bool {
	custom := false
	p := pass{src: b}
	p.members(0, func(name string, at int) int {
		end := skipValue(b, at)
		custom = custom || name == "type" && string(b[at:end]) == "5"
		return end
	})
	return custom
}

// objectScan tells where an object ends.
type objectScan struct {
	depth           int
	quoted, escaped bool
}

// upTo reads b up to the end of the object; false: it does not end in b.
func (o *objectScan) upTo(b []byte) (n int, done bool) {
	for i := 0; i < len(b); i++ {
		if o.quoted && !o.escaped {
			// Most of a recording is text: go to what may end it.
			skip := bytes.IndexAny(b[i:], `"\\`)
			if skip < 0 {
				return len(b), false
			}
			i += skip
		}
		if o.next(b[i]); o.depth == 0 {
			return i + 1, true
		}
	}
	return len(b), false
}

func (o *objectScan) next(c byte) {
	switch {
	case o.escaped:
		o.escaped = false
	case o.quoted:
		o.quoted, o.escaped = c != '"', c == '\\'
	case c == '"':
		o.quoted = true
	case c == '{' || c == '[':
		o.depth++
	case c == '}' || c == ']':
		o.depth--
	}
}
