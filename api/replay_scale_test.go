package api_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

func scaleID(kind byte, n int) string { return fmt.Sprintf("%02x%030x", kind, n) }

// many stores recorded replays of acme a second apart, each with as many errors of the shop's API as each says; the
// signals of an error's link are signals' answer.
func (w *world) many(replays int, each func(replay int) int, signals func(replay, item int) (link.Signals, link.Flags)) {
	w.t.Helper()
	o, item := w.acme, 0
	start := w.base.Add(-time.Duration(replays) * time.Second)
	var ws []*store.Write
	for r := range replays {
		at := start.Add(time.Duration(r) * time.Second)
		sw := w.bareSegment(o, scaleID(0xf0, r), at)
		in := &store.Write{MessageID: fmt.Sprint("many-", r), OrgID: o.org.ID, ReceivedMS: at.UnixMilli(), Segments: []store.SegmentWrite{sw}}
		for range each(r) {
			item++
			e := w.event(o, o.api, scaleID(0xe0, item), "backend", at.Add(time.Millisecond*time.Duration(item%1000)))
			s, f := signals(r, item)
			in.Events = append(in.Events, e)
			in.Links = append(in.Links, store.ReplayLink{OrgID: o.org.ID, ItemKind: store.ItemEvent, ItemID: e.Event.EventID, ReplayID: scaleID(0xf0, r), ProjectID: &o.api.ID, IssueID: &o.issue,
				Level: ptr("error"), Side: ptr("backend"), Name: ptr("declined"), TimeMS: &e.Event.TimestampMS, Signals: int64(s), Flags: int64(f), Primary: true, CreatedMS: e.Event.TimestampMS})
		}
		ws = append(ws, in)
	}
	for part := range slices.Chunk(ws, 200) {
		_, err := w.s.Ingest(w.t.Context(), part)
		must(w.t, err)
	}
}

// bareSegment is a segment without a body: lists and counts never read one.
func (w *world) bareSegment(o *tenant, replay string, at time.Time) store.SegmentWrite {
	ms := at.UnixMilli()
	return store.SegmentWrite{Segment: store.ReplaySegment{OrgID: o.org.ID, ReplayID: replay, BodyHash: "h", ProjectID: o.web.ID, FirstMS: &ms, LastMS: ptr(ms + 900), Playable: true, ReceivedMS: ms},
		Meta: store.ReplayMeta{Fields: map[string]string{"replay_type": "session"}}}
}

func byDSC(int, int) (link.Signals, link.Flags) { return link.DSC, 0 }

// pages walks a list to its end and gives all rows.
func pages[T any](w *world, path string) (rows []T) {
	w.t.Helper()
	for cursor := ""; ; {
		r := w.get(path + "&per_page=100&cursor=" + escape(cursor))
		rows = append(rows, decode[struct{ Data []T }](r).Data...)
		next, more := pageOf(r, "next")
		if !more {
			return rows
		}
		cursor = next
	}
}

// T17. Thousands of errors in one replay: list, details, links and events tell one number.
func TestManyErrorsInOneReplay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		n := testkit.Sized(5_000)
		w.many(1, func(int) int { return n }, byDSC)
		id := scaleID(0xf0, 0)
		start := time.Now()
		list := decode[replayList](w.get(org + "replays/?query=id:" + id)).Data
		details := decode[api.ReplayBody](w.get(org + "replays/" + id + "/")).Data
		first := decode[struct{ Data []api.ReplayLink }](w.get(org + "replay-links/?per_page=100&replay=" + id)).Data
		t.Logf("list, details and the first links: %s", time.Since(start))
		if len(list) != 1 || int(list[0].CountErrors) != n || int(details.CountErrors) != n || len(details.ErrorIDs) != 100 || len(first) != 100 {
			t.Errorf("list %+v, details %d with %d ids, %d links", list, details.CountErrors, len(details.ErrorIDs), len(first))
		}
		items := map[string]bool{}
		for _, l := range pages[api.ReplayLink](w, org+"replay-links/?replay="+id) {
			items[l.ItemID] = true
		}
		events := map[string]bool{}
		for _, e := range pages[api.ReplayEventMeta](w, org+"replays-events-meta/?query=replayId:"+id) {
			events[e.ID] = true
		}
		if len(items) != n || len(events) != n {
			t.Errorf("%d links and %d events over all pages, want %d", len(items), len(events), n)
		}
	})
}

// T18. One issue in thousands of replays: the number is exact and no page lacks or repeats one.
func TestOneIssueInManyReplays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		n := testkit.Sized(12_000)
		w.many(n, func(int) int { return 1 }, byDSC)
		issue := itoa(w.acme.issue)
		want := n + 1 // and the world's own
		if got := decode[map[string]int](w.get(org + "replay-count/?query=issue.id:" + issue)); got[issue] != want {
			t.Errorf("count %v, want %d", got, want)
		}
		seen, last := map[string]int{}, time.Time{}
		for _, l := range pages[api.ReplayLink](w, org+"replay-links/?issue="+issue) {
			if l.State != "available" {
				continue // named and never recorded
			}
			seen[l.ReplayID]++
			if !last.IsZero() && l.Timestamp.After(last) {
				t.Fatalf("the pages are not in order at %s", l.ItemID)
			}
			last = *l.Timestamp
		}
		if len(seen) != want {
			t.Errorf("%d replays over all pages, want %d", len(seen), want)
		}
		for id, times := range seen {
			if times != 1 {
				t.Fatalf("replay %s comes %d times", id, times)
			}
		}
	})
}

// T23. The list, the details, the links, the events and the issue agree on every number, whatever kind the links are.
func TestCountsAreTheSameEverywhere(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		n := testkit.Sized(1_000)
		rng := rand.New(rand.NewPCG(1, 2))
		counted, withErrors := map[string]int64{}, 1 // the world's own replay
		kinds := []struct {
			signals link.Signals
			flags   link.Flags
		}{{link.DSC, 0}, {link.Baggage | link.TraceBridge, 0}, {link.TraceIDs, 0}, {link.RequestShape, 0}, {link.TraceBridge, link.Ambiguous}, {link.SameUser, 0}}
		w.many(n, func(int) int { return rng.IntN(4) }, func(r, _ int) (link.Signals, link.Flags) {
			k := kinds[rng.IntN(len(kinds))]
			if link.TierOf(k.signals, k.flags).Counted() {
				counted[scaleID(0xf0, r)]++
			}
			return k.signals, k.flags
		})
		withErrors += len(counted)
		listed := map[string]bool{}
		for _, r := range pages[api.Replay](w, org+"replays/?statsPeriod=90d") {
			listed[r.ID] = true
			if r.ID == replayA {
				continue
			}
			if r.CountErrors != counted[r.ID] || int64(len(r.ErrorIDs)) != counted[r.ID] || r.Hindsight.CountBackendErrors != counted[r.ID] {
				t.Errorf("list: replay %s has %d errors, %d ids, %d of the backend; want %d", r.ID, r.CountErrors, len(r.ErrorIDs), r.Hindsight.CountBackendErrors, counted[r.ID])
			}
		}
		if len(listed) != n+1 {
			t.Errorf("%d replays listed, want %d", len(listed), n+1)
		}
		for range 20 {
			id := scaleID(0xf0, rng.IntN(n))
			details := decode[api.ReplayBody](w.get(org + "replays/" + id + "/")).Data
			meta := pages[api.ReplayEventMeta](w, org+"replays-events-meta/?query=replayId:"+id)
			links := int64(0)
			for _, l := range pages[api.ReplayLink](w, org+"replay-links/?replay="+id) {
				if link.Tier(l.Tier).Counted() {
					links++
				}
			}
			if details.CountErrors != counted[id] || int64(len(meta)) != counted[id] || links != counted[id] {
				t.Errorf("replay %s: details %d, events %d, links %d; want %d", id, details.CountErrors, len(meta), links, counted[id])
			}
		}
		issue := itoa(w.acme.issue)
		if got := decode[map[string]int](w.get(org + "replay-count/?query=issue.id:" + issue)); got[issue] != withErrors {
			t.Errorf("the issue counts %d replays, want %d", got[issue], withErrors)
		}
		if i := decode[api.Issue](w.get(org + "issues/" + issue + "/")); int(i.Hindsight.ReplayCount) != withErrors {
			t.Errorf("the issue's page counts %d replays, want %d", i.Hindsight.ReplayCount, withErrors)
		}
	})
}
