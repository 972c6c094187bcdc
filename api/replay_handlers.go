package api

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

// listedIDs is how many ids of a kind a replay names; counts are exact.
const listedIDs = 100

func (a *API) listReplays(ctx context.Context, in *ReplaysInput) (*DataList[Replay], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	q := store.ReplayQuery{Environments: nonEmpty(in.Environment), Page: store.Page{Limit: perPage(in.PerPage, 10)}}
	sort := in.Sort
	if sort == "" {
		sort = "-started_at"
	}
	name, descending := strings.CutPrefix(sort, "-")
	if q.Sort, q.Ascending = name, !descending; !a.Store.IsReplaySort(name) {
		return nil, badRequest("Invalid sort: replays cannot be sorted by " + name + ".")
	}
	if q.Page.Cursor, err = parseCursor(in.Cursor); err != nil {
		return nil, err
	}
	if q.Projects, err = set.choose(in.FilterParams); err != nil {
		return nil, err
	}
	if q.Filter, err = compile(a.searchContext(ctx, rq, set), in.Query, search.Replays); err != nil {
		return nil, err
	}
	if q.FromMS, q.ToMS, err = a.window(in.WindowParams, 90*24*time.Hour); err != nil {
		return nil, err
	}
	page, err := a.Store.Replays(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("list replays", err)
	}
	out := &DataList[Replay]{Link: pageLink(a, rq, page)}
	out.Body.Data, err = a.replays(ctx, rq, page.Rows)
	return out, err
}

// replays makes the API's replays of stored ones.
func (a *API) replays(ctx context.Context, rq *request, rows []store.ListedReplay) ([]Replay, error) {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ReplayID
	}
	items, err := a.Store.ReplayItems(ctx, rq.scope, ids, listedIDs)
	if err != nil {
		return nil, a.fail("read items of replays", err)
	}
	viewed, err := a.Store.ViewedReplays(ctx, rq.scope, rq.caller.userID(), ids)
	if err != nil {
		return nil, a.fail("read viewed replays", err)
	}
	out := make([]Replay, len(rows))
	for i := range rows {
		out[i] = replayView(&rows[i], items[rows[i].ReplayID])
		out[i].HasViewed = viewed[rows[i].ReplayID]
	}
	return out, nil
}

func replayView(r *store.ListedReplay, items *store.ReplayItems) Replay {
	out := Replay{
		ID: r.ReplayID, ReplayType: r.ReplayType, Platform: r.Platform, Environment: text(r.Environment), Releases: stringList(r.Releases), Dist: text(r.Dist),
		StartedAt: atPtr(r.StartedMS), FinishedAt: atPtr(r.FinishedMS), Browser: Part{text(r.BrowserName), text(r.BrowserVersion)},
		OS: Part{text(r.OSName), text(r.OSVersion)}, SDK: Part{text(r.SDKName), text(r.SDKVersion)},
		Device: Device{Name: text(r.DeviceName), Brand: text(r.DeviceBrand), Family: text(r.DeviceFamily), Model: text(r.DeviceModel)},
		User:   replayUser(r.UserJSON), Tags: map[string][]string{}, URLs: stringList(r.URLs), Clicks: []string{},
		CountErrors: r.Errors, CountWarnings: r.Warnings, CountInfos: r.Infos, CountSegments: r.Segments, CountURLs: r.CountURLs,
		CountDeadClicks: r.CountDeadClicks, CountRageClicks: r.CountRageClicks,
		ErrorIDs: items.Errors, WarningIDs: items.Warnings, InfoIDs: items.Infos, TraceIDs: items.Traces, IsArchived: r.State == store.ReplayDeleted,
		Hindsight: ReplayHindsight{State: r.State, Plays: r.State == store.ReplayLive && r.Segments > r.Unplayable, UnplayableSegments: r.Unplayable,
			HasFirstSegment: r.HasFirst, CountBackendErrors: r.BackendErrors, CountFrontendErrors: r.FrontendErrors, BackendProjects: items.BackendProjects},
	}
	if r.ProjectID != nil {
		id := itoa(*r.ProjectID)
		out.ProjectID = &id
	}
	if r.StartedMS != nil && r.FinishedMS != nil {
		out.Duration = (*r.FinishedMS - *r.StartedMS) / 1000
	}
	out.Activity = min(max((25*r.Errors+5*r.CountURLs)/10, 1), 10)
	if r.LastSegmentMS != nil {
		t := at(*r.LastSegmentMS).Format(time.RFC3339Nano)
		out.Hindsight.LastReceived = &t
	}
	_ = json.Unmarshal([]byte(r.Tags), &out.Tags) // stays empty when it is no object of arrays
	if out.Tags == nil {
		out.Tags = map[string][]string{}
	}
	return out
}

// stringList reads a JSON array of text; it is never nil.
func stringList(s string) []string {
	out := []string{}
	_ = json.Unmarshal([]byte(s), &out)
	if out == nil {
		return []string{}
	}
	return out
}

func replayUser(s string) ReplayUser {
	var loose map[string]any
	_ = json.Unmarshal([]byte(s), &loose)
	str := func(k string) *string {
		if v, ok := loose[k].(string); ok {
			return text(v)
		}
		return nil
	}
	u := ReplayUser{ID: str("id"), Username: str("username"), Email: str("email"), IP: str("ip_address"), Geo: map[string]string{}}
	for _, name := range []*string{str("name"), u.Username, u.Email, u.ID, u.IP} {
		if name != nil {
			u.DisplayName = name
			break
		}
	}
	if geo, ok := loose["geo"].(map[string]any); ok {
		for k, v := range geo {
			if s, ok := v.(string); ok {
				u.Geo[k] = s
			}
		}
	}
	return u
}

// replayOf reads a replay by its id; a stub without a recording and a tombstone too.
func (a *API) replayOf(ctx context.Context, rq *request, replayID string) (*store.ListedReplay, error) {
	id, ok := hexID(replayID)
	if !ok {
		return nil, errNotFound
	}
	r, err := a.Store.Replay(ctx, rq.scope, id)
	if err != nil {
		return nil, a.fail("read replay", err)
	}
	// A path with a project is for that project's replays only; a stub has no project yet.
	if rq.project != nil && (r.ProjectID == nil || *r.ProjectID != rq.project.ID) {
		return nil, errNotFound
	}
	return r, nil
}

// recorded gives the id of a replay that may be read from.
func (a *API) recorded(ctx context.Context, rq *request, replayID string) (string, error) {
	r, err := a.replayOf(ctx, rq, replayID)
	if err != nil {
		return "", err
	}
	if r.State != store.ReplayLive {
		return "", errNotFound
	}
	return r.ReplayID, nil
}

func (a *API) replayBody(ctx context.Context, replayID string) (*One[ReplayBody], error) {
	rq := from(ctx)
	r, err := a.replayOf(ctx, rq, replayID)
	if err != nil {
		return nil, err
	}
	rows, err := a.replays(ctx, rq, []store.ListedReplay{*r})
	if err != nil {
		return nil, err
	}
	return one(ReplayBody{Data: rows[0]}), nil
}

func (a *API) getReplay(ctx context.Context, in *ReplayPath) (*One[ReplayBody], error) {
	return a.replayBody(ctx, in.Replay)
}

func (a *API) getProjectReplay(ctx context.Context, in *ProjectReplayPath) (*One[ReplayBody], error) {
	return a.replayBody(ctx, in.Replay)
}

// deleteProjectReplay leaves a tombstone and removes the recording, by rows and by what is found under
// the replay's own prefix: a segment that was being stored meanwhile goes too.
func (a *API) deleteProjectReplay(ctx context.Context, in *ProjectReplayPath) (*Nothing, error) {
	rq := from(ctx)
	r, err := a.replayOf(ctx, rq, in.Replay)
	if err != nil {
		return nil, err
	}
	blobs, err := a.Store.DeleteReplay(ctx, rq.scope, r.ReplayID)
	if err != nil {
		return nil, a.fail("delete replay", err)
	}
	prefix := itoa(rq.org.ID) + "/" + itoa(rq.project.ID) + "/replay/" + r.ReplayID + "/"
	err = a.Blobs.List(ctx, prefix, func(key string, _ int64) bool {
		blobs = append(blobs, key)
		return true
	})
	if err != nil {
		return nil, a.fail("list blobs of deleted replay", err)
	}
	slices.Sort(blobs)
	for _, key := range slices.Compact(blobs) {
		if err := a.Blobs.Delete(ctx, key); err != nil {
			return nil, a.fail("delete blob of replay", err)
		}
	}
	return &Nothing{}, nil
}

func segmentView(s *store.ReplaySegment) Segment {
	return Segment{ReplayID: s.ReplayID, SegmentID: s.SegmentID, ProjectID: itoa(s.ProjectID), DateAdded: at(s.ReceivedMS), Bytes: s.Bytes,
		Playable: s.Playable, Problem: s.Problem, FirstMS: s.FirstMS, LastMS: s.LastMS}
}

func (a *API) listSegments(ctx context.Context, in *SegmentsInput) (*List[Segment], error) {
	rq := from(ctx)
	id, err := a.recorded(ctx, rq, in.Replay)
	if err != nil {
		return nil, err
	}
	segments, link, err := a.segmentPage(ctx, rq, id, in.PageParams)
	if err != nil {
		return nil, err
	}
	rows := []Segment{}
	for i := range segments {
		rows = append(rows, segmentView(&segments[i]))
	}
	return &List[Segment]{Link: link, Body: rows}, nil
}

func (a *API) getSegment(ctx context.Context, in *SegmentPath) (*One[Segment], error) {
	s, err := a.segment(ctx, from(ctx), in.Replay, itoa(in.Segment))
	if err != nil {
		return nil, err
	}
	return one(segmentView(s)), nil
}

func (a *API) viewers(ctx context.Context, rq *request, replayID string) (*One[ReplayViewers], error) {
	us, err := a.Store.ReplayViewers(ctx, rq.scope, replayID)
	if err != nil {
		return nil, a.fail("read viewers", err)
	}
	var v ReplayViewers
	v.Data.ID, v.Data.ViewedBy = replayID, []User{}
	for i := range us {
		v.Data.ViewedBy = append(v.Data.ViewedBy, user(&us[i]))
	}
	return one(v), nil
}

func (a *API) listReplayViewers(ctx context.Context, in *ProjectReplayPath) (*One[ReplayViewers], error) {
	rq := from(ctx)
	r, err := a.replayOf(ctx, rq, in.Replay)
	if err != nil {
		return nil, err
	}
	return a.viewers(ctx, rq, r.ReplayID)
}

func (a *API) markReplayViewed(ctx context.Context, in *ProjectReplayPath) (*Nothing, error) {
	rq := from(ctx)
	id, err := a.recorded(ctx, rq, in.Replay)
	if err != nil {
		return nil, err
	}
	if rq.caller.user == nil { // an organisation's own token is nobody
		return &Nothing{}, nil
	}
	if err := a.Store.MarkReplayViewed(ctx, rq.scope, rq.caller.user.ID, id); err != nil {
		return nil, a.fail("mark replay viewed", err)
	}
	return &Nothing{}, nil
}
