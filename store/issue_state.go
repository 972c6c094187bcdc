package store

import "time"

// Issue states and their finer states.
const (
	IssueUnresolved = "unresolved"
	IssueResolved   = "resolved"
	IssueIgnored    = "ignored"

	SubstatusNew        = "new" // for 7 days, then ongoing; so are the other two
	SubstatusOngoing    = "ongoing"
	SubstatusRegressed  = "regressed"
	SubstatusEscalating = "escalating"

	SubstatusUntilEscalating = "archived_until_escalating"
	SubstatusUntilCondition  = "archived_until_condition_met"
	SubstatusForever         = "archived_forever"
)

// How an issue was resolved; empty: at once, so that any later event reopens it.
const (
	ResolvedInRelease         = "in_release"          // ResolutionReleaseID has the fix
	ResolvedInNextRelease     = "in_next_release"     // the release after ResolutionReleaseID has it
	ResolvedInUpcomingRelease = "in_upcoming_release" // so; only the word differs
	ResolvedInCommit          = "in_commit"           // the release that will bring the commit has it
)

// Why an issue waits for review, as Sentry numbers it.
const (
	InboxNew       = 0
	InboxUnignored = 1
	InboxRegressed = 2
	InboxManual    = 3
	InboxEscalated = 5
)

// Priorities of an issue.
const (
	PriorityHigh   = "high"
	PriorityMedium = "medium"
	PriorityLow    = "low"
)

// stateAge is how long an issue is new, regressed or escalating before it is ongoing (Sentry's 7 days).
const stateAge = 7 * 24 * time.Hour

// What makes an archived issue escalate: more events in an hour than escalateFactor times its busiest
// hour of the 7 days before it was archived, and at least escalateLeast.
const (
	escalateFactor = 2
	escalateLeast  = 10
)

// escalateAbove is the number of events in an hour that an issue escalates above.
func escalateAbove(busiestHour int64) int64 { return max(escalateLeast, escalateFactor*busiestHour) }

// encounter is what is known when an issue meets an event.
type encounter struct {
	receivedMS int64
	release    *Release // the event's; nil: none that is known
	resolution *Release // that the issue was resolved in or after; nil: none

	hourEvents   int64 // of the issue, in the event's hour; 0 when that hour was before the issue's state
	windowEvents int64 // within the issue's windows, this event included
	windowUsers  int64
}

// wake changes the state of an issue that meets an event, and says what happened: the new substatus,
// "unignored" for an archived issue whose condition is met, or nothing. It looks at its arguments
// only; counts of the issue include the event.
func (i *Issue) wake(e encounter) string {
	switch i.Status {
	case IssueResolved:
		if i.regresses(e) {
			i.reopen(SubstatusRegressed, InboxRegressed, e.receivedMS)
			return SubstatusRegressed
		}
	case IssueIgnored:
		switch {
		case i.Substatus == SubstatusForever:
		case i.escalates(e):
			i.reopen(SubstatusEscalating, InboxEscalated, e.receivedMS)
			i.raise(PriorityHigh)
			return SubstatusEscalating
		case i.conditionMet(e):
			i.reopen(SubstatusOngoing, InboxUnignored, e.receivedMS)
			return unignored
		}
	}
	return ""
}

// unignored is wake's word for a condition that is met.
const unignored = "unignored"

// regresses says whether a resolved issue is not: the event came after it was resolved, and its
// release should have had the fix. An event of an older release, or of none where releases are
// known, is somebody who has not updated.
func (i *Issue) regresses(e encounter) bool {
	if i.StatusChangedMS != nil && e.receivedMS <= *i.StatusChangedMS {
		return false
	}
	switch i.Resolution {
	case ResolvedInRelease:
		return e.release != nil && (e.resolution == nil || e.release.ID == e.resolution.ID || e.release.After(e.resolution))
	case ResolvedInNextRelease, ResolvedInUpcomingRelease:
		return e.release != nil && (e.resolution == nil || e.release.After(e.resolution))
	case ResolvedInCommit:
		return false // no release has the commit yet: see releaseCommits
	}
	return true
}

func (i *Issue) escalates(e encounter) bool {
	return i.Substatus == SubstatusUntilEscalating && i.EscalateEvents != nil && e.hourEvents > *i.EscalateEvents
}

func (i *Issue) conditionMet(e encounter) bool {
	reached := func(limit, window *int64, total, within int64) bool {
		if limit == nil {
			return false
		}
		if window != nil {
			return within >= *limit
		}
		return total >= *limit
	}
	return i.IgnoreUntilMS != nil && e.receivedMS >= *i.IgnoreUntilMS ||
		reached(i.IgnoreEvents, i.IgnoreEventsWindowMS, i.TimesSeen, e.windowEvents) ||
		reached(i.IgnoreUsers, i.IgnoreUsersWindowMS, i.UsersSeen, e.windowUsers)
}

// reopen makes an issue unresolved for somebody to look at.
func (i *Issue) reopen(substatus string, reason, ms int64) {
	i.setStatus(IssueUnresolved, substatus, ms, nil)
	i.InboxReason, i.InboxMS = &reason, &ms
}

// setStatus changes an issue's state and forgets what belonged to the one before.
func (i *Issue) setStatus(status, substatus string, ms int64, actor *int64) {
	i.Status, i.Substatus, i.StatusChangedMS, i.StatusActorID = status, substatus, &ms, actor
	i.Resolution, i.ResolutionReleaseID, i.ResolutionCommit = "", nil, ""
	i.IgnoreUntilMS, i.IgnoreEvents, i.IgnoreEventsWindowMS, i.IgnoreUsers, i.IgnoreUsersWindowMS, i.EscalateEvents = nil, nil, nil, nil, nil, nil
	if status != IssueUnresolved {
		i.InboxReason, i.InboxMS = nil, nil
	}
}

// raise sets a priority that nobody has chosen.
func (i *Issue) raise(priority string) {
	if i.PriorityLockedMS == nil {
		i.Priority = priority
	}
}

// firstPriority is a new issue's: what crashed or failed is high, what was caught as a warning medium.
func firstPriority(level string, unhandled bool) string {
	switch {
	case level == "fatal" || level == "error" || unhandled:
		return PriorityHigh
	case level == "warning":
		return PriorityMedium
	}
	return PriorityLow
}
