package main

import (
	"context"
	"fmt"
)

type migrateCmd struct{}

// Run brings the schema up to date.
func (migrateCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	db, err := openMigrated(ctx, s)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.Err, "The schema is up to date.")
	return db.Close()
}
