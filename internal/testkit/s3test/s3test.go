// Package s3test gives tests buckets on a real S3 server: the one of TEST_S3_URL, else versitygw
// inside the test binary. It is apart from package testkit because the server is a large thing to
// link, and most tests need none.
package s3test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"

	"github.com/hindsight-dev/hindsight/internal/testkit"
)

const (
	accessKey = "test-access"
	secretKey = "test-secret"
)

// URL gives the URL of a new, empty bucket in the form that store.OpenBlobs reads:
// s3://KEY:SECRET@host:port/bucket?secure=false. The bucket is removed when the test ends.
// TEST_S3_URL has the same form; its bucket is not touched.
func URL(tb testing.TB) string {
	tb.Helper()
	u, err := s3Server()
	if err != nil {
		testkit.Missing(tb, "S3", err)
	}
	c, err := client(u)
	if err != nil {
		tb.Fatal(err)
	}
	bucket := testkit.Name("test-")
	if err := c.MakeBucket(tb.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
		testkit.Missing(tb, "S3", fmt.Errorf("make a bucket: %w", err))
	}
	tb.Cleanup(func() { removeBucket(tb, c, bucket) })
	b := *u
	b.Path = "/" + bucket
	return b.String()
}

func client(u *url.URL) (*minio.Client, error) {
	secret, _ := u.User.Password()
	return minio.New(u.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(u.User.Username(), secret, ""),
		Secure: u.Query().Get("secure") != "false",
	})
}

func removeBucket(tb testing.TB, c *minio.Client, bucket string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for o := range c.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err == nil {
			o.Err = c.RemoveObject(ctx, bucket, o.Key, minio.RemoveObjectOptions{})
		}
		if o.Err != nil {
			tb.Errorf("empty bucket %s: %v", bucket, o.Err)
		}
	}
	if err := c.RemoveBucket(ctx, bucket); err != nil {
		tb.Errorf("remove bucket %s: %v", bucket, err)
	}
}

// s3Server starts the gateway once: it keeps its state in package variables, so a process can have one.
var s3Server = sync.OnceValues(func() (*url.URL, error) {
	if s := os.Getenv("TEST_S3_URL"); s != "" {
		return url.Parse(s)
	}
	dir, err := os.MkdirTemp("", "hindsight-s3-")
	if err != nil {
		return nil, err
	}
	if err := testkit.RemoveAtExit(dir); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o755); err != nil {
		return nil, err
	}
	be, err := posix.New(data, meta.XattrMeta{}, posix.PosixOpts{})
	if err != nil {
		return nil, err
	}
	// A unix socket needs no free port to be guessed; a forwarder on a port of the system's choice
	// makes it reachable for everything that speaks S3, other processes included.
	socket := filepath.Join(dir, "s3.sock")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- embedgw.RunVersityGW(context.Background(), be, &embedgw.Config{
			RootUserAccess:    accessKey,
			RootUserSecret:    secretKey,
			Ports:             []string{socket},
			HealthPath:        "/healthz",
			Quiet:             true,
			KeepAlive:         true,
			MaxConnections:    1024,
			MaxRequests:       1024,
			MultipartMaxParts: 10_000,
		})
	}()
	if err := waitSocket(socket, ended, 20*time.Second); err != nil {
		return nil, fmt.Errorf("start versitygw: %w", err)
	}
	go forward(l, socket)
	return &url.URL{Scheme: "s3", User: url.UserPassword(accessKey, secretKey), Host: l.Addr().String(), RawQuery: "secure=false"}, nil
})

func waitSocket(socket string, ended <-chan error, timeout time.Duration) error {
	deadline := time.After(timeout)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.Dial("unix", socket)
		if err == nil {
			return c.Close()
		}
		select {
		case e := <-ended:
			return errors.Join(errors.New("it ended"), e)
		case <-deadline:
			return err
		case <-tick.C:
		}
	}
}

// forward joins each connection of l to one to the socket, until the process ends.
func forward(l net.Listener, socket string) {
	for {
		a, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer a.Close()
			b, err := net.Dial("unix", socket)
			if err != nil {
				return
			}
			defer b.Close()
			done := make(chan struct{}, 2)
			pipe := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				if c, ok := to.(interface{ CloseWrite() error }); ok {
					_ = c.CloseWrite()
				}
				done <- struct{}{}
			}
			go pipe(a, b)
			go pipe(b, a)
			<-done
			<-done
		}()
	}
}
