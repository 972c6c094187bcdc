package api

import (
	"context"
	"slices"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) listCheckIns(ctx context.Context, in *CheckInsInput) (*List[CheckIn], error) {
	rq := from(ctx)
	m, err := a.findMonitor(ctx, in.Monitor)
	if err != nil {
		return nil, err
	}
	c, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	fromMS, toMS, err := a.window(in.WindowParams, 0)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.CheckIns(ctx, rq.scope, store.CheckInQuery{ProjectID: m.ProjectID, Slug: m.Slug, Environments: nonEmpty(in.Environment), FromMS: fromMS, ToMS: toMS,
		Page: store.Page{Limit: perPage(in.PerPage, 50), Cursor: c}})
	if err != nil {
		return nil, a.fail("list check-ins", err)
	}
	cfg := monitorConfig(m)
	out := make([]CheckIn, len(page.Rows))
	for i := range page.Rows {
		r := &page.Rows[i]
		out[i] = CheckIn{ID: dashed(r.CheckInID), Environment: r.Environment, Status: r.Status, Duration: r.DurationMS, DateCreated: at(r.StartedMS), DateAdded: at(r.StartedMS),
			DateUpdated: at(r.UpdatedMS), DateClock: at(r.StartedMS), ExpectedTime: atPtr(r.ExpectedMS), MonitorConfig: cfg, TraceID: r.TraceID}
		if r.Status == store.CheckInProgress || r.DurationMS != nil {
			out[i].DateInProgress = atPtr(&r.StartedMS)
		}
	}
	if slices.Contains(in.Expand, "groups") {
		if err := a.expandGroups(ctx, rq, out); err != nil {
			return nil, err
		}
	}
	return &List[CheckIn]{Link: pageLink(a, rq, page), Body: out}, nil
}

// expandGroups adds the issues of errors that have the trace of a run.
func (a *API) expandGroups(ctx context.Context, rq *request, cs []CheckIn) error {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return err
	}
	for i := range cs {
		cs[i].Groups = []GroupRef{}
		if cs[i].TraceID == nil {
			continue
		}
		issues, err := a.Store.IssuesOfTrace(ctx, rq.scope, *cs[i].TraceID, 10)
		if err != nil {
			return a.fail("read issues of a run", err)
		}
		for _, is := range issues {
			cs[i].Groups = append(cs[i].Groups, GroupRef{ID: is.ID, ShortID: store.ShortID(set.slug(is.ProjectID), is.Number)})
		}
	}
	return nil
}
