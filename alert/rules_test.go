package alert_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

func ptr[T any](v T) *T { return &v }

func only(environment string) func(*store.AlertRule) {
	return func(r *store.AlertRule) { r.Environment = environment }
}

// An end is told however soon, and a return after it; both in the rule's environment only.
func TestResolvedAndRegressed(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		when := []rule.Condition{{Type: rule.FirstSeen}, {Type: rule.Resolved}, {Type: rule.Regression}}
		sc.rule(rule.Rule{When: when, Frequency: 5, Then: then(sc.hookChannel())}, only("production"))
		elsewhere := sc.issue(sc.event("in staging", in("staging")))
		i := sc.issue(sc.event("in production"))
		sc.expect("a new issue", 1)
		sc.change(elsewhere, store.IssueChange{Status: ptr(store.IssueResolved)})
		sc.change(i, store.IssueChange{Status: ptr(store.IssueResolved)})
		got := sc.expect("resolved", 1)
		if got[0].Event != "resolved" || got[0].Title != "in production" {
			t.Errorf("told %+v", got[0])
		}
		sc.change(i, store.IssueChange{Status: ptr(store.IssueResolved)})
		sc.expect("resolved again", 0)
		sc.pass(10 * time.Minute)
		sc.event("in production")
		if got := sc.expect("back", 1); got[0].Event != "alert" || got[0].Reason != "an issue comes back after it was resolved" {
			t.Errorf("told %+v", got[0])
		}
		sc.pass(10 * time.Minute)
		n, err := s.ResolveOldIssues(t.Context(), sc.proj.ID, sc.now().UnixMilli())
		sc.must(err)
		if n != 1 {
			t.Fatalf("%d issues were resolved by age", n)
		}
		sc.expect("resolved by age", 1)
	})
}

func TestRecipients(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		scope := sc.org.Scope()
		person := func(name string) int64 {
			u, err := s.CreateUser(t.Context(), store.NewUser{Email: name + "@acme.example", Name: name})
			sc.must(err)
			sc.must(s.SetMember(t.Context(), scope, u.ID, store.RoleMember))
			return u.ID
		}
		bob, eve := person("bob"), person("eve")
		team, err := s.CreateTeam(t.Context(), scope, "Web", "web")
		sc.must(err)
		sc.must(s.JoinTeam(t.Context(), scope, team.ID, bob, store.TeamContributor))
		sc.must(s.JoinTeam(t.Context(), scope, team.ID, sc.user.ID, store.TeamContributor))
		ann, everybody := "ann@acme.example", []string{"ann@acme.example", "bob@acme.example", "eve@acme.example"}
		for name, c := range map[string]struct {
			action   rule.Action
			assignee *store.Assignee
			want     []string
		}{
			"the assignee":               {rule.Action{Target: rule.TargetOwners}, &store.Assignee{UserID: &eve}, []string{"eve@acme.example"}},
			"the assigned team":          {rule.Action{Target: rule.TargetOwners}, &store.Assignee{TeamID: &team.ID}, []string{ann, "bob@acme.example"}},
			"nobody assigned, so all":    {rule.Action{Target: rule.TargetOwners, Fallthrough: rule.AllMembers}, nil, everybody},
			"nobody assigned, so no one": {rule.Action{Target: rule.TargetOwners, Fallthrough: rule.NoOne}, nil, nil},
			"a team":                     {rule.Action{Target: rule.TargetTeam, TargetID: strconv.FormatInt(team.ID, 10)}, nil, []string{ann, "bob@acme.example"}},
			"a member":                   {rule.Action{Target: rule.TargetUser, TargetID: strconv.FormatInt(eve, 10)}, nil, []string{"eve@acme.example"}},
		} {
			c.action.Type = rule.ToEmail
			r := sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.EveryEvent}}, Then: then(c.action)})
			before := len(sc.mail.Mails())
			i := sc.issue(sc.event(name))
			if c.assignee != nil {
				sc.change(i, store.IssueChange{Assignee: c.assignee})
			}
			sc.work()
			var got []string
			for _, m := range sc.mail.Mails()[before:] {
				got = append(got, m.To...)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: mailed %v, want %v", name, got, c.want)
			}
			sc.must(s.DeleteAlertRule(t.Context(), scope, r.ID))
		}
	})
}

// A frequency counts the events that its filters and the rule's environment let through, and no other.
func TestFrequencyCountsWhatItIsAskedTo(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		sub, err := json.Marshal([]map[string]string{{"key": "plan", "match": "eq", "value": "Paid"}, {"attribute": "platform", "match": "ne", "value": "php"}})
		sc.must(err)
		sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.EventFrequency, Value: 2, Interval: "1h", Sub: sub}}, Frequency: 1, Then: then(sc.hookChannel())}, only("production"))
		for range 3 {
			sc.event("slow", tagged("plan", "free"))
			sc.event("slow", tagged("plan", "paid"), in("staging"))
			sc.event("slow")
		}
		sc.event("slow", tagged("plan", "paid"))
		sc.event("slow", tagged("plan", "paid"))
		sc.expect("two that count", 0)
		sc.pass(61 * time.Minute)
		sc.event("slow", tagged("plan", "paid"))
		sc.expect("the others are too old", 0)
		sc.event("slow", tagged("plan", "paid"))
		sc.event("slow", tagged("plan", "paid"))
		sc.expect("three that count", 1)
	})
}

// The latest release is that of the highest version, not that of the last event.
func TestLatestReleaseByOrder(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		g := then(sc.hookChannel())
		g[0].If = []rule.Condition{{Type: rule.LatestRelease}}
		sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.FirstSeen}}, Then: g}, only("production"))
		sc.event("first", of("shop@1.9.0"))
		sc.expect("the only release", 1)
		sc.event("second", of("shop@1.10.0"))
		sc.expect("a newer one", 1)
		sc.pass(time.Hour)
		sc.event("third", of("shop@1.9.1"))
		sc.expect("a fix of the old one", 0)
		sc.event("fourth", of("shop@2.0.0"), in("staging"))
		sc.event("fifth", of("shop@1.10.0"))
		sc.expect("the latest in production", 1)
	})
}

// A backend error is told when it has a replay that plays, also when the recording comes an hour later.
func TestBackendErrorWithReplay(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.BackendReplay}}, Then: then(sc.hookChannel())})
		replay := randomID()
		id := sc.event("declined", func(w *store.Write) {
			w.Links = []store.ReplayLink{{OrgID: sc.org.ID, ItemKind: store.ItemEvent, ItemID: w.Events[0].Event.EventID, ReplayID: replay, Signals: 1}}
		})
		join := func() {
			sure := store.LinkJudge{Explicit: 1, Certain: 1, MaxPairs: 2, Judge: func(_ store.LinkItem, cs []store.LinkCandidate) []store.LinkVerdict {
				out := make([]store.LinkVerdict, len(cs))
				for i := range cs {
					out[i] = store.LinkVerdict{Signals: 1, Primary: true, Sure: true}
				}
				return out
			}}
			sc.must(s.JoinItems(t.Context(), sc.org.ID, []store.ItemRef{{OrgID: sc.org.ID, Kind: store.ItemEvent, ID: id}}, sure))
		}
		join()
		at := sc.now()
		sc.expect("a replay is named, and nothing of it is here", 0)
		sc.pass(time.Hour)
		first, last := at.Add(-time.Minute).UnixMilli(), at.UnixMilli()
		sc.ingest(&store.Write{MessageID: "segment", ReceivedMS: last, OrgID: sc.org.ID, Segments: []store.SegmentWrite{{Segment: store.ReplaySegment{OrgID: sc.org.ID,
			ReplayID: replay, BodyHash: "b", ProjectID: sc.proj.ID, FirstMS: &first, LastMS: &last, Bytes: 1, Playable: true, Blob: "k", ReceivedMS: last}}}})
		join()
		sc.pass(time.Hour)
		sc.expect("its chapters are a moment away", 0)
		sc.pass(20 * time.Second)
		got := sc.expect("it plays", 1)
		if p := got[0]; p.ReplayURL == nil || *p.ReplayURL != "https://hindsight.example/organizations/acme/replays/"+replay+"/?t=55" || *p.ReplayAt != "1:00" {
			t.Errorf("told %+v", p)
		}
		join()
		sc.expect("judged again", 0)
	})
}

func TestMetricRules(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		hook := sc.hookChannel()
		paid := store.Filter{Op: store.FilterEq, Field: store.TagField + "plan", Values: []any{"paid"}}
		sc.rule(rule.Rule{Metric: &rule.Metric{Dataset: store.DatasetEvents, Aggregate: store.AggregateCount, Query: "plan:paid", Filter: paid, WindowSec: 600,
			Triggers: []rule.Trigger{{Label: rule.Critical, At: 4, Do: []rule.Action{hook}}, {Label: rule.Warning, At: 2, Do: []rule.Action{hook}}}}})
		crash := sc.rule(rule.Rule{Metric: &rule.Metric{Dataset: store.DatasetSessions, Aggregate: store.AggregateCrashFree, WindowSec: 3600, Below: true,
			Triggers: []rule.Trigger{{Label: rule.Critical, At: 99, Do: []rule.Action{hook}}}}}, func(r *store.AlertRule) { r.Name = "crashes" })
		look := func(what string, want ...string) {
			t.Helper()
			sc.pass(time.Second)
			_, err := sc.w.WatchMetrics(t.Context())
			sc.must(err)
			sc.work()
			var got []string
			for _, p := range sc.payloads() {
				got = append(got, p.Title+" ("+p.Event+")")
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: told %q, want %q", what, got, want)
			}
			sc.pass(time.Minute)
		}
		for range 5 {
			sc.event("slow", tagged("plan", "free"))
		}
		look("nothing that counts")
		for range 3 {
			sc.event("slow", tagged("plan", "paid"))
		}
		look("over the warning", "the rule is warning (alert)")
		look("still")
		sc.event("slow", tagged("plan", "paid"))
		sc.event("slow", tagged("plan", "paid"))
		look("over the threshold", "the rule is critical (alert)")
		sc.pass(10 * time.Minute)
		look("over and done", "the rule is well again (resolved)")

		sessions := func(exited, crashed int64) {
			at := sc.now().Truncate(time.Minute).UnixMilli()
			sc.ingest(&store.Write{MessageID: randomID(), ReceivedMS: at, OrgID: sc.org.ID, SessionCounts: []store.ReleaseSessionCount{{ProjectID: sc.proj.ID, Release: "shop@1.0.0",
				Environment: "production", StartedMS: at, OrgID: sc.org.ID, Exited: exited, Crashed: crashed}}})
			sc.pass(time.Minute)
		}
		sessions(199, 1)
		look("99.5 percent")
		sessions(0, 9)
		look("less", "crashes is critical (alert)")
		sc.pass(2 * time.Hour)
		look("of no session nothing is said")
		sessions(10, 0)
		look("all well", "crashes is well again (resolved)")

		sc.must(s.SnoozeAlertRule(t.Context(), sc.org.Scope(), crash.ID, store.Forever))
		sessions(0, 10)
		look("snoozed")
	})
}

func TestDigestAndQuietHours(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		hook := sc.hookChannel()
		r := sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.FirstSeen}}, Digest: &rule.Digest{MinSeconds: 60, MaxSeconds: 150}, Then: then(hook)})
		for i, wait := range []time.Duration{50, 50, 49} {
			sc.event(fmt.Sprint("new ", i))
			sc.expect("it may not be the last", 0)
			sc.pass(wait * time.Second)
		}
		sc.event("new 3")
		sc.expect("149 s after the first", 0)
		sc.pass(time.Second)
		got := sc.expect("150 s after the first", 1)
		if len(got[0].Others) != 3 || got[0].Title != "new 0" {
			t.Errorf("told %+v", got[0])
		}
		sc.must(s.DeleteAlertRule(t.Context(), sc.org.Scope(), r.ID))

		sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.FirstSeen}}, Quiet: &rule.Quiet{TimeZone: "Europe/Berlin", Start: "22:00", End: "07:00"}, Then: then(hook)})
		sc.event("by day")
		sc.expect("not quiet", 1)
		sc.pass(10 * time.Hour) // past midnight in Berlin
		sc.event("by night")
		sc.expect("quiet", 0)
		sc.pass(time.Hour)
		sc.event("later")
		sc.expect("quiet", 0)
		sc.pass(time.Date(2026, 6, 2, 4, 59, 0, 0, time.UTC).Sub(sc.now()))
		sc.expect("06:59", 0)
		sc.pass(time.Minute)
		if got := sc.expect("07:00", 1); len(got[0].Others) != 1 {
			t.Errorf("told %+v", got[0])
		}
	})
}

func TestSnoozeAndResend(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		r := sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.FirstSeen}}, Then: then(sc.hookChannel())})
		until := sc.now().Add(time.Hour).UnixMilli()
		sc.must(s.SnoozeAlertRule(t.Context(), sc.org.Scope(), r.ID, until))
		sc.event("in the hour")
		sc.expect("snoozed", 0)
		sc.pass(time.Hour)
		sc.event("after it")
		sc.expect("no longer", 1)

		resend := func(d store.AlertDelivery) {
			t.Helper()
			_, err := s.ResendDelivery(t.Context(), sc.org.Scope(), d.ID, sc.now().Add(channel.KeepTrying).UnixMilli(), "a new key")
			sc.must(err)
		}
		resend(sc.log()[0])
		if got := sc.expect("told anew", 1); got[0].ID != "a new key" {
			t.Errorf("a message that is told anew has the key %s", got[0].ID)
		}
		sc.answer(404)
		sc.event("refused")
		failed := sc.expect("refused", 1)
		if d := sc.log()[0]; d.Status != store.DeliveryFailed || d.Code != 404 {
			t.Fatalf("log %+v", d)
		}
		sc.answer(200)
		resend(sc.log()[0])
		if got := sc.expect("again", 1); got[0].ID != failed[0].ID {
			t.Error("what failed is sent again with another key")
		}
	})
}
