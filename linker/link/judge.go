package link

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// How far around a recording an item still belongs to it: the buffer of 60 s before it, the 15 min after
// which an idle session expires.
const (
	WindowBefore = 60 * time.Second
	WindowAfter  = 15 * time.Minute
)

// MaxReplaysPerTrace is how many replays can share a trace before the trace says nothing any more: a page
// cached together with its trace id gives the same trace to everybody.
const MaxReplaysPerTrace = 20

// maxPossible bounds how many replays are shown as possible when the trace cannot decide.
const maxPossible = 3

// Item is what [Judge] needs to know of the linked item.
type Item struct {
	TimeMS   int64 // 0: not known yet (a recording named the item first)
	Frontend bool  // sent by a browser or an app
	UserKey  string

	// What an error can be found by when it names no replay (S10, S11).
	Guess     bool // it is an error: worth a guess
	Person    Person
	Unhandled bool
	Referer   string
	Release   string
	Crowded   bool // more replays recorded such a request at that moment than are among the candidates
}

// Replay is what [Judge] needs to know of a replay. Without segments it has no times.
type Replay struct {
	ID         string
	Recorded   bool // has segments and is not deleted
	StartedMS  int64
	FinishedMS int64
	ReceivedMS int64 // of the newest segment
	UserKey    string

	Person   Person
	URLs     []string
	Releases []string
}

// Window is the time in which an item belongs to the replay, in Unix ms.
func (r Replay) Window() (from, to int64) {
	return r.StartedMS - WindowBefore.Milliseconds(), r.FinishedMS + WindowAfter.Milliseconds()
}

func (r Replay) windowHas(ms int64) bool {
	from, to := r.Window()
	return r.Recorded && from <= ms && ms <= to
}

// Candidate is a replay that an item may belong to, with all that is known about the two.
type Candidate struct {
	Replay Replay
	Stored Signals // of the stored link; 0 without one
	Flags  Flags   // of the stored link
	Pair   Signals // how the replay is paired with the item's trace (ByTrace); 0 when it is not
	Span   bool    // the recording holds the request whose span is the item's parent (S6)
	Covers bool    // a segment was recorded at the item's moment
	Frames []Frame // recorded requests with the method and path of the item's own, near its moment
	Offset *int64  // ms that the server's clock is ahead of the page's, as span-level matches of this replay show
}

// Link is the judgement on one candidate. Signals 0: no link.
type Link struct {
	ReplayID string
	Signals  Signals
	Flags    Flags
	Primary  bool
}

// Judge decides an item's links from all its candidates: those it is linked to already and those its trace
// is paired with. The derived signals and flags of the stored links are decided anew. The answer has one
// entry per candidate, in their order.
func Judge(it Item, cs []Candidate) []Link {
	out := make([]Link, len(cs))
	for i, c := range cs {
		l := Link{ReplayID: c.Replay.ID, Signals: c.Stored &^ Derived, Flags: c.Flags & (Buffering | SameBaggage)}
		if c.Span {
			l.Signals |= RecordedHeader
		}
		out[i] = l
	}
	shaped := shape(it, cs)
	byTrace(it, cs, out, shaped)
	guess(it, cs, out, shaped)
	for i, c := range cs {
		if out[i].Signals == 0 {
			out[i].Flags = 0
			continue
		}
		out[i].Flags |= sessionFlags(it, c.Replay)
	}
	if p := primary(it, cs, out); p >= 0 {
		out[p].Primary = true
	}
	return out
}

func sessionFlags(it Item, r Replay) Flags {
	if it.TimeMS == 0 || !r.Recorded {
		return 0
	}
	switch from, to := r.Window(); {
	case it.TimeMS < from:
		return BeforeSession
	case it.TimeMS > to:
		return AfterSession
	}
	return 0
}

// Poisoned says whether a trace with that many replays may not link anything.
func Poisoned(replays int) bool { return replays > MaxReplaysPerTrace }

// guess adds what can be said without any id, to items that have nothing better.
func guess(it Item, cs []Candidate, out []Link, shaped int) {
	best := func() Tier {
		t := Tier(TierPossible)
		for i := range out {
			if o := TierOf(out[i].Signals, out[i].Flags); o.Counted() {
				t = min(t, o)
			}
		}
		return t
	}
	if shaped >= 0 && best() > TierTrace {
		out[shaped].Signals |= RequestShape
	}
	if best() > TierShape {
		for _, i := range sameUser(it, cs) {
			out[i].Signals |= SameUser
		}
	}
}

// byTrace adds the trace's signals to the candidates that the trace really points at.
func byTrace(it Item, cs []Candidate, out []Link, shaped int) {
	var traced []int
	for i, c := range cs {
		if c.Pair&ByTrace != 0 {
			traced = append(traced, i)
		}
	}
	if len(traced) == 0 || Poisoned(len(traced)) {
		return
	}
	chosen, sure := guard(it, cs, out, traced, shaped)
	for _, i := range chosen {
		out[i].Signals |= cs[i].Pair & ByTrace
		if !sure {
			out[i].Flags |= Ambiguous
		}
	}
}

// guard picks among the replays of one trace, and says whether the pick is more than a possibility.
func guard(it Item, cs []Candidate, out []Link, traced []int, shaped int) (chosen []int, sure bool) {
	if len(traced) == 1 {
		return traced, true
	}
	in := filter(traced, func(i int) bool { return cs[i].Replay.windowHas(it.TimeMS) })
	if len(in) == 1 {
		return in, true
	}
	pool := in
	if len(pool) == 0 {
		pool = traced
	}
	if named := filter(pool, func(i int) bool { return out[i].Signals != 0 }); len(named) > 0 {
		return named, true
	}
	if len(filter(traced, func(i int) bool { return out[i].Signals != 0 })) > 0 {
		return nil, true // the item names another of them; guessing would only add noise
	}
	if slices.Contains(in, shaped) {
		return []int{shaped}, true
	}
	same := filter(in, func(i int) bool {
		return it.UserKey != "" && cs[i].Replay.UserKey == it.UserKey || it.Person.same(cs[i].Replay.Person) ||
			!(it.Person.named() && cs[i].Replay.Person.named()) && it.Person.sameIP(cs[i].Replay.Person)
	})
	if len(same) > 0 {
		// One person's consecutive replays: the windows overlap by their margins, the recordings do not.
		inside := filter(same, func(i int) bool {
			return cs[i].Replay.StartedMS <= it.TimeMS && it.TimeMS <= cs[i].Replay.FinishedMS
		})
		if len(inside) > 0 {
			return inside, true
		}
		return same, true
	}
	pool = slices.Clone(pool)
	slices.SortFunc(pool, func(a, b int) int {
		ra, rb := cs[a].Replay, cs[b].Replay
		return cmp.Or(cmp.Compare(distance(ra, it.TimeMS), distance(rb, it.TimeMS)), strings.Compare(ra.ID, rb.ID))
	})
	return pool[:min(len(pool), maxPossible)], false
}

// distance is how far the moment is from the recording, in ms; a replay without recording is farthest.
func distance(r Replay, ms int64) int64 {
	switch {
	case !r.Recorded:
		return 1<<63 - 1
	case ms < r.StartedMS:
		return r.StartedMS - ms
	case ms > r.FinishedMS:
		return ms - r.FinishedMS
	}
	return 0
}

func filter(in []int, keep func(int) bool) []int {
	var out []int
	for _, i := range in {
		if keep(i) {
			out = append(out, i)
		}
	}
	return out
}

// primary is the index of the replay to show first, -1 without any that counts: the best tier, then one
// that was recorded, then one whose window holds the item, then the order of conflicting ids, then one with
// a segment at that moment, then the one received later.
func primary(it Item, cs []Candidate, ls []Link) int {
	best := -1
	for i := range ls {
		if !TierOf(ls[i].Signals, ls[i].Flags).Counted() {
			continue
		}
		if best < 0 || comparePrimary(it, cs[i], ls[i], cs[best], ls[best]) < 0 {
			best = i
		}
	}
	return best
}

func comparePrimary(it Item, ca Candidate, a Link, cb Candidate, b Link) int {
	return cmp.Or(
		cmp.Compare(TierOf(a.Signals, a.Flags), TierOf(b.Signals, b.Flags)),
		trueFirst(ca.Replay.Recorded, cb.Replay.Recorded),
		trueFirst(ca.Replay.windowHas(it.TimeMS), cb.Replay.windowHas(it.TimeMS)),
		cmp.Compare(rank(it, a), rank(it, b)),
		trueFirst(ca.Covers, cb.Covers),
		cmp.Compare(cb.Replay.ReceivedMS, ca.Replay.ReceivedMS),
		strings.Compare(a.ReplayID, b.ReplayID),
	)
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// The order of conflicting explicit ids. In the browser the tag is decided at capture while the DSC may be
// stale; on a server the DSC is what the request brought.
var (
	frontendOrder = []Signals{EventTag, EventContext, DSC, Attribute, Feedback, Baggage, ErrorIDs, Recording}
	backendOrder  = []Signals{DSC, Baggage, EventContext, EventTag, Attribute, Feedback, ErrorIDs, Recording}
)

func rank(it Item, l Link) int {
	order := backendOrder
	if it.Frontend {
		order = frontendOrder
	} else if l.Flags&SameBaggage != 0 {
		return -1
	}
	if i := slices.IndexFunc(order, func(s Signals) bool { return l.Signals&s != 0 }); i >= 0 {
		return i
	}
	return len(order)
}
