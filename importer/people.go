package importer

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// people are those of the other server by the numbers its rules call them by.
type people struct {
	teams map[string]string // slugs
	users map[string]string // e-mails
}

type member struct {
	ID, Email, Name, OrgRole, Role string
	User                           *struct{ ID, Email string }
	Teams                          []string
}

// meet learns who is here and who is there, and invites those that are there and not here when it is to.
func (r *run) meet(ctx context.Context) error {
	teams, err := r.Store.Teams(ctx, r.Scope, 0)
	if err != nil {
		return err
	}
	for i := range teams {
		r.teams[teams[i].Slug] = teams[i].ID
	}
	if err := r.findMembers(ctx); err != nil {
		return err
	}
	r.there = people{map[string]string{}, map[string]string{}}
	theirs, err := list[struct{ ID, Slug, Name string }](ctx, r.source, r.org("teams"), url.Values{"per_page": {"100"}})
	if err != nil && !r.absent("", "teams", err) {
		return err
	}
	for _, t := range theirs {
		r.there.teams[t.ID] = t.Slug
		if r.Members && !r.DryRun {
			if _, err := r.team(ctx, t.Slug, t.Name); err != nil {
				return err
			}
		}
	}
	members, err := list[member](ctx, r.source, r.org("members"), url.Values{"per_page": {"100"}})
	if err != nil && !r.absent("", "members", err) {
		return err
	}
	for i := range members {
		m := &members[i]
		if m.User != nil {
			r.there.users[m.User.ID] = m.Email
		}
		if r.Members && r.users[m.Email] == nil {
			if err := r.invite(ctx, m); err != nil {
				return err
			}
		}
	}
	if r.sum.Members == 0 || r.DryRun {
		return nil
	}
	return r.findMembers(ctx)
}

func (r *run) findMembers(ctx context.Context) error {
	members, err := r.Store.Members(ctx, r.Scope)
	if err != nil {
		return err
	}
	for i := range members {
		r.users[members[i].Email] = &members[i].ID
	}
	return nil
}

// roles are ours for Sentry's and GlitchTip's words.
var roles = map[string]string{"owner": "owner", "manager": "manager", "admin": "admin", "member": "member", "billing": "member", "contributor": "member"}

// invite adds a member who signs in by a link, which is told.
func (r *run) invite(ctx context.Context, m *member) error {
	role, teams := roles[strings.ToLower(m.OrgRole)], []string{}
	if role == "" {
		role = roles[strings.ToLower(m.Role)]
	}
	if role == "" {
		role = "member"
	}
	for _, slug := range m.Teams {
		if r.teams[slug] != 0 {
			teams = append(teams, slug)
		}
	}
	if r.DryRun {
		r.sum.Members++
		return nil
	}
	var made struct {
		Link string `json:"invite_link"`
	}
	err := r.home.do(ctx, "POST", "organizations/"+r.home.org+"/members", map[string]any{"email": m.Email, "orgRole": role, "teams": teams}, &made)
	if err != nil {
		return r.declined("", "member", m.Email, err)
	}
	r.sum.Members++
	if made.Link != "" {
		r.note("", "member", m.Email, "signs in with %s", made.Link)
	}
	return nil
}

// user and team give the number here of somebody there; empty: they are nobody here.
func (r *run) user(id string) string {
	if u := r.users[r.there.users[id]]; u != nil {
		return strconv.FormatInt(*u, 10)
	}
	return ""
}

func (r *run) teamID(id string) string {
	if t := r.teams[r.there.teams[id]]; t != 0 {
		return strconv.FormatInt(t, 10)
	}
	return ""
}

// owner is whose something is, "team:1" or "user:1", in our numbers; nil: nobody's here.
func (r *run) owner(v any) any {
	s, _ := v.(string)
	kind, id, ok := strings.Cut(s, ":")
	if o, is := v.(map[string]any); is {
		kind, _ = o["type"].(string)
		id, ok = o["id"].(string)
	}
	switch {
	case ok && kind == "team" && r.teamID(id) != "":
		return "team:" + r.teamID(id)
	case ok && kind == "user" && r.user(id) != "":
		return "user:" + r.user(id)
	}
	return nil
}

// whom names somebody there, for a person.
func (r *run) whom(id string) string {
	for _, names := range []map[string]string{r.there.users, r.there.teams} {
		if n := names[id]; n != "" {
			return n
		}
	}
	return "number " + id
}
