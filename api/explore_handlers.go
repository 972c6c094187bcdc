package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/explore"
	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerEventExplorer() {
	const org = "/api/0/organizations/{org}/"
	handle(a, Route{ID: "explore", Method: "GET", Path: org + "events/", Access: "event:read", Summary: "Rows and aggregates of errors, transactions, spans and logs"}, a.explore)
	handle(a, Route{ID: "validateExplore", Method: "GET", Path: org + "events/validate/", Access: "event:read", Summary: "Whether a question can be answered"}, a.validateExplore)
	handle(a, Route{ID: "getEventsStats", Method: "GET", Path: org + "events-stats/", Access: "event:read", Summary: "Aggregates over time"}, a.eventsStats)
	handle(a, Route{ID: "getEventsTimeSeries", Method: "GET", Path: org + "events-timeseries/", Access: "event:read", Summary: "Aggregates over time, newer form"}, a.eventsTimeSeries)
	handle(a, Route{ID: "getEventsMeta", Method: "GET", Path: org + "events-meta/", Access: "event:read", Summary: "How many rows there are"}, a.eventsMeta)
	handle(a, Route{ID: "getEventsFacets", Method: "GET", Path: org + "events-facets/", Access: "event:read", Summary: "How tags are distributed"}, a.eventsFacets)
	handle(a, Route{ID: "listTraces", Method: "GET", Path: org + "traces/", Access: "event:read", Summary: "Traces"}, a.listTraces)
	handle(a, Route{ID: "listAttributes", Method: "GET", Path: org + "trace-items/attributes/", Access: "event:read", Summary: "What spans or logs have"}, a.listAttributes)
	handle(a, Route{ID: "listAttributeValues", Method: "GET", Path: org + "trace-items/attributes/{tag}/values/", Access: "event:read", Summary: "Values of an attribute"}, a.listAttributeValues)
	handle(a, Route{ID: "getTraceItem", Method: "GET", Path: "/api/0/projects/{org}/{project}/trace-items/{item}/", Access: "event:read", Summary: "A span or a log with all it has"}, a.getTraceItem)
}

// exploreWindow is how far back a question goes that does not say.
const exploreWindow = 14 * 24 * time.Hour

// explorer puts a question together.
func (a *API) explorer(ctx context.Context, rq *request, p ExploreParams, fields, sort []string) (*source, error) {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	s := &source{a: a, rq: rq, set: set}
	if s.dataset, err = dataset(p.Dataset); err != nil {
		return nil, err
	}
	if s.query, err = explore.Parse(a.Now(), exploreShapes[s.dataset], fields, p.Query, sort); err != nil {
		return nil, question(err)
	}
	if s.scan.Projects, err = set.choose(p.FilterParams); err != nil {
		return nil, err
	}
	if s.dataset == "errors" || s.dataset == "discover" {
		f, err := search.Events(a.searchContext(ctx, rq, set, s.scan.Projects...), s.query.Where)
		if err != nil && s.dataset == "errors" {
			return nil, question(err)
		}
		if err != nil || asksForTransactions(s.query.Where) {
			f = store.Filter{Op: store.FilterAny} // of errors there are none
		}
		s.filter = f
	}
	s.scan.Environments, s.scan.Trace = nonEmpty(p.Environment), tracesOf(s.query.Where)
	s.scan.FromMS, s.scan.ToMS, err = a.window(p.WindowParams, exploreWindow)
	return s, err
}

// question makes what is wrong with a question a 400 with a sentence.
func question(err error) error {
	var bad *explore.Error
	if errors.As(err, &bad) {
		return badRequest(bad.Error())
	}
	var words *search.Error
	if errors.As(err, &words) {
		return badRequest("Error parsing search query: " + words.Error())
	}
	return err
}

// topTerms are the conditions of a query that must all hold.
func topTerms(n search.Node) (out []search.Term) {
	switch n := n.(type) {
	case search.Term:
		return []search.Term{n}
	case search.And:
		for _, n := range n {
			out = append(out, topTerms(n)...)
		}
	}
	return out
}

// wordsOf are free words that must all be in a row's text, for the database to look for: those that it folds as we do.
func wordsOf(n search.Node) (out []string) {
	nodes, ok := n.(search.And)
	if !ok {
		nodes = search.And{n}
	}
	for _, n := range nodes {
		t, ok := n.(search.Text)
		if !ok || strings.ContainsFunc(t.Value.Text, func(r rune) bool { return r > 0x7f }) {
			continue
		}
		parts := t.Value.Wildcard
		if len(parts) == 0 {
			parts = []string{t.Value.Text}
		}
		for _, p := range parts {
			if p != "" {
				out = append(out, p)
			}
		}
	}
	return out
}

// tracesOf is the one trace that a query is about, for its index.
func tracesOf(n search.Node) string {
	for _, t := range topTerms(n) {
		if t.Key == "trace" && t.Op == "=" && len(t.Values) == 1 {
			if id, ok := hexID(t.Values[0].Text); ok {
				return id
			}
		}
	}
	return ""
}

func asksForTransactions(n search.Node) bool {
	return slices.ContainsFunc(topTerms(n), func(t search.Term) bool {
		return t.Key == "event.type" && len(t.Values) == 1 && t.Values[0].Text == "transaction"
	})
}

// seconds is the length of the question's window, for rates.
func (s *source) window() time.Duration {
	to := s.scan.ToMS
	if to == 0 {
		to = s.a.Now().UnixMilli()
	}
	from := s.scan.FromMS
	if from == 0 {
		from = to - exploreWindow.Milliseconds()
	}
	return time.Duration(to-from) * time.Millisecond
}

// rows answers with the cells of up to limit rows from offset on.
func (s *source) rows(ctx context.Context, offset, limit int) (cells [][]any, more, partial bool, err error) {
	switch {
	case s.query.Aggregate():
		g := s.query.Group()
		if partial, err = s.each(ctx, func(r explore.Row) (bool, error) { return true, g.Add(r) }); err == nil {
			cells, err = g.Rows(s.window())
		}
	case s.query.NewestFirst():
		if s.dataset == "errors" {
			s.limit = offset + limit + 1
		}
		_, err = s.each(ctx, func(r explore.Row) (bool, error) {
			cells = append(cells, s.query.Cells(r))
			return len(cells) <= offset+limit, nil
		})
	default:
		partial, err = s.each(ctx, func(r explore.Row) (bool, error) {
			cells = append(cells, s.query.Cells(r))
			return true, nil
		})
		s.query.Sort(cells)
	}
	if err != nil {
		return nil, false, false, s.a.fail("explore", question(err))
	}
	more = len(cells) > offset+limit
	return cells[min(offset, len(cells)):min(offset+limit, len(cells))], more, partial, nil
}

func (a *API) explore(ctx context.Context, in *ExploreInput) (*ExploreOutput, error) {
	rq := from(ctx)
	fields := nonEmpty(in.Field)
	asked := len(fields)
	if asked > 0 && !slices.ContainsFunc(fields, func(f string) bool { return strings.Contains(f, "(") }) {
		fields = withMore(fields, "id", "project.name")
		if slices.Contains(fields, "issue") {
			fields = withMore(fields, "issue.id")
		}
	}
	if asked > explore.MaxFields {
		return nil, badRequest("At most 20 columns can be selected.")
	}
	s, err := a.explorer(ctx, rq, in.ExploreParams, fields[:min(len(fields), explore.MaxFields)], nonEmpty(append(in.Sort, in.Orderby...)))
	if err != nil {
		return nil, err
	}
	offset := 0
	c, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	if c != nil {
		if offset, err = strconv.Atoi(c.Tie); err != nil || offset < 0 || offset > maxScannedEvents {
			return nil, errCursor
		}
	}
	limit := perPage(in.PerPage, 50)
	cells, more, partial, err := s.rows(ctx, offset, limit)
	if err != nil {
		return nil, err
	}
	out := &ExploreOutput{Link: a.linkHeader(rq, "0:"+strconv.Itoa(max(offset-limit, 0))+":1", offset > 0, "0:"+strconv.Itoa(offset+limit)+":0", more)}
	out.Body, err = s.table(ctx, cells, partial)
	if in.Dataset != "" {
		out.Body.Meta.Dataset = in.Dataset
	}
	return out, err
}

func withMore(fields []string, more ...string) []string {
	for _, m := range more {
		if !slices.Contains(fields, m) {
			fields = append(fields, m)
		}
	}
	return fields
}

// table names the cells, and says what kind they are of.
func (s *source) table(ctx context.Context, cells [][]any, partial bool) (Explored, error) {
	out := Explored{Data: []map[string]any{}, Meta: ExploreMeta{Fields: map[string]string{}, Units: map[string]string{}, Dataset: s.dataset, Tips: map[string]string{},
		DatasetReason: "unchanged", DataScanned: "full"}}
	if partial {
		out.Meta.DataScanned = "partial"
	}
	if err := s.shortIDs(ctx, cells); err != nil {
		return out, err
	}
	for i, f := range s.query.Fields {
		kind, unit := f.Kind()
		for _, row := range cells {
			if kind == "" {
				kind = cellKind(row[i])
			}
		}
		if kind == "" {
			kind = "string"
		}
		out.Meta.Fields[f.Name] = kind
		if unit != "" {
			out.Meta.Units[f.Name] = unit
		}
	}
	for _, row := range cells {
		named := map[string]any{}
		for i, f := range s.query.Fields {
			named[f.Name] = cellJSON(row[i])
		}
		out.Data = append(out.Data, named)
	}
	return out, nil
}

// shortIDs writes the issues of a page as people know them.
func (s *source) shortIDs(ctx context.Context, cells [][]any) error {
	column := slices.IndexFunc(s.query.Fields, func(f explore.Field) bool { return f.Name == "issue" })
	if column < 0 || s.dataset == "spans" || s.dataset == "logs" {
		return nil
	}
	var ids []int64
	for _, row := range cells {
		if id, ok := row[column].(int64); ok {
			ids = append(ids, id)
		}
	}
	issues, err := s.a.Store.IssuesByID(ctx, s.rq.scope, ids)
	if err != nil {
		return s.a.fail("read issues", err)
	}
	names := map[int64]string{}
	for _, i := range issues {
		names[i.ID] = store.ShortID(s.set.slug(i.ProjectID), i.Number)
	}
	for _, row := range cells {
		if id, ok := row[column].(int64); ok {
			row[column] = orNil(names[id])
		}
	}
	return nil
}

func cellKind(cell any) string {
	switch cell.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case int64:
		return "integer"
	case float64:
		return "number"
	case time.Time:
		return "date"
	}
	return ""
}

// cellJSON writes times in the one form that Sentry has in cells: with an offset, not a Z.
func cellJSON(cell any) any {
	if t, ok := cell.(time.Time); ok {
		return t.UTC().Format("2006-01-02T15:04:05+00:00")
	}
	return cell
}

func (a *API) eventsMeta(ctx context.Context, in *EventsMetaInput) (*One[EventsMeta], error) {
	rq := from(ctx)
	s, err := a.explorer(ctx, rq, in.ExploreParams, []string{"count()"}, nil)
	if err != nil {
		return nil, err
	}
	if s.dataset == "errors" {
		n, err := a.Store.CountEvents(ctx, rq.scope, store.EventQuery{Projects: s.scan.Projects, Environments: s.scan.Environments, FromMS: s.scan.FromMS, ToMS: s.scan.ToMS, Filter: s.filter}, 100_000)
		if err != nil {
			return nil, a.fail("count events", err)
		}
		return one(EventsMeta{n}), nil
	}
	cells, _, _, err := s.rows(ctx, 0, 1)
	if err != nil {
		return nil, err
	}
	n, _ := cells[0][0].(int64)
	return one(EventsMeta{n}), nil
}

func (a *API) eventsFacets(ctx context.Context, in *FacetsInput) (*List[Facet], error) {
	rq := from(ctx)
	s, err := a.explorer(ctx, rq, ExploreParams{FilterParams: in.FilterParams, WindowParams: in.WindowParams, Dataset: "errors", Query: in.Query}, []string{"count()"}, nil)
	if err != nil {
		return nil, err
	}
	var details []TagDetail
	if strings.TrimSpace(in.Query) == "" && len(s.scan.Environments) == 0 && in.StatsPeriod == "" && in.Start == "" {
		details, err = a.tagDetails(ctx, rq, store.TagQuery{Projects: s.scan.Projects}, nil, 10)
	} else {
		details, err = a.countTags(ctx, rq, store.EventQuery{Projects: s.scan.Projects, Environments: s.scan.Environments, FromMS: s.scan.FromMS, ToMS: s.scan.ToMS, Filter: s.filter}, nil, 10)
	}
	if err != nil {
		return nil, err
	}
	facets := []Facet{}
	for _, d := range details {
		f := Facet{Key: d.Key, TopValues: []FacetValue{}}
		for _, v := range d.TopValues {
			f.TopValues = append(f.TopValues, FacetValue{Name: v.Name, Value: v.Value, Count: v.Count})
		}
		facets = append(facets, f)
	}
	out := &List[Facet]{}
	out.Body, out.Link, err = offsetPage(a, rq, facets, in.PageParams)
	return out, err
}

func (a *API) validateExplore(ctx context.Context, in *ValidInput) (*ValidOutput, error) {
	rq := from(ctx)
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	v := Validity{Valid: true, Projects: []ValidPart{}, Dataset: []ValidPart{}, Environment: []ValidPart{}, Field: []ValidField{}, Orderby: []ValidField{},
		Query: ValidQuery{Valid: true, Fields: []ValidField{}}}
	wrong := func(err error) *string {
		if err == nil {
			return nil
		}
		v.Valid = false
		text := err.Error()
		return &text
	}
	if _, err := set.choose(in.FilterParams); err != nil {
		v.Projects = append(v.Projects, ValidPart{Error: wrong(err)})
	} else {
		v.Projects = append(v.Projects, ValidPart{Valid: true})
	}
	shape := explore.Dataset{}
	for _, name := range nonEmpty(in.Dataset) {
		d, err := dataset(name)
		shape = exploreShapes[d]
		v.Dataset = append(v.Dataset, ValidPart{Name: name, Valid: err == nil, Error: wrong(err)})
	}
	for _, e := range nonEmpty(in.Environment) {
		v.Environment = append(v.Environment, ValidPart{Name: e, Valid: true})
	}
	for _, name := range nonEmpty(in.Field) {
		f, err := explore.ParseField(name)
		v.Field = append(v.Field, ValidField{Name: name, Valid: err == nil, AttrType: attrType(f), Error: wrong(err)})
	}
	q, err := explore.Parse(a.Now(), shape, []string{"count()"}, in.Query, nil)
	v.Query.Valid, v.Query.Error = err == nil, wrong(err)
	if err == nil {
		for _, c := range q.Columns() {
			v.Query.Fields = append(v.Query.Fields, ValidField{Name: c, Valid: true, AttrType: attrType(explore.Field{Name: c})})
		}
	}
	for _, name := range nonEmpty(append(in.Orderby, in.Sort...)) {
		f, err := explore.ParseField(strings.TrimPrefix(name, "-"))
		v.Orderby = append(v.Orderby, ValidField{Name: name, Valid: err == nil, AttrType: attrType(f), Error: wrong(err)})
	}
	out := &ValidOutput{Status: http.StatusOK, Body: v}
	if !v.Valid {
		out.Status = http.StatusBadRequest
	}
	return out, nil
}

func attrType(f explore.Field) *string {
	kind, _ := f.Kind()
	t := "string"
	switch kind {
	case "integer", "number", "duration", "size", "rate", "percentage":
		t = "number"
	case "boolean":
		t = "boolean"
	}
	return &t
}
