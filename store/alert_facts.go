package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// FrequencyQuery counts an issue's events in a window, up to Limit. Times are the events' own.
type FrequencyQuery struct {
	IssueID      int64
	Environment  string // empty: all
	FromMS, ToMS int64  // both count
	Filter       Filter // of events, as in [EventQuery]
	Limit        int64
	Users        bool // count distinct users instead
}

// Frequency counts an issue's events or users, up to the limit: without a filter it costs what the limit says, not what the
// issue has.
func (s *Store) Frequency(ctx context.Context, scope Scope, in FrequencyQuery) (int64, error) {
	ask := EventQuery{IssueID: in.IssueID, FromMS: in.FromMS, ToMS: in.ToMS, Filter: in.Filter}
	if in.Environment != "" {
		ask.Environments = []string{in.Environment}
	}
	p, err := s.planEvents(ctx, scope, ask)
	if err != nil {
		return 0, fmt.Errorf("frequency of issue %d: %w", in.IssueID, err)
	}
	q := p.all(s.read.NewSelect().TableExpr("events AS e"))
	if in.Users {
		q = q.ColumnExpr("DISTINCT e.user_key").Where("e.user_key <> ''")
	} else {
		q = q.ColumnExpr("1")
	}
	var n int64
	err = s.read.NewSelect().ColumnExpr("COUNT(*)").TableExpr("(?) AS seen", q.Limit(in.Limit)).Scan(ctx, &n)
	if err != nil {
		return 0, border(fmt.Errorf("frequency of issue %d: %w", in.IssueID, err))
	}
	return n, nil
}

// LatestRelease is the version of a project's latest release that was seen in an environment, or anywhere
// when it is empty, as [Store.NewestRelease] orders them; empty: none.
func (s *Store) LatestRelease(ctx context.Context, scope Scope, projectID int64, environment string) (string, error) {
	r, err := newestRelease(ctx, s.read, scope.OrgID, projectID, environment)
	if errors.Is(border(err), ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", border(fmt.Errorf("latest release of project %d: %w", projectID, err))
	}
	return r.Version, nil
}

// Sessions counts what became of release sessions that started in a window.
type Sessions struct {
	Total   int64 `bun:"total"`
	Crashed int64 `bun:"crashed"`
}

// CountSessions counts the release sessions of projects (none: all) that started in a window.
func (s *Store) CountSessions(ctx context.Context, scope Scope, projects []int64, environment string, fromMS, toMS int64) (Sessions, error) {
	var one, many Sessions
	narrow := func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("org_id = ? AND started_ms >= ? AND started_ms < ?", scope.OrgID, fromMS, toMS)
		if len(projects) > 0 {
			q = q.Where("project_id IN (?)", bun.List(projects))
		}
		if environment != "" {
			q = q.Where("environment = ?", environment)
		}
		return q
	}
	err := narrow(s.read.NewSelect().TableExpr("release_sessions")).ColumnExpr("COUNT(*) AS total").
		ColumnExpr("COALESCE(SUM(CASE WHEN status = 'crashed' THEN 1 ELSE 0 END), 0) AS crashed").Scan(ctx, &one)
	if err == nil {
		err = narrow(s.read.NewSelect().TableExpr("release_session_counts")).
			ColumnExpr("COALESCE(SUM(exited + errored + abnormal + unhandled + crashed), 0) AS total").
			ColumnExpr("COALESCE(SUM(crashed), 0) AS crashed").Scan(ctx, &many)
	}
	if err != nil {
		return Sessions{}, border(fmt.Errorf("count sessions: %w", err))
	}
	return Sessions{Total: one.Total + many.Total, Crashed: one.Crashed + many.Crashed}, nil
}

// Data sets a metric can be of.
const (
	DatasetEvents       = "events"
	DatasetTransactions = "transactions"
	DatasetLogs         = "logs"
	DatasetSessions     = "sessions"
)

// What a metric can be.
const (
	AggregateCount      = "count()"
	AggregateUsers      = "count_unique(user)"
	AggregateP50        = "p50(transaction.duration)" // milliseconds; so are the others
	AggregateP75        = "p75(transaction.duration)"
	AggregateP95        = "p95(transaction.duration)"
	AggregateP99        = "p99(transaction.duration)"
	AggregateAverage    = "avg(transaction.duration)"
	AggregateCrashFree  = "crash_free_rate(session)" // percent
	metricRows          = 200_000                    // of transactions that a percentile looks at
	microsecondsInMilli = 1000
)

// MetricQuery asks for one number over a window.
type MetricQuery struct {
	Dataset, Aggregate string
	Projects           []int64 // none: all
	Environment        string  // empty: all
	Filter             Filter  // of events
	FromMS, ToMS       int64
}

// Metric computes a number over a window. ok is false when there was nothing to compute it of.
func (s *Store) Metric(ctx context.Context, scope Scope, in MetricQuery) (v float64, ok bool, err error) {
	switch in.Dataset {
	case DatasetEvents:
		v, ok, err = s.eventMetric(ctx, scope, in)
	case DatasetTransactions:
		v, ok, err = s.transactionMetric(ctx, scope, in)
	case DatasetLogs:
		v, err = s.logMetric(ctx, scope, in)
		ok = true
	case DatasetSessions:
		var n Sessions
		n, err = s.CountSessions(ctx, scope, in.Projects, in.Environment, in.FromMS, in.ToMS)
		if ok = n.Total > 0; ok {
			v = 100 - 100*float64(n.Crashed)/float64(n.Total)
		}
	default:
		return 0, false, fmt.Errorf("%w: dataset %q", ErrInvalid, in.Dataset)
	}
	if err != nil {
		return 0, false, border(fmt.Errorf("metric %s of %s: %w", in.Aggregate, in.Dataset, err))
	}
	return v, ok, nil
}

func (s *Store) eventMetric(ctx context.Context, scope Scope, in MetricQuery) (float64, bool, error) {
	ask := EventQuery{Projects: in.Projects, FromMS: in.FromMS, ToMS: in.ToMS - 1, Filter: in.Filter}
	if in.Environment != "" {
		ask.Environments = []string{in.Environment}
	}
	p, err := s.planEvents(ctx, scope, ask)
	if err != nil {
		return 0, false, err
	}
	q := p.all(s.read.NewSelect().TableExpr("events AS e"))
	switch in.Aggregate {
	case AggregateCount:
		q = q.ColumnExpr("COUNT(*)")
	case AggregateUsers:
		q = q.ColumnExpr("COUNT(DISTINCT e.user_key)").Where("e.user_key <> ''")
	default:
		return 0, false, fmt.Errorf("%w: aggregate %q of events", ErrInvalid, in.Aggregate)
	}
	var n int64
	err = q.Scan(ctx, &n)
	return float64(n), true, err
}

func (s *Store) transactionMetric(ctx context.Context, scope Scope, in MetricQuery) (float64, bool, error) {
	q := s.read.NewSelect().TableExpr("spans AS sp").Where("sp.org_id = ? AND sp.is_segment", scope.OrgID).
		Where("sp.start_us >= ? AND sp.start_us < ?", in.FromMS*microsecondsInMilli, in.ToMS*microsecondsInMilli)
	if len(in.Projects) > 0 {
		q = q.Where("sp.project_id IN (?)", bun.List(in.Projects))
	}
	if in.Environment != "" {
		q = q.Where("sp.environment = ?", in.Environment)
	}
	var n int64
	if err := s.read.NewSelect().ColumnExpr("COUNT(*)").TableExpr("(?) AS t", q.Clone().ColumnExpr("1").Limit(metricRows)).Scan(ctx, &n); err != nil {
		return 0, false, err
	}
	if in.Aggregate == AggregateCount || n == 0 {
		return float64(n), in.Aggregate == AggregateCount, nil
	}
	var us float64
	if in.Aggregate == AggregateAverage {
		err := q.ColumnExpr("AVG(sp.end_us - sp.start_us)").Scan(ctx, &us)
		return us / microsecondsInMilli, true, err
	}
	rank, ok := map[string]int64{AggregateP50: 50, AggregateP75: 75, AggregateP95: 95, AggregateP99: 99}[in.Aggregate]
	if !ok {
		return 0, false, fmt.Errorf("%w: aggregate %q of transactions", ErrInvalid, in.Aggregate)
	}
	err := q.ColumnExpr("sp.end_us - sp.start_us").OrderExpr("sp.end_us - sp.start_us").Limit(1).Offset(min((n-1)*rank/100+1, n-1)).Scan(ctx, &us)
	return us / microsecondsInMilli, true, err
}

func (s *Store) logMetric(ctx context.Context, scope Scope, in MetricQuery) (float64, error) {
	q := s.read.NewSelect().TableExpr("logs AS l").ColumnExpr("COUNT(*)").Where("l.org_id = ?", scope.OrgID).
		Where("l.timestamp_us >= ? AND l.timestamp_us < ?", in.FromMS*microsecondsInMilli, in.ToMS*microsecondsInMilli)
	if len(in.Projects) > 0 {
		q = q.Where("l.project_id IN (?)", bun.List(in.Projects))
	}
	if in.Environment != "" {
		q = q.Where("l.environment = ?", in.Environment)
	}
	if in.Aggregate != AggregateCount {
		return 0, fmt.Errorf("%w: aggregate %q of logs", ErrInvalid, in.Aggregate)
	}
	var n int64
	err := q.Scan(ctx, &n)
	return float64(n), err
}

// ReplayState is the state of a replay, and whether any of it plays. [ErrNotFound]: nobody named it.
func (s *Store) ReplayState(ctx context.Context, k ReplayKey) (state string, startedMS int64, plays bool, err error) {
	var row struct {
		State     string `bun:"state"`
		StartedMS *int64 `bun:"started_ms"`
		Plays     bool   `bun:"plays"`
	}
	err = s.read.NewSelect().TableExpr("replays AS r").Column("r.state", "r.started_ms").
		ColumnExpr("EXISTS (SELECT 1 FROM replay_segments AS fs WHERE fs.org_id = r.org_id AND fs.replay_id = r.replay_id AND fs.playable) AS plays").
		Where("r.org_id = ? AND r.replay_id = ?", k.OrgID, k.ReplayID).Scan(ctx, &row)
	if err != nil {
		return "", 0, false, border(fmt.Errorf("replay %s: %w", k.ReplayID, err))
	}
	if row.StartedMS != nil {
		startedMS = *row.StartedMS
	}
	return row.State, startedMS, row.Plays, nil
}

// Steps gives the last chapters of a replay that began before a moment, the oldest first.
func (s *Store) Steps(ctx context.Context, scope Scope, replayID string, untilMS int64, limit int) ([]ReplayChapter, error) {
	var rows []ReplayChapter
	err := s.read.NewSelect().Model(&rows).ExcludeColumn("body").Where("org_id = ? AND replay_id = ? AND start_ms <= ?", scope.OrgID, replayID, untilMS).
		Where("kind <> 'background'").Order("start_ms DESC", "chapter_id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("steps of replay %s: %w", replayID, err))
	}
	for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
		rows[i], rows[j] = rows[j], rows[i]
	}
	return rows, nil
}
