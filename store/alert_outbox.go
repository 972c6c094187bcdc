package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/uptrace/bun"
)

// maxDigest is how many deliveries are told in one message.
const maxDigest = 100

// ClaimDelivery takes the next delivery that is due and gives it with those it is told together with, the
// oldest first; none when nothing is due. They are the claimer's until leaseMS has passed; then whoever comes
// takes them again, with the same key. A lane has one message in flight: whatever a crash repeats, it
// repeats one message a lane.
func (s *Store) ClaimDelivery(ctx context.Context, nowMS, leaseMS int64) ([]AlertDelivery, error) {
	var out []AlertDelivery
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		head := new(AlertDelivery)
		q := tx.NewSelect().Model(head).Where("ad.status = ? AND ad.due_ms <= ? AND ad.lease_ms <= ?", DeliveryPending, nowMS, nowMS).
			Where("NOT EXISTS (SELECT 1 FROM alert_deliveries AS fl WHERE fl.status = ? AND fl.lane = ad.lane AND fl.lease_ms > ?)", DeliveryPending, nowMS).
			Order("ad.due_ms", "ad.id").Limit(1)
		if s.postgres() {
			q = q.For("UPDATE OF ad SKIP LOCKED")
		}
		switch err := q.Scan(ctx); {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		}
		if s.postgres() { // two workers may have found two messages of one lane
			var mine bool
			if err := tx.NewSelect().ColumnExpr("pg_try_advisory_xact_lock(hashtext(?))", "alert lane "+head.Lane).Scan(ctx, &mine); err != nil || !mine {
				return err
			}
			busy, err := tx.NewSelect().Model((*AlertDelivery)(nil)).Where("status = ? AND lane = ? AND lease_ms > ?", DeliveryPending, head.Lane, nowMS).Exists(ctx)
			if err != nil || busy {
				return err
			}
		}
		ids, err := s.together(ctx, tx, head)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*AlertDelivery)(nil)).Set("lease_ms = ?", nowMS+leaseMS).Set("attempts = attempts + 1").
			Set("batch = ?", head.ID).Where("id IN (?)", bun.List(ids)).Exec(ctx)
		if err != nil {
			return err
		}
		return tx.NewSelect().Model(&out).Where("id IN (?)", bun.List(ids)).Order("id").Scan(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("claim alert delivery: %w", err)
	}
	return out, nil
}

// together gives the ids of what is told in head's message. A message that was tried before stays as it was.
func (s *Store) together(ctx context.Context, tx bun.Tx, head *AlertDelivery) ([]int64, error) {
	ids := []int64{head.ID}
	q := tx.NewSelect().Model((*AlertDelivery)(nil)).Column("id").Where("status = ?", DeliveryPending).Order("id").Limit(maxDigest)
	switch {
	case head.Batch != 0:
		head.ID = head.Batch
		q = q.Where("batch = ?", head.Batch)
	case head.Digest != "":
		q = q.Where("digest = ? AND digest <> '' AND batch = 0", head.Digest)
	default:
		return ids, nil
	}
	ids = nil
	if err := s.lockRows(q).Scan(ctx, &ids); err != nil {
		return nil, err
	}
	if head.Batch == 0 {
		head.ID = ids[0] // the oldest gives the message its key
	}
	return ids, nil
}

// DeliveryResult is how an attempt ended.
type DeliveryResult struct {
	Status string // [DeliverySent], [DeliveryFailed], or [DeliveryPending] to try again
	DueMS  int64  // of the next attempt
	Code   int64
	Error  string
}

// FinishDelivery notes how an attempt ended, for all deliveries of one message.
func (s *Store) FinishDelivery(ctx context.Context, batch int64, r DeliveryResult) error {
	q := s.write.NewUpdate().Model((*AlertDelivery)(nil)).Set("status = ?", r.Status).Set("lease_ms = 0").
		Set("code = ?", r.Code).Set("error = ?", r.Error)
	if r.Status == DeliveryPending {
		q = q.Set("due_ms = ?", r.DueMS)
	} else {
		q = q.Set("done_ms = ?", s.nowMS())
	}
	_, err := q.Where("batch = ? AND status = ?", batch, DeliveryPending).Exec(ctx)
	if err != nil {
		return border(fmt.Errorf("finish alert delivery %d: %w", batch, err))
	}
	return nil
}

// RenewDelivery keeps a claimed message its claimer's until leaseMS, a moment.
func (s *Store) RenewDelivery(ctx context.Context, batch, leaseMS int64) error {
	_, err := s.write.NewUpdate().Model((*AlertDelivery)(nil)).Set("lease_ms = ?", leaseMS).
		Where("batch = ? AND batch <> 0 AND status = ? AND lease_ms > 0", batch, DeliveryPending).Exec(ctx)
	return border(err)
}

// PutBackDelivery gives a claimed message back without an attempt: it is not ready to be told.
func (s *Store) PutBackDelivery(ctx context.Context, batch, dueMS int64) error {
	_, err := s.write.NewUpdate().Model((*AlertDelivery)(nil)).Set("lease_ms = 0").Set("due_ms = ?", dueMS).Set("attempts = attempts - 1").
		Where("batch = ? AND status = ?", batch, DeliveryPending).Exec(ctx)
	return border(err)
}

// ReleaseDeliveries takes back what was in flight when the only worker of this database ended.
func (s *Store) ReleaseDeliveries(ctx context.Context) error {
	_, err := s.write.NewUpdate().Model((*AlertDelivery)(nil)).Set("lease_ms = 0").Where("status = ? AND lease_ms > 0", DeliveryPending).Exec(ctx)
	return border(err)
}

// AddDelivery puts one delivery into the outbox: a test of a channel.
func (s *Store) AddDelivery(ctx context.Context, scope Scope, d AlertDelivery) (*AlertDelivery, error) {
	d.ID, d.OrgID, d.Status, d.Count, d.CreatedMS = 0, scope.OrgID, DeliveryPending, 1, s.nowMS()
	if _, err := s.write.NewInsert().Model(&d).Returning("id").Exec(ctx); err != nil {
		return nil, border(fmt.Errorf("add alert delivery: %w", err))
	}
	return &d, nil
}

// AlertDeliveryQuery asks for the log. Zero fields: all.
type AlertDeliveryQuery struct {
	RuleID, ChannelID int64
	Status            string
	Page              Page
}

// AlertDeliveries gives a page of the scope's outbox and log, the newest first.
func (s *Store) AlertDeliveries(ctx context.Context, scope Scope, in AlertDeliveryQuery) (Paged[AlertDelivery], error) {
	var rows []AlertDelivery
	q := s.read.NewSelect().Model(&rows).Where("ad.org_id = ?", scope.OrgID)
	if in.RuleID != 0 {
		q = q.Where("ad.rule_id = ?", in.RuleID)
	}
	if in.ChannelID != 0 {
		q = q.Where("ad.channel_id = ?", in.ChannelID)
	}
	if in.Status != "" {
		q = q.Where("ad.status = ?", in.Status)
	}
	if err := keyset(q, in.Page, order{expr: "ad.id", tie: "ad.id", tieValue: decimalTie}).Scan(ctx); err != nil {
		return Paged[AlertDelivery]{}, border(fmt.Errorf("list alert deliveries: %w", err))
	}
	return paged(rows, in.Page, func(d AlertDelivery) Cursor { return Cursor{Value: d.ID, Tie: strconv.FormatInt(d.ID, 10)} }), nil
}

// AlertDelivery gives one of the scope's deliveries.
func (s *Store) AlertDelivery(ctx context.Context, scope Scope, id int64) (*AlertDelivery, error) {
	d := new(AlertDelivery)
	if err := s.read.NewSelect().Model(d).Where("org_id = ? AND id = ?", scope.OrgID, id).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("alert delivery %d: %w", id, err))
	}
	return d, nil
}

// ResendDelivery has a delivery told again. A failed one keeps its key, so that a receiver that did get it
// can tell; one that was sent is told anew, with the key given.
func (s *Store) ResendDelivery(ctx context.Context, scope Scope, id, deadlineMS int64, newKey string) (*AlertDelivery, error) {
	d, err := s.AlertDelivery(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	if d.Status == DeliverySent || d.Status == DeliverySuppressed {
		d.Key, d.Attempts, d.Digest, d.Batch, d.LeaseMS, d.DoneMS, d.Code, d.Error = newKey, 0, "", 0, 0, nil, 0, ""
		d.DueMS, d.DeadlineMS = s.nowMS(), deadlineMS
		return s.AddDelivery(ctx, scope, *d)
	}
	_, err = s.write.NewUpdate().Model((*AlertDelivery)(nil)).Set("status = ?", DeliveryPending).Set("due_ms = ?", s.nowMS()).
		Set("deadline_ms = ?", deadlineMS).Set("done_ms = NULL").Where("org_id = ? AND id = ? AND lease_ms = 0", scope.OrgID, id).Exec(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("resend alert delivery %d: %w", id, err))
	}
	return s.AlertDelivery(ctx, scope, id)
}
