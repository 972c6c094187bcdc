package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What callers branch on.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("already exists")
	ErrInvalid  = errors.New("invalid") // a value that can never be stored; the text around it says which
)

// border makes a driver's error ours, by its code. The driver's own error stays in the chain. Every
// error that leaves the package goes through it; [Store.tx] does it for what happens inside.
func border(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case isDuplicate(err):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

// isDuplicate says whether a unique or primary key was violated.
func isDuplicate(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505" // unique_violation
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
			return true
		}
	}
	return false
}

// Retryable says whether the same work may succeed later. What is not known to be permanent is taken
// for transient: a consumer that retries for ever raises an alarm, one that gives up wrongly loses data.
//
// Permanent are values that the database will refuse again: Postgres classes 22 (data), 23
// (constraint) and 54 (limits: a too deep document, a too long index row), and 42601, a statement
// that does not parse, which a value with a NUL byte makes of a good one. SQLite has CONSTRAINT,
// MISMATCH, TOOBIG and RANGE for the same, and ERROR for the last.
func Retryable(err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict), errors.Is(err, ErrInvalid):
		return false
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && len(pg.Code) == 5 {
		switch pg.Code[:2] {
		case "22", "23", "54":
			return false
		}
		return pg.Code != "42601"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff { // the low byte is the primary code
		case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_ERROR:
			return false
		}
	}
	return true
}
