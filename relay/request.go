package relay

import (
	"context"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/oklog/ulid/v2"
)

// request is one request on its way through the edge.
type request struct {
	rl       *Relay
	w        *answerWriter
	r        *http.Request
	endpoint string
	received time.Time
	client   netip.Addr

	pathKey string
	arg     string
	project envelope.ProjectID // of the path; 0: whatever the key's is
	tunnel  func(*envelope.DSN) bool
	auth    *envelope.Auth // nil until known
	key     Key

	limits limits // what its quotas counted it for
	taught taught // by what is dropped of it

	imported hash.Hash // of what was read so far; nil: it came by itself
	ingestID string    // of what is imported

	seen []item // what was read of the envelope, to count it if it is refused
	ends []func()
}

// onEnd has f called when the request is over.
func (q *request) onEnd(f func()) { q.ends = append(q.ends, f) }

func (q *request) end() {
	for i := len(q.ends) - 1; i >= 0; i-- {
		q.ends[i]()
	}
	q.ends = nil
}

// The rungs of the ladder, by the stream's byte limit.
const (
	fillShed   = 0.80 // replays, attachments, traces are refused first
	fillRefuse = 0.95 // everything is
)

// run takes the request up to its endpoint: the bounds that are decided before a body is read.
func (q *request) run(rt route) error {
	q.client = ClientAddr(q.r, q.rl.cfg.TrustedProxies)
	if rt.health {
		return rt.handle(q)
	}
	peer := peerAddr(q.r)
	exempt := q.client.IsLoopback() || contains(q.rl.cfg.TrustedProxies, q.client) || !peer.IsValid()
	leave, ok := q.rl.gate.enter(q.client, exempt)
	if !ok {
		return refuseBusy("concurrency")
	}
	q.onEnd(leave)
	if q.rl.cfg.Publish.Fill() >= fillRefuse {
		return refuseBusy("full")
	}
	q.pathKey, q.arg = rt.key, rt.arg
	auth, err := credentials(q.r, rt.key)
	if err != nil {
		return err
	}
	if rt.project != "" {
		if q.project, err = envelope.ParseProjectID(rt.project); err != nil {
			return refuse(http.StatusBadRequest, "bad_project", "bad project path parameter")
		}
	}
	if auth != nil {
		if err := q.authorize(auth); err != nil {
			return err
		}
	}
	return rt.handle(q)
}

// needAuth is for endpoints whose body cannot say who sends.
func (q *request) needAuth() error {
	if q.auth == nil {
		return refuseMissingAuth()
	}
	return nil
}

// fail answers with an error, and counts it.
func (q *request) fail(err error) {
	ref, foreseen := refusalOf(err)
	if !foreseen {
		q.rl.cfg.Log.Error("request failed", "endpoint", q.endpoint, "project", int64(q.key.ProjectID), "err", err)
	}
	q.rl.metrics.refused(ref.reason)
	q.countRefusal(ref)
	if q.w.status != 0 {
		return // too late to tell the client
	}
	if !drain(q.w, q.r) {
		ref.close = true
	}
	q.deadline(true)
	writeRefusal(q.w, ref)
}

// body opens the request's body: bounded on the wire and after decompression, at a rate no
// attacker can slow down for long.
func (q *request) body(limit int64) (*body, error) {
	enc, err := parseEncoding(q.r.Header.Values("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	if q.r.ContentLength > limit {
		return nil, errTooLarge
	}
	wire := newWireReader(q, limit)
	b, err := q.rl.decoders.open(q.r.Context(), wire, enc, limit)
	if err != nil {
		return nil, err
	}
	q.onEnd(func() { b.Close() })
	return b, nil
}

// Pace of a body: slower than this over any stretch after the grace is an attack or a dead line.
const (
	bodyGrace    = 5 * time.Second
	bodyPace     = 4 << 10 // bytes a second
	bodyTime     = 60 * time.Second
	bodyTimeLong = 10 * time.Minute // beyond bodyLong bytes
	bodyLong     = 1 << 20
	writeTime    = 30 * time.Second
)

// wireReader reads the connection with a deadline that moves on as bytes arrive.
type wireReader struct {
	r      io.Reader
	rc     *http.ResponseController
	start  time.Time
	read   int64
	before time.Time // the deadline that is set
	done   bool
}

func newWireReader(q *request, limit int64) *wireReader {
	return &wireReader{
		r: http.MaxBytesReader(q.w, q.r.Body, limit), rc: http.NewResponseController(q.w), start: time.Now(),
	}
}

// Read implements io.Reader. Its errors are connErrors, but for the end and the limit.
func (w *wireReader) Read(p []byte) (int, error) {
	if until := w.deadline(); until.Sub(w.before) > 100*time.Millisecond {
		w.rc.SetReadDeadline(until) // a writer without deadlines (a test's) has none
		w.before = until
	}
	n, err := w.r.Read(p)
	w.read += int64(n)
	if err == nil {
		return n, nil
	}
	if !w.done {
		// Left set, it would end the wait for the client's next request, or look like its leaving.
		w.rc.SetReadDeadline(time.Time{})
		w.done = true
	}
	var tooLarge *http.MaxBytesError
	switch {
	case err == io.EOF:
		return n, io.EOF
	case errors.As(err, &tooLarge):
		return n, errTooLarge
	}
	return n, &connError{err}
}

// deadline is when the next byte must have come, for the average pace to hold.
func (w *wireReader) deadline() time.Time {
	most := bodyTime
	if w.read > bodyLong {
		most = bodyTimeLong
	}
	return w.start.Add(min(bodyGrace+time.Duration(w.read)*time.Second/bodyPace, most))
}

// deadline bounds the writing of an answer.
func (q *request) deadline(set bool) {
	var t time.Time
	if set {
		t = time.Now().Add(writeTime)
	}
	http.NewResponseController(q.w).SetWriteDeadline(t)
}

// readAll reads a body of at most limit bytes into memory, after reserving what it and what is
// made of it will take.
func (q *request) readAll(limit int64) ([]byte, error) {
	size := limit
	if n := q.r.ContentLength; n >= 0 && q.r.Header.Get("Content-Encoding") == "" {
		size = min(n, limit)
	}
	const copies = 3 // the body, what it wraps, and the repaired event
	reserved := copies * size
	if !q.rl.memory.tryAcquire(reserved) {
		return nil, errBusy
	}
	q.onEnd(func() { q.rl.memory.release(reserved) })
	b, err := q.body(limit)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	data, err := io.ReadAll(b)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, refuseEmpty()
	}
	return data, nil
}

// publishContext outlives the client: who has sent a whole body may leave, its envelope counts.
func (q *request) publishContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(q.r.Context()), q.rl.cfg.PublishTimeout)
}

// newIngestID names a request; with a part's number it is a message's id.
func (q *request) newIngestID() string {
	if q.ingestID != "" {
		return q.ingestID
	}
	return ulid.MustNewDefault(q.received).String()
}

// client names the SDK: what it said, else the User-Agent.
func (q *request) clientName() string {
	if q.auth != nil && q.auth.Client != "" {
		return headerText(q.auth.Client)
	}
	return headerText(q.r.UserAgent())
}

// headerText makes a client's header value fit to be kept: valid, printable, of bounded length.
func headerText(s string) string {
	const most = 1_000 // bytes
	if len(s) > most {
		s = s[:most]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// live answers that the process runs.
func (q *request) live() error { return q.health(true) }

// ready answers whether an envelope sent now would be kept. Database and cluster have no say.
func (q *request) ready() error {
	cfg := &q.rl.cfg
	return q.health(!q.rl.stopping.Load() && cfg.Keys.Ready() && cfg.Publish.Ready() == nil && cfg.Publish.Fill() < fillRefuse)
}

func (q *request) health(ok bool) error {
	if ok {
		writeBody(q.w, http.StatusOK, "application/json", []byte(`{"is_healthy":true}`))
	} else {
		writeBody(q.w, http.StatusServiceUnavailable, "application/json", []byte(`{"is_healthy":false}`))
	}
	return nil
}
