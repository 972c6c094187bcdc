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

type hashKey struct {
	project int64
	hash    string
}

// resolveIssues gives each event its issue, by the first of its hashes that is known, and makes the issues
// that are missing. It returns the ids of those it made.
func (b *batch) resolveIssues(ctx context.Context, es []*EventWrite) (created []int64, err error) {
	if len(es) == 0 {
		return nil, nil
	}
	hashes := byProject(es, func(e *EventWrite) []string { return e.Hashes })
	known, err := b.issuesByHash(ctx, hashes)
	if err != nil {
		return nil, err
	}
	missing := map[int64]bool{}
	for _, e := range es {
		if _, ok := issueOf(known, e); !ok {
			missing[e.Event.ProjectID] = true
		}
	}
	if len(missing) > 0 {
		if created, err = b.createIssues(ctx, es, known, missing); err != nil {
			return nil, err
		}
	}
	var rows []IssueHash
	for _, e := range es {
		id, _ := issueOf(known, e)
		e.Event.IssueID = id
		for _, h := range e.Hashes {
			if _, ok := known[hashKey{e.Event.ProjectID, h}]; !ok {
				known[hashKey{e.Event.ProjectID, h}] = id
				rows = append(rows, IssueHash{ProjectID: e.Event.ProjectID, Hash: h, Algorithm: e.Algorithm, IssueID: id})
			}
		}
	}
	slices.SortFunc(rows, func(x, y IssueHash) int {
		return cmp.Or(cmp.Compare(x.ProjectID, y.ProjectID), cmp.Compare(x.Hash, y.Hash))
	})
	return created, insertIgnore(ctx, b.tx, rows)
}

func issueOf(known map[hashKey]int64, e *EventWrite) (int64, bool) {
	for _, h := range e.Hashes {
		if id, ok := known[hashKey{e.Event.ProjectID, h}]; ok {
			return id, true
		}
	}
	return 0, false
}

func (b *batch) issuesByHash(ctx context.Context, hashes map[int64][]string) (map[hashKey]int64, error) {
	out := map[hashKey]int64{}
	for project, hs := range hashes {
		var rows []IssueHash
		err := b.tx.NewSelect().Model(&rows).Column("project_id", "hash", "issue_id").
			Where("project_id = ?", project).Where("hash IN (?)", bun.List(hs)).Scan(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[hashKey{r.ProjectID, r.Hash}] = r.IssueID
		}
	}
	return out, nil
}

// createIssues makes the issues of events whose hashes are unknown. Two processes meet the same new hash:
// the project's row is the lock, and the hashes are looked up once more behind it.
func (b *batch) createIssues(ctx context.Context, es []*EventWrite, known map[hashKey]int64, missing map[int64]bool) ([]int64, error) {
	ids := slices.Sorted(maps.Keys(missing))
	var projects []Project
	q := b.tx.NewSelect().Model(&projects).Column("id", "issue_number", "first_event_ms").Where("id IN (?)", bun.List(ids)).Order("id")
	if err := b.s.lockRows(q).Scan(ctx); err != nil {
		return nil, err
	}
	byID := map[int64]*Project{}
	for i := range projects {
		byID[projects[i].ID] = &projects[i]
	}
	again := map[int64][]string{}
	for p, hs := range byProject(es, func(e *EventWrite) []string { return e.Hashes }) {
		if missing[p] {
			again[p] = hs
		}
	}
	found, err := b.issuesByHash(ctx, again)
	if err != nil {
		return nil, err
	}
	maps.Copy(known, found)

	var created []int64
	for _, e := range es {
		p := byID[e.Event.ProjectID]
		if _, ok := issueOf(known, e); ok {
			continue
		}
		if p == nil {
			return nil, errNoProject(e.Event.ProjectID)
		}
		p.IssueNumber++
		issue := newIssue(e, p.IssueNumber)
		if _, err := b.tx.NewInsert().Model(issue).Returning("id").Exec(ctx); err != nil {
			return nil, err
		}
		created = append(created, issue.ID)
		for _, h := range e.Hashes {
			if _, ok := known[hashKey{e.Event.ProjectID, h}]; !ok {
				known[hashKey{e.Event.ProjectID, h}] = issue.ID
			}
		}
		if err := b.insertHashes(ctx, e, issue.ID); err != nil {
			return nil, err
		}
		if p.FirstEventMS == nil {
			p.FirstEventMS = &e.Event.ReceivedMS
		}
	}
	for i := range projects {
		_, err := b.tx.NewUpdate().Model(&projects[i]).Column("issue_number", "first_event_ms").WherePK().Exec(ctx)
		if err != nil {
			return nil, err
		}
	}
	return created, nil
}

func (b *batch) insertHashes(ctx context.Context, e *EventWrite, issue int64) error {
	rows := make([]IssueHash, 0, len(e.Hashes))
	for _, h := range slices.Compact(slices.Sorted(slices.Values(e.Hashes))) {
		rows = append(rows, IssueHash{ProjectID: e.Event.ProjectID, Hash: h, Algorithm: e.Algorithm, IssueID: issue})
	}
	return insertIgnore(ctx, b.tx, rows)
}

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

// dropEmptyIssues takes back issues that were made for events which another process stored first.
func (b *batch) dropEmptyIssues(ctx context.Context, created []int64, stored []*EventWrite) error {
	used := map[int64]bool{}
	for _, e := range stored {
		used[e.Event.IssueID] = true
	}
	created = slices.DeleteFunc(created, func(id int64) bool { return used[id] })
	if len(created) == 0 {
		return nil
	}
	if _, err := b.tx.NewDelete().Model((*IssueHash)(nil)).Where("issue_id IN (?)", bun.List(created)).Exec(ctx); err != nil {
		return err
	}
	_, err := b.tx.NewDelete().Model((*Issue)(nil)).Where("id IN (?)", bun.List(created)).Exec(ctx)
	return err
}

// updateIssues counts stored events into their issues, users and hours.
func (b *batch) updateIssues(ctx context.Context, stored []*EventWrite) error {
	if len(stored) == 0 {
		return nil
	}
	byIssue := map[int64][]*EventWrite{}
	for _, e := range stored {
		byIssue[e.Event.IssueID] = append(byIssue[e.Event.IssueID], e)
	}
	ids := slices.Sorted(maps.Keys(byIssue))
	var issues []Issue
	q := b.tx.NewSelect().Model(&issues).Where("id IN (?)", bun.List(ids)).Order("id")
	if err := b.s.lockRows(q).Scan(ctx); err != nil {
		return err
	}
	users, err := b.countUsers(ctx, stored)
	if err != nil {
		return err
	}
	for i := range issues {
		is := &issues[i]
		for _, e := range byIssue[is.ID] {
			is.meet(e)
		}
		is.UsersSeen += users[is.ID]
		if _, err := b.tx.NewUpdate().Model(is).WherePK().Exec(ctx); err != nil {
			return err
		}
	}
	return b.countHours(ctx, stored)
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
