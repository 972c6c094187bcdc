package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/store"
)

// downloadReplayVideo answers the film of a mobile segment, or the ranges of it that a player asks for.
func (a *API) downloadReplayVideo(w http.ResponseWriter, r *http.Request) {
	vars := mux.Vars(r)
	s, err := a.segment(r.Context(), from(r.Context()), vars["replay"], vars["segment"])
	if err != nil {
		writeError(w, err)
		return
	}
	key := store.FilmKey(s)
	size, err := a.Blobs.Stat(r.Context(), key)
	if err != nil {
		writeError(w, a.fail("open film", err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	_ = http.NewResponseController(w).SetWriteDeadline(a.Now().Add(10 * writeDeadline)) // some writers have none
	film := &blobSeeker{ctx: r.Context(), blobs: a.Blobs, key: key, size: size}
	defer film.close()
	http.ServeContent(w, r, "", time.Time{}, film)
}

// blobSeeker reads an object from any place of it.
type blobSeeker struct {
	ctx      context.Context // of the one request that reads
	blobs    store.Blobs
	key      string
	size, at int64
	open     io.ReadCloser
}

// Seek implements io.Seeker.
func (b *blobSeeker) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += b.at
	case io.SeekEnd:
		offset += b.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("object %s: seek to %d", b.key, offset)
	}
	if offset != b.at {
		b.close()
	}
	b.at = offset
	return offset, nil
}

func (b *blobSeeker) close() {
	if b.open != nil {
		_ = b.open.Close() // it was only read
		b.open = nil
	}
}

// Read implements io.Reader.
func (b *blobSeeker) Read(p []byte) (int, error) {
	if b.at >= b.size {
		return 0, io.EOF
	}
	if b.open == nil {
		body, err := b.blobs.GetRange(b.ctx, b.key, b.at, -1)
		if err != nil {
			return 0, err
		}
		b.open = body
	}
	n, err := b.open.Read(p)
	b.at += int64(n)
	if errors.Is(err, io.EOF) && b.at < b.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
