package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

type storageCmd struct{}

// Run prints what is kept, by project and kind.
func (storageCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
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
	fmt.Fprintln(w, "PROJECT\tKIND\tROWS\tBYTES\tOLDEST\tKEPT\tHOW SURE")
	line := func(project string, u store.StorageUse, days int) {
		oldest := "-"
		if u.OldestMS != 0 {
			oldest = time.UnixMilli(u.OldestMS).Local().Format(time.DateOnly)
		}
		kept := "until deleted"
		if days > 0 {
			kept = fmt.Sprintf("%d days", days)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\t%s\n", project, u.Kind, u.Rows, u.Bytes, oldest, kept, u.Sure)
	}
	spanDays := 0
	for i := range projects {
		doc, err := settings.Parse([]byte(projects[i].Settings))
		if err != nil { // kept as the server does
			fmt.Fprintf(t.Err, "Settings of %s cannot be read, it is kept as the server does: %v\n", projects[i].Slug, err)
		}
		days := func(kind string) int { return store.KeptDays(kind, &doc, s.retention(), s.recordings()) }
		spanDays = max(spanDays, days(store.StorageSpans))
		uses, err := db.StorageOfProject(ctx, scope, projects[i].ID)
		if err != nil {
			return err
		}
		for _, u := range uses {
			line(projects[i].Slug, u, days(u.Kind))
		}
	}
	spans, err := db.StorageOfSpans(ctx, scope)
	if err != nil {
		return err
	}
	line("(all)", spans, spanDays)
	if err := w.Flush(); err != nil {
		return err
	}
	st, err := db.Stats(ctx)
	if err != nil {
		return err
	}
	free, all := diskRoom(s.DataDir)
	_, err = fmt.Fprintf(t.Err, "Database: %d bytes (%s), of these %d free inside. Disk: %d of %d bytes free.\n", st.Bytes, st.Engine, st.FreeBytes, free, all)
	return err
}
