package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// Write is everything that one stream message adds. Whatever it counts is counted once: a message whose
// id is known already adds nothing.
type Write struct {
	MessageID  string
	ReceivedMS int64
	OrgID      int64

	Events        []EventWrite
	Attachments   []AttachmentWrite
	Spans         []SpanWrite
	Segments      []SegmentWrite
	Links         []ReplayLink  // to replays that items of this message name
	Traces        []ReplayTrace // pairs that items of this message teach
	Sessions      []SessionWrite
	SessionCounts []ReleaseSessionCount
	RawItems      []RawItem
	Logs          []LogWrite
	Feedback      []FeedbackWrite
	CheckIns      []CheckInWrite
	Hints         []EventHint // of the message's errors
	ItemSessions  []ItemSession
	Expected      []ExpectedReplay
	Losses        []ReplayLoss
	Outcomes      []Outcome // of what needs no look at the database to decide
}

// Ingested says what a batch did, for the joins that follow it.
type Ingested struct {
	Known   map[string]bool // message ids that had been stored before
	Pairs   []TraceReplay   // pairs that are new, or have a new source
	Replays []ReplayKey     // replays whose recording changed
	Items   []ItemRef       // items of earlier messages that had waited for this batch
	Orphans []string        // blobs that belong to no row after all
	Counts  IngestCounts
}

// IngestCounts are for metrics.
type IngestCounts struct{ Inserted, Duplicate, Known int }

// TraceReplay is a pair of a trace and a replay in an organisation.
type TraceReplay struct {
	OrgID    int64  `bun:"org_id"`
	TraceID  string `bun:"trace_id"`
	ReplayID string `bun:"replay_id"`
}

// ReplayKey names a replay.
type ReplayKey struct {
	OrgID    int64  `bun:"org_id"`
	ReplayID string `bun:"replay_id"`
}

// Ingest stores a batch in one transaction: all of it or nothing. Rows that exist already stay as they
// are. It takes its locks in one order (messages, releases, projects, issues, replays, links, tags, outcomes; each
// sorted by key), so that two batches never wait for each other in a circle.
func (s *Store) Ingest(ctx context.Context, ws []*Write) (*Ingested, error) {
	var out *Ingested
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		b := &batch{s: s, tx: tx, out: &Ingested{Known: map[string]bool{}}, assignedBy: map[int64]string{}}
		if err := b.guard(ctx, ws); err != nil {
			return fmt.Errorf("guard: %w", err)
		}
		for _, step := range []struct {
			name string
			run  func(context.Context) error
		}{
			{"releases", b.releases}, {"events", b.events}, {"attachments", b.attachments}, {"spans", b.spans}, {"replays", b.replays},
			{"traces", b.traces}, {"links", b.links}, {"sessions", b.sessions}, {"logs", b.logs},
			{"feedback", b.feedback}, {"check-ins", b.checkIns}, {"raw items", b.rawItems}, {"hints", b.hints},
			{"tags", b.tags}, {"outcomes", b.outcomes}, {"stale", b.stale},
		} {
			if err := step.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", step.name, err)
			}
		}
		out = b.out
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ingest batch of %d: %w", len(ws), err)
	}
	return out, nil
}

// batch is one Ingest under way.
type batch struct {
	s     *Store
	tx    bun.Tx
	fresh []*Write // messages that were not stored before
	out   *Ingested

	dropped   map[*Write]bool         // messages whose event had been stored before
	discarded map[*Write]bool         // messages whose event nobody wants to see again
	stored    []*EventWrite           // events that were not
	known     map[releaseKey]*Release // that the batch's items name

	assignedBy map[int64]string // new issue → what assigned it, as its activity says

	facts linkFacts // of all fresh messages, filled by the steps
	tally tally
}

// guard keeps the messages that are new. A message twice in one batch is stored once.
func (b *batch) guard(ctx context.Context, ws []*Write) error {
	rows := make([]StoredMessage, 0, len(ws))
	for _, w := range ws {
		rows = append(rows, StoredMessage{MessageID: w.MessageID, ReceivedMS: w.ReceivedMS})
	}
	slices.SortFunc(rows, func(x, y StoredMessage) int { return cmp.Compare(x.MessageID, y.MessageID) })
	rows = slices.CompactFunc(rows, func(x, y StoredMessage) bool { return x.MessageID == y.MessageID })
	var fresh []StoredMessage
	if err := insertNew(ctx, b.tx, rows, "message_id", &fresh); err != nil {
		return err
	}
	isFresh := make(map[string]bool, len(fresh))
	for _, m := range fresh {
		isFresh[m.MessageID] = true
	}
	for _, w := range ws {
		if !isFresh[w.MessageID] {
			b.out.Known[w.MessageID] = true
			b.out.Counts.Known++
			continue
		}
		isFresh[w.MessageID] = false
		delete(b.out.Known, w.MessageID)
		b.fresh = append(b.fresh, w)
		b.tally.add(w.Outcomes...)
		b.facts.add(w.Links, w.Traces, w.ReceivedMS)
	}
	for _, w := range b.fresh { // its second copy in this batch is no redelivery
		delete(b.out.Known, w.MessageID)
	}
	return nil
}

// decide counts an item: as it came when it was stored, as a duplicate when it had been stored before.
func (b *batch) decide(o []Outcome, inserted bool) {
	if inserted {
		b.out.Counts.Inserted++
		b.tally.add(o...)
		return
	}
	b.out.Counts.Duplicate++
	for _, x := range o {
		x.Outcome, x.Reason = OutcomeInvalid, "duplicate"
		b.tally.add(x)
	}
}

func (b *batch) rawItems(ctx context.Context) error {
	var rows []RawItem
	for _, w := range b.fresh {
		rows = append(rows, w.RawItems...)
	}
	return insertIgnore(ctx, b.tx, rows)
}

// chunk is how many rows go into one statement.
const chunk = 200

// insertIgnore inserts rows that do not exist.
func insertIgnore[T any](ctx context.Context, tx bun.Tx, rows []T) error {
	for part := range slices.Chunk(rows, chunk) {
		if _, err := tx.NewInsert().Model(&part).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// insertNew inserts rows that do not exist and gives the named columns of those it inserted.
func insertNew[T any](ctx context.Context, tx bun.Tx, rows []T, columns string, inserted *[]T) error {
	for part := range slices.Chunk(rows, chunk) {
		var got []T
		if _, err := tx.NewInsert().Model(&part).On("CONFLICT DO NOTHING").Returning(columns).Exec(ctx, &got); err != nil {
			return err
		}
		*inserted = append(*inserted, got...)
	}
	return nil
}

// Concurrent says whether several batches can be written at a time; SQLite has one writer.
func (s *Store) Concurrent() bool { return s.postgres() }

// lockRows makes a select hold the rows it reads until the transaction ends. On SQLite the transaction is
// the only writer already.
func (s *Store) lockRows(q *bun.SelectQuery) *bun.SelectQuery {
	if s.postgres() {
		return q.For("UPDATE")
	}
	return q
}

// lesser and greater are the functions of two values; SQLite calls them as it calls the aggregates.
func (s *Store) lesser() bun.Safe {
	if s.postgres() {
		return "LEAST"
	}
	return "MIN"
}

func (s *Store) greater() bun.Safe {
	if s.postgres() {
		return "GREATEST"
	}
	return "MAX"
}
