package store

import (
	"context"
	"fmt"
	"time"
)

// Norm is what a project usually sends of a category.
type Norm struct {
	ProjectID int64  `bun:"project_id"`
	Category  string `bun:"category"`
	Quantity  int64  `bun:"quantity"` // accepted in the last week
	FirstMS   int64  `bun:"first_ms"` // of the first of it
}

// Norms sums a week of what was accepted, of all projects. It reads a week of the outcomes'
// minutes: for a look every some minutes, not for a request.
func (s *Store) Norms(ctx context.Context) ([]Norm, error) {
	var list []Norm
	err := s.read.NewSelect().TableExpr("outcomes").
		ColumnExpr("project_id, category, CAST(SUM(quantity) AS BIGINT) AS quantity, MIN(minute_ms) AS first_ms").
		Where("org_id IN (SELECT id FROM organizations)").
		Where("minute_ms >= ?", s.nowMS()-(7*24*time.Hour).Milliseconds()).Where("outcome = ?", OutcomeAccepted).
		GroupExpr("project_id, category").Scan(ctx, &list)
	if err != nil {
		return nil, border(fmt.Errorf("norms of projects: %w", err))
	}
	return list, nil
}
