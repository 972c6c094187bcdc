package store

import "github.com/uptrace/bun"

// Issue is what events of one cause group into.
type Issue struct {
	bun.BaseModel `bun:"table:issues,alias:i"`

	ID              int64  `bun:"id,pk,autoincrement"`
	OrgID           int64  `bun:"org_id"`
	ProjectID       int64  `bun:"project_id"`
	Number          int64  `bun:"number"` // of its short id, counted per project from 1
	Status          string `bun:"status"` // unresolved | resolved | ignored
	Substatus       string `bun:"substatus"`
	Level           string `bun:"level"`
	Platform        string `bun:"platform"`
	Type            string `bun:"type"` // error | default | csp | …
	Title           string `bun:"title"`
	Culprit         string `bun:"culprit"`
	Logger          string `bun:"logger"`
	Metadata        string `bun:"metadata"` // JSON object: type, value, filename, function, title
	Unhandled       bool   `bun:"unhandled"`
	FirstSeenMS     int64  `bun:"first_seen_ms"`
	LastSeenMS      int64  `bun:"last_seen_ms"`
	TimesSeen       int64  `bun:"times_seen"`
	UsersSeen       int64  `bun:"users_seen"`
	FirstRelease    string `bun:"first_release"`
	LastRelease     string `bun:"last_release"`
	AssigneeID      *int64 `bun:"assignee_id"`
	StatusChangedMS *int64 `bun:"status_changed_ms"`

	AssigneeTeamID       *int64 `bun:"assignee_team_id"`
	StatusActorID        *int64 `bun:"status_actor_id"` // who set the status; nil: nobody
	Resolution           string `bun:"resolution"`      // one of ResolvedIn…
	ResolutionReleaseID  *int64 `bun:"resolution_release_id"`
	ResolutionCommit     string `bun:"resolution_commit"`
	IgnoreUntilMS        *int64 `bun:"ignore_until_ms"`
	IgnoreEvents         *int64 `bun:"ignore_events"` // TimesSeen to wake at; with a window: events within it
	IgnoreEventsWindowMS *int64 `bun:"ignore_events_window_ms"`
	IgnoreUsers          *int64 `bun:"ignore_users"`
	IgnoreUsersWindowMS  *int64 `bun:"ignore_users_window_ms"`
	EscalateEvents       *int64 `bun:"escalate_events"` // events in an hour to wake above
	Priority             string `bun:"priority"`
	PriorityLockedMS     *int64 `bun:"priority_locked_ms"` // when a person chose it
	InboxReason          *int64 `bun:"inbox_reason"`       // why it waits for review; nil: it does not
	InboxMS              *int64 `bun:"inbox_ms"`
	ShareID              string `bun:"share_id"` // 32 hex; empty: not shared
	NumComments          int64  `bun:"num_comments"`

	CreatedMS int64 `bun:"created_ms"`
}

// IssueUser remembers that a user met an issue; the count of these rows is the issue's users.
type IssueUser struct {
	bun.BaseModel `bun:"table:issue_users,alias:iu"`

	IssueID int64  `bun:"issue_id,pk"`
	UserKey string `bun:"user_key,pk"`
	FirstMS int64  `bun:"first_ms"`
}

// IssueHour counts an issue's events in one hour.
type IssueHour struct {
	bun.BaseModel `bun:"table:issue_hours,alias:ihr"`

	IssueID int64 `bun:"issue_id,pk"`
	HourMS  int64 `bun:"hour_ms,pk"`
	Events  int64 `bun:"events"`
}
