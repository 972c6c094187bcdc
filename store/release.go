package store

import (
	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/internal/release"
)

// Release is a version that was built, sent from or announced. It belongs to an organisation; projects
// share in it.
type Release struct {
	bun.BaseModel `bun:"table:releases,alias:r"`

	ID          int64  `bun:"id,pk,autoincrement"`
	OrgID       int64  `bun:"org_id"`
	Version     string `bun:"version"`
	Package     string `bun:"package"`
	SortKey     string `bun:"sort_key"` // of package release; empty: ordered by date only
	Status      string `bun:"status"`
	Ref         string `bun:"ref"` // what was built: a branch, a tag
	URL         string `bun:"url"`
	OwnerID     *int64 `bun:"owner_id"`
	DateMS      int64  `bun:"date_ms"` // ReleasedMS, or else CreatedMS
	CreatedMS   int64  `bun:"created_ms"`
	StartedMS   *int64 `bun:"started_ms"`
	ReleasedMS  *int64 `bun:"released_ms"`
	CommitCount int64  `bun:"commit_count"`
	DeployCount int64  `bun:"deploy_count"`
}

// States of a release.
const (
	ReleaseOpen     = "open"
	ReleaseArchived = "archived"
)

// ReleaseProject is a project's share in a release. Package, SortKey and DateMS are the release's.
type ReleaseProject struct {
	bun.BaseModel `bun:"table:release_projects,alias:rp"`

	ProjectID    int64  `bun:"project_id,pk"`
	ReleaseID    int64  `bun:"release_id,pk"`
	OrgID        int64  `bun:"org_id"`
	Package      string `bun:"package"`
	SortKey      string `bun:"sort_key"`
	DateMS       int64  `bun:"date_ms"`
	FirstEventMS *int64 `bun:"first_event_ms"`
	LastEventMS  *int64 `bun:"last_event_ms"` // to the minute
}

// ReleaseEnvironment says that a project's release was seen in an environment.
type ReleaseEnvironment struct {
	bun.BaseModel `bun:"table:release_environments,alias:ren"`

	ReleaseID   int64  `bun:"release_id,pk"`
	ProjectID   int64  `bun:"project_id,pk"`
	Environment string `bun:"environment,pk"`
	OrgID       int64  `bun:"org_id"`
	FirstMS     int64  `bun:"first_ms"`
}

// newRelease makes a release that does not exist yet.
func newRelease(orgID int64, version string, createdMS int64) Release {
	v := release.Parse(version)
	return Release{OrgID: orgID, Version: version, Package: v.Package, SortKey: v.SortKey(), Status: ReleaseOpen,
		DateMS: createdMS, CreatedMS: createdMS}
}

// share is a project's part in the release.
func (r *Release) share(projectID int64) ReleaseProject {
	return ReleaseProject{ProjectID: projectID, ReleaseID: r.ID, OrgID: r.OrgID, Package: r.Package, SortKey: r.SortKey, DateMS: r.DateMS}
}

// After says whether r is a later release than other: by version where both have an order in one
// package, else by date.
func (r *Release) After(other *Release) bool {
	if r.SortKey != "" && other.SortKey != "" && r.Package == other.Package {
		return r.SortKey > other.SortKey
	}
	if r.DateMS != other.DateMS {
		return r.DateMS > other.DateMS
	}
	return r.ID > other.ID
}
