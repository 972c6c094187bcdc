package store

import "github.com/uptrace/bun"

// Log is one line of a log.
type Log struct {
	bun.BaseModel `bun:"table:logs,alias:lg"`

	OrgID          int64   `bun:"org_id,pk"`
	LogID          string  `bun:"log_id,pk"` // made from the message it came in, so that a redelivery gives it again
	ProjectID      int64   `bun:"project_id"`
	TraceID        *string `bun:"trace_id"`
	SpanID         *string `bun:"span_id"`
	TimestampUS    int64   `bun:"timestamp_us"`
	Sequence       int64   `bun:"sequence"` // order within one timestamp
	Severity       string  `bun:"severity"` // trace, debug, info, warn, error, fatal
	SeverityNumber int64   `bun:"severity_number"`
	Body           string  `bun:"body"`
	Environment    string  `bun:"environment"`
	Release        string  `bun:"release"`
	Side           string  `bun:"side"`
	ReplayID       *string `bun:"replay_id"`  // as the log itself says; the links say more
	Attributes     []byte  `bun:"attributes"` // zstd JSON of typed attributes
	ReceivedMS     int64   `bun:"received_ms"`
}

// LogWrite is a log to store.
type LogWrite struct {
	Log      Log
	Outcomes []Outcome
}

// Feedback is what a person wrote. It makes no issue; it may be about an event.
type Feedback struct {
	bun.BaseModel `bun:"table:feedback,alias:fb"`

	OrgID             int64   `bun:"org_id,pk"`
	EventID           string  `bun:"event_id,pk"`
	ProjectID         int64   `bun:"project_id,pk"`
	TimestampMS       int64   `bun:"timestamp_ms"`
	Message           string  `bun:"message"`
	Name              string  `bun:"name"`
	ContactEmail      string  `bun:"contact_email"`
	URL               string  `bun:"url"`
	Source            string  `bun:"source"`
	AssociatedEventID *string `bun:"associated_event_id"`
	TraceID           *string `bun:"trace_id"`
	Environment       string  `bun:"environment"`
	Release           string  `bun:"release"`
	UserKey           string  `bun:"user_key"`
	Side              string  `bun:"side"`
	Payload           []byte  `bun:"payload"` // zstd JSON of the whole event
	ReceivedMS        int64   `bun:"received_ms"`
	Status            string  `bun:"status,nullzero,default:'unresolved'"` // one of [FeedbackStatuses]
}

// FeedbackWrite is a feedback to store.
type FeedbackWrite struct {
	Feedback Feedback
	Outcomes []Outcome
}

// EventHint is the request and the person of an error, to find its recording by when it names none.
type EventHint struct {
	bun.BaseModel `bun:"table:event_hints,alias:eh"`

	OrgID     int64  `bun:"org_id,pk"`
	EventID   string `bun:"event_id,pk"`
	ProjectID int64  `bun:"project_id,pk"`
	TimeMS    int64  `bun:"ts_ms"`
	Method    string `bun:"method"`
	PathHash  string `bun:"path_hash"` // as of the replay's requests; empty without a request
	Unhandled bool   `bun:"unhandled"`
	UserKey   string `bun:"user_key"` // an id or a name; not an address
	UserEmail string `bun:"user_email"`
	IP        string `bun:"ip"`
	UserAgent string `bun:"user_agent"`
	Referer   string `bun:"referer"`
	Release   string `bun:"release"`
}

// ExpectedReplay says that a trace's headers spoke of a replay that was running.
type ExpectedReplay struct {
	bun.BaseModel `bun:"table:expected_replays,alias:xr"`

	OrgID   int64  `bun:"org_id,pk"`
	TraceID string `bun:"trace_id,pk"`
	FirstMS int64  `bun:"first_ms"`
}

// ReplayLoss is a reason why segments of a replay are not there.
type ReplayLoss struct {
	bun.BaseModel `bun:"table:replay_losses,alias:rx"`

	OrgID     int64  `bun:"org_id,pk"`
	ProjectID int64  `bun:"project_id"`
	ReplayID  string `bun:"replay_id,pk"`
	Reason    string `bun:"reason,pk"`
	FirstMS   int64  `bun:"first_ms"`
}

// ItemSession is an item whose session.id may turn out to be the id of a replay.
type ItemSession struct {
	bun.BaseModel `bun:"table:item_sessions,alias:its"`

	OrgID      int64  `bun:"org_id,pk"`
	SessionID  string `bun:"session_id,pk"`
	ItemKind   string `bun:"item_kind,pk"`
	ItemID     string `bun:"item_id,pk"`
	TraceID    string `bun:"trace_id"`
	ReceivedMS int64  `bun:"received_ms"`
}
