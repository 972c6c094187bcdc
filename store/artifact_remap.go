package store

import (
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// UnmappedEvent says that an event has frames that an artifact, which was not there, would explain.
type UnmappedEvent struct {
	bun.BaseModel `bun:"table:unmapped_events,alias:ue"`

	ProjectID  int64  `bun:"project_id,pk"`
	Artifact   string `bun:"artifact,pk"` // see [WantDebugID] and [WantRelease]
	EventID    string `bun:"event_id,pk"`
	OrgID      int64  `bun:"org_id"`
	ReceivedMS int64  `bun:"received_ms"`
}

// RemapJob says that an artifact has come whose events are to be mapped. Each upload gives it a new token.
type RemapJob struct {
	bun.BaseModel `bun:"table:remap_jobs,alias:rj"`

	ProjectID int64  `bun:"project_id,pk"`
	Artifact  string `bun:"artifact,pk"`
	OrgID     int64  `bun:"org_id"`
	Token     int64  `bun:"token"`
	DueMS     int64  `bun:"due_ms"`
}

// Scope is the organisation whose events a job is about.
func (j *RemapJob) Scope() Scope { return Scope{OrgID: j.OrgID} }

// WantDebugID names what an event waits for: the file of a debug id.
func WantDebugID(id string) string { return "debug-id:" + id }

// WantRelease names what an event waits for: a file of a release and dist.
func WantRelease(release, dist string) string {
	sum := sha1.Sum([]byte(release + "\x00" + dist))
	return "release:" + hex.EncodeToString(sum[:])
}

// wantedBy gives the names of what a bundle brings.
func wantedBy(release, dist string, files []ArtifactFile) []string {
	var out []string
	if release != "" {
		out = append(out, WantRelease(release, dist))
	}
	for i := range files {
		if files[i].DebugID != "" {
			out = append(out, WantDebugID(files[i].DebugID))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// queueRemaps queues the events that wait for artifacts, if any do: what nobody waits for makes no job. An event
// that is being stored at this moment asks again after its commit, see [Store.QueueArrived].
func (s *Store) queueRemaps(ctx context.Context, tx bun.Tx, scope Scope, projects []int64, artifacts []string) error {
	for _, p := range projects {
		for part := range slices.Chunk(artifacts, chunk) {
			var waited []string
			err := tx.NewSelect().Model((*UnmappedEvent)(nil)).ColumnExpr("DISTINCT artifact").
				Where("project_id = ? AND artifact IN (?)", p, bun.List(part)).Scan(ctx, &waited)
			if err != nil {
				return err
			}
			jobs := make([]RemapJob, len(waited))
			for i, a := range waited {
				jobs[i] = RemapJob{ProjectID: p, Artifact: a, OrgID: scope.OrgID, Token: rand.Int64(), DueMS: s.nowMS()}
			}
			if err := s.insertJobs(ctx, tx, jobs); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) insertJobs(ctx context.Context, db bun.IDB, jobs []RemapJob) error {
	if len(jobs) == 0 {
		return nil
	}
	slices.SortFunc(jobs, func(x, y RemapJob) int {
		return cmp.Or(cmp.Compare(x.ProjectID, y.ProjectID), cmp.Compare(x.Artifact, y.Artifact))
	})
	_, err := db.NewInsert().Model(&jobs).On("CONFLICT (project_id, artifact) DO UPDATE").
		Set("token = EXCLUDED.token").Set("due_ms = EXCLUDED.due_ms").Returning("NULL").Exec(ctx)
	return err
}

// QueueArrived looks for artifacts that came while the events that want them were being stored, and queues those events. Of
// the two transactions the later one to commit sees the other.
func (s *Store) QueueArrived(ctx context.Context, scope Scope, projectID int64, release, dist string, debugIDs []string) error {
	var jobs []RemapJob
	queue := func(artifact string) {
		jobs = append(jobs, RemapJob{ProjectID: projectID, Artifact: artifact, OrgID: scope.OrgID, Token: rand.Int64(), DueMS: s.nowMS()})
	}
	if release != "" {
		is, err := s.write.NewSelect().Model((*ArtifactRelease)(nil)).
			Where("project_id = ? AND release = ? AND dist = ? AND created_ms > ?", projectID, release, dist, s.now().Add(-arriving).UnixMilli()).Exists(ctx)
		if err != nil {
			return border(fmt.Errorf("artifacts that arrived: %w", err))
		}
		if is {
			queue(WantRelease(release, dist))
		}
	}
	if len(debugIDs) > 0 {
		var there []string
		err := s.write.NewSelect().TableExpr("artifact_files AS af").ColumnExpr("DISTINCT af.debug_id").
			Join("JOIN artifact_releases AS ar ON ar.bundle_id = af.bundle_id AND ar.project_id = ?", projectID).
			Where("af.org_id = ? AND af.debug_id IN (?) AND af.debug_id <> ''", scope.OrgID, bun.List(debugIDs)).
			UnionAll(s.write.NewSelect().TableExpr("debug_files AS df").ColumnExpr("df.debug_id").Where("df.project_id = ? AND df.debug_id IN (?)", projectID, bun.List(debugIDs))).
			Scan(ctx, &there)
		if err != nil {
			return border(fmt.Errorf("artifacts that arrived: %w", err))
		}
		slices.Sort(there)
		for _, id := range slices.Compact(there) {
			queue(WantDebugID(id))
		}
	}
	if err := s.insertJobs(ctx, s.write, jobs); err != nil {
		return border(fmt.Errorf("queue events of artifacts that arrived: %w", err))
	}
	return nil
}

// arriving is how far back an upload may lie that an event being stored did not see.
const arriving = 5 * time.Minute

// QueueWaiting queues all of a project's events that wait for something.
func (s *Store) QueueWaiting(ctx context.Context, scope Scope, projectID int64) error {
	_, err := s.write.NewRaw(`INSERT INTO remap_jobs (project_id, artifact, org_id, token, due_ms)
		SELECT DISTINCT project_id, artifact, org_id, ?, ? FROM unmapped_events WHERE project_id = ? AND org_id = ?
		ON CONFLICT (project_id, artifact) DO UPDATE SET token = EXCLUDED.token, due_ms = EXCLUDED.due_ms`,
		rand.Int64(), s.nowMS(), projectID, scope.OrgID).Exec(ctx)
	if err != nil {
		return border(fmt.Errorf("queue waiting events: %w", err))
	}
	return nil
}

// RemapJobs gives up to limit jobs that are due, the one that waits longest first.
func (s *Store) RemapJobs(ctx context.Context, limit int) ([]RemapJob, error) {
	var rows []RemapJob
	err := s.read.NewSelect().Model(&rows).Where("due_ms <= ?", s.nowMS()).Order("due_ms").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("remap jobs: %w", err))
	}
	return rows, nil
}

// WaitingEvents gives up to limit events that wait for an artifact, with their payloads, in the order of their ids after one.
func (s *Store) WaitingEvents(ctx context.Context, j *RemapJob, after string, limit int) ([]Event, error) {
	var rows []Event
	err := s.read.NewSelect().Model(&rows).Join("JOIN unmapped_events AS ue ON ue.project_id = e.project_id AND ue.event_id = e.event_id").
		Where("ue.project_id = ? AND ue.artifact = ? AND ue.event_id > ?", j.ProjectID, j.Artifact, after).Where("e.org_id = ?", j.OrgID).
		OrderExpr("ue.event_id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("events waiting for %s: %w", j.Artifact, err))
	}
	return rows, nil
}

// EndRemapJob ends a job with all that waited for it; a job that was queued again meanwhile stays.
func (s *Store) EndRemapJob(ctx context.Context, j *RemapJob) error {
	_, err := s.write.NewDelete().Model(j).WherePK().Where("token = ?", j.Token).Exec(ctx)
	return border(err)
}

// DelayRemapJob makes a job wait: what it needs cannot be read now.
func (s *Store) DelayRemapJob(ctx context.Context, j *RemapJob, wait time.Duration) error {
	_, err := s.write.NewUpdate().Model(j).Set("due_ms = ?", s.now().Add(wait).UnixMilli()).WherePK().Where("token = ?", j.Token).Exec(ctx)
	return border(err)
}

// Remapped is an event whose frames have been mapped after it was stored.
type Remapped struct {
	Event     Event // with its new title, culprit and payload; the issue stays
	Metadata  string
	Hashes    []string // of the mapped frames
	Algorithm string
	Wanted    []string // what it still waits for
}

// Remap stores a mapped event. It stays in its issue, and so do its old hashes; hashes that are new to the project lead
// to that issue from now on, and those that lead elsewhere already are left alone. The issue's title follows when
// the event is its newest.
func (s *Store) Remap(ctx context.Context, in Remapped) error {
	e := &in.Event
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model(e).Column("title", "culprit", "payload").WherePK().Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "event %s", e.EventID); err != nil {
			return err
		}
		if e.IssueID, err = issueNow(ctx, tx, e.IssueID); err != nil {
			return err
		}
		if e.IssueID == 0 { // deleted meanwhile, and its events after it
			return nil
		}
		hashes := make([]IssueHash, 0, len(in.Hashes))
		for _, h := range slices.Compact(slices.Sorted(slices.Values(in.Hashes))) {
			hashes = append(hashes, IssueHash{ProjectID: e.ProjectID, Hash: h, Algorithm: in.Algorithm, IssueID: e.IssueID})
		}
		if err := insertIgnore(ctx, tx, hashes); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*Issue)(nil)).Set("title = ?", e.Title).Set("culprit = ?", e.Culprit).Set("metadata = ?", in.Metadata).
			Where("id = ? AND last_seen_ms <= ?", e.IssueID, e.TimestampMS).Exec(ctx)
		if err != nil {
			return err
		}
		return s.rewait(ctx, tx, e, in.Wanted)
	})
	if err != nil {
		return fmt.Errorf("remap event %s: %w", e.EventID, err)
	}
	return nil
}

// StopWaiting makes an event wait for nothing any more.
func (s *Store) StopWaiting(ctx context.Context, e *Event) error {
	_, err := s.write.NewDelete().Model((*UnmappedEvent)(nil)).Where("project_id = ? AND event_id = ?", e.ProjectID, e.EventID).Exec(ctx)
	return border(err)
}

func (s *Store) rewait(ctx context.Context, tx bun.Tx, e *Event, wanted []string) error {
	if _, err := tx.NewDelete().Model((*UnmappedEvent)(nil)).Where("project_id = ? AND event_id = ?", e.ProjectID, e.EventID).Exec(ctx); err != nil {
		return err
	}
	return insertIgnore(ctx, tx, unmappedOf(e, wanted))
}

func unmappedOf(e *Event, wanted []string) []UnmappedEvent {
	rows := make([]UnmappedEvent, len(wanted))
	for i, w := range wanted {
		rows[i] = UnmappedEvent{ProjectID: e.ProjectID, Artifact: w, EventID: e.EventID, OrgID: e.OrgID, ReceivedMS: e.ReceivedMS}
	}
	return rows
}

// unmapped stores what the events of a batch wait for.
func (b *batch) unmapped(ctx context.Context, stored []*EventWrite) error {
	var rows []UnmappedEvent
	for _, e := range stored {
		rows = append(rows, unmappedOf(&e.Event, e.Wanted)...)
	}
	slices.SortFunc(rows, func(x, y UnmappedEvent) int {
		return cmp.Or(cmp.Compare(x.ProjectID, y.ProjectID), cmp.Compare(x.Artifact, y.Artifact), cmp.Compare(x.EventID, y.EventID))
	})
	return insertIgnore(ctx, b.tx, rows)
}
