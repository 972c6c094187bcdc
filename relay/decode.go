package relay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

var (
	// errTooLarge: the body is beyond its limit, on the wire or decompressed.
	errTooLarge = errors.New("payload reached size limits")
	// errEncoding: the Content-Encoding is none we read, or several are stacked.
	errEncoding = errors.New("unsupported content encoding")
	// errCorrupt: the compressed stream is broken or cut.
	errCorrupt = errors.New("failed to decode request body")
)

// encoding is one way a body may be compressed.
type encoding uint8

const (
	identity encoding = iota
	gzipEncoding
	deflateEncoding
	brotliEncoding
	zstdEncoding
	xzEncoding // inside minidump fields only; no HTTP encoding
)

// maxXZWindow is the largest dictionary an xz block may ask us to hold (bytes): that of "xz -8".
const maxXZWindow = 32 << 20

// maxZstdWindow is the largest history a zstd frame may ask us to hold (bytes).
const maxZstdWindow = 8 << 20

// parseEncoding reads the Content-Encoding headers. Exactly one encoding is accepted; old SDKs
// write UTF-8 there and mean none.
func parseEncoding(values []string) (encoding, error) {
	switch strings.ToLower(strings.TrimSpace(strings.Join(values, ","))) {
	case "", "utf-8", "identity":
		return identity, nil
	case "gzip", "x-gzip":
		return gzipEncoding, nil
	case "deflate":
		return deflateEncoding, nil
	case "br":
		return brotliEncoding, nil
	case "zstd":
		return zstdEncoding, nil
	}
	return identity, errEncoding
}

// decoders holds idle decoders of each encoding and the budget of their windows.
type decoders struct {
	buffered, gzip, zlib, flate, brotli, zstd sync.Pool

	windows *byteBudget
}

func newDecoders(windows *byteBudget) *decoders { return &decoders{windows: windows} }

// body is a decoded request body: it ends in errTooLarge when more than limit bytes come out.
// Close gives its decoder back, whatever state it is in.
type body struct {
	r       io.Reader
	left    int64
	release []func()
}

// open decodes r. It waits for room in the budget of windows no longer than ctx allows.
func (d *decoders) open(ctx context.Context, r io.Reader, enc encoding, limit int64) (*body, error) {
	b := &body{r: r, left: limit}
	if enc == identity {
		return b, nil
	}
	br, _ := d.buffered.Get().(*bufio.Reader)
	if br == nil {
		br = bufio.NewReaderSize(nil, 16<<10)
	}
	br.Reset(r)
	b.release = append(b.release, func() { br.Reset(nil); d.buffered.Put(br) })
	head, err := br.Peek(zstd.HeaderMaxSize)
	if err != nil && err != io.EOF {
		b.Close()
		return nil, err
	}
	if len(head) == 0 { // nothing was sent, so there is nothing to decode
		b.r = br
		return b, nil
	}
	window, err := windowOf(enc, head)
	if err != nil {
		b.Close()
		return nil, err
	}
	if err := d.windows.acquire(ctx, window); err != nil {
		b.Close()
		return nil, err
	}
	b.release = append(b.release, func() { d.windows.release(window) })
	if err := d.decode(b, br, enc, head); err != nil {
		b.Close()
		return nil, wireError(err)
	}
	return b, nil
}

// windowOf says how many bytes of history the stream's header asks for.
func windowOf(enc encoding, head []byte) (int64, error) {
	switch enc {
	case brotliEncoding:
		return brotliWindow(head[0]), nil
	case zstdEncoding:
		var h zstd.Header
		if err := h.Decode(head); err != nil {
			return 0, fmt.Errorf("%w: %v", errCorrupt, err)
		}
		window := h.WindowSize
		if h.SingleSegment {
			window = h.FrameContentSize
		}
		// A later frame of the same body may ask for more; the decoder stops it at maxZstdWindow.
		return int64(min(max(window, 1<<20), maxZstdWindow)), nil
	}
	if enc == xzEncoding {
		return maxXZWindow, nil // each block has its own, which the decoder holds against the bound
	}
	return 64 << 10, nil
}

// brotliWindow reads the window bits of a brotli stream's first byte (RFC 7932 §9.1).
func brotliWindow(b byte) int64 {
	bits := 16
	switch {
	case b&1 == 0:
	case b>>1&7 != 0:
		bits = 17 + int(b>>1&7)
	case b>>4&7 == 0:
		bits = 17
	default:
		bits = 8 + int(b>>4&7)
	}
	return 1 << bits
}

func (d *decoders) decode(b *body, br *bufio.Reader, enc encoding, head []byte) error {
	switch enc {
	case gzipEncoding:
		zr, _ := d.gzip.Get().(*gzip.Reader)
		if zr == nil {
			zr = new(gzip.Reader)
		}
		b.release = append(b.release, func() { d.gzip.Put(zr) })
		b.r = zr
		return zr.Reset(br)
	case deflateEncoding:
		return d.deflate(b, br, head)
	case brotliEncoding:
		zr, _ := d.brotli.Get().(*brotli.Reader)
		if zr == nil {
			zr = brotli.NewReader(nil)
		}
		b.release = append(b.release, func() { zr.Reset(nil); d.brotli.Put(zr) })
		b.r = zr
		return zr.Reset(br)
	case xzEncoding:
		zr, err := xz.NewReader(br, maxXZWindow) // not pooled: it keeps its dictionary
		b.r = zr
		return err
	default:
		zr, _ := d.zstd.Get().(*zstd.Decoder)
		if zr == nil {
			var err error
			zr, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderMaxMemory(64<<20))
			if err != nil {
				return err
			}
		}
		b.release = append(b.release, func() { zr.Reset(nil); d.zstd.Put(zr) })
		b.r = zr
		return zr.Reset(br)
	}
}

// deflate reads both things that go by that name: a zlib stream (what the RFC means) and bare
// deflate blocks (what some clients send). A zlib header is two bytes divisible by 31.
func (d *decoders) deflate(b *body, br *bufio.Reader, head []byte) error {
	if len(head) >= 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		zr, _ := d.zlib.Get().(io.ReadCloser)
		if zr == nil {
			fresh, err := zlib.NewReader(br)
			if err != nil {
				return err
			}
			b.r, b.release = fresh, append(b.release, func() { d.zlib.Put(fresh) })
			return nil
		}
		b.r, b.release = zr, append(b.release, func() { d.zlib.Put(zr) })
		return zr.(zlib.Resetter).Reset(br, nil)
	}
	zr, _ := d.flate.Get().(io.ReadCloser)
	if zr == nil {
		zr = flate.NewReader(nil)
	}
	b.r, b.release = zr, append(b.release, func() { d.flate.Put(zr) })
	return zr.(flate.Resetter).Reset(br, nil)
}

// Read implements io.Reader. Errors are errTooLarge, errCorrupt or what the connection said.
func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return max(n-1, 0), errTooLarge
	}
	if err != nil && err != io.EOF {
		err = wireError(err)
	}
	return n, err
}

// Close gives the decoder back. It may be called again.
func (b *body) Close() error {
	for i := len(b.release) - 1; i >= 0; i-- {
		b.release[i]()
	}
	b.release, b.r = nil, eofReader{}
	return nil
}

type eofReader struct{}

func (eofReader) Read([]byte) (int, error) { return 0, io.EOF }

// wireError tells a fault of the connection (kept as it is) from one of the compressed stream.
func wireError(err error) error {
	var conn *connError
	if errors.As(err, &conn) || errors.Is(err, errTooLarge) || errors.Is(err, errCorrupt) {
		return err
	}
	return fmt.Errorf("%w: %v", errCorrupt, err)
}

// connError wraps what reading the connection said, so that decoders cannot hide it.
type connError struct{ err error }

func (e *connError) Error() string { return "read request body: " + e.err.Error() }
func (e *connError) Unwrap() error { return e.err }
