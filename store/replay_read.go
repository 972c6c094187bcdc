package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// ReplayQuery asks for recorded replays that overlap a window, zero is open.
type ReplayQuery struct {
	Projects     []int64
	Environments []string
	FromMS, ToMS int64
	Filter       Filter // over replayFields
	Sort         string // one of replaySorts
	Ascending    bool
	Page         Page
}

// ListedReplay is a replay with the counts that lists show. Errors are links of level error and fatal that count. The
// database keeps the counts of links in the transaction that changes a link, so that every screen agrees.
type ListedReplay struct {
	Replay         `bun:",extend"`
	Segments       int64 `bun:"segments"`
	Unplayable     int64 `bun:"unplayable"`
	HasFirst       bool  `bun:"has_first"`
	Errors         int64 `bun:"count_errors"`
	BackendErrors  int64 `bun:"count_backend_errors"`
	FrontendErrors int64 `bun:"count_frontend_errors"`
	Warnings       int64 `bun:"count_warnings"`
	Infos          int64 `bun:"count_infos"`
	Worth          int64 `bun:"worth"` // what lists rank it by
}

const (
	ofLink    = "SELECT 1 FROM replay_links AS fl WHERE fl.org_id = r.org_id AND fl.replay_id = r.replay_id AND fl.item_kind = 'event'"
	ofTrace   = "SELECT 1 FROM replay_traces AS ft WHERE ft.org_id = r.org_id AND ft.replay_id = r.replay_id"
	ofView    = "SELECT 1 FROM replay_views AS fv WHERE fv.org_id = r.org_id AND fv.replay_id = r.replay_id"
	ofIssue   = "SELECT 1 FROM replay_links AS fl JOIN issues AS fi ON fi.id = fl.issue_id AND fi.org_id = fl.org_id WHERE fl.org_id = r.org_id AND fl.replay_id = r.replay_id AND fl.item_kind = 'event' AND fl.side = 'backend'"
	ofRequest = "SELECT 1 FROM replay_requests AS fq WHERE fq.org_id = r.org_id AND fq.replay_id = r.replay_id"
)

const (
	segmentCount = "(SELECT COUNT(*) FROM replay_segments AS fs WHERE fs.org_id = r.org_id AND fs.replay_id = r.replay_id)"
	badSegments  = "(SELECT COUNT(*) FROM replay_segments AS fs WHERE fs.org_id = r.org_id AND fs.replay_id = r.replay_id AND NOT fs.playable)"
	hasFirst     = "EXISTS (SELECT 1 FROM replay_segments AS fs WHERE fs.org_id = r.org_id AND fs.replay_id = r.replay_id AND fs.segment_id = 0)"
	durationMS   = "(COALESCE(r.finished_ms, r.started_ms) - r.started_ms)"
	activity     = "(25 * r.count_errors + 5 * r.count_urls)"
)

// replaySorts are what replays can be sorted by.
var replaySorts = map[string]string{
	"started_at": startedMS, "finished_at": "COALESCE(r.finished_ms, r.started_ms)", "duration": durationMS, "activity": activity,
	"count_errors": "r.count_errors", "count_backend_errors": "r.count_backend_errors", "count_warnings": "r.count_warnings", "count_infos": "r.count_infos", "count_segments": segmentCount,
	"project_id": "COALESCE(r.project_id, 0)", "usefulness": "r.worth",
	"count_urls": "r.count_urls", "count_dead_clicks": "r.count_dead_clicks", "count_rage_clicks": "r.count_rage_clicks",
}

// replayFields are what replays can be filtered by. Durations are milliseconds.
var replayFields = map[string]field{
	"id": {expr: "r.replay_id"}, "project_id": {expr: "r.project_id"}, "environment": {expr: "r.environment"}, "platform": {expr: "r.platform"},
	"dist": {expr: "r.dist"}, "replay_type": {expr: "r.replay_type"}, "sdk.name": {expr: "r.sdk_name"}, "sdk.version": {expr: "r.sdk_version"},
	"browser.name": {expr: "r.browser_name"}, "browser.version": {expr: "r.browser_version"}, "os.name": {expr: "r.os_name"},
	"os.version": {expr: "r.os_version"}, "device.name": {expr: "r.device_name"}, "device.family": {expr: "r.device_family"},
	"device.brand": {expr: "r.device_brand"}, "device.model_id": {expr: "r.device_model"},
	"releases": {expr: "r.releases"}, "urls": {expr: "r.urls"}, "tags": {expr: "r.tags"},
	"started_ms": {expr: "r.started_ms"}, "duration_ms": {expr: durationMS},
	"count_dead_clicks": {expr: "r.count_dead_clicks"}, "count_rage_clicks": {expr: "r.count_rage_clicks"}, "count_urls": {expr: "r.count_urls"},
	"count_errors": {expr: "r.count_errors"}, "count_backend_errors": {expr: "r.count_backend_errors"}, "count_warnings": {expr: "r.count_warnings"},
	"count_infos": {expr: "r.count_infos"}, "usefulness": {expr: "r.worth"}, "count_segments": {expr: segmentCount}, "activity": {expr: activity},
	"count_traces":        {expr: "(SELECT COUNT(*) FROM replay_traces AS ft WHERE ft.org_id = r.org_id AND ft.replay_id = r.replay_id)"},
	"trace":               {expr: "ft.trace_id", in: ofTrace},
	"error_id":            {expr: "fl.item_id", in: ofLink + " AND fl.level IN ('error', 'fatal')"},
	"warning_id":          {expr: "fl.item_id", in: ofLink + " AND fl.level = 'warning'"},
	"info_id":             {expr: "fl.item_id", in: ofLink + " AND fl.level IN ('info', 'debug')"},
	"issue_id":            {expr: "fl.issue_id", in: ofLink},
	"backend_error.id":    {expr: "fi.id", in: ofIssue},
	"backend_error.title": {expr: "fi.title", in: ofIssue},
	"viewed_by":           {expr: "fv.user_id", in: ofView},
	"request.path":        {expr: "fq.path", in: ofRequest},
}

// replayFieldsOf are all fields that a filter over replays of a scope can name: the members of JSON columns, which the
// engines spell differently, too. Drives give replay ids.
func (s *Store) replayFieldsOf(scope Scope, f *Filter) map[string]field {
	fs := maps.Clone(replayFields)
	for _, m := range []string{"id", "email", "username", "name", "ip_address"} {
		fs["user."+m] = field{expr: s.jsonText("r.user_json", m)}
	}
	s.derivedFieldsOf(fs, scope, f)
	s.replayDrives(fs, scope)
	return fs
}

// IsReplaySort says whether replays can be sorted by a name.
func (s *Store) IsReplaySort(name string) bool {
	return replaySorts[name] != "" || s.textSorts()[name] != ""
}

func listedReplay(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ColumnExpr("r.*").ColumnExpr(segmentCount + " AS segments").ColumnExpr(badSegments + " AS unplayable").ColumnExpr(hasFirst + " AS has_first")
}

// Replays gives a page of replays that have a recording.
func (s *Store) Replays(ctx context.Context, scope Scope, in ReplayQuery) (Paged[ListedReplay], error) {
	p, err := s.planReplays(scope, in)
	if err != nil {
		return Paged[ListedReplay]{}, err
	}
	places, err := p.list(ctx)
	if err != nil {
		return Paged[ListedReplay]{}, border(fmt.Errorf("list replays: %w", err))
	}
	rows, err := s.replaysAt(ctx, scope, places)
	if err != nil {
		return Paged[ListedReplay]{}, border(fmt.Errorf("replays of a list: %w", err))
	}
	values := make(map[string]int64, len(places))
	for _, at := range places {
		values[at.ReplayID] = at.Value
	}
	return paged(rows, in.Page, func(r ListedReplay) Cursor { return Cursor{Value: values[r.ReplayID], Tie: r.ReplayID} }), nil
}

// replaysAt reads the replays of a list's places, in their order.
func (s *Store) replaysAt(ctx context.Context, scope Scope, places []replayPlace) ([]ListedReplay, error) {
	if len(places) == 0 {
		return nil, nil
	}
	ids, order := make([]string, len(places)), make(map[string]int, len(places))
	for i, at := range places {
		ids[i], order[at.ReplayID] = at.ReplayID, i
	}
	var rows []ListedReplay
	err := listedReplay(s.read.NewSelect().TableExpr("replays AS r")).Where("r.org_id = ? AND r.replay_id IN (?)", scope.OrgID, bun.List(ids)).Scan(ctx, &rows)
	slices.SortFunc(rows, func(x, y ListedReplay) int { return order[x.ReplayID] - order[y.ReplayID] })
	return rows, err
}

// maxReplayMS bounds how long a replay lasts: SDKs end one after an hour; a day leaves room for clocks.
const maxReplayMS = 24 * 60 * 60 * 1000

// Replay gives one of the scope's replays in any state, stubs and tombstones too.
func (s *Store) Replay(ctx context.Context, scope Scope, replayID string) (*ListedReplay, error) {
	r := new(ListedReplay)
	err := listedReplay(s.read.NewSelect().TableExpr("replays AS r")).
		Where("r.org_id = ? AND r.replay_id = ?", scope.OrgID, replayID).Where(living("r")).Scan(ctx, r)
	if err != nil {
		return nil, border(fmt.Errorf("replay %s: %w", replayID, err))
	}
	return r, nil
}

// Segments gives a replay's segments in order, from an offset, without their frames.
func (s *Store) Segments(ctx context.Context, scope Scope, replayID string, offset, limit int) ([]ReplaySegment, error) {
	var rows []ReplaySegment
	err := s.read.NewSelect().Model(&rows).ExcludeColumn("frames").Where("rs.org_id = ? AND rs.replay_id = ?", scope.OrgID, replayID).
		OrderExpr("rs.segment_id, rs.body_hash").Offset(int64(offset)).Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("segments of replay %s: %w", replayID, err))
	}
	return rows, nil
}

// Segment gives the bodies of one segment number: more than one where a duplicated tab reused it.
func (s *Store) Segment(ctx context.Context, scope Scope, replayID string, segmentID int64) ([]ReplaySegment, error) {
	var rows []ReplaySegment
	err := s.read.NewSelect().Model(&rows).ExcludeColumn("frames").
		Where("rs.org_id = ? AND rs.replay_id = ? AND rs.segment_id = ?", scope.OrgID, replayID, segmentID).Order("rs.body_hash").Scan(ctx)
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, border(fmt.Errorf("segment %d of replay %s: %w", segmentID, replayID, err))
	}
	return rows, nil
}

// ReplayViewers gives who watched a replay, the latest first.
func (s *Store) ReplayViewers(ctx context.Context, scope Scope, replayID string) ([]User, error) {
	var us []User
	err := s.read.NewSelect().Model(&us).Join("JOIN replay_views AS rv ON rv.user_id = u.id").
		Where("rv.org_id = ? AND rv.replay_id = ?", scope.OrgID, replayID).OrderExpr("rv.viewed_ms DESC").Limit(maxPage).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("viewers of replay %s: %w", replayID, err))
	}
	return us, nil
}

// ViewedReplays gives those of the ids that a user watched.
func (s *Store) ViewedReplays(ctx context.Context, scope Scope, userID int64, replayIDs []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(replayIDs) == 0 || userID == 0 {
		return out, nil
	}
	var ids []string
	err := s.read.NewSelect().TableExpr("replay_views AS rv").ColumnExpr("rv.replay_id").
		Where("rv.org_id = ? AND rv.user_id = ?", scope.OrgID, userID).Where("rv.replay_id IN (?)", bun.List(replayIDs)).Scan(ctx, &ids)
	if err != nil {
		return nil, border(fmt.Errorf("viewed replays: %w", err))
	}
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}

// MarkReplayViewed remembers that a user watches a replay.
func (s *Store) MarkReplayViewed(ctx context.Context, scope Scope, userID int64, replayID string) error {
	v := &ReplayView{OrgID: scope.OrgID, ReplayID: replayID, UserID: userID, ViewedMS: s.nowMS()}
	_, err := s.write.NewInsert().Model(v).On("CONFLICT (org_id, replay_id, user_id) DO UPDATE").Set("viewed_ms = EXCLUDED.viewed_ms").Returning("NULL").Exec(ctx)
	if err != nil {
		return border(fmt.Errorf("mark replay %s viewed: %w", replayID, err))
	}
	return nil
}

// EventsOfReplay gives a page of the events that count as a replay's, with their issues' numbers.
func (s *Store) EventsOfReplay(ctx context.Context, scope Scope, replayID string, page Page) (Paged[ReplayEvent], error) {
	var rows []ReplayEvent
	q := s.read.NewSelect().TableExpr("replay_links AS fl").
		Join("JOIN events AS e ON e.org_id = fl.org_id AND e.event_id = fl.item_id AND e.project_id = fl.project_id").
		Join("LEFT JOIN issues AS i ON i.id = e.issue_id AND i.org_id = e.org_id").
		ColumnExpr("e.event_id, e.project_id, e.issue_id, e.title, e.level, e.side, e.timestamp_ms, i.number AS issue_number, i.metadata AS metadata").
		Where("fl.org_id = ? AND fl.replay_id = ? AND fl.item_kind = ?", scope.OrgID, replayID, ItemEvent).Where(countedLink("fl")).Where(living("fl"))
	// The link has its event's time, and an index: what a page costs does not depend on how many events there are.
	q = keyset(q, page, order{expr: "fl.ts_ms", tie: "fl.item_id", tieValue: textTie})
	if err := q.Scan(ctx, &rows); err != nil {
		return Paged[ReplayEvent]{}, border(fmt.Errorf("events of replay %s: %w", replayID, err))
	}
	return paged(rows, page, func(e ReplayEvent) Cursor { return Cursor{Value: e.TimestampMS, Tie: e.EventID} }), nil
}

// ReplayEvent is an event that a replay has.
type ReplayEvent struct {
	EventID     string  `bun:"event_id"`
	ProjectID   int64   `bun:"project_id"`
	IssueID     int64   `bun:"issue_id"`
	IssueNumber *int64  `bun:"issue_number"`
	Metadata    *string `bun:"metadata"`
	Title       string  `bun:"title"`
	Level       string  `bun:"level"`
	Side        string  `bun:"side"`
	TimestampMS int64   `bun:"timestamp_ms"`
}

// RecordedReplays gives those of the ids that have a recording.
func (s *Store) RecordedReplays(ctx context.Context, scope Scope, replayIDs []string) ([]string, error) {
	ids := []string{}
	if len(replayIDs) == 0 {
		return ids, nil
	}
	err := s.read.NewSelect().TableExpr("replays AS r").ColumnExpr("r.replay_id").
		Where("r.org_id = ? AND r.state = ?", scope.OrgID, ReplayLive).Where(living("r")).Where("r.replay_id IN (?)", bun.List(replayIDs)).Order("r.replay_id").Scan(ctx, &ids)
	if err != nil {
		return nil, border(fmt.Errorf("recorded replays: %w", err))
	}
	return ids, nil
}
