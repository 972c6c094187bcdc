package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

func TestOpenRefusesWhatItCannotOpen(t *testing.T) {
	for _, u := range []string{"", "hindsight.db", "mysql://a/b", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro",
		"sqlite:/nowhere/at/all/hindsight.db", "postgres://user:secret-word@127.0.0.1:1/db?connect_timeout=2", "postgres://user:secret-word@[::1/db"} {
		t.Run(u, func(t *testing.T) {
			s, err := store.Open(t.Context(), u)
			if err == nil {
				t.Fatal("opened", s.Close())
			}
			if strings.Contains(err.Error(), "secret-word") {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}

func TestSQLiteSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b%20#1.db") // a path that a URL would change
	s, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, db := range map[string]*bun.DB{"write": s.Writer(), "read": s.Reader()} {
		got := map[string]string{}
		for _, pragma := range []string{"journal_mode", "synchronous", "foreign_keys", "busy_timeout", "query_only"} {
			var v string
			if err := db.NewRaw("PRAGMA ?", bun.Ident(pragma)).Scan(t.Context(), &v); err != nil {
				t.Fatal(err)
			}
			got[pragma] = v
		}
		want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000", "query_only": "0"}
		if name == "read" {
			want["query_only"] = "1"
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", fi.Mode().Perm())
	}
}

func TestReadersCannotWrite(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		_, err := s.Reader().NewRaw("INSERT INTO stored_messages (message_id, received_ms) VALUES ('a', 1)").Exec(t.Context())
		if err == nil {
			t.Error("a reading connection wrote")
		}
	})
}

func TestPostgresEndsSlowReads(t *testing.T) {
	s := storetest.Postgres(t)
	var timeout string
	if err := s.Reader().NewRaw("SHOW statement_timeout").Scan(t.Context(), &timeout); err != nil {
		t.Fatal(err)
	}
	if timeout != "5s" {
		t.Errorf("statement_timeout %s, want 5s", timeout)
	}
}

// Many writers at once must queue, not fail, while readers go on.
func TestWritersQueue(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		const writers, each = 16, 10
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					err := s.Tx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
						_, err := tx.NewInsert().Model(&store.StoredMessage{MessageID: fmt.Sprintf("%d/%d", w, i), ReceivedMS: 1}).Exec(ctx)
						return err
					})
					if err != nil {
						t.Error(err)
					}
					if _, err := s.Reader().NewSelect().Model((*store.StoredMessage)(nil)).Count(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		n, err := s.Reader().NewSelect().Model((*store.StoredMessage)(nil)).Count(t.Context())
		if err != nil || n != writers*each {
			t.Errorf("%d rows, %v; want %d", n, err, writers*each)
		}
	})
}

func TestErrorsAreKnownByTheirCode(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		insert := func() error {
			return s.Tx(t.Context(), func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.NewInsert().Model(&store.StoredMessage{MessageID: "a"}).Exec(ctx)
				return err
			})
		}
		if err := insert(); err != nil {
			t.Fatal(err)
		}
		if err := insert(); !errors.Is(err, store.ErrConflict) || store.Retryable(err) {
			t.Errorf("the same key again: %v, want a permanent ErrConflict", err)
		}
		err := s.Reader().NewSelect().Model(&store.StoredMessage{MessageID: "b"}).WherePK().Scan(t.Context())
		if err = store.Border(err); !errors.Is(err, store.ErrNotFound) || store.Retryable(err) {
			t.Errorf("no row: %v, want a permanent ErrNotFound", err)
		}
		_, err = s.Writer().NewRaw("INSERT INTO project_keys (public_key, project_id, secret_key, label, created_ms) VALUES ('a', 7, '', '', 1)").Exec(t.Context())
		if err == nil || store.Retryable(err) || errors.Is(store.Border(err), store.ErrConflict) {
			t.Errorf("a key of no project: %v, want a permanent error that is no conflict", err)
		}
		_, err = s.Writer().NewInsert().Model(&store.StoredMessage{MessageID: "a\x00b"}).Exec(t.Context())
		if err == nil || store.Retryable(err) {
			t.Errorf("a NUL byte: %v, want a permanent error", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Writer().NewRaw("SELECT 1").Exec(ctx); !store.Retryable(err) {
			t.Errorf("an interrupted query: %v, want a transient error", err)
		}
		if !store.Retryable(errors.New("anything")) || store.Retryable(nil) {
			t.Error("an unknown error is transient, none is not")
		}
	})
}

func TestPostgresLostConnectionIsTransient(t *testing.T) {
	s := storetest.Postgres(t)
	_, err := s.Writer().NewRaw("SELECT pg_terminate_backend(pg_backend_pid())").Exec(t.Context())
	if err == nil || !store.Retryable(err) {
		t.Errorf("%v, want a transient error", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestStats(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		st, err := s.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Base(t.Name()); st.Engine != want || st.Version == "" || st.Bytes < 100_000 || st.Open == 0 {
			t.Errorf("got %+v, want engine %s with a version, bytes and connections", st, want)
		}
	})
}

func TestMigrateTwiceIsANoOp(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		before := schema(t, s)
		if err := s.Migrate(t.Context()); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(before, schema(t, s)); d != "" {
			t.Errorf("the second run changed the schema:\n%s", d)
		}
		var runs int
		if err := s.Reader().NewRaw("SELECT count(*) FROM bun_migrations").Scan(t.Context(), &runs); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob("migrations/sqlite/*.up.sql")
		if err != nil || runs != len(files) {
			t.Errorf("%d migrations are recorded, want %d", runs, len(files))
		}
	})
}

func TestEnginesHaveTheSameSchema(t *testing.T) {
	lite, pg := schema(t, storetest.SQLite(t)), schema(t, storetest.Postgres(t))
	if d := cmp.Diff(lite, pg); d != "" {
		t.Errorf("(-sqlite +postgres):\n%s", d)
	}
	if len(lite) < 20 {
		t.Errorf("only %d tables seen", len(lite))
	}
	names := func(dir string) []string {
		files, err := filepath.Glob(filepath.Join(dir, "*.sql"))
		if err != nil || len(files) == 0 {
			t.Fatal(dir, files, err)
		}
		for i := range files {
			files[i] = filepath.Base(files[i])
		}
		return files
	}
	if d := cmp.Diff(names("migrations/sqlite"), names("migrations/postgres")); d != "" {
		t.Errorf("migrations (-sqlite +postgres):\n%s", d)
	}
}

// schema gives table → columns in order, each with whether it must have a value and the rough kind
// of its type, and table → its indexes with their columns.
func schema(t *testing.T, s *store.Store) map[string][]string {
	t.Helper()
	columns := `SELECT m.name AS "table", p.name || ' ' || lower(p.type) || CASE WHEN p."notnull" = 1 OR p.pk > 0 THEN ' not null' ELSE '' END AS "line"
		FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, p.cid`
	indexes := `SELECT tbl_name AS "table", 'index ' || name AS "line" FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY tbl_name, name`
	if s.Writer().Dialect().Name().String() == "pg" {
		columns = `SELECT table_name AS "table", column_name || ' ' || CASE data_type WHEN 'bigint' THEN 'integer' WHEN 'bytea' THEN 'blob' WHEN 'jsonb' THEN 'text' ELSE data_type END ||
			CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END AS "line"
			FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`
		indexes = `SELECT tablename AS "table", 'index ' || indexname AS "line" FROM pg_indexes WHERE schemaname = 'public'
			AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key' ORDER BY tablename, indexname COLLATE "C"`
	}
	out := map[string][]string{}
	for _, q := range []string{columns, indexes} {
		var rows []struct{ Table, Line string }
		if err := s.Reader().NewRaw(q).Scan(t.Context(), &rows); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			// Those of bun are in each engine's own types, and so are the indexes of words. That of values needs a
			// number of each value on SQLite, which takes the place of the primary key.
			words := func(name string) bool {
				return strings.HasPrefix(name, "replay_words") || strings.HasPrefix(name, "issue_grams") || strings.HasPrefix(name, "value_grams")
			}
			if r.Table == "project_tags" && (r.Line == "id integer not null" || r.Line == "index project_tags_owner") {
				continue
			}
			if !strings.HasPrefix(r.Table, "bun_") && !words(r.Table) && !words(strings.TrimPrefix(r.Line, "index ")) {
				out[r.Table] = append(out[r.Table], r.Line)
			}
		}
	}
	return out
}

// Several programs that start at once on a new database all come up.
func TestMigrateFromSeveralProcesses(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			url := "sqlite:" + filepath.Join(t.TempDir(), "test.db")
			if engine == "postgres" {
				url = testkit.Postgres(t)
			}
			var wg sync.WaitGroup
			for range 4 { // each with connections of its own, as processes have
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
					defer cancel()
					s, err := store.Open(ctx, url)
					if err != nil {
						t.Error(err)
						return
					}
					defer s.Close()
					if err := s.Migrate(ctx); err != nil {
						t.Error("migrate:", err)
					}
					if err := s.CheckSchema(ctx); err != nil {
						t.Error("afterwards:", err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestCheckSchemaOfAnEmptyDatabase(t *testing.T) {
	for _, url := range []string{"sqlite:" + filepath.Join(t.TempDir(), "test.db"), testkit.Postgres(t)} {
		s, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CheckSchema(t.Context()); !errors.Is(err, store.ErrSchema) {
			t.Errorf("%s: %v, want ErrSchema", url, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A migration that is interrupted at any moment leaves a database that the next start can migrate.
func TestMigrateAfterAnInterruption(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			whole := time.Duration(0)
			for step := range 12 {
				url := "sqlite:" + filepath.Join(t.TempDir(), "test.db")
				if engine == "postgres" {
					url = testkit.Postgres(t)
				}
				s, err := store.Open(t.Context(), url)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				if step > 0 { // the first run is whole and tells how long one takes
					ctx, cancel = context.WithTimeout(t.Context(), whole*time.Duration(step)/12)
				}
				start := time.Now()
				interrupted := s.Migrate(ctx)
				if step == 0 {
					whole = time.Since(start)
				}
				cancel()
				if err := s.Migrate(t.Context()); err != nil {
					t.Errorf("after %d/12 of a migration (%v): %v", step, interrupted, err)
				}
				if err := s.CheckSchema(t.Context()); err != nil {
					t.Error(err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
