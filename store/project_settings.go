package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/settings"
)

// EditSettings changes the settings of one of the scope's projects and gives the project as it is
// afterwards. Two at a time do not lose each other's change. An error of edit, or a document that
// does not validate (a *settings.Invalid within [ErrInvalid]), changes nothing.
func (s *Store) EditSettings(ctx context.Context, scope Scope, projectID int64, edit func(*settings.Settings) error) (*Project, error) {
	p := new(Project)
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewSelect().Model(p).Where("org_id = ? AND id = ?", scope.OrgID, projectID)
		if err := s.lockRows(q).Scan(ctx); err != nil {
			return err
		}
		doc, err := settings.Parse([]byte(p.Settings))
		if err != nil {
			doc = settings.Default() // as the edge does with what it cannot read
		}
		if err := edit(&doc); err != nil {
			return err
		}
		p.Settings = string(doc.JSON())
		if err := (ProjectChange{Settings: &p.Settings}).check(); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model(p).Set("settings = ?", p.Settings).Where("org_id = ? AND id = ?", scope.OrgID, projectID).Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("edit settings of project %d: %w", projectID, err)
	}
	return p, nil
}
