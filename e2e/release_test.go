package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A release of an npm package with a scope is one release everywhere: in events and sessions, in the API, in search and
// at the address of its page.
func TestReleaseOfAScopedPackage(t *testing.T) {
	s := start(t)
	dsn, err := url.Parse(s.command(t, "project", "create", "shop", "--platform", "node"))
	if err != nil {
		t.Fatal(err)
	}
	const version = "@acme/shop@1.0.0"
	now := time.Now().UTC()
	event := fmt.Sprintf(`{"event_id":"aaaa0000aaaa4000aaaa0000aaaa0001","release":%q,"message":"sold out","timestamp":%d}`, version, now.Unix())
	session := fmt.Sprintf(`{"sid":"aaaa0000aaaa4000aaaa0000aaaa0002","init":true,"started":%q,"status":"exited","attrs":{"release":%q}}`, now.Format(time.RFC3339), version)
	body := strings.Join([]string{`{}`, `{"type":"event"}`, event, `{"type":"session"}`, session}, "\n")
	res, err := http.Post(s.URL+"/api"+dsn.Path+"/envelope/?sentry_key="+dsn.User.Username(), "application/x-sentry-envelope", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	a := s.api(t)
	path := "/organizations/main/releases/" + url.PathEscape(version) + "/"
	var releases []struct{ Version string }
	until(t, 20*time.Second, "the release is there", func() bool {
		a.get(t, "/organizations/main/releases/?health=1", &releases)
		return len(releases) == 1
	})
	if releases[0].Version != version {
		t.Errorf("listed as %q", releases[0].Version)
	}
	var one struct {
		Version     string
		VersionInfo struct {
			Package string
			Version struct{ Raw string }
		}
	}
	if a.get(t, path, &one); one.Version != version || one.VersionInfo.Package != "@acme/shop" || one.VersionInfo.Version.Raw != "1.0.0" {
		t.Errorf("the release is %+v", one)
	}
	for _, query := range []string{"release:" + version, `firstRelease:"` + version + `"`} {
		var issues []struct{ Title string }
		if a.get(t, "/organizations/main/issues/?query="+url.QueryEscape(query), &issues); len(issues) != 1 || issues[0].Title != "sold out" {
			t.Errorf("%s finds %+v", query, issues)
		}
	}
	var sessions struct {
		Groups []struct{ Totals map[string]float64 }
	}
	a.get(t, "/organizations/main/sessions/?statsPeriod=1d&field=sum(session)&query="+url.QueryEscape("release:"+version), &sessions)
	if len(sessions.Groups) != 1 || sessions.Groups[0].Totals["sum(session)"] != 1 {
		t.Errorf("sessions %+v", sessions)
	}
	page, err := http.Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	if page.Body.Close(); page.StatusCode != http.StatusOK || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
		t.Errorf("its page: %s, %s", page.Status, page.Header.Get("Content-Type"))
	}
}
