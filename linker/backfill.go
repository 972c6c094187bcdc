package linker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// The pace at which events that were stored before they could be searched are made so.
const (
	backfillPause = time.Minute
	backfillBatch = 50
	backfillTold  = 10_000 // events between two lines in the log
)

// backfill makes older events searchable, until ctx ends. What is done is marked in the events themselves, so it can
// be stopped anywhere.
func (l *Linker) backfill(ctx context.Context) {
	done, told := 0, 0
	l.every(ctx, backfillPause, "make older events searchable", func(ctx context.Context) (bool, error) {
		began := time.Now()
		n, err := l.Backfill(ctx, backfillBatch)
		if done += n; done-told >= backfillTold || n < backfillBatch && done > told {
			l.log.Info("made older events searchable", "events", done, "done", n < backfillBatch)
			told = done
		}
		if n > 0 {
			select { // others write, too
			case <-ctx.Done():
			case <-time.After(time.Since(began)):
			}
		}
		return n == backfillBatch, err
	})
}

// Backfill makes up to limit events searchable and says how many.
func (l *Linker) Backfill(ctx context.Context, limit int) (int, error) {
	rows, err := l.cfg.Store.UntaggedEvents(ctx, limit)
	if err != nil {
		return 0, err
	}
	es := make([]*store.EventWrite, len(rows))
	for i := range rows {
		if es[i], err = l.searchable(ctx, &rows[i]); err != nil {
			return 0, err
		}
	}
	return l.cfg.Store.TagEvents(ctx, es)
}

// searchable gives an event with what it is found by. One whose payload cannot be read is found by its columns.
func (l *Linker) searchable(ctx context.Context, e *store.Event) (*store.EventWrite, error) {
	w := &store.EventWrite{Event: *e, Issue: store.Issue{Metadata: "{}"}}
	ev, err := storedEvent(e)
	if err != nil {
		l.log.Warn("an older event cannot be read: it is found by what its columns say", "project", e.ProjectID, "event_id", e.EventID, "err", err)
		return w, nil
	}
	rules, err := l.groupers.of(ctx, e.OrgID, e.ProjectID)
	if err != nil {
		return nil, err
	}
	metadata, err := json.Marshal(rules.Group(ev).Metadata)
	if err != nil {
		return nil, fmt.Errorf("event %s: metadata: %w", e.EventID, err)
	}
	w.Tags, w.Marks, w.Issue.Metadata = searchTags(ev), searchMarks(ev), string(metadata)
	return w, nil
}

func storedEvent(e *store.Event) (*envelope.Event, error) {
	raw, err := store.Decompress(e.Payload)
	if err != nil {
		return nil, err
	}
	return envelope.ParseEvent(raw)
}
