package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite" // the pure-Go driver, which registers itself as sqlite
	sqlite3 "modernc.org/sqlite/lib"
)

// The pragmas of every connection. The driver runs busy_timeout before the others whatever the
// order, so that most of them wait for another process instead of failing; see [untilFree].
//
// synchronous is FULL, not the NORMAL that WAL is often paired with: a message is acknowledged once
// its commit returned, and with NORMAL a power cut takes the last commits back.
const sqlitePragmas = "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)" +
	"&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16384)&_pragma=trusted_schema(0)"

// sqliteReaders is the size of the reading pool. More than the cores of a small machine: a reader
// may wait for the disk.
const sqliteReaders = 8

// busyWait is how long opening a database waits for other processes that open or close it.
const busyWait = 10 * time.Second

// untilFree connects again while SQLite says busy. Two programs that switch a new file to WAL at
// once, or one that opens a file whose last user is just closing it, hold locks SQLite refuses to
// wait for whatever the busy timeout: waiting could be a deadlock (sqlite.org/wal.html, "Sometimes
// Queries Return SQLITE_BUSY In WAL Mode"). Starting over cannot.
func untilFree(ctx context.Context, connect func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, busyWait)
	defer cancel()
	for {
		err := connect(ctx)
		if busy := (*sqlite.Error)(nil); !errors.As(err, &busy) || busy.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func openSQLite(_ context.Context, path string) (*Store, error) {
	path = strings.TrimPrefix(path, "//")
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, errors.New("sqlite needs the path of a file, as in sqlite:/var/lib/hindsight/hindsight.db")
	}
	if strings.ContainsAny(path, "?\x00") {
		return nil, fmt.Errorf("sqlite: %q: settings are not taken from the url", path)
	}
	// SQLite would make the file with the umask's mode; it gives its WAL the mode of the file.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	write, err := sql.Open("sqlite", sqliteDSN(path, "_pragma=journal_mode(WAL)&_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	write.SetMaxIdleConns(1) // kept: its cache is warm, and closing the last connection runs a checkpoint
	read, err := sql.Open("sqlite", sqliteDSN(path, "_pragma=query_only(1)"))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	read.SetConnMaxIdleTime(5 * time.Minute)
	return &Store{write: bun.NewDB(write, sqlitedialect.New()), read: bun.NewDB(read, sqlitedialect.New())}, nil
}

func sqliteDSN(path, more string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + sqlitePragmas + "&" + more
}
