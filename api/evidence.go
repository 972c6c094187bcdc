package api

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"mime"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/api/evidence"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/linker/recording"
	"github.com/hindsight-dev/hindsight/store"
)

// How much of a recording an evidence file shows around its error.
const (
	evidenceBeforeMS = 30_000
	evidenceAfterMS  = 10_000
)

// registerEvidence declares the file that shows an error and its recording to people without an account.
func (a *API) registerEvidence(router *mux.Router) {
	a.handleRaw(router, Route{ID: "downloadEvidence", Method: "GET", Path: "/api/0/projects/{org}/{project}/events/{event}/evidence/", Access: "event:read",
		Summary: "One HTML file with an error and the recording around it", Ours: true}, a.downloadEvidence)
}

// downloadEvidence answers the file, as something to save. The recording is that of ?replay=, else of the event's
// primary link; without one the file says why.
func (a *API) downloadEvidence(w http.ResponseWriter, r *http.Request) {
	rq := from(r.Context())
	b, err := a.evidence(r.Context(), rq, mux.Vars(r)["event"], r.URL.Query().Get("replay"))
	var file bytes.Buffer
	if err == nil {
		if err = evidence.Write(&file, b); err != nil {
			err = a.fail("write evidence", err)
		}
	}
	if err == nil {
		err = a.audit(r.Context(), rq, store.AuditExport, "event", b.EventID, b.ShortID)
	}
	if err != nil {
		writeError(w, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "evidence-" + b.EventID[:8] + ".html"}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Length", itoa(int64(file.Len())))
	_, _ = w.Write(file.Bytes())
}

func (a *API) evidence(ctx context.Context, rq *request, event, replay string) (evidence.Bundle, error) {
	if len(a.EvidenceScript) == 0 {
		return evidence.Bundle{}, &Error{status: http.StatusServiceUnavailable, Detail: "The player was not built: run make ui and build again."}
	}
	e, err := a.projectEvent(ctx, rq, event)
	if err != nil {
		return evidence.Bundle{}, err
	}
	raw, err := store.Decompress(e.Payload)
	if err != nil {
		return evidence.Bundle{}, a.fail("read event", err)
	}
	ev, err := envelope.ParseEvent(raw)
	if err != nil {
		return evidence.Bundle{}, a.fail("read event", err)
	}
	b := evidence.Bundle{Title: e.Title, Level: e.Level, Project: rq.project.Slug, EventID: e.EventID, Time: at(e.TimestampMS), Made: a.Now(), Event: ev, Script: a.EvidenceScript}
	if i, err := a.Store.Issue(ctx, rq.scope, e.IssueID); err == nil {
		b.ShortID = store.ShortID(rq.project.Slug, i.Number)
	}
	err = a.evidenceOf(ctx, rq, &b, replay)
	return b, err
}

// evidenceOf adds the recording, or why there is none.
func (a *API) evidenceOf(ctx context.Context, rq *request, b *evidence.Bundle, replay string) error {
	page, err := a.Store.ReplayLinks(ctx, rq.scope, store.LinkQuery{Events: []string{b.EventID}, Page: store.Page{Limit: maxAsked}})
	if err != nil {
		return a.fail("read replay links", err)
	}
	wanted, _ := hexID(replay)
	b.Missing = "No recording is known for this error."
	for i := range page.Rows {
		l := a.linkView(&page.Rows[i])
		if replay == "" && !l.Primary || replay != "" && l.ReplayID != wanted {
			continue
		}
		b.ReplayID, b.Reason = l.ReplayID, l.Reason
		if l.State != string(link.StateAvailable) {
			if l.StateReason != nil {
				b.Missing = *l.StateReason
			}
			return nil
		}
		return a.cut(ctx, rq, b)
	}
	if replay != "" {
		return errNotFound
	}
	return nil
}

func (a *API) cut(ctx context.Context, rq *request, b *evidence.Bundle) error {
	r, err := a.Store.Replay(ctx, rq.scope, b.ReplayID)
	if err != nil {
		return a.fail("read replay", err)
	}
	if r.StartedMS == nil || r.FinishedMS == nil {
		return nil
	}
	errorMS := b.Time.UnixMilli()
	moment := min(max(errorMS, *r.StartedMS), *r.FinishedMS) // an error outside shows the recording's nearest moments
	fromMS, toMS := max(moment-evidenceBeforeMS, *r.StartedMS), min(moment+evidenceAfterMS, *r.FinishedMS)
	segments, err := a.Store.SegmentsAround(ctx, rq.scope, b.ReplayID, fromMS, toMS)
	if err != nil {
		return a.fail("read segments", err)
	}
	b.Clip, err = evidence.Cut(a.events(ctx, segments), errorMS, fromMS, toMS)
	switch {
	case errors.Is(err, evidence.ErrTooLarge):
		return &Error{status: http.StatusRequestEntityTooLarge, Detail: "The recording around this error is too large for one file."}
	case err != nil:
		return a.fail("cut recording", err)
	case b.Clip == nil:
		b.Missing = "The recording has no page to show at that moment."
	}
	return nil
}

// events walks the events of segments that play; one that cannot be read is passed over, as in the player.
func (a *API) events(ctx context.Context, segments []store.ReplaySegment) iter.Seq2[recording.Event, error] {
	return func(yield func(recording.Event, error) bool) {
		from := &store.Archives{Blobs: a.Blobs}
		for i := range segments {
			body, err := segmentEvents(ctx, from, &segments[i])
			if err != nil {
				if ctx.Err() != nil {
					yield(recording.Event{}, err)
					return
				}
				a.Log.Warn("segment cannot be served", "err", err)
				continue
			}
			for e, err := range recording.Events(body, recording.Limits{}) {
				if err != nil {
					break
				}
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}
