package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/uptrace/bun"
)

// Ways to sort releases, each by the larger first.
const (
	ReleasesByDate    = "date"
	ReleasesByVersion = "semver" // those without an order come last
)

// ReleaseQuery asks for releases of a scope.
type ReleaseQuery struct {
	Projects     []int64  // that share in the release; none: all
	Environments []string // that it was seen in; none: all
	Status       string   // empty: any
	Version      string   // a part of it, in any case
	Sort         string
	Page         Page
}

// Releases gives a page of releases. The cursor of a sort by version has the release's id as its
// value and its sort key as its tie.
func (s *Store) Releases(ctx context.Context, scope Scope, in ReleaseQuery) (Paged[Release], error) {
	var rows []Release
	q := s.read.NewSelect().Model(&rows).Where("r.org_id = ?", scope.OrgID)
	from := "r"
	if len(in.Projects) == 1 { // the project's own order is an index of its own
		q = q.Join("JOIN release_projects AS rp ON rp.release_id = r.id").Where("rp.project_id = ?", in.Projects[0])
		from = "rp"
	} else if len(in.Projects) > 1 {
		q = q.Where("EXISTS (SELECT 1 FROM release_projects AS rp WHERE rp.release_id = r.id AND rp.project_id IN (?))", bun.List(in.Projects))
	}
	if len(in.Environments) > 0 {
		q = q.Where("EXISTS (SELECT 1 FROM release_environments AS ren WHERE ren.release_id = r.id AND ren.environment IN (?))", bun.List(in.Environments))
	}
	if in.Status != "" {
		q = q.Where("r.status = ?", in.Status)
	} else {
		q = q.Where("r.status IN (?)", bun.List([]string{ReleaseOpen, ReleaseArchived}))
	}
	if in.Version != "" {
		q = q.Where("LOWER(r.version) LIKE ? ESCAPE '!'", likePattern([]string{"", in.Version, ""}))
	}
	id := "r.id"
	if from == "rp" {
		id = "rp.release_id"
	}
	at := func(r Release) Cursor { return Cursor{Value: r.DateMS, Tie: strconv.FormatInt(r.ID, 10)} }
	switch in.Sort {
	case ReleasesByDate:
		q = keyset(q, in.Page, order{expr: from + ".date_ms", tie: id, tieValue: decimalTie})
	case ReleasesByVersion:
		q = textKeyset(q, in.Page, from+".sort_key", id)
		at = func(r Release) Cursor { return Cursor{Value: r.ID, Tie: r.SortKey} }
	default:
		return Paged[Release]{}, fmt.Errorf("%w: releases are not sorted by %q", ErrInvalid, in.Sort)
	}
	if err := q.Scan(ctx); err != nil {
		return Paged[Release]{}, border(fmt.Errorf("list releases: %w", err))
	}
	return paged(rows, in.Page, at), nil
}

// textKeyset is keyset for a list that is sorted by a text, the larger first: the cursor's tie is the
// text, its value the id that decides among equals.
func textKeyset(q *bun.SelectQuery, p Page, expr, id string) *bun.SelectQuery {
	dir, cmp := "DESC", "<"
	if p.Cursor != nil && p.Cursor.Prev {
		dir, cmp = "ASC", ">"
	}
	if c := p.Cursor; c != nil {
		q = q.Where("(? "+cmp+" ? OR (? = ? AND ? "+cmp+" ?))", bun.Safe(expr), c.Tie, bun.Safe(expr), c.Tie, bun.Safe(id), c.Value).
			Where("? "+cmp+"= ?", bun.Safe(expr), c.Tie)
	}
	return q.OrderExpr("? "+dir+", ? "+dir, bun.Safe(expr), bun.Safe(id)).Limit(int64(p.limit() + 1))
}

// Release gives one of the scope's releases by its version.
func (s *Store) Release(ctx context.Context, scope Scope, version string) (*Release, error) {
	r := new(Release)
	err := s.read.NewSelect().Model(r).Where("r.org_id = ? AND r.version = ?", scope.OrgID, version).
		Where("(NOT EXISTS (SELECT 1 FROM release_projects AS rp WHERE rp.release_id = r.id) OR EXISTS (SELECT 1 FROM release_projects AS rp WHERE rp.release_id = r.id AND " + living("rp") + "))").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("release: %w", err))
	}
	return r, nil
}

// ReleasesByVersions gives those of the versions that are the scope's releases, in no order.
func (s *Store) ReleasesByVersions(ctx context.Context, scope Scope, versions []string) ([]Release, error) {
	var rows []Release
	if len(versions) == 0 {
		return nil, nil
	}
	err := s.read.NewSelect().Model(&rows).Where("r.org_id = ?", scope.OrgID).Where("r.version IN (?)", bun.List(versions)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("releases by version: %w", err))
	}
	return rows, nil
}

// ReleaseNames gives the versions of the scope's releases, of one package or of all, whose sort keys are from
// included up to not: the highest first, at most limit.
func (s *Store) ReleaseNames(ctx context.Context, scope Scope, pkg, from, to string, limit int) ([]string, error) {
	var names []string
	for _, status := range []string{ReleaseOpen, ReleaseArchived} { // each a range of one index
		var some []string
		q := s.read.NewSelect().Model((*Release)(nil)).Column("version").
			Where("r.org_id = ? AND r.status = ? AND r.sort_key >= ? AND r.sort_key < ?", scope.OrgID, status, from, to)
		if pkg != "" {
			q = q.Where("r.package = ?", pkg)
		}
		if err := q.Order("r.sort_key DESC", "r.id DESC").Limit(int64(limit-len(names))).Scan(ctx, &some); err != nil {
			return nil, border(fmt.Errorf("names of releases: %w", err))
		}
		if names = append(names, some...); len(names) >= limit {
			break
		}
	}
	return names, nil
}

// NewestRelease gives a project's latest release: by version when the release of the latest date has
// an order, in its package, else by date. nil when there is none.
func (s *Store) NewestRelease(ctx context.Context, scope Scope, projectID int64) (*Release, error) {
	r, err := newestRelease(ctx, s.read, scope.OrgID, projectID, "")
	if errors.Is(border(err), ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, border(fmt.Errorf("latest release of project %d: %w", projectID, err))
	}
	return r, nil
}

// newestRelease is a project's, of those that were seen in an environment, or of all when it is empty.
func newestRelease(ctx context.Context, db bun.IDB, orgID, projectID int64, environment string) (*Release, error) {
	last := new(ReleaseProject)
	seen := func(q *bun.SelectQuery) *bun.SelectQuery {
		if environment == "" {
			return q
		}
		return q.Where("EXISTS (SELECT 1 FROM release_environments AS ren WHERE ren.release_id = rp.release_id AND ren.project_id = rp.project_id AND ren.environment = ?)", environment)
	}
	err := seen(db.NewSelect().Model(last)).Where("rp.project_id = ? AND rp.org_id = ?", projectID, orgID).
		Order("rp.date_ms DESC", "rp.release_id DESC").Limit(1).Scan(ctx)
	if err != nil {
		return nil, err
	}
	if last.SortKey != "" {
		err := seen(db.NewSelect().Model(last)).Where("rp.project_id = ? AND rp.package = ? AND rp.org_id = ?", projectID, last.Package, orgID).
			Order("rp.sort_key DESC", "rp.release_id DESC").Limit(1).Scan(ctx)
		if err != nil {
			return nil, err
		}
	}
	r := new(Release)
	return r, db.NewSelect().Model(r).Where("r.id = ?", last.ReleaseID).Scan(ctx)
}

// ReleaseNeighbours gives the releases of a project before and after one, and its first and last, by
// the project's order of dates. Each may be empty.
func (s *Store) ReleaseNeighbours(ctx context.Context, scope Scope, projectID int64, r *Release) (prev, next, first, last string, err error) {
	one := func(where string, args []any, dir string) (string, error) {
		var version string
		err := s.read.NewSelect().TableExpr("release_projects AS rp").Join("JOIN releases AS r ON r.id = rp.release_id").ColumnExpr("r.version").
			Where("rp.project_id = ? AND rp.org_id = ?", projectID, scope.OrgID).Where(where, args...).
			OrderExpr("rp.date_ms ? , rp.release_id ?", bun.Safe(dir), bun.Safe(dir)).Limit(1).Scan(ctx, &version)
		if errors.Is(border(err), ErrNotFound) {
			return "", nil
		}
		return version, border(err)
	}
	var errs [4]error
	at := []any{r.DateMS, r.DateMS, r.ID}
	prev, errs[0] = one("(rp.date_ms < ? OR (rp.date_ms = ? AND rp.release_id < ?))", at, "DESC")
	next, errs[1] = one("(rp.date_ms > ? OR (rp.date_ms = ? AND rp.release_id > ?))", at, "ASC")
	first, errs[2] = one("1 = 1", nil, "ASC")
	last, errs[3] = one("1 = 1", nil, "DESC")
	return prev, next, first, last, errors.Join(errs[:]...)
}

// ReleaseFacts are what lists show beside releases, by release id.
type ReleaseFacts struct {
	Projects    map[int64][]ReleaseProject
	NewIssues   map[int64]map[int64]int64 // by release and project
	LastCommits map[int64]*Commit
	Authors     map[int64][]Commit // one commit of each author, of the newest 100 commits
	LastDeploys map[int64]*Deploy
	HasSessions map[int64]map[int64]bool // by release and project
}

// ReleaseFacts reads them for a page of releases, with a query per kind of fact.
func (s *Store) ReleaseFacts(ctx context.Context, scope Scope, rs []Release) (*ReleaseFacts, error) {
	f := &ReleaseFacts{Projects: map[int64][]ReleaseProject{}, NewIssues: map[int64]map[int64]int64{}, LastCommits: map[int64]*Commit{},
		Authors: map[int64][]Commit{}, LastDeploys: map[int64]*Deploy{}, HasSessions: map[int64]map[int64]bool{}}
	if len(rs) == 0 {
		return f, nil
	}
	ids, versions, byVersion := make([]int64, len(rs)), make([]string, len(rs)), map[string]int64{}
	for i := range rs {
		ids[i], versions[i] = rs[i].ID, rs[i].Version
		byVersion[rs[i].Version] = rs[i].ID
	}
	var shares []ReleaseProject
	err := s.read.NewSelect().Model(&shares).Where("rp.release_id IN (?)", bun.List(ids)).Where("rp.org_id = ?", scope.OrgID).Order("rp.project_id").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("projects of releases: %w", err))
	}
	for _, p := range shares {
		f.Projects[p.ReleaseID] = append(f.Projects[p.ReleaseID], p)
	}
	var counts []struct {
		Version string `bun:"first_release"`
		Project int64  `bun:"project_id"`
		N       int64  `bun:"n"`
	}
	err = s.read.NewSelect().Model((*Issue)(nil)).Column("first_release", "project_id").ColumnExpr("COUNT(*) AS n").Where("i.org_id = ?", scope.OrgID).
		Where("i.first_release IN (?) AND i.first_release <> ''", bun.List(versions)).Group("first_release", "project_id").Scan(ctx, &counts)
	if err != nil {
		return nil, border(fmt.Errorf("new issues of releases: %w", err))
	}
	for _, c := range counts {
		id := byVersion[c.Version]
		if f.NewIssues[id] == nil {
			f.NewIssues[id] = map[int64]int64{}
		}
		f.NewIssues[id][c.Project] = c.N
	}
	if err := s.commitFacts(ctx, scope, ids, f); err != nil {
		return nil, err
	}
	if err := s.sessionFacts(ctx, scope, ids, f); err != nil {
		return nil, err
	}
	var deploys []Deploy
	err = s.read.NewSelect().Model(&deploys).Where("d.release_id IN (?)", bun.List(ids)).Where("d.org_id = ?", scope.OrgID).
		Where("NOT EXISTS (SELECT 1 FROM deploys AS l WHERE l.release_id = d.release_id AND (l.finished_ms > d.finished_ms OR (l.finished_ms = d.finished_ms AND l.id > d.id)))").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("deploys of releases: %w", err))
	}
	for i := range deploys {
		f.LastDeploys[deploys[i].ReleaseID] = &deploys[i]
	}
	return f, nil
}

// maxAuthorCommits is how many of a release's newest commits its authors are taken from.
const maxAuthorCommits = 100

func (s *Store) commitFacts(ctx context.Context, scope Scope, ids []int64, f *ReleaseFacts) error {
	var rows []Commit
	err := s.read.NewSelect().Model(&rows).ColumnExpr("c.*, rc.release_id AS of_release, rc.position AS position, repo.name AS repository").
		Join("JOIN release_commits AS rc ON rc.commit_id = c.id").Join("JOIN repositories AS repo ON repo.id = c.repository_id").
		Where("rc.release_id IN (?)", bun.List(ids)).Where("rc.position < ?", maxAuthorCommits).Where("rc.org_id = ?", scope.OrgID).
		Order("rc.release_id", "rc.position").Scan(ctx)
	if err != nil {
		return border(fmt.Errorf("commits of releases: %w", err))
	}
	type author struct {
		release int64
		who     string
	}
	seen := map[author]bool{}
	for i := range rows {
		c := &rows[i]
		if c.Position == 0 {
			f.LastCommits[c.OfRelease] = c
		}
		a := author{c.OfRelease, c.AuthorEmail + "\x00" + c.AuthorName}
		if !seen[a] {
			seen[a] = true
			f.Authors[c.OfRelease] = append(f.Authors[c.OfRelease], *c)
		}
	}
	return nil
}
