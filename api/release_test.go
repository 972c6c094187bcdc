package api_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/store"
)

// What sentry-cli sends, in its order: new, set-commits, deploys new, finalize, delete (protocol.md §14.2).
func TestReleaseAsSentryCLICallsIt(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ci, _, err := w.s.CreateToken(t.Context(), w.acme.org.Scope(), store.NewToken{Name: "ci", Scopes: []string{"org:ci"}})
		must(t, err)
		const org = "/api/0/organizations/acme/releases/"
		version := "@acme/shop@2.0.0-rc.1+7"
		path := org + url.PathEscape(version) + "/"
		send := func(method, path, body string, code int) response {
			t.Helper()
			r := w.do(ci, method, path, body)
			if r.Code != code {
				t.Fatalf("%s %s: %d %s, want %d", method, path, r.Code, r.Body, code)
			}
			return r
		}
		send("GET", path, "", 404)
		made := decode[api.Release](send("POST", org, `{"version":"`+version+`","projects":["shop-web"],"url":"http://ci.example/1"}`, 201))
		again := decode[api.Release](send("POST", org, `{"version":"`+version+`","projects":["shop-web",`+itoa(w.acme.api.ID)+`]}`, 208))
		if made.ID != again.ID || len(again.Projects) != 2 || *again.URL != "http://ci.example/1" || again.ShortVersion != "2.0.0-rc.1+7" || *again.VersionInfo.Package != "@acme/shop" || again.VersionInfo.Version.V.Major != 2 {
			t.Errorf("made again: %+v", again)
		}
		set := decode[api.Release](send("PUT", path, `{"projects":["shop-web"],"refs":[{"repository":"acme/shop","commit":"aaa","previousCommit":null}],"commits":[
			{"id":"aaa","repository":"acme/shop","author_name":"Own","author_email":"owner@acme.example","timestamp":"2026-11-01T10:00:00+01:00","message":"pay","patch_set":[{"path":"pay.go","type":"M"}]},
			{"id":"bbb","repository":"acme/shop","author_name":"Bob","author_email":"bob@x.example","timestamp":"2026-11-01T08:00:00Z","message":"cart","patch_set":[]}]}`, 200))
		if set.CommitCount != 2 || set.LastCommit.V.ID != "aaa" || len(set.Authors) != 2 || set.Authors[0].ID != itoa(w.acme.owner.ID) || set.Authors[1].ID != "" {
			t.Errorf("with commits: %+v", set)
		}
		var commits []map[string]any
		must(t, json.Unmarshal(send("GET", path+"commits/", "", 200).Body.Bytes(), &commits))
		if len(commits) != 2 || commits[1]["id"] != "bbb" || commits[0]["dateCreated"] != "2026-11-01T09:00:00Z" {
			t.Errorf("commits = %v", commits)
		}
		if body := strings.TrimSpace(send("GET", path+"previous-with-commits/", "", 200).Body.String()); body != "{}" {
			t.Errorf("previous of the first = %s", body)
		}
		send("POST", path+"deploys/", `{"environment":"production","name":"d1","dateStarted":"2026-11-01T10:00:00Z","dateFinished":"2026-11-01T10:05:00Z"}`, 201)
		final := decode[api.Release](send("POST", org, `{"version":"`+version+`","projects":["shop-web"],"dateReleased":"2026-11-01T10:06:00Z"}`, 208))
		if final.DateReleased == nil || final.DeployCount != 1 || final.LastDeploy.V.Environment != "production" || final.CommitCount != 2 {
			t.Errorf("finalized: %+v", final)
		}
		if r := w.get("/api/0/projects/acme/shop-web/releases/latest/"); !strings.Contains(r.Body.String(), "acme@1.0.0") {
			t.Errorf("latest of the project: %s", r.Body)
		}
		if repos := w.get("/api/0/organizations/acme/repos/").Body.String(); !strings.Contains(repos, `"provider":{"id":"manual"`) {
			t.Errorf("repositories: %s", repos)
		}
		issue := decode[api.IssueDetail](w.get("/api/0/organizations/acme/issues/" + itoa(w.acme.issue) + "/"))
		if issue.FirstRelease.V.Version != "shop@1.0.0" || issue.FirstRelease.V.NewGroups != 1 || issue.LastRelease.V.FirstEvent == nil {
			t.Errorf("releases of the issue: %+v", issue.FirstRelease.V)
		}
		send("DELETE", path, "", 204)
		send("DELETE", path, "", 404)
		for _, bad := range []string{`{"version":"a\\b","projects":["shop-web"]}`, `{"version":"a"}`, `{"version":"a","projects":["nope"]}`, `{"version":"a","projects":["shop-web"],"dateReleased":"yesterday"}`,
			`{"version":"a","projects":["shop-web"],"commits":[{"id":""}]}`} {
			send("POST", org, bad, 400)
		}
	})
}

// What a release's commits say they fix is listed as resolved by it; an archived release is named without projects, and refs
// that are empty take its commits back.
func TestReleaseResolves(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const org = "/api/0/organizations/acme/releases/"
		i := decode[api.IssueDetail](w.get("/api/0/organizations/acme/issues/" + itoa(w.acme.issue) + "/"))
		send := func(method, path, body string, code int) response {
			t.Helper()
			r := w.do(w.acme.token, method, path, body)
			if r.Code != code {
				t.Fatalf("%s %s: %d %s, want %d", method, path, r.Code, r.Body, code)
			}
			return r
		}
		send("POST", org, `{"version":"shop@9","projects":["`+i.Project.Slug+`"],"commits":[{"id":"aaa","repository":"r","message":"Fixes `+i.ShortID+`"}]}`, 201)
		for _, path := range []string{org + "shop@9/resolved/", "/api/0/projects/acme/" + i.Project.Slug + "/releases/shop@9/resolved/"} {
			if got := decode[[]api.Issue](send("GET", path, "", 200)); len(got) != 1 || got[0].ID != i.ID || got[0].Status != "resolved" || got[0].StatusDetails["inRelease"] != "shop@9" {
				t.Errorf("%s: %+v", path, got)
			}
		}
		if got := decode[[]api.Issue](send("GET", org+"shop@1.0.0/resolved/", "", 200)); len(got) != 0 {
			t.Errorf("resolved by another release: %+v", got)
		}
		send("POST", org, `{"version":"shop@9","status":"archived"}`, 208)
		send("POST", org, `{"version":"shop@10","status":"archived"}`, 400)
		if r := decode[api.Release](send("PUT", org+"shop@9/", `{"refs":[]}`, 200)); r.CommitCount != 0 || r.Status != "archived" {
			t.Errorf("cleared: %+v", r)
		}
		send("PUT", "/api/0/organizations/acme/issues/"+i.ID+"/", `{"assignedTo":"user:`+itoa(w.acme.owner.ID)+`"}`, 200)
		if who := decode[[]api.User](w.get("/api/0/organizations/acme/issues/" + i.ID + "/participants/")); !slices.ContainsFunc(who, func(u api.User) bool { return u.ID == itoa(w.acme.owner.ID) }) {
			t.Errorf("participants: %+v", who)
		}
		points := decode[[]api.Point](w.get("/api/0/organizations/acme/issues/" + i.ID + "/stats/?since=" + itoa(i.FirstSeen.Unix()) + "&until=" + itoa(i.FirstSeen.Unix()+7200)))
		if len(points) != 3 || points[0][1] == 0 {
			t.Errorf("stats: %v", points)
		}
		send("GET", "/api/0/organizations/acme/issues/"+i.ID+"/stats/?since=1&until=1795168381", "", 400)
		if p := decode[api.ProjectDetail](send("PUT", "/api/0/projects/acme/shop-web/", `{"resolveAge":168}`, 200)); p.ResolveAge != 168 {
			t.Errorf("resolveAge %d", p.ResolveAge)
		}
		send("PUT", "/api/0/projects/acme/shop-web/", `{"resolveAge":-1}`, 400)
	})
}
