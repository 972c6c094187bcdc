package stream

import (
	"errors"
	"fmt"
)

var (
	// ErrFull: the stream has reached its byte limit. Nothing of the request was kept.
	ErrFull = errors.New("stream is full")
	// ErrUnavailable: the server did not acknowledge. The request may have been kept all the same.
	ErrUnavailable = errors.New("stream is unavailable")
	// ErrInUse: another process has the directory open.
	ErrInUse = errors.New("in use by another process")
	// ErrNotFound: there is no such dead letter.
	ErrNotFound = errors.New("no such dead letter")
	// ErrDrift: the cluster promises less than this process is configured to.
	ErrDrift = errors.New("the cluster's settings promise less than configured")
	// ErrTooLarge: a body over the message limit, and no blob store to put it in.
	ErrTooLarge = errors.New("too large for a message")
)

// PermanentError is a failure that no retry can heal: see [Permanent].
type PermanentError struct {
	Reason string // short, from a closed set of the caller's: it becomes a label
	Err    error  // may be nil
}

func (e *PermanentError) Error() string {
	if e.Err == nil {
		return e.Reason
	}
	return fmt.Sprintf("%s: %v", e.Reason, e.Err)
}

func (e *PermanentError) Unwrap() error { return e.Err }

// Permanent marks the failure of a handler as one that no retry can heal. The stream then looks
// for the message at fault by halving the batch, and moves it to the dead letters under reason.
func Permanent(reason string, err error) error {
	return &PermanentError{Reason: reason, Err: err}
}
