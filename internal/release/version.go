package release

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// MaxLen bounds a release's version in bytes (protocol.md §14; Sentry's own bound is 250 characters,
// ours is that of every short column).
const MaxLen = 200

// Version is what a release's text says. Raw is always there; the rest is empty for text without an order.
type Version struct {
	Raw        string
	Package    string  // before the last @, with the @ of a scope kept: "@acme/shop"
	Text       string  // after the package
	Numbers    []int64 // one to four; empty: not ordered by version
	PreRelease string
	Build      string
}

// Valid says whether a text can be a release's version: not empty, not a path's dots or "latest", no
// line breaks, tabs or backslashes. A slash is fine (sentry-cli sends it encoded), also in what
// events name.
func Valid(s string) bool {
	if s == "" || len(s) > MaxLen || s != strings.TrimSpace(s) || s == "." || s == ".." || strings.EqualFold(s, "latest") {
		return false
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return false
	}
	_, version := cut(s)
	return version != ""
}

// cut takes the package off; an @ that begins the text is a scope's.
func cut(s string) (pkg, version string) {
	if at := strings.LastIndexByte(s, '@'); at > 0 {
		return s[:at], s[at+1:]
	}
	return "", s
}

var (
	// Four numbers at most; a pre-release needs a dash, or follows at least two numbers ("1.0rc1").
	semantic = regexp.MustCompile(`^v?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:(-?)([0-9A-Za-z][0-9A-Za-z._-]*))?(?:\+([0-9A-Za-z._-]+))?$`)
	isoDate  = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})(?:[-._T](\d{1,9}))?(?:\+([0-9A-Za-z._-]+))?$`)
	hash     = regexp.MustCompile(`^(?:[0-9a-f]{7,64}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$`)
)

// Parse reads a version. Every text is one.
func Parse(raw string) Version {
	v := Version{Raw: raw}
	v.Package, v.Text = cut(raw)
	if len(raw) > MaxLen || v.IsHash() {
		return v
	}
	if m := isoDate.FindStringSubmatch(v.Text); m != nil {
		v.Numbers, v.Build = numbers(m[1:5]), m[5]
		return v
	}
	m := semantic.FindStringSubmatch(v.Text)
	if m == nil {
		return v
	}
	ns := numbers(m[1:5])
	if m[6] != "" && m[5] == "" && (len(ns) < 2 || !letter(m[6][0])) {
		return v
	}
	v.Numbers, v.PreRelease, v.Build = ns, m[6], m[7]
	return v
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func numbers(in []string) (out []int64) {
	for _, s := range in {
		if s == "" {
			break
		}
		n, _ := strconv.ParseInt(s, 10, 64) // at most 18 digits
		out = append(out, n)
	}
	return out
}

// IsHash says whether the version is a commit's hash or a UUID: it may look like a number, but is none.
func (v Version) IsHash() bool {
	return hash.MatchString(v.Text) && strings.ContainsAny(v.Text, "abcdef")
}

// Ordered says whether the version has an order of its own.
func (v Version) Ordered() bool { return len(v.Numbers) > 0 }

// Short is how lists call the release: without its package, a hash by its first twelve digits.
func (v Version) Short() string {
	if v.IsHash() && len(v.Text) > 12 && !strings.Contains(v.Text, "-") {
		return v.Text[:12]
	}
	return v.Text
}

// number is a component, 0 when there are fewer.
func (v Version) number(i int) int64 {
	if i < len(v.Numbers) {
		return v.Numbers[i]
	}
	return 0
}

// Compare orders two versions of one package: by numbers, then a pre-release before its release
// (semver.org §11), then by build. It gives 0 for versions without an order, and says nothing about
// packages: see [Comparable].
func Compare(a, b Version) int {
	return cmp.Compare(a.SortKey(), b.SortKey())
}

// Comparable says whether two releases are ordered by their versions: both have an order, in the
// same package.
func Comparable(a, b Version) bool {
	return a.Ordered() && b.Ordered() && a.Package == b.Package
}
