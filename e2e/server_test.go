package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv("HINDSIGHT_E2E") == "" {
		fmt.Println("e2e: skipped, needs the built binary: make e2e")
		return
	}
	os.Exit(m.Run())
}

func root(tb testing.TB) string {
	tb.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// binary is the shipped program under test: HINDSIGHT_BIN, else bin/hindsight.
func binary(tb testing.TB) string {
	tb.Helper()
	if bin := os.Getenv("HINDSIGHT_BIN"); bin != "" {
		return bin
	}
	return filepath.Join(root(tb), "bin", "hindsight")
}

// Server is a running bin/hindsight.
type Server struct {
	URL string // http://127.0.0.1:port
	Dir string // its data directory
	Out func() string

	env  []string
	cmd  *exec.Cmd
	done chan error
}

// start runs `hindsight serve` on a fresh data directory with more environment (HINDSIGHT_…=…).
// It is ended when the test ends; what it said is logged when the test failed.
func start(tb testing.TB, env ...string) *Server {
	tb.Helper()
	return startOn(tb, filepath.Join(tb.TempDir(), "data"), env...)
}

// startOn is start on a given data directory.
func startOn(tb testing.TB, dir string, env ...string) *Server {
	tb.Helper()
	s := &Server{Dir: dir, env: append(env, "HINDSIGHT_SENTRY_DSN="+complaints(tb))}
	s.run(tb, "127.0.0.1:0")
	tb.Cleanup(func() {
		s.stop()
		if tb.Failed() {
			tb.Logf("hindsight said:\n%s", s.Out())
		}
	})
	return s
}

// complaints is the DSN the server reports its own errors to: an error inside cannot pass unseen.
func complaints(tb testing.TB) string {
	tb.Helper()
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && bytes.Contains(body, []byte(`"type":"event"`)) {
			tb.Errorf("hindsight reported an error of its own:\n%s", body)
		}
		fmt.Fprint(w, "{}")
	}))
	tb.Cleanup(sink.Close)
	return strings.Replace(sink.URL, "http://", "http://0123456789abcdef0123456789abcdef@", 1) + "/1"
}

var readyLine = regexp.MustCompile(`ready at (http://\S+)`)

func (s *Server) run(tb testing.TB, listen string) {
	tb.Helper()
	s.cmd = exec.Command(binary(tb), "serve", "--listen", listen)
	s.cmd.Env = s.environ()
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	pipe, err := s.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	var mu sync.Mutex
	var said bytes.Buffer
	s.Out = func() string { mu.Lock(); defer mu.Unlock(); return said.String() }
	s.cmd.Stderr = writerFunc(func(p []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return said.Write(p) })
	if err := s.cmd.Start(); err != nil {
		tb.Fatalf("start hindsight (make build first): %v", err)
	}
	ready := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			line := lines.Text()
			mu.Lock()
			said.WriteString(line + "\n")
			mu.Unlock()
			if m := readyLine.FindStringSubmatch(line); m != nil {
				ready <- m[1]
			}
		}
	}()
	s.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(s.cmd, s.done)
	select {
	case s.URL = <-ready:
	case err := <-s.done:
		tb.Fatalf("hindsight ended before it was ready: %v\n%s", err, s.Out())
	case <-time.After(30 * time.Second):
		tb.Fatalf("hindsight is not ready after 30 s:\n%s", s.Out())
	}
}

func (s *Server) environ() []string {
	return append(append(os.Environ(), "HINDSIGHT_DATA_DIR="+s.Dir), s.env...)
}

// stop ends the server as an operator does.
func (s *Server) stop() {
	if s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(40 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}

// kill ends the server with SIGKILL.
func (s *Server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// again starts a stopped or killed server on the address it had.
func (s *Server) again(tb testing.TB) {
	tb.Helper()
	s.run(tb, strings.TrimPrefix(s.URL, "http://"))
}

// command runs another hindsight command beside the server and gives its trimmed output.
func (s *Server) command(tb testing.TB, args ...string) string {
	tb.Helper()
	cmd := exec.Command(binary(tb), args...)
	cmd.Env = append(s.environ(), "HINDSIGHT_BASE_URL="+s.URL)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("hindsight %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// API asks the server's API with a token that may read everything.
type API struct{ url, token string }

func (s *Server) api(tb testing.TB) *API {
	tb.Helper()
	return &API{url: s.URL, token: s.command(tb, "token", "create", "--scopes", "org:read,project:read,event:read,event:write,event:admin")}
}

// get decodes the answer to GET /api/0{path} into out and gives the next page's cursor, or "".
func (a *API) get(tb testing.TB, path string, out any) (next string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, a.url+"/api/0"+path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		tb.Fatalf("GET %s: %s: %s", path, res.Status, body)
	}
	if err := json.Unmarshal(body, out); err != nil {
		tb.Fatalf("GET %s: %v: %s", path, err, body)
	}
	if m := nextCursor.FindStringSubmatch(res.Header.Get("Link")); m != nil {
		return m[1]
	}
	return ""
}

var nextCursor = regexp.MustCompile(`rel="next"; results="true"; cursor="([^"]+)"`)

// until polls a condition; it fails the test when the deadline passes.
func until(tb testing.TB, within time.Duration, what string, cond func() bool) {
	tb.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		if time.Now().After(deadline) {
			tb.Fatalf("after %s still not: %s", within, what)
		}
		<-tick.C
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
