package store_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/hindsight-dev/hindsight/store"
)

func TestCompressRoundTrip(t *testing.T) {
	for name, in := range map[string][]byte{
		"empty": {},
		"small": []byte(`{"a":1}`),
		"large": []byte(strings.Repeat(`{"filename":"app/checkout.js","lineno":12},`, 40_000)),
	} {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			for range 8 { // more callers than workers
				wg.Go(func() {
					c, err := store.Compress(in)
					if err != nil {
						t.Error(err)
						return
					}
					out, err := store.Decompress(c)
					if err != nil || !bytes.Equal(out, in) {
						t.Errorf("got %d bytes, %v; want %d bytes", len(out), err, len(in))
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestDecompressIsBounded(t *testing.T) {
	var bomb bytes.Buffer
	w, err := zstd.NewWriter(&bomb)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range store.MaxPayload>>20 + 1 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := store.Decompress(bomb.Bytes()); err == nil {
		t.Errorf("a frame of %d bytes gave %d bytes, want an error", bomb.Len(), len(out))
	}
	if _, err := store.Compress(make([]byte, store.MaxPayload+1)); err == nil {
		t.Error("compressed what could not be read back")
	}
	for _, broken := range []string{"x", "\x28\xb5\x2f\xfd", `{"a":1}`} {
		if out, err := store.Decompress([]byte(broken)); err == nil {
			t.Errorf("%q gave %q, want an error", broken, out)
		}
	}
}
