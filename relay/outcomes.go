package relay

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/oklog/ulid/v2"
)

// What becomes of items at the edge. Whatever is published is counted by who stores it.
const (
	outcomeInvalid     = "invalid"
	outcomeFiltered    = "filtered"
	outcomeRateLimited = "rate_limited"
)

// maxOutcomes bounds the counters held between two flushes. Only known keys have any, so it is
// never reached by strangers; beyond it new counters lose their key.
const maxOutcomes = 10_000

// outcomesPerMessage keeps an outcomes message far below the stream's limit.
const outcomesPerMessage = 2_000

// outcomes counts what the edge refused or dropped until it is told.
type outcomes struct {
	mu     sync.Mutex
	counts map[stream.Outcome]int64 // with Quantity 0 as the key
}

func newOutcomes() *outcomes { return &outcomes{counts: map[stream.Outcome]int64{}} }

func (o *outcomes) add(list ...stream.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range list {
		n := c.Quantity
		c.Quantity = 0
		if _, ok := o.counts[c]; !ok && len(o.counts) >= maxOutcomes {
			c.PublicKey, c.Reason = "", "other"
			if _, ok := o.counts[c]; !ok && len(o.counts) >= 2*maxOutcomes {
				continue
			}
		}
		o.counts[c] += n
	}
}

// take gives all counts and starts anew.
func (o *outcomes) take() []stream.Outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := make([]stream.Outcome, 0, len(o.counts))
	for c, n := range o.counts {
		c.Quantity = n
		list = append(list, c)
	}
	clear(o.counts)
	return list
}

// flushOutcomes tells what was counted. What cannot be told stays for the next time.
func (rl *Relay) flushOutcomes(ctx context.Context) {
	list := rl.outcomes.take()
	now := time.Now().Truncate(time.Millisecond)
	for len(list) > 0 {
		n := min(len(list), outcomesPerMessage)
		m, err := stream.NewOutcomesMessage(ulid.MustNewDefault(now).String()+":0", now, list[:n])
		if err == nil {
			ctx, cancel := context.WithTimeout(ctx, rl.cfg.PublishTimeout)
			err = rl.cfg.Publish.Publish(ctx, m)
			cancel()
		}
		if err != nil {
			if !errors.Is(err, stream.ErrFull) {
				rl.cfg.Log.Warn("outcomes wait to be published", "err", err)
			}
			rl.outcomes.add(list...)
			return
		}
		list = list[n:]
	}
}

// outcomesOf lists what an item counts for.
func (q *request) outcomesOf(h *envelope.ItemHeader, size int64, outcome, reason string) []stream.Outcome {
	var list []stream.Outcome
	for _, quantity := range envelope.Quantities(h.Type, *h, size) {
		if quantity.N == 0 {
			continue
		}
		list = append(list, q.outcome(quantity.Category, quantity.N, outcome, reason))
		q.rl.metrics.item(quantity.Category, outcome, reason, quantity.N)
	}
	return list
}

func (q *request) outcome(category string, n int64, outcome, reason string) stream.Outcome {
	return stream.Outcome{
		Minute: q.received.Truncate(time.Minute).Unix(), OrgID: q.key.OrgID, ProjectID: int64(q.key.ProjectID),
		PublicKey: q.key.PublicKey, Category: category, Outcome: outcome, Reason: reason, Quantity: n,
	}
}

// countRefusal counts a refused envelope: the items that were read of it, else one of unknown
// category. Without a project there is nobody to count for; a 5xx is no verdict on an item (the
// client may send it again, or counts it itself).
func (q *request) countRefusal(ref *refusal) {
	if q.key.ProjectID == 0 || ref.counted || ref.status >= http.StatusInternalServerError {
		return
	}
	var list []stream.Outcome
	for i := range q.seen {
		it := &q.seen[i]
		list = append(list, q.outcomesOf(it.header, it.payload.size, outcomeInvalid, ref.reason)...)
	}
	if len(list) == 0 {
		q.rl.metrics.item("default", outcomeInvalid, ref.reason, 1)
		list = append(list, q.outcome("default", 1, outcomeInvalid, ref.reason))
	}
	q.rl.outcomes.add(list...)
}
