package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// meet ingests one event with hashes and gives its issue.
func meet(t *testing.T, s *store.Store, org, project int64, event int, ms int64, user string, hashes ...string) int64 {
	t.Helper()
	w := eventWrite(org, project, fmt.Sprintf("m%d", event), event, hashes[0], ms)
	w.Events[0].Hashes, w.Events[0].Event.UserKey = hashes, user
	ingest(t, s, w)
	e, err := s.Event(t.Context(), store.Scope{OrgID: org}, project, hex32(event))
	if err != nil {
		t.Fatal(err)
	}
	return e.IssueID
}

// finish runs the jobs until nothing is left to move.
func finish(t *testing.T, s *store.Store) {
	t.Helper()
	for {
		more, err := s.RunIssueJobs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

func issue(t *testing.T, s *store.Store, org, id int64) *store.Issue {
	t.Helper()
	i, err := s.Issue(t.Context(), store.Scope{OrgID: org}, id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func hoursOf(t *testing.T, s *store.Store) map[int64]int64 {
	t.Helper()
	sums := map[int64]int64{}
	for _, h := range all[store.IssueHour](t, s) {
		sums[h.IssueID] += h.Events
	}
	return sums
}

const hour = int64(time.Hour / time.Millisecond)

func TestMergeThenUnmerge(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		a := meet(t, s, org, project, 1, 1*hour, "id:1", "aa", "sys-a")
		meet(t, s, org, project, 2, 2*hour, "id:2", "aa", "sys-a")
		meet(t, s, org, project, 3, 3*hour, "id:1", "aa", "sys-a")
		b := meet(t, s, org, project, 4, 2*hour, "id:2", "bb", "sys-b")
		meet(t, s, org, project, 5, 5*hour, "id:3", "bb", "sys-b")
		child := issue(t, s, org, b)

		m, err := s.MergeIssues(t.Context(), scope, []int64{b, a}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m.Parent != a || len(m.Children) != 1 || m.Children[0] != b {
			t.Fatalf("merged %+v, want %d into %d", m, b, a)
		}
		i := issue(t, s, org, a)
		if i.TimesSeen != 5 || i.UsersSeen != 3 || i.FirstSeenMS != hour || i.LastSeenMS != 5*hour {
			t.Errorf("parent counts %d events, %d users, %d to %d", i.TimesSeen, i.UsersSeen, i.FirstSeenMS, i.LastSeenMS)
		}
		if got := issue(t, s, org, b).ID; got != a {
			t.Errorf("the child's id leads to %d", got)
		}
		if got, err := s.IssueByShortID(t.Context(), scope, store.ShortID("shop", child.Number)); err != nil || got.ID != a {
			t.Errorf("the child's short id leads to %+v, %v", got, err)
		}
		if diff := cmp.Diff(map[int64]int64{a: 5}, hoursOf(t, s)); diff != "" {
			t.Errorf("hours: %s", diff)
		}
		if got := meet(t, s, org, project, 6, 6*hour, "id:9", "bb", "sys-b"); got != a {
			t.Errorf("an event of the merged hash went to %d", got)
		}
		hs, err := s.IssueHashes(t.Context(), scope, a)
		if err != nil || len(hs) != 2 || hs[0].Hash != "bb" || hs[0].Latest.EventID != hex32(6) || hs[1].Latest.EventID != hex32(3) {
			t.Fatalf("hashes %+v, %v", hs, err)
		}

		// Taken out again it stays out, though the event's other name still leads to the old issue.
		n, err := s.UnmergeHashes(t.Context(), scope, a, []string{"bb"}, nil, func(e *store.Event) store.Issue { return store.Issue{Type: "error", Title: e.Title} })
		if err != nil {
			t.Fatal(err)
		}
		if n.ID == a || n.Number == child.Number || n.Title != "tbb" || n.FirstSeenMS != 2*hour || n.LastSeenMS != 6*hour {
			t.Errorf("new issue %+v", n)
		}
		finish(t, s)
		i, n = issue(t, s, org, a), issue(t, s, org, n.ID)
		if i.TimesSeen != 3 || n.TimesSeen != 3 || i.UsersSeen != 2 || n.UsersSeen != 3 || i.LastSeenMS != 3*hour {
			t.Errorf("after: %d and %d events, %d and %d users, last %d", i.TimesSeen, n.TimesSeen, i.UsersSeen, n.UsersSeen, i.LastSeenMS)
		}
		if diff := cmp.Diff(map[int64]int64{a: 3, n.ID: 3}, hoursOf(t, s)); diff != "" {
			t.Errorf("hours: %s", diff)
		}
		if diff := cmp.Diff([]string{"merge", "unmerge_source"}, kinds(t, s, a)); diff != "" {
			t.Errorf("activity: %s", diff)
		}
		if diff := cmp.Diff([]string{"unmerge_destination"}, kinds(t, s, n.ID)); diff != "" {
			t.Errorf("activity of what was taken out: %s", diff)
		}
		if got := meet(t, s, org, project, 7, 7*hour, "id:9", "bb", "sys-b"); got != n.ID {
			t.Errorf("an event of the unmerged hash went to %d, want %d", got, n.ID)
		}
		if got := meet(t, s, org, project, 8, 8*hour, "id:9", "aa", "sys-a"); got != a {
			t.Errorf("an event of the hash that stayed went to %d", got)
		}
		for want, hashes := range map[error][]string{store.ErrNotFound: {"bb"}, store.ErrInvalid: {"aa"}} {
			if _, err := s.UnmergeHashes(t.Context(), scope, a, hashes, nil, nil); !errors.Is(err, want) {
				t.Errorf("unmerge of %v: %v, want %v", hashes, err, want)
			}
		}
		if _, err := s.MergeIssues(t.Context(), store.Scope{OrgID: org + 1}, []int64{a, n.ID}, nil); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("another organisation merged: %v", err)
		}
		_, other := seedProject(t, s, "other")
		foreign := meet(t, s, org, other, 100, hour, "", "cc")
		if _, err := s.MergeIssues(t.Context(), scope, []int64{a, foreign}, nil); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("merged over projects: %v", err)
		}
	})
}

// A new algorithm finds the issues of the old one, and gives them its name.
func TestOlderHashesAreOnlyLookedUp(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		old := meet(t, s, org, project, 1, hour, "", "v1-a")
		send := func(event int, hash, older string) int64 {
			w := eventWrite(org, project, fmt.Sprintf("m%d", event), event, hash, 2*hour)
			w.Events[0].Older, w.Events[0].Algorithm = []string{older}, "v2"
			ingest(t, s, w)
			e, err := s.Event(t.Context(), store.Scope{OrgID: org}, project, hex32(event))
			if err != nil {
				t.Fatal(err)
			}
			return e.IssueID
		}
		if got := send(2, "v2-a", "v1-a"); got != old {
			t.Errorf("split: %d, want %d", got, old)
		}
		fresh := send(3, "v2-b", "v1-b")
		if fresh == old || send(4, "v2-c", "v1-b") == fresh {
			t.Error("an old hash was remembered: it would undo what the new algorithm tells apart")
		}
		var got []string
		for _, h := range all[store.IssueHash](t, s, "hash") {
			got = append(got, fmt.Sprint(h.Hash, " ", h.Algorithm, " ", h.Chose))
		}
		if diff := cmp.Diff([]string{"v1-a v1 true", "v2-a v2 true", "v2-b v2 true", "v2-c v2 true"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDeleteAndDiscard(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		a := meet(t, s, org, project, 1, hour, "id:1", "aa", "sys")
		b := meet(t, s, org, project, 2, hour, "id:1", "bb")
		gone, err := s.DeleteIssues(t.Context(), scope, []int64{a, b}, false, nil)
		if err != nil || len(gone) != 2 {
			t.Fatal(gone, err)
		}
		finish(t, s)
		if es, us := all[store.Event](t, s), all[store.IssueUser](t, s); len(es)+len(us) != 0 {
			t.Errorf("left: %v %v", es, us)
		}
		again := meet(t, s, org, project, 3, 2*hour, "id:1", "aa", "sys")
		if again == a {
			t.Error("a deleted issue came back")
		}
		seven := int64(7)
		if _, err := s.DeleteIssues(t.Context(), scope, []int64{again}, true, &seven); err != nil {
			t.Fatal(err)
		}
		w := eventWrite(org, project, "m4", 4, "new", 3*hour)
		w.Events[0].Hashes = []string{"new", "sys"}
		w.Attachments = []store.AttachmentWrite{{Attachment: store.Attachment{Blob: "x/file"}, Outcomes: []store.Outcome{
			{MinuteMS: hour, OrgID: org, ProjectID: project, Category: "attachment", Outcome: store.OutcomeAccepted, Quantity: 12}}}}
		w.Links = []store.ReplayLink{{OrgID: org, ItemKind: store.ItemEvent, ItemID: hex32(4), ReplayID: hex32(9)}}
		did := ingest(t, s, w)
		if len(all[store.Event](t, s)) != 0 || len(all[store.ReplayLink](t, s)) != 0 || len(did.Orphans) != 1 {
			t.Errorf("a discarded event was kept: %+v", did)
		}
		got := outcomeSums(t, s)
		if got["error/filtered/discarded-hash"] != 1 || got["attachment/filtered/discarded-hash"] != 12 {
			t.Errorf("outcomes %v", got)
		}
		stones, err := s.IssueTombstones(t.Context(), scope, project, store.Page{Limit: 10})
		if err != nil || len(stones.Rows) != 1 || stones.Rows[0].Discarded != 1 || *stones.Rows[0].UserID != 7 || *stones.Rows[0].LastMS != 3*hour {
			t.Fatalf("tombstones %+v, %v", stones.Rows, err)
		}
		if err := s.DeleteTombstone(t.Context(), store.Scope{OrgID: org + 1}, project, stones.Rows[0].ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another organisation undid it: %v", err)
		}
		if err := s.DeleteTombstone(t.Context(), scope, project, stones.Rows[0].ID); err != nil {
			t.Fatal(err)
		}
		if meet(t, s, org, project, 5, 4*hour, "", "aa") == 0 {
			t.Error("still discarded")
		}
	})
}

// A big issue moves piece by piece; what is asked for meanwhile is there, and what comes meanwhile is counted.
func TestMergeOfABigIssueIsBoundedWork(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		const n = 2700 // more than a request does itself
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		small := meet(t, s, org, project, 1, hour, "id:x", "small")
		var ws []*store.Write
		for i := range n {
			w := eventWrite(org, project, fmt.Sprintf("b%d", i), 1000+i, "big", int64(i)*1000)
			w.Events[0].Event.UserKey = fmt.Sprintf("id:%d", i)
			ws = append(ws, w)
		}
		ingest(t, s, ws...)
		big := issueOf(t, s, org, project, 1000)
		if _, err := s.MergeIssues(t.Context(), scope, []int64{small, big}, nil); err != nil {
			t.Fatal(err)
		}
		// Now the big one goes into a bigger one.
		third := meet(t, s, org, project, 2, hour, "id:y", "third")
		mustRaw(t, s, "UPDATE issues SET times_seen = 100000 WHERE id = ?", third)
		if m, err := s.MergeIssues(t.Context(), scope, []int64{third, big}, nil); err != nil || m.Parent != third {
			t.Fatal(m, err)
		}
		left := 0
		for _, e := range all[store.Event](t, s) {
			if e.IssueID == big {
				left++
			}
		}
		if left == 0 || left == n {
			t.Fatalf("%d events are left to move: this proves nothing", left)
		}
		if got := meet(t, s, org, project, 3, 9*hour, "id:z", "big"); got != third {
			t.Errorf("an event went to %d meanwhile", got)
		}
		page, err := s.Events(t.Context(), scope, store.EventQuery{IssueID: third, Page: store.Page{Limit: 100}})
		if err != nil || len(page.Rows) != 100 || page.Rows[3].EventID != hex32(1000+n-1) {
			t.Errorf("events on their way are not listed: %v, %v", len(page.Rows), err)
		}
		finish(t, s)
		i := issue(t, s, org, big)
		if i.ID != third || i.TimesSeen != 100000+n+2 || i.UsersSeen != n+3 {
			t.Errorf("%d: %d events, %d users", i.ID, i.TimesSeen, i.UsersSeen)
		}
		for _, e := range all[store.Event](t, s) {
			if e.IssueID != third {
				t.Fatalf("event %s is of issue %d", e.EventID, e.IssueID)
			}
		}
		if n := issue(t, s, org, small); n.ID != third {
			t.Errorf("an issue that was merged twice leads to %d", n.ID)
		}
	})
}

// Events of an issue arrive while it is merged, taken apart and merged again: every event is counted in an
// issue that exists.
func TestMergeWhileEventsArrive(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		meet(t, s, org, project, 1, hour, "", "aa")
		meet(t, s, org, project, 2, hour, "", "bb")
		const each = 40
		var wg sync.WaitGroup
		for w, hash := range []string{"aa", "bb"} {
			wg.Go(func() {
				for i := range each {
					ev := 1000*(w+1) + i
					_, err := s.Ingest(t.Context(), []*store.Write{eventWrite(org, project, fmt.Sprintf("w%d", ev), ev, hash, hour)})
					for err != nil && store.Retryable(err) {
						_, err = s.Ingest(t.Context(), []*store.Write{eventWrite(org, project, fmt.Sprintf("w%d", ev), ev, hash, hour)})
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Go(func() {
			for range 6 {
				a, b := issueOf(t, s, org, project, 1), issueOf(t, s, org, project, 2)
				if _, err := s.MergeIssues(t.Context(), scope, []int64{a, b}, nil); err != nil && store.Retryable(err) {
					continue
				}
				finish(t, s)
				_, err := s.UnmergeHashes(t.Context(), scope, issueOf(t, s, org, project, 2), []string{"bb"}, nil, func(e *store.Event) store.Issue { return store.Issue{Title: e.Title} })
				if err != nil && !errors.Is(err, store.ErrConflict) && !store.Retryable(err) {
					t.Error(err)
				}
				finish(t, s)
			}
		})
		wg.Wait()
		finish(t, s)
		events := map[int64]int64{}
		for _, e := range all[store.Event](t, s) {
			events[e.IssueID]++
		}
		counted := map[int64]int64{}
		for _, i := range all[store.Issue](t, s) {
			if i.TimesSeen > 0 {
				counted[i.ID] = i.TimesSeen
			}
		}
		if diff := cmp.Diff(events, counted); diff != "" {
			t.Errorf("events and counts differ: %s", diff)
		}
	})
}

func issueOf(t *testing.T, s *store.Store, org, project int64, event int) int64 {
	t.Helper()
	e, err := s.Event(t.Context(), store.Scope{OrgID: org}, project, hex32(event))
	if err != nil {
		t.Error(err)
		return 0
	}
	return e.IssueID
}

func mustRaw(t *testing.T, s *store.Store, q string, args ...any) {
	t.Helper()
	err := s.Tx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(q, args...).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
