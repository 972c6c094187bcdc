package link

import (
	"math/bits"
	"strings"
)

// Signals is a set of reasons to believe that an item happened inside a replay.
// The bits are stored: never renumber them.
type Signals int64

// The signals, S1 to S14 in this order.
const (
	DSC            Signals = 1 << iota // S1: replay_id in the envelope header's trace
	EventContext                       // S2: contexts.replay.replay_id
	EventTag                           // S3: tag replayId
	Baggage                            // S4: baggage among the event's own request headers
	ErrorIDs                           // S5: the recording names the event
	RecordedHeader                     // S6: the recording holds the request's sentry-trace
	TraceIDs                           // S7: the recording names the trace
	TraceBridge                        // S8: another item has this trace and this replay
	Attribute                          // S9: attribute of a span, log or metric
	RequestShape                       // S10: same method, URL, status and time
	SameUser                           // S11: same user, inside the replay's time
	ReplayFlag                         // S12: sentry-trace says that a replay is running; never a link by itself
	Feedback                           // S13: contexts.feedback.replay_id
	Recording                          // S14: made from the recording
)

// Sets of signals.
const (
	// Handed are the ids that came with the item or were read from the recording itself (tier 1).
	Handed = DSC | EventContext | EventTag | Baggage | ErrorIDs | Attribute | Feedback | Recording
	// ByTrace are the signals of the trace bridge (tier 3).
	ByTrace = TraceIDs | TraceBridge
	// Derived signals follow from other rows and are judged again when those change.
	Derived = RecordedHeader | ByTrace | RequestShape | SameUser
)

var names = [...]string{
	"dsc", "event_context", "event_tag", "baggage", "error_ids", "recorded_header", "trace_ids",
	"trace_bridge", "attribute", "request_shape", "same_user", "replay_flag", "feedback", "recording",
}

// Names spells the signals as the API does, S1 first. It is never nil.
func (s Signals) Names() []string {
	out := make([]string, 0, bits.OnesCount64(uint64(s)))
	for i, n := range names {
		if s&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// ParseSignal gives the signal of a name.
func ParseSignal(name string) (Signals, bool) {
	for i, n := range names {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// Flags is a set of remarks on a link. The bits are stored: never renumber them.
type Flags int64

// The flags.
const (
	// BeforeSession: the item is earlier than the replay's window. Only while its replay has segments.
	BeforeSession Flags = 1 << iota
	// AfterSession: the item is later than the replay's window.
	AfterSession
	// Ambiguous: the trace fits several replays, so the trace's signals make it "possible", no more.
	Ambiguous
	// Buffering: the item was sent while the recorder only buffered; the replay may never arrive.
	Buffering
	// SameBaggage: the baggage that held the id also held the item's own trace id (ranks conflicting ids).
	SameBaggage
)

var flagNames = [...]string{"before_session", "after_session", "ambiguous", "replay_is_buffering"}

// Names spells the flags as the API does; flags that only rank are left out. It is never nil.
func (f Flags) Names() []string {
	out := []string{}
	for i, n := range flagNames {
		if f&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

// Tier says how a link was made: 1 explicit id, 2 the very request, 3 same trace, 4 same request by
// shape, 5 only possible. 0: no link.
type Tier int

// The tiers.
const (
	NoLink Tier = iota
	TierExplicit
	TierRequest
	TierTrace
	TierShape
	TierPossible
)

// TierOf computes the tier of a link: the best among its signals.
func TierOf(s Signals, f Flags) Tier {
	switch {
	case s&Handed != 0:
		return TierExplicit
	case s&RecordedHeader != 0:
		return TierRequest
	case s&ByTrace != 0 && f&Ambiguous == 0:
		return TierTrace
	case s&RequestShape != 0:
		return TierShape
	case s&(ByTrace|SameUser) != 0:
		return TierPossible
	}
	return NoLink
}

// Counted says whether links of this tier are counted as links; tier 5 is only shown as possible.
func (t Tier) Counted() bool { return t >= TierExplicit && t <= TierShape }

// Reason says in words why a link exists: the best signal, and how many others agree.
func Reason(s Signals, f Flags) string {
	var because string
	switch TierOf(s, f) {
	case TierExplicit:
		because = explicitReason(s)
	case TierRequest:
		because = "the recording holds the request that this belongs to"
	case TierTrace:
		because = traceReason(s)
	case TierShape:
		because = "the recording holds a request of the same method, address and time"
	case TierPossible:
		if f&Ambiguous != 0 && s&ByTrace != 0 {
			return "possible: several replays share this trace"
		}
		return "possible: the same user at the same time"
	default:
		return ""
	}
	if f&AfterSession != 0 {
		because += ", after the session had ended"
	}
	if f&BeforeSession != 0 {
		because += ", before the recording began"
	}
	return because
}

func explicitReason(s Signals) string {
	switch {
	case s&EventTag != 0:
		return "the page that was recorded sent it"
	case s&(DSC|Baggage) != 0:
		return "the browser sent this replay id with the request"
	case s&Feedback != 0:
		return "the feedback names this replay"
	case s&Attribute != 0:
		return "it names this replay"
	case s&EventContext != 0:
		return "the event names this replay"
	case s&Recording != 0:
		return "it was found in the recording"
	}
	return "the recording names this event"
}

func traceReason(s Signals) string {
	if s&TraceIDs != 0 {
		return "same trace: the recording names it"
	}
	return "same trace as something the recorded page sent"
}

// String joins the names, for logs and tests.
func (s Signals) String() string { return strings.Join(s.Names(), "+") }
