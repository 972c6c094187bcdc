//go:build scale

package store_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// Search, lists and facets among many events: make search-scale. It prints the 95th percentile of each question;
// SCALE_EVENTS says among how many (one issue to ten events), 1,000,000 when not set.
func TestScale(t *testing.T) {
	events := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("SCALE_EVENTS")); err == nil {
		events = n
	}
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		start := time.Now()
		org := fill(t, s, events)
		t.Logf("%d events in %d issues: %s", events, events/10, time.Since(start).Round(time.Second))
		scope := store.Scope{OrgID: org}
		eq := func(field string, v any) store.Filter {
			return store.Filter{Op: store.FilterEq, Field: field, Values: []any{v}}
		}
		like := func(field string, parts ...string) store.Filter {
			return store.Filter{Op: store.FilterLike, Field: field, Parts: parts}
		}
		unresolved := eq("status", "unresolved")
		not := func(f store.Filter) store.Filter { return store.Filter{Op: store.FilterNot, Subs: []store.Filter{f}} }
		searches := map[string]func(i int) store.Filter{
			"unresolved": func(int) store.Filter { return unresolved },
			"everything": func(int) store.Filter { return store.Filter{} },
			"a common tag": func(i int) store.Filter {
				return store.And(unresolved, eq("tag:browser", fmt.Sprintf("browser %d", i%10)))
			},
			"a rare tag (user)": func(i int) store.Filter { return store.And(unresolved, eq("tag:user", fmt.Sprintf("id:%d", i*997))) },
			"a tag nobody has":  func(int) store.Filter { return eq("tag:browser", "none") },
			"two common tags": func(i int) store.Filter {
				return store.And(unresolved, eq("tag:browser", fmt.Sprintf("browser %d", i%10)), eq("tag:environment", "production"))
			},
			"two tags seldom together": func(int) store.Filter {
				return store.And(eq("tag:release", "app@1.0.7"), eq("tag:environment", "staging"), eq("tag:level", "fatal"))
			},
			"a negated tag": func(i int) store.Filter {
				return store.And(unresolved, not(eq("tag:release", fmt.Sprintf("app@1.0.%d", i%50))))
			},
			"a pattern (user*)":   func(i int) store.Filter { return like("tag:user", fmt.Sprintf("id:%d", 1000+i), "") },
			"a text of few":       func(i int) store.Filter { return like("text", "", fmt.Sprintf("order %d ", i*733), "") },
			"a text of all":       func(int) store.Filter { return store.And(unresolved, like("text", "", "payment", "")) },
			"a text of none":      func(int) store.Filter { return like("text", "", "nothing like it", "") },
			"a word in the title": func(int) store.Filter { return like("title", "", "timeout", "") },
			"times seen": func(int) store.Filter {
				return store.Filter{Op: store.FilterGt, Field: "times_seen", Values: []any{int64(900)}}
			},
			"either of two": func(i int) store.Filter {
				return store.Filter{Op: store.FilterAny, Subs: []store.Filter{eq("tag:user", fmt.Sprintf("id:%d", i)), like("text", "", fmt.Sprintf("order %d ", i), "")}}
			},
		}
		type result struct {
			name string
			p95  time.Duration
		}
		var results []result
		measure := func(name string, fn func(i int) error) {
			var took []time.Duration
			for i := range 40 {
				start := time.Now()
				if err := fn(i); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			results = append(results, result{name, took[len(took)*95/100]})
		}
		for name, f := range searches {
			for _, sort := range []string{store.IssuesByLastSeen, store.IssuesByEvents} {
				measure("issues by "+sort+": "+name, func(i int) error {
					page, err := s.Issues(t.Context(), scope, store.IssueQuery{Filter: f(i), Sort: sort, FromMS: 1, Page: store.Page{Limit: 25}})
					if err == nil && page.Next != nil && page.More {
						_, err = s.Issues(t.Context(), scope, store.IssueQuery{Filter: f(i), Sort: sort, FromMS: 1, Page: store.Page{Limit: 25, Cursor: page.Next}})
					}
					return err
				})
			}
			measure("count of issues: "+name, func(i int) error {
				_, err := s.CountIssues(t.Context(), scope, store.IssueQuery{Filter: f(i), FromMS: 1}, 1000)
				return err
			})
		}
		for name, q := range map[string]func(i int) store.EventQuery{
			"of an issue": func(i int) store.EventQuery { return store.EventQuery{IssueID: int64(1 + i)} },
			"of a hot issue, of a user": func(i int) store.EventQuery {
				return store.EventQuery{IssueID: int64(1 + i%10), Filter: eq("user", fmt.Sprintf("id:%d", i*997))}
			},
			"of all, with a common tag": func(i int) store.EventQuery {
				return store.EventQuery{Filter: eq("tag:browser", fmt.Sprintf("browser %d", i%10))}
			},
			"of all, of a user": func(i int) store.EventQuery {
				return store.EventQuery{Filter: eq("tag:user", fmt.Sprintf("id:%d", i*997))}
			},
			"of all, with a text": func(i int) store.EventQuery {
				return store.EventQuery{Filter: like("title", "", fmt.Sprintf("order %d ", i*733), "")}
			},
			"of all, with a pattern": func(int) store.EventQuery { return store.EventQuery{Filter: like("release", "app@1.0.1", "")} },
		} {
			measure("events "+name, func(i int) error {
				in := q(i)
				in.Page.Limit = 50
				_, err := s.Events(t.Context(), scope, in)
				return err
			})
		}
		facets := func(q store.TagQuery) error {
			q.Limit = 100
			keys, err := s.TagKeys(t.Context(), scope, q)
			if err != nil {
				return err
			}
			var names []string
			for _, k := range keys {
				names = append(names, k.Key)
			}
			_, err = s.TopValues(t.Context(), scope, q, names, 10)
			return err
		}
		measure("facets of an issue", func(i int) error { return facets(store.TagQuery{IssueID: int64(5_000 + i)}) })
		measure("facets of a hot issue", func(i int) error { return facets(store.TagQuery{IssueID: int64(1 + i%10)}) })
		measure("keys of all", func(int) error { _, err := s.TagKeys(t.Context(), scope, store.TagQuery{Limit: 100}); return err })
		measure("values of a key", func(int) error {
			_, err := s.TagValues(t.Context(), scope, store.TagQuery{Key: "browser", Limit: 100})
			return err
		})
		measure("values of a key of many", func(i int) error {
			_, err := s.TagValues(t.Context(), scope, store.TagQuery{Key: "user", Contains: strconv.Itoa(i), Limit: 20})
			return err
		})
		slices.SortFunc(results, func(x, y result) int { return -cmp.Compare(x.p95, y.p95) })
		var b strings.Builder
		slow := 0
		for _, r := range results {
			mark := ""
			if r.p95 > 100*time.Millisecond {
				mark, slow = "  over 100 ms", slow+1
			}
			fmt.Fprintf(&b, "\n%9.1f ms  %s%s", float64(r.p95.Microseconds())/1000, r.name, mark)
		}
		t.Logf("95th percentiles, %d of %d over 100 ms:%s", slow, len(results), b.String())
	})
}

// fill writes events and what they are found by, with statements of the database: a tenth of a percent of the
// issues is hot, has a thousand events and more, the others have nine.
func fill(t *testing.T, s *store.Store, events int) (org int64) {
	t.Helper()
	org, project := seedProject(t, s, "scale")
	issues := events / 10
	db := s.Writer()
	lite := !s.Concurrent()
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%v\n%s", err, query)
		}
	}
	series := func(n int) string {
		if lite {
			return fmt.Sprintf("(WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < %d) SELECT n FROM g) AS g", n)
		}
		return fmt.Sprintf("generate_series(1, %d) AS g(n)", n)
	}
	pick := func(lite_, pg string) string {
		if lite {
			return lite_
		}
		return pg
	}
	// SQLite joins in the order that is written only with CROSS, which Postgres has otherwise.
	inOrder := func(query string) string { return pick(query, strings.ReplaceAll(query, "CROSS JOIN", "JOIN")) }
	run(`CREATE TABLE scale_values (kind TEXT, n BIGINT, value TEXT, hash BIGINT, PRIMARY KEY (kind, n))`)
	run("CREATE INDEX scale_values_value ON scale_values (kind, value)")
	type value struct {
		Kind  string
		N     int
		Value string
		Hash  int64
	}
	var values []value
	add := func(kind string, n int, v string) {
		values = append(values, value{kind, n, v, store.TagHash(org, kind, v)})
	}
	for n := range 50_000 {
		add("user", n, fmt.Sprintf("id:%d", n))
	}
	for n := range 50 {
		add("release", n, fmt.Sprintf("app@1.0.%d", n))
	}
	for n := range 10 {
		add("browser", n, fmt.Sprintf("browser %d", n))
		add("url", n, fmt.Sprintf("https://shop.example/page/%d", n))
	}
	for n, v := range []string{"production", "production", "production", "production", "production", "production", "production", "production", "dev", "staging"} {
		add("environment", n, v)
	}
	for n, v := range []string{"error", "error", "error", "error", "error", "error", "error", "warning", "warning", "fatal"} {
		add("level", n, v)
	}
	for part := range slices.Chunk(values, 500) {
		if _, err := db.NewInsert().Model(&part).ModelTableExpr("scale_values").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	const base, step = 1_750_000_000_000, 7_000
	run(fmt.Sprintf(`INSERT INTO issues (id, org_id, project_id, number, status, substatus, level, platform, type, title, culprit, first_seen_ms, last_seen_ms, times_seen, users_seen, created_ms)
		SELECT n, %d, %d, n, CASE WHEN n %% 4 = 0 THEN 'resolved' ELSE 'unresolved' END, 'ongoing', 'error', 'go', 'error', CASE WHEN n %% 100 = 0 THEN 'TimeoutError: ' ELSE 'PaymentError: ' END || 'order ' || n || ' was refused',
		'shop.payment in charge', %d + n, %d + n, 9, 9, %d FROM %s`, org, project, base, base, base, series(issues)))
	// Of a hundred events one goes to a hot issue.
	run(inOrder(fmt.Sprintf(`INSERT INTO events (project_id, event_id, org_id, issue_id, level, platform, title, culprit, timestamp_ms, received_ms, environment, release, user_key, tags, payload)
		SELECT %d, %s, %d, CASE WHEN g.n %% 100 = 0 THEN 1 + (g.n / 100) %% 10 ELSE 1 + (g.n * 7919) %% %d END, l.value, 'go', 'PaymentError: order ' || (1 + (g.n * 7919) %% %d) || ' was refused', 'shop.payment in charge',
		%d + g.n * %d, %d + g.n * %d, e.value, r.value, u.value, %s, %s
		FROM %s CROSS JOIN scale_values u ON u.kind = 'user' AND u.n = (g.n * 31) %% 50000 CROSS JOIN scale_values r ON r.kind = 'release' AND r.n = (g.n / 20000) %% 50
		 CROSS JOIN scale_values e ON e.kind = 'environment' AND e.n = (g.n / 7) %% 10 CROSS JOIN scale_values l ON l.kind = 'level' AND l.n = (g.n / 3) %% 10
		 CROSS JOIN scale_values b ON b.kind = 'browser' AND b.n = (g.n / 11) %% 10 CROSS JOIN scale_values w ON w.kind = 'url' AND w.n = (g.n / 10) %% 10`,
		project, pick("printf('%032x', g.n)", "lpad(to_hex(g.n), 32, '0')"), org, issues, issues, base, step, base, step,
		pick("json_object('user', u.value, 'release', r.value, 'environment', e.value, 'level', l.value, 'browser', b.value, 'url', w.value)",
			"jsonb_build_object('user', u.value, 'release', r.value, 'environment', e.value, 'level', l.value, 'browser', b.value, 'url', w.value)"),
		pick("zeroblob(400)", "decode(repeat('00', 400), 'hex')"), series(events))))
	for _, kind := range []string{"user", "release", "environment", "level", "browser", "url"} {
		column := pick("json_extract(e.tags, '$."+kind+"')", "(e.tags ->> '"+kind+"')")
		run(inOrder(`INSERT INTO event_tags (tag, timestamp_ms, event_id, project_id) SELECT DISTINCT v.hash, e.timestamp_ms, e.event_id, e.project_id
			FROM events e CROSS JOIN scale_values v ON v.kind = '` + kind + `' AND v.value = ` + column + ` ORDER BY 1, 2`))
		for table, owner := range map[string]string{"issue": "e.issue_id", "project": "e.project_id"} {
			run(`INSERT INTO ` + table + `_tags (owner_id, key, value, org_id, events, first_ms, last_ms) SELECT ` + owner + `, '` + kind + `', ` + column + `, MIN(e.org_id), COUNT(*),
				MIN(e.timestamp_ms), MAX(e.timestamp_ms) FROM events e GROUP BY ` + owner + `, ` + column)
			run(`INSERT INTO ` + table + `_tag_keys (owner_id, key, org_id, events, values_kept, cut) SELECT owner_id, key, MIN(org_id), SUM(events), COUNT(*), FALSE
				FROM ` + table + `_tags WHERE key = '` + kind + `' GROUP BY owner_id, key`)
		}
	}
	run(`INSERT INTO issue_texts (org_id, issue_id, hash, text, is_last) SELECT org_id, id, id, LOWER(title || ' ' || culprit), FALSE FROM issues`)
	counts := `(SELECT issue_id, COUNT(*) AS n, MAX(timestamp_ms) AS last_ms FROM events GROUP BY issue_id) AS c`
	run(`UPDATE issues SET times_seen = c.n, users_seen = c.n, last_seen_ms = c.last_ms FROM ` + counts + ` WHERE c.issue_id = issues.id`)
	run("ANALYZE") // as both engines' servers have it after some time
	return org
}
