package store

import (
	"context"
	"io"
)

// Blobs keeps large bodies by key. Keys are built by us, never from a client's words, as
// "org/project/kind/…" with slashes. Put is durable when it returns (files are synced; S3 has
// acknowledged) and replaces what was there. Get and Stat answer [ErrNotFound] for a missing key.
// Delete of a missing key is no error. Implementations: files and S3 (see OpenBlobs).
type Blobs interface {
	Put(ctx context.Context, key string, r io.Reader, size int64) error // size -1: unknown
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	Stat(ctx context.Context, key string) (size int64, err error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, yield func(key string, size int64) bool) error
}
