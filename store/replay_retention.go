package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/settings"
)

// Why a replay is gone.
const (
	GoneDeleted = "deleted"
	GoneExpired = "expired"
)

// ReplayTombstone says why a replay is gone, who deleted it and when.
type ReplayTombstone struct {
	bun.BaseModel `bun:"table:replay_tombstones,alias:rto"`

	OrgID    int64  `bun:"org_id,pk"`
	ReplayID string `bun:"replay_id,pk"`
	Reason   string `bun:"reason"`
	UserID   *int64 `bun:"user_id"`
	GoneMS   int64  `bun:"gone_ms"`
}

// staleBlob is an object that no row names any more.
type staleBlob struct {
	bun.BaseModel `bun:"table:stale_blobs,alias:sb"`

	Blob    string `bun:"blob,pk"`
	SinceMS int64  `bun:"since_ms"`
}

func (s *Store) addStaleBlobs(ctx context.Context, tx bun.Tx, keys map[string]bool) error {
	var rows []staleBlob
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if k != "" {
			rows = append(rows, staleBlob{Blob: k, SinceMS: s.nowMS()})
		}
	}
	return insertIgnore(ctx, tx, rows)
}

// SweepBlobs deletes up to limit objects that no row has named for some time, and says how many it deleted.
func (s *Store) SweepBlobs(ctx context.Context, blobs Blobs, after time.Duration, limit int) (int, error) {
	var keys []string
	err := s.read.NewSelect().Model((*staleBlob)(nil)).Column("blob").Where("since_ms <= ?", s.nowMS()-after.Milliseconds()).
		Order("since_ms", "blob").Limit(int64(limit)).Scan(ctx, &keys)
	if err != nil {
		return 0, border(fmt.Errorf("sweep blobs: %w", err))
	}
	done := make([]string, 0, len(keys))
	var errs []error
	for _, k := range keys {
		if err := blobs.Delete(ctx, k); err != nil {
			errs = append(errs, err)
			continue
		}
		done = append(done, k)
	}
	if len(done) > 0 {
		if _, err := s.write.NewDelete().Model((*staleBlob)(nil)).Where("blob IN (?)", bun.List(done)).Exec(ctx); err != nil {
			errs = append(errs, border(err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return len(done), fmt.Errorf("sweep blobs: %w", err)
	}
	return len(done), nil
}

// DeleteReplay makes a tombstone of a replay: late segments are refused, its links stay and say that
// it was deleted. It gives the keys of the objects that are to be removed now; whoever dies before leaves
// them to [Store.SweepBlobs].
func (s *Store) DeleteReplay(ctx context.Context, scope Scope, replayID string) (blobs []string, err error) {
	return s.buryReplay(ctx, &ReplayTombstone{OrgID: scope.OrgID, ReplayID: replayID, Reason: GoneDeleted})
}

// replayParts are the tables that hold what is known from a recording.
func replayParts() []any {
	return []any{(*ReplaySegment)(nil), (*ReplayTrace)(nil), (*ReplayRequest)(nil), (*ReplayLoad)(nil), (*ReplayView)(nil), (*ReplayChapter)(nil), (*ReplayClick)(nil),
		(*ReplayScreen)(nil), (*ReplaySummary)(nil), (*StaleReplay)(nil)}
}

func (s *Store) buryReplay(ctx context.Context, stone *ReplayTombstone) (blobs []string, err error) {
	org, id := stone.OrgID, stone.ReplayID
	stone.GoneMS = s.nowMS()
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		// The tombstone first: whoever inserts a segment looks at it behind this row's lock.
		res, err := tx.NewUpdate().Model((*Replay)(nil)).Set("state = ?", ReplayDeleted).
			Set("user_json = '{}', user_key = '', urls = '[]', tags = '{}', count_urls = 0, count_dead_clicks = 0, count_rage_clicks = 0").
			Where("org_id = ? AND replay_id = ?", org, id).Exec(ctx)
		if err != nil {
			return err
		}
		if err := someRow(res, "replay %s", id); err != nil {
			return err
		}
		err = tx.NewSelect().Model((*ReplaySegment)(nil)).Column("blob").Distinct().Where("org_id = ? AND replay_id = ?", org, id).Scan(ctx, &blobs)
		if err != nil {
			return err
		}
		keys := map[string]bool{}
		for _, b := range blobs {
			keys[b] = true
		}
		if err := s.addStaleBlobs(ctx, tx, keys); err != nil {
			return err
		}
		for _, model := range replayParts() {
			if _, err := tx.NewDelete().Model(model).Where("org_id = ? AND replay_id = ?", org, id).Exec(ctx); err != nil {
				return err
			}
		}
		if _, err = tx.NewInsert().Model(stone).On("CONFLICT (org_id, replay_id) DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, Scope{OrgID: org}, audited{AuditReplayRemove, "replay", id, id, nil})
	})
	if err != nil {
		return nil, fmt.Errorf("delete replay %s: %w", id, err)
	}
	return blobs, nil
}

// RemoveReplay deletes a replay with its objects: those that rows name, and those that lie beside them (films).
func (s *Store) RemoveReplay(ctx context.Context, blobs Blobs, stone ReplayTombstone) error {
	var segments []ReplaySegment
	err := s.read.NewSelect().Model(&segments).Column("blob").Where("org_id = ? AND replay_id = ?", stone.OrgID, stone.ReplayID).Scan(ctx)
	if err != nil {
		return border(fmt.Errorf("remove replay %s: %w", stone.ReplayID, err))
	}
	beside, err := objectSizes(ctx, blobs, segments)
	if err != nil {
		return fmt.Errorf("remove replay %s: %w", stone.ReplayID, err)
	}
	keys, err := s.buryReplay(ctx, &stone)
	if err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(beside)) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		if k == "" {
			continue
		}
		if err := blobs.Delete(ctx, k); err != nil {
			return fmt.Errorf("remove replay %s: %w", stone.ReplayID, err)
		}
	}
	return nil
}

// ReplayRetention says how long recordings are kept, by the end of a replay. Those that a backend or frontend
// error of an unresolved issue is linked to are worth more than the rest and outlive it.
type ReplayRetention struct {
	Days       int // 0: 90
	ValuedDays int // of replays tied to unresolved issues; 0: 365
}

func (r ReplayRetention) withDefaults() ReplayRetention {
	if r.Days <= 0 {
		r.Days = 90
	}
	if r.ValuedDays <= 0 {
		r.ValuedDays = 365
	}
	r.ValuedDays = max(r.ValuedDays, r.Days)
	return r
}

const day = 24 * time.Hour

// valuedReplay is the condition that a replay has an error of an unresolved issue; its argument is that status.
const valuedReplay = `EXISTS (SELECT 1 FROM replay_links AS fl JOIN issues AS i ON i.id = fl.issue_id AND i.org_id = fl.org_id
	WHERE fl.org_id = r.org_id AND fl.replay_id = r.replay_id AND i.status = ? AND `

// Of gives what a project keeps: its own settings, the server's where it has none.
func (r ReplayRetention) Of(doc settings.Recordings) ReplayRetention {
	if doc.Days > 0 {
		r.Days = doc.Days
	}
	if doc.ValuedDays > 0 {
		r.ValuedDays = doc.ValuedDays
	}
	return r.withDefaults()
}

// keepers are the projects with their settings, which say how long what is theirs is kept.
func (s *Store) keepers(ctx context.Context) ([]Project, []settings.Settings, error) {
	var projects []Project
	if err := s.read.NewSelect().Model(&projects).Column("id", "org_id", "settings", "deleted_ms").Order("id").Scan(ctx); err != nil {
		return nil, nil, border(fmt.Errorf("projects and how long they keep: %w", err))
	}
	docs := make([]settings.Settings, len(projects))
	for i := range projects {
		doc, err := settings.Parse([]byte(projects[i].Settings))
		if err == nil { // what cannot be read keeps as the server does
			docs[i] = doc
		}
	}
	return projects, docs, nil
}

// ExpireReplays removes up to limit recordings that are older than their project keeps them, the oldest first, and
// says how many. keep is what projects keep that say nothing.
func (s *Store) ExpireReplays(ctx context.Context, blobs Blobs, keep ReplayRetention, limit int) (int, error) {
	projects, docs, err := s.keepers(ctx)
	if err != nil {
		return 0, err
	}
	gone := 0
	for i := range projects {
		k := keep.Of(docs[i].Recordings)
		now := s.now()
		var keys []ReplayKey
		err := s.read.NewSelect().TableExpr("replays AS r").ColumnExpr("r.org_id, r.replay_id").
			Where("r.project_id = ? AND r.state = 'live' AND r.finished_ms < ?", projects[i].ID, now.Add(-time.Duration(k.Days)*day).UnixMilli()).
			Where("(r.finished_ms < ? OR NOT "+valuedReplay+countedLink("fl")+"))", now.Add(-time.Duration(k.ValuedDays)*day).UnixMilli(), IssueUnresolved).
			OrderExpr("r.finished_ms").Limit(int64(limit-gone)).Scan(ctx, &keys)
		if err != nil {
			return gone, border(fmt.Errorf("expired replays: %w", err))
		}
		n, err := s.expireAll(ctx, blobs, keys)
		if gone += n; err != nil || gone == limit {
			return gone, err
		}
	}
	return gone, nil
}

func (s *Store) expireAll(ctx context.Context, blobs Blobs, keys []ReplayKey) (int, error) {
	for i, k := range keys {
		if err := s.RemoveReplay(ctx, blobs, ReplayTombstone{OrgID: k.OrgID, ReplayID: k.ReplayID, Reason: GoneExpired}); err != nil {
			return i, err
		}
	}
	return len(keys), nil
}

// ShrinkReplays removes up to limit recordings of projects that hold more bytes of them than they may, those
// without an error of an unresolved issue first, of these the oldest, and says how many. It adds up a project's
// segments: it is for every few minutes.
func (s *Store) ShrinkReplays(ctx context.Context, blobs Blobs, limit int) (int, error) {
	projects, docs, err := s.keepers(ctx)
	if err != nil {
		return 0, err
	}
	gone := 0
	for i := range projects {
		if docs[i].Recordings.MaxBytes == 0 {
			continue
		}
		keys, err := s.overweight(ctx, projects[i].ID, docs[i].Recordings.MaxBytes, limit-gone)
		if err != nil {
			return gone, border(fmt.Errorf("bytes of recordings: %w", err))
		}
		n, err := s.expireAll(ctx, blobs, keys)
		if gone += n; err != nil || gone == limit {
			return gone, err
		}
	}
	return gone, nil
}

// overweight gives the recordings that must go for a project to hold no more than so many bytes.
func (s *Store) overweight(ctx context.Context, project, maxBytes int64, limit int) ([]ReplayKey, error) {
	const bytes = "(SELECT COALESCE(SUM(rs.bytes), 0) FROM replay_segments AS rs WHERE rs.org_id = r.org_id AND rs.replay_id = r.replay_id)"
	mine := func() *bun.SelectQuery {
		return s.read.NewSelect().TableExpr("replays AS r").Where("r.project_id = ? AND r.state = 'live'", project)
	}
	var held int64
	if err := mine().ColumnExpr("COALESCE(SUM("+bytes+"), 0)").Scan(ctx, &held); err != nil || held <= maxBytes {
		return nil, err
	}
	var rows []struct {
		ReplayKey `bun:",extend"`
		Bytes     int64 `bun:"bytes"`
	}
	err := mine().ColumnExpr("r.org_id, r.replay_id, "+bytes+" AS bytes").
		OrderExpr("CASE WHEN "+valuedReplay+countedLink("fl")+") THEN 1 ELSE 0 END, r.finished_ms, r.replay_id", IssueUnresolved).Limit(int64(limit)).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	var keys []ReplayKey
	for _, r := range rows {
		if held <= maxBytes {
			break
		}
		held -= r.Bytes
		keys = append(keys, r.ReplayKey)
	}
	return keys, nil
}

// Tombstones gives why replays are gone, by replay id.
func (s *Store) Tombstones(ctx context.Context, scope Scope, replayIDs []string) (map[string]ReplayTombstone, error) {
	out := map[string]ReplayTombstone{}
	if len(replayIDs) == 0 {
		return out, nil
	}
	var rows []ReplayTombstone
	err := s.read.NewSelect().Model(&rows).Where("org_id = ? AND replay_id IN (?)", scope.OrgID, bun.List(replayIDs)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("tombstones: %w", err))
	}
	for _, r := range rows {
		out[r.ReplayID] = r
	}
	return out, nil
}
