package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/alert/cron"
	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
)

// owner reads user:1 or team:1.
func owner(s string) *ActorRef {
	kind, id, ok := strings.Cut(s, ":")
	if !ok {
		return nil
	}
	return &ActorRef{Type: kind, ID: id, Name: s}
}

func ownerText(v any) string {
	switch o := v.(type) {
	case string:
		return o
	case map[string]any:
		if word(o, "type") != "" {
			return word(o, "type") + ":" + word(o, "id")
		}
	}
	return ""
}

func (a *API) metricDetector(rq *request, row *store.AlertRule) (Detector, error) {
	doc, err := ruleOf(row)
	if err != nil || doc.Metric == nil {
		return Detector{}, a.fail("read metric alert", err)
	}
	m := doc.Metric
	project := ""
	if ids := ruleProjects(row); len(ids) > 0 {
		project = itoa(ids[0])
	}
	dataset := m.DataSource
	if dataset == "" {
		dataset = m.Dataset
	}
	types := m.EventTypes
	if len(types) == 0 {
		types = []string{"error"}
	}
	id := row.ID
	d := Detector{ProjectID: project, Name: row.Name, Description: text(m.Description), Type: "metric_issue", Enabled: row.Enabled, Owner: null(owner(doc.Owner)),
		DateCreated: at(row.CreatedMS), DateUpdated: at(row.UpdatedMS), AlertRuleID: &id, Config: element{"detectionType": "static"},
		DataSources: []element{{"id": itoa(row.ID), "organizationId": itoa(rq.scope.OrgID), "type": "snuba_query_subscription", "sourceId": itoa(row.ID),
			"queryObj": element{"id": itoa(row.ID), "status": 0, "subscription": itoa(row.ID), "snubaQuery": element{"id": itoa(row.ID), "aggregate": m.Aggregate, "dataset": dataset,
				"environment": text(row.Environment), "eventTypes": types, "query": m.Query, "queryType": 0, "timeWindow": m.WindowSec, "extrapolationMode": nil}}}}}
	if m.Detection != "" {
		d.Config["detectionType"] = m.Detection
	}
	if m.DeltaSec > 0 {
		d.Config["comparisonDelta"] = m.DeltaSec
	}
	conditions := []element{}
	if len(m.Conditions) > 0 {
		_ = json.Unmarshal(m.Conditions, &conditions) // our own JSON
	} else {
		for _, t := range m.Triggers {
			conditions = append(conditions, element{"id": itoa(t.ID), "type": map[bool]string{true: "lt", false: "gt"}[m.Below], "comparison": t.At,
				"conditionResult": map[string]int{rule.Critical: 75, rule.Warning: 50}[t.Label]})
		}
	}
	d.ConditionGroup = element{"id": itoa(row.ID), "organizationId": itoa(rq.scope.OrgID), "logicType": "any", "conditions": conditions}
	if row.CreatedBy != nil {
		d.CreatedBy = idOrNull(*row.CreatedBy)
	}
	return d, nil
}

func (a *API) cronDetector(rq *request, m *store.Monitor) Detector {
	cfg := monitorConfig(m)
	return Detector{ProjectID: itoa(m.ProjectID), Name: monitorName(m), Type: "monitor_check_in_failure", Enabled: m.Status == store.MonitorActive,
		Owner: null(owner(m.Owner)), DateCreated: at(m.CreatedMS), DateUpdated: at(m.ConfigMS),
		DataSources: []element{{"id": itoa(cron.Number(m.ID)), "organizationId": itoa(rq.scope.OrgID), "type": "cron_monitor", "sourceId": dashed(m.ID),
			"queryObj": element{"id": dashed(m.ID), "name": monitorName(m), "slug": m.Slug, "status": m.Status, "isMuted": m.Muted, "config": cfg, "environments": []any{}}}}}
}

// source gives what a detector is told to look at; nil: nothing was said of it.
func (b *DetectorChange) source() element {
	if len(b.DataSources) > 0 {
		if q, ok := b.DataSources[0]["queryObj"].(map[string]any); ok {
			return q
		}
		return b.DataSources[0]
	}
	return b.DataSource
}

// readDetector makes a metric rule's document of the detectors form.
func (a *API) readDetector(ctx context.Context, rq *request, b *DetectorChange) (doc *rule.Rule, environment string, err error) {
	doc = &rule.Rule{Match: "any", When: []rule.Condition{}, Then: []rule.Group{}, Frequency: 1, Metric: &rule.Metric{}}
	if b.source() == nil {
		b.DataSource = element{} // its defaults are checked too
	}
	err = a.changeDetector(ctx, rq, doc, &environment, b)
	return doc, environment, err
}

// changeDetector writes what a detector is told into a metric rule's document; what is left out stays.
func (a *API) changeDetector(ctx context.Context, rq *request, doc *rule.Rule, environment *string, b *DetectorChange) error {
	m := doc.Metric
	m.Detector = true
	if src := b.source(); src != nil {
		if err := a.watch(ctx, rq, m, environment, src); err != nil {
			return err
		}
	}
	if b.Config != nil {
		m.Detection, m.DeltaSec = wordOr(b.Config, "detectionType", m.Detection), numberOr(b.Config, "comparisonDelta", m.DeltaSec)
	}
	set(&m.Description, b.Description)
	if b.Owner.There {
		doc.Owner = ownerText(b.Owner.V)
	}
	if b.ConditionGroup != nil {
		if err := setThresholds(m, elements(b.ConditionGroup["conditions"])); err != nil {
			return err
		}
	}
	doc.Number()
	return checkRule(doc)
}

// watch sets which number a detector looks at, of what and over how long; src is a query of the detectors form.
func (a *API) watch(ctx context.Context, rq *request, m *rule.Metric, environment *string, src element) error {
	if q, ok := src["snubaQuery"].(map[string]any); ok {
		src = q
	}
	projects, err := a.projects(ctx, rq)
	if err != nil {
		return err
	}
	next, err := a.metric(ctx, rq, projects, wordOr(src, "dataset", m.DataSource), wordOr(src, "aggregate", m.Aggregate), wordOr(src, "query", m.Query))
	if err != nil {
		return err
	}
	m.Dataset, m.DataSource, m.Aggregate, m.Query, m.Filter = next.Dataset, next.DataSource, next.Aggregate, next.Query, next.Filter
	m.WindowSec = numberOr(src, "timeWindow", m.WindowSec)
	*environment = wordOr(src, "environment", *environment)
	if types, ok := src["eventTypes"].([]any); ok {
		m.EventTypes = nil
		for _, t := range types {
			if s, ok := t.(string); ok {
				m.EventTypes = append(m.EventTypes, s)
			}
		}
	}
	return nil
}

// setThresholds reads conditions of the detectors form, which name nobody to tell: who is told of a threshold stays.
func setThresholds(m *rule.Metric, conditions []element) error {
	was := map[string]rule.Trigger{}
	for _, t := range m.Triggers {
		was[t.Label] = t
	}
	m.Triggers, m.Resolve = nil, nil
	for i, c := range conditions {
		typ, result := word(c, "type"), int(number(c, "conditionResult"))
		if c["id"] == nil {
			c["id"] = itoa(int64(i + 1))
		}
		v := number(c, "comparison")
		if result == 0 {
			m.Resolve = &v
			continue
		}
		if !slices.Contains([]string{"gt", "gte", "lt", "lte"}, typ) {
			return badRequest(fmt.Sprintf("A threshold of the type %q is not available here.", clipped(typ)))
		}
		m.Below = typ == "lt" || typ == "lte"
		label := map[bool]string{true: rule.Critical, false: rule.Warning}[result == 75]
		m.Triggers = append(m.Triggers, rule.Trigger{ID: was[label].ID, Label: label, At: v, OrEqual: strings.HasSuffix(typ, "e"), Do: append([]rule.Action{}, was[label].Do...)})
	}
	var err error
	m.Conditions, err = json.Marshal(conditions)
	return err
}

func wordOr(e element, key, otherwise string) string {
	if _, ok := e[key]; !ok {
		return otherwise
	}
	return word(e, key)
}

func numberOr(e element, key string, otherwise int) int {
	if _, ok := e[key]; !ok {
		return otherwise
	}
	return int(number(e, key))
}

// monitor is what a cron detector says of its monitor.
func (b *DetectorChange) monitor(name string) *MonitorBody {
	src := b.source()
	out := &MonitorBody{Name: name, Slug: word(src, "slug"), Config: src}
	if c, ok := src["config"].(map[string]any); ok {
		out.Config = c
	}
	if b.Owner.There {
		o := ownerText(b.Owner.V)
		out.Owner = &o
	}
	if b.Enabled != nil {
		out.Status = map[bool]string{true: store.MonitorActive, false: store.MonitorDisabled}[*b.Enabled]
	}
	return out
}
