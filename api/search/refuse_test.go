package search

import (
	"fmt"
	"strings"
	"testing"
)

// What looks like a field of Sentry's but is none here, or means something only now and then, is refused with what
// can be used, not compared as a tag that nothing has.
func TestRefusals(t *testing.T) {
	many := func(ReleaseRange) (names []string, err error) {
		for i := range MaxValues + 1 {
			names = append(names, fmt.Sprint("app@1.0.", i))
		}
		return names, nil
	}
	for _, q := range []struct {
		query, says string
		releases    func(ReleaseRange) ([]string, error)
	}{
		{"release:latest", "cannot be kept in a rule", nil}, {"!release:latest", "release:app@1.2.*", nil}, {`release:"latest"`, "", nil}, {"release:[latest, app@1.0]", "", nil}, {"release:latest*", "", nil},
		{"release.version:>1.40", "cannot be kept in a rule", nil}, {"release.version:>1.40", "more than 1000 releases", many}, {"release.version:x", "wants a version", many},
		{"release.package:app", "", nil}, {"release.package:>app", "cannot be compared", nil}, {"release.build:7", "tags[release.build]", many}, {"tags[release.version]:1.2", "", nil}, {"has:release.stage", "has:release.stage", many},
	} {
		n, err := Parse(q.query)
		if err != nil {
			t.Fatal(err)
		}
		_, ofIssues := Issues(Context{Releases: q.releases}, n)
		_, ofEvents := Events(Context{Releases: q.releases}, n)
		for _, err := range []error{ofIssues, ofEvents} {
			if q.says == "" && err != nil || q.says != "" && (err == nil || !strings.Contains(err.Error(), q.says)) {
				t.Errorf("%s: %v, want %q in it", q.query, err, q.says)
			}
		}
	}
}
