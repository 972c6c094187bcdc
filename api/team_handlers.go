package api

import (
	"context"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerTeams() {
	const org, team = "/api/0/organizations/{org}/", "/api/0/teams/{org}/{team}/"
	const project = "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "listTeams", Method: "GET", Path: org + "teams/", Access: "team:read", Summary: "Teams"}, a.listTeams)
	handle(a, Route{ID: "listUserTeams", Method: "GET", Path: org + "user-teams/", Access: "team:read", Summary: "Teams of the caller"}, a.listUserTeams)
	handle(a, Route{ID: "createTeam", Method: "POST", Path: org + "teams/", Access: "team:write", Summary: "Make a team", Status: 201}, a.createTeam)
	handle(a, Route{ID: "getTeam", Method: "GET", Path: team, Access: "team:read", Summary: "A team"}, a.getTeam)
	handle(a, Route{ID: "updateTeam", Method: "PUT", Path: team, Access: "team:write", Summary: "Change a team"}, a.updateTeam)
	handle(a, Route{ID: "deleteTeam", Method: "DELETE", Path: team, Access: "team:admin", Summary: "Remove a team", Status: 204}, a.deleteTeam)
	handle(a, Route{ID: "listTeamProjects", Method: "GET", Path: team + "projects/", Access: "project:read", Summary: "Projects of a team"}, a.listTeamProjects)
	handle(a, Route{ID: "createTeamProject", Method: "POST", Path: team + "projects/", Access: "project:write", Summary: "Make a project of a team", Status: 201}, a.createTeamProject)
	handle(a, Route{ID: "listTeamMembers", Method: "GET", Path: team + "members/", Access: "team:read", Summary: "Members of a team"}, a.listTeamMembers)
	handle(a, Route{ID: "listProjectTeams", Method: "GET", Path: project + "teams/", Access: "project:read", Summary: "Teams of a project"}, a.listProjectTeams)
	handle(a, Route{ID: "addProjectTeam", Method: "POST", Path: project + "teams/{team}/", Access: "project:write", Summary: "Give a project to a team", Status: 201}, a.addProjectTeam)
	handle(a, Route{ID: "removeProjectTeam", Method: "DELETE", Path: project + "teams/{team}/", Access: "project:write", Summary: "Take a project from a team"}, a.removeProjectTeam)
}

func teamRef(t *store.Team) TeamRef { return TeamRef{ID: itoa(t.ID), Slug: t.Slug, Name: t.Name} }

func (a *API) team(rq *request, t *store.TeamOf) Team {
	access := []string{}
	if m := rq.caller.in(t.OrgID); m != nil {
		access = m.scopes
	}
	return Team{TeamRef: teamRef(&t.Team), DateCreated: at(t.CreatedMS), IsMember: t.Role != "", TeamRole: text(t.Role),
		Access: access, HasAccess: true, MemberCount: t.Members, Avatar: letterAvatar}
}

// theTeam is the team that a path names.
func (a *API) theTeam(ctx context.Context, rq *request, slugOrID string) (*store.TeamOf, error) {
	t, err := a.Store.Team(ctx, rq.scope, slugOrID, rq.caller.userID())
	if err != nil {
		return nil, a.fail("read team", err)
	}
	return t, nil
}

func (a *API) listTeams(ctx context.Context, in *TeamsInput) (*List[TeamWithProjects], error) {
	return a.teamPage(ctx, in, func(*store.TeamOf) bool { return true })
}

func (a *API) listUserTeams(ctx context.Context, in *TeamsInput) (*List[TeamWithProjects], error) {
	return a.teamPage(ctx, in, func(t *store.TeamOf) bool { return t.Role != "" })
}

func (a *API) teamPage(ctx context.Context, in *TeamsInput, wanted func(*store.TeamOf) bool) (*List[TeamWithProjects], error) {
	rq := from(ctx)
	teams, err := a.Store.Teams(ctx, rq.scope, rq.caller.userID())
	if err != nil {
		return nil, a.fail("list teams", err)
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	of := map[string][]ProjectRef{}
	for i := range set.list {
		for _, t := range set.teams[set.list[i].ID] {
			of[t.ID] = append(of[t.ID], projectRef(&set.list[i]))
		}
	}
	rows := []TeamWithProjects{}
	for i := range teams {
		t := &teams[i]
		if wanted(t) && nameMatches(t.Slug, t.Name, in.Query) {
			rows = append(rows, TeamWithProjects{Team: a.team(rq, t), Projects: append([]ProjectRef{}, of[itoa(t.ID)]...)})
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[TeamWithProjects]{Link: link, Body: page}, nil
}

// nameMatches says whether each word of a query is slug:x of a thing, or part of its name or slug.
func nameMatches(slug, name, query string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if exact, ok := strings.CutPrefix(word, "slug:"); ok {
			if slug != exact {
				return false
			}
		} else if !strings.Contains(strings.ToLower(slug+" "+name), strings.Trim(word, `"`)) {
			return false
		}
	}
	return true
}

func (a *API) createTeam(ctx context.Context, in *CreateTeamInput) (*One[Team], error) {
	rq := from(ctx)
	t, err := a.Store.CreateTeam(ctx, rq.scope, in.Body.Name, in.Body.Slug)
	if err != nil {
		return nil, a.failWrite("create team", err, "A team with this slug already exists.")
	}
	// Whoever makes a team is in it, unless it is a token of nobody's.
	if user := rq.caller.userID(); user != 0 {
		if err := a.Store.JoinTeam(ctx, rq.scope, t.ID, user, store.TeamAdmin); err != nil {
			return nil, a.fail("join new team", err)
		}
	}
	return a.oneTeam(ctx, rq, itoa(t.ID))
}

func (a *API) oneTeam(ctx context.Context, rq *request, slugOrID string) (*One[Team], error) {
	t, err := a.theTeam(ctx, rq, slugOrID)
	if err != nil {
		return nil, err
	}
	return one(a.team(rq, t)), nil
}

func (a *API) getTeam(ctx context.Context, in *TeamPath) (*One[Team], error) {
	return a.oneTeam(ctx, from(ctx), in.Team)
}

func (a *API) updateTeam(ctx context.Context, in *UpdateTeamInput) (*One[Team], error) {
	rq := from(ctx)
	t, err := a.theTeam(ctx, rq, in.Team)
	if err != nil {
		return nil, err
	}
	if err := a.Store.UpdateTeam(ctx, rq.scope, t.ID, store.TeamChange{Name: in.Body.Name, Slug: in.Body.Slug}); err != nil {
		return nil, a.failWrite("update team", err, "A team with this slug already exists.")
	}
	return a.oneTeam(ctx, rq, itoa(t.ID))
}

func (a *API) deleteTeam(ctx context.Context, in *TeamPath) (*Nothing, error) {
	rq := from(ctx)
	t, err := a.theTeam(ctx, rq, in.Team)
	if err != nil {
		return nil, err
	}
	if err := a.Store.DeleteTeam(ctx, rq.scope, t.ID); err != nil {
		return nil, a.failWrite("delete team", err, "The last team of an organization cannot be removed: make another one first.")
	}
	return nil, nil
}

func (a *API) listTeamProjects(ctx context.Context, in *TeamPageInput) (*List[Project], error) {
	rq := from(ctx)
	t, err := a.theTeam(ctx, rq, in.Team)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	rows := []Project{}
	for i := range set.list {
		for _, of := range set.teams[set.list[i].ID] {
			if of.ID == itoa(t.ID) {
				rows = append(rows, a.project(rq, &set.list[i], rq.org, set.teams))
			}
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Project]{Link: link, Body: page}, nil
}

func (a *API) createTeamProject(ctx context.Context, in *CreateTeamProjectInput) (*One[ProjectDetail], error) {
	t, err := a.theTeam(ctx, from(ctx), in.Team)
	if err != nil {
		return nil, err
	}
	return a.newProject(ctx, in.Body, t.ID)
}

func (a *API) listTeamMembers(ctx context.Context, in *TeamPageInput) (*List[OrganizationMember], error) {
	rq := from(ctx)
	t, err := a.theTeam(ctx, rq, in.Team)
	if err != nil {
		return nil, err
	}
	people, err := a.people(ctx, rq)
	if err != nil {
		return nil, err
	}
	rows := []OrganizationMember{}
	for i := range people.members {
		if m := &people.members[i]; people.in(m.ID, t.ID) {
			rows = append(rows, people.member(m))
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[OrganizationMember]{Link: link, Body: page}, nil
}

func (a *API) listProjectTeams(ctx context.Context, in *ProjectPageInput) (*List[Team], error) {
	rq := from(ctx)
	teams, err := a.Store.Teams(ctx, rq.scope, rq.caller.userID())
	if err != nil {
		return nil, a.fail("list teams", err)
	}
	owners, err := a.teamsOfProjects(ctx, rq.scope)
	if err != nil {
		return nil, err
	}
	rows := []Team{}
	for i := range teams {
		for _, of := range owners[rq.project.ID] {
			if of.ID == itoa(teams[i].ID) {
				rows = append(rows, a.team(rq, &teams[i]))
			}
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Team]{Link: link, Body: page}, nil
}

func (a *API) addProjectTeam(ctx context.Context, in *ProjectTeamPath) (*One[ProjectDetail], error) {
	rq := from(ctx)
	t, err := a.theTeam(ctx, rq, in.Team)
	if err != nil {
		return nil, err
	}
	if err := a.Store.GiveProject(ctx, rq.scope, rq.project.ID, t.ID); err != nil {
		return nil, a.fail("give project to team", err)
	}
	return a.projectDetail(ctx, rq, rq.project)
}

func (a *API) removeProjectTeam(ctx context.Context, in *ProjectTeamPath) (*One[ProjectDetail], error) {
	rq := from(ctx)
	t, err := a.theTeam(ctx, rq, in.Team)
	if err != nil {
		return nil, err
	}
	if err := a.Store.TakeProject(ctx, rq.scope, rq.project.ID, t.ID); err != nil {
		return nil, a.fail("take project from team", err)
	}
	return a.projectDetail(ctx, rq, rq.project)
}

// teamsOfProjects gives the teams of each of an organisation's projects.
func (a *API) teamsOfProjects(ctx context.Context, scope store.Scope) (map[int64][]TeamRef, error) {
	teams, err := a.Store.Teams(ctx, scope, 0)
	if err != nil {
		return nil, a.fail("list teams", err)
	}
	pairs, err := a.Store.ProjectTeams(ctx, scope)
	if err != nil {
		return nil, a.fail("list teams of projects", err)
	}
	byID := map[int64]TeamRef{}
	for i := range teams {
		byID[teams[i].ID] = teamRef(&teams[i].Team)
	}
	out := map[int64][]TeamRef{}
	for _, p := range pairs {
		out[p.ProjectID] = append(out[p.ProjectID], byID[p.TeamID])
	}
	return out, nil
}
