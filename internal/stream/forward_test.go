package stream

import (
	"context"
	"sync"
	"testing"
	"time"
)

// consumeForward runs until stop.
func consumeForward(t testing.TB, s *Stream, project int64, handle func(context.Context, *Delivery) time.Duration) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := s.ConsumeForward(ctx, project, 2, handle); err != nil {
			t.Error(err)
		}
	})
	return func() { cancel(); done.Wait() }
}

func copyOf(project int64, n int) *Message {
	m := message(KindForward, n)
	m.ProjectID = project
	return m
}

// TestForward: copies go to the consumer of their project only; one whose upstream is away keeps
// its own and holds up nobody; a restart loses and repeats nothing that was done.
func TestForward(t *testing.T) {
	cfg := Config{Dir: t.TempDir()}
	s := openTest(t, cfg, quick())
	for i := range 10 {
		publish(t, s, copyOf(1, i))
		publish(t, s, copyOf(2, 100+i))
	}
	var one, two seen
	stopOne := consumeForward(t, s, 1, func(context.Context, *Delivery) time.Duration { return time.Hour })
	stopTwo := consumeForward(t, s, 2, func(ctx context.Context, d *Delivery) time.Duration {
		two.handle(ctx, []*Delivery{d})
		return 0
	})
	eventually(t, "the copies of project 2", func() bool { return two.count() == 10 })
	eventually(t, "only those of project 1 wait", func() bool {
		p, err := s.ForwardPending(t.Context())
		return err == nil && p[1] == 10 && p[2] == 0
	})
	stopOne()
	stopTwo()
	if n := messages(t, s); n != 10 {
		t.Errorf("%d messages are in the stream, want 10", n)
	}
	s.Close()

	s = openTest(t, cfg, quick())
	stopOne = consumeForward(t, s, 1, func(ctx context.Context, d *Delivery) time.Duration {
		one.handle(ctx, []*Delivery{d})
		return 0
	})
	defer stopOne()
	eventually(t, "the copies of project 1 after a restart", func() bool { return one.count() == 10 })
	for id, n := range one.ids() {
		if n != 1 {
			t.Errorf("%s was handed out %d times", id, n)
		}
	}
}

// TestForwardStaysOutOfTheCluster: the pump and the linker do not see copies.
func TestForwardStaysOutOfTheCluster(t *testing.T) {
	o := newOutside(t, nil)
	relay := openTest(t, Config{Role: RoleRelay, NATSURL: o.url(), NATSMonitorURL: o.monitor()}, quick())
	publish(t, relay, message(KindEvent, 1), copyOf(42, 2))
	eventually(t, "the event is pumped, the copy is not", func() bool { return messages(t, relay) == 1 })
	var got seen
	defer consumeForward(t, relay, 42, func(ctx context.Context, d *Delivery) time.Duration {
		got.handle(ctx, []*Delivery{d})
		return 0
	})()
	eventually(t, "the copy", func() bool { return got.count() == 1 })
	if err := relay.Consume(t.Context(), KindForward, ConsumeOptions{}, nil); err == nil {
		t.Error("copies are consumed like a kind")
	}
}

func TestExchange(t *testing.T) {
	o := newOutside(t, nil)
	a := openTest(t, Config{Role: RoleRelay, NATSURL: o.url(), NATSMonitorURL: o.monitor()}, quick())
	b := openTest(t, Config{Role: RoleRelay, NATSURL: o.url(), NATSMonitorURL: o.monitor()}, quick())
	var mu sync.Mutex
	var heard []string
	hear := func(m []byte) { mu.Lock(); defer mu.Unlock(); heard = append(heard, string(m)) }
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(heard) }
	ctx, stop := context.WithCancel(t.Context())
	if err := b.Exchange("test").Listen(ctx, hear); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a message from a to b", func() bool { return a.Exchange("test").Tell([]byte("hello")) == nil && count() > 0 })
	stop()
	o.stop()
	eventually(t, "an error while the cluster is away", func() bool { return a.Exchange("test").Tell([]byte("lost")) != nil })

	alone := openTest(t, Config{}, quick())
	if err := alone.Exchange("test").Listen(t.Context(), hear); err != nil {
		t.Error(err)
	}
	if err := alone.Exchange("test").Tell([]byte("nobody")); err != nil {
		t.Error(err)
	}
}
