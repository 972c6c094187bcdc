package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestErrorsAreReported sends logged errors, and only those, to the DSN.
func TestErrorsAreReported(t *testing.T) {
	got := make(chan string, 8)
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- string(b)
	}))
	defer sink.Close()
	s := &Settings{SentryDSN: strings.Replace(sink.URL, "://", "://0123456789abcdef0123456789abcdef@", 1) + "/1"}
	log, flush, err := report(s, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	log.Warn("we coped")
	log.With("component", "linker").Error("store batch", "err", errors.New("disk is gone"))
	flush()
	body := <-got
	for _, want := range []string{"store batch: disk is gone", `"component":"linker"`, `"release":"hindsight@`} {
		if !strings.Contains(body, want) {
			t.Errorf("the report has no %q:\n%s", want, body)
		}
	}
	select {
	case more := <-got:
		t.Errorf("more than the error was reported:\n%s", more)
	default:
	}
}
