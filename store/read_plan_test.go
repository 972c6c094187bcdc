package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// queries keeps every select that goes through it.
type queries struct{ list []string }

func (q *queries) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (q *queries) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if strings.HasPrefix(e.Query, "SELECT") || strings.HasPrefix(e.Query, "WITH") {
		q.list = append(q.list, e.Query)
	}
}

// wholeIndex has only what is asked for: events that were stored before they had tags.
const wholeIndex = "events_untagged"

// wholeReads explains a query and gives the steps that read a table whole. Postgres is asked for the
// plan it would have with large tables: an empty one is cheapest read whole.
func wholeReads(t *testing.T, db *bun.DB, query string) (bad []string) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lite := db.Dialect().Name() == dialect.SQLite
	words := "EXPLAIN QUERY PLAN "
	if !lite {
		words = "EXPLAIN "
		if _, err := conn.ExecContext(t.Context(), "SET enable_seqscan = off"); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.QueryContext(t.Context(), words+query)
	if err != nil {
		t.Fatalf("explain: %v\n%s", err, query)
	}
	defer rows.Close()
	walk := ""
	for rows.Next() {
		var id, parent, unused int
		var line string
		if lite {
			err = rows.Scan(&id, &parent, &unused, &line)
		} else {
			err = rows.Scan(&line)
		}
		if err != nil {
			t.Fatalf("explain: %v", err)
		}
		if readsWhole(line) && !strings.Contains(line, wholeIndex) {
			bad = append(bad, line)
		}
		// Postgres tells on a line of its own where an index is entered; an index scan without is a walk.
		switch {
		case strings.Contains(line, "Index Cond:"):
			walk = ""
		case strings.Contains(line, "->") || strings.Contains(line, "Index Scan") || strings.Contains(line, "Index Only Scan"):
			if walk != "" {
				bad = append(bad, walk)
			}
			if walk = ""; (strings.Contains(line, "Index Scan using") || strings.Contains(line, "Index Only Scan using")) && !strings.Contains(line, wholeIndex) {
				walk = line
			}
		}
	}
	if walk != "" {
		bad = append(bad, walk)
	}
	return bad
}

// readsWhole recognises a walk over a table of unbounded size. Reading an index from its start is one too.
func readsWhole(line string) bool {
	scan, ok := strings.CutPrefix(strings.TrimSpace(line), "SCAN ")
	if !ok {
		_, scan, ok = strings.Cut(line, "Seq Scan on ")
	}
	if !ok {
		return false
	}
	if _, index, ok := strings.Cut(line, "VIRTUAL TABLE INDEX "); ok && index != "0:" {
		return false // the words that are asked for, or the JSON of one row
	}
	if strings.HasSuffix(line, "-ROW VALUES CLAUSE") {
		return false // rows that the query brings
	}
	name := strings.Fields(scan)[0]
	switch name {
	case "names", "counted", "(subquery-2)", "chosen", "c", "CONSTANT", "(subquery-1)", "seen", "fired", "vg", "met", "d": // of the query itself, bounded
		return false
	}
	return true
}

// Cost grows with what is asked: no query of a list reads a table whole, on either engine.
func TestListQueriesUseIndexes(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		o, err := s.CreateOrganization(ctx, "acme", "Acme")
		if err != nil {
			t.Fatal(err)
		}
		hook := &queries{}
		reader := s.Reader().WithQueryHook(hook)
		s.SetReader(reader)
		scope := o.Scope()
		const id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		unresolved := store.Filter{Op: store.FilterEq, Field: "status", Values: []any{"unresolved"}}
		after := &store.Cursor{Value: 5, Tie: "7"}
		calls := map[string]func() error{}
		for _, sort := range []string{store.IssuesByLastSeen, store.IssuesByFirstSeen, store.IssuesByEvents, store.IssuesByUsers} {
			for name, f := range map[string]store.Filter{"all": {}, "unresolved": unresolved, "tag": {Op: store.FilterEq, Field: "tag:environment", Values: []any{"prod"}}, "pattern": {Op: store.FilterLike, Field: "tag:user", Parts: []string{"", "@x.de"}},
				"two tags": store.And(store.Filter{Op: store.FilterEq, Field: "tag:a", Values: []any{"b"}}, store.Filter{Op: store.FilterEq, Field: "tag:c", Values: []any{"d"}}),
				"text":     {Op: store.FilterLike, Field: "text", Parts: []string{"", "declined", ""}}, "title": {Op: store.FilterLike, Field: "title", Parts: []string{"", "declined", ""}},
				"many": {Op: store.FilterGt, Field: "times_seen", Values: []any{int64(10)}}, "frame": {Op: store.FilterEq, Field: "tag:@stack.function", Values: []any{"f"}},
				"replay": {Op: store.FilterEq, Field: "replay", Values: []any{id}}} {
				q := store.IssueQuery{Filter: f, FromMS: 1, ToMS: 99, Sort: sort, Page: store.Page{Limit: 25, Cursor: after}}
				calls["issues "+sort+" "+name] = func() error { _, err := s.Issues(ctx, scope, q); return err }
				q.Projects = []int64{1, 2}
				calls["issues of projects "+sort+" "+name] = func() error { _, err := s.Issues(ctx, scope, q); return err }
				calls["count issues "+sort+" "+name] = func() error { _, _, err := s.CountIssues(ctx, scope, q, 1000); return err }
			}
		}
		for _, sort := range []string{"started_at", "duration", "count_errors", "activity", "usefulness", "count_rage_clicks", "browser.name"} {
			for name, f := range map[string]store.Filter{"all": {}, "trace": is("trace", id), "id": is("id", id), "error": is("error_id", id), "issue": is("issue_id", int64(1)), "backend issue": is("backend_error.id", int64(1)),
				"title": {Op: store.FilterLike, Field: "backend_error.title", Parts: []string{"", "declined", ""}}, "seen": is("viewed_by", int64(1)), "backend errors": {Op: store.FilterGt, Field: "count_backend_errors", Values: []any{int64(0)}},
				"errors": {Op: store.FilterGt, Field: "count_errors", Values: []any{int64(3)}}, "rage": {Op: store.FilterGt, Field: "count_rage_clicks", Values: []any{int64(0)}}, "user": is("user.id", "7"), "email": is("user.email", "a@x.de"),
				"url": {Op: store.FilterLike, Field: "urls", Parts: []string{"", "cart", ""}}, "tier": is("link_tier", int64(1)), "click": is("click.label", "Pay"), "chapter": is("chapter.status", "error")} {
				for window, q := range map[string]store.ReplayQuery{"": {}, " of a window": {FromMS: 1, ToMS: 99}, " of a project": {FromMS: 1, Projects: []int64{1}}, " of an environment": {Environments: []string{"prod"}}} {
					for place, at := range map[string]*store.Cursor{"": nil, " further on": after, " back": {Value: 5, Tie: "7", Prev: true}} {
						if sort == "browser.name" && at != nil {
							continue // a place is a replay, which is not there
						}
						q := q
						q.Sort, q.Filter, q.Page = sort, f, store.Page{Limit: 25, Cursor: at}
						calls["replays by "+sort+" "+name+window+place] = func() error { _, err := s.Replays(ctx, scope, q); return err }
					}
				}
			}
		}
		add := func(name string, fn func() error) { calls[name] = fn }
		add("events without tags", func() error { _, err := s.UntaggedEvents(ctx, 50); return err })
		add("how many events without tags", func() error { _, err := s.CountUntagged(ctx, scope); return err })
		add("events of issue", func() error {
			_, err := s.Events(ctx, scope, store.EventQuery{IssueID: 1, Page: store.Page{Limit: 5, Cursor: after}})
			return err
		})
		for name, f := range map[string]store.Filter{"all": {}, "tag": {Op: store.FilterEq, Field: "tag:browser", Values: []any{"x"}}, "pattern": {Op: store.FilterLike, Field: "tag:browser", Parts: []string{"", "x"}},
			"text": {Op: store.FilterLike, Field: "title", Parts: []string{"", "declined", ""}}, "replay": {Op: store.FilterEq, Field: "replay", Values: []any{id}}, "trace": {Op: store.FilterEq, Field: "trace", Values: []any{id}},
			"environment": {Op: store.FilterEq, Field: "environment", Values: []any{"prod"}}, "frame": {Op: store.FilterEq, Field: "tag:@stack.function", Values: []any{"f"}}} {
			for where, q := range map[string]store.EventQuery{"": {}, " of issue": {IssueID: 1}, " of project": {ProjectID: 1}, " of projects": {Projects: []int64{1, 2}}} {
				q.Filter, q.FromMS, q.Page = f, 1, store.Page{Limit: 5, Cursor: after}
				add("events "+name+where, func() error { _, err := s.Events(ctx, scope, q); return err })
				add("count events "+name+where, func() error { _, err := s.CountEvents(ctx, scope, q, 100); return err })
			}
		}
		add("events of project", func() error {
			_, err := s.Events(ctx, scope, store.EventQuery{ProjectID: 1, Page: store.Page{Limit: 5, Cursor: after}})
			return err
		})
		add("event", func() error { _, err := s.Event(ctx, scope, 1, id); return ignoreNotFound(err) })
		add("event ids", func() error { _, err := s.EventsByID(ctx, scope, []string{id}); return err })
		add("latest", func() error { _, err := s.IssueEvent(ctx, scope, 1, true, nil); return ignoreNotFound(err) })
		add("recommended", func() error { _, err := s.IssueEventWithReplay(ctx, scope, 1, nil); return ignoreNotFound(err) })
		add("neighbours", func() error {
			_, _, err := s.IssueNeighbours(ctx, scope, &store.Event{IssueID: 1, EventID: id, TimestampMS: 5})
			return err
		})
		add("sides", func() error { _, err := s.IssueSides(ctx, scope, []int64{1, 2}); return err })
		add("environments", func() error { _, err := s.Environments(ctx, scope); return err })
		add("attachments", func() error { _, err := s.Attachments(ctx, scope, 1, id); return err })
		add("issue", func() error { _, err := s.Issue(ctx, scope, 1); return ignoreNotFound(err) })
		add("short id", func() error { _, err := s.IssueByShortID(ctx, scope, "SHOP-1"); return ignoreNotFound(err) })
		add("hours", func() error { _, err := s.IssueHours(ctx, scope, []int64{1, 2}, 5); return err })
		add("links", func() error {
			_, err := s.ReplayLinks(ctx, scope, store.LinkQuery{Events: []string{id}, Issues: []int64{1}, Traces: []string{id}, Transactions: []string{"a"}, Replays: []string{id}, Page: store.Page{Limit: 5, Cursor: after}})
			return err
		})
		add("event replays", func() error { _, err := s.EventReplays(ctx, scope, []string{id}); return err })
		add("issue replays", func() error { _, err := s.IssueReplayCounts(ctx, scope, []int64{1}); return err })
		add("sessions of projects", func() error {
			_, err := s.SessionSums(ctx, scope, store.SessionQuery{ToMS: 99, BucketMS: 9, GroupBy: []string{"release"}, Projects: []int64{1, 2}})
			return err
		})
		add("sessions of releases", func() error {
			_, err := s.SessionSums(ctx, scope, store.SessionQuery{ToMS: 99, Projects: []int64{1}, Releases: []string{"a", "b"}})
			return err
		})
		add("facts of releases", func() error { _, err := s.ReleaseFacts(ctx, scope, []store.Release{{ID: 1, Version: "a"}}); return err })
		add("tally", func() error { _, err := s.ReplaysOfIssues(ctx, scope, []int64{1}, 5); return err })
		add("tally names", func() error { _, err := s.ReplaysOfTransactions(ctx, scope, []string{"a"}, 5); return err })
		add("replay", func() error { _, err := s.Replay(ctx, scope, id); return ignoreNotFound(err) })
		add("replay items", func() error { _, err := s.ReplayItems(ctx, scope, []string{id}, 5); return err })
		add("replay marks", func() error {
			_, err := s.ReplayMarks(ctx, scope, id, []string{"log"}, store.Page{Limit: 5, Cursor: after})
			return err
		})
		add("expecting events", func() error { _, err := s.ExpectingEvents(ctx, scope, []string{id}); return err })
		add("troubles", func() error { _, err := s.ReplayTroubles(ctx, scope, 1, 2); return err })
		add("segments around", func() error { _, err := s.SegmentsAround(ctx, scope, id, 1, 2); return err })
		add("replay tags", func() error {
			_, err := s.ReplayTags(ctx, scope, store.ReplayTagQuery{ProjectID: 1, Key: "a", Limit: 5})
			return err
		})
		add("segments", func() error { _, err := s.Segments(ctx, scope, id, 0, 5); return err })
		add("frames", func() error { return s.EachSegmentFrames(ctx, nil, scope, id, func([]byte) error { return nil }) })
		add("viewers", func() error { _, err := s.ReplayViewers(ctx, scope, id); return err })
		add("events of replay", func() error {
			_, err := s.EventsOfReplay(ctx, scope, id, store.Page{Limit: 5, Cursor: after})
			return err
		})
		add("trace", func() error { _, err := s.TraceSpans(ctx, scope, id, 5); return err })
		add("trace events", func() error { _, err := s.TraceEvents(ctx, scope, id, 5); return err })
		add("trace counts", func() error { _, err := s.CountTrace(ctx, scope, id); return err })
		add("span id", func() error { _, err := s.SpansByID(ctx, scope, id[:16]); return err })
		add("outcomes", func() error {
			_, err := s.Outcomes(ctx, scope, store.OutcomeQuery{FromMS: 0, ToMS: 9, BucketMS: 3, GroupBy: []string{"outcome", "category"}})
			return err
		})
		addReleases(calls, s, scope, after)
		for name, call := range calls {
			hook.list = nil
			if err := call(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if len(hook.list) == 0 {
				t.Errorf("%s: no query was seen", name)
			}
			for _, q := range hook.list {
				for _, b := range wholeReads(t, s.Writer(), q) {
					t.Errorf("%s reads a table whole: %s\n  %s", name, b, q)
				}
			}
		}
	})
}

// addReleases adds the lists of releases.
func addReleases(calls map[string]func() error, s *store.Store, scope store.Scope, after *store.Cursor) {
	r := &store.Release{ID: 1, OrgID: scope.OrgID, Version: "a", DateMS: 5}
	for name, q := range map[string]store.ReleaseQuery{"": {}, " of a project": {Projects: []int64{1}}, " of projects": {Projects: []int64{1, 2}},
		" of an environment": {Environments: []string{"prod"}}, " by a word": {Version: "x"}} {
		for _, sort := range []string{store.ReleasesByDate, store.ReleasesByVersion} {
			q.Sort, q.Status, q.Page = sort, store.ReleaseOpen, store.Page{Limit: 25, Cursor: after}
			calls["releases by "+sort+name] = func() error { _, err := s.Releases(context.Background(), scope, q); return err }
		}
	}
	for name, call := range map[string]func(context.Context) error{
		"release": func(ctx context.Context) error { _, err := s.Release(ctx, scope, "a"); return ignoreNotFound(err) },
		"releases by version": func(ctx context.Context) error {
			_, err := s.ReleasesByVersions(ctx, scope, []string{"a", "b"})
			return err
		},
		"latest release":     func(ctx context.Context) error { _, err := s.NewestRelease(ctx, scope, 1); return err },
		"release neighbours": func(ctx context.Context) error { _, _, _, _, err := s.ReleaseNeighbours(ctx, scope, 1, r); return err },
		"release facts":      func(ctx context.Context) error { _, err := s.ReleaseFacts(ctx, scope, []store.Release{*r}); return err },
		"release commits": func(ctx context.Context) error {
			_, err := s.ReleaseCommits(ctx, scope, 1, store.Page{Limit: 5, Cursor: after})
			return err
		},
		"commit files":          func(ctx context.Context) error { _, err := s.CommitFiles(ctx, scope, []int64{1, 2}, 5); return err },
		"previous with commits": func(ctx context.Context) error { _, err := s.PreviousWithCommits(ctx, scope, r); return err },
		"deploys":               func(ctx context.Context) error { _, err := s.Deploys(ctx, scope, 1, 5); return err },
		"repositories":          func(ctx context.Context) error { _, err := s.Repositories(ctx, scope, 5); return err },
	} {
		calls[name] = func() error { return call(context.Background()) }
	}
}

func ignoreNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
