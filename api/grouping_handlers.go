package api

import (
	"context"
	"errors"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerGrouping() {
	const project = "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "getGroupingInfo", Method: "GET", Path: project + "events/{event}/grouping-info/", Access: "event:read", Summary: "Why an event is in its issue"}, a.getGroupingInfo)
	handle(a, Route{ID: "testGrouping", Method: "POST", Path: project + "grouping-test/", Access: "project:read", Summary: "What grouping rules make of an event", Ours: true}, a.testGrouping)
}

func (a *API) getGroupingInfo(ctx context.Context, in *GroupingInfoInput) (*One[GroupingInfo], error) {
	rq := from(ctx)
	e, err := a.projectEvent(ctx, rq, in.Event)
	if err != nil {
		return nil, err
	}
	ev, _ := a.stored(e)
	config, _ := compileRules(a.settingsOf(rq.project).Grouping)
	r := config.Group(ev)
	return one(groupingInfo(&r, e.Hash)), nil
}

func (a *API) testGrouping(ctx context.Context, in *GroupingTestInput) (*One[GroupingTest], error) {
	rq := from(ctx)
	g := a.settingsOf(rq.project).Grouping
	set(&g.FingerprintRules, in.Body.FingerprintRules)
	set(&g.StackTraceRules, in.Body.StackTraceRules)
	s := settings.Default()
	s.Grouping = g
	if err := s.Validate(); err != nil {
		return nil, a.failSettings("test grouping", err)
	}
	config, wrong := compileRules(g)
	out := GroupingTest{Errors: wrong, Algorithm: groupingConfig, Hashes: []string{}, Variants: GroupingInfo{}, Stacks: nil}
	if wrong.any() {
		return one(out), nil
	}
	ev, err := a.eventToTest(ctx, rq, in)
	if err != nil || ev == nil {
		return one(out), err
	}
	r := config.Group(ev)
	out.Hashes, out.Title, out.Culprit, out.MatchedRule = r.Hashes, r.Title, r.Culprit, r.Rule
	out.Variants, out.Stacks = groupingInfo(&r, ""), r.Stacks
	i, err := a.Store.IssueByHashes(ctx, rq.scope, rq.project.ID, append(r.Hashes, r.Older...))
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return nil, a.fail("find the issue of a hash", err)
	default:
		out.Issue = null(&IssueRef{ID: itoa(i.ID), ShortID: store.ShortID(rq.project.Slug, i.Number), Title: i.Title})
	}
	return one(out), nil
}

// eventToTest is the event of a test, normalised as the linker does; nil when only the rules are to be read.
func (a *API) eventToTest(ctx context.Context, rq *request, in *GroupingTestInput) (*envelope.Event, error) {
	if in.Body.EventID != "" {
		e, err := a.projectEvent(ctx, rq, in.Body.EventID)
		if err != nil {
			return nil, err
		}
		ev, _ := a.stored(e)
		return ev, nil
	}
	if len(in.Body.Event) == 0 || string(in.Body.Event) == "null" {
		return nil, nil
	}
	ev, err := envelope.ParseEvent(in.Body.Event)
	if err != nil {
		return nil, badRequest("The event is not one that an SDK could send.")
	}
	normalize.Event(ev, normalize.Input{Received: a.Now()})
	return ev, nil
}
