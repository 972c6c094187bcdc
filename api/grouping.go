package api

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/linker/grouping/rules"
	"github.com/hindsight-dev/hindsight/settings"
)

// groupingConfig names the current algorithm, as Sentry's groupingConfig does.
const groupingConfig = "hindsight:" + grouping.V2

// GroupingComponent is a part of an event that could decide about its issue. The shape is that of Sentry's
// grouping-info.
type GroupingComponent struct {
	ID          string  `json:"id" doc:"exception, type, frame, function, …"`
	Name        string  `json:"name"`
	Contributes bool    `json:"contributes"`
	Hint        *string `json:"hint" doc:"Why it does not count, or what was done to the value."`
	Values      []any   `json:"values" doc:"The value, or components."`
}

// GroupingVariant is one way an event was looked at. The one that contributes decides.
type GroupingVariant struct {
	Type         string             `json:"type" doc:"component, custom-fingerprint, fallback, or one of app, system, message, …"`
	Hash         string             `json:"hash"`
	HashMismatch bool               `json:"hashMismatch" doc:"The event came into its issue by another hash: rules or the algorithm changed since."`
	Description  string             `json:"description"`
	Contributes  bool               `json:"contributes"`
	Component    *GroupingComponent `json:"component"`
	MatchedRule  string             `json:"matchedRule,omitempty" doc:"The fingerprint rule that made it."`
	Config       GroupingConfig     `json:"config"`
}

// GroupingInfo are the variants by name.
type GroupingInfo map[string]GroupingVariant

// GroupingTestInput is an event to be grouped by a project's rules, as they are or as they might be.
type GroupingTestInput struct {
	ProjectPath
	Body struct {
		EventID          string          `json:"eventId,omitempty" doc:"A stored event of the project; or"`
		Event            json.RawMessage `json:"event,omitempty" doc:"an event as an SDK sends it."`
		FingerprintRules *string         `json:"fingerprintRules,omitempty" doc:"Rules to try instead of the project's."`
		StackTraceRules  *string         `json:"stackTraceRules,omitempty" doc:"Rules to try instead of the project's."`
	}
}

// RuleErrors are the lines that cannot be read.
type RuleErrors struct {
	FingerprintRules []rules.LineError `json:"fingerprintRules"`
	StackTraceRules  []rules.LineError `json:"stackTraceRules"`
}

// GroupingTest is what grouping makes of an event. With errors nothing was grouped.
type GroupingTest struct {
	Errors      RuleErrors              `json:"errors"`
	Algorithm   string                  `json:"algorithm"`
	Hashes      []string                `json:"hashes" doc:"The first names a new issue; the others are its further names."`
	Title       string                  `json:"title"`
	Culprit     string                  `json:"culprit"`
	MatchedRule string                  `json:"matchedRule" doc:"The fingerprint rule that matched, as written."`
	Issue       Null[IssueRef]          `json:"issue" doc:"Where the event would go now; null: into a new issue."`
	Variants    GroupingInfo            `json:"variants"`
	Stacks      []grouping.StackVerdict `json:"stacks" doc:"What became of each frame, outermost first."`
}

// IssueRef names an issue.
type IssueRef struct {
	ID      string `json:"id"`
	ShortID string `json:"shortId"`
	Title   string `json:"title"`
}

// GroupingInfoInput asks why an event is in its issue.
type GroupingInfoInput struct {
	ProjectPath
	Event string `path:"event"`
}

// compileRules reads the rules of settings.
func compileRules(g settings.Grouping) (*grouping.Config, RuleErrors) {
	c, wrong := new(grouping.Config), RuleErrors{FingerprintRules: []rules.LineError{}, StackTraceRules: []rules.LineError{}}
	var err error
	var bad *rules.Errors
	if c.Fingerprints, err = rules.ParseFingerprints(g.FingerprintRules); errors.As(err, &bad) {
		wrong.FingerprintRules = bad.Lines
	}
	if c.StackTraces, err = rules.ParseStackTraces(g.StackTraceRules); errors.As(err, &bad) {
		wrong.StackTraceRules = bad.Lines
	}
	return c, wrong
}

func (e *RuleErrors) any() bool { return len(e.FingerprintRules)+len(e.StackTraceRules) > 0 }

// checkGrouping refuses rules that cannot be read, naming the first wrong line of each kind.
func checkGrouping(g settings.Grouping) error {
	_, wrong := compileRules(g)
	for _, w := range []struct {
		name  string
		lines []rules.LineError
	}{{"fingerprint rules", wrong.FingerprintRules}, {"stack trace rules", wrong.StackTraceRules}} {
		if len(w.lines) > 0 {
			return fmt.Errorf("%s, line %d: %s", w.name, w.lines[0].Line, w.lines[0].Message)
		}
	}
	return nil
}

// component spells a component as Sentry does.
func component(c *grouping.Component) *GroupingComponent {
	out := &GroupingComponent{ID: c.ID, Name: c.ID, Contributes: c.Contributes, Hint: text(c.Hint), Values: []any{}}
	if c.Value != "" {
		out.Values = append(out.Values, c.Value)
	}
	for _, child := range c.Children {
		out.Values = append(out.Values, component(child))
	}
	return out
}

var variantWords = map[string]string{
	"app": "the application's own frames", "system": "all frames", "message": "the message", "custom-fingerprint": "a fingerprint",
	"fallback": "where it came from, for want of anything better", "csp": "the rule of the page that was broken", "monitor": "the scheduled job", "template": "the template's line",
}

// groupingInfo spells the variants; stored is the hash that chose the event's issue, empty when not known.
func groupingInfo(r *grouping.Result, stored string) GroupingInfo {
	out := GroupingInfo{}
	for i := range r.Variants {
		v := &r.Variants[i]
		kind := "component"
		if v.Name == "custom-fingerprint" || v.Name == "fallback" {
			kind = v.Name
		}
		words := variantWords[v.Name]
		if words == "" {
			words = v.Name
		}
		out[v.Name] = GroupingVariant{Type: kind, Hash: v.Hash, HashMismatch: v.Contributes && stored != "" && stored != v.Hash, Description: words,
			Contributes: v.Contributes, Component: component(v.Component), MatchedRule: v.Rule, Config: GroupingConfig{ID: groupingConfig}}
	}
	return out
}
