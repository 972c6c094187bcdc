package linker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/linker/symbolicate"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// Stream is what the linker consumes from.
type Stream interface {
	// Consume hands messages of one kind to handle until ctx ends. A nil error acknowledges the whole batch.
	Consume(ctx context.Context, kind stream.Kind, opts stream.ConsumeOptions, handle func(context.Context, []*stream.Delivery) error) error
}

// Config is what a linker needs. Store, Blobs, Stream and Log are required.
type Config struct {
	Store     *store.Store
	Blobs     store.Blobs
	Stream    Stream
	Log       *slog.Logger
	Metrics   prometheus.Registerer // nil: no metrics
	Batch     int                   // messages per batch; 0: 100
	Retention Retention             // of recordings; zero: 90 days, 365 for those of open issues
	Keep      settings.Retention    // of everything else; a zero: settings.DefaultRetention
	Workers   int                   // concurrent batches of events, transactions, spans and replays each; 0: 1 on SQLite's one writer, 2 else

	// Committed, when set, is called between a batch's commit and its joins. Tests force interleavings there.
	Committed func(context.Context, stream.Kind)
}

// Validate joins everything that is wrong.
func (c *Config) Validate() error {
	var errs []error
	for name, missing := range map[string]bool{
		"store": c.Store == nil, "blobs": c.Blobs == nil, "stream": c.Stream == nil, "log": c.Log == nil,
	} {
		if missing {
			errs = append(errs, fmt.Errorf("linker: %s is missing", name))
		}
	}
	if c.Batch < 0 || c.Workers < 0 {
		errs = append(errs, errors.New("linker: batch and workers cannot be negative"))
	}
	return errors.Join(errs...)
}

// Linker consumes every kind of message.
type Linker struct {
	cfg    Config
	log    *slog.Logger
	m      *metrics
	agents normalize.Agents

	symbols *symbolicate.Symbolicator
	uploads *uploads

	groupers groupers
}

// New makes a linker; [Linker.Run] starts it.
func New(cfg Config) (*Linker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Batch == 0 {
		cfg.Batch = 100
	}
	if cfg.Workers == 0 {
		cfg.Workers = 1
		if cfg.Store.Concurrent() {
			cfg.Workers = 2
		}
	}
	m, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return &Linker{cfg: cfg, log: cfg.Log.With("component", "linker"), m: m, agents: normalize.NewAgents(),
		symbols: symbolicate.New(symbolBytes), uploads: &uploads{store: cfg.Store}, groupers: groupers{store: cfg.Store, now: time.Now}}, nil
}

// symbolBytes bounds the parsed source maps and debug files that are kept in memory.
const symbolBytes = 256 << 20

// Run consumes until ctx ends, then finishes the batches in hand. If one consumer fails, all stop.
func (l *Linker) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make(chan error, len(stream.Kinds()))
	for _, kind := range stream.Kinds() {
		wg.Go(func() {
			if err := l.cfg.Stream.Consume(ctx, kind, l.options(kind), l.handler(kind)); err != nil && ctx.Err() == nil {
				errs <- fmt.Errorf("consume %s: %w", kind, err)
				cancel()
			}
		})
	}
	var keeping sync.WaitGroup
	keeping.Go(func() { l.deriveChapters(ctx) })
	keeping.Go(func() { l.keepRecordings(ctx) })
	keeping.Go(func() { l.shrinkRecordings(ctx) })
	keeping.Go(func() { l.expireAged(ctx) })
	keeping.Go(func() { l.backfill(ctx) })
	keeping.Go(func() { l.regroup(ctx) })
	keeping.Go(func() { l.assemble(ctx) })
	keeping.Go(func() { l.remap(ctx) })
	keeping.Go(func() { l.checkLinks(ctx) })
	wg.Wait()
	cancel()
	keeping.Wait()
	close(errs)
	return <-errs
}

func (l *Linker) options(kind stream.Kind) stream.ConsumeOptions {
	opts := stream.ConsumeOptions{Batch: l.cfg.Batch, Workers: 1}
	switch kind {
	case stream.KindReplay:
		opts.Batch = min(opts.Batch, 20) // a recording may hold megabytes
		opts.Workers = l.cfg.Workers
	case stream.KindEvent, stream.KindTransaction, stream.KindSpan:
		opts.Workers = l.cfg.Workers
	}
	return opts
}

// handler is one kind's path: decode, commit, join. Returning nil acknowledges.
func (l *Linker) handler(kind stream.Kind) func(context.Context, []*stream.Delivery) error {
	return func(ctx context.Context, batch []*stream.Delivery) error {
		start := time.Now()
		err := l.handle(ctx, kind, batch)
		l.m.batches.WithLabelValues(string(kind), result(err)).Inc()
		l.m.seconds.WithLabelValues(string(kind)).Observe(time.Since(start).Seconds())
		if err != nil {
			return fmt.Errorf("link %d messages of kind %s: %w", len(batch), kind, err)
		}
		l.m.messages.WithLabelValues(string(kind)).Add(float64(len(batch)))
		return nil
	}
}

func result(err error) string {
	var permanent *stream.PermanentError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &permanent):
		return "permanent"
	}
	return "transient"
}

func (l *Linker) handle(ctx context.Context, kind stream.Kind, batch []*stream.Delivery) error {
	msgs, err := l.decodeAll(ctx, kind, batch)
	if err != nil {
		return err
	}
	writes := make([]*store.Write, len(msgs))
	for i, m := range msgs {
		writes[i] = m.w
	}
	did, err := l.cfg.Store.Ingest(ctx, writes)
	if err != nil {
		return storeError(err)
	}
	l.m.rows.WithLabelValues("inserted").Add(float64(did.Counts.Inserted))
	l.m.rows.WithLabelValues("duplicate").Add(float64(did.Counts.Duplicate))
	l.m.rows.WithLabelValues("redelivered").Add(float64(did.Counts.Known))
	if l.cfg.Committed != nil {
		l.cfg.Committed(ctx, kind)
	}
	start := time.Now()
	if err := l.join(ctx, msgs, did); err != nil {
		return storeError(fmt.Errorf("join: %w", err))
	}
	if err := l.arrived(ctx, msgs); err != nil {
		return storeError(err)
	}
	l.m.joins.Observe(time.Since(start).Seconds())
	l.sweep(ctx, did.Orphans)
	return nil
}

// sweep deletes blobs that were put for rows that turned out not to be wanted. What is left behind on an
// error is found by the collection of orphans.
func (l *Linker) sweep(ctx context.Context, keys []string) {
	for _, k := range keys {
		if k == "" {
			continue
		}
		if err := l.cfg.Blobs.Delete(ctx, k); err != nil {
			l.log.Warn("blob without a row was not deleted", "blob", k, "err", err)
		}
	}
}

// storeError tells the stream which errors no retry can heal.
func storeError(err error) error {
	if err != nil && !store.Retryable(err) {
		return stream.Permanent("store", err)
	}
	return err
}

// decodeAll decodes a batch, a few messages at a time. The first error stands for the batch: the stream
// bisects it until the message that causes it is alone. A panic goes up in the caller's goroutine, where
// the stream counts it against the message.
func (l *Linker) decodeAll(ctx context.Context, kind stream.Kind, batch []*stream.Delivery) ([]*message, error) {
	out := make([]*message, len(batch))
	errs := make([]error, len(batch))
	var mu sync.Mutex
	var panicked any
	var wg sync.WaitGroup
	slots := make(chan struct{}, decoders)
	for i, d := range batch {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					mu.Lock()
					panicked = v
					mu.Unlock()
				}
				<-slots
			}()
			out[i], errs[i] = l.decode(ctx, kind, d)
		})
	}
	wg.Wait()
	if panicked != nil {
		panic(panicked)
	}
	return out, errors.Join(errs...)
}

// decoders is how many messages of a batch are decoded at a time.
const decoders = 4
