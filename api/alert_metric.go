package api

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

// MetricRule is a metric alert in Sentry's first form. Its window is in minutes.
type MetricRule struct {
	ID               string           `json:"id"`
	Name             string           `json:"name"`
	OrganizationID   string           `json:"organizationId"`
	Status           int              `json:"status" doc:"0 active, 4 disabled"`
	QueryType        int              `json:"queryType"`
	Dataset          string           `json:"dataset"`
	Query            string           `json:"query"`
	Aggregate        string           `json:"aggregate"`
	ThresholdType    int              `json:"thresholdType" doc:"0 above, 1 below"`
	ResolveThreshold *float64         `json:"resolveThreshold"`
	TimeWindow       int              `json:"timeWindow"`
	Environment      *string          `json:"environment"`
	Triggers         []MetricTrigger  `json:"triggers"`
	Projects         []string         `json:"projects"`
	Owner            *string          `json:"owner"`
	OriginalRuleID   *string          `json:"originalAlertRuleId"`
	ComparisonDelta  *int             `json:"comparisonDelta"`
	DateModified     time.Time        `json:"dateModified"`
	DateCreated      time.Time        `json:"dateCreated"`
	CreatedBy        Null[RuleAuthor] `json:"createdBy"`
	EventTypes       []string         `json:"eventTypes"`
	State            string           `json:"state" doc:"Ours: ok, warning, critical."`
	Snooze           bool             `json:"snooze"`
	SnoozedUntil     *time.Time       `json:"snoozedUntil" doc:"Ours: null while snoozed without an end."`
	LastTriggered    *time.Time       `json:"lastTriggered" doc:"Ours."`
}

// MetricTrigger is a threshold with what it does.
type MetricTrigger struct {
	ID               string         `json:"id"`
	AlertRuleID      string         `json:"alertRuleId"`
	Label            string         `json:"label"`
	ThresholdType    int            `json:"thresholdType"`
	AlertThreshold   float64        `json:"alertThreshold"`
	ResolveThreshold *float64       `json:"resolveThreshold"`
	DateCreated      time.Time      `json:"dateCreated"`
	Actions          []MetricAction `json:"actions"`
}

// MetricAction tells somebody.
type MetricAction struct {
	ID               string    `json:"id"`
	TriggerID        string    `json:"alertRuleTriggerId"`
	Type             string    `json:"type"`
	TargetType       string    `json:"targetType"`
	TargetIdentifier *string   `json:"targetIdentifier"`
	InputChannelID   *string   `json:"inputChannelId"`
	IntegrationID    *int64    `json:"integrationId"`
	SentryAppID      *int64    `json:"sentryAppId"`
	DateCreated      time.Time `json:"dateCreated"`
	Desc             string    `json:"desc"`
}

// MetricRuleBody makes a metric alert.
type MetricRuleBody struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Name             string    `json:"name" minLength:"1" maxLength:"200"`
	Dataset          string    `json:"dataset,omitempty"`
	Query            string    `json:"query,omitempty"`
	Aggregate        string    `json:"aggregate,omitempty"`
	ThresholdType    int       `json:"thresholdType,omitempty"`
	ResolveThreshold *float64  `json:"resolveThreshold,omitempty" nullable:"true"`
	TimeWindow       float64   `json:"timeWindow,omitempty"`
	Environment      *string   `json:"environment,omitempty" nullable:"true"`
	Triggers         []element `json:"triggers,omitempty"`
	Projects         []string  `json:"projects,omitempty"`
	Owner            *string   `json:"owner,omitempty" nullable:"true"`
	ComparisonDelta  *float64  `json:"comparisonDelta,omitempty" nullable:"true"`
	EventTypes       []string  `json:"eventTypes,omitempty"`
	Status           int       `json:"status,omitempty"`
}

// MetricRulesInput lists metric alerts.
type MetricRulesInput struct {
	OrgPath
	PageParams
	FilterParams
}

// MetricRuleInput names a metric alert.
type MetricRuleInput struct {
	OrgPath
	Rule int64 `path:"rule"`
}

// CreateMetricRuleInput makes a metric alert.
type CreateMetricRuleInput struct {
	OrgPath
	Body MetricRuleBody
}

// UpdateMetricRuleInput replaces a metric alert.
type UpdateMetricRuleInput struct {
	MetricRuleInput
	Body MetricRuleBody
}

// CreateProjectMetricRuleInput makes a metric alert of a project.
type CreateProjectMetricRuleInput struct {
	ProjectPath
	Body MetricRuleBody
}

// UpdateProjectMetricRuleInput replaces a metric alert of a project.
type UpdateProjectMetricRuleInput struct {
	RuleInput
	Body MetricRuleBody
}

// SnoozeMetricInput silences a metric alert.
type SnoozeMetricInput struct {
	MetricRuleInput
	Body SnoozeBody
}

func (a *API) registerMetricRules() {
	const org, project = "/api/0/organizations/{org}/alert-rules/", "/api/0/projects/{org}/{project}/alert-rules/"
	handle(a, Route{ID: "listMetricRules", Method: "GET", Path: org, Access: "alerts:read", Summary: "Metric alerts"}, a.listMetricRules)
	handle(a, Route{ID: "createMetricRule", Method: "POST", Path: org, Access: "alerts:write", Summary: "Make a metric alert", Status: 201}, a.createMetricRule)
	handle(a, Route{ID: "getMetricRule", Method: "GET", Path: org + "{rule}/", Access: "alerts:read", Summary: "A metric alert"}, a.getMetricRule)
	handle(a, Route{ID: "updateMetricRule", Method: "PUT", Path: org + "{rule}/", Access: "alerts:write", Summary: "Replace a metric alert"}, a.updateMetricRule)
	handle(a, Route{ID: "deleteMetricRule", Method: "DELETE", Path: org + "{rule}/", Access: "alerts:write", Summary: "Delete a metric alert", Status: 204}, a.deleteMetricRule)
	handle(a, Route{ID: "snoozeMetricRule", Method: "POST", Path: org + "{rule}/snooze/", Access: "alerts:write", Summary: "Silence a metric alert", Status: 201}, a.snoozeMetricRule)
	handle(a, Route{ID: "unsnoozeMetricRule", Method: "DELETE", Path: org + "{rule}/snooze/", Access: "alerts:write", Summary: "End the silence of a metric alert", Status: 204}, a.unsnoozeMetricRule)
	handle(a, Route{ID: "createProjectMetricRule", Method: "POST", Path: project, Access: "alerts:write", Summary: "Make a metric alert of a project", Status: 201},
		func(ctx context.Context, in *CreateProjectMetricRuleInput) (*One[MetricRule], error) {
			return a.makeMetricRule(ctx, &in.Body, from(ctx).project)
		})
	handle(a, Route{ID: "getProjectMetricRule", Method: "GET", Path: project + "{rule}/", Access: "alerts:read", Summary: "A metric alert of a project"},
		func(ctx context.Context, in *RuleInput) (*One[MetricRule], error) {
			return a.oneMetricRule(ctx, in.Rule)
		})
	handle(a, Route{ID: "updateProjectMetricRule", Method: "PUT", Path: project + "{rule}/", Access: "alerts:write", Summary: "Replace a metric alert of a project"},
		func(ctx context.Context, in *UpdateProjectMetricRuleInput) (*One[MetricRule], error) {
			return a.changeMetricRule(ctx, in.Rule, &in.Body)
		})
	handle(a, Route{ID: "deleteProjectMetricRule", Method: "DELETE", Path: project + "{rule}/", Access: "alerts:write", Summary: "Delete a metric alert of a project", Status: 204},
		func(ctx context.Context, in *RuleInput) (*Nothing, error) { return a.dropMetricRule(ctx, in.Rule) })
}

// The metricDatasets as Sentry calls them, and which of ours they are.
var metricDatasets = map[string]string{"": store.DatasetEvents, "events": store.DatasetEvents, "error-events": store.DatasetEvents,
	"transactions": store.DatasetTransactions, "generic_metrics": store.DatasetTransactions, "events_analytics_platform": store.DatasetTransactions,
	"spans": store.DatasetTransactions, "metrics": store.DatasetSessions, "sessions": store.DatasetSessions, "logs": store.DatasetLogs, "ourlogs": store.DatasetLogs}

// metricAggregates are Sentry's spellings of what we can compute.
var metricAggregates = map[string]string{"": store.AggregateCount, "count()": store.AggregateCount, "count(span.duration)": store.AggregateCount, "count(message)": store.AggregateCount,
	"count_unique(user)": store.AggregateUsers, "count_unique(tags[sentry:user])": store.AggregateUsers}

func aggregateOf(dataset, s string) string {
	if dataset == store.DatasetSessions {
		return store.AggregateCrashFree
	}
	if v, ok := metricAggregates[s]; ok {
		return v
	}
	return strings.Replace(strings.Replace(s, "(span.duration)", "(transaction.duration)", 1), "percentile(transaction.duration,0.", "p(transaction.duration,0.", 1)
}

func (a *API) metric(ctx context.Context, rq *request, set *projectSet, dataset, aggregate, query string) (*rule.Metric, error) {
	m := &rule.Metric{Dataset: metricDatasets[dataset], Query: query, DataSource: dataset}
	if m.Dataset == "" {
		return nil, badRequest("Dataset must be events, transactions, logs or sessions.")
	}
	m.Aggregate = aggregateOf(m.Dataset, aggregate)
	if m.Dataset != store.DatasetEvents && strings.TrimSpace(query) != "" {
		return nil, badRequest("A query narrows error events only; of transactions, logs and sessions all count.")
	}
	node, err := search.Parse(query)
	if err != nil {
		return nil, badRequest(err.Error())
	}
	c := a.searchContext(ctx, rq, set)
	c.Releases = nil // the filter is kept, and who is the latest changes
	if m.Filter, err = search.Events(c, node); err != nil {
		return nil, badRequest(err.Error())
	}
	return m, nil
}

// readMetric makes a rule's document of the first form.
func (a *API) readMetric(ctx context.Context, rq *request, set *projectSet, b *MetricRuleBody) (*rule.Rule, error) {
	m, err := a.metric(ctx, rq, set, b.Dataset, b.Aggregate, b.Query)
	if err != nil {
		return nil, err
	}
	m.WindowSec, m.Below, m.Resolve, m.EventTypes = int(b.TimeWindow*60), b.ThresholdType == 1, b.ResolveThreshold, b.EventTypes
	if b.ComparisonDelta != nil {
		m.DeltaSec = int(*b.ComparisonDelta * 60)
	}
	for _, t := range b.Triggers {
		tr := rule.Trigger{Label: word(t, "label"), At: number(t, "alertThreshold"), Do: []rule.Action{}}
		list, _ := t["actions"].([]any)
		for _, v := range list {
			e, _ := v.(map[string]any)
			tr.Do = append(tr.Do, readMetricAction(e))
		}
		m.Triggers = append(m.Triggers, tr)
	}
	doc := &rule.Rule{Match: "any", When: []rule.Condition{}, Then: []rule.Group{}, Frequency: 1, Metric: m}
	if b.Owner != nil {
		doc.Owner = *b.Owner
	}
	doc.Number()
	return doc, checkRule(doc)
}

func readMetricAction(e element) rule.Action {
	a := rule.Action{Type: word(e, "type"), TargetID: word(e, "targetIdentifier"), Sent: element{}}
	for _, k := range []string{"targetType", "inputChannelId", "integrationId", "sentryAppId"} {
		if e[k] != nil {
			a.Sent[k] = e[k]
		}
	}
	switch {
	case a.Type == rule.ToEmail:
		a.Target = map[string]string{"team": rule.TargetTeam}[word(e, "targetType")]
		if a.Target == "" {
			a.Target = rule.TargetUser
		}
	case a.Type == rule.ToChannel:
		a.ChannelID, _ = strconv.ParseInt(a.TargetID, 10, 64)
	}
	return a
}

func (a *API) metricRule(rq *request, row *store.AlertRule, names *ruleNames) (MetricRule, error) {
	doc, err := ruleOf(row)
	if err != nil || doc.Metric == nil {
		return MetricRule{}, a.fail("read metric alert", err)
	}
	m := doc.Metric
	out := MetricRule{ID: itoa(row.ID), Name: row.Name, OrganizationID: itoa(rq.scope.OrgID), Dataset: m.DataSource, Query: m.Query, Aggregate: m.Aggregate,
		ResolveThreshold: m.Resolve, TimeWindow: m.WindowSec / 60, Environment: text(row.Environment), Triggers: []MetricTrigger{}, Projects: names.slugs(ruleProjects(row)),
		Owner: text(doc.Owner), DateModified: at(row.UpdatedMS), DateCreated: at(row.CreatedMS), CreatedBy: null(names.author(row.CreatedBy)),
		EventTypes: m.EventTypes, State: row.State, LastTriggered: atPtr(row.FiredMS)}
	if out.Dataset == "" {
		out.Dataset = m.Dataset
	}
	if m.Below {
		out.ThresholdType = 1
	}
	if !row.Enabled {
		out.Status = 4
	}
	if out.Snooze = row.SnoozedUntilMS > a.Now().UnixMilli(); out.Snooze && row.SnoozedUntilMS != store.Forever {
		out.SnoozedUntil = atPtr(&row.SnoozedUntilMS)
	}
	if out.EventTypes == nil {
		out.EventTypes = []string{}
	}
	if out.State == "" {
		out.State = "ok"
	}
	if m.DeltaSec > 0 {
		minutes := m.DeltaSec / 60
		out.ComparisonDelta = &minutes
	}
	for i := range m.Triggers {
		t := &m.Triggers[i]
		mt := MetricTrigger{ID: itoa(t.ID), AlertRuleID: out.ID, Label: t.Label, ThresholdType: out.ThresholdType, AlertThreshold: t.At, ResolveThreshold: m.Resolve,
			DateCreated: out.DateCreated, Actions: []MetricAction{}}
		for n := range t.Do {
			mt.Actions = append(mt.Actions, writeMetricAction(&t.Do[n], mt.ID, out.DateCreated, names.channels))
		}
		out.Triggers = append(out.Triggers, mt)
	}
	return out, nil
}

func writeMetricAction(a *rule.Action, trigger string, created time.Time, channels map[int64]string) MetricAction {
	out := MetricAction{ID: itoa(a.ID), TriggerID: trigger, Type: a.Type, TargetType: word(a.Sent, "targetType"), TargetIdentifier: text(a.TargetID),
		DateCreated: created, Desc: actionWords(a, channels), InputChannelID: text(word(a.Sent, "inputChannelId"))}
	if out.TargetType == "" {
		out.TargetType = "specific"
	}
	for key, to := range map[string]**int64{"integrationId": &out.IntegrationID, "sentryAppId": &out.SentryAppID} {
		if a.Sent[key] != nil {
			n := int64(number(a.Sent, key))
			*to = &n
		}
	}
	return out
}

func (a *API) metricRow(ctx context.Context, rq *request, id int64) (*store.AlertRule, error) {
	row, err := a.Store.AlertRule(ctx, rq.scope, id)
	if err != nil {
		return nil, a.fail("read metric alert", err)
	}
	ids := ruleProjects(row)
	if row.Kind != store.AlertMetric || rq.project != nil && len(ids) > 0 && !slices.Contains(ids, rq.project.ID) {
		return nil, errNotFound
	}
	return row, nil
}

func (a *API) listMetricRules(ctx context.Context, in *MetricRulesInput) (*List[MetricRule], error) {
	rq := from(ctx)
	rows, err := a.Store.AlertRules(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list metric alerts", err)
	}
	names, err := a.ruleNames(ctx, rq)
	if err != nil {
		return nil, err
	}
	projects, err := names.set.choose(in.FilterParams)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.AlertRule) bool {
		ids := ruleProjects(&r)
		return r.Kind != store.AlertMetric ||
			len(projects) > 0 && len(ids) > 0 && !slices.ContainsFunc(ids, func(id int64) bool { return slices.Contains(projects, id) })
	})
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	out := make([]MetricRule, len(page))
	for i := range page {
		if out[i], err = a.metricRule(rq, &page[i], names); err != nil {
			return nil, err
		}
	}
	return &List[MetricRule]{Link: link, Body: out}, nil
}

func (a *API) createMetricRule(ctx context.Context, in *CreateMetricRuleInput) (*One[MetricRule], error) {
	return a.makeMetricRule(ctx, &in.Body, nil)
}

func (a *API) makeMetricRule(ctx context.Context, b *MetricRuleBody, p *store.Project) (*One[MetricRule], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	ids, err := set.choose(FilterParams{Project: b.Projects})
	if err != nil {
		return nil, badRequest("One of the projects does not exist.")
	}
	if p != nil && !slices.Contains(ids, p.ID) {
		ids = append(ids, p.ID)
	}
	doc, err := a.readMetric(ctx, rq, set, b)
	if err != nil {
		return nil, err
	}
	row := store.AlertRule{Kind: store.AlertMetric, Name: b.Name, Enabled: b.Status == 0, Projects: projectsJSON(ids...), Body: doc.JSON()}
	if b.Environment != nil {
		row.Environment = *b.Environment
	}
	if id := rq.caller.userID(); id != 0 {
		row.CreatedBy = &id
	}
	made, err := a.Store.CreateAlertRule(ctx, rq.scope, row)
	if err != nil {
		return nil, a.failWrite("create metric alert", err, "")
	}
	return a.oneMetricRule(ctx, made.ID)
}

func (a *API) oneMetricRule(ctx context.Context, id int64) (*One[MetricRule], error) {
	rq := from(ctx)
	row, err := a.metricRow(ctx, rq, id)
	if err != nil {
		return nil, err
	}
	names, err := a.ruleNames(ctx, rq)
	if err != nil {
		return nil, err
	}
	out, err := a.metricRule(rq, row, names)
	return one(out), err
}

func (a *API) getMetricRule(ctx context.Context, in *MetricRuleInput) (*One[MetricRule], error) {
	return a.oneMetricRule(ctx, in.Rule)
}

func (a *API) updateMetricRule(ctx context.Context, in *UpdateMetricRuleInput) (*One[MetricRule], error) {
	return a.changeMetricRule(ctx, in.Rule, &in.Body)
}

func (a *API) changeMetricRule(ctx context.Context, id int64, b *MetricRuleBody) (*One[MetricRule], error) {
	rq := from(ctx)
	row, err := a.metricRow(ctx, rq, id)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	doc, err := a.readMetric(ctx, rq, set, b)
	if err != nil {
		return nil, err
	}
	if len(b.Projects) > 0 {
		ids, err := set.choose(FilterParams{Project: b.Projects})
		if err != nil {
			return nil, badRequest("One of the projects does not exist.")
		}
		row.Projects = projectsJSON(ids...)
	}
	row.Name, row.Body, row.Environment, row.Enabled = b.Name, doc.JSON(), "", b.Status == 0
	if b.Environment != nil {
		row.Environment = *b.Environment
	}
	if _, err := a.Store.UpdateAlertRule(ctx, rq.scope, *row); err != nil {
		return nil, a.failWrite("update metric alert", err, "")
	}
	return a.oneMetricRule(ctx, id)
}

func (a *API) deleteMetricRule(ctx context.Context, in *MetricRuleInput) (*Nothing, error) {
	return a.dropMetricRule(ctx, in.Rule)
}

func (a *API) dropMetricRule(ctx context.Context, id int64) (*Nothing, error) {
	rq := from(ctx)
	if _, err := a.metricRow(ctx, rq, id); err != nil {
		return nil, err
	}
	return nil, a.fail("delete metric alert", a.Store.DeleteAlertRule(ctx, rq.scope, id))
}
