package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/uptrace/bun"
)

// Activity is something that happened to an issue.
type Activity struct {
	bun.BaseModel `bun:"table:activities,alias:act"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	IssueID   int64  `bun:"issue_id"`
	Type      string `bun:"type"`
	UserID    *int64 `bun:"user_id"` // nil: by itself
	Data      string `bun:"data"`    // a JSON object, of the type
	CreatedMS int64  `bun:"created_ms"`
}

// Types of activity, in Sentry's words.
const (
	ActivityResolved          = "set_resolved"
	ActivityResolvedByAge     = "set_resolved_by_age"
	ActivityResolvedInRelease = "set_resolved_in_release" // data.version; empty: the next
	ActivityResolvedInCommit  = "set_resolved_in_commit"  // data.commit
	ActivityUnresolved        = "set_unresolved"
	ActivityIgnored           = "set_ignored"
	ActivityRegression        = "set_regression" // data.version
	ActivityEscalating        = "set_escalating"
	ActivityOngoing           = "auto_set_ongoing"
	ActivityAssigned          = "assigned" // data.assignee, data.assigneeType
	ActivityUnassigned        = "unassigned"
	ActivityPriority          = "set_priority" // data.priority
	ActivityReviewed          = "mark_reviewed"
	ActivityPublic            = "set_public"
	ActivityPrivate           = "set_private"
	ActivityNote              = "note"                // data.text
	ActivityMerge             = "merge"               // of the issue that stays; data.issues: those that went into it
	ActivityUnmergeSource     = "unmerge_source"      // data.fingerprints left it, into data.destination
	ActivityUnmergeInto       = "unmerge_destination" // data.fingerprints came into it, from data.source
	maxNote                   = 10_000                // bytes
)

// activityOf makes a row; data must be plain values.
func activityOf(i *Issue, kind string, user *int64, ms int64, data map[string]any) Activity {
	text := "{}"
	if len(data) > 0 {
		b, err := json.Marshal(data)
		if err != nil {
			panic("store: activity data: " + err.Error()) // of our own making
		}
		text = string(b)
	}
	return Activity{OrgID: i.OrgID, IssueID: i.ID, Type: kind, UserID: user, Data: text, CreatedMS: ms}
}

func insertActivities(ctx context.Context, tx bun.Tx, rows []Activity) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).Returning("NULL").Exec(ctx)
	return err
}

// Activities gives a page of what happened to an issue, the newest first. Of a type when one is given.
func (s *Store) Activities(ctx context.Context, scope Scope, issueID int64, kind string, page Page) (Paged[Activity], error) {
	var rows []Activity
	q := s.read.NewSelect().Model(&rows).Where("act.issue_id = ? AND act.org_id = ?", issueID, scope.OrgID)
	if kind != "" {
		q = q.Where("act.type = ?", kind)
	}
	if err := keyset(q, page, order{expr: "act.created_ms", tie: "act.id", tieValue: decimalTie}).Scan(ctx); err != nil {
		return Paged[Activity]{}, border(fmt.Errorf("activities of issue %d: %w", issueID, err))
	}
	return paged(rows, page, func(a Activity) Cursor { return Cursor{Value: a.CreatedMS, Tie: strconv.FormatInt(a.ID, 10)} }), nil
}

func checkNote(text string) error {
	if text == "" || len(text) > maxNote {
		return fmt.Errorf("%w: a comment has 1 to %d bytes", ErrInvalid, maxNote)
	}
	return nil
}

// CreateNote adds a comment to one of the scope's issues; who wrote it and who is mentioned follow
// the issue from then on.
func (s *Store) CreateNote(ctx context.Context, scope Scope, issueID, userID int64, text string, mentioned []int64) (*Activity, error) {
	text = cutText(text, maxNote+1)
	if err := checkNote(text); err != nil {
		return nil, err
	}
	a := activityOf(&Issue{ID: issueID, OrgID: scope.OrgID}, ActivityNote, &userID, s.nowMS(), map[string]any{"text": text})
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*Issue)(nil)).Set("num_comments = num_comments + 1").Where("id = ? AND org_id = ?", issueID, scope.OrgID).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "issue %d", issueID); err != nil {
			return err
		}
		if err := subscribe(ctx, tx, scope, issueID, map[int64]string{userID: SubscribedComment}); err != nil {
			return err
		}
		for _, m := range mentioned {
			if err := subscribe(ctx, tx, scope, issueID, map[int64]string{m: SubscribedMention}); err != nil {
				return err
			}
		}
		_, err = tx.NewInsert().Model(&a).Returning("id").Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("comment on issue %d: %w", issueID, err)
	}
	return &a, nil
}

// UpdateNote changes a comment of the user's own.
func (s *Store) UpdateNote(ctx context.Context, scope Scope, issueID, noteID, userID int64, text string) (*Activity, error) {
	text = cutText(text, maxNote+1)
	if err := checkNote(text); err != nil {
		return nil, err
	}
	data, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return nil, err
	}
	a := new(Activity)
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := ofNote(tx.NewUpdate().Model(a).Set("data = ?", string(data)), scope, issueID, noteID, userID).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "comment %d", noteID); err != nil {
			return err
		}
		return tx.NewSelect().Model(a).Where("id = ?", noteID).Scan(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("change comment: %w", err)
	}
	return a, nil
}

func ofNote(q *bun.UpdateQuery, scope Scope, issueID, noteID, userID int64) *bun.UpdateQuery {
	return q.Where("id = ? AND issue_id = ? AND org_id = ? AND user_id = ? AND type = ?", noteID, issueID, scope.OrgID, userID, ActivityNote)
}

// DeleteNote takes a comment of the user's own back.
func (s *Store) DeleteNote(ctx context.Context, scope Scope, issueID, noteID, userID int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*Activity)(nil)).Where("id = ? AND issue_id = ? AND org_id = ? AND user_id = ? AND type = ?",
			noteID, issueID, scope.OrgID, userID, ActivityNote).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "comment %d", noteID); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*Issue)(nil)).Set("num_comments = num_comments - 1").Where("id = ? AND org_id = ?", issueID, scope.OrgID).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete comment: %w", err)
	}
	return nil
}
