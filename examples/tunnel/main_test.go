package main

import (
	"bufio"
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTunnel runs the example as a reader would, and sends through it.
func TestTunnel(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "tunnel")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	ln.Close()
	const key = "0123456789abcdef0123456789abcdef"
	app := exec.CommandContext(t.Context(), bin)
	app.Env = append(os.Environ(), "LISTEN="+address, "DATA_DIR="+t.TempDir(), "SENTRY_KEY="+key)
	app.Stderr = t.Output()
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { app.Process.Kill(); app.Wait() }()
	body := `{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","dsn":"http://` + key + `@` + address + "/1\"}\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n"
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
			t.Errorf("%d %s", resp.StatusCode, b)
		}
		break
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
