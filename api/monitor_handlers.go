package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/alert/cron"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerMonitors() {
	const org, project = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/monitors/{monitor}/"
	const monitor = org + "monitors/{monitor}/"
	handle(a, Route{ID: "listMonitors", Method: "GET", Path: org + "monitors/", Access: "alerts:read", Summary: "Scheduled jobs"}, a.listMonitors)
	handle(a, Route{ID: "createMonitor", Method: "POST", Path: org + "monitors/", Access: "alerts:write", Summary: "Make a monitor", Status: 201}, a.createMonitor)
	handle(a, Route{ID: "updateMonitors", Method: "PUT", Path: org + "monitors/", Access: "alerts:write", Summary: "Change many monitors"}, a.updateMonitors)
	handle(a, Route{ID: "listMonitorsStats", Method: "GET", Path: org + "monitors-stats/", Access: "alerts:read", Summary: "Runs of several monitors over time"}, a.listMonitorsStats)
	handle(a, Route{ID: "getMonitor", Method: "GET", Path: monitor, Access: "alerts:read", Summary: "A monitor"}, a.getMonitor)
	handle(a, Route{ID: "updateMonitor", Method: "PUT", Path: monitor, Access: "alerts:write", Summary: "Change a monitor"}, a.updateMonitor)
	handle(a, Route{ID: "deleteMonitor", Method: "DELETE", Path: monitor, Access: "alerts:write", Summary: "Delete a monitor", Status: 202}, a.deleteMonitor)
	handle(a, Route{ID: "updateMonitorEnvironment", Method: "PUT", Path: monitor + "environments/{environment}/", Access: "alerts:write", Summary: "Mute a monitor in one environment"}, a.updateMonitorEnvironment)
	handle(a, Route{ID: "deleteMonitorEnvironment", Method: "DELETE", Path: monitor + "environments/{environment}/", Access: "alerts:write", Summary: "Remove an environment of a monitor", Status: 202}, a.deleteMonitorEnvironment)
	handle(a, Route{ID: "listCheckIns", Method: "GET", Path: monitor + "checkins/", Access: "alerts:read", Summary: "Runs of a monitor"}, a.listCheckIns)
	handle(a, Route{ID: "getMonitorStats", Method: "GET", Path: monitor + "stats/", Access: "alerts:read", Summary: "Runs of a monitor over time"}, a.getMonitorStats)
	handle(a, Route{ID: "getProjectMonitor", Method: "GET", Path: project, Access: "alerts:read", Summary: "A monitor of a project"},
		func(ctx context.Context, in *ProjectMonitorInput) (*One[Monitor], error) {
			return a.getMonitor(ctx, &MonitorInput{Monitor: in.Monitor, Environment: in.Environment})
		})
	handle(a, Route{ID: "updateProjectMonitor", Method: "PUT", Path: project, Access: "alerts:write", Summary: "Change a monitor of a project"},
		func(ctx context.Context, in *UpdateProjectMonitorInput) (*One[Monitor], error) {
			return a.updateMonitor(ctx, &UpdateMonitorInput{MonitorInput: MonitorInput{Monitor: in.Monitor}, Body: in.Body})
		})
	handle(a, Route{ID: "deleteProjectMonitor", Method: "DELETE", Path: project, Access: "alerts:write", Summary: "Delete a monitor of a project", Status: 202},
		func(ctx context.Context, in *ProjectMonitorInput) (*Nothing, error) {
			return a.deleteMonitor(ctx, &MonitorInput{Monitor: in.Monitor, Environment: in.Environment})
		})
	handle(a, Route{ID: "listProjectCheckIns", Method: "GET", Path: project + "checkins/", Access: "alerts:read", Summary: "Runs of a monitor of a project"},
		func(ctx context.Context, in *ProjectCheckInsInput) (*List[CheckIn], error) {
			return a.listCheckIns(ctx, &CheckInsInput{MonitorInput: MonitorInput{Monitor: in.Monitor, Environment: in.Environment},
				PageParams: in.PageParams, WindowParams: in.WindowParams, Expand: in.Expand})
		})
}

func monitorName(m *store.Monitor) string { return cmp.Or(m.Name, m.Slug) }

// monitorConfig gives a stored configuration in the API's form.
func monitorConfig(m *store.Monitor) MonitorConfig {
	c, err := cron.Parse(m.Config)
	if err != nil { // only a hand in the database makes such a one
		c = &cron.Config{}
	}
	out := MonitorConfig{ScheduleType: c.Schedule.Type, Schedule: c.Schedule.Crontab(), CheckInMargin: c.MarginMinutes(), MaxRuntime: c.RuntimeMinutes(),
		Timezone: c.Zone(), FailureThreshold: c.Failures(), RecoverThreshold: c.Recoveries()}
	if c.Schedule.Type == "interval" {
		out.Schedule = []any{c.Schedule.Every(), c.Schedule.Unit}
	}
	return out
}

// readMonitorConfig reads the API's form onto what was stored.
func readMonitorConfig(e element, old string) (string, error) {
	c := &cron.Config{}
	if old != "" {
		if read, err := cron.Parse(old); err == nil {
			c = read
		}
	}
	if v, ok := e["schedule"]; ok {
		typ := word(e, "schedule_type")
		switch s := v.(type) {
		case string:
			c.Schedule = cron.Schedule{Type: cmp.Or(typ, "crontab")}
			c.Schedule.Value, _ = json.Marshal(strings.TrimSpace(s)) // a text
		case []any:
			if len(s) != 2 {
				return "", badRequest("An interval is a number and a unit, such as [1, \"hour\"].")
			}
			c.Schedule = cron.Schedule{Type: cmp.Or(typ, "interval"), Unit: word(element{"u": s[1]}, "u")}
			c.Schedule.Value, _ = json.Marshal(number(element{"n": s[0]}, "n")) // a number
		case map[string]any:
			c.Schedule = cron.Schedule{Type: word(s, "type"), Unit: word(s, "unit")}
			c.Schedule.Value, _ = json.Marshal(s["value"]) // it came from JSON
		}
	}
	for key, to := range map[string]**int{"checkin_margin": &c.Margin, "max_runtime": &c.MaxRuntime, "failure_issue_threshold": &c.FailureThreshold,
		"recovery_threshold": &c.RecoverThreshold} {
		if v, ok := e[key]; ok {
			*to = nil
			if v != nil {
				n := int(number(e, key))
				*to = &n
			}
		}
	}
	if v, ok := e["timezone"]; ok && v != nil {
		c.TimeZone = word(e, "timezone")
	}
	if err := c.Validate(); err != nil {
		return "", badRequest(sentence(err))
	}
	b, err := json.Marshal(c)
	return string(b), err
}

func (a *API) monitors(ctx context.Context, rq *request, ms []store.Monitor, environments []string) ([]Monitor, error) {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	envs, err := a.Store.MonitorEnvironments(ctx, rq.scope, ms)
	if err != nil {
		return nil, a.fail("read environments of monitors", err)
	}
	out := make([]Monitor, len(ms))
	for i := range ms {
		m := &ms[i]
		p := set.byID[m.ProjectID]
		if p == nil {
			p = &store.Project{ID: m.ProjectID}
		}
		out[i] = Monitor{ID: dashed(m.ID), Slug: m.Slug, Name: monitorName(m), Status: m.Status, IsMuted: m.Muted, Type: "cron_job", DateCreated: at(m.CreatedMS),
			Project: projectRef(p), Owner: null(owner(m.Owner)), Config: monitorConfig(m), Environments: []MonitorEnvironment{}}
		for n := range envs {
			e := &envs[n]
			if e.ProjectID == m.ProjectID && e.Slug == m.Slug && (len(environments) == 0 || slices.Contains(environments, e.Environment)) {
				out[i].Environments = append(out[i].Environments, monitorEnvironment(e))
			}
		}
	}
	return out, nil
}

func monitorEnvironment(e *store.MonitorEnvironment) MonitorEnvironment {
	out := MonitorEnvironment{Name: e.Environment, Status: e.Status, IsMuted: e.Muted, DateCreated: at(e.CreatedMS), LastCheckIn: atPtr(e.LastMS),
		NextCheckIn: atPtr(e.NextMS), NextCheckInLatest: atPtr(e.LateMS)}
	if e.Status == store.CheckInMissed {
		out.Status = "missed_checkin"
	}
	if e.Incident != "" {
		out.ActiveIncident = null(&MonitorIncident{StartingTimestamp: at(e.IncidentMS)})
	}
	return out
}

func (a *API) listMonitors(ctx context.Context, in *MonitorsInput) (*List[Monitor], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	projects, err := set.choose(in.FilterParams)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Monitors(ctx, rq.scope, projects)
	if err != nil {
		return nil, a.fail("list monitors", err)
	}
	rows = slices.DeleteFunc(rows, func(m store.Monitor) bool {
		for w := range strings.FieldsSeq(strings.ToLower(in.Query)) {
			if s, ok := strings.CutPrefix(w, "status:"); ok && m.Status != s || !ok && !strings.Contains(strings.ToLower(m.Slug+" "+m.Name), strings.Trim(w, `"`)) {
				return true
			}
		}
		return in.Owner != "" && in.Owner != "myteams" && cmp.Or(m.Owner, "unassigned") != in.Owner
	})
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	out, err := a.monitors(ctx, rq, page, nonEmpty(in.Environment))
	return &List[Monitor]{Link: link, Body: out}, err
}

func (a *API) findMonitor(ctx context.Context, slugOrID string) (*store.Monitor, error) {
	rq := from(ctx)
	project := int64(0)
	if rq.project != nil {
		project = rq.project.ID
	}
	m, err := a.Store.FindMonitor(ctx, rq.scope, project, slugOrID)
	return m, a.fail("read monitor", err)
}

// monitorByNumber finds a monitor by the number that detectors have for it.
func (a *API) monitorByNumber(ctx context.Context, rq *request, n int64) (*store.Monitor, error) {
	ms, err := a.Store.Monitors(ctx, rq.scope, nil)
	if err != nil {
		return nil, a.fail("list monitors", err)
	}
	for i := range ms {
		if cron.Number(ms[i].ID) == n {
			return &ms[i], nil
		}
	}
	return nil, errNotFound
}

func (a *API) oneMonitor(ctx context.Context, m *store.Monitor, environments []string) (*One[Monitor], error) {
	out, err := a.monitors(ctx, from(ctx), []store.Monitor{*m}, environments)
	if err != nil {
		return nil, err
	}
	return one(out[0]), nil
}

func (a *API) getMonitor(ctx context.Context, in *MonitorInput) (*One[Monitor], error) {
	m, err := a.findMonitor(ctx, in.Monitor)
	if err != nil {
		return nil, err
	}
	return a.oneMonitor(ctx, m, nonEmpty(in.Environment))
}

func (a *API) createMonitor(ctx context.Context, in *CreateMonitorInput) (*One[Monitor], error) {
	rq := from(ctx)
	if in.Body.Project == "" {
		return nil, badRequest("The project is missing.")
	}
	p, err := a.Store.Project(ctx, rq.scope, in.Body.Project)
	if err != nil {
		return nil, badRequest("There is no such project.")
	}
	m, err := a.makeMonitor(ctx, rq, p, &in.Body)
	if err != nil {
		return nil, err
	}
	return a.oneMonitor(ctx, m, nil)
}

func (a *API) makeMonitor(ctx context.Context, rq *request, p *store.Project, b *MonitorBody) (*store.Monitor, error) {
	cfg, err := readMonitorConfig(b.Config, "")
	if err != nil {
		return nil, err
	}
	m := store.Monitor{ID: randomKey(), ProjectID: p.ID, Slug: cmp.Or(b.Slug, envelope.Slug(b.Name)), Name: b.Name, Config: cfg, Status: cmp.Or(b.Status, store.MonitorActive)}
	b.apply(&m)
	made, err := a.Store.CreateMonitor(ctx, rq.scope, m)
	if err != nil {
		return nil, a.failWrite("create monitor", err, "The slug is already in use.")
	}
	return made, nil
}

func (b *MonitorBody) apply(m *store.Monitor) {
	set(&m.Owner, b.Owner)
	set(&m.Muted, b.Muted)
	set(&m.Muted, b.IsMuted)
}

func (a *API) changeMonitor(ctx context.Context, rq *request, m *store.Monitor, b *MonitorBody) (*store.Monitor, error) {
	next := *m
	next.Slug, next.Name, next.Status = cmp.Or(b.Slug, m.Slug), cmp.Or(b.Name, m.Name), cmp.Or(b.Status, m.Status)
	b.apply(&next)
	if len(b.Config) > 0 {
		var err error
		if next.Config, err = readMonitorConfig(b.Config, m.Config); err != nil {
			return nil, err
		}
	}
	got, err := a.Store.UpdateMonitor(ctx, rq.scope, m, next)
	if err != nil {
		return nil, a.failWrite("update monitor", err, "The slug is already in use.")
	}
	return got, nil
}

func (a *API) updateMonitor(ctx context.Context, in *UpdateMonitorInput) (*One[Monitor], error) {
	m, err := a.findMonitor(ctx, in.Monitor)
	if err != nil {
		return nil, err
	}
	if m, err = a.changeMonitor(ctx, from(ctx), m, &in.Body); err != nil {
		return nil, err
	}
	return a.oneMonitor(ctx, m, nil)
}

func (a *API) updateMonitors(ctx context.Context, in *UpdateMonitorsInput) (*One[UpdatedMonitors], error) {
	rq := from(ctx)
	out := UpdatedMonitors{Updated: []string{}, Errored: []string{}}
	if len(in.Body.IDs) > 100 {
		return nil, badRequest("At most 100 monitors can be changed at once.")
	}
	for _, id := range in.Body.IDs {
		m, err := a.findMonitor(ctx, id)
		if err == nil {
			_, err = a.changeMonitor(ctx, rq, m, &MonitorBody{Status: in.Body.Status, IsMuted: in.Body.IsMuted})
		}
		if err != nil {
			out.Errored = append(out.Errored, id)
			continue
		}
		out.Updated = append(out.Updated, id)
	}
	return one(out), nil
}

func (a *API) deleteMonitor(ctx context.Context, in *MonitorInput) (*Nothing, error) {
	m, err := a.findMonitor(ctx, in.Monitor)
	if err != nil {
		return nil, err
	}
	environments := nonEmpty(in.Environment)
	if len(environments) == 0 {
		environments = []string{""} // all of it
	}
	for _, e := range environments {
		if err := a.Store.DeleteMonitor(ctx, from(ctx).scope, m.ProjectID, m.Slug, e); err != nil {
			return nil, a.fail("delete monitor", err)
		}
	}
	return nil, nil
}

func (a *API) updateMonitorEnvironment(ctx context.Context, in *UpdateMonitorEnvironmentInput) (*One[MonitorEnvironment], error) {
	rq := from(ctx)
	m, err := a.findMonitor(ctx, in.Monitor)
	if err != nil {
		return nil, err
	}
	if err := a.Store.MuteEnvironment(ctx, rq.scope, m.ProjectID, m.Slug, in.Environment, in.Body.IsMuted); err != nil {
		return nil, a.fail("mute monitor", err)
	}
	got, err := a.monitors(ctx, rq, []store.Monitor{*m}, []string{in.Environment})
	if err != nil {
		return nil, err
	}
	if len(got[0].Environments) == 0 {
		return nil, errNotFound
	}
	return one(got[0].Environments[0]), nil
}

func (a *API) deleteMonitorEnvironment(ctx context.Context, in *MonitorEnvironmentInput) (*Nothing, error) {
	return a.deleteMonitor(ctx, &MonitorInput{Monitor: in.Monitor, Environment: []string{in.Environment}})
}

func (a *API) listCheckIns(ctx context.Context, in *CheckInsInput) (*List[CheckIn], error) {
	rq := from(ctx)
	m, err := a.findMonitor(ctx, in.Monitor)
	if err != nil {
		return nil, err
	}
	c, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	fromMS, toMS, err := a.window(in.WindowParams, 0)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.CheckIns(ctx, rq.scope, store.CheckInQuery{ProjectID: m.ProjectID, Slug: m.Slug, Environments: nonEmpty(in.Environment), FromMS: fromMS, ToMS: toMS,
		Page: store.Page{Limit: perPage(in.PerPage, 50), Cursor: c}})
	if err != nil {
		return nil, a.fail("list check-ins", err)
	}
	cfg := monitorConfig(m)
	out := make([]CheckIn, len(page.Rows))
	for i := range page.Rows {
		r := &page.Rows[i]
		out[i] = CheckIn{ID: dashed(r.CheckInID), Environment: r.Environment, Status: r.Status, Duration: r.DurationMS, DateCreated: at(r.StartedMS), DateAdded: at(r.StartedMS),
			DateUpdated: at(r.UpdatedMS), DateClock: at(r.StartedMS), ExpectedTime: atPtr(r.ExpectedMS), MonitorConfig: cfg, TraceID: r.TraceID}
		if r.Status == store.CheckInProgress || r.DurationMS != nil {
			out[i].DateInProgress = atPtr(&r.StartedMS)
		}
	}
	if slices.Contains(in.Expand, "groups") {
		if err := a.expandGroups(ctx, rq, out); err != nil {
			return nil, err
		}
	}
	return &List[CheckIn]{Link: pageLink(a, rq, page), Body: out}, nil
}

// expandGroups adds the issues of errors that have the trace of a run.
func (a *API) expandGroups(ctx context.Context, rq *request, cs []CheckIn) error {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return err
	}
	for i := range cs {
		cs[i].Groups = []GroupRef{}
		if cs[i].TraceID == nil {
			continue
		}
		issues, err := a.Store.IssuesOfTrace(ctx, rq.scope, *cs[i].TraceID, 10)
		if err != nil {
			return a.fail("read issues of a run", err)
		}
		for _, is := range issues {
			cs[i].Groups = append(cs[i].Groups, GroupRef{ID: is.ID, ShortID: store.ShortID(set.slug(is.ProjectID), is.Number)})
		}
	}
	return nil
}

// statsWindow reads since, until and resolution; a series has at most 1000 points.
func (a *API) statsWindow(since, until float64, resolution string) (fromMS, toMS, stepMS int64, err error) {
	step, ok := parsePeriod(cmp.Or(resolution, "1h"))
	if !ok || step < time.Second {
		return 0, 0, 0, badRequest("Invalid resolution: want a number and one of s, m, h, d, w, such as 1h.")
	}
	now := a.Now().UnixMilli()
	toMS, stepMS = now, step.Milliseconds()
	if until > 0 {
		toMS = int64(until * 1000)
	}
	fromMS = toMS - 24*time.Hour.Milliseconds()
	if since > 0 {
		fromMS = int64(since * 1000)
	}
	if fromMS >= toMS || (toMS-fromMS)/stepMS > 1000 || toMS > now+366*24*time.Hour.Milliseconds() {
		return 0, 0, 0, badRequest(fmt.Sprintf("The window from since to until must have 1 to 1000 steps of %s.", step))
	}
	return fromMS - fromMS%stepMS, toMS, stepMS, nil
}

func (b *MonitorBucket) count(status string, n int64) {
	switch status {
	case store.CheckInOK:
		b.OK += n
	case store.CheckInError:
		b.Error += n
	case store.CheckInMissed:
		b.Missed += n
	case store.CheckInTimeout:
		b.Timeout += n
	case store.CheckInProgress:
		b.InProgress += n
	default:
		b.Unknown += n
	}
}

func (a *API) getMonitorStats(ctx context.Context, in *MonitorStatsInput) (*One[[]MonitorBucket], error) {
	m, err := a.findMonitor(ctx, in.Monitor)
	if err != nil {
		return nil, err
	}
	fromMS, toMS, stepMS, err := a.statsWindow(in.Since, in.Until, in.Resolution)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.CheckInStats(ctx, from(ctx).scope, []store.Monitor{*m}, nonEmpty(in.Environment), fromMS, toMS, stepMS)
	if err != nil {
		return nil, a.fail("count check-ins", err)
	}
	out := []MonitorBucket{}
	for ms := fromMS; ms < toMS; ms += stepMS {
		b := MonitorBucket{TS: ms / 1000}
		for _, r := range rows {
			if r.BucketMS == ms {
				b.count(r.Status, r.N)
			}
		}
		out = append(out, b)
	}
	return one(out), nil
}

// listMonitorsStats gives by slug a series of [epoch seconds, {environment: {status: count}}].
func (a *API) listMonitorsStats(ctx context.Context, in *MonitorsStatsInput) (*One[map[string][][2]any], error) {
	rq := from(ctx)
	names := nonEmpty(in.Monitor)
	if len(names) > 100 {
		return nil, badRequest("At most 100 monitors can be asked for at once.")
	}
	fromMS, toMS, stepMS, err := a.statsWindow(in.Since, in.Until, in.Resolution)
	if err != nil {
		return nil, err
	}
	ms := make([]store.Monitor, 0, len(names))
	keys := map[string]string{}
	for _, name := range names {
		m, err := a.findMonitor(ctx, name)
		if err != nil {
			return nil, err
		}
		ms = append(ms, *m)
		keys[strconv.FormatInt(m.ProjectID, 10)+"/"+m.Slug] = name
	}
	rows, err := a.Store.CheckInStats(ctx, rq.scope, ms, nonEmpty(in.Environment), fromMS, toMS, stepMS)
	if err != nil {
		return nil, a.fail("count check-ins", err)
	}
	counts := map[string]map[int64]map[string]map[string]int64{}
	for _, r := range rows {
		key := keys[strconv.FormatInt(r.ProjectID, 10)+"/"+r.Slug]
		if counts[key] == nil {
			counts[key] = map[int64]map[string]map[string]int64{}
		}
		if counts[key][r.BucketMS] == nil {
			counts[key][r.BucketMS] = map[string]map[string]int64{}
		}
		if counts[key][r.BucketMS][r.Environment] == nil {
			counts[key][r.BucketMS][r.Environment] = map[string]int64{}
		}
		counts[key][r.BucketMS][r.Environment][r.Status] += r.N
	}
	out := map[string][][2]any{}
	for _, name := range names {
		out[name] = [][2]any{}
		for t := fromMS; t < toMS; t += stepMS {
			envs := counts[name][t]
			if envs == nil {
				envs = map[string]map[string]int64{}
			}
			out[name] = append(out[name], [2]any{t / 1000, envs})
		}
	}
	return one(out), nil
}
