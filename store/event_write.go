package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"
)

// EventWrite is an event to store, with the issue it belongs to.
type EventWrite struct {
	Event     Event
	Hashes    []string // grouping hashes, the most wanted first; at least one
	Older     []string // what older algorithms called it: looked up after Hashes, never remembered
	Algorithm string
	Issue     Issue    // what a new issue gets from this event: type, title, culprit, metadata, …
	Wanted    []string // artifacts that would explain its frames, see [WantDebugID]
	Tags      []Tag    // what it is found by, among events, issues and projects
	Marks     []Tag    // what only its issue is found by, several to a key: the frames of its stack
	Outcomes  []Outcome

	// Owners says whose a new issue would be, the most wanted first; nil: nobody's. Asked only where there is one.
	Owners func() []string
	// Suspects are the files of its application's frames, the newest frame first, where a new issue is assigned to whose commit of its release last
	// touched one of them, before it is to Owners.
	Suspects []string

	from *Write // the message it came in
}

// AttachmentWrite is an attachment to store; its bytes are in the blob store.
type AttachmentWrite struct {
	Attachment Attachment
	Outcomes   []Outcome
}

type eventKey struct {
	project int64
	id      string
}

func (e *Event) key() eventKey { return eventKey{e.ProjectID, e.EventID} }

// events stores the events that are new in their project, with their issues.
func (b *batch) events(ctx context.Context) error {
	var all []*EventWrite
	for _, w := range b.fresh {
		for i := range w.Events {
			w.Events[i].from = w
			all = append(all, &w.Events[i])
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(x, y *EventWrite) int {
		return cmp.Or(cmp.Compare(x.Event.ProjectID, y.Event.ProjectID), cmp.Compare(x.Event.EventID, y.Event.EventID))
	})
	known, err := b.knownEvents(ctx, all)
	if err != nil {
		return err
	}
	var todo []*EventWrite
	for _, e := range all {
		if known[e.Event.key()] {
			b.drop(e)
			continue
		}
		known[e.Event.key()] = true // a second one in this batch is a duplicate
		todo = append(todo, e)
	}
	todo, created, err := b.resolveIssues(ctx, todo)
	if err != nil {
		return err
	}
	stored, err := b.insertEvents(ctx, todo)
	if err != nil {
		return err
	}
	if err := b.dropEmptyIssues(ctx, created, stored); err != nil {
		return err
	}
	b.stored = stored
	changes, err := b.updateIssues(ctx, stored, created)
	if err != nil {
		return err
	}
	if err := b.unmapped(ctx, stored); err != nil {
		return err
	}
	return b.signals(ctx, changes)
}

func (b *batch) knownEvents(ctx context.Context, all []*EventWrite) (map[eventKey]bool, error) {
	known := make(map[eventKey]bool, len(all))
	for project, ids := range byProject(all, func(e *EventWrite) []string { return []string{e.Event.EventID} }) {
		var rows []Event
		err := b.tx.NewSelect().Model(&rows).Column("project_id", "event_id").
			Where("project_id = ?", project).Where("event_id IN (?)", bun.List(ids)).Scan(ctx)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			known[rows[i].key()] = true
		}
	}
	return known, nil
}

// byProject groups values of events by project.
func byProject(es []*EventWrite, values func(*EventWrite) []string) map[int64][]string {
	out := map[int64][]string{}
	for _, e := range es {
		out[e.Event.ProjectID] = append(out[e.Event.ProjectID], values(e)...)
	}
	for p, v := range out {
		slices.Sort(v)
		out[p] = slices.Compact(v)
	}
	return out
}

// insertEvents inserts events in key order and gives those that were inserted: another process may have
// stored one of them since the look-up.
func (b *batch) insertEvents(ctx context.Context, todo []*EventWrite) ([]*EventWrite, error) {
	rows := make([]Event, 0, len(todo))
	for _, e := range todo {
		e.addColumns()
		tags, err := tagsJSON(e.Tags)
		if err != nil {
			return nil, err
		}
		e.Event.Tags = tags
		rows = append(rows, e.Event)
	}
	var inserted []Event
	if err := insertNew(ctx, b.tx, rows, "project_id, event_id", &inserted); err != nil {
		return nil, err
	}
	is := make(map[eventKey]bool, len(inserted))
	for i := range inserted {
		is[inserted[i].key()] = true
	}
	var stored []*EventWrite
	for _, e := range todo {
		if !is[e.Event.key()] {
			b.drop(e)
			continue
		}
		b.decide(e.Outcomes, true)
		stored = append(stored, e)
	}
	return stored, nil
}

// drop counts an event that exists already. What came with it is not kept a second time.
func (b *batch) drop(e *EventWrite) {
	b.decide(e.Outcomes, false)
	if b.dropped == nil {
		b.dropped = map[*Write]bool{}
	}
	b.dropped[e.from] = true
}

// attachments stores the attachments, but not those of an event that was stored before, or is discarded.
func (b *batch) attachments(ctx context.Context) error {
	var rows []Attachment
	for _, w := range b.fresh {
		for _, a := range w.Attachments {
			if b.discarded[w] {
				b.refuse(a.Outcomes)
			} else {
				b.decide(a.Outcomes, !b.dropped[w])
			}
			if b.dropped[w] || b.discarded[w] {
				b.out.Orphans = append(b.out.Orphans, a.Attachment.Blob)
				continue
			}
			rows = append(rows, a.Attachment)
		}
	}
	return insertIgnore(ctx, b.tx, rows)
}
