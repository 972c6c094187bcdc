package recording

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// Errors of a body that is no recording. Such a segment is kept as it came, and not playable.
var (
	ErrEmpty     = errors.New("empty recording")
	ErrTooLarge  = errors.New("recording inflates beyond the limit")
	ErrMalformed = errors.New("not an array of rrweb events")
)

// Limits bound the work a recording can ask for. Zero means the default.
type Limits struct {
	Inflated   int64 // bytes after decompression; 100 MiB
	EventBytes int   // of a custom event that is looked at; 1 MiB
	Frames     int   // of a segment; 20 000
	FrameBytes int   // of all frames' data together; 16 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Inflated <= 0 {
		l.Inflated = 100 << 20
	}
	if l.EventBytes <= 0 {
		l.EventBytes = 1 << 20
	}
	if l.Frames <= 0 {
		l.Frames = 20_000
	}
	if l.FrameBytes <= 0 {
		l.FrameBytes = 16 << 20
	}
	return l
}

// inflate opens a body as SDKs send it: JSON text, a zlib stream, or (some workers) gzip.
func inflate(body []byte, limit int64) (io.ReadCloser, error) {
	var r io.ReadCloser
	var err error
	switch text := bytes.TrimLeft(body, " \t\r\n"); {
	case len(text) == 0:
		return nil, ErrEmpty
	case text[0] == '[':
		r = io.NopCloser(bytes.NewReader(body))
	case body[0] == 0x78:
		r, err = zlib.NewReader(bytes.NewReader(body))
	case len(body) > 1 && body[0] == 0x1f && body[1] == 0x8b:
		r, err = gzip.NewReader(bytes.NewReader(body))
	default:
		return nil, ErrMalformed
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return &bounded{ReadCloser: r, left: limit}, nil
}

// bounded fails once more than left bytes were read, while reading: nothing is inflated to be counted after.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		if n, err := b.ReadCloser.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, ErrTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// malformed gives an error of reading its place among ours.
func malformed(at int64, err error) error {
	switch {
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrMalformed):
		return err
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: byte %d: %w", ErrMalformed, at, err)
}

func newScanner(r io.Reader) *scanner { return &scanner{r: bufio.NewReaderSize(r, 64<<10)} }
