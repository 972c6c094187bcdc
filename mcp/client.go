package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// client asks the API in the process, as whoever sent the token.
type client struct {
	api           http.Handler
	authorization string
}

// maxAnswer bounds what one answer of the API may hold, in bytes.
const maxAnswer = 16 << 20

// refusal is what the API said instead of an answer.
type refusal struct {
	status int
	detail string
}

func (r *refusal) Error() string { return r.detail }

func notFound(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound
}

func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	return c.do(ctx, http.MethodGet, path, query, nil, into)
}

// do sends a request to a path under /api/0/ and decodes its JSON.
func (c *client) do(ctx context.Context, method, path string, query url.Values, body, into any) error {
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return err
		}
	}
	target := "/api/0/" + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, &payload)
	if err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	r.Header.Set("Authorization", c.authorization)
	r.Header.Set("Content-Type", "application/json")
	w := &answerWriter{header: http.Header{}}
	c.api.ServeHTTP(w, r)
	if w.full {
		return fmt.Errorf("ask %s: the answer is over %d bytes; ask for less", path, maxAnswer)
	}
	if w.status >= 300 {
		var said struct {
			Detail string `json:"detail"`
		}
		if err := json.Unmarshal(w.body.Bytes(), &said); err != nil || said.Detail == "" {
			said.Detail = http.StatusText(w.status)
		}
		return &refusal{status: w.status, detail: said.Detail}
	}
	if into == nil || w.body.Len() == 0 {
		return nil
	}
	if err := json.Unmarshal(w.body.Bytes(), into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

// answerWriter keeps an answer, up to a bound.
type answerWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
	full   bool
}

func (w *answerWriter) Header() http.Header { return w.header }

func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *answerWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.body.Len()+len(b) > maxAnswer {
		w.full = true
		return 0, errors.New("answer too large")
	}
	return w.body.Write(b)
}

// org gives the path of an organisation: the one that is named, or the token's first.
func (c *client) org(ctx context.Context, named string) (string, error) {
	if named == "" {
		var orgs []struct {
			Slug string `json:"slug"`
		}
		if err := c.get(ctx, "organizations/", nil, &orgs); err != nil {
			return "", err
		}
		if len(orgs) == 0 {
			return "", errors.New("this token is in no organization")
		}
		named = orgs[0].Slug
	}
	return "organizations/" + url.PathEscape(named) + "/", nil
}
