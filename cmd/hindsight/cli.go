package main

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// CLI is the command line.
type CLI struct {
	Settings

	Serve  serveCmd  `cmd:"" help:"Run everything in one process (the usual way)."`
	Relay  relayCmd  `cmd:"" help:"Run the edge alone: takes envelopes, publishes them to a NATS cluster."`
	Linker linkerCmd `cmd:"" help:"Run the linker alone: stores what is on the NATS cluster."`
	API    apiCmd    `cmd:"" name:"api" help:"Run the API and the UI alone."`

	Migrate     migrateCmd     `cmd:"" help:"Bring the database's schema up to date."`
	Project     projectCmd     `cmd:"" help:"Create and list projects."`
	Import      importCmd      `cmd:"" help:"Bring in what was stored elsewhere."`
	Quota       quotaCmd       `cmd:"" help:"Limits that count all projects together."`
	Token       tokenCmd       `cmd:"" help:"Create API tokens."`
	User        userCmd        `cmd:"" help:"Create users, and links to sign in."`
	DeadLetters deadLettersCmd `cmd:"" name:"dead-letters" help:"Look at messages that could not be stored; send them again."`
	Storage     storageCmd     `cmd:"" help:"Print what is kept, by project and kind."`
	Doctor      doctorCmd      `cmd:"" help:"Check the settings, the database, the stream and the blob store."`
	Version     versionCmd     `cmd:"" help:"Print the version."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(t *terminal) error {
	_, err := fmt.Fprintln(t.Out, version)
	return err
}
