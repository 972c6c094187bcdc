package rule

import (
	"encoding/json"
	"fmt"
	"time"
)

// Rule is the body of a stored rule. When is asked first; each group of Then whose If holds is done.
type Rule struct {
	Match     string      `json:"match"` // of When: any, all, none
	When      []Condition `json:"when"`
	Then      []Group     `json:"then"`
	Frequency int         `json:"frequency"` // minutes between two alerts on one issue
	Owner     string      `json:"owner,omitempty"`
	Detectors []int64     `json:"detectors,omitempty"` // as the workflows form names them
	Digest    *Digest     `json:"digest,omitempty"`
	Quiet     *Quiet      `json:"quiet,omitempty"`
	Metric    *Metric     `json:"metric,omitempty"` // of a metric rule; When is empty then
}

// Group is what to do when all, any or none of its conditions hold.
type Group struct {
	ID    int64       `json:"id,omitempty"`
	Match string      `json:"match"`
	If    []Condition `json:"if"`
	Do    []Action    `json:"do"`
}

// Digest gathers alerts: one waits MinSeconds for more, MaxSeconds at most.
type Digest struct {
	MinSeconds int `json:"minSeconds"`
	MaxSeconds int `json:"maxSeconds"`
}

// Quiet is when nothing is told; what happens meanwhile is told together afterwards.
type Quiet struct {
	TimeZone string `json:"timeZone"`       // IANA
	Start    string `json:"start"`          // HH:MM
	End      string `json:"end"`            // HH:MM; before Start: of the next day
	Days     []int  `json:"days,omitempty"` // the days it begins on, 0 is Sunday; none: all
}

// Condition is one thing to hold. Which fields count follows from Type.
type Condition struct {
	ID         int64           `json:"id,omitempty"`
	Type       string          `json:"type"`
	Value      float64         `json:"value,omitempty"`
	Interval   string          `json:"interval,omitempty"`           // 1m 5m 15m 1h 1d 1w 30d
	Than       string          `json:"comparisonInterval,omitempty"` // of a percent change: compared with the window so long before
	Percent    bool            `json:"percent,omitempty"`            // Value is a change in percent
	Newer      bool            `json:"newer,omitempty"`              // of age and release
	Unit       string          `json:"unit,omitempty"`               // minute hour day week
	Key        string          `json:"key,omitempty"`                // of a tag or attribute
	Match      string          `json:"match,omitempty"`              // co nc eq ne sw ew is ns; of a level eq gte lte
	Text       string          `json:"text,omitempty"`
	Target     string          `json:"target,omitempty"` // Unassigned Team Member
	TargetID   string          `json:"targetId,omitempty"`
	Env        string          `json:"environment,omitempty"`
	ReleaseAge string          `json:"releaseAge,omitempty"` // oldest newest
	Exclude    bool            `json:"exclude,omitempty"`
	Sub        json.RawMessage `json:"sub,omitempty"`    // of a frequency: which events count, kept as sent; [Condition.Counted] reads it
	Result     json.RawMessage `json:"result,omitempty"` // conditionResult, kept as sent
}

// What can hold. The names are those of Sentry's workflows; the last ones are ours.
const (
	FirstSeen          = "first_seen_event"
	Regression         = "regression_event"
	Reappeared         = "reappeared_event" // it escalated out of the archive
	NewHighPriority    = "new_high_priority_issue"
	KnownHighPriority  = "existing_high_priority_issue"
	Resolved           = "issue_resolved_trigger"
	EveryEvent         = "every_event"
	EventFrequency     = "event_frequency"
	UserFrequency      = "event_unique_user_frequency"
	SessionPercent     = "percent_sessions"
	Age                = "age_comparison"
	AssignedTo         = "assigned_to"
	Category           = "issue_category"
	Type               = "issue_type"
	Occurrences        = "issue_occurrences"
	PriorityAtLeast    = "issue_priority_greater_or_equal"
	PriorityFalling    = "issue_priority_deescalating"
	Attribute          = "event_attribute"
	Tagged             = "tagged_event"
	LatestRelease      = "latest_release"
	LatestAdopted      = "latest_adopted_release"
	FirstRelease       = "first_release" // ours: the issue began in the event's release
	Level              = "level"
	BackendReplay      = "backend_error_with_replay" // ours
	CheckInFailure     = "monitor_check_in_failure"  // ours: a cron job failed or was missed
	HasReplay          = "has_replay"                // ours
	maxConditions      = 50
	maxActions         = 20
	maxGroups          = 20
	minFrequency       = 1
	maxFrequency       = 43_200 // 30 days
	maxDigest          = 24 * 60 * 60
	maxThreshold       = 1_000_000
	maxConditionText   = 1_024
	minutesOfDay       = 24 * 60
	minutesOfHour      = 60
	daysOfWeek         = 7
	fatal              = 50
	high, medium, less = 75, 50, 25
)

// Action is one thing to do.
type Action struct {
	ID          int64          `json:"id,omitempty"`
	UUID        string         `json:"uuid,omitempty"`
	Type        string         `json:"type"`                  // channel email webhook slack msteams discord pagerduty …
	ChannelID   int64          `json:"channelId,omitempty"`   // of channel
	Target      string         `json:"target,omitempty"`      // of email: issue_owners team user
	TargetID    string         `json:"targetId,omitempty"`    // of email, or an integration's channel
	Fallthrough string         `json:"fallthrough,omitempty"` // AllMembers ActiveMembers NoOne
	Sent        map[string]any `json:"sent,omitempty"`        // what the form it came in had besides, kept as sent
}

// Actions that are ours to do; any other type names an integration, and goes to the channel of that kind.
const (
	ToChannel = "channel"
	ToEmail   = "email"
	ToWebhook = "webhook"

	TargetOwners = "issue_owners"
	TargetTeam   = "team"
	TargetUser   = "user"

	AllMembers    = "AllMembers"
	ActiveMembers = "ActiveMembers"
	NoOne         = "NoOne"
)

// Intervals are the windows a frequency can have.
func Intervals() map[string]time.Duration {
	return map[string]time.Duration{"1m": time.Minute, "5m": 5 * time.Minute, "15m": 15 * time.Minute, "1h": time.Hour,
		"1d": 24 * time.Hour, "1w": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour}
}

// Parse reads a rule's document.
func Parse(doc string) (*Rule, error) {
	r := new(Rule)
	if err := json.Unmarshal([]byte(doc), r); err != nil {
		return nil, fmt.Errorf("alert rule: %w", err)
	}
	return r, nil
}

// JSON is the document as it is stored.
func (r *Rule) JSON() string {
	b, err := json.Marshal(r)
	if err != nil { // only what was read as JSON is in it
		panic(err)
	}
	return string(b)
}

// Number gives the parts of a rule ids where they have none: clients of the workflows form want numbers.
func (r *Rule) Number() {
	last := int64(0)
	seen := func(id int64) { last = max(last, id) }
	each := func(do func(id *int64)) {
		for i := range r.When {
			do(&r.When[i].ID)
		}
		for g := range r.Then {
			do(&r.Then[g].ID)
			for i := range r.Then[g].If {
				do(&r.Then[g].If[i].ID)
			}
			for i := range r.Then[g].Do {
				do(&r.Then[g].Do[i].ID)
			}
		}
		if r.Metric != nil {
			for t := range r.Metric.Triggers {
				do(&r.Metric.Triggers[t].ID)
				for i := range r.Metric.Triggers[t].Do {
					do(&r.Metric.Triggers[t].Do[i].ID)
				}
			}
		}
	}
	each(func(id *int64) { seen(*id) })
	each(func(id *int64) {
		if *id == 0 {
			last++
			*id = last
		}
	})
}
