package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerMembers() {
	const members = "/api/0/organizations/{org}/members/"
	handle(a, Route{ID: "listMembers", Method: "GET", Path: members, Access: "member:read", Summary: "Members"}, a.listMembers)
	handle(a, Route{ID: "createMember", Method: "POST", Path: members, Access: "member:write", Summary: "Add a member", Status: 201}, a.createMember)
	handle(a, Route{ID: "getMember", Method: "GET", Path: members + "{member}/", Access: "member:read", Summary: "A member"}, a.getMember)
	handle(a, Route{ID: "updateMember", Method: "PUT", Path: members + "{member}/", Access: "member:write", Summary: "Change a member"}, a.updateMember)
	handle(a, Route{ID: "deleteMember", Method: "DELETE", Path: members + "{member}/", Access: "member:admin", Summary: "Remove a member", Status: 204}, a.deleteMember)
	handle(a, Route{ID: "joinTeam", Method: "POST", Path: members + "{member}/teams/{team}/", Access: "org:read", Summary: "Put a member into a team", Status: 201}, a.joinTeam)
	handle(a, Route{ID: "changeTeamRole", Method: "PUT", Path: members + "{member}/teams/{team}/", Access: "team:write", Summary: "Change a member's role in a team"}, a.changeTeamRole)
	handle(a, Route{ID: "leaveTeam", Method: "DELETE", Path: members + "{member}/teams/{team}/", Access: "org:read", Summary: "Take a member out of a team"}, a.leaveTeam)
	handle(a, Route{ID: "listUsers", Method: "GET", Path: "/api/0/organizations/{org}/users/", Access: "member:read", Summary: "People to assign things to"}, a.listUsers)
}

// people are the members of an organisation with their teams.
type people struct {
	members []store.Member
	teams   map[int64]store.TeamOf     // by id
	roles   map[int64]map[int64]string // user → team → role
	owners  int
}

func (a *API) people(ctx context.Context, rq *request) (*people, error) {
	p := &people{teams: map[int64]store.TeamOf{}, roles: map[int64]map[int64]string{}}
	var err error
	if p.members, err = a.Store.Members(ctx, rq.scope); err != nil {
		return nil, a.fail("list members", err)
	}
	teams, err := a.Store.Teams(ctx, rq.scope, rq.caller.userID())
	if err != nil {
		return nil, a.fail("list teams", err)
	}
	for _, t := range teams {
		p.teams[t.ID] = t
	}
	ins, err := a.Store.TeamMembers(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list team members", err)
	}
	for _, in := range ins {
		if p.roles[in.UserID] == nil {
			p.roles[in.UserID] = map[int64]string{}
		}
		p.roles[in.UserID][in.TeamID] = in.Role
	}
	for i := range p.members {
		if p.members[i].Role == store.RoleOwner {
			p.owners++
		}
	}
	return p, nil
}

func (p *people) in(user, team int64) bool { return p.roles[user][team] != "" }

func (p *people) find(id string, caller int64) (*store.Member, error) {
	user, err := strconv.ParseInt(id, 10, 64)
	if id == "me" {
		user, err = caller, nil
	}
	if err != nil {
		return nil, errNotFound
	}
	for i := range p.members {
		if p.members[i].ID == user {
			return &p.members[i], nil
		}
	}
	return nil, errNotFound
}

func (p *people) member(m *store.Member) OrganizationMember {
	u := user(&m.User)
	teams := []string{}
	for id := range p.roles[m.ID] {
		teams = append(teams, p.teams[id].Slug)
	}
	slices.Sort(teams)
	return OrganizationMember{ID: itoa(m.ID), Email: m.Email, Name: m.Name, User: null(&u), OrgRole: m.Role, Role: m.Role, RoleName: titled(m.Role),
		Pending: m.LastLoginMS == nil, DateCreated: at(m.JoinedMS), InviteStatus: "approved", IsOnlyOwner: m.Role == store.RoleOwner && p.owners == 1, Teams: teams}
}

func (p *people) detail(m *store.Member) OrganizationMemberDetail {
	d := OrganizationMemberDetail{OrganizationMember: p.member(m), TeamRoles: []MemberTeamRole{}, OrgRoleList: orgRoles(), TeamRoleList: teamRoles()}
	for id, role := range p.roles[m.ID] {
		d.TeamRoles = append(d.TeamRoles, MemberTeamRole{TeamSlug: p.teams[id].Slug, Role: &role})
	}
	slices.SortFunc(d.TeamRoles, func(x, y MemberTeamRole) int { return strings.Compare(x.TeamSlug, y.TeamSlug) })
	return d
}

func (a *API) listMembers(ctx context.Context, in *MembersInput) (*List[OrganizationMember], error) {
	rq := from(ctx)
	p, err := a.people(ctx, rq)
	if err != nil {
		return nil, err
	}
	rows := []OrganizationMember{}
	for i := range p.members {
		if m := &p.members[i]; memberMatches(m, in.Query) {
			rows = append(rows, p.member(m))
		}
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[OrganizationMember]{Link: link, Body: page}, nil
}

func memberMatches(m *store.Member, query string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if exact, ok := strings.CutPrefix(word, "email:"); ok {
			if m.Email != strings.Trim(exact, `"`) {
				return false
			}
		} else if !strings.Contains(strings.ToLower(m.Email+" "+m.Name), strings.Trim(word, `"`)) {
			return false
		}
	}
	return true
}

func (a *API) getMember(ctx context.Context, in *MemberPath) (*One[OrganizationMemberDetail], error) {
	rq := from(ctx)
	p, err := a.people(ctx, rq)
	if err != nil {
		return nil, err
	}
	m, err := p.find(in.Member, rq.caller.userID())
	if err != nil {
		return nil, err
	}
	return one(p.detail(m)), nil
}

// role reads the role of a body. Nobody gives a role that is above their own; a token of nobody's can
// give those whose scopes it has.
func (a *API) role(rq *request, b *MemberBody) (string, error) {
	role := b.OrgRole
	if role == "" {
		role = b.Role
	}
	if role == "" {
		return "", nil
	}
	wanted := scopesOf(role)
	if wanted == nil {
		return "", badRequest("Invalid role: want one of member, admin, manager, owner.")
	}
	m := rq.caller.in(rq.org.ID)
	for _, s := range wanted {
		if m == nil || !hasScope(m.scopes, s) && s != "org:billing" {
			return "", errOwnRole
		}
	}
	return role, nil
}

func (a *API) createMember(ctx context.Context, in *CreateMemberInput) (*One[OrganizationMemberDetail], error) {
	rq := from(ctx)
	role, err := a.role(rq, &in.Body)
	if err != nil {
		return nil, err
	}
	if role == "" {
		role = store.RoleMember
	}
	u, err := a.Store.CreateUser(ctx, store.NewUser{Email: in.Body.Email})
	fresh := err == nil
	if errors.Is(err, store.ErrConflict) { // known from another organisation, or a member already
		u, err = a.Store.UserByEmail(ctx, in.Body.Email)
	}
	if err != nil {
		return nil, a.failWrite("create user", err, "")
	}
	if _, err := a.Store.Member(ctx, rq.scope, u.ID); err == nil {
		return nil, conflict("The user " + u.Email + " is already a member")
	}
	if err := a.Store.SetMember(ctx, rq.scope, u.ID, role); err != nil {
		return nil, a.failWrite("add member", err, "")
	}
	if err := a.setTeams(ctx, rq, u.ID, &in.Body); err != nil {
		return nil, err
	}
	out, err := a.getMember(ctx, &MemberPath{Member: itoa(u.ID)})
	if err != nil || !fresh {
		return out, err
	}
	token, err := a.Store.CreateSignInLink(ctx, u.ID, store.FirstSignInLinkAge)
	if err != nil {
		return nil, a.fail("make invitation", err)
	}
	out.Body.InviteLink = a.base("/sign-in?token=" + token)
	return out, nil
}

// setTeams makes a member's teams those of the body, when it names any.
func (a *API) setTeams(ctx context.Context, rq *request, user int64, b *MemberBody) error {
	if b.Teams == nil && b.TeamRoles == nil {
		return nil
	}
	want := map[string]string{}
	for _, slug := range b.Teams {
		want[slug] = store.TeamContributor
	}
	for _, t := range b.TeamRoles {
		want[t.TeamSlug] = store.TeamContributor
		if t.Role != nil && *t.Role != "" {
			want[t.TeamSlug] = *t.Role
		}
	}
	teams, err := a.Store.Teams(ctx, rq.scope, user)
	if err != nil {
		return a.fail("list teams", err)
	}
	for _, t := range teams {
		role, wanted := want[t.Slug]
		delete(want, t.Slug)
		switch {
		case wanted:
			err = a.Store.JoinTeam(ctx, rq.scope, t.ID, user, role)
		case t.Role != "":
			err = a.Store.LeaveTeam(ctx, rq.scope, t.ID, user)
		}
		if err != nil {
			return a.failWrite("set teams of member", err, "")
		}
	}
	for slug := range want {
		return badRequest("There is no team " + slug + ".")
	}
	return nil
}

func (a *API) updateMember(ctx context.Context, in *UpdateMemberInput) (*One[OrganizationMemberDetail], error) {
	rq := from(ctx)
	p, err := a.people(ctx, rq)
	if err != nil {
		return nil, err
	}
	m, err := p.find(in.Member, rq.caller.userID())
	if err != nil {
		return nil, err
	}
	role, err := a.role(rq, &in.Body)
	if err != nil {
		return nil, err
	}
	if role != "" && role != m.Role {
		if _, err := a.role(rq, &MemberBody{Role: m.Role}); err != nil { // nor takes one away that is above it
			return nil, err
		}
		if m.Role == store.RoleOwner && p.owners == 1 {
			return nil, badRequest("An organization needs an owner: make somebody else one first.")
		}
		if err := a.Store.SetMember(ctx, rq.scope, m.ID, role); err != nil {
			return nil, a.failWrite("change role", err, "")
		}
	}
	if err := a.setTeams(ctx, rq, m.ID, &in.Body); err != nil {
		return nil, err
	}
	return a.getMember(ctx, &in.MemberPath)
}

func (a *API) deleteMember(ctx context.Context, in *MemberPath) (*Nothing, error) {
	rq := from(ctx)
	p, err := a.people(ctx, rq)
	if err != nil {
		return nil, err
	}
	m, err := p.find(in.Member, rq.caller.userID())
	if err != nil {
		return nil, err
	}
	if m.Role == store.RoleOwner && p.owners == 1 {
		return nil, badRequest("An organization needs an owner: make somebody else one first.")
	}
	if _, err := a.role(rq, &MemberBody{Role: m.Role}); err != nil {
		return nil, err
	}
	if err := a.Store.RemoveMember(ctx, rq.scope, m.ID); err != nil {
		return nil, a.fail("remove member", err)
	}
	return nil, nil
}

// memberInTeam is what a path of a member's team names. Anybody may change their own place; that of others
// needs team:write.
func (a *API) memberInTeam(ctx context.Context, rq *request, in *MemberTeamPath) (*store.Member, *store.TeamOf, error) {
	p, err := a.people(ctx, rq)
	if err != nil {
		return nil, nil, err
	}
	m, err := p.find(in.Member, rq.caller.userID())
	if err != nil {
		return nil, nil, err
	}
	if at := rq.caller.in(rq.org.ID); m.ID != rq.caller.userID() && (at == nil || !hasScope(at.scopes, "team:write")) {
		return nil, nil, errForbidden
	}
	t, err := a.theTeam(ctx, rq, in.Team)
	return m, t, err
}

func (a *API) joinTeam(ctx context.Context, in *MemberTeamPath) (*One[Team], error) {
	rq := from(ctx)
	m, t, err := a.memberInTeam(ctx, rq, in)
	if err != nil {
		return nil, err
	}
	if err := a.Store.JoinTeam(ctx, rq.scope, t.ID, m.ID, store.TeamContributor); err != nil {
		return nil, a.fail("join team", err)
	}
	return a.oneTeam(ctx, rq, itoa(t.ID))
}

func (a *API) changeTeamRole(ctx context.Context, in *MemberTeamInput) (*One[MemberTeam], error) {
	rq := from(ctx)
	m, t, err := a.memberInTeam(ctx, rq, &in.MemberTeamPath)
	if err != nil {
		return nil, err
	}
	role := in.Body.TeamRole
	if role == "" {
		role = store.TeamContributor
	}
	if err := a.Store.JoinTeam(ctx, rq.scope, t.ID, m.ID, role); err != nil {
		return nil, a.failWrite("change role in team", err, "")
	}
	return one(MemberTeam{IsActive: true, TeamRole: role}), nil
}

func (a *API) leaveTeam(ctx context.Context, in *MemberTeamPath) (*One[Team], error) {
	rq := from(ctx)
	m, t, err := a.memberInTeam(ctx, rq, in)
	if err != nil {
		return nil, err
	}
	if err := a.Store.LeaveTeam(ctx, rq.scope, t.ID, m.ID); err != nil {
		return nil, a.fail("leave team", err)
	}
	return a.oneTeam(ctx, rq, itoa(t.ID))
}

func (a *API) listUsers(ctx context.Context, in *MembersInput) (*List[UserWithProjects], error) {
	rq := from(ctx)
	p, err := a.people(ctx, rq)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	rows := []UserWithProjects{}
	for i := range p.members {
		m := &p.members[i]
		if !memberMatches(m, in.Query) {
			continue
		}
		row := UserWithProjects{User: user(&m.User), Role: m.Role, Projects: []string{}}
		for j := range set.list {
			if slices.ContainsFunc(set.teams[set.list[j].ID], func(t TeamRef) bool { id, _ := strconv.ParseInt(t.ID, 10, 64); return p.in(m.ID, id) }) {
				row.Projects = append(row.Projects, set.list[j].Slug)
			}
		}
		rows = append(rows, row)
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[UserWithProjects]{Link: link, Body: page}, nil
}

func titled(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

var errOwnRole = &Error{status: http.StatusForbidden, Detail: "You cannot give or take a role that is above your own."}
