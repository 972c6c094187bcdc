package main

import (
	"bufio"
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
)

const key = "0123456789abcdef0123456789abcdef"

// server is what stands behind the tunnel.
func server(t *testing.T) (dsn string, got <-chan string) {
	events := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		env, err := envelope.Parse(b)
		if err != nil {
			t.Errorf("%q: %v", b, err)
			return
		}
		for _, it := range env.Items {
			events <- r.URL.Path + " " + string(it.Payload)
		}
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http://", "http://"+key+"@", 1) + "/1", events
}

// TestTunnel runs the example as a reader would, in a module of its own, and sends through it.
func TestTunnel(t *testing.T) {
	dir := t.TempDir()
	src, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	_, requires, _ := strings.Cut(string(ours), "\nrequire")
	const module = "github.com/hindsight-dev/hindsight"
	mod := fmt.Sprintf("module example.com/shop\n\ngo 1.26.0\n\nrequire %s v0.0.0\n\nreplace %s => %s\n\nrequire%s", module, module, root, requires)
	for name, b := range map[string][]byte{"main.go": src, "go.mod": []byte(mod), "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bin := filepath.Join(dir, "tunnel")
	build := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-o", bin, ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	ln.Close()
	dsn, got := server(t)
	app := exec.CommandContext(t.Context(), bin)
	app.Env = append(os.Environ(), "LISTEN="+address, "DATA_DIR="+t.TempDir(), "SENTRY_DSN="+dsn)
	app.Stderr = t.Output()
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { app.Process.Kill(); app.Wait() }()
	body := `{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","dsn":"` + dsn + "\"}\n{\"type\":\"event\"}\n{\"message\":\"m\",\"extra\":{\"password\":\"hunter2\"}}\n"
	for start := time.Now(); ; <-time.After(20 * time.Millisecond) {
		resp, err := http.Post("http://"+address+"/errors", "text/plain", strings.NewReader(body))
		if err != nil {
			if time.Since(start) > 30*time.Second {
				t.Fatal(err)
			}
			continue
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || !bytes.Contains(b, []byte("9ec79c33ec9942ab8353589fcb2e04dc")) {
			t.Fatalf("%d %s", resp.StatusCode, b)
		}
		break
	}
	select {
	case event := <-got:
		if !strings.HasPrefix(event, `/api/1/envelope/ {"message":"m","extra":{"password":"[Filtered]"}`) {
			t.Errorf("the server got %s", event)
		}
	case <-time.After(30 * time.Second):
		t.Error("the server got nothing")
	}
}

// TestUnder30Lines: that is the promise of the example.
func TestUnder30Lines(t *testing.T) {
	src, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "main.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	code := 0
	lines := bufio.NewScanner(bytes.NewReader(src))
	for n := 1; lines.Scan(); n++ {
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
				continue
			}
			if s := strings.TrimSpace(lines.Text()); s != "" && set.Position(d.Pos()).Line <= n && n <= set.Position(d.End()).Line {
				code++
			}
		}
	}
	if code == 0 || code >= 30 {
		t.Errorf("%d lines of code", code)
	}
}
