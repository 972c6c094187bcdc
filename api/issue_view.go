package api

import (
	"context"
	"slices"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// issueView says how issues are shown: the sparkline's period and what is left out.
type issueView struct {
	period       string // 24h, 14d, 30d or auto
	collapse     []string
	inbox        bool  // shows why issues wait for review
	owners       bool  // shows whose they may be
	fromMS, toMS int64 // of the list, for auto
}

func (v issueView) hides(what string) bool { return slices.Contains(v.collapse, what) }

// issues makes the API's issues of stored ones, with a query per kind of fact, never per issue.
func (a *API) issues(ctx context.Context, rq *request, set *projectSet, rows []store.Issue, view issueView) ([]Issue, error) {
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	replays, err := a.Store.IssueReplayCounts(ctx, rq.scope, ids)
	if err != nil {
		return nil, a.fail("count replays of issues", err)
	}
	sides, err := a.Store.IssueSides(ctx, rq.scope, ids)
	if err != nil {
		return nil, a.fail("read sides of issues", err)
	}
	facts, err := a.issueFacts(ctx, rq, rows)
	if err != nil {
		return nil, err
	}
	var stats map[int64][]Point
	if !view.hides("stats") {
		if stats, err = a.sparklines(ctx, rq, ids, view); err != nil {
			return nil, err
		}
	}
	var owners map[int64][]IssueOwner
	if view.owners {
		if owners, err = a.issueOwners(ctx, rq, rows); err != nil {
			return nil, err
		}
	}
	out := make([]Issue, len(rows))
	for n := range rows {
		i := &rows[n]
		out[n] = a.issue(rq, set, i)
		out[n].Hindsight = IssueHindsight{ReplayCount: replays[i.ID], Side: sideOr(sides[i.ID])}
		facts.show(&out[n], i, view)
		if stats != nil {
			out[n].Stats = map[string][]Point{view.period: stats[i.ID]}
		}
		if view.owners {
			out[n].Owners = new(Null[[]IssueOwner])
			if list := owners[i.ID]; len(list) > 0 {
				out[n].Owners.V = &list
			}
		}
		if view.hides("lifetime") {
			out[n].Lifetime = nil
		}
		if view.hides("unhandled") {
			out[n].IsUnhandled = nil
		}
	}
	return out, nil
}

func sideOr(side string) string {
	if side == "" {
		return store.SideBackend
	}
	return side
}

func (a *API) issue(rq *request, set *projectSet, i *store.Issue) Issue {
	p := set.byID[i.ProjectID]
	if p == nil { // made while the list was read
		p = &store.Project{ID: i.ProjectID}
	}
	out := Issue{
		ID: itoa(i.ID), ShortID: store.ShortID(p.Slug, i.Number), Title: i.Title, Culprit: i.Culprit,
		Permalink: a.base("/organizations/" + rq.org.Slug + "/issues/" + itoa(i.ID) + "/"), Logger: text(i.Logger), Level: i.Level,
		Status: i.Status, StatusDetails: map[string]any{}, Platform: i.Platform, Project: projectRef(p), Type: i.Type, Metadata: metadata(i.Metadata),
		Annotations: []string{}, IssueType: "error", IssueCategory: "error", Priority: i.Priority, PriorityLockedAt: atPtr(i.PriorityLockedMS), ShareID: text(i.ShareID), IsPublic: i.ShareID != "", NumComments: int(i.NumComments), IsUnhandled: &i.Unhandled,
		Count: itoa(i.TimesSeen), UserCount: i.UsersSeen, FirstSeen: at(i.FirstSeenMS), LastSeen: at(i.LastSeenMS),
		Lifetime: &IssueLifetime{Count: itoa(i.TimesSeen), UserCount: i.UsersSeen, FirstSeen: at(i.FirstSeenMS), LastSeen: at(i.LastSeenMS)},
	}
	if i.Status != store.IssueResolved {
		out.Substatus = text(i.Substatus)
	}
	return out
}

const hour = int64(time.Hour / time.Millisecond)

// buckets are a series' starts in epoch milliseconds and the length of one.
func (a *API) buckets(view issueView) (starts []int64, length int64) {
	now := a.Now().UnixMilli()
	n := int64(24)
	switch length = hour; view.period {
	case "14d":
		n, length = 14, 24*hour
	case "30d":
		n, length = 30, 24*hour
	case "auto":
		from, to := view.fromMS, view.toMS
		if to == 0 {
			to = now
		}
		if from == 0 || to <= from {
			from = to - 14*24*hour
		}
		length = max(hour, ((to-from)/30+hour-1)/hour*hour)
		n, now = (to-from+length-1)/length, to
	}
	last := now / length * length
	for i := n - 1; i >= 0; i-- {
		starts = append(starts, last-i*length)
	}
	return starts, length
}

// sparklines sums the hours of issues into buckets; every series has every bucket.
func (a *API) sparklines(ctx context.Context, rq *request, ids []int64, view issueView) (map[int64][]Point, error) {
	starts, length := a.buckets(view)
	rows, err := a.Store.IssueHours(ctx, rq.scope, ids, starts[0])
	if err != nil {
		return nil, a.fail("read issue hours", err)
	}
	out := map[int64][]Point{}
	for _, id := range ids {
		series := make([]Point, len(starts))
		for i, s := range starts {
			series[i] = Point{s / 1000, 0}
		}
		out[id] = series
	}
	for _, r := range rows {
		if b := (r.HourMS - starts[0]) / length; b >= 0 && int(b) < len(starts) {
			out[r.IssueID][b][1] += r.Events
		}
	}
	return out, nil
}

func (a *API) issueDetail(ctx context.Context, rq *request, i *store.Issue, collapse, expand []string) (*One[IssueDetail], error) {
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	rows, err := a.issues(ctx, rq, set, []store.Issue{*i}, issueView{period: "24h", collapse: collapse, inbox: true, owners: slices.Contains(expand, "owners")})
	if err != nil {
		return nil, err
	}
	_, happened, err := a.activities(ctx, rq, i, "", store.Page{Limit: 100})
	if err != nil {
		return nil, err
	}
	d := IssueDetail{Issue: rows[0], Activity: happened,
		SeenBy: []User{}, Participants: []User{}, PluginActions: []string{}, PluginIssues: []string{}, PluginContexts: []string{}, Tags: []TagSummary{}}
	if d.SeenBy, d.Participants, err = a.peopleOfIssue(ctx, rq, i); err != nil {
		return nil, err
	}
	if d.Stats != nil {
		days, err := a.sparklines(ctx, rq, []int64{i.ID}, issueView{period: "30d"})
		if err != nil {
			return nil, err
		}
		d.Stats["30d"] = days[i.ID]
		if days, err = a.sparklines(ctx, rq, []int64{i.ID}, issueView{period: "14d"}); err != nil {
			return nil, err
		}
		d.Stats["14d"] = days[i.ID]
	}
	if !slices.Contains(collapse, "release") {
		if d.FirstRelease, d.LastRelease, err = a.issueReleases(ctx, rq, set, i); err != nil {
			return nil, err
		}
	}
	return one(d), nil
}
