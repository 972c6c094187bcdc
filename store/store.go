package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// Store is an open database with its schema.
//
// SQLite: write is one connection, so writers queue in the process instead of failing on each
// other's locks; read is a pool of connections that cannot write. Postgres: two pools, the reading
// one read-only and with a statement timeout, so a slow search can neither change anything nor
// starve the writers of connections.
type Store struct {
	write   *bun.DB
	read    *bun.DB
	hashing chan struct{}    // places to hash passwords in
	now     func() time.Time // wall clock of created, expires and last-used columns
	limits  searchLimits
	listing listLimits
}

// Open connects to the database at databaseURL: "sqlite:<path>" or "postgres://…".
// It does not migrate; call [Store.Migrate].
func Open(ctx context.Context, databaseURL string) (*Store, error) {
	scheme, rest, ok := strings.Cut(databaseURL, ":")
	if !ok {
		return nil, errors.New("database url: want sqlite:<path> or postgres://…")
	}
	var s *Store
	var err error
	switch scheme {
	case "sqlite":
		s, err = openSQLite(ctx, rest)
	case "postgres", "postgresql":
		s, err = openPostgres(databaseURL)
	default:
		return nil, fmt.Errorf("database url: unknown scheme %q, want sqlite or postgres", scheme)
	}
	if err != nil {
		return nil, fmt.Errorf("database url: %w", err)
	}
	s.now, s.hashing = time.Now, make(chan struct{}, maxHashes)
	s.limits, s.listing = usualLimits(), usualListLimits()
	// The writer first: on a new SQLite file it is the one that may switch to WAL.
	err = errors.Join(untilFree(ctx, s.write.PingContext), untilFree(ctx, s.read.PingContext))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to database: %w", err), s.Close())
	}
	return s, nil
}

// Close releases the connections.
func (s *Store) Close() error {
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping says whether the database answers. It uses a reading connection: a long write does not make
// the store look dead.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// Stats is what an operator wants to know about the database.
type Stats struct {
	Engine    string // sqlite | postgres
	Version   string // of the engine, as it says
	Bytes     int64  // of the database, indexes included
	FreeBytes int64  // of these, what is free inside and filled before it grows; Postgres does not say
	Open      int    // connections, both handles
	InUse     int
	WaitCount int64 // times a caller had to wait for a connection
}

// Stats asks the database about itself.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	st := Stats{Engine: "sqlite"}
	q := "SELECT sqlite_version(), page_count * page_size, freelist_count * page_size FROM pragma_page_count(), pragma_page_size(), pragma_freelist_count()"
	if s.postgres() {
		st.Engine = "postgres"
		q = "SELECT current_setting('server_version'), pg_database_size(current_database()), 0"
	}
	if err := s.read.NewRaw(q).Scan(ctx, &st.Version, &st.Bytes, &st.FreeBytes); err != nil {
		return Stats{}, border(fmt.Errorf("database stats: %w", err))
	}
	for _, db := range []*bun.DB{s.read, s.write} {
		d := db.Stats()
		st.Open += d.OpenConnections
		st.InUse += d.InUse
		st.WaitCount += d.WaitCount
	}
	return st, nil
}

func (s *Store) postgres() bool { return s.write.Dialect().Name() == dialect.PG }

// tx runs fn in one transaction on the writing side. fn must not use s.write itself: on SQLite the
// transaction holds the only writing connection.
func (s *Store) tx(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	return border(s.write.RunInTx(ctx, nil, fn))
}

// SetClock has the store tell the time by now, before anything else uses it: for tests of what time brings.
func (s *Store) SetClock(now func() time.Time) { s.now = now }

func (s *Store) nowMS() int64 { return s.now().UnixMilli() }

// someRow is [ErrNotFound] when a statement changed no row.
func someRow(res sql.Result, format string, args ...any) error {
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf(format+": %w", append(args, ErrNotFound)...)
	}
	return nil
}
