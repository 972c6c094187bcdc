package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/hindsight-dev/hindsight/importer"
	"github.com/hindsight-dev/hindsight/store"
)

type importSentryCmd struct {
	URL    string `help:"The other server, as people open it: https://sentry.io, https://glitchtip.example.com." required:"" name:"url"`
	Token  string `help:"A token of the other server with org:read, project:read, project:releases and event:read." required:"" env:"HINDSIGHT_IMPORT_TOKEN"`
	Org    string `help:"The slug of the organisation there." required:""`
	DryRun bool   `help:"Read everything and say what would be new; write nothing." name:"dry-run"`
}

// Run imports, and prints where SDKs that used a key are to send from now on. It can be stopped and run again.
func (c importSentryCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	db, scope, err := openMain(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := baseURL(s); err != nil {
		return err
	}
	sum, err := importer.Run(ctx, importer.Config{URL: c.URL, Token: c.Token, Org: c.Org, Store: db, Scope: scope, DryRun: c.DryRun,
		DSN: func(k *store.ProjectKey) string {
			address, _ := dsn(s, k.ProjectID, k.PublicKey) // fails as baseURL did not
			return address
		},
		Tell: func(format string, args ...any) { fmt.Fprintf(t.Err, format+"\n", args...) }})
	if !c.DryRun {
		tellEdge(ctx, s)
	}
	if len(sum.DSNs) > 0 {
		w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "PROJECT\tKEY\tOLD DSN\tNEW DSN")
		for _, d := range sum.DSNs {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Project, d.Key, d.Old, d.New)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	word := "new"
	if c.DryRun {
		word = "would be new"
	}
	fmt.Fprintf(t.Out, "%s: %d projects, %d keys, %d releases, %d issues (%d of them assigned to somebody who is not here); %d were there already\n",
		word, sum.Projects, sum.Keys, sum.Releases, sum.Issues, sum.Unassigned, sum.Known)
	if err != nil {
		return fmt.Errorf("stopped; run it again to go on: %w", err)
	}
	return nil
}
