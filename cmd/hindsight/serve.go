package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

// parts says which parts of Hindsight one process runs.
type parts struct{ relay, linker, api bool }

type (
	serveCmd  struct{}
	relayCmd  struct{}
	linkerCmd struct{}
	apiCmd    struct{}
)

// Run runs every part.
func (serveCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	return serve(ctx, s, t, parts{relay: true, linker: true, api: true})
}

// Run runs the edge alone.
func (relayCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	return serve(ctx, s, t, parts{relay: true})
}

// Run runs the linker alone.
func (linkerCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	return serve(ctx, s, t, parts{linker: true})
}

// Run runs the API and the UI alone.
func (apiCmd) Run(ctx context.Context, s *Settings, t *terminal) error {
	return serve(ctx, s, t, parts{api: true})
}

// serve is the whole program: it opens what the parts stand on, builds them, listens, and ends them
// in the order data flows.
func serve(ctx context.Context, s *Settings, t *terminal, p parts) error {
	log, flush, err := report(s, s.logger(t))
	if err != nil {
		return err
	}
	defer flush()
	ln, err := listen(s)
	if err != nil {
		return err
	}
	defer ln.Close()
	house, err := open(ctx, s, log, p)
	if err != nil {
		return err
	}
	defer house.close()

	handler, err := house.handler(s, p)
	if err != nil {
		return err
	}
	if p.api {
		if err := house.welcome(ctx, s, t); err != nil {
			return err
		}
	}
	control, err := house.listenControl(s.DataDir)
	if err != nil {
		return err
	}
	defer control.Close()

	// Data flows from the edge to the linker, so the edge ends first: the linker's context goes on
	// until every answered request is on the stream.
	work, endWork := context.WithCancel(context.WithoutCancel(ctx))
	defer endWork()
	g, work := errgroup.WithContext(work)
	house.run(work, g, p)

	srv := newServer(handler)
	g.Go(func() error { return ignoreClosed(srv.Serve(ln)) })
	if s.InternalListen != "" {
		internal, err := listenInternal(s, house)
		if err != nil {
			return err
		}
		context.AfterFunc(work, func() { internal.Close() })
		g.Go(func() error { return ignoreClosed(internal.serve()) })
	}
	fmt.Fprintf(t.Out, "Hindsight %s is ready at %s\n", version, s.BaseURL)

	select {
	case <-ctx.Done():
		log.Info("stopping")
	case <-work.Done(): // a part has failed
	}
	house.stopEdge()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = srv.Shutdown(stop)
	endWork()
	werr := g.Wait()
	switch {
	case ctx.Err() == nil: // nobody asked: never end in silence
		err = errors.Join(err, fmt.Errorf("stopped by itself: %w", werr))
	case !errors.Is(werr, context.Canceled):
		err = errors.Join(err, werr)
	}
	return err
}

// listen opens the main address, and settles the base URL when the port was left to the system.
func listen(s *Settings) (net.Listener, error) {
	ln, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w (is another Hindsight running? choose another with --listen)", s.Listen, err)
	}
	if s.BaseURL == "http://"+s.Listen {
		s.BaseURL = "http://" + ln.Addr().String()
	}
	return ln, nil
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    32 << 10,
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// streamConfig says what the stream of these parts is.
func streamConfig(s *Settings, p parts, log *slog.Logger) stream.Config {
	cfg := stream.Config{
		Dir:      filepath.Join(s.DataDir, "stream"),
		NATSURL:  s.NATSURL,
		MaxBytes: s.StreamBytes,
		Sync:     stream.Sync(s.Durability),
		Log:      log,
	}
	switch {
	case p.relay && p.linker:
		cfg.Role = stream.RoleAll
	case p.relay:
		cfg.Role = stream.RoleRelay
	default:
		cfg.Role = stream.RoleLinker
	}
	return cfg
}
