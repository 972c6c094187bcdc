package store

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"database/sql"

	"github.com/uptrace/bun"
)

// SessionWrite is one update of a release session.
type SessionWrite struct {
	Session  ReleaseSession
	Outcomes []Outcome
}

// Terminal session states: whatever comes later does not bring the session back.
func terminalSession(status string) bool {
	switch status {
	case "exited", "crashed", "abnormal":
		return true
	}
	return false
}

func (b *batch) sessions(ctx context.Context) error {
	var all []*SessionWrite
	var counts []ReleaseSessionCount
	for _, w := range b.fresh {
		for i := range w.Sessions {
			all = append(all, &w.Sessions[i])
		}
		counts = append(counts, w.SessionCounts...)
	}
	slices.SortStableFunc(all, func(x, y *SessionWrite) int {
		return cmp.Or(cmp.Compare(x.Session.ProjectID, y.Session.ProjectID), cmp.Compare(x.Session.SID, y.Session.SID),
			cmp.Compare(x.Session.Seq, y.Session.Seq))
	})
	for _, w := range all {
		if err := b.session(ctx, w); err != nil {
			return err
		}
	}
	return b.sessionCounts(ctx, counts)
}

// session merges one update. Updates may come in any order: the highest seq is the latest, errors never
// shrink, and the session starts with its earliest start. An update that says what is known already is no
// duplicate: SDKs send two of the same within a millisecond (session.captureSession, then an error), and
// their seq is that millisecond.
func (b *batch) session(ctx context.Context, w *SessionWrite) error {
	fresh := w.Session
	var inserted []ReleaseSession
	if err := insertNew(ctx, b.tx, []ReleaseSession{fresh}, "project_id, sid", &inserted); err != nil {
		return err
	}
	if len(inserted) > 0 {
		b.decide(w.Outcomes, true)
		return nil
	}
	old := ReleaseSession{ProjectID: fresh.ProjectID, SID: fresh.SID}
	q := b.tx.NewSelect().Model(&old).WherePK()
	if err := b.s.lockRows(q).Scan(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	b.decide(w.Outcomes, true)
	merged := mergeSession(old, fresh)
	_, err := b.tx.NewUpdate().Model(&merged).WherePK().Exec(ctx)
	return err
}

func mergeSession(a, b ReleaseSession) ReleaseSession {
	late, early := a, b
	if b.Seq > a.Seq {
		late, early = b, a
	}
	out := late
	if terminalSession(early.Status) && !terminalSession(late.Status) {
		out.Status = early.Status
	}
	out.Errors = max(a.Errors, b.Errors)
	out.StartedMS = min(a.StartedMS, b.StartedMS)
	out.UpdatedMS = max(a.UpdatedMS, b.UpdatedMS)
	if out.DID == "" {
		out.DID = early.DID
	}
	if out.Environment == "" {
		out.Environment = early.Environment
	}
	if out.DurationMS == nil {
		out.DurationMS = early.DurationMS
	}
	return out
}

func (b *batch) sessionCounts(ctx context.Context, rows []ReleaseSessionCount) error {
	order := func(x, y ReleaseSessionCount) int {
		return cmp.Or(cmp.Compare(x.ProjectID, y.ProjectID), cmp.Compare(x.Release, y.Release),
			cmp.Compare(x.Environment, y.Environment), cmp.Compare(x.StartedMS, y.StartedMS))
	}
	slices.SortFunc(rows, order)
	var sums []ReleaseSessionCount
	for _, r := range rows {
		if n := len(sums); n > 0 && order(sums[n-1], r) == 0 {
			sums[n-1].add(r)
			continue
		}
		sums = append(sums, r)
	}
	for part := range slices.Chunk(sums, chunk) {
		q := b.tx.NewInsert().Model(&part).On("CONFLICT (project_id, release, environment, started_ms) DO UPDATE")
		for _, c := range []string{"exited", "errored", "abnormal", "unhandled", "crashed"} {
			q = q.Set("? = rsc.? + EXCLUDED.?", bun.Ident(c), bun.Ident(c), bun.Ident(c))
		}
		if _, err := q.Returning("NULL").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *ReleaseSessionCount) add(o ReleaseSessionCount) {
	c.Exited += o.Exited
	c.Errored += o.Errored
	c.Abnormal += o.Abnormal
	c.Unhandled += o.Unhandled
	c.Crashed += o.Crashed
}
