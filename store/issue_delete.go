package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// DeleteIssues deletes those of the ids that are the scope's issues and gives their ids. They are gone when it
// returns; their events follow in the background. An event that comes later makes a new issue, unless
// discard is set: then what is left of each issue is a tombstone, and its events are counted as filtered
// and dropped from now on. userID, when not nil, is who did it.
func (s *Store) DeleteIssues(ctx context.Context, scope Scope, ids []int64, discard bool, userID *int64) ([]int64, error) {
	var gone, jobs []int64
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		issues, err := s.lockIssues(ctx, tx, scope, ids)
		if err != nil || len(issues) == 0 {
			return err
		}
		if err := notSplitting(ctx, tx, issues); err != nil {
			return err
		}
		gone = idsOf(issues)
		for i := range issues {
			if discard {
				if err := s.bury(ctx, tx, &issues[i], userID); err != nil {
					return err
				}
			}
		}
		if err := s.auditIssues(ctx, tx, scope, issues, discard); err != nil {
			return err
		}
		jobs, err = s.removeIssues(ctx, tx, issues)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("delete issues: %w", err)
	}
	s.runInline(ctx, jobs)
	return gone, nil
}

// removeIssues deletes issues that the transaction holds, and gives the jobs that delete what they have.
func (s *Store) removeIssues(ctx context.Context, tx bun.Tx, issues []Issue) (jobs []int64, err error) {
	gone := idsOf(issues)
	for i := range issues {
		is := &issues[i]
		id, err := s.addJob(ctx, tx, issueJob{OrgID: is.OrgID, ProjectID: is.ProjectID, Kind: jobDelete, FromID: is.ID})
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, id)
	}
	for _, change := range []statement{
		// What was on its way into them is deleted too.
		tx.NewUpdate().Model((*issueJob)(nil)).Set("kind = ?", jobDelete).Where("into_id IN (?)", bun.List(gone)).Where("NOT done"),
		tx.NewDelete().Model((*IssueHash)(nil)).Where("issue_id IN (?)", bun.List(gone)),
		tx.NewDelete().Model((*mergedIssue)(nil)).Where("into_id IN (?)", bun.List(gone)),
		tx.NewDelete().Model((*IssueHour)(nil)).Where("issue_id IN (?)", bun.List(gone)),
		tx.NewDelete().Model((*Activity)(nil)).Where("issue_id IN (?)", bun.List(gone)),
		tx.NewDelete().Model((*IssueMember)(nil)).Where("issue_id IN (?)", bun.List(gone)),
		tx.NewDelete().Model((*Issue)(nil)).Where("id IN (?)", bun.List(gone)),
	} {
		if _, err := change.Exec(ctx); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// auditIssues records which issues were deleted, an entry each.
func (s *Store) auditIssues(ctx context.Context, tx bun.Tx, scope Scope, issues []Issue, discard bool) error {
	var changes []audited
	slugs := map[int64]string{}
	for i := range issues {
		is := &issues[i]
		if _, ok := slugs[is.ProjectID]; !ok {
			slug, err := slugName(ctx, tx, (*Project)(nil), is.ProjectID)
			if err != nil {
				return err
			}
			slugs[is.ProjectID] = slug
		}
		changes = append(changes, audited{AuditIssueRemove, "issue", auditID(is.ID), ShortID(slugs[is.ProjectID], is.Number),
			map[string]any{"title": cutText(is.Title, maxName), "events": is.TimesSeen, "discard": discard}})
	}
	return s.audit(ctx, tx, scope, changes...)
}

// bury makes a tombstone of an issue with all its hashes.
func (s *Store) bury(ctx context.Context, tx bun.Tx, is *Issue, userID *int64) error {
	t := IssueTombstone{OrgID: is.OrgID, ProjectID: is.ProjectID, Level: is.Level, Type: is.Type, Title: is.Title, Culprit: is.Culprit,
		Metadata: is.Metadata, UserID: userID, CreatedMS: s.nowMS()}
	if _, err := tx.NewInsert().Model(&t).Returning("id").Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewRaw(`INSERT INTO tombstone_hashes (project_id, hash, tombstone_id) SELECT project_id, hash, ? FROM issue_hashes WHERE issue_id = ?
		ON CONFLICT (project_id, hash) DO NOTHING`, t.ID, is.ID).Exec(ctx)
	return err
}
