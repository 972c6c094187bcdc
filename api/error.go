package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hindsight-dev/hindsight/store"
)

// Error is the body of every refusal. Detail is one sentence for a person.
type Error struct {
	status int
	Detail string `json:"detail" doc:"What was wrong, for a person."`
}

func (e *Error) Error() string { return e.Detail }

// GetStatus implements huma.StatusError.
func (e *Error) GetStatus() int { return e.status }

// The refusals with fixed words; the words are Sentry's.
var (
	errNotFound     = &Error{status: http.StatusNotFound, Detail: "The requested resource does not exist"}
	errNoAuth       = &Error{status: http.StatusUnauthorized, Detail: "Authentication credentials were not provided."}
	errBadToken     = &Error{status: http.StatusUnauthorized, Detail: "Invalid token"}
	errForbidden    = &Error{status: http.StatusForbidden, Detail: "You do not have permission to perform this action."}
	errInternal     = &Error{status: http.StatusInternalServerError, Detail: "Internal Error"}
	errNotAvailable = &Error{status: http.StatusNotFound, Detail: "Not available on this server"}
)

func badRequest(detail string) error {
	return &Error{status: http.StatusBadRequest, Detail: detail}
}

func conflict(detail string) error {
	return &Error{status: http.StatusConflict, Detail: detail}
}

// newHumaError makes huma's own refusals ours: parameters and bodies that do not fit are 400, and
// what went wrong inside stays inside.
func newHumaError(status int, msg string, errs ...error) huma.StatusError {
	if status >= 500 {
		return errInternal
	}
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	details := make([]string, 0, len(errs))
	for _, err := range errs {
		if err == nil {
			continue
		}
		var d *huma.ErrorDetail
		if errors.As(err, &d) && d.Location != "" {
			details = append(details, d.Location+": "+d.Message)
		} else {
			details = append(details, err.Error())
		}
	}
	if len(details) > 0 {
		msg = strings.Join(details, "; ")
	}
	return &Error{status: status, Detail: msg}
}

// fail turns what a query said into an answer: not found is 404, the rest is logged and is 500.
func (a *API) fail(doing string, err error) error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case errors.Is(err, context.Canceled): // the client went away: nobody reads the answer
		return errInternal
	}
	a.Log.Error("api request failed", "doing", doing, "err", err)
	return errInternal
}

// writeError answers outside of huma.
func writeError(w http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = errInternal
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(e) // the client is gone when this fails
}
