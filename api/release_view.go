package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/internal/release"
	"github.com/hindsight-dev/hindsight/store"
)

// releaseView says how releases are shown.
type releaseView struct {
	projects []int64       // whose part is shown; none: all
	health   *healthParams // of what time health is shown; nil: none is
}

// releases makes the API's releases of stored ones, with a query per kind of fact.
func (a *API) releases(ctx context.Context, rq *request, set *projectSet, rows []store.Release, view releaseView) ([]Release, error) {
	facts, err := a.Store.ReleaseFacts(ctx, rq.scope, rows)
	if err != nil {
		return nil, a.fail("read facts of releases", err)
	}
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	out := make([]Release, len(rows))
	for n := range rows {
		out[n] = a.releaseOf(set, &rows[n], facts, ms, view)
	}
	if view.health == nil {
		return out, nil
	}
	h, err := a.health(ctx, rq, view.health, view.projects, rows)
	if err != nil {
		return nil, err
	}
	for n := range out {
		for i := range out[n].Projects {
			p := &out[n].Projects[i]
			p.HealthData = new(null(h.of(p.ID, out[n].Version, p.HasHealthData)))
		}
	}
	return out, nil
}

func (a *API) releaseOf(set *projectSet, r *store.Release, facts *store.ReleaseFacts, ms []store.Member, view releaseView) Release {
	info := versionInfo(r.Version)
	out := Release{ID: r.ID, Version: r.Version, ShortVersion: info.Description, Status: r.Status, VersionInfo: info, Ref: text(r.Ref), URL: text(r.URL),
		DateReleased: atPtr(r.ReleasedMS), DateStarted: atPtr(r.StartedMS), DateCreated: at(r.CreatedMS), Data: map[string]any{}, CommitCount: r.CommitCount, DeployCount: r.DeployCount,
		Authors: []CommitAuthor{}, Projects: []ReleaseProject{}}
	for _, share := range facts.Projects[r.ID] {
		p := set.byID[share.ProjectID]
		if p == nil || len(view.projects) > 0 && !slices.Contains(view.projects, p.ID) {
			continue
		}
		part := ReleaseProject{ID: p.ID, Slug: p.Slug, Name: p.Name, NewGroups: facts.NewIssues[r.ID][p.ID], Platform: text(p.Platform), Platforms: []string{},
			HasHealthData: facts.HasSessions[r.ID][p.ID]}
		if p.Platform != "" {
			part.Platforms = append(part.Platforms, p.Platform)
		}
		out.NewGroups += part.NewGroups
		out.Projects = append(out.Projects, part)
		out.FirstEvent, out.LastEvent = earlier(out.FirstEvent, atPtr(share.FirstEventMS)), later(out.LastEvent, atPtr(share.LastEventMS))
	}
	if c := facts.LastCommits[r.ID]; c != nil {
		shown := commitOf(c, ms, nil)
		out.LastCommit = null(&shown)
	}
	for i := range facts.Authors[r.ID] {
		if who := authorOf(&facts.Authors[r.ID][i], ms); who != nil {
			out.Authors = append(out.Authors, *who)
		}
	}
	if d := facts.LastDeploys[r.ID]; d != nil {
		shown := deployOf(d)
		out.LastDeploy = null(&shown)
	}
	return out
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

func later(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

func versionInfo(version string) VersionInfo {
	v := release.Parse(version)
	out := VersionInfo{Package: text(v.Package), Description: v.Short()}
	if v.IsHash() {
		out.BuildHash = text(v.Text)
	}
	if v.Ordered() {
		number := func(i int) int64 {
			if i < len(v.Numbers) {
				return v.Numbers[i]
			}
			return 0
		}
		out.Version = null(&ReleaseVersion{Raw: v.Text, Major: number(0), Minor: number(1), Patch: number(2), Pre: text(v.PreRelease), BuildCode: text(v.Build), Components: len(v.Numbers)})
	}
	return out
}

// authorOf says who made a commit, by the address; nil when the commit does not tell.
func authorOf(c *store.Commit, ms []store.Member) *CommitAuthor {
	if c.AuthorName == "" && c.AuthorEmail == "" {
		return nil
	}
	for i := range ms {
		if c.AuthorEmail != "" && strings.EqualFold(ms[i].Email, c.AuthorEmail) {
			return &CommitAuthor{ID: itoa(ms[i].ID), Name: ms[i].Name, Email: ms[i].Email, Username: ms[i].Email}
		}
	}
	return &CommitAuthor{Name: c.AuthorName, Email: c.AuthorEmail}
}

func commitOf(c *store.Commit, ms []store.Member, releases []IssueRelease) Commit {
	if releases == nil {
		releases = []IssueRelease{}
	}
	return Commit{ID: c.SHA, Message: c.Message, DateCreated: at(c.DateMS), Author: null(authorOf(c, ms)), Releases: releases,
		Repository: CommitRepository{ID: itoa(c.RepositoryID), Name: c.Repository, Provider: manual}}
}

// manual is the provider of repositories that nobody is asked about.
var manual = Named{ID: "manual", Name: "Uploaded"}

func deployOf(d *store.Deploy) Deploy {
	return Deploy{ID: itoa(d.ID), Environment: d.Environment, Name: text(d.Name), URL: text(d.URL), DateStarted: atPtr(d.StartedMS), DateFinished: at(d.FinishedMS)}
}

func (a *API) releaseDetail(ctx context.Context, rq *request, r *store.Release, f FilterParams, h HealthParams) (*One[Release], error) {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	chosen, err := set.choose(f)
	if err != nil {
		return nil, err
	}
	view := releaseView{projects: chosen}
	if view.health, err = readHealth(h, f); err != nil {
		return nil, err
	}
	rows, err := a.releases(ctx, rq, set, []store.Release{*r}, view)
	if err != nil {
		return nil, err
	}
	out := rows[0]
	if len(out.Projects) > 0 {
		prev, next, first, last, err := a.Store.ReleaseNeighbours(ctx, rq.scope, out.Projects[0].ID, r)
		if err != nil {
			return nil, a.fail("read neighbours of release", err)
		}
		out.CurrentProjectMeta = ReleaseProjectMeta{PrevReleaseVersion: text(prev), NextReleaseVersion: text(next), FirstReleaseVersion: text(first), LastReleaseVersion: text(last)}
	}
	return one(out), nil
}

// issueReleases gives the first and the last release an issue was seen in. A text that can be no
// release's has only a version.
func (a *API) issueReleases(ctx context.Context, rq *request, set *projectSet, i *store.Issue) (first, last Null[Release], err error) {
	rows, err := a.Store.ReleasesByVersions(ctx, rq.scope, nonEmpty([]string{i.FirstRelease, i.LastRelease}))
	if err != nil {
		return first, last, a.fail("read releases of issue", err)
	}
	shown, err := a.releases(ctx, rq, set, rows, releaseView{projects: []int64{i.ProjectID}})
	if err != nil {
		return first, last, err
	}
	find := func(version string) Null[Release] {
		if version == "" {
			return Null[Release]{}
		}
		for n := range shown {
			if shown[n].Version == version {
				return null(&shown[n])
			}
		}
		bare := a.releaseOf(set, &store.Release{Version: version, Status: store.ReleaseOpen, CreatedMS: i.FirstSeenMS}, &store.ReleaseFacts{}, nil, releaseView{})
		return null(&bare)
	}
	return find(i.FirstRelease), find(i.LastRelease), nil
}
