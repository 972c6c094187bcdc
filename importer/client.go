package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxBody    = 64 << 20 // of one page
	maxPages   = 100_000  // of one list
	maxTries   = 8        // of one page
	maxWait    = 10 * time.Minute
	firstPause = time.Second
)

// source reads from the other server.
type source struct {
	base  *url.URL // up to and without /api/0
	token string
	http  *http.Client
	wait  func(ctx context.Context, d time.Duration) error
}

// Scopes are what a token of the other server has to be allowed for everything to be read.
const Scopes = "org:read, project:read, project:releases, event:read, team:read, member:read and alerts:read"

// refused is an answer that no second try changes.
type refused struct {
	path   string
	status int
	detail string
}

func (r *refused) Error() string {
	switch r.status {
	case http.StatusUnauthorized:
		return fmt.Sprintf("%s: the token is not accepted: %s", r.path, r.detail)
	case http.StatusForbidden:
		return fmt.Sprintf("%s: the token may not read this (it needs %s): %s", r.path, Scopes, r.detail)
	}
	return fmt.Sprintf("%s: %d %s", r.path, r.status, r.detail)
}

// pages gives every entry of a list, a page at a time, with how many there are in all; 0: it is not told.
func pages[T any](ctx context.Context, s *source, path string, query url.Values, each func(rows []T, total int) error) error {
	q, seen := url.Values{}, map[string]bool{}
	for k, v := range query {
		q[k] = v
	}
	for range maxPages {
		var rows []T
		p, err := s.get(ctx, path, q, &rows)
		if err != nil {
			return err
		}
		if err := each(rows, p.total); err != nil {
			return err
		}
		if p.next == "" || seen[p.next] {
			return nil
		}
		seen[p.next] = true
		q.Set("cursor", p.next)
	}
	return fmt.Errorf("%s: more than %d pages", path, maxPages)
}

// list reads a whole list.
func list[T any](ctx context.Context, s *source, path string, query url.Values) ([]T, error) {
	var out []T
	err := pages(ctx, s, path, query, func(rows []T, _ int) error { out = append(out, rows...); return nil })
	return out, err
}

// page is what an answer's headers say.
type page struct {
	next  string // cursor of the next page; empty: this is the last
	total int    // entries of the list; 0: it is not told
}

// get reads one page. A server that is busy or asks to wait is asked again.
func (s *source) get(ctx context.Context, path string, q url.Values, into any) (page, error) {
	pause := firstPause
	for try := 1; ; try++ {
		p, again, err := s.once(ctx, path, q, into)
		if err == nil || again < 0 || try == maxTries || ctx.Err() != nil {
			return p, err
		}
		if err := s.wait(ctx, min(max(again, pause), maxWait)); err != nil {
			return page{}, err
		}
		pause *= 2
	}
}

// once asks once. again says how long to wait before the next try; below 0: there is no use in one.
func (s *source) once(ctx context.Context, path string, q url.Values, into any) (_ page, again time.Duration, err error) {
	u := s.base.JoinPath("/api/0/", path)
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return page{}, -1, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Accept", "application/json")
	res, err := s.http.Do(req)
	if err != nil {
		return page{}, 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return page{}, 0, fmt.Errorf("%s: %w", path, err)
	case len(body) > maxBody:
		return page{}, -1, fmt.Errorf("%s: a page of more than %d bytes", path, maxBody)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return page{}, retryAfter(res.Header), &refused{path, res.StatusCode, detail(body)}
	case res.StatusCode != http.StatusOK:
		return page{}, -1, &refused{path, res.StatusCode, detail(body)}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return page{}, -1, fmt.Errorf("%s answers something else than Sentry's API (%s): is the address that of the server? %w", path, res.Header.Get("Content-Type"), err)
	}
	return page{nextCursor(res.Header.Get("Link")), total(res.Header)}, 0, nil
}

// retryAfter is how long a server asks to wait: Retry-After, or Sentry's own moment when its limit ends; 0: as we like.
func retryAfter(h http.Header) time.Duration {
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if end, err := strconv.ParseInt(h.Get("X-Sentry-Rate-Limit-Reset"), 10, 64); err == nil {
		return time.Until(time.Unix(end, 0))
	}
	return 0
}

// total is how many entries a list has, where it is counted to the end.
func total(h http.Header) int {
	n, _ := strconv.Atoi(h.Get("X-Hits"))
	if most, err := strconv.Atoi(h.Get("X-Max-Hits")); err == nil && n >= most {
		return 0
	}
	return n
}

// detail is what an error's body says for a person.
func detail(body []byte) string {
	var e struct{ Detail any }
	if json.Unmarshal(body, &e) == nil && e.Detail != nil {
		return fmt.Sprint(e.Detail)
	}
	return strings.TrimSpace(string(body[:min(len(body), 200)]))
}

// nextCursor reads the cursor of rel="next" when it has results.
func nextCursor(link string) string {
	for part := range strings.SplitSeq(link, "<") {
		if !strings.Contains(part, `rel="next"`) || strings.Contains(part, `results="false"`) {
			continue
		}
		if _, after, ok := strings.Cut(part, `cursor="`); ok {
			cursor, _, _ := strings.Cut(after, `"`)
			return cursor
		}
		address, _, _ := strings.Cut(part, ">")
		if u, err := url.Parse(address); err == nil {
			return u.Query().Get("cursor")
		}
	}
	return ""
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
