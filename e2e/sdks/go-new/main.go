// Command gonew sends all the telemetry of the newest sentry-go.
//
//	SENTRY_DSN=… go run .
//
// The SDK's debug log goes to stderr; a line `SENT {…}` on stdout has the ids of what was sent.
package main

import (
	"context"
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
	"github.com/getsentry/sentry-go/attribute"
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
		BeforeSend: func(e *sentry.Event, _ *sentry.EventHint) *sentry.Event {
			if e.Message == "drop me" {
				return nil
			}
			return e
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	ids := sent{"sdk": sentry.SDKVersion}
	ids.errors()
	ids.spans()
	ids.telemetry()
	sentry.Flush(5 * time.Second)
	sentry.CaptureMessage("drop me")
	sentry.CaptureMessage("the end") // client reports ride on the next envelope
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
	})
	sentry.AddBreadcrumb(&sentry.Breadcrumb{Category: "auth", Message: "logged in", Level: sentry.LevelInfo, Data: map[string]any{"method": "password"}})
	var handled []*sentry.EventID
	for range 2 {
		handled = append(handled, sentry.CaptureException(chargeCard("o-1")))
	}
	ids["handled"] = handled
	sentry.CaptureException(errors.Join(errors.New("first"), fmt.Errorf("second: %w", os.ErrNotExist)))
	sentry.WithScope(func(s *sentry.Scope) {
		s.SetLevel(sentry.LevelWarning)
		ids["message"] = sentry.CaptureMessage("the shop is slow")
	})
	e := sentry.NewEvent()
	e.Message, e.Level, e.Logger, e.Fingerprint = "order o-1 failed for jane", sentry.LevelFatal, "shop.orders", []string{"orders", "o-1"}
	ids["fingerprint"] = sentry.CaptureEvent(e)
	sentry.WithScope(func(s *sentry.Scope) {
		s.AddAttachment(&sentry.Attachment{Filename: "app.log", ContentType: "text/plain", Payload: []byte("line one\nline two\n\n")})
		s.AddAttachment(&sentry.Attachment{Filename: "blob.bin", Payload: []byte{0, 10, 13, 255, 254, 10, 10, 0}})
		s.AddAttachment(&sentry.Attachment{Filename: "empty.txt", ContentType: "text/plain"})
		ids["attachment"] = sentry.CaptureException(errors.New("with attachments"))
	})
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
		s := sentry.StartSpan(r.Context(), "db.query", sentry.WithDescription("SELECT * FROM orders"))
		s.SetData("db.system", "postgresql")
		sentry.NewLogger(s.Context()).Info().Emit("inside a span")
		s.Finish()
		task := sentry.StartSpan(r.Context(), "task", sentry.WithDescription("charge"))
		ids["inTrace"] = sentry.GetHubFromContext(task.Context()).CaptureException(errors.New("charge failed"))
		task.Status = sentry.SpanStatusInternalError
		task.Finish()
		panic("nobody catches me")
	})
	r := httptest.NewRequest(http.MethodPost, "http://shop.example.com/orders/1?page=2", strings.NewReader(`{"card":"visa"}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(httptest.NewRecorder(), r)
}

func (ids sent) telemetry() {
	ctx := context.Background()
	config := &sentry.MonitorConfig{Schedule: sentry.CrontabSchedule("0 3 * * *"), CheckInMargin: 5, MaxRuntime: 30, Timezone: "Europe/Vienna", FailureIssueThreshold: 2, RecoveryThreshold: 1}
	id := sentry.CaptureCheckIn(&sentry.CheckIn{MonitorSlug: "nightly-report", Status: sentry.CheckInStatusInProgress}, config)
	sentry.CaptureCheckIn(&sentry.CheckIn{ID: *id, MonitorSlug: "nightly-report", Status: sentry.CheckInStatusOK, Duration: 100 * time.Millisecond}, config)
	_ = sentry.WithMonitor("hourly-sync", &sentry.MonitorConfig{Schedule: sentry.IntervalSchedule(1, sentry.MonitorScheduleUnitHour)}, func() error { return errors.New("sync failed") })

	l := sentry.NewLogger(ctx)
	l.Debug().String("key", "value").Emit("debug log")
	l.Warn().Int("items", 3).Float64("ratio", 0.25).Bool("ok", true).StringSlice("tags", []string{"x", "y"}).Emitf("cart %s has %d items", "c-1", 3)
	l.Error().Emit("error log")

	m := sentry.NewMeter(ctx)
	m.Count("orders.created", 3, sentry.WithAttributes(attribute.String("region", "eu"), attribute.Bool("vip", true)))
	m.Gauge("queue.depth", 17.5)
	m.Distribution("request.latency", 123.4, sentry.WithUnit("millisecond"))
}
