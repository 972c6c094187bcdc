package store

import (
	"context"
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
}

// replayPlace is a row of a list: Value is what it is sorted by, when that is a number.
type replayPlace struct {
	ReplayID string `bun:"replay_id"`
	Value    int64  `bun:"sort_value"`
}

// startedMS is the order of time, which the window bounds.
const startedMS = "r.started_ms"

// walkedSorts are the orders that an index has, as its columns are written.
var walkedSorts = map[string]bool{startedMS: true, "r.count_errors": true, "r.worth": true, "r.count_rage_clicks": true}

func (s *Store) planReplays(scope Scope, in ReplayQuery) (p *replayPlan, err error) {
	p = &replayPlan{s: s, scope: scope, in: in, sort: replaySorts[in.Sort]}
	if p.sort == "" {
		if p.sort, p.text = s.textSorts()[in.Sort], true; p.sort == "" {
			return nil, fmt.Errorf("%w: replays are not sorted by %q", ErrInvalid, in.Sort)
		}
	}
	p.fields = s.replayFieldsOf(scope, &in.Filter)
	p.where.text, p.where.args, err = in.Filter.where(p.fields)
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
	}
	return p.in.window(q, columns)
}

// window bounds when replays began.
func (in *ReplayQuery) window(q *bun.SelectQuery, columns string) *bun.SelectQuery {
	if in.FromMS != 0 {
		q = q.Where(columns+"started_ms >= ?", in.FromMS-maxReplayMS) // lets the index bound what the end of a replay cannot
	}
	if in.ToMS != 0 {
		q = q.Where(columns+"started_ms <= ?", in.ToMS)
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

// list reads the places of a page, with one more when there are more. In an order that an index has, what is met often
// is met soon; else the conditions' own indexes are asked, and the order is walked further, but only so far: what is met
// seldom on the way, or lies outside the window, would have it walked to its end.
func (p *replayPlan) list(ctx context.Context) ([]replayPlace, error) {
	inTime, walked := p.sort == startedMS, walkedSorts[p.sort]
	if inTime && len(conjuncts(p.in.Filter))+len(p.in.Projects)+len(p.in.Environments) == 0 {
		return p.page(ctx, p.rows("r."), p.sort) // the window bounds the walk
	}
	if walked {
		if rows, done, err := p.walk(ctx, p.s.limits.Tried); err != nil || done {
			return rows, err
		}
	}
	ids, few, dense, err := narrow[string](ctx, p.s, p.fields, p.in.Filter)
	if err != nil {
		return nil, err
	}
	if few {
		return p.page(ctx, p.known("?", bun.List(append(ids, ""))), p.sort)
	}
	if walked {
		if rows, done, err := p.walk(ctx, p.s.limits.Walked); err != nil || done {
			return rows, err
		}
	}
	if driver, err := p.s.driver(ctx, dense); err != nil {
		return nil, err
	} else if driver != nil {
		return p.page(ctx, p.known("SELECT * FROM ("+driver.text+") AS driven", driver.args...), p.sort)
	}
	if inTime || p.text {
		return p.page(ctx, p.rows("r."), p.sort)
	}
	return p.page(ctx, p.rows("r."), "(+"+p.sort+")") // by the window, not by the order
}

// walk reads a page from so many rows in the order of the list; not done: it may be on the rows after them.
func (p *replayPlan) walk(ctx context.Context, far int) (rows []replayPlace, done bool, err error) {
	columns := "+r."
	if p.sort == startedMS {
		columns = "r."
	}
	in, o := p.in, order{expr: p.sort, tie: "r.replay_id", tieValue: textTie, ascending: p.in.Ascending}
	ends := p.s.read.NewSelect().TableExpr("replays AS r").ColumnExpr("r.replay_id").ColumnExpr(p.sort+" AS sort_value").Where("r.org_id = ? AND r.started_ms IS NOT NULL", p.scope.OrgID)
	if p.sort == startedMS { // only what the index has: it is not left for the rows
		ends = in.window(ends, columns)
	}
	var end []replayPlace
	if err := keyset(ends, in.Page, o).Limit(1).Offset(int64(far)).Scan(ctx, &end); err != nil {
		return nil, false, err
	}
	q := p.rows(columns)
	if len(end) > 0 {
		cmp := ">="
		if c := in.Page.Cursor; in.Ascending != (c != nil && c.Prev) {
			cmp = "<="
		}
		q = q.Where("("+p.sort+", r.replay_id) "+cmp+" (?, ?)", end[0].Value, end[0].ReplayID)
	}
	rows, err = p.page(ctx, q, p.sort)
	return rows, len(end) == 0 || len(rows) > in.Page.limit(), err
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
