package envelope

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// What can be wrong with credentials.
var (
	// ErrNoAuth: there are none here; look elsewhere.
	ErrNoAuth = errors.New("missing authorization information")
	// ErrBadAuth: they are meant to be credentials but have no key or no readable version.
	ErrBadAuth = errors.New("bad x-sentry-auth header")
)

// Auth is the credentials of a request.
type Auth struct {
	PublicKey string // as sent; [PublicKey] checks its form
	Version   string // of the protocol: decimal digits, "7" when not sent
	Client    string // "name/version"; may be empty
}

// VersionNumber is Version as a number.
func (a *Auth) VersionNumber() int {
	n, _ := strconv.Atoi(a.Version)
	return n
}

const defaultVersion = "7"

// ParseAuth reads the value of an X-Sentry-Auth or Authorization header, "Sentry k=v, k=v, …".
// Anything that does not begin with "Sentry " is [ErrNoAuth]: an empty header, another scheme.
func ParseAuth(header string) (*Auth, error) {
	const scheme = "sentry "
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return nil, ErrNoAuth
	}
	var a authFields
	for pair := range strings.SplitSeq(header[len(scheme):], ",") {
		k, v, _ := strings.Cut(pair, "=")
		a.set(strings.TrimSpace(k), strings.TrimSpace(v))
	}
	return a.auth()
}

// ParseAuthQuery reads credentials from a URL's raw query; [ErrNoAuth] when it names none of
// the auth keys (security reports bring sentry_release beside a header).
func ParseAuthQuery(rawQuery string) (*Auth, error) {
	if !strings.Contains(rawQuery, "sentry_") {
		return nil, ErrNoAuth
	}
	var a authFields
	for pair := range strings.SplitSeq(rawQuery, "&") {
		k, v, _ := strings.Cut(pair, "=")
		k, err1 := url.QueryUnescape(k)
		v, err2 := url.QueryUnescape(v)
		if err1 == nil && err2 == nil {
			a.set(k, strings.TrimSpace(v))
		}
	}
	if !a.any {
		return nil, ErrNoAuth
	}
	return a.auth()
}

type authFields struct {
	key, version, client string
	any                  bool
}

func (a *authFields) set(k, v string) {
	switch k {
	case "sentry_key":
		a.key = v
	case "sentry_version":
		a.version = v
	case "sentry_client":
		a.client = v
	case "sentry_secret", "sentry_timestamp":
	default:
		return
	}
	a.any = true
}

func (a *authFields) auth() (*Auth, error) {
	if a.key == "" {
		return nil, ErrBadAuth
	}
	version := defaultVersion
	if a.version != "" {
		whole, _, _ := strings.Cut(a.version, ".")
		n, err := strconv.ParseUint(strings.TrimSpace(whole), 10, 16)
		if err != nil {
			return nil, ErrBadAuth
		}
		version = strconv.FormatUint(n, 10)
	}
	return &Auth{PublicKey: a.key, Version: version, Client: strings.ToValidUTF8(a.client, "\uFFFD")}, nil
}
