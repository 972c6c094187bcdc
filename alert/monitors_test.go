package alert_test

import (
	"slices"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// every5 is the configuration of a job that runs every five minutes, for at most two.
const every5 = `{"schedule":{"type":"interval","value":5,"unit":"minute"},"checkin_margin":1,"max_runtime":2`

// job is a scheduled job as its check-ins tell of it.
type job struct {
	*scene
	slug, config string
}

func (sc *scene) job(slug, config string) job { return job{sc, slug, config} }

// report stores a check-in and gives its id. An empty id begins a run.
func (j job) report(id, status string) string {
	j.t.Helper()
	if id == "" {
		id = randomID()
	}
	now := j.now().UnixMilli()
	w := store.CheckInWrite{ItemID: randomID(), CheckIn: store.CheckIn{OrgID: j.org.ID, CheckInID: id, ProjectID: j.proj.ID, MonitorSlug: j.slug, Environment: "production",
		Status: status, StartedMS: now, UpdatedMS: now}}
	if j.config != "" {
		w.Monitor = &store.Monitor{ProjectID: j.proj.ID, Slug: j.slug, OrgID: j.org.ID, ID: randomID(), Status: store.MonitorActive, Config: j.config, ConfigMS: now, CreatedMS: now}
	}
	j.ingest(&store.Write{MessageID: randomID(), ReceivedMS: now, OrgID: j.org.ID, CheckIns: []store.CheckInWrite{w}})
	return id
}

// watch lets time pass in steps of half a minute, with a look at the monitors after each.
func (sc *scene) watch(d time.Duration) {
	sc.t.Helper()
	for end := sc.now().Add(d); ; sc.pass(min(30*time.Second, end.Sub(sc.now()))) {
		_, err := sc.w.WatchMonitors(sc.t.Context())
		sc.must(err)
		if !sc.now().Before(end) {
			return
		}
	}
}

// runs are the statuses of a job's runs, the oldest first.
func (j job) runs() []string {
	j.t.Helper()
	page, err := j.s.CheckIns(j.t.Context(), j.org.Scope(), store.CheckInQuery{ProjectID: j.proj.ID, Slug: j.slug, Page: store.Page{Limit: 100}})
	j.must(err)
	out := []string{}
	for _, c := range slices.Backward(page.Rows) {
		out = append(out, c.Status)
	}
	return out
}

func (j job) want(what string, want ...string) {
	j.t.Helper()
	if got := j.runs(); !slices.Equal(got, want) {
		j.t.Errorf("%s: runs %v, want %v", what, got, want)
	}
}

// incidents are the issues that scheduled jobs made, by status.
func (sc *scene) incidents() (unresolved, resolved int) {
	sc.t.Helper()
	page, err := sc.s.Issues(sc.t.Context(), sc.org.Scope(), store.IssueQuery{Sort: store.IssuesByLastSeen, Page: store.Page{Limit: 100}})
	sc.must(err)
	for i := range page.Rows {
		switch is := &page.Rows[i]; {
		case is.Type != "cron":
			sc.t.Errorf("an issue of the type %s", is.Type)
		case is.Status == store.IssueUnresolved:
			unresolved++
		default:
			resolved++
		}
	}
	return unresolved, resolved
}

func TestMissedCheckIn(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.CheckInFailure}, {Type: rule.Resolved}}, Frequency: 1, Then: then(sc.hookChannel())})
		j := sc.job("nightly", every5+"}")
		j.report("", store.CheckInOK)
		sc.watch(6 * time.Minute)
		j.want("due, and what is in the queue may still come", "ok")
		sc.watch(30 * time.Second)
		j.want("the margin is over", "ok", "missed")
		if got := sc.expect("missed", 1); got[0].Title != "A check-in of nightly was missed" || got[0].Event != "alert" {
			t.Errorf("told %+v", got[0])
		}
		sc.watch(5 * time.Minute)
		sc.expect("and again", 1)
		if open, over := sc.incidents(); open != 1 || over != 0 {
			t.Errorf("%d incidents, %d of before; want one for both failures", open, over)
		}
		j.report("", store.CheckInOK)
		sc.watch(0)
		if got := sc.expect("well again", 1); got[0].Event != "resolved" {
			t.Errorf("told %+v", got[0])
		}
		if open, over := sc.incidents(); open != 0 || over != 1 {
			t.Errorf("%d incidents, %d over", open, over)
		}
	})
}

func TestRunTakesTooLong(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		j := sc.job("nightly", every5+"}")
		quick := j.report("", store.CheckInProgress)
		sc.watch(time.Minute)
		j.report(quick, store.CheckInOK)
		j.report("", store.CheckInProgress)
		sc.watch(2 * time.Minute)
		j.want("two minutes", "ok", "in_progress")
		sc.watch(30 * time.Second)
		j.want("and the queue's time", "ok", "timeout")
		if open, _ := sc.incidents(); open != 1 {
			t.Errorf("%d incidents", open)
		}
	})
}

// While the server was away nobody can know what was sent: it is held against nobody, and there is one run for all
// that were due.
func TestDowntimeIsNoFailure(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		j := sc.job("nightly", every5+"}")
		j.report("", store.CheckInOK)
		sc.watch(time.Minute)
		sc.pass(3 * time.Hour)
		sc.watch(0)
		j.want("back after three hours", "ok", "unknown")
		if open, over := sc.incidents(); open+over != 0 {
			t.Errorf("%d incidents of a time when nobody looked", open+over)
		}
		sc.watch(7 * time.Minute)
		j.want("watched again", "ok", "unknown", "missed")
	})
}

// So many failures in a row make an incident, so many good runs end it; each failure is an event.
func TestThresholds(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		j := sc.job("nightly", every5+`,"failure_issue_threshold":2,"recovery_threshold":2}`)
		for i, step := range []struct {
			status     string
			open, over int
		}{{"ok", 0, 0}, {"error", 0, 0}, {"ok", 0, 0}, {"error", 0, 0}, {"error", 1, 0}, {"ok", 1, 0}, {"error", 1, 0}, {"ok", 1, 0}, {"ok", 0, 1}, {"error", 0, 1}, {"error", 1, 1}} {
			j.report("", step.status)
			sc.watch(time.Minute)
			if open, over := sc.incidents(); open != step.open || over != step.over {
				t.Fatalf("run %d, %s: %d incidents, %d over; want %d and %d", i+1, step.status, open, over, step.open, step.over)
			}
		}
	})
}

// A check-in that was in the queue longer than expected takes its miss back, and the incident ends.
func TestLateCheckInIsForgiven(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		j := sc.job("nightly", every5+"}")
		j.report("", store.CheckInOK)
		due := sc.now().Add(5 * time.Minute)
		sc.watch(7 * time.Minute)
		j.want("it did not come", "ok", "missed")
		w := store.CheckInWrite{ItemID: randomID(), CheckIn: store.CheckIn{OrgID: sc.org.ID, CheckInID: randomID(), ProjectID: sc.proj.ID, MonitorSlug: "nightly", Environment: "production",
			Status: store.CheckInOK, StartedMS: due.UnixMilli(), UpdatedMS: due.UnixMilli()}}
		sc.ingest(&store.Write{MessageID: "late", ReceivedMS: due.UnixMilli(), OrgID: sc.org.ID, CheckIns: []store.CheckInWrite{w}})
		sc.watch(0)
		j.want("it had come", "ok", "ok")
		if open, over := sc.incidents(); open != 0 || over != 1 {
			t.Errorf("%d incidents, %d over", open, over)
		}
	})
}

// What is muted fails in silence, what is disabled is not expected.
func TestMutedAndDisabled(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		scope := sc.org.Scope()
		quiet, off := sc.job("quiet", every5+"}"), sc.job("off", every5+"}")
		quiet.report("", store.CheckInOK)
		off.report("", store.CheckInOK)
		sc.must(s.MuteEnvironment(t.Context(), scope, sc.proj.ID, "quiet", "production", true))
		m, err := s.Monitor(t.Context(), scope, sc.proj.ID, "off")
		sc.must(err)
		next := *m
		next.Status = store.MonitorDisabled
		_, err = s.UpdateMonitor(t.Context(), scope, m, next)
		sc.must(err)
		sc.watch(13 * time.Minute)
		quiet.want("muted", "ok", "missed", "missed")
		off.want("disabled", "ok")
		if open, over := sc.incidents(); open+over != 0 {
			t.Errorf("%d incidents", open+over)
		}
	})
}

// Check-ins that nobody described wait; a monitor made by hand takes them along, and so does a rename.
func TestHandMadeMonitorAdoptsCheckIns(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		scope := sc.org.Scope()
		first, second := sc.job("nightly", ""), sc.job("weekly", "")
		first.report("", store.CheckInOK)
		sc.pass(time.Minute)
		first.report("", store.CheckInError)
		sc.pass(time.Minute)
		second.report("", store.CheckInOK)
		waiting, err := s.WaitingMonitors(t.Context(), []int64{sc.proj.ID})
		sc.must(err)
		if len(waiting) != 2 || waiting[0].MonitorSlug != "nightly" || waiting[0].CheckIns != 2 || waiting[0].LastMS-waiting[0].FirstMS != 60_000 {
			t.Errorf("waiting %+v", waiting)
		}
		m, err := s.CreateMonitor(t.Context(), scope, store.Monitor{ID: randomID(), ProjectID: sc.proj.ID, Slug: "nightly", Status: store.MonitorActive, Config: every5 + "}"})
		sc.must(err)
		first.want("made by hand", "ok", "error")
		sc.watch(0)
		if open, _ := sc.incidents(); open != 1 {
			t.Errorf("%d incidents", open)
		}
		next := *m
		next.Slug = "weekly"
		_, err = s.UpdateMonitor(t.Context(), scope, m, next)
		sc.must(err)
		second.want("renamed", "ok", "error", "ok")
		if waiting, err = s.WaitingMonitors(t.Context(), []int64{sc.proj.ID}); err != nil || len(waiting) != 0 {
			t.Errorf("still waiting %+v, %v", waiting, err)
		}
	})
}

// A job of every minute is missed too: the run of the minute before is not the one that did not come.
func TestEveryMinute(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		each := sc.job("each", `{"schedule":{"type":"interval","value":1,"unit":"minute"}}`)
		tab := sc.job("tab", `{"schedule":{"type":"crontab","value":"* * * * *"}}`)
		for range 2 {
			each.report("", store.CheckInOK)
			tab.report("", store.CheckInOK)
			sc.watch(time.Minute)
		}
		sc.watch(2 * time.Minute)
		each.want("an interval", "ok", "ok", "missed")
		tab.want("a crontab", "ok", "ok", "missed")
	})
}
