package importer

import (
	"cmp"
	"fmt"
	"strings"
)

// targets brings whom a rule tells, and whom it asks for, into the words of this server.
type targets struct {
	*run
	project, name string

	wrong string   // why the rule cannot be what it was
	off   bool     // it tells somebody who has to be set up first
	todo  []string // what is to be set up
}

// tell notes what is to be done before a rule does what it did.
func (t *targets) tell(kind string) {
	if len(t.todo) > 0 {
		t.note(t.project, kind, t.name, "is off until you have set up %s", strings.Join(t.todo, ", "))
	}
}

func (t *targets) later(what string, args ...any) {
	t.off = true
	t.todo = append(t.todo, fmt.Sprintf(what, args...))
}

// filters brings assignees into our numbers.
func (t *targets) filters(fs []part) []part {
	for _, f := range fs {
		id := word(f, "targetIdentifier")
		if !strings.HasSuffix(word(f, "id"), "AssignedToFilter") || id == "" {
			continue
		}
		mine := t.number(word(f, "targetType"), id)
		if mine == "" {
			t.wrong = fmt.Sprintf("it asks for issues assigned to %s, who is not here", t.whom(id))
		}
		f["targetIdentifier"] = mine
	}
	return fs
}

// number is ours for a team or member there; empty: they are not here.
func (t *targets) number(kind, id string) string {
	if strings.EqualFold(kind, "team") {
		return t.teamID(id)
	}
	return t.user(id)
}

// actions keeps those that this server does, and names what the others need.
func (t *targets) actions(as []part) []part {
	kept := []part{}
	for _, a := range as {
		id := word(a, "id")
		switch {
		case strings.HasSuffix(id, "NotifyEmailAction"):
			to := word(a, "targetIdentifier")
			if word(a, "targetType") != "IssueOwners" && to != "" {
				mine := t.number(word(a, "targetType"), to)
				if mine == "" {
					t.later("somebody to mail instead of %s, who is not here", t.whom(to))
					continue
				}
				a["targetIdentifier"] = mine
			}
		case strings.HasSuffix(id, "NotifyEventAction"):
			t.later("a webhook channel (it tells all legacy integrations there)")
		case strings.HasSuffix(id, "NotifyEventServiceAction"):
			t.later("a webhook channel (the service %q there)", word(a, "service"))
		default:
			t.later("%s", channelOf(id, a))
		}
		kept = append(kept, a)
	}
	return kept
}

// channelNames are what people call integrations.
var channelNames = map[string]string{"slack": "Slack", "msteams": "Microsoft Teams", "discord": "Discord", "pagerduty": "PagerDuty", "opsgenie": "Opsgenie",
	"jira": "Jira", "jira_server": "Jira Server", "github": "GitHub", "github_enterprise": "GitHub Enterprise", "vsts": "Azure DevOps", "sentry_app": "custom integration", "webhook": "webhook"}

// channelOf names the channel that an integration's action needs.
func channelOf(id string, a part) string {
	kind, ok := strings.CutPrefix(id, "sentry.integrations.")
	kind, _, _ = strings.Cut(kind, ".")
	if !ok {
		kind = cmp.Or(word(a, "type"), "sentry_app")
	}
	where := cmp.Or(word(a, "channel"), word(a, "inputChannelId"), word(a, "service"), word(a, "team"), word(a, "desc"), word(a, "targetIdentifier"))
	out := "a " + cmp.Or(channelNames[kind], kind) + " channel"
	if where != "" {
		out += " for " + where
	}
	return out
}

// triggers brings those of a metric alert into our numbers.
func (t *targets) triggers(ts []part) []part {
	out := []part{}
	for _, in := range ts {
		tr := part{"label": in["label"], "alertThreshold": in["alertThreshold"]}
		as := []part{}
		for _, a := range parts(in, "actions") {
			if word(a, "type") != "email" {
				t.later("%s", channelOf("", a))
				as = append(as, a)
				continue
			}
			to := word(a, "targetIdentifier")
			mine := t.number(word(a, "targetType"), to)
			if mine == "" {
				t.later("somebody to mail instead of %s, who is not here", t.whom(to))
				continue
			}
			a["targetIdentifier"] = mine
			as = append(as, a)
		}
		tr["actions"] = as
		out = append(out, tr)
	}
	return out
}
