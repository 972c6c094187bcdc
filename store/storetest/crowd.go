package storetest

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers itself as pgx

	"github.com/hindsight-dev/hindsight/store"
)

// Crowd is a database full of data as it gathers in 81 days: see [FillCrowd].
type Crowd struct {
	OrgID    int64
	Projects [4]int64 // issue n is of project n % 4
	UserID   int64    // has bookmarks, follows issues and has some assigned
	Events   int      // ten to an issue, and as many spans and logs; one in ten has a replay
	Now      time.Time
}

// Issues is how many issues a crowd has. Their ids begin at [CrowdIssue].
func (c Crowd) Issues() int { return c.Events / 10 }

// CrowdIssue comes before the ids of a crowd's issues: that of issue n is CrowdIssue + n. Issues 1 to 10 are hot:
// each has a hundredth of all events.
const CrowdIssue = 1_000_000

// FillCrowd writes a crowd with statements of the database: what the linker would have stored, without reading a
// million envelopes. Half of the issues live for all of the time, the others for some hours; a server of the first
// tenth of the time ("old") is known only from the latter. url is of a database that is empty but for its schema,
// the organisation, its projects and its user.
func FillCrowd(tb testing.TB, url string, c Crowd) {
	tb.Helper()
	f := &filler{tb: tb, c: c, lite: strings.HasPrefix(url, "sqlite:")}
	driver, source := "pgx", url
	if f.lite {
		driver, source = "sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_pragma=busy_timeout(60000)&_pragma=synchronous(OFF)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-500000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // settings and staging tables are the connection's
	f.db = db
	if !f.lite {
		f.run("SET synchronous_commit = off")
		f.run("SET work_mem = '256MB'")
	}
	f.stage()
	f.issues()
	var issues int
	if err := db.QueryRowContext(tb.Context(), fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE org_id = %d", c.OrgID)).Scan(&issues); err != nil || issues != c.Issues() {
		tb.Fatalf("a crowd of %d events has %d issues, want %d: %v", c.Events, issues, c.Issues(), err)
	}
	f.events()
	f.tags()
	f.replays()
	f.items()
	f.run("DROP TABLE crowd_values")
	f.run("DROP TABLE crowd_events")
	f.run("ANALYZE") // as both engines' servers have it after some time
}

type filler struct {
	tb   testing.TB
	c    Crowd
	lite bool
	db   *sql.DB
}

// run runs a statement whose {names} are filled in: by the engine's spelling or the crowd's numbers.
func (f *filler) run(query string) {
	f.tb.Helper()
	pick := func(lite, postgres string) string {
		if f.lite {
			return lite
		}
		return postgres
	}
	c := f.c
	project := func(n string) string {
		return fmt.Sprintf("(CASE %s %% 4 WHEN 0 THEN %d WHEN 1 THEN %d WHEN 2 THEN %d ELSE %d END)", n, c.Projects[0], c.Projects[1], c.Projects[2], c.Projects[3])
	}
	query = strings.NewReplacer("{org}", fmt.Sprint(c.OrgID), "{user}", fmt.Sprint(c.UserID), "{now}", fmt.Sprint(c.Now.UnixMilli()), "{issues}", fmt.Sprint(c.Issues()), "{events}", fmt.Sprint(c.Events), "{first}", fmt.Sprint(CrowdIssue),
		"{project}", project("n"), "{projectc}", project("c.n"),
		"{hex}", pick("printf('%032x', n)", "lpad(to_hex(n), 32, '0')"), "{series}", pick(fmt.Sprintf("(WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < %d) SELECT n FROM g) AS g", c.Events),
			fmt.Sprintf("generate_series(1, %d) AS g(n)", c.Events)),
		"{int}", pick("INTEGER", "BIGINT"), "{temp}", pick("CREATE TABLE", "CREATE UNLOGGED TABLE"), "JOIN", pick("CROSS JOIN", "JOIN"), // SQLite joins in the order that is written only with CROSS
		"{object}", pick("json_object", "jsonb_build_object"), "{bytes}", pick("zeroblob(300)", "decode(repeat('00', 300), 'hex')"), "{json}", pick("", "::text"),
	).Replace(query)
	start := time.Now()
	if _, err := f.db.ExecContext(context.WithoutCancel(f.tb.Context()), query); err != nil {
		f.tb.Fatalf("%v\n%s", err, query)
	}
	if took := time.Since(start); took > 10*time.Second {
		f.tb.Logf("%s: %.60s", took.Round(time.Second), query)
	}
}

// step is the time between two events, in milliseconds: 81 days hold all of them.
func (f *filler) step() int64 { return 81 * 24 * time.Hour.Milliseconds() / int64(f.c.Events) }

// crowdKinds are the tags of an event: which of a kind's values event n has.
var crowdKinds = []struct{ kind, of string }{
	{"user", "(event * 31) % 50000"}, {"@user.email", "(event * 31) % 50000"}, {"release", "(event * 50) / ({events} + 1)"}, {"environment", "(event / 7) % 10"}, {"level", "(event / 3) % 10"},
	{"browser", "(event / 11) % 10"}, {"transaction", "(n * 13) % 100"}, {"server_name", "CASE WHEN event % 2 = 0 AND event < {events} / 10 THEN 0 ELSE 1 + event % 9 END"}, {"@error.type", "n % 8"},
}

// stage makes the tables the others are made of: the values of tags, and of each event its numbers.
func (f *filler) stage() {
	f.run("{temp} crowd_values (kind TEXT, place {int}, value TEXT, hash {int}, PRIMARY KEY (kind, place))")
	var rows []string
	flush := func() {
		if len(rows) > 0 {
			f.run("INSERT INTO crowd_values VALUES " + strings.Join(rows, ","))
		}
		rows = nil
	}
	add := func(kind string, n int, v string) {
		if rows = append(rows, fmt.Sprintf("('%s', %d, '%s', %d)", kind, n, v, store.TagHash(f.c.OrgID, kind, v))); len(rows) == 1000 {
			flush()
		}
	}
	several := func(kind string, values ...string) {
		for n, v := range values {
			add(kind, n, v)
		}
	}
	for n := range 50_000 {
		add("user", n, fmt.Sprintf("id:%d", n))
		add("@user.email", n, fmt.Sprintf("user%d@%s", n, []string{"shop.example", "x.de"}[n%2]))
	}
	for n := range 50 {
		add("release", n, fmt.Sprintf("app@1.%d.0", n))
	}
	for n := range 100 {
		add("transaction", n, fmt.Sprintf("POST /api/checkout/%d", n))
	}
	for n := range 10 {
		add("browser", n, fmt.Sprintf("Browser %d", n))
		add("server_name", n, cmp.Or(map[int]string{0: "old"}[n], fmt.Sprintf("web-%d", n)))
	}
	several("environment", "production", "production", "production", "production", "production", "production", "production", "production", "dev", "staging")
	several("level", "error", "error", "error", "error", "error", "error", "error", "warning", "warning", "fatal")
	several("@error.type", CrowdErrors...)
	flush()
	var columns []string
	for i, k := range crowdKinds {
		columns = append(columns, fmt.Sprintf("%s AS v%d", k.of, i))
	}
	// Of ten events one is of a hot issue; every second of the others is of an issue that lives for eighteen events.
	f.run(fmt.Sprintf(`{temp} crowd_events AS SELECT event, id, n, {now} - CAST(%d AS {int}) * ({events} - event) AS ms, %s FROM (SELECT n AS event, {hex} AS id,
		CAST(CASE WHEN n %% 10 = 5 THEN 1 + (n / 10) %% 10 WHEN n %% 2 = 0 THEN {issues} / 2 + 1 + n / 20 - 1 / ({events} / n) ELSE 11 + (CAST(n / 10 * 4 + n %% 10 / 3 AS {int}) * 7919) %% ({issues} / 2 - 10) END AS {int}) AS n FROM {series}) AS one`, f.step(), strings.Join(columns, ", ")))
}

// CrowdErrors are the types of a crowd's errors.
var CrowdErrors = []string{"TypeError", "PaymentError", "KeyError", "ConnectionError", "ValidationError", "RangeError", "PermissionError", "SyntaxError"}

func crowdTitle(n string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CASE WHEN %s %% 100 = 0 THEN 'TimeoutError' ELSE CASE %s %% 8", n, n)
	for i, e := range CrowdErrors {
		fmt.Fprintf(&b, " WHEN %d THEN '%s'", i, e)
	}
	return b.String() + " END END || ': payment of order ' || " + n + " || ' was refused'"
}

func (f *filler) issues() {
	f.run(`INSERT INTO issues (id, org_id, project_id, number, status, substatus, level, platform, type, title, culprit, metadata, first_seen_ms, last_seen_ms, times_seen, users_seen, created_ms, first_release, last_release,
		 assignee_id, inbox_reason, inbox_ms, priority)
		SELECT {first} + n, {org}, {project}, n, CASE WHEN n % 4 = 0 THEN 'resolved' WHEN n % 10 = 9 THEN 'ignored' ELSE 'unresolved' END, CASE WHEN n % 4 = 0 THEN '' WHEN n % 10 = 9 THEN 'archived_until_escalating' WHEN n % 10 = 7 THEN 'new' ELSE 'ongoing' END,
		 'error', 'go', 'error', ` + crowdTitle("n") + `, 'shop.payment in charge', '{"type":"PaymentError","value":"payment of order ' || n || ' was refused","filename":"payment/charge.go","function":"charge"}',
		 c.first_ms, c.last_ms, c.events, c.events, c.first_ms, fr.value, lr.value, CASE WHEN n % 25 = 1 THEN {user} END, CASE WHEN n % 10 = 7 THEN 0 END, CASE WHEN n % 10 = 7 THEN c.first_ms END, CASE WHEN n % 3 = 0 THEN 'medium' ELSE 'high' END
		FROM (SELECT n, MIN(ms) AS first_ms, MAX(ms) AS last_ms, COUNT(*) AS events, MIN(v2) AS fr, MAX(v2) AS lr FROM crowd_events GROUP BY n) AS c
		 JOIN crowd_values fr ON fr.kind = 'release' AND fr.place = c.fr JOIN crowd_values lr ON lr.kind = 'release' AND lr.place = c.lr`)
}

func (f *filler) events() {
	joins, pairs := "", []string{}
	for i, k := range crowdKinds {
		joins += fmt.Sprintf(" JOIN crowd_values w%d ON w%d.kind = '%s' AND w%d.place = v%d", i, i, k.kind, i, i)
		pairs = append(pairs, fmt.Sprintf("'%s', w%d.value", k.kind, i))
	}
	f.run(`INSERT INTO events (project_id, event_id, org_id, issue_id, level, platform, title, culprit, timestamp_ms, received_ms, trace_id, environment, release, user_key, side, tags, payload)
		SELECT ` + "{projectc}" + `, id, {org}, {first} + c.n, w4.value, 'go', ` + crowdTitle("c.n") + `, 'shop.payment in charge', ms, ms, id, w3.value, w2.value, w0.value, CASE WHEN c.n % 4 = 3 THEN 'frontend' ELSE 'backend' END,
		 {object}(` + strings.Join(pairs, ", ") + `), {bytes} FROM crowd_events c` + joins)
	f.run("INSERT INTO issue_hours (issue_id, hour_ms, events) SELECT {first} + n, ms / 3600000 * 3600000, COUNT(*) FROM crowd_events GROUP BY 1, 2 ORDER BY 1, 2")
	f.run("INSERT INTO issue_users (issue_id, user_key, first_ms) SELECT {first} + c.n, v.value, MIN(ms) FROM crowd_events c JOIN crowd_values v ON v.kind = 'user' AND v.place = v0 GROUP BY 1, 2 ORDER BY 1, 2")
	f.run("INSERT INTO issue_members (issue_id, user_id, org_id, bookmarked, subscribed) SELECT {first} + n, {user}, {org}, n % 1000 = 7, CASE WHEN n % 20 = 7 THEN 'comment' ELSE '' END FROM {series} WHERE n <= {issues} AND (n % 1000 = 7 OR n % 20 = 7)")
	f.run("INSERT INTO issue_texts (org_id, issue_id, hash, text, is_last) SELECT org_id, id, id, LOWER(title || ' ' || culprit), FALSE FROM issues WHERE id > {first}")
}

// tags writes what events are found by. Of a key that has more than a thousand values in an issue those are kept.
func (f *filler) tags() {
	const columns = "(owner_id, key, value, org_id, events, first_ms, last_ms)"
	for i, k := range crowdKinds {
		from := fmt.Sprintf("crowd_events c JOIN crowd_values v ON v.kind = '%s' AND v.place = v%d", k.kind, i)
		f.run("INSERT INTO event_tags (tag, timestamp_ms, event_id, project_id) SELECT v.hash, ms, id, " + "{projectc}" + " FROM " + from + " ORDER BY 1, 2, 3")
		sums := "SELECT %s AS owner_id, '" + k.kind + "' AS key, v.value, {org}, COUNT(*) AS events, MIN(ms), MAX(ms) FROM " + from + " GROUP BY 1, 3"
		f.run("INSERT INTO issue_tags " + columns + " SELECT owner_id, key, value, org_id, events, first_ms, last_ms FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY owner_id ORDER BY value) AS place FROM (" +
			fmt.Sprintf(strings.Replace(sums, "{org}, COUNT(*) AS events, MIN(ms), MAX(ms)", "{org} AS org_id, COUNT(*) AS events, MIN(ms) AS first_ms, MAX(ms) AS last_ms", 1), "{first} + c.n") + ") AS sums) AS kept WHERE place <= 1000 ORDER BY 1, 2, 3")
		f.run("INSERT INTO project_tags " + columns + " " + fmt.Sprintf(sums, "{projectc}") + " ORDER BY 1, 2, 3")
		for _, table := range []string{"issue", "project"} {
			f.run("INSERT INTO " + table + "_tag_keys (owner_id, key, org_id, events, values_kept, cut) SELECT owner_id, key, MIN(org_id), SUM(events), COUNT(*), COUNT(*) = 1000 FROM " + table + "_tags WHERE org_id = {org} AND key = '" + k.kind + "' GROUP BY owner_id, key ORDER BY 1, 2")
		}
	}
}

// replays gives every tenth event a replay, with two segments and a link.
func (f *filler) replays() {
	const from = "FROM crowd_events c WHERE c.event % 10 = 0"
	project := "{projectc}"
	f.run(`INSERT INTO replays (org_id, replay_id, project_id, state, replay_type, platform, environment, releases, user_key, user_json, browser_name, os_name, tags, urls, started_ms, finished_ms, first_seen_ms, last_segment_ms, count_urls, count_rage_clicks)
		SELECT {org}, id, ` + project + `, 'live', 'session', 'javascript', 'production', '["app@1.' || v2 || '.0"]', 'id:' || v0, '{"id":"' || v0 || '","email":"user' || v0 || '@x.de"}', 'Browser ' || v5, 'OS ' || (c.event % 7), '{"plan":["gold"]}',
		 '["https://shop.example/page/' || (c.event % 100) || '"]', ms - 60000, ms + c.event % 600000, ms, ms, 1 + c.event % 9, CASE WHEN c.event % 1000 = 0 THEN 1 ELSE 0 END ` + from)
	for segment := range 2 {
		f.run(`INSERT INTO replay_segments (org_id, replay_id, segment_id, body_hash, project_id, first_ms, last_ms, bytes, playable, blob, received_ms) SELECT {org}, id, ` + fmt.Sprint(segment) + `, 'h', ` + project + `, ms - 60000, ms, 1000, TRUE, 'b', ms ` + from)
	}
	f.run("INSERT INTO replay_links (org_id, item_kind, item_id, replay_id, project_id, issue_id, trace_id, level, side, ts_ms, signals, is_primary, created_ms) SELECT {org}, 'event', id, id, " + project + ", {first} + c.n, id, 'error', 'backend', ms, 1, TRUE, ms " + from)
	f.run("INSERT INTO replay_traces (org_id, trace_id, replay_id, sources, first_ms, last_ms) SELECT {org}, id, id, 1, ms, ms " + from)
	f.run("INSERT INTO replay_summaries (org_id, replay_id, worth, chapters, derived_ms) SELECT {org}, id, c.event % 97, 0, ms " + from)
}

// items gives each event's trace a span and a log; every tenth span is a transaction.
func (f *filler) items() {
	attributes, err := store.Compress([]byte(`{"attributes":{"http.request.method":{"type":"string","value":"POST"},"http.response.status_code":{"type":"integer","value":502},"cart.items":{"type":"integer","value":3}}}`))
	if err != nil {
		f.tb.Fatal(err)
	}
	payload := fmt.Sprintf("x'%x'", attributes)
	if !f.lite {
		payload = fmt.Sprintf("decode('%x', 'hex')", attributes)
	}
	project := "{projectc}"
	f.run(`INSERT INTO spans (org_id, trace_id, span_id, project_id, segment_id, is_segment, op, name, status, segment_name, environment, release, platform, start_us, end_us, received_ms, payload)
		SELECT {org}, id, substr(id, 17), ` + project + `, substr(id, 17), c.event % 10 = 0, CASE c.event % 4 WHEN 0 THEN 'http.server' WHEN 1 THEN 'db' WHEN 2 THEN 'http.client' ELSE 'cache.get' END, 'POST /api/checkout/' || v6, CASE WHEN c.event % 50 = 0 THEN 'internal_error' ELSE 'ok' END,
		 'POST /api/checkout/' || v6, 'production', 'app@1.' || v2 || '.0', 'go', ms * 1000, ms * 1000 + 1000 * (c.event % 900), ms, ` + payload + ` FROM crowd_events c`)
	f.run(`INSERT INTO logs (org_id, log_id, project_id, trace_id, timestamp_us, severity, severity_number, body, environment, release, attributes, received_ms)
		SELECT {org}, id, ` + project + `, id, ms * 1000, CASE WHEN c.event % 20 = 0 THEN 'error' ELSE 'info' END, CASE WHEN c.event % 20 = 0 THEN 17 ELSE 9 END, 'charged order ' || c.event || ' of user ' || v0, 'production', 'app@1.' || v2 || '.0', ` + payload + `, ms FROM crowd_events c`)
}
