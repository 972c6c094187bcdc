package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/settings"
)

// How much is looked at to say what a kind takes: rows that are counted one by one, and rows whose bytes
// are added up. Of more the rest is reckoned.
const (
	storageCounted = 2000
	storageSampled = 200
)

// Kinds of what is kept, by where it lies.
const (
	StorageErrors      = "errors"
	StorageSpans       = "spans"
	StorageLogs        = "logs"
	StorageReplays     = "replays"
	StorageAttachments = "attachments"
	StorageItems       = "items" // metrics, profiles and others
	StorageSessions    = "sessions"
	StorageFeedback    = "feedback"
	StorageUploads     = "uploads" // source maps and debug files
)

// How sure a [StorageUse] is.
const (
	StorageExact   = "exact"
	StorageAbout   = "about"
	StorageAtLeast = "at least"
)

// StorageUse is what one kind takes. Bytes are those of the payloads as they lie there; indexes come on top.
type StorageUse struct {
	Kind     string
	Rows     int64
	Bytes    int64
	OldestMS int64 // of the oldest that is kept; 0: not known, or none
	Sure     string
}

// KeptDays says how many days a project keeps a kind, keep and recordings being what the server does for projects that
// say nothing; 0: until it is deleted.
func KeptDays(kind string, doc *settings.Settings, keep settings.Retention, recordings ReplayRetention) int {
	k := doc.Retention.Or(keep)
	switch kind {
	case StorageReplays:
		return recordings.Of(doc.Recordings).Days
	case StorageErrors:
		return k.Events
	case StorageAttachments:
		return max(k.Events, k.Feedback)
	case StorageFeedback:
		return k.Feedback
	case StorageSpans:
		return k.Spans
	case StorageLogs:
		return k.Logs
	case StorageItems:
		return k.Items
	case StorageSessions:
		return k.Sessions
	}
	return 0
}

// storageTable is where a kind lies: rows of an owner, which an index gives in the order of time. The plus keeps
// planners from an index of the organisation, through which they would walk past all its other projects.
type storageTable struct {
	kind, table, where, time, bytes string
	perMS                           int64 // units of time in a millisecond
}

// StorageOfProject says what each kind takes in one of the scope's projects. It looks at a bounded number of
// rows of each, by an index.
func (s *Store) StorageOfProject(ctx context.Context, scope Scope, projectID int64) ([]StorageUse, error) {
	var out []StorageUse
	for _, t := range []storageTable{
		{StorageErrors, "events", "+t.org_id = ? AND t.project_id = ?", "timestamp_ms", "LENGTH(payload)", 1},
		{StorageLogs, "logs", "+t.org_id = ? AND t.project_id = ?", "timestamp_us", "LENGTH(body) + LENGTH(attributes)", 1000},
		{StorageItems, "raw_items", "+t.org_id = ? AND t.project_id = ?", "received_ms", "t.size", 1},
		{StorageSessions, "release_sessions", "+t.org_id = ? AND t.project_id = ?", "started_ms", "LENGTH(t.sid) + LENGTH(t.did) + LENGTH(t.release) + 64", 1},
		{StorageFeedback, "feedback", "+t.org_id = ? AND t.project_id = ?", "timestamp_ms", "LENGTH(t.payload)", 1},
		{StorageAttachments, "attachments", "+t.org_id = ? AND t.project_id = ?", "received_ms", "t.size", 1},
		{StorageReplays, "replays", "+t.org_id = ? AND t.project_id = ? AND t.state = 'live'", "finished_ms",
			"(SELECT COALESCE(SUM(rs.bytes), 0) FROM replay_segments AS rs WHERE rs.org_id = t.org_id AND rs.replay_id = t.replay_id)", 1},
	} {
		u, err := s.timedUse(ctx, t, scope.OrgID, projectID)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	for _, t := range []storageTable{
		{kind: StorageUploads, table: "artifact_releases AS r JOIN artifact_bundles AS t ON t.id = r.bundle_id", where: "+r.org_id = ? AND r.project_id = ?", time: "t.created_ms", bytes: "t.size"},
		{kind: StorageUploads, table: "debug_files AS t", where: "+t.org_id = ? AND t.project_id = ?", time: "t.created_ms", bytes: "t.size"},
	} {
		u, err := s.countedUse(ctx, t, scope.OrgID, projectID)
		if err != nil {
			return nil, err
		}
		if last := len(out) - 1; out[last].Kind == u.Kind {
			out[last] = added(out[last], u)
			continue
		}
		out = append(out, u)
	}
	return out, nil
}

// StorageOfSpans says what spans take in the scope's organisation: traces go through projects, and no index
// knows a project's.
func (s *Store) StorageOfSpans(ctx context.Context, scope Scope) (StorageUse, error) {
	return s.timedUse(ctx, storageTable{StorageSpans, "spans", "t.org_id = ?", "start_us", "LENGTH(payload)", 1000}, scope.OrgID)
}

// added is what two parts of a kind take.
func added(a, b StorageUse) StorageUse {
	a.Rows, a.Bytes = a.Rows+b.Rows, a.Bytes+b.Bytes
	if a.OldestMS == 0 || b.OldestMS != 0 && b.OldestMS < a.OldestMS {
		a.OldestMS = b.OldestMS
	}
	if b.Sure != StorageExact {
		a.Sure = b.Sure
	}
	return a
}

// timedUse counts the newest rows; of older ones it takes that they lie as close in time as those.
func (s *Store) timedUse(ctx context.Context, t storageTable, owner ...any) (StorageUse, error) {
	u := StorageUse{Kind: t.kind, Sure: StorageExact}
	rows := func(expr, dir string, limit int) *bun.SelectQuery {
		return s.read.NewSelect().TableExpr(t.table+" AS t").ColumnExpr(expr).Where(t.where, owner...).Where("? IS NOT NULL", bun.Safe(t.time)).
			OrderExpr(t.time + " " + dir).Limit(int64(limit))
	}
	var newest, edge, bytes, sampled int64
	err := s.read.NewSelect().TableExpr("(?) AS c", rows(t.time+" AS moment", "DESC", storageCounted+1)).
		ColumnExpr("COUNT(*), COALESCE(MAX(moment), 0), COALESCE(MIN(moment), 0)").Scan(ctx, &u.Rows, &newest, &edge)
	if err == nil && u.Rows > 0 {
		err = s.read.NewSelect().TableExpr("(?) AS c", rows(t.bytes+" AS bytes", "DESC", storageSampled)).
			ColumnExpr("COUNT(*), COALESCE(SUM(bytes), 0)").Scan(ctx, &sampled, &bytes)
	}
	if err != nil {
		return u, border(fmt.Errorf("storage of %s: %w", t.kind, err))
	}
	if u.Rows == 0 {
		return u, nil
	}
	oldest := edge
	if u.Rows > storageCounted {
		if err := rows(t.time, "ASC", 1).Scan(ctx, &oldest); err != nil {
			return u, border(fmt.Errorf("oldest of %s: %w", t.kind, err))
		}
		u.Rows = reckoned(storageCounted, newest-edge, newest-oldest)
		u.Sure = StorageAbout
	}
	if u.Bytes = bytes; u.Rows > sampled {
		u.Bytes, u.Sure = int64(float64(bytes)/float64(sampled)*float64(u.Rows)), StorageAbout
	}
	u.OldestMS = oldest / t.perMS
	return u, nil
}

// reckoned is how many rows there are in whole when so many lie in a part of the time.
func reckoned(rows, part, whole int64) int64 {
	if part <= 0 || whole < part {
		return rows
	}
	return int64(float64(rows) * float64(whole) / float64(part))
}

// countedUse counts rows that no index has in the order of time, up to a bound.
func (s *Store) countedUse(ctx context.Context, t storageTable, owner ...any) (StorageUse, error) {
	u := StorageUse{Kind: t.kind, Sure: StorageExact}
	some := s.read.NewSelect().TableExpr(t.table).ColumnExpr(t.bytes+" AS bytes, "+t.time+" AS moment").Where(t.where, owner...).Limit(storageCounted + 1)
	err := s.read.NewSelect().TableExpr("(?) AS c", some).ColumnExpr("COUNT(*), COALESCE(SUM(bytes), 0), COALESCE(MIN(moment), 0)").Scan(ctx, &u.Rows, &u.Bytes, &u.OldestMS)
	if err != nil {
		return u, border(fmt.Errorf("storage of %s: %w", t.kind, err))
	}
	if u.Rows > storageCounted {
		u.Sure = StorageAtLeast
	}
	return u, nil
}
