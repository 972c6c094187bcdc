package api

import (
	"context"
	"time"
)

// DeadLetters is the stream of messages that could never be stored. cmd hands one in: this package
// does not know the stream. All of them answer store.ErrNotFound for a letter that is gone. Resend
// puts the message back where it came from and drops the letter once that is durable.
type DeadLetters interface {
	ListDeadLetters(ctx context.Context, orgID int64, after uint64, limit int) ([]DeadLetterRow, error)
	DeadLetter(ctx context.Context, orgID int64, seq uint64) (DeadLetterRow, []byte, error)
	ResendDeadLetter(ctx context.Context, orgID int64, seq uint64) error
	DropDeadLetter(ctx context.Context, orgID int64, seq uint64) error
}

// DeadLetterRow is what is known about a dead letter.
type DeadLetterRow struct {
	Seq       uint64
	MessageID string
	Kind      string
	ProjectID int64
	EventID   string
	Reason    string
	Problem   string
	Attempts  int
	Size      int64
	Received  time.Time
	Died      time.Time
}

// DeadLetter is a message that could not be stored.
type DeadLetter struct {
	ID        string    `json:"id"`
	MessageID string    `json:"messageId"`
	Kind      string    `json:"kind"`
	ProjectID string    `json:"projectId"`
	EventID   *string   `json:"eventId"`
	Reason    string    `json:"reason"`
	Problem   string    `json:"problem"`
	Attempts  int       `json:"attempts"`
	Size      int64     `json:"size"`
	Received  time.Time `json:"dateReceived"`
	Died      time.Time `json:"dateDied"`
}

// DeadLetterDetail has the envelope too.
type DeadLetterDetail struct {
	DeadLetter
	Envelope string `json:"envelope" doc:"The message as text; bytes that are not UTF-8 are replaced."`
}

// DeadLettersInput lists dead letters.
type DeadLettersInput struct {
	OrgPath
	PageParams
}

// DeadLetterPath names a dead letter.
type DeadLetterPath struct {
	OrgPath
	Letter uint64 `path:"letter"`
}
