package api

import (
	"context"
	"errors"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// searchID says what a pasted id is. Ids of different things look alike, so each kind is looked up by
// its index; what is found comes with the address of its page.
func (a *API) searchID(ctx context.Context, in *SearchInput) (*One[SearchResult], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	out := SearchResult{Data: []SearchHit{}}
	page := "/organizations/" + rq.org.Slug
	given := strings.TrimSpace(in.ID)
	if id, ok := hexID(given); ok {
		err = a.searchHex(ctx, rq, set, page, id, &out)
	} else if id, bad := envelope.ParseSpanID(strings.ToLower(given)); bad == nil {
		err = a.searchSpan(ctx, rq, set, page, id.String(), &out)
	} else {
		err = a.searchIssue(ctx, rq, set, page, given, &out)
	}
	if err != nil {
		return nil, a.fail("search id", err)
	}
	return one(out), nil
}

func (a *API) searchHex(ctx context.Context, rq *request, set *projectSet, page, id string, out *SearchResult) error {
	es, err := a.Store.EventsByID(ctx, rq.scope, []string{id})
	if err != nil {
		return err
	}
	for _, e := range es {
		out.Data = append(out.Data, SearchHit{Kind: "event", ID: id, Title: e.Title, ProjectSlug: text(set.slug(e.ProjectID)),
			URL: page + "/issues/" + itoa(e.IssueID) + "/events/" + id + "/"})
	}
	r, err := a.Store.Replay(ctx, rq.scope, id)
	if err == nil {
		hit := SearchHit{Kind: "replay", ID: id, Title: "Replay", URL: page + "/explore/replays/" + id + "/"}
		if r.ProjectID != nil {
			hit.ProjectSlug = text(set.slug(*r.ProjectID))
		}
		if urls := stringList(r.URLs); len(urls) > 0 {
			hit.Title = "Replay of " + urls[0]
		}
		out.Data = append(out.Data, hit)
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	traced, err := a.Store.HasTrace(ctx, rq.scope, id)
	if traced {
		out.Data = append(out.Data, SearchHit{Kind: "trace", ID: id, Title: "Trace", URL: page + "/explore/traces/trace/" + id + "/"})
	}
	return err
}

func (a *API) searchSpan(ctx context.Context, rq *request, set *projectSet, page, id string, out *SearchResult) error {
	spans, err := a.Store.SpansByID(ctx, rq.scope, id)
	for _, s := range spans {
		out.Data = append(out.Data, SearchHit{Kind: "span", ID: id, Title: strings.TrimSpace(s.Op + " " + s.Name), ProjectSlug: text(set.slug(s.ProjectID)),
			URL: page + "/explore/traces/trace/" + s.TraceID + "/?node=span-" + id})
	}
	return err
}

func (a *API) searchIssue(ctx context.Context, rq *request, set *projectSet, page, id string, out *SearchResult) error {
	i, err := a.issueByAnyID(ctx, rq.scope, id)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	slug := set.slug(i.ProjectID)
	out.Data = append(out.Data, SearchHit{Kind: "issue", ID: store.ShortID(slug, i.Number), Title: i.Title, ProjectSlug: text(slug), URL: page + "/issues/" + itoa(i.ID) + "/"})
	return nil
}
