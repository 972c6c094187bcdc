package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// TestImportEnvelopes: times stay however old, whatever way the files are packed; again changes nothing.
func TestImportEnvelopes(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	write := func(name string, b []byte) {
		t.Helper()
		path := filepath.Join(files, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	event := func(n int, sentAt, at string) []byte {
		id := fmt.Sprintf("%032x", n)
		payload := fmt.Sprintf(`{"event_id":%q,"message":"old news","timestamp":%q,"extra":{"password":"hunter2"}}`, id, at)
		return fmt.Appendf(nil, "{\"event_id\":%q%s,\"dsn\":\"https://0123456789abcdef0123456789abcdef@other.example/77\"}\n{\"type\":\"event\",\"length\":%d}\n%s\n", id, sentAt, len(payload), payload)
	}
	write("a.envelope", event(1, `,"sent_at":"2024-02-03T04:05:07Z"`, "2024-02-03T04:05:06Z"))
	write("deep/er/b.body", event(2, "", "2019-01-02T03:04:05Z"))
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	zw.Write(event(3, `,"sent_at":"2023-02-03T04:05:07Z"`, "2023-02-03T04:05:06Z"))
	zw.Close()
	write("c.body", packed.Bytes())
	write("notes.txt", []byte("not an envelope\n"))
	write("c.http.json", []byte("{\n  \"method\": \"POST\"\n}\n"))

	var out, errs bytes.Buffer
	command := func(args ...string) int {
		out.Reset()
		errs.Reset()
		return run(t.Context(), args, lookup(map[string]string{"HINDSIGHT_DATA_DIR": dir}), &out, &errs)
	}
	if code := command("import", "envelopes", files, "--project", "shop"); code == 0 || !strings.Contains(errs.String(), "running server") {
		t.Errorf("without a server: %d %s", code, errs.String())
	}
	s := serveForTest(t, dir)
	s.command(t, "project", "create", "shop", "--platform", "go")
	if code := command("import", "envelopes", files, "--project", "nope"); code == 0 || !strings.Contains(errs.String(), `no project "nope"`) {
		t.Errorf("no such project: %d %s", code, errs.String())
	}
	for range 2 {
		if code := command("import", "envelopes", files, "--project", "shop"); code != 0 || out.String() != "3 taken, 0 refused, 0 limited, 2 files that are no envelopes\n" {
			t.Fatalf("%d %q %q", code, out.String(), errs.String())
		}
	}
	write("broken.envelope", []byte("{}\n{\"type\":\"event\",\"length\":99}\n{}\n"))
	if code := command("import", "envelopes", files, "--project", "shop"); code == 0 || !strings.Contains(errs.String(), "broken.envelope: refused with 400") || !strings.HasPrefix(out.String(), "3 taken, 1 refused") {
		t.Errorf("with a broken one: %d %q %q", code, out.String(), errs.String())
	}

	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "hindsight.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n, seen int
	var first, last int64
	eventually(t, 30*time.Second, "the events are stored, each once", func() bool {
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*), COALESCE(MIN(timestamp_ms), 0), COALESCE(MAX(timestamp_ms), 0) FROM events").Scan(&n, &first, &last); err != nil {
			t.Fatal(err)
		}
		return n == 3
	})
	if time.UnixMilli(first).UTC().Format(time.RFC3339) != "2019-01-02T03:04:05Z" || time.UnixMilli(last).UTC().Format(time.RFC3339) != "2024-02-03T04:05:06Z" {
		t.Errorf("the events are of %v to %v", time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC())
	}
	if err := db.QueryRowContext(t.Context(), "SELECT SUM(times_seen) FROM issues").Scan(&seen); err != nil || seen != 3 {
		t.Errorf("the issue was seen %d times, %v", seen, err)
	}
	// Nobody but the machine's own may write into the past.
	res, err := http.Post(s.url+"/import?key=x", "", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode == http.StatusOK {
		t.Error("the import is open to the net")
	}
}
