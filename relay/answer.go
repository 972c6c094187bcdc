package relay

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
)

// refusal is an answer that is not 200. Its texts are Relay's: SDKs log them, people search for
// them. It is an error so that any depth of the edge can return one.
type refusal struct {
	status int
	detail string
	causes []string
	reason string // a short word from a closed set, for outcomes and metrics
	close  bool   // the connection is of no further use

	counted bool // its items have their outcomes already
}

func (e *refusal) Error() string { return e.detail }

func refuse(status int, reason, detail string, causes ...string) *refusal {
	return &refusal{status: status, detail: detail, causes: causes, reason: reason}
}

// The refusals of credentials, protocol.md §1.3.
func refuseMissingAuth() *refusal {
	return refuse(http.StatusUnauthorized, "missing_auth", envelope.ErrNoAuth.Error())
}

func refuseBadAuth() *refusal {
	return refuse(http.StatusUnauthorized, "bad_auth", envelope.ErrBadAuth.Error())
}

func refuseMultipleAuth() *refusal {
	return refuse(http.StatusUnauthorized, "multiple_auth", "multiple authorization payloads detected")
}

func refuseEnvelopeAuth() *refusal {
	return refuse(http.StatusUnauthorized, "bad_auth", "bad envelope authentication header")
}

func refuseProject(reason string) *refusal {
	return refuse(http.StatusForbidden, reason, "event submission rejected with_reason: ProjectId")
}

func refuseOrigin() *refusal {
	return refuse(http.StatusForbidden, "cors", "event submission rejected with_reason: Cors")
}

func refuseEnvelope(cause string) *refusal {
	return refuse(http.StatusBadRequest, "invalid_envelope", "invalid event envelope", cause)
}

func refuseEmpty() *refusal {
	return refuse(http.StatusBadRequest, "empty", "empty request body")
}

func refuseBusy(reason string) *refusal {
	return refuse(http.StatusServiceUnavailable, reason, "service is busy, try again later")
}

func refuseMediaType() *refusal {
	return refuse(http.StatusUnsupportedMediaType, "media_type", "unsupported media type")
}

func refuseTooLarge() *refusal {
	e := refuse(http.StatusRequestEntityTooLarge, "too_large", errTooLarge.Error())
	e.close = true
	return e
}

// refusalOf maps every error the edge can meet to its answer. The second result is false for an
// error nobody foresaw: that is a 500, and a person should see it.
func refusalOf(err error) (*refusal, bool) {
	var (
		ref    *refusal
		parse  *envelope.ParseError
		limit  *envelope.LimitError
		maxErr *http.MaxBytesError
		conn   *connError
	)
	switch {
	case errors.As(err, &ref):
		return ref, true
	case errors.As(err, &parse):
		return refuseEnvelope(parse.Cause), true
	case errors.As(err, &limit):
		e := refuse(http.StatusRequestEntityTooLarge, "too_large", limit.Error())
		e.close = true
		return e, true
	case errors.Is(err, errTooLarge), errors.As(err, &maxErr):
		return refuseTooLarge(), true
	case errors.Is(err, errEncoding):
		return refuse(http.StatusUnsupportedMediaType, "encoding", errEncoding.Error()), true
	case errors.Is(err, errBusy):
		return refuseBusy("busy"), true
	case errors.Is(err, stream.ErrFull):
		return refuseBusy("full"), true
	case errors.Is(err, stream.ErrUnavailable):
		return refuseBusy("unavailable"), true
	case errors.As(err, &conn):
		e := refuse(http.StatusBadRequest, "incomplete", "request body is incomplete")
		if errors.Is(err, os.ErrDeadlineExceeded) {
			e = refuse(http.StatusRequestTimeout, "timeout", "request body came too slowly")
		}
		e.close = true
		return e, true
	case errors.Is(err, context.Canceled):
		return refuse(http.StatusBadRequest, "incomplete", "request was given up"), true
	case errors.Is(err, context.DeadlineExceeded):
		return refuseBusy("timeout"), true
	case errors.Is(err, errCorrupt):
		return refuse(http.StatusBadRequest, "corrupt", errCorrupt.Error()), true
	}
	return refuse(http.StatusInternalServerError, "internal", "internal server error"), false
}

// setCORS puts the headers of protocol.md §1.5 on an answer: on every one, errors included, or
// a browser's SDK could not read its rate limits. Never with credentials.
func setCORS(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "x-sentry-error, x-sentry-rate-limits, retry-after")
}

func setPreflight(h http.Header) {
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, "+
		"content-type, authentication, authorization, content-encoding, transfer-encoding")
	h.Set("Access-Control-Max-Age", "3600")
}

// writeRefusal answers with a refusal's status and body.
func writeRefusal(w http.ResponseWriter, e *refusal) {
	h := w.Header()
	h.Set("X-Sentry-Error", e.detail)
	if e.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(10+rand.IntN(51))) // seconds; jittered, or all come back at once
	}
	if e.close {
		h.Set("Connection", "close")
	}
	body, _ := json.Marshal(struct { // strings only: always encodes
		Detail string   `json:"detail"`
		Causes []string `json:"causes,omitempty"`
	}{e.detail, e.causes})
	writeBody(w, e.status, "application/json", body)
}

func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

// writeID answers an accepted envelope: its id, or {} when it has none.
func writeID(w http.ResponseWriter, id envelope.ID) {
	if id.IsZero() {
		writeBody(w, http.StatusOK, "application/json", []byte("{}"))
		return
	}
	writeBody(w, http.StatusOK, "application/json", []byte(`{"id":"`+id.String()+`"}`))
}

// hyphenated writes an id as crash uploaders expect it.
func hyphenated(id envelope.ID) string {
	s := id.String()
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// pixel is a transparent 1×1 GIF, the answer to a store request by GET.
const pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// drain bounds of a refused body: enough to keep a connection usable after a small one, too
// little to be worth an attack.
const (
	drainBytes = 64 << 10
	drainTime  = 250 * time.Millisecond
)

// drain reads what is left of a refused body, so that the client hears the answer. It says
// whether the connection can be used again.
func drain(w http.ResponseWriter, r *http.Request) bool {
	if r.Body == nil || r.ContentLength == 0 {
		return true
	}
	rc := http.NewResponseController(w) // a writer without deadlines just has none
	if r.ContentLength > 4*drainBytes {
		rc.SetReadDeadline(time.Now())
		return false
	}
	rc.SetReadDeadline(time.Now().Add(drainTime))
	if _, err := io.CopyN(io.Discard, r.Body, drainBytes+1); err != io.EOF {
		// The deadline stays: before it closes, the server itself reads on for a while, which may
		// be as long as a slow client likes.
		return false
	}
	rc.SetReadDeadline(time.Time{})
	return true
}
