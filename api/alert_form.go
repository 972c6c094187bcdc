package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/alert/rule"
)

// Sentry's first form of a rule names each part by the path of its Python class. Parts that Sentry has not are ours.
const (
	classPrefix = "sentry.rules."
	ourPrefix   = "hindsight."
	actionMail  = "sentry.mail.actions.NotifyEmailAction"
	actionAll   = "sentry.rules.actions.notify_event.NotifyEventAction"
	actionHook  = "sentry.rules.actions.notify_event_service.NotifyEventServiceAction"
	actionOurs  = "hindsight.actions.channel.ChannelAction"
)

// part is a condition or filter of the first form.
type part struct {
	kind   string // of package rule
	id     string
	filter bool
	fields []string
}

// parts lists the conditions and filters by their ids.
var parts = []part{
	{rule.FirstSeen, classPrefix + "conditions.first_seen_event.FirstSeenEventCondition", false, nil},
	{rule.Regression, classPrefix + "conditions.regression_event.RegressionEventCondition", false, nil},
	{rule.Reappeared, classPrefix + "conditions.reappeared_event.ReappearedEventCondition", false, nil},
	{rule.NewHighPriority, classPrefix + "conditions.high_priority_issue.NewHighPriorityIssueCondition", false, nil},
	{rule.KnownHighPriority, classPrefix + "conditions.high_priority_issue.ExistingHighPriorityIssueCondition", false, nil},
	{rule.EveryEvent, classPrefix + "conditions.every_event.EveryEventCondition", false, nil},
	{rule.EventFrequency, classPrefix + "conditions.event_frequency.EventFrequencyCondition", false, []string{"comparisonType", "value", "interval", "comparisonInterval"}},
	{rule.UserFrequency, classPrefix + "conditions.event_frequency.EventUniqueUserFrequencyCondition", false, []string{"comparisonType", "value", "interval", "comparisonInterval"}},
	{rule.SessionPercent, classPrefix + "conditions.event_frequency.EventFrequencyPercentCondition", false, []string{"comparisonType", "value", "interval", "comparisonInterval"}},
	{rule.BackendReplay, ourPrefix + "conditions.backend_replay.BackendErrorWithReplayCondition", false, nil},
	{rule.CheckInFailure, ourPrefix + "conditions.check_in.CheckInFailureCondition", false, nil},
	{rule.Resolved, ourPrefix + "conditions.resolved.IssueResolvedCondition", false, nil},
	{rule.Age, classPrefix + "filters.age_comparison.AgeComparisonFilter", true, []string{"comparison_type", "value", "time"}},
	{rule.Occurrences, classPrefix + "filters.issue_occurrences.IssueOccurrencesFilter", true, []string{"value"}},
	{rule.AssignedTo, classPrefix + "filters.assigned_to.AssignedToFilter", true, []string{"targetType", "targetIdentifier"}},
	{rule.LatestAdopted, classPrefix + "filters.latest_adopted_release_filter.LatestAdoptedReleaseFilter", true, []string{"oldest_or_newest", "older_or_newer", "environment"}},
	{rule.LatestRelease, classPrefix + "filters.latest_release.LatestReleaseFilter", true, nil},
	{rule.Category, classPrefix + "filters.issue_category.IssueCategoryFilter", true, []string{"value"}},
	{rule.Attribute, classPrefix + "filters.event_attribute.EventAttributeFilter", true, []string{"attribute", "match", "value"}},
	{rule.Tagged, classPrefix + "filters.tagged_event.TaggedEventFilter", true, []string{"key", "match", "value"}},
	{rule.Level, classPrefix + "filters.level.LevelFilter", true, []string{"level", "match"}},
	{rule.FirstRelease, ourPrefix + "filters.first_release.FirstReleaseFilter", true, nil},
	{rule.HasReplay, ourPrefix + "filters.has_replay.HasReplayFilter", true, nil},
	{rule.PriorityAtLeast, ourPrefix + "filters.priority.PriorityFilter", true, []string{"value"}},
}

func partOf(kind string) *part {
	for i := range parts {
		if parts[i].kind == kind {
			return &parts[i]
		}
	}
	return nil
}

// element is a condition, filter or action as a client sends it: an object told apart by its id.
type element = map[string]any

func word(e element, key string) string {
	switch v := e[key].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case json.Number:
		return v.String()
	}
	return ""
}

func number(e element, key string) float64 {
	n, _ := strconv.ParseFloat(word(e, key), 64)
	return n
}

// readCondition reads a condition or filter of the first form.
func readCondition(e element) (rule.Condition, error) {
	id := word(e, "id")
	for i := range parts {
		p := &parts[i]
		if p.id != id {
			continue
		}
		return p.read(e), nil
	}
	return rule.Condition{}, badField("conditions", fmt.Sprintf("There is no condition or filter with the id %q.", clipped(id)))
}

func clipped(s string) string { return s[:min(len(s), 120)] }

func (p *part) read(e element) rule.Condition {
	c := rule.Condition{Type: p.kind}
	switch p.kind {
	case rule.EventFrequency, rule.UserFrequency, rule.SessionPercent:
		c.Value, c.Interval, c.Than = number(e, "value"), word(e, "interval"), word(e, "comparisonInterval")
		c.Percent = word(e, "comparisonType") == "percent"
	case rule.Age:
		c.Value, c.Unit, c.Newer = number(e, "value"), word(e, "time"), word(e, "comparison_type") == "newer"
	case rule.Occurrences, rule.PriorityAtLeast:
		c.Value = number(e, "value")
	case rule.AssignedTo:
		c.Target, c.TargetID = word(e, "targetType"), word(e, "targetIdentifier")
	case rule.LatestAdopted:
		c.ReleaseAge, c.Newer, c.Env = word(e, "oldest_or_newest"), word(e, "older_or_newer") == "newer", word(e, "environment")
	case rule.Category:
		c.Text = word(e, "value")
	case rule.Attribute:
		c.Key, c.Match, c.Text = word(e, "attribute"), word(e, "match"), word(e, "value")
	case rule.Tagged:
		c.Key, c.Match, c.Text = word(e, "key"), word(e, "match"), word(e, "value")
	case rule.Level:
		c.Value, c.Match = number(e, "level"), word(e, "match")
	}
	return c
}

// writeCondition gives a condition in the first form, with the keys that were sent.
func writeCondition(c *rule.Condition) element {
	p := partOf(c.Type)
	if p == nil { // made in another form, where the first one has no word for it
		return element{"id": ourPrefix + "conditions." + c.Type, "name": c.Words()}
	}
	e := element{"id": p.id, "name": c.Words()}
	switch c.Type {
	case rule.EventFrequency, rule.UserFrequency, rule.SessionPercent:
		e["comparisonType"], e["value"], e["interval"] = "count", c.Value, c.Interval
		if c.Percent {
			e["comparisonType"] = "percent"
		}
		if c.Than != "" {
			e["comparisonInterval"] = c.Than
		}
	case rule.Age:
		e["comparison_type"], e["value"], e["time"] = older(c.Newer), c.Value, c.Unit
	case rule.Occurrences, rule.PriorityAtLeast:
		e["value"] = c.Value
	case rule.AssignedTo:
		e["targetType"] = c.Target
		if c.TargetID != "" {
			e["targetIdentifier"] = c.TargetID
		}
	case rule.LatestAdopted:
		e["oldest_or_newest"], e["older_or_newer"], e["environment"] = c.ReleaseAge, older(c.Newer), c.Env
	case rule.Category:
		e["value"] = c.Text
	case rule.Attribute, rule.Tagged:
		e[map[bool]string{true: "key", false: "attribute"}[c.Type == rule.Tagged]], e["match"] = c.Key, c.Match
		if c.Text != "" {
			e["value"] = c.Text
		}
	case rule.Level:
		e["level"], e["match"] = strconv.Itoa(int(c.Value)), c.Match
	}
	return e
}

func older(newer bool) string {
	if newer {
		return "newer"
	}
	return "older"
}

// mailTargets are the first form's names of whom to mail.
var mailTargets = map[string]string{"IssueOwners": rule.TargetOwners, "Team": rule.TargetTeam, "Member": rule.TargetUser}

// readAction reads an action of the first form.
func readAction(e element) (rule.Action, error) {
	id := word(e, "id")
	a := rule.Action{UUID: word(e, "uuid")}
	switch id {
	case actionMail:
		target, ok := mailTargets[word(e, "targetType")]
		if !ok {
			return a, badField("actions", "An e-mail action's targetType is IssueOwners, Team or Member.")
		}
		a.Type, a.Target, a.TargetID, a.Fallthrough = rule.ToEmail, target, word(e, "targetIdentifier"), word(e, "fallthroughType")
	case actionOurs:
		a.Type, a.ChannelID = rule.ToChannel, int64(number(e, "channelId"))
	case actionAll, actionHook:
		a.Type = rule.ToWebhook
	default:
		name, ok := strings.CutPrefix(id, "sentry.integrations.")
		name, _, _ = strings.Cut(name, ".")
		if !ok || name == "" {
			if id != "sentry.rules.actions.notify_event_sentry_app.NotifyEventSentryAppAction" {
				return a, badField("actions", fmt.Sprintf("There is no action with the id %q.", clipped(id)))
			}
			name = "sentry_app"
		}
		a.Type, a.TargetID = name, word(e, "channel")
	}
	if a.Type != rule.ToChannel && a.Type != rule.ToEmail {
		a.Sent = maps.Clone(e)
		delete(a.Sent, "name")
		delete(a.Sent, "uuid")
	}
	return a, nil
}

// writeAction gives an action in the first form. channels are the names by id.
func writeAction(a *rule.Action, channels map[int64]string) element {
	e := element{"uuid": a.UUID, "name": actionWords(a, channels)}
	switch a.Type {
	case rule.ToEmail:
		e["id"] = actionMail
		for name, target := range mailTargets {
			if target == a.Target {
				e["targetType"] = name
			}
		}
		if a.TargetID != "" {
			e["targetIdentifier"] = a.TargetID
		}
		if a.Fallthrough != "" {
			e["fallthroughType"] = a.Fallthrough
		}
	case rule.ToChannel:
		e["id"], e["channelId"] = actionOurs, itoa(a.ChannelID)
	default:
		maps.Copy(e, a.Sent)
		if e["id"] == nil {
			e["id"] = "sentry.integrations." + a.Type + ".notify_action." + a.Type
		}
	}
	return e
}

func actionWords(a *rule.Action, channels map[int64]string) string {
	switch {
	case a.Type == rule.ToChannel && channels[a.ChannelID] == "":
		return "Send to a channel that was deleted"
	case a.Type == rule.ToChannel:
		return "Send to " + channels[a.ChannelID]
	case a.Type == rule.ToWebhook:
		return "Send to all webhooks"
	case a.Type != rule.ToEmail:
		return "Send to the " + a.Type + " channel " + a.TargetID
	case a.Target == rule.TargetUser:
		return "Mail member " + a.TargetID
	case a.Target == rule.TargetTeam:
		return "Mail team " + a.TargetID
	}
	return "Mail the assignee, or else everybody"
}
