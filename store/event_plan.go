package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// eventPlan is a question about events and how their rows are found by indexes: few that are known, or a walk in the
// order of time. Where a walk finds few, it goes on along the events of one tag.
type eventPlan struct {
	s      *Store
	scope  Scope
	in     EventQuery
	fields map[string]field
	where  statementText
	issues []int64 // of which events are asked for: one and those that are being merged into it

	few  *statementText // finds the rows, when they are few
	tags []int64        // else: what all rows have one of
}

func (s *Store) planEvents(ctx context.Context, scope Scope, in EventQuery) (p *eventPlan, err error) {
	if len(in.Projects) == 1 && in.IssueID == 0 && in.ProjectID == 0 {
		in.ProjectID = in.Projects[0]
	}
	if in.Filter, err = s.patterns(ctx, scope, in.Filter, taggedColumns); err != nil {
		return nil, err
	}
	p = &eventPlan{s: s, scope: scope, in: in, fields: s.eventFieldsOf(scope, in)}
	if p.where.text, p.where.args, err = in.Filter.where(p.fields); err != nil {
		return nil, err
	}
	if in.IssueID != 0 {
		if p.issues, err = s.mergingInto(ctx, in.IssueID); err != nil {
			return nil, err
		}
	}
	ids, few, _, err := narrow[string](ctx, s, p.fields, in.Filter)
	if err != nil {
		return nil, err
	}
	if few {
		p.few = &statementText{"e.event_id IN (?)", []any{bun.List(append(ids, ""))}}
		return p, nil
	}
	if in.IssueID != 0 {
		return p, nil
	}
	issues, few, err := s.textIssues(ctx, scope, in.Filter)
	if err != nil {
		return nil, err
	}
	if few {
		p.few = &statementText{"e.issue_id IN (?)", []any{bun.List(append(issues, 0))}}
		return p, nil
	}
	p.tags, err = p.rarest(ctx)
	return p, err
}

// rarest are the tags of the condition that leaves the fewest events, of those that want exact ones.
func (p *eventPlan) rarest(ctx context.Context) (best []int64, err error) {
	least := int64(-1)
	for _, c := range conjuncts(p.in.Filter) {
		key, ok := strings.CutPrefix(c.Field, TagField)
		if !ok {
			key, ok = taggedColumns[c.Field]
		}
		if !ok || ofIssues(key) || moreInIssues(key) {
			continue
		}
		hashes := tagHashes(p.scope, key, c)
		if len(hashes) == 0 || len(hashes) > p.s.limits.PatternValues {
			continue
		}
		query, args, _ := p.s.eventTagDrive(p.scope, key, p.in)(c)
		n, err := p.s.countUpTo(ctx, p.s.read.NewSelect().TableExpr("("+query+") AS driven", args...).ColumnExpr("1"), p.s.limits.Driven)
		if err != nil {
			return nil, err
		}
		if least < 0 || n < least {
			best, least = hashes, n
		}
	}
	return best, nil
}

// order is the list's. columns is "e.", or "+e." where no index of time is to be used.
func (p *eventPlan) order(columns string) order {
	return order{expr: columns + "timestamp_ms", tie: "e.event_id", tieValue: textTie, ascending: p.in.Ascending}
}

// within bounds a query of events to an issue, a project or an organisation, and to a window: by what the index of
// their order has.
func (p *eventPlan) within(q *bun.SelectQuery, columns string) *bun.SelectQuery {
	switch {
	case p.in.IssueID != 0:
		q = q.Where(columns+"issue_id IN (?)", bun.List(p.issues))
	case p.in.ProjectID != 0:
		q = q.Where(columns+"project_id = ?", p.in.ProjectID)
	default:
		q = q.Where("e.org_id = ?", p.scope.OrgID)
	}
	if p.in.FromMS != 0 {
		q = q.Where(columns+"timestamp_ms >= ?", p.in.FromMS)
	}
	if p.in.ToMS != 0 {
		q = q.Where(columns+"timestamp_ms <= ?", p.in.ToMS)
	}
	return q
}

// rows adds what is asked for to a query of events.
func (p *eventPlan) rows(q *bun.SelectQuery, columns string) *bun.SelectQuery {
	q = p.within(q, columns).Where("+e.org_id = ?", p.scope.OrgID) // the order of time may be an issue's or a project's
	if p.in.IssueID == 0 && p.in.ProjectID == 0 && len(p.in.Projects) > 0 {
		q = q.Where("+e.project_id IN (?)", bun.List(p.in.Projects)) // several: the order of time is the organisation's
	}
	if len(p.in.Environments) > 0 {
		q = q.Where("e.environment IN (?)", bun.List(p.in.Environments))
	}
	return q.Where(p.where.text, p.where.args...)
}

// looseEventColumns are written where rows are found by their ids.
const eventColumns, looseEventColumns = "e.", "+e."

// all are all rows, in no order.
func (p *eventPlan) all(q *bun.SelectQuery) *bun.SelectQuery {
	if p.few != nil {
		return p.some(q, p.few)
	}
	return p.rows(q, eventColumns)
}

// some are the rows that are found by something else than time.
func (p *eventPlan) some(q *bun.SelectQuery, by *statementText) *bun.SelectQuery {
	return p.rows(q, looseEventColumns).Where("e.org_id = ?", p.scope.OrgID).Where(by.text, by.args...)
}

// step is a part of the list: the rows of a query, and where it ends; nil: with the list.
type step struct {
	rows    func(q *bun.SelectQuery) *bun.SelectQuery
	columns string
	end     *Cursor
}

// next is the part of the list that comes after a place, of so many events, whether they fit or not.
func (p *eventPlan) next(ctx context.Context, from Page, events int, tagged bool) (step, error) {
	if tagged {
		ids, end, err := p.tagged(ctx, from, events)
		return step{func(q *bun.SelectQuery) *bun.SelectQuery {
			return p.some(q, &statementText{"e.event_id IN (?)", []any{bun.List(append(ids, ""))}})
		}, looseEventColumns, end}, err
	}
	var at []struct {
		TimestampMS int64
		EventID     string
	}
	o := p.order(eventColumns)
	q := keyset(p.within(p.s.read.NewSelect().Model((*Event)(nil)).Column("e.timestamp_ms", "e.event_id"), eventColumns), from, o)
	if err := q.Limit(1).Offset(int64(max(events, 1)-1)).Scan(ctx, &at); err != nil {
		return step{}, border(fmt.Errorf("walk events: %w", err))
	}
	var end *Cursor
	if len(at) > 0 {
		end = &Cursor{Value: at[0].TimestampMS, Tie: at[0].EventID, Prev: from.Cursor != nil && from.Cursor.Prev}
	}
	return step{func(q *bun.SelectQuery) *bun.SelectQuery {
		if q = p.rows(q, eventColumns); end != nil {
			q = reach(q, *end, o)
		}
		return q
	}, eventColumns, end}, nil
}

// tagged reads the next events of the tags, from the indexes of each, which are merged.
func (p *eventPlan) tagged(ctx context.Context, from Page, events int) (ids []string, end *Cursor, err error) {
	o := order{expr: "ct.timestamp_ms", tie: "ct.event_id", tieValue: textTie, ascending: p.in.Ascending}
	dir := "DESC"
	if o.ascending != (from.Cursor != nil && from.Cursor.Prev) {
		dir = "ASC"
	}
	var all *bun.SelectQuery
	for _, tag := range p.tags {
		q := p.s.read.NewSelect().TableExpr("event_tags AS ct").ColumnExpr("ct.timestamp_ms, ct.event_id").Where("ct.tag = ?", tag)
		switch {
		case p.in.ProjectID != 0:
			q = q.Where("ct.project_id = ?", p.in.ProjectID)
		case len(p.in.Projects) > 0:
			q = q.Where("ct.project_id IN (?)", bun.List(p.in.Projects))
		}
		if p.in.FromMS != 0 {
			q = q.Where("ct.timestamp_ms >= ?", p.in.FromMS)
		}
		if p.in.ToMS != 0 {
			q = q.Where("ct.timestamp_ms <= ?", p.in.ToMS)
		}
		if from.Cursor != nil {
			q = beyond(q, *from.Cursor, o)
		}
		if all == nil {
			all = q
		} else {
			all = all.UnionAll(q)
		}
	}
	var rows []struct {
		TimestampMS int64
		EventID     string
	}
	err = p.s.read.NewRaw("? ORDER BY timestamp_ms "+dir+", event_id "+dir+" LIMIT ?", all, max(events, 1)).Scan(ctx, &rows)
	if err != nil {
		return nil, nil, border(fmt.Errorf("events of tags: %w", err))
	}
	for _, r := range rows {
		ids = append(ids, r.EventID)
	}
	if n := len(rows); n == max(events, 1) {
		end = &Cursor{Value: rows[n-1].TimestampMS, Tie: rows[n-1].EventID, Prev: from.Cursor != nil && from.Cursor.Prev}
	}
	return ids, end, nil
}

// walk goes over the list a step at a time, until read has enough, the list ends, or on, which says how many events the
// next step is, says none: then reached is the place that it has come to.
func (p *eventPlan) walk(ctx context.Context, from Page, read func(step, Page) (enough bool, err error), on func(looked int) int) (reached *Cursor, err error) {
	if p.few != nil {
		by := p.few
		_, err := read(step{rows: func(q *bun.SelectQuery) *bun.SelectQuery { return p.some(q, by) }, columns: looseEventColumns}, from)
		return nil, err
	}
	looked := 0
	for n := p.s.limits.Tried; ; {
		part, err := p.next(ctx, from, n, looked > 0 && len(p.tags) > 0)
		if err != nil {
			return nil, err
		}
		if enough, err := read(part, from); err != nil || enough || part.end == nil {
			return nil, err
		}
		from.Cursor = part.end
		looked += n
		if n = on(looked); n <= 0 {
			return part.end, nil
		}
	}
}

// Events gives a page of events, the newest first unless ascending; see [Paged] for one that is short.
func (s *Store) Events(ctx context.Context, scope Scope, in EventQuery) (Paged[Event], error) {
	p, err := s.planEvents(ctx, scope, in)
	if err != nil {
		return Paged[Event]{}, err
	}
	var rows []Event
	until := time.Now().Add(s.limits.Patience)
	reached, err := p.walk(ctx, in.Page, func(part step, from Page) (bool, error) {
		var some []Event
		q := s.read.NewSelect().Model(&some)
		if !in.WithPayload {
			q = q.ExcludeColumn("payload")
		}
		if err := keyset(part.rows(q), from, p.order(part.columns)).Scan(ctx); err != nil {
			return false, border(fmt.Errorf("list events: %w", err))
		}
		rows = append(rows, some...)
		return len(rows) > in.Page.limit(), nil
	}, func(int) int {
		if time.Now().After(until) {
			return 0
		}
		return s.limits.Walked
	})
	if err != nil {
		return Paged[Event]{}, err
	}
	page := paged(rows, in.Page, func(e Event) Cursor { return Cursor{Value: e.TimestampMS, Tie: e.EventID} })
	if reached != nil {
		page = page.reached(*reached)
	}
	return page, nil
}

// EachEvent goes over up to limit events of a list, the newest first, and reads those that fit without payloads. It says
// whether there were more to look at.
func (s *Store) EachEvent(ctx context.Context, scope Scope, in EventQuery, limit int, fn func(*Event) error) (more bool, err error) {
	in.Ascending = false
	p, err := s.planEvents(ctx, scope, in)
	if err != nil {
		return false, err
	}
	reached, err := p.walk(ctx, Page{}, func(part step, from Page) (bool, error) {
		o := p.order(part.columns)
		q := s.read.NewSelect().Model((*Event)(nil)).ExcludeColumn("payload")
		if in.OnlyTags {
			q = s.read.NewSelect().Model((*Event)(nil)).Column("e.timestamp_ms", "e.tags")
		}
		q = part.rows(q)
		if from.Cursor != nil {
			q = beyond(q, *from.Cursor, o)
		}
		more, err = scan(ctx, s, q.OrderExpr(o.expr+" DESC, "+o.tie+" DESC"), limit, fn)
		return false, err
	}, func(looked int) int { return min(3*looked, limit-looked) })
	return more || reached != nil, err
}

// CountEvents counts up to limit events, of as many as are looked at for that, the newest first.
func (s *Store) CountEvents(ctx context.Context, scope Scope, in EventQuery, limit int) (n int64, err error) {
	p, err := s.planEvents(ctx, scope, in)
	if err != nil {
		return 0, err
	}
	_, err = p.walk(ctx, Page{}, func(part step, from Page) (bool, error) {
		q := part.rows(s.read.NewSelect().Model((*Event)(nil)).ColumnExpr("1"))
		if from.Cursor != nil {
			q = beyond(q, *from.Cursor, p.order(part.columns))
		}
		some, err := s.countUpTo(ctx, q, limit-int(n))
		n += some
		return n >= int64(limit), err
	}, func(looked int) int { return min(3*looked, s.limits.CountedEvents-looked) })
	return n, err
}
