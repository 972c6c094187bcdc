package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"
)

//go:embed migrations
var migrations embed.FS

const (
	// migrationLock is the key of the advisory lock: "hndsight" read as a number. Other programs in
	// the same database must not use it.
	migrationLock = 0x686e647369676874

	// A migration waits at most this long for a lock, so that it never stands at the head of a
	// table's lock queue with all readers and writers behind it; then it is tried again.
	migrationLockTimeout = "3s"
	migrationTries       = 10
)

// errApplied ends a migration that another process applied while this one waited for it.
var errApplied = errors.New("migration is applied already")

// Migrate brings the schema up to date. It may run any number of times and in several processes at
// once: Postgres serialises them with an advisory lock, SQLite by its one writer.
//
// A migration that runs in a transaction (.tx.up.sql) is recorded in that same transaction, so a
// process killed at any moment leaves it either whole and recorded or not there.
func (s *Store) Migrate(ctx context.Context) error {
	unlock, err := s.lockMigrations(ctx)
	if err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	defer unlock()
	m, err := s.migrator(s.write)
	if err != nil {
		return err
	}
	if err := prepare(ctx, m); err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	for try := 1; ; try++ {
		_, err := m.Migrate(ctx)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errApplied): // look again for what is left
		case try < migrationTries && isLockTimeout(err):
			if err := wait(ctx, time.Second); err != nil {
				return err
			}
		default:
			return fmt.Errorf("migrate: %w", err)
		}
	}
}

// prepare makes the tables that remember what is applied. The server may still be at the same statement
// for a process that was killed a moment ago: CREATE TABLE IF NOT EXISTS then fails, and is tried again.
func prepare(ctx context.Context, m *migrate.Migrator) error {
	for try := 1; ; try++ {
		err := m.Init(ctx)
		if err == nil || try == migrationTries || !isCreateRace(err) {
			return err
		}
		if err := wait(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// ErrSchema says that the database lacks migrations this program needs.
var ErrSchema = errors.New("the schema is not up to date: run hindsight migrate")

// CheckSchema says whether every migration is applied: nil, or an error that is [ErrSchema].
func (s *Store) CheckSchema(ctx context.Context) error {
	m, err := s.migrator(s.read)
	if err != nil {
		return err
	}
	all, err := m.MigrationsWithStatus(ctx)
	if err != nil {
		if Retryable(err) && !isMissingTable(err) {
			return fmt.Errorf("read applied migrations: %w", err)
		}
		return ErrSchema // not even the table of migrations
	}
	if n := len(all.Unapplied()); n > 0 {
		return fmt.Errorf("%w (%d missing)", ErrSchema, n)
	}
	return nil
}

func (s *Store) migrator(db *bun.DB) (*migrate.Migrator, error) {
	dir := "migrations/sqlite"
	if s.postgres() {
		dir = "migrations/postgres"
	}
	sub, err := fs.Sub(migrations, dir)
	if err != nil {
		return nil, err
	}
	ms := migrate.NewMigrations()
	if err := ms.Discover(sub); err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return migrate.NewMigrator(db, ms,
		migrate.WithMarkAppliedOnSuccess(true), // by default a failed migration stays marked
		migrate.WithUpsert(true),               // the mark is there already: see afterMigration
		migrate.BeforeMigration(s.beforeMigration),
		migrate.AfterMigration(s.afterMigration),
	), nil
}

// beforeMigration runs on the migration's own connection, inside its transaction if it has one.
func (s *Store) beforeMigration(ctx context.Context, db bun.IConn, m *migrate.Migration) error {
	if s.postgres() {
		set := "SET" // outside a transaction LOCAL would do nothing; afterMigration resets it
		if _, ok := db.(bun.Tx); ok {
			set = "SET LOCAL"
		}
		if _, err := db.ExecContext(ctx, set+" lock_timeout = '"+migrationLockTimeout+"'"); err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, set+" statement_timeout = 0"); err != nil {
			return err
		}
	}
	applied, err := s.write.NewSelect().Conn(db).Table("bun_migrations").Where("name = ?", m.Name).Exists(ctx)
	if err != nil {
		return err
	}
	if applied {
		return errApplied
	}
	return nil
}

// afterMigration records a migration in its own transaction. bun records it once more afterwards,
// outside of it, which then changes nothing.
func (s *Store) afterMigration(ctx context.Context, db bun.IConn, m *migrate.Migration) error {
	tx, ok := db.(bun.Tx)
	if !ok { // nothing to be atomic with; such a migration is one statement that may run twice
		if !s.postgres() {
			return nil
		}
		_, err := db.ExecContext(ctx, "RESET lock_timeout; RESET statement_timeout")
		return err
	}
	_, err := tx.NewRaw("INSERT INTO bun_migrations (name, group_id, migrated_at) VALUES (?, ?, ?)",
		m.Name, m.GroupID, time.Now().UTC()).Exec(ctx)
	return err
}

// lockMigrations waits until this process is the only one that migrates. It asks again and again
// instead of waiting in the server: a session that waits there holds a snapshot, and CREATE INDEX
// CONCURRENTLY in the process that migrates would wait for that snapshot for ever.
func (s *Store) lockMigrations(ctx context.Context) (unlock func(), err error) {
	if !s.postgres() {
		return func() {}, nil
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for {
		var got bool
		if err := conn.NewRaw("SELECT pg_try_advisory_lock(?)", int64(migrationLock)).Scan(ctx, &got); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		if got {
			break
		}
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return func() {
		// The lock ends with the session at the latest; ctx may be over.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_, _ = conn.NewRaw("SELECT pg_advisory_unlock(?)", int64(migrationLock)).Exec(ctx)
		_ = conn.Close()
	}, nil
}

func isLockTimeout(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "55P03" // lock_not_available
}

func isCreateRace(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "23505" || pg.Code == "42P07") // unique_violation in the catalogue, duplicate_table
}

func isMissingTable(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "42P01" // undefined_table; SQLite says only ERROR, which is not retryable
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
