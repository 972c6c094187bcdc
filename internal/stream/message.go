package stream

import (
	"context"
	"io"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Kind is what a message carries; each kind has a subject and a durable consumer of its own,
// so a flood of one never delays another.
type Kind string

// The kinds. Things that belong together travel together: an event with its attachments, a
// transaction with its profile, a replay event with its recording.
const (
	KindEvent       Kind = "event"
	KindTransaction Kind = "transaction"
	KindSpan        Kind = "span"    // span containers and legacy single spans
	KindReplay      Kind = "replay"  // replay_event + replay_recording, replay_video
	KindSession     Kind = "session" // session, sessions
	KindReport      Kind = "report"  // client_report, and the relay's own outcomes
	KindItem        Kind = "item"    // every other item type, known or not
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{KindEvent, KindTransaction, KindSpan, KindReplay, KindSession, KindReport, KindItem}
}

// HeaderUnscrubbed is the item header key, true, of a recording that the edge could not read and so could
// not scrub: it is kept as it came, and is never shown. Only the edge sets it.
const HeaderUnscrubbed = "unscrubbed"

// Message is what travels: an envelope with the items of one kind, and the facts the edge knows.
type Message struct {
	Kind       Kind
	ID         string    // ingest id (ULID) + ":" + part; the same on every redelivery and re-send
	Received   time.Time // set once, by the relay, millisecond precision
	OrgID      int64
	ProjectID  int64
	PublicKey  string
	Client     string // sentry_client, or the User-Agent
	RemoteAddr string // after the project's IP rule; may be empty
	UserAgent  string
	Origin     string

	EventID  envelope.ID // of the envelope, zero when it has none
	TraceID  envelope.ID // of the DSC, else of the payload's own sentry-trace
	ReplayID envelope.ID // of the DSC

	// What the event's own request headers said, read before scrubbing (link signal S4).
	BaggageTraceID  envelope.ID
	BaggageReplayID envelope.ID
	ExpectsReplay   bool // a has-replay flag in a four-part sentry-trace (S12)

	Body []byte // the envelope; nil when it was too large and is in the blob store
	// Source gives the envelope (Size bytes) to Publish when the publisher does not hold it in
	// memory: Body is nil then, and Publish streams it into the blob store. It may be called more
	// than once, each time from the start. Nil on what is consumed.
	Source func() (io.ReadCloser, error)
	Blob   string // its key there
	Size   int64  // bytes of the envelope, wherever it is
}

// Delivery is a message handed to a consumer.
type Delivery struct {
	Message
	Attempt int // from 1

	blobs Blobs
}

// Blobs is what the stream needs to carry bodies over the message limit.
type Blobs interface {
	Put(ctx context.Context, key string, r io.Reader, size int64) error
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	Delete(ctx context.Context, key string) error
}
