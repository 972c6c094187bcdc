package api

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/store"
)

// maxInflated bounds what one segment gives, in bytes: what the linker lets in.
const maxInflated = 50 << 20

// writeDeadline is how long one segment may take to be written to a client that reads.
const writeDeadline = 30 * time.Second

// downloadSegments streams [[…events of segment 0], […of segment 1], …]: one segment is in memory at a
// time. A segment that does not play is an empty array, so that places stay right.
func (a *API) downloadSegments(w http.ResponseWriter, r *http.Request) {
	rq := from(r.Context())
	id, err := a.recorded(r.Context(), rq, mux.Vars(r)["replay"])
	if err != nil {
		writeError(w, err)
		return
	}
	page := PageParams{Cursor: r.URL.Query().Get("cursor")}
	page.PerPage, _ = strconv.Atoi(r.URL.Query().Get("per_page"))
	segments, link, err := a.segmentPage(r.Context(), rq, id, page)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Link", link)
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 64<<10)
	rc := http.NewResponseController(w)
	separator := "["
	from := &store.Archives{Blobs: a.Blobs}
	for i := range segments {
		events, err := segmentEvents(r.Context(), from, &segments[i])
		if err != nil {
			a.Log.Warn("segment cannot be served", "err", err)
			events = []byte("[]")
		}
		_ = rc.SetWriteDeadline(a.Now().Add(writeDeadline)) // some writers have none
		if _, err := out.WriteString(separator); err != nil {
			return
		}
		if _, err := out.Write(events); err != nil {
			return
		}
		separator = ","
	}
	if len(segments) == 0 {
		_, _ = out.WriteString("[")
	}
	_, _ = out.WriteString("]\n")
	_ = out.Flush()
}

// What a player gets of a recording before it asks for more, in segments. Recorders send one every five seconds.
const (
	firstSegments = 3  // ahead of the moment that is wanted
	mostFirst     = 60 // with what must be played to get there
)

// downloadRecording streams a recording for a player that wants to be at a moment: ?t= seconds from the replay's
// start, or ?at= milliseconds since the epoch. The first answer begins with the last whole page before that moment
// and goes to shortly after it, so that one small answer is enough for a picture. Links lead on from there, and back
// to what was before. The answer says which segments it holds, so that nothing else has to be asked for.
func (a *API) downloadRecording(w http.ResponseWriter, r *http.Request) {
	rq := from(r.Context())
	p, err := a.recordingPage(r.Context(), rq, mux.Vars(r)["replay"], r.URL.Query())
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Link", p.link)
	w.Header().Set("Content-Type", "application/json")
	body, done := packed(w, r)
	defer done()
	rc := http.NewResponseController(w)
	_, err = fmt.Fprintf(body, `{"count":%d,"offset":%d,"twice":%t,"segments":[`, p.place.Count, p.offset, p.place.Twice)
	stored := &store.Archives{Blobs: a.Blobs}
	for i := range p.segments {
		if err != nil {
			return // the client went away
		}
		events, cause := segmentEvents(r.Context(), stored, &p.segments[i])
		if cause != nil {
			a.Log.Warn("segment cannot be served", "err", cause)
			events = []byte("[]")
		}
		_ = rc.SetWriteDeadline(a.Now().Add(writeDeadline)) // some writers have none
		separator := ","
		if i == 0 {
			separator = ""
		}
		_, err = fmt.Fprintf(body, `%s{"id":%d,"events":%s}`, separator, p.segments[i].SegmentID, events)
	}
	_, _ = io.WriteString(body, "]}\n")
}

type recordingPage struct {
	place    store.SegmentRange
	offset   int
	segments []store.ReplaySegment
	link     string
}

// recordingPage reads which segments are wanted: a page by its cursor, else the range around a moment.
func (a *API) recordingPage(ctx context.Context, rq *request, replay string, q url.Values) (recordingPage, error) {
	var p recordingPage
	rp, err := a.replayOf(ctx, rq, replay)
	if err != nil {
		return p, err
	}
	if rp.State != store.ReplayLive {
		return p, errNotFound
	}
	moment, err := momentOf(rp, q)
	if err != nil {
		return p, err
	}
	if p.place, err = a.Store.SegmentRange(ctx, rq.scope, rp.ReplayID, moment); err != nil {
		return p, a.fail("find segments", err)
	}
	n, _ := strconv.Atoi(q.Get("per_page"))
	n = perPage(n, 100)
	if q.Get("cursor") == "" {
		p.offset, n = p.place.Offset, min(p.place.Length+firstSegments, mostFirst)
	} else if p.offset, err = segmentOffset(q.Get("cursor")); err != nil {
		return p, err
	}
	if p.segments, err = a.Store.Segments(ctx, rq.scope, rp.ReplayID, p.offset, n); err != nil {
		return p, a.fail("list segments", err)
	}
	next := p.offset + len(p.segments)
	p.link = a.linkHeader(rq, "0:0:1", p.offset > 0, fmt.Sprintf("0:%d:0", next), next < p.place.Count)
	return p, nil
}

// momentOf reads which moment of a replay is wanted, in milliseconds since the epoch; its start when none is.
func momentOf(r *store.ListedReplay, q url.Values) (int64, error) {
	var start int64
	if r.StartedMS != nil {
		start = *r.StartedMS
	}
	for _, name := range []string{"at", "t"} {
		if q.Get(name) == "" {
			continue
		}
		n, err := strconv.ParseFloat(q.Get(name), 64)
		if err != nil || math.IsNaN(n) || n < 0 || n > 1e14 {
			return 0, badRequest("Invalid " + name + ": a moment is a number that is not negative, t in seconds from the replay's start, at in milliseconds since 1970.")
		}
		if name == "at" {
			return int64(n), nil
		}
		return start + int64(n*1000), nil
	}
	return start, nil
}

// packed is where a body is written: compressed when the client takes that. A recorded page shrinks tenfold. done
// ends the body.
func packed(w http.ResponseWriter, r *http.Request) (body io.Writer, done func()) {
	w.Header().Set("Vary", "Accept-Encoding")
	if !acceptsGzip(r) {
		b := bufio.NewWriterSize(w, 64<<10)
		return b, func() { _ = b.Flush() } // the client went away: nobody is left to tell
	}
	w.Header().Set("Content-Encoding", "gzip")
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is known
	return z, func() { _ = z.Close() }
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(name, "gzip") && strings.TrimSpace(q) != "q=0" {
			return true
		}
	}
	return false
}

// segmentEvents reads a whole segment, the client's own bytes, inflated, and holds it to be one JSON array:
// one bad segment must not spoil the stream of all.
func segmentEvents(ctx context.Context, from *store.Archives, s *store.ReplaySegment) ([]byte, error) {
	if !s.Playable {
		return []byte("[]"), nil
	}
	b, err := from.Events(ctx, s, maxInflated)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 || b[0] != '[' || !json.Valid(b) {
		return nil, fmt.Errorf("segment %d of replay %s is not an array of events", s.SegmentID, s.ReplayID)
	}
	return b, nil
}

// downloadSegment answers one segment's events. Where a duplicated tab used the number twice, those of
// the first body.
func (a *API) downloadSegment(w http.ResponseWriter, r *http.Request) {
	rq, vars := from(r.Context()), mux.Vars(r)
	s, err := a.segment(r.Context(), rq, vars["replay"], vars["segment"])
	if err != nil {
		writeError(w, err)
		return
	}
	events, err := segmentEvents(r.Context(), &store.Archives{Blobs: a.Blobs}, s)
	if err != nil {
		writeError(w, a.fail("read segment", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(events)))
	_, _ = w.Write(events)
}

// segment finds a segment of a replay of the project in the path.
func (a *API) segment(ctx context.Context, rq *request, replay, number string) (*store.ReplaySegment, error) {
	id, err := a.recorded(ctx, rq, replay)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 {
		return nil, errNotFound
	}
	rows, err := a.Store.Segment(ctx, rq.scope, id, n)
	if err != nil {
		return nil, a.fail("read segment", err)
	}
	for i := range rows {
		if rows[i].Playable {
			return &rows[i], nil
		}
	}
	return &rows[0], nil
}

// segmentPage reads a page of a replay's segments; the cursor is 0:offset:0, as Sentry's own client
// makes them itself.
func (a *API) segmentPage(ctx context.Context, rq *request, replayID string, p PageParams) ([]store.ReplaySegment, string, error) {
	offset, err := segmentOffset(p.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := perPage(p.PerPage, 100)
	rows, err := a.Store.Segments(ctx, rq.scope, replayID, offset, limit+1)
	if err != nil {
		return nil, "", a.fail("list segments", err)
	}
	more := len(rows) > limit
	link := a.linkHeader(rq, fmt.Sprintf("0:%d:1", max(offset-limit, 0)), offset > 0, fmt.Sprintf("0:%d:0", offset+limit), more)
	return rows[:min(limit, len(rows))], link, nil
}

// segmentOffset reads a cursor of segments; 0 without one.
func segmentOffset(cursor string) (int, error) {
	c, err := parseCursor(cursor)
	if err != nil || c == nil {
		return 0, err
	}
	offset, err := strconv.Atoi(c.Tie)
	if err != nil || offset < 0 || offset > 1_000_000 {
		return 0, errCursor
	}
	return offset, nil
}

// downloadAttachment streams a file's bytes, always as something to save: it came from a stranger.
func (a *API) downloadAttachment(w http.ResponseWriter, r *http.Request) {
	rq, vars := from(r.Context()), mux.Vars(r)
	f, err := a.attachmentByID(r.Context(), rq, vars["event"], vars["attachment"])
	if err != nil {
		writeError(w, err)
		return
	}
	body, err := a.Blobs.Get(r.Context(), f.Blob)
	if err != nil {
		writeError(w, a.fail("open attachment", err))
		return
	}
	defer body.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	if h.Get("Content-Disposition") == "" {
		h.Set("Content-Disposition", "attachment")
	}
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Content-Length", itoa(f.Size))
	rc := http.NewResponseController(w)
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			_ = rc.SetWriteDeadline(a.Now().Add(writeDeadline))
			if _, werr := w.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				a.Log.Warn("attachment broke off", "err", err)
				panic(http.ErrAbortHandler) // half a file must not look whole
			}
			return
		}
	}
}

// getProjectEventJSON answers an event as it is stored.
func (a *API) getProjectEventJSON(w http.ResponseWriter, r *http.Request) {
	e, err := a.projectEvent(r.Context(), from(r.Context()), mux.Vars(r)["event"])
	if err != nil {
		writeError(w, err)
		return
	}
	raw, err := store.Decompress(e.Payload)
	if err != nil {
		writeError(w, a.fail("read event", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw)
}
