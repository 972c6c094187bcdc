package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// CoverageRow counts backend errors that are alike in everything coverage is told by. Of errors without a
// replay the last four are empty.
type CoverageRow struct {
	ProjectID  int64  `bun:"project_id"`
	Platform   string `bun:"platform"`
	BucketMS   int64  `bun:"bucket_ms"`
	Mode       string `bun:"mode"` // session | buffer
	SDKName    string `bun:"sdk_name"`
	SDKVersion string `bun:"sdk_version"`
	Signals    int64  `bun:"signals"`
	Linked     bool   `bun:"linked"`
	Errors     int64  `bun:"errors"`
}

// Coverage counts the backend errors of projects since a moment, with how they found a replay that was recorded.
func (s *Store) Coverage(ctx context.Context, scope Scope, projects []int64, fromMS, toMS, bucketMS int64) ([]CoverageRow, error) {
	rows := []CoverageRow{}
	if len(projects) == 0 {
		return rows, nil
	}
	bucketMS = max(bucketMS, 60_000)
	q := s.read.NewSelect().TableExpr("events AS e").
		Join("LEFT JOIN replay_links AS rl ON rl.org_id = e.org_id AND rl.item_kind = 'event' AND rl.item_id = e.event_id AND rl.is_primary AND "+countedLink("rl")).
		Join("LEFT JOIN replays AS r ON r.org_id = rl.org_id AND r.replay_id = rl.replay_id AND r.state = ?", ReplayLive).
		ColumnExpr("e.project_id, e.platform, (e.timestamp_ms / ?) * ? AS bucket_ms", bucketMS, bucketMS).
		ColumnExpr("COALESCE(r.replay_type, '') AS mode, COALESCE(r.sdk_name, '') AS sdk_name, COALESCE(r.sdk_version, '') AS sdk_version").
		ColumnExpr("CASE WHEN r.replay_id IS NULL THEN 0 ELSE rl.signals END AS signals, r.replay_id IS NOT NULL AS linked, COUNT(*) AS errors").
		Where("e.org_id = ? AND e.project_id IN (?) AND e.timestamp_ms >= ?", scope.OrgID, bun.List(projects), fromMS).
		Where("e.side = ? AND e.level IN ('error', 'fatal')", SideBackend).
		GroupExpr("1, 2, 3, 4, 5, 6, 7, 8").OrderExpr("3, 1, 2, 4, 5, 6, 7")
	if toMS != 0 {
		q = q.Where("e.timestamp_ms <= ?", toMS)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, border(fmt.Errorf("coverage: %w", err))
	}
	return rows, nil
}

// SetupFacts is what traffic shows about a frontend's set-up.
type SetupFacts struct {
	ProjectID  int64  `bun:"project_id"`
	SDKName    string `bun:"sdk_name"`
	SDKVersion string `bun:"sdk_version"`
	Mode       string `bun:"mode"`
	Replays    int64  `bun:"replays"`
	Asking     int64  `bun:"asking"`   // replays that recorded requests
	Untraced   int64  `bun:"untraced"` // of these, those that nothing pairs with a trace
	Refused    int64  `bun:"refused"`  // replays with a request to another host that got no answer
}

// Setup counts the replays since a moment by project, SDK and mode.
func (s *Store) Setup(ctx context.Context, scope Scope, fromMS int64) ([]SetupFacts, error) {
	const asks = "EXISTS (SELECT 1 FROM replay_requests AS q WHERE q.org_id = r.org_id AND q.replay_id = r.replay_id"
	rows := []SetupFacts{}
	err := s.read.NewSelect().TableExpr("replays AS r").
		ColumnExpr("r.project_id, r.sdk_name, r.sdk_version, r.replay_type AS mode, COUNT(*) AS replays").
		ColumnExpr("SUM(CASE WHEN "+asks+") THEN 1 ELSE 0 END) AS asking").
		ColumnExpr("SUM(CASE WHEN "+asks+") AND NOT EXISTS (SELECT 1 FROM replay_traces AS t WHERE t.org_id = r.org_id AND t.replay_id = r.replay_id) THEN 1 ELSE 0 END) AS untraced").
		ColumnExpr("SUM(CASE WHEN "+asks+" AND q.status IS NULL AND q.url LIKE 'http%') THEN 1 ELSE 0 END) AS refused").
		Where("r.org_id = ? AND r.started_ms >= ? AND r.state = ? AND r.project_id IS NOT NULL", scope.OrgID, fromMS, ReplayLive).
		GroupExpr("r.project_id, r.sdk_name, r.sdk_version, r.replay_type").OrderExpr("r.project_id, r.sdk_name, r.sdk_version, r.replay_type").Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("setup: %w", err))
	}
	return rows, nil
}

// SharedTrace is a trace that many replays have.
type SharedTrace struct {
	TraceID string `bun:"trace_id"`
	Replays int64  `bun:"replays"`
}

// PoisonedTraces gives up to limit traces with more than so many replays, the worst first.
func (s *Store) PoisonedTraces(ctx context.Context, scope Scope, moreThan, limit int) ([]SharedTrace, error) {
	rows := []SharedTrace{}
	err := s.read.NewSelect().TableExpr("replay_traces AS t").ColumnExpr("t.trace_id, COUNT(*) AS replays").Where("t.org_id = ?", scope.OrgID).
		GroupExpr("t.trace_id").Having("COUNT(*) > ?", moreThan).OrderExpr("replays DESC, t.trace_id").Limit(int64(limit)).Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("shared traces: %w", err))
	}
	return rows, nil
}
