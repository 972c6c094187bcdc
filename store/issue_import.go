package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// importedIssue remembers which issue of another server became one of ours, also after ours is deleted: what
// a person deleted does not come back.
type importedIssue struct {
	bun.BaseModel `bun:"table:imported_issues,alias:ii"`

	ProjectID int64  `bun:"project_id,pk"`
	Source    string `bun:"source,pk"`
	ForeignID string `bun:"foreign_id,pk"`
	IssueID   int64  `bun:"issue_id"`
}

// ImportIssue makes an issue as another server had it, once per source and foreign id, and says whether it is
// new. It has no hashes and no events. With look nothing is written. Words that are not ours become their
// defaults: an unknown status is unresolved.
func (s *Store) ImportIssue(ctx context.Context, scope Scope, source, foreignID string, i Issue, look bool) (created bool, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		p := new(Project)
		q := tx.NewSelect().Model(p).Column("id", "issue_number").Where("org_id = ? AND id = ? AND deleted_ms IS NULL", scope.OrgID, i.ProjectID)
		if err := s.lockRows(q).Scan(ctx); err != nil {
			return err
		}
		known, err := tx.NewSelect().Model((*importedIssue)(nil)).Where("project_id = ? AND source = ? AND foreign_id = ?", p.ID, source, foreignID).Exists(ctx)
		if created = err == nil && !known; err != nil || known || look {
			return err
		}
		p.IssueNumber++
		i.ID, i.OrgID, i.Number, i.CreatedMS = 0, scope.OrgID, p.IssueNumber, s.nowMS()
		s.settleImported(&i)
		if _, err := tx.NewInsert().Model(&i).Returning("id").Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(p).Column("issue_number").WherePK().Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&importedIssue{ProjectID: p.ID, Source: source, ForeignID: foreignID, IssueID: i.ID}).Returning("NULL").Exec(ctx)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("import issue %s: %w", foreignID, err)
	}
	return created, nil
}

// settleImported makes an issue of elsewhere one that ours could be.
func (s *Store) settleImported(i *Issue) {
	switch i.Status {
	case IssueResolved:
		i.Substatus = ""
	case IssueIgnored: // until when is the other server's; it stays until somebody looks
		i.Substatus = SubstatusForever
	default:
		i.Status, i.Substatus = IssueUnresolved, SubstatusOngoing
	}
	if i.Level == "" {
		i.Level = "error"
	}
	if i.Type == "" {
		i.Type = "error"
	}
	if i.LastSeenMS == 0 {
		i.LastSeenMS = s.nowMS()
	}
	if i.FirstSeenMS == 0 {
		i.FirstSeenMS = i.LastSeenMS
	}
	i.Priority = firstPriority(i.Level, i.Unhandled)
}
