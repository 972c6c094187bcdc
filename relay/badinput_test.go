package relay

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

// TestEdgeProcess is the server of TestBadInput, in a process of its own so that its memory can be
// measured.
func TestEdgeProcess(t *testing.T) {
	if os.Getenv("HINDSIGHT_TEST_EDGE") == "" {
		return
	}
	reg := prometheus.NewRegistry()
	rl, err := New(Config{
		Keys: newTestKeys(), TempDir: t.TempDir(), Metrics: reg, Log: slog.New(slog.DiscardHandler),
		Publish: publishFunc(func(context.Context, ...*stream.Message) error { return nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.Handle("/", rl)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("listening on %s\n", ln.Addr())
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 32 << 10}
	go srv.Serve(ln)
	io.Copy(io.Discard, os.Stdin) // until the test that started this ends
}

// edgeProcess is a running TestEdgeProcess.
type edgeProcess struct {
	t       *testing.T
	address string
	pid     int
}

func startEdge(t *testing.T) *edgeProcess {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEdgeProcess$")
	cmd.Env = append(os.Environ(), "HINDSIGHT_TEST_EDGE=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			return &edgeProcess{t, address, cmd.Process.Pid}
		}
	}
	t.Fatal("the edge did not start")
	return nil
}

// memory is a number of /proc/<pid>/status, in bytes.
func (p *edgeProcess) memory(name string) int64 {
	p.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		p.t.Fatal(err)
	}
	m := regexp.MustCompile(name + `:\s*(\d+) kB`).FindSubmatch(b)
	if m == nil {
		p.t.Fatalf("no %s", name)
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n << 10
}

// resetPeak lets the peak begin anew, from what is held now, which it returns.
func (p *edgeProcess) resetPeak() int64 {
	p.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.pid), []byte("5"), 0); err != nil {
		p.t.Fatal(err)
	}
	return p.memory("VmRSS")
}

// counters reads all that are counted, by name and labels.
func (p *edgeProcess) counters() map[string]float64 {
	p.t.Helper()
	resp, err := http.Get("http://" + p.address + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	all := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if i := strings.LastIndexByte(lines.Text(), ' '); i > 0 {
			all[lines.Text()[:i]], _ = strconv.ParseFloat(lines.Text()[i+1:], 64)
		}
	}
	return all
}

func refused(reason string) string { return `hindsight_ingest_refusals_total{reason="` + reason + `"}` }

const answered200 = `hindsight_ingest_requests_total{endpoint="envelope",status="200"}`

// post is the head of a request with a body of n bytes.
func postHead(n int, header ...string) string {
	h := "POST /api/42/envelope/ HTTP/1.1\r\nHost: edge\r\nX-Sentry-Auth: " + auth(key42) + "\r\n"
	if n >= 0 {
		h += "Content-Length: " + strconv.Itoa(n) + "\r\n"
	}
	for _, line := range header {
		h += line + "\r\n"
	}
	return h + "\r\n"
}

// TestBadInput sends what no honest client sends, on raw connections: the right code, the
// connection closed where it is of no use any more, a counter moved, and memory bounded.
func TestBadInput(t *testing.T) {
	whole := func(body []byte, header ...string) func(net.Conn) {
		return func(c net.Conn) {
			io.WriteString(c, postHead(len(body), header...))
			c.Write(body)
		}
	}
	text := func(s string) func(net.Conn) {
		return func(c net.Conn) { io.WriteString(c, s) }
	}
	nested := sync.OnceValue(func() []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(bomb(t, "gzip"))
		w.Close()
		return b.Bytes()
	})
	event := anEvent()
	tests := []struct {
		name    string
		send    func(net.Conn)
		status  int // 0: nobody is there to hear one
		closed  bool
		counter string
	}{
		{"bomb gzip", whole(bomb(t, "gzip"), "Content-Encoding: gzip"), 413, true, refused("too_large")},
		{"bomb deflate", whole(bomb(t, "deflate"), "Content-Encoding: deflate"), 413, true, refused("too_large")},
		{"bomb br", whole(bomb(t, "br"), "Content-Encoding: br"), 413, true, refused("too_large")},
		{"bomb zstd", whole(bomb(t, "zstd"), "Content-Encoding: zstd"), 413, true, refused("too_large")},
		{"bomb in a bomb", whole(nested(), "Content-Encoding: gzip"), 400, false, refused("invalid_envelope")},
		{"two encodings", whole(nested(), "Content-Encoding: gzip, gzip"), 415, false, refused("encoding")},
		{"100 MB of headers", func(c net.Conn) {
			io.WriteString(c, "POST /api/42/envelope/ HTTP/1.1\r\nHost: edge\r\n")
			line := "X-Pad: " + strings.Repeat("a", 8<<10) + "\r\n"
			for sent := 0; sent < 100<<20; sent += len(line) {
				if _, err := io.WriteString(c, line); err != nil {
					return
				}
			}
		}, 431, true, ""},
		{"1 000 000 items", whole([]byte("{}\n" + strings.Repeat("{\"type\":\"x\"}\n\n", 1_000_000))), 413, true, refused("too_large")},
		{"10 000-deep JSON", whole([]byte(env(`{"event_id":"`+idA+`"}`, eventItem, `{"message":"m","extra":`+strings.Repeat(`{"a":[`, 10_000)+strings.Repeat(`]}`, 10_000)+`}`))), 200, false, answered200},
		{"invalid text and numbers", whole([]byte(env(`{"event_id":"`+idA+`"}`, eventItem, "{\"message\":\"\xff\x00\",\"extra\":{\"n\":"+strings.Repeat("9", 400)+",\"n\":1e999}}"))), 200, false, answered200},
		{"slow body", func(c net.Conn) {
			io.WriteString(c, postHead(100_000))
			for range 60 {
				if _, err := io.WriteString(c, "{"); err != nil {
					return
				}
				<-time.After(time.Second)
			}
		}, 408, true, refused("timeout")},
		{"early close", func(c net.Conn) {
			io.WriteString(c, postHead(len(event))+event[:len(event)/2])
			c.Close()
		}, 0, true, refused("incomplete")},
		{"content-length too long", func(c net.Conn) {
			io.WriteString(c, postHead(len(event)+100)+event)
			c.(*net.TCPConn).CloseWrite()
		}, 400, true, refused("incomplete")},
		{"content-length too short", text(postHead(len(event)-20) + event), 400, true, refused("invalid_envelope")},
		{"content-length no number", text(strings.Replace(postHead(1), "Content-Length: 1", "Content-Length: -7", 1)), 400, true, ""},
		{"two content-lengths", text(strings.Replace(postHead(1), "Content-Length: 1", "Content-Length: 1\r\nContent-Length: 2", 1)), 400, true, ""},
		{"chunked garbage", text(postHead(-1, "Transfer-Encoding: chunked") + "zz\r\nnot a chunk\r\n"), 400, true, refused("incomplete")},
		{"chunk larger than all", text(postHead(-1, "Transfer-Encoding: chunked") + "ffffffffffffffffff\r\n"), 400, true, refused("incomplete")},
		{"auth from two places", text(strings.Replace(postHead(len(event)), "/envelope/", "/envelope/?sentry_key="+key42, 1) + event), 401, false, refused("multiple_auth")},
	}
	p := startEdge(t)
	// What a first request brings along for good is not what is measured.
	if status, _ := p.talk(whole([]byte(event))); status != 200 {
		t.Fatalf("a sound request: %d", status)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &edgeProcess{t, p.address, p.pid}
			before, counted := p.resetPeak(), p.counters()
			status, closed := p.talk(tt.send)
			if status != tt.status || closed != tt.closed {
				t.Errorf("status %d, connection closed %v; want %d, %v", status, closed, tt.status, tt.closed)
			}
			if tt.counter != "" {
				until(t, "the counter "+tt.counter, func() bool { return p.counters()[tt.counter] > counted[tt.counter] })
			}
			if grown := p.memory("VmHWM") - before; grown > 64<<20 {
				t.Errorf("memory grew by %d MiB", grown>>20)
			}
		})
	}
}

// talk has send write on a new connection. It gives the answer's status (0: none), and whether the
// server then closes: it is asked for something else on the same connection.
func (p *edgeProcess) talk(send func(net.Conn)) (status int, closed bool) {
	p.t.Helper()
	c, err := net.Dial("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(60 * time.Second))
	go send(c)
	rd := bufio.NewReader(c)
	resp, err := http.ReadResponse(rd, nil)
	if err != nil {
		return 0, true
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.Close {
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err := io.Copy(io.Discard, rd)
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			p.t.Error("the server said it closes the connection, and did not")
		}
		return resp.StatusCode, true
	}
	io.WriteString(c, "GET /api/relay/healthcheck/live/ HTTP/1.1\r\nHost: edge\r\n\r\n")
	again, err := http.ReadResponse(rd, nil)
	if err != nil {
		return resp.StatusCode, true
	}
	again.Body.Close()
	return resp.StatusCode, again.StatusCode != 200
}
