package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/store"
)

func TestTeamsAndMembers(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		do := func(method, path, body string, code int) response {
			t.Helper()
			r := w.do(w.acme.token, method, path, body)
			if r.Code != code {
				t.Fatalf("%s %s: %d %s, want %d", method, path, r.Code, r.Body, code)
			}
			return r
		}
		made := decode[api.Team](do("POST", org+"teams/", `{"name":"Payments"}`, 201))
		if made.Slug != "payments" || !made.IsMember || made.MemberCount != 1 {
			t.Errorf("%+v", made)
		}
		do("POST", org+"teams/", `{"name":"Payments"}`, 409)
		p := decode[api.ProjectDetail](do("POST", "/api/0/teams/acme/payments/projects/", `{"name":"Ledger","platform":"go"}`, 201))
		if len(p.Teams) != 1 || p.Teams[0].Slug != "payments" {
			t.Errorf("teams of a new project: %+v", p.Teams)
		}
		p = decode[api.ProjectDetail](do("POST", "/api/0/projects/acme/ledger/teams/web/", "", 201))
		if len(p.Teams) != 2 {
			t.Errorf("teams after giving: %+v", p.Teams)
		}
		if p = decode[api.ProjectDetail](do("DELETE", "/api/0/projects/acme/ledger/teams/payments/", "", 200)); len(p.Teams) != 1 || p.Teams[0].Slug != "web" {
			t.Errorf("teams after taking: %+v", p.Teams)
		}
		rows := decode[[]api.TeamWithProjects](w.get(org + "teams/?query=web"))
		if len(rows) != 1 || len(rows[0].Projects) != 1 || rows[0].Projects[0].Slug != "ledger" {
			t.Errorf("teams: %+v", rows)
		}

		ann := decode[api.OrganizationMemberDetail](do("POST", org+"members/", `{"email":"Ann@acme.example","orgRole":"member","teams":["web"]}`, 201))
		if !ann.Pending || !strings.Contains(ann.InviteLink, "/sign-in?token=") || !slices.Equal(ann.Teams, []string{"web"}) {
			t.Errorf("%+v", ann)
		}
		do("POST", org+"members/", `{"email":"ann@acme.example"}`, 409)
		do("POST", org+"members/", `{"email":"not an address"}`, 400)
		do("PUT", org+"members/"+ann.ID+"/", `{"orgRole":"boss"}`, 400)
		if d := decode[api.OrganizationMemberDetail](do("PUT", org+"members/"+ann.ID+"/", `{"orgRole":"manager","teamRoles":[{"teamSlug":"payments","role":"admin"}]}`, 200)); d.OrgRole != "manager" ||
			!slices.Equal(d.Teams, []string{"payments"}) || *d.TeamRoles[0].Role != "admin" || d.InviteLink != "" {
			t.Errorf("%+v", d)
		}
		do("PUT", org+"members/"+itoa(w.acme.owner.ID)+"/", `{"orgRole":"member"}`, 400) // the only owner
		do("DELETE", org+"members/"+itoa(w.acme.owner.ID)+"/", "", 400)
		do("DELETE", org+"members/"+ann.ID+"/", "", 204)
		do("GET", org+"members/"+ann.ID+"/", "", 404)
		do("DELETE", "/api/0/teams/acme/payments/", "", 204)
	})
}

// Nobody makes anybody mightier than they are themselves.
func TestRolesDoNotClimb(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	manager := w.user(w.acme.org, "manager@acme.example", store.RoleManager)
	as := w.session(manager)
	id := itoa(w.acme.member.ID)
	for _, c := range []struct {
		method, path, body string
		code               int
	}{
		{"PUT", org + "members/" + id + "/", `{"orgRole":"owner"}`, 403},
		{"POST", org + "members/", `{"email":"x@acme.example","orgRole":"owner"}`, 403},
		{"PUT", org + "members/" + itoa(w.acme.owner.ID) + "/", `{"orgRole":"member"}`, 403},
		{"DELETE", org + "members/" + itoa(w.user(w.acme.org, "owner2@acme.example", store.RoleOwner).ID) + "/", "", 403},
		{"PUT", org + "members/" + id + "/", `{"orgRole":"manager"}`, 200},
		{"POST", "/api/0/api-tokens/", `{"name":"t","scopes":["org:admin"]}`, 403},
		{"POST", org + "org-auth-tokens/", `{"name":"t","scopes":["org:admin"]}`, 403},
	} {
		if r := w.do(as, c.method, c.path, c.body); r.Code != c.code {
			t.Errorf("%s %s %s: %d %s, want %d", c.method, c.path, c.body, r.Code, r.Body, c.code)
		}
	}
	plain := w.session(w.user(w.acme.org, "plain@acme.example", store.RoleMember))
	if r := w.do(plain, "POST", org+"members/"+id+"/teams/web/", ""); r.Code != 403 {
		t.Errorf("a member put another into a team: %d %s", r.Code, r.Body)
	}
	if r := w.do(plain, "POST", org+"members/me/teams/web/", ""); r.Code != 201 {
		t.Errorf("a member could not join a team: %d %s", r.Code, r.Body)
	}
}

func TestTokens(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		as := w.session(w.acme.member)
		r := w.do(as, "POST", "/api/0/api-tokens/", `{"name":"mine","scopes":["event:read"]}`)
		mine := decode[api.APIToken](r)
		if r.Code != 201 || !strings.HasPrefix(mine.Token, "sntryu_") || mine.Organization != "acme" {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		if r := w.do(mine.Token, "GET", org+"issues/", ""); r.Code != 200 {
			t.Errorf("with the new token: %d %s", r.Code, r.Body)
		}
		if r := w.do(mine.Token, "POST", "/api/0/api-tokens/", `{"name":"child","scopes":["event:read"]}`); r.Code != 403 {
			t.Errorf("a token made a token: %d %s", r.Code, r.Body)
		}
		list := decode[[]api.APIToken](w.do(as, "GET", "/api/0/api-tokens/", ""))
		if len(list) != 1 || list[0].Token != "" || list[0].TokenLastCharacters != mine.Token[len(mine.Token)-4:] {
			t.Errorf("%+v", list)
		}
		if r := w.do(w.session(w.acme.owner), "DELETE", "/api/0/api-tokens/"+mine.ID+"/", ""); r.Code != 404 {
			t.Errorf("somebody else revoked it: %d", r.Code)
		}
		if r := w.do(as, "DELETE", "/api/0/api-tokens/"+mine.ID+"/", ""); r.Code != 204 {
			t.Errorf("revoke: %d %s", r.Code, r.Body)
		}
		if r := w.do(mine.Token, "GET", org+"issues/", ""); r.Code != 401 {
			t.Errorf("with a revoked token: %d", r.Code)
		}
		r = w.do(w.session(w.acme.owner), "POST", org+"org-auth-tokens/", `{"name":"ci"}`)
		if ci := decode[api.OrgAuthToken](r); r.Code != 201 || !strings.HasPrefix(ci.Token, "sntrys_") || !slices.Equal(ci.Scopes, []string{"org:ci"}) {
			t.Errorf("%d %s", r.Code, r.Body)
		}
	})
}
