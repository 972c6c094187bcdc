package store

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
)

// own assigns a new issue: to the author of the first suspect commit who is a member, where the project wants that, else to the first
// owner of its event who is still there. It says which of them decided, in the words of an activity.
func (b *batch) own(ctx context.Context, e *EventWrite, i *Issue) (by string, err error) {
	commits, err := suspectsOf(ctx, b.tx, i.OrgID, e.Event.Release, e.Suspects)
	if err != nil {
		return "", err
	}
	for n := range commits {
		if i.AssigneeID, err = b.member(ctx, i.OrgID, commits[n].AuthorEmail); err != nil || i.AssigneeID != nil {
			return "suspectCommitter", err
		}
	}
	if e.Owners == nil {
		return "", nil
	}
	for _, owner := range e.Owners() { // "#slug" is a team of the organisation, all else the address of a member
		if slug, isTeam := strings.CutPrefix(owner, "#"); isTeam {
			i.AssigneeTeamID, err = b.idOf(ctx, b.tx.NewSelect().Table("teams").Column("id").Where("org_id = ? AND slug = ?", i.OrgID, slug))
		} else {
			i.AssigneeID, err = b.member(ctx, i.OrgID, owner)
		}
		if err != nil || i.AssigneeID != nil || i.AssigneeTeamID != nil {
			return "projectOwnership", err
		}
	}
	return "", nil
}

// member gives the id of the member with an address, or nil.
func (b *batch) member(ctx context.Context, org int64, email string) (*int64, error) {
	if email == "" {
		return nil, nil
	}
	return b.idOf(ctx, b.tx.NewSelect().TableExpr("users AS u").ColumnExpr("u.id").Join("JOIN memberships AS m ON m.user_id = u.id").
		Where("m.org_id = ? AND u.email = ?", org, strings.ToLower(email)))
}

// idOf gives the id that a query finds, or nil.
func (b *batch) idOf(ctx context.Context, q *bun.SelectQuery) (*int64, error) {
	var id int64
	if err := q.Limit(1).Scan(ctx, &id); errors.Is(border(err), ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return &id, nil
}

// owned notes whom a new issue was assigned to, who follows it then.
func (b *batch) owned(ctx context.Context, i *Issue) ([]Activity, error) {
	data := map[string]any{"integration": b.assignedBy[i.ID]}
	switch {
	case i.AssigneeID != nil:
		data["assignee"], data["assigneeType"] = strconv.FormatInt(*i.AssigneeID, 10), "user"
		if err := subscribe(ctx, b.tx, Scope{OrgID: i.OrgID}, i.ID, map[int64]string{*i.AssigneeID: SubscribedAssigned}); err != nil {
			return nil, err
		}
	case i.AssigneeTeamID != nil:
		data["assignee"], data["assigneeType"] = strconv.FormatInt(*i.AssigneeTeamID, 10), "team"
	default:
		return nil, nil
	}
	return []Activity{activityOf(i, ActivityAssigned, nil, i.CreatedMS, data)}, nil
}
