package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// Single sessions and the counts of servers are summed together, users once however many sessions they had.
func TestSessionSums(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		foreign, theirs := seedProject(t, s, "other")
		n := 0
		single := func(org, project int64, did, release, environment, status string, errors, startedMS int64) *store.Write {
			n++
			return &store.Write{MessageID: fmt.Sprint("s", n), ReceivedMS: startedMS, OrgID: org, Sessions: []store.SessionWrite{{Session: store.ReleaseSession{ProjectID: project, SID: fmt.Sprint(n), OrgID: org,
				DID: did, Release: release, Environment: environment, Status: status, Errors: errors, StartedMS: startedMS, UpdatedMS: startedMS, DurationMS: new(int64(1000 * n))}}}}
		}
		ingest(t, s,
			single(org, project, "ann", "a@1", "prod", "exited", 0, 1_000),
			single(org, project, "ann", "a@1", "prod", "crashed", 1, 2_000),
			single(org, project, "bob", "a@1", "prod", "ok", 3, 2_500),
			single(org, project, "", "a@1", "dev", "unhandled", 1, 12_000),
			single(org, project, "ann", "a@2", "prod", "abnormal", 1, 13_000),
			single(org, project, "eve", "a@2", "prod", "ok", 0, 99_000),
			single(foreign, theirs, "eve", "a@1", "prod", "crashed", 1, 1_000),
			&store.Write{MessageID: "counts", ReceivedMS: 5, OrgID: org, SessionCounts: []store.ReleaseSessionCount{{ProjectID: project, OrgID: org, Release: "a@1", Environment: "prod", StartedMS: 0, Exited: 10, Errored: 2, Abnormal: 1, Unhandled: 1, Crashed: 3}}})
		sums := func(q store.SessionQuery) []store.SessionSum {
			t.Helper()
			got, err := s.SessionSums(t.Context(), store.Scope{OrgID: org}, q)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		whole := store.SessionQuery{ToMS: 50_000}
		want := []store.SessionSum{{Sessions: store.SessionClasses{All: 22, Bad: 11, Crashed: 4, Abnormal: 2, Unhandled: 2}, Users: store.SessionClasses{All: 2, Bad: 2, Crashed: 1, Abnormal: 1},
			DurationMS: 15_000, Timed: 5, MaxDuration: 5_000}}
		if got := sums(whole); cmp.Diff(want, got) != "" {
			t.Errorf("whole: %s", cmp.Diff(want, got))
		}
		q := whole
		q.GroupBy, q.BucketMS, q.Environments = []string{"release", "project_id"}, 10_000, []string{"prod"}
		got := sums(q)
		if len(got) != 2 || got[0].Release != "a@1" || got[0].ProjectID != project || got[0].Bucket != 0 || got[0].Sessions.All != 20 || got[0].Users.All != 2 ||
			got[1].Release != "a@2" || got[1].Bucket != 1 || got[1].Sessions.Abnormal != 1 {
			t.Errorf("by release: %+v", got)
		}
		q.Releases, q.Projects = []string{"a@2"}, []int64{project, theirs}
		if got := sums(q); len(got) != 1 || got[0].Sessions.All != 1 {
			t.Errorf("of a release: %+v", got)
		}
		if got := sums(store.SessionQuery{ToMS: 50_000, NotReleases: []string{"a@1"}}); len(got) != 1 || got[0].Sessions.All != 1 {
			t.Errorf("not of a release: %+v", got)
		}
		if got := sums(store.SessionQuery{ToMS: 50_000, Projects: []int64{theirs}}); len(got) != 0 {
			t.Errorf("of another organisation: %+v", got)
		}
		if _, err := s.SessionSums(t.Context(), store.Scope{OrgID: org}, store.SessionQuery{GroupBy: []string{"did"}}); err == nil {
			t.Error("grouped by what nobody may group by")
		}
		page, err := s.Releases(t.Context(), store.Scope{OrgID: org}, store.ReleaseQuery{Sort: store.ReleasesByVersion, Page: store.Page{Limit: 10}})
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.ReleaseFacts(t.Context(), store.Scope{OrgID: org}, page.Rows)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Rows) != 2 || !f.HasSessions[page.Rows[0].ID][project] || f.HasSessions[page.Rows[0].ID][theirs] {
			t.Errorf("sessions of %d releases: %v", len(page.Rows), f.HasSessions)
		}
	})
}
