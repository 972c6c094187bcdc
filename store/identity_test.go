package store_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

func organization(t *testing.T, s *store.Store, slug string) store.Scope {
	t.Helper()
	o, err := s.EnsureOrganization(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	return o.Scope()
}

func project(t *testing.T, s *store.Store, scope store.Scope, name string) *store.Project {
	t.Helper()
	p, _, err := s.CreateProject(t.Context(), scope, store.NewProject{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOrganizations(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		main := organization(t, s, "main")
		if again := organization(t, s, "main"); again != main {
			t.Errorf("ensured twice: %v and %v", main, again)
		}
		if _, err := s.CreateOrganization(t.Context(), "main", "Main"); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a taken slug: %v, want ErrConflict", err)
		}
		other, err := s.CreateOrganization(t.Context(), "other", "Other & Söhne")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"other", strconv.FormatInt(other.ID, 10)} {
			if o, err := s.Organization(t.Context(), other.Scope(), name); err != nil || o.Name != "Other & Söhne" {
				t.Errorf("%s: %+v, %v", name, o, err)
			}
			if _, err := s.Organization(t.Context(), main, name); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s for a stranger: %v, want ErrNotFound", name, err)
			}
		}
	})
}

func TestEnsureOrganizationAtOnce(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := s.EnsureOrganization(t.Context(), "main"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestProjectSlugs(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		main, other := organization(t, s, "main"), organization(t, s, "other")
		long := strings.Repeat("abc ", 40)
		for _, c := range []struct {
			in   store.NewProject
			want string
			err  error
		}{
			{in: store.NewProject{Name: "shop-web", Platform: "javascript"}, want: "shop-web"},
			{in: store.NewProject{Name: "Shop Web"}, want: "shop-web-2"},
			{in: store.NewProject{Name: " shop  WEB! "}, want: "shop-web-3"},
			{in: store.NewProject{Name: "Other", Slug: "shop-web"}, err: store.ErrConflict},
			{in: store.NewProject{Name: "Käse"}, want: "k-se"},
			{in: store.NewProject{Name: "日本"}, want: "project"},
			{in: store.NewProject{Name: "2048"}, want: "project-2048"}, // digits alone would be an id
			{in: store.NewProject{Name: "under_score"}, want: "under_score"},
			{in: store.NewProject{Name: long}, want: strings.TrimSuffix(strings.ReplaceAll(long, " ", "-")[:44], "-")},
			{in: store.NewProject{Name: "x", Slug: "12"}, err: store.ErrInvalid},
			{in: store.NewProject{Name: "x", Slug: "Upper"}, err: store.ErrInvalid},
			{in: store.NewProject{Name: "x", Slug: "a/b"}, err: store.ErrInvalid},
			{in: store.NewProject{Name: "x", Slug: "-a"}, err: store.ErrInvalid},
			{in: store.NewProject{Name: "x", Slug: strings.Repeat("a", 51)}, err: store.ErrInvalid},
			{in: store.NewProject{Name: ""}, err: store.ErrInvalid},
			{in: store.NewProject{Name: "a\x00b"}, err: store.ErrInvalid},
			{in: store.NewProject{Name: "a\xffb"}, err: store.ErrInvalid},
			{in: store.NewProject{Name: strings.Repeat("a", 201)}, err: store.ErrInvalid},
		} {
			p, k, err := s.CreateProject(t.Context(), main, c.in)
			if c.err != nil {
				if !errors.Is(err, c.err) {
					t.Errorf("%+v: %v, want %v", c.in, err, c.err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%+v: %v", c.in, err)
				continue
			}
			if p.Slug != c.want || p.Name != c.in.Name || p.Platform != c.in.Platform || p.ID == 0 {
				t.Errorf("%+v: got %+v, want slug %s", c.in, p, c.want)
			}
			if k.ProjectID != p.ID || k.Label != "Default" || !k.Active || len(k.PublicKey) != 32 {
				t.Errorf("%+v: first key %+v", c.in, k)
			}
		}
		if p := project(t, s, other, "shop-web"); p.Slug != "shop-web" {
			t.Errorf("another organisation's slug is %s", p.Slug)
		}
	})
}

func TestProjectsAreScoped(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		main, other := organization(t, s, "main"), organization(t, s, "other")
		b, a := project(t, s, main, "b"), project(t, s, main, "a")
		ps, err := s.Projects(t.Context(), main)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]store.Project{*a, *b}, ps); d != "" {
			t.Errorf("by slug (-want +got):\n%s", d)
		}
		for _, name := range []string{"b", strconv.FormatInt(b.ID, 10)} {
			if p, err := s.Project(t.Context(), main, name); err != nil || p.ID != b.ID {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
			if _, err := s.Project(t.Context(), other, name); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s for a stranger: %v, want ErrNotFound", name, err)
			}
		}
		name, settings := "B", `{"scrubIPAddresses":true}`
		if _, err := s.UpdateProject(t.Context(), other, b.ID, store.ProjectChange{Name: &name}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("changed by a stranger: %v, want ErrNotFound", err)
		}
		p, err := s.UpdateProject(t.Context(), main, b.ID, store.ProjectChange{Name: &name, Settings: &settings})
		if err != nil || p.Name != "B" || p.Settings != settings || p.Slug != "b" {
			t.Errorf("%+v, %v", p, err)
		}
		if p, err := s.UpdateProject(t.Context(), main, b.ID, store.ProjectChange{}); err != nil || p.Name != "B" {
			t.Errorf("nothing changed: %+v, %v", p, err)
		}
		if _, err := s.UpdateProject(t.Context(), main, b.ID, store.ProjectChange{Slug: &a.Slug}); !errors.Is(err, store.ErrConflict) {
			t.Errorf("a taken slug: %v, want ErrConflict", err)
		}
		for _, bad := range []string{"", "null", "[]", "{", `{"a":"` + strings.Repeat("x", 70_000) + `"}`} {
			if _, err := s.UpdateProject(t.Context(), main, b.ID, store.ProjectChange{Settings: &bad}); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("settings %.20s: %v, want ErrInvalid", bad, err)
			}
		}
	})
}

func TestProjectKeys(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		main, other := organization(t, s, "main"), organization(t, s, "other")
		p, q := project(t, s, main, "p"), project(t, s, main, "q")
		k, err := s.CreateKey(ctx, main, p.ID, "second")
		if err != nil {
			t.Fatal(err)
		}
		ks, err := s.ProjectKeys(ctx, main, p.ID)
		if err != nil || len(ks) != 2 {
			t.Fatalf("%+v, %v; want two keys", ks, err)
		}
		if got, err := s.ProjectKey(ctx, main, p.ID, k.PublicKey); err != nil || got.Label != "second" {
			t.Errorf("%+v, %v", got, err)
		}
		off, label := false, "renamed"
		strangers := map[string]struct {
			scope   store.Scope
			project int64
		}{"other organisation": {other, p.ID}, "other project": {main, q.ID}}
		for name, as := range strangers {
			_, getErr := s.ProjectKey(ctx, as.scope, as.project, k.PublicKey)
			_, updateErr := s.UpdateKey(ctx, as.scope, as.project, k.PublicKey, store.KeyChange{Active: &off})
			_, touchErr := s.UpdateKey(ctx, as.scope, as.project, k.PublicKey, store.KeyChange{})
			deleteErr := s.DeleteKey(ctx, as.scope, as.project, k.PublicKey)
			for what, err := range map[string]error{"get": getErr, "update": updateErr, "empty update": touchErr, "delete": deleteErr} {
				if !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s by %s: %v, want ErrNotFound", what, name, err)
				}
			}
		}
		if _, err := s.CreateKey(ctx, other, p.ID, "x"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("created by a stranger: %v, want ErrNotFound", err)
		}
		if ks, err := s.ProjectKeys(ctx, other, p.ID); err != nil || len(ks) != 0 {
			t.Errorf("listed by a stranger: %v, %v", ks, err)
		}
		if got, err := s.UpdateKey(ctx, main, p.ID, k.PublicKey, store.KeyChange{Active: &off}); err != nil || got.Active || got.Label != "second" {
			t.Errorf("disabled: %+v, %v", got, err)
		}
		if got, err := s.UpdateKey(ctx, main, p.ID, k.PublicKey, store.KeyChange{Label: &label}); err != nil || got.Active || got.Label != label {
			t.Errorf("renamed: %+v, %v", got, err)
		}
		all, err := s.AllKeys(ctx)
		if err != nil || len(all) != 3 {
			t.Fatalf("%+v, %v; want three keys", all, err)
		}
		for _, a := range all {
			if a.OrgID != main.OrgID || a.Settings != "{}" || a.Active == (a.PublicKey == k.PublicKey) {
				t.Errorf("relay key %+v", a)
			}
		}
		if err := s.DeleteKey(ctx, main, p.ID, k.PublicKey); err != nil {
			t.Error(err)
		}
		if _, err := s.ProjectKey(ctx, main, p.ID, k.PublicKey); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleted: %v, want ErrNotFound", err)
		}
	})
}
