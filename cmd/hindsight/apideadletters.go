package main

import (
	"context"
	"errors"
	"io"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/store"
)

// apiDeadLetters shows the API the dead letters of one organisation at a time.
type apiDeadLetters struct{ dead *stream.DeadLetters }

func deadLetterRow(d *stream.DeadLetter) api.DeadLetterRow {
	return api.DeadLetterRow{
		Seq: d.Seq, MessageID: d.ID, Kind: string(d.Kind), ProjectID: d.ProjectID, EventID: d.EventID.String(),
		Reason: d.Reason, Problem: d.Error, Attempts: d.Attempts, Size: d.Size, Received: d.Received, Died: d.At,
	}
}

// ListDeadLetters implements api.DeadLetters.
func (a apiDeadLetters) ListDeadLetters(ctx context.Context, orgID int64, after uint64, limit int) ([]api.DeadLetterRow, error) {
	rows := []api.DeadLetterRow{}
	for {
		page, err := a.dead.List(ctx, after, 100)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			if d.OrgID != orgID {
				continue
			}
			if rows = append(rows, deadLetterRow(d)); len(rows) == limit {
				return rows, nil
			}
		}
		if len(page) < 100 {
			return rows, nil
		}
		after = page[len(page)-1].Seq
	}
}

// own gives a dead letter of the organisation; another's is not found.
func (a apiDeadLetters) own(ctx context.Context, orgID int64, seq uint64) (*stream.DeadLetter, error) {
	d, err := a.dead.Get(ctx, seq)
	if errors.Is(err, stream.ErrNotFound) || err == nil && d.OrgID != orgID {
		return nil, store.ErrNotFound
	}
	return d, err
}

// DeadLetter implements api.DeadLetters.
func (a apiDeadLetters) DeadLetter(ctx context.Context, orgID int64, seq uint64) (api.DeadLetterRow, []byte, error) {
	d, err := a.own(ctx, orgID, seq)
	if err != nil {
		return api.DeadLetterRow{}, nil, err
	}
	body, err := d.Open(ctx)
	if err != nil {
		return api.DeadLetterRow{}, nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxShown))
	return deadLetterRow(d), text, err
}

// ResendDeadLetter implements api.DeadLetters.
func (a apiDeadLetters) ResendDeadLetter(ctx context.Context, orgID int64, seq uint64) error {
	if _, err := a.own(ctx, orgID, seq); err != nil {
		return err
	}
	return a.dead.Resend(ctx, seq)
}

// DropDeadLetter implements api.DeadLetters.
func (a apiDeadLetters) DropDeadLetter(ctx context.Context, orgID int64, seq uint64) error {
	if _, err := a.own(ctx, orgID, seq); err != nil {
		return err
	}
	return a.dead.Drop(ctx, seq)
}
