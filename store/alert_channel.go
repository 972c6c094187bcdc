package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// CreateAlertChannel adds a channel. [ErrConflict]: the name is taken.
func (s *Store) CreateAlertChannel(ctx context.Context, scope Scope, c AlertChannel) (*AlertChannel, error) {
	if err := checkName("name", c.Name); err != nil {
		return nil, err
	}
	c.ID, c.OrgID, c.CreatedMS, c.UpdatedMS = 0, scope.OrgID, s.nowMS(), s.nowMS()
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if n, err := tx.NewSelect().Model((*AlertChannel)(nil)).Where("org_id = ?", scope.OrgID).Count(ctx); err != nil {
			return err
		} else if n >= maxAlertChannels {
			return fmt.Errorf("%w: an organisation has at most %d channels", ErrInvalid, maxAlertChannels)
		}
		if _, err := tx.NewInsert().Model(&c).Returning("id").Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, c.audited(AuditChannelCreate, true))
	})
	if err != nil {
		return nil, fmt.Errorf("create alert channel: %w", err)
	}
	return &c, nil
}

// UpdateAlertChannel replaces a channel's name and, unless config is nil, where it leads.
func (s *Store) UpdateAlertChannel(ctx context.Context, scope Scope, c AlertChannel) (*AlertChannel, error) {
	if err := checkName("name", c.Name); err != nil {
		return nil, err
	}
	c.UpdatedMS = s.nowMS()
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model(&c).Column("name", "updated_ms")
		if c.Config != nil {
			q = q.Column("config", "shown")
		}
		res, err := q.Where("org_id = ? AND id = ?", scope.OrgID, c.ID).Exec(ctx)
		if err == nil {
			err = someRow(res, "alert channel %d", c.ID)
		}
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, c.audited(AuditChannelEdit, c.Config != nil))
	})
	if err != nil {
		return nil, fmt.Errorf("update alert channel: %w", err)
	}
	return s.AlertChannel(ctx, scope, c.ID)
}

// DeleteAlertChannel removes a channel. What waits for it fails, and the log says why.
func (s *Store) DeleteAlertChannel(ctx context.Context, scope Scope, id int64) error {
	return s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var gone []AlertChannel
		_, err := tx.NewDelete().Model((*AlertChannel)(nil)).Where("org_id = ? AND id = ?", scope.OrgID, id).Returning("id, name, kind, shown").Exec(ctx, &gone)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			return fmt.Errorf("alert channel %d: %w", id, ErrNotFound)
		}
		return s.audit(ctx, tx, scope, gone[0].audited(AuditChannelRemove, true))
	})
}

// audited says which channel was changed and, where that is known, what is shown of where it leads.
func (c *AlertChannel) audited(event string, leads bool) audited {
	data := map[string]any{}
	if leads {
		data["to"] = c.Shown
	}
	return audited{event, "alert-channel", auditID(c.ID), c.Name, data}
}

// AlertChannels lists the scope's channels by name.
func (s *Store) AlertChannels(ctx context.Context, scope Scope) ([]AlertChannel, error) {
	var rows []AlertChannel
	if err := s.read.NewSelect().Model(&rows).Where("org_id = ?", scope.OrgID).Order("name").Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("list alert channels: %w", err))
	}
	return rows, nil
}

// AlertChannel gives one of the scope's channels.
func (s *Store) AlertChannel(ctx context.Context, scope Scope, id int64) (*AlertChannel, error) {
	c := new(AlertChannel)
	if err := s.read.NewSelect().Model(c).Where("org_id = ? AND id = ?", scope.OrgID, id).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("alert channel %d: %w", id, err))
	}
	return c, nil
}
