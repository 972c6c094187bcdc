package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/envelope"
)

// quick is the tuning of most tests: the same machine, with a faster clock.
func quick() tuning {
	t := defaultTuning()
	t.ackWait = 3 * time.Second
	t.retryMin = 20 * time.Millisecond
	t.retryMax = 100 * time.Millisecond
	t.breakMax = 50 * time.Millisecond
	t.idle = 200 * time.Millisecond
	t.grace = 2 * time.Second
	t.look = 20 * time.Millisecond
	t.pubTimeout = 2 * time.Second
	return t
}

func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func openTest(t testing.TB, cfg Config, tune tuning) *Stream {
	t.Helper()
	if cfg.Dir == "" && cfg.Role != RoleLinker {
		cfg.Dir = t.TempDir()
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 256 << 20
	}
	if cfg.Log == nil {
		cfg.Log = testLog(t)
	}
	s, err := openTuned(context.Background(), cfg, tune)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func message(kind Kind, n int) *Message {
	return &Message{
		Kind: kind, ID: fmt.Sprintf("01JD%012d:0", n), Received: time.UnixMilli(1_700_000_000_123).UTC(),
		OrgID: 1, ProjectID: 7, Body: []byte(fmt.Sprintf("{}\nbody %d", n)),
	}
}

// seen collects what a consumer was given.
type seen struct {
	mu  sync.Mutex
	got []*Delivery
}

func (s *seen) handle(_ context.Context, batch []*Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, batch...)
	return nil
}

func (s *seen) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

func (s *seen) ids() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make(map[string]int)
	for _, d := range s.got {
		ids[d.ID]++
	}
	return ids
}

// consume runs Consume until stop is called or the test ends.
func consume(t testing.TB, s *Stream, k Kind, o ConsumeOptions, h Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Consume(ctx, k, o, h) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Consume: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// eventually polls cond until it holds, at most 20 s.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-deadline:
			t.Fatalf("not in 20 s: %s", what)
		case <-tick.C:
		}
	}
}

func publish(t testing.TB, s *Stream, msgs ...*Message) {
	t.Helper()
	if err := s.Publish(context.Background(), msgs...); err != nil {
		t.Fatal(err)
	}
}

func messages(t testing.TB, s *Stream) uint64 {
	t.Helper()
	st, err := s.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return st.Messages
}

func TestMessageSurvivesTheJourney(t *testing.T) {
	s := openTest(t, Config{}, quick())
	id := envelope.ID{1, 2, 3}
	want := &Message{
		Kind: KindEvent, ID: "01JDAAAAAAAAAAAAAAAAAAAAAA:2", Received: time.UnixMilli(1_700_000_000_123).UTC(),
		OrgID: 3, ProjectID: 1 << 52, PublicKey: "abc", Client: "sentry.go/0.50", RemoteAddr: "::1",
		UserAgent: " Mözilla%20\r\nNats-Batch-Id: x\x00 ", Origin: "https://shop.example",
		EventID: id, TraceID: envelope.ID{4}, ReplayID: envelope.ID{5},
		BaggageTraceID: envelope.ID{6}, BaggageReplayID: envelope.ID{7}, ExpectsReplay: true,
		Body: []byte("{}\n{\"type\":\"event\"}\n{}\n"), Size: 23,
	}
	publish(t, s, want)
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{}, got.handle)
	eventually(t, "delivery", func() bool { return got.count() == 1 })
	if diff := cmp.Diff(*want, got.got[0].Message); diff != "" {
		t.Errorf("message changed on its way (-sent +got):\n%s", diff)
	}
	if got.got[0].Attempt != 1 {
		t.Errorf("attempt %d, want 1", got.got[0].Attempt)
	}
	eventually(t, "acknowledged messages leave the stream", func() bool { return messages(t, s) == 0 })
}

func TestRequestsShareBatches(t *testing.T) {
	s := openTest(t, Config{}, quick())
	const requests, each = 200, 3
	var all sync.WaitGroup
	for i := range requests {
		all.Go(func() {
			var msgs []*Message
			for j := range each {
				msgs = append(msgs, message(Kinds()[j], i*each+j))
			}
			if err := s.Publish(context.Background(), msgs...); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	st, err := s.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if st.Messages != requests*each {
		t.Errorf("%d messages stored, want %d", st.Messages, requests*each)
	}
	if st.Resent != 0 {
		t.Errorf("%d batches had to be sent again message by message", st.Resent)
	}
	if st.Batches > requests/4 {
		t.Errorf("%d requests took %d batches: they were not gathered", requests, st.Batches)
	}
	if got := st.Kinds[KindEvent].Pending; got != requests {
		t.Errorf("%d events pending, want %d", got, requests)
	}
}

func TestDuplicatesAreAcceptedAndStoredOnce(t *testing.T) {
	s := openTest(t, Config{}, quick())
	publish(t, s, message(KindEvent, 1))
	// A batch with one known id is refused whole by the server; the other must still be stored.
	publish(t, s, message(KindEvent, 1), message(KindEvent, 2))
	// Twice in one batch.
	publish(t, s, message(KindEvent, 3), message(KindEvent, 3))
	if n := messages(t, s); n != 3 {
		t.Errorf("%d messages stored, want 3", n)
	}
}

func TestRefusesBadMessages(t *testing.T) {
	s := openTest(t, Config{}, quick())
	for name, change := range map[string]func(*Message){
		"kind":    func(m *Message) { m.Kind = "event.>" },
		"id":      func(m *Message) { m.ID = "../../x" },
		"no id":   func(m *Message) { m.ID = "" },
		"project": func(m *Message) { m.ProjectID = -1 },
	} {
		m := message(KindEvent, 1)
		change(m)
		if err := s.Publish(context.Background(), message(KindEvent, 2), m); err == nil {
			t.Errorf("%s: was published", name)
		}
	}
	if n := messages(t, s); n != 0 {
		t.Errorf("%d messages of refused requests stored", n)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, Config{Dir: dir}, defaultTuning())
	for i := range 10 {
		publish(t, s, message(KindEvent, i))
	}
	// Five are in a handler's hands when the process ends.
	held := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Consume(ctx, KindEvent, ConsumeOptions{Batch: 5}, func(hctx context.Context, _ []*Delivery) error {
			close(held)
			<-ctx.Done()
			return errors.New("not done")
		})
	}()
	<-held
	cancel()
	s.Close()
	<-done

	if _, err := openTuned(context.Background(), Config{Dir: dir, Log: testLog(t), Sync: "never"}, quick()); err == nil {
		t.Fatal("opened with an unknown durability")
	}
	s = openTest(t, Config{Dir: dir}, defaultTuning())
	var got seen
	start := time.Now()
	consume(t, s, KindEvent, ConsumeOptions{Batch: 5}, got.handle)
	eventually(t, "all ten", func() bool { return len(got.ids()) == 10 })
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("what the last process held came after %s; nobody can be working on it", took)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	s := openTest(t, Config{}, quick())
	_, err := Open(context.Background(), Config{Dir: s.cfg.Dir, Log: testLog(t)})
	if !errors.Is(err, ErrInUse) {
		t.Errorf("second Open: %v, want ErrInUse", err)
	}
}

// The limit is the operator's to change; what is stored stays, even when it is more than the new
// limit allows.
func TestLimitMayChange(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, Config{Dir: dir, MaxBytes: 64 << 20}, quick())
	const n = 60
	for i := range n {
		m := message(KindEvent, i)
		m.Body = make([]byte, 100<<10)
		publish(t, s, m)
	}
	for _, limit := range []int64{2 << 20, 128 << 20, 1 << 20} {
		s.Close()
		s = openTest(t, Config{Dir: dir, MaxBytes: limit}, quick())
		if got := messages(t, s); got != n {
			t.Fatalf("%d messages under a limit of %d, want %d", got, limit, n)
		}
	}
	if err := s.Publish(context.Background(), message(KindEvent, n)); !errors.Is(err, ErrFull) {
		t.Errorf("Publish over the limit: %v, want ErrFull", err)
	}
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{}, got.handle)
	eventually(t, "all of them", func() bool { return len(got.ids()) == n })
}
