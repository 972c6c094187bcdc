package api

import (
	"context"
	"slices"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) snoozeRule(ctx context.Context, in *SnoozeInput) (*One[Snoozed], error) {
	rq := from(ctx)
	if _, err := a.issueRule(ctx, rq, in.Rule); err != nil {
		return nil, err
	}
	return a.snooze(ctx, rq, in.Rule, in.Body)
}

func (a *API) snoozeMetricRule(ctx context.Context, in *SnoozeMetricInput) (*One[Snoozed], error) {
	rq := from(ctx)
	if _, err := a.metricRow(ctx, rq, in.Rule); err != nil {
		return nil, err
	}
	return a.snooze(ctx, rq, in.Rule, in.Body)
}

// snooze silences a rule, whichever kind it is, until the moment the body names.
func (a *API) snooze(ctx context.Context, rq *request, id int64, b SnoozeBody) (*One[Snoozed], error) {
	until := store.Forever
	out := Snoozed{OwnerID: rq.caller.userID(), UserID: "everyone", RuleID: id}
	if b.Until != nil && *b.Until != "" {
		t, ok := parseDate(*b.Until)
		if !ok {
			return nil, badRequest("Invalid until: want an ISO 8601 date and time.")
		}
		until, out.Until = t.UnixMilli(), &t
	}
	return one(out), a.fail("snooze alert rule", a.Store.SnoozeAlertRule(ctx, rq.scope, id, until))
}

func (a *API) unsnoozeMetricRule(ctx context.Context, in *MetricRuleInput) (*Nothing, error) {
	rq := from(ctx)
	if _, err := a.metricRow(ctx, rq, in.Rule); err != nil {
		return nil, err
	}
	return nil, a.fail("end snooze", a.Store.SnoozeAlertRule(ctx, rq.scope, in.Rule, 0))
}

func (a *API) unsnoozeRule(ctx context.Context, in *RuleInput) (*Nothing, error) {
	rq := from(ctx)
	if _, err := a.issueRule(ctx, rq, in.Rule); err != nil {
		return nil, err
	}
	return nil, a.fail("end snooze", a.Store.SnoozeAlertRule(ctx, rq.scope, in.Rule, 0))
}

func (a *API) listRuleHistory(ctx context.Context, in *RuleHistoryInput) (*List[RuleFire], error) {
	rq := from(ctx)
	if _, err := a.issueRule(ctx, rq, in.Rule); err != nil {
		return nil, err
	}
	fires, err := a.Store.AlertFires(ctx, rq.scope, in.Rule, 0, 1000)
	if err != nil {
		return nil, a.fail("read alert history", err)
	}
	page, link, err := offsetPage(a, rq, fires, in.PageParams)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(page))
	for i := range page {
		ids[i] = page[i].IssueID
	}
	rows, err := a.Store.IssuesByID(ctx, rq.scope, ids)
	if err != nil {
		return nil, a.fail("read issues", err)
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	out := []RuleFire{}
	for _, f := range page {
		if i := slices.IndexFunc(rows, func(is store.Issue) bool { return is.ID == f.IssueID }); i >= 0 {
			out = append(out, RuleFire{Group: a.issue(rq, set, &rows[i]), Count: f.Fires, LastTriggered: at(f.LastMS), EventID: f.EventID})
		}
	}
	return &List[RuleFire]{Link: link, Body: out}, nil
}

// ruleStatsDays is how long the delivery log remembers what fired.
const ruleStatsDays = 30

func (a *API) getRuleStats(ctx context.Context, in *RuleStatsInput) (*One[[]RuleStat], error) {
	rq := from(ctx)
	if _, err := a.issueRule(ctx, rq, in.Rule); err != nil {
		return nil, err
	}
	fromMS, toMS, err := a.window(in.WindowParams, 14*24*time.Hour)
	if err != nil {
		return nil, err
	}
	if toMS == 0 {
		toMS = a.Now().UnixMilli()
	}
	hour := time.Hour.Milliseconds()
	fromMS = max(fromMS, toMS-ruleStatsDays*24*hour)
	fromMS -= fromMS % hour
	rows, err := a.Store.AlertFirings(ctx, rq.scope, in.Rule, fromMS, toMS, hour)
	if err != nil {
		return nil, a.fail("count firings", err)
	}
	counts := map[int64]int64{}
	for _, r := range rows {
		counts[r.BucketMS] = r.N
	}
	out := []RuleStat{}
	for ms := fromMS; ms < toMS; ms += hour {
		out = append(out, RuleStat{Date: at(ms), Count: counts[ms]})
	}
	return one(out), nil
}
