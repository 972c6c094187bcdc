package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
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
	if err := s.moveDeadLetters(ctx, b); err != nil && ctx.Err() == nil {
		s.log.Error("dead letters of the embedded stream were not all moved to the cluster", "err", err)
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

// moveDeadLetters takes those from before there was a cluster along.
func (s *Stream) moveDeadLetters(ctx context.Context, to *broker) error {
	from, err := s.local.js.Stream(ctx, deadStream)
	if err != nil {
		return err
	}
	for {
		m, err := from.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(deadSubjects))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := to.pub.one(ctx, &nats.Msg{Subject: m.Subject, Header: m.Header, Data: m.Data}); err != nil {
			return err
		}
		if err := from.DeleteMsg(ctx, m.Sequence); err != nil {
			return err
		}
	}
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
