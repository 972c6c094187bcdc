//go:build scale

package api_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// searchLimit is what the 95th percentile of a question has to stay under.
const searchLimit = 100 * time.Millisecond

// Search, lists and facets among many events, as the screens ask for them: make search-scale. SCALE_EVENTS says among
// how many events (ten to an issue), 1,000,000 when not set; SCALE_SQLITE and SCALE_POSTGRES name databases to fill once
// and keep; SCALE_ONLY asks only the questions whose names have it.
func TestSearchScale(t *testing.T) {
	events := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("SCALE_EVENTS")); err == nil {
		events = n
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			var dbURL string
			if dbURL = os.Getenv("SCALE_" + strings.ToUpper(engine)); dbURL == "" {
				dbURL = map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL}[engine](t)
			}
			c := crowded(t, dbURL, events)
			before := load()
			var rows []measured
			for _, q := range questions(c.Crowd) {
				if strings.Contains(q.name, os.Getenv("SCALE_ONLY")) {
					rows = append(rows, c.measure(q))
				}
			}
			report(t, engine, c.Crowd, rows, before+" before, "+load()+" after")
		})
	}
}

// crowd is a server over a crowd's database.
type crowd struct {
	storetest.Crowd
	*world
}

func crowded(t *testing.T, dbURL string, events int) *crowd {
	t.Helper()
	s := storetest.Open(t, dbURL)
	ctx := t.Context()
	org, err := s.EnsureOrganization(ctx, "acme")
	must(t, err)
	c := &crowd{Crowd: storetest.Crowd{OrgID: org.ID, Events: events, Now: time.Now().Truncate(time.Minute)}, world: &world{t: t, s: s, acme: &tenant{org: org}}}
	var owner *store.User
	filled := false
	ps, err := s.Projects(ctx, org.Scope())
	must(t, err)
	if len(ps) < len(c.Projects) {
		for i := range c.Projects {
			p, _, err := s.CreateProject(ctx, org.Scope(), store.NewProject{Name: fmt.Sprint("Shop ", i), Slug: fmt.Sprint("shop-", i), Platform: "go"})
			must(t, err)
			c.Projects[i] = p.ID
			for n := range 50 {
				_, _, err := s.UpsertRelease(ctx, org.Scope(), fmt.Sprintf("app@1.%d.0", n), store.ReleaseChange{Projects: []int64{p.ID}})
				must(t, err)
			}
		}
		owner = c.user(org, "owner@acme.example", store.RoleOwner)
	} else {
		filled = true
		for i := range c.Projects {
			c.Projects[i] = ps[i].ID
		}
		owner, err = s.UserByEmail(ctx, "owner@acme.example")
		must(t, err)
	}
	c.UserID = owner.ID
	start := time.Now()
	if !filled {
		storetest.FillCrowd(t, dbURL, c.Crowd)
		t.Logf("%d events, %d issues, %d replays, %d spans, %d logs written in %s", events, c.Issues(), events/10, events, events, time.Since(start).Round(time.Second))
	}
	c.acme.token, _, err = s.CreateToken(ctx, org.Scope(), store.NewToken{Name: "all", Scopes: store.TokenScopes(), UserID: &owner.ID})
	must(t, err)
	c.h = api.New(api.Config{Store: s, BaseURL: &url.URL{Scheme: "http", Host: "sentry.example:8000"}, Secrets: plainSeal{}, Version: "test"})
	return c
}

// question is what a screen asks: the address for its i-th asking.
type question struct {
	name string
	path func(i int) string
	next bool // and the page after it, each alone
}

type measured struct {
	name           string
	p50, p95, most time.Duration
	cpu            time.Duration // of this process for one request
	again          bool          // over the limit at first: asked a second time
}

// measure asks a question forty times. When that is over the limit it asks once more, for the machine may have been busy
// with something else, and the better of the two counts.
func (c *crowd) measure(q question) measured {
	m := c.ask(q)
	if m.p95 <= searchLimit {
		return m
	}
	again := c.ask(q)
	if again.p95 > m.p95 {
		again = m
	}
	again.again = true
	return again
}

func (c *crowd) ask(q question) measured {
	c.t.Helper()
	var took []time.Duration
	used := cpuTime()
	for i := range 40 {
		path := q.path(i)
		for range 2 {
			start := time.Now()
			r := c.do(c.acme.token, "GET", path, "")
			took = append(took, time.Since(start))
			if r.Code != http.StatusOK {
				c.t.Errorf("%s: GET %s: %d %.300s", q.name, path, r.Code, r.Body)
				return measured{name: q.name + " (refused)"}
			}
			cursor, more := pageOf(r, "next")
			if !q.next || !more {
				break
			}
			path += "&cursor=" + escape(cursor)
		}
	}
	slices.Sort(took)
	return measured{q.name, took[len(took)/2], took[len(took)*95/100], took[len(took)-1], (cpuTime() - used) / time.Duration(len(took)), false}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail with these arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func report(t *testing.T, engine string, c storetest.Crowd, rows []measured, loads string) {
	t.Helper()
	slices.SortStableFunc(rows, func(x, y measured) int { return -cmp.Compare(x.p95, y.p95) })
	var b strings.Builder
	slow := 0
	for _, r := range rows {
		mark := ""
		if r.again {
			mark = "  asked twice"
		}
		if r.p95 > searchLimit {
			mark, slow = mark+"  OVER", slow+1
		}
		fmt.Fprintf(&b, "\n%9.1f ms of %d ms (half %6.1f, worst %6.1f, cpu %6.1f)  %s%s", ms(r.p95), searchLimit.Milliseconds(), ms(r.p50), ms(r.most), ms(r.cpu), r.name, mark)
	}
	t.Logf("%s, %d events, %d issues: 95th percentiles of %d questions, %d over; load average %s%s", engine, c.Events, c.Issues(), len(rows), slow, loads, b.String())
	if slow > 0 {
		t.Errorf("%d questions are over %s", slow, searchLimit)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// load is the machine's load average over a minute, where the system tells.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(b), " ")
	return one
}

// questions are what the screens ask, by what is asked for.
func questions(c storetest.Crowd) (out []question) {
	const org = "/api/0/organizations/acme/"
	add := func(name string, next bool, path func(i int) string) { out = append(out, question{name, path, next}) }
	q := url.QueryEscape
	issue := func(n int) string { return fmt.Sprint(storetest.CrowdIssue + n) }
	for _, s := range []struct {
		query string
		sorts string
		of    func(i int) []any
	}{
		{"is:unresolved", "date new freq user trends inbox", nil},
		{"", "date freq", nil},
		{"is:unresolved is:for_review", "date inbox", nil},
		{"is:unresolved assigned:me", "date freq", nil},
		{"bookmarks:me", "date freq", nil},
		{"subscribed:me is:unresolved", "date freq", nil},
		{"is:unresolved level:error environment:production", "date freq", nil},
		{`is:unresolved browser:"Browser %d"`, "date freq", func(i int) []any { return []any{i % 10} }},
		{`is:unresolved browser:"Browser %d" environment:staging`, "date freq", func(i int) []any { return []any{i % 10} }},
		{"is:unresolved user:id:%d", "date freq", func(i int) []any { return []any{i * 997 % 50_000} }},
		{"user.email:user%d@x.de", "date", func(i int) []any { return []any{i * 994 % 50_000} }},
		{"is:unresolved user.email:*@x.de", "date freq", nil},
		{"user:id:%d*", "date", func(i int) []any { return []any{1000 + i} }},
		{"server_name:old is:unresolved", "date freq new", nil},
		{"server_name:old level:fatal !browser:*1", "date", nil},
		{"release:app@1.%d.0 is:unresolved", "date freq", func(i int) []any { return []any{i % 50} }},
		{"!release:app@1.%d.0 is:unresolved", "date", func(i int) []any { return []any{i % 50} }},
		{"!release:app@1.* is:unresolved", "date", nil},
		{"firstRelease:app@1.%d.0", "date freq", func(i int) []any { return []any{i % 50} }},
		{"transaction:\"POST /api/checkout/%d\"", "date freq", func(i int) []any { return []any{i % 100} }},
		{"browser:nobody", "date", nil},
		{"payment", "date freq", nil},
		{`"order %d "`, "date freq", func(i int) []any { return []any{i * 733} }},
		{"nothinglikethis", "date", nil},
		{"title:*timeout*", "date freq", nil},
		{"error.type:PaymentError is:unresolved", "date freq", nil},
		{"error.value:*order*", "date", nil},
		{"timesSeen:>900", "date freq", nil},
		{"timesSeen:>5 userCount:>5 age:-24h", "date", nil},
		{"age:-24h is:unresolved", "date freq", nil},
		{"lastSeen:+30d", "date freq", nil},
		{"has:user !has:dist is:unresolved", "date", nil},
		{"has:replay is:unresolved", "date freq", nil},
		{"!has:replay is:unresolved", "date freq", nil},
		{`is:unresolved has:user !release:1.* timesSeen:>10 age:-24h user.email:*@x.de "payment" (level:fatal OR level:warning)`, "date", nil},
		{"user:id:%d OR \"order %d \"", "date", func(i int) []any { return []any{i, i * 17} }},
	} {
		for sort := range strings.FieldsSeq(s.sorts) {
			for _, period := range []string{"14d", "90d"} {
				add("issues by "+sort+", "+period+": "+s.query, true, func(i int) string {
					query := s.query
					if s.of != nil {
						query = fmt.Sprintf(query, s.of(i)...)
					}
					return org + "issues/?statsPeriod=" + period + "&groupStatsPeriod=14d&limit=25&partial=1&shortIdLookup=1&collapse=lifetime&collapse=filtered&sort=" + sort + "&query=" + q(query)
				})
			}
		}
	}
	add("issues of one project", true, func(i int) string {
		return org + "issues/?statsPeriod=14d&limit=25&partial=1&query=is:unresolved&sort=date&project=" + itoa(c.Projects[i%4])
	})
	add("issues of one environment", true, func(i int) string {
		return org + "issues/?statsPeriod=14d&limit=25&partial=1&query=is:unresolved&sort=freq&environment=staging"
	})
	add("issues, a hundred with all parts", true, func(int) string { return org + "issues/?statsPeriod=90d&limit=100&query=is:unresolved&expand=inbox" })
	add("tab counts", false, func(int) string {
		return org + "issues-count/?statsPeriod=14d&query=is:unresolved&query=" + q("is:unresolved is:for_review") + "&query=is:regressed&query=is:escalating&query=is:archived&query=" + q("is:unresolved assigned:me")
	})
	add("an issue", false, func(i int) string { return org + "issues/" + issue(1+i*1103) + "/" })
	add("a hot issue", false, func(i int) string { return org + "issues/" + issue(1+i%10) + "/" })
	for _, which := range []string{"latest", "oldest", "recommended"} {
		add("the "+which+" event of a hot issue", false, func(i int) string { return org + "issues/" + issue(1+i%10) + "/events/" + which + "/" })
	}
	add("the latest event of a hot issue in an environment", false, func(i int) string {
		return org + "issues/" + issue(1+i%10) + "/events/latest/?environment=staging"
	})
	for _, query := range []string{"", "level:fatal", "user:id:31", "browser:\"Browser 1\"", "payment", "release:app@1.3*"} {
		add("events of a hot issue: "+query, true, func(i int) string {
			return org + "issues/" + issue(1+i%10) + "/events/?per_page=50&query=" + q(query)
		})
	}
	add("events of an issue", true, func(i int) string { return org + "issues/" + issue(1+i*997) + "/events/?per_page=50" })
	add("facets of an issue", false, func(i int) string { return org + "issues/" + issue(1+i*997) + "/tags/" })
	add("facets of a hot issue", false, func(i int) string { return org + "issues/" + issue(1+i%10) + "/tags/" })
	add("facets of a hot issue in an environment", false, func(i int) string { return org + "issues/" + issue(1+i%10) + "/tags/?environment=staging" })
	add("values of a hot issue's users", true, func(i int) string { return org + "issues/" + issue(1+i%10) + "/tags/user/values/?per_page=50" })
	add("keys", false, func(int) string { return org + "tags/?per_page=100" })
	add("completion of browser", true, func(int) string { return org + "tags/browser/values/?per_page=12" })
	add("completion of user", true, func(int) string { return org + "tags/user/values/?per_page=12" })
	add("completion of user, a part", false, func(i int) string { return org + "tags/user/values/?per_page=12&query=" + strconv.Itoa(i*37) })
	add("completion of user, a letter", false, func(i int) string { return org + "tags/user/values/?per_page=12&query=" + strconv.Itoa(i%10) })
	add("completion of user.email, a domain", false, func(i int) string { return org + "tags/user.email/values/?per_page=12&query=" + q("@x.d") })
	add("completion of user, nothing like it", false, func(i int) string { return org + "tags/user/values/?per_page=12&query=zzzz" })
	add("completion of user in a project", false, func(i int) string {
		return org + "tags/user/values/?per_page=12&query=9" + strconv.Itoa(i) + "&project=" + itoa(c.Projects[i%4])
	})
	add("values of user, the newest", true, func(int) string { return org + "tags/user/values/?per_page=100&sort=-last_seen" })
	add("events-facets", false, func(int) string { return org + "events-facets/?statsPeriod=14d&query=" })
	fields := "&field=id&field=title&field=timestamp&field=user&field=release&sort=-timestamp&per_page=50"
	for _, query := range []string{"", "level:fatal", `browser:"Browser 3"`, "user:id:%d", "user.email:*@x.de", "title:*order*", `"order %d "`, "server_name:old", "release:app@1.3*", "has:replay", "!level:error environment:staging",
		"stack.function:charge", "error.type:KeyError level:fatal environment:staging", "trace:%032x", "nothinglikethis"} {
		for _, period := range []string{"14d", "90d"} {
			add("events, "+period+": "+query, true, func(i int) string {
				asked := query
				if strings.Contains(query, "%") {
					asked = fmt.Sprintf(query, 1+i*997)
				}
				return org + "events/?dataset=errors&statsPeriod=" + period + fields + "&query=" + q(asked)
			})
		}
	}
	for _, query := range []string{"", "span.op:db", "span.status:internal_error", "transaction:*/7", "span.duration:>890ms", "http.response.status_code:502", "trace:%032x"} {
		add("spans: "+query, true, func(i int) string {
			asked := query
			if strings.Contains(query, "%") {
				asked = fmt.Sprintf(query, 1+i*997)
			}
			return org + "events/?dataset=spans&statsPeriod=14d&field=id&field=span.op&field=span.duration&field=timestamp&sort=-timestamp&per_page=50&query=" + q(asked)
		})
	}
	add("spans of one project", true, func(i int) string {
		return org + "events/?dataset=spans&statsPeriod=14d&field=id&field=span.op&field=timestamp&sort=-timestamp&per_page=50&project=" + itoa(c.Projects[i%4])
	})
	add("transactions", true, func(i int) string {
		return org + "events/?dataset=transactions&statsPeriod=14d&field=id&field=transaction&field=transaction.duration&field=timestamp&sort=-timestamp&per_page=50"
	})
	add("traces", false, func(i int) string { return org + "traces/?statsPeriod=14d&per_page=25" })
	for _, query := range []string{"", "severity:error", "\"order %d \"", "message:*charged*", "trace:%032x", "cart.items:3"} {
		add("logs: "+query, true, func(i int) string {
			asked := query
			if strings.Contains(query, "%") {
				asked = fmt.Sprintf(query, 900_000+i*7)
			}
			return org + "events/?dataset=logs&statsPeriod=14d&field=id&field=message&field=severity&field=timestamp&sort=-timestamp&per_page=50&query=" + q(asked)
		})
	}
	add("logs of one project", true, func(i int) string {
		return org + "events/?dataset=logs&statsPeriod=14d&field=id&field=message&field=timestamp&sort=-timestamp&per_page=50&project=" + itoa(c.Projects[i%4])
	})
	for _, query := range []string{"", "has_backend_error:true", "user.email:user%d@x.de", "url:*page/7*", "count_rage_clicks:>0", "count_errors:>0", "browser.name:\"Browser 3\"", "duration:>300", "issue.id:%d", "trace:%032x", "replay.tier:1"} {
		for _, sort := range []string{"-started_at", "-count_errors"} {
			if sort == "-count_errors" && query != "" && query != "has_backend_error:true" {
				continue
			}
			add("replays by "+sort+": "+query, true, func(i int) string {
				asked := query
				if strings.Contains(query, "%") {
					asked = fmt.Sprintf(query, storetest.CrowdIssue+1+i%10)
				}
				return org + "replays/?statsPeriod=14d&per_page=25&sort=" + sort + "&query=" + q(asked)
			})
		}
	}
	return out
}
