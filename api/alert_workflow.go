package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
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

// frequencies are the workflows form's names of counting conditions: one for a count, one for a change.
var frequencies = map[string]string{rule.EventFrequency: "event_frequency", rule.UserFrequency: "event_unique_user_frequency", rule.SessionPercent: "percent_sessions"}

// readWorkflowCondition reads a condition of the workflows form.
func readWorkflowCondition(e element) (rule.Condition, error) {
	typ := word(e, "type")
	c := rule.Condition{Type: typ, ID: int64(number(e, "id"))}
	if e["conditionResult"] != nil {
		c.Result, _ = json.Marshal(e["conditionResult"]) // it came from JSON
	}
	m, _ := e["comparison"].(map[string]any)
	for kind, name := range frequencies {
		if typ == name+"_count" || typ == name+"_percent" {
			c.Type, c.Percent = kind, strings.HasSuffix(typ, "_percent")
			c.Value, c.Interval, c.Than = number(m, "value"), word(m, "interval"), word(m, "comparisonInterval")
			if m["filters"] != nil {
				c.Sub, _ = json.Marshal(m["filters"]) // likewise
			}
			return c, nil
		}
	}
	switch typ {
	case rule.Age:
		c.Newer, c.Value, c.Unit = word(m, "comparisonType") == "newer", number(m, "value"), word(m, "time")
	case rule.AssignedTo:
		c.Target, c.TargetID = strings.Replace(word(m, "targetType"), "NoOne", "Unassigned", 1), word(m, "targetIdentifier")
	case rule.Category, rule.Type:
		include, named := m["include"].(bool)
		c.Text, c.Exclude = word(m, "value"), named && !include
	case rule.Occurrences:
		c.Value = number(m, "value")
	case rule.PriorityAtLeast, rule.PriorityFalling:
		c.Value = number(e, "comparison")
	case rule.Attribute:
		c.Key, c.Match, c.Text = word(m, "attribute"), word(m, "match"), word(m, "value")
	case rule.Tagged:
		c.Key, c.Match, c.Text = word(m, "key"), word(m, "match"), word(m, "value")
	case rule.LatestAdopted:
		c.Env, c.Newer, c.ReleaseAge = word(m, "environment"), word(m, "ageComparison") == "newer", word(m, "releaseAgeType")
	case rule.Level:
		c.Match, c.Value = word(m, "match"), number(m, "level")
	case rule.HasReplay:
		b, named := e["comparison"].(bool)
		c.Exclude = named && !b
	default:
		if partOf(typ) == nil {
			return c, badRequest(fmt.Sprintf("There is no condition of the type %q.", clipped(typ)))
		}
	}
	return c, nil
}

func writeWorkflowCondition(c *rule.Condition) element {
	e := element{"id": itoa(c.ID), "type": c.Type, "comparison": true, "conditionResult": true}
	if len(c.Result) > 0 {
		e["conditionResult"] = c.Result
	}
	switch c.Type {
	case rule.EventFrequency, rule.UserFrequency, rule.SessionPercent:
		m := element{"value": c.Value, "interval": c.Interval}
		e["type"] = frequencies[c.Type] + "_count"
		if c.Percent {
			e["type"], m["comparisonInterval"] = frequencies[c.Type]+"_percent", c.Than
		}
		if len(c.Sub) > 0 {
			m["filters"] = c.Sub
		}
		e["comparison"] = m
	case rule.Age:
		e["comparison"] = element{"comparisonType": older(c.Newer), "value": c.Value, "time": c.Unit}
	case rule.AssignedTo:
		m := element{"targetType": strings.Replace(c.Target, "Unassigned", "NoOne", 1)}
		if c.TargetID != "" {
			m["targetIdentifier"] = c.TargetID
		}
		e["comparison"] = m
	case rule.Category, rule.Type:
		var v any = c.Text
		if n, err := strconv.Atoi(c.Text); err == nil {
			v = n
		}
		e["comparison"] = element{"value": v, "include": !c.Exclude}
	case rule.Occurrences:
		e["comparison"] = element{"value": c.Value}
	case rule.PriorityAtLeast, rule.PriorityFalling:
		e["comparison"] = c.Value
	case rule.Attribute, rule.Tagged:
		m := element{map[bool]string{true: "key", false: "attribute"}[c.Type == rule.Tagged]: c.Key, "match": c.Match}
		if c.Text != "" {
			m["value"] = c.Text
		}
		e["comparison"] = m
	case rule.LatestAdopted:
		e["comparison"] = element{"environment": c.Env, "ageComparison": older(c.Newer), "releaseAgeType": c.ReleaseAge}
	case rule.Level:
		e["comparison"] = element{"match": c.Match, "level": c.Value}
	case rule.HasReplay:
		e["comparison"] = !c.Exclude
	}
	return e
}

// readWorkflowAction reads an action of the workflows form; what it has besides is kept.
func readWorkflowAction(e element) rule.Action {
	a := rule.Action{ID: int64(number(e, "id")), Type: word(e, "type"), Sent: maps.Clone(e)}
	cfg, _ := e["config"].(map[string]any)
	data, _ := e["data"].(map[string]any)
	a.TargetID = word(cfg, "targetIdentifier")
	switch a.Type {
	case rule.ToEmail:
		a.Target, a.Fallthrough = word(cfg, "targetType"), word(data, "fallthroughType")
	case rule.ToChannel:
		a.ChannelID, _ = strconv.ParseInt(a.TargetID, 10, 64)
	default:
		if display := word(cfg, "targetDisplay"); display != "" {
			a.TargetID = display
		}
	}
	return a
}

func writeWorkflowAction(a *rule.Action) element {
	e := element{"integrationId": nil, "data": element{}, "status": "active",
		"config": element{"targetType": "specific", "targetIdentifier": text(a.TargetID), "targetDisplay": nil}}
	if a.Type == rule.ToEmail {
		e["config"] = element{"targetType": a.Target, "targetIdentifier": text(a.TargetID), "targetDisplay": nil}
		if a.Fallthrough != "" {
			e["data"] = element{"fallthroughType": a.Fallthrough}
		}
	}
	if a.Type == rule.ToChannel {
		e["config"] = element{"targetType": "specific", "targetIdentifier": itoa(a.ChannelID), "targetDisplay": nil}
	}
	for _, k := range []string{"integrationId", "data", "config", "status"} {
		if v, ok := a.Sent[k]; ok {
			e[k] = v
		}
	}
	e["id"], e["type"] = itoa(a.ID), a.Type
	return e
}

func elements(v any) []element {
	var out []element
	items, _ := v.([]any)
	for _, x := range items {
		if e, ok := x.(map[string]any); ok {
			out = append(out, e)
		}
	}
	return out
}

func (b *WorkflowBody) read() (*rule.Rule, error) {
	doc := &rule.Rule{Match: word(b.Triggers, "logicType"), When: []rule.Condition{}, Frequency: int(number(b.Config, "frequency"))}
	if doc.Match == "" {
		doc.Match = "any-short"
	}
	if doc.Frequency == 0 {
		doc.Frequency = 30
	}
	if b.Owner != nil {
		doc.Owner = *b.Owner
	}
	for _, id := range b.DetectorIDs {
		doc.Detectors = append(doc.Detectors, int64(number(element{"id": id}, "id")))
	}
	for _, e := range elements(b.Triggers["conditions"]) {
		c, err := readWorkflowCondition(e)
		if err != nil {
			return nil, err
		}
		doc.When = append(doc.When, c)
	}
	for _, f := range b.ActionFilters {
		g := rule.Group{ID: int64(number(f, "id")), Match: word(f, "logicType"), If: []rule.Condition{}, Do: []rule.Action{}}
		if g.Match == "" {
			g.Match = "all"
		}
		for _, e := range elements(f["conditions"]) {
			c, err := readWorkflowCondition(e)
			if err != nil {
				return nil, err
			}
			g.If = append(g.If, c)
		}
		for _, e := range elements(f["actions"]) {
			g.Do = append(g.Do, readWorkflowAction(e))
		}
		doc.Then = append(doc.Then, g)
	}
	doc.Number()
	return doc, checkRule(doc)
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
