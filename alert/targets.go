package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
)

// maxRecipients bounds the people one action mails.
const maxRecipients = 50

// deliveries makes what a rule's groups have to tell, one for each channel and each person.
func (w *Worker) deliveries(ctx context.Context, org *orgRules, r *knownRule, groups []rule.Group, s *store.AlertSignal, why string) ([]store.AlertDelivery, error) {
	var actions []rule.Action
	for _, g := range groups {
		actions = append(actions, g.Do...)
	}
	return w.actionDeliveries(ctx, org, r, actions, s, why)
}

func (w *Worker) actionDeliveries(ctx context.Context, org *orgRules, r *knownRule, actions []rule.Action, s *store.AlertSignal, why string) ([]store.AlertDelivery, error) {
	base := store.AlertDelivery{OrgID: s.OrgID, ProjectID: s.ProjectID, RuleID: r.row.ID, RuleName: r.row.Name, Reason: why,
		IssueID: s.IssueID, EventID: s.EventID, ReplayID: s.ReplayID, Body: s.Body, DeadlineMS: channel.KeepTrying.Milliseconds()}
	now := w.cfg.Now()
	if end := r.doc.Quiet.Until(now); end.After(now) {
		base.NotBeforeMS = end.UnixMilli()
	}
	together := r.doc.Digest != nil || base.NotBeforeMS != 0
	if d := r.doc.Digest; d != nil {
		base.HoldMS, base.MaxHoldMS = int64(d.MinSeconds)*1000, int64(d.MaxSeconds)*1000
	}
	var out []store.AlertDelivery
	seen := map[string]bool{}
	add := func(d store.AlertDelivery) {
		if seen[d.Lane+"\n"+d.Target] { // two actions that lead to the same place
			return
		}
		seen[d.Lane+"\n"+d.Target] = true
		d.Key = key("signal", strconv.FormatInt(s.ID, 10), strconv.FormatInt(s.CreatedMS, 10), strconv.FormatInt(r.row.ID, 10), d.Lane, d.Target)
		if together {
			d.Digest = fmt.Sprintf("%d %s %s", r.row.ID, d.Lane, d.Target)
		}
		out = append(out, d)
	}
	for i := range actions {
		a := &actions[i]
		if a.Type == rule.ToEmail {
			addresses, err := w.recipients(ctx, org, a, s)
			if err != nil {
				return nil, err
			}
			for _, to := range addresses {
				d := base
				d.Kind, d.Target, d.Lane = channel.Email, to, channel.MailLane
				add(d)
			}
			continue
		}
		for _, c := range channelsOf(org, a) {
			d := base
			d.Kind, d.Target, d.ChannelID, d.Lane = c.Kind, c.Name, c.ID, channel.Lane(c.Kind, c.ID)
			add(d)
		}
	}
	return out, nil
}

// key is an idempotency key of what makes a message itself.
func key(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// channelsOf gives the channels an action leads to. Sentry's integrations have no id here: theirs is the
// channel of that kind whose name is the integration's channel, or the only one of that kind.
func channelsOf(org *orgRules, a *rule.Action) []*store.AlertChannel {
	var out, ofKind []*store.AlertChannel
	for i := range org.channels {
		c := &org.channels[i]
		switch {
		case a.Type == rule.ToChannel && c.ID == a.ChannelID:
			return []*store.AlertChannel{c}
		case a.Type == rule.ToWebhook && c.Kind == channel.Webhook: // Sentry's service "webhooks" is all of them
			out = append(out, c)
		case a.Type == c.Kind:
			ofKind = append(ofKind, c)
			if a.TargetID != "" && strings.EqualFold(strings.TrimPrefix(a.TargetID, "#"), strings.TrimPrefix(c.Name, "#")) {
				out = append(out, c)
			}
		}
	}
	if len(out) == 0 && len(ofKind) == 1 {
		return ofKind
	}
	return out
}

// recipients gives the addresses of the people an action mails.
func (w *Worker) recipients(ctx context.Context, org *orgRules, a *rule.Action, s *store.AlertSignal) ([]string, error) {
	var out []string
	all := func() {
		for i := range org.members {
			out = append(out, org.members[i].Email)
		}
	}
	one := func(id int64) {
		for i := range org.members {
			if org.members[i].ID == id {
				out = append(out, org.members[i].Email)
			}
		}
	}
	members := func(team int64) {
		for _, t := range org.teams {
			if t.TeamID == team {
				one(t.UserID)
			}
		}
	}
	id, _ := strconv.ParseInt(a.TargetID, 10, 64)
	switch a.Target {
	case rule.TargetUser:
		one(id)
	case rule.TargetTeam:
		members(id)
	default:
		if s.IssueID != 0 {
			i, err := w.cfg.Store.Issue(ctx, store.Scope{OrgID: s.OrgID}, s.IssueID)
			if err != nil {
				return nil, err
			}
			if i.AssigneeID != nil {
				one(*i.AssigneeID)
			}
			if i.AssigneeTeamID != nil {
				members(*i.AssigneeTeamID)
			}
		}
		if len(out) == 0 && a.Fallthrough != rule.NoOne {
			all()
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxRecipients)], nil
}
