package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// IssueNews says what a batch of events did to an issue.
type IssueNews struct {
	Issue                      *Issue
	EventID                    string // of the newest event
	New, Regressed, Escalating bool
	Unignored                  bool // archived until something that has come true

	release    string   // the event's that made it regress
	resolvedIn *Release // of one that regressed; nil: none
}

// signals notes what happened to issues, for those organisations that have rules. It belongs to the
// transaction that made it happen.
func (b *batch) signals(ctx context.Context, changes []IssueNews) error {
	rows := make([]AlertSignal, 0, len(changes))
	now := b.s.nowMS()
	for _, c := range changes {
		kinds := SignalEvent
		for bit, is := range map[int64]bool{SignalNew: c.New, SignalRegressed: c.Regressed, SignalEscalating: c.Escalating} {
			if is {
				kinds |= bit
			}
		}
		rows = append(rows, AlertSignal{OrgID: c.Issue.OrgID, ProjectID: c.Issue.ProjectID, Kinds: kinds, IssueID: c.Issue.ID,
			EventID: c.EventID, CreatedMS: now, DueMS: now})
	}
	return signal(ctx, b.tx, rows)
}

// signal writes signals of organisations that have rules; the others would be read for nothing.
func signal(ctx context.Context, tx bun.Tx, rows []AlertSignal) error {
	if len(rows) == 0 {
		return nil
	}
	orgs := map[int64]bool{}
	for i := range rows {
		orgs[rows[i].OrgID] = true
	}
	var listening []int64
	err := tx.NewSelect().Model((*AlertRule)(nil)).ColumnExpr("DISTINCT org_id").
		Where("org_id IN (?)", bun.List(slices.Sorted(maps.Keys(orgs)))).Scan(ctx, &listening)
	if err != nil {
		return fmt.Errorf("look for alert rules: %w", err)
	}
	rows = slices.DeleteFunc(rows, func(s AlertSignal) bool { return !slices.Contains(listening, s.OrgID) })
	for part := range slices.Chunk(rows, chunk) {
		if _, err := tx.NewInsert().Model(&part).Returning("NULL").Exec(ctx); err != nil {
			return fmt.Errorf("write alert signals: %w", err)
		}
	}
	return nil
}

// signalResolved notes that issues were resolved.
func signalResolved(ctx context.Context, tx bun.Tx, issues []*Issue, now int64) error {
	rows := make([]AlertSignal, len(issues))
	for n, i := range issues {
		rows[n] = AlertSignal{OrgID: i.OrgID, ProjectID: i.ProjectID, Kinds: SignalResolved, IssueID: i.ID, CreatedMS: now, DueMS: now}
	}
	return signal(ctx, tx, rows)
}

// signalLinks notes backend errors that have just got a replay worth showing.
func (s *Store) signalLinks(ctx context.Context, tx bun.Tx, links []ReplayLink) error {
	now := s.nowMS()
	rows := make([]AlertSignal, 0, len(links))
	for i := range links {
		l := &links[i]
		rows = append(rows, AlertSignal{OrgID: l.OrgID, ProjectID: *l.ProjectID, Kinds: SignalReplay, IssueID: *l.IssueID, EventID: l.ItemID,
			ReplayID: l.ReplayID, CreatedMS: now, DueMS: now})
	}
	return signal(ctx, tx, rows)
}

// AlertSignals gives up to limit signals that are due, of all organisations: the worker asks for everybody.
func (s *Store) AlertSignals(ctx context.Context, nowMS int64, limit int) ([]AlertSignal, error) {
	var rows []AlertSignal
	err := s.read.NewSelect().Model(&rows).Where("due_ms <= ?", nowMS).Order("due_ms", "id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("alert signals: %w", err))
	}
	return rows, nil
}

// PostponeSignal has a signal looked at again later.
func (s *Store) PostponeSignal(ctx context.Context, id, dueMS int64) error {
	_, err := s.write.NewUpdate().Model((*AlertSignal)(nil)).Set("due_ms = ?", dueMS).Where("id = ?", id).Exec(ctx)
	return border(err)
}

// AlertFiring is what a rule has to say about a signal.
type AlertFiring struct {
	RuleID     int64
	IssueID    int64 // 0: of no issue, and always told
	EventID    string
	IntervalMS int64 // the rule tells of one issue once in so many ms
	MaxPerHour int64 // more deliveries of the rule are suppressed
	Deliveries []AlertDelivery
}

// SettleSignal ends a signal: it goes, and what the rules have to say about it comes into the outbox, in
// one transaction. It does nothing, and says so, when another worker was first.
func (s *Store) SettleSignal(ctx context.Context, id int64, firings []AlertFiring) (bool, error) {
	done := false
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*AlertSignal)(nil)).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		done = true
		slices.SortFunc(firings, func(x, y AlertFiring) int { return int(x.RuleID - y.RuleID) })
		for i := range firings {
			if err := s.fire(ctx, tx, &firings[i]); err != nil {
				return fmt.Errorf("rule %d: %w", firings[i].RuleID, err)
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("settle alert signal %d: %w", id, err)
	}
	return done, nil
}

func (s *Store) fire(ctx context.Context, tx bun.Tx, f *AlertFiring) error {
	now := s.nowMS()
	if f.IssueID != 0 {
		fire := &AlertFire{RuleID: f.RuleID, IssueID: f.IssueID, FirstMS: now, LastMS: now, Fires: 1, EventID: f.EventID}
		res, err := tx.NewInsert().Model(fire).On("CONFLICT (rule_id, issue_id) DO UPDATE").
			Set("last_ms = EXCLUDED.last_ms").Set("event_id = EXCLUDED.event_id").Set("fires = af.fires + 1").
			Where("af.last_ms <= ?", now-f.IntervalMS).Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 { // it told of this issue not long ago
			return err
		}
	}
	if _, err := tx.NewUpdate().Model((*AlertRule)(nil)).Set("fired_ms = ?", now).Where("id = ?", f.RuleID).Exec(ctx); err != nil {
		return err
	}
	told, err := tx.NewSelect().Model((*AlertDelivery)(nil)).Where("rule_id = ? AND created_ms > ?", f.RuleID, now-hourMS).
		Where("status <> ?", DeliverySuppressed).Count(ctx)
	if err != nil {
		return err
	}
	for i := range f.Deliveries {
		if told++; int64(told) > f.MaxPerHour {
			if err := suppress(ctx, tx, f, &f.Deliveries[i], now); err != nil {
				return err
			}
			continue
		}
		if err := enqueue(ctx, tx, &f.Deliveries[i], now); err != nil {
			return err
		}
	}
	return nil
}

// suppress counts what a rule would have told beyond its bound, in one row an hour.
func suppress(ctx context.Context, tx bun.Tx, f *AlertFiring, d *AlertDelivery, now int64) error {
	row := *d
	row.Key = fmt.Sprintf("suppressed-%d-%d", f.RuleID, now/hourMS)
	row.Status, row.Count, row.Digest, row.CreatedMS, row.DueMS, row.DeadlineMS, row.DoneMS = DeliverySuppressed, 1, "", now, now, now, &now
	row.Error = fmt.Sprintf("the rule told %d times within an hour; the rest is only counted", f.MaxPerHour)
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (idem_key) DO UPDATE").Set("count = ad.count + 1").Set("done_ms = EXCLUDED.done_ms").
		Returning("NULL").Exec(ctx)
	return err
}

// enqueue puts a delivery into the outbox. One that is told with others waits until none came for HoldMS, but
// not longer than MaxHoldMS after the first.
func enqueue(ctx context.Context, tx bun.Tx, d *AlertDelivery, now int64) error {
	d.Status, d.Count, d.CreatedMS = DeliveryPending, 1, now
	due := now + d.HoldMS
	if d.Digest != "" {
		var first *int64
		err := tx.NewSelect().Model((*AlertDelivery)(nil)).ColumnExpr("MIN(created_ms)").
			Where("status = ? AND digest = ? AND digest <> '' AND batch = 0", DeliveryPending, d.Digest).Scan(ctx, &first)
		if err != nil {
			return err
		}
		if first != nil {
			due = max(d.NotBeforeMS, min(due, *first+d.MaxHoldMS))
			_, err := tx.NewUpdate().Model((*AlertDelivery)(nil)).Set("due_ms = ?", due).
				Where("status = ? AND digest = ? AND digest <> '' AND batch = 0", DeliveryPending, d.Digest).Exec(ctx)
			if err != nil {
				return err
			}
		}
	}
	d.DueMS = max(due, d.NotBeforeMS)
	d.DeadlineMS += d.DueMS
	_, err := tx.NewInsert().Model(d).On("CONFLICT (idem_key) DO NOTHING").Returning("NULL").Exec(ctx)
	return err
}
