package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// IssueHash sends the events of one grouping hash to an issue. Hashes that events bring along without
// having chosen their issue by them are its other names.
type IssueHash struct {
	bun.BaseModel `bun:"table:issue_hashes,alias:ih"`

	ProjectID int64  `bun:"project_id,pk"`
	Hash      string `bun:"hash,pk"`
	Algorithm string `bun:"algorithm"`
	IssueID   int64  `bun:"issue_id"`
	Chose     bool   `bun:"chose"` // it was the first hash of at least one event
}

type hashKey struct {
	project int64
	hash    string
}

// home is where a hash leads: to an issue, or to a tombstone.
type home struct {
	issue, tombstone int64
	chose            bool
}

type homes map[hashKey]home

// of finds where an event goes: by its hashes in their order, then by those of older algorithms, the
// first known one winning. So a hash that was taken out of an issue leads where it was put, whatever its
// event's other names say, and a new algorithm finds the issues of the old one.
func (hs homes) of(e *EventWrite) (home, bool) {
	for _, list := range [][]string{e.Hashes, e.Older} {
		for _, h := range list {
			if at, ok := hs[hashKey{e.Event.ProjectID, h}]; ok {
				return at, true
			}
		}
	}
	return home{}, false
}

// IssueByHashes gives the issue that the first known of some hashes leads to, or [ErrNotFound].
func (s *Store) IssueByHashes(ctx context.Context, scope Scope, projectID int64, hashes []string) (*Issue, error) {
	var rows []IssueHash
	err := s.read.NewSelect().Model(&rows).Where("ih.project_id = ?", projectID).Where("ih.hash IN (?)", bun.List(hashes)).Scan(ctx)
	if err != nil {
		return nil, border(fmt.Errorf("issue by hash: %w", err))
	}
	for _, h := range hashes {
		if i := slices.IndexFunc(rows, func(r IssueHash) bool { return r.Hash == h }); i >= 0 {
			return s.Issue(ctx, scope, rows[i].IssueID)
		}
	}
	return nil, fmt.Errorf("issue by hash: %w", ErrNotFound)
}

func (e *EventWrite) allHashes() []string { return append(slices.Clone(e.Hashes), e.Older...) }

// resolveIssues gives each event its issue and makes the issues that are missing. It returns the events
// to store, without those that are to be discarded, and the ids of the issues it made.
func (b *batch) resolveIssues(ctx context.Context, es []*EventWrite) (kept []*EventWrite, created []int64, err error) {
	if len(es) == 0 {
		return nil, nil, nil
	}
	known, err := b.homesOf(ctx, es)
	if err != nil {
		return nil, nil, err
	}
	if kept, err = b.discard(ctx, es, known); err != nil {
		return nil, nil, err
	}
	missing := map[int64]bool{}
	for _, e := range kept {
		if _, ok := known.of(e); !ok {
			missing[e.Event.ProjectID] = true
		}
	}
	if len(missing) > 0 {
		if created, err = b.createIssues(ctx, kept, known, missing); err != nil {
			return nil, nil, err
		}
		if kept, err = b.discard(ctx, kept, known); err != nil { // discarded a moment ago
			return nil, nil, err
		}
	}
	if err := b.holdIssues(ctx, kept, known); err != nil {
		return nil, nil, err
	}
	for _, e := range kept {
		at, _ := known.of(e)
		e.Event.IssueID, e.Event.Hash = at.issue, e.Hashes[0]
	}
	return kept, created, b.nameIssues(ctx, kept, known)
}

// homesOf looks up the hashes of events.
func (b *batch) homesOf(ctx context.Context, es []*EventWrite) (homes, error) {
	out := homes{}
	for project, hs := range byProject(es, (*EventWrite).allHashes) {
		var rows []IssueHash
		err := b.tx.NewSelect().Model(&rows).Column("project_id", "hash", "issue_id", "chose").
			Where("project_id = ?", project).Where("hash IN (?)", bun.List(hs)).Scan(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[hashKey{r.ProjectID, r.Hash}] = home{issue: r.IssueID, chose: r.Chose}
		}
		var stones []tombstoneHash
		err = b.tx.NewSelect().Model(&stones).Where("project_id = ?", project).Where("hash IN (?)", bun.List(hs)).Scan(ctx)
		if err != nil {
			return nil, err
		}
		for _, t := range stones {
			out[hashKey{t.ProjectID, t.Hash}] = home{tombstone: t.TombstoneID}
		}
	}
	return out, nil
}

// holdIssues keeps the issues of a batch from being merged or deleted until it is stored. An issue that
// went away since its hash was read is looked for again.
func (b *batch) holdIssues(ctx context.Context, es []*EventWrite, known homes) error {
	if !b.s.postgres() || len(es) == 0 { // on SQLite nobody else writes meanwhile
		return nil
	}
	for range 5 {
		want := map[int64]bool{}
		for _, e := range es {
			at, _ := known.of(e)
			want[at.issue] = true
		}
		var held []int64
		q := b.tx.NewSelect().Model((*Issue)(nil)).Column("id").Where("id IN (?)", bun.List(slices.Sorted(maps.Keys(want)))).Order("id")
		if err := b.s.lockRows(q).Scan(ctx, &held); err != nil {
			return err
		}
		if len(held) == len(want) {
			return nil
		}
		for _, id := range held {
			delete(want, id)
		}
		again, err := b.homesOf(ctx, es)
		if err != nil {
			return err
		}
		for k, at := range known { // of an issue that is gone
			if want[at.issue] {
				delete(known, k)
			}
		}
		maps.Copy(known, again)
		for _, e := range es {
			if at, ok := known.of(e); !ok || at.tombstone != 0 {
				return errIssueGone
			}
		}
	}
	return errIssueGone
}

// errIssueGone makes the batch be delivered again: an issue was deleted while its events were stored.
var errIssueGone = fmt.Errorf("an issue went away while its events were stored")

// nameIssues adds the hashes that were not known to the issues their events went to.
func (b *batch) nameIssues(ctx context.Context, es []*EventWrite, known homes) error {
	var rows []IssueHash
	first := map[hashKey]bool{}
	var chose []IssueHash
	for _, e := range es {
		for n, h := range e.Hashes {
			k := hashKey{e.Event.ProjectID, h}
			at, ok := known[k]
			if !ok {
				known[k] = home{issue: e.Event.IssueID}
				rows = append(rows, IssueHash{ProjectID: k.project, Hash: h, Algorithm: e.Algorithm, IssueID: e.Event.IssueID})
			}
			if n == 0 && !at.chose && !first[k] {
				first[k] = true
				chose = append(chose, IssueHash{ProjectID: k.project, Hash: h})
			}
		}
	}
	sortHashes(rows)
	for i := range rows {
		rows[i].Chose = first[hashKey{rows[i].ProjectID, rows[i].Hash}]
	}
	if err := insertIgnore(ctx, b.tx, rows); err != nil {
		return err
	}
	sortHashes(chose)
	for _, c := range chose {
		_, err := b.tx.NewUpdate().Model(&c).Set("chose = ?", true).WherePK().Where("NOT chose").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

func sortHashes(rows []IssueHash) {
	slices.SortFunc(rows, func(x, y IssueHash) int {
		return cmp.Or(cmp.Compare(x.ProjectID, y.ProjectID), cmp.Compare(x.Hash, y.Hash))
	})
}

// createIssues makes the issues of events whose hashes are unknown. Two processes meet the same new hash:
// the project's row is the lock, and the hashes are looked up once more behind it.
func (b *batch) createIssues(ctx context.Context, es []*EventWrite, known homes, missing map[int64]bool) ([]int64, error) {
	ids := slices.Sorted(maps.Keys(missing))
	var projects []Project
	q := b.tx.NewSelect().Model(&projects).Column("id", "issue_number", "first_event_ms").Where("id IN (?)", bun.List(ids)).Order("id")
	if err := b.s.lockRows(q).Scan(ctx); err != nil {
		return nil, err
	}
	byID := map[int64]*Project{}
	for i := range projects {
		byID[projects[i].ID] = &projects[i]
	}
	found, err := b.homesOf(ctx, slices.DeleteFunc(slices.Clone(es), func(e *EventWrite) bool { return !missing[e.Event.ProjectID] }))
	if err != nil {
		return nil, err
	}
	maps.Copy(known, found)

	var created []int64
	for _, e := range es {
		p := byID[e.Event.ProjectID]
		if _, ok := known.of(e); ok {
			continue
		}
		if p == nil {
			return nil, errNoProject(e.Event.ProjectID)
		}
		p.IssueNumber++
		issue := newIssue(e, p.IssueNumber)
		by, err := b.own(ctx, e, issue)
		if err != nil {
			return nil, err
		}
		if _, err := b.tx.NewInsert().Model(issue).Returning("id").Exec(ctx); err != nil {
			return nil, err
		}
		created = append(created, issue.ID)
		if by != "" {
			b.assignedBy[issue.ID] = by
		}
		if err := b.insertHashes(ctx, e, issue.ID, known); err != nil {
			return nil, err
		}
		if p.FirstEventMS == nil {
			p.FirstEventMS = &e.Event.ReceivedMS
		}
	}
	for i := range projects {
		_, err := b.tx.NewUpdate().Model(&projects[i]).Column("issue_number", "first_event_ms").WherePK().Exec(ctx)
		if err != nil {
			return nil, err
		}
	}
	return created, nil
}

func (b *batch) insertHashes(ctx context.Context, e *EventWrite, issue int64, known homes) error {
	var rows []IssueHash
	for n, h := range e.Hashes {
		k := hashKey{e.Event.ProjectID, h}
		if _, ok := known[k]; ok {
			continue
		}
		known[k] = home{issue: issue, chose: n == 0}
		rows = append(rows, IssueHash{ProjectID: k.project, Hash: h, Algorithm: e.Algorithm, IssueID: issue, Chose: n == 0})
	}
	sortHashes(rows)
	return insertIgnore(ctx, b.tx, rows)
}

// dropEmptyIssues takes back issues that were made for events which another process stored first.
func (b *batch) dropEmptyIssues(ctx context.Context, created []int64, stored []*EventWrite) error {
	used := map[int64]bool{}
	for _, e := range stored {
		used[e.Event.IssueID] = true
	}
	created = slices.DeleteFunc(slices.Clone(created), func(id int64) bool { return used[id] })
	if len(created) == 0 {
		return nil
	}
	if _, err := b.tx.NewDelete().Model((*IssueHash)(nil)).Where("issue_id IN (?)", bun.List(created)).Exec(ctx); err != nil {
		return err
	}
	_, err := b.tx.NewDelete().Model((*Issue)(nil)).Where("id IN (?)", bun.List(created)).Exec(ctx)
	return err
}
