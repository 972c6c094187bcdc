package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hindsight-dev/hindsight/store"
)

// starters are the projects of a new Hindsight: one for each side of an app.
var starters = []store.NewProject{
	{Name: "Frontend", Slug: "frontend", Platform: "javascript"},
	{Name: "Backend", Slug: "backend", Platform: "go"},
}

// adminEmail is the first user, who signs in by the link printed at the start.
const adminEmail = "admin@localhost"

// welcome makes sure that there is an organisation, two projects and somebody who can sign in, and
// tells people how to go on: until the first sign-in, with a fresh link at each start.
func (h *house) welcome(ctx context.Context, s *Settings, t *terminal) error {
	ctx = store.WithActor(ctx, store.Actor{Name: "first start"})
	org, err := h.store.EnsureOrganization(ctx, mainOrganization)
	if err != nil {
		return fmt.Errorf("main organisation: %w", err)
	}
	scope := org.Scope()
	admin, err := h.firstUser(ctx, scope)
	if err != nil {
		return err
	}
	projects, err := h.store.Projects(ctx, scope)
	if err != nil {
		return err
	}
	if len(projects) == 0 {
		for _, p := range starters {
			if _, _, err := h.store.CreateProject(ctx, scope, p); err != nil {
				return fmt.Errorf("starter project %s: %w", p.Slug, err)
			}
		}
		if h.keys != nil {
			if err := h.keys.Refresh(ctx); err != nil {
				return err
			}
		}
	}
	if admin != nil {
		link, err := signInLink(ctx, s, h.store, admin)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Out, "\nSign in (once): %s\n", link)
	}
	fmt.Fprintln(t.Out)
	for _, starter := range starters {
		p, err := h.store.Project(ctx, scope, starter.Slug)
		if err != nil {
			continue // renamed or deleted since: nothing to show
		}
		address, err := projectDSN(ctx, s, h.store, scope, p)
		if err != nil {
			continue // its key was switched off
		}
		fmt.Fprintf(t.Out, "DSN of %-9s %s\n", starter.Slug+":", address)
	}
	fmt.Fprintln(t.Out)
	return nil
}

// firstUser gives the first user as long as they are alone and have never signed in, creating them
// when there is nobody at all. nil: people have their own way in.
func (h *house) firstUser(ctx context.Context, scope store.Scope) (*store.User, error) {
	users, err := h.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	switch users {
	case 0:
		u, err := h.store.CreateUser(ctx, store.NewUser{Email: adminEmail, Name: "Admin"})
		if err != nil {
			return nil, fmt.Errorf("first user: %w", err)
		}
		if err := h.store.SetMember(ctx, scope, u.ID, "owner"); err != nil {
			return nil, fmt.Errorf("first user: %w", err)
		}
		return u, nil
	case 1:
		u, err := h.store.UserByEmail(ctx, adminEmail)
		if errors.Is(err, store.ErrNotFound) || err == nil && u.LastLoginMS != nil {
			return nil, nil
		}
		return u, err
	default:
		return nil, nil
	}
}
