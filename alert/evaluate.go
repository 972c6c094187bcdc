package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hindsight-dev/hindsight/alert/cron"
	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
)

// Bounds on what a rule may tell.
const (
	maxPerHour = 200 // deliveries of one rule in an hour; the rest is counted in one row of the log
)

// A signal of a replay waits for its recording: the link may be there long before.
const (
	replayPatience = 24 * time.Hour
	replayRetry    = 5 * time.Second
)

// Evaluate asks the rules about the signals that are due, and says whether there may be more. A signal
// that cannot be judged does not keep the others waiting: it is looked at again a minute later.
func (w *Worker) Evaluate(ctx context.Context) (more bool, err error) {
	signals, err := w.cfg.Store.AlertSignals(ctx, w.nowMS(), batch)
	if err != nil {
		return false, err
	}
	rules := ruleCache{w: w, byOrg: map[int64]*orgRules{}}
	var errs []error
	for i := range signals {
		s := &signals[i]
		if err := w.evaluate(ctx, &rules, s); err != nil {
			errs = append(errs, fmt.Errorf("signal %d: %w", s.ID, err), w.cfg.Store.PostponeSignal(ctx, s.ID, w.nowMS()+time.Minute.Milliseconds()))
		}
	}
	w.m.signals.Add(float64(len(signals)))
	return len(signals) == batch, errors.Join(errs...)
}

func (w *Worker) evaluate(ctx context.Context, rules *ruleCache, s *store.AlertSignal) error {
	org, err := rules.of(ctx, s.OrgID)
	if err != nil {
		return err
	}
	if s.Kinds&store.SignalMetric != 0 {
		firings, err := w.metricFirings(ctx, org, s)
		if err != nil {
			return err
		}
		_, err = w.cfg.Store.SettleSignal(ctx, s.ID, firings)
		return err
	}
	if s.Kinds == store.SignalReplay {
		wait, drop, err := w.awaitReplay(ctx, s)
		switch {
		case err != nil:
			return err
		case drop:
			_, err := w.cfg.Store.SettleSignal(ctx, s.ID, nil)
			return err
		case wait > 0:
			return w.cfg.Store.PostponeSignal(ctx, s.ID, w.nowMS()+wait.Milliseconds())
		}
	}
	f, err := w.facts(ctx, s)
	if errors.Is(err, store.ErrNotFound) { // the issue is gone
		_, err = w.cfg.Store.SettleSignal(ctx, s.ID, nil)
		return err
	}
	if err != nil {
		return err
	}
	var firings []store.AlertFiring
	for _, r := range org.rules {
		if !r.hears(s, f, w.nowMS()) {
			continue
		}
		groups, why, err := r.doc.Fires(ctx, ruleFacts{f, r.row.Environment})
		if err != nil {
			return fmt.Errorf("rule %d: %w", r.row.ID, err)
		}
		if len(groups) == 0 {
			continue
		}
		ds, err := w.deliveries(ctx, org, r, groups, s, why)
		if err != nil {
			return fmt.Errorf("rule %d: %w", r.row.ID, err)
		}
		firing := store.AlertFiring{RuleID: r.row.ID, IssueID: s.IssueID, EventID: s.EventID,
			IntervalMS: (time.Duration(r.doc.Frequency) * time.Minute).Milliseconds(), MaxPerHour: maxPerHour, Deliveries: ds}
		if s.Kinds == store.SignalResolved { // whoever was told that it began is told that it is over, however soon
			firing.IssueID = 0
		}
		firings = append(firings, firing)
	}
	_, err = w.cfg.Store.SettleSignal(ctx, s.ID, firings)
	return err
}

// awaitReplay says how long a signal is to wait for its recording, or that there will be none.
func (w *Worker) awaitReplay(ctx context.Context, s *store.AlertSignal) (wait time.Duration, drop bool, err error) {
	state, _, plays, err := w.cfg.Store.ReplayState(ctx, store.ReplayKey{OrgID: s.OrgID, ReplayID: s.ReplayID})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return 0, false, err
	}
	if state == store.ReplayLive && plays {
		return 0, false, nil
	}
	age := time.Duration(w.nowMS()-s.CreatedMS) * time.Millisecond
	return max(replayRetry, age/4), age > replayPatience || state == store.ReplayDeleted, nil
}

// knownRule is a rule with its document read.
type knownRule struct {
	row      store.AlertRule
	doc      *rule.Rule
	projects []int64
}

// hears says whether a signal is this rule's business at all.
func (r *knownRule) hears(s *store.AlertSignal, f *facts, nowMS int64) bool {
	if r.row.Kind != store.AlertIssue || !r.row.Enabled || r.row.SnoozedUntilMS > nowMS {
		return false
	}
	if !r.isAbout(s, f.issue) {
		return false
	}
	return r.row.Environment == "" || r.row.Environment == f.Environment()
}

// isAbout says whether a rule is for an issue: of its projects, of all when it names none, or of a scheduled
// job that it is connected to.
func (r *knownRule) isAbout(s *store.AlertSignal, i *store.Issue) bool {
	if len(r.projects) > 0 || len(r.doc.Detectors) == 0 {
		if len(r.projects) == 0 || slices.Contains(r.projects, s.ProjectID) {
			return true
		}
	}
	if i.Type != issueCron {
		return false
	}
	var meta struct {
		Monitor string `json:"monitor"`
	}
	_ = json.Unmarshal([]byte(i.Metadata), &meta) // our own JSON
	return slices.Contains(r.doc.Detectors, rule.DetectorID(rule.DetectorCron, cron.Number(meta.Monitor)))
}

// issueCron is the type of issues that scheduled jobs make.
const issueCron = "cron"

// orgRules are an organisation's rules and channels, as of one round of evaluation.
type orgRules struct {
	rules    []*knownRule
	channels []store.AlertChannel
	members  []store.Member
	teams    []store.TeamMember
}

type ruleCache struct {
	w     *Worker
	byOrg map[int64]*orgRules
}

func (c *ruleCache) of(ctx context.Context, orgID int64) (*orgRules, error) {
	if o := c.byOrg[orgID]; o != nil {
		return o, nil
	}
	scope := store.Scope{OrgID: orgID}
	rows, err := c.w.cfg.Store.AlertRules(ctx, scope)
	if err != nil {
		return nil, err
	}
	o := &orgRules{}
	if o.channels, err = c.w.cfg.Store.AlertChannels(ctx, scope); err != nil {
		return nil, err
	}
	if o.members, err = c.w.cfg.Store.Members(ctx, scope); err != nil {
		return nil, err
	}
	if o.teams, err = c.w.cfg.Store.TeamMembers(ctx, scope); err != nil {
		return nil, err
	}
	for _, row := range rows {
		doc, err := rule.Parse(row.Body)
		r := &knownRule{row: row, doc: doc}
		if err == nil {
			err = json.Unmarshal([]byte(row.Projects), &r.projects)
		}
		if err != nil { // only a hand in the database makes such a one
			c.w.log.Warn("an alert rule cannot be read; it is passed over", "rule", row.ID, "err", err)
			continue
		}
		o.rules = append(o.rules, r)
	}
	c.byOrg[orgID] = o
	return o, nil
}
