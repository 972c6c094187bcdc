package quota

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// Norm is what is usual for a project.
type Norm struct {
	ProjectID int64
	Category  string
	PerHour   float64       // accepted, mean of the last week
	Known     time.Duration // how long the project has been sending, a week at most
}

// NormsConfig says where [Norms] come from and what is a spike. Zero fields have the defaults named.
type NormsConfig struct {
	// Load gives the norms of all projects. It may fail: the last answer stays.
	Load   func(context.Context) ([]Norm, error)
	Every  time.Duration // between two loads; 10 min
	Factor float64       // of the norm at which it is a spike; 10
	// Floor is what is never a spike, in items per hour; 5 000. It keeps small projects from
	// being throttled for being small.
	Floor int64
	// Known is how long a project must have been sending before it has a norm; 24 h.
	Known time.Duration
	// Path is the file that remembers the last answer over a restart; empty: none.
	Path string
	Warn func(msg string, err error)
}

// Norms remembers what is usual, and makes the quotas that stop a spike. A nil *Norms has none.
type Norms struct {
	cfg    NormsConfig
	limits atomic.Pointer[map[normKey]int64]
}

type normKey struct {
	project  int64
	category string
}

// NewNorms returns Norms that know what the file remembers, if there is one: a restart while the
// database is away leaves nobody without protection.
func NewNorms(cfg NormsConfig) *Norms {
	if cfg.Every <= 0 {
		cfg.Every = 10 * time.Minute
	}
	if cfg.Factor <= 0 {
		cfg.Factor = 10
	}
	if cfg.Floor <= 0 {
		cfg.Floor = 5_000
	}
	if cfg.Known <= 0 {
		cfg.Known = 24 * time.Hour
	}
	if cfg.Warn == nil {
		cfg.Warn = func(string, error) {}
	}
	n := &Norms{cfg: cfg}
	if err := n.read(); err != nil {
		cfg.Warn("what was usual for projects cannot be read", err)
	}
	return n
}

// Run loads until ctx ends. A database that is away is tried again each time.
func (n *Norms) Run(ctx context.Context) error {
	tick := time.NewTicker(n.cfg.Every)
	defer tick.Stop()
	for {
		if err := n.Refresh(ctx); err != nil && ctx.Err() == nil {
			n.cfg.Warn("what is usual for projects cannot be loaded; going on with what is known", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Refresh loads once.
func (n *Norms) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	list, err := n.cfg.Load(ctx)
	if err != nil {
		return err
	}
	n.use(list)
	if n.cfg.Path == "" {
		return nil
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return replaceFile(n.cfg.Path, b)
}

func (n *Norms) read() error {
	if n.cfg.Path == "" {
		return nil
	}
	b, err := os.ReadFile(n.cfg.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var list []Norm
	if err := json.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("read %s: %w", n.cfg.Path, err)
	}
	n.use(list)
	return nil
}

func (n *Norms) use(list []Norm) {
	limits := make(map[normKey]int64, len(list))
	for _, norm := range list {
		if norm.Known >= n.cfg.Known {
			limits[normKey{norm.ProjectID, norm.Category}] = max(n.cfg.Floor, int64(n.cfg.Factor*norm.PerHour))
		}
	}
	n.limits.Store(&limits)
}

// ReasonSpike is the reason of a quota that stops a spike.
const ReasonSpike = "spike_protection"

// Quota is the bound on one hour of a project's category; false when it has none.
func (n *Norms) Quota(project int64, category string) (Quota, bool) {
	if n == nil {
		return Quota{}, false
	}
	limits := n.limits.Load()
	if limits == nil {
		return Quota{}, false
	}
	limit, ok := (*limits)[normKey{project, category}]
	return Quota{ID: "spike:" + category, Scope: ScopeProject, ScopeID: strconv.FormatInt(project, 10),
		Categories: []string{category}, Limit: limit, Window: time.Hour, Reason: ReasonSpike}, ok
}
