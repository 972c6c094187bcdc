package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// IssueChange holds what a person changes about issues; nil stays as it is.
type IssueChange struct {
	Actor      *int64 // who; nil: an organisation's own token
	Status     *string
	Substatus  *string // of Status; checked by the caller
	Resolution Resolution
	Ignore     Ignore
	Assignee   *Assignee
	Priority   *string
	Inbox      *bool // false: reviewed; true: to be reviewed
	Public     *bool
	HasSeen    *bool // by Actor, as are the next two
	Bookmarked *bool
	Subscribed *bool
}

// Resolution says how an issue is resolved. The zero value: at once.
type Resolution struct {
	Kind      string // one of ResolvedIn…
	ReleaseID int64  // of ResolvedInRelease; the others take the project's newest
	Commit    string // of ResolvedInCommit
}

// Ignore says until when an issue is archived; any of it wakes the issue. Zero is never.
type Ignore struct {
	Duration                  time.Duration
	Events, Users             int64 // more of them than now, or within the window
	EventsWindow, UsersWindow time.Duration
}

// Assignee is a user or a team; the zero value is nobody.
type Assignee struct{ UserID, TeamID *int64 }

// UpdateIssues changes those of the ids that are the scope's issues, notes it as their activity, and
// gives their ids. Ids of other scopes are passed over.
func (s *Store) UpdateIssues(ctx context.Context, scope Scope, ids []int64, c IssueChange) ([]int64, error) {
	var changed []int64
	if len(ids) == 0 {
		return nil, nil
	}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rows []Issue
		q := tx.NewSelect().Model(&rows).Where("i.id IN (?)", bun.List(ids)).Where("i.org_id = ?", scope.OrgID).Order("i.id")
		if err := s.lockRows(q).Scan(ctx); err != nil {
			return err
		}
		e := issueEdit{s: s, tx: tx, scope: scope, change: c, now: s.nowMS(), newest: map[int64]*Release{}}
		for i := range rows {
			if err := e.apply(ctx, &rows[i]); err != nil {
				return fmt.Errorf("issue %d: %w", rows[i].ID, err)
			}
			changed = append(changed, rows[i].ID)
		}
		if err := signalResolved(ctx, tx, e.resolved, e.now); err != nil {
			return err
		}
		return insertActivities(ctx, tx, e.activities)
	})
	if err != nil {
		return nil, fmt.Errorf("update issues: %w", err)
	}
	return changed, nil
}

// issueEdit is one UpdateIssues under way.
type issueEdit struct {
	s          *Store
	tx         bun.Tx
	scope      Scope
	change     IssueChange
	now        int64
	newest     map[int64]*Release // by project
	activities []Activity
	resolved   []*Issue // that were not before
}

func (e *issueEdit) note(i *Issue, kind string, data map[string]any) {
	e.activities = append(e.activities, activityOf(i, kind, e.change.Actor, e.now, data))
}

func (e *issueEdit) apply(ctx context.Context, i *Issue) error {
	c := &e.change
	before := *i
	if c.Status != nil {
		if err := e.status(ctx, i); err != nil {
			return err
		}
	}
	if c.Assignee != nil {
		e.assign(i)
	}
	if c.Priority != nil && (*c.Priority != i.Priority || i.PriorityLockedMS == nil) {
		i.Priority, i.PriorityLockedMS = *c.Priority, &e.now
		e.note(i, ActivityPriority, map[string]any{"priority": *c.Priority})
	}
	if c.Inbox != nil {
		e.review(i)
	}
	if c.Public != nil && *c.Public != (i.ShareID != "") {
		i.ShareID = ""
		kind := ActivityPrivate
		if *c.Public {
			i.ShareID, kind = newShareID(), ActivityPublic
		}
		e.note(i, kind, nil)
	}
	if *i != before {
		if _, err := e.tx.NewUpdate().Model(i).WherePK().Exec(ctx); err != nil {
			return err
		}
	}
	return e.member(ctx, i)
}

func (e *issueEdit) status(ctx context.Context, i *Issue) error {
	c := &e.change
	substatus := ""
	if c.Substatus != nil {
		substatus = *c.Substatus
	}
	switch *c.Status {
	case IssueUnresolved:
		if i.Status == IssueUnresolved && (substatus == "" || substatus == i.Substatus) {
			return nil
		}
		i.setStatus(IssueUnresolved, substatus, e.now, c.Actor)
		e.note(i, ActivityUnresolved, nil)
	case IssueResolved:
		return e.resolve(ctx, i)
	case IssueIgnored:
		return e.ignore(ctx, i, substatus)
	}
	return nil
}

// resolve marks an issue resolved. Its substatus is empty.
func (e *issueEdit) resolve(ctx context.Context, i *Issue) error {
	r := e.change.Resolution
	if i.Status != IssueResolved {
		e.resolved = append(e.resolved, i)
	}
	i.setStatus(IssueResolved, "", e.now, e.change.Actor)
	i.Resolution = r.Kind
	switch r.Kind {
	case "":
		e.note(i, ActivityResolved, nil)
	case ResolvedInCommit:
		i.ResolutionCommit = r.Commit
		e.note(i, ActivityResolvedInCommit, map[string]any{"commit": r.Commit})
		return e.s.settleCommit(ctx, e.tx, i)
	case ResolvedInRelease:
		rel := new(Release)
		if err := e.tx.NewSelect().Model(rel).Where("r.id = ? AND r.org_id = ?", r.ReleaseID, e.scope.OrgID).Scan(ctx); err != nil {
			return err
		}
		i.ResolutionReleaseID = &rel.ID
		e.note(i, ActivityResolvedInRelease, map[string]any{"version": rel.Version})
	default:
		newest, err := e.newestOf(ctx, i.ProjectID)
		if err != nil {
			return err
		}
		data := map[string]any{"version": ""}
		if newest != nil {
			i.ResolutionReleaseID = &newest.ID
			data["current_release_version"] = newest.Version
		}
		e.note(i, ActivityResolvedInRelease, data)
	}
	return nil
}

func (e *issueEdit) newestOf(ctx context.Context, project int64) (*Release, error) {
	if r, ok := e.newest[project]; ok {
		return r, nil
	}
	r, err := newestRelease(ctx, e.tx, e.scope.OrgID, project, "")
	if errors.Is(err, sql.ErrNoRows) {
		r, err = nil, nil
	}
	e.newest[project] = r
	return r, err
}

func (e *issueEdit) ignore(ctx context.Context, i *Issue, substatus string) error {
	g := e.change.Ignore
	if g != (Ignore{}) {
		substatus = SubstatusUntilCondition
	}
	i.setStatus(IssueIgnored, substatus, e.now, e.change.Actor)
	data := map[string]any{}
	until := func(limit, total int64, window time.Duration, at, within **int64, name string) {
		if limit == 0 {
			return
		}
		data["ignore"+name+"Count"] = limit
		if window > 0 {
			ms := window.Milliseconds()
			*within = &ms
			data["ignore"+name+"Window"] = int64(window.Minutes())
		} else {
			limit += total
		}
		*at = &limit
	}
	if g.Duration > 0 {
		ms := e.now + g.Duration.Milliseconds()
		i.IgnoreUntilMS = &ms
		data["ignoreUntil"] = time.UnixMilli(ms).UTC().Format(time.RFC3339)
		data["ignoreDuration"] = int64(g.Duration.Minutes())
	}
	until(g.Events, i.TimesSeen, g.EventsWindow, &i.IgnoreEvents, &i.IgnoreEventsWindowMS, "")
	until(g.Users, i.UsersSeen, g.UsersWindow, &i.IgnoreUsers, &i.IgnoreUsersWindowMS, "User")
	if v, ok := data["ignoreUserCount"]; ok {
		data["ignoreUserCount"] = v
	}
	if substatus == SubstatusUntilEscalating {
		var busiest int64
		err := e.tx.NewSelect().Model((*IssueHour)(nil)).ColumnExpr("COALESCE(MAX(events), 0)").
			Where("issue_id = ? AND hour_ms >= ?", i.ID, e.now-stateAge.Milliseconds()).Scan(ctx, &busiest)
		if err != nil {
			return err
		}
		above := escalateAbove(busiest)
		i.EscalateEvents = &above
		data["ignoreUntilEscalating"] = true
	}
	e.note(i, ActivityIgnored, data)
	return nil
}

func (e *issueEdit) assign(i *Issue) {
	to := e.change.Assignee
	if same(i.AssigneeID, to.UserID) && same(i.AssigneeTeamID, to.TeamID) {
		return
	}
	i.AssigneeID, i.AssigneeTeamID = to.UserID, to.TeamID
	switch {
	case to.UserID != nil:
		e.note(i, ActivityAssigned, map[string]any{"assignee": fmt.Sprint(*to.UserID), "assigneeType": "user"})
	case to.TeamID != nil:
		e.note(i, ActivityAssigned, map[string]any{"assignee": fmt.Sprint(*to.TeamID), "assigneeType": "team"})
	default:
		e.note(i, ActivityUnassigned, nil)
	}
}

func same(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func (e *issueEdit) review(i *Issue) {
	if *e.change.Inbox == (i.InboxReason != nil) {
		return
	}
	if *e.change.Inbox {
		reason := int64(InboxManual)
		i.InboxReason, i.InboxMS = &reason, &e.now
		return
	}
	i.InboxReason, i.InboxMS = nil, nil
	e.note(i, ActivityReviewed, nil)
}

// member notes what the change says of the person who makes it. Who changes an issue's state follows it.
func (e *issueEdit) member(ctx context.Context, i *Issue) error {
	c := &e.change
	if c.Assignee != nil && c.Assignee.UserID != nil {
		if err := subscribe(ctx, e.tx, e.scope, i.ID, map[int64]string{*c.Assignee.UserID: SubscribedAssigned}); err != nil {
			return err
		}
	}
	if c.Actor == nil {
		return nil
	}
	if c.Status != nil {
		if err := subscribe(ctx, e.tx, e.scope, i.ID, map[int64]string{*c.Actor: SubscribedStatus}); err != nil {
			return err
		}
	}
	if c.HasSeen == nil && c.Bookmarked == nil && c.Subscribed == nil {
		return nil
	}
	row := &IssueMember{IssueID: i.ID, UserID: *c.Actor, OrgID: e.scope.OrgID}
	q := e.tx.NewInsert().Model(row).On("CONFLICT (issue_id, user_id) DO UPDATE")
	if c.HasSeen != nil {
		if *c.HasSeen {
			row.SeenMS = &e.now
		}
		q = q.Set("seen_ms = EXCLUDED.seen_ms")
	}
	if c.Bookmarked != nil {
		row.Bookmarked = *c.Bookmarked
		if row.Bookmarked {
			row.Subscribed = SubscribedBookmark
		}
		q = q.Set("bookmarked = EXCLUDED.bookmarked")
	}
	if c.Subscribed != nil {
		row.Subscribed = SubscribedNot
		if *c.Subscribed {
			row.Subscribed = SubscribedManually
		}
		q = q.Set("subscribed = EXCLUDED.subscribed")
	}
	_, err := q.Returning("NULL").Exec(ctx)
	return err
}
