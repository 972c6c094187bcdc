package link

import (
	"slices"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Facts are what an item says about its replay, as received: before scrubbing, and before the DSC's id is
// written over the context's. Ids are text of strangers; whatever is not an id is ignored.
type Facts struct {
	TraceID envelope.ID // of the item itself; zero when it has none

	DSC      string      // S1: replay_id of the envelope header's trace
	DSCTrace envelope.ID // trace_id there

	Context  string   // S2
	Tags     []string // S3: values of the tags replayId, replay_id, replay.id
	Feedback string   // S13

	Attributes []string // S9
	Buffering  bool     // S9: replay_is_buffering stood beside the attribute

	Baggage      string      // S4: sentry-replay_id
	BaggageTrace envelope.ID // sentry-trace_id of the same baggage
}

// Explicit is a replay that an item names.
type Explicit struct {
	ReplayID envelope.ID
	Signals  Signals
	Flags    Flags
	Traces   []envelope.ID // the traces that this teaches to belong to the replay (S8)
}

// Collect reads the explicit ids of an item: one entry per replay, in the order of their ids.
// All are kept when they contradict each other; [Judge] says which one is primary.
func Collect(f Facts) []Explicit {
	var c collector
	c.add(f.DSC, DSC, 0, orElse(f.DSCTrace, f.TraceID))
	c.add(f.Context, EventContext, 0, f.TraceID)
	for _, t := range f.Tags {
		c.add(t, EventTag, 0, f.TraceID)
	}
	var same Flags
	if !f.BaggageTrace.IsZero() && f.BaggageTrace == f.TraceID {
		same = SameBaggage
	}
	// A baggage of another trace (headers of an outgoing call, a trace that was started anew) still names
	// the replay, but says nothing about the item's own trace.
	c.add(f.Baggage, Baggage, same, orElse(f.BaggageTrace, f.TraceID))
	var buffering Flags
	if f.Buffering {
		buffering = Buffering
	}
	for _, a := range f.Attributes {
		c.add(a, Attribute, buffering, f.TraceID)
	}
	c.add(f.Feedback, Feedback, 0, f.TraceID)
	slices.SortFunc(c.out, func(a, b Explicit) int { return slices.Compare(a.ReplayID[:], b.ReplayID[:]) })
	return c.out
}

func orElse(a, b envelope.ID) envelope.ID {
	if a.IsZero() {
		return b
	}
	return a
}

type collector struct{ out []Explicit }

func (c *collector) add(text string, s Signals, f Flags, trace envelope.ID) {
	if text == "" {
		return
	}
	id, err := envelope.ParseID(text)
	if err != nil {
		return
	}
	i := slices.IndexFunc(c.out, func(e Explicit) bool { return e.ReplayID == id })
	if i < 0 {
		i = len(c.out)
		c.out = append(c.out, Explicit{ReplayID: id})
	}
	e := &c.out[i]
	e.Signals |= s
	e.Flags |= f
	if !trace.IsZero() && !slices.Contains(e.Traces, trace) {
		e.Traces = append(e.Traces, trace)
	}
}
