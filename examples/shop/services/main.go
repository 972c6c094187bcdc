package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/getsentry/sentry-go"
	sentryhttp "github.com/getsentry/sentry-go/http"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: services auth|inventory|payment")
	}
	name := os.Args[1]
	mux := http.NewServeMux()
	switch name {
	case "auth":
		auth(mux)
	case "inventory":
		s, err := openStock(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		s.routes(mux)
	case "payment":
		p := &Payment{inventory: os.Getenv("INVENTORY_URL")}
		p.routes(mux)
	default:
		return fmt.Errorf("no service %q", name)
	}

	err := sentry.Init(sentry.ClientOptions{
		Dsn:              os.Getenv("SENTRY_DSN"),
		Release:          name + "@1.9.3",
		Environment:      "demo",
		ServerName:       name,
		EnableTracing:    true,
		TracesSampleRate: 1,
		AttachStacktrace: true,
	})
	if err != nil {
		return fmt.Errorf("start sentry: %w", err)
	}
	defer sentry.Flush(2 * time.Second)

	srv := &http.Server{
		Addr:              "127.0.0.1:" + os.Getenv("PORT"),
		Handler:           steady(sentryhttp.New(sentryhttp.Options{Repanic: true}).Handle(who(mux))),
		ReadHeaderTimeout: 5 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.ListenAndServe() }()
	log.Printf("%s on %s", name, srv.Addr)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return srv.Shutdown(context.WithoutCancel(ctx))
	}
}

// steady answers 500 where a handler panicked; sentryhttp has reported it by then.
func steady(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				reply(w, http.StatusInternalServerError, map[string]string{"detail": "internal"})
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// who puts the shop's user on the request's events.
func who(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hub := sentry.GetHubFromContext(r.Context()); hub != nil {
			hub.Scope().SetUser(sentry.User{Email: cmp.Or(r.Header.Get("X-Shop-User"), "anonymous")})
		}
		next.ServeHTTP(w, r)
	})
}

// fault says whether the shop's visitor switched a fault on.
func fault(r *http.Request, name string) bool {
	for f := range strings.SplitSeq(r.Header.Get("X-Shop-Faults"), ",") {
		if f == name {
			return true
		}
	}
	return false
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller is gone: nobody to tell
}
