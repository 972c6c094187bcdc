package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named pgx
)

// Postgres gives the URL of a new, empty database that is dropped when the test ends.
//
// The server is the one of TEST_POSTGRES_URL (its user must be allowed to create databases), else
// one that is started once per test binary from the binaries in PGBIN, /usr/lib/postgresql or PATH.
func Postgres(tb testing.TB) string {
	tb.Helper()
	server, err := postgresServer()
	if err != nil {
		Missing(tb, "Postgres", err)
	}
	return createDatabase(tb, server, "")
}

// PostgresCopy gives the URL of a new database that is a copy of one that prepare filled, once per test
// binary and key. A copy takes a fraction of what migrating takes.
func PostgresCopy(tb testing.TB, key string, prepare func(databaseURL string) error) string {
	tb.Helper()
	server, err := postgresServer()
	if err != nil {
		Missing(tb, "Postgres", err)
	}
	name, err := template(server, key, prepare)
	if err != nil {
		tb.Fatalf("template database: %v", err)
	}
	return createDatabase(tb, server, name)
}

func createDatabase(tb testing.TB, server, template string) string {
	tb.Helper()
	name := Name("hindsight_test_")
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template
	}
	if err := exec1(server, statement); err != nil {
		tb.Fatalf("create database: %v", err)
	}
	tb.Cleanup(func() {
		if err := exec1(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("drop database: %v", err)
		}
	})
	at, err := databaseURL(server, name)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

func databaseURL(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// templates are the databases that others are copied from, by key. They stay until the server of this
// test binary ends; on a server of TEST_POSTGRES_URL they are dropped by whoever owns it.
var templates struct {
	sync.Mutex
	names map[string]string
}

func template(server, key string, prepare func(databaseURL string) error) (string, error) {
	templates.Lock()
	defer templates.Unlock()
	if name, ok := templates.names[key]; ok {
		return name, nil
	}
	name := Name("hindsight_test_template_")
	if err := exec1(server, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	at, err := databaseURL(server, name)
	if err == nil {
		err = prepare(at)
	}
	if err != nil {
		return "", errors.Join(err, exec1(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"))
	}
	if templates.names == nil {
		templates.names = map[string]string{}
	}
	templates.names[key] = name
	return name, nil
}

// exec1 runs one statement on a connection of its own.
func exec1(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	db, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

// postgresServer starts the server of this test binary at its first use. It is the one piece of
// state shared by tests: starting a server for each would take longer than most tests.
var postgresServer = sync.OnceValues(func() (string, error) {
	if u := os.Getenv("TEST_POSTGRES_URL"); u != "" {
		return u, nil
	}
	bin, err := postgresBinaries()
	if err != nil {
		return "", err
	}
	return startPostgres(bin)
})

func postgresBinaries() (string, error) {
	if d := os.Getenv("PGBIN"); d != "" {
		return d, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is good
	sort.Slice(found, func(i, j int) bool {                         // 9 before 15
		a, b := found[i], found[j]
		return len(a) < len(b) || len(a) == len(b) && a < b
	})
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(p), nil
		}
	}
	return "", errors.New("no postgres in PGBIN, /usr/lib/postgresql or PATH; on Debian: apt-get install postgresql")
}

// PostgresServer is a server of a test's own, which it may stop and start again.
type PostgresServer struct {
	URL string // of a new, empty database

	cluster *cluster
}

// NewPostgresServer starts one from the binaries that [Postgres] looks for. It ends with the test.
func NewPostgresServer(tb testing.TB) *PostgresServer {
	tb.Helper()
	bin, err := postgresBinaries()
	if err != nil {
		Missing(tb, "Postgres", err)
	}
	c, err := newCluster(bin)
	if err == nil {
		err = c.start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	s := &PostgresServer{cluster: c}
	tb.Cleanup(func() {
		s.Stop(tb)
		if err := os.RemoveAll(c.dir); err != nil {
			tb.Errorf("remove Postgres' folder: %v", err)
		}
	})
	if s.URL, err = databaseURL(c.url(), "hindsight"); err == nil {
		err = exec1(c.url(), "CREATE DATABASE hindsight")
	}
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// Stop ends the server as its operator would: connections break, what was committed stays. Stopping it again does nothing.
func (s *PostgresServer) Stop(tb testing.TB) {
	tb.Helper()
	if err := s.cluster.stop(); err != nil {
		tb.Fatalf("stop Postgres: %v", err)
	}
}

// Start starts the server again, on its address and with its data.
func (s *PostgresServer) Start(tb testing.TB) {
	tb.Helper()
	if err := s.cluster.start(); err != nil {
		tb.Fatal(err)
	}
}

// supervise runs the server until its standard input closes, which happens when the test binary
// ends in any way at all, a SIGKILL included; then it stops the server, and removes the folder unless
// it was told to keep it.
const supervise = `
[ -d "$DIR/data" ] || "$BIN/initdb" -D "$DIR/data" -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >"$DIR/log" 2>&1 </dev/null || exit 1
"$BIN/postgres" -D "$DIR/data" -h 127.0.0.1 -p "$PORT" -k "$DIR" -F -c synchronous_commit=off -c full_page_writes=off \
  -c shared_buffers=32MB -c max_connections=100 >>"$DIR/log" 2>&1 </dev/null &
server=$!
read -r word
kill -INT $server
wait $server
[ "$word" = keep ] || rm -rf "$DIR"
`

// cluster is a server's folder and port, and its supervisor while it runs.
type cluster struct {
	bin, dir string
	port     int
	stdin    io.WriteCloser
	died     chan struct{}
}

func newCluster(bin string) (*cluster, error) {
	dir, err := os.MkdirTemp(fastDir(), "hindsight-postgres-") // not a test's folder: another user must be able to enter it
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	return &cluster{bin: bin, dir: dir, port: port}, err
}

func (c *cluster) url() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", c.port)
}

func startPostgres(bin string) (string, error) {
	c, err := newCluster(bin)
	if err != nil {
		return "", err
	}
	if err := c.start(); err != nil {
		return "", err
	}
	keep(c.stdin)
	return c.url(), nil
}

// start runs the server, and waits until it answers.
func (c *cluster) start() error {
	cmd := exec.Command("/bin/sh", "-c", supervise)
	cmd.Dir = "/"
	cmd.Env = []string{"BIN=" + c.bin, "DIR=" + c.dir, "PORT=" + strconv.Itoa(c.port), "LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "HOME=" + c.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is ours to hear, not the server's
	if os.Getuid() == 0 {                                 // postgres refuses to run as root; any other user will do
		uid, gid := unprivileged()
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
		if err := os.Chown(c.dir, int(uid), int(gid)); err != nil {
			return err
		}
	}
	var err error
	if c.stdin, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	died := make(chan struct{})
	c.died = died
	go func() {
		_ = cmd.Wait() // the log says more than the exit code
		close(died)
	}()
	if err := waitReady(c.url(), died, 60*time.Second); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
		_ = c.stdin.Close()
		return fmt.Errorf("start %s: %w\n%s", c.bin, err, log)
	}
	return nil
}

// stop ends the server and keeps its folder.
func (c *cluster) stop() error {
	if c.stdin == nil {
		return nil
	}
	_, err := io.WriteString(c.stdin, "keep\n")
	err = errors.Join(err, c.stdin.Close())
	<-c.died
	c.stdin = nil
	return err
}

func waitReady(server string, died <-chan struct{}, timeout time.Duration) error {
	deadline := time.After(timeout)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := exec1(server, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-died:
			return errors.New("it ended")
		case <-deadline:
			return err
		case <-tick.C:
		}
	}
}

// kept holds what must stay open until the process ends; a collected pipe would close itself.
var kept struct {
	sync.Mutex
	open []io.Closer
}

func keep(c io.Closer) {
	kept.Lock()
	kept.open = append(kept.open, c)
	kept.Unlock()
}

func unprivileged() (uid, gid uint32) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		a, errU := strconv.ParseUint(u.Uid, 10, 32)
		b, errG := strconv.ParseUint(u.Gid, 10, 32)
		if errU == nil && errG == nil {
			return uint32(a), uint32(b)
		}
	}
	return 65534, 65534
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
