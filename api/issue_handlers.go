package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

// maxHits is where counting a search's issues stops, as in Sentry.
const maxHits = 1000

// issueByAnyID reads an issue by its id or short id.
func (a *API) issueByAnyID(ctx context.Context, scope store.Scope, id string) (*store.Issue, error) {
	var i *store.Issue
	var err error
	if n, bad := strconv.ParseInt(id, 10, 64); bad == nil {
		i, err = a.Store.Issue(ctx, scope, n)
	} else {
		i, err = a.Store.IssueByShortID(ctx, scope, id)
	}
	if err != nil {
		return nil, a.fail("read issue", err)
	}
	return i, nil
}

// searchContext is what a query's words refer to in an organisation, when it is asked of these projects; none are all.
func (a *API) searchContext(ctx context.Context, rq *request, set *projectSet, asked ...int64) search.Context {
	return search.Context{
		Now: a.Now(), UserID: rq.caller.userID(),
		Project: func(s string) (int64, bool) {
			if p := set.bySlug[strings.ToLower(s)]; p != nil {
				return p.ID, true
			}
			id, err := strconv.ParseInt(s, 10, 64)
			return id, err == nil && set.byID[id] != nil
		},
		Member: func(email string) (int64, bool) {
			ms, err := a.Store.Members(ctx, rq.scope)
			if err != nil {
				return 0, false
			}
			for _, m := range ms {
				if strings.EqualFold(m.Email, email) {
					return m.ID, true
				}
			}
			return 0, false
		},
		Issue: func(shortID string) (int64, bool) {
			i, err := a.Store.IssueByShortID(ctx, rq.scope, shortID)
			if err != nil {
				return 0, false
			}
			return i.ID, true
		},
		Releases: func(in search.ReleaseRange) ([]string, error) { return a.releasesMeant(ctx, rq, set, asked, in) },
	}
}

// maxLatest bounds the projects whose latest release a query asks for.
const maxLatest = 100

// releasesMeant gives the names of the releases a query means, at most one more than it may have.
func (a *API) releasesMeant(ctx context.Context, rq *request, set *projectSet, projects []int64, in search.ReleaseRange) ([]string, error) {
	if !in.Latest {
		names, err := a.Store.ReleaseNames(ctx, rq.scope, in.Package, in.From, in.To, search.MaxValues+1)
		if err != nil {
			return nil, a.fail("releases in order", err)
		}
		return names, nil
	}
	if rq.project != nil {
		projects = []int64{rq.project.ID}
	}
	if len(projects) == 0 {
		for _, p := range set.list {
			projects = append(projects, p.ID)
		}
	}
	if len(projects) > maxLatest {
		return nil, badRequest(fmt.Sprintf("release:latest asks for the latest release of at most %d projects, and there are %d here; choose projects, or name the releases, such as release:app@1.2.*.", maxLatest, len(projects)))
	}
	var names []string
	for _, id := range projects {
		r, err := a.Store.NewestRelease(ctx, rq.scope, id)
		if err != nil {
			return nil, a.fail("latest release", err)
		}
		if r != nil {
			names = append(names, r.Version)
		}
	}
	return names, nil
}

// compile reads a query for a subject; what is wrong with it is a 400 with a sentence.
func compile(c search.Context, query string, subject func(search.Context, search.Node) (store.Filter, error)) (store.Filter, error) {
	n, err := search.Parse(query)
	if err == nil {
		var f store.Filter
		if f, err = subject(c, n); err == nil {
			return f, nil
		}
	}
	var bad *search.Error
	if errors.As(err, &bad) {
		return store.Filter{}, badRequest("Error parsing search query: " + bad.Error())
	}
	return store.Filter{}, err
}

var issueSorts = map[string]string{
	"": store.IssuesByLastSeen, "date": store.IssuesByLastSeen, "new": store.IssuesByFirstSeen, "freq": store.IssuesByEvents, "user": store.IssuesByUsers,
	"priority": store.IssuesByLastSeen, "betterPriority": store.IssuesByLastSeen, "recommended": store.IssuesByLastSeen,
	"trends": store.IssuesByEvents, "inbox": store.IssuesByFirstSeen,
}

func (a *API) listIssues(ctx context.Context, in *IssuesInput) (*IssuesOutput, error) {
	return a.issuePage(ctx, in.IssuesParams, nil)
}

// listProjectIssues is the old list, where statsPeriod means the sparkline's.
func (a *API) listProjectIssues(ctx context.Context, in *ProjectIssuesInput) (*IssuesOutput, error) {
	p := in.IssuesParams
	if p.GroupStatsPeriod == "" {
		p.GroupStatsPeriod = p.StatsPeriod
	}
	p.StatsPeriod = ""
	if p.GroupStatsPeriod != "" && p.GroupStatsPeriod != "24h" && p.GroupStatsPeriod != "14d" {
		return nil, badRequest("Invalid stats_period. Valid choices are '', '24h', and '14d'")
	}
	return a.issuePage(ctx, p, from(ctx).project)
}

func (a *API) issuePage(ctx context.Context, p IssuesParams, only *store.Project) (*IssuesOutput, error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", "24h", "14d", "auto"}, p.GroupStatsPeriod) {
		return nil, badRequest("Invalid stats_period. Valid choices are '', '24h', '14d' and 'auto'")
	}
	view := issueView{period: p.GroupStatsPeriod, collapse: p.Collapse, inbox: slices.Contains(p.Expand, "inbox"), owners: slices.Contains(p.Expand, "owners")}
	if view.period == "" {
		view.period = "24h"
	}
	if len(p.Group) > 0 {
		return a.issuesOfIDs(ctx, rq, set, p.Group, view)
	}
	if out, err := a.directHit(ctx, rq, set, p, view); out != nil || err != nil {
		return out, err
	}
	q, err := a.issueQuery(ctx, rq, set, p, only)
	if err != nil {
		return nil, err
	}
	view.fromMS, view.toMS = q.FromMS, q.ToMS
	page, err := a.Store.Issues(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("list issues", err)
	}
	out := &IssuesOutput{Link: pageLink(a, rq, page), XHits: itoa(int64(len(page.Rows))), XMaxHits: itoa(maxHits)}
	if page.HasPrev || page.More {
		n, exact, err := a.Store.CountIssues(ctx, rq.scope, q, maxHits)
		if err != nil {
			return nil, a.fail("count issues", err)
		}
		if out.XHits = itoa(n); !exact {
			out.XHits = ""
		}
	}
	out.Body, err = a.issues(ctx, rq, set, page.Rows, view)
	return out, err
}

// issueQuery puts a list's parameters together. An absent query is is:unresolved, an empty one everything.
func (a *API) issueQuery(ctx context.Context, rq *request, set *projectSet, p IssuesParams, only *store.Project) (store.IssueQuery, error) {
	q := store.IssueQuery{Sort: issueSorts[p.Sort], Page: store.Page{Limit: perPage(p.Limit, 100)}, Partial: p.Partial}
	if q.Sort == "" {
		return q, badRequest("Invalid sort: want one of date, new, freq, user.")
	}
	var err error
	if q.Page.Cursor, err = parseCursor(p.Cursor); err != nil {
		return q, err
	}
	if q.Projects, err = set.choose(p.FilterParams); err != nil {
		return q, err
	}
	if only != nil {
		q.Projects = []int64{only.ID}
	}
	query := p.Query
	if !rq.url.Query().Has("query") {
		query = "is:unresolved"
	}
	if q.Filter, err = compile(a.searchContext(ctx, rq, set, q.Projects...), query, search.Issues); err != nil {
		return q, err
	}
	if envs := nonEmpty(p.Environment); len(envs) > 0 {
		q.Filter = store.And(q.Filter, store.Filter{Op: store.FilterEq, Field: store.TagField + "environment", Values: anys(envs)})
	}
	q.FromMS, q.ToMS, err = a.window(p.WindowParams, 90*24*time.Hour)
	return q, err
}

func anys(in []string) []any {
	out := make([]any, len(in))
	for i, s := range in {
		out[i] = s
	}
	return out
}

func (a *API) issuesOfIDs(ctx context.Context, rq *request, set *projectSet, group []string, view issueView) (*IssuesOutput, error) {
	ids, err := integers(group, "Group ids must be integers")
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.IssuesByID(ctx, rq.scope, ids)
	if err != nil {
		return nil, a.fail("read issues", err)
	}
	out := &IssuesOutput{Link: a.linkHeader(rq, "0:0:1", false, "0:0:0", false), XHits: itoa(int64(len(rows))), XMaxHits: itoa(maxHits)}
	out.Body, err = a.issues(ctx, rq, set, rows, view)
	return out, err
}

func integers(in []string, complaint string) ([]int64, error) {
	if len(in) > maxHits {
		return nil, badRequest("At most 1000 ids.")
	}
	ids := make([]int64, len(in))
	for i, s := range in {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, badRequest(complaint)
		}
		ids[i] = n
	}
	return ids, nil
}

// directHit answers a query that is an event id, or with shortIdLookup a short id: nil when it is neither.
func (a *API) directHit(ctx context.Context, rq *request, set *projectSet, p IssuesParams, view issueView) (*IssuesOutput, error) {
	query := strings.TrimSpace(p.Query)
	var issue *store.Issue
	matching := ""
	if id, ok := hexID(query); ok {
		es, err := a.Store.EventsByID(ctx, rq.scope, []string{id})
		if err != nil {
			return nil, a.fail("look up event", err)
		}
		if len(es) == 0 {
			return nil, nil
		}
		if issue, err = a.Store.Issue(ctx, rq.scope, es[0].IssueID); err != nil {
			return nil, a.fail("read issue of event", err)
		}
		matching = id
	} else if yes(p.ShortIDLookup) {
		i, err := a.issueByAnyID(ctx, rq.scope, query)
		if errors.Is(err, errNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		issue = i
	}
	if issue == nil {
		return nil, nil
	}
	out := &IssuesOutput{DirectHit: "1", XHits: "1", XMaxHits: itoa(maxHits), Link: a.linkHeader(rq, "0:0:1", false, "0:0:0", false)}
	rows, err := a.issues(ctx, rq, set, []store.Issue{*issue}, view)
	if err != nil {
		return nil, err
	}
	rows[0].MatchingEventID = matching
	out.Body = rows
	return out, nil
}

func (a *API) countIssues(ctx context.Context, in *IssuesCountInput) (*One[map[string]int64], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	if len(in.Query) > 20 {
		return nil, badRequest("At most 20 queries at once.")
	}
	out := map[string]int64{}
	for _, query := range in.Query {
		q, err := a.issueQuery(ctx, rq, set, IssuesParams{FilterParams: in.FilterParams, WindowParams: in.WindowParams, Query: query}, nil)
		if err != nil {
			return nil, err
		}
		if out[query], _, err = a.Store.CountIssues(ctx, rq.scope, q, maxHits); err != nil {
			return nil, a.fail("count issues", err)
		}
	}
	return one(out), nil
}

func (a *API) getIssue(ctx context.Context, in *IssueInput) (*One[IssueDetail], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	return a.issueDetail(ctx, rq, i, in.Collapse, in.Expand)
}

func (a *API) getUnscopedIssue(ctx context.Context, _ *UnscopedIssueInput) (*One[IssueDetail], error) {
	rq := from(ctx)
	return a.issueDetail(ctx, rq, rq.issue, nil, nil)
}

func (a *API) getShortID(ctx context.Context, in *ShortIDInput) (*One[ShortID], error) {
	rq := from(ctx)
	i, err := a.Store.IssueByShortID(ctx, rq.scope, in.ShortID)
	if err != nil {
		return nil, a.fail("look up short id", err)
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	rows, err := a.issues(ctx, rq, set, []store.Issue{*i}, issueView{period: "24h"})
	if err != nil {
		return nil, err
	}
	return one(ShortID{OrganizationSlug: rq.org.Slug, ProjectSlug: set.slug(i.ProjectID), GroupID: itoa(i.ID), Group: rows[0], ShortID: rows[0].ShortID}), nil
}

func metadata(text string) (m IssueMetadata) {
	var loose map[string]any
	if json.Unmarshal([]byte(text), &loose) != nil {
		return m
	}
	str := func(k string) string { s, _ := loose[k].(string); return s }
	return IssueMetadata{Type: str("type"), Value: str("value"), Filename: str("filename"), Function: str("function"), Title: str("title"), Imported: str("imported")}
}
