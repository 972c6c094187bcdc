package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// keptValues says how many values the projects' events had of a key, each project for itself; cut: some are not kept.
func (s *Store) keptValues(ctx context.Context, scope Scope, owners []int64, key string) (kept int64, cut bool, err error) {
	var row struct {
		Kept int64 `bun:"kept"`
		Cut  int64 `bun:"cut"`
	}
	q := s.read.NewSelect().TableExpr("project_tag_keys AS k").ColumnExpr("COALESCE(SUM(k.values_kept), 0) AS kept, COALESCE(MAX(CASE WHEN k.cut THEN 1 ELSE 0 END), 0) AS cut").
		Where("k.org_id = ? AND k.key = ?", scope.OrgID, key)
	if len(owners) > 0 {
		q = q.Where("k.owner_id IN (?)", bun.List(owners))
	}
	if err := q.Scan(ctx, &row); err != nil {
		return 0, false, border(fmt.Errorf("values of %s: %w", key, err))
	}
	return row.Kept, row.Cut == 1, nil
}

// valuesLike gives the different values of a key that fit a pattern, at most limit of them; all says that these are
// all that events have, or with issues, that issues have.
func (s *Store) valuesLike(ctx context.Context, scope Scope, key string, issues bool, f Filter, limit int) (values []string, all bool, err error) {
	if ofIssues(key) {
		return s.issueValuesLike(ctx, scope, key, f, limit)
	}
	values, all, err = s.eventValuesLike(ctx, scope, key, f, limit)
	if err != nil || !all || !issues || !moreInIssues(key) {
		return values, all, err
	}
	more, all, err := s.issueValuesLike(ctx, scope, key, f, limit)
	values = unique(append(values, more...))
	return values[:min(len(values), limit)], all && len(values) <= limit, err
}

func (s *Store) eventValuesLike(ctx context.Context, scope Scope, key string, f Filter, limit int) (values []string, all bool, err error) {
	kept, cut, err := s.keptValues(ctx, scope, nil, key)
	grams := len(gramsOf(f)) > 0
	if err != nil || !grams && kept > s.limits.ReadValues {
		return nil, false, err
	}
	from, args := s.projectValues(scope, key, f)
	err = s.read.NewRaw("SELECT DISTINCT pv.value FROM "+from+" LIMIT ?", append(args, limit+1)...).Scan(ctx, &values)
	if err != nil {
		return nil, false, border(fmt.Errorf("values of %s: %w", key, err))
	}
	all = !cut && len(values) <= limit
	if all && grams && !s.postgres() {
		met, err := s.countUpTo(ctx, s.read.NewSelect().TableExpr("value_grams").ColumnExpr("1").Where("value_grams MATCH ?", gramQuery(f)), s.limits.GramValues)
		if err != nil {
			return nil, false, err
		}
		all = met < int64(s.limits.GramValues)
	}
	return values[:min(len(values), limit)], all, nil
}

// projectValues reaches the values of a key that fit a pattern, up to the WHERE's end: as the rows pv of project_tags.
func (s *Store) projectValues(scope Scope, key string, f Filter) (from string, args []any) {
	from = "project_tags AS pv"
	if len(gramsOf(f)) > 0 && !s.postgres() { // Postgres finds them for LIKE
		from = "(SELECT rowid AS id FROM value_grams WHERE value_grams MATCH ? LIMIT ?) AS vg CROSS JOIN project_tags AS pv ON pv.id = vg.id"
		args = []any{gramQuery(f), s.limits.GramValues}
	}
	cmp, more := f.compare("pv.value")
	return from + " WHERE pv.org_id = ? AND pv.key = ? AND " + cmp, slices.Concat(args, []any{scope.OrgID, key}, more)
}

// issueValuesLike is [Store.eventValuesLike] of what issues have. The different values are walked by the index
// from each to the next, for every issue has them again.
func (s *Store) issueValuesLike(ctx context.Context, scope Scope, key string, f Filter, limit int) (values []string, all bool, err error) {
	cmp, more := f.compare("d.value")
	var row []struct {
		Value string `bun:"value"`
		N     int64  `bun:"n"`
	}
	const next = "SELECT MIN(t.value) FROM issue_tags AS t WHERE t.org_id = ? AND t.key = ?"
	args := slices.Concat([]any{scope.OrgID, key, scope.OrgID, key, s.limits.FrameValues}, more, []any{limit + 1})
	err = s.read.NewRaw("WITH RECURSIVE d (value, n) AS (SELECT ("+next+"), 1 UNION ALL SELECT ("+next+" AND t.value > d.value), d.n + 1 FROM d WHERE d.value IS NOT NULL AND d.n < ?) "+
		"SELECT d.value, d.n FROM d WHERE d.value IS NOT NULL AND ("+cmp+" OR d.n = "+fmt.Sprint(s.limits.FrameValues)+") LIMIT ?", args...).Scan(ctx, &row)
	if err != nil {
		return nil, false, border(fmt.Errorf("values of %s: %w", key, err))
	}
	all = len(row) <= limit
	for _, r := range row {
		values, all = append(values, r.Value), all && r.N < int64(s.limits.FrameValues)
	}
	return values[:min(len(values), limit)], all, nil
}

// topOfMany puts the most frequent values of those keys that have very many into out, and gives the other keys.
func (s *Store) topOfMany(ctx context.Context, scope Scope, in TagQuery, keys []string, n int, out map[string][]ValueCount) (few []string, err error) {
	var many []string
	q := s.read.NewSelect().TableExpr("project_tag_keys AS k").ColumnExpr("k.key").Where("k.org_id = ?", scope.OrgID).Where("k.key IN (?)", bun.List(keys)).
		GroupExpr("k.key").Having("SUM(k.values_kept) > ?", s.listing.Exact)
	if len(in.Projects) > 0 {
		q = q.Where("k.owner_id IN (?)", bun.List(in.Projects))
	}
	if err := q.Scan(ctx, &many); err != nil {
		return nil, border(fmt.Errorf("top values: %w", err))
	}
	for _, key := range many {
		top, err := s.valuesOfMany(ctx, scope, TagQuery{Projects: in.Projects, Key: key, Limit: n})
		if err != nil {
			return nil, err
		}
		out[key] = top
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return slices.Contains(many, k) }), nil
}

// valuesOfMany gives values of a key of which projects have very many. Those that have most events are found by their
// size, those with a part by its trigrams, and the newest in the newest events; of these so many are put in order as the
// bounds say.
func (s *Store) valuesOfMany(ctx context.Context, scope Scope, in TagQuery) ([]ValueCount, error) {
	met := new(statementText)
	owners := func(column string) {
		if len(in.Projects) > 0 {
			met.add(" AND "+column+" IN (?)", bun.List(in.Projects))
		}
	}
	part := Filter{Op: FilterLike, Parts: []string{"", in.Contains, ""}}
	switch {
	case len(gramsOf(part)) > 0:
		from, args := s.projectValues(scope, in.Key, part)
		met.add("SELECT pv.value FROM "+from, args...)
		owners("pv.owner_id")
		met.add(" LIMIT ?", s.listing.Listed)
	case in.Newest:
		org := "e.org_id"
		if len(in.Projects) == 1 {
			org = "+e.org_id" // the order of time is the project's
		}
		met.add("SELECT "+s.tagOfEvent(in.Key)+" AS value FROM events AS e WHERE "+org+" = ?", scope.OrgID)
		owners("e.project_id")
		met.add(" ORDER BY e.timestamp_ms DESC LIMIT ?", s.listing.Recent)
	default:
		met.add("SELECT pv.value FROM project_tags AS pv WHERE pv.org_id = ? AND pv.key = ?", scope.OrgID, in.Key)
		owners("pv.owner_id")
		limit := s.listing.Listed
		if in.Contains != "" { // too short for trigrams
			limit = s.listing.Looked
		}
		met.add(" ORDER BY pv.size DESC LIMIT ?", limit)
	}
	met.text = "SELECT met.value FROM (" + met.text + ") AS met"
	return s.sumValues(ctx, scope, projectTags, in.Projects, in, met)
}

// statementText is SQL that is put together, with its arguments.
type statementText struct {
	text string
	args []any
}

func (t *statementText) add(text string, args ...any) {
	t.text, t.args = t.text+text, append(t.args, args...)
}
