package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// OwnershipRules say whose a project's errors are, in Sentry's syntax. They are not among its settings: those go to every relay.
type OwnershipRules struct {
	bun.BaseModel `bun:"table:ownership_rules,alias:owr"`

	ProjectID int64  `bun:"project_id,pk"`
	OrgID     int64  `bun:"org_id"`
	Raw       string `bun:"raw"`
}

// MaxOwnership bounds a project's ownership rules, in bytes.
const MaxOwnership = 1 << 20

// OwnershipRules gives a project's rules, empty when it has none.
func (s *Store) OwnershipRules(ctx context.Context, scope Scope, projectID int64) (string, error) {
	r := new(OwnershipRules)
	err := s.read.NewSelect().Model(r).Where("project_id = ? AND org_id = ?", projectID, scope.OrgID).Scan(ctx)
	if err = border(err); err != nil && !errors.Is(err, ErrNotFound) {
		return "", fmt.Errorf("ownership rules of project %d: %w", projectID, err)
	}
	return r.Raw, nil
}

func setOwnership(ctx context.Context, tx bun.Tx, scope Scope, projectID int64, raw string) error {
	r := OwnershipRules{ProjectID: projectID, OrgID: scope.OrgID, Raw: raw}
	_, err := tx.NewInsert().Model(&r).On("CONFLICT (project_id) DO UPDATE").Set("raw = EXCLUDED.raw").Exec(ctx)
	return err
}
