package store

import (
	"context"
	"fmt"

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

// ListedReplay is a replay with the counts that lists show. Errors are links of level error and fatal
// that count; they are queries over the links, never counters, so that every screen agrees.
type ListedReplay struct {
	Replay         `bun:",extend"`
	Segments       int64 `bun:"segments"`
	Unplayable     int64 `bun:"unplayable"`
	HasFirst       bool  `bun:"has_first"`
	Errors         int64 `bun:"errors"`
	BackendErrors  int64 `bun:"backend_errors"`
	FrontendErrors int64 `bun:"frontend_errors"`
	Warnings       int64 `bun:"warnings"`
	Infos          int64 `bun:"infos"`
}

// linksOf counts a replay's links of some levels.
func linksOf(levels string) string {
	return "(SELECT COUNT(*) FROM replay_links AS fl WHERE fl.org_id = r.org_id AND fl.replay_id = r.replay_id AND fl.item_kind = 'event' AND " +
		countedLink("fl") + " AND " + levels + ")"
}

const (
	ofLink    = "SELECT 1 FROM replay_links AS fl WHERE fl.org_id = r.org_id AND fl.replay_id = r.replay_id AND fl.item_kind = 'event'"
	ofTrace   = "SELECT 1 FROM replay_traces AS ft WHERE ft.org_id = r.org_id AND ft.replay_id = r.replay_id"
	ofView    = "SELECT 1 FROM replay_views AS fv WHERE fv.org_id = r.org_id AND fv.replay_id = r.replay_id"
	ofIssue   = "SELECT 1 FROM replay_links AS fl JOIN issues AS fi ON fi.id = fl.issue_id AND fi.org_id = fl.org_id WHERE fl.org_id = r.org_id AND fl.replay_id = r.replay_id AND fl.item_kind = 'event' AND fl.side = 'backend'"
	ofRequest = "SELECT 1 FROM replay_requests AS fq WHERE fq.org_id = r.org_id AND fq.replay_id = r.replay_id"
)

var (
	errorCount    = linksOf("fl.level IN ('error', 'fatal')")
	backendCount  = linksOf("fl.level IN ('error', 'fatal') AND fl.side = 'backend'")
	frontendCount = linksOf("fl.level IN ('error', 'fatal') AND COALESCE(fl.side, 'frontend') = 'frontend'")
	warningCount  = linksOf("fl.level = 'warning'")
	infoCount     = linksOf("fl.level IN ('info', 'debug', 'sample', 'log')")
	segmentCount  = "(SELECT COUNT(*) FROM replay_segments AS fs WHERE fs.org_id = r.org_id AND fs.replay_id = r.replay_id)"
	badSegments   = "(SELECT COUNT(*) FROM replay_segments AS fs WHERE fs.org_id = r.org_id AND fs.replay_id = r.replay_id AND NOT fs.playable)"
	hasFirst      = "EXISTS (SELECT 1 FROM replay_segments AS fs WHERE fs.org_id = r.org_id AND fs.replay_id = r.replay_id AND fs.segment_id = 0)"
	durationMS    = "(COALESCE(r.finished_ms, r.started_ms) - r.started_ms)"
	activity      = "(25 * " + errorCount + " + 5 * r.count_urls)"
)

// replaySorts are what replays can be sorted by.
var replaySorts = map[string]string{
	"started_at": "r.started_ms", "finished_at": "COALESCE(r.finished_ms, r.started_ms)", "duration": durationMS, "activity": activity,
	"count_errors": errorCount, "count_backend_errors": backendCount, "count_warnings": warningCount, "count_infos": infoCount, "count_segments": segmentCount,
	"project_id": "COALESCE(r.project_id, 0)", "usefulness": worthOf,
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
	"count_errors": {expr: errorCount}, "count_backend_errors": {expr: backendCount}, "count_warnings": {expr: warningCount},
	"count_infos": {expr: infoCount}, "count_segments": {expr: segmentCount}, "activity": {expr: activity},
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

// replayFieldsOf adds the members of JSON columns, which the engines spell differently.
func (s *Store) replayFieldsOf(scope Scope, f *Filter) map[string]field {
	fs := make(map[string]field, len(replayFields)+8)
	for k, v := range replayFields {
		fs[k] = v
	}
	for _, m := range []string{"id", "email", "username", "name", "ip_address"} {
		fs["user."+m] = field{expr: s.jsonText("r.user_json", m)}
	}
	s.derivedFieldsOf(fs, scope, f)
	return fs
}

// IsReplaySort says whether replays can be sorted by a name.
func (s *Store) IsReplaySort(name string) bool {
	return replaySorts[name] != "" || s.textSorts()[name] != ""
}

func listedReplay(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ColumnExpr("r.*").ColumnExpr(segmentCount + " AS segments").ColumnExpr(badSegments + " AS unplayable").
		ColumnExpr(hasFirst + " AS has_first").ColumnExpr(errorCount + " AS errors").ColumnExpr(backendCount + " AS backend_errors").
		ColumnExpr(frontendCount + " AS frontend_errors").ColumnExpr(warningCount + " AS warnings").ColumnExpr(infoCount + " AS infos")
}

// Replays gives a page of replays that have a recording.
func (s *Store) Replays(ctx context.Context, scope Scope, in ReplayQuery) (Paged[ListedReplay], error) {
	sort, text := replaySorts[in.Sort], s.textSorts()[in.Sort]
	if sort == "" && text == "" {
		return Paged[ListedReplay]{}, fmt.Errorf("%w: replays are not sorted by %q", ErrInvalid, in.Sort)
	}
	where, args, err := in.Filter.where(s.replayFieldsOf(scope, &in.Filter))
	if err != nil {
		return Paged[ListedReplay]{}, err
	}
	var rows []struct {
		ListedReplay `bun:",extend"`
		SortValue    int64 `bun:"sort_value"`
	}
	q := listedReplay(s.read.NewSelect().TableExpr("replays AS r")).
		Where("r.org_id = ? AND r.state = ? AND r.started_ms IS NOT NULL", scope.OrgID, ReplayLive).Where(where, args...)
	if len(in.Projects) > 0 {
		q = q.Where("r.project_id IN (?)", bun.List(in.Projects))
	}
	if len(in.Environments) > 0 {
		q = q.Where("r.environment IN (?)", bun.List(in.Environments))
	}
	if in.FromMS != 0 {
		q = q.Where("COALESCE(r.finished_ms, r.started_ms) >= ?", in.FromMS)
		q = q.Where("r.started_ms >= ?", in.FromMS-maxReplayMS) // lets the index bound what that cannot
	}
	if in.ToMS != 0 {
		q = q.Where("r.started_ms <= ?", in.ToMS)
	}
	if text != "" {
		if q, err = s.sortByText(ctx, q, scope, text, in); err != nil {
			return Paged[ListedReplay]{}, err
		}
	} else {
		q = keyset(q.ColumnExpr(sort+" AS sort_value"), in.Page, order{expr: sort, tie: "r.replay_id", tieValue: textTie, ascending: in.Ascending})
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return Paged[ListedReplay]{}, border(fmt.Errorf("list replays: %w", err))
	}
	values := map[string]int64{}
	list := make([]ListedReplay, len(rows))
	for i, r := range rows {
		list[i], values[r.ReplayID] = r.ListedReplay, r.SortValue
	}
	return paged(list, in.Page, func(r ListedReplay) Cursor { return Cursor{Value: values[r.ReplayID], Tie: r.ReplayID} }), nil
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

// ReplayItems are the ids of a replay's events by level, and its traces; at most limit of each.
type ReplayItems struct {
	Errors, Warnings, Infos, Traces []string
	BackendProjects                 []string // slugs
}

// ReplayItems gives what lists and pages name of replays, by replay id.
func (s *Store) ReplayItems(ctx context.Context, scope Scope, replayIDs []string, limit int) (map[string]*ReplayItems, error) {
	out := map[string]*ReplayItems{}
	for _, id := range replayIDs {
		out[id] = &ReplayItems{Errors: []string{}, Warnings: []string{}, Infos: []string{}, Traces: []string{}, BackendProjects: []string{}}
	}
	for id, it := range out {
		for levels, list := range map[string]*[]string{"fl.level IN ('error', 'fatal')": &it.Errors,
			"fl.level = 'warning'": &it.Warnings, "fl.level IN ('info', 'debug', 'sample', 'log')": &it.Infos} {
			err := s.read.NewSelect().TableExpr("replay_links AS fl").ColumnExpr("fl.item_id").
				Where("fl.org_id = ? AND fl.replay_id = ? AND fl.item_kind = ?", scope.OrgID, id, ItemEvent).
				Where(countedLink("fl")).Where(living("fl")).Where(levels).OrderExpr("fl.ts_ms, fl.item_id").Limit(int64(limit)).Scan(ctx, list)
			if err != nil {
				return nil, border(fmt.Errorf("items of replay %s: %w", id, err))
			}
		}
		err := s.read.NewSelect().TableExpr("replay_traces AS ft").ColumnExpr("ft.trace_id").
			Where("ft.org_id = ? AND ft.replay_id = ?", scope.OrgID, id).OrderExpr("ft.first_ms, ft.trace_id").Limit(int64(limit)).Scan(ctx, &it.Traces)
		if err != nil {
			return nil, border(fmt.Errorf("traces of replay %s: %w", id, err))
		}
		err = s.read.NewSelect().TableExpr("replay_links AS fl").Join("JOIN projects AS p ON p.id = fl.project_id AND p.org_id = fl.org_id").
			ColumnExpr("DISTINCT p.slug").Where("fl.org_id = ? AND fl.replay_id = ? AND fl.item_kind = ?", scope.OrgID, id, ItemEvent).
			Where("fl.side = ? AND fl.level IN ('error', 'fatal')", SideBackend).Where(countedLink("fl")).Where(living("fl")).Order("p.slug").Scan(ctx, &it.BackendProjects)
		if err != nil {
			return nil, border(fmt.Errorf("projects of replay %s: %w", id, err))
		}
	}
	return out, nil
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
