package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// ReleaseCommits gives a page of a release's commits, the newest first. The cursor's value is a position.
func (s *Store) ReleaseCommits(ctx context.Context, scope Scope, releaseID int64, page Page) (Paged[Commit], error) {
	var rows []Commit
	q := s.read.NewSelect().Model(&rows).ColumnExpr("c.*, rc.release_id AS of_release, rc.position AS position, repo.name AS repository").
		Join("JOIN release_commits AS rc ON rc.commit_id = c.id").Join("JOIN repositories AS repo ON repo.id = c.repository_id").
		Where("rc.release_id = ? AND rc.org_id = ?", releaseID, scope.OrgID)
	q = keyset(q, page, order{expr: "rc.position", tie: "rc.release_id", ascending: true, tieValue: decimalTie})
	if err := q.Scan(ctx); err != nil {
		return Paged[Commit]{}, border(fmt.Errorf("commits of release %d: %w", releaseID, err))
	}
	return paged(rows, page, func(c Commit) Cursor { return Cursor{Value: c.Position, Tie: fmt.Sprint(c.OfRelease)} }), nil
}

// CommitFiles gives up to limit files that commits touched.
func (s *Store) CommitFiles(ctx context.Context, scope Scope, commits []int64, limit int) ([]CommitFile, error) {
	var rows []CommitFile
	if len(commits) == 0 {
		return nil, nil
	}
	err := s.read.NewSelect().Model(&rows).Join("JOIN commits AS c ON c.id = cf.commit_id").Where("cf.commit_id IN (?)", bun.List(commits)).
		Where("c.org_id = ?", scope.OrgID).Order("cf.commit_id", "cf.path").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("files of commits: %w", err))
	}
	return rows, nil
}

// PreviousWithCommits gives the release before one, by date, that shares a project with it and has
// commits; nil when there is none.
func (s *Store) PreviousWithCommits(ctx context.Context, scope Scope, r *Release) (*Release, error) {
	prev := new(Release)
	err := s.read.NewSelect().Model(prev).Where("r.org_id = ?", scope.OrgID).Where("r.status IN (?)", bun.List([]string{ReleaseOpen, ReleaseArchived})).
		Where("(r.date_ms < ? OR (r.date_ms = ? AND r.id < ?))", r.DateMS, r.DateMS, r.ID).Where("r.commit_count > 0").
		Where("EXISTS (SELECT 1 FROM release_projects AS a JOIN release_projects AS b ON b.project_id = a.project_id WHERE a.release_id = r.id AND b.release_id = ?)", r.ID).
		Order("r.date_ms DESC", "r.id DESC").Limit(1).Scan(ctx)
	if errors.Is(border(err), ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, border(fmt.Errorf("previous release with commits: %w", err))
	}
	return prev, nil
}

// Deploys lists a release's deploys, the newest first, up to limit.
func (s *Store) Deploys(ctx context.Context, scope Scope, releaseID int64, limit int) ([]Deploy, error) {
	var rows []Deploy
	err := s.read.NewSelect().Model(&rows).Where("d.release_id = ? AND d.org_id = ?", releaseID, scope.OrgID).
		Order("d.finished_ms DESC", "d.id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("deploys: %w", err))
	}
	return rows, nil
}

// CreateDeploy adds a deploy to a release of the scope.
func (s *Store) CreateDeploy(ctx context.Context, scope Scope, releaseID int64, d Deploy) (*Deploy, error) {
	for what, text := range map[string]string{"environment": d.Environment, "name": d.Name} {
		if err := checkText(what, text); err != nil {
			return nil, err
		}
	}
	if d.Environment == "" {
		return nil, fmt.Errorf("%w: environment is empty", ErrInvalid)
	}
	if len(d.URL) > maxURL {
		return nil, fmt.Errorf("%w: url is longer than %d bytes", ErrInvalid, maxURL)
	}
	d.ID, d.OrgID, d.ReleaseID = 0, scope.OrgID, releaseID
	if d.FinishedMS == 0 {
		d.FinishedMS = s.nowMS()
	}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*Release)(nil)).Set("deploy_count = deploy_count + 1").Where("id = ? AND org_id = ?", releaseID, scope.OrgID).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "release %d", releaseID); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&d).Returning("id").Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("create deploy: %w", err)
	}
	return &d, nil
}

// Repositories lists the scope's repositories by name, up to limit.
func (s *Store) Repositories(ctx context.Context, scope Scope, limit int) ([]Repository, error) {
	var rows []Repository
	if err := s.read.NewSelect().Model(&rows).Where("org_id = ?", scope.OrgID).Order("name").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("list repositories: %w", err))
	}
	return rows, nil
}

// CreateRepository adds a repository. [ErrConflict] when there is one of that name.
func (s *Store) CreateRepository(ctx context.Context, scope Scope, name, provider, url string) (*Repository, error) {
	if err := checkName("name", name); err != nil {
		return nil, err
	}
	if err := checkText("provider", provider); err != nil {
		return nil, err
	}
	if len(url) > maxURL {
		return nil, fmt.Errorf("%w: url is longer than %d bytes", ErrInvalid, maxURL)
	}
	r := &Repository{OrgID: scope.OrgID, Name: name, Provider: provider, URL: url, CreatedMS: s.nowMS()}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(r).Returning("id").Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("create repository: %w", err)
	}
	return r, nil
}
