package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// untagged is the condition that an event was stored before events were found by tags: every one since has some. It is
// that of an index, which so is the list of what is left to do.
const untagged = "e.tags = '{}'"

// UntaggedEvents gives events that no search by tags finds yet, with their payloads, the newest of an organisation first.
func (s *Store) UntaggedEvents(ctx context.Context, limit int) ([]Event, error) {
	var rows []Event
	err := s.read.NewSelect().Model(&rows).Where(untagged).OrderExpr("e.org_id, e.timestamp_ms DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("untagged events: %w", err))
	}
	return rows, nil
}

// countedUntagged is up to how many events that no search finds yet are counted.
const countedUntagged = 10_000

// CountUntagged says how many of the scope's events no search by tags finds yet, up to 10 000.
func (s *Store) CountUntagged(ctx context.Context, scope Scope) (int64, error) {
	some := s.read.NewSelect().TableExpr("events AS e").ColumnExpr("1 AS one").Where("e.org_id = ?", scope.OrgID).Where(untagged).Limit(countedUntagged)
	var n int64
	if err := s.read.NewSelect().TableExpr("(?) AS c", some).ColumnExpr("COUNT(*)").Scan(ctx, &n); err != nil {
		return 0, border(fmt.Errorf("count untagged events: %w", err))
	}
	return n, nil
}

// TagEvents makes events found by their tags that were stored without, and says how many. Each counts once, whoever
// else does the same; one whose issue is being merged waits.
func (s *Store) TagEvents(ctx context.Context, es []*EventWrite) (n int, err error) {
	if len(es) == 0 {
		return 0, nil
	}
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		todo, err := s.stillUntagged(ctx, tx, es)
		if err != nil || len(todo) == 0 {
			return err
		}
		for _, e := range todo {
			if e.addColumns(); len(e.Tags) == 0 {
				e.Tags = []Tag{{"level", "error"}} // as Sentry takes an event that says none
			}
			if e.Event.Tags, err = tagsJSON(e.Tags); err != nil {
				return err
			}
			_, err := tx.NewUpdate().Model(&e.Event).Column("tags").WherePK().Exec(ctx)
			if err != nil {
				return err
			}
		}
		n = len(todo)
		return (&batch{s: s, tx: tx, stored: todo}).tags(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("tag events: %w", err)
	}
	return n, nil
}

// stillUntagged gives those of the events that nobody tagged meanwhile, with the issues that they are in now, which the
// transaction holds.
func (s *Store) stillUntagged(ctx context.Context, tx bun.Tx, es []*EventWrite) ([]*EventWrite, error) {
	byOrg := map[int64][]int64{}
	for _, e := range es {
		byOrg[e.Event.OrgID] = append(byOrg[e.Event.OrgID], e.Event.IssueID)
	}
	held := map[int64]bool{}
	for _, org := range slices.Sorted(maps.Keys(byOrg)) {
		issues, err := s.lockIssues(ctx, tx, Scope{OrgID: org}, unique(byOrg[org]))
		if err != nil {
			return nil, err
		}
		for _, id := range idsOf(issues) {
			held[id] = true
		}
	}
	var todo []*EventWrite
	for _, e := range es {
		var issue []int64
		q := tx.NewSelect().TableExpr("events AS e").Column("e.issue_id").Where("e.project_id = ? AND e.event_id = ?", e.Event.ProjectID, e.Event.EventID).Where(untagged)
		if err := s.lockRows(q).Scan(ctx, &issue); err != nil {
			return nil, err
		}
		if len(issue) == 1 && issue[0] == e.Event.IssueID && held[issue[0]] {
			todo = append(todo, e)
		}
	}
	return todo, nil
}
