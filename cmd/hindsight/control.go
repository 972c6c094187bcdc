package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/store"
)

// The control socket lets commands speak to a running process on the same machine: the embedded
// stream can be open in one process only. It is a file that only its owner may use.
func controlPath(dataDir string) string { return filepath.Join(dataDir, "control.sock") }

// listenControl serves the control socket. Two processes of other roles may share a data
// directory; the first one has the socket.
func (h *house) listenControl(dataDir string) (io.Closer, error) {
	path := controlPath(dataDir)
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		h.log.Warn("another process of this data directory answers commands", "socket", path)
		return io.NopCloser(nil), nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	mask := syscall.Umask(0o177)
	ln, err := net.Listen("unix", path)
	syscall.Umask(mask)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	srv := newServer(h.control())
	go func() { _ = srv.Serve(ln) }() // ends with Close
	return srv, nil
}

// letter is a dead letter as the control socket gives it.
type letter struct {
	Seq       uint64      `json:"seq"`
	Kind      stream.Kind `json:"kind"`
	ID        string      `json:"id"`
	ProjectID int64       `json:"project_id"`
	EventID   string      `json:"event_id,omitempty"`
	Reason    string      `json:"reason"`
	Error     string      `json:"error"`
	Attempts  int         `json:"attempts"`
	Size      int64       `json:"size"`
	Received  time.Time   `json:"received"`
	At        time.Time   `json:"at"`
	Envelope  []byte      `json:"envelope,omitempty"`
}

func newLetter(d *stream.DeadLetter) letter {
	return letter{
		Seq: d.Seq, Kind: d.Kind, ID: d.ID, ProjectID: d.ProjectID, EventID: d.EventID.String(), Reason: d.Reason,
		Error: d.Error, Attempts: d.Attempts, Size: d.Size, Received: d.Received, At: d.At,
	}
}

// letters is what the dead-letters commands need, from this process's stream or from another's.
type letters interface {
	list(ctx context.Context, after uint64, limit int) ([]letter, error)
	get(ctx context.Context, seq uint64) (letter, error)
	resend(ctx context.Context, seq uint64) error
	drop(ctx context.Context, seq uint64) error
}

// streamLetters are those of a stream that this process has open. With a database what is done to them is in
// the audit log.
type streamLetters struct {
	dead  *stream.DeadLetters
	store *store.Store
}

func (l streamLetters) list(ctx context.Context, after uint64, limit int) ([]letter, error) {
	found, err := l.dead.List(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]letter, len(found))
	for i, d := range found {
		out[i] = newLetter(d)
	}
	return out, nil
}

func (l streamLetters) get(ctx context.Context, seq uint64) (letter, error) {
	d, err := l.dead.Get(ctx, seq)
	if err != nil {
		return letter{}, err
	}
	out := newLetter(d)
	body, err := d.Open(ctx)
	if err != nil {
		return letter{}, err
	}
	defer body.Close()
	out.Envelope, err = io.ReadAll(io.LimitReader(body, maxShown))
	return out, err
}

func (l streamLetters) resend(ctx context.Context, seq uint64) error {
	return l.audited(ctx, seq, store.AuditLetterResend, l.dead.Resend)
}

func (l streamLetters) drop(ctx context.Context, seq uint64) error {
	return l.audited(ctx, seq, store.AuditLetterDrop, l.dead.Drop)
}

// audited records what is about to be done to a letter, and does it: an entry may tell of a try that failed, but nothing
// is done that none tells of.
func (l streamLetters) audited(ctx context.Context, seq uint64, event string, do func(context.Context, uint64) error) error {
	d, err := l.dead.Get(ctx, seq)
	if err != nil {
		return err
	}
	if l.store != nil {
		err := l.store.RecordAudit(store.WithActor(ctx, commandLine()), store.Scope{OrgID: d.OrgID},
			store.Audit{Event: event, TargetKind: "dead-letter", TargetID: strconv.FormatUint(seq, 10)})
		if err != nil {
			return err
		}
	}
	return do(ctx, seq)
}

// maxShown is how much of a dead letter's envelope is shown, in bytes.
const maxShown = 32 << 20

var errNoStream = errors.New("this process has no stream: ask one that runs the linker, or set HINDSIGHT_NATS_URL")

// control is the table of the control socket.
func (h *house) control() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /base-url", func(w http.ResponseWriter, _ *http.Request) { answer(w, h.baseURL, nil) })
	m.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) {
		if h.stream == nil {
			answer(w, nil, errNoStream)
			return
		}
		st, err := h.stream.Stats(r.Context())
		answer(w, st, err)
	})
	m.HandleFunc("POST /keys/refresh", func(w http.ResponseWriter, r *http.Request) {
		if h.keys == nil {
			answer(w, nil, nil)
			return
		}
		answer(w, nil, h.keys.Refresh(r.Context()))
	})
	m.HandleFunc("POST /import", func(w http.ResponseWriter, r *http.Request) {
		if h.relay == nil {
			http.Error(w, "this process has no edge", http.StatusNotImplemented)
			return
		}
		h.relay.Import(w, r, r.URL.Query().Get("key"))
	})
	m.HandleFunc("GET /dead-letters", func(w http.ResponseWriter, r *http.Request) {
		h.withLetters(w, func(l letters) (any, error) {
			after, _ := strconv.ParseUint(r.FormValue("after"), 10, 64)
			limit, _ := strconv.Atoi(r.FormValue("limit"))
			return l.list(r.Context(), after, limit)
		})
	})
	one := func(do func(l letters, ctx context.Context, seq uint64) (any, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			h.withLetters(w, func(l letters) (any, error) {
				seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
				if err != nil {
					return nil, stream.ErrNotFound
				}
				return do(l, r.Context(), seq)
			})
		}
	}
	m.HandleFunc("GET /dead-letters/{seq}", one(func(l letters, ctx context.Context, seq uint64) (any, error) { return l.get(ctx, seq) }))
	m.HandleFunc("POST /dead-letters/{seq}/resend", one(func(l letters, ctx context.Context, seq uint64) (any, error) { return nil, l.resend(ctx, seq) }))
	m.HandleFunc("DELETE /dead-letters/{seq}", one(func(l letters, ctx context.Context, seq uint64) (any, error) { return nil, l.drop(ctx, seq) }))
	return m
}

func (h *house) withLetters(w http.ResponseWriter, do func(l letters) (any, error)) {
	if h.stream == nil {
		answer(w, nil, errNoStream)
		return
	}
	v, err := do(streamLetters{h.stream.DeadLetters(), h.store})
	answer(w, v, err)
}

// answer writes what the control client reads back: a value, or an error's words.
func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		status := http.StatusInternalServerError
		if errors.Is(err, stream.ErrNotFound) {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		v = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v) // the command is gone: nobody to tell
}

// controlClient speaks to the process that serves the control socket.
type controlClient struct{ http http.Client }

// dialControl gives a client of the running process, or nil when none answers.
func dialControl(dataDir string) *controlClient {
	path := controlPath(dataDir)
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return nil
	}
	conn.Close()
	var d net.Dialer
	return &controlClient{http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", path) },
	}}}
}

func (c *controlClient) call(ctx context.Context, method, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://control"+path, nil)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the running server: %w", err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		return fmt.Errorf("ask the running server: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		var e struct{ Error string }
		if err := json.Unmarshal(body.Bytes(), &e); err != nil || e.Error == "" {
			e.Error = res.Status
		}
		return errors.New(e.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body.Bytes(), out)
}

func (c *controlClient) list(ctx context.Context, after uint64, limit int) (out []letter, err error) {
	err = c.call(ctx, http.MethodGet, fmt.Sprintf("/dead-letters?after=%d&limit=%d", after, limit), &out)
	return out, err
}

func (c *controlClient) get(ctx context.Context, seq uint64) (out letter, err error) {
	err = c.call(ctx, http.MethodGet, fmt.Sprintf("/dead-letters/%d", seq), &out)
	return out, err
}

func (c *controlClient) resend(ctx context.Context, seq uint64) error {
	return c.call(ctx, http.MethodPost, fmt.Sprintf("/dead-letters/%d/resend", seq), nil)
}

func (c *controlClient) drop(ctx context.Context, seq uint64) error {
	return c.call(ctx, http.MethodDelete, fmt.Sprintf("/dead-letters/%d", seq), nil)
}
