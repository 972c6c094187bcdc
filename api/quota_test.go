package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/store"
)

func TestOrganizationQuotas(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const path = "/api/0/organizations/acme/quotas/"
		if q := decode[api.OrganizationQuotas](w.get(path)); len(q.Limits) != 0 {
			t.Errorf("a new organisation has %+v", q)
		}
		want := api.OrganizationQuotas{Limits: []api.OrganizationLimit{{ID: "all", Categories: []string{}, Limit: 1000, WindowSeconds: 3600}, {ID: "e", Categories: []string{"error"}, Limit: 5, WindowSeconds: 60}}}
		r := w.do(w.acme.token, "PUT", path, `{"limits":[{"id":"all","categories":[],"limit":1000,"windowSeconds":3600},{"id":"e","categories":["error"],"limit":5,"windowSeconds":60}]}`)
		if r.Code != 200 {
			t.Fatal(r.Code, r.Body)
		}
		if diff := cmp.Diff(want, decode[api.OrganizationQuotas](w.get(path))); diff != "" {
			t.Error(diff)
		}
		keys, err := w.s.AllKeys(t.Context())
		must(t, err)
		reached := 0
		for _, k := range keys {
			if k.OrgID == w.acme.org.ID && strings.Contains(k.OrgQuotas, `"all"`) {
				reached++
			} else if k.OrgQuotas != "[]" {
				t.Errorf("key of organisation %d has %s", k.OrgID, k.OrgQuotas)
			}
		}
		if reached == 0 {
			t.Error("no key of the edge has the limits")
		}
		for _, bad := range []string{`{"limits":[{"id":"a b","categories":[],"limit":1,"windowSeconds":60}]}`, `{"limits":[{"id":"a","categories":[],"limit":1,"windowSeconds":99999999}]}`,
			`{"limits":[{"id":"a","categories":[],"limit":1,"windowSeconds":60},{"id":"a","categories":[],"limit":1,"windowSeconds":60}]}`} {
			if r := w.do(w.acme.token, "PUT", path, bad); r.Code != 400 {
				t.Errorf("%s: %d %s", bad, r.Code, r.Body)
			}
		}
		if diff := cmp.Diff(want, decode[api.OrganizationQuotas](w.get(path))); diff != "" {
			t.Errorf("a refused change did something: %s", diff)
		}
	})
}

func TestForwardingState(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const path = "/api/0/projects/acme/shop-web/forwarding/"
		if f := decode[api.Forwarding](w.get(path)); f.Relays != 0 || f.UpdatedAt != nil || f.Dropped == nil {
			t.Errorf("nobody told anything: %+v", f)
		}
		sent, limited := time.Now().UnixMilli(), time.Now().Add(time.Minute).UnixMilli()
		state := store.ForwardState{ProjectID: w.acme.web.ID, OrgID: w.acme.org.ID, Pending: 3, LagMS: 1500, Sent: 10, Dropped: `{"limited":2}`, LastSentMS: &sent}
		must(t, w.s.SaveForwardStates(t.Context(), "one", []store.ForwardState{state}))
		state.LagMS, state.Dropped, state.LastError, state.LimitedUntilMS = 500, `{"limited":1,"full":4}`, "upstream limits us", &limited
		must(t, w.s.SaveForwardStates(t.Context(), "two", []store.ForwardState{state}))
		f := decode[api.Forwarding](w.get(path))
		if f.Relays != 2 || f.Pending != 6 || f.LagSeconds != 1.5 || f.Sent != 20 || cmp.Diff(map[string]int64{"limited": 3, "full": 4}, f.Dropped) != "" ||
			f.LastError != "upstream limits us" || f.LimitedUntil == nil || f.LimitedUntil.UnixMilli() != limited || f.LastSent == nil || f.UpdatedAt == nil {
			t.Errorf("%+v", f)
		}
	})
}
