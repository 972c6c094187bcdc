package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// newShareID names a shared issue: 128 random bits in hex.
func newShareID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// settleCommit makes "resolved in a commit" "resolved in the release that brought it", when there is one already.
func (s *Store) settleCommit(ctx context.Context, tx bun.Tx, i *Issue) error {
	r := new(Release)
	err := tx.NewSelect().Model(r).Join("JOIN release_commits AS rc ON rc.release_id = r.id").Join("JOIN commits AS c ON c.id = rc.commit_id").
		Where("c.org_id = ? AND c.sha = ?", i.OrgID, i.ResolutionCommit).
		Where("EXISTS (SELECT 1 FROM release_projects AS rp WHERE rp.release_id = r.id AND rp.project_id = ?)", i.ProjectID).
		Order("r.date_ms", "r.id").Limit(1).Scan(ctx)
	if errors.Is(border(err), ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	i.Resolution, i.ResolutionReleaseID = ResolvedInRelease, &r.ID
	return nil
}

// settleCommits tells the issues that wait for one of a release's commits that it is there.
func settleCommits(ctx context.Context, tx bun.Tx, r *Release, shas []string) error {
	if len(shas) == 0 {
		return nil
	}
	_, err := tx.NewUpdate().Model((*Issue)(nil)).Set("resolution = ?", ResolvedInRelease).Set("resolution_release_id = ?", r.ID).
		Where("org_id = ?", r.OrgID).Where("resolution_commit IN (?) AND resolution_commit <> ''", bun.List(shas)).
		Where("status = ? AND resolution = ?", IssueResolved, ResolvedInCommit).
		Where("EXISTS (SELECT 1 FROM release_projects AS rp WHERE rp.release_id = ? AND rp.project_id = i.project_id)", r.ID).Exec(ctx)
	return err
}

// ReleasesByID gives those of the ids that are the scope's releases, by id.
func (s *Store) ReleasesByID(ctx context.Context, scope Scope, ids []int64) (map[int64]*Release, error) {
	return releasesByID(ctx, s.read, scope.OrgID, ids)
}

func releasesByID(ctx context.Context, db bun.IDB, orgID int64, ids []int64) (map[int64]*Release, error) {
	out := map[int64]*Release{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []Release
	q := db.NewSelect().Model(&rows).Where("r.id IN (?)", bun.List(ids))
	if orgID != 0 {
		q = q.Where("r.org_id = ?", orgID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("releases by id: %w", err))
	}
	for i := range rows {
		out[rows[i].ID] = &rows[i]
	}
	return out, nil
}

// ResolvedBy gives a page of the issues that a release resolved, the newest first; of projects, when some are named.
func (s *Store) ResolvedBy(ctx context.Context, scope Scope, releaseID int64, projects []int64, page Page) (Paged[Issue], error) {
	var rows []Issue
	q := s.read.NewSelect().Model(&rows).Where("i.resolution_release_id = ? AND i.org_id = ?", releaseID, scope.OrgID).
		Where("i.status = ? AND i.resolution = ?", IssueResolved, ResolvedInRelease)
	if len(projects) > 0 {
		q = q.Where("i.project_id IN (?)", bun.List(projects))
	}
	if err := keyset(q, page, order{expr: "i.id", tie: "i.id", tieValue: decimalTie}).Scan(ctx); err != nil {
		return Paged[Issue]{}, border(fmt.Errorf("issues resolved by release %d: %w", releaseID, err))
	}
	return paged(rows, page, func(i Issue) Cursor { return Cursor{Value: i.ID, Tie: fmt.Sprint(i.ID)} }), nil
}
