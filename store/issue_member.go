package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// IssueMember is what an issue is to a person.
type IssueMember struct {
	bun.BaseModel `bun:"table:issue_members,alias:im"`

	IssueID    int64  `bun:"issue_id,pk"`
	UserID     int64  `bun:"user_id,pk"`
	OrgID      int64  `bun:"org_id"`
	Bookmarked bool   `bun:"bookmarked"`
	Subscribed string `bun:"subscribed"` // why they are told of it; empty: they are not
	SeenMS     *int64 `bun:"seen_ms"`    // when they last looked
}

// Why somebody follows an issue, in Sentry's words. SubscribedNot is who asked not to.
const (
	SubscribedNot      = "disabled"
	SubscribedManually = "unknown"
	SubscribedAssigned = "assigned"
	SubscribedComment  = "comment"
	SubscribedBookmark = "bookmark"
	SubscribedStatus   = "status_change"
	SubscribedMention  = "mentioned"
)

// subscribe makes people follow an issue who have said nothing about it yet.
func subscribe(ctx context.Context, tx bun.Tx, scope Scope, issueID int64, why map[int64]string) error {
	for user, reason := range why {
		row := &IssueMember{IssueID: issueID, UserID: user, OrgID: scope.OrgID, Subscribed: reason}
		_, err := tx.NewInsert().Model(row).On("CONFLICT (issue_id, user_id) DO UPDATE").
			Set("subscribed = CASE WHEN im.subscribed = '' THEN EXCLUDED.subscribed ELSE im.subscribed END").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// IssueMembers gives what issues are to one person, those that are nothing to them left out.
func (s *Store) IssueMembers(ctx context.Context, scope Scope, userID int64, issues []int64) (map[int64]IssueMember, error) {
	out := map[int64]IssueMember{}
	if len(issues) == 0 || userID == 0 {
		return out, nil
	}
	var rows []IssueMember
	err := s.read.NewSelect().Model(&rows).Where("im.issue_id IN (?)", bun.List(issues)).Where("im.user_id = ? AND im.org_id = ?", userID, scope.OrgID).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("what issues are to user %d: %w", userID, err))
	}
	for _, r := range rows {
		out[r.IssueID] = r
	}
	return out, nil
}

// MembersOfIssue gives everybody that an issue is something to, up to 100.
func (s *Store) MembersOfIssue(ctx context.Context, scope Scope, issueID int64) ([]IssueMember, error) {
	var rows []IssueMember
	err := s.read.NewSelect().Model(&rows).Where("im.issue_id = ? AND im.org_id = ?", issueID, scope.OrgID).Order("im.user_id").Limit(maxPage).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("members of issue %d: %w", issueID, err))
	}
	return rows, nil
}
