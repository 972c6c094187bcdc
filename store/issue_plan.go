package store

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// issuePlan is a question about issues and how their rows are found by indexes: few that are known, or a walk in the
// order of the list.
type issuePlan struct {
	s      *Store
	scope  Scope
	in     IssueQuery
	fields map[string]field
	where  statementText

	ids   []int64 // the rows, when few
	few   bool
	dense []statementText // else: what finds the rows of a condition
}

func (s *Store) planIssues(ctx context.Context, scope Scope, in IssueQuery) (p *issuePlan, err error) {
	if in.Filter, err = s.patterns(ctx, scope, in.Filter, nil); err != nil {
		return nil, err
	}
	p = &issuePlan{s: s, scope: scope, in: in, fields: s.issueFieldsOf(scope, in.Filter)}
	if p.where.text, p.where.args, err = in.Filter.where(p.fields); err != nil {
		return nil, err
	}
	p.ids, p.few, p.dense, err = narrow[int64](ctx, s, p.fields, And(in.Filter, in.inProjects()))
	return p, err
}

// inProjects holds for issues of the projects that are asked for.
func (in IssueQuery) inProjects() Filter {
	if len(in.Projects) == 0 {
		return Filter{}
	}
	f := Filter{Op: FilterEq, Field: "project_id"}
	for _, id := range in.Projects {
		f.Values = append(f.Values, id)
	}
	return f
}

// issueColumns is how columns are written where an index of them is to be used, and where none is.
const issueColumns, looseIssueColumns = "i.", "+i."

// rows adds what is asked for to a query. columns is one of the above.
func (p *issuePlan) rows(q *bun.SelectQuery, columns string) *bun.SelectQuery {
	q = q.Where(columns+"org_id = ?", p.scope.OrgID)
	if len(p.in.Projects) > 0 {
		q = q.Where(columns+"project_id IN (?)", bun.List(p.in.Projects))
	}
	if p.in.FromMS != 0 {
		q = q.Where(columns+"last_seen_ms >= ?", p.in.FromMS)
	}
	if p.in.ToMS != 0 {
		q = q.Where(columns+"first_seen_ms <= ?", p.in.ToMS)
	}
	return q.Where(p.where.text, p.where.args...)
}

func (p *issuePlan) fewRows(q *bun.SelectQuery) *bun.SelectQuery {
	return p.rows(q, looseIssueColumns).Where("i.id IN (?)", bun.List(append(p.ids, 0)))
}

// place is the list's order.
func (p *issuePlan) place(columns string) order {
	return order{expr: columns + p.in.Sort, tie: "i.id", tieValue: decimalTie}
}

// walked reads a page of the rows up to a place of the list, or of all, with one more when there are more.
func (p *issuePlan) walked(ctx context.Context, end *Cursor) (rows []Issue, err error) {
	q := p.rows(p.s.read.NewSelect().Model(&rows), issueColumns)
	if end != nil {
		q = reach(q, *end, p.place(issueColumns))
	}
	return rows, keyset(q, p.in.Page, p.place(issueColumns)).Scan(ctx)
}

// sorted reads a page of the rows that a query leaves, with one more when there are more. Only their places are sorted.
func (p *issuePlan) sorted(ctx context.Context, leave func(q *bun.SelectQuery) *bun.SelectQuery) (rows []Issue, err error) {
	o := p.place(looseIssueColumns)
	var ids []int64
	err = keyset(leave(p.s.read.NewSelect().Model((*Issue)(nil)).Column("i.id")), p.in.Page, o).Scan(ctx, &ids)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	q := p.s.read.NewSelect().Model(&rows).Where("i.id IN (?)", bun.List(ids))
	return rows, keyset(q, p.in.Page, o).Scan(ctx)
}

// list reads a page of issues. Where a filter is seldom met and no index finds what meets it, the page ends early.
func (p *issuePlan) list(ctx context.Context, at func(Issue) Cursor) (out Paged[Issue], err error) {
	if p.few {
		rows, err := p.sorted(ctx, p.fewRows)
		return paged(rows, p.in.Page, at), err
	}
	var rows []Issue
	from, limit, until := p.in.Page, p.in.Page.limit(), time.Now().Add(p.s.limits.Patience)
	if p.in.Partial {
		until = time.Now().Add(p.s.limits.Walking)
	}
	for step := 0; ; step++ {
		far := p.s.limits.Walked
		if step == 0 {
			far = p.s.limits.Tried
		}
		end, err := p.after(ctx, far)
		if err != nil {
			return out, err
		}
		some, err := p.walked(ctx, end)
		if err != nil {
			return out, err
		}
		rows = append(rows, some...)
		if len(rows) > limit || end == nil {
			return paged(rows, from, at), nil
		}
		if step == 0 {
			driver, err := p.s.driver(ctx, p.dense)
			if err != nil {
				return out, err
			}
			if driver != nil {
				rows, err := p.sorted(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return p.driven(q, driver) })
				return paged(rows, from, at), err
			}
		}
		if p.in.Page.Cursor = end; time.Now().After(until) {
			return paged(rows, from, at).reached(*end), nil
		}
	}
}

// driven are the rows that a driver finds.
func (p *issuePlan) driven(q *bun.SelectQuery, driver *statementText) *bun.SelectQuery {
	rest := *p
	rest.where = p.without(driver)
	return rest.rows(q, looseIssueColumns).Where("i.id IN (SELECT * FROM ("+driver.text+") AS driven)", driver.args...)
}

// without is the filter's condition but for a tag that a driver finds the issues of: those have it, and it takes as long
// to ask each for it as all the rest.
func (p *issuePlan) without(driver *statementText) statementText {
	var rest []Filter
	for _, c := range conjuncts(p.in.Filter) {
		query, args, ok := driveOf(p.fields, c)
		if ok && c.Op == FilterEq && strings.HasPrefix(c.Field, TagField) && query == driver.text && reflect.DeepEqual(args, driver.args) {
			continue
		}
		rest = append(rest, c)
	}
	if len(rest) == 0 {
		return statementText{text: "1 = 1"}
	}
	text, args, err := And(rest...).where(p.fields)
	if err != nil { // which the whole of it had not
		return p.where
	}
	return statementText{text, args}
}

// count counts up to limit issues. Not exact: there may be more, as no index finds them and it has been looked for them
// long enough.
func (p *issuePlan) count(ctx context.Context, limit int) (n int64, exact bool, err error) {
	all := func() *bun.SelectQuery { return p.s.read.NewSelect().Model((*Issue)(nil)).ColumnExpr("1") }
	if p.few {
		n, err = p.s.countUpTo(ctx, p.fewRows(all()), limit)
		return n, true, err
	}
	p.in.Sort, p.in.Page = IssuesByLastSeen, Page{Limit: 1}
	until := time.Now().Add(p.s.limits.Walking)
	for step := 0; ; step++ {
		end, err := p.after(ctx, p.s.limits.Walked)
		if err != nil {
			return n, false, err
		}
		q := p.rows(all(), issueColumns)
		if c := p.in.Page.Cursor; c != nil {
			q = beyond(q, *c, p.place(issueColumns))
		}
		if end != nil {
			q = reach(q, *end, p.place(issueColumns))
		}
		some, err := p.s.countUpTo(ctx, q, limit-int(n))
		if n += some; err != nil || end == nil || n >= int64(limit) {
			return n, true, err
		}
		if step == 0 && int(n) < p.s.limits.Walked/20 {
			if driver, err := p.s.driver(ctx, p.dense); err != nil {
				return 0, false, err
			} else if driver != nil {
				n, err = p.s.countUpTo(ctx, p.driven(all(), driver), limit)
				return n, true, err
			}
		}
		if p.in.Page.Cursor = end; time.Now().After(until) {
			return n, false, nil
		}
	}
}

// after is the place that so many rows of a walk lead to; nil: the list ends before. A row counts whether it fits or
// not, and is not read itself: only what is in the index of the walk is looked at.
func (p *issuePlan) after(ctx context.Context, rows int) (*Cursor, error) {
	q := p.s.read.NewSelect().Model((*Issue)(nil)).ColumnExpr("i." + p.in.Sort + " AS value, i.id AS id")
	of := statementText{"i.org_id = ?", []any{p.scope.OrgID}}
	for _, c := range conjuncts(p.in.Filter) {
		if c.Field == "status" && c.Op == FilterEq && len(c.Values) == 1 {
			q = q.Where("i.status = ?", c.Values[0])
			if len(p.in.Projects) == 1 && p.in.Sort == IssuesByLastSeen { // a project has this order of its own
				of = statementText{"i.project_id = ?", []any{p.in.Projects[0]}}
			}
		}
	}
	q = q.Where(of.text, of.args...)
	var at []struct {
		Value, ID int64
	}
	err := keyset(q, p.in.Page, p.place(issueColumns)).Limit(1).Offset(int64(max(rows, 1)-1)).Scan(ctx, &at)
	if err != nil || len(at) == 0 {
		return nil, err
	}
	c := p.in.Page.Cursor
	return &Cursor{Value: at[0].Value, Tie: strconv.FormatInt(at[0].ID, 10), Prev: c != nil && c.Prev}, nil
}

// Issues gives a page of issues; see [Paged] for one that is short.
func (s *Store) Issues(ctx context.Context, scope Scope, in IssueQuery) (Paged[Issue], error) {
	at, ok := issueSorts[in.Sort]
	if !ok {
		return Paged[Issue]{}, fmt.Errorf("%w: issues are not sorted by %q", ErrInvalid, in.Sort)
	}
	p, err := s.planIssues(ctx, scope, in)
	if err != nil {
		return Paged[Issue]{}, err
	}
	page, err := p.list(ctx, at)
	if err != nil {
		return Paged[Issue]{}, border(fmt.Errorf("list issues: %w", err))
	}
	return page, nil
}

// CountIssues counts up to limit issues. Not exact: there are at least so many.
func (s *Store) CountIssues(ctx context.Context, scope Scope, in IssueQuery, limit int) (n int64, exact bool, err error) {
	in.Sort, in.Page = "", Page{}
	p, err := s.planIssues(ctx, scope, in)
	if err != nil {
		return 0, false, err
	}
	if n, exact, err = p.count(ctx, limit); err != nil {
		return 0, false, border(fmt.Errorf("count issues: %w", err))
	}
	return n, exact, nil
}
