package envelope

import (
	"bytes"
	"io"
)

// Envelope is a whole envelope in memory.
type Envelope struct {
	Header Header
	Items  []Item

	before []byte // blank space before the header
	sep    []byte // what followed the header: "\n", "\r\n" or nothing
	after  []byte // blank space after the last item
	parsed bool
}

// Parse reads an envelope. Payloads and headers alias b, which must not be changed while the
// envelope is in use. Errors are [*ParseError] and, for more than 10 000 items, [*LimitError].
func Parse(b []byte) (*Envelope, error) {
	r := newBytesReader(b, Limits{})
	h, err := r.Header()
	if err != nil {
		return nil, err
	}
	e := &Envelope{Header: *h, parsed: true}
	start := r.r - r.sep
	e.sep = b[start:r.r:r.r]
	e.before = b[:start-len(h.raw)]
	for {
		mark := r.r
		h, err := r.Next()
		if err == io.EOF {
			e.after = b[mark:]
			return e, nil
		}
		if err != nil {
			return nil, err
		}
		head := r.r - r.sep
		item := Item{Header: *h}
		item.layout = layout{parsed: true, before: b[mark : head-len(h.raw)], sep: b[head:r.r:r.r]}
		body := r.r
		for {
			if _, err = r.window(); err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
		}
		item.Payload = b[body : r.r-r.end : r.r-r.end]
		item.layout.end = b[r.r-r.end : r.r]
		e.Items = append(e.Items, item)
	}
}

// AppendTo appends the envelope's bytes. What was parsed and not changed comes out byte for
// byte; of a changed header only the changed keys differ; an item whose payload no longer fits
// its header gets its length set. Items made by hand always have one.
func (e *Envelope) AppendTo(b []byte) []byte {
	b = append(b, e.before...)
	b = append(b, e.Header.Raw()...)
	b = appendBreak(b, e.sep, e.parsed && len(e.Items) == 0)
	for i := range e.Items {
		b = e.Items[i].appendTo(b, i == len(e.Items)-1)
	}
	return append(b, e.after...)
}

// Bytes returns the envelope's bytes.
func (e *Envelope) Bytes() []byte {
	size := len(e.Header.raw) + 64
	for i := range e.Items {
		size += len(e.Items[i].Header.raw) + len(e.Items[i].Payload) + 64
	}
	return e.AppendTo(make([]byte, 0, size))
}

// WriteTo implements [io.WriterTo].
func (e *Envelope) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(e.Bytes())
	return int64(n), err
}

func (it *Item) appendTo(b []byte, last bool) []byte {
	h := it.Header
	switch {
	case h.Length != nil && *h.Length != len(it.Payload),
		h.Length == nil && !it.layout.parsed,
		h.Length == nil && bytes.IndexByte(it.Payload, '\n') >= 0:
		h.Length = new(len(it.Payload))
	}
	b = append(b, it.layout.before...)
	b = append(b, h.Raw()...)
	bare := it.layout.parsed && last && len(it.Payload) == 0
	b = appendBreak(b, it.layout.sep, bare)
	b = append(b, it.Payload...)
	return appendBreak(b, it.layout.end, it.layout.parsed && last)
}

// appendBreak appends a line break as it was parsed. One that was not there stays away only
// where nothing follows; "\r" alone needs its "\n" as soon as something does.
func appendBreak(b, as []byte, mayMiss bool) []byte {
	if len(as) > 0 && as[len(as)-1] == '\n' || mayMiss {
		return append(b, as...)
	}
	return append(b, '\n')
}
