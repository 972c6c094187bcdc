package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/store"
)

// TestTwoRelaysShareQuotas: two whole relays, each with a stream of its own, a linker and an API around one
// NATS and one Postgres: what one relay took counts at the other, and what both took is stored, once.
func TestTwoRelaysShareQuotas(t *testing.T) {
	blobs := t.TempDir()
	env := []string{"HINDSIGHT_NATS_URL", testkit.NATS(t), "HINDSIGHT_DATABASE_URL", testkit.Postgres(t), "HINDSIGHT_BLOBS_URL", "file:" + blobs}
	api := partForTest(t, "api", t.TempDir(), env...)
	dsn := api.command(t, "project", "create", "shop", "--platform", "go")
	const limit = 60
	api.command(t, "quota", "set", "errors", "60", "--per", "24h", "--categories", "error")
	partForTest(t, "linker", t.TempDir(), env...)
	var relays [2]string
	for i := range relays {
		r := partForTest(t, "relay", t.TempDir(), env...)
		relays[i] = dsnAt(t, dsn, r.url)
	}
	const event = "{}\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n"
	taken := [2]int{}
	for taken[0] < limit {
		switch got := sendEnvelope(t, relays[0], event); got {
		case http.StatusOK:
			taken[0]++
		default:
			t.Fatalf("the first relay answers %d after %d", got, taken[0])
		}
	}
	eventually(t, 30*time.Second, "the second relay has heard of it", func() bool {
		<-time.After(200 * time.Millisecond) // or it would take its own limit before it can hear
		switch got := sendEnvelope(t, relays[1], event); got {
		case http.StatusOK:
			taken[1]++
			return false
		case http.StatusTooManyRequests:
			return true
		default:
			t.Fatalf("the second relay answers %d", got)
		}
		return false
	})
	if taken[1] >= limit {
		t.Errorf("each relay counted for itself: %v", taken)
	}
	if got := sendEnvelope(t, relays[0], event); got != http.StatusTooManyRequests {
		t.Errorf("the first relay answers %d over the limit", got)
	}
	db, err := store.Open(t.Context(), env[3])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	org, err := db.EnsureOrganization(t.Context(), mainOrganization)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, "all that was taken is stored, and what was not is told", func() bool {
		sums, err := db.Outcomes(t.Context(), org.Scope(), store.OutcomeQuery{FromMS: time.Now().Add(-time.Hour).UnixMilli(), ToMS: time.Now().Add(time.Hour).UnixMilli(),
			BucketMS: 2 * time.Hour.Milliseconds(), GroupBy: []string{"outcome"}, Categories: []string{"error"}})
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]int64{}
		for _, o := range sums {
			by[o.Outcome] += o.Quantity
		}
		return by[store.OutcomeAccepted] == int64(taken[0]+taken[1]) && by[store.OutcomeRateLimited] == 2
	})
}
