package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// What an issue job does with an issue's events.
const (
	jobMerge   = "merge"   // all of them go into another issue; the issue is gone already
	jobUnmerge = "unmerge" // those of some hashes go into an issue of their own
	jobDelete  = "delete"  // all of them are deleted; the issue is gone already
)

// issueJob is what is left to do after issues were merged, taken apart or deleted: moving rows without
// bound. It is done in small transactions, each complete in itself, so it can stop anywhere.
type issueJob struct {
	bun.BaseModel `bun:"table:issue_jobs,alias:ij"`

	ID        int64  `bun:"id,pk,autoincrement"`
	OrgID     int64  `bun:"org_id"`
	ProjectID int64  `bun:"project_id"`
	Kind      string `bun:"kind"`
	FromID    int64  `bun:"from_id"`
	IntoID    int64  `bun:"into_id"`
	Hashes    string `bun:"hashes"` // of an unmerge, a JSON list
	Done      bool   `bun:"done"`
	Moved     int64  `bun:"moved"` // rows so far
	CreatedMS int64  `bun:"created_ms"`
	UpdatedMS int64  `bun:"updated_ms"`
}

const (
	// jobChunk is how many rows one transaction moves: on SQLite it holds the only writing connection.
	jobChunk = 500
	// jobSettleMS is how long a job of an issue that is gone waits for its last look. A link that was being
	// written when the issue went away still names it.
	jobSettleMS = 60_000
	// jobInline is how many transactions a request does itself, so that what is small is done when it answers.
	jobInline = 4
)

func (s *Store) addJob(ctx context.Context, tx bun.Tx, j issueJob) (int64, error) {
	j.CreatedMS, j.UpdatedMS = s.nowMS(), s.nowMS()
	if j.Hashes == "" {
		j.Hashes = "[]"
	}
	_, err := tx.NewInsert().Model(&j).Returning("id").Exec(ctx)
	return j.ID, err
}

// RunIssueJobs does a piece of the oldest job that can go on, and says whether there may be more to do now.
func (s *Store) RunIssueJobs(ctx context.Context) (more bool, err error) {
	ids, err := s.openJobs(ctx)
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		busy, err := s.runJob(ctx, id)
		if err != nil {
			return false, err
		}
		more = more || busy
	}
	return more, nil
}

func (s *Store) openJobs(ctx context.Context) ([]int64, error) {
	var ids []int64
	err := s.read.NewSelect().Model((*issueJob)(nil)).Column("id").Where("NOT done").Order("id").Limit(10).Scan(ctx, &ids)
	if err != nil {
		return nil, border(fmt.Errorf("issue jobs: %w", err))
	}
	return ids, nil
}

// runInline does the first pieces of jobs, so that what is small is done at once. What goes wrong here is
// done by the next round of [Store.RunIssueJobs].
func (s *Store) runInline(ctx context.Context, ids []int64) {
	for _, id := range ids {
		for range jobInline {
			if busy, err := s.runJob(ctx, id); err != nil || !busy {
				break
			}
		}
	}
}

// runJob does one transaction of a job. busy says that there is more to do at once.
func (s *Store) runJob(ctx context.Context, id int64) (busy bool, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		j := new(issueJob)
		q := tx.NewSelect().Model(j).Where("id = ? AND NOT done", id)
		if s.postgres() {
			q = q.For("UPDATE SKIP LOCKED") // another process has it in hand
		}
		if err := q.Scan(ctx); errors.Is(err, sql.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		n, err := s.jobStep(ctx, tx, j)
		if err != nil {
			return err
		}
		busy = n > 0
		j.Moved += int64(n)
		j.Done = !busy && (j.Kind == jobUnmerge || s.nowMS()-j.CreatedMS >= jobSettleMS)
		j.UpdatedMS = s.nowMS()
		_, err = tx.NewUpdate().Model(j).Column("moved", "done", "updated_ms").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("issue job %d: %w", id, err)
	}
	return busy, nil
}

// jobStep moves or deletes some rows and says how many; 0 when nothing is left.
func (s *Store) jobStep(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	steps := []func(context.Context, bun.Tx, *issueJob) (int, error){s.moveEvents, s.moveUsers, s.moveTags, s.moveTexts, s.moveLinks}
	switch j.Kind {
	case jobUnmerge:
		steps = steps[:0]
		steps = append(steps, s.splitEvents)
	case jobDelete:
		steps = []func(context.Context, bun.Tx, *issueJob) (int, error){s.deleteEvents, s.deleteUsers, s.deleteTags, s.deleteTexts, s.dropLinks}
	}
	for _, step := range steps {
		n, err := step(ctx, tx, j)
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// eventsOf gives some of an issue's events without their payloads.
func eventsOf(ctx context.Context, tx bun.Tx, issue int64, hashes []string) ([]Event, error) {
	var rows []Event
	q := tx.NewSelect().Model(&rows).Column(lightColumns...).
		Where("e.issue_id = ?", issue)
	if hashes != nil {
		q = q.Where("e.hash IN (?)", bun.List(hashes))
	}
	err := q.Limit(jobChunk).Scan(ctx)
	return rows, err
}

func eventIDs(rows []Event) []string {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].EventID
	}
	return ids
}

// assign puts events and their links into another issue.
func assign(ctx context.Context, tx bun.Tx, rows []Event, into int64) error {
	if len(rows) == 0 {
		return nil
	}
	from, ids := rows[0].IssueID, eventIDs(rows)
	_, err := tx.NewUpdate().Model((*Event)(nil)).Set("issue_id = ?", into).
		Where("project_id = ?", rows[0].ProjectID).Where("event_id IN (?)", bun.List(ids)).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*ReplayLink)(nil)).Set("issue_id = ?", into).Where("org_id = ?", rows[0].OrgID).
		Where("item_kind = ?", ItemEvent).Where("item_id IN (?)", bun.List(ids)).Where("issue_id = ?", from).Exec(ctx)
	return err
}

func (s *Store) moveEvents(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	rows, err := eventsOf(ctx, tx, j.FromID, nil)
	if err != nil {
		return 0, err
	}
	return len(rows), assign(ctx, tx, rows, j.IntoID)
}

// moveUsers moves who met an issue; those who met the other one too are counted once.
func (s *Store) moveUsers(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	users, err := takeUsers(ctx, tx, j.FromID)
	if err != nil || len(users) == 0 {
		return 0, err
	}
	for i := range users {
		users[i].IssueID = j.IntoID
	}
	var inserted []IssueUser
	if err := insertNew(ctx, tx, users, "issue_id, user_key", &inserted); err != nil {
		return 0, err
	}
	_, err = tx.NewUpdate().Model((*Issue)(nil)).Set("users_seen = users_seen + ?", len(inserted)).Where("id = ?", j.IntoID).Exec(ctx)
	return len(users), err
}

// takeUsers removes some of an issue's users and gives them.
func takeUsers(ctx context.Context, tx bun.Tx, issue int64) ([]IssueUser, error) {
	var users []IssueUser
	if err := tx.NewSelect().Model(&users).Where("iu.issue_id = ?", issue).Order("iu.user_key").Limit(jobChunk).Scan(ctx); err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, nil
	}
	keys := make([]string, len(users))
	for i := range users {
		keys[i] = users[i].UserKey
	}
	_, err := tx.NewDelete().Model((*IssueUser)(nil)).Where("issue_id = ?", issue).Where("user_key IN (?)", bun.List(keys)).Exec(ctx)
	return users, err
}

// someLinks gives the keys of some links that name an issue: those of things that are no stored events, and
// of events that were being linked when the issue went away.
func someLinks(ctx context.Context, tx bun.Tx, j *issueJob) ([]ReplayLink, error) {
	var rows []ReplayLink
	err := tx.NewSelect().Model(&rows).Column("org_id", "item_kind", "item_id", "replay_id").
		Where("rl.org_id = ? AND rl.issue_id = ?", j.OrgID, j.FromID).Limit(jobChunk).Scan(ctx)
	return rows, err
}

func (s *Store) moveLinks(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	rows, err := someLinks(ctx, tx, j)
	if err != nil {
		return 0, err
	}
	for i := range rows {
		if _, err := tx.NewUpdate().Model(&rows[i]).Set("issue_id = ?", j.IntoID).WherePK().Exec(ctx); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

func (s *Store) dropLinks(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	rows, err := someLinks(ctx, tx, j)
	if err != nil {
		return 0, err
	}
	for i := range rows {
		if _, err := tx.NewDelete().Model(&rows[i]).WherePK().Exec(ctx); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

func (s *Store) deleteUsers(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	users, err := takeUsers(ctx, tx, j.FromID)
	return len(users), err
}

// deleteEvents deletes events with their files, hints and links. The recordings stay: they are the user's
// session, not the issue's.
func (s *Store) deleteEvents(ctx context.Context, tx bun.Tx, j *issueJob) (int, error) {
	rows, err := eventsOf(ctx, tx, j.FromID, nil)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	es := stored(rows)
	if err := dropTags(ctx, tx, es); err != nil {
		return 0, err
	}
	if err := projectTags.take(ctx, tx, es); err != nil {
		return 0, err
	}
	_, err = tx.NewDelete().Model((*ReplayLink)(nil)).Where("org_id = ?", j.OrgID).Where("item_kind = ?", ItemEvent).
		Where("item_id IN (?)", bun.List(eventIDs(rows))).Where("project_id = ?", j.ProjectID).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return len(rows), s.dropEvents(ctx, tx, rows)
}

func (j *issueJob) hashes() ([]string, error) {
	hs := []string{}
	if err := json.Unmarshal([]byte(j.Hashes), &hs); err != nil {
		return nil, fmt.Errorf("%w: hashes of job: %w", ErrInvalid, err)
	}
	return hs, nil
}
