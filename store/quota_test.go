package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

func TestQuotasReachTheEdge(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		org, err := s.CreateOrganization(ctx, "acme", "Acme")
		if err != nil {
			t.Fatal(err)
		}
		p, k, err := s.CreateProject(ctx, org.Scope(), store.NewProject{Slug: "shop", Name: "Shop", Platform: "go"})
		if err != nil {
			t.Fatal(err)
		}
		edge := func() store.RelayKey {
			t.Helper()
			keys, err := s.AllKeys(ctx)
			if err != nil || len(keys) != 1 {
				t.Fatalf("%d keys, %v", len(keys), err)
			}
			return keys[0]
		}
		if e := edge(); e.RateCount != nil || e.OrgQuotas != "[]" {
			t.Errorf("a new key is %+v", e)
		}
		if _, err := s.UpdateKey(ctx, org.Scope(), p.ID, k.PublicKey, store.KeyChange{Rate: &store.KeyRate{Count: 5, Window: 60}}); err != nil {
			t.Fatal(err)
		}
		const quotas = `[{"id":"a","scope":"project","categories":["error"],"limit":1,"windowSeconds":60}]`
		if err := s.SetOrganizationQuotas(ctx, org.Scope(), []settings.Quota{{ID: "a", Scope: settings.ScopeProject, Categories: []string{"error"}, Limit: 1, WindowSeconds: 60}}); err != nil {
			t.Fatal(err)
		}
		if e := edge(); e.RateCount == nil || *e.RateCount != 5 || *e.RateWindow != 60 || e.OrgQuotas != quotas {
			t.Errorf("the key is %+v", e)
		}
		if err := s.SetOrganizationQuotas(ctx, org.Scope(), []settings.Quota{{ID: "not a name", Scope: settings.ScopeProject, WindowSeconds: 60}}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("a quota without a name: %v", err)
		}
		if k, err := s.UpdateKey(ctx, org.Scope(), p.ID, k.PublicKey, store.KeyChange{Rate: &store.KeyRate{}}); err != nil || k.RateCount != nil || k.RateWindow != nil {
			t.Errorf("after taking the limit away: %+v, %v", k, err)
		}
		for _, bad := range []store.KeyRate{{Count: -1, Window: 60}, {Count: 1, Window: -1}, {Count: 1, Window: 1 << 40}} {
			if _, err := s.UpdateKey(ctx, org.Scope(), p.ID, k.PublicKey, store.KeyChange{Rate: &bad}); err == nil {
				t.Errorf("%+v was taken", bad)
			}
		}

		now := time.Now().UnixMilli()
		o := func(ago time.Duration, outcome string, n int64) store.Outcome {
			return store.Outcome{MinuteMS: now - ago.Milliseconds(), OrgID: org.ID, ProjectID: p.ID, Category: "error", Outcome: outcome, Quantity: n}
		}
		_, err = s.Ingest(ctx, []*store.Write{{MessageID: "m", ReceivedMS: now, Outcomes: []store.Outcome{
			o(time.Hour, store.OutcomeAccepted, 3), o(50*time.Hour, store.OutcomeAccepted, 4),
			o(time.Hour, store.OutcomeFiltered, 100), o(8*24*time.Hour, store.OutcomeAccepted, 1000),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		norms, err := s.Norms(ctx)
		if err != nil || len(norms) != 1 {
			t.Fatalf("%+v, %v", norms, err)
		}
		if n := norms[0]; n.ProjectID != p.ID || n.Category != "error" || n.Quantity != 7 || n.FirstMS > now-(49*time.Hour).Milliseconds() {
			t.Errorf("norm %+v", n)
		}
	})
}
