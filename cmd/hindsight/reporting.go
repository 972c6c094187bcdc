package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/getsentry/sentry-go"
)

// reporter sends what is logged as an error to Hindsight's own error tracker as well: an ordinary
// Sentry DSN, this server's or another's.
type reporter struct {
	slog.Handler
	hub   *sentry.Hub
	attrs []slog.Attr
}

// report makes log report its errors to s.SentryDSN, if there is one. flush waits for what is under way.
func report(s *Settings, log *slog.Logger) (_ *slog.Logger, flush func(), err error) {
	if s.SentryDSN == "" {
		return log, func() {}, nil
	}
	client, err := sentry.NewClient(sentry.ClientOptions{Dsn: s.SentryDSN, Release: "hindsight@" + version, AttachStacktrace: true})
	if err != nil {
		return nil, nil, fmt.Errorf("sentry-dsn: %w", err)
	}
	hub := sentry.NewHub(client, sentry.NewScope())
	return slog.New(&reporter{Handler: log.Handler(), hub: hub}), func() { hub.Flush(2 * time.Second) }, nil
}

// Handle implements slog.Handler.
func (r *reporter) Handle(ctx context.Context, rec slog.Record) error {
	if rec.Level >= slog.LevelError {
		r.capture(rec)
	}
	return r.Handler.Handle(ctx, rec)
}

// capture reports a record: its error when it has one, with the message and the facts beside it.
func (r *reporter) capture(rec slog.Record) {
	facts := sentry.Context{"message": rec.Message}
	var cause error
	note := func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok && cause == nil {
			cause = err
		}
		facts[a.Key] = a.Value.String()
		return true
	}
	for _, a := range r.attrs {
		note(a)
	}
	rec.Attrs(note)
	if cause == nil {
		cause = errors.New(rec.Message)
	}
	r.hub.WithScope(func(scope *sentry.Scope) {
		scope.SetContext("log", facts)
		r.hub.CaptureException(fmt.Errorf("%s: %w", rec.Message, cause))
	})
}

// WithAttrs implements slog.Handler.
func (r *reporter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &reporter{Handler: r.Handler.WithAttrs(attrs), hub: r.hub, attrs: append(append([]slog.Attr{}, r.attrs...), attrs...)}
}

// WithGroup implements slog.Handler.
func (r *reporter) WithGroup(name string) slog.Handler {
	return &reporter{Handler: r.Handler.WithGroup(name), hub: r.hub, attrs: r.attrs}
}
