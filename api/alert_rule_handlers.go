package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerAlertRules() {
	const org, project = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "listRules", Method: "GET", Path: project + "rules/", Access: "alerts:read", Summary: "Issue alerts of a project"}, a.listRules)
	handle(a, Route{ID: "createRule", Method: "POST", Path: project + "rules/", Access: "alerts:write", Summary: "Make an issue alert", Status: 201}, a.createRule)
	handle(a, Route{ID: "getRuleConfiguration", Method: "GET", Path: project + "rules/configuration/", Access: "alerts:read", Summary: "What issue alerts can be made of"}, a.getRuleConfiguration)
	handle(a, Route{ID: "getRule", Method: "GET", Path: project + "rules/{rule}/", Access: "alerts:read", Summary: "An issue alert"}, a.getRule)
	handle(a, Route{ID: "updateRule", Method: "PUT", Path: project + "rules/{rule}/", Access: "alerts:write", Summary: "Replace an issue alert"}, a.updateRule)
	handle(a, Route{ID: "deleteRule", Method: "DELETE", Path: project + "rules/{rule}/", Access: "alerts:write", Summary: "Delete an issue alert", Status: 202}, a.deleteRule)
	handle(a, Route{ID: "snoozeRule", Method: "POST", Path: project + "rules/{rule}/snooze/", Access: "alerts:write", Summary: "Silence an issue alert", Status: 201}, a.snoozeRule)
	handle(a, Route{ID: "unsnoozeRule", Method: "DELETE", Path: project + "rules/{rule}/snooze/", Access: "alerts:write", Summary: "End the silence of an issue alert", Status: 204}, a.unsnoozeRule)
	handle(a, Route{ID: "listRuleHistory", Method: "GET", Path: project + "rules/{rule}/group-history/", Access: "alerts:read", Summary: "Issues that a rule told of"}, a.listRuleHistory)
	handle(a, Route{ID: "getRuleStats", Method: "GET", Path: project + "rules/{rule}/stats/", Access: "alerts:read", Summary: "How often a rule fired, by the hour"}, a.getRuleStats)
	handle(a, Route{ID: "listCombinedRules", Method: "GET", Path: org + "combined-rules/", Access: "alerts:read", Summary: "Rules of all kinds"}, a.listCombinedRules)
}

// ruleProjects reads the ids of a rule's projects; none: all.
func ruleProjects(r *store.AlertRule) []int64 {
	var ids []int64
	_ = json.Unmarshal([]byte(r.Projects), &ids) // our own JSON
	return ids
}

func projectsJSON(ids ...int64) string {
	if ids == nil {
		ids = []int64{}
	}
	b, _ := json.Marshal(ids) // numbers
	return string(b)
}

func ruleOf(r *store.AlertRule) (*rule.Rule, error) { return rule.Parse(r.Body) }

// issueRule gives an issue alert that is for the request's project.
func (a *API) issueRule(ctx context.Context, rq *request, id int64) (*store.AlertRule, error) {
	r, err := a.Store.AlertRule(ctx, rq.scope, id)
	if err != nil {
		return nil, a.fail("read alert rule", err)
	}
	if ids := ruleProjects(r); r.Kind != store.AlertIssue || len(ids) > 0 && !slices.Contains(ids, rq.project.ID) {
		return nil, errNotFound
	}
	return r, nil
}

func (a *API) alertRule(ctx context.Context, rq *request, row *store.AlertRule, names *ruleNames) (AlertRule, error) {
	doc, err := ruleOf(row)
	if err != nil {
		return AlertRule{}, a.fail("read alert rule", err)
	}
	out := AlertRule{ID: itoa(row.ID), Name: row.Name, ActionMatch: strings.TrimSuffix(doc.Match, "-short"), FilterMatch: "all", Frequency: doc.Frequency,
		Environment: text(row.Environment), Owner: text(doc.Owner), Projects: names.slugs(ruleProjects(row)), Status: "active",
		Snooze: row.SnoozedUntilMS > a.Now().UnixMilli(), DateCreated: at(row.CreatedMS), LastTriggered: atPtr(row.FiredMS), CreatedBy: null(names.author(row.CreatedBy)),
		Conditions: []element{}, Filters: []element{}, Actions: []element{}, Digest: null(doc.Digest), Quiet: null(doc.Quiet)}
	if !row.Enabled {
		out.Status = "disabled"
	}
	if out.Snooze && row.SnoozedUntilMS != store.Forever {
		out.SnoozedUntil = atPtr(&row.SnoozedUntilMS)
	}
	for i := range doc.When {
		out.Conditions = append(out.Conditions, writeCondition(&doc.When[i]))
	}
	for i, g := range doc.Then {
		if i == 0 {
			out.FilterMatch = strings.TrimSuffix(g.Match, "-short")
		}
		for i := range g.If {
			out.Filters = append(out.Filters, writeCondition(&g.If[i]))
		}
		for i := range g.Do {
			out.Actions = append(out.Actions, writeAction(&g.Do[i], names.channels))
		}
	}
	return out, nil
}

// ruleNames are what rules name by id.
type ruleNames struct {
	set      *projectSet
	channels map[int64]string
	members  map[int64]*store.Member
}

func (a *API) ruleNames(ctx context.Context, rq *request) (*ruleNames, error) {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	n := &ruleNames{set: set, channels: map[int64]string{}, members: map[int64]*store.Member{}}
	cs, err := a.Store.AlertChannels(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list channels", err)
	}
	for i := range cs {
		n.channels[cs[i].ID] = cs[i].Name
	}
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list members", err)
	}
	for i := range ms {
		n.members[ms[i].ID] = &ms[i]
	}
	return n, nil
}

// slugs names projects; none: all of them.
func (n *ruleNames) slugs(ids []int64) []string {
	out := []string{}
	for i := range n.set.list {
		if p := &n.set.list[i]; len(ids) == 0 || slices.Contains(ids, p.ID) {
			out = append(out, p.Slug)
		}
	}
	return out
}

func (n *ruleNames) author(id *int64) *RuleAuthor {
	if id == nil || n.members[*id] == nil {
		return nil
	}
	m := n.members[*id]
	return &RuleAuthor{ID: m.ID, Name: m.Name, Email: m.Email}
}

// read makes a rule's document of the first form.
func (b *AlertRuleBody) read(old *rule.Rule) (*rule.Rule, error) {
	doc := &rule.Rule{Match: b.ActionMatch, Frequency: int(number(element{"f": b.Frequency}, "f")), Digest: b.Digest, Quiet: b.Quiet}
	if doc.Match == "" {
		doc.Match = "any"
	}
	if doc.Frequency == 0 {
		doc.Frequency = 30
	}
	if b.Owner != nil {
		doc.Owner = *b.Owner
	}
	if old != nil {
		doc.Detectors = old.Detectors
	}
	g := rule.Group{Match: b.FilterMatch, If: []rule.Condition{}, Do: []rule.Action{}}
	if g.Match == "" {
		g.Match = "all"
	}
	doc.When = []rule.Condition{}
	for _, e := range b.Conditions {
		c, err := readCondition(e)
		if err != nil {
			return nil, err
		}
		if p := partOf(c.Type); p.filter { // old clients send filters among the conditions
			g.If = append(g.If, c)
		} else {
			doc.When = append(doc.When, c)
		}
	}
	for _, e := range b.Filters {
		c, err := readCondition(e)
		if err != nil {
			return nil, err
		}
		g.If = append(g.If, c)
	}
	for _, e := range b.Actions {
		act, err := readAction(e)
		if err != nil {
			return nil, err
		}
		if act.UUID == "" {
			act.UUID = newUUID()
		}
		g.Do = append(g.Do, act)
	}
	doc.Then = []rule.Group{g}
	doc.Number()
	return doc, checkRule(doc)
}

func checkRule(doc *rule.Rule) error {
	err := doc.Validate()
	var wrong *rule.Invalid
	if errors.As(err, &wrong) {
		return &Error{status: http.StatusBadRequest, Detail: sentence(wrong), fields: map[string][]string{wrong.Field: {wrong.Message}}}
	}
	return err
}

func newUUID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return dashed(hex.EncodeToString(b))
}

// dashed spells 32 hex characters as a UUID.
func dashed(s string) string {
	if len(s) != 32 {
		return s
	}
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (a *API) listRules(ctx context.Context, in *RulesInput) (*List[AlertRule], error) {
	rq := from(ctx)
	rows, err := a.Store.AlertRules(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list alert rules", err)
	}
	rows = slices.DeleteFunc(rows, func(r store.AlertRule) bool {
		ids := ruleProjects(&r)
		return r.Kind != store.AlertIssue || len(ids) > 0 && !slices.Contains(ids, rq.project.ID)
	})
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	names, err := a.ruleNames(ctx, rq)
	if err != nil {
		return nil, err
	}
	out := make([]AlertRule, len(page))
	for i := range page {
		if out[i], err = a.alertRule(ctx, rq, &page[i], names); err != nil {
			return nil, err
		}
	}
	return &List[AlertRule]{Link: link, Body: out}, nil
}

func (a *API) oneRule(ctx context.Context, rq *request, row *store.AlertRule) (*One[AlertRule], error) {
	names, err := a.ruleNames(ctx, rq)
	if err != nil {
		return nil, err
	}
	out, err := a.alertRule(ctx, rq, row, names)
	return one(out), err
}

func (a *API) createRule(ctx context.Context, in *CreateRuleInput) (*One[AlertRule], error) {
	rq := from(ctx)
	doc, err := in.Body.read(nil)
	if err != nil {
		return nil, err
	}
	row := store.AlertRule{Kind: store.AlertIssue, Name: in.Body.Name, Enabled: in.Body.Status != "disabled", Projects: projectsJSON(rq.project.ID), Body: doc.JSON()}
	if in.Body.Environment != nil {
		row.Environment = *in.Body.Environment
	}
	if id := rq.caller.userID(); id != 0 {
		row.CreatedBy = &id
	}
	made, err := a.Store.CreateAlertRule(ctx, rq.scope, row)
	if err != nil {
		return nil, a.failWrite("create alert rule", err, "")
	}
	return a.oneRule(ctx, rq, made)
}

func (a *API) getRule(ctx context.Context, in *RuleInput) (*One[AlertRule], error) {
	rq := from(ctx)
	row, err := a.issueRule(ctx, rq, in.Rule)
	if err != nil {
		return nil, err
	}
	return a.oneRule(ctx, rq, row)
}

func (a *API) updateRule(ctx context.Context, in *UpdateRuleInput) (*One[AlertRule], error) {
	rq := from(ctx)
	row, err := a.issueRule(ctx, rq, in.Rule)
	if err != nil {
		return nil, err
	}
	old, err := ruleOf(row)
	if err != nil {
		return nil, a.fail("read alert rule", err)
	}
	doc, err := in.Body.read(old)
	if err != nil {
		return nil, err
	}
	row.Name, row.Body, row.Environment = in.Body.Name, doc.JSON(), ""
	if in.Body.Environment != nil {
		row.Environment = *in.Body.Environment
	}
	if in.Body.Status != "" {
		row.Enabled = in.Body.Status != "disabled"
	}
	if row, err = a.Store.UpdateAlertRule(ctx, rq.scope, *row); err != nil {
		return nil, a.failWrite("update alert rule", err, "")
	}
	return a.oneRule(ctx, rq, row)
}

func (a *API) deleteRule(ctx context.Context, in *RuleInput) (*Nothing, error) {
	rq := from(ctx)
	if _, err := a.issueRule(ctx, rq, in.Rule); err != nil {
		return nil, err
	}
	return nil, a.fail("delete alert rule", a.Store.DeleteAlertRule(ctx, rq.scope, in.Rule))
}

func (a *API) getRuleConfiguration(context.Context, *ProjectPath) (*One[RuleConfiguration], error) {
	out := RuleConfiguration{Conditions: []RulePart{}, Filters: []RulePart{}, Actions: []RulePart{
		{ID: actionMail, Label: "Mail people", Enabled: a.Mail, FormFields: map[string]string{"targetType": "choice", "targetIdentifier": "string", "fallthroughType": "choice"}},
		{ID: actionOurs, Label: "Send to a channel", Enabled: true, FormFields: map[string]string{"channelId": "number"}},
		{ID: actionHook, Label: "Send to all webhooks", Enabled: true, FormFields: map[string]string{"service": "choice"}},
	}}
	for i := range parts {
		p := &parts[i]
		c := rule.Condition{Type: p.kind}
		rp := RulePart{ID: p.id, Label: c.Words(), Enabled: true, FormFields: map[string]string{}}
		for _, f := range p.fields {
			rp.FormFields[f] = "string"
			if f == "value" && p.kind != rule.Category && p.kind != rule.Attribute && p.kind != rule.Tagged {
				rp.FormFields[f] = "number"
			}
		}
		if p.filter {
			out.Filters = append(out.Filters, rp)
		} else {
			out.Conditions = append(out.Conditions, rp)
		}
	}
	return one(out), nil
}
