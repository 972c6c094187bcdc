package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// own assigns a new issue to the first owner of its event that is still there: "#slug" is a team of the
// organisation, all else the address of a member.
func (b *batch) own(ctx context.Context, e *EventWrite, i *Issue) error {
	if e.Owners == nil {
		return nil
	}
	for _, owner := range e.Owners() {
		team, isTeam := strings.CutPrefix(owner, "#")
		q := b.tx.NewSelect().Table("teams").Column("id").Where("org_id = ? AND slug = ?", i.OrgID, team)
		if !isTeam {
			q = b.tx.NewSelect().TableExpr("users AS u").ColumnExpr("u.id").Join("JOIN memberships AS m ON m.user_id = u.id").
				Where("m.org_id = ? AND u.email = ?", i.OrgID, strings.ToLower(owner))
		}
		var id int64
		if err := q.Limit(1).Scan(ctx, &id); errors.Is(border(err), ErrNotFound) {
			continue
		} else if err != nil {
			return err
		}
		if isTeam {
			i.AssigneeTeamID = &id
		} else {
			i.AssigneeID = &id
		}
		return nil
	}
	return nil
}

// owned notes whom a new issue was assigned to, who follows it then.
func (b *batch) owned(ctx context.Context, i *Issue) ([]Activity, error) {
	data := map[string]any{"integration": "projectOwnership"}
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
