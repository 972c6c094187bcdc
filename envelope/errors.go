package envelope

import "fmt"

// The causes a [ParseError] can have, in the words SDK authors know from Relay; a server puts
// them into the "causes" list of its 400 answer.
const (
	CauseMissingHeader     = "missing envelope header"
	CauseInvalidHeader     = "invalid envelope header"
	CauseInvalidItemHeader = "invalid item header"
	CauseUnexpectedEOF     = "unexpected end of file"
	CauseMissingNewline    = "missing newline after header or payload"
)

// ParseError says that bytes are not an envelope, and where they stop being one. What was read
// before it must not be used: an envelope is accepted whole or not at all.
type ParseError struct {
	Cause  string // one of the Cause constants
	Item   int    // index of the item in question; -1 for the envelope header
	Offset int64  // bytes from the start of the envelope
	Detail string // more for people; may be empty
}

func (e *ParseError) Error() string {
	if e.Detail != "" {
		return fmt.Sprintf("%s: %s (at byte %d)", e.Cause, e.Detail, e.Offset)
	}
	return fmt.Sprintf("%s (at byte %d)", e.Cause, e.Offset)
}

// LimitError says that an envelope is well-formed so far but more than the limits allow. The
// whole envelope is to be refused with 413.
type LimitError struct {
	ItemType string // of the item that went over; as the client wrote it
	Item     int    // its index
	What     string // which limit, for logs
	Limit    int64  // its value: bytes, or a count
}

// Error gives the text Relay answers with; SDKs log it.
func (e *LimitError) Error() string {
	return fmt.Sprintf("envelope exceeded size limits for type '%s' (https://develop.sentry.dev/sdk/envelopes/#size-limits)", e.ItemType)
}
