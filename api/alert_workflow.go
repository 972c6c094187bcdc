package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
)

// Workflow is an issue alert in Sentry's newest form: triggers, then groups of filters with their actions.
type Workflow struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Enabled        bool            `json:"enabled"`
	Environment    *string         `json:"environment"`
	Config         WorkflowConfig  `json:"config"`
	DetectorIDs    []string        `json:"detectorIds"`
	Triggers       WorkflowGroup   `json:"triggers"`
	ActionFilters  []WorkflowGroup `json:"actionFilters"`
	OrganizationID string          `json:"organizationId"`
	Owner          *string         `json:"owner"`
	CreatedBy      *string         `json:"createdBy"`
	DateCreated    time.Time       `json:"dateCreated"`
	DateUpdated    time.Time       `json:"dateUpdated"`
	LastTriggered  *time.Time      `json:"lastTriggered"`
}

// WorkflowConfig is how often a workflow tells of one issue, in minutes.
type WorkflowConfig struct {
	Frequency int `json:"frequency"`
}

// WorkflowGroup is conditions with what follows from them.
type WorkflowGroup struct {
	ID             string    `json:"id"`
	OrganizationID string    `json:"organizationId"`
	LogicType      string    `json:"logicType"`
	Conditions     []element `json:"conditions"`
	Actions        []element `json:"actions"`
}

// WorkflowBody makes a workflow.
type WorkflowBody struct {
	_ struct{} `json:"-" additionalProperties:"true"`

	Name          string    `json:"name" minLength:"1" maxLength:"200"`
	Enabled       *bool     `json:"enabled,omitempty"`
	Environment   *string   `json:"environment,omitempty" nullable:"true"`
	Config        element   `json:"config,omitempty"`
	DetectorIDs   []any     `json:"detectorIds,omitempty"`
	Triggers      element   `json:"triggers,omitempty"`
	ActionFilters []element `json:"actionFilters,omitempty"`
	Owner         *string   `json:"owner,omitempty" nullable:"true"`
}

// WorkflowsInput lists workflows.
type WorkflowsInput struct {
	OrgPath
	PageParams
	FilterParams
	Query    string   `query:"query" doc:"Part of a name, or name:x with * for anything."`
	ID       []string `query:"id,explode"`
	Detector []string `query:"detector,explode"`
	SortBy   string   `query:"sortBy" doc:"id, name; - reverses."`
}

// WorkflowInput names a workflow.
type WorkflowInput struct {
	OrgPath
	Workflow int64 `path:"workflow"`
}

// CreateWorkflowInput makes a workflow.
type CreateWorkflowInput struct {
	OrgPath
	Body WorkflowBody
}

// UpdateWorkflowInput replaces a workflow.
type UpdateWorkflowInput struct {
	WorkflowInput
	Body WorkflowBody
}

func (a *API) registerWorkflows() {
	const org = "/api/0/organizations/{org}/workflows/"
	handle(a, Route{ID: "listWorkflows", Method: "GET", Path: org, Access: "alerts:read", Summary: "Issue alerts, in the form of workflows"}, a.listWorkflows)
	handle(a, Route{ID: "createWorkflow", Method: "POST", Path: org, Access: "alerts:write", Summary: "Make a workflow", Status: 201}, a.createWorkflow)
	handle(a, Route{ID: "getWorkflow", Method: "GET", Path: org + "{workflow}/", Access: "alerts:read", Summary: "A workflow"}, a.getWorkflow)
	handle(a, Route{ID: "updateWorkflow", Method: "PUT", Path: org + "{workflow}/", Access: "alerts:write", Summary: "Replace a workflow"}, a.updateWorkflow)
	handle(a, Route{ID: "deleteWorkflow", Method: "DELETE", Path: org + "{workflow}/", Access: "alerts:write", Summary: "Delete a workflow", Status: 204}, a.deleteWorkflow)
}

func (a *API) workflow(rq *request, row *store.AlertRule) (Workflow, error) {
	doc, err := ruleOf(row)
	if err != nil {
		return Workflow{}, a.fail("read workflow", err)
	}
	org := itoa(rq.scope.OrgID)
	out := Workflow{ID: itoa(row.ID), Name: row.Name, Enabled: row.Enabled, Environment: text(row.Environment), Config: WorkflowConfig{doc.Frequency}, DetectorIDs: []string{},
		Triggers: WorkflowGroup{ID: itoa(row.ID), OrganizationID: org, LogicType: doc.Match, Conditions: []element{}, Actions: []element{}}, ActionFilters: []WorkflowGroup{},
		OrganizationID: org, Owner: text(doc.Owner), DateCreated: at(row.CreatedMS), DateUpdated: at(row.UpdatedMS), LastTriggered: atPtr(row.FiredMS)}
	if row.CreatedBy != nil {
		out.CreatedBy = idOrNull(*row.CreatedBy)
	}
	for _, id := range detectorsOf(doc, ruleProjects(row)) {
		out.DetectorIDs = append(out.DetectorIDs, itoa(id))
	}
	for i := range doc.When {
		out.Triggers.Conditions = append(out.Triggers.Conditions, writeWorkflowCondition(&doc.When[i]))
	}
	for _, g := range doc.Then {
		wg := WorkflowGroup{ID: itoa(g.ID), OrganizationID: org, LogicType: g.Match, Conditions: []element{}, Actions: []element{}}
		for i := range g.If {
			wg.Conditions = append(wg.Conditions, writeWorkflowCondition(&g.If[i]))
		}
		for i := range g.Do {
			wg.Actions = append(wg.Actions, writeWorkflowAction(&g.Do[i]))
		}
		out.ActionFilters = append(out.ActionFilters, wg)
	}
	return out, nil
}

func (a *API) listWorkflows(ctx context.Context, in *WorkflowsInput) (*List[Workflow], error) {
	rq := from(ctx)
	rows, err := a.Store.AlertRules(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list workflows", err)
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	projects, err := set.choose(in.FilterParams)
	if err != nil {
		return nil, err
	}
	out := []Workflow{}
	for i := range rows {
		r := &rows[i]
		ids := ruleProjects(r)
		elsewhere := len(projects) > 0 && len(ids) > 0 && !slices.ContainsFunc(ids, func(id int64) bool { return slices.Contains(projects, id) })
		if r.Kind != store.AlertIssue || elsewhere || !namedLike(in.Query, r.Name) || len(nonEmpty(in.ID)) > 0 && !slices.Contains(in.ID, itoa(r.ID)) {
			continue
		}
		w, err := a.workflow(rq, r)
		if err != nil {
			return nil, err
		}
		if ds := nonEmpty(in.Detector); len(ds) > 0 && !slices.ContainsFunc(ds, func(d string) bool { return slices.Contains(w.DetectorIDs, d) }) {
			continue
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(x, y Workflow) int {
		switch in.SortBy {
		case "name":
			return strings.Compare(x.Name, y.Name)
		case "-name":
			return strings.Compare(y.Name, x.Name)
		}
		return 0
	})
	if strings.HasPrefix(in.SortBy, "-id") || in.SortBy == "-connectedDetectors" {
		slices.Reverse(out)
	}
	page, link, err := offsetPage(a, rq, out, in.PageParams)
	if err != nil {
		return nil, err
	}
	return &List[Workflow]{Link: link, Body: page}, nil
}

// namedLike says whether a name fits a query: words of it, or name:"*x*".
func namedLike(query, name string) bool {
	q := strings.ToLower(strings.TrimSpace(query))
	q = strings.TrimPrefix(strings.Trim(strings.TrimPrefix(q, "name:"), `"`), `"`)
	exact := strings.HasPrefix(strings.ToLower(strings.TrimSpace(query)), "name:") && !strings.Contains(q, "*")
	if exact {
		return strings.ToLower(name) == q
	}
	return strings.Contains(strings.ToLower(name), strings.Trim(q, "*"))
}

func (a *API) workflowRow(ctx context.Context, id int64) (*store.AlertRule, error) {
	row, err := a.Store.AlertRule(ctx, from(ctx).scope, id)
	if err == nil && row.Kind != store.AlertIssue {
		return nil, errNotFound
	}
	return row, a.fail("read workflow", err)
}

func (a *API) getWorkflow(ctx context.Context, in *WorkflowInput) (*One[Workflow], error) {
	row, err := a.workflowRow(ctx, in.Workflow)
	if err != nil {
		return nil, err
	}
	out, err := a.workflow(from(ctx), row)
	return one(out), err
}

// workflowProjects are the projects whose errors a workflow's detectors find.
func (a *API) workflowProjects(ctx context.Context, rq *request, doc *rule.Rule) (string, error) {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return "", err
	}
	ids := []int64{}
	for _, d := range doc.Detectors {
		kind, n := rule.SplitDetector(d)
		if kind != rule.DetectorErrors && kind != rule.DetectorStream {
			continue
		}
		if set.byID[n] == nil {
			return "", badRequest(fmt.Sprintf("There is no detector %d.", d))
		}
		ids = append(ids, n)
	}
	slices.Sort(ids)
	return projectsJSON(slices.Compact(ids)...), nil
}

func (a *API) createWorkflow(ctx context.Context, in *CreateWorkflowInput) (*One[Workflow], error) {
	rq := from(ctx)
	doc, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	row := store.AlertRule{Kind: store.AlertIssue, Name: in.Body.Name, Enabled: in.Body.Enabled == nil || *in.Body.Enabled, Body: doc.JSON()}
	if row.Projects, err = a.workflowProjects(ctx, rq, doc); err != nil {
		return nil, err
	}
	set(&row.Environment, in.Body.Environment)
	if id := rq.caller.userID(); id != 0 {
		row.CreatedBy = &id
	}
	made, err := a.Store.CreateAlertRule(ctx, rq.scope, row)
	if err != nil {
		return nil, a.failWrite("create workflow", err, "")
	}
	out, err := a.workflow(rq, made)
	return one(out), err
}

func (a *API) updateWorkflow(ctx context.Context, in *UpdateWorkflowInput) (*One[Workflow], error) {
	rq := from(ctx)
	row, err := a.workflowRow(ctx, in.Workflow)
	if err != nil {
		return nil, err
	}
	doc, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	if old, err := ruleOf(row); err == nil { // the workflows form has no words for these
		doc.Digest, doc.Quiet = old.Digest, old.Quiet
	}
	row.Name, row.Body, row.Environment = in.Body.Name, doc.JSON(), ""
	if in.Body.Enabled != nil {
		row.Enabled = *in.Body.Enabled
	}
	set(&row.Environment, in.Body.Environment)
	if row.Projects, err = a.workflowProjects(ctx, rq, doc); err != nil {
		return nil, err
	}
	if row, err = a.Store.UpdateAlertRule(ctx, rq.scope, *row); err != nil {
		return nil, a.failWrite("update workflow", err, "")
	}
	out, err := a.workflow(rq, row)
	return one(out), err
}

func (a *API) deleteWorkflow(ctx context.Context, in *WorkflowInput) (*Nothing, error) {
	if _, err := a.workflowRow(ctx, in.Workflow); err != nil {
		return nil, err
	}
	return nil, a.fail("delete workflow", a.Store.DeleteAlertRule(ctx, from(ctx).scope, in.Workflow))
}

// detectorsOf gives a rule's detectors; one made in another form is about its projects' issues.
func detectorsOf(doc *rule.Rule, projects []int64) []int64 {
	if len(doc.Detectors) > 0 {
		return doc.Detectors
	}
	out := make([]int64, len(projects))
	for i, p := range projects {
		out[i] = rule.DetectorID(rule.DetectorStream, p)
	}
	return out
}
