package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

const hourMS = 3_600_000

func newIssue(e *EventWrite, number int64) *Issue {
	i := e.Issue
	i.ID, i.Number = 0, number
	i.OrgID, i.ProjectID = e.Event.OrgID, e.Event.ProjectID
	i.Status, i.Substatus = IssueUnresolved, SubstatusNew
	i.Level, i.Platform = e.Event.Level, e.Event.Platform
	i.Unhandled = e.Event.Unhandled
	i.FirstSeenMS, i.LastSeenMS = e.Event.TimestampMS, e.Event.TimestampMS
	i.FirstRelease, i.LastRelease = e.Event.Release, e.Event.Release
	i.CreatedMS = e.Event.ReceivedMS
	i.Priority = firstPriority(i.Level, i.Unhandled)
	reason := int64(InboxNew)
	i.InboxReason, i.InboxMS = &reason, &i.CreatedMS
	if i.Metadata == "" {
		i.Metadata = "{}"
	}
	return &i
}

// updateIssues counts stored events into their issues, users and hours, and says what that did to them.
// created are the issues that this batch made.
func (b *batch) updateIssues(ctx context.Context, stored []*EventWrite, created []int64) ([]IssueNews, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	byIssue := map[int64][]*EventWrite{}
	for _, e := range stored {
		byIssue[e.Event.IssueID] = append(byIssue[e.Event.IssueID], e)
	}
	ids := slices.Sorted(maps.Keys(byIssue))
	var issues []Issue
	q := b.tx.NewSelect().Model(&issues).Where("id IN (?)", bun.List(ids)).Order("id")
	if err := b.s.lockRows(q).Scan(ctx); err != nil {
		return nil, err
	}
	users, err := b.countUsers(ctx, stored)
	if err != nil {
		return nil, err
	}
	hours, err := b.countHours(ctx, stored)
	if err != nil {
		return nil, err
	}
	known, err := b.encounters(ctx, issues, hours)
	if err != nil {
		return nil, err
	}
	changes := make([]IssueNews, len(issues))
	for i := range issues {
		is := &issues[i]
		is.UsersSeen += users[is.ID]
		if changes[i], err = known.meet(ctx, is, byIssue[is.ID]); err != nil {
			return nil, err
		}
		changes[i].New = slices.Contains(created, is.ID)
		if _, err := b.tx.NewUpdate().Model(is).WherePK().Exec(ctx); err != nil {
			return nil, err
		}
	}
	return changes, b.issueChanges(ctx, changes)
}

// meet counts an issue's events, and wakes it when one of them does.
func (e *encounters) meet(ctx context.Context, i *Issue, events []*EventWrite) (IssueNews, error) {
	news := IssueNews{Issue: i}
	newest := events[0]
	for _, w := range events {
		i.meet(w)
		if w.Event.TimestampMS > newest.Event.TimestampMS {
			newest = w
		}
	}
	news.EventID = newest.Event.EventID
	for _, w := range events {
		if i.Status == IssueUnresolved {
			break
		}
		with, err := e.of(ctx, i, w)
		if err != nil {
			return news, err
		}
		switch i.wake(with) {
		case SubstatusRegressed:
			news.Regressed, news.resolvedIn, news.release = true, with.resolution, w.Event.Release
		case SubstatusEscalating:
			news.Escalating = true
		case unignored:
			news.Unignored = true
		default:
			continue
		}
		news.EventID = w.Event.EventID
	}
	return news, nil
}

// meet takes one more event into account.
func (i *Issue) meet(e *EventWrite) {
	i.TimesSeen++
	if t := e.Event.TimestampMS; t >= i.LastSeenMS {
		i.LastSeenMS = t
		i.Level, i.Platform = e.Event.Level, e.Event.Platform
		i.Title, i.Culprit, i.Type, i.Logger = e.Issue.Title, e.Issue.Culprit, e.Issue.Type, e.Issue.Logger
		if e.Issue.Metadata != "" {
			i.Metadata = e.Issue.Metadata
		}
		if e.Event.Release != "" {
			i.LastRelease = e.Event.Release
		}
	}
	if t := e.Event.TimestampMS; t < i.FirstSeenMS {
		i.FirstSeenMS = t
		if e.Event.Release != "" {
			i.FirstRelease = e.Event.Release
		}
	}
	i.Unhandled = i.Unhandled || e.Event.Unhandled
}

// countUsers remembers who met which issue and says how many were new to it.
func (b *batch) countUsers(ctx context.Context, stored []*EventWrite) (map[int64]int64, error) {
	var rows []IssueUser
	for _, e := range stored {
		if e.Event.UserKey != "" {
			rows = append(rows, IssueUser{IssueID: e.Event.IssueID, UserKey: e.Event.UserKey, FirstMS: e.Event.ReceivedMS})
		}
	}
	slices.SortFunc(rows, func(x, y IssueUser) int {
		return cmp.Or(cmp.Compare(x.IssueID, y.IssueID), cmp.Compare(x.UserKey, y.UserKey), cmp.Compare(x.FirstMS, y.FirstMS))
	})
	rows = slices.CompactFunc(rows, func(x, y IssueUser) bool { return x.IssueID == y.IssueID && x.UserKey == y.UserKey })
	var inserted []IssueUser
	if err := insertNew(ctx, b.tx, rows, "issue_id, user_key", &inserted); err != nil {
		return nil, err
	}
	out := map[int64]int64{}
	for _, u := range inserted {
		out[u.IssueID]++
	}
	return out, nil
}

// countHours counts events into the hours of their issues, and gives those hours as they are now.
func (b *batch) countHours(ctx context.Context, stored []*EventWrite) ([]IssueHour, error) {
	type key struct{ issue, hour int64 }
	sums := map[key]int64{}
	for _, e := range stored {
		sums[key{e.Event.IssueID, e.Event.TimestampMS - e.Event.TimestampMS%hourMS}]++
	}
	rows := make([]IssueHour, 0, len(sums))
	for k, n := range sums {
		rows = append(rows, IssueHour{IssueID: k.issue, HourMS: k.hour, Events: n})
	}
	slices.SortFunc(rows, func(x, y IssueHour) int {
		return cmp.Or(cmp.Compare(x.IssueID, y.IssueID), cmp.Compare(x.HourMS, y.HourMS))
	})
	var after []IssueHour
	for part := range slices.Chunk(rows, chunk) {
		var got []IssueHour
		_, err := b.tx.NewInsert().Model(&part).On("CONFLICT (issue_id, hour_ms) DO UPDATE").
			Set("events = ihr.events + EXCLUDED.events").Returning("issue_id, hour_ms, events").Exec(ctx, &got)
		if err != nil {
			return nil, err
		}
		after = append(after, got...)
	}
	return after, nil
}
