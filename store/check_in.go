package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// Statuses of a check-in.
const (
	CheckInProgress = "in_progress"
	CheckInOK       = "ok"
	CheckInError    = "error"
	CheckInMissed   = "missed"
	CheckInTimeout  = "timeout"
	CheckInUnknown  = "unknown" // nobody was there to receive it
)

// ReasonUnknownMonitor is the outcome's reason of check-ins of a monitor that nobody described.
const ReasonUnknownMonitor = "unknown_monitor"

// Monitor is a scheduled job that reports.
type Monitor struct {
	bun.BaseModel `bun:"table:monitors,alias:mo"`

	ProjectID int64  `bun:"project_id,pk"`
	Slug      string `bun:"slug,pk"`
	OrgID     int64  `bun:"org_id"`
	Config    string `bun:"config"`    // JSON, as the newest check-in with one says
	ConfigMS  int64  `bun:"config_ms"` // when that one was received
	CreatedMS int64  `bun:"created_ms"`
	ID        string `bun:"id"`   // 32 hex
	Name      string `bun:"name"` // empty: the slug
	Status    string `bun:"status"`
	Muted     bool   `bun:"muted"`
	Owner     string `bun:"owner"` // user:1, team:1 or empty
}

// CheckIn is one run of a monitor.
type CheckIn struct {
	bun.BaseModel `bun:"table:check_ins,alias:ci"`

	OrgID       int64   `bun:"org_id,pk"`
	CheckInID   string  `bun:"check_in_id,pk"`
	ProjectID   int64   `bun:"project_id,pk"`
	MonitorSlug string  `bun:"monitor_slug"`
	Environment string  `bun:"environment"`
	Status      string  `bun:"status"`
	DurationMS  *int64  `bun:"duration_ms"`
	Release     string  `bun:"release"`
	TraceID     *string `bun:"trace_id"`
	StartedMS   int64   `bun:"started_ms"` // when its first report was received
	UpdatedMS   int64   `bun:"updated_ms"`
	ExpectedMS  *int64  `bun:"expected_ms"` // when it should have come; of those that did not
	TimeoutMS   *int64  `bun:"timeout_ms"`  // when it has run too long, once that was worked out
}

// CheckInWrite is one report of a run.
type CheckInWrite struct {
	ItemID   string // of the report, not of the run
	CheckIn  CheckIn
	Latest   bool     // it names no run: it closes the latest one in progress
	Monitor  *Monitor // nil when it does not describe its monitor
	Outcomes []Outcome
}

// checkIns stores reports in the order of their monitors, so that two batches never wait in a circle.
func (b *batch) checkIns(ctx context.Context) error {
	var all []*CheckInWrite
	for _, w := range b.fresh {
		for i := range w.CheckIns {
			all = append(all, &w.CheckIns[i])
		}
	}
	slices.SortStableFunc(all, func(x, y *CheckInWrite) int {
		a, c := &x.CheckIn, &y.CheckIn
		return cmp.Or(cmp.Compare(a.ProjectID, c.ProjectID), cmp.Compare(a.MonitorSlug, c.MonitorSlug), cmp.Compare(a.UpdatedMS, c.UpdatedMS))
	})
	for _, w := range all {
		if err := b.checkIn(ctx, w); err != nil {
			return fmt.Errorf("check-in %s: %w", w.CheckIn.CheckInID, err)
		}
	}
	return nil
}

// checkIn stores a report, once its monitor is known. Reports travel side by side, so the one that
// describes the monitor may come last: it takes along what has waited for it.
func (b *batch) checkIn(ctx context.Context, w *CheckInWrite) error {
	c := &w.CheckIn
	if w.Monitor != nil {
		if err := b.describe(ctx, w.Monitor); err != nil {
			return fmt.Errorf("monitor: %w", err)
		}
	}
	var m Monitor
	q := b.tx.NewSelect().Model(&m).Where("project_id = ? AND slug = ?", c.ProjectID, c.MonitorSlug)
	switch err := b.s.lockRows(q).Scan(ctx); {
	case errors.Is(err, sql.ErrNoRows):
		return b.wait(ctx, w)
	case err != nil:
		return err
	}
	if err := b.run(ctx, w); err != nil {
		return err
	}
	if w.Monitor == nil {
		return nil
	}
	return b.adopt(ctx, w.Monitor)
}

// describe stores what is newest about a monitor.
func (b *batch) describe(ctx context.Context, m *Monitor) error {
	if err := b.lockMonitor(ctx, m.ProjectID, m.Slug); err != nil {
		return err
	}
	_, err := b.tx.NewInsert().Model(m).On("CONFLICT (project_id, slug) DO UPDATE").
		Set("config = CASE WHEN EXCLUDED.config_ms >= mo.config_ms THEN EXCLUDED.config ELSE mo.config END").
		Set("config_ms = ?(mo.config_ms, EXCLUDED.config_ms)", b.s.greater()).
		Set("created_ms = ?(mo.created_ms, EXCLUDED.created_ms)", b.s.lesser()).Returning("NULL").Exec(ctx)
	return err
}

// run stores a report of a monitor that is known.
func (b *batch) run(ctx context.Context, w *CheckInWrite) error {
	c := &w.CheckIn
	if w.Latest {
		var open CheckIn
		err := b.tx.NewSelect().Model(&open).Where("project_id = ? AND monitor_slug = ? AND environment = ?", c.ProjectID, c.MonitorSlug, c.Environment).
			Where("status = ?", CheckInProgress).OrderExpr("started_ms DESC, check_in_id DESC").Limit(1).Scan(ctx)
		switch {
		case err == nil:
			c.CheckInID = open.CheckInID
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
	}
	_, err := b.tx.NewInsert().Model(c).On("CONFLICT (org_id, check_in_id, project_id) DO UPDATE").
		// What ended a run stays, whenever its beginning is heard of; of two ends the later one counts.
		Set("status = CASE WHEN EXCLUDED.status = ? OR (ci.status <> ? AND EXCLUDED.updated_ms < ci.updated_ms) THEN ci.status ELSE EXCLUDED.status END",
			CheckInProgress, CheckInProgress).
		Set("duration_ms = COALESCE(EXCLUDED.duration_ms, ci.duration_ms)").
		Set("trace_id = COALESCE(ci.trace_id, EXCLUDED.trace_id)").
		Set("started_ms = ?(ci.started_ms, EXCLUDED.started_ms)", b.s.lesser()).
		Set("updated_ms = ?(ci.updated_ms, EXCLUDED.updated_ms)", b.s.greater()).Returning("NULL").Exec(ctx)
	if err != nil {
		return err
	}
	if err := b.touchEnvironment(ctx, c); err != nil {
		return fmt.Errorf("monitor's environment: %w", err)
	}
	b.decide(w.Outcomes, true)
	return nil
}
