package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// What became of a feedback.
const (
	FeedbackUnresolved = "unresolved"
	FeedbackResolved   = "resolved"
	FeedbackSpam       = "spam"
)

// FeedbackStatuses are all of them, the first is that of what just came.
var FeedbackStatuses = []string{FeedbackUnresolved, FeedbackResolved, FeedbackSpam}

// FeedbackQuery asks for what people wrote. Zero fields: all.
type FeedbackQuery struct {
	ProjectID    int64
	IssueID      int64 // about one of its events
	FromMS, ToMS int64
	Status       string // one of [FeedbackStatuses]
	Page         Page
}

// ListedFeedback is a feedback with the event it is about and the replay it was written in.
type ListedFeedback struct {
	Feedback
	IssueID     *int64  `bun:"issue_id"`
	IssueNumber *int64  `bun:"issue_number"`
	IssueTitle  *string `bun:"issue_title"`
	ReplayID    *string `bun:"replay_id"`
	ReplayPlays bool    `bun:"replay_plays"`
	StartedMS   *int64  `bun:"replay_started_ms"`
}

// Feedbacks gives a page of feedback, the newest first, without payloads.
func (s *Store) Feedbacks(ctx context.Context, scope Scope, in FeedbackQuery) (Paged[ListedFeedback], error) {
	var rows []ListedFeedback
	q := s.feedbacks(scope)
	if in.ProjectID != 0 {
		q = q.Where("fb.project_id = ?", in.ProjectID)
	}
	if in.IssueID != 0 {
		q = q.Where("EXISTS (SELECT 1 FROM events AS fe WHERE fe.org_id = fb.org_id AND fe.event_id = fb.associated_event_id AND fe.issue_id = ?)", in.IssueID)
	}
	if in.FromMS != 0 {
		q = q.Where("fb.timestamp_ms >= ?", in.FromMS)
	}
	if in.ToMS != 0 {
		q = q.Where("fb.timestamp_ms < ?", in.ToMS)
	}
	if in.Status != "" {
		q = q.Where("fb.status = ?", in.Status)
	}
	q = keyset(q, in.Page, order{expr: "fb.timestamp_ms", tie: "fb.event_id", tieValue: textTie})
	if err := q.Scan(ctx, &rows); err != nil {
		return Paged[ListedFeedback]{}, border(fmt.Errorf("list feedback: %w", err))
	}
	return paged(rows, in.Page, func(f ListedFeedback) Cursor { return Cursor{Value: f.TimestampMS, Tie: f.EventID} }), nil
}

// feedbacks are the scope's feedback rows; what hangs on each is asked row by row, by its key.
func (s *Store) feedbacks(scope Scope) *bun.SelectQuery {
	const replay = "(SELECT rl.replay_id FROM replay_links AS rl WHERE rl.org_id = fb.org_id AND rl.item_kind = 'feedback' AND rl.item_id = fb.event_id " +
		"ORDER BY rl.is_primary DESC, rl.replay_id LIMIT 1)"
	const issue = "(SELECT MIN(fe.issue_id) FROM events AS fe WHERE fe.org_id = fb.org_id AND fe.event_id = fb.associated_event_id)"
	return s.read.NewSelect().TableExpr("feedback AS fb").
		Join("LEFT JOIN issues AS i ON i.id = "+issue+" AND i.org_id = fb.org_id").
		Join("LEFT JOIN replays AS r ON r.org_id = fb.org_id AND r.replay_id = "+replay).
		ColumnExpr("fb.org_id, fb.event_id, fb.project_id, fb.timestamp_ms, fb.message, fb.name, fb.contact_email, fb.url, fb.source, fb.associated_event_id").
		ColumnExpr("fb.trace_id, fb.environment, fb.release, fb.user_key, fb.side, fb.received_ms, fb.status").
		ColumnExpr("i.id AS issue_id, i.number AS issue_number, i.title AS issue_title, r.replay_id AS replay_id, r.started_ms AS replay_started_ms").
		ColumnExpr("EXISTS (SELECT 1 FROM replay_segments AS fs WHERE fs.org_id = r.org_id AND fs.replay_id = r.replay_id AND fs.playable) AS replay_plays").
		Where("fb.org_id = ?", scope.OrgID)
}

// OneFeedback gives a feedback of a project by its id.
func (s *Store) OneFeedback(ctx context.Context, scope Scope, projectID int64, id string) (*ListedFeedback, error) {
	f := new(ListedFeedback)
	if err := s.feedbacks(scope).Where("fb.project_id = ? AND fb.event_id = ?", projectID, id).Scan(ctx, f); err != nil {
		return nil, border(fmt.Errorf("feedback %s: %w", id, err))
	}
	return f, nil
}

// FeedbackKey names a feedback: its id is its project's.
type FeedbackKey struct {
	ProjectID int64  `bun:"project_id"`
	EventID   string `bun:"event_id"`
}

// FeedbackBeside gives what was written just before and just after a feedback, among those of a status; of
// all when that is empty. Nil: it is the first or the last.
func (s *Store) FeedbackBeside(ctx context.Context, scope Scope, f *Feedback, status string) (older, newer *FeedbackKey, err error) {
	beside := func(cmp, dir string) (*FeedbackKey, error) {
		var found []FeedbackKey
		q := s.read.NewSelect().TableExpr("feedback AS fb").ColumnExpr("fb.project_id, fb.event_id").Where("fb.org_id = ?", scope.OrgID).
			// The plain bound lets the index seek to the place instead of walking to it.
			Where("fb.timestamp_ms "+cmp+"= ?", f.TimestampMS).
			Where("(fb.timestamp_ms "+cmp+" ? OR fb.event_id "+cmp+" ?)", f.TimestampMS, f.EventID).
			OrderExpr("fb.timestamp_ms " + dir + ", fb.event_id " + dir).Limit(1)
		if status != "" {
			q = q.Where("fb.status = ?", status)
		}
		if err := q.Scan(ctx, &found); err != nil {
			return nil, border(fmt.Errorf("feedback beside %s: %w", f.EventID, err))
		}
		if len(found) == 0 {
			return nil, nil
		}
		return &found[0], nil
	}
	if older, err = beside("<", "DESC"); err != nil {
		return nil, nil, err
	}
	newer, err = beside(">", "ASC")
	return older, newer, err
}

// SetFeedbackStatus says what became of a feedback.
func (s *Store) SetFeedbackStatus(ctx context.Context, scope Scope, projectID int64, id, status string) error {
	return s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*Feedback)(nil)).Set("status = ?", status).
			Where("org_id = ? AND project_id = ? AND event_id = ?", scope.OrgID, projectID, id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("feedback %s: %w", id, err)
		}
		return someRow(res, "feedback %s", id)
	})
}
