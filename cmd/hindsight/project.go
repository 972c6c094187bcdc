package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/user"
	"text/tabwriter"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// mainOrganization is the slug of the organisation that is there from the start.
const mainOrganization = "main"

type projectCmd struct {
	Create projectCreateCmd `cmd:"" help:"Create a project and print its DSN."`
	List   projectListCmd   `cmd:"" help:"List projects with their DSNs."`
}

// openMain opens the database for a command, beside a running server or without one, and finds the
// main organisation. A running server also says how it is reached. What is changed with the context that it
// gives is in the audit log as the command line's.
func openMain(ctx context.Context, s *Settings) (context.Context, *store.Store, store.Scope, error) {
	ctx = store.WithActor(ctx, commandLine())
	db, err := openMigrated(ctx, s)
	if err != nil {
		return nil, nil, store.Scope{}, err
	}
	org, err := db.EnsureOrganization(ctx, mainOrganization)
	if err != nil {
		return nil, nil, store.Scope{}, errors.Join(err, db.Close())
	}
	if c := dialControl(s.DataDir); c != nil {
		if err := c.call(ctx, http.MethodGet, "/base-url", &s.BaseURL); err != nil {
			return nil, nil, store.Scope{}, errors.Join(err, db.Close())
		}
	}
	return ctx, db, org.Scope(), nil
}

// commandLine is who acts when a command changes something: whoever has this machine's account.
func commandLine() store.Actor {
	name := "command line"
	if u, err := user.Current(); err == nil {
		name += " (" + u.Username + ")"
	}
	return store.Actor{Name: name}
}

// openMigrated opens the database with an up-to-date schema.
func openMigrated(ctx context.Context, s *Settings) (*store.Store, error) {
	if err := makeDataDir(s); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, s.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", redact(s.DatabaseURL), err)
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

type projectCreateCmd struct {
	Slug     string `arg:"" help:"Its slug: lower-case letters, digits, - and _."`
	Name     string `help:"Its name; default: the slug."`
	Platform string `help:"What runs in it: javascript, node, go, python, …"`
	ExistOK  bool   `help:"When it is there already, print its DSN instead of failing." name:"exist-ok"`
}

// Run creates a project and prints its DSN, and nothing else, on stdout.
func (c projectCreateCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	ctx, db, scope, err := openMain(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	dsn, err := c.create(ctx, s, db, scope)
	if err != nil {
		return fmt.Errorf("create project %s: %w", c.Slug, err)
	}
	tellEdge(ctx, s)
	_, err = fmt.Fprintln(t.Out, dsn)
	return err
}

func (c projectCreateCmd) create(ctx context.Context, s *Settings, db *store.Store, scope store.Scope) (string, error) {
	name := c.Name
	if name == "" {
		name = c.Slug
	}
	p, key, err := db.CreateProject(ctx, scope, store.NewProject{Name: name, Slug: c.Slug, Platform: c.Platform})
	if err == nil {
		return dsn(s, p.ID, key.PublicKey)
	}
	if !errors.Is(err, store.ErrConflict) || !c.ExistOK {
		return "", err
	}
	if p, err = db.Project(ctx, scope, c.Slug); err != nil {
		return "", err
	}
	return projectDSN(ctx, s, db, scope, p)
}

// tellEdge lets a running edge know new keys at once; without one, or when it is elsewhere, the
// next refresh does.
func tellEdge(ctx context.Context, s *Settings) {
	if c := dialControl(s.DataDir); c != nil {
		_ = c.call(ctx, http.MethodPost, "/keys/refresh", nil)
	}
}

// dsn makes the address an SDK is given.
func dsn(s *Settings, projectID int64, publicKey string) (string, error) {
	base, err := baseURL(s)
	if err != nil {
		return "", err
	}
	d := envelope.DSN{Scheme: base.Scheme, PublicKey: publicKey, Host: base.Host, Path: base.Path, ProjectID: envelope.ProjectID(projectID)}
	return d.String(), nil
}

// projectDSN is the DSN of a project's first key that works.
func projectDSN(ctx context.Context, s *Settings, db *store.Store, scope store.Scope, p *store.Project) (string, error) {
	keys, err := db.ProjectKeys(ctx, scope, p.ID)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if k.Active {
			return dsn(s, p.ID, k.PublicKey)
		}
	}
	return "", fmt.Errorf("project %s has no active key", p.Slug)
}

type projectListCmd struct{}

// Run lists the organisation's projects.
func (projectListCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	ctx, db, scope, err := openMain(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	projects, err := db.Projects(ctx, scope)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.Out, 2, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSLUG\tPLATFORM\tDSN")
	for i := range projects {
		p := &projects[i]
		address, err := projectDSN(ctx, s, db, scope, p)
		if err != nil {
			address = "(no active key)"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", p.ID, p.Slug, p.Platform, address)
	}
	return w.Flush()
}
