package api

import (
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// ReleaseVersion is a version cut into its parts.
type ReleaseVersion struct {
	Raw        string  `json:"raw"`
	Major      int64   `json:"major"`
	Minor      int64   `json:"minor"`
	Patch      int64   `json:"patch"`
	Pre        *string `json:"pre"`
	BuildCode  *string `json:"buildCode"`
	Components int     `json:"components"`
}

// VersionInfo is what a release's version says.
type VersionInfo struct {
	Package     *string              `json:"package"`
	Version     Null[ReleaseVersion] `json:"version" doc:"null when the version has no order of its own, such as a commit's hash."`
	Description string               `json:"description"`
	BuildHash   *string              `json:"buildHash"`
}

// CommitAuthor is who made a commit: a member when the address is one's, else only a name.
type CommitAuthor struct {
	ID       string `json:"id,omitempty"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Username string `json:"username,omitempty"`
}

// CommitRepository is where a commit is.
type CommitRepository struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Provider Named  `json:"provider"`
}

// Commit is a change that a release brought.
type Commit struct {
	ID                string             `json:"id" doc:"The commit's hash."`
	Message           string             `json:"message"`
	DateCreated       time.Time          `json:"dateCreated"`
	PullRequest       *string            `json:"pullRequest"`
	SuspectCommitType string             `json:"suspectCommitType"`
	Author            Null[CommitAuthor] `json:"author"`
	Repository        CommitRepository   `json:"repository"`
	Releases          []IssueRelease     `json:"releases"`
}

// Deploy says that a release went to an environment.
type Deploy struct {
	ID           string     `json:"id"`
	Environment  string     `json:"environment"`
	Name         *string    `json:"name"`
	URL          *string    `json:"url"`
	DateStarted  *time.Time `json:"dateStarted"`
	DateFinished time.Time  `json:"dateFinished"`
}

// ReleaseProject is a project's share in a release.
type ReleaseProject struct {
	ID            int64                `json:"id"`
	Slug          string               `json:"slug"`
	Name          string               `json:"name"`
	NewGroups     int64                `json:"newGroups"`
	Platform      *string              `json:"platform"`
	Platforms     []string             `json:"platforms"`
	HasHealthData bool                 `json:"hasHealthData"`
	HealthData    *Null[ReleaseHealth] `json:"healthData,omitempty" doc:"With health=1."`
}

// ReleaseHealth is how the sessions of a project's release went.
type ReleaseHealth struct {
	DurationP50             *float64           `json:"durationP50" doc:"Not computed: null."`
	DurationP90             *float64           `json:"durationP90" doc:"Not computed: null."`
	CrashFreeUsers          *float64           `json:"crashFreeUsers" doc:"Percent; null without users."`
	CrashFreeSessions       *float64           `json:"crashFreeSessions" doc:"Percent; null without sessions."`
	SessionsCrashed         int64              `json:"sessionsCrashed"`
	SessionsErrored         int64              `json:"sessionsErrored"`
	TotalUsers              int64              `json:"totalUsers"`
	TotalUsers24h           int64              `json:"totalUsers24h"`
	TotalSessions           int64              `json:"totalSessions"`
	TotalSessions24h        int64              `json:"totalSessions24h"`
	TotalProjectUsers24h    int64              `json:"totalProjectUsers24h"`
	TotalProjectSessions24h int64              `json:"totalProjectSessions24h"`
	Adoption                *float64           `json:"adoption" doc:"Percent of the project's users of the last 24 hours."`
	SessionsAdoption        *float64           `json:"sessionsAdoption" doc:"Percent of the project's sessions of the last 24 hours."`
	Stats                   map[string][]Point `json:"stats"`
	HasHealthData           bool               `json:"hasHealthData"`
}

// ReleaseProjectMeta says where a release stands among its project's.
type ReleaseProjectMeta struct {
	PrevReleaseVersion  *string    `json:"prevReleaseVersion,omitempty"`
	NextReleaseVersion  *string    `json:"nextReleaseVersion,omitempty"`
	FirstReleaseVersion *string    `json:"firstReleaseVersion,omitempty"`
	LastReleaseVersion  *string    `json:"lastReleaseVersion,omitempty"`
	SessionsLowerBound  *time.Time `json:"sessionsLowerBound,omitempty"`
	SessionsUpperBound  *time.Time `json:"sessionsUpperBound,omitempty"`
}

// Release is a version of what runs.
type Release struct {
	ID                 int64              `json:"id"`
	Version            string             `json:"version"`
	ShortVersion       string             `json:"shortVersion"`
	Status             string             `json:"status" enum:"open,archived"`
	VersionInfo        VersionInfo        `json:"versionInfo"`
	Ref                *string            `json:"ref"`
	URL                *string            `json:"url"`
	DateReleased       *time.Time         `json:"dateReleased"`
	DateStarted        *time.Time         `json:"dateStarted"`
	DateCreated        time.Time          `json:"dateCreated"`
	Data               map[string]any     `json:"data"`
	NewGroups          int64              `json:"newGroups" doc:"Issues that were first seen in it."`
	Owner              Null[User]         `json:"owner"`
	CommitCount        int64              `json:"commitCount"`
	LastCommit         Null[Commit]       `json:"lastCommit"`
	DeployCount        int64              `json:"deployCount"`
	LastDeploy         Null[Deploy]       `json:"lastDeploy"`
	Authors            []CommitAuthor     `json:"authors"`
	Projects           []ReleaseProject   `json:"projects"`
	FirstEvent         *time.Time         `json:"firstEvent"`
	LastEvent          *time.Time         `json:"lastEvent" doc:"To the minute."`
	CurrentProjectMeta ReleaseProjectMeta `json:"currentProjectMeta"`
	UserAgent          *string            `json:"userAgent"`
}

// ReleasesParams are what both lists of releases take.
type ReleasesParams struct {
	FilterParams
	PageParams
	Query  string `query:"query" doc:"A part of the version, in any case."`
	Status string `query:"status" enum:"open,archived,"`
	Sort   string `query:"sort" doc:"date; semver: by version; or, of those that had sessions, sessions, users, sessions_24h, users_24h, adoption, crash_free_sessions, crash_free_users: the worst first."`
	HealthParams
}

// ReleasesInput lists the releases of an organisation.
type ReleasesInput struct {
	OrgPath
	ReleasesParams
}

// ProjectReleasesInput lists the releases of a project.
type ProjectReleasesInput struct {
	ProjectPath
	ReleasesParams
}

// ReleasePath names a release by its version, percent-encoded.
type ReleasePath struct {
	OrgPath
	Version string `path:"version"`
}

// ProjectReleasePath names a release of a project.
type ProjectReleasePath struct {
	ProjectPath
	Version string `path:"version"`
}

// HealthParams ask for the health of releases.
type HealthParams struct {
	Health             string `query:"health" doc:"1: with healthData."`
	SummaryStatsPeriod string `query:"summaryStatsPeriod" doc:"How far back the health is of: 24h, 14d. 14 days when absent."`
}

// ReleaseInput asks for a release.
type ReleaseInput struct {
	ReleasePath
	FilterParams
	HealthParams
}

// ProjectReleaseInput asks for a release of a project.
type ProjectReleaseInput struct {
	ProjectReleasePath
	HealthParams
}

// ReleaseRef is where a repository stood.
type ReleaseRef struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Repository     string  `json:"repository"`
	Commit         string  `json:"commit"`
	PreviousCommit *string `json:"previousCommit,omitempty" nullable:"true"`
}

// PatchFile is a file that a commit touched.
type PatchFile struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Path string `json:"path"`
	Type string `json:"type" doc:"A, M or D."`
}

// CommitInput is a commit as it is uploaded, the newest first.
type CommitInput struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	ID          string      `json:"id"`
	Repository  *string     `json:"repository,omitempty" nullable:"true"`
	Message     *string     `json:"message,omitempty" nullable:"true"`
	AuthorName  *string     `json:"author_name,omitempty" nullable:"true"`
	AuthorEmail *string     `json:"author_email,omitempty" nullable:"true"`
	Timestamp   *string     `json:"timestamp,omitempty" nullable:"true" doc:"ISO 8601."`
	PatchSet    []PatchFile `json:"patch_set,omitempty" nullable:"true"`
}

// ReleaseUpdate is what can be said about a release; what is absent stays. Unknown keys are ignored.
type ReleaseUpdate struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Projects     []SlugOrID    `json:"projects,omitempty" nullable:"true" doc:"Slugs or ids; they are added."`
	Ref          *string       `json:"ref,omitempty" nullable:"true"`
	URL          *string       `json:"url,omitempty" nullable:"true"`
	DateStarted  *string       `json:"dateStarted,omitempty" nullable:"true"`
	DateReleased *string       `json:"dateReleased,omitempty" nullable:"true"`
	Status       *string       `json:"status,omitempty" nullable:"true" enum:"open,archived"`
	Refs         []ReleaseRef  `json:"refs,omitempty" nullable:"true"`
	HeadCommits  []HeadCommit  `json:"headCommits,omitempty" nullable:"true" doc:"The older form of refs."`
	Commits      []CommitInput `json:"commits,omitempty" nullable:"true" doc:"All of the release's, the newest first."`
}

// HeadCommit is the older form of a ref.
type HeadCommit struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Repository string  `json:"repository"`
	CurrentID  string  `json:"currentId"`
	PreviousID *string `json:"previousId,omitempty" nullable:"true"`
}

// SlugOrID is a project's slug, or its id as a text or a number.
type SlugOrID string

// Schema implements huma.SchemaProvider.
func (SlugOrID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: "string"}, {Type: "integer"}}}
}

// UnmarshalJSON reads a text or a number.
func (s *SlugOrID) UnmarshalJSON(b []byte) error {
	*s = SlugOrID(unquote(b))
	return nil
}

// CreateReleaseInput makes a release, or changes the one of that version.
type CreateReleaseInput struct {
	OrgPath
	Body NewRelease
}

// CreateProjectReleaseInput makes a release of a project.
type CreateProjectReleaseInput struct {
	ProjectPath
	Body NewRelease
}

// NewRelease is a release to make.
type NewRelease struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Version string `json:"version"`
	ReleaseUpdate
}

// UpdateReleaseInput changes a release.
type UpdateReleaseInput struct {
	ReleasePath
	Body ReleaseUpdate
}

// UpdateProjectReleaseInput changes a release of a project.
type UpdateProjectReleaseInput struct {
	ProjectReleasePath
	Body ReleaseUpdate
}

// ReleaseOutput is a release: 201 when it was made, 208 when it had been there.
type ReleaseOutput struct {
	Status int
	Body   Release
}

// MaybeRelease is a release, or an empty object.
type MaybeRelease struct{ V *Release }

// Schema implements huma.SchemaProvider.
func (MaybeRelease) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{r.Schema(reflect.TypeFor[Release](), true, ""), {Type: "object"}}}
}

// ReleasePageInput pages something of a release.
type ReleasePageInput struct {
	ReleasePath
	PageParams
}

// ProjectReleasePageInput pages something of a project's release.
type ProjectReleasePageInput struct {
	ProjectReleasePath
	PageParams
}

// CommitFile is a file that a release touched.
type CommitFile struct {
	ID            string             `json:"id"`
	CommitMessage string             `json:"commitMessage"`
	RepoName      string             `json:"repoName"`
	Filename      string             `json:"filename"`
	Type          string             `json:"type"`
	Author        Null[CommitAuthor] `json:"author"`
}

// CreateDeployInput adds a deploy.
type CreateDeployInput struct {
	ReleasePath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Environment  string  `json:"environment" minLength:"1" maxLength:"64"`
		Name         *string `json:"name,omitempty" nullable:"true"`
		URL          *string `json:"url,omitempty" nullable:"true"`
		DateStarted  *string `json:"dateStarted,omitempty" nullable:"true"`
		DateFinished *string `json:"dateFinished,omitempty" nullable:"true"`
	}
}

// Repository is a place that commits come from.
type Repository struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	URL           *string   `json:"url"`
	Provider      Named     `json:"provider"`
	Status        string    `json:"status"`
	DateCreated   time.Time `json:"dateCreated"`
	IntegrationID *string   `json:"integrationId"`
	ExternalSlug  *string   `json:"externalSlug"`
	ExternalID    *string   `json:"externalId"`
}

// RepositoriesInput lists repositories.
type RepositoriesInput struct {
	OrgPath
	PageParams
}

// CreateRepositoryInput adds a repository.
type CreateRepositoryInput struct {
	OrgPath
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name     string `json:"name" minLength:"1" maxLength:"200"`
		Provider string `json:"provider,omitempty"`
		URL      string `json:"url,omitempty"`
	}
}

// ReleaseMeta is what tabs of a release show without reading it.
type ReleaseMeta struct {
	Version          string           `json:"version"`
	VersionInfo      VersionInfo      `json:"versionInfo"`
	Projects         []ReleaseProject `json:"projects"`
	NewGroups        int64            `json:"newGroups"`
	DeployCount      int64            `json:"deployCount"`
	CommitCount      int64            `json:"commitCount"`
	Released         *time.Time       `json:"released"`
	CommitFilesCount int64            `json:"commitFilesChanged"`
	ReleaseFileCount int64            `json:"releaseFileCount"`
}
