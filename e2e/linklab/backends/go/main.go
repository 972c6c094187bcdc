// Command go is the link lab's shop in Go: one page, one address that always fails. It is built twice, with
// the sentry-go of today and with v0.20, and prints a JSON line for every error it reports.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/getsentry/sentry-go"
	sentryhttp "github.com/getsentry/sentry-go/http"
)

// shop serves the page and reports what goes wrong.
type shop struct {
	page string

	mu  sync.Mutex
	out *json.Encoder
}

// reported is the truth about one error, for the lab.
type reported struct {
	Visit   string `json:"visit"`
	Step    string `json:"step"`
	EventID string `json:"event_id"`
	At      int64  `json:"at"` // Unix ms
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	page, err := os.ReadFile(os.Getenv("LAB_HTML"))
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	tracing := os.Getenv("LAB_TRACING") == "on"
	options := sentry.ClientOptions{Dsn: os.Getenv("SENTRY_DSN"), Release: "lab-go@1.0.0", Environment: "lab", EnableTracing: tracing}
	if tracing {
		options.TracesSampleRate = 1
	}
	if err := sentry.Init(options); err != nil {
		return fmt.Errorf("start sentry-go: %w", err)
	}
	s := &shop{page: string(page), out: json.NewEncoder(os.Stdout)}
	mux := http.NewServeMux()
	mux.HandleFunc("/shop", s.showPage)
	mux.HandleFunc("/api/checkout", s.checkout)
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: sentryhttp.New(sentryhttp.Options{}).Handle(mux), ReadHeaderTimeout: 10 * time.Second}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = server.Close()
	}
	if !sentry.Flush(10 * time.Second) {
		return errors.Join(err, errors.New("sentry-go could not send everything"))
	}
	return err
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *shop) fail(r *http.Request, step string, err error) {
	hub := sentry.GetHubFromContext(r.Context())
	if user := cookie(r, "lab_user"); user != "" {
		hub.Scope().SetUser(sentry.User{ID: user})
	}
	at := time.Now().UnixMilli()
	id := hub.CaptureException(err)
	if id == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.out.Encode(reported{cookie(r, "lab_visit"), step, string(*id), at}); err != nil {
		log.Print("say what was reported: ", err)
	}
}

func (s *shop) showPage(w http.ResponseWriter, r *http.Request) {
	tags := ""
	if strings.HasPrefix(cookie(r, "lab_setup"), "ssr") {
		tags = metaTags(r.Context())
		s.fail(r, "page", fmt.Errorf("no recommendations for %s", cookie(r, "lab_visit")))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprint(w, strings.Replace(s.page, "<!--trace-->", tags, 1)) // a visitor who left
}

func (s *shop) checkout(w http.ResponseWriter, r *http.Request) {
	var order struct {
		Step string `json:"step"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&order); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.fail(r, order.Step, fmt.Errorf("the bank declined the %s payment of %s", order.Step, cookie(r, "lab_visit")))
	http.Error(w, `{"error":"payment failed"}`, http.StatusInternalServerError)
}
