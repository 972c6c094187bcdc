package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// WatchedMonitor is a monitor's environment with the monitor, for the worker that watches all of them.
type WatchedMonitor struct {
	MonitorEnvironment
	MonitorID     string `bun:"monitor_id"`
	MonitorName   string `bun:"monitor_name"`
	MonitorStatus string `bun:"monitor_status"`
	MonitorMuted  bool   `bun:"monitor_muted"`
	Config        string `bun:"config"`
	ConfigMS      int64  `bun:"config_ms"`
}

// ChangedMonitors gives up to limit environments with check-ins that nobody looked at yet.
func (s *Store) ChangedMonitors(ctx context.Context, limit int) ([]WatchedMonitor, error) {
	return s.watched(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("me.token IS NOT NULL").Order("me.project_id", "me.slug", "me.environment").Limit(int64(limit))
	})
}

// LateMonitors gives up to limit environments whose check-in should have come by now.
func (s *Store) LateMonitors(ctx context.Context, nowMS int64, limit int) ([]WatchedMonitor, error) {
	return s.watched(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("me.late_ms IS NOT NULL AND me.late_ms <= ? AND me.token IS NULL", nowMS).Order("me.late_ms").Limit(int64(limit))
	})
}

// WatchedMonitor gives one environment of a monitor.
func (s *Store) WatchedMonitor(ctx context.Context, projectID int64, slug, environment string) (*WatchedMonitor, error) {
	rows, err := s.watched(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("me.project_id = ? AND me.slug = ? AND me.environment = ?", projectID, slug, environment)
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("monitor %s in %s: %w", slug, environment, ErrNotFound)
	}
	return &rows[0], nil
}

func (s *Store) watched(ctx context.Context, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]WatchedMonitor, error) {
	var rows []WatchedMonitor
	q := s.read.NewSelect().TableExpr("monitor_environments AS me").
		Join("JOIN monitors AS mo ON mo.project_id = me.project_id AND mo.slug = me.slug").
		ColumnExpr("me.*, mo.id AS monitor_id, mo.name AS monitor_name, mo.status AS monitor_status, mo.muted AS monitor_muted, mo.config AS config, mo.config_ms AS config_ms")
	if err := narrow(q).Scan(ctx, &rows); err != nil {
		return nil, border(fmt.Errorf("watch monitors: %w", err))
	}
	return rows, nil
}

// LastCheckIns gives the last runs of a monitor's environment, the newest first.
func (s *Store) LastCheckIns(ctx context.Context, m *MonitorEnvironment, limit int) ([]CheckIn, error) {
	var rows []CheckIn
	err := s.read.NewSelect().Model(&rows).Where("project_id = ? AND monitor_slug = ? AND environment = ?", m.ProjectID, m.Slug, m.Environment).
		Order("started_ms DESC", "check_in_id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("last check-ins of %s: %w", m.Slug, err))
	}
	return rows, nil
}

// SetMonitorState stores what was worked out of an environment, unless check-ins came since the token was
// read: then it does nothing, and says so.
func (s *Store) SetMonitorState(ctx context.Context, m *MonitorEnvironment, seen *int64) (bool, error) {
	q := s.write.NewUpdate().Model((*MonitorEnvironment)(nil)).Set("status = ?", m.Status).Set("last_ms = ?", m.LastMS).
		Set("next_ms = ?", m.NextMS).Set("late_ms = ?", m.LateMS).Set("incident = ?", m.Incident).Set("incident_ms = ?", m.IncidentMS).
		Set("token = NULL").Where("project_id = ? AND slug = ? AND environment = ?", m.ProjectID, m.Slug, m.Environment)
	if seen == nil {
		q = q.Where("token IS NULL")
	} else {
		q = q.Where("token = ?", *seen)
	}
	res, err := q.Exec(ctx)
	if err != nil {
		return false, border(fmt.Errorf("state of monitor %s: %w", m.Slug, err))
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// AddServerCheckIn stores a run that never came. It does nothing when it is there already.
func (s *Store) AddServerCheckIn(ctx context.Context, c CheckIn) error {
	if _, err := s.write.NewInsert().Model(&c).On("CONFLICT (org_id, check_in_id, project_id) DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
		return border(fmt.Errorf("missed check-in of %s: %w", c.MonitorSlug, err))
	}
	return nil
}

// UntimedCheckIns gives up to limit open runs whose timeout nobody has worked out yet.
func (s *Store) UntimedCheckIns(ctx context.Context, limit int) ([]CheckIn, error) {
	var rows []CheckIn
	err := s.read.NewSelect().Model(&rows).Where("status = 'in_progress' AND timeout_ms IS NULL").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("open check-ins: %w", err))
	}
	return rows, nil
}

// SetTimeout says when an open run has run too long.
func (s *Store) SetTimeout(ctx context.Context, c *CheckIn, timeoutMS int64) error {
	_, err := s.write.NewUpdate().Model((*CheckIn)(nil)).Set("timeout_ms = ?", timeoutMS).
		Where("org_id = ? AND check_in_id = ? AND project_id = ?", c.OrgID, c.CheckInID, c.ProjectID).Exec(ctx)
	return border(err)
}

// TimeOut ends the open runs that have run too long and has their environments worked out again. It says
// how many there were.
func (s *Store) TimeOut(ctx context.Context, nowMS int64, limit int) (int, error) {
	n := 0
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rows []CheckIn
		q := tx.NewSelect().Model(&rows).Where("status = 'in_progress' AND timeout_ms <= ?", nowMS).Order("timeout_ms").Limit(int64(limit))
		if err := s.lockRows(q).Scan(ctx); err != nil {
			return err
		}
		b := &batch{s: s, tx: tx}
		for i := range rows {
			c := &rows[i]
			res, err := tx.NewUpdate().Model((*CheckIn)(nil)).Set("status = ?", CheckInTimeout).
				Where("org_id = ? AND check_in_id = ? AND project_id = ? AND status = 'in_progress'", c.OrgID, c.CheckInID, c.ProjectID).Exec(ctx)
			if err != nil {
				return err
			}
			if k, err := res.RowsAffected(); err != nil || k == 0 {
				return err
			}
			if err := b.touchEnvironment(ctx, c); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("time out check-ins: %w", err)
	}
	return n, nil
}

// WorkerClock gives when a worker last ran, 0: it never did.
func (s *Store) WorkerClock(ctx context.Context, name string) (atMS int64, err error) {
	err = s.read.NewSelect().Table("worker_clocks").ColumnExpr("COALESCE(MAX(at_ms), 0)").Where("name = ?", name).Scan(ctx, &atMS)
	if err != nil {
		return 0, border(fmt.Errorf("clock of %s: %w", name, err))
	}
	return atMS, nil
}

// SetWorkerClock notes that a worker ran.
func (s *Store) SetWorkerClock(ctx context.Context, name string, nowMS int64) error {
	_, err := s.write.NewRaw("INSERT INTO worker_clocks (name, at_ms) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at_ms = EXCLUDED.at_ms", name, nowMS).Exec(ctx)
	if err != nil {
		return border(fmt.Errorf("clock of %s: %w", name, err))
	}
	return nil
}

// DeleteServerCheckIn takes back a run that was stored as missed.
func (s *Store) DeleteServerCheckIn(ctx context.Context, c *CheckIn) error {
	_, err := s.write.NewDelete().Model((*CheckIn)(nil)).Where("org_id = ? AND check_in_id = ? AND project_id = ? AND expected_ms IS NOT NULL",
		c.OrgID, c.CheckInID, c.ProjectID).Exec(ctx)
	return border(err)
}

// IncidentIssue gives the issue of a grouping hash, or [ErrNotFound].
func (s *Store) IncidentIssue(ctx context.Context, scope Scope, projectID int64, hash string) (*Issue, error) {
	i := new(Issue)
	err := s.read.NewSelect().Model(i).Join("JOIN issue_hashes AS ih ON ih.issue_id = i.id").
		Where("i.org_id = ? AND ih.project_id = ? AND ih.hash = ?", scope.OrgID, projectID, hash).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("issue of an incident: %w", err))
	}
	return i, nil
}

// IssuesOfTrace gives the issues that have an error of a trace, up to limit.
func (s *Store) IssuesOfTrace(ctx context.Context, scope Scope, traceID string, limit int) ([]Issue, error) {
	var rows []Issue
	err := s.read.NewSelect().Model(&rows).Where("i.org_id = ?", scope.OrgID).
		Where("i.id IN (SELECT e.issue_id FROM events AS e WHERE e.org_id = ? AND e.trace_id = ?)", scope.OrgID, traceID).Order("i.id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("issues of trace %s: %w", traceID, err))
	}
	return rows, nil
}
