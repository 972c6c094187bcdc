package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/store"
)

// EachDB runs fn as a subtest for each engine, each with a new database that has the schema.
func EachDB(t *testing.T, fn func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// SQLite gives a new SQLite database with the schema. It is closed when the test ends.
func SQLite(tb testing.TB) *store.Store {
	tb.Helper()
	return Open(tb, SQLiteURL(tb))
}

// Postgres gives a new Postgres database with the schema. It is closed and dropped when the test ends.
func Postgres(tb testing.TB) *store.Store {
	tb.Helper()
	return Open(tb, PostgresURL(tb))
}

// SQLiteURL gives the URL of a new SQLite database with the schema.
func SQLiteURL(tb testing.TB) string {
	tb.Helper()
	file, err := sqliteCopy()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(testkit.Dir(tb), "test.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		tb.Fatal(err)
	}
	return "sqlite:" + path
}

// sqliteCopy is a database with the schema, made once: with the race detector making one takes a second.
var sqliteCopy = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "storetest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "schema.db")
	ctx := context.Background() // the copy outlives the test that asks first
	s, err := store.Open(ctx, "sqlite:"+path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil { // closing brings the log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// PostgresURL gives the URL of a new Postgres database with the schema.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	return testkit.PostgresCopy(tb, "schema", func(url string) error {
		ctx := context.Background() // the copy outlives the test that asks first
		s, err := store.Open(ctx, url)
		if err != nil {
			return err
		}
		return errors.Join(s.Migrate(ctx), s.Close())
	})
}

// Open opens a database and brings its schema up to date. It is closed when the test ends.
func Open(tb testing.TB, url string) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close store: %v", err)
		}
	})
	if err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}
