package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) listCombinedRules(ctx context.Context, in *CombinedInput) (*List[AnyRule], error) {
	rq := from(ctx)
	names, err := a.ruleNames(ctx, rq)
	if err != nil {
		return nil, err
	}
	projects, err := names.set.choose(in.FilterParams)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.AlertRules(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list alert rules", err)
	}
	types := map[string]string{store.AlertIssue: "rule", store.AlertMetric: "alert_rule"}
	rows = slices.DeleteFunc(rows, func(r store.AlertRule) bool {
		ids := ruleProjects(&r)
		elsewhere := len(projects) > 0 && len(ids) > 0 && !slices.ContainsFunc(ids, func(id int64) bool { return slices.Contains(projects, id) })
		return elsewhere || len(nonEmpty(in.AlertType)) > 0 && !slices.Contains(in.AlertType, types[r.Kind]) ||
			!strings.Contains(strings.ToLower(r.Name), strings.ToLower(in.Name))
	})
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	out := []AnyRule{}
	for i := range page {
		var v any
		if page[i].Kind == store.AlertIssue {
			v, err = a.alertRule(ctx, rq, &page[i], names)
		} else {
			v, err = a.metricRule(rq, &page[i], names)
		}
		if err != nil {
			return nil, err
		}
		e, err := asElement(v)
		if err != nil {
			return nil, a.fail("write alert rule", err)
		}
		e["type"] = types[page[i].Kind]
		out = append(out, e)
	}
	return &List[AnyRule]{Link: link, Body: out}, nil
}

// asElement makes an object of a shape, to add to it.
func asElement(v any) (element, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	e := element{}
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, fmt.Errorf("make object: %w", err)
	}
	return e, nil
}
