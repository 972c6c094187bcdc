package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// ItemRef names an item that can be linked. Spans are found by trace and span id.
type ItemRef struct {
	OrgID   int64  `bun:"org_id"`
	Kind    string `bun:"item_kind"`
	ID      string `bun:"item_id"`
	TraceID string `bun:"trace_id"` // of a span; else may be empty
}

// LinkItem is an item as far as links go. Its id is the event id; of a streamed segment span the span id.
type LinkItem struct {
	Kind         string  `bun:"item_kind"`
	ID           string  `bun:"item_id"`
	ProjectID    int64   `bun:"project_id"`
	IssueID      *int64  `bun:"issue_id"`
	TraceID      *string `bun:"trace_id"`
	ParentSpanID *string `bun:"parent_span_id"`
	Level        *string `bun:"level"`
	Side         *string `bun:"side"`
	Name         *string `bun:"name"`
	TimeMS       int64   `bun:"ts_ms"`
	UserKey      string  `bun:"user_key"`

	Hint    *EventHint `bun:"-"` // of an error that names no replay, when it may need one
	Crowded bool       `bun:"-"` // more requests of the hint's shape were recorded at that moment than are looked at
}

// LinkCandidate is a replay an item may belong to, with all facts about the two.
type LinkCandidate struct {
	Replay  *Replay
	Signals int64 // of the stored link, 0 without one
	Flags   int64
	Pair    int64 // sources of the pair of the item's trace and the replay, 0 without one
	Span    bool  // the replay recorded the request whose span is the item's parent
	Covers  bool  // a segment was recorded at the item's moment; only looked up when there is a choice

	Frames []LinkFrame // recorded requests of the item's shape, near its moment
	Offset *int64      // ms that the server's clock is ahead of the page's, when known
}

// LinkVerdict is the judgement on one candidate; Signals 0: no link.
type LinkVerdict struct {
	Signals int64
	Flags   int64
	Primary bool
	Sure    bool // certain enough to tell people of
}

// LinkJudge is how links are judged; package link's rules, which this package does not know.
type LinkJudge struct {
	// Judge gives one verdict per candidate. It depends on its arguments alone.
	Judge func(LinkItem, []LinkCandidate) []LinkVerdict
	// Explicit and Kept are the signals and flags that are facts: a judgement adds to them, never clears.
	Explicit, Kept int64
	// Certain signals, and ByTrace without the flag Ambiguous, leave nothing to guess.
	Certain, ByTrace, Ambiguous int64
	// MaxPairs is how many replays of a trace are looked at; one more than a trace may have and still link.
	MaxPairs int
}

// JoinItems judges the links of items, up to a page of them at once, each page in one transaction. Items
// that do not exist are passed over: they are judged when they arrive.
func (s *Store) JoinItems(ctx context.Context, org int64, refs []ItemRef, j LinkJudge) error {
	for page := range slices.Chunk(refs, JoinPage) {
		err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
			items, err := itemsByRef(ctx, tx, org, page)
			if err != nil {
				return err
			}
			return s.judge(ctx, tx, org, items, j)
		})
		if err != nil {
			return fmt.Errorf("join %d items: %w", len(page), err)
		}
	}
	return nil
}

// JoinTrace judges the links of all items of a trace, page by page, errors first.
func (s *Store) JoinTrace(ctx context.Context, org int64, trace string, j LinkJudge) error {
	for _, source := range itemSources {
		after := ""
		for {
			var n int
			err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
				items, err := source.page(ctx, tx, org, trace, after)
				if err != nil || len(items) == 0 {
					return err
				}
				n, after = len(items), items[len(items)-1].ID
				return s.judge(ctx, tx, org, items, j)
			})
			if err != nil {
				return fmt.Errorf("join trace %s: %w", trace, err)
			}
			if n < JoinPage {
				break
			}
		}
	}
	return nil
}

// judge decides all links of items anew and writes what differs. It first holds the replays concerned, so
// that of two judgements on the same replays the later one sees what the earlier one saw, and more.
func (s *Store) judge(ctx context.Context, tx bun.Tx, org int64, items []LinkItem, j LinkJudge) error {
	if len(items) == 0 {
		return nil
	}
	f, err := s.loadLinkFacts(ctx, tx, org, items, j)
	if err != nil {
		return err
	}
	if len(f.replayIDs) == 0 {
		return nil
	}
	locked, err := s.lockReplays(ctx, tx, keysOf(org, f.replayIDs))
	if err != nil {
		return err
	}
	if s.postgres() { // while we waited for the locks, others may have added to what we read
		if f, err = s.loadLinkFacts(ctx, tx, org, items, j); err != nil {
			return err
		}
		var more []string
		for id := range f.replayIDs {
			if locked[ReplayKey{org, id}] == nil {
				more = append(more, id)
			}
		}
		if len(more) > 0 { // their writers join after us: reading is enough
			var rows []Replay
			if err := tx.NewSelect().Model(&rows).Where("org_id = ?", org).Where("replay_id IN (?)", bun.List(more)).Scan(ctx); err != nil {
				return err
			}
			for i := range rows {
				locked[ReplayKey{org, rows[i].ReplayID}] = &rows[i]
			}
		}
	}
	f.replays = locked
	if err := f.loadCover(ctx, tx); err != nil {
		return err
	}
	upserts, deletes, told := f.decide(items, j)
	if err := writeJudged(ctx, tx, upserts, deletes, j); err != nil {
		return err
	}
	if err := s.signalLinks(ctx, tx, told); err != nil {
		return err
	}
	var changed []ReplayKey
	for _, l := range slices.Concat(upserts, deletes) {
		changed = append(changed, ReplayKey{l.OrgID, l.ReplayID})
	}
	return s.markStale(ctx, tx, changed)
}

func keysOf(org int64, ids map[string]bool) []ReplayKey {
	out := make([]ReplayKey, 0, len(ids))
	for id := range ids {
		out = append(out, ReplayKey{org, id})
	}
	return out
}

func writeJudged(ctx context.Context, tx bun.Tx, upserts, deletes []ReplayLink, j LinkJudge) error {
	upserts = sortedLinks(slices.Values(upserts))
	for part := range slices.Chunk(upserts, chunk) {
		_, err := fillNulls(tx.NewInsert().Model(&part).On("CONFLICT (org_id, item_kind, item_id, replay_id) DO UPDATE")).
			Set("signals = (rl.signals & ?) | EXCLUDED.signals", j.Explicit).
			Set("flags = (rl.flags & ?) | EXCLUDED.flags", j.Kept).
			Set("is_primary = EXCLUDED.is_primary").Returning("NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("write links: %w", err)
		}
	}
	for _, l := range sortedLinks(slices.Values(deletes)) {
		_, err := tx.NewDelete().Model(&l).WherePK().Where("(signals & ?) = 0", j.Explicit).Exec(ctx)
		if err != nil {
			return fmt.Errorf("delete link: %w", err)
		}
	}
	return nil
}

// fillNulls keeps the columns a link has and fills those it has not.
func fillNulls(q *bun.InsertQuery) *bun.InsertQuery {
	for _, c := range []string{"project_id", "issue_id", "trace_id", "level", "side", "name", "ts_ms"} {
		q = q.Set("? = COALESCE(rl.?, EXCLUDED.?)", bun.Ident(c), bun.Ident(c), bun.Ident(c))
	}
	return q
}

// judged is everything that a judgement on a page of items looks at.
type judged struct {
	org       int64
	pairs     map[string][]ReplayTrace   // by trace
	links     map[itemKey][]ReplayLink   // stored, by item
	spans     map[string]map[string]bool // replays by parent span
	cover     map[string][]ReplaySegment // segments of contested replays, by replay
	replayIDs map[string]bool            // all of the above
	replays   map[ReplayKey]*Replay
	items     []LinkItem
	guesses   guesses
}

type itemKey struct{ kind, id string }

func (i *LinkItem) key() itemKey { return itemKey{i.Kind, i.ID} }

func (s *Store) loadLinkFacts(ctx context.Context, tx bun.Tx, org int64, items []LinkItem, j LinkJudge) (*judged, error) {
	f := &judged{org: org, items: items, pairs: map[string][]ReplayTrace{}, links: map[itemKey][]ReplayLink{},
		spans: map[string]map[string]bool{}, replayIDs: map[string]bool{}}
	if err := f.loadPairs(ctx, tx, j.MaxPairs); err != nil {
		return nil, fmt.Errorf("read pairs: %w", err)
	}
	if err := f.loadLinks(ctx, tx); err != nil {
		return nil, fmt.Errorf("read links: %w", err)
	}
	if err := f.loadSpans(ctx, tx); err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	if err := f.loadGuesses(ctx, tx, j); err != nil {
		return nil, fmt.Errorf("read guesses: %w", err)
	}
	return f, nil
}

func (f *judged) loadPairs(ctx context.Context, tx bun.Tx, limit int) error {
	traces := map[string]bool{}
	for i := range f.items {
		if t := f.items[i].TraceID; t != nil {
			traces[*t] = true
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(traces)), 5*chunk) {
		var rows []ReplayTrace
		err := tx.NewSelect().Model(&rows).Where("org_id = ?", f.org).Where("trace_id IN (?)", bun.List(part)).
			Order("trace_id", "replay_id").Scan(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if len(f.pairs[r.TraceID]) < limit {
				f.pairs[r.TraceID] = append(f.pairs[r.TraceID], r)
				f.replayIDs[r.ReplayID] = true
			}
		}
	}
	return nil
}

func (f *judged) loadLinks(ctx context.Context, tx bun.Tx) error {
	byKind := map[string][]string{}
	for i := range f.items {
		byKind[f.items[i].Kind] = append(byKind[f.items[i].Kind], f.items[i].ID)
	}
	for kind, ids := range byKind {
		var rows []ReplayLink
		err := tx.NewSelect().Model(&rows).Where("org_id = ?", f.org).Where("item_kind = ?", kind).
			Where("item_id IN (?)", bun.List(ids)).Order("item_id", "replay_id").Scan(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			k := itemKey{kind, r.ItemID}
			f.links[k] = append(f.links[k], r)
			f.replayIDs[r.ReplayID] = true
		}
	}
	return nil
}

func (f *judged) loadSpans(ctx context.Context, tx bun.Tx) error {
	parents := map[string]bool{}
	for i := range f.items {
		if p := f.items[i].ParentSpanID; p != nil && *p != "" {
			parents[*p] = true
		}
	}
	if len(parents) == 0 {
		return nil
	}
	var rows []ReplayRequest
	// A span id that a page sends with several requests is the page's own (tracing without performance): it
	// says which trace, not which request.
	err := tx.NewSelect().Model(&rows).Column("replay_id", "span_id").Where("org_id = ?", f.org).
		Where("span_id IN (?)", bun.List(slices.Sorted(maps.Keys(parents)))).Group("replay_id", "span_id").Having("COUNT(*) = 1").Scan(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if f.spans[*r.SpanID] == nil {
			f.spans[*r.SpanID] = map[string]bool{}
		}
		f.spans[*r.SpanID][r.ReplayID] = true
		f.replayIDs[r.ReplayID] = true
	}
	return nil
}

// candidates gives an item's replays in the order of their ids.
func (f *judged) candidates(it *LinkItem) (ids []string, of map[string]*LinkCandidate) {
	of = map[string]*LinkCandidate{}
	get := func(id string) *LinkCandidate {
		if of[id] == nil {
			of[id] = &LinkCandidate{Replay: f.replays[ReplayKey{f.org, id}]}
		}
		return of[id]
	}
	for _, l := range f.links[it.key()] {
		c := get(l.ReplayID)
		c.Signals, c.Flags = l.Signals, l.Flags
	}
	if it.TraceID != nil {
		for _, p := range f.pairs[*it.TraceID] {
			get(p.ReplayID).Pair = p.Sources
		}
	}
	if it.ParentSpanID != nil {
		for id := range f.spans[*it.ParentSpanID] {
			get(id).Span = true
		}
	}
	for _, fr := range f.guesses.frames[it.key()] {
		c := get(fr.ReplayID)
		c.Frames = append(c.Frames, fr)
		if ms, ok := f.guesses.offsets[fr.ReplayID]; ok {
			c.Offset = &ms
		}
	}
	for _, id := range f.guesses.people[it.key()] {
		get(id)
	}
	return slices.Sorted(maps.Keys(of)), of
}

// loadCover reads the segments of replays between which an item must choose.
func (f *judged) loadCover(ctx context.Context, tx bun.Tx) error {
	contested := map[string]bool{}
	for i := range f.items {
		if ids, _ := f.candidates(&f.items[i]); len(ids) > 1 {
			for _, id := range ids {
				contested[id] = true
			}
		}
	}
	f.cover = map[string][]ReplaySegment{}
	if len(contested) == 0 {
		return nil
	}
	var rows []ReplaySegment
	err := tx.NewSelect().Model(&rows).Column("replay_id", "first_ms", "last_ms").Where("org_id = ?", f.org).
		Where("replay_id IN (?)", bun.List(slices.Sorted(maps.Keys(contested)))).
		Where("first_ms IS NOT NULL AND last_ms IS NOT NULL").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read segments: %w", err)
	}
	for _, r := range rows {
		f.cover[r.ReplayID] = append(f.cover[r.ReplayID], r)
	}
	return nil
}

func (f *judged) covers(replay string, ms int64) bool {
	return slices.ContainsFunc(f.cover[replay], func(s ReplaySegment) bool { return *s.FirstMS <= ms && ms <= *s.LastMS })
}

// decide judges each item and gives the links to write, those to take back, and of those to write the ones
// that have just made a replay the one of a backend error.
func (f *judged) decide(items []LinkItem, j LinkJudge) (upserts, deletes, told []ReplayLink) {
	done := map[itemKey]bool{}
	for i := range items {
		it := &items[i]
		if done[it.key()] { // one event id in two projects of the organisation
			continue
		}
		done[it.key()] = true
		ids, of := f.candidates(it)
		ids = slices.DeleteFunc(ids, func(id string) bool { return of[id].Replay == nil })
		if len(ids) == 0 {
			continue
		}
		cs := make([]LinkCandidate, 0, len(ids))
		for _, id := range ids {
			of[id].Covers = f.covers(id, it.TimeMS)
			cs = append(cs, *of[id])
		}
		stored := map[string]ReplayLink{}
		for _, l := range f.links[it.key()] {
			stored[l.ReplayID] = l
		}
		it.Hint, it.Crowded = f.guesses.hints[it.key()], f.guesses.crowded[it.key()]
		for n, v := range j.Judge(*it, cs) {
			old, had := stored[ids[n]]
			want := it.link(f.org, ids[n], cs[n].Replay.FirstSeenMS, v)
			switch {
			case v.Signals == 0 && had:
				deletes = append(deletes, old)
			case v.Signals != 0 && (!had || old.differs(want)):
				upserts = append(upserts, want)
				if v.Primary && v.Sure && !old.Primary && it.backendError() {
					told = append(told, want)
				}
			}
		}
	}
	return upserts, deletes, told
}

func (i *LinkItem) backendError() bool {
	return i.Kind == ItemEvent && i.IssueID != nil && i.Side != nil && *i.Side == SideBackend
}

func (l *ReplayLink) differs(want ReplayLink) bool {
	return l.Signals != want.Signals || l.Flags != want.Flags || l.Primary != want.Primary || l.ProjectID == nil ||
		l.TimeMS == nil || l.IssueID == nil && want.IssueID != nil || l.TraceID == nil && want.TraceID != nil ||
		l.Level == nil && want.Level != nil || l.Side == nil && want.Side != nil || l.Name == nil && want.Name != nil
}

func (i *LinkItem) link(org int64, replay string, createdMS int64, v LinkVerdict) ReplayLink {
	return ReplayLink{OrgID: org, ItemKind: i.Kind, ItemID: i.ID, ReplayID: replay, ProjectID: &i.ProjectID, IssueID: i.IssueID,
		TraceID: i.TraceID, Level: i.Level, Side: i.Side, Name: i.Name, TimeMS: &i.TimeMS,
		Signals: v.Signals, Flags: v.Flags, Primary: v.Primary, CreatedMS: createdMS}
}
