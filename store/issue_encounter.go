package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/settings"
)

// encounters gathers what [Issue.wake] needs to know, for those issues of a batch that can wake at
// all: few, as most are unresolved. hours are the counts that the batch has just written.
type encounters struct {
	b           *batch
	hours       map[int64][]IssueHour
	resolutions map[int64]*Release
}

func (b *batch) encounters(ctx context.Context, issues []Issue, hours []IssueHour) (*encounters, error) {
	e := &encounters{b: b, hours: map[int64][]IssueHour{}}
	for _, h := range hours {
		e.hours[h.IssueID] = append(e.hours[h.IssueID], h)
	}
	var ids []int64
	for i := range issues {
		if id := issues[i].ResolutionReleaseID; id != nil && issues[i].Status == IssueResolved {
			ids = append(ids, *id)
		}
	}
	var err error
	e.resolutions, err = releasesByID(ctx, b.tx, 0, ids) // the issues are those of the batch's own events
	return e, err
}

// of is what is known as an issue meets an event. The counts are as after the whole batch.
func (e *encounters) of(ctx context.Context, i *Issue, w *EventWrite) (encounter, error) {
	out := encounter{receivedMS: w.Event.ReceivedMS, release: e.b.known[releaseKey{w.Event.OrgID, w.Event.Release}]}
	if i.ResolutionReleaseID != nil {
		out.resolution = e.resolutions[*i.ResolutionReleaseID]
	}
	if i.Status != IssueIgnored {
		return out, nil
	}
	since := int64(0)
	if i.StatusChangedMS != nil {
		since = *i.StatusChangedMS
	}
	for _, h := range e.hours[i.ID] {
		if h.HourMS >= since-since%hourMS {
			out.hourEvents = max(out.hourEvents, h.Events)
		}
	}
	var err error
	if i.IgnoreEventsWindowMS != nil {
		from := max(since, out.receivedMS-*i.IgnoreEventsWindowMS)
		if out.windowEvents, err = e.within(ctx, i.ID, from, *i.IgnoreEvents, false); err != nil {
			return out, err
		}
	}
	if i.IgnoreUsersWindowMS != nil {
		from := max(since, out.receivedMS-*i.IgnoreUsersWindowMS)
		out.windowUsers, err = e.within(ctx, i.ID, from, *i.IgnoreUsers, true)
	}
	return out, err
}

// within counts an issue's events, or its users, since a moment, up to a limit.
func (e *encounters) within(ctx context.Context, issue, fromMS, limit int64, users bool) (int64, error) {
	q := e.b.tx.NewSelect().TableExpr("events AS e").Where("e.issue_id = ? AND e.timestamp_ms >= ?", issue, fromMS)
	if users {
		q = q.ColumnExpr("DISTINCT e.user_key").Where("e.user_key <> ''")
	} else {
		q = q.ColumnExpr("1")
	}
	var n int64
	err := e.b.tx.NewSelect().ColumnExpr("COUNT(*)").TableExpr("(?) AS seen", q.Limit(limit)).Scan(ctx, &n)
	return n, err
}

// issueChanges notes what a batch did to issues as their activity. It belongs to the transaction that did
// it; what else is to hear of it (alerts) is told by [batch.signals] in the same transaction.
func (b *batch) issueChanges(ctx context.Context, news []IssueNews) error {
	var rows []Activity
	for _, n := range news {
		i := n.Issue
		if n.New {
			owned, err := b.owned(ctx, i)
			if err != nil {
				return err
			}
			rows = append(rows, owned...)
		}
		kind, data := "", map[string]any{"event_id": n.EventID}
		switch {
		case n.Regressed:
			kind = ActivityRegression
			if n.release != "" {
				data["version"] = n.release
			}
			if n.resolvedIn != nil {
				data["resolved_in_version"] = n.resolvedIn.Version
			}
		case n.Escalating:
			kind = ActivityEscalating
		case n.Unignored:
			kind = ActivityUnresolved
		}
		if kind != "" {
			rows = append(rows, activityOf(i, kind, nil, *i.StatusChangedMS, data))
		}
	}
	slices.SortFunc(rows, func(x, y Activity) int { return int(x.IssueID - y.IssueID) })
	return insertActivities(ctx, b.tx, rows)
}

// agedIssues are the issues whose state a moment ended: see [Store.AgeIssues].
const agedIssues = 500

// AgeIssues makes issues ongoing that were new, regressed or escalating for 7 days, and wakes those that
// were archived until a time that has come. It works in small transactions and says how many it changed.
func (s *Store) AgeIssues(ctx context.Context) (int64, error) {
	now := s.nowMS()
	total := int64(0)
	for _, step := range []struct {
		where string
		args  []any
		apply func(*Issue) string
	}{
		{"i.status = ? AND i.substatus = ? AND COALESCE(i.status_changed_ms, i.created_ms) < ?", []any{IssueUnresolved, SubstatusNew, now - stateAge.Milliseconds()}, toOngoing(now)},
		{"i.status = ? AND i.substatus = ? AND i.status_changed_ms < ?", []any{IssueUnresolved, SubstatusRegressed, now - stateAge.Milliseconds()}, toOngoing(now)},
		{"i.status = ? AND i.substatus = ? AND i.status_changed_ms < ?", []any{IssueUnresolved, SubstatusEscalating, now - stateAge.Milliseconds()}, toOngoing(now)},
		{"i.status = ? AND i.substatus = ? AND i.ignore_until_ms <= ?", []any{IssueIgnored, SubstatusUntilCondition, now}, func(i *Issue) string {
			i.reopen(SubstatusOngoing, InboxUnignored, now)
			return ActivityUnresolved
		}},
	} {
		n, err := s.ageIssues(ctx, step.where, step.args, now, step.apply)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func toOngoing(now int64) func(*Issue) string {
	return func(i *Issue) string {
		i.Substatus, i.StatusChangedMS = SubstatusOngoing, &now
		return ActivityOngoing
	}
}

// ResolveStale resolves, in each project that wants it (settings.ResolveAge), the issues that were not seen for so long.
// It works in small transactions and says how many it resolved.
func (s *Store) ResolveStale(ctx context.Context) (int64, error) {
	total := int64(0)
	for after := int64(0); ; {
		var rows []Project
		err := s.read.NewSelect().Model(&rows).Column("id", "settings").Where("id > ? AND deleted_ms IS NULL", after).Order("id").Limit(agedIssues).Scan(ctx)
		if err != nil {
			return total, border(fmt.Errorf("projects that resolve by age: %w", err))
		}
		for i := range rows {
			after = rows[i].ID
			doc, err := settings.Parse([]byte(rows[i].Settings))
			if err != nil || doc.ResolveAge == 0 { // what cannot be read has the defaults
				continue
			}
			n, err := s.ResolveOldIssues(ctx, rows[i].ID, s.nowMS()-int64(doc.ResolveAge)*hourMS)
			if total += n; err != nil {
				return total, border(fmt.Errorf("resolve old issues of project %d: %w", rows[i].ID, err))
			}
		}
		if len(rows) < agedIssues {
			return total, nil
		}
	}
}

// ResolveOldIssues resolves a project's unresolved issues that were not seen since a moment.
func (s *Store) ResolveOldIssues(ctx context.Context, projectID, seenBeforeMS int64) (int64, error) {
	now := s.nowMS()
	return s.ageIssues(ctx, "i.project_id = ? AND i.status = ? AND i.last_seen_ms < ?", []any{projectID, IssueUnresolved, seenBeforeMS}, now,
		func(i *Issue) string {
			i.setStatus(IssueResolved, "", now, nil)
			return ActivityResolvedByAge
		})
}

// ageIssues changes issues that fit a condition, which they must not fit afterwards, and notes it.
// where is a constant of this file.
func (s *Store) ageIssues(ctx context.Context, where string, args []any, now int64, apply func(*Issue) string) (int64, error) {
	total := int64(0)
	for {
		var rows []Issue
		err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
			q := tx.NewSelect().Model(&rows).Where(where, args...).Order("i.id").Limit(agedIssues)
			if err := s.lockRows(q).Scan(ctx); err != nil {
				return err
			}
			var notes []Activity
			var resolved []*Issue
			for n := range rows {
				kind := apply(&rows[n])
				if rows[n].Status == IssueResolved {
					resolved = append(resolved, &rows[n])
				}
				if _, err := tx.NewUpdate().Model(&rows[n]).WherePK().Exec(ctx); err != nil {
					return err
				}
				notes = append(notes, activityOf(&rows[n], kind, nil, now, nil))
			}
			if err := signalResolved(ctx, tx, resolved, now); err != nil {
				return err
			}
			return insertActivities(ctx, tx, notes)
		})
		if err != nil {
			return total, err
		}
		total += int64(len(rows))
		if len(rows) < agedIssues {
			return total, nil
		}
	}
}
