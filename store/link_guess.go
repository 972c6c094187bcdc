package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// How far from an error its request and its person are looked for; the rules of package link narrow it.
const (
	guessAroundMS = 10_000 // a recorded request's start or end from the error
	guessLongMS   = 60_000 // how long such a request may take
	guessUserMS   = 60_000 // outside of the recording
	guessPastMS   = 24 * 3_600_000
	maxGuesses    = 50 // requests and replays looked at for one error; of more than that only the same person's
)

// LinkFrame is a recorded request that has the method and path of an error's request, or a document that a page of
// the same person loaded from there.
type LinkFrame struct {
	ReplayID string `bun:"replay_id"`
	StartUS  int64  `bun:"start_us"`
	EndUS    int64  `bun:"end_us"`
	Status   int64  `bun:"status"`
	URL      string `bun:"url"`
	Document bool   `bun:"document"`
}

// guesses are what errors without an id of a replay can be found by.
type guesses struct {
	hints   map[itemKey]*EventHint
	frames  map[itemKey][]LinkFrame
	people  map[itemKey][]string // replays of the same person at that moment
	crowded map[itemKey]bool
	offsets map[string]int64 // by replay, ms that the server's clock is ahead of the page's
}

// loadGuesses reads them for the errors that need a guess: those that name no replay, and whose trace does
// not decide either.
func (f *judged) loadGuesses(ctx context.Context, tx bun.Tx, j LinkJudge) error {
	f.guesses = guesses{map[itemKey]*EventHint{}, map[itemKey][]LinkFrame{}, map[itemKey][]string{}, map[itemKey]bool{}, map[string]int64{}}
	var ids []string
	for i := range f.items {
		if it := &f.items[i]; it.Kind == ItemEvent && f.needsGuess(it, j) {
			ids = append(ids, it.ID)
		}
	}
	for part := range slices.Chunk(ids, 5*chunk) {
		var rows []EventHint
		err := tx.NewSelect().Model(&rows).Where("org_id = ?", f.org).Where("event_id IN (?)", bun.List(part)).
			Order("event_id", "project_id").Scan(ctx)
		if err != nil {
			return fmt.Errorf("hints: %w", err)
		}
		for i := range rows {
			if err := f.loadGuess(ctx, tx, &rows[i]); err != nil {
				return err
			}
		}
	}
	return f.loadOffsets(ctx, tx)
}

func (f *judged) needsGuess(it *LinkItem, j LinkJudge) bool {
	if slices.ContainsFunc(f.links[it.key()], func(l ReplayLink) bool { return l.Signals&j.Explicit != 0 }) {
		return false
	}
	return it.TraceID == nil || len(f.pairs[*it.TraceID]) != 1
}

func (f *judged) loadGuess(ctx context.Context, tx bun.Tx, h *EventHint) error {
	k := itemKey{ItemEvent, h.EventID}
	if f.guesses.hints[k] != nil { // one event id in two projects of the organisation
		return nil
	}
	f.guesses.hints[k] = h
	if h.PathHash != "" {
		frames, err := f.requestsOf(ctx, tx, h, nil)
		if err != nil {
			return err
		}
		if len(frames) > maxGuesses { // an outage: many fail alike. Who it was still tells whose it is
			f.guesses.crowded[k] = true
			if frames, err = f.requestsOfPerson(ctx, tx, h); err != nil {
				return err
			}
		}
		f.guesses.frames[k] = frames
		for _, fr := range frames {
			f.replayIDs[fr.ReplayID] = true
		}
	}
	ids, err := f.replaysOfPerson(ctx, tx, h)
	if err != nil {
		return err
	}
	f.guesses.people[k] = ids
	for _, id := range ids {
		f.replayIDs[id] = true
	}
	return f.loadDocuments(ctx, tx, h, ids)
}

// requestsOf reads the recorded requests of an error's shape around it, one more than are looked at; of some replays
// when such are named.
func (f *judged) requestsOf(ctx context.Context, tx bun.Tx, h *EventHint, replays []string) ([]LinkFrame, error) {
	var frames []LinkFrame
	q := tx.NewSelect().TableExpr("replay_requests AS rr").ColumnExpr("rr.replay_id, rr.start_us, rr.end_us, rr.status, rr.url").
		Where("rr.org_id = ? AND rr.path_hash = ?", f.org, h.PathHash).
		Where("rr.start_us BETWEEN ? AND ?", (h.TimeMS-guessAroundMS-guessLongMS)*1_000, (h.TimeMS+guessAroundMS)*1_000).
		Where("rr.end_us >= ?", (h.TimeMS-guessAroundMS)*1_000).Where("rr.method = ? AND rr.status >= 400", h.Method)
	if replays != nil {
		q = q.Where("rr.replay_id IN (?)", bun.List(replays))
	}
	if err := q.OrderExpr("rr.start_us, rr.replay_id, rr.url_hash").Limit(maxGuesses+1).Scan(ctx, &frames); err != nil {
		return nil, fmt.Errorf("requests of a shape: %w", err)
	}
	return frames, nil
}

// requestsOfPerson reads those of the replays of the very person that the error names; an address is nobody.
func (f *judged) requestsOfPerson(ctx context.Context, tx bun.Tx, h *EventHint) ([]LinkFrame, error) {
	named := *h
	named.IP = ""
	ids, err := f.replaysOfPerson(ctx, tx, &named)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return f.requestsOf(ctx, tx, h, ids)
}

// replaysOfPerson gives the replays around an error of whom it names, by id, e-mail or address.
func (f *judged) replaysOfPerson(ctx context.Context, tx bun.Tx, h *EventHint) ([]string, error) {
	arms := personArms(tx, f.org, h)
	if len(arms) == 0 {
		return nil, nil
	}
	q := arms[0]
	for _, a := range arms[1:] {
		q = q.Union(a)
	}
	var ids []string
	if err := tx.NewSelect().TableExpr("(?) AS p", q).ColumnExpr("p.replay_id").OrderExpr("p.replay_id").Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("replays of a person: %w", err)
	}
	return ids, nil
}

// loadDocuments reads which of a person's replays loaded the document that an error's request asked for. A recording
// does not know how a document was answered, so only the same person's are looked at.
func (f *judged) loadDocuments(ctx context.Context, tx bun.Tx, h *EventHint, replays []string) error {
	if h.PathHash == "" || h.Method != "GET" || len(replays) == 0 {
		return nil
	}
	var frames []LinkFrame
	err := tx.NewSelect().TableExpr("replay_loads AS rld").ColumnExpr("rld.replay_id, rld.start_us, rld.end_us, 0 AS status, '' AS url, TRUE AS document").
		Where("rld.org_id = ? AND rld.replay_id IN (?)", f.org, bun.List(replays)).
		Where("rld.start_us BETWEEN ? AND ?", (h.TimeMS-guessAroundMS-guessLongMS)*1_000, (h.TimeMS+guessAroundMS)*1_000).
		Where("rld.end_us >= ? AND rld.path_hash = ?", (h.TimeMS-guessAroundMS)*1_000, h.PathHash).
		OrderExpr("rld.start_us, rld.replay_id").Limit(maxGuesses).Scan(ctx, &frames)
	if err != nil {
		return fmt.Errorf("documents: %w", err)
	}
	k := itemKey{ItemEvent, h.EventID}
	f.guesses.frames[k] = append(f.guesses.frames[k], frames...)
	return nil
}

// personArms are one query for each thing that the person is known by.
func personArms(tx bun.Tx, org int64, h *EventHint) (arms []*bun.SelectQuery) {
	for _, by := range []struct{ column, value string }{{"user_key", h.UserKey}, {"user_email", h.UserEmail}, {"ip", h.IP}} {
		if by.value == "" {
			continue
		}
		near := tx.NewSelect().TableExpr("replays AS r").ColumnExpr("r.replay_id").Where("r.org_id = ?", org).
			Where("r.? = ? AND r.? <> ''", bun.Ident(by.column), by.value, bun.Ident(by.column)).
			Where("r.started_ms BETWEEN ? AND ?", h.TimeMS-guessUserMS-guessPastMS, h.TimeMS+guessUserMS).
			Where("r.finished_ms >= ?", h.TimeMS-guessUserMS).OrderExpr("r.started_ms DESC, r.replay_id").Limit(maxGuesses)
		arms = append(arms, tx.NewSelect().TableExpr("(?) AS n", near).ColumnExpr("n.replay_id"))
	}
	return arms
}

// loadOffsets compares the clocks of pages and servers by the requests that both sides name: the service's
// segment cannot begin before the request, so the least difference is the nearest to the truth.
func (f *judged) loadOffsets(ctx context.Context, tx bun.Tx) error {
	ids := map[string]bool{}
	for _, frames := range f.guesses.frames {
		for _, fr := range frames {
			ids[fr.ReplayID] = true
		}
	}
	for id := range ids {
		var ms *int64
		err := tx.NewSelect().TableExpr("replay_requests AS rr").
			Join("JOIN spans AS s ON s.org_id = rr.org_id AND s.parent_span_id = rr.span_id AND s.trace_id = rr.trace_id AND s.is_segment").
			ColumnExpr("MIN(s.start_us - rr.start_us) / 1000").Where("rr.org_id = ? AND rr.replay_id = ?", f.org, id).
			Where("rr.span_id IS NOT NULL AND s.parent_span_id IS NOT NULL").
			// The page's own span, sent with every request, tells no request from another.
			Where("NOT EXISTS (SELECT 1 FROM replay_requests AS o WHERE o.org_id = rr.org_id AND o.span_id = rr.span_id AND o.replay_id = rr.replay_id AND (o.start_us <> rr.start_us OR o.url_hash <> rr.url_hash))").
			Scan(ctx, &ms)
		if err != nil {
			return fmt.Errorf("clock of replay %s: %w", id, err)
		}
		if ms != nil {
			f.guesses.offsets[id] = *ms
		}
	}
	return nil
}

// GuessedItems gives, page by page, the errors that may belong to a replay by the shape of a request or by
// the person, and that have nothing better.
func (s *Store) GuessedItems(ctx context.Context, r *Replay, j LinkJudge, yield func([]ItemRef) error) error {
	for after := ""; ; {
		var ids []string
		if err := s.guessed(r, j, after).Scan(ctx, &ids); err != nil {
			return border(fmt.Errorf("errors that may belong to replay %s: %w", r.ReplayID, err))
		}
		if len(ids) == 0 {
			return nil
		}
		refs := make([]ItemRef, 0, len(ids))
		for _, id := range ids {
			refs = append(refs, ItemRef{OrgID: r.OrgID, Kind: ItemEvent, ID: id})
		}
		if err := yield(refs); err != nil {
			return err
		}
		if len(ids) < JoinPage {
			return nil
		}
		after = ids[len(ids)-1]
	}
}

func (s *Store) guessed(r *Replay, j LinkJudge, after string) *bun.SelectQuery {
	q := s.write.NewSelect().TableExpr("replay_requests AS rr").
		Join("JOIN event_hints AS eh ON eh.org_id = rr.org_id AND eh.path_hash = rr.path_hash AND eh.path_hash <> '' AND eh.method = rr.method").
		ColumnExpr("eh.event_id").
		Where("eh.ts_ms BETWEEN rr.start_us / 1000 - ? AND rr.start_us / 1000 + ?", guessAroundMS+1, guessAroundMS+guessLongMS+1).
		Where("rr.org_id = ? AND rr.replay_id = ? AND rr.status >= 400", r.OrgID, r.ReplayID)
	for _, by := range []struct{ column, value string }{{"user_key", r.UserKey}, {"user_email", r.UserEmail}, {"ip", r.IP}} {
		if by.value == "" || r.StartedMS == nil || r.FinishedMS == nil {
			continue
		}
		q = q.Union(s.write.NewSelect().TableExpr("event_hints AS eh").ColumnExpr("eh.event_id").Where("eh.org_id = ?", r.OrgID).
			Where("eh.? = ? AND eh.? <> ''", bun.Ident(by.column), by.value, bun.Ident(by.column)).
			Where("eh.ts_ms BETWEEN ? AND ?", *r.StartedMS-guessUserMS, *r.FinishedMS+guessUserMS))
	}
	return s.write.NewSelect().TableExpr("(?) AS g", q).ColumnExpr("g.event_id").Where("g.event_id > ?", after).
		Where(`NOT EXISTS (SELECT 1 FROM replay_links AS l WHERE l.org_id = ? AND l.item_kind = 'event' AND l.item_id = g.event_id
			AND ((l.signals & ?) <> 0 OR ((l.signals & ?) <> 0 AND (l.flags & ?) = 0)))`, r.OrgID, j.Certain, j.ByTrace, j.Ambiguous).
		OrderExpr("g.event_id").Limit(JoinPage)
}

// ReplaysByService gives the replays whose requests are the parents of segments among the items: they tell
// what the clocks differ by.
func (s *Store) ReplaysByService(ctx context.Context, org int64, refs []ItemRef) ([]string, error) {
	var out []string
	for part := range slices.Chunk(refs, 5*chunk) {
		traces := make([]string, 0, len(part))
		for _, r := range part {
			if (r.Kind == ItemSpan || r.Kind == ItemTransaction) && r.TraceID != "" {
				traces = append(traces, r.TraceID)
			}
		}
		if len(traces) == 0 {
			continue
		}
		var ids []string
		err := s.write.NewSelect().Distinct().TableExpr("spans AS s").
			Join("JOIN replay_requests AS rr ON rr.org_id = s.org_id AND rr.span_id = s.parent_span_id AND rr.trace_id = s.trace_id AND rr.span_id IS NOT NULL").
			ColumnExpr("rr.replay_id").Where("s.org_id = ?", org).Where("s.trace_id IN (?)", bun.List(traces)).Where("s.is_segment").Scan(ctx, &ids)
		if err != nil {
			return nil, border(fmt.Errorf("replays by service: %w", err))
		}
		out = append(out, ids...)
	}
	return out, nil
}
