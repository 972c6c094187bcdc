package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/relay/quota"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/prometheus/client_golang/prometheus"
)

// Publisher is where accepted envelopes go. One of your own implements it with [Message].
type Publisher interface {
	// Publish keeps all messages of one request, or none. A nil error is a promise: they survive
	// whatever happens to this process. [ErrFull] and [ErrUnavailable] mean 503.
	Publish(ctx context.Context, msgs ...*Message) error
	// Fill says how full it is, 0 to 1.
	Fill() float64
	// Ready says why it cannot be written to, or nil.
	Ready() error
}

// Config is what [New] needs. Zero fields have the defaults named.
type Config struct {
	Keys    Keys      // required
	Publish Publisher // required
	Log     *slog.Logger

	// TempDir holds what of a large envelope does not stay in memory; default os.TempDir().
	TempDir string
	// TrustedProxies are the peers whose X-Forwarded-For is believed. Empty: none.
	TrustedProxies []netip.Prefix
	// Metrics takes the relay's Prometheus collectors; nil: none.
	Metrics prometheus.Registerer

	MaxEnvelope int64           // bytes of an envelope, on the wire and decompressed; 200 MiB
	MaxStore    int64           // bytes of a body of the store and other JSON endpoints; 1 MiB
	Sizes       *envelope.Sizes // per item type; envelope.DefaultSizes()
	MaxItems    int             // per envelope; 10 000
	MaxBody     int             // bytes of a message carried in memory; 960 KiB

	MaxRequests       int // at one time; 2 000
	MaxRequestsPerIP  int // 50
	MaxRequestsPerKey int // 200

	PublishTimeout time.Duration // 10 s

	// Exchange shares the counts of quotas with other relays; nil: this one counts alone.
	Exchange quota.Exchange
	// LimitsPath is the file that remembers those counts over a restart; empty: none.
	LimitsPath string
	// Norms say what is usual for projects, for spike protection; nil: there is none.
	Norms *quota.Norms

	// Forward sends on what projects want to have sent on; nil: nothing is.
	Forward *ForwardConfig
}

// ForwardConfig is what forwarding needs.
type ForwardConfig struct {
	Queue  ForwardQueue
	Keys   func() []Key // all of them, as [Snapshot.All]
	Client *http.Client // where projects choose the addresses, one that refuses private ones
	Only   bool         // nothing is published but the copies, and those however full it is
}

func (c Config) withDefaults() Config {
	def := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	def(&c.MaxItems, 10_000)
	def(&c.MaxBody, 960<<10)
	def(&c.MaxRequests, 2_000)
	def(&c.MaxRequestsPerIP, 50)
	def(&c.MaxRequestsPerKey, 200)
	if c.MaxEnvelope <= 0 {
		c.MaxEnvelope = 200 << 20
	}
	if c.MaxStore <= 0 {
		c.MaxStore = 1 << 20
	}
	if c.Sizes == nil {
		c.Sizes = envelope.DefaultSizes()
	}
	if c.PublishTimeout <= 0 {
		c.PublishTimeout = 10 * time.Second
	}
	if c.TempDir == "" {
		c.TempDir = os.TempDir()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Bounds of what all requests together hold (bytes).
const (
	windowBudget = 256 << 20 // decoders' histories
	memoryBudget = 256 << 20 // items; beyond it they go to files
	bodyBudget   = 256 << 20 // messages being published
	diskBudget   = 4 << 30   // spill files
	budgetWait   = 5 * time.Second
)

// Relay is the edge: an http.Handler for the ingest endpoints. Its methods may be called by any
// number of goroutines.
type Relay struct {
	cfg       Config
	gate      *gate
	decoders  *decoders
	readers   sync.Pool // of envelopes
	memory    *byteBudget
	bodies    *byteBudget
	disk      *byteBudget
	scrubbing *byteBudget
	outcomes  *outcomes
	limiter   *quota.Limiter
	forward   *forwarder // nil: none
	strangers *strangers
	defaults  *Rules // of keys without
	metrics   *metrics
	stopping  atomic.Bool
}

// New returns a Relay. Its Run must be running for outcomes to be told.
func New(cfg Config) (*Relay, error) {
	if cfg.Keys == nil || cfg.Publish == nil {
		return nil, errors.New("relay: Keys and Publish are required")
	}
	cfg = cfg.withDefaults()
	if st, err := os.Stat(cfg.TempDir); err != nil {
		return nil, fmt.Errorf("relay: directory for spilled items: %w", err)
	} else if !st.IsDir() {
		return nil, fmt.Errorf("relay: %s is not a directory", cfg.TempDir)
	}
	rl := &Relay{
		cfg:       cfg,
		gate:      newGate(cfg.MaxRequests, cfg.MaxRequestsPerIP, cfg.MaxRequestsPerKey),
		decoders:  newDecoders(newByteBudget(windowBudget, budgetWait)),
		memory:    newByteBudget(memoryBudget, 0),
		bodies:    newByteBudget(bodyBudget, budgetWait),
		disk:      newByteBudget(diskBudget, 0),
		scrubbing: newByteBudget(scrubBudget, scrubWait),
		outcomes:  newOutcomes(),
		limiter:   quota.New(quota.Config{Exchange: cfg.Exchange, Path: cfg.LimitsPath, Warn: func(msg string, err error) { cfg.Log.Warn(msg, "err", err) }}),
		strangers: newStrangers(),
		defaults:  NewRules(settings.Default()),
	}
	if f := cfg.Forward; f != nil {
		rl.forward = newForwarder(f.Queue, f.Client, f.Keys, cfg.Log.Warn)
		if f.Only {
			rl.forward.tell = rl.outcomes.add
		}
		rl.cfg.Publish = &copier{cfg.Publish, cfg.Keys, rl.forward, f.Only}
		if cfg.Metrics != nil {
			if err := cfg.Metrics.Register(newForwardMetrics(rl.forward)); err != nil {
				return nil, fmt.Errorf("relay: %w", err)
			}
		}
	}
	var err error
	if rl.metrics, err = newMetrics(cfg.Metrics, rl); err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	return rl, nil
}

// Run tells the outcomes of the edge each second, and once more when ctx ends; it shares the
// counts of quotas with other relays, and remembers them.
func (rl *Relay) Run(ctx context.Context) error {
	var others sync.WaitGroup
	defer others.Wait()
	others.Go(func() {
		if err := rl.limiter.Run(ctx); ctx.Err() == nil {
			rl.cfg.Log.Error("quotas are counted by this relay alone", "err", err)
		}
	})
	if rl.forward != nil {
		others.Go(func() { rl.forward.run(ctx) })
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			rl.flushOutcomes(context.WithoutCancel(ctx))
			return ctx.Err()
		case <-tick.C:
			rl.flushOutcomes(ctx)
		}
	}
}

// Stop turns readiness red, so that a load balancer sends no more. Requests are still taken.
func (rl *Relay) Stop() { rl.stopping.Store(true) }

// Match says whether a request is for one of the relay's own endpoints. A server that also has
// an API below /api/ asks it first, with the path as it came (a router that cleans paths by
// redirecting would lose posts).
func (rl *Relay) Match(r *http.Request) bool {
	rt, ok := findRoute(r.URL.Path)
	if ok && rt.name == "user_feedback" { // with a token it is the API's
		_, ok = dsnAuth(r)
	}
	return ok
}

// ServeHTTP implements http.Handler.
func (rl *Relay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt, ok := findRoute(r.URL.Path)
	rl.serve(w, r, rt, ok, nil)
}

// Tunnel returns a handler for a path of your own to which browsers' SDKs send envelopes through
// your site (their option "tunnel"), where blockers do not look. The envelope's own dsn says
// where it goes; allow, when not nil, has the last word on it.
func (rl *Relay) Tunnel(allow func(*envelope.DSN) bool) http.Handler {
	if allow == nil {
		allow = func(*envelope.DSN) bool { return true }
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rl.serve(w, r, route{name: "tunnel", handle: (*request).envelope, methods: "POST"}, true, allow)
	})
}

func (rl *Relay) serve(w http.ResponseWriter, r *http.Request, rt route, found bool, tunnel func(*envelope.DSN) bool) {
	start := time.Now()
	aw := &answerWriter{ResponseWriter: w}
	setCORS(w.Header())
	q := &request{rl: rl, w: aw, r: r, received: start.Truncate(time.Millisecond), tunnel: tunnel, endpoint: rt.name}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				q.end()
				panic(p)
			}
			rl.cfg.Log.Error("panic in a request", "endpoint", rt.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			q.fail(fmt.Errorf("panic: %v", p))
		}
		q.end()
		rl.metrics.request(rt.name, aw.status, time.Since(start))
	}()
	if !found {
		q.endpoint = "unknown"
		rt.name = "unknown"
		q.fail(refuse(http.StatusNotFound, "not_found", "not found"))
		return
	}
	if r.Method == http.MethodOptions {
		setPreflight(w.Header())
		aw.Header().Set("Content-Length", "0")
		aw.WriteHeader(http.StatusOK)
		return
	}
	if !methodAllowed(rt.methods, r.Method) {
		w.Header().Set("Allow", rt.methods+", OPTIONS")
		q.fail(refuse(http.StatusMethodNotAllowed, "method", "method not allowed"))
		return
	}
	if err := q.run(rt); err != nil {
		q.fail(err)
	}
}

// answerWriter remembers the status, and whether there was one yet.
type answerWriter struct {
	http.ResponseWriter
	status int
}

func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *answerWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController find the connection's deadlines.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
