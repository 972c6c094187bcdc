package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// Whichever way the store takes to the rows of a list of replays, it gives the same ones in the same order: with limits
// so small that every way is taken, page by page, as with all rows read and put in order here.
func TestEveryWayToReplaysGivesTheSame(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		o, err := s.CreateOrganization(ctx, "acme", "Acme")
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(3, 9))
		var all []store.Replay
		var links []store.ReplayLink
		for i := range 60 {
			started := int64(1_000_000 + rnd.IntN(20)*1000)
			finished, project := started+int64(rnd.IntN(5000)), int64(1+rnd.IntN(3))
			id := fmt.Sprintf("%032x", rnd.Uint64())
			all = append(all, store.Replay{OrgID: o.ID, ReplayID: id, State: pick(rnd, store.ReplayLive, store.ReplayLive, store.ReplayLive, store.ReplayDeleted), ProjectID: &project,
				StartedMS: &started, FinishedMS: &finished, Environment: pick(rnd, "prod", "dev"), UserJSON: fmt.Sprintf(`{"id":"%d","email":"u%d@x.de"}`, rnd.IntN(5), rnd.IntN(9)),
				BrowserName: pick(rnd, "Firefox", "Chrome", "Édge", "zed"), CountRageClicks: int64(rnd.IntN(3)), CountURLs: int64(rnd.IntN(4)), Releases: "[]", Tags: "{}", URLs: fmt.Sprintf(`["/page/%d"]`, i%7), Origins: "{}"})
			for n := range rnd.IntN(4) {
				issue, level, side := int64(1+rnd.IntN(4)), pick(rnd, "error", "error", "warning"), pick(rnd, "backend", "frontend")
				links = append(links, store.ReplayLink{OrgID: o.ID, ItemKind: store.ItemEvent, ItemID: fmt.Sprintf("%d-%d", i, n), ReplayID: id, IssueID: &issue, Level: &level, Side: &side, TimeMS: &started, Signals: 1, CreatedMS: 1})
			}
		}
		for _, rows := range []any{&all, &links} {
			if _, err := s.Writer().NewInsert().Model(rows).Exec(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range all {
			if rnd.IntN(3) > 0 {
				if _, err := s.Writer().NewInsert().Model(&store.ReplaySummary{OrgID: o.ID, ReplayID: r.ReplayID, Worth: int64(rnd.IntN(4))}).Exec(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if rnd.IntN(3) == 0 {
				if err := s.MarkReplayViewed(ctx, o.Scope(), 7, r.ReplayID); err != nil {
					t.Fatal(err)
				}
			}
		}
		usual := store.UsualLimits()
		small := usual
		small.Narrow, small.Tried, small.Walked, small.Driven = 2, 2, 5, 12
		x := &searched{rnd: rnd}
		leaf := func() store.Filter {
			switch rnd.IntN(9) {
			case 0:
				return x.number("count_errors", int64(rnd.IntN(3)))
			case 1:
				return x.number("count_rage_clicks", int64(rnd.IntN(3)))
			case 2:
				return x.number("usefulness", int64(rnd.IntN(3)))
			case 3:
				return is("user.id", fmt.Sprint(rnd.IntN(6)))
			case 4:
				return is("user.email", fmt.Sprintf("u%d@x.de", rnd.IntN(10)))
			case 5:
				return is("issue_id", int64(1+rnd.IntN(5)))
			case 6:
				return is("viewed_by", int64(7+rnd.IntN(2)))
			case 7:
				return store.Filter{Op: store.FilterLike, Field: "urls", Parts: []string{"", fmt.Sprint("/page/", rnd.IntN(8)), ""}}
			}
			return is("id", pick(rnd, all...).ReplayID)
		}
		sorts := []string{"started_at", "finished_at", "count_errors", "usefulness", "count_rage_clicks", "activity", "duration", "browser.name", "count_segments"}
		for range 400 {
			q := store.ReplayQuery{Sort: pick(rnd, sorts...), Ascending: rnd.IntN(2) == 0, Page: store.Page{Limit: 1 + rnd.IntN(7)}}
			if rnd.IntN(4) > 0 {
				q.Filter = x.filter(2, leaf)
			}
			if rnd.IntN(2) == 0 {
				q.FromMS = int64(1_000_000 + rnd.IntN(20)*1000)
			}
			if rnd.IntN(3) == 0 {
				q.ToMS = q.FromMS + int64(rnd.IntN(10)*1000)
			}
			if rnd.IntN(4) == 0 {
				q.Projects = []int64{1, 3}
			}
			if rnd.IntN(4) == 0 {
				q.Environments = []string{"prod"}
			}
			s.SetSearchLimits(usual)
			whole := q
			whole.Page.Limit = 100
			want, err := s.Replays(ctx, o.Scope(), whole)
			if err != nil {
				t.Fatalf("%+v: %v", q, err)
			}
			if q.Sort == "started_at" && !slices.IsSortedFunc(want.Rows, func(a, b store.ListedReplay) int {
				c := cmp.Or(cmp.Compare(*a.StartedMS, *b.StartedMS), cmp.Compare(a.ReplayID, b.ReplayID))
				if !q.Ascending {
					c = -c
				}
				return c
			}) {
				t.Fatalf("%+v is not in order", q)
			}
			s.SetSearchLimits(small)
			ids := func(rows []store.ListedReplay) (out []string) {
				for _, r := range rows {
					out = append(out, r.ReplayID)
				}
				return out
			}
			var got, back []string
			var last store.Paged[store.ListedReplay]
			for page := range 100 {
				p, err := s.Replays(ctx, o.Scope(), q)
				if err != nil {
					t.Fatalf("page %d of %+v: %v", page, q, err)
				}
				if got = append(got, ids(p.Rows)...); len(p.Rows) > 0 {
					last = p
				}
				if !p.More {
					break
				}
				q.Page.Cursor = p.Next
			}
			if !slices.Equal(got, ids(want.Rows)) {
				t.Fatalf("%+v\npage by page, with small limits: %v\nat once: %v", q, got, ids(want.Rows))
			}
			if len(got) == 0 {
				continue
			}
			back = ids(last.Rows)
			for q.Page.Cursor = last.Prev; len(back) < len(got); {
				p, err := s.Replays(ctx, o.Scope(), q)
				if err != nil || len(p.Rows) == 0 {
					t.Fatalf("back in %+v: %d rows, %v", q, len(p.Rows), err)
				}
				back = append(ids(p.Rows), back...)
				q.Page.Cursor = p.Prev
			}
			if !slices.Equal(back, got) {
				t.Fatalf("%+v\nback: %v\nforth: %v", q, back, got)
			}
		}
	})
}
