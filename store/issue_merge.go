package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// mergedIssue says where an issue went that was merged into another.
type mergedIssue struct {
	bun.BaseModel `bun:"table:merged_issues,alias:mi"`

	IssueID   int64 `bun:"issue_id,pk"`
	OrgID     int64 `bun:"org_id"`
	ProjectID int64 `bun:"project_id"`
	Number    int64 `bun:"number"`
	IntoID    int64 `bun:"into_id"`
	MergedMS  int64 `bun:"merged_ms"`
}

// Merged says what a merge did.
type Merged struct {
	Parent   int64
	Children []int64
}

// MergeIssues puts issues of one project together. The one with the most events stays, the older one
// of two; the ids and short ids of the others lead to it from now on, and so do the hashes of their
// events. Counts are right when it returns, except for users that many issues share: their rows move,
// like the events, in the background when there are many. actor is who does it; nil: an organisation's own token.
//
// It is [ErrInvalid] with fewer than two issues or issues of several projects, and [ErrConflict] while one of
// them is being taken apart.
func (s *Store) MergeIssues(ctx context.Context, scope Scope, ids []int64, actor *int64) (*Merged, error) {
	out := new(Merged)
	var jobs []int64
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		issues, err := s.lockIssues(ctx, tx, scope, ids)
		if err != nil {
			return err
		}
		if len(issues) < 2 {
			return fmt.Errorf("%w: at least two issues are merged", ErrInvalid)
		}
		for i := range issues {
			if issues[i].ProjectID != issues[0].ProjectID {
				return fmt.Errorf("%w: only issues of one project can be merged", ErrInvalid)
			}
		}
		if err := notSplitting(ctx, tx, issues); err != nil {
			return err
		}
		slices.SortFunc(issues, func(x, y Issue) int {
			return cmp.Or(-cmp.Compare(x.TimesSeen, y.TimesSeen), cmp.Compare(x.ID, y.ID))
		})
		parent, children := &issues[0], issues[1:]
		out.Parent = parent.ID
		for i := range children {
			parent.absorb(&children[i])
			out.Children = append(out.Children, children[i].ID)
			id, err := s.addJob(ctx, tx, issueJob{OrgID: scope.OrgID, ProjectID: parent.ProjectID, Kind: jobMerge, FromID: children[i].ID, IntoID: parent.ID})
			if err != nil {
				return err
			}
			jobs = append(jobs, id)
		}
		if err := s.redirect(ctx, tx, parent, children); err != nil {
			return err
		}
		if err := insertActivities(ctx, tx, []Activity{activityOf(parent, ActivityMerge, actor, s.nowMS(), map[string]any{"issues": mergedNames(children)})}); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model(parent).Column("first_seen_ms", "last_seen_ms", "times_seen", "first_release", "last_release", "unhandled").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("merge issues: %w", err)
	}
	s.runInline(ctx, jobs)
	return out, nil
}

// mergedNames is what an activity says of issues that went into another.
func mergedNames(children []Issue) []map[string]any {
	out := make([]map[string]any, len(children))
	for n := range children {
		out[n] = map[string]any{"id": fmt.Sprint(children[n].ID), "title": children[n].Title}
	}
	return out
}

// lockIssues reads those of the ids that are the scope's issues and keeps them as they are.
func (s *Store) lockIssues(ctx context.Context, tx bun.Tx, scope Scope, ids []int64) ([]Issue, error) {
	var issues []Issue
	if len(ids) == 0 {
		return nil, nil
	}
	q := tx.NewSelect().Model(&issues).Where("id IN (?)", bun.List(ids)).Where("org_id = ?", scope.OrgID).Order("id")
	err := s.lockRows(q).Scan(ctx)
	return issues, err
}

func idsOf(issues []Issue) []int64 {
	ids := make([]int64, len(issues))
	for i := range issues {
		ids[i] = issues[i].ID
	}
	return ids
}

// notSplitting refuses issues whose events are still on their way between them.
func notSplitting(ctx context.Context, tx bun.Tx, issues []Issue) error {
	ids := idsOf(issues)
	for _, column := range []string{"from_id", "into_id"} {
		n, err := tx.NewSelect().Model((*issueJob)(nil)).Where("NOT done").Where("? IN (?)", bun.Ident(column), bun.List(ids)).
			Where("kind = ?", jobUnmerge).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("issue is being unmerged: %w", ErrConflict)
		}
	}
	return nil
}

// issueNow follows an issue into the one it was merged into; 0 when it is gone.
func issueNow(ctx context.Context, tx bun.Tx, id int64) (int64, error) {
	var ids []int64
	if err := tx.NewSelect().Model((*Issue)(nil)).Column("id").Where("id = ?", id).Scan(ctx, &ids); err != nil || len(ids) > 0 {
		return id, err
	}
	if err := tx.NewSelect().Model((*mergedIssue)(nil)).Column("into_id").Where("issue_id = ?", id).Scan(ctx, &ids); err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// absorb counts another issue into this one.
func (i *Issue) absorb(o *Issue) {
	i.TimesSeen += o.TimesSeen
	i.Unhandled = i.Unhandled || o.Unhandled
	if o.FirstSeenMS < i.FirstSeenMS {
		i.FirstSeenMS, i.FirstRelease = o.FirstSeenMS, cmp.Or(o.FirstRelease, i.FirstRelease)
	}
	if o.LastSeenMS > i.LastSeenMS {
		i.LastSeenMS, i.LastRelease = o.LastSeenMS, cmp.Or(o.LastRelease, i.LastRelease)
	}
}

// statement is a change of rows.
type statement interface {
	Exec(ctx context.Context, dest ...any) (sql.Result, error)
}

// redirect makes everything that names the children name the parent, and removes them.
func (s *Store) redirect(ctx context.Context, tx bun.Tx, parent *Issue, children []Issue) error {
	ids := idsOf(children)
	rows := make([]mergedIssue, len(children))
	for i := range children {
		c := &children[i]
		rows[i] = mergedIssue{IssueID: c.ID, OrgID: c.OrgID, ProjectID: c.ProjectID, Number: c.Number, IntoID: parent.ID, MergedMS: s.nowMS()}
	}
	for _, change := range []statement{
		tx.NewUpdate().Model((*IssueHash)(nil)).Set("issue_id = ?", parent.ID).Where("issue_id IN (?)", bun.List(ids)),
		tx.NewUpdate().Model((*mergedIssue)(nil)).Set("into_id = ?", parent.ID).Where("into_id IN (?)", bun.List(ids)),
		tx.NewUpdate().Model((*issueJob)(nil)).Set("into_id = ?", parent.ID).Where("into_id IN (?)", bun.List(ids)).Where("NOT done"),
		tx.NewRaw(`INSERT INTO issue_hours AS ihr (issue_id, hour_ms, events) SELECT ?, hour_ms, SUM(events) FROM issue_hours WHERE issue_id IN (?)
			GROUP BY hour_ms ON CONFLICT (issue_id, hour_ms) DO UPDATE SET events = ihr.events + EXCLUDED.events`, parent.ID, bun.List(ids)),
		tx.NewDelete().Model((*IssueHour)(nil)).Where("issue_id IN (?)", bun.List(ids)),
		tx.NewUpdate().Model((*Activity)(nil)).Set("issue_id = ?", parent.ID).Where("issue_id IN (?)", bun.List(ids)),
		tx.NewRaw("UPDATE issues SET num_comments = (SELECT COUNT(*) FROM activities WHERE issue_id = ? AND type = ?) WHERE id = ?", parent.ID, ActivityNote, parent.ID),
		tx.NewRaw(`INSERT INTO issue_members (issue_id, user_id, org_id, bookmarked, subscribed, seen_ms) SELECT ?, user_id, org_id, bookmarked, subscribed, seen_ms
			FROM issue_members WHERE issue_id IN (?) ON CONFLICT (issue_id, user_id) DO NOTHING`, parent.ID, bun.List(ids)),
		tx.NewDelete().Model((*IssueMember)(nil)).Where("issue_id IN (?)", bun.List(ids)),
		tx.NewDelete().Model((*Issue)(nil)).Where("id IN (?)", bun.List(ids)),
		tx.NewInsert().Model(&rows),
	} {
		if _, err := change.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
