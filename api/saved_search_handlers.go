package api

import (
	"context"
	"errors"
	"strconv"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerSavedSearches() {
	const org = "/api/0/organizations/{org}/"
	handle(a, Route{ID: "listSavedSearches", Method: "GET", Path: org + "searches/", Access: "org:read", Summary: "Saved searches"}, a.listSavedSearches)
	handle(a, Route{ID: "createSavedSearch", Method: "POST", Path: org + "searches/", Access: "org:read", Summary: "Keep a search", Status: 201}, a.createSavedSearch)
	handle(a, Route{ID: "updateSavedSearch", Method: "PUT", Path: org + "searches/{search}/", Access: "org:read", Summary: "Change a saved search"}, a.updateSavedSearch)
	handle(a, Route{ID: "deleteSavedSearch", Method: "DELETE", Path: org + "searches/{search}/", Access: "org:read", Summary: "Forget a saved search", Status: 204}, a.deleteSavedSearch)
	handle(a, Route{ID: "listRecentSearches", Method: "GET", Path: org + "recent-searches/", Access: "org:read", Summary: "The caller's last searches"}, a.listRecentSearches)
	handle(a, Route{ID: "addRecentSearch", Method: "POST", Path: org + "recent-searches/", Access: "org:read", Summary: "Remember a search", Status: 204}, a.addRecentSearch)
	handle(a, Route{ID: "listSearchViews", Method: "GET", Path: org + "group-search-views/", Access: "org:read", Summary: "Saved searches, newer form"}, a.listSearchViews)
}

func savedSearch(s *store.SavedSearch, userID int64) SavedSearch {
	owned := s.UserID != nil && *s.UserID == userID
	return SavedSearch{ID: itoa(s.ID), Type: s.Type, Name: s.Name, Query: s.Query, Sort: s.Sort, Visibility: s.Visibility, IsPinned: s.Pinned && owned,
		IsMine: owned, DateCreated: at(s.CreatedMS)}
}

func (a *API) listSavedSearches(ctx context.Context, in *SavedSearchesInput) (*One[[]SavedSearch], error) {
	rq := from(ctx)
	rows, err := a.Store.SavedSearches(ctx, rq.scope, rq.caller.userID(), in.Type)
	if err != nil {
		return nil, a.fail("list saved searches", err)
	}
	out := []SavedSearch{}
	for i := range rows {
		out = append(out, savedSearch(&rows[i], rq.caller.userID()))
	}
	return one(out), nil
}

func (a *API) listSearchViews(ctx context.Context, _ *OrgPath) (*One[[]SearchView], error) {
	rq := from(ctx)
	rows, err := a.Store.SavedSearches(ctx, rq.scope, rq.caller.userID(), 0)
	if err != nil {
		return nil, a.fail("list saved searches", err)
	}
	out := []SearchView{}
	for _, s := range rows {
		out = append(out, SearchView{ID: itoa(s.ID), Name: s.Name, Query: s.Query, QuerySort: s.Sort, Projects: []int64{}, Environments: []string{},
			TimeFilters: map[string]string{"period": "14d"}, Starred: s.Pinned})
	}
	return one(out), nil
}

// write puts what the body says into a search and checks that the query is one.
func (b *SavedSearchBody) write(s *store.SavedSearch) {
	for _, f := range []struct {
		to   *string
		from *string
	}{{&s.Name, b.Name}, {&s.Query, b.Query}, {&s.Sort, b.Sort}, {&s.Visibility, b.Visibility}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if b.IsPinned != nil {
		s.Pinned = *b.IsPinned
	}
}

func (a *API) saveSearch(ctx context.Context, rq *request, s store.SavedSearch) (*One[SavedSearch], error) {
	saved, err := a.Store.SaveSearch(ctx, rq.scope, s)
	if errors.Is(err, store.ErrInvalid) {
		return nil, badRequest(err.Error())
	}
	if err != nil {
		return nil, a.fail("save search", err)
	}
	return one(savedSearch(saved, rq.caller.userID())), nil
}

func (a *API) createSavedSearch(ctx context.Context, in *CreateSavedSearchInput) (*One[SavedSearch], error) {
	rq := from(ctx)
	s := store.SavedSearch{Type: in.Body.Type, Sort: "date", Visibility: store.SearchOfOwner}
	if id := rq.caller.userID(); id != 0 {
		s.UserID = &id
	} else {
		s.Visibility = store.SearchOfOrganization // a token of nobody could not see its own
	}
	in.Body.write(&s)
	return a.saveSearch(ctx, rq, s)
}

// ownSearch reads a search that the caller may change: their own, or with org:write one of everybody's.
func (a *API) ownSearch(ctx context.Context, rq *request, search string) (*store.SavedSearch, error) {
	id, err := strconv.ParseInt(search, 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	s, err := a.Store.SavedSearch(ctx, rq.scope, rq.caller.userID(), id)
	if err != nil {
		return nil, a.fail("read saved search", err)
	}
	if (s.UserID == nil || *s.UserID != rq.caller.userID()) && !hasScope(rq.caller.in(rq.org.ID).scopes, "org:write") {
		return nil, errForbidden
	}
	return s, nil
}

func (a *API) updateSavedSearch(ctx context.Context, in *UpdateSavedSearchInput) (*One[SavedSearch], error) {
	rq := from(ctx)
	s, err := a.ownSearch(ctx, rq, in.Search)
	if err != nil {
		return nil, err
	}
	in.Body.write(s)
	return a.saveSearch(ctx, rq, *s)
}

func (a *API) deleteSavedSearch(ctx context.Context, in *SavedSearchPath) (*Nothing, error) {
	rq := from(ctx)
	s, err := a.ownSearch(ctx, rq, in.Search)
	if err != nil {
		return nil, err
	}
	return &Nothing{}, a.fail("delete saved search", a.Store.DeleteSavedSearch(ctx, rq.scope, s.ID))
}

func (a *API) listRecentSearches(ctx context.Context, in *SavedSearchesInput) (*One[[]RecentSearch], error) {
	rq := from(ctx)
	rows, err := a.Store.RecentSearches(ctx, rq.scope, rq.caller.userID(), in.Type)
	if err != nil {
		return nil, a.fail("list recent searches", err)
	}
	out := []RecentSearch{}
	for _, s := range rows {
		out = append(out, RecentSearch{ID: itoa(s.ID), OrganizationID: itoa(s.OrgID), Type: s.Type, Query: s.Query, LastSeen: at(s.LastMS), DateCreated: at(s.CreatedMS)})
	}
	return one(out), nil
}

func (a *API) addRecentSearch(ctx context.Context, in *AddRecentSearchInput) (*Nothing, error) {
	rq := from(ctx)
	if rq.caller.userID() == 0 { // nobody comes back to it
		return &Nothing{}, nil
	}
	return &Nothing{}, a.fail("remember search", a.Store.AddRecentSearch(ctx, rq.scope, rq.caller.userID(), in.Body.Type, in.Body.Query))
}
