package importer

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

// part is a rule or a piece of one, as the API has it.
type part = map[string]any

// ruleKey is what a second run knows a rule by.
type ruleKey struct{ kind, name, projects string }

// knownRules are those that are here.
func (r *run) knownRules(ctx context.Context) (map[ruleKey]bool, error) {
	rows, err := r.Store.AlertRules(ctx, r.Scope)
	if err != nil {
		return nil, err
	}
	out := map[ruleKey]bool{}
	for _, row := range rows {
		out[ruleKey{row.Kind, row.Name, row.Projects}] = true
	}
	return out, nil
}

// rules brings in a project's issue alerts; GlitchTip has alerts of its own form.
func (r *run) rules(ctx context.Context, in *project, p *store.Project, known map[ruleKey]bool) error {
	rules, err := list[part](ctx, r.source, r.of(in, "rules"), url.Values{"per_page": {"100"}})
	if err != nil {
		if !r.absent(in.Slug, "alert rules", err) {
			return err
		}
		return r.alerts(ctx, in, p, known)
	}
	for _, rule := range rules {
		if err := r.rule(ctx, in, p, rule, known); err != nil {
			return err
		}
	}
	return nil
}

// rule makes one here unless there is one of its name. What it is made of goes to our own API, which knows what it can do.
func (r *run) rule(ctx context.Context, in *project, p *store.Project, rule part, known map[ruleKey]bool) error {
	name := word(rule, "name")
	if p != nil && known[ruleKey{store.AlertIssue, name, projectList(p)}] {
		r.sum.Known++
		return nil
	}
	t := &targets{run: r, project: in.Slug, name: name}
	body := part{"name": name, "conditions": parts(rule, "conditions"), "filters": t.filters(parts(rule, "filters")), "actions": t.actions(parts(rule, "actions")), "owner": r.owner(rule["owner"])}
	for _, k := range []string{"actionMatch", "filterMatch", "frequency", "environment"} {
		if rule[k] != nil {
			body[k] = rule[k]
		}
	}
	if t.wrong != "" {
		r.note(in.Slug, "alert rule", name, "not imported: %s", t.wrong)
		return nil
	}
	if s := word(rule, "status"); s == "disabled" || t.off {
		body["status"] = "disabled"
	}
	if rule["snooze"] == true {
		body["status"] = "disabled"
		r.note(in.Slug, "alert rule", name, "is off: it is muted there")
	}
	if !r.DryRun {
		if err := r.home.do(ctx, "POST", "projects/"+r.home.org+"/"+p.Slug+"/rules", body, nil); err != nil {
			return r.declined(in.Slug, "alert rule", name, err)
		}
	}
	r.sum.Rules++
	t.tell("alert rule")
	return nil
}

// projectList is how rows of rules name a project.
func projectList(ps ...*store.Project) string {
	ids := make([]string, len(ps))
	for i, p := range ps {
		ids[i] = fmt.Sprint(p.ID)
	}
	return "[" + strings.Join(ids, ",") + "]"
}

// metricRules brings in the organisation's metric alerts.
func (r *run) metricRules(ctx context.Context, local map[string]*store.Project, known map[ruleKey]bool) error {
	rules, err := list[part](ctx, r.source, r.org("alert-rules"), url.Values{"per_page": {"100"}})
	if err != nil && !r.absent("", "metric alerts", err) {
		return err
	}
	for _, rule := range rules {
		if err := r.metricRule(ctx, rule, local, known); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) metricRule(ctx context.Context, rule part, local map[string]*store.Project, known map[ruleKey]bool) error {
	name, slugs, ps := word(rule, "name"), []string{}, []*store.Project{}
	list, _ := rule["projects"].([]any)
	for _, v := range list {
		slug, _ := v.(string)
		if p, ok := local[slug]; ok {
			slugs = append(slugs, slug)
			if p != nil {
				ps = append(ps, p)
			}
		}
	}
	at := strings.Join(slugs, ", ")
	switch {
	case len(slugs) == 0:
		r.note("", "metric alert", name, "not imported: its project is not among those of the organisation")
		return nil
	case len(ps) > 0 && known[ruleKey{store.AlertMetric, name, projectList(ps...)}]:
		r.sum.Known++
		return nil
	}
	t := &targets{run: r, project: at, name: name}
	body := part{"name": name, "projects": slugs, "owner": r.owner(rule["owner"]), "triggers": t.triggers(parts(rule, "triggers"))}
	for _, k := range []string{"dataset", "query", "aggregate", "thresholdType", "resolveThreshold", "timeWindow", "environment", "comparisonDelta", "eventTypes"} {
		if rule[k] != nil {
			body[k] = rule[k]
		}
	}
	if word(rule, "detectionType") == "dynamic" {
		r.note(at, "metric alert", name, "not imported: it watches for anomalies, which is not known here; give it a threshold")
		return nil
	}
	if n, _ := rule["status"].(float64); n != 0 || t.off || rule["snooze"] == true {
		body["status"] = 4
	}
	if !r.DryRun {
		if err := r.home.do(ctx, "POST", "organizations/"+r.home.org+"/alert-rules", body, nil); err != nil {
			return r.declined(at, "metric alert", name, err)
		}
	}
	r.sum.MetricRules++
	t.tell("metric alert")
	return nil
}

func word(p part, key string) string {
	switch v := p[key].(type) {
	case string:
		return v
	case float64:
		return fmt.Sprint(v)
	}
	return ""
}

// parts is a list of pieces; never nil.
func parts(p part, key string) []part {
	out := []part{}
	list, _ := p[key].([]any)
	for _, v := range list {
		if o, ok := v.(part); ok {
			out = append(out, o)
		}
	}
	return out
}
