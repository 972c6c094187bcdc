package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestBox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	a, err := FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := FromFile(path) // another process with the same file
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v %v", info.Mode(), err)
	}
	sealed := a.Seal("org 1", []byte("secret words"))
	if bytes.Contains(sealed, []byte("secret words")) || bytes.Equal(sealed, a.Seal("org 1", []byte("secret words"))) {
		t.Error("it is not sealed")
	}
	if got, err := b.Open("org 1", sealed); err != nil || string(got) != "secret words" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := b.Open("org 2", sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("opened for another place: %v", err)
	}
	c, err := New("another secret text")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open("org 1", sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("opened with another key: %v", err)
	}
	if _, err := New("short"); err == nil {
		t.Error("a short secret was taken")
	}
}
