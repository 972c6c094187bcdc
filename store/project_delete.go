package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// purgeBatch is how many issues, recordings or uploads of a deleted project are looked up at a time.
const purgeBatch = 100

// walkBatch is how many rows one look at a table takes in that no index knows a project's rows of.
const walkBatch = 5000

// DeleteProject takes a project away: its keys stop at the relays' next look, its slug is free, and nothing
// lists it or what it holds any more. Its rows go with [Store.PurgeProjects].
func (s *Store) DeleteProject(ctx context.Context, scope Scope, projectID int64) error {
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		slug, err := slugName(ctx, tx, (*Project)(nil), projectID)
		if err != nil {
			return err
		}
		// No slug that a person gives begins with a tilde.
		res, err := tx.NewUpdate().Model((*Project)(nil)).Set("deleted_ms = ?", s.nowMS()).Set("slug = ?", fmt.Sprintf("~%d", projectID)).
			Where("org_id = ? AND id = ? AND deleted_ms IS NULL", scope.OrgID, projectID).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "project %d", projectID); err != nil {
			return err
		}
		if err := s.audit(ctx, tx, scope, audited{AuditProjectRemove, "project", auditID(projectID), slug, nil}); err != nil {
			return err
		}
		for _, model := range []any{(*ProjectKey)(nil), (*ProjectTeam)(nil), (*Monitor)(nil), (*MonitorEnvironment)(nil)} {
			if _, err := tx.NewDelete().Model(model).Where("project_id = ?", projectID).Exec(ctx); err != nil {
				return err
			}
		}
		// Rules of this project and no other.
		_, err = tx.NewDelete().Model((*AlertRule)(nil)).Where("org_id = ? AND projects = ?", scope.OrgID, fmt.Sprintf("[%d]", projectID)).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete project %d: %w", projectID, err)
	}
	return nil
}

// HasDeletedProjects says whether rows of projects that are deleted may still be there: whoever lists
// without naming projects then has to name those that live.
func (s *Store) HasDeletedProjects(ctx context.Context, scope Scope) (bool, error) {
	is, err := s.read.NewSelect().Model((*Project)(nil)).Where("org_id = ? AND deleted_ms IS NOT NULL", scope.OrgID).Exists(ctx)
	if err != nil {
		return false, border(fmt.Errorf("deleted projects: %w", err))
	}
	return is, nil
}

// living is the condition that a row is not of a project that is being deleted: such rows are nowhere, though they may
// still be there. A row of no project lives.
func living(alias string) string {
	return "NOT EXISTS (SELECT 1 FROM projects AS gone WHERE gone.id = " + alias + ".project_id AND gone.deleted_ms IS NOT NULL)"
}

// PurgeProjects deletes the rows and objects of deleted projects, in small transactions that can be stopped
// anywhere: what is left goes the next time. A project is emptied soon, and once more when no message for it
// can be on its way; then it is forgotten. Outcomes stay: they are the organisation's usage, and end with age.
// It gives how many projects were emptied.
func (s *Store) PurgeProjects(ctx context.Context, blobs Blobs) (int, error) {
	var ps []Project
	late := s.nowMS() - keepStoredMessages.Milliseconds()
	err := s.read.NewSelect().Model(&ps).Where("deleted_ms IS NOT NULL AND (emptied_ms IS NULL OR deleted_ms < ?)", late).Order("id").Scan(ctx)
	if err != nil {
		return 0, border(fmt.Errorf("purge projects: %w", err))
	}
	for i := range ps {
		p := &ps[i]
		if err := s.empty(ctx, blobs, p); err != nil {
			return i, fmt.Errorf("purge project %d: %w", p.ID, border(err))
		}
		if *p.DeletedMS < late {
			_, err = s.write.NewDelete().Model(p).WherePK().Exec(ctx)
		} else {
			_, err = s.write.NewUpdate().Model(p).Set("emptied_ms = ?", s.nowMS()).WherePK().Exec(ctx)
		}
		if err != nil {
			return i, fmt.Errorf("purge project %d: %w", p.ID, border(err))
		}
	}
	return len(ps), nil
}

// empty deletes what a project holds.
func (s *Store) empty(ctx context.Context, blobs Blobs, p *Project) error {
	for _, step := range []func(context.Context, Blobs, *Project) error{s.emptyIssues, s.emptyReplays, s.emptyUploads, s.emptyFiles, s.emptyWalked, s.emptyTables} {
		if err := step(ctx, blobs, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) emptyIssues(ctx context.Context, _ Blobs, p *Project) error {
	for {
		var ids []int64
		if err := s.read.NewSelect().Model((*Issue)(nil)).Column("id").Where("project_id = ?", p.ID).Limit(purgeBatch).Scan(ctx, &ids); err != nil || len(ids) == 0 {
			return err
		}
		if _, err := s.DeleteIssues(ctx, Scope{OrgID: p.OrgID}, ids, false, nil); err != nil {
			return err // one that is being taken apart: the next time
		}
	}
}

func (s *Store) emptyReplays(ctx context.Context, blobs Blobs, p *Project) error {
	for {
		var ids []string
		err := s.read.NewSelect().Model((*Replay)(nil)).Column("replay_id").Where("project_id = ? AND state = ?", p.ID, ReplayLive).Limit(purgeBatch).Scan(ctx, &ids)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := s.RemoveReplay(ctx, blobs, ReplayTombstone{OrgID: p.OrgID, ReplayID: id, Reason: GoneDeleted}); err != nil {
				return err
			}
		}
	}
}

// emptyUploads deletes source maps and debug files: their bytes may be another project's too.
func (s *Store) emptyUploads(ctx context.Context, blobs Blobs, p *Project) error {
	scope := Scope{OrgID: p.OrgID}
	for {
		err := s.deleteBundles(ctx, scope, blobs, p.ID, func(q *bun.DeleteQuery) *bun.DeleteQuery {
			return q.Where("bundle_id IN (?)", s.write.NewSelect().Model((*ArtifactRelease)(nil)).Column("bundle_id").Where("project_id = ?", p.ID).Limit(purgeBatch))
		})
		if errors.Is(err, ErrNotFound) {
			break
		}
		if err != nil {
			return err
		}
	}
	for {
		var ids []int64
		if err := s.read.NewSelect().Model((*DebugFile)(nil)).Column("id").Where("project_id = ?", p.ID).Limit(purgeBatch).Scan(ctx, &ids); err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := s.DeleteDebugFile(ctx, scope, blobs, p.ID, id); err != nil {
				return err
			}
		}
	}
}

// emptyFiles deletes rows that name objects of their own: files whose event is not stored, and items kept raw.
func (s *Store) emptyFiles(ctx context.Context, _ Blobs, p *Project) error {
	for _, table := range []struct{ name, row string }{{"attachments", "id"}, {"raw_items", "message_id, position"}} {
		for n := expireBatch; n == expireBatch; {
			err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
				var gone []string
				some := tx.NewSelect().Table(table.name).ColumnExpr(table.row).Where("org_id = ? AND project_id = ?", p.OrgID, p.ID).Limit(expireBatch)
				_, err := tx.NewDelete().Table(table.name).Where("(?) IN (?)", bun.Safe(table.row), some).Returning("blob").Exec(ctx, &gone)
				if err != nil {
					return err
				}
				keys := map[string]bool{}
				for _, b := range gone {
					keys[b] = true
				}
				n = len(gone)
				return s.addStaleBlobs(ctx, tx, keys)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// emptyWalked deletes from tables that no index knows a project's rows of (one would cost every row that is
// written): each is walked once through the organisation's, in the order of its key.
func (s *Store) emptyWalked(ctx context.Context, _ Blobs, p *Project) error {
	for _, table := range []struct {
		name string
		key  []string // after org_id
	}{{"spans", []string{"trace_id", "span_id"}}, {"replay_links", []string{"item_kind", "item_id", "replay_id"}}} {
		if err := s.walk(ctx, p, table.name, table.key); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	return nil
}

func (s *Store) walk(ctx context.Context, p *Project, table string, key []string) error {
	columns, last := strings.Join(key, ", "), make([]string, len(key))
	for {
		var seen, mine [][]string
		rows, err := s.read.NewSelect().Table(table).ColumnExpr("project_id, "+columns).Where("org_id = ?", p.OrgID).
			Where("("+columns+") > (?)", bun.List(last)).OrderExpr(columns).Limit(walkBatch).Rows(ctx)
		if err != nil {
			return err
		}
		for rows.Next() {
			row, of := make([]string, len(key)), sql.NullInt64{}
			into := []any{&of}
			for i := range row {
				into = append(into, &row[i])
			}
			if err := rows.Scan(into...); err != nil {
				return errors.Join(err, rows.Close())
			}
			seen = append(seen, row)
			if of.Int64 == p.ID {
				mine = append(mine, row)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(seen) == 0 {
			return err
		}
		for part := range slices.Chunk(mine, chunk) {
			keys := make([]any, len(part))
			for i := range part {
				keys[i] = bun.List(part[i])
			}
			_, err := s.write.NewDelete().Table(table).Where("org_id = ? AND project_id = ?", p.OrgID, p.ID).
				Where("("+columns+") IN (VALUES (?)"+strings.Repeat(", (?)", len(keys)-1)+")", keys...).Exec(ctx)
			if err != nil {
				return err
			}
		}
		last = seen[len(seen)-1]
	}
}

// emptyTables deletes from the tables that are a project's own, those that others refer to last.
func (s *Store) emptyTables(ctx context.Context, _ Blobs, p *Project) error {
	_, err := s.write.NewDelete().Table("release_environments").Where("project_id = ?", p.ID).
		Where("release_id IN (SELECT release_id FROM release_projects WHERE project_id = ?)", p.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("release_environments: %w", err)
	}
	for _, table := range []struct{ name, row, owner string }{
		{"logs", "org_id, log_id", "project_id"},
		{"feedback", "org_id, event_id, project_id", "project_id"},
		{"check_ins", "org_id, check_in_id, project_id", "project_id"},
		{"pending_check_ins", "project_id, monitor_slug, item_id", "project_id"},
		{"monitors", "project_id, slug", "project_id"},
		{"monitor_environments", "project_id, slug, environment", "project_id"},
		{"release_sessions", "project_id, sid", "project_id"},
		{"release_session_counts", "project_id, release, environment, started_ms", "project_id"},
		{"release_projects", "project_id, release_id", "project_id"},
		{"merged_issues", "issue_id", "project_id"},
		{"tombstone_hashes", "project_id, hash", "project_id"},
		{"issue_tombstones", "id", "project_id"},
		{"project_tags", "owner_id, key, value", "owner_id"},
		{"project_tag_keys", "owner_id, key", "owner_id"},
		{"imported_issues", "project_id, source, foreign_id", "project_id"},
		{"ownership_rules", "project_id", "project_id"},
		{"proguard_releases", "project_id, release, uuid", "project_id"},
		{"unmapped_events", "project_id, artifact, event_id", "project_id"},
		{"remap_jobs", "project_id, artifact", "project_id"},
		{"forward_states", "project_id, relay", "project_id"},
		{"project_teams", "project_id, team_id", "project_id"},
		{"project_keys", "public_key", "project_id"},
	} {
		if _, err := s.expire(ctx, table.name, table.row, table.owner+" = ?", p.ID); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	return nil
}
