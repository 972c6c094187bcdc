package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// broker is one server (or cluster) with our two streams on it.
type broker struct {
	name string
	pubc *nats.Conn // publishes: its acknowledgements do not queue behind deliveries
	subc *nats.Conn // consumes
	js   jetstream.JetStream
	pub  *publisher
}

func newBroker(name string, pubc, subc *nats.Conn, timeout, wait time.Duration) (*broker, error) {
	js, err := jetstream.New(subc)
	if err != nil {
		return nil, err
	}
	return &broker{name: name, pubc: pubc, subc: subc, js: js, pub: newPublisher(pubc, timeout, wait)}, nil
}

func (b *broker) close() {
	b.pubc.Close()
	b.subc.Close()
}

func ingestConfig(maxBytes int64, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               ingestStream,
		Description:        "envelopes between the relay and the linker",
		Subjects:           []string{ingestSubjects},
		Retention:          jetstream.WorkQueuePolicy,
		Discard:            jetstream.DiscardNew,
		MaxBytes:           maxBytes,
		Storage:            jetstream.FileStorage,
		Replicas:           replicas,
		Duplicates:         duplicates,
		AllowAtomicPublish: true,
	}
}

// deadMaxBytes is the share of the dead letters.
func deadMaxBytes(maxBytes int64) int64 { return max(maxBytes/8, 16<<20) }

func deadConfig(maxBytes int64, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        deadStream,
		Description: "messages that can never succeed, with the reason",
		Subjects:    []string{deadSubjects},
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew,
		MaxAge:      deadLettersAge,
		MaxBytes:    deadMaxBytes(maxBytes),
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
		Duplicates:  duplicates,
	}
}

func consumerConfig(k Kind, ackWait time.Duration, maxAckPending int) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       string(k),
		FilterSubject: ingestFilter(k),
		AckPolicy:     jetstream.AckExplicitPolicy,
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckWait:       ackWait,
		MaxDeliver:    -1,
		MaxAckPending: maxAckPending,
	}
}

// setUpLocal makes the embedded server's streams and consumers what this version wants them to be.
func (b *broker) setUpLocal(ctx context.Context, cfg Config, ackWait time.Duration) error {
	for _, c := range []jetstream.StreamConfig{ingestConfig(cfg.MaxBytes, 1), deadConfig(cfg.MaxBytes, 1)} {
		if _, err := b.js.CreateOrUpdateStream(ctx, c); err != nil {
			return fmt.Errorf("set up stream %s: %w", c.Name, err)
		}
	}
	for _, k := range Kinds() {
		if err := b.resetConsumer(ctx, k); err != nil {
			return err
		}
		c := consumerConfig(k, ackWait, defaultAckPending)
		if _, err := b.js.CreateOrUpdateConsumer(ctx, ingestStream, c); err != nil {
			return fmt.Errorf("set up consumer %s: %w", k, err)
		}
	}
	return nil
}

// resetConsumer forgets what was delivered to the process before this one and not settled. That
// process is gone (we hold the directory's lock), so waiting AckWait for it would only delay what
// was in its hands. The messages themselves belong to the stream, not to the consumer.
func (b *broker) resetConsumer(ctx context.Context, k Kind) error {
	c, err := b.js.Consumer(ctx, ingestStream, string(k))
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at consumer %s: %w", k, err)
	}
	if c.CachedInfo().NumAckPending == 0 {
		return nil
	}
	if err := b.js.DeleteConsumer(ctx, ingestStream, string(k)); err != nil {
		return fmt.Errorf("reset consumer %s: %w", k, err)
	}
	return nil
}
