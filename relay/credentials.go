package relay

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Versions of the protocol that are understood.
const (
	minVersion = 2
	maxVersion = 8
)

// credentials finds who sends: exactly one of the places of protocol.md §1.2 may say so. pathKey
// is the key of those endpoints that have it in their path. It returns nil, and no error, when
// there are none; then an envelope's own dsn may still tell.
func credentials(r *http.Request, pathKey string) (*envelope.Auth, error) {
	var found []*envelope.Auth
	for _, name := range []string{"X-Sentry-Auth", "Authorization"} {
		for _, v := range r.Header.Values(name) {
			a, err := envelope.ParseAuth(v)
			if errors.Is(err, envelope.ErrNoAuth) && name == "Authorization" {
				a, err = basicAuth(v)
			}
			if errors.Is(err, envelope.ErrNoAuth) {
				continue
			}
			if err != nil {
				return nil, refuseBadAuth()
			}
			found = append(found, a)
		}
	}
	if a, err := envelope.ParseAuthQuery(r.URL.RawQuery); err == nil {
		found = append(found, a)
	} else if !errors.Is(err, envelope.ErrNoAuth) && len(found) == 0 && pathKey == "" {
		return nil, refuseBadAuth()
	}
	if pathKey != "" {
		found = append(found, &envelope.Auth{PublicKey: pathKey, Version: "7"})
	}
	if len(found) == 0 {
		return nil, nil
	}
	if len(found) > 1 {
		return nil, refuseMultipleAuth()
	}
	return found[0], nil
}

// basicAuth takes the public key from the user name, as log drains and OTLP exporters send it.
func basicAuth(v string) (*envelope.Auth, error) {
	scheme, rest, _ := strings.Cut(v, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil, envelope.ErrNoAuth
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	if err != nil {
		return nil, envelope.ErrBadAuth
	}
	user, _, _ := strings.Cut(string(raw), ":")
	if user == "" {
		return nil, envelope.ErrBadAuth
	}
	return &envelope.Auth{PublicKey: user, Version: "7"}, nil
}

// authorize checks credentials against the keys: their form, the key, the project of the path
// (0: the key's own) and the origin.
func (q *request) authorize(auth *envelope.Auth) error {
	if v := auth.VersionNumber(); v < minVersion || v > maxVersion {
		return refuse(http.StatusBadRequest, "version", "unsupported protocol version ("+auth.Version+")")
	}
	public, ok := envelope.PublicKey(auth.PublicKey)
	if !ok {
		return refuse(http.StatusBadRequest, "bad_key", "bad sentry DSN public key")
	}
	key, ok := q.rl.cfg.Keys.Key(public)
	if !ok {
		if !q.rl.strangers.allow(q.client, q.received) {
			q.w.Header().Set("Retry-After", "60")
			e := refuse(http.StatusTooManyRequests, "unknown_key_limit", "too many requests with unknown keys")
			e.close = true
			return e
		}
		return refuseProject("unknown_key")
	}
	q.auth = auth
	if q.project != 0 && q.project != key.ProjectID {
		return refuseProject("wrong_project") // counted for nobody: the sender names two projects
	}
	if key.Rules == nil {
		key.Rules = q.rl.defaults
	}
	q.key = key
	if !key.Active {
		return refuseProject("disabled_key")
	}
	if !originAllowed(requestOrigin(q.r), key.Rules.settings.AllowedDomains) {
		return refuseOrigin()
	}
	leave, ok := q.rl.gate.enterKey(public)
	if !ok {
		return refuseBusy("key_concurrency")
	}
	q.onEnd(leave)
	return nil
}

// authorizeHeader judges the dsn of an envelope's header: the only credentials of a tunnelled
// request, else a check that the envelope came where it was meant for.
func (q *request) authorizeHeader(h *envelope.Header) error {
	if h.DSN == "" {
		if q.auth == nil {
			return refuseMissingAuth()
		}
		return nil
	}
	dsn, err := envelope.ParseDSN(h.DSN)
	if err != nil {
		if q.auth == nil {
			return refuseEnvelopeAuth()
		}
		return refuseEnvelope(envelope.CauseInvalidHeader)
	}
	if q.tunnel != nil && !q.tunnel(dsn) {
		return refuseProject("tunnel")
	}
	project := q.project
	if project == 0 {
		project = q.key.ProjectID
	}
	if project != 0 && dsn.ProjectID != project {
		return refuseEnvelope("project id mismatch between envelope and request")
	}
	if q.auth == nil {
		if q.project == 0 {
			q.project = dsn.ProjectID
		}
		return q.authorize(&envelope.Auth{PublicKey: dsn.PublicKey, Version: "7"})
	}
	if public, _ := envelope.PublicKey(dsn.PublicKey); public != q.key.PublicKey {
		return refuseEnvelope("public key mismatch between envelope and request")
	}
	return nil
}

// requestOrigin is the page that sent, as "scheme://host[:port]", or nil: only a browser says
// so, and only http and https count.
func requestOrigin(r *http.Request) *url.URL {
	for _, name := range []string{"Origin", "Referer"} {
		v := r.Header.Get(name)
		if v == "" {
			continue
		}
		u, err := url.Parse(v)
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
			return u
		}
	}
	return nil
}

// originAllowed holds an origin against a project's allowed domains: "*", "host", "*.host" (the
// host itself too), each with an optional scheme and port. A request without origin is not a
// browser's, and passes.
func originAllowed(origin *url.URL, allowed []string) bool {
	if origin == nil {
		return true
	}
	for _, pattern := range allowed {
		if matchOrigin(origin, strings.ToLower(strings.TrimSpace(pattern))) {
			return true
		}
	}
	return false
}

func matchOrigin(origin *url.URL, pattern string) bool {
	if pattern == "*" {
		return true
	}
	scheme, host, ok := strings.Cut(pattern, "://")
	if !ok {
		scheme, host = "*", pattern
	}
	if scheme != "*" && scheme != origin.Scheme {
		return false
	}
	host, _, _ = strings.Cut(host, "/")
	port := ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host, port = host[:i], host[i+1:]
	}
	if port != "" && port != "*" && port != originPort(origin) {
		return false
	}
	name, host := strings.ToLower(origin.Hostname()), strings.Trim(host, "[]")
	if base, ok := strings.CutPrefix(host, "*."); ok {
		return name == base || strings.HasSuffix(name, "."+base)
	}
	return host == "*" || name == host
}

func originPort(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
