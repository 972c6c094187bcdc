package relay

import (
	"bytes"
	"fmt"
	"io"
)

// Bounds of what one request keeps in memory; the rest of it is in a temporary file.
const (
	memoryPerItem    = 256 << 10
	memoryPerRequest = 4 << 20
	budgetStep       = 64 << 10 // the shared budgets are taken in such steps
	spillStep        = 4 << 20
)

// spool keeps the payloads of one request: small ones in memory, the rest in one temporary
// file (spill).
type spool struct {
	dir    string
	memory *byteBudget // of all requests; what it refuses goes to the file
	disk   *byteBudget // of all requests

	memUsed, memTaken int64
	file              *spill
	diskTaken         int64
}

// payload is bytes a spool keeps.
type payload struct {
	mem  []byte
	file *spill // nil: in mem
	off  int64
	size int64
}

func (p *payload) reader() io.Reader {
	if p.file == nil {
		return bytes.NewReader(p.mem)
	}
	return io.NewSectionReader(p.file, p.off, p.size)
}

// bytes gives the payload in memory, wherever it is.
func (p *payload) bytes() ([]byte, error) {
	if p.file == nil {
		return p.mem, nil
	}
	b := make([]byte, p.size)
	if _, err := p.file.ReadAt(b, p.off); err != nil {
		return nil, fmt.Errorf("read spilled payload: %w", err)
	}
	return b, nil
}

// spoolWriter takes one payload.
type spoolWriter struct {
	s   *spool
	mem []byte
	off int64
	n   int64
	out bool // in the file
}

func (s *spool) begin() *spoolWriter { return &spoolWriter{s: s} }

// Write implements io.Writer.
func (w *spoolWriter) Write(p []byte) (int, error) {
	if !w.out && int64(len(w.mem)+len(p)) <= memoryPerItem && w.s.takeMemory(int64(len(p))) {
		w.mem = append(w.mem, p...)
		w.n += int64(len(p))
		return len(p), nil
	}
	if !w.out {
		w.out, w.off = true, w.s.fileSize()
		if err := w.s.writeFile(w.mem); err != nil {
			return 0, err
		}
		w.s.memUsed -= int64(len(w.mem))
		w.mem = nil
	}
	if err := w.s.writeFile(p); err != nil {
		return 0, err
	}
	w.n += int64(len(p))
	return len(p), nil
}

func (w *spoolWriter) end() payload {
	if !w.out {
		return payload{mem: w.mem, size: w.n}
	}
	return payload{file: w.s.file, off: w.off, size: w.n}
}

// discard forgets what was written of an item that is dropped.
func (w *spoolWriter) discard() {
	if !w.out {
		w.s.memUsed -= w.n
		w.mem = nil
	}
}

func (s *spool) takeMemory(n int64) bool {
	if s.memUsed+n > memoryPerRequest {
		return false
	}
	for s.memUsed+n > s.memTaken {
		if !s.memory.tryAcquire(budgetStep) {
			return false
		}
		s.memTaken += budgetStep
	}
	s.memUsed += n
	return true
}

func (s *spool) writeFile(p []byte) error {
	if s.file == nil {
		f, err := newSpill(s.dir)
		if err != nil {
			return err
		}
		s.file = f
	}
	for s.file.size+int64(len(p)) > s.diskTaken {
		if !s.disk.tryAcquire(spillStep) {
			return errBusy
		}
		s.diskTaken += spillStep
	}
	_, err := s.file.Write(p)
	return err
}

// fileSize is where the next bytes that spill will be.
func (s *spool) fileSize() int64 {
	if s.file == nil {
		return 0
	}
	return s.file.size
}

// forget gives back the memory of a payload that nobody will read.
func (s *spool) forget(p *payload) {
	if p.file == nil {
		s.memUsed -= p.size
	}
	*p = payload{}
}

// close gives everything back. No payload may be used afterwards.
func (s *spool) close() {
	s.memory.release(s.memTaken)
	s.disk.release(s.diskTaken)
	s.memTaken, s.diskTaken, s.memUsed = 0, 0, 0
	if s.file != nil {
		s.file.close()
		s.file = nil
	}
}
