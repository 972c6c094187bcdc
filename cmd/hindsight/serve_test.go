package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// instance is a whole Hindsight inside the test.
type instance struct {
	url, dir string
	said     []string // stdout up to the line that says it is ready
	env      map[string]string
	stop     func() int
}

// serveForTest runs `hindsight serve` in this process until the test ends.
func serveForTest(t *testing.T, dir string, env ...string) *instance {
	t.Helper()
	return partForTest(t, "serve", dir, env...)
}

// partForTest runs `hindsight serve`, relay, linker or api.
func partForTest(t *testing.T, part, dir string, env ...string) *instance {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	out, in := io.Pipe()
	code := make(chan int, 1)
	s := &instance{dir: dir, env: map[string]string{"HINDSIGHT_DATA_DIR": dir}}
	for i := 0; i+1 < len(env); i += 2 {
		s.env[env[i]] = env[i+1]
	}
	go func() {
		code <- run(ctx, []string{part, "--listen", "127.0.0.1:0", "--log-level", "error"}, lookup(s.env), in, t.Output())
		in.Close()
	}()
	ended := false
	s.stop = func() int {
		if ended {
			return 0
		}
		ended = true
		cancel()
		return <-code
	}
	t.Cleanup(func() { s.stop() })
	ready := regexp.MustCompile(`ready at (http://\S+)`)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		s.said = append(s.said, lines.Text())
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			s.url = m[1]
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return s
		}
	}
	t.Fatalf("hindsight ended with %d: %q", <-code, s.said)
	return nil
}

// command runs another command on the same data directory and gives its output.
func (s *instance) command(t *testing.T, args ...string) string {
	t.Helper()
	var out strings.Builder
	if code := run(t.Context(), args, lookup(s.env), &out, t.Output()); code != 0 {
		t.Fatalf("hindsight %s: exit code %d", strings.Join(args, " "), code)
	}
	return strings.TrimSpace(out.String())
}

// post sends one event to a DSN and gives the status.
func post(t *testing.T, dsn string) int {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(fmt.Sprintf("http://%s/api%s/envelope/?sentry_key=%s", u.Host, u.Path, u.User.Username()), "",
		strings.NewReader("{\"event_id\":\"0a1b2c3d4e5f60718293a4b5c6d7e8f9\"}\n{\"type\":\"event\"}\n{\"message\":\"hello\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func get(t *testing.T, address, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// TestTwoInstances runs two whole servers in one process: nothing of one is the other's.
func TestTwoInstances(t *testing.T) {
	a, b := serveForTest(t, filepath.Join(t.TempDir(), "a")), serveForTest(t, filepath.Join(t.TempDir(), "b"))
	dsn := a.command(t, "project", "create", "only-in-a", "--platform", "go")
	if !strings.Contains(dsn, strings.TrimPrefix(a.url, "http://")) {
		t.Errorf("DSN %q does not lead to the running server at %s", dsn, a.url)
	}
	if got := post(t, dsn); got != http.StatusOK {
		t.Errorf("a new project's key is refused with %d right after its creation", got)
	}
	if got := post(t, strings.Replace(dsn, a.url[7:], b.url[7:], 1)); got != http.StatusForbidden {
		t.Errorf("the other server answers the key with %d, want 403", got)
	}

	token := a.command(t, "token", "create", "--scopes", "org:read,project:read,event:read")
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		status, body := get(t, a.url+"/api/0/projects/main/only-in-a/events/", token)
		if status == http.StatusOK && strings.Contains(body, "0a1b2c3d4e5f60718293a4b5c6d7e8f9") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the event is not in the API: %d %s", status, body)
		}
	}
	if got := a.command(t, "project", "list"); !strings.Contains(got, dsn) || !strings.Contains(got, "frontend") {
		t.Errorf("project list: %s", got)
	}
	if got := a.command(t, "doctor"); strings.Contains(got, "BAD") || !strings.Contains(got, a.url+" is ready") {
		t.Errorf("doctor: %s", got)
	}
}

// TestSecondStart keeps what the first start made, and the sign-in link is new until it was used.
func TestSecondStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first := serveForTest(t, dir)
	words := strings.Join(first.said, "\n")
	for _, want := range []string{"/sign-in?token=", "DSN of frontend:", "DSN of backend:"} {
		if !strings.Contains(words, want) {
			t.Errorf("the first start does not print %q:\n%s", want, words)
		}
	}
	if code := first.stop(); code != 0 {
		t.Fatalf("stopping gives exit code %d", code)
	}
	began := time.Now()
	second := serveForTest(t, dir)
	t.Logf("second start took %s", time.Since(began))
	keys := regexp.MustCompile(`http://([0-9a-f]{32})@`)
	if got, want := keys.FindAllString(strings.Join(second.said, "\n"), -1), keys.FindAllString(words, -1); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("second start has the keys %v, the first %v", got, want)
	}
}

func TestHealth(t *testing.T) {
	s := serveForTest(t, filepath.Join(t.TempDir(), "data"))
	for path, want := range map[string]string{
		"/healthz":                      "ok",
		"/readyz":                       "ready",
		"/metrics":                      "hindsight_stream_pending",
		"/api/relay/healthcheck/live/":  `{"is_healthy":true}`,
		"/api/relay/healthcheck/ready/": `{"is_healthy":true}`,
		"/api/0/relays/live/":           `{"is_healthy":true}`,
		"/issues":                       "<!doctype html>",
	} {
		status, body := get(t, s.url+path, "")
		if status != http.StatusOK || !strings.Contains(strings.ToLower(body), want) {
			t.Errorf("%s: %d %.200s, want %q in it", path, status, body, want)
		}
	}
	if status, _ := get(t, s.url+"/api/0/organizations/", ""); status != http.StatusUnauthorized {
		t.Errorf("a stranger's API call is answered with %d, want 401", status)
	}
}

// TestInternalAddress keeps the metrics off the public address, and ends with the server.
func TestInternalAddress(t *testing.T) {
	s := serveForTest(t, filepath.Join(t.TempDir(), "data"), "HINDSIGHT_INTERNAL_LISTEN", "127.0.0.1:0")
	if _, body := get(t, s.url+"/metrics", ""); strings.Contains(body, "hindsight_stream") {
		t.Error("the public address tells the metrics although there is an internal one")
	}
	if code := s.stop(); code != 0 {
		t.Errorf("stopping gives exit code %d", code)
	}
}
