package api

import (
	"context"
	"encoding/json"

	"github.com/hindsight-dev/hindsight/store"
)

// Bounds of short lists that are read whole and paged by offset.
const (
	maxDeploys      = 1_000
	maxRepositories = 1_000
	maxFilesListed  = 5_000
)

// MarshalJSON writes the release, or an empty object.
func (m MaybeRelease) MarshalJSON() ([]byte, error) {
	if m.V == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(m.V)
}

func unquote(b []byte) string {
	var s string
	if json.Unmarshal(b, &s) == nil {
		return s
	}
	return string(b)
}

func (a *API) listReleaseCommits(ctx context.Context, in *ReleasePageInput) (*List[Commit], error) {
	return a.commitPage(ctx, in.Version, in.PageParams)
}

func (a *API) listProjectReleaseCommits(ctx context.Context, in *ProjectReleasePageInput) (*List[Commit], error) {
	return a.commitPage(ctx, in.Version, in.PageParams)
}

func (a *API) commitPage(ctx context.Context, version string, p PageParams) (*List[Commit], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, version)
	if err != nil {
		return nil, err
	}
	page := store.Page{Limit: perPage(p.PerPage, 100)}
	if page.Cursor, err = parseCursor(p.Cursor); err != nil {
		return nil, err
	}
	rows, err := a.Store.ReleaseCommits(ctx, rq.scope, r.ID, page)
	if err != nil {
		return nil, a.fail("read commits", err)
	}
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	out := &List[Commit]{Link: pageLink(a, rq, rows), Body: []Commit{}}
	for i := range rows.Rows {
		out.Body = append(out.Body, commitOf(&rows.Rows[i], ms, nil))
	}
	return out, nil
}

func (a *API) listCommitFiles(ctx context.Context, in *ReleasePageInput) (*List[CommitFile], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, in.Version)
	if err != nil {
		return nil, err
	}
	commits, files, err := a.filesOfRelease(ctx, rq, r)
	if err != nil {
		return nil, err
	}
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	out := []CommitFile{}
	for _, f := range files {
		c := commits[f.CommitID]
		out = append(out, CommitFile{ID: c.SHA + ":" + f.Path, CommitMessage: c.Message, RepoName: c.Repository, Filename: f.Path, Type: f.Type, Author: null(authorOf(c, ms))})
	}
	page, link, err := offsetPage(a, rq, out, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[CommitFile]{Link: link, XHits: itoa(int64(len(out))), Body: page}, nil
}

// filesOfRelease gives the files that the newest commits of a release touched, and those commits by id.
func (a *API) filesOfRelease(ctx context.Context, rq *request, r *store.Release) (map[int64]*store.Commit, []store.CommitFile, error) {
	rows, err := a.Store.ReleaseCommits(ctx, rq.scope, r.ID, store.Page{Limit: 100})
	if err != nil {
		return nil, nil, a.fail("read commits", err)
	}
	byID, ids := map[int64]*store.Commit{}, make([]int64, 0, len(rows.Rows))
	for i := range rows.Rows {
		byID[rows.Rows[i].ID] = &rows.Rows[i]
		ids = append(ids, rows.Rows[i].ID)
	}
	files, err := a.Store.CommitFiles(ctx, rq.scope, ids, maxFilesListed)
	if err != nil {
		return nil, nil, a.fail("read files of commits", err)
	}
	return byID, files, nil
}

func (a *API) getPreviousRelease(ctx context.Context, in *ReleasePath) (*One[MaybeRelease], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, in.Version)
	if err != nil {
		return nil, err
	}
	prev, err := a.Store.PreviousWithCommits(ctx, rq.scope, r)
	if err != nil {
		return nil, a.fail("read previous release", err)
	}
	if prev == nil {
		return one(MaybeRelease{}), nil
	}
	out, err := a.releaseDetail(ctx, rq, prev, FilterParams{}, HealthParams{})
	if err != nil {
		return nil, err
	}
	return one(MaybeRelease{V: &out.Body}), nil
}

func (a *API) getReleaseMeta(ctx context.Context, in *ReleasePath) (*One[ReleaseMeta], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, in.Version)
	if err != nil {
		return nil, err
	}
	d, err := a.releaseDetail(ctx, rq, r, FilterParams{}, HealthParams{})
	if err != nil {
		return nil, err
	}
	_, files, err := a.filesOfRelease(ctx, rq, r)
	if err != nil {
		return nil, err
	}
	b := &d.Body
	return one(ReleaseMeta{Version: b.Version, VersionInfo: b.VersionInfo, Projects: b.Projects, NewGroups: b.NewGroups, DeployCount: b.DeployCount,
		CommitCount: b.CommitCount, Released: b.DateReleased, CommitFilesCount: int64(len(files))}), nil
}

func (a *API) listDeploys(ctx context.Context, in *ReleasePageInput) (*List[Deploy], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, in.Version)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Deploys(ctx, rq.scope, r.ID, maxDeploys)
	if err != nil {
		return nil, a.fail("read deploys", err)
	}
	out := []Deploy{}
	for i := range rows {
		out = append(out, deployOf(&rows[i]))
	}
	page, link, err := offsetPage(a, rq, out, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Deploy]{Link: link, Body: page}, nil
}

func (a *API) createDeploy(ctx context.Context, in *CreateDeployInput) (*One[Deploy], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, in.Version)
	if err != nil {
		return nil, err
	}
	d := store.Deploy{Environment: in.Body.Environment, Name: deref(in.Body.Name), URL: deref(in.Body.URL)}
	if d.StartedMS, err = dateMS("dateStarted", in.Body.DateStarted); err != nil {
		return nil, err
	}
	finished, err := dateMS("dateFinished", in.Body.DateFinished)
	if err != nil {
		return nil, err
	}
	if finished != nil {
		d.FinishedMS = *finished
	}
	made, err := a.Store.CreateDeploy(ctx, rq.scope, r.ID, d)
	if err != nil {
		return nil, a.failWrite("create deploy", err, "That deploy exists already.")
	}
	return one(deployOf(made)), nil
}

func repositoryOf(r *store.Repository) Repository {
	provider := manual
	if r.Provider != "" {
		provider = Named{ID: r.Provider, Name: r.Provider}
	}
	return Repository{ID: itoa(r.ID), Name: r.Name, URL: text(r.URL), Provider: provider, Status: "active", DateCreated: at(r.CreatedMS)}
}

func (a *API) listRepositories(ctx context.Context, in *RepositoriesInput) (*List[Repository], error) {
	rq := from(ctx)
	rows, err := a.Store.Repositories(ctx, rq.scope, maxRepositories)
	if err != nil {
		return nil, a.fail("list repositories", err)
	}
	out := []Repository{}
	for i := range rows {
		out = append(out, repositoryOf(&rows[i]))
	}
	page, link, err := offsetPage(a, rq, out, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Repository]{Link: link, Body: page}, nil
}

func (a *API) createRepository(ctx context.Context, in *CreateRepositoryInput) (*One[Repository], error) {
	rq := from(ctx)
	r, err := a.Store.CreateRepository(ctx, rq.scope, in.Body.Name, in.Body.Provider, in.Body.URL)
	if err != nil {
		return nil, a.failWrite("create repository", err, "A repository with that name exists already.")
	}
	return one(repositoryOf(r)), nil
}

func (a *API) listReleaseResolved(ctx context.Context, in *ReleasePageInput) (*List[Issue], error) {
	return a.resolvedBy(ctx, in.Version, in.PageParams)
}

func (a *API) listProjectReleaseResolved(ctx context.Context, in *ProjectReleasePageInput) (*List[Issue], error) {
	return a.resolvedBy(ctx, in.Version, in.PageParams)
}

// resolvedBy lists the issues that a release resolved: by hand, or by what its commits say.
func (a *API) resolvedBy(ctx context.Context, version string, p PageParams) (*List[Issue], error) {
	rq := from(ctx)
	r, err := a.release(ctx, rq, version)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	page := store.Page{Limit: perPage(p.PerPage, 100)}
	if page.Cursor, err = parseCursor(p.Cursor); err != nil {
		return nil, err
	}
	var only []int64
	if rq.project != nil {
		only = []int64{rq.project.ID}
	}
	rows, err := a.Store.ResolvedBy(ctx, rq.scope, r.ID, only, page)
	if err != nil {
		return nil, a.fail("list what a release resolved", err)
	}
	out := &List[Issue]{Link: pageLink(a, rq, rows)}
	out.Body, err = a.issues(ctx, rq, set, rows.Rows, issueView{collapse: []string{"stats"}})
	return out, err
}
