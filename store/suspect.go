package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

// Bounds of what suspects are looked for in: a release's newest commits, and the files that those touched.
const (
	suspectCommits = 100
	suspectFiles   = 10_000
)

// SuspectCommits gives, for each path of an event's frames, the newest of the commits of a release that touched it; each commit once. A
// release that nobody knows, or that came without commits, has none.
func (s *Store) SuspectCommits(ctx context.Context, scope Scope, release string, paths []string) ([]Commit, error) {
	out, err := suspectsOf(ctx, s.read, scope.OrgID, release, paths)
	if err != nil {
		return nil, border(fmt.Errorf("suspect commits of release %s: %w", release, err))
	}
	return out, nil
}

func suspectsOf(ctx context.Context, db bun.IDB, org int64, release string, paths []string) ([]Commit, error) {
	if release == "" || len(paths) == 0 {
		return nil, nil
	}
	r := new(Release)
	err := db.NewSelect().Model(r).Column("id", "commit_count").Where("r.org_id = ? AND r.version = ?", org, release).Scan(ctx)
	if errors.Is(border(err), ErrNotFound) || err == nil && r.CommitCount == 0 {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var commits []Commit
	err = db.NewSelect().Model(&commits).ColumnExpr("c.*, rc.release_id AS of_release, rc.position AS position, repo.name AS repository").
		Join("JOIN release_commits AS rc ON rc.commit_id = c.id").Join("JOIN repositories AS repo ON repo.id = c.repository_id").
		Where("rc.release_id = ? AND rc.org_id = ?", r.ID, org).Order("rc.position").Limit(suspectCommits).Scan(ctx)
	if err != nil || len(commits) == 0 {
		return nil, err
	}
	ids := make([]int64, len(commits))
	for n := range commits {
		ids[n] = commits[n].ID
	}
	var files []CommitFile
	err = db.NewSelect().Model(&files).Where("cf.commit_id IN (?)", bun.List(ids)).Order("cf.commit_id", "cf.path").Limit(suspectFiles).Scan(ctx)
	if err != nil {
		return nil, err
	}
	return suspects(paths, commits, files), nil
}

// suspects are, for each path, the newest of the commits that touched it; each commit once.
func suspects(paths []string, commits []Commit, files []CommitFile) (out []Commit) {
	touched := map[int64][]string{}
	for _, f := range files {
		touched[f.CommitID] = append(touched[f.CommitID], f.Path)
	}
	seen := map[int64]bool{}
	for _, path := range paths {
	newest:
		for n := range commits { // the newest first
			for _, file := range touched[commits[n].ID] {
				if !sameFile(path, file) {
					continue
				}
				if id := commits[n].ID; !seen[id] {
					seen[id] = true
					out = append(out, commits[n])
				}
				break newest
			}
		}
	}
	return out
}

// sameFile says whether one of two paths is the end of the other: a program is built elsewhere than its
// repository stands.
func sameFile(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	rest, ok := strings.CutSuffix(a, b)
	return ok && (rest == "" || strings.HasSuffix(rest, "/"))
}
