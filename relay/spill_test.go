package relay

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"testing"
)

func TestSpillIsEncrypted(t *testing.T) {
	s, err := newSpill(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	secret := []byte("a secret nobody scrubbed yet; ")
	plain := bytes.Repeat(secret, 5_000)
	r := rand.New(rand.NewPCG(1, 2))
	for rest := plain; len(rest) > 0; {
		n := min(len(rest), 1+r.IntN(70_000))
		if _, err := s.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	raw, err := io.ReadAll(io.NewSectionReader(s.f, 0, s.size))
	if err != nil || len(raw) != len(plain) {
		t.Fatalf("%d bytes in the file, want %d; %v", len(raw), len(plain), err)
	}
	if bytes.Contains(raw, secret[:8]) {
		t.Error("the file is readable")
	}
	for range 200 {
		off := r.IntN(len(plain))
		got := make([]byte, 1+r.IntN(len(plain)-off))
		if n, err := s.ReadAt(got, int64(off)); err != nil || n != len(got) {
			t.Fatal(n, err)
		}
		if !bytes.Equal(got, plain[off:off+len(got)]) {
			t.Fatalf("wrong bytes at %d", off)
		}
	}
	if _, err := os.Stat(s.f.Name()); err == nil {
		t.Error("the file has a name")
	}
}
