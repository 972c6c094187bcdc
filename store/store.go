package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/migrate"
	_ "modernc.org/sqlite" // the pure-Go SQLite driver
)

// What callers branch on.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("already exists")
)

//go:embed migrations
var migrations embed.FS

// Store is an open database with its schema.
type Store struct {
	write *bun.DB // SQLite: one connection, so writers queue in the process; Postgres: the same pool as read
	read  *bun.DB
}

// Open connects to the database at url: "sqlite:<path>" or "postgres://…".
// It does not migrate; call [Store.Migrate].
func Open(ctx context.Context, databaseURL string) (*Store, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("database url: %w", err)
	}
	var s *Store
	switch u.Scheme {
	case "sqlite":
		s, err = openSQLite(strings.TrimPrefix(strings.TrimPrefix(databaseURL, "sqlite:"), "//"))
	case "postgres", "postgresql":
		s, err = openPostgres(databaseURL)
	default:
		return nil, fmt.Errorf("database url: unknown scheme %q, want sqlite or postgres", u.Scheme)
	}
	if err != nil {
		return nil, err
	}
	if err := s.write.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to database: %w", err), s.Close())
	}
	return s, nil
}

func openSQLite(path string) (*Store, error) {
	dsn := func(extra string) string {
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)" +
			"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)" + extra
	}
	w, err := sql.Open("sqlite", dsn("&_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	r, err := sql.Open("sqlite", dsn("&_pragma=query_only(1)"))
	if err != nil {
		return nil, err
	}
	r.SetMaxOpenConns(8)
	return &Store{write: bun.NewDB(w, sqlitedialect.New()), read: bun.NewDB(r, sqlitedialect.New())}, nil
}

func openPostgres(databaseURL string) (*Store, error) {
	cfg, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("database url: %w", err)
	}
	// bun writes arguments into the SQL text, so every statement is new: a statement cache only costs.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	db := sql.OpenDB(stdlib.GetConnector(*cfg))
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(10)
	b := bun.NewDB(db, pgdialect.New())
	return &Store{write: b, read: b}, nil
}

// Close releases the connections.
func (s *Store) Close() error {
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

func (s *Store) postgres() bool { return s.write.Dialect().Name() == dialect.PG }

// Migrate brings the schema up to date. It may run any number of times.
func (s *Store) Migrate(ctx context.Context) error {
	dir := "migrations/sqlite"
	if s.postgres() {
		dir = "migrations/postgres"
	}
	sub, err := fs.Sub(migrations, dir)
	if err != nil {
		return err
	}
	ms := migrate.NewMigrations()
	if err := ms.Discover(sub); err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	m := migrate.NewMigrator(s.write, ms, migrate.WithMarkAppliedOnSuccess(true))
	if err := m.Init(ctx); err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	if _, err := m.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// tx runs fn in one transaction on the writing side.
func (s *Store) tx(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	return s.write.RunInTx(ctx, nil, fn)
}
