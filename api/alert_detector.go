package api

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/alert/cron"
	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
)

// Detector finds what workflows tell of: a project's errors, a number that is watched, a scheduled job.
type Detector struct {
	ID             string         `json:"id"`
	ProjectID      string         `json:"projectId"`
	Name           string         `json:"name"`
	Description    *string        `json:"description"`
	Type           string         `json:"type" doc:"error, issue_stream, metric_issue, monitor_check_in_failure"`
	Enabled        bool           `json:"enabled"`
	WorkflowIDs    []string       `json:"workflowIds"`
	Owner          Null[ActorRef] `json:"owner"`
	CreatedBy      *string        `json:"createdBy"`
	DateCreated    time.Time      `json:"dateCreated"`
	DateUpdated    time.Time      `json:"dateUpdated"`
	DataSources    []element      `json:"dataSources" nullable:"true"`
	ConditionGroup element        `json:"conditionGroup" nullable:"true"`
	Config         element        `json:"config"`
	LatestGroup    *string        `json:"latestGroup"`
	OpenIssues     int            `json:"openIssues"`
	AlertRuleID    *int64         `json:"alertRuleId"`
	RuleID         *int64         `json:"ruleId"`
}

// ActorRef is a user or team.
type ActorRef struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// DetectorBody makes a detector.
type DetectorBody struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Name string `json:"name" minLength:"1" maxLength:"200"`
	DetectorChange
}

// DetectorChange is what a detector can be told besides its name.
type DetectorChange struct {
	Type           string    `json:"type,omitempty"`
	Description    *string   `json:"description,omitempty" nullable:"true"`
	Enabled        *bool     `json:"enabled,omitempty"`
	Owner          Sent      `json:"owner,omitempty"`
	DataSources    []element `json:"dataSources,omitempty"`
	DataSource     element   `json:"dataSource,omitempty"`
	ConditionGroup element   `json:"conditionGroup,omitempty"`
	Config         element   `json:"config,omitempty"`
	WorkflowIDs    []any     `json:"workflowIds,omitempty"`
}

// DetectorsInput lists detectors.
type DetectorsInput struct {
	OrgPath
	PageParams
	FilterParams
	Query  string   `query:"query" doc:"type:x, name:x, or part of a name."`
	ID     []string `query:"id,explode"`
	SortBy string   `query:"sortBy"`
}

// DetectorInput names a detector.
type DetectorInput struct {
	OrgPath
	Detector int64 `path:"detector"`
}

// CreateDetectorInput makes a detector.
type CreateDetectorInput struct {
	OrgPath
	Project string `path:"project"`
	Body    DetectorBody
}

// UpdateDetectorInput changes a detector; what is left out stays as it is.
type UpdateDetectorInput struct {
	DetectorInput
	Body struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Name string `json:"name,omitempty" maxLength:"200"`
		DetectorChange
	}
}

func (a *API) registerDetectors() {
	const org = "/api/0/organizations/{org}/"
	handle(a, Route{ID: "listDetectors", Method: "GET", Path: org + "detectors/", Access: "alerts:read", Summary: "What alerts can be about"}, a.listDetectors)
	handle(a, Route{ID: "createDetector", Method: "POST", Path: org + "projects/{project}/detectors/", Access: "alerts:write", Summary: "Make a detector", Status: 201}, a.createDetector)
	handle(a, Route{ID: "getDetector", Method: "GET", Path: org + "detectors/{detector}/", Access: "alerts:read", Summary: "A detector"}, a.getDetector)
	handle(a, Route{ID: "updateDetector", Method: "PUT", Path: org + "detectors/{detector}/", Access: "alerts:write", Summary: "Change a detector"}, a.updateDetector)
	handle(a, Route{ID: "deleteDetector", Method: "DELETE", Path: org + "detectors/{detector}/", Access: "alerts:write", Summary: "Delete a detector", Status: 204}, a.deleteDetector)
}

// detectors gives all of an organisation's, the projects' own first.
func (a *API) detectors(ctx context.Context, rq *request) ([]Detector, error) {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.AlertRules(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list detectors", err)
	}
	monitors, err := a.Store.Monitors(ctx, rq.scope, nil)
	if err != nil {
		return nil, a.fail("list monitors", err)
	}
	workflows := map[int64][]string{}
	for i := range rows {
		if rows[i].Kind != store.AlertIssue {
			continue
		}
		if doc, err := ruleOf(&rows[i]); err == nil {
			for _, d := range detectorsOf(doc, ruleProjects(&rows[i])) {
				workflows[d] = append(workflows[d], itoa(rows[i].ID))
			}
		}
	}
	var out []Detector
	add := func(kind, n int64, d Detector) {
		id := rule.DetectorID(kind, n)
		d.ID, d.WorkflowIDs = itoa(id), workflows[id]
		if d.WorkflowIDs == nil {
			d.WorkflowIDs = []string{}
		}
		if d.Config == nil {
			d.Config = element{}
		}
		out = append(out, d)
	}
	for i := range set.list {
		p := &set.list[i]
		base := Detector{ProjectID: itoa(p.ID), Enabled: true, DateCreated: at(p.CreatedMS), DateUpdated: at(p.CreatedMS)}
		base.Name, base.Type = "Error Monitor", "error"
		add(rule.DetectorErrors, p.ID, base)
		base.Name, base.Type = "Issue Stream", "issue_stream"
		add(rule.DetectorStream, p.ID, base)
	}
	for i := range rows {
		if rows[i].Kind == store.AlertMetric {
			d, err := a.metricDetector(rq, &rows[i])
			if err != nil {
				return nil, err
			}
			add(rule.DetectorMetric, rows[i].ID, d)
		}
	}
	for i := range monitors {
		add(rule.DetectorCron, cron.Number(monitors[i].ID), a.cronDetector(rq, &monitors[i]))
	}
	return out, nil
}

func (a *API) listDetectors(ctx context.Context, in *DetectorsInput) (*List[Detector], error) {
	rq := from(ctx)
	all, err := a.detectors(ctx, rq)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	projects, err := set.choose(in.FilterParams)
	if err != nil {
		return nil, err
	}
	kind, rest := "", []string{}
	for w := range strings.FieldsSeq(in.Query) {
		if k, ok := strings.CutPrefix(w, "type:"); ok {
			kind = strings.Trim(k, `"`)
		} else {
			rest = append(rest, w)
		}
	}
	if kind == "metric" {
		kind = "metric_issue"
	}
	rows := slices.DeleteFunc(all, func(d Detector) bool {
		id, _ := strconv.ParseInt(d.ProjectID, 10, 64)
		return kind != "" && d.Type != kind || len(projects) > 0 && !slices.Contains(projects, id) ||
			len(nonEmpty(in.ID)) > 0 && !slices.Contains(in.ID, d.ID) || !namedLike(strings.Join(rest, " "), d.Name)
	})
	page, link, err := offsetPage(a, rq, rows, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Detector]{Link: link, Body: page}, nil
}

func (a *API) detector(ctx context.Context, id int64) (*Detector, error) {
	all, err := a.detectors(ctx, from(ctx))
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(d Detector) bool { return d.ID == itoa(id) }); i >= 0 {
		return &all[i], nil
	}
	return nil, errNotFound
}

func (a *API) getDetector(ctx context.Context, in *DetectorInput) (*One[Detector], error) {
	d, err := a.detector(ctx, in.Detector)
	if err != nil {
		return nil, err
	}
	return one(*d), nil
}

func (a *API) createDetector(ctx context.Context, in *CreateDetectorInput) (*One[Detector], error) {
	rq := from(ctx)
	b := &in.Body
	var id int64
	switch b.Type {
	case "metric_issue":
		doc, environment, err := a.readDetector(ctx, rq, &b.DetectorChange)
		if err != nil {
			return nil, err
		}
		row := store.AlertRule{Kind: store.AlertMetric, Name: b.Name, Enabled: b.Enabled == nil || *b.Enabled, Projects: projectsJSON(rq.project.ID), Environment: environment, Body: doc.JSON()}
		if user := rq.caller.userID(); user != 0 {
			row.CreatedBy = &user
		}
		made, err := a.Store.CreateAlertRule(ctx, rq.scope, row)
		if err != nil {
			return nil, a.failWrite("create detector", err, "")
		}
		id = rule.DetectorID(rule.DetectorMetric, made.ID)
	case "monitor_check_in_failure":
		m, err := a.makeMonitor(ctx, rq, rq.project, b.monitor(b.Name))
		if err != nil {
			return nil, err
		}
		id = rule.DetectorID(rule.DetectorCron, cron.Number(m.ID))
	default:
		return nil, badRequest("A detector of the type metric_issue or monitor_check_in_failure can be made; each project has its others already.")
	}
	return a.getDetector(ctx, &DetectorInput{Detector: id})
}

func (a *API) updateDetector(ctx context.Context, in *UpdateDetectorInput) (*One[Detector], error) {
	rq := from(ctx)
	kind, n := rule.SplitDetector(in.Detector)
	switch kind {
	case rule.DetectorMetric:
		row, err := a.metricRow(ctx, rq, n)
		if err != nil {
			return nil, err
		}
		doc, err := ruleOf(row)
		if err != nil || doc.Metric == nil {
			return nil, a.fail("read metric alert", err)
		}
		if err := a.changeDetector(ctx, rq, doc, &row.Environment, &in.Body.DetectorChange); err != nil {
			return nil, err
		}
		row.Name, row.Body = cmp.Or(in.Body.Name, row.Name), doc.JSON()
		set(&row.Enabled, in.Body.Enabled)
		if _, err := a.Store.UpdateAlertRule(ctx, rq.scope, *row); err != nil {
			return nil, a.failWrite("update detector", err, "")
		}
	case rule.DetectorCron:
		m, err := a.monitorByNumber(ctx, rq, n)
		if err != nil {
			return nil, err
		}
		body := in.Body.monitor(in.Body.Name)
		body.Slug = m.Slug
		if _, err := a.changeMonitor(ctx, rq, m, body); err != nil {
			return nil, err
		}
	default:
		if _, err := a.detector(ctx, in.Detector); err != nil {
			return nil, err
		}
	}
	return a.getDetector(ctx, &in.DetectorInput)
}

func (a *API) deleteDetector(ctx context.Context, in *DetectorInput) (*Nothing, error) {
	rq := from(ctx)
	kind, n := rule.SplitDetector(in.Detector)
	switch kind {
	case rule.DetectorMetric:
		return a.dropMetricRule(ctx, n)
	case rule.DetectorCron:
		m, err := a.monitorByNumber(ctx, rq, n)
		if err != nil {
			return nil, err
		}
		return nil, a.fail("delete detector", a.Store.DeleteMonitor(ctx, rq.scope, m.ProjectID, m.Slug, ""))
	}
	if _, err := a.detector(ctx, in.Detector); err != nil {
		return nil, err
	}
	return nil, badRequest("This detector belongs to its project and cannot be deleted.")
}
