package linker

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

// judge hands the store's facts to the rules of package link.
var judge = store.LinkJudge{
	Judge:     judgeLinks,
	Explicit:  int64(link.Handed),
	Kept:      int64(link.Buffering | link.SameBaggage),
	Certain:   int64(link.Handed | link.RecordedHeader),
	ByTrace:   int64(link.ByTrace),
	Ambiguous: int64(link.Ambiguous),
	MaxPairs:  link.MaxReplaysPerTrace + 1,
}

func judgeLinks(it store.LinkItem, cs []store.LinkCandidate) []store.LinkVerdict {
	in := make([]link.Candidate, len(cs))
	for i, c := range cs {
		in[i] = link.Candidate{Replay: replayOf(c.Replay), Stored: link.Signals(c.Signals), Flags: link.Flags(c.Flags),
			Pair: link.Signals(c.Pair), Span: c.Span, Covers: c.Covers, Frames: framesOf(c.Frames), Offset: c.Offset}
	}
	item := link.Item{TimeMS: it.TimeMS, Frontend: it.Side != nil && *it.Side == store.SideFrontend, UserKey: it.UserKey}
	if h := it.Hint; h != nil {
		item.Guess, item.Crowded, item.Unhandled, item.Referer, item.Release = true, it.Crowded, h.Unhandled, h.Referer, h.Release
		item.Person = link.Person{Key: h.UserKey, Email: h.UserEmail, IP: h.IP, UserAgent: h.UserAgent}
	}
	out := make([]store.LinkVerdict, len(cs))
	for i, l := range link.Judge(item, in) {
		out[i] = store.LinkVerdict{Signals: int64(l.Signals), Flags: int64(l.Flags), Primary: l.Primary, Sure: sure(l)}
	}
	return out
}

// sure says whether a link is by an id or by the trace: better than a guess.
func sure(l link.Link) bool {
	t := link.TierOf(l.Signals, l.Flags)
	return t != link.NoLink && t <= link.TierTrace
}

func framesOf(in []store.LinkFrame) []link.Frame {
	out := make([]link.Frame, 0, len(in))
	for _, f := range in {
		out = append(out, link.Frame{StartMS: f.StartUS / 1_000, EndMS: f.EndUS / 1_000, Status: int(f.Status), Document: f.Document})
	}
	return out
}

func replayOf(r *store.Replay) link.Replay {
	out := link.Replay{ID: r.ReplayID, UserKey: r.UserKey,
		Person: link.Person{Key: personKey(r.UserKey), Email: r.UserEmail, IP: r.IP, UserAgent: r.UserAgent}}
	// Both are JSON of our own; what cannot be read says nothing.
	_ = json.Unmarshal([]byte(r.URLs), &out.URLs)
	_ = json.Unmarshal([]byte(r.Releases), &out.Releases)
	if r.State == store.ReplayLive && r.StartedMS != nil && r.FinishedMS != nil {
		out.Recorded, out.StartedMS, out.FinishedMS = true, *r.StartedMS, *r.FinishedMS
	}
	if r.LastSegmentMS != nil {
		out.ReceivedMS = *r.LastSegmentMS
	}
	return out
}

// work is what a batch makes necessary to look up in one organisation.
type work struct {
	items   map[store.ItemRef]bool
	traces  map[string]bool // whose replays changed
	retold  map[string]bool // of these, traces named by a redelivered message
	changed map[string]int  // pairs of the batch that are new, per trace
	replays map[string]bool // whose recording changed
	spans   map[string]bool // of requests in the recordings
	onPage  map[string]bool // traces of those requests
	// ids of replays whose recording changed, and of sessions that may be replays
	sessions map[string]bool
}

// join looks up the other side of everything the batch committed. A redelivered message may have been
// committed by a process that died before its join: all it names is looked up again.
func (l *Linker) join(ctx context.Context, msgs []*message, did *store.Ingested) error {
	orgs := map[int64]*work{}
	get := func(org int64) *work {
		if orgs[org] == nil {
			orgs[org] = &work{map[store.ItemRef]bool{}, map[string]bool{}, map[string]bool{}, map[string]int{},
				map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
		}
		return orgs[org]
	}
	for _, p := range did.Pairs {
		w := get(p.OrgID)
		w.traces[p.TraceID] = true
		w.changed[p.TraceID]++
	}
	for _, k := range did.Replays {
		get(k.OrgID).replays[k.ReplayID], get(k.OrgID).sessions[k.ReplayID] = true, true
	}
	for _, ref := range did.Items {
		get(ref.OrgID).items[ref] = true
	}
	for _, m := range msgs {
		for _, ref := range m.refs {
			get(ref.OrgID).items[ref] = true
		}
		get(m.OrgID).recordings(m.w, did.Known[m.w.MessageID])
	}
	for _, org := range slices.Sorted(maps.Keys(orgs)) {
		if err := l.joinOrg(ctx, org, orgs[org]); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) recordings(in *store.Write, again bool) {
	for _, s := range in.ItemSessions {
		w.sessions[s.SessionID] = true
	}
	pairs := in.Traces
	for i := range in.Segments {
		s := &in.Segments[i]
		pairs = append(slices.Clone(pairs), s.Traces...)
		for _, r := range s.Requests {
			if r.SpanID != nil && r.TraceID != nil {
				w.spans[*r.SpanID], w.onPage[*r.TraceID] = true, true
			}
		}
		for _, l := range s.Links { // events the recording names: they may be here already
			w.items[store.ItemRef{OrgID: l.OrgID, Kind: l.ItemKind, ID: l.ItemID}] = true
		}
		if again {
			w.replays[s.Segment.ReplayID], w.sessions[s.Segment.ReplayID] = true, true
		}
	}
	if again {
		for _, p := range pairs {
			w.traces[p.TraceID], w.retold[p.TraceID] = true, true
		}
	}
}

func (l *Linker) joinOrg(ctx context.Context, org int64, w *work) error {
	parents, err := l.cfg.Store.ItemsByParent(ctx, org, slices.Sorted(maps.Keys(w.onPage)), slices.Sorted(maps.Keys(w.spans)))
	if err != nil {
		return err
	}
	for _, ref := range parents {
		w.items[ref] = true
	}
	refs, traces, err := l.cfg.Store.JoinSessions(ctx, org, slices.Sorted(maps.Keys(w.sessions)), int64(link.Attribute), int64(link.TraceBridge))
	if err != nil {
		return err
	}
	for _, ref := range refs {
		w.items[ref] = true
	}
	for _, t := range traces {
		w.traces[t] = true
	}
	services, err := l.cfg.Store.ReplaysByService(ctx, org, slices.Collect(maps.Keys(w.items)))
	if err != nil {
		return err
	}
	for _, id := range services { // their clocks are known better now
		if !w.replays[id] {
			if err := l.joinGuesses(ctx, store.ReplayKey{OrgID: org, ReplayID: id}); err != nil {
				return err
			}
		}
	}
	for id := range w.replays {
		if err := l.joinReplay(ctx, store.ReplayKey{OrgID: org, ReplayID: id}, w); err != nil {
			return err
		}
	}
	all := slices.Collect(maps.Keys(w.items))
	if err := l.cfg.Store.JoinItems(ctx, org, all, judge); err != nil {
		return err
	}
	return l.joinTraces(ctx, org, w)
}

// joinReplay judges what stands or falls with a replay's times: links outside of its window, links it
// shares with other replays, and the items of traces it shares.
func (l *Linker) joinReplay(ctx context.Context, k store.ReplayKey, w *work) error {
	rs, err := l.cfg.Store.ReplaysByKey(ctx, k.OrgID, []string{k.ReplayID})
	if err != nil || rs[k.ReplayID] == nil {
		return err
	}
	from, to := replayOf(rs[k.ReplayID]).Window()
	err = l.cfg.Store.LinkedItems(ctx, k, from, to, int64(link.BeforeSession), int64(link.AfterSession), func(refs []store.ItemRef) error {
		return l.cfg.Store.JoinItems(ctx, k.OrgID, refs, judge)
	})
	if err != nil {
		return err
	}
	if err := l.joinGuesses(ctx, k); err != nil {
		return err
	}
	shared, err := l.cfg.Store.SharedTraces(ctx, k, link.MaxReplaysPerTrace)
	if err != nil {
		return err
	}
	for _, t := range shared {
		w.traces[t] = true
	}
	return nil
}

// joinGuesses judges the errors that may belong to a replay by a request's shape or by the person, and
// that have nothing better.
func (l *Linker) joinGuesses(ctx context.Context, k store.ReplayKey) error {
	rs, err := l.cfg.Store.ReplaysByKey(ctx, k.OrgID, []string{k.ReplayID})
	if err != nil || rs[k.ReplayID] == nil {
		return err
	}
	return l.cfg.Store.GuessedItems(ctx, rs[k.ReplayID], judge, func(refs []store.ItemRef) error {
		return l.cfg.Store.JoinItems(ctx, k.OrgID, refs, judge)
	})
}

// joinTraces judges all items of the traces whose replays changed. A trace that had too many replays
// before this batch links nothing, and one more changes nothing.
func (l *Linker) joinTraces(ctx context.Context, org int64, w *work) error {
	traces := slices.Sorted(maps.Keys(w.traces))
	counts, err := l.cfg.Store.ReplaysPerTrace(ctx, org, traces)
	if err != nil {
		return err
	}
	for _, t := range traces {
		n := counts[t]
		if link.Poisoned(n-w.changed[t]) && !w.retold[t] {
			continue
		}
		if link.Poisoned(n) {
			l.m.poisoned.Inc()
			l.log.Warn("a trace is shared by too many replays and links nothing any more; a cached page with its sentry-trace tag?",
				"org", org, "trace", t, "replays", n)
		}
		if err := l.cfg.Store.JoinTrace(ctx, org, t, judge); err != nil {
			return err
		}
	}
	return nil
}
