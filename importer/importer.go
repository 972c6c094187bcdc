package importer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// Config says from where to where.
type Config struct {
	URL   string // of the other server, as people open it
	Token string
	Org   string // the slug of the organisation there

	Store  *store.Store
	Scope  store.Scope
	DryRun bool // read everything, write nothing

	DSN  func(k *store.ProjectKey) string // spells a key's address here
	Tell func(format string, args ...any) // how it goes; nil: nobody listens
}

// Summary counts what was brought in; what was there already is in Known.
type Summary struct {
	Projects, Keys, Releases, Issues int
	Known                            int
	Unassigned                       int // issues whose assignee is nobody here
	DSNs                             []MovedDSN
}

// MovedDSN is where a key's events go from now on.
type MovedDSN struct{ Project, Key, Old, New string }

type run struct {
	Config
	*source
	name  string // of the source, in the rows that remember it
	sum   Summary
	teams map[string]int64
	users map[string]*int64 // members by e-mail
}

// Run imports. What it did before an error is in the summary; run again it goes on.
func Run(ctx context.Context, cfg Config) (Summary, error) {
	base, err := url.Parse(cfg.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return Summary{}, fmt.Errorf("%q is no address of a server: it begins with https://", cfg.URL)
	}
	if cfg.Tell == nil {
		cfg.Tell = func(string, ...any) {}
	}
	r := &run{Config: cfg, source: &source{base: base, token: cfg.Token, http: &http.Client{Timeout: 2 * time.Minute}, wait: wait},
		name: base.Host + base.Path + "/" + cfg.Org, teams: map[string]int64{}, users: map[string]*int64{}}
	err = r.all(ctx)
	return r.sum, err
}

func (r *run) all(ctx context.Context) error {
	var org struct{ Slug string }
	if _, err := r.get(ctx, r.org(""), nil, &org); err != nil {
		return err
	}
	teams, err := r.Store.Teams(ctx, r.Scope, 0)
	if err != nil {
		return err
	}
	for i := range teams {
		r.teams[teams[i].Slug] = teams[i].ID
	}
	members, err := r.Store.Members(ctx, r.Scope)
	if err != nil {
		return err
	}
	for i := range members {
		r.users[members[i].Email] = &members[i].ID
	}
	var projects []project
	err = pages(ctx, r.source, r.org("projects"), nil, func(ps []project) error { projects = append(projects, ps...); return nil })
	if err != nil {
		return err
	}
	local := map[string]*store.Project{}
	for i := range projects {
		p, err := r.project(ctx, &projects[i])
		if err != nil {
			return fmt.Errorf("project %s: %w", projects[i].Slug, err)
		}
		local[projects[i].Slug] = p
		r.Tell("project %s", projects[i].Slug)
	}
	if err := r.releases(ctx, local); err != nil {
		return fmt.Errorf("releases: %w", err)
	}
	for i := range projects {
		if err := r.issues(ctx, &projects[i], local[projects[i].Slug]); err != nil {
			return fmt.Errorf("issues of %s: %w", projects[i].Slug, err)
		}
		r.Tell("issues of %s: %d new so far", projects[i].Slug, r.sum.Issues)
	}
	return nil
}

func (r *run) org(rest string) string { return "organizations/" + url.PathEscape(r.Org) + "/" + rest }

type project struct {
	ID, Slug, Name, Platform string
	Teams                    []struct{ Slug, Name string }
}

type key struct {
	Name     string
	IsActive bool
	DSN      struct{ Public string }
}

// project finds or makes a project with its teams and keys. In a dry run what is not there stays nil.
func (r *run) project(ctx context.Context, in *project) (*store.Project, error) {
	p, err := r.Store.Project(ctx, r.Scope, in.Slug)
	switch {
	case err == nil:
		r.sum.Known++
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	default:
		r.sum.Projects++
		if r.DryRun {
			return nil, nil
		}
		team := int64(0)
		if len(in.Teams) > 0 {
			if team, err = r.team(ctx, in.Teams[0].Slug, in.Teams[0].Name); err != nil {
				return nil, err
			}
		}
		if p, _, err = r.Store.CreateProject(ctx, r.Scope, store.NewProject{Name: in.Name, Slug: in.Slug, Platform: in.Platform, TeamID: team}); err != nil {
			return nil, err
		}
		for _, t := range in.Teams[min(1, len(in.Teams)):] {
			if team, err = r.team(ctx, t.Slug, t.Name); err != nil {
				return nil, err
			}
			if err := r.Store.GiveProject(ctx, r.Scope, p.ID, team); err != nil {
				return nil, err
			}
		}
	}
	return p, r.keys(ctx, in, p)
}

func (r *run) team(ctx context.Context, slug, name string) (int64, error) {
	if id, ok := r.teams[slug]; ok {
		return id, nil
	}
	t, err := r.Store.CreateTeam(ctx, r.Scope, name, slug)
	if err != nil {
		return 0, err
	}
	r.teams[slug] = t.ID
	return t.ID, nil
}

// keys gives every active key there one of the same label here: keys are secrets of a server and never the same.
func (r *run) keys(ctx context.Context, in *project, p *store.Project) error {
	if p == nil {
		return nil
	}
	have, err := r.Store.ProjectKeys(ctx, r.Scope, p.ID)
	if err != nil {
		return err
	}
	byLabel := map[string]*store.ProjectKey{}
	for i := range have {
		byLabel[have[i].Label] = &have[i]
	}
	return pages(ctx, r.source, "projects/"+url.PathEscape(r.Org)+"/"+url.PathEscape(in.Slug)+"/keys", nil, func(ks []key) error {
		for _, k := range ks {
			if !k.IsActive {
				continue
			}
			mine := byLabel[k.Name]
			if mine == nil {
				r.sum.Keys++
				if r.DryRun {
					continue
				}
				if mine, err = r.Store.CreateKey(ctx, r.Scope, p.ID, k.Name); err != nil {
					return err
				}
				byLabel[k.Name] = mine
			}
			r.sum.DSNs = append(r.sum.DSNs, MovedDSN{in.Slug, k.Name, k.DSN.Public, r.DSN(mine)})
		}
		return nil
	})
}
