package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	oidcwords "github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/api/oidc"
	"github.com/hindsight-dev/hindsight/internal/outbound"
	"github.com/hindsight-dev/hindsight/store"
)

const backTo = "http://sentry.example:8000/sign-in/oidc"

// people are those whom a test's provider knows, by their user name there.
type people map[string]*storage.User

func (p people) GetUserByUsername(name string) *storage.User { return p[name] }
func (p people) ExampleClientID() string                     { return storage.ServiceUserID }
func (p people) GetUserByID(id string) *storage.User {
	for _, u := range p {
		if u.ID == id {
			return u
		}
	}
	return nil
}

// idp is a running OpenID Connect provider.
type idp struct {
	t *testing.T
	*httptest.Server
}

func startIDP(t *testing.T, users people) *idp {
	t.Helper()
	for name, u := range users {
		u.Username, u.Password = name, "at the provider"
	}
	srv := httptest.NewUnstartedServer(nil)
	issuer := "http://" + srv.Listener.Addr().String()
	clients := map[string]*storage.Client{"hindsight": storage.WebClient("hindsight", "secret of the client", backTo)}
	srv.Config.Handler = exampleop.SetupServer(issuer, storageWithGroups{storage.NewStorageWithClients(users, clients)}, nil, false)
	srv.Start()
	t.Cleanup(srv.Close)
	return &idp{t, srv}
}

// storageWithGroups tells of some people in which groups they are.
type storageWithGroups struct{ *storage.Storage }

// groupsOf are the groups of people by their id at the provider.
var groupsOf = map[string][]any{"5": {"Engineering", "everyone"}, "6": {"everyone"}, "7": {"Engineering"}}

func (s storageWithGroups) SetUserinfoFromToken(ctx context.Context, info *oidcwords.UserInfo, tokenID, subject, origin string) error {
	if groups := groupsOf[subject]; groups != nil {
		info.AppendClaims("groups", groups)
	}
	return s.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin)
}

// signIn is what a person does at the provider, from the address that they were sent to until the provider
// sends them back: it gives the code and the state.
func (p *idp) signIn(address, name string) (code, state string) {
	p.t.Helper()
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), backTo) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page, err := client.Get(address)
	must(p.t, err)
	page.Body.Close()
	form := url.Values{"username": {name}, "password": {"at the provider"}, "id": {page.Request.URL.Query().Get("authRequestID")}}
	done, err := client.PostForm(p.URL+"/login/username", form)
	must(p.t, err)
	done.Body.Close()
	back, err := url.Parse(done.Header.Get("Location"))
	must(p.t, err)
	if back.Query().Get("code") == "" {
		p.t.Fatalf("the provider did not send %s back: %d %s", name, done.StatusCode, back)
	}
	return back.Query().Get("code"), back.Query().Get("state")
}

func (p *idp) provider() *oidc.Provider {
	return oidc.New(oidc.Config{Issuer: p.URL, ClientID: "hindsight", ClientSecret: "secret of the client", RedirectURL: backTo,
		HTTP: outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})})
}

// browser keeps the cookies of one.
type browser struct {
	w   *world
	jar map[string]string
}

func (b *browser) post(path string, body any) response {
	b.w.t.Helper()
	text, err := json.Marshal(body)
	must(b.w.t, err)
	r := httptest.NewRequestWithContext(b.w.t.Context(), "POST", path, bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	for name, value := range b.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := httptest.NewRecorder()
	b.w.h.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if b.jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.jar, c.Name)
		}
	}
	return response{rec, b.w.t}
}

func (b *browser) begin(link bool) string {
	b.w.t.Helper()
	r := b.post("/api/0/auth/oidc/", map[string]any{"link": link, "next": "/issues/"})
	if r.Code != 200 {
		b.w.t.Fatalf("begin: %d %s", r.Code, r.Body)
	}
	return decode[struct{ URL string }](r).URL
}

func (b *browser) finish(code, state string) response {
	b.w.t.Helper()
	return b.post("/api/0/auth/oidc/finish/", map[string]any{"code": code, "state": state})
}

// through signs a person in, or links them.
func (b *browser) through(p *idp, name string, link bool) response {
	b.w.t.Helper()
	code, state := p.signIn(b.begin(link), name)
	return b.finish(code, state)
}

func (r response) refused(code int, words string) {
	r.t.Helper()
	if detail := decode[struct{ Detail string }](r).Detail; r.Code != code || !strings.Contains(detail, words) {
		r.t.Errorf("%d %q, want %d and %q", r.Code, detail, code, words)
	}
}

func (w *world) signOn(s *api.SignOn) {
	w.h = api.New(api.Config{Store: w.s, Blobs: w.blobs, BaseURL: &url.URL{Scheme: "http", Host: "sentry.example:8000"}, DeadLetters: w.dead, Secrets: plainSeal{}, SignOn: s})
}

func (w *world) browser() *browser { return &browser{w, map[string]string{}} }

func companyPeople() people {
	return people{
		"ann":   {ID: "1", Email: "ann@acme.example", EmailVerified: true, FirstName: "Ann", LastName: "Lee"},
		"owner": {ID: "2", Email: "owner@acme.example", EmailVerified: true},
		"eve":   {ID: "3", Email: "eve@acme.example", EmailVerified: false},
		"guest": {ID: "4", Email: "guest@elsewhere.example", EmailVerified: true},
		// Of another domain: what lets them in is their group.
		"fay": {ID: "5", Email: "fay@freelance.example", EmailVerified: true},
		"gus": {ID: "6", Email: "gus@freelance.example", EmailVerified: true},
		"hal": {ID: "7", Email: "hal@freelance.example", EmailVerified: false},
	}
}

func TestSignOn(t *testing.T) {
	p := startIDP(t, companyPeople())
	eachWorld(t, func(t *testing.T, w *world) {
		on := &api.SignOn{Provider: p.provider(), Name: "Acme ID", Scope: w.acme.org.Scope(), Domains: []string{"ACME.example"}, Role: store.RoleMember}
		w.signOn(on)
		p := &idp{t, p.Server}

		t.Run("a new person joins, and comes back", func(t *testing.T) {
			w.t, p.t = t, t
			b := w.browser()
			r := b.through(p, "ann", false)
			if r.Code != 200 {
				t.Fatalf("%d %s", r.Code, r.Body)
			}
			end := decode[struct {
				User api.Self
				Next string
			}](r)
			if end.User.Email != "ann@acme.example" || end.User.Name != "Ann Lee" || end.Next != "/issues/" || end.User.HasPasswordAuth {
				t.Errorf("%+v", end)
			}
			first := b.jar["hindsight_session"]
			if _, left := b.jar["hindsight_oidc"]; left || first == "" {
				t.Errorf("cookies: %v", b.jar)
			}
			if r := w.do("cookie:"+first, "GET", "/api/0/organizations/acme/projects/", ""); r.Code != 200 {
				t.Errorf("not a member: %d", r.Code)
			}
			if r := w.do("cookie:"+first, "GET", "/api/0/organizations/other/projects/", ""); r.Code != 404 {
				t.Errorf("in another organisation: %d", r.Code)
			}
			if again := decode[struct{ User api.Self }](b.through(p, "ann", false)); again.User.ID != end.User.ID {
				t.Errorf("came back as %s, was %s", again.User.ID, end.User.ID)
			}
			if r := w.do("cookie:"+first, "GET", "/api/0/auth/", ""); r.Code != 401 {
				t.Errorf("the session before the sign-in still works: %d", r.Code)
			}
			var events []string
			for _, e := range auditEvents(t, w) {
				events = append(events, e.Event+" by "+e.ActorName)
			}
			for _, want := range []string{store.AuditSignIn, store.AuditMemberAdd, store.AuditIdentityLink} {
				if !slices.Contains(events, want+" by ann@acme.example") {
					t.Errorf("%s is not in the audit log: %v", want, events)
				}
			}
		})

		t.Run("a group lets people in", func(t *testing.T) {
			w.t, p.t = t, t
			grouped := *on
			grouped.Groups = []string{"Engineering"}
			w.signOn(&grouped)
			defer w.signOn(on)
			if r := w.browser().through(p, "fay", false); r.Code != 200 {
				t.Errorf("in the group: %d %s", r.Code, r.Body)
			}
			w.browser().through(p, "gus", false).refused(403, "No account here is linked")
			w.browser().through(p, "hal", false).refused(403, "No account here is linked") // not verified
			w.signOn(on)
			if r := w.browser().through(p, "fay", false); r.Code != 200 { // linked: the rule is for joining
				t.Errorf("came back when the rule was gone: %d %s", r.Code, r.Body)
			}
		})

		t.Run("another browser's state, nonce, or code", func(t *testing.T) {
			w.t, p.t = t, t
			mine, theirs := w.browser(), w.browser()
			_, state := p.signIn(mine.begin(false), "ann")
			stolen, otherState := p.signIn(theirs.begin(false), "ann")
			mine.finish(stolen, otherState).refused(400, "begun in another browser")
			mine.finish(stolen, state).refused(401, "not valid") // PKCE: the verifier is another's
			(&browser{w, map[string]string{}}).finish(stolen, otherState).refused(400, "begun in another browser")

			b := w.browser()
			code, state := p.signIn(b.begin(false), "ann")
			kept, err := base64.RawURLEncoding.DecodeString(b.jar["hindsight_oidc"])
			must(t, err)
			flow := map[string]any{}
			must(t, json.Unmarshal(kept, &flow))
			flow["nonce"] = "of another sign-in"
			changed, err := json.Marshal(flow)
			must(t, err)
			b.jar["hindsight_oidc"] = base64.RawURLEncoding.EncodeToString(changed)
			b.finish(code, state).refused(401, "not valid")
			for _, x := range []*browser{mine, theirs, b} {
				if x.jar["hindsight_session"] != "" {
					t.Error("somebody is signed in")
				}
			}
		})

		t.Run("a code works once", func(t *testing.T) {
			w.t, p.t = t, t
			b := w.browser()
			code, state := p.signIn(b.begin(false), "ann")
			flow := b.jar["hindsight_oidc"]
			if r := b.finish(code, state); r.Code != 200 {
				t.Fatalf("%d %s", r.Code, r.Body)
			}
			again := &browser{w, map[string]string{"hindsight_oidc": flow}}
			again.finish(code, state).refused(401, "used already")
		})

		t.Run("an address is no account", func(t *testing.T) {
			w.t, p.t = t, t
			w.browser().through(p, "owner", false).refused(403, "There is an account with your e-mail address already")
			w.browser().through(p, "eve", false).refused(403, "No account here is linked") // not verified
			w.browser().through(p, "guest", false).refused(403, "No account here is linked")
			for _, email := range []string{"eve@acme.example", "guest@elsewhere.example"} {
				if _, err := w.s.UserByEmail(t.Context(), email); err == nil {
					t.Errorf("%s has joined", email)
				}
			}
			if ids, err := w.s.Identities(t.Context(), w.acme.owner.ID); err != nil || len(ids) != 0 {
				t.Errorf("linked by the address: %v %v", ids, err)
			}
		})

		t.Run("linked while signed in", func(t *testing.T) {
			w.t, p.t = t, t
			if r := w.browser().post("/api/0/auth/oidc/", map[string]any{"link": true}); r.Code != 401 {
				t.Errorf("nobody links: %d", r.Code)
			}
			session, err := w.s.CreateSession(t.Context(), w.acme.owner.ID)
			must(t, err)
			b := &browser{w, map[string]string{"hindsight_session": session}}
			b.through(p, "ann", true).refused(409, "linked to another user")
			code, state := p.signIn(b.begin(true), "owner")
			member, err := w.s.CreateSession(t.Context(), w.acme.member.ID)
			must(t, err)
			stranger := &browser{w, map[string]string{"hindsight_session": member, "hindsight_oidc": b.jar["hindsight_oidc"]}}
			stranger.finish(code, state).refused(400, "another browser")
			r := b.through(p, "owner", true)
			if r.Code != 200 || !decode[struct{ Linked bool }](r).Linked || b.jar["hindsight_session"] != session {
				t.Fatalf("%d %s", r.Code, r.Body)
			}
			in := decode[struct{ User api.Self }](w.browser().through(p, "owner", false))
			if in.User.ID != itoa(w.acme.owner.ID) {
				t.Errorf("signed in as %+v", in.User)
			}
			ids := decode[[]api.UserIdentity](w.do("cookie:"+session, "GET", "/api/0/users/me/user-identities/", ""))
			if len(ids) != 1 || ids[0].Provider != "Acme ID" || ids[0].Email != "owner@acme.example" || ids[0].DateLastUsed == nil {
				t.Fatalf("%+v", ids)
			}
			if r := w.do("cookie:"+member, "DELETE", "/api/0/users/me/user-identities/"+ids[0].ID+"/", ""); r.Code != 404 {
				t.Errorf("another's identity: %d", r.Code)
			}
			if r := w.do("cookie:"+session, "DELETE", "/api/0/users/me/user-identities/"+ids[0].ID+"/", ""); r.Code != 204 {
				t.Errorf("unlink: %d %s", r.Code, r.Body)
			}
			w.browser().through(p, "owner", false).refused(403, "There is an account with your e-mail address already")
			if rows := auditEvents(t, w); rows[0].Event != store.AuditIdentityUnlink || rows[0].ActorName != "owner@acme.example" {
				t.Errorf("%+v", rows[0])
			}
		})

		t.Run("an issuer that is gone, and another with the same names", func(t *testing.T) {
			w.t, p.t = t, t
			b := w.browser()
			code, state := p.signIn(b.begin(false), "ann")
			w.signOn(nil)
			b.finish(code, state).refused(404, "no sign-in provider")
			b.post("/api/0/auth/oidc/", map[string]any{}).refused(404, "no sign-in provider")
			if info := decode[api.SignOnInfo](w.do("", "GET", "/api/0/auth/oidc/", "")); info.Enabled {
				t.Errorf("%+v", info)
			}
			evil := startIDP(t, people{"ann": {ID: "1", Email: "ann@acme.example", EmailVerified: true}})
			w.signOn(&api.SignOn{Provider: evil.provider(), Name: "Evil", Scope: w.acme.org.Scope(), Domains: on.Domains, Role: store.RoleMember})
			w.browser().through(evil, "ann", false).refused(403, "There is an account with your e-mail address already")
			evil.Close()
			b = w.browser()
			w.signOn(&api.SignOn{Provider: evil.provider(), Name: "Gone", Scope: w.acme.org.Scope()})
			b.post("/api/0/auth/oidc/", map[string]any{}).refused(502, "does not answer")
			w.signOn(&api.SignOn{Provider: oidc.New(oidc.Config{Issuer: p.URL, ClientID: "hindsight", RedirectURL: backTo, HTTP: outbound.New(outbound.Config{})}), Name: "Inside", Scope: w.acme.org.Scope()})
			b.post("/api/0/auth/oidc/", map[string]any{}).refused(502, "does not answer") // of this network, which nobody allowed
			w.signOn(on)
		})

		t.Run("who was removed stays out", func(t *testing.T) {
			w.t, p.t = t, t
			ann, err := w.s.UserByEmail(t.Context(), "ann@acme.example")
			must(t, err)
			must(t, w.s.RemoveMember(t.Context(), w.acme.org.Scope(), ann.ID))
			must(t, w.s.SetMember(t.Context(), w.other.org.Scope(), ann.ID, store.RoleOwner))
			w.browser().through(p, "ann", false).refused(403, "not a member any more")
		})
	})
}
