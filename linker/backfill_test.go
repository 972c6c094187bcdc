package linker

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
)

// Events of a database of before the search's tables are found as if they came today, whenever the work was stopped.
func TestBackfill(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		const events = 30
		for n := range events {
			payload := fmt.Sprintf(`{"platform":"python","environment":"e%d","tags":{"plan":"p%d"},"user":{"id":"%d"},"exception":[{"type":"Oops","value":"of kind %d",
				"stacktrace":{"frames":[{"filename":"f%d.py","function":"f","in_app":true}]}}]}`, n%3, n%4, n%5, n%7, n%2)
			w.deliver(w.errorOf(fmt.Sprintf("b%d", n), w.first, json.RawMessage(payload), n+1)...)
		}
		look := func() map[string][]string {
			out := map[string][]string{}
			for table, columns := range map[string]string{
				"events": "project_id, event_id, tags", "event_tags": "tag, timestamp_ms, event_id, project_id", "issue_texts": "issue_id, text",
				"issue_tags": "owner_id, key, value, events, first_ms, last_ms", "issue_tag_keys": "owner_id, key, events, values_kept",
				"project_tags": "owner_id, key, value, events, first_ms, last_ms, size", "project_tag_keys": "owner_id, key, events, values_kept",
			} {
				out[table] = w.lines("SELECT " + columns + " FROM " + table)
				slices.Sort(out[table])
			}
			return out
		}
		want := look()
		if len(want["event_tags"]) < events || len(want["project_tags"]) == 0 {
			t.Fatalf("too little to compare: %v", want)
		}
		for _, q := range []string{"DELETE FROM event_tags", "DELETE FROM issue_texts", "DELETE FROM issue_tags", "DELETE FROM issue_tag_keys",
			"DELETE FROM project_tags", "DELETE FROM project_tag_keys", "UPDATE events SET tags = '{}'"} {
			if _, err := w.raw.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		scope := store.Scope{OrgID: w.org}
		for left := int64(events); left > 0; {
			if n, err := w.s.CountUntagged(t.Context(), scope); err != nil || n != left {
				t.Fatalf("%d left, %v; want %d", n, err, left)
			}
			stale, err := w.s.UntaggedEvents(t.Context(), 7)
			if err != nil {
				t.Fatal(err)
			}
			n, err := w.linker(nil).Backfill(t.Context(), 7) // each time another process
			if err != nil || n != min(7, int(left)) {
				t.Fatalf("%d tagged, %v", n, err)
			}
			left -= int64(n)
			var again []*store.EventWrite // of one that read the same, and comes too late
			for i := range stale {
				again = append(again, &store.EventWrite{Event: stale[i], Tags: []store.Tag{{Key: "late", Value: "x"}}})
			}
			if n, err := w.s.TagEvents(t.Context(), again); n != 0 || err != nil {
				t.Fatalf("%d tagged twice, %v", n, err)
			}
		}
		if d := cmp.Diff(want, look()); d != "" {
			t.Errorf("what is found by (-as it came +afterwards):\n%s", d)
		}
	})
}

// An event that cannot be read any more is found by its columns, and does not keep the others waiting.
func TestBackfillWithoutPayload(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		w.deliver(w.errorOf("b", w.first, json.RawMessage(`{"platform":"python","environment":"prod","message":"hello"}`), 1)...)
		if _, err := w.raw.ExecContext(t.Context(), "UPDATE events SET tags = '{}', payload = 'gone'"); err != nil {
			t.Fatal(err)
		}
		if n, err := w.l.Backfill(t.Context(), 10); n != 1 || err != nil {
			t.Fatalf("%d tagged, %v", n, err)
		}
		if n, err := w.l.Backfill(t.Context(), 10); n != 0 || err != nil {
			t.Fatalf("%d tagged a second time, %v", n, err)
		}
		e, err := w.s.Event(t.Context(), store.Scope{OrgID: w.org}, w.first, fmt.Sprintf("%032x", 1))
		if err != nil || store.TagsOf(e.Tags)["environment"] != "prod" {
			t.Errorf("tags %s, %v", e.Tags, err)
		}
	})
}
