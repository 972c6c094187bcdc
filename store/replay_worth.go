package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// StaleIssue is an issue whose status changed since its replays were ranked. The database marks it, in the
// transaction that changes the issue.
type StaleIssue struct {
	bun.BaseModel `bun:"table:stale_issues,alias:sti"`

	IssueID     int64  `bun:"issue_id,pk"`
	OrgID       int64  `bun:"org_id"`
	AfterReplay string `bun:"after_replay"` // the last replay that is done
	Version     int64  `bun:"version"`      // counts the changes
}

// StaleIssues gives up to limit issues whose replays are to be ranked anew.
func (s *Store) StaleIssues(ctx context.Context, limit int) ([]StaleIssue, error) {
	var rows []StaleIssue
	if err := s.read.NewSelect().Model(&rows).Order("issue_id").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("stale issues: %w", err))
	}
	return rows, nil
}

// WorthFacts is what a replay is ranked by.
type WorthFacts struct {
	Replay Replay
	Items  []ChapterItem // its errors
}

// WorthOfIssue gives what a page of an issue's recorded replays is ranked by, in the order of their ids from a place
// on. Replays that have no summary yet are left out: whoever makes it ranks them.
func (s *Store) WorthOfIssue(ctx context.Context, stale StaleIssue, limit int) ([]WorthFacts, error) {
	var replays []Replay
	mine := s.read.NewSelect().TableExpr("replay_links AS l").ColumnExpr("l.replay_id").Where("l.org_id = ? AND l.issue_id = ?", stale.OrgID, stale.IssueID)
	err := s.read.NewSelect().Model(&replays).Where("r.org_id = ? AND r.replay_id > ? AND r.state = ?", stale.OrgID, stale.AfterReplay, ReplayLive).
		Where("r.replay_id IN (?)", mine).Where("EXISTS (SELECT 1 FROM replay_summaries AS w WHERE w.org_id = r.org_id AND w.replay_id = r.replay_id)").
		Order("r.replay_id").Limit(int64(limit)).Scan(ctx)
	if err != nil || len(replays) == 0 {
		return nil, border(err)
	}
	ids, at := make([]string, len(replays)), map[string]int{}
	out := make([]WorthFacts, len(replays))
	for i := range replays {
		ids[i], at[replays[i].ReplayID], out[i].Replay = replays[i].ReplayID, i, replays[i]
	}
	var items []struct {
		ChapterItem `bun:",extend"`
		ReplayID    string `bun:"replay_id"`
	}
	// One error of each issue, side and mechanism says it: thousands more add nothing.
	err = s.read.NewSelect().TableExpr("replay_links AS fl").
		Join("JOIN events AS e ON e.project_id = fl.project_id AND e.event_id = fl.item_id").
		Join("JOIN issues AS i ON i.id = fl.issue_id AND i.org_id = fl.org_id").
		ColumnExpr("fl.replay_id, fl.issue_id, fl.side, e.unhandled, i.status AS issue_status, i.first_seen_ms AS issue_first_ms, MIN(fl.level) AS level").
		Where("fl.org_id = ? AND fl.replay_id IN (?) AND fl.item_kind = ?", stale.OrgID, bun.List(ids), ItemEvent).
		Where("fl.level IN ('error', 'fatal')").Where(countedLink("fl")).
		GroupExpr("fl.replay_id, fl.issue_id, fl.side, e.unhandled, i.status, i.first_seen_ms").Scan(ctx, &items)
	if err != nil {
		return nil, border(fmt.Errorf("errors of an issue's replays: %w", err))
	}
	for _, it := range items {
		f := &out[at[it.ReplayID]]
		f.Items = append(f.Items, it.ChapterItem)
	}
	return out, nil
}

// RankReplays writes the worth of an issue's replays and notes how far it came; done: no replay follows. A change of
// the issue meanwhile begins it anew.
func (s *Store) RankReplays(ctx context.Context, stale StaleIssue, worth map[string]int64, last string, done bool) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(worth)) {
			_, err := tx.NewUpdate().Model((*ReplaySummary)(nil)).Set("worth = ?", worth[id]).Where("org_id = ? AND replay_id = ?", stale.OrgID, id).Exec(ctx)
			if err != nil {
				return err
			}
		}
		if done {
			_, err := tx.NewDelete().Model((*StaleIssue)(nil)).Where("issue_id = ? AND version = ?", stale.IssueID, stale.Version).Exec(ctx)
			return err
		}
		_, err := tx.NewUpdate().Model((*StaleIssue)(nil)).Set("after_replay = ?", last).Where("issue_id = ? AND version = ?", stale.IssueID, stale.Version).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("rank replays of issue %d: %w", stale.IssueID, err)
	}
	return nil
}
