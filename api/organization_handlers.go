package api

import (
	"context"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) organization(o *store.Organization) Organization {
	return Organization{
		ID: itoa(o.ID), Slug: o.Slug, Name: o.Name, Status: Named{ID: "active", Name: "active"}, DateCreated: at(o.CreatedMS),
		Avatar:   letterAvatar,
		Links:    OrganizationLinks{OrganizationURL: a.base("/organizations/" + o.Slug)},
		Features: []string{"session-replay", "event-attachments", "performance-view", "discover-basic"}, AllowMemberInvite: true,
	}
}

func (a *API) listOrganizations(ctx context.Context, in *OrganizationsInput) (*List[Organization], error) {
	rq := from(ctx)
	rows := []Organization{}
	for _, m := range rq.caller.orgs {
		if in.Query == "" || strings.Contains(strings.ToLower(m.org.Slug+" "+m.org.Name), strings.ToLower(in.Query)) {
			rows = append(rows, a.organization(&m.org))
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Organization]{Link: link, Body: page}, nil
}

func (a *API) getOrganization(ctx context.Context, in *OrganizationInput) (*One[OrganizationDetail], error) {
	rq := from(ctx)
	m := rq.caller.in(rq.org.ID)
	d := OrganizationDetail{
		Organization: a.organization(rq.org), Access: m.scopes, Role: m.role, OrgRole: m.role, DefaultRole: "member", IsDefault: true,
		OrgRoleList: orgRoles(), TeamRoleList: teamRoles(), Teams: []TeamRef{}, Projects: []Project{},
	}
	for _, r := range d.OrgRoleList {
		d.Roles = append(d.Roles, Named{ID: r.ID, Name: r.Name})
	}
	if in.Detailed == "0" {
		return one(d), nil
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	teams, err := a.Store.Teams(ctx, rq.scope, 0)
	if err != nil {
		return nil, a.fail("list teams", err)
	}
	for i := range teams {
		d.Teams = append(d.Teams, teamRef(&teams[i].Team))
	}
	for i := range set.list {
		d.Projects = append(d.Projects, a.project(rq, &set.list[i], rq.org, set.teams))
	}
	return one(d), nil
}

func (a *API) updateOrganization(ctx context.Context, in *UpdateOrganizationInput) (*One[OrganizationDetail], error) {
	rq := from(ctx)
	o, err := a.Store.UpdateOrganization(ctx, rq.scope, store.OrganizationChange{Name: in.Body.Name, Slug: in.Body.Slug})
	if err != nil {
		return nil, a.failWrite("update organization", err, "Another organization is already using that slug.")
	}
	rq.org = o
	return a.getOrganization(ctx, &OrganizationInput{})
}

// orgRoles lists the roles a member can have.
func orgRoles() []OrganizationRole {
	var out []OrganizationRole
	for _, r := range roleScopes {
		global := r.role == store.RoleOwner || r.role == store.RoleManager
		out = append(out, OrganizationRole{ID: r.role, Name: titled(r.role), Scopes: scopesOf(r.role), IsAllowed: true, IsRetired: r.role == store.RoleAdmin,
			IsGlobal: global, MinimumTeamRole: store.TeamContributor, Allowed: true, IsGlobalOld: global, IsTeamAllowed: true})
	}
	return out
}

// teamRoles lists the roles a member can have in a team.
func teamRoles() []TeamRole {
	var out []TeamRole
	for _, id := range []string{store.TeamContributor, store.TeamAdmin} {
		out = append(out, TeamRole{ID: id, Name: titled(id), Scopes: scopesOf(store.RoleMember), IsAllowed: true})
	}
	return out
}

func (a *API) listEnvironments(ctx context.Context, _ *OrgPath) (*List[Environment], error) {
	rq := from(ctx)
	names, err := a.Store.Environments(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list environments", err)
	}
	rows := []Environment{}
	for i, n := range names {
		rows = append(rows, Environment{ID: itoa(int64(i + 1)), Name: n})
	}
	return &List[Environment]{Link: a.linkHeader(rq, "0:0:1", false, "0:0:0", false), Body: rows}, nil
}
