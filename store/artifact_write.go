package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// BundleWrite is a bundle to store, with its files and what it is for.
type BundleWrite struct {
	Bundle   ArtifactBundle
	Files    []ArtifactFile
	Projects []int64
	Release  string // empty: of no release, only debug ids find its files
	Dist     string
	Assembly int64 // marked as done in the same transaction; 0: none
	New      bool  // [ErrConflict] when there is one of that identity for that release already
}

// AddBundle stores a bundle, or finds the one of the same identity and adds what it is for, and queues the
// events that wait for it. It is idempotent. Its blob must be there before.
func (s *Store) AddBundle(ctx context.Context, scope Scope, in BundleWrite) (*ArtifactBundle, error) {
	b := in.Bundle
	b.OrgID, b.Files, b.CreatedMS = scope.OrgID, int64(len(in.Files)), s.nowMS()
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		files, fresh, err := s.insertBundle(ctx, tx, &b, in.Files)
		if err != nil {
			return err
		}
		if !fresh && in.New {
			return ErrConflict
		}
		if err := s.releaseBundle(ctx, tx, &b, in, files); err != nil {
			return err
		}
		if err := s.queueRemaps(ctx, tx, scope, in.Projects, wantedBy(in.Release, in.Dist, files)); err != nil {
			return err
		}
		return s.doneAssembly(ctx, tx, in.Assembly)
	})
	if err != nil {
		return nil, fmt.Errorf("add bundle %s: %w", b.Identity, err)
	}
	return &b, nil
}

// insertBundle gives the files as stored, and whether they were not before.
func (s *Store) insertBundle(ctx context.Context, tx bun.Tx, b *ArtifactBundle, files []ArtifactFile) (stored []ArtifactFile, fresh bool, err error) {
	var inserted []ArtifactBundle
	if err := insertNew(ctx, tx, []ArtifactBundle{*b}, "id", &inserted); err != nil {
		return nil, false, err
	}
	if len(inserted) == 0 {
		if err := tx.NewSelect().Model(b).Where("org_id = ? AND identity = ?", b.OrgID, b.Identity).Scan(ctx); err != nil {
			return nil, false, err
		}
		err := tx.NewSelect().Model(&stored).Where("bundle_id = ?", b.ID).Order("id").Scan(ctx)
		return stored, false, err
	}
	b.ID = inserted[0].ID
	stored = slices.Clone(files)
	for part := range slices.Chunk(stored, chunk) {
		for i := range part {
			part[i].ID, part[i].BundleID, part[i].OrgID = 0, b.ID, b.OrgID
			if part[i].Headers == "" {
				part[i].Headers = "{}"
			}
		}
		if _, err := tx.NewInsert().Model(&part).Returning("id").Exec(ctx); err != nil {
			return nil, false, err
		}
	}
	return stored, true, nil
}

func (s *Store) releaseBundle(ctx context.Context, tx bun.Tx, b *ArtifactBundle, in BundleWrite, files []ArtifactFile) error {
	var releases []ArtifactRelease
	var urls []ArtifactURL
	for _, p := range in.Projects {
		releases = append(releases, ArtifactRelease{BundleID: b.ID, ProjectID: p, Release: in.Release, Dist: in.Dist, OrgID: b.OrgID, CreatedMS: s.nowMS()})
		if in.Release == "" {
			continue
		}
		for i := range files {
			urls = append(urls, ArtifactURL{ProjectID: p, Release: in.Release, URL: files[i].URL, Dist: in.Dist, FileID: files[i].ID, BundleID: b.ID})
		}
	}
	if err := insertIgnore(ctx, tx, releases); err != nil {
		return err
	}
	return insertIgnore(ctx, tx, urls)
}

// DeleteBundle deletes a bundle of a project, with its bytes when nothing else has them. Of a bundle that
// several projects share only this project's use ends.
func (s *Store) DeleteBundle(ctx context.Context, scope Scope, blobs Blobs, projectID, id int64) error {
	return s.deleteBundles(ctx, scope, blobs, projectID, func(q *bun.DeleteQuery) *bun.DeleteQuery { return q.Where("bundle_id = ?", id) })
}

// DeleteReleaseFiles deletes everything that was uploaded for a release of a project.
func (s *Store) DeleteReleaseFiles(ctx context.Context, scope Scope, blobs Blobs, projectID int64, release string) error {
	return s.deleteBundles(ctx, scope, blobs, projectID, func(q *bun.DeleteQuery) *bun.DeleteQuery { return q.Where("release = ?", release) })
}

func (s *Store) deleteBundles(ctx context.Context, scope Scope, blobs Blobs, projectID int64, which func(*bun.DeleteQuery) *bun.DeleteQuery) error {
	var gone []ArtifactBundle
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var ended []ArtifactRelease
		q := which(tx.NewDelete().Model((*ArtifactRelease)(nil)).Where("org_id = ? AND project_id = ?", scope.OrgID, projectID))
		if _, err := q.Returning("bundle_id, release, dist").Exec(ctx, &ended); err != nil {
			return err
		}
		if len(ended) == 0 {
			return ErrNotFound
		}
		var ids []int64
		for _, r := range ended {
			ids = append(ids, r.BundleID)
			_, err := tx.NewDelete().Model((*ArtifactURL)(nil)).
				Where("bundle_id = ? AND project_id = ? AND release = ? AND dist = ?", r.BundleID, projectID, r.Release, r.Dist).Exec(ctx)
			if err != nil {
				return err
			}
		}
		_, err := tx.NewDelete().Model((*ArtifactBundle)(nil)).Where("org_id = ? AND id IN (?)", scope.OrgID, bun.List(ids)).
			Where("NOT EXISTS (SELECT 1 FROM artifact_releases AS ar WHERE ar.bundle_id = ab.id)").Returning("id, identity, blob").Exec(ctx, &gone)
		if err != nil {
			return err
		}
		for _, b := range gone {
			if _, err := tx.NewDelete().Model((*ArtifactFile)(nil)).Where("bundle_id = ?", b.ID).Exec(ctx); err != nil {
				return err
			}
		}
		if err := s.auditBundles(ctx, tx, scope, projectID, ended); err != nil {
			return err
		}
		return s.forgetAssemblies(ctx, tx, scope, gone)
	})
	if err != nil {
		return fmt.Errorf("delete bundles: %w", err)
	}
	for _, b := range gone {
		err := dropBlob(ctx, blobs, b.Blob, func() (bool, error) {
			return s.write.NewSelect().Model((*ArtifactBundle)(nil)).Where("org_id = ? AND blob = ?", scope.OrgID, b.Blob).Exists(ctx)
		})
		if err != nil {
			return border(fmt.Errorf("delete bundle %d: %w", b.ID, err))
		}
	}
	return nil
}

// auditBundles records which uploads a project's use of ended.
func (s *Store) auditBundles(ctx context.Context, tx bun.Tx, scope Scope, projectID int64, ended []ArtifactRelease) error {
	slug, err := slugName(ctx, tx, (*Project)(nil), projectID)
	if err != nil {
		return err
	}
	var changes []audited
	for _, r := range ended {
		changes = append(changes, audited{AuditArtifactRemove, "artifact", auditID(r.BundleID), r.Release, map[string]any{"project": slug, "dist": r.Dist}})
	}
	return s.audit(ctx, tx, scope, changes...)
}

// forgetAssemblies makes an upload of what was deleted start anew.
func (s *Store) forgetAssemblies(ctx context.Context, tx bun.Tx, scope Scope, gone []ArtifactBundle) error {
	var sums []string
	for _, b := range gone {
		sums = append(sums, b.Identity)
	}
	if len(sums) == 0 {
		return nil
	}
	_, err := tx.NewDelete().Model((*Assembly)(nil)).Where("org_id = ? AND checksum IN (?)", scope.OrgID, bun.List(sums)).Exec(ctx)
	return err
}

// DeleteReleaseFile deletes a single file of a release; one that lies in an archive cannot be taken out of it: [ErrConflict].
func (s *Store) DeleteReleaseFile(ctx context.Context, scope Scope, blobs Blobs, projects []int64, release string, id int64) error {
	f, err := s.ReleaseFile(ctx, scope, projects, release, id)
	if err != nil {
		return err
	}
	b := new(ArtifactBundle)
	if err := s.read.NewSelect().Model(b).Where("id = ? AND org_id = ?", f.BundleID, scope.OrgID).Scan(ctx); err != nil {
		return border(fmt.Errorf("bundle of file %d: %w", id, err))
	}
	if b.Kind != BundleOfOne {
		return fmt.Errorf("file %d lies in an archive: %w", id, ErrConflict)
	}
	for _, p := range projects {
		err = s.deleteBundles(ctx, scope, blobs, p, func(q *bun.DeleteQuery) *bun.DeleteQuery { return q.Where("bundle_id = ?", f.BundleID) })
		if err == nil {
			return nil
		}
	}
	return err
}
