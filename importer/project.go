package importer

import (
	"context"
	"errors"

	"github.com/hindsight-dev/hindsight/store"
)

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
	return pages(ctx, r.source, r.of(in, "keys"), nil, func(ks []key, _ int) error {
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
