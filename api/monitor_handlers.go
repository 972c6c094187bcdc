package api

import (
	"cmp"
	"context"
	"slices"
	"strings"

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
	handle(a, Route{ID: "listWaitingMonitors", Method: "GET", Path: org + "monitors-waiting/", Access: "alerts:read", Summary: "Jobs that reported and that nobody has described"}, a.listWaitingMonitors)
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

func (a *API) listWaitingMonitors(ctx context.Context, in *WaitingMonitorsInput) (*List[WaitingMonitor], error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	projects, err := set.choose(in.FilterParams)
	if err != nil {
		return nil, err
	}
	if len(projects) == 0 { // all
		for i := range set.list {
			projects = append(projects, set.list[i].ID)
		}
	}
	rows, err := a.Store.WaitingMonitors(ctx, projects)
	if err != nil {
		return nil, a.fail("list waiting monitors", err)
	}
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	out := make([]WaitingMonitor, len(page))
	for i := range page {
		w := &page[i]
		out[i] = WaitingMonitor{Slug: w.MonitorSlug, Project: projectRef(set.byID[w.ProjectID]), CheckIns: w.CheckIns, FirstSeen: at(w.FirstMS), LastSeen: at(w.LastMS), Expires: at(w.ExpiresMS())}
	}
	return &List[WaitingMonitor]{Link: link, Body: out}, nil
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
