package importer

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/hindsight-dev/hindsight/store"
)

type monitor struct {
	Slug, Name, Status, Type string
	IsMuted                  bool
	Owner                    any
	Config                   map[string]any
	Project                  struct{ Slug string }
}

// monitors brings in scheduled jobs with their schedules and margins. Their runs stay where they are.
func (r *run) monitors(ctx context.Context, local map[string]*store.Project) error {
	all, err := list[monitor](ctx, r.source, r.org("monitors"), url.Values{"per_page": {"100"}})
	if err != nil && !r.absent("", "monitors", err) {
		return err
	}
	for i := range all {
		if err := r.monitor(ctx, &all[i], local); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) monitor(ctx context.Context, m *monitor, local map[string]*store.Project) error {
	p := local[m.Project.Slug]
	if p != nil {
		_, err := r.Store.Monitor(ctx, r.Scope, p.ID, m.Slug)
		if err == nil {
			r.sum.Known++
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if _, ok := local[m.Project.Slug]; !ok {
		r.note(m.Project.Slug, "monitor", m.Name, "not imported: its project is not among those of the organisation")
		return nil
	}
	if r.DryRun {
		r.sum.Monitors++
		return nil
	}
	delete(m.Config, "alert_rule_id") // a rule there
	for k, v := range m.Config {
		if v == nil {
			delete(m.Config, k)
		}
	}
	body := map[string]any{"name": m.Name, "slug": m.Slug, "project": p.Slug, "type": "cron_job", "is_muted": m.IsMuted, "config": m.Config, "owner": r.owner(m.Owner)}
	if m.Status == "disabled" {
		body["status"] = m.Status
	}
	if err := r.home.do(ctx, http.MethodPost, "organizations/"+r.home.org+"/monitors", body, nil); err != nil {
		return r.declined(p.Slug, "monitor", m.Name, err)
	}
	r.sum.Monitors++
	return nil
}

type search struct {
	Type                    int
	Name, Query, Visibility string
	Sort                    string
	IsGlobal                bool
}

// searches brings in those that the whole organisation has; a person's own are that person's.
func (r *run) searches(ctx context.Context) error {
	all, err := list[search](ctx, r.source, r.org("searches"), nil)
	if err != nil {
		if r.absent("", "saved searches", err) {
			return nil
		}
		return err
	}
	var here []search
	if r.home != nil {
		if err := r.home.do(ctx, http.MethodGet, "organizations/"+r.home.org+"/searches", nil, &here); err != nil {
			return err
		}
	}
	known := map[search]bool{}
	for _, s := range here {
		known[search{Type: s.Type, Name: s.Name, Query: s.Query}] = true
	}
	own := 0
	for _, s := range all {
		switch {
		case s.IsGlobal: // Sentry's own
		case s.Visibility != "" && s.Visibility != "organization":
			own++
		case known[search{Type: s.Type, Name: s.Name, Query: s.Query}]:
			r.sum.Known++
		case r.DryRun:
			r.sum.Searches++
		default:
			err := r.home.do(ctx, http.MethodPost, "organizations/"+r.home.org+"/searches",
				map[string]any{"type": s.Type, "name": s.Name, "query": s.Query, "sort": s.Sort, "visibility": "organization"}, nil)
			if err != nil {
				if err = r.declined("", "saved search", s.Name, err); err != nil {
					return err
				}
				continue
			}
			r.sum.Searches++
		}
	}
	if own > 0 {
		r.note("", "saved searches", "", "%d are a person's own and were not imported", own)
	}
	return nil
}
