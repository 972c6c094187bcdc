package api

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// request is what authorize found out; handlers take their scope from here and from nowhere else.
type request struct {
	caller  *caller
	org     *store.Organization // nil on routes without one
	project *store.Project      // nil on routes without one
	issue   *store.Issue        // on the old issue routes, that name no organisation
	scope   store.Scope
	url     *url.URL
}

type requestKey struct{}

func from(ctx context.Context) *request {
	rq, _ := ctx.Value(requestKey{}).(*request)
	return rq
}

// perPage clamps what clients ask for: some send 10000, some need their small number honoured.
func perPage(n, byDefault int) int {
	if n <= 0 {
		return byDefault
	}
	return min(n, 100)
}

var errCursor = badRequest("Invalid cursor parameter.")

// parseCursor reads value:tie:is_prev. The empty cursor is the first page.
func parseCursor(s string) (*store.Cursor, error) {
	if s == "" {
		return nil, nil
	}
	first, last := strings.IndexByte(s, ':'), strings.LastIndexByte(s, ':')
	if first < 0 || first == last || len(s) > 256 {
		return nil, errCursor
	}
	v, err := strconv.ParseInt(s[:first], 10, 64)
	tie, prev := s[first+1:last], s[last+1:]
	if err != nil || prev != "0" && prev != "1" && prev != "2" || strings.ContainsFunc(tie, notTie) {
		return nil, errCursor
	}
	return &store.Cursor{Value: v, Tie: tie, Prev: prev != "0", With: prev == "2"}, nil
}

func notTie(r rune) bool {
	return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' || r == '-')
}

func cursorText(c *store.Cursor) string {
	if c == nil {
		return "0:0:0"
	}
	prev := "0"
	switch {
	case c.With:
		prev = "2"
	case c.Prev:
		prev = "1"
	}
	return strconv.FormatInt(c.Value, 10) + ":" + c.Tie + ":" + prev
}

// linkHeader writes both relations, always; the URL is absolute, keeps the query and has no commas,
// which clients split at.
func (a *API) linkHeader(rq *request, prev string, hasPrev bool, next string, more bool) string {
	rel := func(name, cursor string, results bool) string {
		q := rq.url.Query()
		q.Del("cursor")
		u := a.base(rq.url.Path) + "?" + strings.ReplaceAll(q.Encode(), ",", "%2C") + "&cursor=" + url.QueryEscape(cursor)
		u = strings.NewReplacer("%3A", ":", ",", "%2C", ">", "%3E", "<", "%3C").Replace(u)
		return "<" + u + `>; rel="` + name + `"; results="` + strconv.FormatBool(results) + `"; cursor="` + cursor + `"`
	}
	return rel("previous", prev, hasPrev) + ", " + rel("next", next, more)
}

// base is an address of this server, by a path from its root.
func (a *API) base(path string) string {
	return strings.TrimSuffix(a.BaseURL.String(), "/") + path
}

func pageLink[T any](a *API, rq *request, p store.Paged[T]) string {
	prev, next := "0:0:1", "0:0:0"
	if p.Prev != nil {
		prev = cursorText(p.Prev)
	}
	if p.Next != nil {
		next = cursorText(p.Next)
	}
	return a.linkHeader(rq, prev, p.HasPrev, next, p.More)
}

// offsetPage cuts a page out of a whole list, for lists that are short by nature. The cursor is
// Sentry's own form: 0:offset:is_prev.
func offsetPage[T any](a *API, rq *request, rows []T, p PageParams) (page []T, link string, err error) {
	c, err := parseCursor(p.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit, offset := perPage(p.PerPage, 100), 0
	if c != nil {
		if offset, err = strconv.Atoi(c.Tie); err != nil || offset < 0 {
			return nil, "", errCursor
		}
	}
	from := min(offset, len(rows))
	to := min(from+limit, len(rows))
	link = a.linkHeader(rq, "0:"+strconv.Itoa(max(from-limit, 0))+":1", from > 0, "0:"+strconv.Itoa(from+limit)+":0", to < len(rows))
	return append([]T{}, rows[from:to]...), link, nil
}

var period = regexp.MustCompile(`^([0-9]{1,6})([smhdw])$`)

var periodUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}

func parsePeriod(s string) (time.Duration, bool) {
	m := period.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1])
	if n > int(20*365*24*time.Hour/periodUnits[m[2]]) {
		return 0, false
	}
	return time.Duration(n) * periodUnits[m[2]], true
}

func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1970 && t.Year() < 3000 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// window reads statsPeriod, start and end; byDefault is how far back it goes when nothing is given, 0
// for everything.
func (a *API) window(w WindowParams, byDefault time.Duration) (from, to int64, err error) {
	now := a.Now()
	if w.StatsPeriod != "" {
		d, ok := parsePeriod(w.StatsPeriod)
		if !ok {
			return 0, 0, badRequest("Invalid statsPeriod: want a number and one of s, m, h, d, w, such as 24h.")
		}
		return now.Add(-d).UnixMilli(), 0, nil
	}
	if w.Start == "" && w.End == "" {
		if byDefault == 0 {
			return 0, 0, nil
		}
		return now.Add(-byDefault).UnixMilli(), 0, nil
	}
	for _, p := range []struct {
		name, text string
		ms         *int64
	}{{"start", w.Start, &from}, {"end", w.End, &to}} {
		if p.text == "" {
			continue
		}
		t, ok := parseDate(p.text)
		if !ok {
			return 0, 0, badRequest("Invalid " + p.name + ": want an ISO 8601 date and time.")
		}
		*p.ms = t.UnixMilli()
	}
	if from != 0 && to != 0 && from > to {
		return 0, 0, badRequest("start must be before end.")
	}
	return from, to, nil
}

// projectSet is the organisation's projects by id and slug.
type projectSet struct {
	list   []store.Project
	byID   map[int64]*store.Project
	bySlug map[string]*store.Project
	teams  map[int64][]TeamRef // by project

	narrowed bool // rows of deleted projects may be there
}

func (a *API) projects(ctx context.Context, rq *request) (*projectSet, error) {
	list, err := a.Store.Projects(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("list projects", err)
	}
	s := &projectSet{list: list, byID: map[int64]*store.Project{}, bySlug: map[string]*store.Project{}}
	if s.teams, err = a.teamsOfProjects(ctx, rq.scope); err != nil {
		return nil, err
	}
	if s.narrowed, err = a.Store.HasDeletedProjects(ctx, rq.scope); err != nil {
		return nil, a.fail("look for deleted projects", err)
	}
	for i := range list {
		s.byID[list[i].ID], s.bySlug[list[i].Slug] = &list[i], &list[i]
	}
	return s, nil
}

func (s *projectSet) slug(id int64) string {
	if p := s.byID[id]; p != nil {
		return p.Slug
	}
	return ""
}

// choose gives the ids that project and projectSlug name; none means all. A project of somebody else
// is refused like one that does not exist.
func (s *projectSet) choose(f FilterParams) ([]int64, error) {
	var ids []int64
	for _, p := range f.Project {
		if p == "" || p == "-1" || p == "$all" {
			continue
		}
		var found *store.Project
		if id, err := strconv.ParseInt(p, 10, 64); err == nil {
			found = s.byID[id]
		} else {
			found = s.bySlug[p]
		}
		if found == nil {
			return nil, errForbidden
		}
		ids = append(ids, found.ID)
	}
	for _, slug := range f.ProjectSlug {
		if slug == "" || slug == "$all" {
			continue
		}
		p := s.bySlug[slug]
		if p == nil {
			return nil, errForbidden
		}
		ids = append(ids, p.ID)
	}
	if slices.Contains(f.Project, "-1") || slices.Contains(f.ProjectSlug, "$all") {
		return s.all(), nil
	}
	if len(ids) == 0 {
		return s.all(), nil
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// all stands for every project: nil, or while rows of deleted ones may be there the ids of the others.
func (s *projectSet) all() []int64 {
	if !s.narrowed {
		return nil
	}
	ids := []int64{0} // no project's: without any, nothing is found
	for i := range s.list {
		ids = append(ids, s.list[i].ID)
	}
	slices.Sort(ids)
	return ids
}

func nonEmpty(in []string) []string {
	return slices.DeleteFunc(slices.Clone(in), func(s string) bool { return s == "" })
}

// hexID reads an event, trace or replay id in any spelling.
func hexID(s string) (string, bool) {
	id, err := envelope.ParseID(s)
	return id.String(), err == nil
}

func yes(s string) bool {
	return s == "1" || strings.EqualFold(s, "true") || strings.EqualFold(s, "yes")
}
