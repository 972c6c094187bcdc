package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// Exchange carries short messages between the processes of one cluster, such as the counts of
// quotas. They are not kept: one that nobody hears is gone. Without a cluster there is nobody.
type Exchange struct {
	s       *Stream
	subject string
}

// Exchange gives the exchange of a topic, a word of ours.
func (s *Stream) Exchange(topic string) *Exchange { return &Exchange{s, "exchange." + topic} }

// Tell sends b to all processes that listen, this one included. While the cluster is away it is
// an error, and b is not kept for later.
func (e *Exchange) Tell(b []byte) error {
	if e.s.cluster == nil {
		return nil
	}
	nc := e.s.cluster.b.pubc
	if !nc.IsConnected() {
		return fmt.Errorf("tell %s: %w: cluster is not connected", e.subject, ErrUnavailable)
	}
	if err := nc.Publish(e.subject, b); err != nil {
		return fmt.Errorf("tell %s: %w", e.subject, err)
	}
	return nil
}

// Listen calls receive, one message at a time, until ctx ends; it returns at once. A cluster that
// is away is listened to when it comes.
func (e *Exchange) Listen(ctx context.Context, receive func([]byte)) error {
	if e.s.cluster == nil {
		return nil
	}
	sub, err := e.s.cluster.b.pubc.Subscribe(e.subject, func(m *nats.Msg) { receive(m.Data) })
	if err != nil {
		return fmt.Errorf("listen to %s: %w", e.subject, err)
	}
	context.AfterFunc(ctx, func() {
		if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
			e.s.log.Debug("exchange was not left", "subject", e.subject, "err", err)
		}
	})
	return nil
}
