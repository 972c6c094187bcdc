package relay

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// spill is the file of a spool. What is in it has not been scrubbed yet, so nothing readable may
// reach the disk: it is encrypted with a key that only this request's memory knows. The file has
// no name from the moment it is made, so it cannot outlive the process.
type spill struct {
	f     *os.File
	block cipher.Block
	write cipher.Stream
	size  int64
	buf   []byte
}

func newSpill(dir string) (*spill, error) {
	var key [16]byte
	rand.Read(key[:]) // never fails
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("make key of spill file: %w", err)
	}
	f, err := os.CreateTemp(dir, "relay-*.spill") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make spill file: %w", err)
	}
	os.Remove(f.Name())
	s := &spill{f: f, block: block, buf: make([]byte, 32<<10)}
	s.write = s.stream(0)
	return s, nil
}

// stream is the key stream from a multiple of the block size on. A key is used for one file, so
// the counter may start at zero.
func (s *spill) stream(block int64) cipher.Stream {
	var counter [aes.BlockSize]byte
	binary.BigEndian.PutUint64(counter[8:], uint64(block))
	return cipher.NewCTR(s.block, counter[:])
}

// Write implements io.Writer: it appends.
func (s *spill) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n := min(len(p)-written, len(s.buf))
		s.write.XORKeyStream(s.buf[:n], p[written:written+n])
		n, err := s.f.Write(s.buf[:n])
		written += n
		s.size += int64(n)
		if err != nil {
			return written, fmt.Errorf("write spill file: %w", err)
		}
	}
	return written, nil
}

// ReadAt implements io.ReaderAt.
func (s *spill) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.f.ReadAt(p, off)
	stream := s.stream(off / aes.BlockSize)
	if skip := off % aes.BlockSize; skip > 0 {
		var pad [aes.BlockSize]byte
		stream.XORKeyStream(pad[:skip], pad[:skip])
	}
	stream.XORKeyStream(p[:n], p[:n])
	if err != nil && err != io.EOF {
		err = fmt.Errorf("read spill file: %w", err)
	}
	return n, err
}

func (s *spill) close() {
	s.f.Close()
	os.Remove(s.f.Name()) // where an open file cannot be removed
}
