package store

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// Blobs keeps large bodies by key. Keys are built by us, never from a client's words, as
// "org/project/kind/…" with slashes; see [checkKey] for what is refused. No key may be the folder
// of another: with a/b there is no a.
//
// Put is durable when it returns (files are synced; S3 has acknowledged) and replaces what was
// there, at once or not at all: readers see the old body or the new one. A reader that has not
// exactly size bytes is an error, and nothing is stored. Get, GetRange and Stat answer
// [ErrNotFound] for a missing key. Delete of a missing key is no error. List gives the keys that
// begin with a prefix, in no promised order, until yield returns false.
// Implementations: files and S3 (see [OpenBlobs]).
type Blobs interface {
	Put(ctx context.Context, key string, r io.Reader, size int64) error // size -1: unknown
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// GetRange gives up to length bytes from offset, -1 for all that follow; past the end there are none.
	GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	Stat(ctx context.Context, key string) (size int64, err error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, yield func(key string, size int64) bool) error
}

// OpenBlobs opens the place at blobsURL, makes it when it is not there, and fails when it cannot be used.
//
//	file:DIR                                                 files below a folder
//	s3://[KEY:SECRET@]HOST[:PORT]/BUCKET[/PREFIX][?secure=false][&region=REGION]
//
// The host of an s3 URL is the server, so that MinIO and others read like Amazon's
// (s3.eu-central-1.amazonaws.com). Characters of the secret that mean something in a URL are
// percent-encoded. Without KEY:SECRET the credentials are those of the environment
// (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD) or of the
// machine's role. TLS is used unless secure=false.
func OpenBlobs(ctx context.Context, blobsURL string) (Blobs, error) {
	scheme, rest, _ := strings.Cut(blobsURL, ":")
	switch scheme {
	case "file":
		return openFiles(strings.TrimPrefix(rest, "//"))
	case "s3":
		u, err := url.Parse(blobsURL)
		if err != nil {
			return nil, fmt.Errorf("blobs url: not a url (are special characters of the secret percent-encoded?)") // the error would quote the secret
		}
		return openS3(ctx, u)
	}
	return nil, fmt.Errorf("blobs url: unknown scheme %q, want file:DIR or s3://HOST/BUCKET", scheme)
}

// Bounds of a key, in bytes. 200 leaves room for a file system's 255.
const (
	maxKey     = 512
	maxKeyPart = 200
)

// checkKey refuses what is not a key of ours: parts of letters, digits, ".", "_", "-", "=" and "+",
// none empty, none beginning with a dot.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("blob key of %d bytes: %w", len(key), ErrInvalid)
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part[0] == '.' || len(part) > maxKeyPart || strings.ContainsFunc(part, func(r rune) bool { return !keyRune(r) }) {
			return fmt.Errorf("blob key %q: %w", key, ErrInvalid)
		}
	}
	return nil
}

// checkPrefix refuses what no key can begin with.
func checkPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	if err := checkKey(strings.TrimSuffix(prefix, "/")); err != nil {
		return fmt.Errorf("prefix: %w", err)
	}
	return nil
}

func keyRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._-=+", r)
}

func checkRange(key string, offset int64) error {
	if offset < 0 {
		return fmt.Errorf("blob %s from %d: %w", key, offset, ErrInvalid)
	}
	return checkKey(key)
}

// exactReader fails unless r has exactly left bytes. It asks for the byte after the last before it
// gives the last ones away, so that whoever reads never sees a whole body that is too long.
type exactReader struct {
	r    io.Reader
	left int64
	done bool
}

func (e *exactReader) Read(p []byte) (int, error) {
	if e.done {
		return 0, io.EOF
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := 0, error(nil)
	if len(p) > 0 {
		n, err = e.r.Read(p)
		e.left -= int64(n)
		if err == io.EOF && e.left > 0 {
			return n, fmt.Errorf("%d bytes are missing: %w", e.left, io.ErrUnexpectedEOF)
		}
	}
	if e.left > 0 || err != nil && err != io.EOF {
		return n, err
	}
	if err == nil {
		var more [1]byte
		if m, end := io.ReadFull(e.r, more[:]); m > 0 {
			return 0, fmt.Errorf("more bytes than announced: %w", ErrInvalid)
		} else if end != io.EOF {
			return 0, end
		}
	}
	e.done = true
	return n, io.EOF
}

// emptyBody is what a range past the end gives.
type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyBody) Close() error             { return nil }
