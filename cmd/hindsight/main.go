package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// terminal is where a command speaks: results on Out, words for people on Err.
type terminal struct {
	Out, Err io.Writer
}

// errExit carries kong's wish to end (--help, --version) out of the parser.
type errExit int

func (e errExit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// run is the program: everything but the operating system. It gives the exit code.
func run(ctx context.Context, args []string, lookupEnv func(string) (string, bool), stdout, stderr io.Writer) (code int) {
	defer func() {
		if exit, ok := recover().(errExit); ok {
			code = int(exit)
		}
	}()
	err := parseAndRun(ctx, args, lookupEnv, stdout, stderr)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "hindsight:", err)
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		return 2
	}
	return 1
}

func parseAndRun(ctx context.Context, args []string, lookupEnv func(string) (string, bool), stdout, stderr io.Writer) error {
	var cli CLI
	parser, err := kong.New(&cli,
		kong.Name("hindsight"),
		kong.Description("Error tracking with the replay of the session that caused it. Speaks Sentry's protocol: change only the DSN."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(errExit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Vars{"version": version},
		kong.Resolvers(environment(lookupEnv)),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&terminal{Out: stdout, Err: stderr}),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err
	}
	cli.Settings.defaults()
	if err := cli.Settings.Check(); err != nil {
		return err
	}
	return command.Run(&cli.Settings)
}
