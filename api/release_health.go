package api

import (
	"context"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// healthParams say of which time the health of releases is.
type healthParams struct {
	environments []string
	summary      time.Duration
}

// defaultHealth is as far back as Sentry looks.
const defaultHealth = 14 * 24 * time.Hour

// readHealth reads what a request wants to know about the health of releases; nil when it does not.
func readHealth(p HealthParams, f FilterParams) (*healthParams, error) {
	if !yes(p.Health) {
		return nil, nil
	}
	h := &healthParams{environments: nonEmpty(f.Environment), summary: defaultHealth}
	if p.SummaryStatsPeriod != "" {
		d, ok := parsePeriod(p.SummaryStatsPeriod)
		if !ok || d > maxSessionWindow {
			return nil, badRequest("Invalid summaryStatsPeriod: want a number and one of h, d, w, of at most 90 days.")
		}
		h.summary = d
	}
	return h, nil
}

// releaseKey names a project's share in a release.
type releaseKey struct {
	project int64
	version string
}

// health is what sums of sessions say about releases.
type health struct {
	summary, day map[releaseKey]store.SessionSum
	hours        map[releaseKey][]store.SessionSum
	projects     map[int64]store.SessionSum // of the last day, whatever the release
	dayMS        int64                      // its start
}

// dayHours are the points of a day's series: as the day does not begin with an hour, one more than 24.
const dayHours = 25

// health reads the sessions of releases: of the summary's time, of the last day in all and by the hour, and what
// the projects had in that day.
func (a *API) health(ctx context.Context, rq *request, p *healthParams, projects []int64, rows []store.Release) (*health, error) {
	now := a.Now().UnixMilli()
	h := &health{summary: map[releaseKey]store.SessionSum{}, day: map[releaseKey]store.SessionSum{}, hours: map[releaseKey][]store.SessionSum{},
		projects: map[int64]store.SessionSum{}, dayMS: (now - 24*hour) / hour * hour}
	versions := make([]string, len(rows))
	for n := range rows {
		versions[n] = rows[n].Version
	}
	if len(versions) == 0 {
		return h, nil
	}
	by := []string{"project_id", "release"}
	q := store.SessionQuery{FromMS: now - p.summary.Milliseconds(), ToMS: now + hour, Projects: projects, Environments: p.environments, Releases: versions, GroupBy: by}
	sum := func(q store.SessionQuery, keep func(releaseKey, store.SessionSum)) error {
		sums, err := a.Store.SessionSums(ctx, rq.scope, q)
		for _, s := range sums {
			keep(releaseKey{s.ProjectID, s.Release}, s)
		}
		return err
	}
	err := sum(q, func(k releaseKey, s store.SessionSum) { h.summary[k] = s })
	if q.FromMS = now - 24*hour; err == nil {
		err = sum(q, func(k releaseKey, s store.SessionSum) { h.day[k] = s })
	}
	if q.FromMS, q.BucketMS = h.dayMS, hour; err == nil {
		err = sum(q, func(k releaseKey, s store.SessionSum) { h.hours[k] = append(h.hours[k], s) })
	}
	q.FromMS, q.BucketMS, q.Releases, q.GroupBy = now-24*hour, 0, nil, by[:1]
	if err == nil {
		err = sum(q, func(k releaseKey, s store.SessionSum) { h.projects[k.project] = s })
	}
	if err != nil {
		return nil, a.fail("read health of releases", err)
	}
	return h, nil
}

// of is a project's share in a release.
func (h *health) of(project int64, version string, ever bool) *ReleaseHealth {
	k := releaseKey{project, version}
	all, day, whole := h.summary[k], h.day[k], h.projects[project]
	out := &ReleaseHealth{CrashFreeUsers: percent(crashFree(all.Users), all.Users.All), CrashFreeSessions: percent(crashFree(all.Sessions), all.Sessions.All),
		SessionsCrashed: all.Sessions.Crashed, SessionsErrored: all.Sessions.Errored(), TotalUsers: all.Users.All, TotalSessions: all.Sessions.All,
		TotalUsers24h: day.Users.All, TotalSessions24h: day.Sessions.All, TotalProjectUsers24h: whole.Users.All, TotalProjectSessions24h: whole.Sessions.All,
		Adoption: percent(day.Users.All, whole.Users.All), SessionsAdoption: percent(day.Sessions.All, whole.Sessions.All), HasHealthData: ever}
	series := make([]Point, dayHours)
	for n := range series {
		series[n][0] = (h.dayMS + int64(n)*hour) / 1000
	}
	for _, s := range h.hours[k] {
		if s.Bucket >= 0 && s.Bucket < dayHours {
			series[s.Bucket][1] = s.Sessions.All
		}
	}
	out.Stats = map[string][]Point{"24h": series}
	return out
}

// percent is a part of all; nil of nothing.
func percent(part, all int64) *float64 {
	if all == 0 {
		return nil
	}
	return new(100 * float64(part) / float64(all))
}
