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
	_ "modernc.org/sqlite" // the pure-Go SQLite driver, named sqlite
)

// The pragmas of every connection. The driver runs busy_timeout before the others whatever the
// order, so that even the switch to WAL waits for another process instead of failing.
//
// synchronous is FULL, not the NORMAL that WAL is often paired with: a message is acknowledged once
// its commit returned, and with NORMAL a power cut takes the last commits back.
const sqlitePragmas = "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)" +
	"&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16384)&_pragma=trusted_schema(0)"

// sqliteReaders is the size of the reading pool. More than the cores of a small machine: a reader
// may wait for the disk.
const sqliteReaders = 8

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
