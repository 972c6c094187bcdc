package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// Issue states.
const (
	IssueUnresolved = "unresolved"
	IssueResolved   = "resolved"
	IssueIgnored    = "ignored"

	SubstatusNew       = "new"
	SubstatusRegressed = "regressed"
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
	changes := make([]IssueNews, len(issues))
	for i := range issues {
		is := &issues[i]
		before := is.Status
		newest := byIssue[is.ID][0]
		for _, e := range byIssue[is.ID] {
			is.meet(e)
			if e.Event.TimestampMS > newest.Event.TimestampMS {
				newest = e
			}
		}
		is.UsersSeen += users[is.ID]
		if _, err := b.tx.NewUpdate().Model(is).WherePK().Exec(ctx); err != nil {
			return nil, err
		}
		changes[i] = IssueNews{Issue: is, EventID: newest.Event.EventID, New: slices.Contains(created, is.ID),
			Regressed: before == IssueResolved && is.Status == IssueUnresolved}
	}
	return changes, b.countHours(ctx, stored)
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
	// An event that had been received before the issue was resolved is no regression.
	if i.Status == IssueResolved && (i.StatusChangedMS == nil || e.Event.ReceivedMS > *i.StatusChangedMS) {
		i.Status, i.Substatus = IssueUnresolved, SubstatusRegressed
		i.StatusChangedMS = &e.Event.ReceivedMS
	}
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

func (b *batch) countHours(ctx context.Context, stored []*EventWrite) error {
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
	for part := range slices.Chunk(rows, chunk) {
		_, err := b.tx.NewInsert().Model(&part).On("CONFLICT (issue_id, hour_ms) DO UPDATE").
			Set("events = ihr.events + EXCLUDED.events").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}
