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
		Teams: []Team{}, Projects: []Project{},
	}
	for _, r := range roleScopes {
		name := strings.ToUpper(r.role[:1]) + r.role[1:]
		d.Roles = append(d.Roles, Named{ID: r.role, Name: name})
		d.OrgRoleList = append(d.OrgRoleList, OrganizationRole{ID: r.role, Name: name, Scopes: scopesOf(r.role), IsAllowed: true,
			IsRetired: r.role == "admin", IsGlobal: r.role == "owner" || r.role == "manager", MinimumTeamRole: "contributor", Allowed: true,
			IsGlobalOld: r.role == "owner" || r.role == "manager", IsTeamAllowed: true})
	}
	for _, id := range []string{"contributor", "admin"} {
		d.TeamRoleList = append(d.TeamRoleList, TeamRole{ID: id, Name: strings.ToUpper(id[:1]) + id[1:], Scopes: scopesOf("member"), IsAllowed: true})
	}
	if in.Detailed == "0" {
		return one(d), nil
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	d.Teams = []Team{everyone(rq.org)}
	for i := range set.list {
		d.Projects = append(d.Projects, a.project(rq, &set.list[i], rq.org))
	}
	return one(d), nil
}

// everyone is the one team of an organisation.
func everyone(o *store.Organization) Team { return Team{ID: itoa(o.ID), Slug: o.Slug, Name: o.Name} }

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
