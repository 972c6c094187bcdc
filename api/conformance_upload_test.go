package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/store"
)

// TestUploadConformance is the end of the protocol's conformance list: what sentry-cli and the bundlers' plugins ask of
// the management API. TestReleaseAsSentryCLICallsIt and TestChunksAndAssembly go on from here; sentry-cli itself is run
// by package e2e.
func TestUploadConformance(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, w *world, ci string)
	}{
		{"127_info", func(t *testing.T, w *world, ci string) {
			got := decode[struct {
				Auth struct{ Scopes []string }
			}](w.as(ci, "GET", "/api/0/", "", 200))
			if len(got.Auth.Scopes) != 1 || got.Auth.Scopes[0] != "org:ci" {
				t.Errorf("scopes %v", got.Auth.Scopes)
			}
		}},
		{"128_chunk_upload", func(t *testing.T, w *world, ci string) {
			opts := decode[struct {
				HashAlgorithm string
				Compression   []string
				ChunkSize     int
			}](w.as(ci, "GET", chunkPath, "", 200))
			if opts.HashAlgorithm != "sha1" || opts.ChunkSize == 0 || strings.Join(opts.Compression, " ") != "gzip" {
				t.Errorf("options %+v", opts)
			}
			plain := "a chunk of a bundle"
			if r := w.form(ci, chunkPath, [3]string{"file_gzip", sum([]byte(plain)), gzipped(t, plain)}); r.Code != 200 {
				t.Errorf("a chunk: %d %s", r.Code, r.Body)
			}
			if r := w.form(ci, chunkPath, [3]string{"file_gzip", sum([]byte("another")), gzipped(t, plain)}); r.Code != 400 {
				t.Errorf("under a wrong hash: %d %s", r.Code, r.Body)
			}
		}},
		{"129_assemble", func(t *testing.T, w *world, ci string) {
			whole := bundleOf(t, map[string]string{"manifest.json": `{"files":{}}`})
			ask := `{"checksum":"` + sum(whole) + `","chunks":["` + sum(whole) + `"],"projects":["shop-web"]}`
			state := func(want string, missing int) {
				t.Helper()
				got := decode[struct {
					State         string
					MissingChunks []string
				}](w.as(ci, "POST", assemblePath, ask, 200))
				if got.State != want || len(got.MissingChunks) != missing {
					t.Errorf("assemble says %+v, want %s with %d missing", got, want, missing)
				}
			}
			state("not_found", 1)
			if r := w.form(ci, chunkPath, [3]string{"file", sum(whole), string(whole)}); r.Code != 200 {
				t.Fatalf("%d %s", r.Code, r.Body)
			}
			state("created", 0)
			w.assembled(sum(whole)) // which is the linker's work
			state("ok", 0)
			state("ok", 0)
		}},
		{"130_missing_chunks_is_always_there", func(t *testing.T, w *world, ci string) {
			for _, body := range []string{"bundle one", "bundle two"} {
				if body == "bundle two" {
					w.form(ci, chunkPath, [3]string{"file", sum([]byte(body)), body})
				}
				r := w.as(ci, "POST", assemblePath, `{"checksum":"`+sum([]byte(body))+`","chunks":["`+sum([]byte(body))+`"],"projects":["shop-web"]}`, 200)
				if !strings.Contains(r.Body.String(), `"missingChunks":[`) {
					t.Errorf("%s", r.Body)
				}
			}
		}},
		{"131_release_with_a_slash", func(t *testing.T, w *world, ci string) {
			const body = `{"version":"a@1/2","projects":["shop-web"]}`
			w.as(ci, "POST", releasesPath, body, 201)
			w.as(ci, "POST", releasesPath, body, 208)
			if got := decode[api.Release](w.as(ci, "GET", releasesPath+"a@1%2F2/", "", 200)); got.Version != "a@1/2" {
				t.Errorf("found as %q", got.Version)
			}
		}},
		{"132_commits_finalize_deploys", func(t *testing.T, w *world, ci string) {
			const path = releasesPath + "a@2/"
			w.as(ci, "POST", releasesPath, `{"version":"a@2","projects":["shop-web"]}`, 201)
			w.as(ci, "PUT", path, `{"projects":["shop-web"],"refs":[{"repository":"acme/shop","commit":"aaa"}],"commits":[{"id":"aaa","repository":"acme/shop","message":"pay","patch_set":[]}]}`, 200)
			w.as(ci, "PUT", path, `{"projects":["shop-web"],"dateReleased":"2026-11-01T10:06:00Z"}`, 200)
			w.as(ci, "POST", path+"deploys/", `{"environment":"production"}`, 201)
			got := decode[api.Release](w.as(ci, "GET", path, "", 200))
			if got.CommitCount != 1 || got.LastCommit.V.ID != "aaa" || got.DateReleased == nil || got.DeployCount != 1 || got.LastDeploy.V.Environment != "production" {
				t.Errorf("%+v", got)
			}
			if body := strings.TrimSpace(w.as(ci, "GET", path+"previous-with-commits/", "", 200).Body.String()); body != "{}" {
				t.Errorf("previous of the first: %s", body)
			}
		}},
		{"135_pages", func(t *testing.T, w *world, ci string) {
			for _, version := range []string{"p@1", "p@2", "p@3"} {
				w.as(ci, "POST", releasesPath, `{"version":"`+version+`","projects":["shop-web"]}`, 201)
			}
			seen := map[string]int{}
			for cursor, more := "", true; more; {
				r := w.as(ci, "GET", releasesPath+"?per_page=2&cursor="+url.QueryEscape(cursor), "", 200)
				var page []struct{ Version string }
				must(t, json.Unmarshal(r.Body.Bytes(), &page))
				for _, one := range page {
					seen[one.Version]++
				}
				more = strings.Contains(r.Header().Get("Link"), `rel="next"; results="true"`)
				cursor = cursorOf(t, r, "next")
			}
			if len(seen) < 4 || seen["p@1"] != 1 || seen["p@2"] != 1 || seen["p@3"] != 1 {
				t.Errorf("over the pages: %v", seen)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachWorld(t, func(t *testing.T, w *world) {
				ci, _, err := w.s.CreateToken(t.Context(), w.acme.org.Scope(), store.NewToken{Name: "ci", Scopes: []string{"org:ci"}})
				must(t, err)
				c.run(t, w, ci)
			})
		})
	}
}

const (
	releasesPath = "/api/0/organizations/acme/releases/"
	assemblePath = "/api/0/organizations/acme/artifactbundle/assemble/"
)

// as asks with a token, and wants a status.
func (w *world) as(token, method, path, body string, status int) response {
	w.t.Helper()
	r := w.do(token, method, path, body)
	if r.Code != status {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, r.Code, r.Body, status)
	}
	return r
}

// assembled is what the linker does with a bundle whose chunks are there.
func (w *world) assembled(checksum string) {
	w.t.Helper()
	ctx, scope := w.t.Context(), w.acme.org.Scope()
	a, err := w.s.ClaimAssembly(ctx, time.Minute)
	must(w.t, err)
	if a == nil {
		w.t.Fatal("there is nothing to assemble")
	}
	blob := store.ArtifactBlob(w.acme.org.ID, checksum)
	must(w.t, w.blobs.Put(ctx, blob, strings.NewReader("x"), 1))
	_, err = w.s.AddBundle(ctx, scope, store.BundleWrite{Projects: []int64{w.acme.web.ID}, Assembly: a.ID,
		Bundle: store.ArtifactBundle{Kind: store.BundleOfFiles, Identity: checksum, Blob: blob, Size: 1}})
	must(w.t, err)
}
