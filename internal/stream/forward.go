package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// KindForward is a copy of a whole envelope, to be sent on to another Sentry. It is not one of
// [Kinds]: it stays in the embedded stream of the relay that took it, with a consumer for each
// project, so that an upstream that is away holds up nobody else, and no linker sees it.
const KindForward Kind = "forward"

func forwardConsumer(project int64) string {
	return string(KindForward) + "-" + strconv.FormatInt(project, 10)
}

// ConsumeForward hands the copies of one project to handle, by so many workers, until ctx ends.
// handle returns zero when it is done with a copy, else after which time it should come again.
func (s *Stream) ConsumeForward(ctx context.Context, project int64, workers int, handle func(context.Context, *Delivery) (again time.Duration)) error {
	if s.local == nil {
		return fmt.Errorf("consume copies of project %d: no embedded stream in the role %s", project, s.cfg.Role)
	}
	pull, err := s.forwardPull(ctx, project, workers)
	if err != nil {
		return err
	}
	c := &consumer{s: s, b: s.local, kind: KindForward, log: s.log.With("kind", string(KindForward), "project", project)}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				c.forwardOne(ctx, pull, handle)
			}
		})
	}
	all.Wait()
	return nil
}

// forwardPull sets the consumer up anew, as resetConsumer does for those of the kinds.
func (s *Stream) forwardPull(ctx context.Context, project int64, workers int) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.tune.pubTimeout)
	defer cancel()
	name := forwardConsumer(project)
	old, err := s.local.js.Consumer(ctx, ingestStream, name)
	if err == nil && old.CachedInfo().NumAckPending > 0 {
		err = s.local.js.DeleteConsumer(ctx, ingestStream, name)
	}
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, fmt.Errorf("set up copies of project %d: %w", project, err)
	}
	cfg := consumerConfig(KindForward, s.tune.ackWait, workers)
	cfg.Durable = name
	cfg.FilterSubject = "ingest." + string(KindForward) + "." + strconv.FormatInt(project, 10) + ".>"
	pull, err := s.local.js.CreateOrUpdateConsumer(ctx, ingestStream, cfg)
	if err != nil {
		return nil, fmt.Errorf("set up copies of project %d: %w", project, err)
	}
	return pull, nil
}

// forwardOne waits for a copy and has it handled.
func (c *consumer) forwardOne(ctx context.Context, pull jetstream.Consumer, handle func(context.Context, *Delivery) time.Duration) {
	wait, cancel := context.WithTimeout(ctx, c.s.tune.idle)
	msgs, err := collect(pull.Fetch(1, jetstream.FetchContext(wait)))
	cancel()
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("fetch of copies did not work", "err", err)
			sleep(ctx, c.s.tune.retryMin)
		}
		return
	}
	for _, m := range msgs {
		it, err := c.item(m)
		if err != nil {
			c.log.Error("copy cannot be read, dropped", "err", err)
			_ = m.TermWithReason("undecodable")
			continue
		}
		stop := c.keepAlive([]*item{it})
		again := handle(ctx, &it.Delivery)
		it.settled.Store(true)
		stop()
		if again > 0 {
			if ctx.Err() != nil {
				again = 0 // the next process may try at once
			}
			_ = m.NakWithDelay(again) // if it is lost, AckWait brings the copy back
			continue
		}
		// Waited for: until the server knows, the copy would be sent again.
		if err := m.DoubleAck(context.WithoutCancel(ctx)); err != nil {
			c.log.Warn("copy was sent on but not taken off the stream, it may be sent twice", "message", it.ID, "err", err)
			continue
		}
		c.s.dropBlob(context.WithoutCancel(ctx), it.Blob)
	}
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// ForwardPending says how many copies of each project wait to be sent on; projects that once
// forwarded are there with 0.
func (s *Stream) ForwardPending(ctx context.Context) (map[int64]uint64, error) {
	pending := map[int64]uint64{}
	if s.local == nil {
		return pending, nil
	}
	st, err := s.local.js.Stream(ctx, ingestStream)
	if err != nil {
		return nil, fmt.Errorf("copies that wait: %w", err)
	}
	list := st.ListConsumers(ctx)
	for info := range list.Info() {
		number, ok := strings.CutPrefix(info.Name, string(KindForward)+"-")
		if !ok {
			continue
		}
		if project, err := strconv.ParseInt(number, 10, 64); err == nil {
			pending[project] = info.NumPending + uint64(info.NumAckPending)
		}
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("copies that wait: %w", err)
	}
	return pending, nil
}
