package e2e

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A source map of 212 MB, uploaded in pieces, maps a frame; one over the bound is refused with a sentence. The server does not
// take their size in memory for either.
func TestLargeSourceMap(t *testing.T) {
	s := start(t)
	dsn := s.command(t, "project", "create", "large", "--platform", "javascript")
	up := &API{url: s.URL, token: s.command(t, "token", "create", "--scopes", "project:releases,project:read,event:read")}
	sendError(t, dsn, "warm up") // what a first event brings along for good is not what is measured
	const debugID = "0f0f0f0f-1111-4222-8333-444444444444"

	before := s.resetPeak(t)
	if st := up.bundle(t, largeBundle(t, debugID, 212<<20)); st.State != "ok" {
		t.Fatalf("the upload: %+v", st)
	}
	assembled := s.memory(t, "VmHWM") - before
	before = s.resetPeak(t)
	id := newID()
	sendEvent(t, dsn, id, `"platform":"javascript","debug_meta":{"images":[{"type":"sourcemap","code_file":"https://shop.example/app.js","debug_id":"`+debugID+`"}]},`+
		`"exception":{"values":[{"type":"Error","value":"declined","stacktrace":{"frames":[{"abs_path":"https://shop.example/app.js","function":"e","lineno":1,"colno":4001,"in_app":true}]}}]}`)
	var got mappedEvent
	var stored []struct{ EventID string }
	until(t, time.Minute, "the event is stored", func() bool {
		up.get(t, "/projects/main/large/events/", &stored)
		return slices.ContainsFunc(stored, func(e struct{ EventID string }) bool { return e.EventID == id })
	})
	until(t, time.Minute, "its frame is looked up", func() bool { // a bundle is known to who stores events some seconds after it is taken
		got = mappedEvent{}
		up.get(t, "/projects/main/large/events/"+id+"/", &got)
		return got.Entries[0].Data.Values[0].Stacktrace.Frames[0].Filename != "/app.js"
	})
	mapped := s.memory(t, "VmHWM") - before
	t.Logf("memory grew by %d MiB over the upload, by %d MiB over the mapping", assembled>>20, mapped>>20)
	frame := got.Entries[0].Data.Values[0].Stacktrace.Frames[0]
	if frame.Filename != "src/file1000.ts" || frame.LineNo != 3 || len(frame.Context) == 0 {
		t.Errorf("frame %+v", frame)
	}

	before = s.resetPeak(t)
	st := up.bundle(t, largeBundle(t, debugID, 257<<20))
	refused := s.memory(t, "VmHWM") - before
	if st.State != "error" || !strings.Contains(st.Detail, "256 MiB") {
		t.Errorf("a map over the bound: %+v", st)
	}
	for what, grown := range map[string]int64{"putting the upload together": assembled, "mapping": mapped, "refusing": refused} {
		if grown > 96<<20 {
			t.Errorf("%s took %d MiB of memory", what, grown>>20)
		}
	}
}

// largeBundle is an archive of a map that has a source for every mapping, and enough text to be of a size.
func largeBundle(t *testing.T, debugID string, size int) []byte {
	t.Helper()
	const sources = 2000
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	add := func(name string) io.Writer {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	fmt.Fprintf(add("manifest.json"), `{"files":{"files/_/_/app.js.map":{"type":"source_map","url":"~/app.js.map","headers":{"debug-id":%q}}}}`, debugID)
	w := add("files/_/_/app.js.map")
	names := make([]string, sources)
	for i := range names {
		names[i] = fmt.Sprintf("src/file%d.ts", i)
	}
	list, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	// The source goes on by one and the column by four with each mapping; all are of the third line.
	fmt.Fprintf(w, `{"version":3,"sources":%s,"mappings":"AAEA%s","sourcesContent":[`, list, strings.Repeat(",ICAA", sources-1))
	line := "line of a source with some text in it, 0123456789 "
	for i := range sources {
		fmt.Fprintf(w, `%s"`, strings.Repeat(",", min(i, 1)))
		for n, at := 0, 0; at < size/sources; n++ {
			wrote, _ := fmt.Fprintf(w, `%s %d of %d\n`, line, n*n, i)
			at += wrote
		}
		fmt.Fprint(w, `"`)
	}
	fmt.Fprint(w, "]}")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type assembly struct{ State, Detail string }

// bundle uploads an archive in pieces, as sentry-cli does, and waits for what becomes of it.
func (a *API) bundle(t *testing.T, body []byte) (st assembly) {
	t.Helper()
	sum := func(b []byte) string { s := sha1.Sum(b); return hex.EncodeToString(s[:]) }
	var chunks []string
	for rest := body; len(rest) > 0; {
		part := rest[:min(len(rest), 8<<20)]
		rest = rest[len(part):]
		chunks = append(chunks, sum(part))
		var form bytes.Buffer
		m := multipart.NewWriter(&form)
		w, err := m.CreateFormFile("file", sum(part))
		if err == nil {
			_, err = w.Write(part)
		}
		if err != nil || m.Close() != nil {
			t.Fatal(err)
		}
		a.post(t, "/organizations/main/chunk-upload/", m.FormDataContentType(), &form)
	}
	ask := map[string]any{"checksum": sum(body), "chunks": chunks, "projects": []string{"large"}}
	until(t, 2*time.Minute, "the upload is put together", func() bool {
		a.send(t, http.MethodPost, "/organizations/main/artifactbundle/assemble/", ask, http.StatusOK, &st)
		return st.State == "ok" || st.State == "error"
	})
	return st
}

// post posts a body of any type.
func (a *API) post(t *testing.T, path, contentType string, body io.Reader) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url+"/api/0"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", contentType)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("POST %s: %s", path, res.Status)
	}
}

// memory is a number of the server's /proc/<pid>/status, in bytes.
func (s *Server) memory(t *testing.T, name string) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(name + `:\s*(\d+) kB`).FindSubmatch(b)
	if m == nil {
		t.Fatalf("no %s", name)
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n << 10
}

// resetPeak lets the peak of memory begin anew, from what is held now, which it returns.
func (s *Server) resetPeak(t *testing.T) int64 {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	return s.memory(t, "VmRSS")
}
