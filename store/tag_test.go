package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// tagCounts reads a table of counts: owner key=value, how often.
func tagCounts(t *testing.T, s *store.Store, table string) map[string]int64 {
	t.Helper()
	var rows []store.TagCount
	if err := s.Reader().NewSelect().Model(&rows).ModelTableExpr(table+" AS tc").Scan(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, r := range rows {
		out[fmt.Sprint(r.OwnerID, " ", r.Key, "=", r.Value)] = r.Events
	}
	return out
}

// recounted counts the tags of the events there are.
func recounted(t *testing.T, s *store.Store) (issues, projects map[string]int64, events int) {
	t.Helper()
	issues, projects = map[string]int64{}, map[string]int64{}
	for _, e := range all[store.Event](t, s) {
		for k, v := range store.TagsOf(e.Tags) {
			issues[fmt.Sprint(e.IssueID, " ", k, "=", v)]++
			projects[fmt.Sprint(e.ProjectID, " ", k, "=", v)]++
			events++
		}
	}
	return issues, projects, events
}

func sameCounts(t *testing.T, s *store.Store, when string) {
	t.Helper()
	issues, projects, events := recounted(t, s)
	if d := cmp.Diff(issues, tagCounts(t, s, "issue_tags")); d != "" {
		t.Errorf("%s: tags of issues (-events +counted):\n%s", when, d)
	}
	if d := cmp.Diff(projects, tagCounts(t, s, "project_tags")); d != "" {
		t.Errorf("%s: tags of projects (-events +counted):\n%s", when, d)
	}
	if n := len(all[store.EventTag](t, s)); n != events {
		t.Errorf("%s: %d tags lead to events, want %d", when, n, events)
	}
	var kept []struct{ Key, Kept int64 }
	err := s.Reader().NewRaw(`SELECT k.owner_id AS "key", k.values_kept - (SELECT COUNT(*) FROM issue_tags v WHERE v.owner_id = k.owner_id AND v.key = k.key) AS kept FROM issue_tag_keys k`).Scan(t.Context(), &kept)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if k.Kept != 0 {
			t.Errorf("%s: issue %d says of a key that it has %d values more than it has", when, k.Key, k.Kept)
		}
	}
}

func TestTagsFollowTheirEvents(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		var ws []*store.Write
		for i := range 60 {
			w := eventWrite(org, project, fmt.Sprint("m", i), i+1, fmt.Sprint("h", i%3), int64(1000+i))
			w.Events[0].Tags = []store.Tag{{Key: "browser", Value: fmt.Sprint("b", i%4)}, {Key: "n", Value: fmt.Sprint(i)}}
			ws = append(ws, w)
		}
		ingest(t, s, ws[:25]...)
		ingest(t, s, ws[20:]...) // five come again
		sameCounts(t, s, "ingested")
		a, b, c := issueOf(t, s, org, project, 1), issueOf(t, s, org, project, 2), issueOf(t, s, org, project, 3)
		m, err := s.MergeIssues(t.Context(), scope, []int64{a, b}, nil)
		if err != nil {
			t.Fatal(err)
		}
		finish(t, s)
		sameCounts(t, s, "merged")
		if texts := all[store.IssueText](t, s); len(texts) != 3 {
			t.Errorf("texts after the merge: %+v", texts)
		}
		if _, err := s.UnmergeHashes(t.Context(), scope, m.Parent, []string{"h1"}, nil, func(e *store.Event) store.Issue { return store.Issue{Type: "error", Title: e.Title} }); err != nil {
			t.Fatal(err)
		}
		finish(t, s)
		sameCounts(t, s, "unmerged")
		if _, err := s.DeleteIssues(t.Context(), scope, []int64{c}, false, nil); err != nil {
			t.Fatal(err)
		}
		finish(t, s)
		sameCounts(t, s, "deleted")
		for _, x := range all[store.IssueText](t, s) {
			if x.IssueID == c {
				t.Errorf("a text of the deleted issue is left: %+v", x)
			}
		}
	})
}

// An issue keeps a thousand values of a key and says that there were more; a value that is not kept is found
// all the same.
func TestTagsAreCut(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		org, project := seedProject(t, s, "shop")
		scope := store.Scope{OrgID: org}
		var ws []*store.Write
		for i := range 1_100 {
			w := eventWrite(org, project, fmt.Sprint("m", i), i+1, "h", int64(1000+i))
			w.Events[0].Tags = []store.Tag{{Key: "order", Value: fmt.Sprint(i)}}
			ws = append(ws, w)
		}
		for i := 0; i < len(ws); i += 300 {
			ingest(t, s, ws[i:min(i+300, len(ws))]...)
		}
		kept := map[string]bool{}
		for _, r := range all[store.TagCount](t, s) {
			if r.Key == "order" {
				kept[r.Value] = true
			}
		}
		var key store.TagKey
		if err := s.Reader().NewSelect().Model(&key).Where("key = 'order'").Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(kept) != 1000 || !key.Cut || key.ValuesKept != 1000 || key.Events != 1100 {
			t.Fatalf("%d values, %+v", len(kept), key)
		}
		for i := range 1_100 {
			v := fmt.Sprint(i)
			if kept[v] && i > 3 {
				continue
			}
			f := store.Filter{Op: store.FilterEq, Field: "tag:order", Values: []any{v}}
			is, err := s.Issues(t.Context(), scope, store.IssueQuery{Filter: f, Sort: store.IssuesByLastSeen, Page: store.Page{Limit: 5}})
			if err != nil || len(is.Rows) != 1 {
				t.Fatalf("issues with order %s: %d, %v", v, len(is.Rows), err)
			}
			es, err := s.Events(t.Context(), scope, store.EventQuery{Filter: f, Page: store.Page{Limit: 5}})
			if err != nil || len(es.Rows) != 1 || es.Rows[0].EventID != hex32(i+1) {
				t.Fatalf("events with order %s: %+v, %v", v, es.Rows, err)
			}
		}
	})
}
