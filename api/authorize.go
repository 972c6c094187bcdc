package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/store"
)

// membership is an organisation that the caller may act in, and what they may do there.
type membership struct {
	org    store.Organization
	role   string // empty for an organisation's own token
	scopes []string
}

// caller is who asks. A token acts in one organisation, a signed-in person in all of theirs.
type caller struct {
	user    *store.User // nil: an organisation's own token
	session string      // the cookie's value; empty for tokens
	token   string      // the token's name; empty for sessions
	orgs    []membership
}

// in gives the caller's membership of an organisation, nil when there is none.
func (c *caller) in(orgID int64) *membership {
	for i := range c.orgs {
		if c.orgs[i].org.ID == orgID {
			return &c.orgs[i]
		}
	}
	return nil
}

// find gives the membership of an organisation by slug or id.
func (c *caller) find(slugOrID string) *membership {
	id, err := strconv.ParseInt(slugOrID, 10, 64)
	for i := range c.orgs {
		if o := &c.orgs[i].org; err == nil && o.ID == id || err != nil && o.Slug == slugOrID {
			return &c.orgs[i]
		}
	}
	return nil
}

func (c *caller) userID() int64 {
	if c.user == nil {
		return 0
	}
	return c.user.ID
}

// authorize stands before every route: it finds the route's entry, the caller, the organisation, the
// project and the issue that the path names, and refuses what does not fit together. An organisation or
// project that the caller is not in looks like one that does not exist.
func (a *API) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rq := &request{url: r.URL}
		if err := a.admit(r, rq); err != nil {
			if errors.Is(err, errNoAuth) || errors.Is(err, errBadToken) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="api"`)
			}
			writeError(w, err)
			return
		}
		vars := mux.Vars(r) // as they stand in the escaped path
		for k, v := range vars {
			if plain, err := url.PathUnescape(v); err == nil {
				vars[k] = plain
			}
		}
		r = mux.SetURLVars(r, vars)
		ctx := store.WithActor(r.Context(), a.actor(r, rq.caller))
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, requestKey{}, rq)))
	})
}

// entry finds the matched route in the table.
func (a *API) entry(r *http.Request) (Route, bool) {
	matched := mux.CurrentRoute(r)
	if matched == nil {
		return Route{}, false
	}
	path, err := matched.GetPathTemplate()
	if err != nil {
		return Route{}, false
	}
	rt, ok := a.byKey[r.Method+" "+path]
	if !ok {
		rt, ok = a.byKey[anyMethod+path]
	}
	return rt, ok
}

// anyMethod stands for the method of a route that answers all.
const anyMethod = "* "

func (a *API) admit(r *http.Request, rq *request) error {
	rt, ok := a.entry(r)
	if !ok {
		return errForbidden
	}
	c, err := a.identify(r)
	if err != nil && (rt.Access != accessPublic || !errors.Is(err, errNoAuth) && !errors.Is(err, errBadToken)) {
		return err
	}
	rq.caller = c
	if rt.Access == accessPublic || rt.Access == accessSignedIn {
		return nil
	}
	vars := mux.Vars(r)
	if org, ok := vars["org"]; ok {
		m := c.find(org)
		if m == nil {
			return errNotFound
		}
		if !hasScope(m.scopes, rt.Access) {
			return errForbidden
		}
		rq.org, rq.scope = &m.org, m.org.Scope()
	} else if err := a.findIssue(r.Context(), rq, vars["issue"], rt.Access); err != nil {
		return err
	}
	if slug, ok := vars["project"]; ok {
		if rq.project, err = a.Store.Project(r.Context(), rq.scope, slug); err != nil {
			return a.fail("read project", err)
		}
	}
	return nil
}

// findIssue serves the old paths that name an issue and no organisation: the caller's are tried.
func (a *API) findIssue(ctx context.Context, rq *request, issue, scope string) error {
	for i := range rq.caller.orgs {
		m := &rq.caller.orgs[i]
		found, err := a.issueByAnyID(ctx, m.org.Scope(), issue)
		if errors.Is(err, errNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if !hasScope(m.scopes, scope) {
			return errForbidden
		}
		rq.org, rq.scope, rq.issue = &m.org, m.org.Scope(), found
		return nil
	}
	return errNotFound
}

// identify finds who sent a request: a bearer token wins over the cookie, which is then not looked at.
func (a *API) identify(r *http.Request) (*caller, error) {
	if token, ok := bearer(r); ok {
		return a.byToken(r.Context(), token)
	}
	cookie, err := r.Cookie(a.cookieName())
	if err != nil || cookie.Value == "" {
		return nil, errNoAuth
	}
	user, _, err := a.Store.Session(r.Context(), cookie.Value)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoAuth
	}
	if err != nil {
		return nil, a.fail("read session", err)
	}
	orgs, err := a.Store.OrganizationsOf(r.Context(), user.ID)
	if err != nil {
		return nil, a.fail("read memberships", err)
	}
	c := &caller{user: user, session: cookie.Value}
	for _, o := range orgs {
		c.orgs = append(c.orgs, membership{org: o.Organization, role: o.Role, scopes: scopesOf(o.Role)})
	}
	return c, nil
}

func bearer(r *http.Request) (string, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "bearer")
}

func (a *API) byToken(ctx context.Context, text string) (*caller, error) {
	t, err := a.Store.Token(ctx, text)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errBadToken
	}
	if err != nil {
		return nil, a.fail("read token", err)
	}
	org, err := a.Store.Organization(ctx, t.Scope(), itoa(t.OrgID))
	if err != nil {
		return nil, a.fail("read token's organization", err)
	}
	m := membership{org: *org, scopes: t.ScopeList()}
	c := &caller{token: t.Name}
	if t.UserID != nil {
		// A person's token can do no more than the person.
		member, err := a.Store.Member(ctx, t.Scope(), *t.UserID)
		if err != nil {
			return nil, errBadToken
		}
		c.user, m.role = &member.User, member.Role
		allowed := scopesOf(member.Role)
		m.scopes = nil
		for _, s := range t.ScopeList() {
			if hasScope(allowed, s) {
				m.scopes = append(m.scopes, s)
			}
		}
	}
	c.orgs = []membership{m}
	return c, nil
}

// crossOrigin refuses state changes that another site makes a browser send. Bearer calls are exempt:
// no browser adds that header by itself.
func (a *API) crossOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := bearer(r); !ok && r.Method != http.MethodOptions {
			if err := guard.Check(r); err != nil {
				writeError(w, &Error{status: http.StatusForbidden, Detail: "CSRF Failed: the request came from another site."})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
