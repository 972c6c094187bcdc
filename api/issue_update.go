package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) updateIssue(ctx context.Context, in *UpdateIssueInput) (*One[IssueDetail], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	return a.updateOne(ctx, rq, i, in.Body, in.RawBody)
}

func (a *API) updateUnscopedIssue(ctx context.Context, in *UpdateUnscopedIssueInput) (*One[IssueDetail], error) {
	rq := from(ctx)
	return a.updateOne(ctx, rq, rq.issue, in.Body, in.RawBody)
}

func (a *API) updateOne(ctx context.Context, rq *request, i *store.Issue, up IssueUpdate, raw []byte) (*One[IssueDetail], error) {
	if up.discards() {
		return nil, a.discardIssues(ctx, rq, []int64{i.ID})
	}
	c, err := a.change(ctx, rq, up, raw, &i.ProjectID)
	if err != nil {
		return nil, err
	}
	if _, err := a.Store.UpdateIssues(ctx, rq.scope, []int64{i.ID}, c); err != nil {
		return nil, a.fail("update issue", err)
	}
	if i, err = a.Store.Issue(ctx, rq.scope, i.ID); err != nil {
		return nil, a.fail("read issue", err)
	}
	return a.issueDetail(ctx, rq, i, nil, nil)
}

func (a *API) updateIssues(ctx context.Context, in *BulkIssuesInput) (*BulkOutput, error) {
	query := in.Query
	if !from(ctx).url.Query().Has("query") {
		query = "is:unresolved"
	}
	return a.bulk(ctx, in.ID, query, in.FilterParams, nil, in.Body, in.RawBody)
}

func (a *API) updateProjectIssues(ctx context.Context, in *BulkProjectIssuesInput) (*BulkOutput, error) {
	query := in.Query
	if in.Status != "" {
		query = strings.TrimSpace(query + " is:" + in.Status)
	}
	return a.bulk(ctx, in.ID, query, FilterParams{}, from(ctx).project, in.Body, in.RawBody)
}

// bulk changes the issues with these ids, or without ids those that a query finds, at most 1000.
func (a *API) bulk(ctx context.Context, given []string, query string, f FilterParams, only *store.Project, up IssueUpdate, raw []byte) (*BulkOutput, error) {
	rq := from(ctx)
	ids, err := integers(given, "Issue ids must be integers")
	if err != nil {
		return nil, err
	}
	c, err := a.change(ctx, rq, up, raw, projectID(only))
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		if up.Status == nil {
			return nil, badRequest("You must specify a list of ids for this operation.")
		}
		if ids, err = a.found(ctx, rq, set, query, f, only); err != nil {
			return nil, err
		}
	} else if ids, err = a.ofProjects(ctx, rq, set, ids, f, only); err != nil {
		return nil, err
	}
	switch {
	case up.merges():
		return a.mergeIssues(ctx, rq, ids)
	case up.discards():
		return &BulkOutput{Status: http.StatusNoContent}, a.discardIssues(ctx, rq, ids)
	}
	changed, err := a.Store.UpdateIssues(ctx, rq.scope, ids, c)
	if err != nil {
		return nil, a.fail("update issues", err)
	}
	if len(changed) == 0 {
		return &BulkOutput{Status: http.StatusNoContent}, nil
	}
	out, err := a.changed(ctx, rq, set, changed[0], up, c)
	if err != nil {
		return nil, err
	}
	return &BulkOutput{Status: http.StatusOK, Body: out}, nil
}

func projectID(p *store.Project) *int64 {
	if p == nil {
		return nil
	}
	return &p.ID
}

// changed says what a bulk change changed, as one of the issues has it now.
func (a *API) changed(ctx context.Context, rq *request, set *projectSet, id int64, up IssueUpdate, c store.IssueChange) (*IssueChange, error) {
	i, err := a.Store.Issue(ctx, rq.scope, id)
	if err != nil {
		return nil, a.fail("read issue", err)
	}
	rows, err := a.issues(ctx, rq, set, []store.Issue{*i}, issueView{collapse: []string{"stats"}})
	if err != nil {
		return nil, err
	}
	shown := &rows[0]
	out := &IssueChange{HasSeen: up.HasSeen, IsBookmarked: up.IsBookmarked, IsPublic: up.IsPublic, Inbox: up.Inbox, Priority: up.Priority}
	if c.Status != nil {
		out.Status, out.StatusDetails, out.Substatus = shown.Status, shown.StatusDetails, shown.Substatus
	}
	if c.Assignee != nil {
		out.AssignedTo = &shown.AssignedTo
	}
	if c.Subscribed != nil {
		out.SubscriptionDetails = shown.SubscriptionDetails.V
	}
	return out, nil
}

// ofProjects keeps the ids of issues in the projects that the path or the parameters name.
func (a *API) ofProjects(ctx context.Context, rq *request, set *projectSet, ids []int64, f FilterParams, only *store.Project) ([]int64, error) {
	projects, err := set.choose(f)
	if err != nil {
		return nil, err
	}
	if only != nil {
		projects = []int64{only.ID}
	}
	rows, err := a.Store.IssuesByID(ctx, rq.scope, ids)
	if err != nil {
		return nil, a.fail("read issues", err)
	}
	var kept []int64
	for _, i := range rows {
		if len(projects) == 0 || slices.Contains(projects, i.ProjectID) {
			kept = append(kept, i.ID)
		}
	}
	return kept, nil
}

// found gives the ids of at most 1000 issues that a query finds.
func (a *API) found(ctx context.Context, rq *request, set *projectSet, query string, f FilterParams, only *store.Project) ([]int64, error) {
	q, err := a.issueQuery(ctx, rq, set, IssuesParams{FilterParams: f, Query: query}, only)
	if err != nil {
		return nil, err
	}
	if q.Filter, err = compile(a.searchContext(ctx, rq, set, q.Projects...), query, search.Issues); err != nil {
		return nil, err
	}
	q.FromMS = 0 // "all" means the old ones too
	var ids []int64
	for len(ids) < maxHits {
		page, err := a.Store.Issues(ctx, rq.scope, q)
		if err != nil {
			return nil, a.fail("find issues", err)
		}
		for _, i := range page.Rows {
			ids = append(ids, i.ID)
		}
		if q.Page.Cursor = page.Next; !page.More {
			break
		}
	}
	return ids, nil
}
