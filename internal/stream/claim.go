package stream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// blobKey is where a large body waits until its message has been handled. It is built from
// numbers, constants and the relay's own id.
func blobKey(m *Message) string {
	return fmt.Sprintf("%d/%d/ingest/%s/%s", m.OrgID, m.ProjectID, m.Kind, strings.ReplaceAll(m.ID, ":", "-"))
}

// claim puts the body of m in the blob store if it is too large for a message, and gives the
// message that travels instead. m is not changed.
func (s *Stream) claim(ctx context.Context, m *Message) (*Message, error) {
	c := *m
	c.Source = nil
	if c.Body == nil && c.Blob != "" {
		return &c, nil
	}
	body := m.Source
	if body == nil || m.Body != nil {
		c.Size = int64(len(m.Body))
		body = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m.Body)), nil }
	}
	if c.Size <= maxBody {
		var err error
		if c.Body == nil && m.Source != nil {
			c.Body, err = readSource(body, c.Size)
		}
		if err != nil {
			return nil, fmt.Errorf("read body of %s: %w", m.ID, err)
		}
		return &c, nil
	}
	if s.cfg.Blobs == nil {
		return nil, fmt.Errorf("publish %s of %d bytes: %w", m.ID, c.Size, ErrTooLarge)
	}
	r, err := body()
	if err != nil {
		return nil, fmt.Errorf("read body of %s: %w", m.ID, err)
	}
	defer r.Close()
	c.Blob = blobKey(m)
	whole := &exactly{r: r, left: c.Size}
	if err := s.cfg.Blobs.Put(ctx, c.Blob, whole, c.Size); err != nil {
		return nil, fmt.Errorf("put body of %s: %w: %w", m.ID, ErrUnavailable, err)
	}
	if whole.left != 0 {
		s.forget(ctx, []string{c.Blob})
		return nil, fmt.Errorf("put body of %s: %w: %d bytes of it were not taken", m.ID, ErrUnavailable, whole.left)
	}
	c.Body = nil
	return &c, nil
}

func readSource(source func() (io.ReadCloser, error), size int64) ([]byte, error) {
	r, err := source()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	body := make([]byte, size)
	_, err = io.ReadFull(&exactly{r: r, left: size}, body)
	return body, err
}

// exactly reads left bytes of r and no more; fewer are an error.
type exactly struct {
	r    io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// dropBlob deletes the blob of a message that is gone for good. A failure leaves an orphan.
func (s *Stream) dropBlob(ctx context.Context, key string) {
	if key == "" || s.cfg.Blobs == nil {
		return
	}
	if err := s.cfg.Blobs.Delete(ctx, key); err != nil {
		s.log.Warn("blob of a handled message is left behind", "key", key, "err", err)
	}
}

// Open gives the envelope, from the message or from the blob store. The caller closes it. The
// error of a blob that is not there wraps the blob store's own.
func (d *Delivery) Open(ctx context.Context) (io.ReadCloser, error) {
	return open(ctx, d.blobs, &d.Message)
}

func open(ctx context.Context, blobs Blobs, m *Message) (io.ReadCloser, error) {
	if m.Blob == "" {
		return io.NopCloser(bytes.NewReader(m.Body)), nil
	}
	if blobs == nil {
		return nil, fmt.Errorf("open body of %s: no blob store", m.ID)
	}
	r, err := blobs.Get(ctx, m.Blob)
	if err != nil {
		return nil, fmt.Errorf("open body of %s: %w", m.ID, err)
	}
	return r, nil
}
