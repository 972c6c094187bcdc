package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
)

// How often a metric rule is looked at: each minute, long windows less often.
const (
	metricEvery  = time.Minute
	metricShare  = 60 // of the window
	metricLimits = 15 * time.Minute
)

// measured is what a metric rule found, as it stands in signals and deliveries.
type measured struct {
	Rule      string  `json:"rule"`
	What      string  `json:"what"`
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
	Below     bool    `json:"below"`
	State     string  `json:"state"` // "", warning, critical
	Was       string  `json:"was"`
	Query     string  `json:"query"`
	Window    string  `json:"window"`
}

// WatchMetrics looks at the metric rules that are due and says whether there may be more.
func (w *Worker) WatchMetrics(ctx context.Context) (more bool, err error) {
	rows, err := w.cfg.Store.DueMetricRules(ctx, w.nowMS(), batch)
	if err != nil {
		return false, err
	}
	var errs []error
	for i := range rows {
		if err := w.watchMetric(ctx, &rows[i]); err != nil {
			errs = append(errs, fmt.Errorf("metric rule %d: %w", rows[i].ID, err))
		}
	}
	return len(rows) == batch, errors.Join(errs...)
}

func (w *Worker) watchMetric(ctx context.Context, row *store.AlertRule) error {
	now := w.cfg.Now()
	doc, err := rule.Parse(row.Body)
	if err != nil || doc.Metric == nil {
		_, serr := w.cfg.Store.SetMetricState(ctx, row, row.State, now.Add(metricLimits).UnixMilli(), nil)
		return errors.Join(err, serr)
	}
	m := doc.Metric
	window := time.Duration(m.WindowSec) * time.Second
	next := now.Add(min(max(metricEvery, window/metricShare), metricLimits)).UnixMilli()
	if !row.Enabled {
		_, err := w.cfg.Store.SetMetricState(ctx, row, "", next, nil)
		return err
	}
	var projects []int64
	if err := json.Unmarshal([]byte(row.Projects), &projects); err != nil {
		return err
	}
	v, ok, err := w.measure(ctx, row, m, projects, now)
	if err != nil {
		_, serr := w.cfg.Store.SetMetricState(ctx, row, row.State, next, nil)
		return errors.Join(err, serr)
	}
	state := row.State
	if ok { // of nothing there is nothing to say: it stays as it was
		state = m.Judge(row.State, v)
	}
	var sig *store.AlertSignal
	if state != row.State && row.SnoozedUntilMS <= now.UnixMilli() {
		if sig, err = metricSignal(row, m, projects, v, state, now); err != nil {
			return err
		}
	}
	_, err = w.cfg.Store.SetMetricState(ctx, row, state, next, sig)
	return err
}

func (w *Worker) measure(ctx context.Context, row *store.AlertRule, m *rule.Metric, projects []int64, now time.Time) (float64, bool, error) {
	window, scope := time.Duration(m.WindowSec)*time.Second, store.Scope{OrgID: row.OrgID}
	q := store.MetricQuery{Dataset: m.Dataset, Aggregate: m.Aggregate, Projects: projects, Environment: row.Environment, Filter: m.Filter,
		FromMS: now.Add(-window).UnixMilli(), ToMS: now.UnixMilli()}
	v, ok, err := w.cfg.Store.Metric(ctx, scope, q)
	if err != nil || !ok || m.DeltaSec == 0 {
		return v, ok, err
	}
	q.FromMS, q.ToMS = q.FromMS-int64(m.DeltaSec)*1000, q.ToMS-int64(m.DeltaSec)*1000
	before, ok, err := w.cfg.Store.Metric(ctx, scope, q)
	if err != nil || !ok || before == 0 {
		return 0, false, err
	}
	return 100 * v / before, true, nil
}

func metricSignal(row *store.AlertRule, m *rule.Metric, projects []int64, v float64, state string, now time.Time) (*store.AlertSignal, error) {
	out := measured{Rule: row.Name, What: m.Words(), Value: v, Below: m.Below, State: state, Was: row.State,
		Query: m.Query, Window: (time.Duration(m.WindowSec) * time.Second).String()}
	for _, t := range m.Triggers {
		if t.Label == state || state == "" && t.Label == row.State {
			out.Threshold = t.At
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	s := &store.AlertSignal{OrgID: row.OrgID, Kinds: store.SignalMetric, RuleID: row.ID, Body: string(b), CreatedMS: now.UnixMilli(), DueMS: now.UnixMilli()}
	if len(projects) == 1 {
		s.ProjectID = projects[0]
	}
	return s, nil
}

// metricFirings gives what is to be told when a metric rule's state changed: its own actions, and the rules
// that are connected to it.
func (w *Worker) metricFirings(ctx context.Context, org *orgRules, s *store.AlertSignal) ([]store.AlertFiring, error) {
	var is measured
	if err := json.Unmarshal([]byte(s.Body), &is); err != nil {
		return nil, err
	}
	why := fmt.Sprintf("%s is %s", is.What, format(is.Value))
	if is.State == "" {
		why += ", which is well again"
	} else {
		why += fmt.Sprintf(", %s the %s threshold of %s", map[bool]string{true: "below", false: "above"}[is.Below], is.State, format(is.Threshold))
	}
	var out []store.AlertFiring
	fire := func(r *knownRule, actions []rule.Action) error {
		ds, err := w.actionDeliveries(ctx, org, r, actions, s, why)
		if err != nil || len(ds) == 0 {
			return err
		}
		out = append(out, store.AlertFiring{RuleID: r.row.ID, MaxPerHour: maxPerHour, Deliveries: ds})
		return nil
	}
	for _, r := range org.rules {
		var actions []rule.Action
		switch {
		case r.row.ID == s.RuleID && r.doc.Metric != nil:
			for _, t := range r.doc.Metric.Triggers {
				if t.Label == is.State || is.State == "" && t.Label == is.Was {
					actions = append(actions, t.Do...)
				}
			}
		case r.row.Kind == store.AlertIssue && r.row.Enabled && r.row.SnoozedUntilMS <= w.nowMS() &&
			slices.Contains(r.doc.Detectors, rule.DetectorID(rule.DetectorMetric, s.RuleID)):
			for _, g := range r.doc.Then {
				if len(g.If) == 0 { // its filters are about issues, and this is none
					actions = append(actions, g.Do...)
				}
			}
		}
		if err := fire(r, actions); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func format(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func (w *Worker) describeMetric(org *store.Organization, d *store.AlertDelivery, m *channel.Message) error {
	var is measured
	if err := json.Unmarshal([]byte(d.Body), &is); err != nil {
		return err
	}
	m.Over = is.State == ""
	m.Level = map[string]string{rule.Warning: "warning", rule.Critical: "error"}[is.State]
	m.Title = is.Rule + " is " + is.State
	if m.Over {
		m.Title, m.Level = is.Rule+" is well again", "info"
	}
	m.Dedup = fmt.Sprintf("rule-%d", d.RuleID)
	m.URL = m.RuleURL
	m.Facts = []channel.Fact{{Name: "Measured", Value: is.What + " over " + is.Window + ": " + format(is.Value)}, {Name: "Threshold", Value: format(is.Threshold)}}
	if is.Query != "" {
		m.Facts = append(m.Facts, channel.Fact{Name: "Query", Value: is.Query})
	}
	return nil
}
