package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/oidc"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerSignOn() {
	const base, mine = "/api/0/auth/oidc/", "/api/0/users/me/user-identities/"
	handle(a, Route{ID: "getSignOn", Method: "GET", Path: base, Access: accessPublic, Summary: "Whether people sign in by a provider", Ours: true}, a.getSignOn)
	handle(a, Route{ID: "beginSignOn", Method: "POST", Path: base, Access: accessPublic, Summary: "Begin to sign in by the provider", Ours: true}, a.beginSignOn)
	handle(a, Route{ID: "finishSignOn", Method: "POST", Path: base + "finish/", Access: accessPublic, Summary: "Sign in with what the provider sent", Ours: true}, a.finishSignOn)
	handle(a, Route{ID: "listIdentities", Method: "GET", Path: mine, Access: accessSignedIn, Summary: "What the caller signs in by besides a password"}, a.listIdentities)
	handle(a, Route{ID: "unlinkIdentity", Method: "DELETE", Path: mine + "{identity}/", Access: accessSignedIn, Summary: "Unlink a provider's account", Status: 204}, a.unlinkIdentity)
}

// flowPlace is what flows are sealed for, so that nothing else that is sealed can be given as one.
const flowPlace = "oidc flow"

// flowAge is how long somebody may take at the provider.
const flowAge = 15 * time.Minute

// signOnFlow is what the browser keeps of a sign-in between its two steps, sealed: nothing is stored for
// people who may never come back.
type signOnFlow struct {
	oidc.Flow
	User    int64  `json:"user,omitempty"` // who links; 0: somebody signs in
	Next    string `json:"next,omitempty"`
	Expires int64  `json:"expires"` // ms
}

func (a *API) flowCookie(value string) string {
	c := http.Cookie{Name: "hindsight_oidc", Value: value, Path: "/", MaxAge: int(flowAge / time.Second), Secure: a.secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if a.secure() {
		c.Name = "__Host-hindsight_oidc"
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c.String()
}

func (a *API) getSignOn(context.Context, *struct{}) (*One[SignOnInfo], error) {
	if a.SignOn == nil {
		return one(SignOnInfo{}), nil
	}
	return one(SignOnInfo{Enabled: true, Name: a.SignOn.Name}), nil
}

var (
	errNoSignOn = &Error{status: http.StatusNotFound, Detail: "This server has no sign-in provider: sign in with your password or a link."}
	errAway     = &Error{status: http.StatusBadGateway, Detail: "The sign-in provider does not answer. Try again in a minute, or sign in with your password."}
	errNotBegun = badRequest("This sign-in was begun in another browser, or too long ago. Begin again.")
)

func (a *API) beginSignOn(ctx context.Context, in *BeginSignOnInput) (*SignOnStart, error) {
	if a.SignOn == nil || a.Secrets == nil {
		return nil, errNoSignOn
	}
	f := signOnFlow{Next: in.Body.Next, Expires: a.Now().Add(flowAge).UnixMilli()}
	if in.Body.Link {
		me, err := a.linker(ctx)
		if err != nil {
			return nil, err
		}
		f.User = me.ID
	}
	url, flow, err := a.SignOn.Provider.Begin(ctx)
	if err != nil {
		return nil, a.failSignOn(err)
	}
	f.Flow = flow
	text, err := json.Marshal(f)
	if err != nil {
		return nil, a.fail("begin sign-in", err)
	}
	out := &SignOnStart{SetCookie: a.flowCookie(base64.RawURLEncoding.EncodeToString(a.Secrets.Seal(flowPlace, text)))}
	out.Body.URL = url
	return out, nil
}

// linker is who links an account of the provider to theirs: somebody signed in, of the provider's organisation.
func (a *API) linker(ctx context.Context) (*store.User, error) {
	c := from(ctx).caller
	if c == nil || c.user == nil || c.session == "" {
		return nil, errNoAuth
	}
	if c.in(a.SignOn.Scope.OrgID) == nil {
		return nil, &Error{status: http.StatusForbidden, Detail: "The sign-in provider is another organization's."}
	}
	return c.user, nil
}

// openFlow reads what this browser keeps of the sign-in that it began.
func (a *API) openFlow(cookie string) (*signOnFlow, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || cookie == "" {
		return nil, errNotBegun
	}
	text, err := a.Secrets.Open(flowPlace, sealed)
	if err != nil {
		return nil, errNotBegun
	}
	f := new(signOnFlow)
	if err := json.Unmarshal(text, f); err != nil || a.Now().UnixMilli() > f.Expires {
		return nil, errNotBegun
	}
	return f, nil
}

// finishSignOn ends a sign-in: the flow is the browser's own, the code the provider's for it.
func (a *API) finishSignOn(ctx context.Context, in *FinishSignOnInput) (*SignOnEnd, error) {
	if a.SignOn == nil || a.Secrets == nil {
		return nil, errNoSignOn
	}
	cookie := in.Flow
	if a.secure() {
		cookie = in.Safe
	}
	f, err := a.openFlow(cookie)
	if err != nil {
		return nil, err
	}
	address := "oidc " + store.ActorOf(ctx).Address
	if !a.signIns.allow(address) {
		return nil, errTooMany
	}
	p, err := a.SignOn.Provider.Finish(ctx, f.Flow, in.Body.State, in.Body.Code)
	if err != nil {
		a.signIns.failed(address)
		return nil, a.failSignOn(err)
	}
	out := &SignOnEnd{SetCookie: []string{a.flowCookie("")}}
	out.Body.Next = f.Next
	if f.User != 0 {
		me, err := a.link(ctx, f, p)
		if err != nil {
			return nil, err
		}
		out.Body.Linked, out.Body.User = true, self(me)
		return out, nil
	}
	u, err := a.userOf(ctx, p)
	if err != nil {
		return nil, err
	}
	in2, err := a.signedIn(ctx, u)
	if err != nil {
		return nil, err
	}
	out.SetCookie = append(out.SetCookie, in2.SetCookie)
	out.Body.User = in2.Body
	return out, nil
}

// failSignOn makes words of what the provider did, and logs the cause: it is not for strangers.
func (a *API) failSignOn(err error) error {
	switch {
	case errors.Is(err, oidc.ErrState):
		return errNotBegun
	case errors.Is(err, oidc.ErrRefused):
		a.Log.Warn("a sign-in by the provider was refused", "err", err)
		return &Error{status: http.StatusUnauthorized, Detail: "The sign-in provider's answer is not valid, or was used already. Begin again."}
	case errors.Is(err, oidc.ErrAway):
		a.Log.Warn("the sign-in provider does not answer", "err", err)
		return errAway
	}
	return a.fail("sign in by the provider", err)
}

func (a *API) identity(p *oidc.Person) store.Identity {
	return store.Identity{Issuer: a.SignOn.Provider.Issuer(), Subject: p.Subject, Email: p.Email}
}

// link ends the linking that somebody began: they must still be signed in as the same user.
func (a *API) link(ctx context.Context, f *signOnFlow, p *oidc.Person) (*store.User, error) {
	me, err := a.linker(ctx)
	if err != nil {
		return nil, err
	}
	if me.ID != f.User {
		return nil, errNotBegun
	}
	err = a.Store.LinkIdentity(ctx, me.ID, a.identity(p))
	if errors.Is(err, store.ErrConflict) {
		return nil, conflict("That account of " + a.SignOn.Name + " is linked to another user here.")
	}
	if err != nil {
		return nil, a.failWrite("link identity", err, "")
	}
	return me, nil
}

// userOf gives the user whom the provider's person is: who is linked, or who may join. An account that only
// has the same address is not theirs: whoever it belongs to links it while signed in.
func (a *API) userOf(ctx context.Context, p *oidc.Person) (*store.User, error) {
	refuse := func(detail string) error { return &Error{status: http.StatusForbidden, Detail: detail} }
	u, err := a.Store.UserByIdentity(ctx, a.SignOn.Provider.Issuer(), p.Subject)
	if err == nil {
		if _, err := a.Store.Member(ctx, a.SignOn.Scope, u.ID); err != nil {
			return nil, refuse("You are not a member any more. Ask an owner of the organization to add you.")
		}
		return u, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, a.fail("find user of identity", err)
	}
	if !a.SignOn.mayJoin(p) {
		return nil, refuse("No account here is linked to your account of " + a.SignOn.Name + ". Ask for an invitation, sign in by it, and link the two under Settings, You.")
	}
	u, err = a.Store.JoinByIdentity(ctx, a.SignOn.Scope, p.Name, a.SignOn.Role, a.identity(p))
	if errors.Is(err, store.ErrConflict) {
		return nil, refuse("There is an account with your e-mail address already. Sign in to it as before, and link " + a.SignOn.Name + " under Settings, You.")
	}
	if err != nil {
		return nil, a.failWrite("join", err, "")
	}
	return u, nil
}

// mayJoin says whether somebody joins without an invitation. The address must be one that the provider has
// verified: it becomes the account's.
func (s *SignOn) mayJoin(p *oidc.Person) bool {
	if !p.EmailVerified {
		return false
	}
	_, domain, _ := strings.Cut(strings.ToLower(p.Email), "@")
	return domain != "" && slices.ContainsFunc(s.Domains, func(d string) bool { return strings.EqualFold(d, domain) }) ||
		slices.ContainsFunc(s.Groups, func(g string) bool { return slices.Contains(p.Groups, g) })
}

func (a *API) listIdentities(ctx context.Context, _ *struct{}) (*One[[]UserIdentity], error) {
	c := from(ctx).caller
	if c.user == nil {
		return nil, errForbidden
	}
	rows, err := a.Store.Identities(ctx, c.user.ID)
	if err != nil {
		return nil, a.fail("list identities", err)
	}
	out := []UserIdentity{}
	for _, i := range rows {
		row := UserIdentity{ID: itoa(i.ID), Issuer: i.Issuer, Email: i.Email, DateCreated: at(i.CreatedMS), DateLastUsed: atPtr(i.LastUsedMS)}
		if a.SignOn != nil && a.SignOn.Provider.Issuer() == i.Issuer {
			row.Provider = a.SignOn.Name
		}
		out = append(out, row)
	}
	return one(out), nil
}

func (a *API) unlinkIdentity(ctx context.Context, in *IdentityPath) (*Nothing, error) {
	me, err := person(from(ctx))
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(in.Identity, 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	if me.PasswordHash == "" {
		return nil, badRequest("Set a password first: without it and without this account you could not sign in.")
	}
	if err := a.Store.UnlinkIdentity(ctx, me.ID, id); err != nil {
		return nil, a.fail("unlink identity", err)
	}
	return nil, nil
}
