package api

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerTags() {
	const org, project, issue = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/", "/api/0/organizations/{org}/issues/{issue}/"
	handle(a, Route{ID: "listTags", Method: "GET", Path: org + "tags/", Access: "org:read", Summary: "Keys that events are tagged with"}, a.listTags)
	handle(a, Route{ID: "listTagValues", Method: "GET", Path: org + "tags/{tag}/values/", Access: "org:read", Summary: "Values of a key"}, a.listTagValues)
	handle(a, Route{ID: "listProjectTags", Method: "GET", Path: project + "tags/", Access: "project:read", Summary: "Keys that a project's events are tagged with"}, a.listProjectTags)
	handle(a, Route{ID: "getProjectTag", Method: "GET", Path: project + "tags/{tag}/", Access: "project:read", Summary: "A key of a project"}, a.getProjectTag)
	handle(a, Route{ID: "listProjectTagValues", Method: "GET", Path: project + "tags/{tag}/values/", Access: "project:read", Summary: "Values of a key in a project"}, a.listProjectTagValues)
	handle(a, Route{ID: "listIssueTags", Method: "GET", Path: issue + "tags/", Access: "event:read", Summary: "How the tags of an issue are distributed"}, a.listIssueTags)
	handle(a, Route{ID: "getIssueTag", Method: "GET", Path: issue + "tags/{tag}/", Access: "event:read", Summary: "A key of an issue"}, a.getIssueTag)
	handle(a, Route{ID: "listIssueTagValues", Method: "GET", Path: issue + "tags/{tag}/values/", Access: "event:read", Summary: "Values of a key in an issue"}, a.listIssueTagValues)
}

func tagValues(rows []store.ValueCount) []TagValue {
	out := []TagValue{}
	for _, r := range rows {
		out = append(out, TagValue{Key: search.FieldOf(r.Key), Name: r.Value, Value: r.Value, Count: r.Events, LastSeen: at(r.LastMS), FirstSeen: at(r.FirstMS)})
	}
	return out
}

// tagKeyPage lists keys; Sentry calls the environment's key so too.
func (a *API) tagKeyPage(ctx context.Context, rq *request, q store.TagQuery, p PageParams) (*List[TagKey], error) {
	q.Limit = 1000
	keys, err := a.Store.TagKeys(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("list tags", err)
	}
	rows := []TagKey{}
	for _, k := range keys {
		rows = append(rows, TagKey{Key: k.Key, Name: k.Key, TotalValues: k.Events})
	}
	out := &List[TagKey]{}
	out.Body, out.Link, err = offsetPage(a, rq, rows, p)
	return out, err
}

func (a *API) listTags(ctx context.Context, in *TagsInput) (*List[TagKey], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	q := store.TagQuery{Contains: in.Query}
	if q.Projects, err = set.choose(in.FilterParams); err != nil {
		return nil, err
	}
	return a.tagKeyPage(ctx, rq, q, in.PageParams)
}

func (a *API) listProjectTags(ctx context.Context, in *ProjectTagsInput) (*List[TagKey], error) {
	rq := from(ctx)
	return a.tagKeyPage(ctx, rq, store.TagQuery{Projects: []int64{rq.project.ID}, Contains: in.Query}, in.PageParams)
}

// tagValuePage lists values of a key: Sentry's cursor is an offset here, and so is ours.
func (a *API) tagValuePage(ctx context.Context, rq *request, q store.TagQuery, name string, p TagValuesParams) (*List[TagValue], error) {
	q.Key, q.Contains = search.TagKey(name), p.Query
	switch p.Sort {
	case "", "-count", "count":
	case "-last_seen", "-date", "date", "last_seen":
		q.Newest = true
	default:
		return nil, badRequest("Invalid sort: want -count or -last_seen.")
	}
	c, err := parseCursor(p.Cursor)
	if err != nil {
		return nil, err
	}
	if c != nil {
		if q.Offset, err = strconv.Atoi(c.Tie); err != nil || q.Offset < 0 || q.Offset > 100_000 {
			return nil, errCursor
		}
	}
	if q.FromMS, _, err = a.window(p.WindowParams, 0); err != nil {
		return nil, err
	}
	limit := perPage(p.PerPage, 100)
	q.Limit = limit + 1
	rows, err := a.Store.TagValues(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("list values of tag", err)
	}
	more := len(rows) > limit
	rows = rows[:min(len(rows), limit)]
	link := a.linkHeader(rq, "0:"+strconv.Itoa(max(q.Offset-limit, 0))+":1", q.Offset > 0, "0:"+strconv.Itoa(q.Offset+limit)+":0", more)
	return &List[TagValue]{Link: link, Body: tagValues(rows)}, nil
}

func (a *API) listTagValues(ctx context.Context, in *OrgTagValuesInput) (*List[TagValue], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	q := store.TagQuery{}
	if q.Projects, err = set.choose(in.FilterParams); err != nil {
		return nil, err
	}
	return a.tagValuePage(ctx, rq, q, in.Key, in.TagValuesParams)
}

func (a *API) listProjectTagValues(ctx context.Context, in *ProjectTagValuesInput) (*List[TagValue], error) {
	rq := from(ctx)
	return a.tagValuePage(ctx, rq, store.TagQuery{Projects: []int64{rq.project.ID}}, in.Key, in.TagValuesParams)
}

func (a *API) listIssueTagValues(ctx context.Context, in *IssueTagValuesInput) (*List[TagValue], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	return a.tagValuePage(ctx, rq, store.TagQuery{IssueID: i.ID}, in.Key, in.TagValuesParams)
}

// tagDetails are keys with their most frequent values; nil keys are all that are shown as tags.
func (a *API) tagDetails(ctx context.Context, rq *request, q store.TagQuery, keys []string, top int) ([]TagDetail, error) {
	q.Limit, q.Marks = 1000, len(keys) > 0
	counts, err := a.Store.TagKeys(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("list tags", err)
	}
	if len(keys) > 0 {
		counts = slices.DeleteFunc(counts, func(k store.KeyCount) bool { return !slices.Contains(keys, k.Key) })
	}
	names := make([]string, len(counts))
	for i, k := range counts {
		names[i] = k.Key
	}
	values, err := a.Store.TopValues(ctx, rq.scope, q, names, top)
	if err != nil {
		return nil, a.fail("list values of tags", err)
	}
	out := []TagDetail{}
	for _, k := range counts {
		name := search.FieldOf(k.Key)
		out = append(out, TagDetail{Key: name, Name: name, UniqueValues: k.Values, TotalValues: k.Events, TopValues: tagValues(values[k.Key]), Cut: k.Cut})
	}
	return out, nil
}

// maxSampledEvents bounds the events that are counted when only those of some environments are asked for.
const maxSampledEvents = 2_500

func (a *API) listIssueTags(ctx context.Context, in *IssueTagsInput) (*One[[]TagDetail], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	top := min(max(in.Limit, 1), 100)
	if in.Limit == 0 {
		top = 10
	}
	var keys []string
	for _, k := range nonEmpty(in.Key) {
		keys = append(keys, search.TagKey(k))
	}
	if envs := nonEmpty(in.Environment); len(envs) > 0 {
		out, err := a.countTags(ctx, rq, store.EventQuery{IssueID: i.ID, Environments: envs}, keys, top)
		return one(out), err
	}
	out, err := a.tagDetails(ctx, rq, store.TagQuery{IssueID: i.ID}, keys, top)
	return one(out), err
}

// countTags counts the tags of the newest events that fit, where no table has the counts.
func (a *API) countTags(ctx context.Context, rq *request, q store.EventQuery, keys []string, top int) ([]TagDetail, error) {
	byKey := map[string]map[string]*TagValue{}
	totals := map[string]int64{}
	q.OnlyTags = true
	more, err := a.Store.EachEvent(ctx, rq.scope, q, maxSampledEvents, func(e *store.Event) error {
		for k, v := range store.TagsOf(e.Tags) {
			if len(keys) > 0 && !slices.Contains(keys, k) || len(keys) == 0 && k[:1] == store.MarkPrefix {
				continue
			}
			if byKey[k] == nil {
				byKey[k] = map[string]*TagValue{}
			}
			t := byKey[k][v]
			if t == nil {
				t = &TagValue{Key: search.FieldOf(k), Name: v, Value: v, LastSeen: at(e.TimestampMS)} // the newest comes first
				byKey[k][v] = t
			}
			t.Count++
			t.FirstSeen = at(e.TimestampMS)
			totals[k]++
		}
		return nil
	})
	if err != nil {
		return nil, a.fail("count tags", err)
	}
	out := []TagDetail{}
	for k, values := range byKey {
		d := TagDetail{Key: search.FieldOf(k), Name: search.FieldOf(k), UniqueValues: int64(len(values)), TotalValues: totals[k], TopValues: []TagValue{}, Cut: more}
		for _, v := range values {
			d.TopValues = append(d.TopValues, *v)
		}
		slices.SortFunc(d.TopValues, func(x, y TagValue) int { return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Value, y.Value)) })
		d.TopValues = d.TopValues[:min(len(d.TopValues), top)]
		out = append(out, d)
	}
	slices.SortFunc(out, func(x, y TagDetail) int {
		return cmp.Or(cmp.Compare(y.TotalValues, x.TotalValues), cmp.Compare(x.Key, y.Key))
	})
	return out, nil
}

func (a *API) tagDetail(ctx context.Context, rq *request, q store.TagQuery, name string) (*One[TagDetail], error) {
	ds, err := a.tagDetails(ctx, rq, q, []string{search.TagKey(name)}, 100)
	if err != nil {
		return nil, err
	}
	if len(ds) == 0 { // a key that nothing has yet is no mistake of who asks
		return one(TagDetail{Key: name, Name: name, TopValues: []TagValue{}}), nil
	}
	return one(ds[0]), nil
}

func (a *API) getIssueTag(ctx context.Context, in *IssueTagInput) (*One[TagDetail], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	return a.tagDetail(ctx, rq, store.TagQuery{IssueID: i.ID}, in.Key)
}

func (a *API) getProjectTag(ctx context.Context, in *ProjectTagInput) (*One[TagDetail], error) {
	rq := from(ctx)
	return a.tagDetail(ctx, rq, store.TagQuery{Projects: []int64{rq.project.ID}}, in.Key)
}
