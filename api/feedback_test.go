package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/api"
)

// What people wrote is worked through one by one: each has a status, and knows what stands beside it.
func TestFeedbackInbox(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const list, one = "/api/0/organizations/acme/user-feedback/", "/api/0/projects/acme/shop-web/user-feedback/"
		old := w.wrote(w.acme, "old", "Cannot pay", w.base.Add(time.Minute))
		// Two of one moment stand in the order of their ids.
		twin := [2]string{w.wrote(w.acme, "a", "Twice", w.base.Add(2*time.Minute)), w.wrote(w.acme, "b", "Twice", w.base.Add(2*time.Minute))}
		if twin[0] > twin[1] {
			twin[0], twin[1] = twin[1], twin[0]
		}
		last := w.wrote(w.acme, "last", "Lovely", w.base.Add(3*time.Minute))

		beside := func(id, status string) (older, newer string) {
			t.Helper()
			got := decode[api.UserReportDetails](w.get(one + id + "/?status=" + status))
			if got.ID != id || got.Attachments == nil {
				t.Errorf("%s is %+v", id, got)
			}
			for at, k := range map[*string]api.Null[api.ReportKey]{&older: got.Older, &newer: got.Newer} {
				if k.V != nil {
					*at = k.V.ID
				}
			}
			return older, newer
		}
		walk := []string{w.acme.report, old, twin[0], twin[1], last}
		for i, id := range walk {
			older, newer := beside(id, "")
			if i > 0 && older != walk[i-1] || i+1 < len(walk) && newer != walk[i+1] || i == 0 && older != "" || i+1 == len(walk) && newer != "" {
				t.Errorf("beside %d: %s and %s", i, older, newer)
			}
		}

		if got := decode[api.UserReport](w.expect(http.StatusOK, "PUT", one+twin[0]+"/", `{"status":"spam"}`)); got.Status != "spam" {
			t.Errorf("told %q", got.Status)
		}
		w.expect(http.StatusOK, "PUT", one+old+"/", `{"status":"resolved"}`)
		w.expect(http.StatusBadRequest, "PUT", one+old+"/", `{"status":"lost"}`)
		w.expect(http.StatusNotFound, "PUT", one+"ffffffffffffffffffffffffffffffff/", `{"status":"spam"}`)
		w.expect(http.StatusNotFound, "GET", one+"nothing/", "")
		w.expect(http.StatusNotFound, "GET", "/api/0/projects/acme/shop-api/user-feedback/"+old+"/", "") // another project's

		if older, newer := beside(twin[1], "unresolved"); older != w.acme.report || newer != last {
			t.Errorf("among the open ones: %s and %s", older, newer)
		}
		for status, want := range map[string][]string{"": {last, twin[1], twin[0], old, w.acme.report}, "unresolved": {last, twin[1], w.acme.report}, "resolved": {old}, "spam": {twin[0]}} {
			got := decode[[]api.UserReport](w.get(list + "?status=" + status))
			ids := []string{}
			for _, r := range got {
				ids = append(ids, r.ID)
				if status != "" && r.Status != status {
					t.Errorf("%s among %s", r.Status, status)
				}
			}
			if len(ids) != len(want) {
				t.Errorf("%q: %v, want %v", status, ids, want)
				continue
			}
			for i := range ids {
				if ids[i] != want[i] {
					t.Errorf("%q: %v, want %v", status, ids, want)
				}
			}
		}
	})
}
