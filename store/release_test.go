package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// eventOf is eventWrite with a release and an environment.
func eventOf(org, project int64, message string, event int, hash, release, environment string, ms int64) *store.Write {
	w := eventWrite(org, project, message, event, hash, ms)
	w.Events[0].Event.Release, w.Events[0].Event.Environment = release, environment
	return w
}

// Whatever names a release makes it, once, whoever comes first.
func TestReleasesAreMadeByWhatNamesThem(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for n := range 6 {
					v := fmt.Sprintf("shop@1.%d.0", (n*(w+1))%6)
					ms := int64(1_000_000 + w*100_000 + n)
					if _, err := s.Ingest(t.Context(), []*store.Write{
						eventOf(org, project, fmt.Sprint("e", w, n), w*100+n+1, "h", v, "prod", ms),
						{MessageID: fmt.Sprint("s", w, n), ReceivedMS: ms, OrgID: org, Sessions: []store.SessionWrite{{Session: store.ReleaseSession{ProjectID: project + 7, SID: fmt.Sprint(w, n), OrgID: org, Release: v, Status: "ok", StartedMS: ms}}}},
						{MessageID: fmt.Sprint("p", w, n), ReceivedMS: ms, OrgID: org, Spans: []store.SpanWrite{{Span: store.Span{OrgID: org, TraceID: hex32(w*100 + n), SpanID: "1", IsSegment: true, ProjectID: project, Release: "span@1", StartUS: ms * 1_000, Payload: []byte("x")}}}},
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		ingest(t, s, eventOf(org, project, "bad", 999, "h", `a\b`, "", 5), eventOf(org, project, "none", 998, "h", "", "", 5))
		page, err := s.Releases(t.Context(), scope, store.ReleaseQuery{Sort: store.ReleasesByVersion, Status: store.ReleaseOpen, Page: store.Page{Limit: 10}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range page.Rows {
			got = append(got, r.Version)
		}
		if want := []string{"shop@1.5.0", "shop@1.4.0", "shop@1.3.0", "shop@1.2.0", "shop@1.1.0", "span@1", "shop@1.0.0"}; !slices.Equal(got[:5], want[:5]) || len(got) != 7 {
			t.Errorf("releases = %v, want %v", got, want)
		}
		f, err := s.ReleaseFacts(t.Context(), scope, page.Rows)
		if err != nil {
			t.Fatal(err)
		}
		last := page.Rows[len(page.Rows)-2]
		if last.Version == "span@1" {
			last = page.Rows[len(page.Rows)-1]
		}
		shares := f.Projects[last.ID]
		if len(shares) != 2 || *shares[0].FirstEventMS != 1_000_000 || *shares[0].LastEventMS < 1_300_000-60_000 || shares[1].FirstEventMS != nil {
			t.Errorf("shares of %s = %+v", last.Version, shares)
		}
		if n := f.NewIssues[last.ID][project]; last.Version != "shop@1.0.0" || n > 1 {
			t.Errorf("%s has %d new issues", last.Version, n)
		}
		if envs := all[store.ReleaseEnvironment](t, s); len(envs) != 6+6+1 {
			t.Errorf("%d environments, want 13", len(envs))
		}
	})
}

func upsert(t *testing.T, s *store.Store, scope store.Scope, version string, c store.ReleaseChange) *store.Release {
	t.Helper()
	r, _, err := s.UpsertRelease(t.Context(), scope, version, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ptr[T any](v T) *T { return &v }

func TestReleaseListsPageBothWays(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		other, _ := seedProject(t, s, "other")
		upsert(t, s, store.Scope{OrgID: other}, "shop@9.9.9", store.ReleaseChange{})
		for i, v := range []string{"shop@1.10.0", "shop@1.9.0", "abcdef0", "shop@1.9.0-rc.1", "fedcba0", "pkg@2.0.0"} {
			upsert(t, s, scope, v, store.ReleaseChange{ReleasedMS: ptr(int64(1_000 * (i + 1))), Projects: []int64{project}})
		}
		walk := func(q store.ReleaseQuery) (out []string) {
			q.Page.Limit, q.Status = 2, store.ReleaseOpen
			var pages []store.Paged[store.Release]
			for range 9 {
				p, err := s.Releases(t.Context(), scope, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range p.Rows {
					out = append(out, r.Version)
				}
				pages = append(pages, p)
				if !p.More {
					break
				}
				q.Page.Cursor = p.Next
			}
			q.Page.Cursor = pages[len(pages)-1].Prev
			back, err := s.Releases(t.Context(), scope, q)
			if err != nil || len(back.Rows) != 2 || back.Rows[0].Version != out[2] {
				t.Errorf("back from the last page: %v %+v, want to begin at %s", err, back.Rows, out[2])
			}
			return out
		}
		byVersion := []string{"pkg@2.0.0", "shop@1.10.0", "shop@1.9.0", "shop@1.9.0-rc.1", "fedcba0", "abcdef0"}
		byDate := []string{"pkg@2.0.0", "fedcba0", "shop@1.9.0-rc.1", "abcdef0", "shop@1.9.0", "shop@1.10.0"}
		for _, projects := range [][]int64{nil, {project}, {project, project + 99}} {
			if diff := cmp.Diff(byVersion, walk(store.ReleaseQuery{Sort: store.ReleasesByVersion, Projects: projects})); diff != "" {
				t.Errorf("by version: %s", diff)
			}
			if diff := cmp.Diff(byDate, walk(store.ReleaseQuery{Sort: store.ReleasesByDate, Projects: projects})); diff != "" {
				t.Errorf("by date: %s", diff)
			}
		}
		if r, err := s.NewestRelease(t.Context(), scope, project); err != nil || r.Version != "pkg@2.0.0" {
			t.Errorf("latest = %v %v", r, err)
		}
		upsert(t, s, scope, "shop@1.2.0", store.ReleaseChange{ReleasedMS: ptr(int64(99_000)), Projects: []int64{project}}) // a late patch of an old line
		if r, err := s.NewestRelease(t.Context(), scope, project); err != nil || r.Version != "shop@1.10.0" {
			t.Errorf("latest = %v %v, want the highest of the package", r, err)
		}
		upsert(t, s, scope, "c0ffee0", store.ReleaseChange{ReleasedMS: ptr(int64(100_000)), Projects: []int64{project}})
		if r, err := s.NewestRelease(t.Context(), scope, project); err != nil || r.Version != "c0ffee0" {
			t.Errorf("latest = %v %v, want the last by date", r, err)
		}
	})
}

func TestReleaseCommits(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		a := upsert(t, s, scope, "shop@1.0.0", store.ReleaseChange{Projects: []int64{project}, ReleasedMS: ptr(int64(1_000)), Refs: []store.RefWrite{{Repository: "acme/shop", SHA: "aaa"}},
			Commits: []store.CommitWrite{{Repository: "acme/shop", SHA: "aaa", Message: "pay", AuthorEmail: "ann@x", Files: []store.CommitFile{{Path: "pay.go", Type: "M"}}}, {Repository: "acme/shop", SHA: "bbb"}, {Repository: "acme/shop", SHA: "aaa"}}})
		if a.CommitCount != 2 {
			t.Errorf("%d commits, want 2", a.CommitCount)
		}
		b := upsert(t, s, scope, "shop@1.1.0", store.ReleaseChange{Projects: []int64{project}, ReleasedMS: ptr(int64(2_000)), Commits: []store.CommitWrite{{Repository: "acme/shop", SHA: "bbb", Message: "known later"}}})
		upsert(t, s, scope, "shop@1.1.5", store.ReleaseChange{Projects: []int64{project}, ReleasedMS: ptr(int64(3_000))})
		c := upsert(t, s, scope, "shop@1.2.0", store.ReleaseChange{Projects: []int64{project}, ReleasedMS: ptr(int64(4_000))})
		if p, err := s.PreviousWithCommits(t.Context(), scope, c); err != nil || p.ID != b.ID {
			t.Errorf("previous = %v %v, want %s", p, err, b.Version)
		}
		if p, err := s.PreviousWithCommits(t.Context(), scope, a); err != nil || p != nil {
			t.Errorf("previous of the first = %v %v", p, err)
		}
		first, err := s.ReleaseCommits(t.Context(), scope, a.ID, store.Page{Limit: 1})
		if err != nil || len(first.Rows) != 1 || first.Rows[0].SHA != "aaa" || first.Rows[0].Repository != "acme/shop" || !first.More {
			t.Fatalf("commits = %+v %v", first, err)
		}
		second, err := s.ReleaseCommits(t.Context(), scope, a.ID, store.Page{Limit: 1, Cursor: first.Next})
		if err != nil || len(second.Rows) != 1 || second.Rows[0].Message != "known later" || second.More {
			t.Errorf("second page = %+v %v", second, err)
		}
		if fs, err := s.CommitFiles(t.Context(), scope, []int64{first.Rows[0].ID}, 9); err != nil || len(fs) != 1 || fs[0].Path != "pay.go" {
			t.Errorf("files = %v %v", fs, err)
		}
		upsert(t, s, scope, "shop@1.0.0", store.ReleaseChange{Commits: []store.CommitWrite{}})
		if p, err := s.ReleaseCommits(t.Context(), scope, a.ID, store.Page{Limit: 5}); err != nil || len(p.Rows) != 0 {
			t.Errorf("commits after they were taken back = %v %v", p.Rows, err)
		}
		if _, err := s.CreateDeploy(t.Context(), scope, c.ID, store.Deploy{Environment: "production"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateDeploy(t.Context(), store.Scope{OrgID: org + 1}, c.ID, store.Deploy{Environment: "production"}); err == nil {
			t.Error("another organisation deployed it")
		}
		if err := s.DeleteRelease(t.Context(), scope, c.Version); err != nil {
			t.Fatal(err)
		}
		if n := len(all[store.Deploy](t, s)); n != 0 {
			t.Errorf("%d deploys of a deleted release", n)
		}
	})
}
