package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/settings"
)

// Key is a DSN's public key with what the edge must know of its project.
type Key struct {
	PublicKey string             `json:"public_key"` // 32 lower-case hex digits
	OrgID     int64              `json:"org_id"`
	ProjectID envelope.ProjectID `json:"project_id"`
	Active    bool               `json:"active"` // false: key or project is disabled
	// Rules are the project's settings; nil: settings.Default.
	Rules *Rules `json:"settings,omitempty"`
	// RateLimit is the key's own bound on errors; nil: none.
	RateLimit *RateLimit `json:"rate_limit,omitempty"`
	// OrgQuotas are the organisation's, counted over all its projects. Their Scope and Key have
	// no meaning here.
	OrgQuotas []settings.Quota `json:"org_quotas,omitempty"`
}

// Keys tells which project a public key belongs to, from memory: it is asked on every request
// and never opens the database.
type Keys interface {
	// Key returns a known key, disabled ones too; false for a stranger's.
	Key(publicKey string) (Key, bool)
	// Ready says whether the keys have been loaded at least once.
	Ready() bool
}

// SnapshotConfig says where a [Snapshot] gets its keys.
type SnapshotConfig struct {
	// Load returns all keys. It may fail as often as it likes: the last answer stays.
	Load func(ctx context.Context) ([]Key, error)
	// Path is the file that remembers the last answer over a restart; empty: none.
	Path string
	// Every is the time between two loads. Default 2 s: a disabled key is refused within 5 s.
	Every time.Duration
	Log   *slog.Logger // nil: none
}

// Snapshot is all keys in memory. While Load fails it answers with what it has, and at start
// with what its file has, so that a relay starts and goes on while the database is down.
type Snapshot struct {
	cfg   SnapshotConfig
	keys  atomic.Pointer[map[string]Key]
	list  atomic.Pointer[[]Key]
	saved []byte // what the file holds
}

// NewSnapshot reads the file, if there is one, and tries one load. It never fails for the lack
// of either: Ready says whether there is anything.
func NewSnapshot(ctx context.Context, cfg SnapshotConfig) (*Snapshot, error) {
	if cfg.Load == nil {
		return nil, errors.New("key snapshot: Load is required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Every <= 0 {
		cfg.Every = 2 * time.Second
	}
	s := &Snapshot{cfg: cfg}
	if err := s.readFile(); err != nil {
		cfg.Log.Warn("keys remembered on disk cannot be read", "err", err)
	}
	if err := s.Refresh(ctx); err != nil {
		cfg.Log.Warn("keys cannot be loaded; using those remembered", "err", err, "ready", s.Ready())
	}
	return s, nil
}

// Key implements [Keys].
func (s *Snapshot) Key(publicKey string) (Key, bool) {
	keys := s.keys.Load()
	if keys == nil {
		return Key{}, false
	}
	k, ok := (*keys)[publicKey]
	return k, ok
}

// All lists every key; the list must not be changed.
func (s *Snapshot) All() []Key {
	list := s.list.Load()
	if list == nil {
		return nil
	}
	return *list
}

// Ready implements [Keys].
func (s *Snapshot) Ready() bool { return s.keys.Load() != nil }

// Run refreshes until ctx ends. A load that hangs counts as one that failed after 10 s.
func (s *Snapshot) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		err := s.Refresh(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
		case err != nil && !failing:
			s.cfg.Log.Warn("keys cannot be loaded; going on with those at hand", "err", err)
			failing = true
		case err == nil && failing:
			s.cfg.Log.Info("keys are loaded again")
			failing = false
		}
	}
}

// Refresh loads once. It must not be called by two at a time.
func (s *Snapshot) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	keys, err := s.cfg.Load(ctx)
	if err != nil {
		return fmt.Errorf("load keys: %w", err)
	}
	s.set(keys)
	if err := s.writeFile(keys); err != nil {
		s.cfg.Log.Warn("keys cannot be remembered on disk", "err", err)
	}
	return nil
}

func (s *Snapshot) set(keys []Key) {
	m := make(map[string]Key, len(keys))
	for _, k := range keys {
		m[k.PublicKey] = k
	}
	s.list.Store(&keys)
	s.keys.Store(&m)
}

func (s *Snapshot) readFile() error {
	if s.cfg.Path == "" {
		return nil
	}
	b, err := os.ReadFile(s.cfg.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var keys []Key
	if err := json.Unmarshal(b, &keys); err != nil {
		return fmt.Errorf("read %s: %w", s.cfg.Path, err)
	}
	s.set(keys)
	s.saved = b
	return nil
}

// writeFile replaces the file as a whole, and only when something changed.
func (s *Snapshot) writeFile(keys []Key) error {
	if s.cfg.Path == "" {
		return nil
	}
	b, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	if bytes.Equal(b, s.saved) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(s.cfg.Path), filepath.Base(s.cfg.Path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), s.cfg.Path)
	}
	if err == nil {
		s.saved = b
	}
	return err
}
