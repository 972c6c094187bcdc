package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/importer"
	"github.com/hindsight-dev/hindsight/linker"
	"github.com/hindsight-dev/hindsight/store"
)

type importSentryCmd struct {
	URL     string    `help:"The other server, as people open it: https://sentry.io, https://glitchtip.example.com." required:"" name:"url"`
	Token   string    `help:"A token of the other server with org:read, project:read, project:releases, event:read, team:read, member:read and alerts:read." required:"" env:"HINDSIGHT_IMPORT_TOKEN"`
	Org     string    `help:"The slug of the organisation there." required:""`
	Events  string    `help:"latest: the latest event of each issue comes too, so that the next one of the same cause finds it. none: issues come without." enum:"latest,none" default:"latest"`
	Since   time.Time `help:"Only issues that were seen since this day, 2026-01-31. All of them when it is left out." format:"2006-01-02"`
	Members bool      `help:"Invite the members there who are not here."`
	DryRun  bool      `help:"Read everything and say what would be new; write nothing." name:"dry-run"`
}

// importTokenAge is how long a token of a run that was killed works at most.
const importTokenAge = 24 * time.Hour

// Run imports, and prints where SDKs that used a key are to send from now on. It can be stopped and run again.
func (c importSentryCmd) Run(ctx context.Context, s *Settings, t *terminal) (err error) {
	ctx, db, scope, err := openMain(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	base, err := baseURL(s)
	if err != nil {
		return err
	}
	blobs, err := store.OpenBlobs(ctx, s.BlobsURL)
	if err != nil {
		return err
	}
	box, err := s.box()
	if err != nil {
		return err
	}
	expires := time.Now().Add(importTokenAge)
	token, row, err := db.CreateToken(ctx, scope, store.NewToken{Name: "hindsight import", Scopes: importer.HomeScopes(), Expires: &expires})
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, db.DeleteToken(context.WithoutCancel(ctx), scope, nil, row.ID))
	}()
	own := api.New(api.Config{Store: db, Blobs: blobs, BaseURL: base, Secrets: box, Mail: s.SMTPHost != "", Version: version, Log: slog.New(slog.DiscardHandler)})
	sum, err := importer.Run(ctx, importer.Config{URL: c.URL, Token: c.Token, Org: c.Org, Store: db, Scope: scope, DryRun: c.DryRun,
		Events: c.Events == "latest", Members: c.Members, Since: c.Since, Reader: linker.NewForeign(db, blobs), API: own, APIToken: token,
		DSN: func(k *store.ProjectKey) string {
			address, _ := dsn(s, k.ProjectID, k.PublicKey) // fails as baseURL did not
			return address
		},
		Tell: func(format string, args ...any) { fmt.Fprintf(t.Err, format+"\n", args...) }})
	if !c.DryRun {
		tellEdge(ctx, s)
	}
	if err := c.print(t.Out, &sum); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("stopped; run it again to go on: %w", err)
	}
	return nil
}

// print says what came, what did not, and where SDKs send from now on.
func (c importSentryCmd) print(out io.Writer, sum *importer.Summary) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(sum.DSNs) > 0 {
		fmt.Fprintln(w, "PROJECT\tKEY\tOLD DSN\tNEW DSN")
		for _, d := range sum.DSNs {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Project, d.Key, d.Old, d.New)
		}
		fmt.Fprintln(w)
	}
	if len(sum.Notes) > 0 {
		fmt.Fprintln(w, "PROJECT\tWHAT\tNAME\tNOTE")
		for _, n := range sum.Notes {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", orDash(n.Project), n.Kind, orDash(n.Name), n.Why)
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	word := "new"
	if c.DryRun {
		word = "would be new"
	}
	_, err := fmt.Fprintf(out, `%s: %d projects, %d keys, %d releases, %d issues, %d events of them
%s: %d alert rules, %d metric alerts, %d monitors, %d saved searches, %d invitations; %d projects got their settings
%d were there already
`, word, sum.Projects, sum.Keys, sum.Releases, sum.Issues, sum.Events, word, sum.Rules, sum.MetricRules, sum.Monitors, sum.Searches, sum.Members, sum.Settings, sum.Known)
	for _, line := range []struct {
		n    int
		what string
	}{
		{sum.Joined, "issues are part of one that was here: their events group together"},
		{sum.Discarded, "issues are of a kind that was deleted and discarded here"},
		{sum.WithoutEvent, "issues have no event there: the next one of their cause makes an issue of its own"},
		{sum.Unassigned, "issues are assigned to somebody who is not here"},
	} {
		if line.n > 0 && err == nil {
			_, err = fmt.Fprintf(out, "%d %s\n", line.n, line.what)
		}
	}
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
