// Command goold sends all the telemetry of the oldest sentry-go that is supported: errors still go
// to the store endpoint, and there are no logs, metrics, check-ins or attachments.
//
//	SENTRY_DSN=… go run .
//
// The SDK's debug log goes to stderr; a line `SENT {…}` on stdout has the ids of what was sent.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"
	sentryhttp "github.com/getsentry/sentry-go/http"
)

type orderError struct{ ID string }

func (e *orderError) Error() string { return "order " + e.ID + " failed" }

func chargeCard(id string) error { return fmt.Errorf("charge: %w", &orderError{ID: id}) }

type sent map[string]any

func main() {
	err := sentry.Init(sentry.ClientOptions{
		Dsn: os.Getenv("SENTRY_DSN"), Debug: true, DebugWriter: os.Stderr,
		Release: "shop@1.2.3", Dist: "77", Environment: "staging", ServerName: "shop-1",
		EnableTracing: true, TracesSampleRate: 1, AttachStacktrace: true, SendDefaultPII: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	ids := sent{"sdk": sentry.SDKVersion}
	ids.errors()
	ids.spans()
	if !sentry.Flush(5 * time.Second) {
		log.Fatal("not flushed in time")
	}
	line, err := json.Marshal(ids)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("SENT", string(line))
}

func (ids sent) errors() {
	sentry.ConfigureScope(func(s *sentry.Scope) {
		s.SetUser(sentry.User{ID: "42", Email: "jane@example.com", Username: "jane"})
		s.SetTag("shop.region", "eu-west")
		s.SetTag("shop.note", "çødé ☃")
		s.SetContext("cart", map[string]any{"items": 3, "list": []any{1, "two", nil}, "wide": 12345678901234})
		s.SetExtra("raw", map[string]any{"list": []any{1, "two", nil, true}})
	})
	sentry.AddBreadcrumb(&sentry.Breadcrumb{Category: "auth", Message: "logged in", Level: sentry.LevelInfo, Data: map[string]any{"method": "password"}})
	var handled []*sentry.EventID
	for range 2 {
		handled = append(handled, sentry.CaptureException(chargeCard("o-1")))
	}
	ids["handled"] = handled
	sentry.WithScope(func(s *sentry.Scope) {
		s.SetLevel(sentry.LevelWarning)
		ids["message"] = sentry.CaptureMessage("the shop is slow")
	})
	e := sentry.NewEvent()
	e.Message, e.Level, e.Logger, e.Fingerprint = "order o-1 failed for jane", sentry.LevelFatal, "shop.orders", []string{"orders", "o-1"}
	ids["fingerprint"] = sentry.CaptureEvent(e)
	sentry.WithScope(func(s *sentry.Scope) {
		s.SetContext("big", map[string]any{"text": strings.Repeat("lorem ipsum dolor ", 3000)})
		ids["large"] = sentry.CaptureException(errors.New("a large error"))
	})
	func() {
		defer func() { ids["panic"] = sentry.CurrentHub().Recover(recover()) }()
		var prices map[string]int
		prices["tea"] = 1
	}()
}

// spans serves one request that fails: the middleware's transaction, and a panic nobody handles.
func (ids sent) spans() {
	h := sentryhttp.New(sentryhttp.Options{}).HandleFunc(func(_ http.ResponseWriter, r *http.Request) {
		root := sentry.TransactionFromContext(r.Context())
		ids["trace"] = root.TraceID.String()
		s := sentry.StartSpan(r.Context(), "db.query")
		s.Description = "SELECT * FROM orders"
		s.SetData("db.system", "postgresql")
		s.Finish()
		task := sentry.StartSpan(r.Context(), "task")
		task.Description = "charge"
		ids["inTrace"] = sentry.GetHubFromContext(task.Context()).CaptureException(errors.New("charge failed"))
		task.Status = sentry.SpanStatusInternalError
		task.Finish()
		panic("nobody catches me")
	})
	r := httptest.NewRequest(http.MethodPost, "http://shop.example.com/orders/1?page=2", strings.NewReader(`{"card":"visa"}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(httptest.NewRecorder(), r)
}
