package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func TestPassingErrorsComeAgain(t *testing.T) {
	s := openTest(t, Config{}, quick())
	for i := range 30 {
		publish(t, s, message(KindEvent, i))
	}
	var down atomic.Bool
	down.Store(true)
	var calls atomic.Int64
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{Batch: 10}, func(ctx context.Context, batch []*Delivery) error {
		calls.Add(1)
		if down.Load() {
			return errors.New("database is away")
		}
		return got.handle(ctx, batch)
	})
	eventually(t, "several tries", func() bool { return calls.Load() >= 4 })
	down.Store(false)
	eventually(t, "all handled", func() bool { return len(got.ids()) == 30 && messages(t, s) == 0 })
	if l := deadLetters(t, s); len(l) != 0 {
		t.Errorf("%d dead letters after passing errors", len(l))
	}
	again := false
	for _, d := range got.got {
		again = again || d.Attempt > 1
	}
	if !again {
		t.Error("no delivery says that it is not the first")
	}
}

func TestLoopHoldsBackWhileEverythingFails(t *testing.T) {
	tune := quick()
	tune.retryMin, tune.breakMax = 200*time.Millisecond, time.Second
	s := openTest(t, Config{}, tune)
	for i := range 50 {
		publish(t, s, message(KindEvent, i))
	}
	var calls atomic.Int64
	stop := consume(t, s, KindEvent, ConsumeOptions{Batch: 1}, func(context.Context, []*Delivery) error {
		calls.Add(1)
		return errors.New("away")
	})
	eventually(t, "a second try", func() bool { return calls.Load() >= 2 })
	stop()
	if n := calls.Load(); n > 10 {
		t.Errorf("%d calls of a handler that fails for a second", n)
	}
}

// One message that keeps failing, with an error nobody marked permanent, must not take its
// batches down with it for ever.
func TestOneFailingMessageDoesNotHoldOthers(t *testing.T) {
	tune := quick()
	tune.retryMin, tune.retryMax, tune.breakMax = time.Millisecond, time.Millisecond, 50*time.Millisecond
	s := openTest(t, Config{}, tune)
	var msgs []*Message
	for i := range 20 {
		msgs = append(msgs, message(KindEvent, i))
	}
	publish(t, s, msgs...)
	var failed atomic.Int64
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{Batch: 20}, func(ctx context.Context, batch []*Delivery) error {
		for _, d := range batch {
			if d.Attempt >= defaultTuning().alone && len(batch) > 1 {
				t.Errorf("attempt %d is one of a batch of %d", d.Attempt, len(batch))
			}
			if d.ID == msgs[7].ID {
				failed.Add(1)
				return errors.New("who knows")
			}
		}
		return got.handle(ctx, batch)
	})
	eventually(t, "the other 19, and some more tries", func() bool { return len(got.ids()) == 19 && failed.Load() > 5 })
	if n := messages(t, s); n != 1 {
		t.Errorf("%d messages left, want the failing one", n)
	}
}

func TestSlowHandlerKeepsItsMessages(t *testing.T) {
	tune := quick()
	tune.ackWait = 600 * time.Millisecond
	s := openTest(t, Config{}, tune)
	publish(t, s, message(KindEvent, 1))
	var calls atomic.Int64
	release := make(chan struct{})
	consume(t, s, KindEvent, ConsumeOptions{Workers: 2}, func(context.Context, []*Delivery) error {
		calls.Add(1)
		<-release
		return nil
	})
	eventually(t, "delivery", func() bool { return calls.Load() == 1 })
	slow := time.NewTimer(4 * tune.ackWait) // the fact under test is that nothing happens in this time
	<-slow.C
	if n := calls.Load(); n != 1 {
		t.Errorf("delivered %d times while it was being handled", n)
	}
	close(release)
	eventually(t, "acknowledged", func() bool { return messages(t, s) == 0 })
}

// The purge that stands for a batch's acknowledgements must never take a message that was not
// handled: neither another kind's, nor another worker's, nor one that was handed back.
func TestAcknowledgingTakesNothingElse(t *testing.T) {
	s := openTest(t, Config{}, quick())
	const n = 600
	var want sync.Map
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := w; i < n; i += 8 {
				for _, k := range []Kind{KindEvent, KindReplay, KindSpan} {
					m := message(k, i)
					m.ID = fmt.Sprintf("%s-%d", k, i)
					want.Store(m.ID, true)
					if err := s.Publish(context.Background(), m); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	var got seen
	var turn atomic.Int64
	flaky := func(ctx context.Context, batch []*Delivery) error {
		switch turn.Add(1) % 5 {
		case 1:
			return errors.New("passing")
		case 3:
			panic("now and then")
		}
		return got.handle(ctx, batch)
	}
	consume(t, s, KindEvent, ConsumeOptions{Batch: 20, Workers: 3}, flaky)
	consume(t, s, KindReplay, ConsumeOptions{Batch: 7}, flaky)
	all.Wait()
	eventually(t, "everything of two kinds handled or dead", func() bool { return messages(t, s) == n })
	st, err := s.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if p := st.Kinds[KindSpan].Pending; p != n {
		t.Errorf("%d of the kind nobody consumes are left, want %d", p, n)
	}
	ids := got.ids()
	for after := uint64(0); ; {
		list, err := s.DeadLetters().List(context.Background(), after, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			ids[l.ID]++
			after = l.Seq
		}
		if len(list) == 0 {
			break
		}
	}
	if len(ids) != 2*n {
		t.Errorf("%d messages were handled or buried, want %d", len(ids), 2*n)
	}
	var spans seen
	consume(t, s, KindSpan, ConsumeOptions{Batch: 100}, spans.handle)
	eventually(t, "the third kind", func() bool { return len(spans.ids()) == n && messages(t, s) == 0 })
	eventually(t, "nothing unacknowledged", func() bool {
		st, err := s.Stats(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		pending := 0
		for _, k := range st.Kinds {
			pending += k.AckPending
		}
		return pending == 0
	})
}

// A message that was delivered but never reached us (a fetch that ended too early) lies below
// those we handle: it must survive their acknowledgement.
func TestLostDeliverySurvives(t *testing.T) {
	tune := quick()
	tune.ackWait = time.Second
	s := openTest(t, Config{}, tune)
	publish(t, s, message(KindEvent, 0))
	pull, err := s.local.js.Consumer(context.Background(), ingestStream, string(KindEvent))
	if err != nil {
		t.Fatal(err)
	}
	if lost, err := collect(pull.Fetch(1, jetstream.FetchMaxWait(5*time.Second))); err != nil || len(lost) != 1 {
		t.Fatalf("fetch: %d messages, %v", len(lost), err)
	}
	var msgs []*Message
	for i := range 50 {
		msgs = append(msgs, message(KindEvent, i+1))
	}
	publish(t, s, msgs...)
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{Batch: 50}, got.handle)
	eventually(t, "all, the lost one after its AckWait", func() bool { return len(got.ids()) == 51 })
}

func TestConsumeFinishesTheBatchInHand(t *testing.T) {
	s := openTest(t, Config{}, quick())
	publish(t, s, message(KindEvent, 1))
	started := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	var late error
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Consume(ctx, KindEvent, ConsumeOptions{}, func(hctx context.Context, _ []*Delivery) error {
			close(started)
			<-ctx.Done()
			late = hctx.Err()
			return nil
		})
	}()
	<-started
	cancel()
	<-done
	if late != nil {
		t.Errorf("handler's context ended with Consume's: %v", late)
	}
	eventually(t, "acknowledged", func() bool { return messages(t, s) == 0 })
}

func TestFullStreamRefuses(t *testing.T) {
	s := openTest(t, Config{MaxBytes: 2 << 20}, quick())
	var stored int
	var full error
	for i := range 100 {
		m := message(KindEvent, i)
		m.Body = make([]byte, 100<<10)
		small := message(KindSpan, i)
		small.ID = fmt.Sprintf("small-%d", i)
		if full = s.Publish(context.Background(), m, small); full != nil {
			break
		}
		stored += 2
	}
	if !errors.Is(full, ErrFull) {
		t.Fatalf("Publish into a full stream: %v, want ErrFull", full)
	}
	if n := messages(t, s); n != uint64(stored) {
		t.Errorf("%d messages in the stream, %d were acknowledged", n, stored)
	}
	eventually(t, "not ready", func() bool { return errors.Is(s.Ready(), ErrFull) })
	if f := s.Fill(); f < 0.9 {
		t.Errorf("Fill is %.2f", f)
	}
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{}, got.handle)
	eventually(t, "ready again", func() bool { return s.Ready() == nil })
	publish(t, s, message(KindEvent, 1000))
}

func TestPublishAfterClose(t *testing.T) {
	s := openTest(t, Config{}, quick())
	s.Close()
	if err := s.Publish(context.Background(), message(KindEvent, 1)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Publish: %v, want ErrUnavailable", err)
	}
	if err := s.Ready(); err == nil {
		t.Error("Ready after Close")
	}
}

// An acknowledgement that got lost says nothing: the messages are sent again under their ids.
func TestUnknownOutcomeIsSentAgain(t *testing.T) {
	s := openTest(t, Config{}, quick())
	p := newPublisher(s.local.pubc, time.Nanosecond, 0) // no acknowledgement is ever in time
	go p.run()
	m := encode(message(KindEvent, 1), 0)
	r := &request{msgs: []*nats.Msg{m}, size: m.Size(), done: make(chan error, 1)}
	if err := p.submit(context.Background(), r); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("submit: %v, want ErrUnavailable", err)
	}
	p.timeout = 5 * time.Second
	// The batch holds one that may or may not be stored, and one that is not.
	other := encode(message(KindEvent, 2), 0)
	r = &request{msgs: []*nats.Msg{m, other}, size: m.Size() * 2, done: make(chan error, 1)}
	if err := p.submit(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	p.close()
	if n := messages(t, s); n != 2 {
		t.Errorf("%d messages stored, want 2", n)
	}
}
