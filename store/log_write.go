package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

func (b *batch) logs(ctx context.Context) error {
	var all []*LogWrite
	for _, w := range b.fresh {
		for i := range w.Logs {
			all = append(all, &w.Logs[i])
		}
	}
	return insertCounted(ctx, b, all, func(w *LogWrite) (Log, []Outcome) { return w.Log, w.Outcomes },
		func(l *Log) itemRowKey { return itemRowKey{l.OrgID, l.LogID, 0} }, "org_id, log_id")
}

func (b *batch) feedback(ctx context.Context) error {
	var all []*FeedbackWrite
	for _, w := range b.fresh {
		for i := range w.Feedback {
			all = append(all, &w.Feedback[i])
		}
	}
	return insertCounted(ctx, b, all, func(w *FeedbackWrite) (Feedback, []Outcome) { return w.Feedback, w.Outcomes },
		func(f *Feedback) itemRowKey { return itemRowKey{f.OrgID, f.EventID, f.ProjectID} }, "org_id, event_id, project_id")
}

// itemRowKey is the key of a row of its own.
type itemRowKey struct {
	org     int64
	id      string
	project int64
}

func (k itemRowKey) compare(o itemRowKey) int {
	return cmp.Or(cmp.Compare(k.org, o.org), cmp.Compare(k.id, o.id), cmp.Compare(k.project, o.project))
}

// insertCounted inserts rows that do not exist, in the order of their keys, and counts each as stored or
// as a duplicate.
func insertCounted[W, R any](ctx context.Context, b *batch, all []*W, parts func(*W) (R, []Outcome), key func(*R) itemRowKey, columns string) error {
	keyOf := func(w *W) itemRowKey { r, _ := parts(w); return key(&r) }
	slices.SortStableFunc(all, func(x, y *W) int { return keyOf(x).compare(keyOf(y)) })
	rows := make([]R, 0, len(all))
	for i, w := range all {
		if i == 0 || keyOf(w) != keyOf(all[i-1]) {
			r, _ := parts(w)
			rows = append(rows, r)
		}
	}
	var inserted []R
	if err := insertNew(ctx, b.tx, rows, columns, &inserted); err != nil {
		return err
	}
	fresh := make(map[itemRowKey]bool, len(inserted))
	for i := range inserted {
		fresh[key(&inserted[i])] = true
	}
	for _, w := range all {
		_, outcomes := parts(w)
		b.decide(outcomes, fresh[keyOf(w)])
		fresh[keyOf(w)] = false
	}
	return nil
}

// hints stores what errors can be found by, and what is expected or lost.
func (b *batch) hints(ctx context.Context) error {
	var hints []EventHint
	var expected []ExpectedReplay
	var losses []ReplayLoss
	var sessions []ItemSession
	for _, w := range b.fresh {
		if !b.dropped[w] && !b.discarded[w] {
			hints = append(hints, w.Hints...)
		}
		expected = append(expected, w.Expected...)
		losses = append(losses, w.Losses...)
		sessions = append(sessions, w.ItemSessions...)
	}
	slices.SortFunc(hints, func(x, y EventHint) int {
		return itemRowKey{x.OrgID, x.EventID, x.ProjectID}.compare(itemRowKey{y.OrgID, y.EventID, y.ProjectID})
	})
	if err := insertIgnore(ctx, b.tx, hints); err != nil {
		return fmt.Errorf("hints: %w", err)
	}
	slices.SortFunc(expected, func(x, y ExpectedReplay) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.TraceID, y.TraceID), cmp.Compare(x.FirstMS, y.FirstMS))
	})
	expected = slices.CompactFunc(expected, func(x, y ExpectedReplay) bool { return x.OrgID == y.OrgID && x.TraceID == y.TraceID })
	for part := range slices.Chunk(expected, chunk) {
		_, err := b.tx.NewInsert().Model(&part).On("CONFLICT (org_id, trace_id) DO UPDATE").
			Set("first_ms = ?(xr.first_ms, EXCLUDED.first_ms)", b.s.lesser()).Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("expected replays: %w", err)
		}
	}
	slices.SortFunc(losses, func(x, y ReplayLoss) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.ReplayID, y.ReplayID), cmp.Compare(x.Reason, y.Reason), cmp.Compare(x.FirstMS, y.FirstMS))
	})
	if err := insertIgnore(ctx, b.tx, losses); err != nil {
		return fmt.Errorf("losses: %w", err)
	}
	slices.SortFunc(sessions, func(x, y ItemSession) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.SessionID, y.SessionID), cmp.Compare(x.ItemKind, y.ItemKind), cmp.Compare(x.ItemID, y.ItemID))
	})
	if err := insertIgnore(ctx, b.tx, sessions); err != nil {
		return fmt.Errorf("item sessions: %w", err)
	}
	return nil
}
