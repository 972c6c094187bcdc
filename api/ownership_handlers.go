package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hindsight-dev/hindsight/internal/ownership"
	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerOwnership() {
	const project = "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "getOwnership", Method: "GET", Path: project + "ownership/", Access: "project:read", Summary: "Whose a project's errors are"}, a.getOwnership)
	handle(a, Route{ID: "updateOwnership", Method: "PUT", Path: project + "ownership/", Access: "project:write", Summary: "Say whose a project's errors are", MaxBytes: maxOwnershipBody}, a.updateOwnership)
	handle(a, Route{ID: "convertCodeowners", Method: "POST", Path: project + "ownership/codeowners/", Access: "project:read", Summary: "Ownership rules of a CODEOWNERS file", Ours: true, MaxBytes: maxOwnershipBody}, a.convertCodeowners)
	handle(a, Route{ID: "getEventOwners", Method: "GET", Path: project + "events/{event}/owners/", Access: "event:read", Summary: "Whose an event is, by the rules"}, a.getEventOwners)
	handle(a, Route{ID: "getEventCommitters", Method: "GET", Path: project + "events/{event}/committers/", Access: "event:read", Summary: "Whose commits last touched the files of an event, in its release"}, a.getEventCommitters)
}

// maxOwnershipBody bounds a request with rules, which JSON makes longer.
const maxOwnershipBody = 8 << 20

func (a *API) ownershipOf(ctx context.Context, rq *request, p *store.Project) (*One[ProjectOwnership], error) {
	raw, err := a.Store.OwnershipRules(ctx, rq.scope, p.ID)
	if err != nil {
		return nil, a.fail("read ownership rules", err)
	}
	o := a.settingsOf(p).Ownership
	out := ProjectOwnership{Raw: text(raw), Fallthrough: !o.NoFallthrough, IsActive: true, AutoAssignment: autoAssignNobody, CodeownersAutoSync: o.CodeownersAutoSync}
	switch o.AutoAssign {
	case settings.AssignOwner:
		out.AutoAssignment = autoAssignOwner
	case settings.AssignSuspect:
		out.AutoAssignment = autoAssignSuspect
	}
	if o.CreatedMS != 0 {
		out.DateCreated, out.LastUpdated = atPtr(&o.CreatedMS), atPtr(&o.UpdatedMS)
	}
	return one(out), nil
}

func (a *API) getOwnership(ctx context.Context, _ *ProjectPath) (*One[ProjectOwnership], error) {
	rq := from(ctx)
	return a.ownershipOf(ctx, rq, rq.project)
}

func (a *API) updateOwnership(ctx context.Context, in *OwnershipInput) (*One[ProjectOwnership], error) {
	rq, b := from(ctx), in.Body
	if b.Raw != nil {
		if err := checkOwnership(*b.Raw); err != nil {
			return nil, badField("raw", sentence(err))
		}
	}
	assign := settings.AutoAssign("")
	switch deref(b.AutoAssignment) {
	case autoAssignOwner:
		assign = settings.AssignOwner
	case autoAssignSuspect:
		assign = settings.AssignSuspect
	case "", autoAssignNobody:
	default:
		return nil, badField("autoAssignment", "Invalid selection: want "+autoAssignSuspect+", "+autoAssignOwner+" or "+autoAssignNobody+".")
	}
	p, err := a.Store.UpdateProject(ctx, rq.scope, rq.project.ID, store.ProjectChange{Ownership: b.Raw, Edit: func(s *settings.Settings) error {
		o := &s.Ownership
		set(&o.CodeownersAutoSync, b.CodeownersAutoSync)
		if b.Fallthrough != nil {
			o.NoFallthrough = !*b.Fallthrough
		}
		if b.AutoAssignment != nil {
			o.AutoAssign = assign
		}
		o.UpdatedMS = max(a.Now().UnixMilli(), o.UpdatedMS+1) // by which the linker sees that the rules are others
		if o.CreatedMS == 0 {
			o.CreatedMS = o.UpdatedMS
		}
		return nil
	}})
	if err != nil {
		return nil, a.failSettings("update ownership", err)
	}
	return a.ownershipOf(ctx, rq, p)
}

// checkOwnership refuses rules that cannot be read, naming the first wrong line.
func checkOwnership(raw string) error {
	if len(raw) > store.MaxOwnership {
		return fmt.Errorf("ownership rules have %d bytes, at most %d are kept", len(raw), store.MaxOwnership)
	}
	if strings.ContainsFunc(raw, func(x rune) bool { return x < ' ' && x != '\n' && x != '\r' && x != '\t' || x == 0x7f || x == '\ufffd' }) {
		return errors.New("ownership rules have characters that are no text")
	}
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
	raw, err := a.Store.OwnershipRules(ctx, rq.scope, rq.project.ID)
	if err != nil {
		return nil, a.fail("read ownership rules", err)
	}
	rules, err := ownership.Parse(raw)
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

func (a *API) getEventCommitters(ctx context.Context, in *ProjectEventPath) (*One[Committers], error) {
	rq := from(ctx)
	e, err := a.projectEvent(ctx, rq, in.Event)
	if err != nil {
		return nil, err
	}
	stored, _ := a.stored(e)
	none := &Error{status: http.StatusNotFound, Detail: "No Committers found"}
	commits, err := a.Store.SuspectCommits(ctx, rq.scope, e.Release, grouping.InAppPaths(stored))
	if err != nil {
		return nil, a.fail("read suspect commits", err)
	}
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	out := Committers{Committers: []Committer{}}
	for n := range commits {
		c := &commits[n]
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
