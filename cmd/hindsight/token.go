package main

import (
	"context"
	"fmt"

	"github.com/hindsight-dev/hindsight/store"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Create an API token and print it; it is not shown again."`
}

type tokenCreateCmd struct {
	Scopes []string `help:"What it may do, like org:read,project:read,event:read." required:""`
	Name   string   `help:"What it is for." default:"command line"`
}

// Run creates a token of the main organisation and prints it, and nothing else, on stdout.
func (c tokenCreateCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	ctx, db, scope, err := openMain(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close()
	token, _, err := db.CreateToken(ctx, scope, store.NewToken{Name: c.Name, Scopes: c.Scopes})
	if err != nil {
		return fmt.Errorf("create token: %w", err)
	}
	_, err = fmt.Fprintln(t.Out, token)
	return err
}
