package store

import "github.com/uptrace/bun"

// Span is one unit of work. A transaction is stored as a segment span (IsSegment, with the
// transaction's EventID) and its child spans, so old and streamed traces read alike.
type Span struct {
	bun.BaseModel `bun:"table:spans,alias:s"`

	OrgID        int64   `bun:"org_id,pk"`
	TraceID      string  `bun:"trace_id,pk"`
	SpanID       string  `bun:"span_id,pk"`
	ProjectID    int64   `bun:"project_id,pk"`
	ParentSpanID *string `bun:"parent_span_id"`
	SegmentID    *string `bun:"segment_id"`
	IsSegment    bool    `bun:"is_segment"`
	EventID      *string `bun:"event_id"`
	Op           string  `bun:"op"`
	Name         string  `bun:"name"`
	Status       string  `bun:"status"`
	SegmentName  string  `bun:"segment_name"`
	Environment  string  `bun:"environment"`
	Release      string  `bun:"release"`
	Platform     string  `bun:"platform"`
	Side         string  `bun:"side"`
	StartUS      int64   `bun:"start_us"`
	EndUS        int64   `bun:"end_us"`
	ReceivedMS   int64   `bun:"received_ms"`
	Payload      []byte  `bun:"payload"` // zstd JSON of the span's attributes; for a transaction's segment: of the event without its spans
}
