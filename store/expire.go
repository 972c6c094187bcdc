package store

import (
	"context"
	"fmt"
	"time"

	"github.com/hindsight-dev/hindsight/settings"
)

// agedBatch is how many rows of a kind one transaction deletes: on SQLite it holds the only writing
// connection meanwhile. Of events, which are found by much, it is a fifth of that.
const agedBatch = 500

// Aged counts what [Store.ExpireAged] deleted.
type Aged struct {
	Events, Issues, Spans, Logs, Items, Sessions, Feedback int64
	Files, Replays                                         int64 // files without an event; replays that never came, and what was left of those that went
}

// None says that nothing was too old.
func (a Aged) None() bool { return a == Aged{} }

// agedStep deletes one batch of a kind and says how many rows that were; fewer than its limit: no more are left. One
// without a limit goes through all it has.
type agedStep struct {
	what  string
	count *int64
	limit int
	run   func(ctx context.Context, limit int) (int, error)
}

// ExpireAged deletes what came in and is older than its project keeps it, by the time it happened, to the hour; keep
// is what projects keep that say nothing. It goes around the kinds, a small transaction of each at a time, and after
// each gives others as long as that took. Each transaction is complete in itself, so it can be stopped, and run by
// several processes, at any time: what is left goes the next time.
//
// Counts of issues stay as they are, as their history. An issue goes with the last of its events and recordings.
func (s *Store) ExpireAged(ctx context.Context, blobs Blobs, keep settings.Retention) (Aged, error) {
	var gone Aged
	steps, err := s.agedSteps(ctx, blobs, keep, &gone)
	if err != nil {
		return gone, err
	}
	for len(steps) > 0 {
		left := steps[:0]
		for _, step := range steps {
			began := time.Now()
			n, err := step.run(ctx, step.limit)
			*step.count += int64(n)
			if err != nil {
				return gone, fmt.Errorf("expire %s: %w", step.what, border(err))
			}
			if n > 0 && n == step.limit {
				left = append(left, step)
			}
			if n == 0 {
				continue
			}
			if err := wait(ctx, time.Since(began)); err != nil {
				return gone, err
			}
		}
		steps = left
	}
	return gone, nil
}

// agedSteps are the kinds of each project and organisation. Deleted projects are left to [Store.PurgeProjects].
func (s *Store) agedSteps(ctx context.Context, blobs Blobs, keep settings.Retention, gone *Aged) ([]agedStep, error) {
	projects, docs, err := s.keepers(ctx)
	if err != nil {
		return nil, err
	}
	spans, longest := map[int64]int{}, keep.Events
	var steps, issues []agedStep
	for i := range projects {
		p, k := projects[i], docs[i].Retention.Or(keep)
		spans[p.OrgID] = max(spans[p.OrgID], k.Spans)
		longest = max(longest, k.Events, k.Spans, k.Logs, k.Items, k.Feedback)
		if p.DeletedMS != nil {
			continue
		}
		steps = append(steps,
			agedStep{"events", &gone.Events, agedBatch / 5, func(ctx context.Context, limit int) (int, error) {
				return s.expireEvents(ctx, p.ID, s.agedMS(k.Events), limit)
			}},
			s.agedRows(agedLogs, &gone.Logs, p.ID, 1000*s.agedMS(k.Logs)),
			s.agedRows(agedItems, &gone.Items, p.ID, s.agedMS(k.Items)),
			s.agedRows(agedFeedback, &gone.Feedback, p.ID, s.agedMS(k.Feedback)),
			s.agedRows(agedSessions, &gone.Sessions, p.ID, s.agedMS(k.Sessions)),
			s.agedRows(agedSessionCounts, &gone.Sessions, p.ID, s.agedMS(k.Sessions)),
			s.agedRows(agedFiles, &gone.Files, p.ID, s.agedMS(max(k.Events, k.Feedback))),
		)
		issues = append(issues, agedStep{"issues", &gone.Issues, 0, func(ctx context.Context, _ int) (int, error) {
			return s.expireIssues(ctx, &p, s.agedMS(k.Events))
		}})
	}
	for org, days := range spans {
		steps = append(steps, s.agedRows(agedSpans, &gone.Spans, org, 1000*s.agedMS(days)))
	}
	steps = append(steps,
		agedStep{"replays that never came", &gone.Replays, agedBatch, func(ctx context.Context, limit int) (int, error) {
			return s.expirePending(ctx, blobs, s.agedMS(longest), limit)
		}},
		agedStep{"tombstones of replays", &gone.Replays, agedBatch, func(ctx context.Context, limit int) (int, error) {
			return s.expireTombstones(ctx, s.agedMS(longest), limit)
		}})
	return append(steps, issues...), nil
}

// agedMS is before when things are too old that are kept for so many days. It is a full hour, so that the hours of
// issues go with their events.
func (s *Store) agedMS(days int) int64 {
	ms := s.now().Add(-time.Duration(days) * day).UnixMilli()
	return ms - ms%hourMS
}
