package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// linkFacts gathers what a batch says about replays: each link and each pair once.
type linkFacts struct {
	links map[linkKey]ReplayLink
	pairs map[TraceReplay]ReplayTrace
	seen  map[ReplayKey]int64 // replays that are named, with the earliest received time
}

type linkKey struct {
	org      int64
	kind, id string
	replay   string
}

func (l *ReplayLink) key() linkKey { return linkKey{l.OrgID, l.ItemKind, l.ItemID, l.ReplayID} }

func (f *linkFacts) add(links []ReplayLink, traces []ReplayTrace, receivedMS int64) {
	if f.seen == nil {
		f.links, f.pairs, f.seen = map[linkKey]ReplayLink{}, map[TraceReplay]ReplayTrace{}, map[ReplayKey]int64{}
	}
	for _, l := range links {
		see(f.seen, ReplayKey{l.OrgID, l.ReplayID}, receivedMS)
		if old, ok := f.links[l.key()]; ok {
			l = mergeLink(old, l)
		}
		f.links[l.key()] = l
	}
	for _, t := range traces {
		see(f.seen, ReplayKey{t.OrgID, t.ReplayID}, receivedMS)
		k := TraceReplay{t.OrgID, t.TraceID, t.ReplayID}
		if old, ok := f.pairs[k]; ok {
			t.Sources |= old.Sources
			t.FirstMS, t.LastMS = min(t.FirstMS, old.FirstMS), max(t.LastMS, old.LastMS)
		}
		f.pairs[k] = t
	}
}

// mergeLink adds what b knows to a.
func mergeLink(a, b ReplayLink) ReplayLink {
	a.Signals |= b.Signals
	a.Flags |= b.Flags
	a.ProjectID, a.IssueID, a.TraceID = cmp.Or(a.ProjectID, b.ProjectID), cmp.Or(a.IssueID, b.IssueID), cmp.Or(a.TraceID, b.TraceID)
	a.Level, a.Side, a.Name = cmp.Or(a.Level, b.Level), cmp.Or(a.Side, b.Side), cmp.Or(a.Name, b.Name)
	a.TimeMS = cmp.Or(a.TimeMS, b.TimeMS)
	a.CreatedMS = min(a.CreatedMS, b.CreatedMS)
	return a
}

// dropDeleted forgets the pairs of replays that were deleted: their trace map was deleted with them.
func (f *linkFacts) dropDeleted(replays map[ReplayKey]*Replay) {
	maps.DeleteFunc(f.pairs, func(k TraceReplay, _ ReplayTrace) bool {
		r := replays[ReplayKey{k.OrgID, k.ReplayID}]
		return r != nil && r.State == ReplayDeleted
	})
}

// MaxPairsPerTrace bounds how many replays a trace is paired with, so that looking at a trace stays cheap
// when a cached page gives it to everybody. It links nothing any more long before.
const MaxPairsPerTrace = 1_000

// dropFull forgets the pairs of traces that have enough.
func (b *batch) dropFull(ctx context.Context) error {
	byOrg := map[int64]map[string]bool{}
	for k := range b.facts.pairs {
		if byOrg[k.OrgID] == nil {
			byOrg[k.OrgID] = map[string]bool{}
		}
		byOrg[k.OrgID][k.TraceID] = true
	}
	for org, traces := range byOrg {
		counts, err := replaysPerTrace(ctx, b.tx, org, slices.Sorted(maps.Keys(traces)))
		if err != nil {
			return err
		}
		maps.DeleteFunc(b.facts.pairs, func(k TraceReplay, _ ReplayTrace) bool {
			return k.OrgID == org && counts[k.TraceID] >= MaxPairsPerTrace
		})
	}
	return nil
}

// traces stores the pairs and notes those that are new or have a new source: their traces are joined.
func (b *batch) traces(ctx context.Context) error {
	if err := b.dropFull(ctx); err != nil {
		return err
	}
	rows := slices.SortedFunc(maps.Values(b.facts.pairs), func(x, y ReplayTrace) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.TraceID, y.TraceID), cmp.Compare(x.ReplayID, y.ReplayID))
	})
	for part := range slices.Chunk(rows, chunk) {
		var changed []TraceReplay
		_, err := b.tx.NewInsert().Model(&part).On("CONFLICT (org_id, trace_id, replay_id) DO UPDATE").
			Set("sources = rt.sources | EXCLUDED.sources").
			Set("first_ms = ?(rt.first_ms, EXCLUDED.first_ms)", b.s.lesser()).
			Set("last_ms = ?(rt.last_ms, EXCLUDED.last_ms)", b.s.greater()).
			Where("(rt.sources & EXCLUDED.sources) <> EXCLUDED.sources").
			Returning("org_id, trace_id, replay_id").Exec(ctx, &changed)
		if err != nil {
			return fmt.Errorf("pairs: %w", err)
		}
		b.out.Pairs = append(b.out.Pairs, changed...)
	}
	return nil
}

// links stores the explicit links. Nothing is cleared: signals are added, null columns filled.
func (b *batch) links(ctx context.Context) error {
	rows := sortedLinks(maps.Values(b.facts.links))
	for part := range slices.Chunk(rows, chunk) {
		q := fillNulls(b.tx.NewInsert().Model(&part).On("CONFLICT (org_id, item_kind, item_id, replay_id) DO UPDATE"))
		_, err := q.Set("signals = rl.signals | EXCLUDED.signals").Set("flags = rl.flags | EXCLUDED.flags").
			Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

func sortedLinks(rows func(yield func(ReplayLink) bool)) []ReplayLink {
	return slices.SortedFunc(rows, func(x, y ReplayLink) int {
		return cmp.Or(cmp.Compare(x.OrgID, y.OrgID), cmp.Compare(x.ItemKind, y.ItemKind),
			cmp.Compare(x.ItemID, y.ItemID), cmp.Compare(x.ReplayID, y.ReplayID))
	})
}
