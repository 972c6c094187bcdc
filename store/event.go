package store

import "github.com/uptrace/bun"

// The two sides an item can come from.
const (
	SideBackend  = "backend"
	SideFrontend = "frontend"
)

// Event is one stored error or message. Columns are what is searched; Payload is the
// whole normalised event, JSON compressed with zstd.
type Event struct {
	bun.BaseModel `bun:"table:events,alias:e"`

	ProjectID     int64   `bun:"project_id,pk"`
	EventID       string  `bun:"event_id,pk"`
	OrgID         int64   `bun:"org_id"`
	IssueID       int64   `bun:"issue_id"`
	Hash          string  `bun:"hash"` // the grouping hash that chose the issue; empty on events of older versions
	Level         string  `bun:"level"`
	Platform      string  `bun:"platform"`
	Title         string  `bun:"title"`
	Culprit       string  `bun:"culprit"`
	TimestampMS   int64   `bun:"timestamp_ms"`
	ReceivedMS    int64   `bun:"received_ms"`
	TraceID       *string `bun:"trace_id"`
	SpanID        *string `bun:"span_id"`
	ParentSpanID  *string `bun:"parent_span_id"`
	Environment   string  `bun:"environment"`
	Release       string  `bun:"release"`
	UserKey       string  `bun:"user_key"` // "id:7", "email:a@b.c", "username:x", "ip:1.2.3.4" or empty
	Unhandled     bool    `bun:"unhandled"`
	Side          string  `bun:"side"`
	ExpectsReplay bool    `bun:"expects_replay"` // its sentry-trace said that a replay was running
	Payload       []byte  `bun:"payload"`
	Tags          string  `bun:"tags,nullzero,default:'{}'"` // JSON object, see [TagsOf]
}

// Attachment is a file that came with an event; its bytes are in Blobs.
type Attachment struct {
	bun.BaseModel `bun:"table:attachments,alias:a"`

	ID          int64  `bun:"id,pk,autoincrement"`
	OrgID       int64  `bun:"org_id"`
	ProjectID   int64  `bun:"project_id"`
	EventID     string `bun:"event_id"`
	MessageID   string `bun:"message_id"`
	Position    int    `bun:"position"` // of the item in its message
	Name        string `bun:"name"`
	Type        string `bun:"type"`
	ContentType string `bun:"content_type"`
	Size        int64  `bun:"size"`
	SHA1        string `bun:"sha1"`
	Blob        string `bun:"blob"`
	ReceivedMS  int64  `bun:"received_ms"`
}

// RawItem is an item kept as it came: a type without a table of its own yet, or one that could not be read.
type RawItem struct {
	bun.BaseModel `bun:"table:raw_items,alias:ri"`

	MessageID  string  `bun:"message_id,pk"`
	Position   int     `bun:"position,pk"`
	OrgID      int64   `bun:"org_id"`
	ProjectID  int64   `bun:"project_id"`
	Type       string  `bun:"type"`
	EventID    *string `bun:"event_id"`
	TraceID    *string `bun:"trace_id"`
	Header     string  `bun:"header"` // the item header as received, JSON
	Payload    []byte  `bun:"payload"`
	Blob       string  `bun:"blob"` // instead of Payload when it is large
	Size       int64   `bun:"size"`
	ReceivedMS int64   `bun:"received_ms"`
}

// StoredMessage says that a stream message was stored: a redelivery changes nothing.
type StoredMessage struct {
	bun.BaseModel `bun:"table:stored_messages,alias:sm"`

	MessageID  string `bun:"message_id,pk"`
	ReceivedMS int64  `bun:"received_ms"`
}
