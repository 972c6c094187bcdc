package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// Connections per process. Four roles on two machines stay well under the server's default of 100.
const (
	postgresWriters = 10
	postgresReaders = 10
)

// Session settings; what the URL sets itself wins. Times in milliseconds.
var (
	postgresWriteParams = map[string]string{
		"application_name":                    "hindsight",
		"statement_timeout":                   "60000", // a batch takes well under a second; this ends what hangs
		"lock_timeout":                        "30000",
		"idle_in_transaction_session_timeout": "60000", // a stuck writer must not hold its locks for ever
	}
	postgresReadParams = map[string]string{
		"application_name":                    "hindsight read",
		"statement_timeout":                   "5000",
		"lock_timeout":                        "5000",
		"idle_in_transaction_session_timeout": "60000",
		"jit":                                 "off", // what is asked here takes milliseconds; compiling it takes half a second
		"max_parallel_workers_per_gather":     "0",   // likewise for starting other processes
		"default_transaction_read_only":       "on",  // as query_only on SQLite: a write through the wrong handle fails on both
	}
)

func openPostgres(databaseURL string) (*Store, error) {
	write, err := postgresPool(databaseURL, postgresWriteParams, postgresWriters)
	if err != nil {
		return nil, err
	}
	read, err := postgresPool(databaseURL, postgresReadParams, postgresReaders)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return &Store{write: bun.NewDB(write, pgdialect.New()), read: bun.NewDB(read, pgdialect.New())}, nil
}

func postgresPool(databaseURL string, params map[string]string, size int) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, err // pgx leaves the password out
	}
	// bun writes arguments into the SQL text, so every statement is new: a statement cache only costs.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	for k, v := range params {
		if _, set := cfg.RuntimeParams[k]; !set {
			cfg.RuntimeParams[k] = v
		}
	}
	db := sql.OpenDB(stdlib.GetConnector(*cfg))
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(30 * time.Minute) // follow a failover or a changed address
	return db, nil
}
