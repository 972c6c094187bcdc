package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// slugs lists an organisation's teams with how many are in each.
func slugs(t *testing.T, s *store.Store, scope store.Scope, user int64) map[string]string {
	t.Helper()
	ts, err := s.Teams(t.Context(), scope, user)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, team := range ts {
		out[team.Slug] = team.Role
	}
	return out
}

func TestTeams(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		main, other := organization(t, s, "main"), organization(t, s, "other")
		shop := project(t, s, main, "shop")
		ann, err := s.CreateUser(ctx, store.NewUser{Email: "ann@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetMember(ctx, main, ann.ID, store.RoleMember); err != nil {
			t.Fatal(err)
		}
		// Everybody and everything begins in the organisation's own team.
		if d := cmp.Diff(map[string]string{"main": store.TeamContributor}, slugs(t, s, main, ann.ID)); d != "" {
			t.Errorf("at first (-want +got):\n%s", d)
		}
		first, err := s.Team(ctx, main, "main", 0)
		if err != nil || first.Members != 1 {
			t.Fatalf("first team: %+v %v", first, err)
		}
		if ps, err := s.ProjectTeams(ctx, main); err != nil || len(ps) != 1 || ps[0].ProjectID != shop.ID || ps[0].TeamID != first.ID {
			t.Errorf("project's team: %v %v", ps, err)
		}

		web, err := s.CreateTeam(ctx, main, "Web people", "")
		if err != nil || web.Slug != "web-people" {
			t.Fatalf("create: %+v %v", web, err)
		}
		if _, err := s.CreateTeam(ctx, main, "Web people", ""); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a taken slug: %v", err)
		}
		if err := s.JoinTeam(ctx, main, web.ID, ann.ID, store.TeamAdmin); err != nil {
			t.Fatal(err)
		}
		if got := slugs(t, s, main, ann.ID)["web-people"]; got != store.TeamAdmin {
			t.Errorf("ann is %q in web-people", got)
		}
		if err := s.GiveProject(ctx, main, shop.ID, web.ID); err != nil {
			t.Fatal(err)
		}
		// A stranger reaches none of it.
		for what, err := range map[string]error{
			"join":   s.JoinTeam(ctx, other, web.ID, ann.ID, store.TeamAdmin),
			"update": s.UpdateTeam(ctx, other, web.ID, store.TeamChange{Name: &web.Name}),
			"delete": s.DeleteTeam(ctx, other, web.ID),
		} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s by a stranger: %v, want ErrNotFound", what, err)
			}
		}
		foreign := project(t, s, other, "theirs")
		if err := s.GiveProject(ctx, main, foreign.ID, web.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.TakeProject(ctx, other, shop.ID, web.ID); err != nil {
			t.Fatal(err)
		}
		if ps, err := s.ProjectTeams(ctx, main); err != nil || len(ps) != 2 {
			t.Errorf("after strangers: %v %v", ps, err)
		}
		if err := s.RemoveMember(ctx, main, ann.ID); err != nil {
			t.Fatal(err)
		}
		if ms, err := s.TeamMembers(ctx, main); err != nil || len(ms) != 0 {
			t.Errorf("a removed member is still in teams: %v %v", ms, err)
		}
		if err := s.DeleteTeam(ctx, main, web.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteTeam(ctx, main, first.ID); !errors.Is(err, store.ErrConflict) {
			t.Errorf("the last team: %v, want ErrConflict", err)
		}
	})
}
