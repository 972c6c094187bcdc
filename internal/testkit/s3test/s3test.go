package s3test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
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
	server, err := s3Server()
	if err != nil {
		testkit.Missing(tb, "S3", err)
	}
	c, err := client(server.url)
	if err != nil {
		tb.Fatal(err)
	}
	bucket := testkit.Name("test-")
	if err := c.MakeBucket(tb.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
		testkit.Missing(tb, "S3", fmt.Errorf("make a bucket: %w", err))
	}
	tb.Cleanup(func() { removeBucket(tb, c, bucket) })
	b := *server.url
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

// childDir is the environment variable that makes a test binary an S3 server instead.
const childDir = "HINDSIGHT_S3TEST_DIR"

// The server keeps its state in package variables and changes the working directory, under which
// tests look for their testdata. So it gets a process of its own: this very binary, started again.
func init() {
	if dir := os.Getenv(childDir); dir != "" {
		serve(dir)
	}
}

// serve runs the gateway below dir until standard input closes, which happens when the test binary
// ends in any way at all; then it removes dir and exits.
func serve(dir string) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	err := gateway(ctx, dir)
	if ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "versitygw:", err) // to the log that the parent shows
		os.Exit(1)
	}
	_ = os.RemoveAll(dir)
	os.Exit(0)
}

func gateway(ctx context.Context, dir string) error {
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o755); err != nil {
		return err
	}
	be, err := posix.New(data, meta.XattrMeta{}, posix.PosixOpts{})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(ctx, be, &embedgw.Config{
		RootUserAccess:    accessKey,
		RootUserSecret:    secretKey,
		Ports:             []string{filepath.Join(dir, socketName)}, // a socket: no free port has to be guessed
		HealthPath:        "/healthz",
		Quiet:             true,
		KeepAlive:         true,
		MaxConnections:    1024,
		MaxRequests:       1024,
		MultipartMaxParts: 10_000,
	})
}

const socketName = "s3.sock"

// running is a server and what must stay open while it is needed.
type running struct {
	url   *url.URL
	stdin io.Closer
}

// s3Server starts the server of this test binary at its first use.
var s3Server = sync.OnceValues(func() (*running, error) {
	if s := os.Getenv("TEST_S3_URL"); s != "" {
		u, err := url.Parse(s)
		return &running{url: u}, err
	}
	dir, err := os.MkdirTemp("", "hindsight-s3-")
	if err != nil {
		return nil, err
	}
	stdin, err := startChild(dir)
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return nil, errors.Join(fmt.Errorf("start versitygw: %w\n%s", err, log), os.RemoveAll(dir))
	}
	// A forwarder on a port of the system's choice makes the socket reachable for everything that
	// speaks S3, other processes included.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, stdin.Close())
	}
	go forward(l, filepath.Join(dir, socketName))
	u := &url.URL{Scheme: "s3", User: url.UserPassword(accessKey, secretKey), Host: l.Addr().String(), RawQuery: "secure=false"}
	return &running{url: u, stdin: stdin}, nil
})

func startChild(dir string) (stdin io.Closer, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	c := exec.Command(exe)
	c.Dir = "/"
	c.Env = append(os.Environ(), childDir+"="+dir)
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is ours to hear
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	if err := waitSocket(filepath.Join(dir, socketName), ended, 20*time.Second); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

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
