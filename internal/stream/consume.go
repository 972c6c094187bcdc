package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ConsumeOptions size a consumer. The zero value is good for the small kinds.
type ConsumeOptions struct {
	Batch   int // messages handed to the handler at once, at most; 0: 100
	Workers int // handlers at a time; 0: 1
}

// Bounds of ConsumeOptions, and what a consumer nobody has sized yet has.
const (
	maxBatch          = 1000
	maxWorkers        = 64
	defaultAckPending = 1000
)

// Handler handles a batch of one kind, in no particular order. nil acknowledges all of it, so it
// must have been committed. See [Permanent] for what its errors do. ctx outlives the one given to
// Consume by 20 s, so that a batch in hand can be finished.
type Handler = func(ctx context.Context, batch []*Delivery) error

// Consume hands the messages of one kind to handle, until ctx ends; it then waits for the
// handlers and returns nil. In cluster mode it waits for the cluster first. An error is one of
// use: a role that does not consume, or sizes out of bounds.
func (s *Stream) Consume(ctx context.Context, kind Kind, opts ConsumeOptions, handle Handler) error {
	if s.cfg.Role == RoleRelay {
		return fmt.Errorf("consume %s: the role %s does not", kind, s.cfg.Role)
	}
	b, err := s.main(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	return s.consume(ctx, b, kind, opts, handle, true)
}

func (s *Stream) consume(ctx context.Context, b *broker, kind Kind, opts ConsumeOptions, handle Handler, last bool) error {
	if opts.Batch == 0 {
		opts.Batch = 100
	}
	if opts.Workers == 0 {
		opts.Workers = 1
	}
	switch {
	case !kind.known() || kind == KindForward:
		return fmt.Errorf("consume unknown kind %q", kind)
	case opts.Batch < 0 || opts.Batch > maxBatch:
		return fmt.Errorf("consume %s: batch of %d is not in 1..%d", kind, opts.Batch, maxBatch)
	case opts.Workers < 0 || opts.Workers > maxWorkers:
		return fmt.Errorf("consume %s: %d workers are not in 1..%d", kind, opts.Workers, maxWorkers)
	}
	c := &consumer{
		s: s, b: b, kind: kind, opts: opts, handle: handle, last: last,
		log:    s.log.With("kind", string(kind), "on", b.name),
		panics: make(map[uint64]int),
		brk:    breaker{max: s.tune.breakMax, min: s.tune.retryMin},
	}
	var workers sync.WaitGroup
	for range opts.Workers {
		workers.Go(func() { c.work(ctx) })
	}
	workers.Wait()
	return nil
}

// consumer is one call of Consume.
type consumer struct {
	s      *Stream
	b      *broker
	kind   Kind
	opts   ConsumeOptions
	handle Handler
	last   bool // the messages end here: their blobs go with them
	log    *slog.Logger
	brk    breaker

	mu     sync.Mutex
	pull   jetstream.Consumer // nil: to be set up
	queue  jetstream.Stream   // set with it
	stuck  int                // waiting fetches that got nothing although there was something
	panics map[uint64]int     // by stream sequence: how often a handler panicked over it alone
}

// item is a delivery and its way back.
type item struct {
	Delivery
	msg     jetstream.Msg
	seq     uint64
	settled atomic.Bool
}

// work is one worker: fetch, handle, settle.
func (c *consumer) work(ctx context.Context) {
	for c.brk.wait(ctx) {
		msgs, err := c.fetch(ctx)
		switch {
		case ctx.Err() != nil:
			for _, m := range msgs {
				_ = m.Nak() // not looked at; if this is lost, AckWait brings it back
			}
			return
		case err != nil:
			c.log.Warn("fetch of messages did not work", "err", err)
			c.brk.fail()
		case len(msgs) > 0:
			c.process(ctx, msgs)
		}
	}
}

// fetch takes what is there, up to a batch; when there is nothing it waits for the first.
func (c *consumer) fetch(ctx context.Context) ([]jetstream.Msg, error) {
	pull, err := c.consumer(ctx)
	if err != nil {
		return nil, err
	}
	msgs, err := collect(pull.FetchNoWait(c.opts.Batch))
	if err != nil || len(msgs) > 0 {
		return msgs, c.lost(err)
	}
	wait, cancel := context.WithTimeout(ctx, c.s.tune.idle)
	defer cancel()
	msgs, err = collect(pull.Fetch(1, jetstream.FetchContext(wait)))
	if err != nil || len(msgs) == 0 {
		if ctx.Err() == nil && err == nil {
			err = c.probe(ctx, pull)
		}
		return msgs, c.lost(err)
	}
	c.mu.Lock()
	c.stuck = 0
	c.mu.Unlock()
	if c.opts.Batch == 1 {
		return msgs, nil
	}
	more, err := collect(pull.FetchNoWait(c.opts.Batch - 1))
	return append(msgs, more...), c.lost(err)
}

// collect reads a fetch to its end. Messages that came before an error are kept.
func collect(batch jetstream.MessageBatch, err error) ([]jetstream.Msg, error) {
	if err != nil {
		return nil, err
	}
	var msgs []jetstream.Msg
	for m := range batch.Messages() {
		msgs = append(msgs, m)
	}
	err = batch.Error()
	if len(msgs) > 0 || errors.Is(err, jetstream.ErrNoMessages) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) {
		err = nil
	}
	return msgs, err
}

// consumer gives the durable consumer, creating or resizing it the first time.
func (c *consumer) consumer(ctx context.Context) (jetstream.Consumer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pull != nil {
		return c.pull, nil
	}
	if !c.b.subc.IsConnected() {
		return nil, fmt.Errorf("set up consumer %s: not connected", c.kind)
	}
	ctx, cancel := context.WithTimeout(ctx, c.s.tune.pubTimeout)
	defer cancel()
	cfg := consumerConfig(c.kind, c.s.tune.ackWait, c.opts.Workers*c.opts.Batch*2)
	pull, err := c.b.js.CreateOrUpdateConsumer(ctx, ingestStream, cfg)
	if err != nil {
		return nil, fmt.Errorf("set up consumer %s: %w", c.kind, err)
	}
	if c.queue, err = c.b.js.Stream(ctx, ingestStream); err != nil {
		return nil, fmt.Errorf("set up consumer %s: %w", c.kind, err)
	}
	c.pull = pull
	return pull, nil
}

// lost forgets the consumer after an error, so that the next fetch sets it up again: it may have
// been deleted, or its server.
func (c *consumer) lost(err error) error {
	if err != nil {
		c.mu.Lock()
		c.pull = nil
		c.mu.Unlock()
	}
	return err
}

// stuckFetches is how many waiting fetches in a row may come back empty while there are messages
// that could be delivered (6 × 10 s: a minute).
const stuckFetches = 6

// probe looks for a consumer that delivers nothing although it should (nats-server has had such
// bugs). It is deleted then, and made anew by the next fetch; messages belong to the stream and
// are not touched.
func (c *consumer) probe(ctx context.Context, pull jetstream.Consumer) error {
	info, err := pull.Info(ctx)
	if err != nil {
		return fmt.Errorf("look at consumer %s: %w", c.kind, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if info.NumPending == 0 || info.NumAckPending >= info.Config.MaxAckPending {
		c.stuck = 0
		return nil
	}
	c.stuck++
	if c.stuck < stuckFetches*c.opts.Workers {
		return nil
	}
	c.stuck = 0
	c.log.Error("consumer delivers nothing, making it anew", "pending", info.NumPending, "ack_pending", info.NumAckPending)
	c.pull = nil
	if err := c.b.js.DeleteConsumer(ctx, ingestStream, string(c.kind)); err != nil {
		return fmt.Errorf("delete consumer %s: %w", c.kind, err)
	}
	return nil
}

// process handles a fetched batch and settles every message of it, one way or another.
func (c *consumer) process(ctx context.Context, msgs []jetstream.Msg) {
	// The batch in hand may be finished after ctx ended, but not for ever.
	hctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		t := time.AfterFunc(c.s.tune.grace, cancel)
		context.AfterFunc(hctx, func() { t.Stop() })
	})()

	items := make([]*item, 0, len(msgs))
	var bad []error
	for _, m := range msgs {
		it, err := c.item(m)
		items = append(items, it)
		bad = append(bad, err)
	}
	stop := c.keepAlive(items)
	defer stop()

	var together, alone []*item
	for i, it := range items {
		switch {
		case bad[i] != nil:
			c.bury(hctx, it, "undecodable", bad[i])
		case it.Attempt >= c.s.tune.alone:
			alone = append(alone, it)
		default:
			together = append(together, it)
		}
	}
	var handled []*item
	if len(together) > 0 {
		c.settle(hctx, together, &handled)
	}
	// What failed several times may be what made its batches fail: let it fail by itself. When
	// all of them fail the cause is elsewhere, and trying the rest is only more load on it.
	failures := 0
	for _, it := range alone {
		if failures == 3 {
			c.later(it)
			continue
		}
		if c.settle(hctx, []*item{it}, &handled) {
			failures = 0
		} else {
			failures++
		}
	}
	c.ackAll(hctx, handled)
}

func (c *consumer) item(m jetstream.Msg) (*item, error) {
	it := &item{msg: m}
	it.blobs = c.s.cfg.Blobs
	meta, err := m.Metadata()
	if err != nil {
		return it, err
	}
	it.seq, it.Attempt = meta.Sequence.Stream, int(meta.NumDelivered)
	it.Message, err = decode(m.Headers(), m.Data())
	if it.Attempt > 0 && it.Attempt%20 == 0 {
		c.log.Error("message keeps failing", "message", it.ID, "project", it.ProjectID, "attempt", it.Attempt)
	}
	return it, err
}

// keepAlive tells the server, every third of AckWait, that the items are being worked on.
func (c *consumer) keepAlive(items []*item) (stop func()) {
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		t := time.NewTicker(c.s.tune.ackWait / 3)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
			}
			for _, it := range items {
				if !it.settled.Load() {
					_ = it.msg.InProgress() // if it is lost the message comes again, which is allowed
				}
			}
		}
	})
	return func() { close(done); ended.Wait() }
}

// settle calls the handler and does what its answer asks for; what was handled is added to
// handled, to be acknowledged. It says whether the items are settled for good, rather than to come again.
func (c *consumer) settle(ctx context.Context, items []*item, handled *[]*item) bool {
	err := c.call(ctx, items)
	if err == nil {
		c.brk.ok()
		*handled = append(*handled, items...)
		return true
	}
	var perm *PermanentError
	var pan *panicError
	permanent, panicked := errors.As(err, &perm), errors.As(err, &pan)
	switch {
	case ctx.Err() != nil: // cut off at the end of its grace
	case (permanent || panicked) && len(items) > 1:
		half := len(items) / 2
		a, b := c.settle(ctx, items[:half], handled), c.settle(ctx, items[half:], handled)
		return a && b
	case permanent:
		return c.bury(ctx, items[0], perm.Reason, err)
	case panicked && c.panicked(items[0]) >= 2:
		return c.bury(ctx, items[0], "panic", err)
	case panicked:
		c.log.Error("handler panicked", "message", items[0].ID, "project", items[0].ProjectID, "err", err, "stack", pan.stack)
	default:
		c.brk.fail()
		c.log.Warn("messages could not be handled, they will come again",
			"messages", len(items), "attempt", items[0].Attempt, "err", err)
	}
	for _, it := range items {
		c.later(it)
	}
	return false
}

// call runs the handler; a panic becomes an error.
func (c *consumer) call(ctx context.Context, items []*item) (err error) {
	batch := make([]*Delivery, len(items))
	for i, it := range items {
		batch[i] = &it.Delivery
	}
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	return c.handle(ctx, batch)
}

func (c *consumer) panicked(it *item) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.panics[it.seq]++
	return c.panics[it.seq]
}

func (c *consumer) forgetPanics(it *item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.panics, it.seq)
}

// later lets an item come again after a while that grows with its attempts.
func (c *consumer) later(it *item) {
	it.settled.Store(true)
	d := backoff(it.Attempt, c.s.tune.retryMin, c.s.tune.retryMax)
	if err := it.msg.NakWithDelay(d); err != nil {
		c.log.Warn("message was not handed back, it comes again after AckWait", "message", it.ID, "err", err)
	}
}

// bury moves an item to the dead letters; if that does not work it comes again.
func (c *consumer) bury(ctx context.Context, it *item, reason string, cause error) bool {
	if err := c.b.putDead(ctx, it, reason, cause, time.Now()); err != nil {
		c.log.Error("message could not be moved to the dead letters, it will come again",
			"message", it.ID, "reason", reason, "err", err)
		c.brk.fail()
		c.later(it)
		return false
	}
	it.settled.Store(true)
	c.forgetPanics(it)
	c.log.Warn("message is a dead letter now", "message", it.ID, "project", it.ProjectID, "reason", reason, "err", cause)
	if err := it.msg.TermWithReason(reason); err != nil {
		c.log.Warn("dead letter was not taken off the stream, it will be seen again", "message", it.ID, "err", err)
	}
	return true
}
