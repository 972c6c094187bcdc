package filter

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// source is where content comes from: "host", "*.host", with an optional "scheme://".
type source struct{ scheme, host string }

func newSource(text string) source {
	scheme, rest, found := strings.Cut(strings.ToLower(strings.TrimSpace(text)), "://")
	if !found {
		scheme, rest = "*", scheme
	}
	host, _, _ := strings.Cut(rest, "/")
	return source{scheme, host}
}

func (s source) matches(uri string) bool {
	o := newSource(uri)
	if s.scheme != "*" && s.scheme != o.scheme {
		return false
	}
	if base, ok := strings.CutPrefix(s.host, "*."); ok {
		return o.host == base || strings.HasSuffix(o.host, "."+base)
	}
	return s.host == "*" || s.host == "" || s.host == o.host
}

// csp judges a browser's own report, in its old form and that of the Reporting API.
func (f *Filter) csp(report []byte) Reason {
	if len(f.sources) == 0 {
		return ""
	}
	for _, path := range []string{"csp-report.blocked-uri", "csp-report.source-file", "body.blockedURL", "body.sourceFile"} {
		uri := gjson.GetBytes(report, path).String()
		if uri != "" && slices.ContainsFunc(f.sources, func(s source) bool { return s.matches(uri) }) {
			return InvalidCSP
		}
	}
	return ""
}
