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
		return fmt.Sprintf("%s: the token may not read this (it needs org:read, project:read, event:read and project:releases): %s", r.path, r.detail)
	}
	return fmt.Sprintf("%s: %d %s", r.path, r.status, r.detail)
}

// pages gives every entry of a list, a page at a time.
func pages[T any](ctx context.Context, s *source, path string, query url.Values, each func([]T) error) error {
	q, seen := url.Values{}, map[string]bool{}
	for k, v := range query {
		q[k] = v
	}
	for range maxPages {
		var rows []T
		next, err := s.get(ctx, path, q, &rows)
		if err != nil {
			return err
		}
		if err := each(rows); err != nil {
			return err
		}
		if next == "" || seen[next] {
			return nil
		}
		seen[next] = true
		q.Set("cursor", next)
	}
	return fmt.Errorf("%s: more than %d pages", path, maxPages)
}

// get reads one page and gives the cursor of the next. A server that is busy or asks to wait is asked again.
func (s *source) get(ctx context.Context, path string, q url.Values, into any) (next string, err error) {
	pause := firstPause
	for try := 1; ; try++ {
		next, again, err := s.once(ctx, path, q, into)
		if err == nil || again < 0 || try == maxTries || ctx.Err() != nil {
			return next, err
		}
		if err := s.wait(ctx, min(max(again, pause), maxWait)); err != nil {
			return "", err
		}
		pause *= 2
	}
}

// once asks once. again says how long to wait before the next try; below 0: there is no use in one.
func (s *source) once(ctx context.Context, path string, q url.Values, into any) (next string, again time.Duration, err error) {
	u := s.base.JoinPath("/api/0/", path)
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", -1, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Accept", "application/json")
	res, err := s.http.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("%s: %w", path, err)
	case len(body) > maxBody:
		return "", -1, fmt.Errorf("%s: a page of more than %d bytes", path, maxBody)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // a date, or nothing: our own pause
		return "", time.Duration(seconds) * time.Second, &refused{path, res.StatusCode, detail(body)}
	case res.StatusCode != http.StatusOK:
		return "", -1, &refused{path, res.StatusCode, detail(body)}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return "", -1, fmt.Errorf("%s answers something else than Sentry's API: %w", path, err)
	}
	return nextCursor(res.Header.Get("Link")), 0, nil
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
