package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// maxAlertRules and maxAlertChannels bound what an organisation may have: each signal asks every rule.
const (
	maxAlertRules    = 1000
	maxAlertChannels = 200
	maxAlertBody     = 256 << 10
)

func (r *AlertRule) check() error {
	if err := checkName("name", r.Name); err != nil {
		return err
	}
	if len(r.Body) > maxAlertBody {
		return fmt.Errorf("%w: the rule is larger than %d bytes", ErrInvalid, maxAlertBody)
	}
	return checkText("environment", r.Environment)
}

// CreateAlertRule adds a rule to the scope's organisation.
func (s *Store) CreateAlertRule(ctx context.Context, scope Scope, r AlertRule) (*AlertRule, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	r.ID, r.OrgID, r.CreatedMS, r.UpdatedMS = 0, scope.OrgID, s.nowMS(), s.nowMS()
	if r.Kind == AlertMetric {
		r.DueMS = &r.CreatedMS
	}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if n, err := tx.NewSelect().Model((*AlertRule)(nil)).Where("org_id = ?", scope.OrgID).Count(ctx); err != nil {
			return err
		} else if n >= maxAlertRules {
			return fmt.Errorf("%w: an organisation has at most %d rules", ErrInvalid, maxAlertRules)
		}
		if _, err := tx.NewInsert().Model(&r).Returning("id").Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, r.audited(AuditRuleCreate))
	})
	if err != nil {
		return nil, fmt.Errorf("create alert rule: %w", err)
	}
	return &r, nil
}

// UpdateAlertRule replaces a rule's content: name, projects, environment, body and whether it is on.
func (s *Store) UpdateAlertRule(ctx context.Context, scope Scope, r AlertRule) (*AlertRule, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	r.UpdatedMS = s.nowMS()
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model(&r).Column("name", "enabled", "projects", "environment", "body", "updated_ms").
			Where("org_id = ? AND id = ?", scope.OrgID, r.ID).Exec(ctx)
		if err == nil {
			err = someRow(res, "alert rule %d", r.ID)
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, r.audited(AuditRuleEdit))
	})
	if err != nil {
		return nil, fmt.Errorf("update alert rule: %w", err)
	}
	return s.AlertRule(ctx, scope, r.ID)
}

// SnoozeAlertRule silences a rule until a moment; 0 ends that.
func (s *Store) SnoozeAlertRule(ctx context.Context, scope Scope, id, untilMS int64) error {
	return s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var changed []AlertRule
		_, err := tx.NewUpdate().Model((*AlertRule)(nil)).Set("snoozed_until_ms = ?", untilMS).
			Where("org_id = ? AND id = ?", scope.OrgID, id).Returning("id, name, enabled").Exec(ctx, &changed)
		if err != nil {
			return err
		}
		if len(changed) == 0 {
			return fmt.Errorf("alert rule %d: %w", id, ErrNotFound)
		}
		change := changed[0].audited(AuditRuleSnooze)
		change.data["snoozed"] = untilMS != 0
		return s.audit(ctx, tx, scope, change)
	})
}

// audited says which rule was changed.
func (r *AlertRule) audited(event string) audited {
	return audited{event, "rule", auditID(r.ID), r.Name, map[string]any{"enabled": r.Enabled}}
}

// DeleteAlertRule removes a rule and its memory of issues. What it has put into the outbox is still delivered.
func (s *Store) DeleteAlertRule(ctx context.Context, scope Scope, id int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var gone []AlertRule
		_, err := tx.NewDelete().Model((*AlertRule)(nil)).Where("org_id = ? AND id = ?", scope.OrgID, id).Returning("id, name, enabled").Exec(ctx, &gone)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			return fmt.Errorf("alert rule %d: %w", id, ErrNotFound)
		}
		if err := s.audit(ctx, tx, scope, gone[0].audited(AuditRuleRemove)); err != nil {
			return err
		}
		_, err = tx.NewDelete().Model((*AlertFire)(nil)).Where("rule_id = ?", id).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete alert rule: %w", err)
	}
	return nil
}

// AlertRules lists the scope's rules, the oldest first. There are at most a thousand.
func (s *Store) AlertRules(ctx context.Context, scope Scope) ([]AlertRule, error) {
	var rows []AlertRule
	if err := s.read.NewSelect().Model(&rows).Where("org_id = ?", scope.OrgID).Order("id").Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("list alert rules: %w", err))
	}
	return rows, nil
}

// AlertRule gives one of the scope's rules.
func (s *Store) AlertRule(ctx context.Context, scope Scope, id int64) (*AlertRule, error) {
	r := new(AlertRule)
	if err := s.read.NewSelect().Model(r).Where("org_id = ? AND id = ?", scope.OrgID, id).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("alert rule %d: %w", id, err))
	}
	return r, nil
}

// AlertFires gives a page of the issues that a rule told of, the newest first.
func (s *Store) AlertFires(ctx context.Context, scope Scope, ruleID int64, offset, limit int) ([]AlertFire, error) {
	var rows []AlertFire
	err := s.read.NewSelect().Model(&rows).Join("JOIN alert_rules AS ar ON ar.id = af.rule_id").
		Where("ar.org_id = ? AND af.rule_id = ?", scope.OrgID, ruleID).
		Order("af.last_ms DESC", "af.issue_id DESC").Offset(int64(offset)).Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("issues of alert rule %d: %w", ruleID, err))
	}
	return rows, nil
}

// AlertFirings counts how often a rule fired in a stretch of time.
type AlertFirings struct {
	BucketMS int64 `bun:"bucket"`
	N        int64 `bun:"n"`
}

// AlertFirings counts how often a rule fired in each stretch of bucketMS from fromMS until toMS, as the delivery log
// remembers it: for 30 days. Stretches in which it did not are left out.
func (s *Store) AlertFirings(ctx context.Context, scope Scope, ruleID, fromMS, toMS, bucketMS int64) ([]AlertFirings, error) {
	var rows []AlertFirings
	fired := s.read.NewSelect().Model((*AlertDelivery)(nil)).ColumnExpr("DISTINCT ad.created_ms, ad.issue_id").
		Where("ad.rule_id = ? AND ad.created_ms >= ? AND ad.created_ms < ?", ruleID, fromMS, toMS).Where("ad.org_id = ?", scope.OrgID)
	err := s.read.NewSelect().TableExpr("(?) AS fired", fired).ColumnExpr("(created_ms - created_ms % ?) AS bucket, COUNT(*) AS n", bucketMS).
		GroupExpr("bucket").OrderExpr("bucket").Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("firings of alert rule %d: %w", ruleID, err))
	}
	return rows, nil
}

// DueMetricRules gives up to limit metric rules that are to be looked at, of all organisations.
func (s *Store) DueMetricRules(ctx context.Context, nowMS int64, limit int) ([]AlertRule, error) {
	var rows []AlertRule
	err := s.read.NewSelect().Model(&rows).Where("due_ms IS NOT NULL AND due_ms <= ?", nowMS).Order("due_ms", "id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("due metric rules: %w", err))
	}
	return rows, nil
}

// SetMetricState stores what was found of a metric rule, and a signal when its state changed. It does
// nothing, and says so, when another worker looked at the rule meanwhile.
func (s *Store) SetMetricState(ctx context.Context, r *AlertRule, state string, nextMS int64, sig *AlertSignal) (bool, error) {
	done := false
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*AlertRule)(nil)).Set("due_ms = ?", nextMS).Where("id = ? AND due_ms = ?", r.ID, *r.DueMS)
		if state != r.State {
			q = q.Set("state = ?", state).Set("state_ms = ?", s.nowMS())
		}
		res, err := q.Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		done = true
		if sig == nil {
			return nil
		}
		return signal(ctx, tx, []AlertSignal{*sig})
	})
	if err != nil {
		return false, fmt.Errorf("state of metric rule %d: %w", r.ID, err)
	}
	return done, nil
}
