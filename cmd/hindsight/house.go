package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/hindsight-dev/hindsight/alert"
	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/outbound"
	"github.com/hindsight-dev/hindsight/internal/seal"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/linker"
	"github.com/hindsight-dev/hindsight/relay"
	"github.com/hindsight-dev/hindsight/relay/quota"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// house is what the parts of one process stand on. A part that does not run leaves its field nil.
type house struct {
	log     *slog.Logger
	metrics *prometheus.Registry
	ready   atomic.Bool
	baseURL string
	name    string // of the relay among others

	store  *store.Store // nil in a relay on its own, which opens it when it can
	blobs  store.Blobs
	stream *stream.Stream // nil in an API on its own without a cluster
	keys   *relay.Snapshot
	relay  *relay.Relay
	norms  *quota.Norms
	linker *linker.Linker
	alerts *alert.Worker // beside the linker
	box    *seal.Box
	lazy   *lazyStore
}

// open opens the database, the blobs and the stream, and builds the parts on them.
func open(ctx context.Context, s *Settings, log *slog.Logger, p parts) (*house, error) {
	if err := makeDataDir(s); err != nil {
		return nil, err
	}
	h := &house{log: log, metrics: prometheus.NewRegistry(), baseURL: s.BaseURL, name: relayName(s.DataDir)}
	h.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := h.openAll(ctx, s, p); err != nil {
		h.close()
		return nil, err
	}
	h.ready.Store(true)
	return h, nil
}

func makeDataDir(s *Settings) error {
	if err := os.MkdirAll(s.DataDir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	return nil
}

func (h *house) openAll(ctx context.Context, s *Settings, p parts) (err error) {
	h.lazy = &lazyStore{url: s.DatabaseURL, log: h.log}
	if p.linker || p.api {
		if h.store, err = h.lazy.get(ctx); err != nil {
			return err
		}
		if err := h.store.Migrate(ctx); err != nil {
			return err
		}
	}
	if h.blobs, err = store.OpenBlobs(ctx, s.BlobsURL); err != nil {
		return fmt.Errorf("open blobs: %w", err)
	}
	if p.relay || p.linker || s.NATSURL != "" {
		cfg := streamConfig(s, p, h.log)
		cfg.Blobs = h.blobs
		if h.stream, err = stream.Open(ctx, cfg); err != nil {
			return err
		}
		h.metrics.MustRegister(streamMetrics{h.stream})
	}
	if p.relay {
		if err := h.openRelay(ctx, s); err != nil {
			return err
		}
	}
	if p.linker {
		if h.linker, err = linker.New(linker.Config{Store: h.store, Blobs: h.blobs, Stream: h.stream, Log: h.log, Metrics: h.metrics,
			Retention: s.recordings(), Keep: s.retention()}); err != nil {
			return err
		}
	}
	if p.linker || p.api {
		if h.box, err = s.box(); err != nil {
			return err
		}
	}
	if p.linker {
		return h.openAlerts(s)
	}
	return nil
}

func (h *house) openAlerts(s *Settings) error {
	inside, err := networks("outbound-allow", s.OutboundAllow)
	if err != nil {
		return err
	}
	mailer, err := channel.NewMailer(s.mail())
	if err != nil {
		return err
	}
	h.alerts, err = alert.New(alert.Config{Store: h.store, Box: h.box, BaseURL: s.BaseURL, Log: h.log, Metrics: h.metrics,
		Senders: &channel.Senders{HTTP: outbound.New(outbound.Config{Allow: inside}), Mail: mailer}})
	return err
}

func (h *house) openRelay(ctx context.Context, s *Settings) error {
	proxies, err := s.trustedProxies()
	if err != nil {
		return err
	}
	inside, err := networks("outbound-allow", s.OutboundAllow)
	if err != nil {
		return err
	}
	h.keys, err = relay.NewSnapshot(ctx, relay.SnapshotConfig{
		Load: h.lazy.keys,
		Path: filepath.Join(s.DataDir, "keys.json"),
		Log:  h.log,
	})
	if err != nil {
		return err
	}
	temp := filepath.Join(s.DataDir, "tmp")
	if err := emptyDir(temp); err != nil {
		return fmt.Errorf("directory for large items: %w", err)
	}
	warn := func(msg string, err error) { h.log.Warn(msg, "err", err) }
	h.norms = quota.NewNorms(quota.NormsConfig{Load: h.lazy.norms, Path: filepath.Join(s.DataDir, "norms.json"), Warn: warn})
	h.relay, err = relay.New(relay.Config{
		Norms:      h.norms,
		Exchange:   h.stream.Exchange("quotas"),
		LimitsPath: filepath.Join(s.DataDir, "limits.json"),
		Forward: &relay.ForwardConfig{
			Queue: h.stream, Keys: h.keys.All,
			Client: outbound.New(outbound.Config{Allow: inside, Timeout: time.Minute}),
		},
		Keys:           h.keys,
		Publish:        h.stream,
		TempDir:        temp,
		TrustedProxies: proxies,
		Metrics:        h.metrics,
		Log:            h.log,
	})
	return err
}

// emptyDir makes an empty directory: what a killed process left in it is of no use.
func emptyDir(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o700)
}

// run starts what works on its own. It ends with ctx.
func (h *house) run(ctx context.Context, g *errgroup.Group, p parts) {
	if p.relay {
		g.Go(func() error { return h.keys.Run(ctx) })
		g.Go(func() error { return h.relay.Run(ctx) })
		g.Go(func() error { return h.norms.Run(ctx) })
		g.Go(func() error { return h.tellForwarding(ctx, h.name) })
	}
	if p.linker {
		g.Go(func() error { return h.linker.Run(ctx) })
		g.Go(func() error { return h.alerts.Run(ctx) })
		g.Go(func() error { return h.expire(ctx) })
	}
}

// stopEdge turns readiness red, so that balancers send nobody here any more.
func (h *house) stopEdge() {
	h.ready.Store(false)
	if h.relay != nil {
		h.relay.Stop()
	}
}

// expireEvery is the pace at which what is too old is deleted.
const expireEvery = time.Hour

// expire deletes what is too old and what deleted projects held, and ends the states of issues that time
// ends, until ctx ends.
func (h *house) expire(ctx context.Context) error {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		gone, err := h.store.Expire(ctx)
		if err != nil {
			h.log.Error("delete what is too old", "err", err)
			continue
		}
		h.log.Info("deleted what is too old", "rows", gone)
		aged, err := h.store.AgeIssues(ctx)
		if err != nil {
			h.log.Error("age issues", "err", err)
			continue
		}
		h.log.Info("aged issues", "issues", aged)
		stale, err := h.store.ResolveStale(ctx)
		if err != nil {
			h.log.Error("resolve issues that were not seen for long", "err", err)
			continue
		}
		h.log.Info("resolved issues that were not seen for long", "issues", stale)
		emptied, err := h.store.PurgeProjects(ctx, h.blobs)
		if err != nil {
			h.log.Error("empty deleted projects", "err", err)
			continue
		}
		h.log.Info("emptied deleted projects", "projects", emptied)
	}
}

func (h *house) close() {
	if h.stream != nil {
		if err := h.stream.Close(); err != nil {
			h.log.Error("close stream", "err", err)
		}
	}
	if h.lazy != nil {
		if err := h.lazy.close(); err != nil {
			h.log.Error("close database", "err", err)
		}
	}
}

// lazyStore opens the database when it is first needed and can be reached: a relay starts without it.
type lazyStore struct {
	url string
	log *slog.Logger

	mu    sync.Mutex
	store *store.Store

	rules map[string]*relay.Rules // of the last load, by settings document; only keys uses it
}

func (l *lazyStore) get(ctx context.Context) (*store.Store, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.store != nil {
		return l.store, nil
	}
	s, err := store.Open(ctx, l.url)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", redact(l.url), err)
	}
	l.store = s
	return s, nil
}

func (l *lazyStore) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.store == nil {
		return nil
	}
	return l.store.Close()
}

// keys loads the relay's snapshot.
func (l *lazyStore) keys(ctx context.Context) ([]relay.Key, error) {
	s, err := l.get(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.AllKeys(ctx)
	if err != nil {
		return nil, err
	}
	keys, next := make([]relay.Key, len(rows)), make(map[string]*relay.Rules)
	for i, r := range rows {
		rules := next[r.Settings]
		if rules == nil {
			rules = l.ready(r)
			next[r.Settings] = rules
		}
		keys[i] = relay.Key{
			PublicKey: r.PublicKey,
			OrgID:     r.OrgID,
			ProjectID: envelope.ProjectID(r.ProjectID),
			Active:    r.Active,
			Rules:     rules,
			OrgQuotas: l.orgQuotas(r),
		}
		if r.RateCount != nil && r.RateWindow != nil {
			keys[i].RateLimit = &relay.RateLimit{Count: *r.RateCount, Window: int(*r.RateWindow)}
		}
	}
	l.rules = next
	return keys, nil
}

// ready makes a settings document ready for use, unless the last load did: nothing is done again
// for a project nobody changed. A document that cannot be read, which only a hand in the database
// can make, must not keep all other projects' changes from the edge: that project gets defaults.
func (l *lazyStore) ready(r store.RelayKey) *relay.Rules {
	if rules := l.rules[r.Settings]; rules != nil {
		return rules
	}
	s, err := settings.Parse([]byte(r.Settings))
	if err != nil {
		l.log.Error("settings of a project cannot be read; using the defaults", "project", r.ProjectID, "err", err)
		s = settings.Default()
	}
	return relay.NewRules(s)
}

// orgQuotas reads an organisation's quotas; what cannot be read limits nothing, and says so.
func (l *lazyStore) orgQuotas(r store.RelayKey) []settings.Quota {
	if r.OrgQuotas == "" || r.OrgQuotas == "[]" {
		return nil
	}
	var quotas []settings.Quota
	if err := json.Unmarshal([]byte(r.OrgQuotas), &quotas); err != nil {
		l.log.Error("quotas of an organisation cannot be read; it has none now", "organization", r.OrgID, "err", err)
		return nil
	}
	return quotas
}

// norms loads what is usual for projects, for spike protection.
func (l *lazyStore) norms(ctx context.Context) ([]quota.Norm, error) {
	s, err := l.get(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.Norms(ctx)
	if err != nil {
		return nil, err
	}
	norms := make([]quota.Norm, len(rows))
	for i, r := range rows {
		known := time.Since(time.UnixMilli(r.FirstMS))
		norms[i] = quota.Norm{ProjectID: r.ProjectID, Category: r.Category, Known: known, PerHour: float64(r.Quantity) / max(known.Hours(), 1)}
	}
	return norms, nil
}

// readiness says what keeps this process from doing its part: each role asks only for what it
// cannot work without, so a relay stays ready while the database is away.
func (h *house) readiness(ctx context.Context) error {
	if !h.ready.Load() {
		return errors.New("stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var problems []error
	if h.relay != nil && !h.keys.Ready() {
		problems = append(problems, errors.New("no project keys have been loaded yet"))
	}
	if h.stream != nil {
		problems = append(problems, h.stream.Ready())
	}
	if h.store != nil && h.relay == nil {
		problems = append(problems, h.store.Ping(ctx))
	}
	return errors.Join(problems...)
}

func baseURL(s *Settings) (*url.URL, error) { return url.Parse(s.BaseURL) }

// healthz answers as long as the process does anything at all.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
}

func (h *house) readyz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := h.readiness(r.Context()); err != nil {
		h.log.Warn("not ready", "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "not ready")
		return
	}
	fmt.Fprintln(w, "ready")
}
