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
		_, err := tx.NewInsert().Model(&c).Returning("id").Exec(ctx)
		return err
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
	q := s.write.NewUpdate().Model(&c).Column("name", "updated_ms")
	if c.Config != nil {
		q = q.Column("config", "shown")
	}
	res, err := q.Where("org_id = ? AND id = ?", scope.OrgID, c.ID).Exec(ctx)
	if err == nil {
		err = someRow(res, "alert channel %d", c.ID)
	}
	if err != nil {
		return nil, border(fmt.Errorf("update alert channel: %w", err))
	}
	return s.AlertChannel(ctx, scope, c.ID)
}

// DeleteAlertChannel removes a channel. What waits for it fails, and the log says why.
func (s *Store) DeleteAlertChannel(ctx context.Context, scope Scope, id int64) error {
	res, err := s.write.NewDelete().Model((*AlertChannel)(nil)).Where("org_id = ? AND id = ?", scope.OrgID, id).Exec(ctx)
	if err == nil {
		err = someRow(res, "alert channel %d", id)
	}
	return border(err)
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
