package stream

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOutcomesRoundTrip(t *testing.T) {
	want := []Outcome{{Minute: 1767225600, OrgID: 1, ProjectID: 42, PublicKey: "k", Category: "error", Outcome: "invalid", Reason: "invalid_json", Quantity: 3}}
	m, err := NewOutcomesMessage("01J:0", time.UnixMilli(1767225600123), want)
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind != KindReport || m.ProjectID != 0 || m.Size != int64(len(m.Body)) {
		t.Errorf("message = %+v", m)
	}
	lines := bytes.SplitN(m.Body, []byte("\n"), 3)
	got, err := ParseOutcomes(bytes.TrimSuffix(lines[2], []byte("\n")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := ParseOutcomes([]byte(`{"version":9}`)); err == nil {
		t.Error("an unknown version was read")
	}
}
