package store

import "github.com/uptrace/bun"

// Repository is a place that commits come from, by the name its users give it ("acme/shop").
type Repository struct {
	bun.BaseModel `bun:"table:repositories,alias:repo"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	Name      string `bun:"name"`
	URL       string `bun:"url"`
	Provider  string `bun:"provider"` // empty: none is asked about it
	CreatedMS int64  `bun:"created_ms"`
}

// Commit is a change of a repository, as it was uploaded.
type Commit struct {
	bun.BaseModel `bun:"table:commits,alias:c"`

	ID           int64  `bun:"id,pk,autoincrement"`
	OrgID        int64  `bun:"org_id"`
	RepositoryID int64  `bun:"repository_id"`
	SHA          string `bun:"sha"`
	Message      string `bun:"message"`
	AuthorName   string `bun:"author_name"`
	AuthorEmail  string `bun:"author_email"`
	DateMS       int64  `bun:"date_ms"`

	Repository string `bun:"repository,scanonly"` // its name
	OfRelease  int64  `bun:"of_release,scanonly"` // the release it was found by
	Position   int64  `bun:"position,scanonly"`   // in that release; 0 is the newest
}

// CommitFile is a file that a commit touched.
type CommitFile struct {
	bun.BaseModel `bun:"table:commit_files,alias:cf"`

	CommitID int64  `bun:"commit_id,pk"`
	Path     string `bun:"path,pk"`
	Type     string `bun:"type"` // A, M or D
}

// ReleaseCommit says that a release has a commit that the one before had not.
type ReleaseCommit struct {
	bun.BaseModel `bun:"table:release_commits,alias:rc"`

	ReleaseID int64 `bun:"release_id,pk"`
	Position  int64 `bun:"position,pk"`
	OrgID     int64 `bun:"org_id"`
	CommitID  int64 `bun:"commit_id"`
}

// ReleaseRef says where a repository stood in a release.
type ReleaseRef struct {
	bun.BaseModel `bun:"table:release_refs,alias:rr"`

	ReleaseID    int64  `bun:"release_id,pk"`
	RepositoryID int64  `bun:"repository_id,pk"`
	OrgID        int64  `bun:"org_id"`
	SHA          string `bun:"sha"`
	PreviousSHA  string `bun:"previous_sha"`
}

// Deploy says that a release went to an environment.
type Deploy struct {
	bun.BaseModel `bun:"table:deploys,alias:d"`

	ID          int64  `bun:"id,pk,autoincrement"`
	OrgID       int64  `bun:"org_id"`
	ReleaseID   int64  `bun:"release_id"`
	Environment string `bun:"environment"`
	Name        string `bun:"name"`
	URL         string `bun:"url"`
	StartedMS   *int64 `bun:"started_ms"`
	FinishedMS  int64  `bun:"finished_ms"`
}
