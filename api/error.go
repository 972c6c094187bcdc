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
	_      struct{} `json:"-" additionalProperties:"true"`
	status int
	Detail string `json:"detail" doc:"What was wrong, for a person. Beside it each field of a body that cannot be, with a list of what is wrong with it."`
	fields map[string][]string
}

// MarshalJSON puts the fields beside the detail, where Sentry has them.
func (e *Error) MarshalJSON() ([]byte, error) {
	all := map[string]any{"detail": e.Detail}
	for name, messages := range e.fields {
		if name != "detail" {
			all[name] = messages
		}
	}
	return json.Marshal(all)
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

// badField refuses a body for one of its fields.
func badField(name, message string) error {
	return &Error{status: http.StatusBadRequest, Detail: name + ": " + message, fields: map[string][]string{name: {message}}}
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
	details, fields := make([]string, 0, len(errs)), map[string][]string{}
	for _, err := range errs {
		if err == nil {
			continue
		}
		var d *huma.ErrorDetail
		if errors.As(err, &d) && d.Location != "" {
			details = append(details, d.Location+": "+d.Message)
			if name := fieldOf(d); name != "" {
				fields[name] = append(fields[name], d.Message)
			}
		} else {
			details = append(details, err.Error())
		}
	}
	if len(details) > 0 {
		msg = strings.Join(details, "; ")
	}
	return &Error{status: status, Detail: msg, fields: fields}
}

// fieldOf names the field of a body that an error is about, or nothing: "body.actions[0].id" is about actions. Of a field that
// is missing, huma names only where it should be.
func fieldOf(d *huma.ErrorDetail) string {
	name, ok := strings.CutPrefix(d.Location, "body.")
	if !ok && d.Location == "body" {
		if _, name, ok = strings.Cut(d.Message, "required property "); ok {
			name, _, _ = strings.Cut(name, " ")
		}
	}
	if !ok {
		return ""
	}
	name, _, _ = strings.Cut(name, ".")
	name, _, _ = strings.Cut(name, "[")
	return name
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
