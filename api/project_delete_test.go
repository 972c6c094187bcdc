package api_test

import (
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/store/storetest"
)

// From the moment it is deleted nothing shows what a project holds, though its rows are still there.
func TestDeletedProjectIsNowhere(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	issue, p := itoa(w.acme.issue), "/api/0/organizations/acme/"
	lists := []string{"issues/?query=", "projects/", "events/?dataset=errors&field=title&field=project", "issues/?query=" + eventA}
	for _, path := range lists {
		if !strings.Contains(w.get(p+path).Body.String(), "shop-api") {
			t.Fatalf("%s shows nothing of the project", path)
		}
	}
	if r := w.do(w.acme.token, "DELETE", "/api/0/projects/acme/shop-api/", ""); r.Code != 204 {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	for _, path := range lists {
		if got := w.get(p + path).Body.String(); strings.Contains(got, "shop-api") || strings.Contains(got, `"id":"`+issue+`"`) {
			t.Errorf("%s still shows it: %s", path, got)
		}
	}
	if !strings.Contains(w.get(p+"issues/?query=").Body.String(), "shop-web") {
		t.Error("the other project's issues are gone too")
	}
	for _, path := range []string{"issues/" + issue + "/", "issues/" + issue + "/events/latest/", "issues/SHOP-API-1/", "eventids/" + eventA + "/"} {
		if r := w.do(w.acme.token, "GET", p+path, ""); r.Code != 404 {
			t.Errorf("%s: %d %s", path, r.Code, r.Body)
		}
	}
	if r := w.do(w.acme.token, "PUT", p+"issues/?id="+issue, `{"status":"resolved"}`); r.Code != 204 {
		t.Errorf("its issue can be changed: %d %s", r.Code, r.Body)
	}
	if r := w.do(w.other.token, "GET", "/api/0/projects/other/shop-api/", ""); r.Code != 200 {
		t.Errorf("another organisation's project: %d", r.Code)
	}
}
