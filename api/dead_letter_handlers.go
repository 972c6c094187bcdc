package api

import (
	"context"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

func deadLetter(r DeadLetterRow) DeadLetter {
	return DeadLetter{ID: strconv.FormatUint(r.Seq, 10), MessageID: r.MessageID, Kind: r.Kind, ProjectID: itoa(r.ProjectID), EventID: text(r.EventID),
		Reason: r.Reason, Problem: r.Problem, Attempts: r.Attempts, Size: r.Size, Received: r.Received.UTC(), Died: r.Died.UTC()}
}

// listDeadLetters pages forward only: the stream is read from its oldest letter on.
func (a *API) listDeadLetters(ctx context.Context, in *DeadLettersInput) (*List[DeadLetter], error) {
	if a.DeadLetters == nil {
		return nil, errNotAvailable
	}
	rq := from(ctx)
	c, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	c = orStart(c)
	limit := perPage(in.PerPage, 50)
	found, err := a.DeadLetters.ListDeadLetters(ctx, rq.org.ID, uint64(max(c.Value, 0)), limit+1)
	if err != nil {
		return nil, a.fail("list dead letters", err)
	}
	rows := []DeadLetter{}
	next := "0:0:0"
	for _, r := range found[:min(len(found), limit)] {
		rows = append(rows, deadLetter(r))
		next = strconv.FormatUint(r.Seq, 10) + ":0:0"
	}
	return &List[DeadLetter]{Link: a.linkHeader(rq, "0:0:1", false, next, len(found) > limit), Body: rows}, nil
}

func orStart(c *store.Cursor) *store.Cursor {
	if c == nil || c.Prev {
		return &store.Cursor{}
	}
	return c
}

func (a *API) getDeadLetter(ctx context.Context, in *DeadLetterPath) (*One[DeadLetterDetail], error) {
	if a.DeadLetters == nil {
		return nil, errNotAvailable
	}
	r, body, err := a.DeadLetters.DeadLetter(ctx, from(ctx).org.ID, in.Letter)
	if err != nil {
		return nil, a.fail("read dead letter", err)
	}
	return one(DeadLetterDetail{DeadLetter: deadLetter(r), Envelope: strings.ToValidUTF8(string(body), "\uFFFD")}), nil
}

func (a *API) resendDeadLetter(ctx context.Context, in *DeadLetterPath) (*Nothing, error) {
	if err := a.auditLetter(ctx, in, store.AuditLetterResend); err != nil {
		return nil, err
	}
	if err := a.DeadLetters.ResendDeadLetter(ctx, from(ctx).org.ID, in.Letter); err != nil {
		return nil, a.fail("send dead letter again", err)
	}
	return &Nothing{}, nil
}

func (a *API) dropDeadLetter(ctx context.Context, in *DeadLetterPath) (*Nothing, error) {
	if err := a.auditLetter(ctx, in, store.AuditLetterDrop); err != nil {
		return nil, err
	}
	if err := a.DeadLetters.DropDeadLetter(ctx, from(ctx).org.ID, in.Letter); err != nil {
		return nil, a.fail("drop dead letter", err)
	}
	return &Nothing{}, nil
}

// auditLetter records what somebody is about to do with a letter that is there. The letter lies in a stream, outside of
// any transaction of the database: an entry that is written first may tell of a try that failed, but nothing is done
// that no entry tells of.
func (a *API) auditLetter(ctx context.Context, in *DeadLetterPath, event string) error {
	if a.DeadLetters == nil {
		return errNotAvailable
	}
	rq := from(ctx)
	if _, _, err := a.DeadLetters.DeadLetter(ctx, rq.org.ID, in.Letter); err != nil {
		return a.fail("read dead letter", err)
	}
	return a.audit(ctx, rq, event, "dead-letter", strconv.FormatUint(in.Letter, 10), "")
}
