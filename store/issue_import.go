package store

import (
	"context"
	"errors"
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
	IssueID   int64  `bun:"issue_id"` // 0: it is of a kind that was discarded here
}

// ForeignIssue is an issue as another server had it.
type ForeignIssue struct {
	Source string // which server and organisation
	ID     string // its id there

	// Issue is what ours becomes; its counts are of all events there. Words that are not ours become their
	// defaults: an unknown status is unresolved.
	Issue Issue
	Event *EventWrite // one of its events, counted already; nil: none is known
}

// ImportedAs says what became of a foreign issue; nothing set: it was here already.
type ImportedAs struct {
	New       bool // it is an issue of its own
	Joined    bool // its event belongs to an issue that was here, which has its counts now
	Discarded bool // issues of its kind were deleted and discarded here
	Event     bool // its event was stored
}

// ImportedIssues says which of a source's issues are here already, and of each whether nothing is missing:
// false is one without a hash, which its next event would not find.
func (s *Store) ImportedIssues(ctx context.Context, scope Scope, projectID int64, source string, ids []string) (map[string]bool, error) {
	var rows []struct {
		ForeignID string `bun:"foreign_id"`
		Whole     bool   `bun:"whole"`
	}
	if len(ids) == 0 {
		return map[string]bool{}, nil
	}
	err := s.read.NewSelect().TableExpr("imported_issues AS ii").Column("ii.foreign_id").
		ColumnExpr("NOT EXISTS (SELECT 1 FROM issues AS i WHERE i.id = ii.issue_id) OR EXISTS (SELECT 1 FROM issue_hashes AS ih WHERE ih.issue_id = ii.issue_id) AS whole").
		Where("ii.project_id = ? AND ii.source = ?", projectID, source).Where("ii.foreign_id IN (?)", bun.List(ids)).
		Where("ii.project_id IN (?)", s.projectIDs(scope)).Scan(ctx, &rows)
	if err != nil {
		return nil, border(fmt.Errorf("imported issues: %w", err))
	}
	out := make(map[string]bool, len(rows))
	for _, r := range rows {
		out[r.ForeignID] = r.Whole
	}
	return out, nil
}

// ImportIssue brings in an issue of another server, once per source and id. Its event is stored with its hashes,
// tags and texts and tells nobody: it is old news. One that is here and has no hash gets those of the event.
func (s *Store) ImportIssue(ctx context.Context, scope Scope, in ForeignIssue) (out ImportedAs, err error) {
	for range 3 {
		err = s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
			im := &issueImport{batch: batch{s: s, tx: tx, out: &Ingested{Known: map[string]bool{}}}, in: &in}
			err := im.run(ctx, scope)
			out = im.is
			return err
		})
		if !errors.Is(err, errIssueGone) {
			break
		}
	}
	if err != nil {
		return ImportedAs{}, fmt.Errorf("import issue %s: %w", in.ID, err)
	}
	return out, nil
}

// issueImport is one ImportIssue under way. It takes its locks in the order of [Store.Ingest].
type issueImport struct {
	batch
	in    *ForeignIssue
	is    ImportedAs
	event *EventWrite // nil: none is known
	homes homes       // of its hashes
}

func (im *issueImport) run(ctx context.Context, scope Scope) error {
	if im.in.Event != nil {
		w := &Write{OrgID: scope.OrgID, ReceivedMS: im.in.Event.Event.ReceivedMS, Events: []EventWrite{*im.in.Event}}
		im.fresh, im.event = []*Write{w}, &w.Events[0]
		im.event.from, im.event.Event.OrgID, im.event.Event.ProjectID = w, scope.OrgID, im.in.Issue.ProjectID
		if err := im.releases(ctx); err != nil {
			return err
		}
	}
	p := new(Project)
	q := im.tx.NewSelect().Model(p).Column("id", "issue_number", "first_event_ms").Where("org_id = ? AND id = ? AND deleted_ms IS NULL", scope.OrgID, im.in.Issue.ProjectID)
	if err := im.s.lockRows(q).Scan(ctx); err != nil {
		return err
	}
	if im.event != nil {
		var err error
		if im.homes, err = im.homesOf(ctx, []*EventWrite{im.event}); err != nil {
			return err
		}
	}
	row := &importedIssue{ProjectID: p.ID, Source: im.in.Source, ForeignID: im.in.ID}
	err := border(im.tx.NewSelect().Model(row).WherePK().Scan(ctx))
	if err == nil {
		return im.complete(ctx, row.IssueID)
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	if row.IssueID, err = im.place(ctx, scope, p); err != nil {
		return err
	}
	_, err = im.tx.NewInsert().Model(row).Returning("NULL").Exec(ctx)
	return err
}

// place finds or makes the issue, and gives its id.
func (im *issueImport) place(ctx context.Context, scope Scope, p *Project) (int64, error) {
	if im.event != nil {
		at, ok := im.homes.of(im.event)
		if at.tombstone != 0 {
			im.is.Discarded = true
			return 0, nil
		}
		if ok {
			im.is.Joined = true
			return im.join(ctx, at.issue)
		}
	}
	i := im.in.Issue
	p.IssueNumber++
	i.ID, i.OrgID, i.Number, i.CreatedMS = 0, scope.OrgID, p.IssueNumber, im.s.nowMS()
	if im.event != nil {
		i.learn(im.event)
		if p.FirstEventMS == nil {
			p.FirstEventMS = &im.event.Event.ReceivedMS
		}
	}
	im.s.settleImported(&i)
	if _, err := im.tx.NewInsert().Model(&i).Returning("id").Exec(ctx); err != nil {
		return 0, err
	}
	if _, err := im.tx.NewUpdate().Model(p).Column("issue_number", "first_event_ms").WherePK().Exec(ctx); err != nil {
		return 0, err
	}
	im.is.New = true
	if im.event == nil { // it is found by its text all the same
		return i.ID, keepTexts(ctx, im.tx, []*EventWrite{{Event: Event{OrgID: i.OrgID, IssueID: i.ID, Title: i.Title, Culprit: i.Culprit}, Issue: i}})
	}
	if err := im.insertHashes(ctx, im.event, i.ID, im.homes); err != nil {
		return 0, err
	}
	return i.ID, im.keep(ctx, i.ID)
}

// join counts the issue into one that is here. Where the event is here too, the projects are one stream of events that
// was sent to both, and the larger count has the smaller; else the counts are of events before and after.
func (im *issueImport) join(ctx context.Context, id int64) (int64, error) {
	if err := im.holdIssues(ctx, []*EventWrite{im.event}, im.homes); err != nil {
		return 0, err
	}
	i := new(Issue)
	if err := im.tx.NewSelect().Model(i).Where("id = ?", id).Scan(ctx); err != nil {
		return 0, err
	}
	other, err := im.tx.NewSelect().Model((*importedIssue)(nil)).Where("issue_id = ?", id).Exists(ctx)
	if err != nil {
		return 0, err
	}
	if err := im.keep(ctx, id); err != nil {
		return 0, err
	}
	in := im.in.Issue
	im.s.settleImported(&in)
	if im.is.Event {
		i.TimesSeen += in.TimesSeen
	}
	i.TimesSeen, i.UsersSeen = max(i.TimesSeen, in.TimesSeen), max(i.UsersSeen, in.UsersSeen)
	if in.FirstSeenMS < i.FirstSeenMS {
		i.FirstSeenMS, i.FirstRelease = in.FirstSeenMS, in.FirstRelease
	}
	i.LastSeenMS = max(i.LastSeenMS, in.LastSeenMS)
	if i.AssigneeID == nil && i.AssigneeTeamID == nil {
		i.AssigneeID, i.AssigneeTeamID = in.AssigneeID, in.AssigneeTeamID
	}
	if other && in.Status == IssueUnresolved && i.Status != IssueUnresolved { // of two there that are one here, an open one is not hidden
		i.setStatus(IssueUnresolved, SubstatusOngoing, i.LastSeenMS, nil)
	}
	_, err = im.tx.NewUpdate().Model(i).WherePK().Exec(ctx)
	return id, err
}

// complete gives an issue that was imported without an event one, with its hashes.
func (im *issueImport) complete(ctx context.Context, id int64) error {
	if im.event == nil {
		return nil
	}
	if at, ok := im.homes.of(im.event); ok && at.issue != id {
		return nil // of an issue that came meanwhile, or of a discarded kind: a person may merge the two
	}
	held, err := im.s.lockIssues(ctx, im.tx, Scope{OrgID: im.event.Event.OrgID}, []int64{id})
	if err != nil || len(held) == 0 { // deleted here
		return err
	}
	if err := im.keep(ctx, id); err != nil {
		return err
	}
	held[0].learn(im.event)
	_, err = im.tx.NewUpdate().Model(&held[0]).Column("last_release", "first_release", "platform", "logger", "unhandled").WherePK().Exec(ctx)
	return err
}

// keep stores the event in its issue, with what it is found by. It counts as one that was counted already.
func (im *issueImport) keep(ctx context.Context, id int64) error {
	e := im.event
	e.Event.IssueID, e.Event.Hash = id, e.Hashes[0]
	if err := im.nameIssues(ctx, []*EventWrite{e}, im.homes); err != nil {
		return err
	}
	stored, err := im.insertEvents(ctx, []*EventWrite{e})
	if err != nil || len(stored) == 0 { // the event is here: what the old server has was sent to both
		return err
	}
	im.is.Event, im.stored = true, stored
	if _, err := im.countUsers(ctx, stored); err != nil {
		return err
	}
	if _, err := im.countHours(ctx, stored); err != nil {
		return err
	}
	if err := im.unmapped(ctx, stored); err != nil {
		return err
	}
	return im.tags(ctx)
}

// learn takes from an event of the issue what the old server did not say of the issue.
func (i *Issue) learn(e *EventWrite) {
	if i.LastRelease = e.Event.Release; i.TimesSeen <= 1 {
		i.FirstRelease = e.Event.Release
	}
	if i.Platform == "" {
		i.Platform = e.Event.Platform
	}
	if i.Logger == "" {
		i.Logger = e.Issue.Logger
	}
	i.TimesSeen = max(i.TimesSeen, 1)
	if e.Event.UserKey != "" {
		i.UsersSeen = max(i.UsersSeen, 1)
	}
	i.Unhandled = i.Unhandled || e.Event.Unhandled
}

// settleImported makes an issue of elsewhere one that ours could be.
func (s *Store) settleImported(i *Issue) {
	if i.LastSeenMS == 0 {
		i.LastSeenMS = s.nowMS()
	}
	if i.FirstSeenMS == 0 {
		i.FirstSeenMS = i.LastSeenMS
	}
	switch i.Status {
	case IssueResolved:
		i.Substatus = ""
		i.StatusChangedMS = &i.LastSeenMS // when is not told; no earlier
	case IssueIgnored:
		i.settleArchived()
		i.StatusChangedMS = &i.LastSeenMS
	default:
		i.Status, i.Substatus = IssueUnresolved, SubstatusOngoing
	}
	if i.Level == "" {
		i.Level = "error"
	}
	if i.Type == "" {
		i.Type = "error"
	}
	switch i.Priority {
	case PriorityHigh, PriorityMedium, PriorityLow:
	default:
		i.Priority = firstPriority(i.Level, i.Unhandled)
	}
}

// settleArchived gives an archived issue what it waits for; without any it stays until somebody looks.
func (i *Issue) settleArchived() {
	switch {
	case i.IgnoreUntilMS != nil || i.IgnoreEvents != nil || i.IgnoreUsers != nil:
		i.Substatus = SubstatusUntilCondition
	case i.Substatus == SubstatusUntilEscalating:
		above := escalateAbove(0) // its hours are the old server's
		i.EscalateEvents = &above
	default:
		i.Substatus = SubstatusForever
	}
}
