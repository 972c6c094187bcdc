package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

const (
	// MaxPendingCheckIns bounds the reports of a project that wait for their monitors. What would be
	// more has the outcome at once that waiting ends in.
	MaxPendingCheckIns = 1_000
	// keepPendingCheckIns is how long a report waits: an SDK that was offline, or a dead letter that is
	// sent again the next day, still describes the monitor in time.
	keepPendingCheckIns = 24 * time.Hour
)

// PendingCheckIn is a report of a monitor that nobody has described so far.
type PendingCheckIn struct {
	bun.BaseModel `bun:"table:pending_check_ins,alias:pc"`

	ProjectID   int64  `bun:"project_id,pk"`
	MonitorSlug string `bun:"monitor_slug,pk"`
	ItemID      string `bun:"item_id,pk"`
	ReceivedMS  int64  `bun:"received_ms"`
	Body        string `bun:"body"` // the [CheckInWrite] as JSON
}

// wait keeps a report until its monitor is described.
func (b *batch) wait(ctx context.Context, w *CheckInWrite) error {
	c := &w.CheckIn
	if err := b.lockMonitor(ctx, c.ProjectID, c.MonitorSlug); err != nil {
		return err
	}
	known, err := b.tx.NewSelect().Model((*Monitor)(nil)).Where("project_id = ? AND slug = ?", c.ProjectID, c.MonitorSlug).Exists(ctx)
	if err != nil {
		return err
	}
	if known { // described while this waited for the lock
		return b.run(ctx, w)
	}
	waiting := b.tx.NewSelect().Model((*PendingCheckIn)(nil)).ColumnExpr("1 AS one").Where("project_id = ?", c.ProjectID).Limit(MaxPendingCheckIns)
	var n int
	if err := b.tx.NewSelect().TableExpr("(?) AS waiting", waiting).ColumnExpr("COUNT(*)").Scan(ctx, &n); err != nil {
		return err
	}
	if n >= MaxPendingCheckIns {
		b.unknownMonitor(w)
		return nil
	}
	body, err := json.Marshal(w)
	if err != nil {
		return err
	}
	row := PendingCheckIn{ProjectID: c.ProjectID, MonitorSlug: c.MonitorSlug, ItemID: w.ItemID, ReceivedMS: c.UpdatedMS, Body: string(body)}
	_, err = b.tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx)
	return err
}

// adopt stores the reports that have waited for a monitor, in the order they were received.
func (b *batch) adopt(ctx context.Context, m *Monitor) error {
	var rows []PendingCheckIn
	_, err := b.tx.NewDelete().Model((*PendingCheckIn)(nil)).Where("project_id = ? AND monitor_slug = ?", m.ProjectID, m.Slug).
		Returning("*").Exec(ctx, &rows)
	if err != nil {
		return fmt.Errorf("pending check-ins: %w", err)
	}
	slices.SortFunc(rows, func(x, y PendingCheckIn) int {
		return cmp.Or(cmp.Compare(x.ReceivedMS, y.ReceivedMS), cmp.Compare(x.ItemID, y.ItemID))
	})
	for _, row := range rows {
		w, err := row.write()
		if err != nil {
			return err
		}
		if err := b.run(ctx, w); err != nil {
			return err
		}
		ref := ItemRef{OrgID: w.CheckIn.OrgID, Kind: ItemCheckIn, ID: w.CheckIn.CheckInID}
		if w.CheckIn.TraceID != nil {
			ref.TraceID = *w.CheckIn.TraceID
		}
		b.out.Items = append(b.out.Items, ref)
	}
	return nil
}

// WaitingMonitor is a monitor that reported and that nobody has described.
type WaitingMonitor struct {
	ProjectID   int64  `bun:"project_id"`
	MonitorSlug string `bun:"monitor_slug"`
	CheckIns    int64  `bun:"check_ins"`
	FirstMS     int64  `bun:"first_ms"`
	LastMS      int64  `bun:"last_ms"`
}

// ExpiresMS is when its oldest report is given up.
func (w *WaitingMonitor) ExpiresMS() int64 { return w.FirstMS + keepPendingCheckIns.Milliseconds() }

// WaitingMonitors lists the monitors of projects that nobody has described, by project and slug. A project has at
// most [MaxPendingCheckIns] reports that wait.
func (s *Store) WaitingMonitors(ctx context.Context, projects []int64) ([]WaitingMonitor, error) {
	if len(projects) == 0 {
		return nil, nil
	}
	var rows []WaitingMonitor
	err := s.read.NewSelect().Model((*PendingCheckIn)(nil)).ColumnExpr("pc.project_id, pc.monitor_slug, COUNT(*) AS check_ins").
		ColumnExpr("MIN(pc.received_ms) AS first_ms, MAX(pc.received_ms) AS last_ms").Where("pc.project_id IN (?)", bun.List(projects)).
		GroupExpr("pc.project_id, pc.monitor_slug").OrderExpr("pc.project_id, pc.monitor_slug").Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("waiting monitors: %w", err))
	}
	return rows, nil
}

// expireCheckIns gives the reports that waited in vain their outcome.
func (s *Store) expireCheckIns(ctx context.Context, thanMS int64) (int64, error) {
	total := int64(0)
	for {
		n := 0
		err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
			old := tx.NewSelect().Model((*PendingCheckIn)(nil)).Column("project_id", "monitor_slug", "item_id").Where("received_ms < ?", thanMS).Limit(expireBatch)
			var rows []PendingCheckIn
			_, err := tx.NewDelete().Model((*PendingCheckIn)(nil)).Where("(project_id, monitor_slug, item_id) IN (?)", old).Returning("*").Exec(ctx, &rows)
			if err != nil {
				return err
			}
			b := &batch{s: s, tx: tx}
			for _, row := range rows {
				w, err := row.write()
				if err != nil {
					return err
				}
				b.unknownMonitor(w)
			}
			n = len(rows)
			return b.outcomes(ctx)
		})
		if err != nil {
			return total, err
		}
		total += int64(n)
		if n < expireBatch {
			return total, nil
		}
	}
}

func (b *batch) unknownMonitor(w *CheckInWrite) {
	for _, o := range w.Outcomes {
		o.Outcome, o.Reason = OutcomeInvalid, ReasonUnknownMonitor
		b.tally.add(o)
	}
}

func (p *PendingCheckIn) write() (*CheckInWrite, error) {
	w := new(CheckInWrite)
	if err := json.Unmarshal([]byte(p.Body), w); err != nil {
		return nil, fmt.Errorf("pending check-in %s: %w", p.ItemID, err)
	}
	return w, nil
}

// lockMonitor makes what waits for a monitor and what describes it take turns, while there is no row to
// lock. On SQLite the transaction is the only writer already.
func (b *batch) lockMonitor(ctx context.Context, project int64, slug string) error {
	if !b.s.postgres() {
		return nil
	}
	_, err := b.tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended(?, ?))", slug, project).Exec(ctx)
	return err
}
