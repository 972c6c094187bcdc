package relay

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
)

// dirBlobs keeps bodies as files, enough to carry large messages in a test.
type dirBlobs string

func (d dirBlobs) path(key string) string {
	return filepath.Join(string(d), strings.ReplaceAll(key, "/", "_"))
}

func (d dirBlobs) Put(_ context.Context, key string, r io.Reader, size int64) error {
	f, err := os.Create(d.path(key))
	if err != nil {
		return err
	}
	defer f.Close()
	if n, err := io.Copy(f, r); err != nil || size >= 0 && n != size {
		return fmt.Errorf("put %d of %d bytes: %w", n, size, err)
	}
	return nil
}

func (d dirBlobs) Get(_ context.Context, key string) (io.ReadCloser, error) {
	return os.Open(d.path(key))
}
func (d dirBlobs) Delete(_ context.Context, key string) error { return os.Remove(d.path(key)) }

// openStream opens a real embedded stream.
func openStream(t testing.TB) *stream.Stream {
	t.Helper()
	s, err := stream.Open(t.Context(), stream.Config{
		Dir: t.TempDir(), Blobs: dirBlobs(t.TempDir()), Log: slog.New(slog.DiscardHandler), MaxBytes: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// consumeOne waits for the next message of a kind.
func consumeOne(t *testing.T, s *stream.Stream, kind stream.Kind) (stream.Message, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got stream.Message
	var body []byte
	var once sync.Once
	s.Consume(ctx, kind, stream.ConsumeOptions{Batch: 1}, func(ctx context.Context, ds []*stream.Delivery) error {
		for _, d := range ds {
			r, err := d.Open(ctx)
			if err != nil {
				return err
			}
			b, err := io.ReadAll(r)
			r.Close()
			if err != nil {
				return err
			}
			once.Do(func() { got, body = d.Message, b })
		}
		cancel()
		return nil
	})
	if body == nil {
		t.Fatalf("no message of kind %s", kind)
	}
	return got, body
}

// TestThroughRealStream: what is answered 200 comes out of the stream as it went in, small or
// large enough for the blob store.
func TestThroughRealStream(t *testing.T) {
	s := openStream(t)
	rl, err := New(Config{Keys: newTestKeys(), Publish: s, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(rl)
	defer srv.Close()
	large := bytes.Repeat([]byte("0123456789abcdef"), 300_000) // 4.8 MB
	body := fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n{\"type\":\"attachment\",\"filename\":\"f\",\"length\":%d}\n%s\n{\"type\":\"session\"}\n{}\n", idA, len(large), large)
	resp, err := http.Post(srv.URL+"/api/42/envelope/?sentry_key="+key42, "", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 200 || string(answer) != `{"id":"`+idA+`"}` {
		t.Fatalf("%d %s", resp.StatusCode, answer)
	}
	m, b := consumeOne(t, s, stream.KindEvent)
	env, err := envelope.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if m.EventID.String() != idA || m.Blob == "" || len(env.Items) != 2 || !bytes.Equal(env.Items[1].Payload, large) {
		t.Errorf("event %s, blob %q, %d items", m.EventID, m.Blob, len(env.Items))
	}
	m, b = consumeOne(t, s, stream.KindSession)
	if m.ProjectID != 42 || !strings.Contains(string(b), `"session"`) {
		t.Errorf("session %+v %s", m, b)
	}
	rl.outcomes.add(stream.Outcome{Minute: 60, ProjectID: 42, Category: "error", Outcome: outcomeInvalid, Reason: "test", Quantity: 2})
	rl.flushOutcomes(t.Context())
	if m, b = consumeOne(t, s, stream.KindReport); m.ProjectID != 0 || !strings.Contains(string(b), `"quantity":2`) {
		t.Errorf("outcomes %+v %s", m, b)
	}
}

// TestMemory: an envelope of 200 MiB costs less than 64 MiB of memory, and leaves no file.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	var size atomic.Int64
	e := newEdge(t, func(c *Config) {
		c.TempDir = dir
		c.Publish = publishFunc(func(_ context.Context, msgs ...*stream.Message) error {
			for _, m := range msgs {
				if m.Source == nil {
					continue
				}
				r, err := m.Source()
				if err != nil {
					return err
				}
				n, err := io.Copy(io.Discard, r)
				if n != m.Size {
					t.Errorf("source has %d bytes, Size says %d", n, m.Size)
				}
				size.Add(n)
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	const n = 199 << 20
	head := fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"event\"}\n{\"m\":%q}\n{\"type\":\"attachment\",\"filename\":\"f\",\"length\":%d}\n", idA, strings.Repeat("x", 900<<10), n)
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeroReader{}, n), strings.NewReader("\n"))
	r := httptest.NewRequest("POST", "/api/42/envelope/?sentry_key="+key42, struct{ io.Reader }{body})
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, peaked := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		for {
			select {
			case <-stop:
				peaked <- peak
				return
			case <-time.After(10 * time.Millisecond):
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}
	}()
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	close(stop)
	peak := <-peaked
	if w.Code != 200 || size.Load() < n {
		t.Errorf("%d %s, %d bytes published", w.Code, w.Body, size.Load())
	}
	if grown := int64(peak) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%d spill files are left", len(files))
	}
	for name, b := range map[string]*byteBudget{"memory": e.memory, "disk": e.disk, "bodies": e.bodies, "windows": e.decoders.windows} {
		full := map[string]int64{"memory": memoryBudget, "disk": diskBudget, "bodies": bodyBudget, "windows": windowBudget}[name]
		if b.left != full {
			t.Errorf("budget %s: %d of %d are left", name, b.left, full)
		}
	}
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type publishFunc func(context.Context, ...*stream.Message) error

func (f publishFunc) Publish(ctx context.Context, msgs ...*stream.Message) error {
	return f(ctx, msgs...)
}
func (publishFunc) Fill() float64 { return 0 }
func (publishFunc) Ready() error  { return nil }

// rawServer serves e on a real connection and returns its address.
func rawServer(t *testing.T, e *edge) string {
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	return c
}

// TestLyingLength: a body longer than its limit is refused by its Content-Length alone, and one
// shorter than it says publishes nothing.
func TestLyingLength(t *testing.T) {
	e := newEdge(t)
	addr := rawServer(t, e)
	c := dial(t, addr)
	fmt.Fprintf(c, "POST /api/42/envelope/?sentry_key=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n{}", key42)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 413 || !resp.Close {
		t.Errorf("%v %v", resp, err)
	}
	c = dial(t, addr)
	fmt.Fprintf(c, "POST /api/42/envelope/?sentry_key=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n%s", key42, anEvent())
	c.(*net.TCPConn).CloseWrite()
	if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil && resp.StatusCode != 400 {
		t.Errorf("%d", resp.StatusCode)
	}
	if n := len(e.pub.take()); n != 0 {
		t.Errorf("%d messages of half an envelope", n)
	}
}

// TestKeepAlive: after a small refusal the connection serves the next request.
func TestKeepAlive(t *testing.T) {
	e := newEdge(t)
	c := dial(t, rawServer(t, e))
	r := bufio.NewReader(c)
	for i, want := range []int{401, 200, 400, 200} {
		body, key := anEvent(), key42
		if want == 401 {
			key = ""
		}
		if want == 400 {
			body = "not json"
		}
		query := ""
		if key != "" {
			query = "?sentry_key=" + key
		}
		fmt.Fprintf(c, "POST /api/42/envelope/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", query, len(body), body)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		io.Copy(io.Discard, resp.Body)
		if resp.StatusCode != want {
			t.Errorf("request %d: %d, want %d", i, resp.StatusCode, want)
		}
	}
}

// TestPace: the deadline a slow body runs into.
func TestPace(t *testing.T) {
	start := time.Now()
	for _, c := range []struct {
		read int64
		want time.Duration
	}{{0, 5 * time.Second}, {4 << 10, 6 * time.Second}, {1 << 20, 60 * time.Second}, {8 << 20, 10 * time.Minute}} {
		w := &wireReader{start: start, read: c.read}
		if got := w.deadline().Sub(start); got != c.want {
			t.Errorf("after %d bytes: %v, want %v", c.read, got, c.want)
		}
	}
}

// TestSlowBody: one byte and then nothing is given up after the grace, with an answer.
func TestSlowBody(t *testing.T) {
	t.Parallel() // it waits
	e := newEdge(t)
	c := dial(t, rawServer(t, e))
	start := time.Now()
	fmt.Fprintf(c, "POST /api/42/envelope/?sentry_key=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{", key42)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); resp.StatusCode != 408 || took < 4*time.Second || took > 15*time.Second {
		t.Errorf("%d after %v", resp.StatusCode, took)
	}
}
