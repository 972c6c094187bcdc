package api

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerSessions() {
	const org = "/api/0/organizations/{org}/"
	handle(a, Route{ID: "getSessions", Method: "GET", Path: org + "sessions/", Access: "org:read", Summary: "How release sessions went: counts, users and crash rates over time"}, a.getSessions)
	handle(a, Route{ID: "getMetricsData", Method: "GET", Path: org + "metrics/data/", Access: "org:read", Summary: "The same by the names of metrics, as Grafana asks for it"}, a.getMetricsData)
}

func (a *API) getSessions(ctx context.Context, in *SessionsInput) (*One[Sessions], error) {
	return a.sessions(ctx, in.SessionsParams, sessionsAsk{fields: in.Field, known: sessionFields, series: in.IncludeSeries == "" || yes(in.IncludeSeries)})
}

func (a *API) getMetricsData(ctx context.Context, in *MetricsInput) (*One[Sessions], error) {
	return a.sessions(ctx, in.SessionsParams, sessionsAsk{fields: in.Field, known: metricFields, series: yes(in.IncludeSeries)})
}

// sessionColumns are what sessions are grouped by in the store; session.status is taken out of the sums.
var sessionColumns = map[string]string{"project": "project_id", "release": "release", "environment": "environment"}

const (
	bySessionStatus  = "session.status"
	maxSessionWindow = 90 * 24 * time.Hour
	maxSessionPoints = 5 * maxPoints // of all groups of an answer
)

// sessionsAsk is what is asked of sums.
type sessionsAsk struct {
	fields  []string
	known   map[string]sessionValue
	groupBy []string
	series  bool
	totals  bool
}

func (a *API) sessions(ctx context.Context, p SessionsParams, ask sessionsAsk) (*One[Sessions], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	ask.totals = p.IncludeTotals == "" || yes(p.IncludeTotals)
	ask.groupBy = slices.Compact(slices.Sorted(slices.Values(nonEmpty(p.GroupBy))))
	if err := ask.check(p.OrderBy); err != nil {
		return nil, err
	}
	q, length, err := a.sessionQuery(set, p)
	if err != nil {
		return nil, err
	}
	for _, g := range ask.groupBy {
		if c := sessionColumns[g]; c != "" {
			q.GroupBy = append(q.GroupBy, c)
		}
	}
	totals, err := a.Store.SessionSums(ctx, rq.scope, q)
	if err != nil {
		return nil, a.fail("sum sessions", err)
	}
	out := Sessions{Start: at(q.FromMS), End: at(q.ToMS), Query: p.Query, Intervals: []time.Time{}, Groups: []SessionGroup{}}
	for ms := q.FromMS; ms < q.ToMS; ms += length {
		out.Intervals = append(out.Intervals, at(ms))
	}
	groups := ask.groups(totals, p.OrderBy)
	groups = groups[:min(len(groups), perPage(p.PerPage, 100))]
	if ask.series && len(groups)*len(out.Intervals)*len(ask.fields) > maxSessionPoints {
		return nil, badRequest("Too many points: ask for fewer groups (per_page), a longer interval or a shorter window.")
	}
	for _, g := range groups {
		out.Groups = append(out.Groups, g.shown(ask, len(out.Intervals)))
	}
	if ask.series && len(totals) > 0 {
		q.BucketMS = length
		only(&q, groups)
		sums, err := a.Store.SessionSums(ctx, rq.scope, q)
		if err != nil {
			return nil, a.fail("sum sessions over time", err)
		}
		ask.fill(&out, groups, sums)
	}
	return one(out), nil
}

func (ask sessionsAsk) check(orderBy string) error {
	if len(ask.fields) == 0 {
		return badRequest("Request is missing a \"field\".")
	}
	if len(ask.fields) > 20 {
		return badRequest("At most 20 fields.")
	}
	for _, f := range append(slices.Clone(ask.fields), strings.TrimPrefix(orderBy, "-")) {
		if ask.known[f] == nil && (f != "" || orderBy != "") {
			return badRequest("Invalid field: " + strconv.Quote(f) + ".")
		}
	}
	for _, g := range ask.groupBy {
		if sessionColumns[g] == "" && g != bySessionStatus {
			return badRequest("Invalid groupBy: want project, release, environment or session.status.")
		}
	}
	return nil
}

// sessionQuery reads what a query is about and the length of its buckets. The window begins with a
// bucket.
func (a *API) sessionQuery(set *projectSet, p SessionsParams) (q store.SessionQuery, length int64, err error) {
	from, to, err := a.window(p.WindowParams, 24*time.Hour)
	if err != nil {
		return q, 0, err
	}
	if to == 0 {
		to = a.Now().UnixMilli()
	}
	if from == 0 {
		from = to - 24*hour
	}
	if to-from > maxSessionWindow.Milliseconds() {
		return q, 0, badRequest("The window is longer than 90 days.")
	}
	if length, err = bucketLength(p.Interval, from, to); err != nil {
		return q, 0, err
	}
	q = store.SessionQuery{FromMS: from / length * length, ToMS: to, Environments: nonEmpty(p.Environment)}
	if q.Projects, err = set.choose(p.FilterParams); err != nil {
		return q, 0, err
	}
	node, err := search.Parse(p.Query)
	if err != nil {
		return q, 0, badRequest(err.Error())
	}
	all, ok := node.(search.And)
	if !ok {
		all = search.And{node}
	}
	for _, n := range all {
		if err := sessionTerm(set, &q, n); err != nil {
			return q, 0, err
		}
	}
	return q, length, nil
}

// sessionTerm narrows a query by one term.
func sessionTerm(set *projectSet, q *store.SessionQuery, n search.Node) error {
	not, negated := n.(search.Not)
	if negated {
		n = not.Node
	}
	t, ok := n.(search.Term)
	if !ok || t.Op != "=" || negated && t.Key != "release" {
		return badRequest("Sessions are searched by release:x, !release:x, environment:x and project:x.")
	}
	var values []string
	for _, v := range t.Values {
		if v.Wild() {
			return badRequest("Sessions are not searched by wildcards.")
		}
		values = append(values, v.Text)
	}
	some := true
	switch {
	case negated:
		q.NotReleases = append(q.NotReleases, values...)
	case t.Key == "release":
		q.Releases, some = both(q.Releases, values)
	case t.Key == "environment":
		q.Environments, some = both(q.Environments, values)
	case t.Key == "project" || t.Key == "project.name" || t.Key == "project_id":
		ids, err := set.choose(FilterParams{Project: values})
		if err != nil {
			return err
		}
		q.Projects, some = both(q.Projects, ids)
	default:
		return badRequest("Sessions are searched by release:x, !release:x, environment:x and project:x.")
	}
	if !some {
		q.Projects = []int64{0} // nobody's
	}
	return nil
}

// both is what two lists share, where none is everything; false when they share nothing.
func both[T comparable](x, y []T) ([]T, bool) {
	if len(x) == 0 || len(y) == 0 {
		return append(x, y...), true
	}
	shared := slices.DeleteFunc(slices.Clone(x), func(v T) bool { return !slices.Contains(y, v) })
	return shared, len(shared) > 0
}

// sessionGroup is a group before it is shown.
type sessionGroup struct {
	sum    store.SessionSum
	status string
}

func (g sessionGroup) key() sessionKey {
	return sessionKey{g.sum.ProjectID, g.sum.Release, g.sum.Environment, g.status}
}

type sessionKey struct {
	project                      int64
	release, environment, status string
}

// groups are what sums say, in order: with statuses, five of each. What is grouped by nothing that a
// session has is there without any.
func (ask sessionsAsk) groups(sums []store.SessionSum, orderBy string) []sessionGroup {
	statuses := []string{""}
	if slices.Contains(ask.groupBy, bySessionStatus) {
		statuses = sessionStatuses
	}
	if len(sums) == 0 && len(ask.groupBy) == len(statuses)/len(sessionStatuses) {
		sums = []store.SessionSum{{}}
	}
	var out []sessionGroup
	for _, s := range sums {
		for _, status := range statuses {
			out = append(out, sessionGroup{s, status})
		}
	}
	if orderBy == "" {
		return out
	}
	name, down := strings.CutPrefix(orderBy, "-")
	slices.SortStableFunc(out, func(x, y sessionGroup) int {
		c := compareValues(ask.known[name](x.sum, x.status), ask.known[name](y.sum, y.status))
		if down {
			return -c
		}
		return c
	})
	return out
}

// compareValues takes no value for the smallest.
func compareValues(x, y *float64) int {
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return -1
	case y == nil:
		return 1
	}
	return cmp.Compare(*x, *y)
}

func (g sessionGroup) shown(ask sessionsAsk, points int) SessionGroup {
	out := SessionGroup{By: map[string]any{}, Totals: map[string]*float64{}, Series: map[string][]*float64{}}
	for _, by := range ask.groupBy {
		out.By[by] = map[string]any{"project": g.sum.ProjectID, "release": g.sum.Release, "environment": g.sum.Environment, bySessionStatus: g.status}[by]
	}
	for _, f := range ask.fields {
		if ask.totals {
			out.Totals[f] = ask.known[f](g.sum, g.status)
		}
		if ask.series {
			empty := make([]*float64, points)
			for n := range empty {
				empty[n] = ask.known[f](store.SessionSum{}, g.status)
			}
			out.Series[f] = empty
		}
	}
	return out
}

// fill puts sums of buckets into the series of the groups that are shown.
func (ask sessionsAsk) fill(out *Sessions, groups []sessionGroup, sums []store.SessionSum) {
	index := map[sessionKey]int{}
	for n, g := range groups {
		index[g.key()] = n
	}
	statuses := append([]string{""}, sessionStatuses...)
	for _, s := range sums {
		for _, status := range statuses {
			n, ok := index[sessionGroup{s, status}.key()]
			if !ok || s.Bucket < 0 || s.Bucket >= int64(len(out.Intervals)) {
				continue
			}
			for _, f := range ask.fields {
				out.Groups[n].Series[f][s.Bucket] = ask.known[f](s, status)
			}
		}
	}
}

// only narrows a query to the groups that are shown.
func only(q *store.SessionQuery, groups []sessionGroup) {
	var projects []int64
	var releases, environments []string
	for _, g := range groups {
		projects, releases, environments = append(projects, g.sum.ProjectID), append(releases, g.sum.Release), append(environments, g.sum.Environment)
	}
	for _, g := range q.GroupBy {
		switch g {
		case "project_id":
			q.Projects = distinct(projects)
		case "release":
			q.Releases = distinct(releases)
		case "environment":
			q.Environments = distinct(environments)
		}
	}
}

func distinct[T cmp.Ordered](in []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(in)))
}
