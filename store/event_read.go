package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

func textTie(tie string) any { return tie }

// Event gives an event of one of the scope's projects, with its payload.
func (s *Store) Event(ctx context.Context, scope Scope, projectID int64, eventID string) (*Event, error) {
	e := new(Event)
	err := s.read.NewSelect().Model(e).Where("e.project_id = ? AND e.event_id = ?", projectID, eventID).
		Where("e.org_id = ?", scope.OrgID).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("event %s: %w", eventID, err))
	}
	return e, nil
}

// EventsByID gives the scope's events with one of these ids, without payloads. Event ids are unique
// per project, so there may be several of one id.
func (s *Store) EventsByID(ctx context.Context, scope Scope, eventIDs []string) ([]Event, error) {
	var rows []Event
	if len(eventIDs) == 0 {
		return nil, nil
	}
	err := s.read.NewSelect().Model(&rows).ExcludeColumn("payload").Where("e.org_id = ?", scope.OrgID).
		Where("e.event_id IN (?)", bun.List(eventIDs)).Where("e.project_id IN (?)", s.projectIDs(scope)).Order("e.project_id").Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("events by id: %w", err))
	}
	return rows, nil
}

// IssueEvent gives the first event of an issue in time order, or with newest the last, with its
// payload. Environments narrow it.
func (s *Store) IssueEvent(ctx context.Context, scope Scope, issueID int64, newest bool, environments []string) (*Event, error) {
	e := new(Event)
	ids, err := s.mergingInto(ctx, issueID)
	if err != nil {
		return nil, err
	}
	q := s.read.NewSelect().Model(e).Where("e.issue_id IN (?) AND e.org_id = ?", bun.List(ids), scope.OrgID)
	if len(environments) > 0 {
		q = q.Where("e.environment IN (?)", bun.List(environments))
	}
	dir := "ASC"
	if newest {
		dir = "DESC"
	}
	if err := q.OrderExpr("e.timestamp_ms " + dir + ", e.event_id " + dir).Limit(1).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("event of issue %d: %w", issueID, err))
	}
	return e, nil
}

// IssueEventWithReplay gives the newest event of an issue whose primary replay plays, or [ErrNotFound].
func (s *Store) IssueEventWithReplay(ctx context.Context, scope Scope, issueID int64, environments []string) (*Event, error) {
	e := new(Event)
	q := s.read.NewSelect().Model(e).
		Join("JOIN replay_links AS fl ON fl.org_id = e.org_id AND fl.item_kind = ? AND fl.item_id = e.event_id AND fl.issue_id = e.issue_id", ItemEvent).
		Where("fl.org_id = ? AND fl.issue_id = ? AND fl.is_primary", scope.OrgID, issueID).Where(countedLink("fl")).
		Where("EXISTS (SELECT 1 FROM replay_segments AS fs WHERE fs.org_id = fl.org_id AND fs.replay_id = fl.replay_id AND fs.playable)").
		Where("EXISTS (SELECT 1 FROM replays AS fr WHERE fr.org_id = fl.org_id AND fr.replay_id = fl.replay_id AND fr.state = ?)", ReplayLive)
	if len(environments) > 0 {
		q = q.Where("e.environment IN (?)", bun.List(environments))
	}
	if err := q.OrderExpr("fl.ts_ms DESC").Limit(1).Scan(ctx); err != nil {
		return nil, border(fmt.Errorf("event with a replay of issue %d: %w", issueID, err))
	}
	return e, nil
}

// IssueNeighbours gives the ids of the events before and after one in its issue, empty at an end.
func (s *Store) IssueNeighbours(ctx context.Context, scope Scope, e *Event) (previous, next string, err error) {
	one := func(cmp, dir string) (id string, err error) {
		var ids []string
		err = s.read.NewSelect().Model((*Event)(nil)).Column("event_id").
			Where("e.issue_id = ? AND e.org_id = ?", e.IssueID, scope.OrgID).
			Where("(e.timestamp_ms "+cmp+" ? OR (e.timestamp_ms = ? AND e.event_id "+cmp+" ?))", e.TimestampMS, e.TimestampMS, e.EventID).
			Where("e.timestamp_ms "+cmp+"= ?", e.TimestampMS).
			OrderExpr("e.timestamp_ms "+dir+", e.event_id "+dir).Limit(1).Scan(ctx, &ids)
		return strings.Join(ids, ""), border(err)
	}
	if previous, err = one("<", "DESC"); err != nil {
		return "", "", fmt.Errorf("event before %s: %w", e.EventID, err)
	}
	if next, err = one(">", "ASC"); err != nil {
		return "", "", fmt.Errorf("event after %s: %w", e.EventID, err)
	}
	return previous, next, nil
}

// IssueSides says from which side the newest event of each issue came. The ids must be of issues that
// were read with a scope.
func (s *Store) IssueSides(ctx context.Context, scope Scope, ids []int64) (map[int64]string, error) {
	out := map[int64]string{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []struct {
		ID   int64  `bun:"id"`
		Side string `bun:"side"`
	}
	err := s.read.NewSelect().TableExpr("issues AS i").ColumnExpr("i.id").
		ColumnExpr("COALESCE((SELECT e.side FROM events AS e WHERE e.issue_id = i.id ORDER BY e.timestamp_ms DESC, e.event_id DESC LIMIT 1), '') AS side").
		Where("i.org_id = ?", scope.OrgID).Where("i.id IN (?)", bun.List(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("sides of issues: %w", err))
	}
	for _, r := range rows {
		out[r.ID] = r.Side
	}
	return out, nil
}

// Environments lists the names that events of the scope came with, in order. It hops from name to
// name through the index: the cost is the number of names, not of events.
func (s *Store) Environments(ctx context.Context, scope Scope) ([]string, error) {
	var names []string
	err := s.read.NewRaw(`WITH RECURSIVE names (name) AS (
		SELECT MIN(environment) FROM events WHERE org_id = ?
		UNION ALL
		SELECT (SELECT MIN(environment) FROM events WHERE org_id = ? AND environment > names.name) FROM names WHERE names.name IS NOT NULL
	) SELECT name FROM names WHERE name IS NOT NULL AND name <> '' LIMIT 1000`, scope.OrgID, scope.OrgID).Scan(ctx, &names)
	if err != nil {
		return nil, border(fmt.Errorf("environments: %w", err))
	}
	return names, nil
}

// Attachments lists the files of an event.
func (s *Store) Attachments(ctx context.Context, scope Scope, projectID int64, eventID string) ([]Attachment, error) {
	var rows []Attachment
	err := s.read.NewSelect().Model(&rows).Where("a.project_id = ? AND a.event_id = ?", projectID, eventID).
		Where("a.org_id = ?", scope.OrgID).Order("a.id").Limit(maxPage).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("attachments of event %s: %w", eventID, err))
	}
	return rows, nil
}
