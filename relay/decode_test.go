package relay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// FuzzDecode: no stream makes a decoder panic, give more than its limit, or keep its window.
func FuzzDecode(f *testing.F) {
	encodings := []string{"gzip", "deflate", "deflate-raw", "br", "zstd", "xz"}
	for i, enc := range encodings {
		good := pack(f, enc, []byte(anEvent()))
		f.Add(uint8(i), good)
		f.Add(uint8(i), good[:len(good)/2])
		f.Add(uint8(i), append(bytes.Clone(good), good...))
		f.Add(uint8(i), pack(f, enc, make([]byte, 200_000)))
	}
	const limit = 100_000
	windows := newByteBudget(windowBudget, 0)
	d := newDecoders(windows)
	f.Fuzz(func(t *testing.T, which uint8, in []byte) {
		enc := []encoding{gzipEncoding, deflateEncoding, deflateEncoding, brotliEncoding, zstdEncoding, xzEncoding}[int(which)%6]
		b, err := d.open(t.Context(), bytes.NewReader(in), enc, limit)
		if err == nil {
			var n int64
			n, err = io.Copy(io.Discard, b)
			if n > limit {
				t.Errorf("%d bytes came out", n)
			}
			b.Close()
			b.Close()
		}
		if err != nil && !errors.Is(err, errTooLarge) && !errors.Is(err, errCorrupt) {
			t.Errorf("%v", err)
		}
		if windows.left != windowBudget {
			t.Fatalf("%d bytes of windows are not given back", windowBudget-windows.left)
		}
	})
}

// TestBombs: whatever its ratio, a bomb is stopped at the limit, and quickly. TestBadInput holds what is
// the default against them, and looks at the memory.
func TestBombs(t *testing.T) {
	for _, enc := range []string{"gzip", "deflate", "br", "zstd"} {
		b := bomb(t, enc)
		e := newEdge(t, func(c *Config) { c.MaxEnvelope = 20 << 20 })
		start := time.Now()
		a := e.do("POST", "/api/42/envelope/", bytes.NewReader(b), "X-Sentry-Auth", auth(key42), "Content-Encoding", enc)
		took := time.Since(start)
		if a.status != 413 || len(a.msgs) != 0 {
			t.Errorf("%s: %d %s", enc, a.status, a.body)
		}
		if took > 20*time.Second {
			t.Errorf("%s: %v", enc, took)
		}
		t.Logf("%s: %d bytes, refused after %v", enc, len(b), took)
	}
}

func TestByteBudget(t *testing.T) {
	b := newByteBudget(10, 20*time.Millisecond)
	if err := b.acquire(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	if err := b.acquire(t.Context(), 3); !errors.Is(err, errBusy) {
		t.Errorf("%v", err)
	}
	got := make(chan error)
	b.wait = 10 * time.Second
	go func() { got <- b.acquire(context.Background(), 3) }()
	b.release(8)
	if err := <-got; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.acquire(ctx, 9); !errors.Is(err, context.Canceled) || b.left != 7 {
		t.Errorf("%v, %d left", err, b.left)
	}
}

func TestBrotliWindow(t *testing.T) {
	for first, want := range map[byte]int64{0x00: 1 << 16, 0x0b: 1 << 22, 0x0f: 1 << 24, 0x01: 1 << 17, 0x21: 1 << 10} {
		if got := brotliWindow(first); got != want {
			t.Errorf("%#x: %d, want %d", first, got, want)
		}
	}
}
