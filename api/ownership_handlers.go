package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/ownership"
	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerOwnership() {
	const project = "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "getOwnership", Method: "GET", Path: project + "ownership/", Access: "project:read", Summary: "Whose a project's errors are"}, a.getOwnership)
	handle(a, Route{ID: "updateOwnership", Method: "PUT", Path: project + "ownership/", Access: "project:write", Summary: "Say whose a project's errors are"}, a.updateOwnership)
	handle(a, Route{ID: "convertCodeowners", Method: "POST", Path: project + "ownership/codeowners/", Access: "project:read", Summary: "Ownership rules of a CODEOWNERS file", Ours: true}, a.convertCodeowners)
	handle(a, Route{ID: "getEventOwners", Method: "GET", Path: project + "events/{event}/owners/", Access: "event:read", Summary: "Whose an event is, by the rules"}, a.getEventOwners)
	handle(a, Route{ID: "getEventCommitters", Method: "GET", Path: project + "events/{event}/committers/", Access: "event:read", Summary: "Whose commits last touched the files of an event, in its release"}, a.getEventCommitters)
}

func ownershipOf(o settings.Ownership) *One[ProjectOwnership] {
	out := ProjectOwnership{Raw: text(o.Raw), Fallthrough: !o.NoFallthrough, IsActive: true, AutoAssignment: autoAssignNobody, CodeownersAutoSync: o.CodeownersAutoSync}
	if o.AutoAssign == settings.AssignOwner {
		out.AutoAssignment = autoAssignOwner
	}
	if o.CreatedMS != 0 {
		out.DateCreated, out.LastUpdated = atPtr(&o.CreatedMS), atPtr(&o.UpdatedMS)
	}
	return one(out)
}

func (a *API) getOwnership(ctx context.Context, _ *ProjectPath) (*One[ProjectOwnership], error) {
	return ownershipOf(a.settingsOf(from(ctx).project).Ownership), nil
}

func (a *API) updateOwnership(ctx context.Context, in *OwnershipInput) (*One[ProjectOwnership], error) {
	rq, b := from(ctx), in.Body
	if b.Raw != nil {
		if err := checkOwnership(*b.Raw); err != nil {
			return nil, badRequest(sentence(err))
		}
	}
	assign := settings.AutoAssign("")
	switch deref(b.AutoAssignment) {
	case autoAssignOwner:
		assign = settings.AssignOwner
	case "", autoAssignNobody:
	case autoAssignSuspect:
		return nil, badRequest("autoAssignment: issues are not assigned by suspect commits here.")
	default:
		return nil, badRequest("autoAssignment: want " + autoAssignOwner + " or " + autoAssignNobody + ".")
	}
	p, err := a.Store.EditSettings(ctx, rq.scope, rq.project.ID, func(s *settings.Settings) error {
		o := &s.Ownership
		set(&o.Raw, b.Raw)
		set(&o.CodeownersAutoSync, b.CodeownersAutoSync)
		if b.Fallthrough != nil {
			o.NoFallthrough = !*b.Fallthrough
		}
		if b.AutoAssignment != nil {
			o.AutoAssign = assign
		}
		o.UpdatedMS = a.Now().UnixMilli()
		if o.CreatedMS == 0 {
			o.CreatedMS = o.UpdatedMS
		}
		return nil
	})
	if err != nil {
		return nil, a.failSettings("update ownership", err)
	}
	return ownershipOf(a.settingsOf(p).Ownership), nil
}

// checkOwnership refuses rules that cannot be read, naming the first wrong line.
func checkOwnership(raw string) error {
	if _, err := ownership.Parse(raw); err != nil {
		return fmt.Errorf("ownership rules, %w", err)
	}
	return nil
}

func (a *API) convertCodeowners(_ context.Context, in *CodeownersInput) (*One[CodeownersRules], error) {
	rules, unknown := ownership.FromCodeowners(in.Body.Raw)
	return one(CodeownersRules{Raw: rules, Unknown: append([]string{}, unknown...)}), nil
}

func (a *API) getEventOwners(ctx context.Context, in *ProjectEventPath) (*One[EventOwners], error) {
	rq := from(ctx)
	e, err := a.projectEvent(ctx, rq, in.Event)
	if err != nil {
		return nil, err
	}
	ev, _ := a.stored(e)
	out := EventOwners{Owners: []Actor{}, Rules: [][2]string{}}
	rules, err := ownership.Parse(a.settingsOf(rq.project).Ownership.Raw)
	if err != nil {
		return nil, a.fail("read ownership rules", err)
	}
	rule := rules.Match(ownership.EventOf(ev))
	if rule == nil {
		return one(out), nil
	}
	kind, pattern, _ := strings.Cut(rule.Matcher(), ":")
	out.Rule, out.Rules = text(rule.Matcher()), append(out.Rules, [2]string{kind, pattern})
	out.Owners, err = a.actors(ctx, rq, rule.Owners)
	return one(out), err
}

// actors gives those owners that are teams and members of the organisation.
func (a *API) actors(ctx context.Context, rq *request, owners []ownership.Owner) ([]Actor, error) {
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	teams, err := a.Store.Teams(ctx, rq.scope, 0)
	if err != nil {
		return nil, a.fail("read teams", err)
	}
	out := []Actor{}
	for _, o := range owners {
		for _, t := range teams {
			if o.Team != "" && t.Slug == o.Team {
				out = append(out, Actor{Type: "team", ID: itoa(t.ID), Name: t.Slug})
			}
		}
		for _, m := range ms {
			if o.Email != "" && strings.EqualFold(m.Email, o.Email) {
				out = append(out, Actor{Type: "user", ID: itoa(m.ID), Name: m.Name, Email: m.Email})
			}
		}
	}
	return out, nil
}

// maxCommitterFiles bounds the touched files of a release's newest commits that frames are looked for in.
const maxCommitterFiles = 10_000

func (a *API) getEventCommitters(ctx context.Context, in *ProjectEventPath) (*One[Committers], error) {
	rq := from(ctx)
	e, err := a.projectEvent(ctx, rq, in.Event)
	if err != nil {
		return nil, err
	}
	stored, _ := a.stored(e)
	none := &Error{status: http.StatusNotFound, Detail: "No Committers found"}
	r, err := a.Store.Release(ctx, rq.scope, e.Release)
	if errors.Is(err, store.ErrNotFound) {
		return nil, none
	} else if err != nil {
		return nil, a.fail("read release", err)
	}
	commits, err := a.Store.ReleaseCommits(ctx, rq.scope, r.ID, store.Page{Limit: 100})
	if err != nil {
		return nil, a.fail("read commits", err)
	}
	ids := make([]int64, len(commits.Rows))
	for n := range commits.Rows {
		ids[n] = commits.Rows[n].ID
	}
	files, err := a.Store.CommitFiles(ctx, rq.scope, ids, maxCommitterFiles)
	if err != nil {
		return nil, a.fail("read files of commits", err)
	}
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	out := Committers{Committers: []Committer{}}
	for _, c := range suspects(inAppPaths(stored), commits.Rows, files) {
		who := authorOf(c, ms)
		if who == nil {
			continue
		}
		shown := commitOf(c, ms, nil)
		shown.SuspectCommitType = "via commits of the release"
		out.add(*who, shown)
	}
	if len(out.Committers) == 0 {
		return nil, none
	}
	return one(out), nil
}

func (c *Committers) add(who CommitAuthor, commit Commit) {
	for n := range c.Committers {
		if c.Committers[n].Author == who {
			c.Committers[n].Commits = append(c.Committers[n].Commits, commit)
			return
		}
	}
	c.Committers = append(c.Committers, Committer{Author: who, Commits: []Commit{commit}})
}

// inAppPaths are the files of the application's frames, of the newest frame first.
func inAppPaths(ev *envelope.Event) (out []string) {
	add := func(s *envelope.Stacktrace) {
		if s == nil {
			return
		}
		for i := len(s.Frames) - 1; i >= 0 && len(out) < 25; i-- {
			f := &s.Frames[i]
			if path := strings.Trim(strings.ReplaceAll(f.Filename, `\`, "/"), "./"); path != "" && grouping.InApp(ev.Platform, f) {
				out = append(out, path)
			}
		}
	}
	for i := len(ev.Exceptions) - 1; i >= 0; i-- {
		add(ev.Exceptions[i].Stacktrace)
	}
	add(ev.Stacktrace)
	return out
}

// suspects are, for each path, the newest of the commits that touched it; each commit once.
func suspects(paths []string, commits []store.Commit, files []store.CommitFile) (out []*store.Commit) {
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
					out = append(out, &commits[n])
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
