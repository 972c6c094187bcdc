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

// source gives what a detector is told to look at.
func (b *DetectorBody) source() element {
	if len(b.DataSources) > 0 {
		if q, ok := b.DataSources[0]["queryObj"].(map[string]any); ok {
			return q
		}
		return b.DataSources[0]
	}
	return b.DataSource
}

// readDetector makes a metric rule's document of the detectors form.
func (a *API) readDetector(ctx context.Context, rq *request, b *DetectorBody) (doc *rule.Rule, environment string, err error) {
	src := b.source()
	if q, ok := src["snubaQuery"].(map[string]any); ok {
		src = q
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, "", err
	}
	m, err := a.metric(ctx, rq, set, word(src, "dataset"), word(src, "aggregate"), word(src, "query"))
	if err != nil {
		return nil, "", err
	}
	m.WindowSec, m.Detector, m.Detection, m.DeltaSec = int(number(src, "timeWindow")), true, word(b.Config, "detectionType"), int(number(b.Config, "comparisonDelta"))
	if b.Description != nil {
		m.Description = *b.Description
	}
	types, _ := src["eventTypes"].([]any)
	for _, t := range types {
		if s, ok := t.(string); ok {
			m.EventTypes = append(m.EventTypes, s)
		}
	}
	conditions := elements(b.ConditionGroup["conditions"])
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
			return nil, "", badRequest(fmt.Sprintf("A threshold of the type %q is not available here.", clipped(typ)))
		}
		m.Below = typ == "lt" || typ == "lte"
		m.Triggers = append(m.Triggers, rule.Trigger{Label: map[bool]string{true: rule.Critical, false: rule.Warning}[result == 75], At: v,
			OrEqual: strings.HasSuffix(typ, "e"), Do: []rule.Action{}})
	}
	m.Conditions, _ = json.Marshal(conditions) // it came from JSON
	doc = &rule.Rule{Match: "any", When: []rule.Condition{}, Then: []rule.Group{}, Frequency: 1, Metric: m, Owner: ownerText(b.Owner)}
	doc.Number()
	return doc, word(src, "environment"), checkRule(doc)
}

// monitor is what a cron detector says of its monitor.
func (b *DetectorBody) monitor() *MonitorBody {
	src := b.source()
	out := &MonitorBody{Name: b.Name, Slug: word(src, "slug"), Config: src}
	if c, ok := src["config"].(map[string]any); ok {
		out.Config = c
	}
	if o := ownerText(b.Owner); o != "" {
		out.Owner = &o
	}
	if b.Enabled != nil && !*b.Enabled {
		out.Status = store.MonitorDisabled
	}
	return out
}
