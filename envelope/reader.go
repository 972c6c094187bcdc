package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Limits bound what a [Reader] takes. Zero fields mean the defaults.
type Limits struct {
	HeaderBytes int    // per envelope or item header; default 64 KiB; beyond: ParseError
	Items       int    // per envelope; default 10 000; beyond: LimitError
	Sizes       *Sizes // per item type; nil: none
}

const (
	defaultHeaderBytes = 64 << 10
	defaultItems       = 10_000
	readerBuffer       = 16 << 10
)

// Reader reads an envelope from a stream in bounded memory: one buffer of 16 KiB, plus the
// header at hand. It is used as
//
//	h, err := r.Header()
//	for {
//		item, err := r.Next() // io.EOF: the envelope ended well
//		…
//		io.Copy(dst, r)       // the payload of that item; what is left unread, Next skips
//	}
//
// Every error is final. Errors of the underlying reader come out as they are; the envelope's
// own are [*ParseError] and [*LimitError].
type Reader struct {
	src    io.Reader // nil: all is in buf
	buf    []byte
	r, w   int
	base   int64 // offset in the envelope of buf[0]
	eof    bool
	srcErr error

	lim    Limits
	budget budget

	started bool
	index   int // of the current item; -1 while at the header
	item    ItemHeader
	open    bool  // an item's payload is not yet read to its end
	left    int64 // of a payload with a length
	bounded bool  // the payload has a length
	size    int64 // read of the payload so far
	most    int64 // what the limits leave for it; < 0: no bound
	err     error

	sep int // bytes between the last header and what follows: 0, 1 (LF), 2 (CRLF)
	end int // bytes after the last payload: 0 or 1
}

// NewReader returns a Reader of the envelope in r.
func NewReader(r io.Reader, lim Limits) *Reader {
	return &Reader{src: r, buf: make([]byte, readerBuffer), lim: lim.orDefaults(), index: -1}
}

// Reset makes r read the envelope in src, as a new Reader with the same limits would, in the buffer it has.
func (r *Reader) Reset(src io.Reader) {
	buf := r.buf
	if r.src == nil { // its buffer was somebody's envelope
		buf = make([]byte, readerBuffer)
	}
	*r = Reader{src: src, buf: buf, lim: r.lim, index: -1}
}

func newBytesReader(b []byte, lim Limits) *Reader {
	return &Reader{buf: b, w: len(b), eof: true, lim: lim.orDefaults(), index: -1}
}

func (l Limits) orDefaults() Limits {
	if l.HeaderBytes <= 0 {
		l.HeaderBytes = defaultHeaderBytes
	}
	if l.Items <= 0 {
		l.Items = defaultItems
	}
	return l
}

// Offset is how many bytes of the envelope were read so far.
func (r *Reader) Offset() int64 { return r.base + int64(r.r) }

// Header reads the envelope's header. It must be the first call, and the only one.
func (r *Reader) Header() (*Header, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.started {
		return nil, r.fail(errors.New("envelope: Header called twice"))
	}
	r.started = true
	found, err := r.blank()
	if err != nil {
		return nil, r.fail(err)
	}
	if !found {
		return nil, r.failParse(CauseMissingHeader, "")
	}
	raw, err := r.object(CauseInvalidHeader)
	if err != nil {
		return nil, r.fail(err)
	}
	h, err := parseHeader(raw)
	if err != nil {
		return nil, r.failParse(CauseInvalidHeader, err.Error())
	}
	if err := r.headerEnd(); err != nil {
		return nil, r.fail(err)
	}
	return &h, nil
}

// Next skips what is left of the current item and reads the header of the next one. The error
// is io.EOF after the last item.
func (r *Reader) Next() (*ItemHeader, error) {
	if r.err != nil {
		return nil, r.err
	}
	if !r.started {
		if _, err := r.Header(); err != nil {
			return nil, err
		}
	}
	for r.open {
		if _, err := r.window(); err != nil && err != io.EOF {
			return nil, r.fail(err)
		}
	}
	found, err := r.blank()
	if err != nil {
		return nil, r.fail(err)
	}
	if !found {
		return nil, r.fail(io.EOF)
	}
	r.index++
	raw, err := r.object(CauseInvalidItemHeader)
	if err != nil {
		return nil, r.fail(err)
	}
	h, err := parseItemHeader(raw)
	if err != nil {
		return nil, r.failParse(CauseInvalidItemHeader, err.Error())
	}
	if r.index >= r.lim.Items {
		return nil, r.fail(&LimitError{ItemType: h.Type, Item: r.index, What: "items", Limit: int64(r.lim.Items)})
	}
	if err := r.headerEnd(); err != nil {
		return nil, r.fail(err)
	}
	if err := r.begin(h); err != nil {
		return nil, r.fail(err)
	}
	return &h, nil
}

// Read reads the payload of the item Next returned last; io.EOF is its end, and comes only
// after the bytes that must follow the payload were checked.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if !r.open {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	b, err := r.payload(len(p))
	if err == io.EOF {
		return 0, io.EOF
	}
	if err != nil {
		return 0, r.fail(err)
	}
	return copy(p, b), nil
}

// begin opens the payload of an item whose header was just read.
func (r *Reader) begin(h ItemHeader) error {
	r.item, r.open, r.size = h, true, 0
	r.bounded, r.left, r.most = h.Length != nil, 0, -1
	if r.bounded {
		r.left = int64(*h.Length)
	}
	if r.lim.Sizes == nil {
		return nil
	}
	b := BudgetOf(&h)
	limit := r.lim.Sizes.limit(b)
	if !r.budget.begin(b, limit) {
		return r.over("count", int64(limit.count))
	}
	if r.most = r.budget.left(b, limit); r.bounded && r.most >= 0 && r.left > r.most {
		return r.over("size", r.most)
	}
	return nil
}

func (r *Reader) over(what string, limit int64) error {
	return &LimitError{ItemType: r.item.Type, Item: r.index, What: what, Limit: limit}
}

// window takes all of the current payload that is buffered.
func (r *Reader) window() ([]byte, error) { return r.payload(len(r.buf)) }

// payload takes up to n bytes of the current payload from the buffer; the result is valid until
// the next call of anything. At its end it checks what follows and returns io.EOF.
func (r *Reader) payload(n int) ([]byte, error) {
	if r.bounded && r.left == 0 {
		return nil, r.finish()
	}
	more, err := r.fill()
	if err != nil {
		return nil, err
	}
	if !more {
		if r.bounded {
			return nil, r.parseError(CauseUnexpectedEOF, "")
		}
		return nil, r.finish()
	}
	b := r.buf[r.r:r.w]
	if r.bounded {
		b = b[:min(int64(len(b)), r.left)]
	} else if i := bytes.IndexByte(b, '\n'); i >= 0 {
		if i == 0 {
			return nil, r.finish()
		}
		b = b[:i]
	}
	b = b[:min(len(b), n)]
	r.r += len(b)
	r.left -= int64(len(b))
	r.size += int64(len(b))
	if r.most >= 0 && r.size > r.most {
		return nil, r.over("size", r.most)
	}
	return b, nil
}

// finish checks that a payload is followed by a newline or the end, and closes it.
func (r *Reader) finish() error {
	more, err := r.fill()
	if err != nil {
		return err
	}
	r.end = 0
	if more {
		if r.buf[r.r] != '\n' {
			return r.parseError(CauseMissingNewline, "")
		}
		r.r++
		r.end = 1
	}
	r.open = false
	if r.lim.Sizes != nil {
		b := BudgetOf(&r.item)
		limit := r.lim.Sizes.limit(b)
		if !r.budget.end(b, limit, &r.item, r.size) {
			return r.over("size per part", limit.part)
		}
	}
	return io.EOF
}

// blank skips blank space; false at the end of the envelope.
func (r *Reader) blank() (bool, error) {
	for {
		more, err := r.fill()
		if err != nil || !more {
			return false, err
		}
		for r.r < r.w {
			if !isSpace(r.buf[r.r]) {
				return true, nil
			}
			r.r++
		}
	}
}

// object takes one JSON object. Its end is where its braces close, so that it may span lines.
func (r *Reader) object(cause string) ([]byte, error) {
	var (
		raw             []byte
		depth           int
		quoted, escaped bool
	)
	start := r.r
	if r.buf[r.r] != '{' {
		return nil, r.parseError(cause, "not a JSON object")
	}
	for {
		more, err := r.fill()
		if err != nil {
			return nil, err
		}
		if !more {
			return nil, r.parseError(cause, "ends within the object")
		}
		b := r.buf[r.r:min(r.w, r.r+r.lim.HeaderBytes+1-len(raw))]
		n, closed := 0, false
		for n < len(b) && !closed {
			c := b[n]
			n++
			switch {
			case escaped:
				escaped = false
			case quoted:
				quoted, escaped = c != '"', c == '\\'
			case c == '"':
				quoted = true
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				depth--
				closed = depth == 0
			}
		}
		r.r += n
		if r.src == nil { // all of it is in buf, which nobody overwrites
			raw = r.buf[start:r.r:r.r]
		} else {
			raw = append(raw, b[:n]...)
		}
		if len(raw) > r.lim.HeaderBytes {
			return nil, r.parseError(cause, "too long")
		}
		if closed {
			if !json.Valid(raw) {
				return nil, r.parseError(cause, "not valid JSON")
			}
			return raw, nil
		}
	}
}

// headerEnd takes the newline after a header. Relay refuses "\r\n"; editors and shells write
// it, so it is taken.
func (r *Reader) headerEnd() error {
	r.sep = 0
	more, err := r.fill()
	if err != nil || !more {
		return err
	}
	if r.buf[r.r] == '\r' {
		r.r++
		r.sep++
		if more, err = r.fill(); err != nil || !more {
			return err
		}
	}
	if r.buf[r.r] != '\n' {
		return r.parseError(CauseMissingNewline, "")
	}
	r.r++
	r.sep++
	return nil
}

// maxEmptyReads is how often a source may give nothing and no error before it is given up.
const maxEmptyReads = 100

// fill makes sure a byte is buffered; false at the end of the stream.
func (r *Reader) fill() (bool, error) {
	if r.r < r.w {
		return true, nil
	}
	for range maxEmptyReads {
		if r.eof {
			if r.srcErr != nil {
				return false, r.srcErr
			}
			return false, nil
		}
		r.base += int64(r.w)
		r.r, r.w = 0, 0
		n, err := r.src.Read(r.buf)
		r.w = n
		if err != nil {
			r.eof = true
			if err != io.EOF {
				r.srcErr = err
			}
		}
		if n > 0 {
			return true, nil
		}
	}
	return false, io.ErrNoProgress
}

func (r *Reader) parseError(cause, detail string) error {
	return &ParseError{Cause: cause, Item: r.index, Offset: r.Offset(), Detail: detail}
}

func (r *Reader) failParse(cause, detail string) error {
	return r.fail(r.parseError(cause, detail))
}

func (r *Reader) fail(err error) error {
	r.err = err
	r.open = false
	return err
}
