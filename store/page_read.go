package store

import (
	"slices"

	"github.com/uptrace/bun"
)

// Cursor marks a place in a list that is sorted by a number and then by an id: the row it names was
// the last of a page, or with Prev the first.
type Cursor struct {
	Value int64
	Tie   string // the row's id, decimal or hex
	Prev  bool
	With  bool // with Prev: the row itself comes too
}

// Page asks for some rows of a list.
type Page struct {
	Limit  int // 1 to 100
	Cursor *Cursor
}

// Paged tells how a page lies in its list. There may be fewer rows than were asked for, and more after them: where
// few rows fit, a page ends where it has been looked for them long enough.
type Paged[T any] struct {
	Rows          []T
	Prev, Next    *Cursor // nil for an empty page
	HasPrev, More bool
}

const maxPage = 100

func (p Page) limit() int { return min(max(p.Limit, 1), maxPage) }

// order is the sort of a keyset page: by expr, the larger first unless ascending, ties by tie.
type order struct {
	expr, tie string
	ascending bool
	tieValue  func(tie string) any // of a cursor's Tie, as the column has it
}

// keyset adds a page's place, order and limit to a query. It asks for one row more than the page has.
func keyset(q *bun.SelectQuery, p Page, o order) *bun.SelectQuery {
	asc := o.ascending
	if p.Cursor != nil {
		asc = asc != p.Cursor.Prev
		q = beyond(q, *p.Cursor, o)
	}
	dir := "DESC"
	if asc {
		dir = "ASC"
	}
	return q.OrderExpr("? "+dir+", ? "+dir, bun.Safe(o.expr), bun.Safe(o.tie)).Limit(int64(p.limit() + 1))
}

// beyond are the rows after a place of the list, or before it.
func beyond(q *bun.SelectQuery, c Cursor, o order) *bun.SelectQuery {
	cmp, last := "<", "<"
	if o.ascending != c.Prev {
		cmp, last = ">", ">"
	}
	if c.With {
		last += "="
	}
	q = q.Where("(? "+cmp+" ? OR (? = ? AND ? "+last+" ?))", bun.Safe(o.expr), c.Value, bun.Safe(o.expr), c.Value, bun.Safe(o.tie), o.tieValue(c.Tie))
	// The plain bound lets the index seek to the place instead of walking to it.
	return q.Where("? "+cmp+"= ?", bun.Safe(o.expr), c.Value)
}

// reach is how far a page may be walked: to a place of the list, which is in it.
func reach(q *bun.SelectQuery, c Cursor, o order) *bun.SelectQuery {
	cmp := ">"
	if o.ascending != c.Prev {
		cmp = "<"
	}
	q = q.Where("(? "+cmp+" ? OR (? = ? AND ? "+cmp+"= ?))", bun.Safe(o.expr), c.Value, bun.Safe(o.expr), c.Value, bun.Safe(o.tie), o.tieValue(c.Tie))
	return q.Where("? "+cmp+"= ?", bun.Safe(o.expr), c.Value)
}

// reached says of a page that was walked to a place only that the list goes on from there.
func (p Paged[T]) reached(c Cursor) Paged[T] {
	switch {
	case c.Prev && !p.HasPrev:
		p.Prev, p.HasPrev = &c, true
		if p.Next == nil {
			p.Next = &Cursor{Value: c.Value, Tie: c.Tie}
		}
	case !c.Prev && !p.More:
		p.Next, p.More = &c, true
		if p.Prev == nil {
			p.Prev = &Cursor{Value: c.Value, Tie: c.Tie, Prev: true}
		}
	}
	return p
}

// paged cuts the extra row off and puts a page that was read backwards in order again.
func paged[T any](rows []T, p Page, at func(T) Cursor) Paged[T] {
	extra := len(rows) > p.limit()
	if extra {
		rows = rows[:p.limit()]
	}
	out := Paged[T]{Rows: rows, HasPrev: p.Cursor != nil, More: extra}
	if p.Cursor != nil && p.Cursor.Prev {
		slices.Reverse(rows)
		out.HasPrev, out.More = extra, true
	}
	if len(rows) > 0 {
		first, last := at(rows[0]), at(rows[len(rows)-1])
		first.Prev = true
		out.Prev, out.Next = &first, &last
	} else if p.Cursor != nil {
		c := *p.Cursor
		out.Prev = &Cursor{Value: c.Value, Tie: c.Tie, Prev: true, With: !c.Prev}
	}
	return out
}
