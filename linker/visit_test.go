package linker

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/internal/stream"
)

// Five recorded visits, each delivered in several orders, in batches of several sizes, with every message
// delivered twice: what is stored at the end is always the same, and every backend item is linked.
func TestVisitsInAnyOrder(t *testing.T) {
	for _, visit := range []string{"central", "buffer", "twp", "old", "classic"} {
		t.Run(visit, func(t *testing.T) {
			eachDB(t, func(t *testing.T, w *world) {
				want := visitResult(t, w, visit, "as it came", 1, func([]*stream.Delivery) {})
				for _, order := range []struct {
					name  string
					batch int
					sort  func([]*stream.Delivery)
				}{
					{"backwards", 1, slices.Reverse[[]*stream.Delivery]},
					{"in one batch", 1_000, func([]*stream.Delivery) {}},
					{"shuffled", 7, func(ds []*stream.Delivery) {
						rand.New(rand.NewPCG(1, 2)).Shuffle(len(ds), func(i, j int) { ds[i], ds[j] = ds[j], ds[i] })
					}},
					{"replays last", 3, func(ds []*stream.Delivery) {
						slices.SortStableFunc(ds, func(a, b *stream.Delivery) int { return rank(a) - rank(b) })
					}},
					{"replays first", 3, func(ds []*stream.Delivery) {
						slices.SortStableFunc(ds, func(a, b *stream.Delivery) int { return rank(b) - rank(a) })
					}},
				} {
					if diff := cmp.Diff(want, visitResult(t, w, visit, order.name, order.batch, order.sort)); diff != "" {
						t.Errorf("%s (-as it came +now): %s", order.name, diff)
					}
				}
			})
		})
	}
}

func rank(d *stream.Delivery) int {
	if d.Kind == stream.KindReplay {
		return 1
	}
	return 0
}

// visitResult delivers a visit into an empty database and gives what is in it then.
func visitResult(t *testing.T, w *world, visit, name string, batch int, sort func([]*stream.Delivery)) []string {
	t.Helper()
	w.empty()
	ds := w.visit(visit)
	sort(ds)
	for part := range slices.Chunk(ds, batch) {
		w.deliver(part...)
		w.deliver(part...)
	}
	w.deliver(ds...) // and once more, all of it
	w.everythingLinked(name)
	return w.dump()
}

// empty takes out everything but the organisations and projects.
func (w *world) empty() {
	w.t.Helper()
	for _, table := range []string{"stored_messages", "issue_hashes", "issue_users", "issue_hours", "issues", "events", "attachments", "spans", "replays",
		"replay_segments", "replay_traces", "replay_requests", "replay_loads", "replay_links", "release_sessions", "release_session_counts", "outcomes", "raw_items",
		"replay_stale", "replay_chapters", "replay_clicks", "replay_screens", "replay_summaries", "replay_tombstones", "event_hints", "expected_replays", "replay_losses", "logs", "feedback", "monitors", "check_ins", "pending_check_ins", "item_sessions"} {
		if _, err := w.raw.ExecContext(w.t.Context(), "DELETE FROM "+table); err != nil {
			w.t.Fatal(err)
		}
	}
}

// everythingLinked checks that each event and each segment span of a trace that the page took part in has a
// primary link which counts. What has a trace of its own (the capture on Go's global hub) has none.
func (w *world) everythingLinked(name string) {
	w.t.Helper()
	traces := w.lines("SELECT DISTINCT trace_id FROM replay_traces")
	if len(traces) == 0 {
		w.t.Fatalf("%s: no trace is paired with a replay", name)
	}
	for _, ms := range w.lines("SELECT MAX(timestamp_ms) FROM events") {
		at, err := strconv.ParseInt(ms, 10, 64)
		if err != nil {
			w.t.Fatal(err)
		}
		if n, err := w.l.CheckLinks(w.t.Context(), time.UnixMilli(at).Add(5*time.Minute)); err != nil || n != 0 {
			w.t.Fatalf("%s: the check finds %d missed links, %v", name, n, err)
		}
	}
	n := 0
	for _, row := range w.lines(`SELECT 'event', event_id, trace_id FROM events WHERE trace_id IS NOT NULL UNION ALL
		SELECT 'span', span_id, trace_id FROM spans WHERE is_segment AND event_id IS NULL UNION ALL
		SELECT 'transaction', event_id, trace_id FROM spans WHERE is_segment AND event_id IS NOT NULL`) {
		f := strings.Split(row, "|")
		links := w.lines("SELECT replay_id FROM replay_links WHERE item_kind = ? AND item_id = ? AND is_primary", f[0], f[1])
		if want := slices.Contains(traces, f[2]); (len(links) == 1) != want {
			w.t.Errorf("%s: %s %s has primary links %v, its trace is paired: %v", name, f[0], f[1], links, want)
		}
		n += len(links)
	}
	if n < 5 {
		w.t.Errorf("%s: only %d items are linked", name, n)
	}
	if unfilled := w.lines("SELECT item_id FROM replay_links WHERE project_id IS NULL OR ts_ms IS NULL"); len(unfilled) > 0 {
		w.t.Errorf("%s: links of items that are here are not filled in: %v", name, unfilled)
	}
}
