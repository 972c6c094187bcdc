package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// How long rows are kept whose age alone decides.
const (
	// keepStoredMessages is longer than a message can be on its way, so that no redelivery finds its
	// guard gone. What waits longer is in the dead letters, and sent again by a person: that changes
	// nothing either, as events, spans and segments have keys of their own.
	keepStoredMessages = 7 * 24 * time.Hour
	keepOutcomes       = 90 * 24 * time.Hour
	// keepHints is how long an error may wait for the recording that it could be found by: recordings are
	// kept for no more than a year, their first segment comes within hours.
	keepHints      = 30 * 24 * time.Hour
	keepDeliveries = 30 * 24 * time.Hour
	keepFires      = 90 * 24 * time.Hour // longer than any rule's interval
	keepCheckIns   = 90 * 24 * time.Hour
	keepAssemblies = 30 * 24 * time.Hour // what was uploaded stays; asked again it is put together again
	keepJobs       = 30 * 24 * time.Hour // of issues that were merged, taken apart or deleted
	keepUnmapped   = 30 * 24 * time.Hour // a source map that comes later maps new events only
)

// expireBatch is how many rows one transaction deletes: on SQLite it holds the only writing
// connection meanwhile.
const expireBatch = 1000

// Expired counts what [Store.Expire] deleted.
type Expired struct {
	Hints                                                                int64 // of errors, sessions, expectations and losses of replays
	StoredMessages, Outcomes, SignInLinks, UserSessions, PendingCheckIns int64

	AlertDeliveries, AlertFires int64
	CheckIns                    int64
	Assemblies, UnmappedEvents  int64
	AuditEntries, IssueJobs     int64
}

// Expire deletes rows that are too old to be of use: guards of stored messages after 7 days,
// outcomes and runs of monitors after 90, how uploads went and what events wait for after 30, sign-in links and sessions that
// have ended, and check-ins that waited for their
// monitor in vain, which get their outcome. API tokens stay: their owner sees
// that they expired. It works in small transactions and can be stopped at any time; what is left
// goes the next time.
//
// Ages are those of the rows themselves, so a clock that jumps forward deletes early: the caller
// runs it at intervals of hours and not on a clock it does not trust.
func (s *Store) Expire(ctx context.Context) (Expired, error) {
	now := s.now()
	var e Expired
	for _, step := range []struct {
		count *int64
		table string
		row   string // what names a row, in both engines
		where string
		than  time.Time
	}{
		{&e.StoredMessages, "stored_messages", "message_id", "received_ms < ?", now.Add(-keepStoredMessages)},
		{&e.Outcomes, "outcomes", "org_id, minute_ms, project_id, public_key, category, outcome, reason", "minute_ms < ?", now.Add(-keepOutcomes)},
		{&e.Hints, "event_hints", "org_id, event_id, project_id", "ts_ms < ?", now.Add(-keepHints)},
		{&e.Hints, "item_sessions", "org_id, session_id, item_kind, item_id", "received_ms < ?", now.Add(-keepHints)},
		{&e.Hints, "expected_replays", "org_id, trace_id", "first_ms < ?", now.Add(-keepHints)},
		{&e.Hints, "replay_losses", "org_id, replay_id, reason", "first_ms < ?", now.Add(-keepOutcomes)},
		{&e.SignInLinks, "sign_in_links", "token_hash", "expires_ms <= ?", now},
		{&e.UserSessions, "user_sessions", "token_hash", "expires_ms <= ?", now},
		{&e.AlertDeliveries, "alert_deliveries", "id", "status <> 'pending' AND created_ms < ?", now.Add(-keepDeliveries)},
		{&e.AlertFires, "alert_fires", "rule_id, issue_id", "last_ms < ?", now.Add(-keepFires)},
		{&e.CheckIns, "check_ins", "org_id, check_in_id, project_id", "started_ms < ?", now.Add(-keepCheckIns)},
		{&e.AuditEntries, "audit_log", "id", "created_ms < ?", now.Add(-keepAudit)},
		{&e.Assemblies, "assemblies", "id", "updated_ms < ?", now.Add(-keepAssemblies)},
		{&e.IssueJobs, "issue_jobs", "id", "done AND updated_ms < ?", now.Add(-keepJobs)},
		{&e.UnmappedEvents, "unmapped_events", "project_id, artifact, event_id", "received_ms < ?", now.Add(-keepUnmapped)},
	} {
		n, err := s.expire(ctx, step.table, step.row, step.where, step.than.UnixMilli())
		*step.count += n
		if err != nil {
			return e, fmt.Errorf("expire %s: %w", step.table, border(err))
		}
	}
	n, err := s.expireCheckIns(ctx, now.Add(-keepPendingCheckIns).UnixMilli())
	if e.PendingCheckIns = n; err != nil {
		return e, fmt.Errorf("expire pending check-ins: %w", border(err))
	}
	return e, nil
}

// expire deletes rows in batches until none is left. Table, row and where are constants of this file.
func (s *Store) expire(ctx context.Context, table, row, where string, thanMS int64) (int64, error) {
	total := int64(0)
	for {
		old := s.write.NewSelect().Table(table).ColumnExpr(row).Where(where, thanMS).Limit(expireBatch)
		res, err := s.write.NewDelete().Table(table).Where("(?) IN (?)", bun.Safe(row), old).Exec(ctx)
		if err != nil {
			return total, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return total, err
		}
		total += n
		if n < expireBatch {
			return total, nil
		}
	}
}
