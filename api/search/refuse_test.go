package search

import (
	"strings"
	"testing"
)

// What looks like a field of Sentry's but is none here is refused with what can be used, not compared as a tag that
// nothing has.
func TestRefusals(t *testing.T) {
	for _, q := range []struct{ query, says string }{
		{"release:latest", `release:"latest"`}, {"!release:latest", "release:app@1.2.0"}, {`release:"latest"`, ""}, {"release:[latest, app@1.0]", ""}, {"release:latest*", ""},
		{"release.version:>1.40", "tags[release.version]"}, {"release.version:1.2", "release:app@1.2.*"}, {"release.package:app", "tags[release.package]"}, {"tags[release.version]:1.2", ""},
	} {
		n, err := Parse(q.query)
		if err != nil {
			t.Fatal(err)
		}
		_, ofIssues := Issues(Context{}, n)
		_, ofEvents := Events(Context{}, n)
		for _, err := range []error{ofIssues, ofEvents} {
			if q.says == "" && err != nil || q.says != "" && (err == nil || !strings.Contains(err.Error(), q.says)) {
				t.Errorf("%s: %v, want %q in it", q.query, err, q.says)
			}
		}
	}
}
