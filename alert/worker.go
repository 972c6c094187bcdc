package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/internal/seal"
	"github.com/hindsight-dev/hindsight/store"
)

// Config is what a worker needs. Store, Senders, Box and Log are required.
type Config struct {
	Store   *store.Store
	Senders *channel.Senders
	Box     *seal.Box // opens the channels' configurations
	BaseURL string    // how people reach this server; links are made of it
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil: no metrics
	Now     func() time.Time      // nil: time.Now
}

// Worker evaluates rules, delivers, and watches scheduled jobs.
type Worker struct {
	cfg Config
	log *slog.Logger
	m   *metrics
}

// New makes a worker; [Worker.Run] starts it.
func New(cfg Config) (*Worker, error) {
	if cfg.Store == nil || cfg.Senders == nil || cfg.Box == nil || cfg.Log == nil {
		return nil, errors.New("alert: store, senders, box and log are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	m, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, fmt.Errorf("alert: register metrics: %w", err)
	}
	return &Worker{cfg: cfg, log: cfg.Log.With("component", "alert"), m: m}, nil
}

// The pace of the work. All queues are in the database.
const (
	evaluatePause = 500 * time.Millisecond
	deliverPause  = 500 * time.Millisecond
	metricPause   = 5 * time.Second
	monitorPause  = 5 * time.Second
	batch         = 100
	deliverers    = 4 // messages in flight, each of another lane
)

// Run works until ctx ends, then finishes what is in hand.
func (w *Worker) Run(ctx context.Context) error {
	if !w.cfg.Store.Concurrent() { // nobody else works on this database: what is in flight there is ours of before
		if err := w.cfg.Store.ReleaseDeliveries(ctx); err != nil {
			return fmt.Errorf("alert: %w", err)
		}
	}
	var wg sync.WaitGroup
	loop := func(pause time.Duration, what string, work func(context.Context) (bool, error)) {
		wg.Go(func() { w.every(ctx, pause, what, work) })
	}
	loop(evaluatePause, "evaluate alert rules", w.Evaluate)
	loop(metricPause, "watch metrics", w.WatchMetrics)
	loop(monitorPause, "watch monitors", w.WatchMonitors)
	for range deliverers {
		loop(deliverPause, "deliver alerts", w.Deliver)
	}
	wg.Wait()
	return ctx.Err()
}

// every calls work at a pace until ctx ends, at once again when it says that there is more. An error is
// logged and waited out: the queue is still there.
func (w *Worker) every(ctx context.Context, pause time.Duration, what string, work func(context.Context) (more bool, err error)) {
	t := time.NewTimer(pause)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		more, err := work(ctx)
		wait := pause
		switch {
		case err != nil && ctx.Err() == nil:
			w.log.Warn(what, "err", err)
			wait = max(10*pause, 5*time.Second)
		case more:
			wait = 0
		}
		t.Reset(wait)
	}
}

func (w *Worker) nowMS() int64 { return w.cfg.Now().UnixMilli() }

type metrics struct {
	signals    prometheus.Counter
	deliveries *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		signals: prometheus.NewCounter(prometheus.CounterOpts{Name: "hindsight_alert_signals_total", Help: "Signals that rules were asked about."}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hindsight_alert_deliveries_total",
			Help: "Attempts to deliver, by kind of channel and result (sent, retry, failed)."}, []string{"kind", "result"}),
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.signals), reg.Register(m.deliveries))
}
