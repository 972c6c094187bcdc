package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerTokens() {
	const mine, orgs = "/api/0/api-tokens/", "/api/0/organizations/{org}/org-auth-tokens/"
	handle(a, Route{ID: "listTokens", Method: "GET", Path: mine, Access: accessSignedIn, Summary: "Tokens of the caller"}, a.listTokens)
	handle(a, Route{ID: "createToken", Method: "POST", Path: mine, Access: accessSignedIn, Summary: "Make a token of the caller", Status: 201}, a.createToken)
	handle(a, Route{ID: "deleteToken", Method: "DELETE", Path: mine + "{tokenId}/", Access: accessSignedIn, Summary: "Revoke a token of the caller", Status: 204}, a.deleteToken)
	handle(a, Route{ID: "listOrgTokens", Method: "GET", Path: orgs, Access: "org:read", Summary: "Tokens of an organisation"}, a.listOrgTokens)
	handle(a, Route{ID: "createOrgToken", Method: "POST", Path: orgs, Access: "org:write", Summary: "Make a token of an organisation", Status: 201}, a.createOrgToken)
	handle(a, Route{ID: "deleteOrgToken", Method: "DELETE", Path: orgs + "{tokenId}/", Access: "org:write", Summary: "Revoke a token of an organisation", Status: 204}, a.deleteOrgToken)
}

// person is the caller when they are signed in: a token that leaked must not be able to make others.
func person(rq *request) (*store.User, error) {
	if rq.caller.user == nil || rq.caller.session == "" {
		return nil, &Error{status: http.StatusForbidden, Detail: "Tokens are managed by people who are signed in, not by other tokens."}
	}
	return rq.caller.user, nil
}

func (a *API) apiToken(t *store.APIToken, org string) APIToken {
	return APIToken{ID: itoa(t.ID), Name: t.Name, Scopes: t.ScopeList(), ExpiresAt: atPtr(t.ExpiresMS), DateCreated: at(t.CreatedMS),
		DateLastUsed: atPtr(t.LastUsedMS), TokenLastCharacters: t.LastCharacters, Organization: org}
}

func (a *API) listTokens(ctx context.Context, in *TokensInput) (*List[APIToken], error) {
	rq := from(ctx)
	me := rq.caller.user
	if me == nil { // an organisation's own token is nobody
		return nil, errForbidden
	}
	rows := []APIToken{}
	for _, m := range rq.caller.orgs {
		ts, err := a.Store.Tokens(ctx, m.org.Scope(), &me.ID)
		if err != nil {
			return nil, a.fail("list tokens", err)
		}
		for i := range ts {
			rows = append(rows, a.apiToken(&ts[i], m.org.Slug))
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[APIToken]{Link: link, Body: page}, nil
}

func (a *API) createToken(ctx context.Context, in *CreateTokenInput) (*One[APIToken], error) {
	rq := from(ctx)
	me, err := person(rq)
	if err != nil {
		return nil, err
	}
	if len(rq.caller.orgs) == 0 {
		return nil, badRequest("You are in no organization yet.")
	}
	m := &rq.caller.orgs[0]
	if in.Body.Organization != "" {
		if m = rq.caller.find(in.Body.Organization); m == nil {
			return nil, errNotFound
		}
	}
	if err := within(m, in.Body.Scopes); err != nil {
		return nil, err
	}
	text, t, err := a.Store.CreateToken(ctx, m.org.Scope(), store.NewToken{Name: in.Body.Name, Scopes: in.Body.Scopes, UserID: &me.ID, Expires: in.Body.ExpiresAt})
	if err != nil {
		return nil, a.failWrite("create token", err, "")
	}
	out := a.apiToken(t, m.org.Slug)
	out.Token = text
	return one(out), nil
}

// within refuses scopes that the caller does not have.
func within(m *membership, scopes []string) error {
	for _, s := range scopes {
		if s != "org:ci" && !hasScope(m.scopes, s) {
			return &Error{status: http.StatusForbidden, Detail: "You cannot give a token the scope " + s + ", which you do not have."}
		}
	}
	return nil
}

func (a *API) deleteToken(ctx context.Context, in *TokenPath) (*Nothing, error) {
	rq := from(ctx)
	me, err := person(rq)
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(in.TokenID, 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	for _, m := range rq.caller.orgs {
		if err = a.Store.DeleteToken(ctx, m.org.Scope(), &me.ID, id); err == nil {
			return nil, nil
		}
	}
	return nil, a.fail("revoke token", err)
}

func (a *API) orgToken(t *store.APIToken) OrgAuthToken {
	return OrgAuthToken{ID: itoa(t.ID), Name: t.Name, Scopes: t.ScopeList(), TokenLastCharacters: t.LastCharacters,
		DateCreated: at(t.CreatedMS), DateLastUsed: atPtr(t.LastUsedMS)}
}

func (a *API) listOrgTokens(ctx context.Context, in *OrgTokensInput) (*List[OrgAuthToken], error) {
	rq := from(ctx)
	ts, err := a.Store.Tokens(ctx, rq.scope, nil)
	if err != nil {
		return nil, a.fail("list tokens", err)
	}
	rows := []OrgAuthToken{}
	for i := range ts {
		rows = append(rows, a.orgToken(&ts[i]))
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[OrgAuthToken]{Link: link, Body: page}, nil
}

func (a *API) createOrgToken(ctx context.Context, in *CreateOrgTokenInput) (*One[OrgAuthToken], error) {
	rq := from(ctx)
	if _, err := person(rq); err != nil {
		return nil, err
	}
	scopes := in.Body.Scopes
	if len(scopes) == 0 {
		scopes = []string{"org:ci"}
	}
	if err := within(rq.caller.in(rq.org.ID), scopes); err != nil {
		return nil, err
	}
	text, t, err := a.Store.CreateToken(ctx, rq.scope, store.NewToken{Name: in.Body.Name, Scopes: scopes, URL: a.BaseURL.String()})
	if err != nil {
		return nil, a.failWrite("create token", err, "")
	}
	out := a.orgToken(t)
	out.Token = text
	return one(out), nil
}

func (a *API) deleteOrgToken(ctx context.Context, in *OrgTokenPath) (*Nothing, error) {
	rq := from(ctx)
	id, err := strconv.ParseInt(in.TokenID, 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	if err := a.Store.DeleteToken(ctx, rq.scope, nil, id); err != nil {
		return nil, a.fail("revoke token", err)
	}
	return nil, nil
}
