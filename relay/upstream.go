package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
)

// UpstreamConfig is what [OpenUpstream] needs. Zero fields have the defaults named.
type UpstreamConfig struct {
	// Dir keeps what is on its way. One process at a time may have it open.
	Dir string
	// DSNs are the projects that are served: their keys may send, and where they lead is where
	// everything goes on to, a Hindsight or a Sentry.
	DSNs []string
	// Settings are those of the projects: what is scrubbed, filtered and limited before it goes on.
	// Nil: settings.Default. Its Forward is overwritten.
	Settings *settings.Settings
	// MaxBytes bounds what waits (bytes); 1 GiB. A full queue answers 503.
	MaxBytes int64
	// Client sends on. Nil: one with a minute's time, that follows no redirect.
	Client  *http.Client
	Log     *slog.Logger          // nil: none
	Metrics prometheus.Registerer // nil: none
}

// Upstream is a [Relay] before another server: it takes what SDKs send, scrubs, filters and limits it,
// answers when it is synced to disk, and sends it on, again and again until the upstream has it. What it
// drops is counted in its metrics, by outcome and reason, and told to the upstream by client reports.
type Upstream struct {
	*Relay
	queue *stream.Stream
	stop  context.CancelFunc
	ended chan struct{}
}

// OpenUpstream starts one. It runs until Close.
func OpenUpstream(ctx context.Context, cfg UpstreamConfig) (*Upstream, error) {
	keys, err := upstreamKeys(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = 1 << 30
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	temp := filepath.Join(cfg.Dir, "tmp")
	for _, dir := range []string{temp, filepath.Join(cfg.Dir, "blobs")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("relay: %w", err)
		}
	}
	blobs, err := os.OpenRoot(filepath.Join(cfg.Dir, "blobs"))
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	queue, err := stream.Open(ctx, stream.Config{Dir: filepath.Join(cfg.Dir, "stream"), MaxBytes: cfg.MaxBytes, Blobs: &blobDir{blobs}, Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	u := &Upstream{queue: queue, ended: make(chan struct{})}
	u.Relay, err = New(Config{
		Keys: keys, Publish: queue, Log: cfg.Log, TempDir: temp, Metrics: cfg.Metrics, LimitsPath: filepath.Join(cfg.Dir, "limits.json"),
		Forward: &ForwardConfig{Queue: queue, Keys: keys.all, Client: cfg.Client, Only: true},
	})
	if err != nil {
		return nil, errors.Join(err, queue.Close())
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	u.stop = stop
	go func() {
		defer close(u.ended)
		_ = u.Run(run) // ends with run, and only then
	}()
	return u, nil
}

// Close ends it. What waits goes on when it is opened again.
func (u *Upstream) Close() error {
	u.stop()
	<-u.ended
	return u.queue.Close()
}

// fixedKeys never change.
type fixedKeys map[string]Key

// Key implements Keys.
func (k fixedKeys) Key(publicKey string) (Key, bool) { key, ok := k[publicKey]; return key, ok }

// Ready implements Keys.
func (k fixedKeys) Ready() bool { return true }

func (k fixedKeys) all() []Key {
	list := make([]Key, 0, len(k))
	for _, key := range k {
		list = append(list, key)
	}
	return list
}

func upstreamKeys(cfg UpstreamConfig) (fixedKeys, error) {
	keys := fixedKeys{}
	if len(cfg.DSNs) == 0 {
		return nil, errors.New("relay: an upstream needs a DSN")
	}
	for i, text := range cfg.DSNs {
		dsn, err := envelope.ParseDSN(text)
		if err != nil {
			return nil, fmt.Errorf("relay: DSN %d: %w", i+1, err)
		}
		s := settings.Default()
		if cfg.Settings != nil {
			s = *cfg.Settings
		}
		s.Forward = settings.Forward{DSN: text, Mode: settings.ForwardAll, Rate: 1}
		if err := s.Validate(); err != nil {
			return nil, fmt.Errorf("relay: DSN %d: %w", i+1, err)
		}
		for _, k := range keys {
			if k.ProjectID == dsn.ProjectID {
				return nil, fmt.Errorf("relay: DSN %d: project %d has one already", i+1, dsn.ProjectID)
			}
		}
		keys[dsn.PublicKey] = Key{PublicKey: dsn.PublicKey, OrgID: 1, ProjectID: dsn.ProjectID, Active: true, Rules: NewRules(s)}
	}
	return keys, nil
}

// blobDir keeps bodies too large for a message as files; their keys are the stream's own.
type blobDir struct{ root *os.Root }

// Put implements stream.Blobs.
func (d *blobDir) Put(_ context.Context, key string, r io.Reader, size int64) error {
	name := blobName(key)
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, r)
	if err == nil && n != size {
		err = fmt.Errorf("blob %s: %d bytes came of %d: %w", key, n, size, io.ErrUnexpectedEOF)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, d.root.Remove(name))
	}
	dir, err := d.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close()) // its name must survive a power cut as well
}

// Get implements stream.Blobs.
func (d *blobDir) Get(_ context.Context, key string) (io.ReadCloser, error) {
	return d.root.Open(blobName(key))
}

// Delete implements stream.Blobs.
func (d *blobDir) Delete(_ context.Context, key string) error {
	if err := d.root.Remove(blobName(key)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func blobName(key string) string { return strings.ReplaceAll(key, "/", "_") }
