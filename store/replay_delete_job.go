package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// States of a delete job.
const (
	JobPending   = "pending"
	JobRunning   = "in-progress"
	JobCompleted = "completed"
	JobFailed    = "failed"
)

// ReplayDeleteJob deletes the recordings of a project that a query finds.
type ReplayDeleteJob struct {
	bun.BaseModel `bun:"table:replay_delete_jobs,alias:rdj"`

	ID           int64  `bun:"id,pk,autoincrement"`
	OrgID        int64  `bun:"org_id"`
	ProjectID    int64  `bun:"project_id"`
	UserID       *int64 `bun:"user_id"`
	RangeStartMS int64  `bun:"range_start_ms"`
	RangeEndMS   int64  `bun:"range_end_ms"`
	Environments string `bun:"environments"` // JSON array
	Query        string `bun:"query"`        // as typed
	Filter       string `bun:"filter"`       // JSON of what the query means
	Status       string `bun:"status"`
	CountDeleted int64  `bun:"count_deleted"`
	CreatedMS    int64  `bun:"created_ms"`
	UpdatedMS    int64  `bun:"updated_ms"`
}

// CreateDeleteJob queues a job.
func (s *Store) CreateDeleteJob(ctx context.Context, scope Scope, j ReplayDeleteJob, environments []string, f Filter) (*ReplayDeleteJob, error) {
	filter, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("create delete job: %w", err)
	}
	if environments == nil {
		environments = []string{}
	}
	envs, err := json.Marshal(environments)
	if err != nil {
		return nil, fmt.Errorf("create delete job: %w", err)
	}
	j.OrgID, j.Filter, j.Environments, j.Status, j.CreatedMS, j.UpdatedMS = scope.OrgID, string(filter), string(envs), JobPending, s.nowMS(), s.nowMS()
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&j).Returning("id").Exec(ctx); err != nil {
			return err
		}
		slug, err := slugName(ctx, tx, (*Project)(nil), j.ProjectID)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, scope, audited{AuditReplaysRemove, "project", auditID(j.ProjectID), slug, map[string]any{"query": cutText(j.Query, maxName),
			"environments": environments, "from": time.UnixMilli(j.RangeStartMS).UTC(), "to": time.UnixMilli(j.RangeEndMS).UTC()}})
	})
	if err != nil {
		return nil, fmt.Errorf("create delete job: %w", err)
	}
	return &j, nil
}

// DeleteJobs gives a page of a project's jobs, the newest first.
func (s *Store) DeleteJobs(ctx context.Context, scope Scope, projectID int64, offset, limit int) ([]ReplayDeleteJob, error) {
	var rows []ReplayDeleteJob
	err := s.read.NewSelect().Model(&rows).Where("org_id = ? AND project_id = ?", scope.OrgID, projectID).Order("id DESC").Offset(int64(offset)).Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("delete jobs: %w", err))
	}
	return rows, nil
}

// DeleteJob gives one job of a project.
func (s *Store) DeleteJob(ctx context.Context, scope Scope, projectID, id int64) (*ReplayDeleteJob, error) {
	j := new(ReplayDeleteJob)
	if err := s.read.NewSelect().Model(j).Where("org_id = ? AND project_id = ? AND id = ?", scope.OrgID, projectID, id).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("delete job %d: %w", id, err))
	}
	return j, nil
}

// RunDeleteJobs deletes up to limit recordings of the oldest open job and says whether there may be more.
func (s *Store) RunDeleteJobs(ctx context.Context, blobs Blobs, limit int) (more bool, err error) {
	var jobs []ReplayDeleteJob
	err = s.read.NewSelect().Model(&jobs).Where("status <> ? AND status <> ?", JobCompleted, JobFailed).Order("id").Limit(1).Scan(ctx)
	if err != nil || len(jobs) == 0 {
		return false, border(err)
	}
	j := &jobs[0]
	ids, err := s.replaysOfJob(ctx, j, limit)
	if err != nil {
		j.Status = JobFailed // its query no longer means anything
		if Retryable(err) {
			return false, fmt.Errorf("delete job %d: %w", j.ID, err)
		}
		return true, s.saveJob(ctx, j, 0)
	}
	for n, id := range ids {
		err := s.RemoveReplay(ctx, blobs, ReplayTombstone{OrgID: j.OrgID, ReplayID: id, Reason: GoneDeleted, UserID: j.UserID})
		if err != nil {
			return false, fmt.Errorf("delete job %d: %w", j.ID, firstError(err, s.saveJob(ctx, j, n)))
		}
	}
	j.Status = JobRunning
	if len(ids) < limit {
		j.Status = JobCompleted
	}
	return true, s.saveJob(ctx, j, len(ids))
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (s *Store) saveJob(ctx context.Context, j *ReplayDeleteJob, deleted int) error {
	_, err := s.write.NewUpdate().Model(j).Set("status = ?", j.Status).Set("count_deleted = count_deleted + ?", deleted).Set("updated_ms = ?", s.nowMS()).WherePK().Exec(ctx)
	return border(err)
}

func (s *Store) replaysOfJob(ctx context.Context, j *ReplayDeleteJob, limit int) ([]string, error) {
	var f Filter
	d := json.NewDecoder(bytes.NewReader([]byte(j.Filter)))
	d.UseNumber()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: filter: %w", ErrInvalid, err)
	}
	f.numbers()
	var envs []string
	if err := json.Unmarshal([]byte(j.Environments), &envs); err != nil {
		return nil, fmt.Errorf("%w: environments: %w", ErrInvalid, err)
	}
	page, err := s.Replays(ctx, Scope{OrgID: j.OrgID}, ReplayQuery{Projects: []int64{j.ProjectID}, Environments: envs, FromMS: j.RangeStartMS, ToMS: j.RangeEndMS,
		Filter: f, Sort: "started_at", Page: Page{Limit: limit}})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(page.Rows))
	for i := range page.Rows {
		ids[i] = page.Rows[i].ReplayID
	}
	return ids, nil
}

// numbers makes the numbers of a filter that was JSON what they were before.
func (f *Filter) numbers() {
	for i, v := range f.Values {
		if n, ok := v.(json.Number); ok {
			if whole, err := n.Int64(); err == nil {
				f.Values[i] = whole
			}
		}
	}
	for i := range f.Subs {
		f.Subs[i].numbers()
	}
}
