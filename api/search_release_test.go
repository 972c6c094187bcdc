package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/store"
)

// What is asked of releases beside their names: the events of this world are of shop@1.0.0, in two projects.
func TestSearchOfReleases(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		put := func(o *tenant, p *store.Project, versions ...string) {
			for _, v := range versions {
				_, _, err := w.s.UpsertRelease(t.Context(), o.org.Scope(), v, store.ReleaseChange{Projects: []int64{p.ID}})
				must(t, err)
			}
		}
		put(w.acme, w.acme.api, "0f1e2d3c4b", "other@1.0.0", "shop@0.9.0", "shop@1.0.0-rc.1", "shop@1.0.0")
		put(w.other, w.other.api, "shop@3.0.0")
		asked := func(query, more string) (issues, events int) {
			q := url.QueryEscape(query) + more
			return len(decode[[]struct{}](w.get(org + "issues/?query=" + q))), len(decode[explored](w.get(org + "events/?dataset=errors&field=id&query=" + q)).Data)
		}
		for _, c := range []struct {
			query, more    string
			issues, events int
		}{
			{"release:latest", "", 2, 3},
			{"!release:latest", "", 0, 0},
			{`release:"latest"`, "", 0, 0},
			{"release:latest", "&project=" + itoa(w.acme.api.ID), 1, 2},
			{"release.version:1.0.0", "", 2, 3},
			{"release.version:shop@1.0.0", "", 2, 3},
			{"release.version:other@1.0.0", "", 0, 0},
			{"release.version:1.0.*", "", 2, 3},
			{"release.version:1.1.*", "", 0, 0},
			{"release.version:>0.9", "", 2, 3},
			{"release.version:>=1.0.0", "", 2, 3},
			{"release.version:>1.0.0-rc.1", "", 2, 3},
			{"release.version:>1.0.0", "", 0, 0},
			{"release.version:<1.0.0", "", 0, 0},
			{"!release.version:<1.0.0", "", 2, 3},
			{"release.version:[0.9.0, 1.0.0]", "", 2, 3},
			{"release.package:shop", "", 2, 3},
			{"release.package:sho*", "", 2, 3},
			{"release.package:[other, shop]", "", 2, 3},
			{"release.package:other", "", 0, 0},
		} {
			if issues, events := asked(c.query, c.more); issues != c.issues || events != c.events {
				t.Errorf("%s%s: %d issues and %d events, want %d and %d", c.query, c.more, issues, events, c.issues, c.events)
			}
		}
		for query, want := range map[string]int{"release.version:1.0.*": 2, "release.version:>=1 release.package:shop": 2, "!release.version:<2": 0, "release.package:[other]": 0} {
			if got := decode[explored](w.get(org + "events/?dataset=spans&field=id&query=" + url.QueryEscape(query))).Data; len(got) != want {
				t.Errorf("%s: %d spans, want %d", query, len(got), want)
			}
		}
		put(w.acme, w.acme.api, "shop@1.0.1") // is the latest now, and nothing has happened in it
		if issues, events := asked("release:latest", "&project="+itoa(w.acme.api.ID)); issues != 0 || events != 0 {
			t.Errorf("a newer release is there, and %d issues and %d events are of the latest", issues, events)
		}
		for query, says := range map[string]string{
			"release.version:next": "wants a version", "release.version:>1.*": "wants a version", "release.build:>12": "cannot be searched", "has:release.version": "has:release.version", "has:release.build": "has:release.build",
		} {
			for _, path := range []string{"issues/?query=", "events/?dataset=errors&field=id&query="} {
				if r := w.do(w.acme.token, "GET", org+path+url.QueryEscape(query), ""); r.Code != 400 || !strings.Contains(r.Body.String(), says) {
					t.Errorf("%s%s: %d %s, want 400 with %q", path, query, r.Code, r.Body, says)
				}
			}
		}
	})
}
