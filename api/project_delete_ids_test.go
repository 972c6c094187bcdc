package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/api"
)

// ofProjects are the placeholders of things that are a project's.
var ofProjects = regexp.MustCompile(`\{(project|issue|event|replay|trace|segment|attachment|item|shortId|key|filter|version|bundle|file|rule|workflow|detector|monitor|job|note|tombstone|report)\}`)

// asks are routes whose ids stand in the query, and what each answers when there is nothing.
var asks = map[string]string{"listReplayLinks": `{"data":[]}`, "listReplayEventsMeta": `{"data":[]}`, "countReplays": `":0}`, "searchID": `{"data":[]}`,
	"getTrace": `[]`, "getTraceMeta": `"spansCount":0`, "updateIssues": "", "deleteIssues": ""}

// TestDeletedProjectsIDsAreNowhere asks every route that takes an id for what deleted projects had, before anything of it
// is purged: it is not there.
func TestDeletedProjectsIDsAreNowhere(t *testing.T) {
	routes := api.New(api.Config{BaseURL: &url.URL{Scheme: "http", Host: "h"}}).Routes()
	eachWorld(t, func(t *testing.T, w *world) {
		paths, n := map[string]string{}, 0
		for _, rt := range routes {
			_, asked := asks[rt.ID]
			if rt.Access == "public" || !asked && !ofProjects.MatchString(rt.Path) {
				continue
			}
			paths[rt.ID] = fill(rt, "acme", projectOf(rt.Path, w.acme), w.acme)
			if rt.Method == http.MethodGet {
				if r := w.do(w.acme.token, "GET", paths[rt.ID], ""); r.Code != 200 {
					continue // TestTenancy has its own word on it
				}
				n++
			}
		}
		if n < 90 {
			t.Fatalf("only %d things are there to be deleted", n)
		}
		for _, p := range []string{"shop-web", "shop-api"} {
			if r := w.do(w.acme.token, "DELETE", "/api/0/projects/acme/"+p+"/", ""); r.Code != 204 {
				t.Fatalf("%d %s", r.Code, r.Body)
			}
		}
		for _, rt := range routes {
			path, ok := paths[rt.ID]
			if !ok || rt.ID == "uploadReleaseFile" { // it makes something, of a release that may be new
				continue
			}
			r := w.do(w.acme.token, rt.Method, path, requests[rt.ID].body)
			nothing, asked := asks[rt.ID]
			if r.Code != 404 && !(asked && r.Code/100 == 2 && strings.Contains(r.Body.String(), nothing)) {
				t.Errorf("%s: %s %s: %d %.200s", rt.ID, rt.Method, path, r.Code, r.Body)
			}
		}
	})
}
