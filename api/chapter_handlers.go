package api

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/linker/chapter"
	"github.com/hindsight-dev/hindsight/store"
)

// registerReplayIndex declares what is derived from recordings.
func (a *API) registerReplayIndex() {
	const org, project = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/replays/"
	handle(a, Route{ID: "listReplayChapters", Method: "GET", Path: org + "replays/{replay}/chapters/", Access: "event:read", Summary: "What the user did in a replay", Ours: true}, a.listReplayChapters)
	handle(a, Route{ID: "listReplaySelectors", Method: "GET", Path: org + "replay-selectors/", Access: "event:read", Summary: "Elements with dead and rage clicks"}, a.listReplaySelectors)
	handle(a, Route{ID: "getReplayCoverage", Method: "GET", Path: org + "replay-coverage/", Access: "event:read", Summary: "Share of backend errors with a replay", Ours: true}, a.getReplayCoverage)
	handle(a, Route{ID: "getSetupDoctor", Method: "GET", Path: org + "setup-doctor/", Access: "org:read", Summary: "What keeps errors from finding their replay", Ours: true}, a.getSetupDoctor)
	handle(a, Route{ID: "listReplayDeleteJobs", Method: "GET", Path: project + "jobs/delete/", Access: "project:read", Summary: "Jobs that delete replays"}, a.listDeleteJobs)
	handle(a, Route{ID: "createReplayDeleteJob", Method: "POST", Path: project + "jobs/delete/", Access: "project:write", Summary: "Delete the replays that a query finds", Status: 201}, a.createDeleteJob)
	handle(a, Route{ID: "getReplayDeleteJob", Method: "GET", Path: project + "jobs/delete/{job}/", Access: "project:read", Summary: "A job that deletes replays"}, a.getDeleteJob)
	handle(a, Route{ID: "listReplayClicks", Method: "GET", Path: project + "{replay}/clicks/", Access: "event:read", Summary: "Clicks of a replay"}, a.listReplayClicks)
}

func (a *API) listReplayChapters(ctx context.Context, in *ReplayPath) (*One[ReplayChapters], error) {
	rq := from(ctx)
	id, err := a.recorded(ctx, rq, in.Replay)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Chapters(ctx, rq.scope, id)
	if err != nil {
		return nil, a.fail("read chapters", err)
	}
	out := ReplayChapters{ReplayID: id, Chapters: make([]chapter.Chapter, len(rows))}
	for i := range rows {
		raw, err := store.Decompress(rows[i].Body)
		if err == nil {
			err = json.Unmarshal(raw, &out.Chapters[i])
		}
		if err != nil {
			return nil, a.fail("read chapter", err)
		}
	}
	return one(out), a.nameIssues(ctx, rq, out.Chapters)
}

// nameIssues gives the errors of chapters the short ids of their issues, as they are now.
func (a *API) nameIssues(ctx context.Context, rq *request, chapters []chapter.Chapter) error {
	of := map[int64][]*chapter.Incident{}
	for i := range chapters {
		for n := range chapters[i].Errors {
			if e := &chapters[i].Errors[n]; e.IssueID != 0 {
				of[e.IssueID] = append(of[e.IssueID], e)
			}
		}
	}
	if len(of) == 0 {
		return nil
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return err
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(of)), 500) {
		issues, err := a.Store.IssuesByID(ctx, rq.scope, ids)
		if err != nil {
			return a.fail("read issues of chapters", err)
		}
		for i := range issues {
			for _, e := range of[issues[i].ID] {
				e.ShortID = store.ShortID(set.slug(issues[i].ProjectID), issues[i].Number)
			}
		}
	}
	return nil
}

func (a *API) listReplayClicks(ctx context.Context, in *ReplayClicksInput) (*DataList[ReplayClickedNode], error) {
	rq := from(ctx)
	id, err := a.recorded(ctx, rq, in.Replay)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	f, err := compile(a.searchContext(ctx, rq, set), in.Query, search.Clicks)
	if err != nil {
		return nil, err
	}
	const most = 10_000
	rows, err := a.Store.ReplayClicks(ctx, rq.scope, id, f, 0, most)
	if err != nil {
		return nil, a.fail("read clicks", err)
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	out := &DataList[ReplayClickedNode]{Link: link}
	out.Body.Data = []ReplayClickedNode{}
	for _, r := range page {
		out.Body.Data = append(out.Body.Data, ReplayClickedNode{NodeID: r.NodeID, Timestamp: at(r.TimeMS)})
	}
	return out, nil
}

func (a *API) listReplaySelectors(ctx context.Context, in *ReplaySelectorsInput) (*DataList[ReplaySelector], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	projects, err := set.choose(in.FilterParams)
	if err != nil {
		return nil, err
	}
	fromMS, toMS, err := a.window(in.WindowParams, 14*24*time.Hour)
	if err != nil {
		return nil, err
	}
	name, descending := strings.CutPrefix(in.Sort, "-")
	if in.Sort == "" {
		name, descending = "count_dead_clicks", true
	}
	if name != "count_dead_clicks" && name != "count_rage_clicks" {
		return nil, badRequest("Invalid sort: selectors are sorted by count_dead_clicks or count_rage_clicks.")
	}
	const most = 1_000
	rows, err := a.Store.ClickedElements(ctx, rq.scope, projects, fromMS, toMS, name == "count_rage_clicks", !descending, 0, most)
	if err != nil {
		return nil, a.fail("read clicked elements", err)
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	out := &DataList[ReplaySelector]{Link: link}
	out.Body.Data = []ReplaySelector{}
	for _, r := range page {
		out.Body.Data = append(out.Body.Data, ReplaySelector{CountDeadClicks: r.Dead, CountRageClicks: r.Rage, DOMElement: r.Element, ProjectID: itoa(r.ProjectID),
			Element: SelectorElement{Alt: r.Alt, AriaLabel: r.Label, Class: append([]string{}, strings.Fields(r.Classes)...), ComponentName: r.Component, ID: r.ElementID,
				Role: r.Role, Tag: r.Tag, TestID: r.TestID, Title: r.Title}})
	}
	return out, nil
}

func deleteJob(j *store.ReplayDeleteJob) DeleteJob {
	return DeleteJob{ID: j.ID, DateCreated: at(j.CreatedMS), DateUpdated: at(j.UpdatedMS), RangeStart: at(j.RangeStartMS), RangeEnd: at(j.RangeEndMS),
		Environments: stringList(j.Environments), Status: j.Status, Query: j.Query, CountDeleted: j.CountDeleted}
}

func (a *API) createDeleteJob(ctx context.Context, in *DeleteJobInput) (*One[DeleteJobBody], error) {
	rq, d := from(ctx), in.Body.Data
	start, ok := parseDate(d.RangeStart)
	end, ok2 := parseDate(d.RangeEnd)
	if !ok || !ok2 || end.Before(start) {
		return nil, badRequest("rangeStart and rangeEnd are dates, the first before the second.")
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	f, err := compile(a.searchContext(ctx, rq, set), d.Query, search.Replays)
	if err != nil {
		return nil, err
	}
	j := store.ReplayDeleteJob{ProjectID: rq.project.ID, RangeStartMS: start.UnixMilli(), RangeEndMS: end.UnixMilli(), Query: d.Query}
	if id := rq.caller.userID(); id != 0 {
		j.UserID = &id
	}
	made, err := a.Store.CreateDeleteJob(ctx, rq.scope, j, nonEmpty(d.Environments), f)
	if err != nil {
		return nil, a.fail("create delete job", err)
	}
	return one(DeleteJobBody{Data: deleteJob(made)}), nil
}

func (a *API) listDeleteJobs(ctx context.Context, in *DeleteJobsInput) (*DataList[DeleteJob], error) {
	rq := from(ctx)
	const most = 1_000
	rows, err := a.Store.DeleteJobs(ctx, rq.scope, rq.project.ID, 0, most)
	if err != nil {
		return nil, a.fail("list delete jobs", err)
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	out := &DataList[DeleteJob]{Link: link}
	out.Body.Data = []DeleteJob{}
	for i := range page {
		out.Body.Data = append(out.Body.Data, deleteJob(&page[i]))
	}
	return out, nil
}

func (a *API) getDeleteJob(ctx context.Context, in *DeleteJobPath) (*One[DeleteJobBody], error) {
	rq := from(ctx)
	j, err := a.Store.DeleteJob(ctx, rq.scope, rq.project.ID, in.Job)
	if err != nil {
		return nil, a.fail("read delete job", err)
	}
	return one(DeleteJobBody{Data: deleteJob(j)}), nil
}
