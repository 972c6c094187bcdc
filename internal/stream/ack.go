package stream

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// purgeFrom is the size of a batch from which taking it off the stream in one go is cheaper.
const purgeFrom = 4

// ackAll acknowledges what was handled.
//
// Under sync_interval always the server syncs the disk for every acknowledged message of a work
// queue, one after the other, while publishes wait. So the embedded stream's messages are first
// taken off in one go (a purge by subject and sequence: one sync), where it is certain that this
// takes nothing else. The acknowledgements that follow then only tell the consumer.
func (c *consumer) ackAll(ctx context.Context, items []*item) {
	if c.b == c.s.local && c.s.cfg.Sync == SyncPower && len(items) >= purgeFrom {
		if err := c.takeOff(ctx, items); err != nil {
			c.log.Warn("handled messages were not taken off the stream in one go", "err", err)
		}
	}
	for _, it := range items {
		c.ack(ctx, it)
	}
}

// takeOff deletes the items from the stream if they are all there is below their highest
// sequence. That is so if the server says that exactly as many messages of this kind are
// unacknowledged as there are items: each item is one of those (it was delivered once only, so
// nobody can have acknowledged it before), hence they are the same; and what is below a delivered
// sequence and not unacknowledged is gone already. What was lost on its way to us, or was handed
// back, or is in another worker's hands, makes the numbers differ.
func (c *consumer) takeOff(ctx context.Context, items []*item) error {
	last := make(map[string]uint64) // highest sequence by filter
	seen := make(map[uint64]bool, len(items))
	for _, it := range items {
		if it.Attempt != 1 || it.Blob != "" || seen[it.seq] {
			return nil
		}
		seen[it.seq] = true
		p := strings.Split(it.msg.Subject(), ".")
		if len(p) != 4 {
			return nil
		}
		filter := p[0] + "." + p[1] + ".*." + p[3]
		last[filter] = max(last[filter], it.seq)
	}
	c.mu.Lock()
	pull, queue := c.pull, c.queue
	c.mu.Unlock()
	if pull == nil {
		return nil
	}
	info, err := pull.Info(ctx)
	if err != nil {
		return fmt.Errorf("look at consumer: %w", err)
	}
	if info.NumAckPending != len(items) {
		return nil
	}
	for filter, seq := range last {
		if err := queue.Purge(ctx, jetstream.WithPurgeSubject(filter), jetstream.WithPurgeSequence(seq+1)); err != nil {
			return fmt.Errorf("purge %s: %w", filter, err)
		}
	}
	return nil
}

// ack settles an item that was handled. A lost acknowledgement is only a redelivery, except that
// a redelivered message must find its blob: so with a blob the server has to confirm.
func (c *consumer) ack(ctx context.Context, it *item) {
	it.settled.Store(true)
	c.forgetPanics(it)
	if it.Blob == "" || !c.last {
		if err := it.msg.Ack(); err != nil {
			c.log.Warn("acknowledgement was not sent, the message will come again", "message", it.ID, "err", err)
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.s.tune.pubTimeout)
	defer cancel()
	if err := it.msg.DoubleAck(ctx); err != nil {
		c.log.Warn("acknowledgement was not confirmed, the message may come again", "message", it.ID, "err", err)
		return
	}
	c.s.dropBlob(ctx, it.Blob)
}
