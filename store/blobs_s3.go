package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// partSize of multipart uploads, in bytes. One part is held in memory; with S3's 10 000 parts a
	// body of unknown length may have 160 GB.
	partSize = 16 << 20
	// peekSize: a body of unknown length that ends within it is sent in one request, not in three.
	peekSize = 256 << 10
)

type s3 struct {
	core   *minio.Core
	bucket string
	prefix string // of every key, empty or ending in a slash
}

func openS3(ctx context.Context, u *url.URL) (*s3, error) {
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	prefix = strings.TrimSuffix(prefix, "/")
	if u.Host == "" || bucket == "" {
		return nil, errors.New("blobs url: want s3://KEY:SECRET@HOST/BUCKET")
	}
	if err := checkPrefix(prefix); err != nil {
		return nil, fmt.Errorf("blobs url: %w", err)
	}
	if prefix != "" {
		prefix += "/"
	}
	opts, err := s3Options(u)
	if err != nil {
		return nil, err
	}
	core, err := minio.NewCore(u.Host, opts)
	if err != nil {
		return nil, fmt.Errorf("blobs url: %w", err)
	}
	if err := ensureBucket(ctx, core, bucket, opts.Region); err != nil {
		return nil, fmt.Errorf("bucket %s on %s: %w", bucket, u.Host, err)
	}
	return &s3{core: core, bucket: bucket, prefix: prefix}, nil
}

func s3Options(u *url.URL) (*minio.Options, error) {
	opts := &minio.Options{
		Creds:      s3Credentials(u),
		Secure:     true,
		MaxRetries: 4, // of one request, with growing pauses; then the caller decides
		Transport:  s3Transport(),
	}
	for name, values := range u.Query() {
		switch v := values[0]; name {
		case "secure":
			if v != "true" && v != "false" {
				return nil, fmt.Errorf("blobs url: secure=%q, want true or false", v)
			}
			opts.Secure = v == "true"
		case "region":
			opts.Region = v
		default:
			return nil, fmt.Errorf("blobs url: unknown setting %q, want secure or region", name)
		}
	}
	return opts, nil
}

func s3Credentials(u *url.URL) *credentials.Credentials {
	if secret, ok := u.User.Password(); ok {
		return credentials.NewStaticV4(u.User.Username(), secret, "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.EnvMinio{}, &credentials.IAM{},
	})
}

// s3Transport bounds each step of a request that can hang; bodies may take as long as they flow.
func s3Transport() http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second, // the end of a large multipart upload takes a server its time
		IdleConnTimeout:       60 * time.Second,
		MaxIdleConnsPerHost:   64,
		DisableCompression:    true, // bodies come back as they were stored
	}
}

func ensureBucket(ctx context.Context, core *minio.Core, bucket, region string) error {
	ok, err := core.BucketExists(ctx, bucket)
	if err != nil || ok {
		return err
	}
	err = core.MakeBucket(ctx, bucket, minio.MakeBucketOptions{Region: region})
	if err == nil {
		return nil
	}
	if ok, again := core.BucketExists(ctx, bucket); again == nil && ok {
		return nil // another process made it at the same moment
	}
	return fmt.Errorf("it does not exist and cannot be made: %w", err)
}

func (s *s3) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := checkKey(key); err != nil {
		return err
	}
	var err error
	if size < 0 {
		if r, size, err = peek(r); err != nil {
			return fmt.Errorf("put blob %s: %w", key, err)
		}
	}
	if size >= 0 {
		if r, err = exact(r, size); err != nil {
			return fmt.Errorf("put blob %s: %w", key, err)
		}
	}
	info, err := s.core.Client.PutObject(ctx, s.bucket, s.prefix+key, r, size,
		minio.PutObjectOptions{
			PartSize:    partSize,
			ContentType: "application/octet-stream",
			// An empty body has nothing to sign in chunks; versitygw takes the empty chunk's
			// signature for the next request on the connection.
			DisableContentSha256: size == 0,
		})
	if err != nil {
		return fmt.Errorf("put blob %s: %w", key, err)
	}
	return s.verify(ctx, key, info)
}

// verify asks the server for what it has of what was sent. Another body, by its ETag, was put there
// by somebody else since.
func (s *s3) verify(ctx context.Context, key string, sent minio.UploadInfo) error {
	stored, err := s.core.Client.StatObject(ctx, s.bucket, s.prefix+key, minio.StatObjectOptions{})
	if err != nil {
		return fmt.Errorf("put blob %s: verify: %v", key, err) // not wrapped: "not found" here is no answer of ours
	}
	if stored.Size != sent.Size && stored.ETag == sent.ETag {
		return fmt.Errorf("put blob %s: %d bytes were sent, the server has %d", key, sent.Size, stored.Size)
	}
	return nil
}

// peek reads the start of a body of unknown length; size is known if that was all of it.
func peek(r io.Reader) (io.Reader, int64, error) {
	start := make([]byte, peekSize)
	n, err := io.ReadFull(r, start)
	switch err {
	case nil:
		return io.MultiReader(bytes.NewReader(start), r), -1, nil
	case io.EOF, io.ErrUnexpectedEOF:
		return bytes.NewReader(start[:n]), int64(n), nil
	}
	return nil, 0, err
}

// exact makes a reader of another length than size fail. One that can seek is measured and stays
// as it is: then the client can send it again after a lost connection.
func exact(r io.Reader, size int64) (io.Reader, error) {
	seeker, ok := r.(io.Seeker)
	if !ok {
		return &exactReader{r: r, left: size}, nil
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	end, err := seeker.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := seeker.Seek(start, io.SeekStart); err != nil {
		return nil, err
	}
	switch {
	case end-start < size:
		return nil, fmt.Errorf("%d bytes are missing: %w", size-(end-start), io.ErrUnexpectedEOF)
	case end-start > size:
		return nil, fmt.Errorf("more bytes than announced: %w", ErrInvalid)
	}
	return r, nil
}

func (s *s3) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	return s.get(ctx, key, minio.GetObjectOptions{})
}

func (s *s3) get(ctx context.Context, key string, opts minio.GetObjectOptions) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	body, _, _, err := s.core.GetObject(ctx, s.bucket, s.prefix+key, opts)
	if err != nil {
		return nil, s3Error(key, err)
	}
	return body, nil
}

func (s *s3) GetRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := checkRange(key, offset); err != nil {
		return nil, err
	}
	if length == 0 { // there is no way to ask for no bytes
		if _, err := s.Stat(ctx, key); err != nil {
			return nil, err
		}
		return emptyBody{}, nil
	}
	var opts minio.GetObjectOptions
	var err error
	switch last := offset + length - 1; {
	case length > 0 && last >= offset: // else it overflowed: all that follows
		err = opts.SetRange(offset, last)
	case offset > 0:
		err = opts.SetRange(offset, 0) // from offset to the end
	}
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", key, err)
	}
	body, err := s.get(ctx, key, opts)
	if answer, ok := errors.AsType[minio.ErrorResponse](err); ok && answer.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return emptyBody{}, nil
	}
	return body, err
}

func (s *s3) Stat(ctx context.Context, key string) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	info, err := s.core.Client.StatObject(ctx, s.bucket, s.prefix+key, minio.StatObjectOptions{})
	if err != nil {
		return 0, s3Error(key, err)
	}
	return info.Size, nil
}

func (s *s3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	err := s.core.Client.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{})
	if err = s3Error(key, err); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

func (s *s3) List(ctx context.Context, prefix string, yield func(key string, size int64) bool) error {
	if err := checkPrefix(prefix); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing when yield wants no more
	for o := range s.core.Client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}) {
		if o.Err != nil {
			return fmt.Errorf("list blobs %s: %w", prefix, o.Err)
		}
		key := strings.TrimPrefix(o.Key, s.prefix)
		if checkKey(key) != nil { // not put there by us
			continue
		}
		if !yield(key, o.Size) {
			return nil
		}
	}
	return ctx.Err()
}

// s3Error names the key and makes a missing object [ErrNotFound]. A missing bucket is not: the
// object may well be in it when it is back.
func s3Error(key string, err error) error {
	if err == nil {
		return nil
	}
	if answer, ok := errors.AsType[minio.ErrorResponse](err); ok && answer.Code == minio.NoSuchKey {
		return fmt.Errorf("blob %s: %w", key, ErrNotFound)
	}
	return fmt.Errorf("blob %s: %w", key, err)
}
