package settings

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
)

// Invalid is the error of a document with fields that cannot be.
type Invalid struct{ Fields []FieldError }

// FieldError says what is wrong with one field.
type FieldError struct {
	Field   string // as in the JSON, "filters.releases"
	Message string // what it must be, without the field's name
}

// Error implements error; it lists every field.
func (e *Invalid) Error() string {
	list := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		list[i] = f.Field + " " + f.Message
	}
	return "settings: " + strings.Join(list, "; ")
}

// LegacyBrowsers are the names that Filters.LegacyBrowsers may hold: each browser up to the last
// version Sentry's filter means by it, then the older names Sentry still takes.
var LegacyBrowsers = []string{
	"ie", "edge", "safari", "firefox", "chrome", "opera", "android", "opera_mini",
	"ie_pre_9", "ie9", "ie10", "ie11", "safari_pre_6", "opera_pre_15", "opera_mini_pre_8", "android_pre_4", "edge_pre_79",
}

// Bounds of the lists: a relay holds the settings of all projects in memory and goes through a
// project's lists for each item. [Settings.JSON] of the largest document stays below 64 KiB
// because of MaxDocument, which Validate checks last.
const (
	maxList     = 500
	maxEntry    = 1024 // bytes
	MaxDocument = 60 << 10
)

// Validate returns an *[Invalid] that names each field that cannot be, or nil.
func (s *Settings) Validate() error {
	c := new(checker)
	c.list("allowedDomains", s.AllowedDomains, isDomain, "an origin such as *.example.com or https://example.com:8443")
	switch s.IP {
	case IPStore, IPTruncate, IPDrop:
	default:
		c.add("ip", "must be %q, %q or %q", IPStore, IPTruncate, IPDrop)
	}
	c.list("scrub.sensitiveFields", s.Scrub.SensitiveFields, isField, "a name of at most 200 bytes")
	c.list("scrub.safeFields", s.Scrub.SafeFields, isField, "a name of at most 200 bytes")
	s.Filters.check(c)
	s.Quotas.check(c)
	s.Forward.check(c)
	s.Drains.check(c)
	s.Recordings.check(c)
	s.Retention.check(c)
	s.Grouping.check(c)
	s.Ownership.check(c)
	s.Client.check(c)
	if s.ResolveAge < 0 || s.ResolveAge > maxResolveAge {
		c.add("resolveAge", "must be 0 to %d hours", maxResolveAge)
	}
	if len(c.fields) == 0 && len(s.JSON()) > MaxDocument {
		c.add("settings", "together are more than %d bytes", MaxDocument)
	}
	if len(c.fields) > 0 {
		return &Invalid{Fields: c.fields}
	}
	return nil
}

func (f *Filters) check(c *checker) {
	c.list("filters.legacyBrowsers", f.LegacyBrowsers, func(s string) bool { return slices.Contains(LegacyBrowsers, s) },
		"one of "+strings.Join(LegacyBrowsers, ", "))
	const glob = "text with * for anything"
	c.list("filters.errorMessages", f.ErrorMessages, isLine, glob)
	c.list("filters.releases", f.Releases, isLine, glob)
	c.list("filters.logMessages", f.LogMessages, isLine, glob)
	c.list("filters.traceMetricNames", f.TraceMetricNames, isLine, glob)
	c.list("filters.ipAddresses", f.IPAddresses, isAddress, "an address or a range such as 192.0.2.0/24")
	c.list("filters.cspSources", f.CSPSources, isLine, "a source such as *.example.com")
}

// checker collects what is wrong.
type checker struct{ fields []FieldError }

func (c *checker) add(field, format string, args ...any) {
	c.fields = append(c.fields, FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

// count checks the length of a list.
func (c *checker) count(field string, n, most int) {
	if n > most {
		c.add(field, "has %d entries, more than %d", n, most)
	}
}

// list checks a list and its entries, naming the first wrong one.
func (c *checker) list(field string, list []string, ok func(string) bool, want string) {
	c.count(field, len(list), maxList)
	for _, s := range list {
		if len(s) > maxEntry || !ok(s) {
			c.add(field, "has %.80q, which is not %s", s, want)
			return
		}
	}
}

// isLine: something to read, without control characters.
func isLine(s string) bool {
	return strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, unicode.IsControl)
}

func isField(s string) bool { return isLine(s) && len(s) <= 200 }

func isAddress(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(s)
	return err == nil
}

// isDomain: no path, no spaces, and a star only where one is understood.
func isDomain(s string) bool {
	if s == "*" {
		return true
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	s = strings.TrimPrefix(s, "*.")
	return isLine(s) && !strings.ContainsAny(s, " */?#,@")
}

func (r *Recordings) check(c *checker) {
	if r.Days < 0 || r.Days > MaxDays {
		c.add("recordings.days", "must be from 0 to %d", MaxDays)
	}
	if r.ValuedDays < 0 || r.ValuedDays > MaxDays {
		c.add("recordings.valuedDays", "must be from 0 to %d", MaxDays)
	}
	if r.MaxBytes < 0 {
		c.add("recordings.maxBytes", "must not be negative")
	}
}

// maxResolveAge is two years, in hours.
const maxResolveAge = 2 * 365 * 24
