package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Box seals and opens with one key.
type Box struct{ aead cipher.AEAD }

// ErrOpen says that something was sealed with another key, or for another place.
var ErrOpen = errors.New("cannot be decrypted with this key")

// minSecret is how long a secret that somebody chose must be, in bytes.
const minSecret = 16

// New makes a box of a secret text.
func New(secret string) (*Box, error) {
	if len(secret) < minSecret {
		return nil, fmt.Errorf("the secret has less than %d characters", minSecret)
	}
	key := sha256.Sum256([]byte("hindsight seal 1\n" + secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Box{aead}, nil
}

// FromFile makes a box of the secret in a file, which it makes when there is none.
func FromFile(path string) (*Box, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = create(path)
	}
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	return New(strings.TrimSpace(string(b)))
}

// create writes a new secret whole or not at all; of two processes the first one's stays.
func create(path string) ([]byte, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(raw) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

// Seal encrypts text for one place, which is named when it is opened.
func (b *Box) Seal(place string, text []byte) []byte {
	nonce := make([]byte, b.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand ends the program instead
	return b.aead.Seal(nonce, nonce, text, []byte(place))
}

// Open decrypts what was sealed for a place.
func (b *Box) Open(place string, sealed []byte) ([]byte, error) {
	n := b.aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrOpen
	}
	text, err := b.aead.Open(nil, sealed[:n], sealed[n:], []byte(place))
	if err != nil {
		return nil, ErrOpen
	}
	return text, nil
}
