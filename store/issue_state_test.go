package store

import "testing"

func TestWake(t *testing.T) {
	v := func(id int64, version string, date int64) *Release {
		r := newRelease(1, version, date)
		r.ID = id
		return &r
	}
	one, two, three, odd, other := v(1, "a@1.0.0", 300), v(2, "a@2.0.0", 200), v(3, "a@3.0.0", 100), v(4, "cafe123", 250), v(5, "b@9.0.0", 50)
	at := int64(1_000)
	n := func(n int64) *int64 { return &n }
	resolved := func(how string) Issue { return Issue{Status: IssueResolved, StatusChangedMS: &at, Resolution: how} }
	ignored := func(sub string, with Issue) Issue {
		with.Status, with.Substatus, with.StatusChangedMS = IssueIgnored, sub, &at
		return with
	}
	for name, c := range map[string]struct {
		issue Issue
		with  encounter
		want  string
	}{
		"resolved, an event received before":         {resolved(""), encounter{receivedMS: 1_000}, ""},
		"resolved, an event after":                   {resolved(""), encounter{receivedMS: 1_001}, SubstatusRegressed},
		"in a release, an older one":                 {resolved(ResolvedInRelease), encounter{receivedMS: 2_000, release: one, resolution: two}, ""},
		"in a release, that one":                     {resolved(ResolvedInRelease), encounter{receivedMS: 2_000, release: two, resolution: two}, SubstatusRegressed},
		"in a release, a later one of an older date": {resolved(ResolvedInRelease), encounter{receivedMS: 2_000, release: three, resolution: two}, SubstatusRegressed},
		"in a release, no release":                   {resolved(ResolvedInRelease), encounter{receivedMS: 2_000, resolution: two}, ""},
		"in a release, by date, older":               {resolved(ResolvedInRelease), encounter{receivedMS: 2_000, release: two, resolution: odd}, ""},
		"in a release, by date, later":               {resolved(ResolvedInRelease), encounter{receivedMS: 2_000, release: one, resolution: odd}, SubstatusRegressed},
		"in a release, another package by date":      {resolved(ResolvedInRelease), encounter{receivedMS: 2_000, release: other, resolution: two}, ""},
		"in the next, the same":                      {resolved(ResolvedInNextRelease), encounter{receivedMS: 2_000, release: two, resolution: two}, ""},
		"in the next, an older one":                  {resolved(ResolvedInNextRelease), encounter{receivedMS: 2_000, release: one, resolution: two}, ""},
		"in the next, the next":                      {resolved(ResolvedInNextRelease), encounter{receivedMS: 2_000, release: three, resolution: two}, SubstatusRegressed},
		"in the next, the first ever":                {resolved(ResolvedInNextRelease), encounter{receivedMS: 2_000, release: one}, SubstatusRegressed},
		"in a commit nobody released":                {resolved(ResolvedInCommit), encounter{receivedMS: 2_000, release: three}, ""},
		"for ever":                                   {ignored(SubstatusForever, Issue{TimesSeen: 9_999}), encounter{receivedMS: 9_000, hourEvents: 9_999}, ""},
		"until a time, before it":                    {ignored(SubstatusUntilCondition, Issue{IgnoreUntilMS: n(5_000)}), encounter{receivedMS: 4_999}, ""},
		"until a time, then":                         {ignored(SubstatusUntilCondition, Issue{IgnoreUntilMS: n(5_000)}), encounter{receivedMS: 5_000}, unignored},
		"until events, fewer":                        {ignored(SubstatusUntilCondition, Issue{IgnoreEvents: n(10), TimesSeen: 9}), encounter{receivedMS: 2_000}, ""},
		"until events, enough":                       {ignored(SubstatusUntilCondition, Issue{IgnoreEvents: n(10), TimesSeen: 10}), encounter{receivedMS: 2_000}, unignored},
		"until events in a window, too slow":         {ignored(SubstatusUntilCondition, Issue{IgnoreEvents: n(10), IgnoreEventsWindowMS: n(60_000), TimesSeen: 900}), encounter{receivedMS: 2_000, windowEvents: 9}, ""},
		"until events in a window":                   {ignored(SubstatusUntilCondition, Issue{IgnoreEvents: n(10), IgnoreEventsWindowMS: n(60_000)}), encounter{receivedMS: 2_000, windowEvents: 10}, unignored},
		"until users":                                {ignored(SubstatusUntilCondition, Issue{IgnoreUsers: n(3), UsersSeen: 3}), encounter{receivedMS: 2_000}, unignored},
		"until users in a window, fewer":             {ignored(SubstatusUntilCondition, Issue{IgnoreUsers: n(3), IgnoreUsersWindowMS: n(60_000), UsersSeen: 99}), encounter{receivedMS: 2_000, windowUsers: 2}, ""},
		"until escalating, at the bound":             {ignored(SubstatusUntilEscalating, Issue{EscalateEvents: n(10)}), encounter{receivedMS: 2_000, hourEvents: 10}, ""},
		"until escalating, above":                    {ignored(SubstatusUntilEscalating, Issue{EscalateEvents: n(10)}), encounter{receivedMS: 2_000, hourEvents: 11}, SubstatusEscalating},
		"unresolved":                                 {Issue{Status: IssueUnresolved, Substatus: SubstatusNew}, encounter{receivedMS: 2_000, hourEvents: 99}, ""},
	} {
		i := c.issue
		before := i
		if got := i.wake(c.with); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if c.want == "" && (i.Status != before.Status || i.Substatus != before.Substatus) {
			t.Errorf("%s: the state changed to %s %s", name, i.Status, i.Substatus)
		}
		if c.want != "" && (i.Status != IssueUnresolved || i.InboxReason == nil || i.IgnoreEvents != nil || i.Resolution != "" || *i.StatusChangedMS != c.with.receivedMS) {
			t.Errorf("%s: woke to %+v", name, i)
		}
	}
	if escalateAbove(0) != 10 || escalateAbove(100) != 200 {
		t.Error("a quiet issue escalates above 10 events an hour, a busy one above twice its busiest hour")
	}
	locked := ignored(SubstatusUntilEscalating, Issue{EscalateEvents: n(10), Priority: PriorityLow, PriorityLockedMS: n(1)})
	if locked.wake(encounter{receivedMS: 2_000, hourEvents: 11}); locked.Priority != PriorityLow {
		t.Error("what a person chose was changed")
	}
}
