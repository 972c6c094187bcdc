package stream

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Stats is a look at the queues.
type Stats struct {
	Kinds       map[Kind]KindStats // where messages are consumed; nil in the role relay
	DeadLetters uint64             // there; 0 in the role relay
	Messages    uint64             // in the embedded stream
	Bytes       int64              // of it
	MaxBytes    int64              // its limit
	PumpLag     uint64             // messages not yet in the cluster; 0 without one
	Batches     uint64             // written to the embedded stream by this process
	Resent      uint64             // of them, those sent again message by message for want of a clear answer
}

// KindStats are of one kind's consumer.
type KindStats struct {
	Pending       uint64 // not yet delivered
	AckPending    int    // delivered and not settled; includes those waiting for their next attempt
	MaxAckPending int    // at which delivery stops: AckPending staying there is an alarm
	Redelivered   int    // of AckPending, delivered more than once
}

// Stats asks the servers; for metrics, not for each request.
func (s *Stream) Stats(ctx context.Context) (Stats, error) {
	st := Stats{MaxBytes: s.cfg.MaxBytes}
	if s.local != nil {
		in, err := s.local.js.Stream(ctx, ingestStream)
		if err != nil {
			return st, fmt.Errorf("stream stats: %w", err)
		}
		state := in.CachedInfo().State
		st.Messages, st.Bytes = state.Msgs, int64(state.Bytes)
		st.Batches, st.Resent = s.local.pub.batches.Load(), s.local.pub.resent.Load()
		if s.cluster != nil {
			st.PumpLag = state.Msgs
		}
	}
	if s.cfg.Role == RoleRelay {
		return st, nil
	}
	b, err := s.main(ctx)
	if err != nil {
		return st, err
	}
	dead, err := b.js.Stream(ctx, deadStream)
	if err != nil {
		return st, fmt.Errorf("dead letter stats: %w", err)
	}
	st.DeadLetters = dead.CachedInfo().State.Msgs
	st.Kinds = make(map[Kind]KindStats)
	for _, k := range Kinds() {
		c, err := b.js.Consumer(ctx, ingestStream, string(k))
		if err != nil {
			return st, fmt.Errorf("stats of %s: %w", k, err)
		}
		st.Kinds[k] = kindStats(c.CachedInfo())
	}
	return st, nil
}

func kindStats(i *jetstream.ConsumerInfo) KindStats {
	return KindStats{
		Pending: i.NumPending, AckPending: i.NumAckPending,
		MaxAckPending: i.Config.MaxAckPending, Redelivered: i.NumRedelivered,
	}
}
