package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerReleases() {
	const org, project = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/"
	const release, projectRelease = org + "releases/{version}/", project + "releases/{version}/"
	handle(a, Route{ID: "listReleases", Method: "GET", Path: org + "releases/", Access: accessReleaseRead, Summary: "Releases"}, a.listReleases)
	handle(a, Route{ID: "createRelease", Method: "POST", Path: org + "releases/", Access: accessReleaseWrite, Summary: "Make a release, or change the one of that version", Status: 201, MaxBytes: maxCommitsBody}, a.createRelease)
	handle(a, Route{ID: "getRelease", Method: "GET", Path: release, Access: accessReleaseRead, Summary: "A release"}, a.getRelease)
	handle(a, Route{ID: "updateRelease", Method: "PUT", Path: release, Access: accessReleaseWrite, Summary: "Change a release: finalize it, set its commits", MaxBytes: maxCommitsBody}, a.updateRelease)
	handle(a, Route{ID: "deleteRelease", Method: "DELETE", Path: release, Access: accessReleaseWrite, Summary: "Delete a release; its events stay", Status: 204}, a.deleteRelease)
	handle(a, Route{ID: "getReleaseMeta", Method: "GET", Path: release + "meta/", Access: accessReleaseRead, Summary: "What a release has"}, a.getReleaseMeta)
	handle(a, Route{ID: "listReleaseCommits", Method: "GET", Path: release + "commits/", Access: accessReleaseRead, Summary: "Commits of a release"}, a.listReleaseCommits)
	handle(a, Route{ID: "listReleaseFilesChanged", Method: "GET", Path: release + "commitfiles/", Access: accessReleaseRead, Summary: "Files that a release's commits touched"}, a.listCommitFiles)
	handle(a, Route{ID: "getPreviousRelease", Method: "GET", Path: release + "previous-with-commits/", Access: accessReleaseRead, Summary: "The release before that has commits, or an empty object"}, a.getPreviousRelease)
	handle(a, Route{ID: "listReleaseResolved", Method: "GET", Path: release + "resolved/", Access: "event:read", Summary: "Issues that a release resolved"}, a.listReleaseResolved)
	handle(a, Route{ID: "listProjectReleaseResolved", Method: "GET", Path: projectRelease + "resolved/", Access: "event:read", Summary: "Issues of a project that a release resolved"}, a.listProjectReleaseResolved)
	handle(a, Route{ID: "listDeploys", Method: "GET", Path: release + "deploys/", Access: accessReleaseRead, Summary: "Deploys of a release"}, a.listDeploys)
	handle(a, Route{ID: "createDeploy", Method: "POST", Path: release + "deploys/", Access: accessReleaseWrite, Summary: "Note a deploy", Status: 201}, a.createDeploy)
	handle(a, Route{ID: "listProjectReleases", Method: "GET", Path: project + "releases/", Access: accessReleaseRead, Summary: "Releases of a project"}, a.listProjectReleases)
	handle(a, Route{ID: "createProjectRelease", Method: "POST", Path: project + "releases/", Access: accessReleaseWrite, Summary: "Make a release of a project", Status: 201, MaxBytes: maxCommitsBody}, a.createProjectRelease)
	handle(a, Route{ID: "getProjectRelease", Method: "GET", Path: projectRelease, Access: accessReleaseRead, Summary: "A release of a project"}, a.getProjectRelease)
	handle(a, Route{ID: "updateProjectRelease", Method: "PUT", Path: projectRelease, Access: accessReleaseWrite, Summary: "Change a release of a project", MaxBytes: maxCommitsBody}, a.updateProjectRelease)
	handle(a, Route{ID: "deleteProjectRelease", Method: "DELETE", Path: projectRelease, Access: accessReleaseWrite, Summary: "Delete a release", Status: 204}, a.deleteProjectRelease)
	handle(a, Route{ID: "listProjectReleaseCommits", Method: "GET", Path: projectRelease + "commits/", Access: accessReleaseRead, Summary: "Commits of a project's release"}, a.listProjectReleaseCommits)
	handle(a, Route{ID: "listRepositories", Method: "GET", Path: org + "repos/", Access: accessReleaseRead, Summary: "Repositories that commits came from"}, a.listRepositories)
	handle(a, Route{ID: "createRepository", Method: "POST", Path: org + "repos/", Access: "org:write", Summary: "Add a repository", Status: 201}, a.createRepository)
}

// maxCommitsBody bounds what says a release's commits with the files they touched.
const maxCommitsBody = 8 << 20

func (a *API) listReleases(ctx context.Context, in *ReleasesInput) (*List[Release], error) {
	return a.releasePage(ctx, in.ReleasesParams, nil)
}

func (a *API) listProjectReleases(ctx context.Context, in *ProjectReleasesInput) (*List[Release], error) {
	return a.releasePage(ctx, in.ReleasesParams, from(ctx).project)
}

var releaseSorts = map[string]string{"": store.ReleasesByDate, "date": store.ReleasesByDate, "semver": store.ReleasesByVersion, "build": store.ReleasesByVersion}

func (a *API) releasePage(ctx context.Context, p ReleasesParams, only *store.Project) (*List[Release], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	q := store.ReleaseQuery{Status: store.ReleaseOpen, Environments: nonEmpty(p.Environment), Version: strings.TrimSpace(p.Query),
		Sort: releaseSorts[p.Sort], Page: store.Page{Limit: perPage(p.PerPage, 100)}}
	if p.Status != "" {
		q.Status = p.Status
	}
	byHealth, isHealth := healthSorts[p.Sort]
	if q.Sort == "" {
		q.Sort = store.ReleasesByDate
	}
	if q.Page.Cursor, err = parseCursor(p.Cursor); err != nil {
		return nil, err
	}
	if q.Projects, err = set.choose(p.FilterParams); err != nil {
		return nil, err
	}
	if only != nil {
		q.Projects = []int64{only.ID}
	}
	view := releaseView{projects: q.Projects}
	if view.health, err = readHealth(p.HealthParams, p.FilterParams); err != nil {
		return nil, err
	}
	if isHealth {
		return a.releasesByHealth(ctx, rq, set, q, view, byHealth, p.PageParams)
	}
	page, err := a.Store.Releases(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("list releases", err)
	}
	out := &List[Release]{Link: pageLink(a, rq, page)}
	out.Body, err = a.releases(ctx, rq, set, page.Rows, view)
	return out, err
}

// release reads the release that a path names; with a project in the path it must be that project's.
func (a *API) release(ctx context.Context, rq *request, version string) (*store.Release, error) {
	if rq.project != nil && version == "latest" {
		r, err := a.Store.NewestRelease(ctx, rq.scope, rq.project.ID)
		if err != nil || r == nil {
			return nil, a.failOr404("latest release", err)
		}
		return r, nil
	}
	r, err := a.Store.Release(ctx, rq.scope, version)
	if err != nil {
		return nil, a.fail("read release", err)
	}
	if rq.project != nil {
		f, err := a.Store.ReleaseFacts(ctx, rq.scope, []store.Release{*r})
		if err != nil {
			return nil, a.fail("read release's projects", err)
		}
		for _, p := range f.Projects[r.ID] {
			if p.ProjectID == rq.project.ID {
				return r, nil
			}
		}
		return nil, errNotFound
	}
	return r, nil
}

// failOr404 is fail, and not found when there was no error.
func (a *API) failOr404(doing string, err error) error {
	if err == nil {
		return errNotFound
	}
	return a.fail(doing, err)
}

func (a *API) getRelease(ctx context.Context, in *ReleaseInput) (*One[Release], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, in.Version)
	if err != nil {
		return nil, err
	}
	return a.releaseDetail(ctx, rq, r, in.FilterParams, in.HealthParams)
}

func (a *API) getProjectRelease(ctx context.Context, in *ProjectReleaseInput) (*One[Release], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, in.Version)
	if err != nil {
		return nil, err
	}
	return a.releaseDetail(ctx, rq, r, FilterParams{Project: []string{itoa(rq.project.ID)}}, in.HealthParams)
}

func (a *API) createRelease(ctx context.Context, in *CreateReleaseInput) (*ReleaseOutput, error) {
	if len(in.Body.Projects) == 0 { // sentry-cli archives and restores releases so
		if _, err := a.Store.Release(ctx, from(ctx).scope, strings.TrimSpace(in.Body.Version)); errors.Is(err, store.ErrNotFound) {
			return nil, badField("projects", "This field is required.")
		} else if err != nil {
			return nil, a.fail("read release", err)
		}
	}
	return a.newRelease(ctx, in.Body)
}

func (a *API) createProjectRelease(ctx context.Context, in *CreateProjectReleaseInput) (*ReleaseOutput, error) {
	in.Body.Projects = []SlugOrID{SlugOrID(from(ctx).project.Slug)}
	return a.newRelease(ctx, in.Body)
}

func (a *API) newRelease(ctx context.Context, in NewRelease) (*ReleaseOutput, error) {
	rq := from(ctx)
	c, err := a.releaseChange(ctx, rq, in.ReleaseUpdate)
	if err != nil {
		return nil, err
	}
	r, created, err := a.Store.UpsertRelease(ctx, rq.scope, strings.TrimSpace(in.Version), c)
	if err != nil {
		return nil, a.failWrite("write release", err, "That release exists already.")
	}
	out, err := a.releaseDetail(ctx, rq, r, FilterParams{}, HealthParams{})
	if err != nil {
		return nil, err
	}
	status := http.StatusAlreadyReported
	if created {
		status = http.StatusCreated
	}
	return &ReleaseOutput{Status: status, Body: out.Body}, nil
}

func (a *API) updateRelease(ctx context.Context, in *UpdateReleaseInput) (*One[Release], error) {
	return a.changeRelease(ctx, in.Version, in.Body)
}

func (a *API) updateProjectRelease(ctx context.Context, in *UpdateProjectReleaseInput) (*One[Release], error) {
	return a.changeRelease(ctx, in.Version, in.Body)
}

func (a *API) changeRelease(ctx context.Context, version string, up ReleaseUpdate) (*One[Release], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, version)
	if err != nil {
		return nil, err
	}
	c, err := a.releaseChange(ctx, rq, up)
	if err != nil {
		return nil, err
	}
	if r, err = a.Store.UpdateRelease(ctx, rq.scope, r.Version, c); err != nil {
		return nil, a.failWrite("update release", err, "That release exists already.")
	}
	return a.releaseDetail(ctx, rq, r, FilterParams{}, HealthParams{})
}

func (a *API) deleteRelease(ctx context.Context, in *ReleasePath) (*Nothing, error) {
	return a.dropRelease(ctx, in.Version)
}

func (a *API) deleteProjectRelease(ctx context.Context, in *ProjectReleasePath) (*Nothing, error) {
	return a.dropRelease(ctx, in.Version)
}

func (a *API) dropRelease(ctx context.Context, version string) (*Nothing, error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, version)
	if err != nil {
		return nil, err
	}
	if err := a.Store.DeleteRelease(ctx, rq.scope, r.Version); err != nil {
		return nil, a.fail("delete release", err)
	}
	return nil, nil
}

// releaseChange makes the stored change of what was asked for.
func (a *API) releaseChange(ctx context.Context, rq *request, up ReleaseUpdate) (store.ReleaseChange, error) {
	c := store.ReleaseChange{Ref: up.Ref, URL: up.URL, Status: up.Status}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return c, err
	}
	for _, p := range up.Projects {
		found := set.bySlug[string(p)]
		if id, err := strconv.ParseInt(string(p), 10, 64); err == nil {
			found = set.byID[id]
		}
		if found == nil {
			return c, badField("projects", "Invalid project ids or slugs: "+strconv.Quote(string(p))+".")
		}
		c.Projects = append(c.Projects, found.ID)
	}
	if c.StartedMS, err = dateMS("dateStarted", up.DateStarted); err != nil {
		return c, err
	}
	if c.ReleasedMS, err = dateMS("dateReleased", up.DateReleased); err != nil {
		return c, err
	}
	if up.Refs != nil && len(up.Refs) == 0 && up.Commits == nil { // "set-commits --clear"
		c.Refs, c.Commits = []store.RefWrite{}, []store.CommitWrite{}
	}
	for _, r := range up.Refs {
		c.Refs = append(c.Refs, store.RefWrite{Repository: r.Repository, SHA: r.Commit, PreviousSHA: deref(r.PreviousCommit)})
	}
	for _, r := range up.HeadCommits {
		c.Refs = append(c.Refs, store.RefWrite{Repository: r.Repository, SHA: r.CurrentID, PreviousSHA: deref(r.PreviousID)})
	}
	if up.Commits != nil {
		c.Commits = make([]store.CommitWrite, 0, len(up.Commits))
	}
	for _, in := range up.Commits {
		at, err := dateMS("commits: timestamp", in.Timestamp)
		if err != nil {
			return c, err
		}
		w := store.CommitWrite{Repository: deref(in.Repository), SHA: in.ID, Message: deref(in.Message), AuthorName: deref(in.AuthorName), AuthorEmail: deref(in.AuthorEmail), DateMS: a.Now().UnixMilli()}
		if at != nil {
			w.DateMS = *at
		}
		for _, f := range in.PatchSet {
			w.Files = append(w.Files, store.CommitFile{Path: f.Path, Type: f.Type[:min(1, len(f.Type))]})
		}
		c.Commits = append(c.Commits, w)
	}
	return c, nil
}

// dateMS reads a date that may be absent.
func dateMS(name string, s *string) (*int64, error) {
	if s == nil || *s == "" {
		return nil, nil
	}
	t, ok := parseDate(*s)
	if !ok {
		return nil, badRequest(name + ": want an ISO 8601 date and time.")
	}
	ms := t.UnixMilli()
	return &ms, nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
