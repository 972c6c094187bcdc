package settings

import (
	"net/url"
	"strings"
)

// Forward also sends what the project takes to another Sentry, after scrubbing.
type Forward struct {
	DSN  string      `json:"dsn"`  // of the upstream; empty: nothing is sent on
	Mode ForwardMode `json:"mode"` // what is sent on
	Rate float64     `json:"rate"` // the share sent on with ForwardSample, 0 to 1, decided by trace
}

// ForwardMode says what of a project is sent on.
type ForwardMode string

// The modes of forwarding.
const (
	ForwardAll    ForwardMode = "all"    // everything
	ForwardErrors ForwardMode = "errors" // errors with what belongs to them
	ForwardSample ForwardMode = "sample" // Rate of everything
)

// maxDSN bounds a DSN in bytes.
const maxDSN = 2048

func (f *Forward) check(c *checker) {
	switch f.Mode {
	case ForwardAll, ForwardErrors, ForwardSample:
	default:
		c.add("forward.mode", "must be %q, %q or %q", ForwardAll, ForwardErrors, ForwardSample)
	}
	if !(f.Rate >= 0 && f.Rate <= 1) { // NaN too
		c.add("forward.rate", "must be 0 to 1")
	}
	if f.DSN != "" && !isDSN(f.DSN) {
		c.add("forward.dsn", "is not a DSN such as https://key@host/1")
	}
}

// isDSN looks at the shape only: where a DSN may lead is for whoever connects to judge.
func isDSN(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxDSN && (u.Scheme == "http" || u.Scheme == "https") &&
		u.Hostname() != "" && u.User.Username() != "" && strings.Trim(u.Path, "/") != ""
}
