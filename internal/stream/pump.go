package stream

import (
	"context"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
)

// pump moves messages from the embedded stream to the cluster until ctx ends: a consumer per kind,
// acknowledged here only after the cluster acknowledged. A crash in between sends again under the
// same id. Its consumers are the linker's own of the mode without a cluster, so changing
// the mode leaves nothing behind.
func (s *Stream) pump(ctx context.Context) {
	b, err := s.cluster.wait(ctx)
	if err != nil {
		return
	}
	var kinds sync.WaitGroup
	for _, k := range Kinds() {
		kinds.Go(func() {
			opts := ConsumeOptions{Batch: maxBatchMsgs, Workers: 1}
			if err := s.consume(ctx, s.local, k, opts, pumpTo(b.pub), false); err != nil {
				s.log.Error("pump ended", "kind", string(k), "err", err)
			}
		})
	}
	kinds.Wait()
}

func pumpTo(to *publisher) Handler {
	return func(ctx context.Context, batch []*Delivery) error {
		var msgs []*nats.Msg
		size := 0
		flush := func() error {
			if len(msgs) == 0 {
				return nil
			}
			err := to.batch(ctx, msgs)
			msgs, size = msgs[:0], 0
			return err
		}
		for _, d := range batch {
			m := encode(&d.Message, 0)
			if size+m.Size() > maxBatchSize {
				if err := flush(); err != nil {
					return err
				}
			}
			msgs = append(msgs, m)
			size += m.Size()
		}
		if err := flush(); err != nil {
			return fmt.Errorf("pump to the cluster: %w", err)
		}
		return nil
	}
}
