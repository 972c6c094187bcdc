package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

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
	fmt.Fprintln(w, "PROJECT\tKIND\tROWS\tBYTES\tOLDEST\tHOW SURE")
	line := func(project string, u store.StorageUse) {
		oldest := "-"
		if u.OldestMS != 0 {
			oldest = time.UnixMilli(u.OldestMS).Local().Format(time.DateOnly)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", project, u.Kind, u.Rows, u.Bytes, oldest, u.Sure)
	}
	for i := range projects {
		uses, err := db.StorageOfProject(ctx, scope, projects[i].ID)
		if err != nil {
			return err
		}
		for _, u := range uses {
			line(projects[i].Slug, u)
		}
	}
	spans, err := db.StorageOfSpans(ctx, scope)
	if err != nil {
		return err
	}
	line("(all)", spans)
	if err := w.Flush(); err != nil {
		return err
	}
	st, err := db.Stats(ctx)
	if err != nil {
		return err
	}
	free, all := diskRoom(s.DataDir)
	_, err = fmt.Fprintf(t.Err, "Database: %d bytes (%s). Disk: %d of %d bytes free.\n", st.Bytes, st.Engine, free, all)
	return err
}
