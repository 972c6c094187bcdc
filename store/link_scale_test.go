package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// linkMany puts replays into an organisation, each with links of one issue's errors that count.
func linkMany(t *testing.T, s *store.Store, org int64, issue int64, replays, each int) {
	t.Helper()
	project := int64(1)
	level, side := "error", store.SideBackend
	var rs []store.Replay
	var links []store.ReplayLink
	for i := range replays {
		start, end := int64(1_000_000+i*1_000), int64(1_000_000+i*1_000+60_000)
		id := hex32(i + 1)
		rs = append(rs, store.Replay{OrgID: org, ReplayID: id, ProjectID: &project, State: store.ReplayLive, UserJSON: "{}", Releases: "[]", Tags: "{}", URLs: "[]",
			Origins: "{}", StartedMS: &start, FinishedMS: &end, FirstSeenMS: start})
		for n := range each {
			ms := start + int64(n)
			links = append(links, store.ReplayLink{OrgID: org, ItemKind: store.ItemEvent, ItemID: hex32(1_000_000 + i*each + n), ReplayID: id, ProjectID: &project,
				IssueID: &issue, Level: &level, Side: &side, TimeMS: &ms, Signals: 1, Primary: true, CreatedMS: ms})
		}
	}
	for part := range slices.Chunk(rs, 500) {
		if _, err := s.Writer().NewInsert().Model(&part).Returning("NULL").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for part := range slices.Chunk(links, 500) {
		if _, err := s.Writer().NewInsert().Model(&part).Returning("NULL").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// allLinks walks every page of a question.
func allLinks(t *testing.T, s *store.Store, scope store.Scope, q store.LinkQuery) (items, replays map[string]bool) {
	t.Helper()
	items, replays = map[string]bool{}, map[string]bool{}
	for q.Page.Limit = 100; ; {
		page, err := s.ReplayLinks(t.Context(), scope, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page.Rows {
			if items[l.ItemID+l.ReplayID] {
				t.Fatalf("link %s comes twice", l.ItemID)
			}
			items[l.ItemID+l.ReplayID], replays[l.ReplayID] = true, true
		}
		if !page.More {
			return items, replays
		}
		q.Page.Cursor = page.Next
	}
}

// Five thousand errors in one replay: the list, the details and the links tell the same number.
func TestManyErrorsInOneReplay(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, _ := seedProject(t, s, "acme")
		scope := store.Scope{OrgID: org}
		many := testkit.Sized(5_000)
		linkMany(t, s, org, 7, 1, many)
		start := time.Now()
		r, err := s.Replay(t.Context(), scope, hex32(1))
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.Replays(t.Context(), scope, store.ReplayQuery{FromMS: 1, ToMS: 1 << 50, Sort: "started_at", Page: store.Page{Limit: 10}})
		if err != nil {
			t.Fatal(err)
		}
		ids, err := s.ReplayItems(t.Context(), scope, []string{hex32(1)}, 100)
		if err != nil || ids[hex32(1)] == nil {
			t.Fatalf("items: %v, %v", ids, err)
		}
		t.Logf("details, list and first ids: %s", time.Since(start))
		if len(list.Rows) != 1 || int(r.Errors) != many || int(r.BackendErrors) != many || int(list.Rows[0].Errors) != many {
			t.Errorf("details %d, list %+v, want %d", r.Errors, list.Rows, many)
		}
		if items, _ := allLinks(t, s, scope, store.LinkQuery{Replays: []string{hex32(1)}}); len(items) != many {
			t.Errorf("%d links over all pages, want %d", len(items), many)
		}
	})
}

// One issue in twelve thousand replays: the count is exact and no page lacks or repeats one.
func TestOneIssueInManyReplays(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, _ := seedProject(t, s, "acme")
		scope := store.Scope{OrgID: org}
		many := testkit.Sized(12_000)
		linkMany(t, s, org, 7, many, 1)
		start := time.Now()
		n, err := s.IssueReplayCounts(t.Context(), scope, []int64{7})
		if err != nil {
			t.Fatal(err)
		}
		tally, err := s.ReplaysOfIssues(t.Context(), scope, []int64{7}, 100)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("count and newest: %s", time.Since(start))
		if int(n[7]) != many || int(tally["7"].Count) != many || len(tally["7"].IDs) != 100 || tally["7"].IDs[0] != hex32(many) {
			t.Errorf("count %d, tally %d with %d ids", n[7], tally["7"].Count, len(tally["7"].IDs))
		}
		if _, replays := allLinks(t, s, scope, store.LinkQuery{Issues: []int64{7}}); len(replays) != many {
			t.Errorf("%d replays over all pages, want %d", len(replays), many)
		}
	})
}

// A thousand replays with links of every kind, counted or not: the list, the details and the issue agree.
func TestCountsAgree(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, _ := seedProject(t, s, "acme")
		scope := store.Scope{OrgID: org}
		many := testkit.Sized(1_000)
		linkMany(t, s, org, 7, many, 3)
		// A third of the links is only possible, and a few replays are not recorded.
		for _, q := range []string{"UPDATE replay_links SET signals = 1024 WHERE ts_ms % 3 = 0 OR replay_id < '" + hex32(many/5) + "'",
			"UPDATE replay_links SET signals = 64, flags = 4 WHERE ts_ms % 7 = 0",
			"UPDATE replays SET state = 'pending' WHERE started_ms % 11000 = 0"} {
			if _, err := s.Writer().ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		listed, withErrors := 0, map[string]bool{}
		q := store.ReplayQuery{FromMS: 1, ToMS: 1 << 50, Sort: "started_at", Page: store.Page{Limit: 100}}
		for {
			page, err := s.Replays(t.Context(), scope, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Rows {
				listed++
				if r.Errors > 0 {
					withErrors[r.ReplayID] = true
				}
				if listed%50 == 0 {
					one, err := s.Replay(t.Context(), scope, r.ReplayID)
					if err != nil || one.Errors != r.Errors {
						t.Errorf("replay %s: details say %+v, list says %d, %v", r.ReplayID, one, r.Errors, err)
					}
				}
			}
			if !page.More {
				break
			}
			q.Page.Cursor = page.Next
		}
		n, err := s.IssueReplayCounts(t.Context(), scope, []int64{7})
		if err != nil {
			t.Fatal(err)
		}
		tally, err := s.ReplaysOfIssues(t.Context(), scope, []int64{7}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if int(n[7]) != len(withErrors) || tally["7"].Count != n[7] || n[7] == 0 || listed == len(withErrors) {
			t.Errorf("issue %d, tally %d, list %d of %d", n[7], tally["7"].Count, len(withErrors), listed)
		}
	})
}
