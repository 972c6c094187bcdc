package main

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/store"
)

// outage is a database that can be taken away.
type outage struct {
	databaseURL string
	stop, start func()
	restart     func() // of the relay, while there is no database; nil: it is one process with what keeps the database
	dsn         string
}

// TestDatabaseAway: without a database the relay takes everything for the keys it knows, and is ready; what it took is
// there when the database is back. Postgres is stopped, and a relay is restarted meanwhile; SQLite's file is held by
// somebody else.
func TestDatabaseAway(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		db := testkit.NewPostgresServer(t)
		env := []string{"HINDSIGHT_NATS_URL", testkit.NATS(t), "HINDSIGHT_DATABASE_URL", db.URL, "HINDSIGHT_BLOBS_URL", "file:" + t.TempDir()}
		api := partForTest(t, "api", t.TempDir(), env...)
		dsn := api.command(t, "project", "create", "shop", "--platform", "go")
		partForTest(t, "linker", t.TempDir(), env...)
		dir := t.TempDir()
		relay := partForTest(t, "relay", dir, env...)
		o := &outage{databaseURL: db.URL, stop: func() { db.Stop(t) }, start: func() { db.Start(t) }, dsn: dsnAt(t, dsn, relay.url)}
		o.restart = func() {
			if code := relay.stop(); code != 0 {
				t.Errorf("the relay ended with %d", code)
			}
			relay = partForTest(t, "relay", dir, env...)
			o.dsn = dsnAt(t, dsn, relay.url)
		}
		o.run(t)
	})
	t.Run("sqlite", func(t *testing.T) {
		s := serveForTest(t, t.TempDir())
		path := filepath.Join(s.dir, "hindsight.db")
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(30000)")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		hold := func(statement string) func() {
			return func() {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
		}
		o := &outage{databaseURL: "sqlite:" + path, stop: hold("BEGIN EXCLUSIVE"), start: hold("ROLLBACK"), dsn: s.command(t, "project", "create", "shop", "--platform", "go")}
		o.run(t)
	})
}

func (o *outage) run(t *testing.T) {
	const before, during = 3, 40
	n := 0
	send := func(times int) {
		t.Helper()
		for range times {
			n++
			body := fmt.Sprintf("{\"event_id\":\"%032x\"}\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n", n)
			if got := sendEnvelope(t, o.dsn, body); got != http.StatusOK {
				t.Fatalf("event %d: %d", n, got)
			}
		}
	}
	send(before)
	eventually(t, 30*time.Second, "the first events are stored", func() bool { return o.stored(t) == before })
	o.stop()
	send(during)
	u, err := url.Parse(o.dsn)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get("http://" + u.Host + "/api/relay/healthcheck/ready/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the relay says it is not ready: %d", res.StatusCode)
	}
	if o.restart != nil {
		o.restart()
		send(during)
	}
	o.start()
	eventually(t, 90*time.Second, "everything is there", func() bool { return o.stored(t) == n })
}

// stored is how many events there are; the outcomes must say the same.
func (o *outage) stored(t *testing.T) int {
	t.Helper()
	db, err := store.Open(t.Context(), o.databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	org, err := db.EnsureOrganization(t.Context(), mainOrganization)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := db.Outcomes(t.Context(), org.Scope(), store.OutcomeQuery{FromMS: time.Now().Add(-time.Hour).UnixMilli(), ToMS: time.Now().Add(time.Hour).UnixMilli(),
		BucketMS: 2 * time.Hour.Milliseconds(), GroupBy: []string{"outcome"}, Categories: []string{"error"}})
	if err != nil {
		t.Fatal(err)
	}
	stored := 0
	for _, s := range sums {
		if s.Outcome != store.OutcomeAccepted {
			t.Errorf("%d events are %s", s.Quantity, s.Outcome)
			continue
		}
		stored += int(s.Quantity)
	}
	return stored
}

// dsnAt is a DSN of another address.
func dsnAt(t *testing.T, dsn, address string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = at.Host
	return u.String()
}
