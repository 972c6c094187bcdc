package importer

import (
	"context"
	"fmt"
	"net/url"

	"github.com/hindsight-dev/hindsight/store"
)

// alert is GlitchTip's form of a rule: so many events within so many minutes (its apps/alerts).
type alert struct {
	ID              any
	Name            string
	TimespanMinutes *int
	Quantity        *int
	Uptime          bool
	Environment     string
	AlertRecipients []struct{ RecipientType, URL string }
}

// alerts brings in GlitchTip's alerts as issue alerts.
func (r *run) alerts(ctx context.Context, in *project, p *store.Project, known map[ruleKey]bool) error {
	all, err := list[alert](ctx, r.source, r.of(in, "alerts"), nil)
	if err != nil && !r.absent(in.Slug, "alerts", err) {
		return err
	}
	for i := range all {
		a := &all[i]
		name := a.Name
		if name == "" {
			name = fmt.Sprintf("Alert %v", a.ID)
		}
		if a.Uptime {
			r.note(in.Slug, "alert", name, "of uptime: not imported, there are no uptime checks here")
		}
		if a.Quantity == nil || a.TimespanMinutes == nil {
			continue
		}
		if err := r.rule(ctx, in, p, a.rule(r, in.Slug, name), known); err != nil {
			return err
		}
	}
	return nil
}

// windows are those a rule can have, in minutes.
var windows = []struct {
	minutes int
	name    string
}{{1, "1m"}, {5, "5m"}, {15, "15m"}, {60, "1h"}, {24 * 60, "1d"}, {7 * 24 * 60, "1w"}, {30 * 24 * 60, "30d"}}

// rule is the alert as Sentry would have it. GlitchTip tells at so many events, Sentry above so many.
func (a *alert) rule(r *run, project, name string) part {
	at := windows[len(windows)-1]
	for _, w := range windows {
		if w.minutes >= *a.TimespanMinutes {
			at = w
			break
		}
	}
	if at.minutes != *a.TimespanMinutes {
		r.note(project, "alert", name, "counts events within %s; there it is %d minutes", at.name, *a.TimespanMinutes)
	}
	out := part{"name": name, "actionMatch": "any", "filterMatch": "all", "frequency": max(*a.TimespanMinutes, 5),
		"conditions": []any{part{"id": "sentry.rules.conditions.event_frequency.EventFrequencyCondition", "comparisonType": "count", "value": max(*a.Quantity-1, 0), "interval": at.name}}}
	if a.Environment != "" {
		out["environment"] = a.Environment
	}
	actions := []any{}
	for _, to := range a.AlertRecipients {
		if to.RecipientType == "email" {
			actions = append(actions, part{"id": "sentry.mail.actions.NotifyEmailAction", "targetType": "IssueOwners", "fallthroughType": "AllMembers"})
			continue
		}
		host := to.RecipientType
		if u, err := url.Parse(to.URL); err == nil && u.Host != "" {
			host = u.Host // the rest of such an address is a secret
		}
		actions = append(actions, part{"id": "sentry.integrations." + to.RecipientType + ".notify_action", "channel": host})
	}
	if len(actions) == 0 { // it mails then
		actions = append(actions, part{"id": "sentry.mail.actions.NotifyEmailAction", "targetType": "IssueOwners", "fallthroughType": "AllMembers"})
	}
	out["actions"] = actions
	return out
}
