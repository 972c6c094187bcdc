package store

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// States of a monitor, and with those of check-ins of one of its environments.
const (
	MonitorActive   = "active"
	MonitorDisabled = "disabled"
)

// MonitorEnvironment is a monitor in one environment: what is expected of it, and how it is.
type MonitorEnvironment struct {
	bun.BaseModel `bun:"table:monitor_environments,alias:me"`

	ProjectID   int64  `bun:"project_id,pk"`
	Slug        string `bun:"slug,pk"`
	Environment string `bun:"environment,pk"`
	OrgID       int64  `bun:"org_id"`
	Status      string `bun:"status"` // active (nothing came yet) | ok | error | missed | timeout | disabled
	Muted       bool   `bun:"muted"`
	CreatedMS   int64  `bun:"created_ms"`
	LastMS      *int64 `bun:"last_ms"`  // the last check-in that came
	NextMS      *int64 `bun:"next_ms"`  // when the next is expected
	LateMS      *int64 `bun:"late_ms"`  // when it has not come
	Token       *int64 `bun:"token"`    // of the check-ins that nobody looked at yet; nil: none
	Incident    string `bun:"incident"` // id of the one under way; empty: none
	IncidentMS  int64  `bun:"incident_ms"`
}

// touchEnvironment notes that a check-in came: its environment's state is to be worked out again.
func (b *batch) touchEnvironment(ctx context.Context, c *CheckIn) error {
	token := rand.Int64()
	row := &MonitorEnvironment{ProjectID: c.ProjectID, Slug: c.MonitorSlug, Environment: c.Environment, OrgID: c.OrgID,
		Status: MonitorActive, CreatedMS: c.StartedMS, Token: &token}
	_, err := b.tx.NewInsert().Model(row).On("CONFLICT (project_id, slug, environment) DO UPDATE").Set("token = EXCLUDED.token").
		Returning("NULL").Exec(ctx)
	return err
}

// CreateMonitor adds a monitor with the check-ins that have waited for it. [ErrConflict]: its project has one of that slug.
func (s *Store) CreateMonitor(ctx context.Context, scope Scope, m Monitor) (*Monitor, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	m.OrgID, m.CreatedMS, m.ConfigMS = scope.OrgID, s.nowMS(), s.nowMS()
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		b := &batch{s: s, tx: tx, out: &Ingested{}}
		if err := b.lockMonitor(ctx, m.ProjectID, m.Slug); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&m).Returning("NULL").Exec(ctx); err != nil {
			return err
		}
		if err := b.adoptNow(ctx, &m); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditMonitorCreate, "monitor", m.ID, m.Slug, nil})
	})
	if err != nil {
		return nil, fmt.Errorf("create monitor %s: %w", m.Slug, err)
	}
	return &m, nil
}

// adoptNow stores what has waited for a monitor, in a transaction that is not an ingest's.
func (b *batch) adoptNow(ctx context.Context, m *Monitor) error {
	if err := b.adopt(ctx, m); err != nil {
		return err
	}
	return b.outcomes(ctx)
}

func (m *Monitor) check() error {
	if err := checkSlug(m.Slug); err != nil {
		return err
	}
	if err := checkText("name", m.Name); err != nil {
		return err
	}
	if m.Status != MonitorActive && m.Status != MonitorDisabled {
		return fmt.Errorf("%w: status %q is not active or disabled", ErrInvalid, m.Status)
	}
	return checkText("owner", m.Owner)
}

// UpdateMonitor replaces a monitor's content, slug included: its check-ins follow.
func (s *Store) UpdateMonitor(ctx context.Context, scope Scope, old *Monitor, m Monitor) (*Monitor, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	m.ConfigMS = s.nowMS()
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*Monitor)(nil)).Set("slug = ?", m.Slug).Set("name = ?", m.Name).Set("status = ?", m.Status).
			Set("muted = ?", m.Muted).Set("owner = ?", m.Owner).Set("config = ?", m.Config).Set("config_ms = ?", m.ConfigMS).
			Where("org_id = ? AND project_id = ? AND slug = ?", scope.OrgID, old.ProjectID, old.Slug).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "monitor %s", old.Slug); err != nil {
			return err
		}
		if m.Slug != old.Slug {
			if err := renameMonitor(ctx, tx, old, m.Slug); err != nil {
				return err
			}
			b := &batch{s: s, tx: tx, out: &Ingested{}}
			if err := b.adoptNow(ctx, &Monitor{ProjectID: old.ProjectID, Slug: m.Slug}); err != nil {
				return err
			}
		}
		changes := fromTo("name", old.Name, m.Name, "slug", old.Slug, m.Slug, "status", old.Status, m.Status, "muted", old.Muted, m.Muted, "owner", old.Owner, m.Owner, "config", old.Config, m.Config)
		if len(changes) > 0 {
			if err := s.audit(ctx, tx, scope, audited{AuditMonitorEdit, "monitor", old.ID, m.Slug, changes}); err != nil {
				return err
			}
		}
		return touchMonitor(ctx, tx, old.ProjectID, m.Slug)
	})
	if err != nil {
		return nil, fmt.Errorf("update monitor %s: %w", old.Slug, err)
	}
	return s.Monitor(ctx, scope, old.ProjectID, m.Slug)
}

func renameMonitor(ctx context.Context, tx bun.Tx, old *Monitor, slug string) error {
	_, err := tx.NewUpdate().Model((*CheckIn)(nil)).Set("monitor_slug = ?", slug).
		Where("project_id = ? AND monitor_slug = ?", old.ProjectID, old.Slug).Exec(ctx)
	if err == nil {
		_, err = tx.NewUpdate().Model((*MonitorEnvironment)(nil)).Set("slug = ?", slug).
			Where("project_id = ? AND slug = ?", old.ProjectID, old.Slug).Exec(ctx)
	}
	return err
}

// touchMonitor has all of a monitor's environments worked out again.
func touchMonitor(ctx context.Context, tx bun.Tx, projectID int64, slug string) error {
	_, err := tx.NewUpdate().Model((*MonitorEnvironment)(nil)).Set("token = ?", rand.Int64()).
		Where("project_id = ? AND slug = ?", projectID, slug).Exec(ctx)
	return err
}

// DeleteMonitor removes a monitor with its check-ins, or with an environment only that part of it.
func (s *Store) DeleteMonitor(ctx context.Context, scope Scope, projectID int64, slug, environment string) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var res interface{ RowsAffected() (int64, error) }
		var err error
		if environment == "" {
			res, err = tx.NewDelete().Model((*Monitor)(nil)).Where("org_id = ? AND project_id = ? AND slug = ?", scope.OrgID, projectID, slug).Exec(ctx)
		} else {
			res, err = tx.NewDelete().Model((*MonitorEnvironment)(nil)).
				Where("org_id = ? AND project_id = ? AND slug = ? AND environment = ?", scope.OrgID, projectID, slug, environment).Exec(ctx)
		}
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return ErrNotFound
		}
		if err := s.audit(ctx, tx, scope, audited{AuditMonitorRemove, "monitor", "", slug, map[string]any{"environment": environment}}); err != nil {
			return err
		}
		runs := tx.NewDelete().Model((*CheckIn)(nil)).Where("org_id = ? AND project_id = ? AND monitor_slug = ?", scope.OrgID, projectID, slug)
		if environment != "" {
			runs = runs.Where("environment = ?", environment)
		}
		if _, err := runs.Exec(ctx); err != nil || environment != "" {
			return err
		}
		_, err = tx.NewDelete().Model((*MonitorEnvironment)(nil)).Where("org_id = ? AND project_id = ? AND slug = ?", scope.OrgID, projectID, slug).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete monitor %s: %w", slug, err)
	}
	return nil
}

// MuteEnvironment silences a monitor in one environment, or ends that.
func (s *Store) MuteEnvironment(ctx context.Context, scope Scope, projectID int64, slug, environment string, muted bool) error {
	return s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*MonitorEnvironment)(nil)).Set("muted = ?", muted).
			Where("org_id = ? AND project_id = ? AND slug = ? AND environment = ?", scope.OrgID, projectID, slug, environment).Exec(ctx)
		if err == nil {
			err = someRow(res, "environment %s of monitor %s", environment, slug)
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditMonitorEdit, "monitor", "", slug, map[string]any{"environment": environment, "muted": muted}})
	})
}

// Monitors lists the scope's monitors by slug, of projects or of all with none.
func (s *Store) Monitors(ctx context.Context, scope Scope, projects []int64) ([]Monitor, error) {
	var rows []Monitor
	q := s.read.NewSelect().Model(&rows).Where("org_id = ?", scope.OrgID).Order("slug", "project_id")
	if len(projects) > 0 {
		q = q.Where("project_id IN (?)", bun.List(projects))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("list monitors: %w", err))
	}
	return rows, nil
}

// Monitor gives one of a project's monitors by its slug.
func (s *Store) Monitor(ctx context.Context, scope Scope, projectID int64, slug string) (*Monitor, error) {
	m := new(Monitor)
	if err := s.read.NewSelect().Model(m).Where("org_id = ? AND project_id = ? AND slug = ?", scope.OrgID, projectID, slug).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("monitor %s: %w", slug, err))
	}
	return m, nil
}

// FindMonitor gives one of the scope's monitors by slug or id, with or without dashes; of two projects' monitors with one
// slug the older project's. A project narrows it; 0: all.
func (s *Store) FindMonitor(ctx context.Context, scope Scope, projectID int64, slugOrID string) (*Monitor, error) {
	m := new(Monitor)
	q := s.read.NewSelect().Model(m).Where("org_id = ?", scope.OrgID).
		Where("(slug = ? OR id = ?)", slugOrID, strings.ReplaceAll(strings.ToLower(slugOrID), "-", "")).Order("project_id").Limit(1)
	if projectID != 0 {
		q = q.Where("project_id = ?", projectID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("monitor %s: %w", slugOrID, err))
	}
	return m, nil
}

// MonitorEnvironments lists the environments of the scope's monitors, and of those that have the slug of one in
// the project of another.
func (s *Store) MonitorEnvironments(ctx context.Context, scope Scope, ms []Monitor) ([]MonitorEnvironment, error) {
	var rows []MonitorEnvironment
	if len(ms) == 0 {
		return nil, nil
	}
	projects, slugs := map[int64]bool{}, map[string]bool{}
	for i := range ms {
		projects[ms[i].ProjectID], slugs[ms[i].Slug] = true, true
	}
	err := s.read.NewSelect().Model(&rows).Where("project_id IN (?)", bun.List(slices.Sorted(maps.Keys(projects)))).
		Where("slug IN (?)", bun.List(slices.Sorted(maps.Keys(slugs)))).Where("org_id = ?", scope.OrgID).
		Order("project_id", "slug", "environment").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("environments of monitors: %w", err))
	}
	return rows, nil
}

// CheckInQuery asks for the runs of a monitor. Zero fields: all.
type CheckInQuery struct {
	ProjectID    int64
	Slug         string
	Environments []string
	FromMS, ToMS int64
	Page         Page
}

func (s *Store) checkInsWhere(q *bun.SelectQuery, scope Scope, in CheckInQuery) *bun.SelectQuery {
	q = q.Where("ci.org_id = ? AND ci.project_id = ? AND ci.monitor_slug = ?", scope.OrgID, in.ProjectID, in.Slug)
	if len(in.Environments) > 0 {
		q = q.Where("ci.environment IN (?)", bun.List(in.Environments))
	}
	if in.FromMS != 0 {
		q = q.Where("ci.started_ms >= ?", in.FromMS)
	}
	if in.ToMS != 0 {
		q = q.Where("ci.started_ms < ?", in.ToMS)
	}
	return q
}

// CheckIns gives a page of a monitor's runs, the newest first.
func (s *Store) CheckIns(ctx context.Context, scope Scope, in CheckInQuery) (Paged[CheckIn], error) {
	var rows []CheckIn
	q := keyset(s.checkInsWhere(s.read.NewSelect().Model(&rows), scope, in), in.Page,
		order{expr: "ci.started_ms", tie: "ci.check_in_id", tieValue: textTie})
	if err := q.Scan(ctx); err != nil {
		return Paged[CheckIn]{}, border(fmt.Errorf("check-ins of %s: %w", in.Slug, err))
	}
	return paged(rows, in.Page, func(c CheckIn) Cursor { return Cursor{Value: c.StartedMS, Tie: c.CheckInID} }), nil
}

// CheckInBucket counts runs by status in a stretch of time.
type CheckInBucket struct {
	ProjectID   int64  `bun:"project_id"`
	Slug        string `bun:"monitor_slug"`
	Environment string `bun:"environment"`
	BucketMS    int64  `bun:"bucket"`
	Status      string `bun:"status"`
	N           int64  `bun:"n"`
}

// CheckInStats counts the runs of monitors per bucket of so many ms, environment and status.
func (s *Store) CheckInStats(ctx context.Context, scope Scope, ms []Monitor, environments []string, fromMS, toMS, bucketMS int64) ([]CheckInBucket, error) {
	var rows []CheckInBucket
	for i := range ms {
		var some []CheckInBucket
		q := s.checkInsWhere(s.read.NewSelect().Model((*CheckIn)(nil)), scope,
			CheckInQuery{ProjectID: ms[i].ProjectID, Slug: ms[i].Slug, Environments: environments, FromMS: fromMS, ToMS: toMS}).
			ColumnExpr("ci.project_id, ci.monitor_slug, ci.environment, ci.status, (ci.started_ms - ci.started_ms % ?) AS bucket, COUNT(*) AS n", bucketMS).
			GroupExpr("ci.project_id, ci.monitor_slug, ci.environment, ci.status, bucket")
		if err := q.Scan(ctx, &some); err != nil {
			return nil, border(fmt.Errorf("stats of monitor %s: %w", ms[i].Slug, err))
		}
		rows = append(rows, some...)
	}
	return rows, nil
}
