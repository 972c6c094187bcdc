package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// home writes through this server's own API, which speaks the language of what is read: what it refuses there would
// be refused from anybody.
type home struct {
	api   http.Handler
	token string
	org   string // slug
}

// declined is an answer of our own API that is no success.
type declined struct {
	status int
	detail string
}

func (d *declined) Error() string { return d.detail }

// do asks our API and reads the answer into into, unless that is nil.
func (h *home) do(ctx context.Context, method, path string, body, into any) error {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "/api/0/"+path+"/", bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	r.Header.Set("Authorization", "Bearer "+h.token)
	r.Header.Set("Content-Type", "application/json")
	w := &answer{header: http.Header{}, status: http.StatusOK}
	h.api.ServeHTTP(w, r)
	if w.status/100 != 2 {
		return &declined{w.status, detail(w.body.Bytes())}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(w.body.Bytes(), into); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// answer keeps what a handler answers.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
