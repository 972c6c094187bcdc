package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// quotaCmd is about limits that count all projects together; those of one project are among its rules.
type quotaCmd struct {
	List   quotaListCmd   `cmd:"" help:"List the limits over all projects."`
	Set    quotaSetCmd    `cmd:"" help:"Set a limit over all projects, new or in place of the one with its name."`
	Remove quotaRemoveCmd `cmd:"" help:"Remove a limit."`
}

type quotaListCmd struct{}

// Run lists the organisation's quotas.
func (quotaListCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	return editQuotas(ctx, s, func(list []settings.Quota) ([]settings.Quota, error) {
		w := tabwriter.NewWriter(t.Out, 2, 8, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tLIMIT\tPER\tCATEGORIES")
		for _, q := range list {
			categories := strings.Join(q.Categories, ",")
			if categories == "" {
				categories = "all"
			}
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", q.ID, q.Limit, time.Duration(q.WindowSeconds)*time.Second, categories)
		}
		return nil, w.Flush()
	})
}

type quotaSetCmd struct {
	ID         string        `arg:"" name:"name" help:"Names its counter: letters, digits, _ and -."`
	Limit      int64         `arg:"" help:"Items let through in a window (bytes for attachment); 0 refuses everything."`
	Per        time.Duration `help:"The window, 1s to 744h." default:"1h"`
	Categories []string      `help:"Data categories, like error,transaction; none: all."`
}

// Run sets one quota.
func (c quotaSetCmd) Run(ctx context.Context, s *Settings) error {
	q := settings.Quota{ID: c.ID, Scope: settings.ScopeProject, Categories: c.Categories, Limit: c.Limit, WindowSeconds: int(c.Per / time.Second)}
	return editQuotas(ctx, s, func(list []settings.Quota) ([]settings.Quota, error) {
		if i := slices.IndexFunc(list, func(old settings.Quota) bool { return old.ID == c.ID }); i >= 0 {
			list[i] = q
			return list, nil
		}
		return append(list, q), nil
	})
}

type quotaRemoveCmd struct {
	ID string `arg:"" name:"name" help:"The limit's name."`
}

// Run removes one quota.
func (c quotaRemoveCmd) Run(ctx context.Context, s *Settings) error {
	return editQuotas(ctx, s, func(list []settings.Quota) ([]settings.Quota, error) {
		kept := slices.DeleteFunc(slices.Clone(list), func(q settings.Quota) bool { return q.ID == c.ID })
		if len(kept) == len(list) {
			return nil, fmt.Errorf("no limit is named %q: %w", c.ID, store.ErrNotFound)
		}
		return kept, nil
	})
}

// editQuotas reads the main organisation's quotas and stores what edit makes of them; nil: nothing.
func editQuotas(ctx context.Context, s *Settings, edit func([]settings.Quota) ([]settings.Quota, error)) error {
	ctx, db, scope, err := openMain(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	org, err := db.Organization(ctx, scope, mainOrganization)
	if err != nil {
		return err
	}
	var list []settings.Quota
	if err := json.Unmarshal([]byte(org.Quotas), &list); err != nil {
		return fmt.Errorf("quotas of the organisation: %w", err)
	}
	list, err = edit(list)
	if err != nil || list == nil {
		return err
	}
	if err := db.SetOrganizationQuotas(ctx, scope, list); err != nil {
		return fmt.Errorf("set quotas: %w", err)
	}
	tellEdge(ctx, s)
	return nil
}
