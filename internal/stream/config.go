package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Sync says what an acknowledged message survives.
type Sync string

// The two promises. Both survive kill -9 of the process.
const (
	SyncPower   Sync = "power"   // synced to disk before the acknowledgement: survives a power cut
	SyncProcess Sync = "process" // synced every second: a power cut may take the last second or so
)

// Role says which parts run in this process.
type Role string

// The roles.
const (
	RoleAll    Role = "all"    // publishes and consumes; the default
	RoleRelay  Role = "relay"  // publishes and pumps to the cluster; never consumes; needs NATSURL
	RoleLinker Role = "linker" // consumes from the cluster, no embedded server; needs NATSURL
)

// Config is what Open needs. The zero value of each field has the meaning its comment gives.
type Config struct {
	// Dir is the embedded server's directory. One process at a time may have it open.
	Dir string
	// NATSURL is the cluster's address, comma-separated when several; empty: no cluster.
	NATSURL string
	// NATSMonitorURL is the address of a cluster server's HTTP monitoring port
	// ("http://nats:8222", comma-separated when several). It is the only way an ordinary
	// connection can see whether the cluster syncs always; empty: not checked, said in the log.
	NATSMonitorURL string
	// NATSCreds is a credentials file for the cluster; empty: none (or in the URL).
	NATSCreds string
	// Replicas of the cluster's streams when this process creates them. 0: 3 on a cluster, 1 on a single server.
	Replicas int
	// AllowDrift opens even if the cluster promises less than is configured here.
	AllowDrift bool

	// MaxBytes bounds the stream of messages. 0: 8 GiB or 80 % of the volume, the smaller.
	MaxBytes int64
	// Sync defaults to SyncPower.
	Sync Sync
	// Role defaults to RoleAll.
	Role Role
	// Blobs holds bodies that are too large for a message. nil: such bodies are refused.
	Blobs Blobs
	// Log is required.
	Log *slog.Logger

	// BatchWait is how long a request may wait for others to share its disk sync with.
	// 0: 1 ms; negative: no wait. It is only waited while another batch is being written.
	BatchWait time.Duration
}

// Bounds. A message, headers and all, stays under NATS' own default max_payload of 1 MiB, so a
// cluster needs no setting of its own for it; longer bodies travel as a reference to a blob.
const (
	maxBody      = 1<<20 - 64<<10 // bytes of an envelope carried in the message itself
	maxPayload   = 8 << 20        // of the embedded server
	maxHeader    = 2 << 10        // bytes of one header value, as it came; more is cut off
	maxBatchMsgs = 200            // messages of one atomic batch (the server's bound is 1000)
	maxBatchSize = 4 << 20        // bytes of one atomic batch

	defaultMaxBytes = 8 << 30
	duplicates      = 10 * time.Minute
	deadLettersAge  = 30 * 24 * time.Hour
)

// Validate joins everything that is wrong, each naming its setting.
func (c *Config) Validate() error {
	var errs []error
	add := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	switch c.Sync {
	case "", SyncPower, SyncProcess:
	default:
		add("durability: unknown value %q, want power or process", c.Sync)
	}
	switch c.Role {
	case "", RoleAll:
	case RoleRelay, RoleLinker:
		if c.NATSURL == "" {
			add("nats_url: a %s on its own needs one", c.Role)
		}
	default:
		add("role: unknown value %q", c.Role)
	}
	if c.Dir == "" && c.Role != RoleLinker {
		add("stream directory: missing")
	}
	if c.MaxBytes < 0 {
		add("stream max bytes: negative")
	}
	if c.Replicas < 0 || c.Replicas > 5 {
		add("nats replicas: %d is not in 0..5", c.Replicas)
	}
	if c.Log == nil {
		add("log: missing")
	}
	return errors.Join(errs...)
}

// withDefaults fills in what was left out. The directory exists afterwards.
func (c Config) withDefaults() (Config, error) {
	if err := c.Validate(); err != nil {
		return c, err
	}
	if c.Sync == "" {
		c.Sync = SyncPower
	}
	if c.Role == "" {
		c.Role = RoleAll
	}
	switch {
	case c.BatchWait == 0:
		c.BatchWait = time.Millisecond
	case c.BatchWait < 0:
		c.BatchWait = 0
	}
	if c.Dir == "" {
		if c.MaxBytes == 0 {
			c.MaxBytes = defaultMaxBytes
		}
		return c, nil
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return c, err
	}
	c.Dir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, err
	}
	if c.MaxBytes == 0 {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(dir, &fs); err != nil {
			return c, fmt.Errorf("size of the volume of %s: %w", dir, err)
		}
		c.MaxBytes = min(defaultMaxBytes, int64(fs.Blocks)*fs.Bsize/10*8)
	}
	return c, nil
}

// lockDir keeps a second process out of the directory: two servers on one store corrupt it.
// The lock ends with the process, however it ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", dir, ErrInUse)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return f, nil
}
