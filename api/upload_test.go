package api_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/store"
)

const mapID = "0f0f0f0f-1111-4222-8333-444444444444"

// uploads gives a tenant a bundle of one file and a debug file.
func (w *world) uploads(o *tenant) {
	w.t.Helper()
	ctx, scope, body := w.t.Context(), o.org.Scope(), "console.log(1)"
	blob := store.ArtifactBlob(o.org.ID, "test")
	must(w.t, w.blobs.Put(ctx, blob, strings.NewReader(body), int64(len(body))))
	b, err := w.s.AddBundle(ctx, scope, store.BundleWrite{Projects: []int64{o.web.ID}, Release: "shop@1.0.0",
		Bundle: store.ArtifactBundle{Kind: store.BundleOfFiles, Identity: "test", Blob: blob, Size: int64(len(body))},
		Files:  []store.ArtifactFile{{URL: "~/main.js", Type: store.FileMinified, DebugID: mapID, SHA1: "x", Size: int64(len(body)), Packed: int64(len(body))}}})
	must(w.t, err)
	files, err := w.s.BundleFiles(ctx, scope, o.web.ID, b.ID, store.Page{Limit: 1})
	must(w.t, err)
	must(w.t, w.s.AddDebugFiles(ctx, scope, o.web.ID, []store.DebugFile{{SHA1: "y", DebugID: mapID, ObjectName: "a", CPUName: "arm64", Format: "elf", Type: "dbg", Blob: blob}}, 0))
	debug, err := w.s.DebugFiles(ctx, scope, o.web.ID, "", store.Page{Limit: 1})
	must(w.t, err)
	o.bundle, o.file, o.debugFile = b.ID, files.Rows[0].ID, debug.Rows[0].ID
}

func sum(b []byte) string {
	s := sha1.Sum(b)
	return hex.EncodeToString(s[:])
}

// form sends a multipart body: name, file name and content of each part.
func (w *world) form(as, path string, parts ...[3]string) response {
	w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for _, p := range parts {
		var part interface{ Write([]byte) (int, error) }
		var err error
		if p[1] == "" {
			part, err = m.CreateFormField(p[0])
		} else {
			part, err = m.CreateFormFile(p[0], p[1])
		}
		must(w.t, err)
		_, err = part.Write([]byte(p[2]))
		must(w.t, err)
	}
	must(w.t, m.Close())
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://sentry.example:8000"+path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+as)
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	return response{rec, w.t}
}

func gzipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(s))
	must(t, err)
	must(t, z.Close())
	return b.String()
}

func bundleOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		f, err := z.Create(name)
		must(t, err)
		_, err = f.Write([]byte(text))
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

const chunkPath = "/api/0/organizations/acme/chunk-upload/"

// Conformance cases 128 to 130: chunks under their checksum, then assembling, with what is missing always said.
func TestChunksAndAssembly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ci, _, err := w.s.CreateToken(t.Context(), w.acme.org.Scope(), store.NewToken{Name: "ci", Scopes: []string{"org:ci"}})
		must(t, err)
		opts := decode[map[string]any](w.do(ci, "GET", chunkPath, ""))
		if opts["url"] != "http://sentry.example:8000"+chunkPath || opts["hashAlgorithm"] != "sha1" || opts["chunkSize"] != float64(8<<20) {
			t.Errorf("options: %v", opts)
		}
		whole := bundleOf(t, map[string]string{"manifest.json": `{"files":{}}`})
		one, two := whole[:50], whole[50:]
		body := `{"checksum":"` + sum(whole) + `","chunks":["` + sum(one) + `","` + sum(two) + `"],"projects":["shop-web"]}`
		const path = "/api/0/organizations/acme/artifactbundle/assemble/"
		state := func(want string, missing ...string) {
			t.Helper()
			r := w.do(ci, "POST", path, body)
			got := decode[struct {
				State         string
				MissingChunks []string
			}](r)
			if r.Code != 200 || got.State != want || strings.Join(got.MissingChunks, " ") != strings.Join(missing, " ") || !strings.Contains(r.Body.String(), `"missingChunks":[`) {
				t.Errorf("assemble: %d %s, want %s %v", r.Code, r.Body, want, missing)
			}
		}
		state("not_found", sum(one), sum(two))
		for what, part := range map[string][3]string{
			"another checksum": {"file", sum(two), string(one)}, "no checksum": {"file", "../x", "x"},
			"no gzip": {"file_gzip", sum(one), string(one)}, "cut gzip": {"file_gzip", sum(one), gzipped(t, string(one))[:20]},
			"too large": {"file", sum(one), strings.Repeat("x", 8<<20+1)},
		} {
			if r := w.form(ci, chunkPath, part); r.Code != 400 || decode[struct{ Detail string }](r).Detail == "" {
				t.Errorf("%s: %d %s", what, r.Code, r.Body)
			}
		}
		state("not_found", sum(one), sum(two))
		if r := w.form(ci, chunkPath, [3]string{"file", sum(one), string(one)}, [3]string{"file_gzip", sum(two), gzipped(t, string(two))}); r.Code != 200 || r.Body.Len() != 0 {
			t.Fatalf("upload: %d %s", r.Code, r.Body)
		}
		state("created")
		state("created")
		if r := w.form(ci, chunkPath); r.Code != 200 {
			t.Errorf("no parts: %d %s", r.Code, r.Body)
		}
		for what, body := range map[string]string{
			"no chunks":        `{"checksum":"` + sum(whole) + `","chunks":[],"projects":["shop-web"]}`,
			"no projects":      `{"checksum":"` + sum(whole) + `","chunks":["` + sum(one) + `"],"projects":[]}`,
			"a bad checksum":   `{"checksum":"../../x","chunks":["` + sum(one) + `"],"projects":["shop-web"]}`,
			"a bad chunk":      `{"checksum":"` + sum(whole) + `","chunks":["../x"],"projects":["shop-web"]}`,
			"dist, no version": `{"checksum":"` + sum(whole) + `","chunks":["` + sum(one) + `"],"projects":["shop-web"],"dist":"1"}`,
		} {
			if r := w.do(ci, "POST", path, body); r.Code != 400 {
				t.Errorf("%s: %d %s", what, r.Code, r.Body)
			}
		}
		if r := w.do(ci, "POST", path, strings.Replace(body, "shop-web", "nothing", 1)); r.Code != 404 {
			t.Errorf("a project that is not there: %d %s", r.Code, r.Body)
		}
	})
}

// What old clients do: a file of a release at a time.
func TestReleaseFiles(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const path = "/api/0/projects/acme/shop-web/releases/web%402%2F1/files/"
		parts := [][3]string{{"name", "", "~/app.js"}, {"dist", "", "7"}, {"header", "", "Sourcemap:app.js.map"}, {"file", "app.js", "let a"}}
		r := w.form(w.acme.token, path, parts...)
		type file struct {
			ID, Name, Dist, SHA1 string
			Size                 int64
			Headers              map[string]string
		}
		made := decode[file](r)
		if r.Code != 201 || made.Name != "~/app.js" || made.Dist != "7" || made.SHA1 != sum([]byte("let a")) || made.Size != 5 || made.Headers["Sourcemap"] != "app.js.map" {
			t.Fatalf("upload: %d %s", r.Code, r.Body)
		}
		if r := w.form(w.acme.token, path, parts...); r.Code != 409 {
			t.Errorf("the same again: %d %s", r.Code, r.Body)
		}
		list := decode[[]file](w.do(w.acme.token, "GET", path, ""))
		if len(list) != 1 || list[0].ID != made.ID || list[0].Dist != "7" {
			t.Errorf("list: %+v", list)
		}
		if r := w.do(w.acme.token, "GET", path+made.ID+"/?download=1", ""); r.Body.String() != "let a" || r.Header().Get("Content-Type") != "application/octet-stream" {
			t.Errorf("download: %d %s", r.Code, r.Body)
		}
		if list := decode[[]file](w.do(w.acme.token, "GET", strings.Replace(path, "projects/acme/shop-web", "organizations/acme", 1), "")); len(list) != 1 {
			t.Errorf("list of the organisation: %+v", list)
		}
		if r := w.do(w.acme.token, "DELETE", path+made.ID+"/", ""); r.Code != 204 {
			t.Errorf("delete: %d %s", r.Code, r.Body)
		}
		if list := decode[[]file](w.do(w.acme.token, "GET", path, "")); len(list) != 0 {
			t.Errorf("after the delete: %+v", list)
		}
		if r := w.form(w.acme.token, path, [3]string{"name", "", "x"}); r.Code != 400 {
			t.Errorf("without a file: %d %s", r.Code, r.Body)
		}
	})
}

// Deleting a bundle takes its rows and its bytes.
func TestDeleteBundle(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		path := "/api/0/projects/acme/shop-web/files/artifact-bundles/"
		if list := decode[[]map[string]any](w.do(w.acme.token, "GET", path, "")); len(list) != 1 || list[0]["fileCount"] != 1.0 {
			t.Fatalf("list: %v", list)
		}
		look := decode[[]map[string]any](w.do(w.acme.token, "GET", "/api/0/projects/acme/shop-web/artifact-lookup/?debug_id="+strings.ToUpper(mapID), ""))
		if len(look) != 1 || look[0]["resolved_with"] != "debug-id" {
			t.Errorf("look-up: %v", look)
		}
		if r := w.do(w.acme.token, "DELETE", path+itoa(w.acme.bundle)+"/", ""); r.Code != 204 {
			t.Fatalf("delete: %d %s", r.Code, r.Body)
		}
		if list := decode[[]map[string]any](w.do(w.acme.token, "GET", path, "")); len(list) != 0 {
			t.Errorf("after the delete: %v", list)
		}
		if _, err := w.blobs.Stat(t.Context(), store.ArtifactBlob(w.acme.org.ID, "test")); err == nil {
			t.Error("its bytes are still there")
		}
		if _, err := w.blobs.Stat(t.Context(), store.ArtifactBlob(w.other.org.ID, "test")); err != nil {
			t.Errorf("another organisation's bytes: %v", err)
		}
	})
}

// The uploads of a release go from all projects at once, and nobody else's.
func TestDeleteReleaseOfAllProjects(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		path := "/api/0/organizations/acme/files/source-maps/"
		if r := w.do(w.acme.token, "DELETE", path, ""); r.Code != 400 {
			t.Errorf("without a name: %d %s", r.Code, r.Body)
		}
		if r := w.do(w.acme.token, "DELETE", path+"?name=none", ""); r.Code != 404 {
			t.Errorf("of nothing: %d %s", r.Code, r.Body)
		}
		if r := w.do(w.acme.token, "DELETE", path+"?name=shop@1.0.0", ""); r.Code != 204 {
			t.Fatalf("delete: %d %s", r.Code, r.Body)
		}
		if list := decode[[]map[string]any](w.do(w.acme.token, "GET", "/api/0/projects/acme/shop-web/files/artifact-bundles/", "")); len(list) != 0 {
			t.Errorf("after the delete: %v", list)
		}
		if _, err := w.blobs.Stat(t.Context(), store.ArtifactBlob(w.other.org.ID, "test")); err != nil {
			t.Errorf("another organisation's bytes: %v", err)
		}
	})
}

// Debug files in one body: what is wrong with it is said. What comes of a good one is tested where there is a linker, in cmd/hindsight.
func TestDebugFilesInOneBody(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	path := "/api/0/projects/acme/shop-web/files/dsyms/"
	for what, parts := range map[string][][3]string{
		"no file": {{"name", "", "x"}}, "an empty one": {{"file", "a.zip", ""}}, "two": {{"file", "a.zip", "PK"}, {"file", "b.zip", "PK"}},
	} {
		if r := w.form(w.acme.token, path, parts...); r.Code != 400 || !strings.HasPrefix(decode[struct{ Detail string }](r).Detail, "file: ") {
			t.Errorf("%s: %d %s", what, r.Code, r.Body)
		}
	}
}
