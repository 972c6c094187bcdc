package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerMerging() {
	const org, project = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "listIssueHashes", Method: "GET", Path: org + "issues/{issue}/hashes/", Access: "event:read", Summary: "Grouping hashes of an issue, each with its newest event"}, a.listIssueHashes)
	handle(a, Route{ID: "unmergeIssue", Method: "PUT", Path: org + "issues/{issue}/hashes/", Access: "event:write", Summary: "Take hashes out of an issue, for good", Status: 202}, a.unmergeIssue)
	handle(a, Route{ID: "unmergeIssueOld", Method: "DELETE", Path: org + "issues/{issue}/hashes/", Access: "event:write", Summary: "Take hashes out of an issue, old form", Status: 202}, a.unmergeIssue)
	handle(a, Route{ID: "deleteIssue", Method: "DELETE", Path: org + "issues/{issue}/", Access: "event:admin", Summary: "Delete an issue", Status: 202}, a.deleteIssue)
	handle(a, Route{ID: "deleteIssues", Method: "DELETE", Path: org + "issues/", Access: "event:admin", Summary: "Delete many issues", Status: 204}, a.deleteIssues)
	handle(a, Route{ID: "deleteProjectIssues", Method: "DELETE", Path: project + "issues/", Access: "event:admin", Summary: "Delete many issues of a project", Status: 204}, a.deleteProjectIssues)
	handle(a, Route{ID: "deleteIssueUnscoped", Method: "DELETE", Path: "/api/0/issues/{issue}/", Access: "event:admin", Summary: "Delete an issue, old form", Status: 202}, a.deleteUnscopedIssue)
	handle(a, Route{ID: "listTombstones", Method: "GET", Path: project + "tombstones/", Access: "project:read", Summary: "Issues whose events are discarded"}, a.listTombstones)
	handle(a, Route{ID: "deleteTombstone", Method: "DELETE", Path: project + "tombstones/{tombstone}/", Access: "project:write", Summary: "Let the events of a discarded issue in again", Status: 204}, a.deleteTombstone)
}

// mergeIssues puts issues together.
func (a *API) mergeIssues(ctx context.Context, rq *request, ids []int64) (*BulkOutput, error) {
	if len(ids) == 0 {
		return &BulkOutput{Status: http.StatusNoContent}, nil
	}
	m, err := a.Store.MergeIssues(ctx, rq.scope, ids, actor(rq))
	if err != nil {
		return nil, a.failWrite("merge issues", err, "One of the issues is being unmerged. Try again in a moment.")
	}
	out := &IssueMerge{Parent: itoa(m.Parent)}
	for _, c := range m.Children {
		out.Children = append(out.Children, itoa(c))
	}
	return &BulkOutput{Status: http.StatusOK, Body: &IssueChange{Merge: out}}, nil
}

// discardIssues deletes issues and drops their events from now on. Who writes events may resolve them; who may
// delete is asked for more.
func (a *API) discardIssues(ctx context.Context, rq *request, ids []int64) error {
	if !slices.ContainsFunc(rq.caller.orgs, func(m membership) bool { return m.org.ID == rq.scope.OrgID && hasScope(m.scopes, "event:admin") }) {
		return errForbidden
	}
	_, err := a.Store.DeleteIssues(ctx, rq.scope, ids, true, actor(rq))
	if err != nil {
		return a.failWrite("discard issues", err, "One of the issues is being unmerged. Try again in a moment.")
	}
	return nil
}

func (a *API) listIssueHashes(ctx context.Context, in *IssueHashesInput) (*List[IssueHash], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	hs, err := a.Store.IssueHashes(ctx, rq.scope, i.ID)
	if err != nil {
		return nil, a.fail("list hashes", err)
	}
	rows := make([]IssueHash, len(hs))
	for n := range hs {
		rows[n] = IssueHash{ID: hs[n].Hash, Algorithm: hs[n].Algorithm}
		if e := hs[n].Latest; e != nil {
			ev, _ := a.stored(e)
			s := simpleEvent(e, ev)
			rows[n].LatestEvent = null(&s)
		}
	}
	return &List[IssueHash]{Body: rows}, nil
}

func (a *API) unmergeIssue(ctx context.Context, in *IssueHashesInput) (*One[Unmerged], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	if len(in.ID) > 100 {
		return nil, badRequest("At most 100 hashes are taken out at a time.")
	}
	made, err := a.Store.UnmergeHashes(ctx, rq.scope, i.ID, in.ID, actor(rq), a.describe)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrConflict):
		return nil, conflict("Already being unmerged: events of this issue are still on their way, or a hash is not this issue's any more.")
	case err != nil:
		return nil, a.failWrite("unmerge", err, "")
	}
	p, err := a.Store.Project(ctx, rq.scope, itoa(made.ProjectID))
	if err != nil {
		return nil, a.fail("read project", err)
	}
	return one(Unmerged{ID: itoa(made.ID), ShortID: store.ShortID(p.Slug, made.Number)}), nil
}

// actor is who changes something, nil for an organisation's own token.
func actor(rq *request) *int64 {
	if id := rq.caller.userID(); id != 0 {
		return &id
	}
	return nil
}

// describe is an issue as an event would make it.
func (a *API) describe(e *store.Event) store.Issue {
	ev, _ := a.stored(e)
	r := grouping.Group(ev)
	metadata, err := json.Marshal(r.Metadata)
	if err != nil { // strings always encode
		metadata = []byte("{}")
	}
	return store.Issue{Type: r.Type, Title: e.Title, Culprit: e.Culprit, Logger: ev.Logger, Metadata: string(metadata)}
}

func (a *API) deleteIssue(ctx context.Context, in *DeleteIssueInput) (*Nothing, error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	return a.removeIssues(ctx, rq, []int64{i.ID})
}

func (a *API) deleteUnscopedIssue(ctx context.Context, _ *UnscopedIssueInput) (*Nothing, error) {
	rq := from(ctx)
	return a.removeIssues(ctx, rq, []int64{rq.issue.ID})
}

func (a *API) deleteIssues(ctx context.Context, in *DeleteIssuesInput) (*Nothing, error) {
	return a.deleteMany(ctx, in.ID, in.Query, in.FilterParams, nil)
}

func (a *API) deleteProjectIssues(ctx context.Context, in *DeleteProjectIssuesInput) (*Nothing, error) {
	return a.deleteMany(ctx, in.ID, in.Query, FilterParams{}, from(ctx).project)
}

// deleteMany deletes the issues with these ids, or those that a query finds. Without either it does nothing: an
// address that was cut short must not delete everything.
func (a *API) deleteMany(ctx context.Context, given []string, query string, f FilterParams, only *store.Project) (*Nothing, error) {
	rq := from(ctx)
	ids, err := integers(given, "Issue ids must be integers")
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	switch {
	case len(ids) > 0:
		ids, err = a.ofProjects(ctx, rq, set, ids, f, only)
	case query != "":
		ids, err = a.found(ctx, rq, set, query, f, only)
	default:
		return nil, badRequest("You must specify a list of ids or a query for this operation.")
	}
	if err != nil {
		return nil, err
	}
	return a.removeIssues(ctx, rq, ids)
}

func (a *API) removeIssues(ctx context.Context, rq *request, ids []int64) (*Nothing, error) {
	if _, err := a.Store.DeleteIssues(ctx, rq.scope, ids, false, actor(rq)); err != nil {
		return nil, a.failWrite("delete issues", err, "One of the issues is being unmerged. Try again in a moment.")
	}
	return nil, nil
}

func (a *API) listTombstones(ctx context.Context, in *TombstonesInput) (*List[Tombstone], error) {
	rq := from(ctx)
	cursor, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.IssueTombstones(ctx, rq.scope, rq.project.ID, store.Page{Limit: perPage(in.PerPage, 50), Cursor: cursor})
	if err != nil {
		return nil, a.fail("list tombstones", err)
	}
	members, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	who := map[int64]*Actor{}
	for _, m := range members {
		who[m.ID] = &Actor{Type: "user", ID: itoa(m.ID), Name: m.Name, Email: m.Email}
	}
	rows := []Tombstone{}
	for i := range page.Rows {
		rows = append(rows, tombstone(&page.Rows[i], who))
	}
	return &List[Tombstone]{Link: pageLink(a, rq, page), Body: rows}, nil
}

func (a *API) deleteTombstone(ctx context.Context, in *TombstoneInput) (*Nothing, error) {
	rq := from(ctx)
	id, err := strconv.ParseInt(in.Tombstone, 10, 64)
	if err == nil {
		err = a.Store.DeleteTombstone(ctx, rq.scope, rq.project.ID, id)
	} else {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, a.fail("delete tombstone", err)
	}
	return nil, nil
}
