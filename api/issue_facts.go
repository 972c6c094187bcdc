package api

import (
	"context"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// issueFacts are what a list of issues shows besides the rows themselves.
type issueFacts struct {
	people   map[int64]*User
	teams    map[int64]*store.TeamOf
	releases map[int64]*store.Release // that issues were resolved in
	mine     map[int64]store.IssueMember
}

func (a *API) issueFacts(ctx context.Context, rq *request, rows []store.Issue) (*issueFacts, error) {
	f := &issueFacts{teams: map[int64]*store.TeamOf{}}
	ids := make([]int64, len(rows))
	var releases []int64
	people, teams := false, false
	for n := range rows {
		i := &rows[n]
		ids[n] = i.ID
		if i.ResolutionReleaseID != nil {
			releases = append(releases, *i.ResolutionReleaseID)
		}
		people = people || i.AssigneeID != nil || i.StatusActorID != nil
		teams = teams || i.AssigneeTeamID != nil
	}
	var err error
	if people {
		if f.people, err = a.usersByID(ctx, rq); err != nil {
			return nil, err
		}
	}
	if teams {
		ts, err := a.Store.Teams(ctx, rq.scope, 0)
		if err != nil {
			return nil, a.fail("read teams", err)
		}
		for i := range ts {
			f.teams[ts[i].ID] = &ts[i]
		}
	}
	if f.releases, err = a.Store.ReleasesByID(ctx, rq.scope, releases); err != nil {
		return nil, a.fail("read releases", err)
	}
	if f.mine, err = a.Store.IssueMembers(ctx, rq.scope, rq.caller.userID(), ids); err != nil {
		return nil, a.fail("read what issues are to the caller", err)
	}
	return f, nil
}

// show puts the facts into an issue.
func (f *issueFacts) show(out *Issue, i *store.Issue, view issueView) {
	if who := f.assignee(i); who != nil {
		out.AssignedTo = null(who)
	}
	out.StatusDetails = f.statusDetails(i)
	if view.inbox && i.InboxReason != nil {
		out.Inbox = &IssueInbox{Reason: *i.InboxReason, DateAdded: at(*i.InboxMS)}
	}
	m := f.mine[i.ID]
	out.IsBookmarked = m.Bookmarked
	// Who saw it before it came back has not seen that.
	out.HasSeen = m.SeenMS != nil && (i.StatusChangedMS == nil || *m.SeenMS >= *i.StatusChangedMS)
	switch m.Subscribed {
	case "":
	case store.SubscribedNot:
		out.SubscriptionDetails = null(&SubscriptionDetails{Disabled: true})
	default:
		out.IsSubscribed, out.SubscriptionDetails = true, null(&SubscriptionDetails{Reason: m.Subscribed})
	}
}

// assignee names who an issue is assigned to; whoever left stays as a number.
func (f *issueFacts) assignee(i *store.Issue) *Actor {
	switch {
	case i.AssigneeID != nil:
		if u := f.people[*i.AssigneeID]; u != nil {
			return &Actor{Type: "user", ID: u.ID, Name: u.Name, Email: u.Email}
		}
		return &Actor{Type: "user", ID: itoa(*i.AssigneeID), Name: "Former member"}
	case i.AssigneeTeamID != nil:
		if t := f.teams[*i.AssigneeTeamID]; t != nil {
			return &Actor{Type: "team", ID: itoa(t.ID), Name: t.Slug}
		}
		return &Actor{Type: "team", ID: itoa(*i.AssigneeTeamID), Name: "Former team"}
	}
	return nil
}

// statusDetails says how an issue was resolved, or until when it is archived. Counts are what remains.
func (f *issueFacts) statusDetails(i *store.Issue) map[string]any {
	out := map[string]any{}
	if i.Status == store.IssueUnresolved {
		return out
	}
	if i.StatusActorID != nil && f.people[*i.StatusActorID] != nil {
		out["actor"] = f.people[*i.StatusActorID]
	}
	switch i.Resolution {
	case store.ResolvedInNextRelease:
		out["inNextRelease"] = true
	case store.ResolvedInUpcomingRelease:
		out["inUpcomingRelease"] = true
	case store.ResolvedInRelease:
		if i.ResolutionReleaseID != nil && f.releases[*i.ResolutionReleaseID] != nil {
			out["inRelease"] = f.releases[*i.ResolutionReleaseID].Version
		}
	}
	if i.ResolutionCommit != "" {
		out["inCommit"] = map[string]any{"commit": i.ResolutionCommit}
	}
	if i.IgnoreUntilMS != nil {
		out["ignoreUntil"] = at(*i.IgnoreUntilMS)
	}
	remains := func(key string, limit, window *int64, total int64) {
		switch {
		case limit == nil:
		case window == nil:
			out["ignore"+key+"Count"] = max(*limit-total, 0)
		default:
			out["ignore"+key+"Count"], out["ignore"+key+"Window"] = *limit, *window/time.Minute.Milliseconds()
		}
	}
	remains("", i.IgnoreEvents, i.IgnoreEventsWindowMS, i.TimesSeen)
	remains("User", i.IgnoreUsers, i.IgnoreUsersWindowMS, i.UsersSeen)
	return out
}

// peopleOfIssue gives who looked at an issue and who follows it.
func (a *API) peopleOfIssue(ctx context.Context, rq *request, i *store.Issue) (seen, follow []User, err error) {
	seen, follow = []User{}, []User{}
	ms, err := a.Store.MembersOfIssue(ctx, rq.scope, i.ID)
	if err != nil {
		return nil, nil, a.fail("read members of issue", err)
	}
	if len(ms) == 0 {
		return seen, follow, nil
	}
	people, err := a.usersByID(ctx, rq)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range ms {
		u := people[m.UserID]
		if u == nil {
			continue
		}
		if m.SeenMS != nil {
			seen = append(seen, *u)
		}
		if m.Subscribed != "" && m.Subscribed != store.SubscribedNot {
			follow = append(follow, *u)
		}
	}
	return seen, follow, nil
}
