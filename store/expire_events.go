package store

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/uptrace/bun"
)

// lightColumns are those of an event without its payload.
var lightColumns = []string{"project_id", "event_id", "org_id", "issue_id", "timestamp_ms", "received_ms", "user_key", "release", "title", "culprit", "tags"}

// expireEvents deletes a project's oldest events with what is known by them: their files and tags, the hours of their
// issues and the users who have no other event there. Whoever comes back is counted again.
func (s *Store) expireEvents(ctx context.Context, project, thanMS int64, limit int) (n int, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rows []Event
		q := tx.NewSelect().Model(&rows).Column(lightColumns...).Where("e.project_id = ? AND e.timestamp_ms < ?", project, thanMS).
			OrderExpr("e.timestamp_ms, e.event_id").Limit(int64(limit))
		if s.postgres() {
			q = q.For("UPDATE SKIP LOCKED") // each is counted out once, whoever else is at it
		}
		if err := q.Scan(ctx); err != nil || len(rows) == 0 {
			return err
		}
		n = len(rows)
		if err := s.dropEvents(ctx, tx, rows); err != nil {
			return err
		}
		if err := dropDeadLinks(ctx, tx, rows[0].OrgID, ItemEvent, eventIDs(rows)); err != nil {
			return err
		}
		if err := forgetEncounters(ctx, tx, rows, thanMS); err != nil {
			return err
		}
		es := stored(rows)
		if err := dropTags(ctx, tx, es); err != nil {
			return err
		}
		if err := issueTags.take(ctx, tx, es); err != nil {
			return err
		}
		return projectTags.take(ctx, tx, es)
	})
	return n, err
}

// dropEvents deletes events of one project with their files and hints.
func (s *Store) dropEvents(ctx context.Context, tx bun.Tx, rows []Event) error {
	project, ids := rows[0].ProjectID, eventIDs(rows)
	if err := s.dropFiles(ctx, tx, project, ids); err != nil {
		return err
	}
	_, err := tx.NewDelete().Model((*EventHint)(nil)).Where("org_id = ? AND project_id = ?", rows[0].OrgID, project).Where("event_id IN (?)", bun.List(ids)).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = tx.NewDelete().Model((*Event)(nil)).Where("project_id = ?", project).Where("event_id IN (?)", bun.List(ids)).Exec(ctx)
	return err
}

// forgetEncounters deletes the hours of events that are gone, and who met their issues and has no other event there.
func forgetEncounters(ctx context.Context, tx bun.Tx, rows []Event, thanMS int64) error {
	users := map[int64][]string{}
	for i := range rows {
		e := &rows[i]
		users[e.IssueID] = append(users[e.IssueID], e.UserKey)
	}
	for _, issue := range slices.Sorted(maps.Keys(users)) {
		if _, err := tx.NewDelete().Model((*IssueHour)(nil)).Where("issue_id = ? AND hour_ms < ?", issue, thanMS).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewDelete().Model((*IssueUser)(nil)).Where("issue_id = ?", issue).Where("user_key IN (?)", bun.List(unique(users[issue]))).
			Where("NOT EXISTS (SELECT 1 FROM events AS e WHERE e.issue_id = iu.issue_id AND e.user_key = iu.user_key AND e.user_key <> '')").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// remains is the condition that something of an issue is left: an event, or a recording of one.
const remains = `EXISTS (SELECT 1 FROM events AS e WHERE e.issue_id = i.id) OR EXISTS (SELECT 1 FROM replay_links AS rl
	JOIN replays AS r ON r.org_id = rl.org_id AND r.replay_id = rl.replay_id AND r.state = 'live' WHERE rl.org_id = i.org_id AND rl.issue_id = i.id)`

// expireIssues deletes issues of a project that were last seen before a time and of which nothing is left, as Sentry
// does, and says how many.
func (s *Store) expireIssues(ctx context.Context, p *Project, thanMS int64) (int, error) {
	gone := 0
	for _, status := range []string{IssueUnresolved, IssueResolved, IssueIgnored} {
		for afterMS, after, more := int64(math.MinInt64), int64(0), true; more; {
			var page []struct {
				ID      int64 `bun:"id"`
				SeenMS  int64 `bun:"last_seen_ms"`
				Remains bool  `bun:"remains"`
			}
			err := s.read.NewSelect().TableExpr("issues AS i").ColumnExpr("i.id, i.last_seen_ms, "+remains+" AS remains").
				Where("i.project_id = ? AND i.status = ? AND i.last_seen_ms < ?", p.ID, status, thanMS).
				Where("(i.last_seen_ms, i.id) > (?, ?)", afterMS, after).OrderExpr("i.last_seen_ms, i.id").Limit(purgeBatch).Scan(ctx, &page)
			if err != nil {
				return gone, err
			}
			var ids []int64
			for _, i := range page {
				if afterMS, after = i.SeenMS, i.ID; !i.Remains {
					ids = append(ids, i.ID)
				}
			}
			n, err := s.removeUnseen(ctx, Scope{OrgID: p.OrgID}, ids, thanMS)
			if gone += n; err != nil {
				return gone, err
			}
			more = len(page) == purgeBatch
		}
	}
	return gone, nil
}

// removeUnseen deletes those of the issues that were not seen meanwhile.
func (s *Store) removeUnseen(ctx context.Context, scope Scope, ids []int64, thanMS int64) (n int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		issues, err := s.lockIssues(ctx, tx, scope, ids)
		if err != nil {
			return err
		}
		issues = slices.DeleteFunc(issues, func(i Issue) bool { return i.LastSeenMS >= thanMS })
		if n = len(issues); n == 0 {
			return nil
		}
		if err := notSplitting(ctx, tx, issues); errors.Is(err, ErrConflict) {
			n = 0 // the next time
			return nil
		} else if err != nil {
			return err
		}
		_, err = s.removeIssues(ctx, tx, issues)
		return err
	})
	return n, err
}
