package stream

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/envelope"
)

func TestPairsMessage(t *testing.T) {
	want := []Pair{{Trace: envelope.ID{1}, Replay: envelope.ID{2}, Source: PairItem}}
	m, err := NewPairsMessage("x:p", time.UnixMilli(5), 1, 42, want)
	if err != nil {
		t.Fatal(err)
	}
	env, err := envelope.Parse(m.Body)
	if err != nil || len(env.Items) != 1 || env.Items[0].Header.Type != ItemPairs || m.OrgID != 1 || m.ProjectID != 42 || m.Kind != KindReport {
		t.Fatalf("%+v %v", m, err)
	}
	got, err := ParsePairs(env.Items[0].Payload)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for _, bad := range []string{"", `{"version":2,"pairs":[]}`, `{"version":1,"pairs":[{"trace":"no"}]}`} {
		if _, err := ParsePairs([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
