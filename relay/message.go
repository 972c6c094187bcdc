package relay

import "github.com/hindsight-dev/hindsight/internal/stream"

// The types by which envelopes leave the edge, under names that a service outside of this module can
// write: with them it can be its own [Publisher] or [ForwardQueue].
type (
	// Message is an envelope with the items of one kind, and what the edge knows of it.
	Message = stream.Message
	// Kind says what a message carries.
	Kind = stream.Kind
	// Delivery is a message that is handed to a consumer.
	Delivery = stream.Delivery
)

// The kinds of messages. KindForward is a copy for an upstream.
const (
	KindEvent       = stream.KindEvent
	KindTransaction = stream.KindTransaction
	KindSpan        = stream.KindSpan
	KindReplay      = stream.KindReplay
	KindSession     = stream.KindSession
	KindReport      = stream.KindReport
	KindItem        = stream.KindItem
	KindForward     = stream.KindForward
)

// What a [Publisher] answers when it cannot keep something now: the client reads 503.
var (
	ErrFull        = stream.ErrFull        // nothing was kept
	ErrUnavailable = stream.ErrUnavailable // it may have been kept
)
