package store

import "github.com/uptrace/bun"

// AlertChannel is a place that alerts are told to: an incoming webhook, a mail list, a pager.
type AlertChannel struct {
	bun.BaseModel `bun:"table:alert_channels,alias:ac"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	Name      string `bun:"name"`
	Kind      string `bun:"kind"`   // email | slack | msteams | discord | webhook | pagerduty | telegram | ntfy
	Config    []byte `bun:"config"` // JSON, sealed: addresses and secrets
	Shown     string `bun:"shown"`  // where it leads, without its secrets
	CreatedMS int64  `bun:"created_ms"`
	UpdatedMS int64  `bun:"updated_ms"`
}

// Kinds of rule.
const (
	AlertIssue  = "issue"  // is asked when something happens to an issue
	AlertMetric = "metric" // watches a number
)

// AlertRule says when to tell whom. Body is a document of package alert/rule.
type AlertRule struct {
	bun.BaseModel `bun:"table:alert_rules,alias:ar"`

	ID             int64  `bun:"id,pk,autoincrement"`
	OrgID          int64  `bun:"org_id"`
	Kind           string `bun:"kind"`
	Name           string `bun:"name"`
	Enabled        bool   `bun:"enabled"`
	Projects       string `bun:"projects"`    // JSON array of ids; empty: all of the organisation
	Environment    string `bun:"environment"` // empty: all
	Body           string `bun:"body"`
	CreatedBy      *int64 `bun:"created_by"`
	CreatedMS      int64  `bun:"created_ms"`
	UpdatedMS      int64  `bun:"updated_ms"`
	FiredMS        *int64 `bun:"fired_ms"`
	SnoozedUntilMS int64  `bun:"snoozed_until_ms"` // silent before this moment; [Forever]: until somebody ends it
	State          string `bun:"state"`            // of a metric rule: "", warning, critical
	StateMS        int64  `bun:"state_ms"`
	DueMS          *int64 `bun:"due_ms"` // of a metric rule: when it is looked at next
}

// Forever is a time that does not come.
const Forever int64 = 1<<53 - 1

// What can happen to an issue, as bits of [AlertSignal].
const (
	SignalEvent      int64 = 1 << iota // it had an event
	SignalNew                          // this was its first
	SignalRegressed                    // it came back after it was resolved
	SignalEscalating                   // it came back out of the archive
	SignalResolved
	SignalReplay // one of its backend errors was linked to a replay
	SignalMetric // no issue: a metric rule changed its state
)

// AlertSignal says that something happened, until the rules were asked about it. It is written in the
// transaction of what happened.
type AlertSignal struct {
	bun.BaseModel `bun:"table:alert_signals,alias:asg"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	ProjectID int64  `bun:"project_id"`
	Kinds     int64  `bun:"kinds"`
	IssueID   int64  `bun:"issue_id"`
	EventID   string `bun:"event_id"`
	ReplayID  string `bun:"replay_id"` // of SignalReplay
	RuleID    int64  `bun:"rule_id"`   // of SignalMetric
	Body      string `bun:"body"`      // of SignalMetric: JSON of what was measured
	CreatedMS int64  `bun:"created_ms"`
	DueMS     int64  `bun:"due_ms"`
}

// AlertFire remembers when a rule last told of an issue, and how often it did.
type AlertFire struct {
	bun.BaseModel `bun:"table:alert_fires,alias:af"`

	RuleID  int64  `bun:"rule_id,pk"`
	IssueID int64  `bun:"issue_id,pk"`
	FirstMS int64  `bun:"first_ms"`
	LastMS  int64  `bun:"last_ms"`
	Fires   int64  `bun:"fires"`
	EventID string `bun:"event_id"`
}

// States of a delivery.
const (
	DeliveryPending    = "pending"
	DeliverySent       = "sent"
	DeliveryFailed     = "failed"
	DeliverySuppressed = "suppressed" // never tried: its rule told too much in an hour
)

// AlertDelivery is one message to one place: first in the outbox, then in the log.
type AlertDelivery struct {
	bun.BaseModel `bun:"table:alert_deliveries,alias:ad"`

	ID         int64  `bun:"id,pk,autoincrement"`
	Key        string `bun:"idem_key"` // the same in every attempt; receivers tell repeats by it
	OrgID      int64  `bun:"org_id"`
	ProjectID  int64  `bun:"project_id"` // 0: of no project
	RuleID     int64  `bun:"rule_id"`    // 0: a test
	RuleName   string `bun:"rule_name"`
	ChannelID  int64  `bun:"channel_id"` // 0: mail to a person
	Kind       string `bun:"kind"`       // of the channel
	Target     string `bun:"target"`     // an e-mail address, or the channel's name
	Lane       string `bun:"lane"`       // what may have one message in flight at a time
	Reason     string `bun:"reason"`     // why the rule fired, in words
	IssueID    int64  `bun:"issue_id"`
	EventID    string `bun:"event_id"`
	ReplayID   string `bun:"replay_id"`
	Body       string `bun:"body"` // JSON of facts that no row has: a measured number
	Status     string `bun:"status"`
	Count      int64  `bun:"count"` // of alerts this stands for
	Attempts   int64  `bun:"attempts"`
	Digest     string `bun:"digest"` // deliveries with the same one are told together; empty: alone
	Batch      int64  `bun:"batch"`  // id of the first delivery it was told together with
	CreatedMS  int64  `bun:"created_ms"`
	DueMS      int64  `bun:"due_ms"`
	DeadlineMS int64  `bun:"deadline_ms"`
	LeaseMS    int64  `bun:"lease_ms"` // in flight until then
	DoneMS     *int64 `bun:"done_ms"`
	Code       int64  `bun:"code"` // the answer's status, 0: none
	Error      string `bun:"error"`

	// Of a new one: it waits HoldMS for others of its digest, MaxHoldMS at most, and is not told before
	// NotBeforeMS. Its DeadlineMS counts from when it is due.
	HoldMS, MaxHoldMS, NotBeforeMS int64 `bun:"-"`
}
