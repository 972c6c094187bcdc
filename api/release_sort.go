package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// healthSort is an order of releases by how their sessions went.
type healthSort struct {
	day bool                           // of the last 24 hours, else of the summary's time
	of  func(store.SessionSum) float64 // the larger first
}

func crashRate(c store.SessionClasses) float64 {
	if c.All == 0 {
		return -1
	}
	return float64(c.Crashed) / float64(c.All)
}

// healthSorts are Sentry's. Those by crash-free rates put the worst release first, as there.
var healthSorts = map[string]healthSort{
	"sessions":            {of: func(s store.SessionSum) float64 { return float64(s.Sessions.All) }},
	"users":               {of: func(s store.SessionSum) float64 { return float64(s.Users.All) }},
	"sessions_24h":        {day: true, of: func(s store.SessionSum) float64 { return float64(s.Sessions.All) }},
	"users_24h":           {day: true, of: func(s store.SessionSum) float64 { return float64(s.Users.All) }},
	"adoption":            {day: true, of: func(s store.SessionSum) float64 { return float64(s.Sessions.All) }},
	"crash_free_sessions": {of: func(s store.SessionSum) float64 { return crashRate(s.Sessions) }},
	"crash_free_users":    {of: func(s store.SessionSum) float64 { return crashRate(s.Users) }},
}

// releasesByHealth gives a page of the releases that had sessions, in such an order. It reads the sessions of its window,
// as the health of a project does.
func (a *API) releasesByHealth(ctx context.Context, rq *request, set *projectSet, q store.ReleaseQuery, view releaseView, sort healthSort, p PageParams) (*List[Release], error) {
	window := defaultHealth
	if view.health != nil {
		window = view.health.summary
	}
	if sort.day {
		window = 24 * time.Hour
	}
	now := a.Now().UnixMilli()
	sums, err := a.Store.SessionSums(ctx, rq.scope, store.SessionQuery{FromMS: now - window.Milliseconds(), ToMS: now + hour, Projects: q.Projects,
		Environments: q.Environments, GroupBy: []string{"release"}})
	if err != nil {
		return nil, a.fail("read health of releases", err)
	}
	sums = slices.DeleteFunc(sums, func(s store.SessionSum) bool {
		return s.Release == "" || !strings.Contains(strings.ToLower(s.Release), strings.ToLower(q.Version))
	})
	slices.SortFunc(sums, func(x, y store.SessionSum) int {
		return cmp.Or(-cmp.Compare(sort.of(x), sort.of(y)), -cmp.Compare(x.Sessions.All, y.Sessions.All), cmp.Compare(x.Release, y.Release))
	})
	byVersion := map[string]store.Release{}
	for part := range slices.Chunk(sums, 500) {
		versions := make([]string, len(part))
		for n := range part {
			versions[n] = part[n].Release
		}
		rows, err := a.Store.ReleasesByVersions(ctx, rq.scope, versions)
		if err != nil {
			return nil, a.fail("list releases", err)
		}
		for _, r := range rows {
			if q.Status == "" || r.Status == q.Status {
				byVersion[r.Version] = r
			}
		}
	}
	rows := make([]store.Release, 0, len(byVersion))
	for _, s := range sums {
		if r, ok := byVersion[s.Release]; ok {
			rows = append(rows, r)
		}
	}
	page, link, err := offsetPage(a, rq, rows, p)
	if err != nil {
		return nil, err
	}
	out := &List[Release]{Link: link}
	out.Body, err = a.releases(ctx, rq, set, page, view)
	return out, err
}
