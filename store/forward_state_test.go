package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

func TestForwardStates(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx, c := t.Context(), setClock(s)
		save := func(relay string, states ...store.ForwardState) {
			t.Helper()
			if err := s.SaveForwardStates(ctx, relay, states); err != nil {
				t.Fatal(err)
			}
		}
		look := func(org, project int64) (out []string) {
			t.Helper()
			rows, err := s.ForwardStates(ctx, store.Scope{OrgID: org}, project)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				out = append(out, r.Relay+" "+r.LastError)
			}
			return out
		}
		save("a", store.ForwardState{ProjectID: 1, OrgID: 1, Dropped: "{}", LastError: "one"}, store.ForwardState{ProjectID: 2, OrgID: 2, Dropped: "{}"})
		save("b", store.ForwardState{ProjectID: 1, OrgID: 1, Dropped: "{}", LastError: "two"})
		save("a", store.ForwardState{ProjectID: 1, OrgID: 1, Dropped: "{}", LastError: "three"})
		if diff := cmp.Diff([]string{"a three", "b two"}, look(1, 1)); diff != "" {
			t.Error(diff)
		}
		if got := append(look(2, 1), look(2, 2)...); len(got) != 0 {
			t.Errorf("another organisation's, or what is not told any more: %v", got)
		}
		c.add(25 * time.Hour)
		save("b")
		if got := look(1, 1); len(got) != 0 {
			t.Errorf("relays of yesterday: %v", got)
		}
	})
}
