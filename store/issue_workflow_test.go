package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// state is an issue's state in a word.
func state(t *testing.T, s *store.Store, id int64) string {
	t.Helper()
	for _, i := range all[store.Issue](t, s) {
		if i.ID == id {
			return strings.TrimSuffix(i.Status+"/"+i.Substatus, "/")
		}
	}
	return "gone"
}

// kinds are an issue's activities, the oldest first.
func kinds(t *testing.T, s *store.Store, id int64) (out []string) {
	t.Helper()
	for _, a := range all[store.Activity](t, s, "id") {
		if a.IssueID == id {
			out = append(out, a.Type)
		}
	}
	return out
}

// An issue that was resolved in a release comes back with that release, not with older ones; a
// redelivery says so once, and several linkers at a time too.
func TestRegressionByReleaseOrder(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		now := time.UnixMilli(10_000_000)
		s.SetClock(func() time.Time { return now })
		ingest(t, s, eventOf(org, project, "m1", 1, "h", "shop@1.9.0", "", 1_000))
		id := all[store.Issue](t, s)[0].ID
		fix := upsert(t, s, scope, "shop@1.10.0", store.ReleaseChange{Projects: []int64{project}})
		resolve := func(r store.Resolution) {
			t.Helper()
			if got, err := s.UpdateIssues(t.Context(), scope, []int64{id, id + 99}, store.IssueChange{Status: ptr(store.IssueResolved), Resolution: r}); err != nil || len(got) != 1 {
				t.Fatal(got, err)
			}
		}
		resolve(store.Resolution{Kind: store.ResolvedInRelease, ReleaseID: fix.ID})
		ingest(t, s, eventOf(org, project, "m2", 2, "h", "shop@1.9.0", "", 20_000_000), eventOf(org, project, "m3", 3, "h", "", "", 20_000_000))
		if got := state(t, s, id); got != "resolved" {
			t.Errorf("after an older release: %s", got)
		}
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				if _, err := s.Ingest(t.Context(), []*store.Write{eventOf(org, project, fmt.Sprint("r", w%2), 10+w%2, "h", "shop@1.10.0", "", 20_000_001)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := state(t, s, id); got != "unresolved/regressed" {
			t.Errorf("after the release with the fix: %s", got)
		}
		now = time.UnixMilli(30_000_000)
		resolve(store.Resolution{Kind: store.ResolvedInNextRelease})
		ingest(t, s, eventOf(org, project, "m4", 20, "h", "shop@1.10.0", "", 40_000_000))
		if got := state(t, s, id); got != "resolved" {
			t.Errorf("in the next release, after the current one: %s", got)
		}
		ingest(t, s, eventOf(org, project, "m5", 21, "h", "shop@1.11.0", "", 40_000_001))
		if got := state(t, s, id); got != "unresolved/regressed" {
			t.Errorf("in the next release, after it: %s", got)
		}
		now = time.UnixMilli(50_000_000)
		resolve(store.Resolution{Kind: store.ResolvedInCommit, Commit: "abc"})
		ingest(t, s, eventOf(org, project, "m6", 22, "h", "shop@1.11.0", "", 60_000_000))
		upsert(t, s, scope, "shop@1.12.0", store.ReleaseChange{Projects: []int64{project}, Commits: []store.CommitWrite{{Repository: "r", SHA: "abc"}}})
		ingest(t, s, eventOf(org, project, "m7", 23, "h", "shop@1.11.0", "", 60_000_001))
		if got := state(t, s, id); got != "resolved" {
			t.Errorf("in a commit: %s", got)
		}
		ingest(t, s, eventOf(org, project, "m8", 24, "h", "shop@1.12.0", "", 60_000_002))
		want := []string{"set_resolved_in_release", "set_regression", "set_resolved_in_release", "set_regression", "set_resolved_in_commit", "set_regression"}
		if diff := cmp.Diff(want, kinds(t, s, id)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestArchivedIssuesWake(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		base := int64(1_000 * 3_600_000)
		now := time.UnixMilli(base)
		s.SetClock(func() time.Time { return now })
		event, last := 0, time.UnixMilli(base)
		meet := func(hash string, n int, at time.Duration) {
			t.Helper()
			var ws []*store.Write
			for range n {
				event++
				last = time.UnixMilli(base).Add(at)
				w := eventWrite(org, project, fmt.Sprint("m", event), event, hash, last.UnixMilli())
				w.Events[0].Event.UserKey = fmt.Sprint("u", event)
				ws = append(ws, w)
			}
			ingest(t, s, ws...)
		}
		for _, c := range []struct {
			name      string
			substatus string
			ignore    store.Ignore
			quiet     func(hash string)
			wakes     func(hash string)
			want      string
		}{
			{"until a count", store.SubstatusUntilCondition, store.Ignore{Events: 3}, func(h string) { meet(h, 2, time.Minute) }, func(h string) { meet(h, 1, 50*time.Hour) }, "unresolved/ongoing"},
			{"until a count in a window", store.SubstatusUntilCondition, store.Ignore{Events: 3, EventsWindow: time.Hour}, func(h string) { meet(h, 2, time.Minute); meet(h, 2, 5*time.Hour) }, func(h string) { meet(h, 1, 5*time.Hour+time.Minute) }, "unresolved/ongoing"},
			{"until users", store.SubstatusUntilCondition, store.Ignore{Users: 2}, func(h string) { meet(h, 1, time.Minute) }, func(h string) { meet(h, 1, time.Hour) }, "unresolved/ongoing"},
			{"until a time", store.SubstatusUntilCondition, store.Ignore{Duration: time.Hour}, func(h string) { meet(h, 5, 59*time.Minute) }, func(h string) { meet(h, 1, time.Hour) }, "unresolved/ongoing"},
			{"until it escalates", store.SubstatusUntilEscalating, store.Ignore{}, func(h string) { meet(h, 10, 2*time.Hour); meet(h, 10, 3*time.Hour) }, func(h string) { meet(h, 1, 3*time.Hour) }, "unresolved/escalating"},
			{"for ever", store.SubstatusForever, store.Ignore{}, func(h string) { meet(h, 30, time.Hour) }, func(h string) { meet(h, 30, time.Hour) }, "ignored/archived_forever"},
		} {
			now = time.UnixMilli(base)
			meet(c.name, 1, -time.Minute)
			issues := all[store.Issue](t, s, "id")
			id := issues[len(issues)-1].ID
			_, err := s.UpdateIssues(t.Context(), scope, []int64{id}, store.IssueChange{Status: ptr(store.IssueIgnored), Substatus: ptr(c.substatus), Ignore: c.ignore})
			if err != nil {
				t.Fatal(err)
			}
			c.quiet(c.name)
			if got := state(t, s, id); got != "ignored/"+c.substatus {
				t.Errorf("%s: too early: %s", c.name, got)
			}
			c.wakes(c.name)
			if got := state(t, s, id); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	})
}

func TestIssuesAge(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		ingest(t, s, eventWrite(org, project, "m1", 1, "old", 1_000), eventWrite(org, project, "m2", 2, "young", 8*24*3_600_000))
		s.SetClock(func() time.Time { return time.UnixMilli(9 * 24 * 3_600_000) })
		for _, want := range []int64{1, 0} {
			if n, err := s.AgeIssues(t.Context()); err != nil || n != want {
				t.Errorf("aged %d %v, want %d", n, err, want)
			}
		}
		issues := all[store.Issue](t, s, "id")
		if issues[0].Substatus != store.SubstatusOngoing || issues[1].Substatus != store.SubstatusNew {
			t.Errorf("issues are %s and %s", issues[0].Substatus, issues[1].Substatus)
		}
		if n, err := s.ResolveOldIssues(t.Context(), project, 5_000); err != nil || n != 1 || state(t, s, issues[0].ID) != "resolved" {
			t.Errorf("resolved %d %v", n, err)
		}
		if diff := cmp.Diff([]string{"auto_set_ongoing", "set_resolved_by_age"}, kinds(t, s, issues[0].ID)); diff != "" {
			t.Error(diff)
		}
	})
}

// "Fixes SHOP-1" in a release's commits resolves the issue in that release: once, so that an issue which came back stays open
// when the same commits are uploaded again.
func TestCommitsFixIssues(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		now := time.UnixMilli(10_000_000)
		s.SetClock(func() time.Time { return now })
		ingest(t, s, eventOf(org, project, "m1", 1, "a", "shop@1.0.0", "", 1_000), eventOf(org, project, "m2", 2, "b", "shop@1.0.0", "", 1_000), eventOf(org, project, "m3", 3, "c", "shop@1.0.0", "", 1_000))
		issue := map[int64]int64{}
		for _, i := range all[store.Issue](t, s) {
			issue[i.Number] = i.ID
		}
		commits := []store.CommitWrite{{Repository: "r", SHA: "aaa", Message: "Round prices (fixes SHOP-1, shop-2)\n\nRefs SHOP-3. Closes OTHER-9"}, {Repository: "r", SHA: "bbb", Message: "prefixes SHOP-3"}}
		r := upsert(t, s, scope, "shop@1.1.0", store.ReleaseChange{Projects: []int64{project}, Commits: commits})
		want := func(when string, states ...string) {
			t.Helper()
			for n, w := range states {
				if got := state(t, s, issue[int64(n+1)]); got != w {
					t.Errorf("%s: SHOP-%d is %s, want %s", when, n+1, got, w)
				}
			}
		}
		want("with the release", "resolved", "resolved", "unresolved/new")
		if diff := cmp.Diff([]string{"set_resolved_in_commit"}, kinds(t, s, issue[1])); diff != "" {
			t.Error(diff)
		}
		page, err := s.ResolvedBy(t.Context(), scope, r.ID, []int64{project}, store.Page{Limit: 1})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].ID != issue[2] || !page.More {
			t.Errorf("resolved by it: %+v %v", page, err)
		}
		ingest(t, s, eventOf(org, project, "m4", 4, "a", "shop@1.0.0", "", 20_000_000), eventOf(org, project, "m5", 5, "b", "shop@1.1.0", "", 20_000_000))
		want("after an old and the new release", "resolved", "unresolved/regressed", "unresolved/new")
		now = time.UnixMilli(30_000_000)
		upsert(t, s, scope, "shop@1.1.0", store.ReleaseChange{Commits: commits})
		upsert(t, s, scope, "shop@1.2.0", store.ReleaseChange{Projects: []int64{project}, Commits: commits[:1]})
		want("with the same commits again", "resolved", "unresolved/regressed", "unresolved/new")
		upsert(t, s, scope, "elsewhere@1", store.ReleaseChange{Commits: []store.CommitWrite{{Repository: "r", SHA: "ccc", Message: "Fixes SHOP-3"}}})
		want("with a release of no project of theirs", "resolved", "unresolved/regressed", "unresolved/new")
	})
}

// Projects that ask for it resolve what was not seen for long; the others do not.
func TestStaleIssuesResolve(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		_, other := seedProject(t, s, "other")
		now := time.UnixMilli(100 * 3_600_000)
		s.SetClock(func() time.Time { return now })
		ingest(t, s, eventOf(org, project, "m1", 1, "old", "", "", 75*3_600_000), eventOf(org, project, "m2", 2, "young", "", "", 77*3_600_000), eventOf(org, other, "m3", 3, "old", "", "", 1_000))
		if _, err := s.EditSettings(t.Context(), store.Scope{OrgID: org}, project, func(doc *settings.Settings) error { doc.ResolveAge = 24; return nil }); err != nil {
			t.Fatal(err)
		}
		n, err := s.ResolveStale(t.Context())
		if err != nil || n != 1 {
			t.Fatalf("resolved %d: %v", n, err)
		}
		for _, i := range all[store.Issue](t, s) {
			if want := i.ProjectID == project && i.LastSeenMS == 75*3_600_000; (i.Status == store.IssueResolved) != want {
				t.Errorf("issue of project %d, last seen %d, is %s", i.ProjectID, i.LastSeenMS, i.Status)
			}
		}
	})
}
