package store

import (
	"context"
	"fmt"

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
	p.ids, p.few, p.dense, err = narrow[int64](ctx, s, p.fields, in.Filter)
	return p, err
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

// page puts a query's rows in the order of the list and takes a page of them.
func (p *issuePlan) page(q *bun.SelectQuery, columns string) *bun.SelectQuery {
	return keyset(q, p.in.Page, order{expr: columns + p.in.Sort, tie: "i.id", tieValue: decimalTie})
}

// list reads a page of issues, with one more when there are more.
func (p *issuePlan) list(ctx context.Context) (rows []Issue, err error) {
	read := func(more func(q *bun.SelectQuery) *bun.SelectQuery) ([]Issue, error) {
		var rows []Issue
		err := more(p.s.read.NewSelect().Model(&rows)).Scan(ctx)
		return rows, err
	}
	walk := func(q *bun.SelectQuery) *bun.SelectQuery { return p.page(p.rows(q, issueColumns), issueColumns) }
	if p.few {
		return read(func(q *bun.SelectQuery) *bun.SelectQuery { return p.page(p.fewRows(q), looseIssueColumns) })
	}
	if len(p.dense) == 0 {
		return read(walk)
	}
	bound, bounded, err := p.bound(ctx, p.s.limits.Walked)
	if err != nil {
		return nil, err
	}
	if bounded {
		rows, err = read(func(q *bun.SelectQuery) *bun.SelectQuery { return walk(q).Where(bound.text, bound.args...) })
		if err != nil || len(rows) > p.in.Page.limit() {
			return rows, err
		}
		if driver, err := p.s.driver(ctx, p.dense); err != nil {
			return nil, err
		} else if driver != nil {
			return read(func(q *bun.SelectQuery) *bun.SelectQuery {
				return p.page(p.rows(q, looseIssueColumns), looseIssueColumns).Where("i.id IN (SELECT * FROM ("+driver.text+") AS driven)", driver.args...)
			})
		}
	}
	return read(walk)
}

// count counts up to limit issues.
func (p *issuePlan) count(ctx context.Context, limit int) (int64, error) {
	q := p.s.read.NewSelect().Model((*Issue)(nil)).ColumnExpr("1")
	if p.few {
		return p.s.countUpTo(ctx, p.fewRows(q), limit)
	}
	if driver, err := p.s.driver(ctx, p.dense); err != nil {
		return 0, err
	} else if driver != nil {
		return p.s.countUpTo(ctx, p.rows(q, looseIssueColumns).Where("i.id IN (SELECT * FROM ("+driver.text+") AS driven)", driver.args...), limit)
	}
	return p.s.countUpTo(ctx, p.rows(q, issueColumns), limit)
}

// bound says how far a walk over so many rows goes; not bounded: the list has no more.
func (p *issuePlan) bound(ctx context.Context, rows int) (cond statementText, bounded bool, err error) {
	cheap := *p
	cheap.where = statementText{text: "1 = 1"}
	if own := ownConditions(p.fields, p.in.Filter); len(own.Subs) > 0 {
		if cheap.where.text, cheap.where.args, err = own.where(p.fields); err != nil {
			return cond, false, err
		}
	}
	var at []int64
	q := cheap.page(cheap.rows(p.s.read.NewSelect().Model((*Issue)(nil)).ColumnExpr("i."+p.in.Sort), issueColumns), issueColumns)
	if err := q.Limit(1).Offset(int64(rows)).Scan(ctx, &at); err != nil || len(at) == 0 {
		return cond, false, err
	}
	cmp := ">="
	if c := p.in.Page.Cursor; c != nil && c.Prev {
		cmp = "<="
	}
	return statementText{"i." + p.in.Sort + " " + cmp + " ?", []any{at[0]}}, true, nil
}

// ownConditions are those of a filter that compare columns of the rows themselves.
func ownConditions(fields map[string]field, f Filter) Filter {
	own := Filter{Op: FilterAll}
	for _, c := range conjuncts(f) {
		if fd, ok := fields[c.Field]; ok && fd.in == "" && c.Op >= FilterEq && c.Op <= FilterLte {
			own.Subs = append(own.Subs, c)
		}
	}
	return own
}

// Issues gives a page of issues.
func (s *Store) Issues(ctx context.Context, scope Scope, in IssueQuery) (Paged[Issue], error) {
	at, ok := issueSorts[in.Sort]
	if !ok {
		return Paged[Issue]{}, fmt.Errorf("%w: issues are not sorted by %q", ErrInvalid, in.Sort)
	}
	p, err := s.planIssues(ctx, scope, in)
	if err != nil {
		return Paged[Issue]{}, err
	}
	rows, err := p.list(ctx)
	if err != nil {
		return Paged[Issue]{}, border(fmt.Errorf("list issues: %w", err))
	}
	return paged(rows, in.Page, at), nil
}

// CountIssues counts up to limit issues.
func (s *Store) CountIssues(ctx context.Context, scope Scope, in IssueQuery, limit int) (int64, error) {
	in.Sort, in.Page = "", Page{}
	p, err := s.planIssues(ctx, scope, in)
	if err != nil {
		return 0, err
	}
	n, err := p.count(ctx, limit)
	if err != nil {
		return 0, border(fmt.Errorf("count issues: %w", err))
	}
	return n, nil
}
