package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// ReasonDiscardedHash is why an event of a tombstone is filtered, in Sentry's word.
const ReasonDiscardedHash = "discarded-hash"

// IssueTombstone is what is left of an issue whose events nobody wants to see again: they are counted
// as filtered and dropped.
type IssueTombstone struct {
	bun.BaseModel `bun:"table:issue_tombstones,alias:it"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	ProjectID int64  `bun:"project_id"`
	Level     string `bun:"level"`
	Type      string `bun:"type"`
	Title     string `bun:"title"`
	Culprit   string `bun:"culprit"`
	Metadata  string `bun:"metadata"`
	UserID    *int64 `bun:"user_id"` // who discarded it
	Discarded int64  `bun:"discarded"`
	LastMS    *int64 `bun:"last_ms"` // when an event was last discarded
	CreatedMS int64  `bun:"created_ms"`
}

type tombstoneHash struct {
	bun.BaseModel `bun:"table:tombstone_hashes,alias:th"`

	ProjectID   int64  `bun:"project_id,pk"`
	Hash        string `bun:"hash,pk"`
	TombstoneID int64  `bun:"tombstone_id"`
}

// discard takes the events out of a batch whose hash leads to a tombstone, with what came with them.
func (b *batch) discard(ctx context.Context, es []*EventWrite, known homes) (kept []*EventWrite, err error) {
	type count struct{ n, lastMS int64 }
	counts := map[int64]count{}
	for _, e := range es {
		at, _ := known.of(e)
		if at.tombstone == 0 {
			kept = append(kept, e)
			continue
		}
		if b.discarded == nil {
			b.discarded = map[*Write]bool{}
		}
		b.discarded[e.from] = true
		b.refuse(e.Outcomes)
		maps.DeleteFunc(b.facts.links, func(k linkKey, _ ReplayLink) bool {
			return k.org == e.Event.OrgID && k.kind == ItemEvent && k.id == e.Event.EventID
		})
		c := counts[at.tombstone]
		counts[at.tombstone] = count{c.n + 1, max(c.lastMS, e.Event.ReceivedMS)}
	}
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		_, err := b.tx.NewUpdate().Model((*IssueTombstone)(nil)).Set("discarded = discarded + ?", counts[id].n).
			Set("last_ms = ?", counts[id].lastMS).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// refuse counts what belongs to a discarded event.
func (b *batch) refuse(o []Outcome) {
	for _, x := range o {
		x.Outcome, x.Reason = OutcomeFiltered, ReasonDiscardedHash
		b.tally.add(x)
	}
}

// IssueTombstones lists what a project discards, the newest first.
func (s *Store) IssueTombstones(ctx context.Context, scope Scope, projectID int64, p Page) (Paged[IssueTombstone], error) {
	var rows []IssueTombstone
	q := s.read.NewSelect().Model(&rows).Where("it.org_id = ? AND it.project_id = ?", scope.OrgID, projectID)
	q = keyset(q, p, order{expr: "it.id", tie: "it.id", tieValue: decimalTie})
	if err := q.Scan(ctx); err != nil {
		return Paged[IssueTombstone]{}, border(fmt.Errorf("list tombstones: %w", err))
	}
	return paged(rows, p, func(t IssueTombstone) Cursor { return Cursor{Value: t.ID, Tie: fmt.Sprint(t.ID)} }), nil
}

// DeleteTombstone lets the events of a tombstone in again: the next one makes a new issue.
func (s *Store) DeleteTombstone(ctx context.Context, scope Scope, projectID, id int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var ids []int64
		q := tx.NewSelect().Model((*IssueTombstone)(nil)).Column("id").Where("id = ? AND org_id = ? AND project_id = ?", id, scope.OrgID, projectID)
		if err := s.lockRows(q).Scan(ctx, &ids); err != nil {
			return err
		}
		if len(ids) == 0 {
			return ErrNotFound
		}
		if _, err := tx.NewDelete().Model((*tombstoneHash)(nil)).Where("tombstone_id = ?", id).Exec(ctx); err != nil {
			return err
		}
		var gone []string
		if _, err := tx.NewDelete().Model((*IssueTombstone)(nil)).Where("id = ?", id).Returning("title").Exec(ctx, &gone); err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditDiscardRemove, "issue", auditID(id), cutText(gone[0], maxName), nil})
	})
	if err != nil {
		return fmt.Errorf("delete tombstone %d: %w", id, err)
	}
	return nil
}
