package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// KeyCount says how many events had a key. Cut: not all of its values are kept.
type KeyCount struct {
	Key    string `bun:"key"`
	Events int64  `bun:"events"`
	Values int64  `bun:"kept"`
	Cut    bool   `bun:"cut"`
}

// ValueCount says how many events had a value, and when.
type ValueCount struct {
	Key     string `bun:"key"`
	Value   string `bun:"value"`
	Events  int64  `bun:"events"`
	FirstMS int64  `bun:"first_ms"`
	LastMS  int64  `bun:"last_ms"`
}

// TagQuery asks for the tags of an issue, or of projects of the scope; without either, of all of them.
type TagQuery struct {
	IssueID  int64
	Projects []int64
	Marks    bool   // with the keys that are not shown as tags
	Key      string // of values
	Contains string // part of a value, or of a key, in any case
	FromMS   int64  // values that were last seen since
	Newest   bool   // sort by when they were last seen, not by events
	Offset   int
	Limit    int // 1 to 1000
}

// tagSource is where a query's tags are: the tables, and the owners in it.
func (s *Store) tagSource(ctx context.Context, q TagQuery) (c tagCounter, owners []int64, err error) {
	if q.IssueID == 0 {
		return projectTags, q.Projects, nil
	}
	owners, err = s.mergingInto(ctx, q.IssueID)
	return issueTags, owners, err
}

// TagKeys gives the keys that events had, the most frequent first.
func (s *Store) TagKeys(ctx context.Context, scope Scope, in TagQuery) ([]KeyCount, error) {
	c, owners, err := s.tagSource(ctx, in)
	if err != nil {
		return nil, err
	}
	rows := []KeyCount{}
	q := s.read.NewSelect().TableExpr("? AS k", bun.Ident(c.keys)).
		ColumnExpr("k.key, SUM(k.events) AS events, SUM(k.values_kept) AS kept, MAX(CASE WHEN k.cut THEN 1 ELSE 0 END) = 1 AS cut").
		Where("k.org_id = ?", scope.OrgID).GroupExpr("k.key").OrderExpr("events DESC, k.key").Limit(int64(min(max(in.Limit, 1), 1000)))
	if len(owners) > 0 {
		q = q.Where("k.owner_id IN (?)", bun.List(owners))
	}
	if in.Key != "" {
		q = q.Where("k.key = ?", in.Key)
	}
	if !in.Marks {
		q = q.Where("k.key NOT LIKE ?", MarkPrefix+"%")
	}
	if in.Contains != "" {
		where, args := Filter{Op: FilterLike, Parts: []string{"", in.Contains, ""}}.compare("k.key")
		q = q.Where(where, args...)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, border(fmt.Errorf("tag keys: %w", err))
	}
	return rows, nil
}

// TagValues gives values of a key, the most frequent or the newest first. Of a key of which projects have very many
// values, more than [listLimits] allows to count, only some are put in order: see [Store.valuesOfMany].
func (s *Store) TagValues(ctx context.Context, scope Scope, in TagQuery) ([]ValueCount, error) {
	c, owners, err := s.tagSource(ctx, in)
	if err != nil {
		return nil, err
	}
	if in.IssueID == 0 {
		kept, _, err := s.keptValues(ctx, scope, owners, in.Key)
		if err != nil {
			return nil, err
		}
		if kept > s.listing.Exact {
			return s.valuesOfMany(ctx, scope, in)
		}
	}
	return s.sumValues(ctx, scope, c, owners, in, nil)
}

// sumValues sums the values of a key over its owners, those that only gives; nil: all.
func (s *Store) sumValues(ctx context.Context, scope Scope, c tagCounter, owners []int64, in TagQuery, only *statementText) ([]ValueCount, error) {
	sort := "events DESC"
	if in.Newest {
		sort = "last_ms DESC"
	}
	rows := []ValueCount{}
	q := s.read.NewSelect().TableExpr("? AS v", bun.Ident(c.values)).
		ColumnExpr("v.key, v.value, SUM(v.events) AS events, MIN(v.first_ms) AS first_ms, MAX(v.last_ms) AS last_ms").
		Where("v.org_id = ? AND v.key = ?", scope.OrgID, in.Key).GroupExpr("v.key, v.value").OrderExpr(sort + ", v.value").
		Offset(int64(in.Offset)).Limit(int64(min(max(in.Limit, 1), 1000)))
	if only != nil {
		q = q.Where("v.value IN ("+only.text+")", only.args...)
	}
	if len(owners) > 0 {
		q = q.Where("v.owner_id IN (?)", bun.List(owners))
	}
	if in.Contains != "" {
		where, args := Filter{Op: FilterLike, Parts: []string{"", in.Contains, ""}}.compare("v.value")
		q = q.Where(where, args...)
	}
	if in.FromMS != 0 {
		q = q.Where("v.last_ms >= ?", in.FromMS)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, border(fmt.Errorf("values of %s: %w", in.Key, err))
	}
	return rows, nil
}

// TopValues gives the most frequent values of each of some keys, at most n of each.
func (s *Store) TopValues(ctx context.Context, scope Scope, in TagQuery, keys []string, n int) (map[string][]ValueCount, error) {
	out := map[string][]ValueCount{}
	if len(keys) == 0 {
		return out, nil
	}
	c, owners, err := s.tagSource(ctx, in)
	if err != nil {
		return nil, err
	}
	if in.IssueID == 0 {
		if keys, err = s.topOfMany(ctx, scope, in, keys, n, out); err != nil {
			return nil, err
		}
	}
	sums := s.read.NewSelect().TableExpr("? AS v", bun.Ident(c.values)).
		ColumnExpr("v.key, v.value, SUM(v.events) AS events, MIN(v.first_ms) AS first_ms, MAX(v.last_ms) AS last_ms").
		ColumnExpr("ROW_NUMBER() OVER (PARTITION BY v.key ORDER BY SUM(v.events) DESC, v.value) AS place").
		Where("v.org_id = ?", scope.OrgID).Where("v.key IN (?)", bun.List(keys)).GroupExpr("v.key, v.value")
	if len(owners) > 0 {
		sums = sums.Where("v.owner_id IN (?)", bun.List(owners))
	}
	var rows []ValueCount
	err = s.read.NewSelect().TableExpr("(?) AS chosen", sums).ColumnExpr("key, value, events, first_ms, last_ms").Where("place <= ?", n).
		OrderExpr("key, place").Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("top values: %w", err))
	}
	for _, r := range rows {
		out[r.Key] = append(out[r.Key], r)
	}
	return out, nil
}
