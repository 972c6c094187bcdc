package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// wire stands between an SDK and the server: it passes every byte on as it is and keeps a copy, so
// that a test sees the requests as they were and how each was answered.
type wire struct {
	addr   string
	target string

	mu    sync.Mutex
	conns []*wireConn
}

// wireConn is what was said on one connection.
type wireConn struct{ asked, answered bytes.Buffer }

// exchange is a request with its answer; Status is 0 when there was none.
type exchange struct {
	Method, URI string
	Header      http.Header
	Body        []byte
	Status      int
	Answer      []byte
}

func (e exchange) String() string {
	return fmt.Sprintf("%s %s (%d bytes) was answered %d %s", e.Method, e.URI, len(e.Body), e.Status, bytes.TrimSpace(e.Answer))
}

// tap listens in on the way to a server.
func tap(tb testing.TB, server string) *wire {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w := &wire{addr: l.Addr().String(), target: strings.TrimPrefix(server, "http://")}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { w.pass(c) })
		}
	})
	tb.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return w
}

// pass joins a connection with one of its own to the server until both are done.
func (w *wire) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer server.Close()
	said := &wireConn{}
	w.mu.Lock()
	w.conns = append(w.conns, said)
	w.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { w.copy(server, client, &said.asked) })
	both.Go(func() {
		w.copy(client, server, &said.answered)
		client.Close() // the server hung up: nothing more will be answered
	})
	both.Wait()
}

func (w *wire) copy(to, from net.Conn, kept *bytes.Buffer) {
	_, _ = io.Copy(io.MultiWriter(lockedWriter{&w.mu, kept}, to), from) // ends when either side hangs up
	if c, ok := to.(*net.TCPConn); ok {
		_ = c.CloseWrite()
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// exchanges lists every request until now.
func (w *wire) exchanges(tb testing.TB) []exchange {
	tb.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []exchange
	for _, c := range w.conns {
		asked, answered := bufio.NewReader(bytes.NewReader(c.asked.Bytes())), bufio.NewReader(bytes.NewReader(c.answered.Bytes()))
		for {
			req, err := http.ReadRequest(asked)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				tb.Errorf("what the SDK sent is no request: %v", err)
				break
			}
			x := exchange{Method: req.Method, URI: req.RequestURI, Header: req.Header}
			x.Body, err = io.ReadAll(req.Body)
			if err != nil {
				tb.Errorf("%s: %v", x, err)
			}
			x.Status, x.Answer = readAnswer(answered, req)
			all = append(all, x)
		}
	}
	return all
}

func readAnswer(r *bufio.Reader, req *http.Request) (status int, body []byte) {
	for {
		res, err := http.ReadResponse(r, req)
		if err != nil {
			return 0, nil
		}
		body, _ = io.ReadAll(res.Body) // what was cut off is shown as far as it came
		if res.StatusCode != http.StatusContinue {
			return res.StatusCode, body
		}
	}
}

// save keeps the bytes of all connections for a look after a failure, and tells where.
func (w *wire) save(tb testing.TB, name string) {
	tb.Helper()
	dir := filepath.Join(root(tb), "test-results", "sdks", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Error(err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, c := range w.conns {
		for suffix, b := range map[string]*bytes.Buffer{"asked": &c.asked, "answered": &c.answered} {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.%s", i, suffix)), b.Bytes(), 0o644); err != nil {
				tb.Error(err)
			}
		}
	}
	tb.Logf("what was on the wire: %s", dir)
}
