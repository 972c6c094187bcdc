package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/settings"
)

// EditSettings is [Store.UpdateProject] of the settings alone.
func (s *Store) EditSettings(ctx context.Context, scope Scope, projectID int64, edit func(*settings.Settings) error) (*Project, error) {
	return s.UpdateProject(ctx, scope, projectID, ProjectChange{Edit: edit})
}

// editedSettings reads a project's settings, which stay locked, and gives them edited.
func (s *Store) editedSettings(ctx context.Context, tx bun.Tx, scope Scope, projectID int64, edit func(*settings.Settings) error) (string, error) {
	var p Project
	q := tx.NewSelect().Model(&p).Where("org_id = ? AND id = ?", scope.OrgID, projectID)
	if err := s.lockRows(q).Scan(ctx); err != nil {
		return "", err
	}
	doc, err := settings.Parse([]byte(p.Settings))
	if err != nil {
		doc = settings.Default() // as the edge does with what it cannot read
	}
	if err := edit(&doc); err != nil {
		return "", err
	}
	text := string(doc.JSON())
	return text, (ProjectChange{Settings: &text}).check()
}
