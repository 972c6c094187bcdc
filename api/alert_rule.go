package api

import (
	"time"

	"github.com/hindsight-dev/hindsight/alert/rule"
)

// RuleAuthor is who made a rule; here an id is a number.
type RuleAuthor struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// AlertRule is an issue alert in Sentry's first form.
type AlertRule struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	ActionMatch   string            `json:"actionMatch" doc:"any, all, none"`
	FilterMatch   string            `json:"filterMatch"`
	Frequency     int               `json:"frequency" doc:"Minutes between two alerts on one issue."`
	Environment   *string           `json:"environment"`
	Owner         *string           `json:"owner"`
	Projects      []string          `json:"projects"`
	Status        string            `json:"status" doc:"active, disabled"`
	Snooze        bool              `json:"snooze"`
	DateCreated   time.Time         `json:"dateCreated"`
	LastTriggered *time.Time        `json:"lastTriggered"`
	CreatedBy     Null[RuleAuthor]  `json:"createdBy"`
	Conditions    []element         `json:"conditions"`
	Filters       []element         `json:"filters"`
	Actions       []element         `json:"actions"`
	Digest        Null[rule.Digest] `json:"digest" doc:"Ours: alerts wait for each other."`
	Quiet         Null[rule.Quiet]  `json:"quiet" doc:"Ours: hours when nothing is told."`
	SnoozedUntil  *time.Time        `json:"snoozedUntil" doc:"Ours: null while snoozed without an end."`
}

// AlertRuleBody is what makes an issue alert.
type AlertRuleBody struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Name        string       `json:"name" minLength:"1" maxLength:"200"`
	ActionMatch string       `json:"actionMatch,omitempty"`
	FilterMatch string       `json:"filterMatch,omitempty"`
	Frequency   any          `json:"frequency,omitempty"`
	Environment *string      `json:"environment,omitempty" nullable:"true"`
	Owner       *string      `json:"owner,omitempty" nullable:"true"`
	Conditions  []element    `json:"conditions,omitempty"`
	Filters     []element    `json:"filters,omitempty"`
	Actions     []element    `json:"actions,omitempty"`
	Status      string       `json:"status,omitempty"`
	Digest      *rule.Digest `json:"digest,omitempty"`
	Quiet       *rule.Quiet  `json:"quiet,omitempty"`
}

// RulesInput lists rules.
type RulesInput struct {
	ProjectPath
	PageParams
}

// RuleInput names a rule of a project.
type RuleInput struct {
	ProjectPath
	Rule int64 `path:"rule"`
}

// CreateRuleInput makes a rule.
type CreateRuleInput struct {
	ProjectPath
	Body AlertRuleBody
}

// UpdateRuleInput replaces a rule.
type UpdateRuleInput struct {
	RuleInput
	Body AlertRuleBody
}

// SnoozeBody says how long a rule is silent.
type SnoozeBody struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Target string  `json:"target,omitempty" doc:"everyone; there is no snooze for oneself"`
	Until  *string `json:"until,omitempty" nullable:"true" doc:"ISO 8601; nothing: until it is ended"`
}

// SnoozeInput silences a rule.
type SnoozeInput struct {
	RuleInput
	Body SnoozeBody
}

// Snoozed is what a snooze answers.
type Snoozed struct {
	OwnerID int64      `json:"ownerId"`
	UserID  string     `json:"userId"`
	Until   *time.Time `json:"until"`
	RuleID  int64      `json:"ruleId"`
}

// RuleHistoryInput pages what a rule told.
type RuleHistoryInput struct {
	RuleInput
	PageParams
}

// RuleFire is an issue that a rule told of.
type RuleFire struct {
	Group         Issue     `json:"group"`
	Count         int64     `json:"count"`
	LastTriggered time.Time `json:"lastTriggered"`
	EventID       string    `json:"eventId"`
}

// RuleStatsInput asks how often a rule fired.
type RuleStatsInput struct {
	RuleInput
	WindowParams
}

// RuleStat is how often a rule fired in the hour that begins at Date.
type RuleStat struct {
	Date  time.Time `json:"date"`
	Count int64     `json:"count"`
}

// RulePart describes a condition, filter or action for an editor.
type RulePart struct {
	ID         string            `json:"id"`
	Label      string            `json:"label"`
	Enabled    bool              `json:"enabled"`
	FormFields map[string]string `json:"formFields"`
}

// RuleConfiguration lists what rules can be made of.
type RuleConfiguration struct {
	Conditions []RulePart `json:"conditions"`
	Filters    []RulePart `json:"filters"`
	Actions    []RulePart `json:"actions"`
}

// AnyRule is a rule of any kind, in its own form with "type": rule, alert_rule or monitor.
type AnyRule = element

// CombinedInput lists rules of all kinds.
type CombinedInput struct {
	OrgPath
	PageParams
	FilterParams
	Name      string   `query:"name"`
	AlertType []string `query:"alertType,explode" doc:"rule, alert_rule"`
}
