package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hindsight-dev/hindsight/linker"
	"github.com/hindsight-dev/hindsight/store"
)

// Config says from where to where.
type Config struct {
	URL   string // of the other server, as people open it
	Token string
	Org   string // the slug of the organisation there

	Store *store.Store
	Scope store.Scope

	Reader   *linker.Foreign // reads events; nil without Events
	API      http.Handler    // this server's own, for what has settings to check: rules, monitors, …
	APIToken string          // of the organisation here, with [HomeScopes]

	Events  bool      // the latest event of each issue comes too
	Members bool      // members there are invited
	Since   time.Time // issues that were seen after it; zero: all
	DryRun  bool      // read everything, write nothing

	DSN  func(k *store.ProjectKey) string // spells a key's address here
	Tell func(format string, args ...any) // how it goes; nil: nobody listens
}

// HomeScopes are what [Config].APIToken has to be allowed: all, as nobody can invite a member who may do more than they.
func HomeScopes() []string { return store.TokenScopes() }

// Summary counts what was brought in; what was there already is in Known.
type Summary struct {
	Projects, Keys, Releases, Issues                int
	Joined                                          int // issues that are part of one that was here
	Discarded                                       int // issues of a kind that was discarded here
	Events                                          int // of issues
	WithoutEvent                                    int // issues of which the old server keeps no event
	Settings                                        int // projects that got their settings
	Rules, MetricRules, Monitors, Searches, Members int
	Known                                           int
	Unassigned                                      int // issues whose assignee is nobody here
	DSNs                                            []MovedDSN
	Notes                                           []Note
}

// MovedDSN is where a key's events go from now on.
type MovedDSN struct{ Project, Key, Old, New string }

// Note is something that did not come, or did not come whole, and why.
type Note struct{ Project, Kind, Name, Why string }

type run struct {
	Config
	*source
	home  *home
	name  string // of the source, in the rows that remember it
	sum   Summary
	teams map[string]int64
	users map[string]*int64 // members by e-mail
	there people            // of the other server

	latest, stored form // see latestPayload
}

// form is which of several forms of a request the other server knows, from 1; 0: not known yet.
type form = atomic.Int32

// Run imports. What it did before an error is in the summary; run again it goes on.
func Run(ctx context.Context, cfg Config) (Summary, error) {
	base, err := url.Parse(cfg.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return Summary{}, fmt.Errorf("%q is no address of a server: it begins with https://", cfg.URL)
	}
	if cfg.Tell == nil {
		cfg.Tell = func(string, ...any) {}
	}
	if cfg.Since.IsZero() {
		cfg.Since = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC) // before there was a Sentry to import from
	}
	r := &run{Config: cfg, source: &source{base: base, token: cfg.Token, http: &http.Client{Timeout: 2 * time.Minute}, wait: wait},
		name: base.Host + base.Path + "/" + cfg.Org, teams: map[string]int64{}, users: map[string]*int64{}}
	here, err := cfg.Store.Organization(ctx, cfg.Scope, strconv.FormatInt(cfg.Scope.OrgID, 10))
	if err != nil {
		return Summary{}, err
	}
	r.home = &home{api: cfg.API, token: cfg.APIToken, org: here.Slug}
	err = r.all(ctx)
	return r.sum, err
}

func (r *run) all(ctx context.Context) error {
	var org struct{ Slug string }
	_, err := r.get(ctx, r.org(""), nil, &org)
	var no *refused
	if errors.As(err, &no) && no.status == http.StatusNotFound {
		return fmt.Errorf("there is no organisation %q there, or the token may not see it: %w", r.Org, err)
	}
	if err != nil {
		return err
	}
	if err := r.meet(ctx); err != nil {
		return err
	}
	projects, err := list[project](ctx, r.source, r.org("projects"), nil)
	if err != nil {
		return err
	}
	local := map[string]*store.Project{}
	for i := range projects {
		in := &projects[i]
		p, err := r.project(ctx, in)
		if err != nil {
			return fmt.Errorf("project %s: %w", in.Slug, err)
		}
		local[in.Slug] = p
		if err := r.settings(ctx, in, p); err != nil {
			return fmt.Errorf("settings of project %s: %w", in.Slug, err)
		}
		r.Tell("project %s (%d of %d)", in.Slug, i+1, len(projects))
	}
	if err := r.releases(ctx, local); err != nil {
		return fmt.Errorf("releases: %w", err)
	}
	for i := range projects {
		if err := r.issues(ctx, &projects[i], local[projects[i].Slug]); err != nil {
			return fmt.Errorf("issues of %s: %w", projects[i].Slug, err)
		}
	}
	return r.watches(ctx, projects, local)
}

// watches brings in what tells people: rules, monitors, searches.
func (r *run) watches(ctx context.Context, projects []project, local map[string]*store.Project) error {
	rules, err := r.knownRules(ctx)
	if err != nil {
		return err
	}
	for i := range projects {
		in := &projects[i]
		if err := r.rules(ctx, in, local[in.Slug], rules); err != nil {
			return fmt.Errorf("rules of %s: %w", in.Slug, err)
		}
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"metric alerts", func() error { return r.metricRules(ctx, local, rules) }},
		{"monitors", func() error { return r.monitors(ctx, local) }},
		{"saved searches", func() error { return r.searches(ctx) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		r.Tell("%s", step.name)
	}
	return nil
}

func (r *run) org(rest string) string { return "organizations/" + url.PathEscape(r.Org) + "/" + rest }

func (r *run) of(p *project, rest string) string {
	return "projects/" + url.PathEscape(r.Org) + "/" + url.PathEscape(p.Slug) + "/" + rest
}

func (r *run) note(project, kind, name, why string, args ...any) {
	r.sum.Notes = append(r.sum.Notes, Note{project, kind, name, fmt.Sprintf(why, args...)})
}

// absent says whether an error means that the other server has no such thing, or keeps it from this token: the rest goes
// on without. The latter is noted.
func (r *run) absent(project, kind string, err error) bool {
	var no *refused
	if !errors.As(err, &no) {
		return false
	}
	switch no.status {
	case http.StatusForbidden:
		r.note(project, kind, "", "not read: %v", err)
		return true
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return true
	}
	return false
}

// declined notes what our own API does not take; an error that is ours stays one.
func (r *run) declined(project, kind, name string, err error) error {
	var no *declined
	if errors.As(err, &no) && no.status/100 == 4 {
		r.note(project, kind, name, "not imported: %s", cmp.Or(no.detail, http.StatusText(no.status)))
		return nil
	}
	return err
}
