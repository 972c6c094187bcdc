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

// ErrTooLarge is returned for a recording with a custom event over 16 MiB.
var ErrTooLarge = errors.New("scrub: recorded event too large")

// Recording scrubs the inflated body of a recording, a JSON array of rrweb events, from src to
// dst, an event at a time. Of custom events (type 5) the payload's description, message and data
// are scrubbed; what the page showed is the SDK's to mask. It says whether anything was changed:
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
	for {
		_ = r.buf.WriteByte(c)
		if scan.next(c); scan.depth == 0 {
			return r.write()
		}
		if r.buf.Len() >= maxRecorded {
			return r.passOn(&scan)
		}
		var err error
		if c, err = r.src.ReadByte(); err != nil {
			return jsonError(err)
		}
	}
}

// write scrubs and writes the event in the buffer.
func (r *recording) write() error {
	b := r.buf.Bytes()
	if !json.Valid(b) {
		return ErrJSON
	}
	if isCustom(b) && r.s.Active() {
		p := pass{s: r.s, src: b}
		p.value(0, customSchema, 0)
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
	if !bytes.HasPrefix(b, []byte(head)) || b[len(head)+1] != ',' || b[len(head)] == '5' {
		return ErrTooLarge
	}
	if _, err := r.dst.Write(b); err != nil {
		return err
	}
	for scan.depth > 0 {
		c, err := r.src.ReadByte()
		if err != nil {
			return jsonError(err)
		}
		scan.next(c)
		if err := r.dst.WriteByte(c); err != nil {
			return err
		}
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
