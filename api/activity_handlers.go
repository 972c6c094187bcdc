package api

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

func (a *API) registerActivity() {
	const issue = "/api/0/organizations/{org}/issues/{issue}/"
	handle(a, Route{ID: "listActivities", Method: "GET", Path: issue + "activities/", Access: "event:read", Summary: "What happened to an issue"}, a.listActivities)
	for _, form := range []struct{ id, path string }{{"Note", "notes/"}, {"Comment", "comments/"}} { // the same thing under two names
		handle(a, Route{ID: "list" + form.id + "s", Method: "GET", Path: issue + form.path, Access: "event:read", Summary: "Comments of an issue"}, a.listNotes)
		handle(a, Route{ID: "create" + form.id, Method: "POST", Path: issue + form.path, Access: "event:write", Summary: "Comment on an issue", Status: 201}, a.createNote)
		handle(a, Route{ID: "update" + form.id, Method: "PUT", Path: issue + form.path + "{note}/", Access: "event:write", Summary: "Change a comment of one's own"}, a.updateNote)
		handle(a, Route{ID: "delete" + form.id, Method: "DELETE", Path: issue + form.path + "{note}/", Access: "event:write", Summary: "Take a comment of one's own back", Status: 204}, a.deleteNote)
	}
	handle(a, Route{ID: "listParticipants", Method: "GET", Path: issue + "participants/", Access: "event:read", Summary: "Who follows an issue"}, a.listParticipants)
	handle(a, Route{ID: "getIssueStats", Method: "GET", Path: issue + "stats/", Access: "event:read", Summary: "Events of an issue over time"}, a.getIssueStats)
	handle(a, Route{ID: "getFirstLastRelease", Method: "GET", Path: issue + "first-last-release/", Access: "event:read", Summary: "The releases an issue was first and last seen in"}, a.getFirstLastRelease)
	handle(a, Route{ID: "getCurrentRelease", Method: "GET", Path: issue + "current-release/", Access: "event:read", Summary: "The newest release, when the issue was seen in it"}, a.getCurrentRelease)
}

// usersByID are the members of an organisation by id, for those who did something.
func (a *API) usersByID(ctx context.Context, rq *request) (map[int64]*User, error) {
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	out := map[int64]*User{}
	for i := range ms {
		u := user(&ms[i].User)
		out[ms[i].ID] = &u
	}
	return out, nil
}

func activityOf(row *store.Activity, people map[int64]*User) Activity {
	out := Activity{ID: itoa(row.ID), Type: row.Type, DateCreated: at(row.CreatedMS), Data: map[string]any{}}
	_ = json.Unmarshal([]byte(row.Data), &out.Data) // of our own making
	if row.UserID != nil {
		who := people[*row.UserID]
		if who == nil { // left since
			who = &User{ID: itoa(*row.UserID), Name: "Former member", Avatar: letterAvatar}
		}
		out.User = null(who)
	}
	return out
}

// activities gives a page of an issue's activity; the last page ends with its first event.
func (a *API) activities(ctx context.Context, rq *request, i *store.Issue, kind string, page store.Page) (store.Paged[store.Activity], []Activity, error) {
	rows, err := a.Store.Activities(ctx, rq.scope, i.ID, kind, page)
	if err != nil {
		return rows, nil, a.fail("read activities", err)
	}
	people, err := a.usersByID(ctx, rq)
	if err != nil {
		return rows, nil, err
	}
	out := make([]Activity, 0, len(rows.Rows)+1)
	for n := range rows.Rows {
		out = append(out, activityOf(&rows.Rows[n], people))
	}
	if kind == "" && !rows.More {
		out = append(out, Activity{ID: "first_seen-" + itoa(i.ID), Type: "first_seen", DateCreated: at(i.FirstSeenMS), Data: map[string]any{"priority": i.Priority}})
	}
	return rows, out, nil
}

func (a *API) issuePageOf(ctx context.Context, in *IssuePageInput) (*store.Issue, store.Page, error) {
	page := store.Page{Limit: perPage(in.PerPage, 100)}
	i, err := a.issueByAnyID(ctx, from(ctx).scope, in.Issue)
	if err != nil {
		return nil, page, err
	}
	page.Cursor, err = parseCursor(in.Cursor)
	return i, page, err
}

func (a *API) listActivities(ctx context.Context, in *IssuePageInput) (*ActivitiesOutput, error) {
	rq := from(ctx)
	i, page, err := a.issuePageOf(ctx, in)
	if err != nil {
		return nil, err
	}
	rows, out, err := a.activities(ctx, rq, i, "", page)
	if err != nil {
		return nil, err
	}
	return &ActivitiesOutput{Link: pageLink(a, rq, rows), Body: Activities{Activity: out}}, nil
}

func (a *API) listNotes(ctx context.Context, in *IssuePageInput) (*List[Activity], error) {
	rq := from(ctx)
	i, page, err := a.issuePageOf(ctx, in)
	if err != nil {
		return nil, err
	}
	rows, out, err := a.activities(ctx, rq, i, store.ActivityNote, page)
	if err != nil {
		return nil, err
	}
	return &List[Activity]{Link: pageLink(a, rq, rows), Body: out}, nil
}

// errNoPerson is for tokens of an organisation: a comment is somebody's.
var errNoPerson = badRequest("Only a person can comment: this token is the organization's.")

func (a *API) createNote(ctx context.Context, in *CreateNoteInput) (*One[Activity], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	if rq.caller.user == nil {
		return nil, errNoPerson
	}
	people, err := a.usersByID(ctx, rq)
	if err != nil {
		return nil, err
	}
	var mentioned []int64
	for _, m := range in.Body.Mentions {
		id, err := strconv.ParseInt(strings.TrimPrefix(m, "user:"), 10, 64)
		if err != nil || people[id] == nil || len(mentioned) >= 50 {
			return nil, badField("mentions", "at most 50 members of the organization, such as user:7.")
		}
		mentioned = append(mentioned, id)
	}
	made, err := a.Store.CreateNote(ctx, rq.scope, i.ID, rq.caller.userID(), in.Body.Text, mentioned)
	if err != nil {
		return nil, a.failWrite("comment", err, "That comment exists already.")
	}
	return one(activityOf(made, people)), nil
}

// note reads a comment's path.
func (a *API) note(ctx context.Context, in *NotePath) (issue, note int64, err error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return 0, 0, err
	}
	note, bad := strconv.ParseInt(in.Note, 10, 64)
	if bad != nil {
		return 0, 0, errNotFound
	}
	return i.ID, note, nil
}

func (a *API) updateNote(ctx context.Context, in *UpdateNoteInput) (*One[Activity], error) {
	rq := from(ctx)
	issue, note, err := a.note(ctx, &in.NotePath)
	if err != nil {
		return nil, err
	}
	changed, err := a.Store.UpdateNote(ctx, rq.scope, issue, note, rq.caller.userID(), in.Body.Text)
	if err != nil {
		return nil, a.failWrite("change comment", err, "That comment exists already.")
	}
	people, err := a.usersByID(ctx, rq)
	if err != nil {
		return nil, err
	}
	return one(activityOf(changed, people)), nil
}

func (a *API) deleteNote(ctx context.Context, in *NotePath) (*Nothing, error) {
	rq := from(ctx)
	issue, note, err := a.note(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := a.Store.DeleteNote(ctx, rq.scope, issue, note, rq.caller.userID()); err != nil {
		return nil, a.fail("delete comment", err)
	}
	return nil, nil
}

func (a *API) getFirstLastRelease(ctx context.Context, in *IssuePath) (*One[FirstLastRelease], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	first, last, err := a.issueReleases(ctx, rq, set, i)
	return one(FirstLastRelease{first, last}), err
}

func (a *API) getCurrentRelease(ctx context.Context, in *IssuePath) (*One[CurrentRelease], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	r, err := a.Store.NewestRelease(ctx, rq.scope, i.ProjectID)
	if err != nil {
		return nil, a.fail("newest release", err)
	}
	if r == nil || r.Version != i.LastRelease {
		return one(CurrentRelease{}), nil
	}
	d, err := a.releaseDetail(ctx, rq, r, FilterParams{Project: []string{itoa(i.ProjectID)}}, HealthParams{})
	if err != nil {
		return nil, err
	}
	return one(CurrentRelease{null(&d.Body)}), nil
}

func (a *API) listParticipants(ctx context.Context, in *IssuePath) (*List[User], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	_, following, err := a.peopleOfIssue(ctx, rq, i)
	return &List[User]{Body: following}, err
}

// maxStatsPoints bounds a series of an issue: 90 days by the hour.
const maxStatsPoints = 90 * 24

func (a *API) getIssueStats(ctx context.Context, in *IssueStatsInput) (*List[Point], error) {
	rq := from(ctx)
	i, err := a.issueByAnyID(ctx, rq.scope, in.Issue)
	if err != nil {
		return nil, err
	}
	step := int64(hour)
	if in.Resolution == "1d" {
		step *= 24
	}
	until := a.Now().UnixMilli()
	if in.Until > 0 {
		until = in.Until * 1000
	}
	since := until - 24*hour
	if in.Since > 0 {
		since = in.Since * 1000
	}
	since -= since % step
	n := (until-since)/step + 1
	if since > until || n > maxStatsPoints {
		return nil, badRequest("since, until: want at most 90 days, the earlier one first.")
	}
	hours, err := a.Store.IssueHours(ctx, rq.scope, []int64{i.ID}, since)
	if err != nil {
		return nil, a.fail("read events over time", err)
	}
	out := make([]Point, n)
	for k := range out {
		out[k][0] = (since + int64(k)*step) / 1000
	}
	for _, h := range hours {
		if k := (h.HourMS - since) / step; k < n {
			out[k][1] += h.Events
		}
	}
	return &List[Point]{Body: out}, nil
}
