package alert

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hindsight-dev/hindsight/alert/cron"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

const (
	// away is the gap between two looks at the clock after which this server cannot tell whether a check-in
	// was sent: it was down, or its clock jumped.
	away = time.Minute
	// settle is how long a check-in may be on its way through the queue.
	settle = 20 * time.Second

	clockName = "monitors"
	maxRuns   = 800 // the largest threshold, and some
)

// WatchMonitors works out the state of monitors whose check-ins came, did not come, or did not end, and says
// whether there may be more to do.
//
// Times at which this server was not there to receive are not held against anybody: a check-in that was due
// then becomes "unknown", which counts neither as a failure nor as a success, and the next one is expected
// at its time. So there is no storm of alerts after a restart.
func (w *Worker) WatchMonitors(ctx context.Context) (more bool, err error) {
	now := w.cfg.Now()
	before, err := w.cfg.Store.WorkerClock(ctx, clockName)
	if err != nil {
		return false, err
	}
	blind := before != 0 && now.UnixMilli()-before > away.Milliseconds()
	var errs []error
	for _, step := range []func() (bool, error){
		func() (bool, error) { return w.timeOut(ctx, now) },
		func() (bool, error) { return w.changed(ctx) },
		func() (bool, error) { return w.late(ctx, now, before, blind) },
		func() (bool, error) { return w.changed(ctx) },
	} {
		again, err := step()
		more = more || again
		errs = append(errs, err)
	}
	// Last, so that a process that dies before is taken for one that was away.
	errs = append(errs, w.cfg.Store.SetWorkerClock(ctx, clockName, now.UnixMilli()))
	return more, errors.Join(errs...)
}

// timeOut ends the runs that have run too long.
func (w *Worker) timeOut(ctx context.Context, now time.Time) (bool, error) {
	open, err := w.cfg.Store.UntimedCheckIns(ctx, batch)
	if err != nil {
		return false, err
	}
	for i := range open {
		c := &open[i]
		cfg := &cron.Config{}
		m, err := w.cfg.Store.Monitor(ctx, store.Scope{OrgID: c.OrgID}, c.ProjectID, c.MonitorSlug)
		if err == nil {
			if read, err := cron.Parse(m.Config); err == nil {
				cfg = read
			}
		} else if !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		if err := w.cfg.Store.SetTimeout(ctx, c, c.StartedMS+int64(cfg.RuntimeMinutes())*time.Minute.Milliseconds()); err != nil {
			return false, err
		}
	}
	n, err := w.cfg.Store.TimeOut(ctx, now.Add(-settle).UnixMilli(), batch)
	return n == batch || len(open) == batch, err
}

// changed judges the monitors that had check-ins.
func (w *Worker) changed(ctx context.Context) (bool, error) {
	ms, err := w.cfg.Store.ChangedMonitors(ctx, batch)
	if err != nil {
		return false, err
	}
	var errs []error
	for i := range ms {
		if err := w.judge(ctx, &ms[i]); err != nil {
			errs = append(errs, fmt.Errorf("monitor %s: %w", ms[i].Slug, err))
		}
	}
	return len(ms) == batch && len(errs) == 0, errors.Join(errs...)
}

func (w *Worker) judge(ctx context.Context, m *store.WatchedMonitor) error {
	cfg, err := cron.Parse(m.Config)
	if err != nil {
		return err
	}
	rows, err := w.cfg.Store.LastCheckIns(ctx, &m.MonitorEnvironment, maxRuns)
	if err != nil {
		return err
	}
	if rows, err = w.forgive(ctx, cfg, rows); err != nil {
		return err
	}
	runs := make([]cron.Run, len(rows))
	for i := range rows {
		runs[i] = cron.Run{Status: rows[i].Status, Started: time.UnixMilli(rows[i].StartedMS)}
	}
	was := m.Incident != ""
	s := cron.Judge(cfg, runs, was)
	next := m.MonitorEnvironment
	next.Status = s.Status
	next.NextMS, next.LateMS, next.LastMS = nil, nil, nil
	for i := range rows {
		if rows[i].ExpectedMS == nil { // one that came
			next.LastMS = &rows[i].StartedMS
			break
		}
	}
	if changed := time.UnixMilli(m.ConfigMS); !s.Next.IsZero() && s.Late.Before(changed) { // nothing was expected before
		s.Next = cfg.Next(changed)
		s.Late = s.Next.Add(time.Duration(cfg.MarginMinutes()) * time.Minute)
	}
	if !s.Next.IsZero() && m.MonitorStatus != store.MonitorDisabled {
		n, late := s.Next.UnixMilli(), s.Late.UnixMilli()
		next.NextMS, next.LateMS = &n, &late
	}
	if m.MonitorStatus == store.MonitorDisabled {
		next.Status, s.Failing = store.MonitorDisabled, false
	}
	switch {
	case s.Failing && !was:
		next.Incident, next.IncidentMS = key("incident", m.MonitorID, m.Environment, strconv.FormatInt(s.Since.UnixMilli(), 10)), s.Since.UnixMilli()
	case !s.Failing:
		next.Incident, next.IncidentMS = "", 0
	}
	// The issue first: it is made once whatever happens, and the state is what would be lost.
	if next.Incident != "" && !m.Muted && !m.MonitorMuted && len(rows) > 0 {
		if err := w.reportFailure(ctx, m, next.Incident, rows, s); err != nil {
			return err
		}
	}
	if was && next.Incident == "" {
		if err := w.resolveIncident(ctx, m); err != nil {
			return err
		}
	}
	_, err = w.cfg.Store.SetMonitorState(ctx, &next, m.Token) // when check-ins came meanwhile, it is judged again
	return err
}

// forgive takes back the misses of runs that came after all: their check-ins had waited in the queue. The run before,
// after which the missed one was expected, is not it, however short the time between them.
func (w *Worker) forgive(ctx context.Context, cfg *cron.Config, rows []store.CheckIn) ([]store.CheckIn, error) {
	margin := (time.Duration(cfg.MarginMinutes()) * time.Minute).Milliseconds()
	kept := make([]store.CheckIn, 0, len(rows))
	for i := range rows {
		c := &rows[i]
		came := c.ExpectedMS != nil && slices.ContainsFunc(rows, func(o store.CheckIn) bool {
			return o.ExpectedMS == nil && o.StartedMS >= *c.ExpectedMS-time.Minute.Milliseconds() && o.StartedMS <= *c.ExpectedMS+margin &&
				cfg.After(time.UnixMilli(o.StartedMS)).UnixMilli() > *c.ExpectedMS
		})
		if !came {
			kept = append(kept, *c)
			continue
		}
		if err := w.cfg.Store.DeleteServerCheckIn(ctx, c); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// late finds the check-ins that should have come.
func (w *Worker) late(ctx context.Context, now time.Time, beforeMS int64, blind bool) (bool, error) {
	for {
		ms, err := w.cfg.Store.LateMonitors(ctx, now.Add(-settle).UnixMilli(), batch)
		if err != nil {
			return false, err
		}
		var errs []error
		for i := range ms {
			m := &ms[i]
			status := store.CheckInMissed
			// It was due while nobody looked, or nearly so: the sender may have met a closed door.
			if blind && *m.LateMS > beforeMS-away.Milliseconds() {
				status = store.CheckInUnknown
			}
			if err := w.miss(ctx, m, status, now); err != nil {
				errs = append(errs, fmt.Errorf("monitor %s: %w", m.Slug, err))
			}
		}
		if len(ms) < batch || len(errs) > 0 || !blind {
			return len(ms) == batch && len(errs) == 0, errors.Join(errs...)
		}
	}
}

// miss stores the run that did not come and has the monitor judged again. Of several that did not come in a
// row while nobody looked only the first is stored; the next is expected from now on.
func (w *Worker) miss(ctx context.Context, m *store.WatchedMonitor, status string, now time.Time) error {
	if m.MonitorStatus == store.MonitorDisabled {
		next := m.MonitorEnvironment
		next.NextMS, next.LateMS = nil, nil
		_, err := w.cfg.Store.SetMonitorState(ctx, &next, nil)
		return err
	}
	cfg, err := cron.Parse(m.Config)
	if err != nil {
		return err
	}
	started := *m.NextMS
	if after := cfg.Next(time.UnixMilli(started)); status == store.CheckInUnknown && !after.IsZero() && after.Before(now) {
		started = now.UnixMilli() // many were due: one stands for all
	}
	expected := *m.NextMS
	c := store.CheckIn{OrgID: m.OrgID, CheckInID: key("missed", m.MonitorID, m.Environment, strconv.FormatInt(expected, 10)), ProjectID: m.ProjectID,
		MonitorSlug: m.Slug, Environment: m.Environment, Status: status, StartedMS: started, UpdatedMS: started, ExpectedMS: &expected}
	if err := w.cfg.Store.AddServerCheckIn(ctx, c); err != nil {
		return err
	}
	return w.judge(ctx, m)
}

// incidentHash groups the events of one incident into one issue.
func incidentHash(incident string) string { return "monitor-" + incident }

// reportFailure makes an issue of an incident, and an event in it for each failure. An event has the id of
// what failed, so that doing this twice makes one.
func (w *Worker) reportFailure(ctx context.Context, m *store.WatchedMonitor, incident string, rows []store.CheckIn, s cron.State) error {
	last := &rows[0]
	if !(cron.Run{Status: last.Status}).Failed() {
		return nil
	}
	id := key("incident event", incident, last.CheckInID)
	eventID, err := envelope.ParseID(id)
	if err != nil {
		return err
	}
	name := m.MonitorName
	if name == "" {
		name = m.Slug
	}
	what := map[string]string{store.CheckInMissed: "A check-in of %s was missed", store.CheckInTimeout: "A run of %s took too long",
		store.CheckInError: "A run of %s failed"}[last.Status]
	title := clip(fmt.Sprintf(what, name), 200)
	now := w.cfg.Now()
	ev := &envelope.Event{EventID: eventID, Level: "error", Timestamp: time.UnixMilli(last.UpdatedMS).UTC(), Received: now.UTC(), Platform: "other",
		Logger: "monitor", Environment: m.Environment, Release: last.Release, Message: &envelope.Message{Formatted: title},
		Tags: []envelope.Pair{{Key: "monitor.id", Value: m.MonitorID}, {Key: "monitor.slug", Value: m.Slug}, {Key: "environment", Value: m.Environment}}}
	ev.SetContext("monitor", "slug", m.Slug)
	ev.SetContext("monitor", "status", last.Status)
	ev.SetContext("monitor", "failures", strconv.Itoa(s.Failures))
	b, err := ev.Encode()
	if err != nil {
		return err
	}
	payload, err := store.Compress(b)
	if err != nil {
		return err
	}
	row := store.Event{ProjectID: m.ProjectID, EventID: id, OrgID: m.OrgID, Level: "error", Platform: "other", Title: title, Culprit: m.Slug,
		TimestampMS: last.UpdatedMS, ReceivedMS: now.UnixMilli(), TraceID: last.TraceID, Environment: m.Environment, Release: last.Release,
		Side: store.SideBackend, Payload: payload}
	_, err = w.cfg.Store.Ingest(ctx, []*store.Write{{MessageID: "monitor:" + id, ReceivedMS: now.UnixMilli(), OrgID: m.OrgID,
		Events: []store.EventWrite{{Event: row, Hashes: []string{incidentHash(incident)}, Algorithm: "monitor:1",
			Issue: store.Issue{Type: issueCron, Title: title, Culprit: m.Slug, Logger: "monitor", Metadata: `{"monitor":"` + m.MonitorID + `"}`}}}}})
	return err
}

// resolveIncident resolves the issue of an incident that is over, unless somebody did.
func (w *Worker) resolveIncident(ctx context.Context, m *store.WatchedMonitor) error {
	scope := store.Scope{OrgID: m.OrgID}
	i, err := w.cfg.Store.IncidentIssue(ctx, scope, m.ProjectID, incidentHash(m.Incident))
	if errors.Is(err, store.ErrNotFound) || err == nil && i.Status != store.IssueUnresolved {
		return nil
	}
	if err != nil {
		return err
	}
	resolved := store.IssueResolved
	_, err = w.cfg.Store.UpdateIssues(ctx, scope, []int64{i.ID}, store.IssueChange{Status: &resolved})
	return err
}
