package linker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hindsight-dev/hindsight/linker/symbolicate"
	"github.com/hindsight-dev/hindsight/store"
)

// The pace of mapping events whose source maps came later.
const (
	remapPause = time.Second
	remapJobs  = 20 // jobs of one look
	remapBatch = 50 // events in memory at a time
	remapRetry = time.Minute
)

// remap maps events whose artifacts came after them, until ctx ends. The queue is in the database, made by the
// transactions that store artifacts: a process that dies loses nothing, and mapping an event twice changes nothing.
func (l *Linker) remap(ctx context.Context) {
	l.every(ctx, remapPause, "map events whose source maps came later", func(ctx context.Context) (bool, error) {
		n, err := l.Remap(ctx, remapJobs)
		return n == remapJobs, err
	})
}

// Remap works off up to limit jobs and says how many there were.
func (l *Linker) Remap(ctx context.Context, limit int) (int, error) {
	jobs, err := l.cfg.Store.RemapJobs(ctx, limit)
	if err != nil {
		return 0, err
	}
	var errs []error
	for i := range jobs {
		if err := l.remapJob(ctx, &jobs[i]); err != nil {
			errs = append(errs, fmt.Errorf("events of %s: %w", jobs[i].Artifact, err), l.cfg.Store.DelayRemapJob(ctx, &jobs[i], remapRetry))
		}
	}
	return len(jobs), errors.Join(errs...)
}

// remapJob maps the events that wait for one artifact.
func (l *Linker) remapJob(ctx context.Context, j *store.RemapJob) error {
	a := l.artifacts(j.OrgID, j.ProjectID)
	for after := ""; ; {
		events, err := l.cfg.Store.WaitingEvents(ctx, j, after, remapBatch)
		if err != nil {
			return err
		}
		for i := range events {
			if err := l.remapEvent(ctx, &events[i], a); err != nil {
				return err
			}
			after = events[i].EventID
		}
		if len(events) < remapBatch {
			return l.cfg.Store.EndRemapJob(ctx, j)
		}
	}
}

// errNotRead makes a job wait: what it is about is there and cannot be read.
var errNotRead = errors.New("the uploaded files cannot be read now")

func (l *Linker) remapEvent(ctx context.Context, e *store.Event, a symbolicate.Artifacts) error {
	ev, err := storedEvent(e)
	if err != nil {
		return l.giveUp(ctx, e, err)
	}
	r := l.symbols.Event(ctx, ev, a)
	if r.Unread {
		return errNotRead
	}
	rules, err := l.groupers.of(ctx, e.OrgID, e.ProjectID)
	if err != nil {
		return err
	}
	g := rules.Group(ev)
	b, err := ev.Encode()
	if err != nil {
		return l.giveUp(ctx, e, err)
	}
	if e.Payload, err = store.Compress(b); err != nil {
		return err
	}
	metadata, err := json.Marshal(g.Metadata)
	if err != nil {
		return l.giveUp(ctx, e, err)
	}
	e.Title, e.Culprit = clip(g.Title, maxLong), clip(g.Culprit, maxLong)
	in := store.Remapped{Event: *e, Metadata: string(metadata), Algorithm: g.Algorithm, Wanted: wants(ev, r)}
	if r.Mapped > 0 {
		in.Hashes = g.Hashes
	}
	return l.cfg.Store.Remap(ctx, in)
}

// giveUp leaves an event as it is that cannot be read: it is of no use to come back to it.
func (l *Linker) giveUp(ctx context.Context, e *store.Event, err error) error {
	l.log.Warn("event cannot be mapped again", "project", e.ProjectID, "event_id", e.EventID, "err", err)
	return l.cfg.Store.StopWaiting(ctx, e)
}
