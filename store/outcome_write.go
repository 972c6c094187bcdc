package store

import (
	"cmp"
	"context"
	"slices"
)

// tally sums outcomes of a batch by their key.
type tally struct{ sums map[Outcome]int64 }

func (t *tally) add(os ...Outcome) {
	if t.sums == nil {
		t.sums = map[Outcome]int64{}
	}
	for _, o := range os {
		n := o.Quantity
		if n <= 0 {
			continue
		}
		o.Quantity = 0
		o.MinuteMS -= o.MinuteMS % 60_000
		t.sums[o] += n
	}
}

func (b *batch) outcomes(ctx context.Context) error {
	rows := make([]Outcome, 0, len(b.tally.sums))
	for o, n := range b.tally.sums {
		o.Quantity = n
		rows = append(rows, o)
	}
	slices.SortFunc(rows, func(x, y Outcome) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.MinuteMS, y.MinuteMS), cmp.Compare(x.ProjectID, y.ProjectID),
			cmp.Compare(x.PublicKey, y.PublicKey), cmp.Compare(x.Category, y.Category),
			cmp.Compare(x.Outcome, y.Outcome), cmp.Compare(x.Reason, y.Reason))
	})
	for part := range slices.Chunk(rows, chunk) {
		_, err := b.tx.NewInsert().Model(&part).
			On("CONFLICT (org_id, minute_ms, project_id, public_key, category, outcome, reason) DO UPDATE").
			Set("quantity = oc.quantity + EXCLUDED.quantity").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}
