package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// replayPlan is a question about replays and how their rows are found by indexes: few that are known, a walk in the
// order of the list, or the rows of its window.
type replayPlan struct {
	s      *Store
	scope  Scope
	in     ReplayQuery
	fields map[string]field
	where  statementText
	sort   string // what the list is sorted by
	text   bool   // that is text

	ids   []string // the rows, when few
	few   bool
	dense []statementText // else: what finds the rows of a condition
}

// replayPlace is a row of a list: Value is what it is sorted by, when that is a number.
type replayPlace struct {
	ReplayID string `bun:"replay_id"`
	Value    int64  `bun:"sort_value"`
}

// walkedSorts are the orders that an index has, as its columns are written.
var walkedSorts = map[string]bool{"r.started_ms": true, "r.count_errors": true, "r.worth": true, "r.count_rage_clicks": true}

func (s *Store) planReplays(ctx context.Context, scope Scope, in ReplayQuery) (p *replayPlan, err error) {
	p = &replayPlan{s: s, scope: scope, in: in, sort: replaySorts[in.Sort]}
	if p.sort == "" {
		if p.sort, p.text = s.textSorts()[in.Sort], true; p.sort == "" {
			return nil, fmt.Errorf("%w: replays are not sorted by %q", ErrInvalid, in.Sort)
		}
	}
	p.fields = s.replayFieldsOf(scope, &in.Filter)
	if p.where.text, p.where.args, err = in.Filter.where(p.fields); err != nil {
		return nil, err
	}
	p.ids, p.few, p.dense, err = narrow[string](ctx, s, p.fields, in.Filter)
	return p, err
}

// rows asks for the replays that fit. columns is "r.", or "+r." where no index of time is to be used.
func (p *replayPlan) rows(columns string) *bun.SelectQuery {
	q := p.s.read.NewSelect().TableExpr("replays AS r").ColumnExpr("r.replay_id").
		Where("r.org_id = ? AND r.state = ? AND r.started_ms IS NOT NULL", p.scope.OrgID, ReplayLive).Where(p.where.text, p.where.args...)
	if len(p.in.Projects) > 0 {
		q = q.Where("+r.project_id IN (?)", bun.List(p.in.Projects))
	}
	if len(p.in.Environments) > 0 {
		q = q.Where("r.environment IN (?)", bun.List(p.in.Environments))
	}
	if p.in.FromMS != 0 {
		q = q.Where("COALESCE(r.finished_ms, r.started_ms) >= ?", p.in.FromMS)
		q = q.Where(columns+"started_ms >= ?", p.in.FromMS-maxReplayMS) // lets the index bound what that cannot
	}
	if p.in.ToMS != 0 {
		q = q.Where(columns+"started_ms <= ?", p.in.ToMS)
	}
	return q
}

// known asks for those of the replays that a subquery, or a list of ids, gives.
func (p *replayPlan) known(ids string, args ...any) *bun.SelectQuery {
	return p.rows("+r.").Where("r.replay_id IN ("+ids+")", args...)
}

// page puts a query's rows in the order of the list, as it is written in sort, and takes a page of them.
func (p *replayPlan) page(ctx context.Context, q *bun.SelectQuery, sort string) ([]replayPlace, error) {
	if p.text {
		var err error
		if q, err = p.pageByText(ctx, q); err != nil {
			return nil, err
		}
	} else {
		q = keyset(q.ColumnExpr(sort+" AS sort_value"), p.in.Page, order{expr: sort, tie: "r.replay_id", tieValue: textTie, ascending: p.in.Ascending})
	}
	var rows []replayPlace
	err := q.Scan(ctx, &rows)
	return rows, err
}

// pageByText is page for the order of a text. Its cursor names a replay, whose text is the place.
func (p *replayPlan) pageByText(ctx context.Context, q *bun.SelectQuery) (*bun.SelectQuery, error) {
	asc := p.in.Ascending
	if c := p.in.Page.Cursor; c != nil {
		if c.Prev {
			asc = !asc
		}
		var at string
		err := p.s.read.NewSelect().TableExpr("replays AS r").ColumnExpr(p.sort).Where("r.org_id = ? AND r.replay_id = ?", p.scope.OrgID, c.Tie).Scan(ctx, &at)
		if err != nil {
			return nil, border(fmt.Errorf("place in the list: %w", err))
		}
		cmp := "<"
		if asc {
			cmp = ">"
		}
		q = q.Where(p.sort+" "+cmp+" ? OR ("+p.sort+" = ? AND r.replay_id "+cmp+" ?)", at, at, c.Tie)
	}
	dir := " DESC"
	if asc {
		dir = " ASC"
	}
	return q.OrderExpr(p.sort + dir + ", r.replay_id" + dir).Limit(int64(p.in.Page.limit() + 1)), nil
}

// list reads the places of a page, with one more when there are more. An order that an index has is walked, but only so
// far: what is met seldom on the way, or lies outside the window, would have it walked to its end.
func (p *replayPlan) list(ctx context.Context) ([]replayPlace, error) {
	if p.few {
		return p.page(ctx, p.known("?", bun.List(append(p.ids, ""))), p.sort)
	}
	inTime := p.sort == "r.started_ms" // the window bounds the walk
	if walkedSorts[p.sort] && (!inTime || len(p.dense) > 0) {
		walk, all, err := p.walk(ctx)
		if err != nil {
			return nil, err
		}
		rows, err := p.page(ctx, walk, p.sort)
		if err != nil || all || len(rows) > p.in.Page.limit() {
			return rows, err
		}
	}
	if driver, err := p.s.driver(ctx, p.dense); err != nil {
		return nil, err
	} else if driver != nil {
		return p.page(ctx, p.known("SELECT * FROM ("+driver.text+") AS driven", driver.args...), p.sort)
	}
	if inTime || p.text {
		return p.page(ctx, p.rows("r."), p.sort)
	}
	return p.page(ctx, p.rows("r."), "(+"+p.sort+")") // by the window, not by the order
}

// walk is a walk over so many rows in the order of the list; all: there are no more.
func (p *replayPlan) walk(ctx context.Context) (q *bun.SelectQuery, all bool, err error) {
	columns := "+r."
	if p.sort == "r.started_ms" {
		columns = "r."
	}
	ends := *p
	ends.where, ends.in.Projects, ends.in.Environments, ends.in.FromMS, ends.in.ToMS = statementText{text: "1 = 1"}, nil, nil, 0, 0
	if p.sort == "r.started_ms" {
		ends.in.FromMS, ends.in.ToMS = p.in.FromMS, p.in.ToMS
	}
	var end replayPlace
	bound := keyset(ends.rows(columns).ColumnExpr(p.sort+" AS sort_value"), p.in.Page, order{expr: p.sort, tie: "r.replay_id", tieValue: textTie, ascending: p.in.Ascending})
	err = bound.Limit(1).Offset(int64(p.s.limits.Walked)).Scan(ctx, &end)
	if none := border(err); none != nil {
		if errors.Is(none, ErrNotFound) {
			return p.rows(columns), true, nil
		}
		return nil, false, err
	}
	cmp := ">="
	if c := p.in.Page.Cursor; p.in.Ascending != (c != nil && c.Prev) {
		cmp = "<="
	}
	return p.rows(columns).Where("("+p.sort+", r.replay_id) "+cmp+" (?, ?)", end.Value, end.ReplayID), false, nil
}

// replayDrives says by which conditions replays are found by an index.
func (s *Store) replayDrives(fs map[string]field, scope Scope) {
	set := func(name, from, expr string) {
		fd := fs[name]
		fd.drive = driveBy(from, expr, scope.OrgID)
		fs[name] = fd
	}
	const replays, links = "SELECT dr.replay_id FROM replays AS dr WHERE dr.org_id = ?", "SELECT dl.replay_id FROM replay_links AS dl WHERE dl.org_id = ?"
	set("id", replays, "dr.replay_id")
	set("trace", "SELECT dt.replay_id FROM replay_traces AS dt WHERE dt.org_id = ?", "dt.trace_id")
	for _, name := range []string{"error_id", "warning_id", "info_id"} {
		set(name, links+" AND dl.item_kind = 'event'", "dl.item_id")
	}
	for _, name := range []string{"issue_id", "backend_error.id"} {
		set(name, links+" AND dl.issue_id IS NOT NULL", "dl.issue_id")
	}
	set("viewed_by", "SELECT dv.replay_id FROM replay_views AS dv WHERE dv.org_id = ?", "dv.user_id")
	for _, name := range []string{"count_errors", "count_rage_clicks"} {
		set(name, replays+" AND dr.started_ms IS NOT NULL", "dr."+name)
	}
	set("usefulness", replays+" AND dr.started_ms IS NOT NULL", "dr.worth")
	for _, m := range []string{"id", "email"} {
		fd := fs["user."+m]
		by := driveBy(replays, s.jsonText("dr.user_json", m), scope.OrgID)
		fd.drive = func(f Filter) (string, []any, bool) {
			if f.Op != FilterEq {
				return "", nil, false
			}
			return by(f)
		}
		fs["user."+m] = fd
	}
	title := fs["backend_error.title"]
	issues := s.textDrive(scope, true)
	title.drive = func(f Filter) (string, []any, bool) {
		query, args, ok := issues(f)
		return links + " AND dl.issue_id IN (" + query + ")", append([]any{scope.OrgID}, args...), ok
	}
	fs["backend_error.title"] = title
}
