package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// HashView is a hash of an issue, with the newest event that came by it; nil when none is kept.
type HashView struct {
	IssueHash
	Latest *Event // with its payload
}

// maxHashesShown bounds the hashes of one issue that are listed: a page that shows more helps nobody.
const maxHashesShown = 100

// IssueHashes lists the hashes that chose an issue, those with the newest events first, at most 100.
func (s *Store) IssueHashes(ctx context.Context, scope Scope, issueID int64) ([]HashView, error) {
	var rows []IssueHash
	err := s.read.NewSelect().Model(&rows).Join("JOIN issues AS i ON i.id = ih.issue_id").
		Where("i.org_id = ? AND ih.issue_id = ?", scope.OrgID, issueID).Where("ih.chose").Order("ih.hash").Limit(maxHashesShown).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("hashes of issue %d: %w", issueID, err))
	}
	from, err := s.mergingInto(ctx, issueID)
	if err != nil {
		return nil, err
	}
	out := make([]HashView, len(rows))
	for n := range rows {
		out[n].IssueHash = rows[n]
		var latest []Event
		err := s.read.NewSelect().Model(&latest).Where("e.issue_id IN (?)", bun.List(from)).Where("e.hash = ?", rows[n].Hash).
			Where("e.org_id = ?", scope.OrgID).OrderExpr("e.timestamp_ms DESC, e.event_id DESC").Limit(1).Scan(ctx)
		if err != nil {
			return nil, border(fmt.Errorf("hashes of issue %d: %w", issueID, err))
		}
		if len(latest) > 0 {
			out[n].Latest = &latest[0]
		}
	}
	slices.SortStableFunc(out, func(x, y HashView) int { return -cmp.Compare(x.lastMS(), y.lastMS()) })
	return out, nil
}

func (h *HashView) lastMS() int64 {
	if h.Latest == nil {
		return 0
	}
	return h.Latest.TimestampMS
}

// mergingInto gives an issue's id and those of issues whose events are still on their way into it.
func (s *Store) mergingInto(ctx context.Context, issueID int64) ([]int64, error) {
	ids := []int64{}
	err := s.read.NewSelect().Model((*issueJob)(nil)).Column("from_id").Where("into_id = ? AND NOT done", issueID).
		Where("kind = ?", jobMerge).Scan(ctx, &ids)
	if err != nil {
		return nil, border(fmt.Errorf("merges of issue %d: %w", issueID, err))
	}
	return append(ids, issueID), nil
}

// UnmergeHashes takes hashes out of an issue into one of their own, for good: events that come by them
// follow. name makes the new issue's title and metadata from the newest of its events. The events that
// are stored move in the background when there are many, and their counts with them.
//
// It is [ErrNotFound] when the issue does not have one of the hashes, [ErrInvalid] when nothing would be
// left, and [ErrConflict] while an earlier unmerge of the issue goes on.
func (s *Store) UnmergeHashes(ctx context.Context, scope Scope, issueID int64, hashes []string, actor *int64, name func(*Event) Issue) (*Issue, error) {
	var made *Issue
	var job int64
	hashes = slices.Compact(slices.Sorted(slices.Values(hashes)))
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var projects []Project
		q := tx.NewSelect().Model(&projects).Column("id", "issue_number").Where("org_id = ?", scope.OrgID).
			Where("id IN (SELECT project_id FROM issues WHERE id = ?)", issueID)
		if err := s.lockRows(q).Scan(ctx); err != nil {
			return err
		}
		issues, err := s.lockIssues(ctx, tx, scope, []int64{issueID})
		if err != nil {
			return err
		}
		if len(issues) == 0 || len(projects) == 0 {
			return ErrNotFound
		}
		from := &issues[0]
		if err := notMoving(ctx, tx, issueID); err != nil {
			return err
		}
		if err := splittable(ctx, tx, from, hashes); err != nil {
			return err
		}
		if made, err = newestOf(ctx, tx, from, hashes, name); err != nil {
			return err
		}
		projects[0].IssueNumber++
		made.Number, made.CreatedMS = projects[0].IssueNumber, s.nowMS()
		if _, err := tx.NewInsert().Model(made).Returning("id").Exec(ctx); err != nil {
			return err
		}
		list, err := json.Marshal(hashes)
		if err != nil {
			return err
		}
		for _, change := range []statement{
			tx.NewUpdate().Model(&projects[0]).Column("issue_number").WherePK(),
			tx.NewUpdate().Model((*IssueHash)(nil)).Set("issue_id = ?", made.ID).Where("project_id = ?", from.ProjectID).Where("hash IN (?)", bun.List(hashes)),
		} {
			if _, err := change.Exec(ctx); err != nil {
				return err
			}
		}
		side := func(of *Issue, kind, other string, id int64) Activity {
			return activityOf(of, kind, actor, s.nowMS(), map[string]any{"fingerprints": hashes, other: map[string]any{"id": fmt.Sprint(id)}})
		}
		if err := insertActivities(ctx, tx, []Activity{side(from, ActivityUnmergeSource, "destination", made.ID), side(made, ActivityUnmergeInto, "source", from.ID)}); err != nil {
			return err
		}
		job, err = s.addJob(ctx, tx, issueJob{OrgID: scope.OrgID, ProjectID: from.ProjectID, Kind: jobUnmerge, FromID: from.ID, IntoID: made.ID, Hashes: string(list)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("unmerge issue %d: %w", issueID, err)
	}
	s.runInline(ctx, []int64{job})
	return made, nil
}

// notMoving refuses an issue that events still move into or out of.
func notMoving(ctx context.Context, tx bun.Tx, issueID int64) error {
	n, err := tx.NewSelect().Model((*issueJob)(nil)).Where("NOT done").Where("from_id = ?", issueID).Count(ctx)
	if err != nil {
		return err
	}
	// A merge whose issue is empty by now only waits for its last look.
	m, err := tx.NewSelect().Model((*issueJob)(nil)).Where("NOT done").Where("into_id = ?", issueID).
		Where("(kind = ? OR EXISTS (SELECT 1 FROM events AS e WHERE e.issue_id = ij.from_id))", jobUnmerge).Count(ctx)
	if err != nil {
		return err
	}
	if n+m > 0 {
		return fmt.Errorf("events of the issue are being moved: %w", ErrConflict)
	}
	return nil
}

// splittable says whether these hashes can leave an issue.
func splittable(ctx context.Context, tx bun.Tx, from *Issue, hashes []string) error {
	if len(hashes) == 0 {
		return fmt.Errorf("%w: no hash is named", ErrInvalid)
	}
	n, err := tx.NewSelect().Model((*IssueHash)(nil)).Where("project_id = ?", from.ProjectID).Where("issue_id = ?", from.ID).
		Where("hash IN (?)", bun.List(hashes)).Count(ctx)
	if err != nil {
		return err
	}
	if n < int64(len(hashes)) {
		return ErrNotFound
	}
	rest, err := tx.NewSelect().Model((*IssueHash)(nil)).Where("issue_id = ?", from.ID).Where("chose").
		Where("hash NOT IN (?)", bun.List(hashes)).Count(ctx)
	if err != nil {
		return err
	}
	if rest == 0 {
		return fmt.Errorf("%w: nothing would be left of the issue", ErrInvalid)
	}
	return nil
}

// newestOf is a new issue for some hashes of another, described by the newest of their events.
func newestOf(ctx context.Context, tx bun.Tx, from *Issue, hashes []string, name func(*Event) Issue) (*Issue, error) {
	var events []Event
	for _, h := range hashes {
		for _, dir := range []string{"DESC", "ASC"} {
			var one []Event
			err := tx.NewSelect().Model(&one).Where("e.issue_id = ? AND e.hash = ?", from.ID, h).
				OrderExpr("e.timestamp_ms " + dir + ", e.event_id " + dir).Limit(1).Scan(ctx)
			if err != nil {
				return nil, err
			}
			events = append(events, one...)
		}
	}
	made := *from
	if len(events) == 0 { // they are too old to be kept
		made.ID, made.TimesSeen, made.UsersSeen = 0, 0, 0
		return &made, nil
	}
	slices.SortFunc(events, func(x, y Event) int { return cmp.Compare(x.TimestampMS, y.TimestampMS) })
	first, last := &events[0], &events[len(events)-1]
	made = name(last)
	made.ID, made.OrgID, made.ProjectID = 0, from.OrgID, from.ProjectID
	made.Status, made.Substatus, made.Level, made.Platform = IssueUnresolved, "ongoing", last.Level, last.Platform
	made.FirstSeenMS, made.FirstRelease, made.LastSeenMS, made.LastRelease = first.TimestampMS, first.Release, last.TimestampMS, last.Release
	made.Unhandled = last.Unhandled
	made.TimesSeen, made.UsersSeen = 0, 0
	if made.Metadata == "" {
		made.Metadata = "{}"
	}
	return &made, nil
}

// splitEvents moves some events of an unmerge, and what they count for.
func (s *Store) splitEvents(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	hashes, err := j.hashes()
	if err != nil {
		return 0, err
	}
	issues, err := s.lockIssues(ctx, tx, Scope{OrgID: j.OrgID}, []int64{j.FromID, j.IntoID})
	if err != nil {
		return 0, err
	}
	rows, err := eventsOf(ctx, tx, j.FromID, hashes)
	if err != nil || len(rows) == 0 || len(issues) < 2 { // deleted meanwhile: nothing is left to take apart
		return 0, err
	}
	if err := assign(ctx, tx, rows, j.IntoID); err != nil {
		return 0, err
	}
	if err := moveHours(ctx, tx, rows, j.FromID, j.IntoID); err != nil {
		return 0, err
	}
	if err := splitTags(ctx, tx, rows, j.IntoID); err != nil {
		return 0, err
	}
	came, left, err := splitUsers(ctx, tx, rows, j.FromID, j.IntoID)
	if err != nil {
		return 0, err
	}
	var last []Event
	err = tx.NewSelect().Model(&last).Column("timestamp_ms").Where("e.issue_id = ?", j.FromID).
		OrderExpr("e.timestamp_ms DESC, e.event_id DESC").Limit(1).Scan(ctx)
	if err != nil {
		return 0, err
	}
	from := tx.NewUpdate().Model((*Issue)(nil)).Set("times_seen = ?(times_seen - ?, 0)", s.greater(), len(rows)).
		Set("users_seen = ?(users_seen - ?, 0)", s.greater(), left).Where("id = ?", j.FromID)
	if len(last) > 0 {
		from = from.Set("last_seen_ms = ?", last[0].TimestampMS)
	}
	into := tx.NewUpdate().Model((*Issue)(nil)).Set("times_seen = times_seen + ?", len(rows)).
		Set("users_seen = users_seen + ?", came).Where("id = ?", j.IntoID)
	for _, change := range []statement{from, into} {
		if _, err := change.Exec(ctx); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// moveHours takes events out of one issue's hours into another's.
func moveHours(ctx context.Context, tx bun.Tx, rows []Event, from, into int64) error {
	sums := map[int64]int64{}
	for i := range rows {
		sums[rows[i].TimestampMS-rows[i].TimestampMS%hourMS]++
	}
	for hour, n := range sums {
		row := IssueHour{IssueID: into, HourMS: hour, Events: n}
		for _, change := range []statement{
			tx.NewUpdate().Model((*IssueHour)(nil)).Set("events = events - ?", n).Where("issue_id = ? AND hour_ms = ?", from, hour),
			tx.NewDelete().Model((*IssueHour)(nil)).Where("issue_id = ? AND hour_ms = ?", from, hour).Where("events <= 0"),
			tx.NewInsert().Model(&row).On("CONFLICT (issue_id, hour_ms) DO UPDATE").Set("events = ihr.events + EXCLUDED.events").Returning("NULL"),
		} {
			if _, err := change.Exec(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// splitUsers says how many users are new to the one issue and how many the other one no longer has.
func splitUsers(ctx context.Context, tx bun.Tx, rows []Event, from, into int64) (came, left int64, err error) {
	first := map[string]int64{}
	for i := range rows {
		if k := rows[i].UserKey; k != "" {
			if at, ok := first[k]; !ok || rows[i].ReceivedMS < at {
				first[k] = rows[i].ReceivedMS
			}
		}
	}
	if len(first) == 0 {
		return 0, 0, nil
	}
	var users []IssueUser
	keys := make([]string, 0, len(first))
	for k, at := range first {
		keys = append(keys, k)
		users = append(users, IssueUser{IssueID: into, UserKey: k, FirstMS: at})
	}
	var inserted []IssueUser
	if err := insertNew(ctx, tx, users, "issue_id, user_key", &inserted); err != nil {
		return 0, 0, err
	}
	res, err := tx.NewDelete().Model((*IssueUser)(nil)).Where("issue_id = ?", from).Where("user_key IN (?)", bun.List(keys)).
		Where("NOT EXISTS (SELECT 1 FROM events AS e WHERE e.issue_id = iu.issue_id AND e.user_key = iu.user_key)").Exec(ctx)
	if err != nil {
		return 0, 0, err
	}
	left, err = res.RowsAffected()
	return int64(len(inserted)), left, err
}
