package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

// statusWords are the states a person may ask for, with the stored one; muted is an old word.
var statusWords = map[string]string{
	"resolved": store.IssueResolved, "resolvedInNextRelease": store.IssueResolved, "unresolved": store.IssueUnresolved,
	"ignored": store.IssueIgnored, "muted": store.IssueIgnored,
}

var ignoredSubstatus = []string{"archived_until_escalating", "archived_until_condition_met", "archived_forever"}

// change makes the stored change of what a person asked for.
func (a *API) change(ctx context.Context, rq *request, up IssueUpdate, raw []byte) (store.IssueChange, error) {
	var c store.IssueChange
	if up.Status != nil {
		status := statusWords[*up.Status]
		substatus := map[string]string{store.IssueUnresolved: "ongoing", store.IssueIgnored: "archived_until_escalating"}[status]
		if up.Substatus != nil {
			substatus = *up.Substatus
		}
		if status == store.IssueIgnored && !slices.Contains(ignoredSubstatus, substatus) ||
			status == store.IssueUnresolved && !slices.Contains([]string{"new", "ongoing", "escalating", "regressed"}, substatus) {
			return c, badRequest("Invalid substatus for this status.")
		}
		if status == store.IssueResolved {
			substatus = ""
		}
		c.Status, c.Substatus = &status, &substatus
	}
	var given map[string]json.RawMessage
	_ = json.Unmarshal(raw, &given) // huma has read it before: it is an object
	if _, ok := given["assignedTo"]; ok {
		who := ""
		if up.AssignedTo != nil {
			who = *up.AssignedTo
		}
		id, err := a.assignee(ctx, rq, who)
		if err != nil {
			return c, err
		}
		c.Assignee = &id
	}
	return c, nil
}

// assignee finds a member by user:7, an id or an e-mail address; nil for nobody.
func (a *API) assignee(ctx context.Context, rq *request, who string) (*int64, error) {
	if who == "" {
		return nil, nil
	}
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	who = strings.TrimPrefix(who, "user:")
	id, _ := strconv.ParseInt(who, 10, 64)
	for _, m := range ms {
		if m.ID == id || strings.EqualFold(m.Email, who) || m.Name == who {
			return &m.ID, nil
		}
	}
	return nil, badRequest("Unknown actor: nobody in this organization is called " + strconv.Quote(who) + ".")
}

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
	c, err := a.change(ctx, rq, up, raw)
	if err != nil {
		return nil, err
	}
	if _, err := a.Store.UpdateIssues(ctx, rq.scope, []int64{i.ID}, c); err != nil {
		return nil, a.fail("update issue", err)
	}
	if i, err = a.Store.Issue(ctx, rq.scope, i.ID); err != nil {
		return nil, a.fail("read issue", err)
	}
	out, err := a.issueDetail(ctx, rq, i, nil)
	if err != nil {
		return nil, err
	}
	if up.HasSeen != nil {
		out.Body.HasSeen = *up.HasSeen
	}
	return out, nil
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
	c, err := a.change(ctx, rq, up, raw)
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
	changed, err := a.Store.UpdateIssues(ctx, rq.scope, ids, c)
	if err != nil {
		return nil, a.fail("update issues", err)
	}
	if len(changed) == 0 {
		return &BulkOutput{Status: http.StatusNoContent}, nil
	}
	out := &IssueChange{HasSeen: up.HasSeen}
	if c.Status != nil {
		out.Status, out.StatusDetails, out.Substatus = *c.Status, map[string]any{}, text(*c.Substatus)
	}
	if c.Assignee != nil {
		who := Null[Actor]{}
		if *c.Assignee != nil {
			actors, err := a.assignees(ctx, rq, []store.Issue{{AssigneeID: *c.Assignee}})
			if err != nil {
				return nil, err
			}
			who = null(actors[**c.Assignee])
		}
		out.AssignedTo = &who
	}
	return &BulkOutput{Status: http.StatusOK, Body: out}, nil
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
	if q.Filter, err = compile(a.searchContext(ctx, rq, set), query, search.Issues); err != nil {
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
