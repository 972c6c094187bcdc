package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

// OutcomeQuery asks for the sums of outcomes in buckets of a length.
type OutcomeQuery struct {
	FromMS, ToMS int64 // FromMS is the start of the first bucket
	BucketMS     int64
	GroupBy      []string // of project_id, category, outcome, reason
	Projects     []int64
	Categories   []string
	Outcomes     []string
	Reasons      []string
}

// OutcomeSum is one bucket of one group; what is not grouped by is empty.
type OutcomeSum struct {
	Bucket    int64  `bun:"bucket"` // number from FromMS on
	ProjectID int64  `bun:"project_id"`
	Category  string `bun:"category"`
	Outcome   string `bun:"outcome"`
	Reason    string `bun:"reason"`
	Quantity  int64  `bun:"quantity"`
}

// Outcomes sums what became of items.
func (s *Store) Outcomes(ctx context.Context, scope Scope, in OutcomeQuery) ([]OutcomeSum, error) {
	if in.BucketMS <= 0 {
		return nil, fmt.Errorf("%w: outcome buckets of %d ms", ErrInvalid, in.BucketMS)
	}
	columns := map[string]string{"project_id": "oc.project_id", "category": "oc.category", "outcome": "oc.outcome", "reason": "oc.reason"}
	bucket := "(oc.minute_ms - ?) / ?"
	q := s.read.NewSelect().TableExpr("outcomes AS oc").ColumnExpr(bucket+" AS bucket", in.FromMS, in.BucketMS).
		ColumnExpr("SUM(oc.quantity) AS quantity").
		Where("oc.org_id = ? AND oc.minute_ms >= ? AND oc.minute_ms < ?", scope.OrgID, in.FromMS, in.ToMS).
		GroupExpr(bucket, in.FromMS, in.BucketMS)
	for _, g := range in.GroupBy {
		c, ok := columns[g]
		if !ok || strings.Count(strings.Join(in.GroupBy, " "), g) > 1 {
			return nil, fmt.Errorf("%w: outcomes are not grouped by %q", ErrInvalid, g)
		}
		q = q.ColumnExpr(c + " AS " + g).GroupExpr(c)
	}
	if len(in.Projects) > 0 {
		q = q.Where("oc.project_id IN (?)", bun.List(in.Projects))
	}
	for c, vs := range map[string][]string{"oc.category": in.Categories, "oc.outcome": in.Outcomes, "oc.reason": in.Reasons} {
		if len(vs) > 0 {
			q = q.Where("? IN (?)", bun.Safe(c), bun.List(vs))
		}
	}
	var rows []OutcomeSum
	if err := q.OrderExpr("bucket").Limit(100_000).Scan(ctx, &rows); err != nil {
		return nil, border(fmt.Errorf("outcomes: %w", err))
	}
	return rows, nil
}
