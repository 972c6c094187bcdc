package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/api"
)

func TestOwnership(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const project = "/api/0/projects/acme/shop-api/"
		if o := decode[api.ProjectOwnership](w.get(project + "ownership/")); o.Raw != nil || !o.Fallthrough || o.AutoAssignment != "Turn off Auto-Assignment" || o.DateCreated != nil {
			t.Errorf("before: %+v", o)
		}
		put := func(body string, code int) response {
			t.Helper()
			r := w.do(w.acme.token, "PUT", project+"ownership/", body)
			if r.Code != code {
				t.Fatalf("%s: %d %s", body, r.Code, r.Body)
			}
			return r
		}
		raw := `path:*.go nobody@acme.example\npath:charge.* #web OWNER@acme.example\nurl:https://x #web\n`
		o := decode[api.ProjectOwnership](put(`{"raw":"`+raw+`","fallthrough":false,"autoAssignment":"Auto Assign to Issue Owner","codeownersAutoSync":true}`, 200))
		if o.Raw == nil || *o.Raw != strings.ReplaceAll(raw, `\n`, "\n") || o.Fallthrough || o.AutoAssignment != "Auto Assign to Issue Owner" || !o.CodeownersAutoSync || o.LastUpdated == nil {
			t.Errorf("after: %+v", o)
		}
		owners := decode[api.EventOwners](w.get(project + "events/" + eventA + "/owners/"))
		if len(owners.Owners) != 2 || owners.Owners[0].ID != itoa(w.acme.team) || owners.Owners[1].ID != itoa(w.acme.owner.ID) || *owners.Rule != "path:charge.*" || owners.Rules[0] != [2]string{"path", "charge.*"} {
			t.Errorf("owners: %+v", owners)
		}
		for _, bad := range []string{`{"raw":"path:a\nnonsense"}`, `{"autoAssignment":"Anybody"}`, `{"raw":"path:a #a\u0000"}`, `{"raw":"` + strings.Repeat("path:a #a\\n", 110_000) + `"}`} {
			if fields := decode[map[string]any](put(bad, 400)); fields["raw"] == nil && fields["autoAssignment"] == nil || fields["detail"] == nil {
				t.Errorf("%.40s: what is wrong is not said by field: %v", bad, fields)
			}
		}
		// A CODEOWNERS file of a large repository, which would not fit among the settings that relays hold.
		long := strings.Repeat(`codeowners:/src/checkout/*.go #web\n`, 4_900)
		if o := decode[api.ProjectOwnership](put(`{"raw":"`+long+`","autoAssignment":"Auto Assign to Suspect Commits"}`, 200)); o.Raw == nil || len(*o.Raw) < 150_000 || o.AutoAssignment != "Auto Assign to Suspect Commits" {
			t.Errorf("long rules: %v", o.AutoAssignment)
		}
		if p, err := w.s.Project(t.Context(), w.acme.org.Scope(), "shop-api"); err != nil || strings.Contains(p.Settings, "codeowners:") {
			t.Errorf("the rules are among the settings: %.100s %v", p.Settings, err)
		}
		if o := decode[api.ProjectOwnership](put(`{}`, 200)); o.Raw == nil || o.Fallthrough {
			t.Errorf("what was not given changed: %+v", o)
		}
		made := decode[api.CodeownersRules](w.do(w.acme.token, "POST", project+"ownership/codeowners/", `{"raw":"*.go @acme/web @bob\n"}`))
		if made.Raw != "codeowners:*.go #web\n" || len(made.Unknown) != 1 {
			t.Errorf("of CODEOWNERS: %+v", made)
		}
	})
}

func TestSuspectCommits(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const path = "/api/0/projects/acme/shop-api/events/" + eventA + "/committers/"
		if r := w.do(w.acme.token, "GET", path, ""); r.Code != 404 || !strings.Contains(r.Body.String(), "No Committers found") {
			t.Errorf("without commits: %d %s", r.Code, r.Body)
		}
		commit := func(id, name, file string) string {
			return `{"id":"` + id + `","repository":"acme/shop","author_name":"` + name + `","author_email":"` + name + `@acme.example","message":"m","patch_set":[{"path":"` + file + `","type":"M"}]}`
		}
		r := w.do(w.acme.token, "PUT", "/api/0/organizations/acme/releases/shop@1.0.0/", `{"commits":[`+commit("c4", "eve", "recharge.go")+","+commit("c3", "owner", "server/charge.go")+","+commit("c2", "bob", "server/charge.go")+","+commit("c1", "ann", "main.go")+`]}`)
		if r.Code != 200 {
			t.Fatalf("commits: %d %s", r.Code, r.Body)
		}
		got := decode[api.Committers](w.get(path))
		if len(got.Committers) != 1 || got.Committers[0].Author.ID != itoa(w.acme.owner.ID) || len(got.Committers[0].Commits) != 1 || got.Committers[0].Commits[0].ID != "c3" {
			t.Errorf("committers: %+v", got)
		}
		// The list says whose an issue may be, when it is asked to.
		if r := w.do(w.acme.token, "PUT", "/api/0/projects/acme/shop-api/ownership/", `{"raw":"codeowners:charge.go #web\n"}`); r.Code != 200 {
			t.Fatalf("ownership: %d %s", r.Code, r.Body)
		}
		type listed struct {
			ID     string
			Owners json.RawMessage
		}
		of := func(path string) map[string]string {
			out := map[string]string{}
			for _, i := range decode[[]listed](w.get(path)) {
				out[i.ID] = string(i.Owners)
			}
			return out
		}
		e := decode[struct{ GroupID string }](w.get("/api/0/projects/acme/shop-api/events/" + eventA + "/"))
		for id, owners := range of("/api/0/organizations/acme/issues/?query=&expand=owners&expand=inbox") {
			if id != e.GroupID {
				continue
			}
			var got []api.IssueOwner
			if err := json.Unmarshal([]byte(owners), &got); err != nil || len(got) != 2 || got[0].Type != "suspectCommit" || got[0].Owner != "user:"+itoa(w.acme.owner.ID) ||
				got[1].Type != "codeowners" || got[1].Owner != "team:"+itoa(w.acme.team) || got[1].DateAdded.IsZero() {
				t.Errorf("owners: %s", owners)
			}
		}
		if owners := of("/api/0/organizations/acme/issues/?query=")[e.GroupID]; owners != "" {
			t.Errorf("owners, not asked for: %s", owners)
		}
	})
}

// The old series of a project: an hour a point, the last one up to now.
func TestProjectStats(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const path = "/api/0/projects/acme/shop-api/stats/"
		for query, want := range map[string]int64{"": 3, "?stat=received&resolution=1d": 3, "?stat=generated": 3, "?stat=rejected": 0, "?stat=blacklisted&resolution=1h": 0} {
			total, last := int64(0), int64(0)
			list := decode[[][2]int64](w.get(path + query))
			for _, p := range list {
				if total += p[1]; p[0] <= last {
					t.Errorf("%s: the times do not rise: %v", query, list)
				}
				last = p[0]
			}
			if total != want || len(list) < 2 {
				t.Errorf("%s: %d in %d points, want %d: %v", query, total, len(list), want, list)
			}
		}
		for _, bad := range []string{"?stat=all", "?resolution=2h", "?since=5&resolution=10s", "?since=9999999999"} {
			if r := w.do(w.acme.token, "GET", path+bad, ""); r.Code != 400 {
				t.Errorf("%s: %d %s", bad, r.Code, r.Body)
			}
		}
	})
}
