package importer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/importer"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

const issuesThere = 130 // more than a page

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

// there is another Hindsight with something of everything. It is busy now and then.
func there(t *testing.T, issues int) (address, token string) {
	ctx, s := t.Context(), storetest.SQLite(t)
	org, err := s.CreateOrganization(ctx, "acme", "Acme")
	must(t, err)
	web, err := s.CreateTeam(ctx, org.Scope(), "Web", "web")
	must(t, err)
	p, _, err := s.CreateProject(ctx, org.Scope(), store.NewProject{Name: "Shop", Slug: "shop", Platform: "go", TeamID: web.ID})
	must(t, err)
	_, err = s.CreateKey(ctx, org.Scope(), p.ID, "mobile")
	must(t, err)
	for _, email := range []string{"ann@acme.example", "bob@acme.example"} {
		u, err := s.CreateUser(ctx, store.NewUser{Email: email, Password: "correct horse battery"})
		must(t, err)
		must(t, s.SetMember(ctx, org.Scope(), u.ID, store.RoleOwner))
	}
	ann, err := s.UserByEmail(ctx, "ann@acme.example")
	must(t, err)
	bob, err := s.UserByEmail(ctx, "bob@acme.example")
	must(t, err)
	_, _, err = s.UpsertRelease(ctx, org.Scope(), "shop@1.0.0+7", store.ReleaseChange{Projects: []int64{p.ID}, ReleasedMS: ptr(int64(1_700_000_000_000)),
		Commits: []store.CommitWrite{{Repository: "acme/shop", SHA: strings.Repeat("a", 40), Message: "mend", AuthorName: "Ann", AuthorEmail: "ann@acme.example", DateMS: 1_700_000_000_000}}})
	must(t, err)
	now := time.Now().UnixMilli()
	w := &store.Write{MessageID: "m", ReceivedMS: now, OrgID: org.ID}
	for i := range issues {
		payload, err := store.Compress(fmt.Appendf(nil, `{"event_id":"%032x","timestamp":%d,"platform":"go","level":"error","exception":{"values":[{"type":"E%s","value":"broken"}]},"tags":[["n","%d"]],"user":{"id":"1"}}`,
			i+1, now/1000-int64(i), string([]rune{rune('a' + i/26), rune('a' + i%26)}), i%3)) // numbers are no part of a group
		must(t, err)
		e := store.Event{ProjectID: p.ID, EventID: fmt.Sprintf("%032x", i+1), OrgID: org.ID, Level: "error", Platform: "go", Title: fmt.Sprint("broken ", i), Culprit: "c",
			TimestampMS: now - int64(i)*1000, ReceivedMS: now, UserKey: "id:1", Payload: payload}
		w.Events = append(w.Events, store.EventWrite{Event: e, Hashes: []string{fmt.Sprint(i)}, Algorithm: "v1", Issue: store.Issue{Type: "error", Title: e.Title, Culprit: "c", Metadata: `{"type":"E"}`}})
	}
	_, err = s.Ingest(ctx, []*store.Write{w})
	must(t, err)
	if issues > 2 {
		for number, c := range map[string]store.IssueChange{
			"SHOP-3": {Assignee: &store.Assignee{UserID: &bob.ID}}, "SHOP-4": {Assignee: &store.Assignee{UserID: &ann.ID}},
			"SHOP-1": {Status: ptr(store.IssueResolved)}, "SHOP-2": {Status: ptr(store.IssueIgnored), Substatus: ptr(store.SubstatusForever)},
		} {
			is, err := s.IssueByShortID(ctx, org.Scope(), number)
			must(t, err)
			_, err = s.UpdateIssues(ctx, org.Scope(), []int64{is.ID}, c)
			must(t, err)
		}
	}
	token, _, err = s.CreateToken(ctx, org.Scope(), store.NewToken{Name: "import", Scopes: []string{"org:read", "project:read", "project:releases", "event:read", "team:read", "member:read", "alerts:read"}, UserID: &ann.ID})
	must(t, err)
	h := api.New(api.Config{Store: s, BaseURL: &url.URL{Scheme: "http", Host: "old.example"}})
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 2:
			w.Header().Set("Retry-After", "1")
			http.Error(w, `{"detail":"slow down"}`, http.StatusTooManyRequests)
		default:
			h.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, token
}

func TestImport(t *testing.T) {
	address, token := there(t, issuesThere)
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		h := newHouse(t, s, "main")
		scope := h.scope
		bare := func(c *importer.Config) { c.Events = false }
		want := importer.Summary{Projects: 1, Releases: 1, Issues: issuesThere, Settings: 1}
		got := h.imports(ctx, t, address, token, func(c *importer.Config) { c.DryRun = true })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("dry run: %s", diff)
		}
		if ps, err := s.Projects(ctx, scope); err != nil || len(ps) != 0 {
			t.Fatalf("a dry run wrote %v, %v", ps, err)
		}

		// Ann is here too, bob is not.
		ann, err := s.CreateUser(ctx, store.NewUser{Email: "ann@acme.example", Password: "correct horse battery"})
		must(t, err)
		must(t, s.SetMember(ctx, scope, ann.ID, store.RoleOwner))
		want.Keys, want.Unassigned, want.Settings = 1, 1, 0 // they are those of every project
		got = h.imports(ctx, t, address, token, bare)
		dsns := got.DSNs
		if got.DSNs = nil; !cmp.Equal(want, got) {
			t.Errorf("import: %s", cmp.Diff(want, got))
		}
		if len(dsns) != 2 || !strings.Contains(dsns[0].Old, "@old.example") || !strings.Contains(dsns[1].New, "@new.example") || dsns[0].New == dsns[1].New {
			t.Errorf("DSNs %+v", dsns)
		}
		r, err := s.Release(ctx, scope, "shop@1.0.0+7")
		must(t, err)
		commits, err := s.ReleaseCommits(ctx, scope, r.ID, store.Page{Limit: 10})
		must(t, err)
		if len(commits.Rows) != 1 || commits.Rows[0].AuthorEmail != "ann@acme.example" {
			t.Errorf("commits %+v", commits.Rows)
		}
		status := map[string]int{}
		for n := range issuesThere {
			is, err := s.IssueByShortID(ctx, scope, "SHOP-"+shortNumber(n+1))
			must(t, err)
			status[is.Status]++
			if is.TimesSeen != 1 || !strings.HasPrefix(is.Title, "broken ") || !strings.Contains(is.Metadata, `"imported"`) || is.LastSeenMS == 0 {
				t.Fatalf("issue %+v", is)
			}
		}
		if diff := cmp.Diff(map[string]int{"resolved": 1, "ignored": 1, "unresolved": issuesThere - 2}, status); diff != "" {
			t.Error(diff)
		}

		is, err := s.IssueByShortID(ctx, scope, "SHOP-1")
		must(t, err)
		shown(t, s, ann, is.ID)

		got = h.imports(ctx, t, address, token, bare)
		if got.DSNs = nil; !cmp.Equal(importer.Summary{Known: 2 + issuesThere}, got) {
			t.Errorf("the second run changed something: %+v", got)
		}
	})
}

// shown looks at an imported issue as a person does: it is there, and has no events.
func shown(t *testing.T, s *store.Store, who *store.User, issue int64) {
	t.Helper()
	session, err := s.CreateSession(t.Context(), who.ID)
	must(t, err)
	h := api.New(api.Config{Store: s, BaseURL: &url.URL{Scheme: "http", Host: "new.example"}})
	path := fmt.Sprintf("/api/0/organizations/main/issues/%d/", issue)
	for ask, want := range map[string]struct {
		status int
		text   string
	}{
		path: {200, `"imported"`}, path + "events/": {200, "[]"}, path + "events/latest/": {404, "detail"},
		"/api/0/organizations/main/issues/?query=assigned:me": {200, `"email":"ann@acme.example"`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, ask, nil)
		r.AddCookie(&http.Cookie{Name: "hindsight_session", Value: session})
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != want.status || !strings.Contains(rec.Body.String(), want.text) {
			t.Errorf("%s: %d %.300s", ask, rec.Code, rec.Body)
		}
	}
}

// shortNumber spells a number as short ids do.
func shortNumber(n int) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	if n < len(digits) {
		return digits[n : n+1]
	}
	return shortNumber(n/len(digits)) + digits[n%len(digits):n%len(digits)+1]
}

func TestImportIsRefusedClearly(t *testing.T) {
	address, token := there(t, 1)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html>") }))
	t.Cleanup(page.Close)
	old := newHouse(t, storetest.SQLite(t), "acme")
	weak, _, err := old.s.CreateToken(t.Context(), old.scope, store.NewToken{Name: "weak", Scopes: []string{"org:ci"}})
	must(t, err)
	closed := httptest.NewServer(old.api)
	t.Cleanup(closed.Close)
	h := newHouse(t, storetest.SQLite(t), "main")
	for name, c := range map[string]struct{ url, token, org, want string }{
		"no address":       {"sentry.io", token, "acme", "no address of a server"},
		"a wrong token":    {address, "wrong", "acme", "token is not accepted"},
		"no organisation":  {address, token, "nope", `no organisation "nope" there`},
		"a page of people": {page.URL, token, "acme", "is the address that of the server?"},
		"too little":       {closed.URL, weak, "acme", "the token may not read this (it needs org:read"},
	} {
		_, err := importer.Run(t.Context(), importer.Config{URL: c.url, Token: c.token, Org: c.org, Store: h.s, Scope: h.scope, Reader: h.read, API: h.api, APIToken: h.token})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
