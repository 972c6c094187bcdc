package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

// registerReplayItems declares what a replay has besides errors and pictures.
func (a *API) registerReplayItems(router *mux.Router) {
	const org, project = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/replays/"
	handle(a, Route{ID: "listReplayItems", Method: "GET", Path: org + "replays/{replay}/items/", Access: "event:read", Summary: "Logs, feedback, check-ins and bad transactions of a replay", Ours: true}, a.listReplayItems)
	handle(a, Route{ID: "listReplayTags", Method: "GET", Path: project + "tags/", Access: "event:read", Summary: "Tags of a project's replays"}, a.listReplayTags)
	handle(a, Route{ID: "listReplayTagValues", Method: "GET", Path: project + "tags/{tag}/values/", Access: "event:read", Summary: "Values of a tag of replays"}, a.listReplayTagValues)
	a.handleRaw(router, Route{ID: "downloadReplayVideo", Method: "GET", Path: project + "{replay}/videos/{segment}/", Access: "event:read", Summary: "The film of a segment, as mobile SDKs record"}, a.downloadReplayVideo)
}

// replayItemKinds are what a replay's items can be asked for by.
var replayItemKinds = []string{store.ItemLog, store.ItemFeedback, store.ItemCheckIn, store.ItemTransaction, store.ItemSpan}

// ReplayItemsInput asks for a replay's items.
type ReplayItemsInput struct {
	ReplayPath
	PageParams
	Kind []string `query:"kind,explode" doc:"log, feedback, check_in, transaction, span (a segment that an SDK streamed in place of a transaction); all without."`
}

// ReplayItem is something other than an error that happened in a replay and is worth a mark on its timeline: a log
// from warnings on, a feedback, a run of a monitor, a transaction that failed or took more than a second.
type ReplayItem struct {
	Kind        string    `json:"kind" enum:"log,feedback,check_in,transaction,span"`
	ID          string    `json:"id"`
	Timestamp   time.Time `json:"timestamp"`
	OffsetMS    *int64    `json:"offsetMs" doc:"Milliseconds from the replay's start; negative before it."`
	Level       *string   `json:"level" doc:"Of a log: warn, error, fatal. Of a transaction: error when it failed, warning when it was slow. Of a run: error."`
	Title       string    `json:"title" doc:"The line, the message, the transaction's name, the monitor's slug."`
	ProjectSlug *string   `json:"projectSlug"`
	Side        *string   `json:"side" enum:"backend,frontend"`
	TraceID     *string   `json:"traceId"`
	SpanID      *string   `json:"spanId"`
	DurationMS  *int64    `json:"durationMs"`
	Status      *string   `json:"status" doc:"Of a transaction or a run."`
	Author      *string   `json:"author" doc:"Of a feedback."`
	Contact     *string   `json:"contact" doc:"E-mail address a feedback was left with."`
	URL         *string   `json:"url" doc:"The page a feedback was written on."`
	Tier        int       `json:"tier" enum:"1,2,3,4"`
	Flags       []string  `json:"flags" doc:"before_session, after_session"`
}

func (a *API) listReplayItems(ctx context.Context, in *ReplayItemsInput) (*DataList[ReplayItem], error) {
	rq := from(ctx)
	kinds := nonEmpty(in.Kind)
	for _, k := range kinds {
		if !slices.Contains(replayItemKinds, k) {
			return nil, badRequest("Invalid kind: want " + strings.Join(replayItemKinds, ", ") + ".")
		}
	}
	r, err := a.replayOf(ctx, rq, in.Replay)
	if err != nil {
		return nil, err
	}
	cursor, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.ReplayMarks(ctx, rq.scope, r.ReplayID, kinds, store.Page{Limit: perPage(in.PerPage, 100), Cursor: cursor})
	if err != nil {
		return nil, a.fail("list items of replay", err)
	}
	out := &DataList[ReplayItem]{Link: pageLink(a, rq, page)}
	out.Body.Data = []ReplayItem{}
	for i := range page.Rows {
		out.Body.Data = append(out.Body.Data, replayItem(&page.Rows[i], r.StartedMS))
	}
	return out, nil
}

func replayItem(m *store.ReplayMark, startedMS *int64) ReplayItem {
	flags := link.Flags(m.Flags)
	out := ReplayItem{Kind: m.ItemKind, ID: m.ItemID, Timestamp: at(*m.TimeMS), Level: m.Level, Title: m.Text, ProjectSlug: m.ProjectSlug, Side: m.Side,
		TraceID: m.TraceID, SpanID: m.SpanID, DurationMS: m.DurationMS, Status: text(m.Status), Author: text(m.Author), Contact: text(m.Contact), URL: text(m.URL),
		Tier: int(link.TierOf(link.Signals(m.Signals), flags)), Flags: flags.Names()}
	if out.Title == "" && m.Name != nil {
		out.Title = *m.Name
	}
	if startedMS != nil {
		offset := *m.TimeMS - *startedMS
		out.OffsetMS = &offset
	}
	return out
}

// ReplayTagsInput asks for the tags of a project's replays.
type ReplayTagsInput struct {
	ProjectPath
	WindowParams
}

// ReplayTagKey is a tag that replays have.
type ReplayTagKey struct {
	Key          string `json:"key"`
	Name         string `json:"name"`
	UniqueValues int64  `json:"uniqueValues"`
	TotalValues  int64  `json:"totalValues" doc:"Replays that have it, of the project's newest 5000 in the window."`
}

// ReplayTagValuesInput asks for the values of a tag.
type ReplayTagValuesInput struct {
	ReplayTagsInput
	PageParams
	Tag   string `path:"tag"`
	Query string `query:"query" doc:"What a value has in it."`
}

// ReplayTagValue is a value of a tag of replays.
type ReplayTagValue struct {
	Key       string    `json:"key"`
	Name      string    `json:"name"`
	Value     string    `json:"value"`
	Count     int64     `json:"count" doc:"Replays that have it, of the project's newest 5000 in the window."`
	FirstSeen time.Time `json:"firstSeen"`
	LastSeen  time.Time `json:"lastSeen"`
}

// maxTagKeys and maxTagValues bound lists of tags and of the values of one.
const (
	maxTagKeys   = 1_000
	maxTagValues = 1_000
)

func (a *API) replayTags(ctx context.Context, rq *request, w WindowParams, q store.ReplayTagQuery) ([]store.ReplayTag, error) {
	var err error
	if q.FromMS, q.ToMS, err = a.window(w, 90*24*time.Hour); err != nil {
		return nil, err
	}
	q.ProjectID = rq.project.ID
	rows, err := a.Store.ReplayTags(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("list tags of replays", err)
	}
	return rows, nil
}

func (a *API) listReplayTags(ctx context.Context, in *ReplayTagsInput) (*List[ReplayTagKey], error) {
	rows, err := a.replayTags(ctx, from(ctx), in.WindowParams, store.ReplayTagQuery{Limit: maxTagKeys})
	if err != nil {
		return nil, err
	}
	out := &List[ReplayTagKey]{Body: []ReplayTagKey{}}
	for _, r := range rows {
		out.Body = append(out.Body, ReplayTagKey{Key: r.Key, Name: r.Key, UniqueValues: r.Values, TotalValues: r.Count})
	}
	return out, nil
}

func (a *API) listReplayTagValues(ctx context.Context, in *ReplayTagValuesInput) (*List[ReplayTagValue], error) {
	rq := from(ctx)
	rows, err := a.replayTags(ctx, rq, in.WindowParams, store.ReplayTagQuery{Key: in.Tag, Contains: in.Query, Limit: maxTagValues})
	if err != nil {
		return nil, err
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	out := &List[ReplayTagValue]{Link: link, Body: []ReplayTagValue{}}
	for _, r := range page {
		out.Body = append(out.Body, ReplayTagValue{Key: r.Key, Name: r.Value, Value: r.Value, Count: r.Count, FirstSeen: at(r.FirstMS), LastSeen: at(r.LastMS)})
	}
	return out, nil
}
