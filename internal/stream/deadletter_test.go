package stream

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func deadLetters(t testing.TB, s *Stream) []*DeadLetter {
	t.Helper()
	list, err := s.DeadLetters().List(context.Background(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPermanentFailureIsIsolated(t *testing.T) {
	s := openTest(t, Config{}, quick())
	var msgs []*Message
	for i := range 20 {
		msgs = append(msgs, message(KindEvent, i))
	}
	publish(t, s, msgs...)
	bad := msgs[13]
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{Batch: 20}, func(ctx context.Context, batch []*Delivery) error {
		for _, d := range batch {
			if d.ID == bad.ID {
				return Permanent("bad_json", errors.New("line 1\nline 2 % ü"))
			}
		}
		return got.handle(ctx, batch)
	})
	eventually(t, "the other 19, and an empty stream", func() bool { return len(got.ids()) == 19 && messages(t, s) == 0 })
	list := deadLetters(t, s)
	if len(list) != 1 {
		t.Fatalf("%d dead letters, want 1", len(list))
	}
	want := &DeadLetter{Message: *bad, Seq: 1, Reason: "bad_json", Error: "bad_json: line 1\nline 2 % ü", Attempts: 1}
	want.Size = int64(len(bad.Body))
	letter, err := s.DeadLetters().Get(context.Background(), list[0].Seq)
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(letter.At); age < 0 || age > time.Minute {
		t.Errorf("dead letter is from %s", letter.At)
	}
	letter.At, letter.blobs = time.Time{}, nil
	if diff := cmp.Diff(want, letter, cmp.AllowUnexported(DeadLetter{})); diff != "" {
		t.Errorf("dead letter (-want +got):\n%s", diff)
	}
	if list[0].Body != nil {
		t.Error("List gives bodies")
	}
}

func TestResendAndDrop(t *testing.T) {
	s := openTest(t, Config{}, quick())
	var broken atomic.Bool
	broken.Store(true)
	var got seen
	consume(t, s, KindSession, ConsumeOptions{}, func(ctx context.Context, batch []*Delivery) error {
		if broken.Load() {
			return Permanent("bug", nil)
		}
		return got.handle(ctx, batch)
	})
	m := message(KindSession, 1)
	publish(t, s, m)
	eventually(t, "dead letter", func() bool { return len(deadLetters(t, s)) == 1 })
	ctx := context.Background()

	// Sent again while still broken it must become a dead letter again, not vanish as a duplicate.
	if err := s.DeadLetters().Resend(ctx, 1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "second dead letter", func() bool { l := deadLetters(t, s); return len(l) == 1 && l[0].Seq == 2 })

	broken.Store(false)
	if err := s.DeadLetters().Resend(ctx, 2); err != nil {
		t.Fatal(err)
	}
	eventually(t, "handled", func() bool { return got.count() == 1 })
	if d := got.got[0]; d.ID != m.ID || string(d.Body) != string(m.Body) || !d.Received.Equal(m.Received) {
		t.Errorf("sent again as %+v", d.Message)
	}
	if l := deadLetters(t, s); len(l) != 0 {
		t.Errorf("%d dead letters left", len(l))
	}
	for _, seq := range []uint64{0, 1, 2, 99} {
		if _, err := s.DeadLetters().Get(ctx, seq); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get(%d): %v, want ErrNotFound", seq, err)
		}
		if err := s.DeadLetters().Drop(ctx, seq); !errors.Is(err, ErrNotFound) {
			t.Errorf("Drop(%d): %v, want ErrNotFound", seq, err)
		}
	}
	broken.Store(true)
	publish(t, s, message(KindSession, 2))
	eventually(t, "third dead letter", func() bool { return len(deadLetters(t, s)) == 1 })
	if err := s.DeadLetters().Drop(ctx, 3); err != nil {
		t.Fatal(err)
	}
	if l := deadLetters(t, s); len(l) != 0 {
		t.Errorf("%d dead letters left after Drop", len(l))
	}
}

func TestListPages(t *testing.T) {
	s := openTest(t, Config{}, quick())
	for i := range 7 {
		publish(t, s, message(KindEvent, i))
	}
	consume(t, s, KindEvent, ConsumeOptions{}, func(context.Context, []*Delivery) error { return Permanent("x", nil) })
	eventually(t, "seven dead letters", func() bool { return len(deadLetters(t, s)) == 7 })
	var seqs []uint64
	for after := uint64(0); ; {
		list, err := s.DeadLetters().List(context.Background(), after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			seqs = append(seqs, l.Seq)
			after = l.Seq
		}
		if len(list) < 3 {
			break
		}
	}
	if !slices.Equal(seqs, []uint64{1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("pages gave %v", seqs)
	}
}

func TestPanicTwiceIsADeadLetter(t *testing.T) {
	s := openTest(t, Config{}, quick())
	var msgs []*Message
	for i := range 8 {
		msgs = append(msgs, message(KindEvent, i))
	}
	publish(t, s, msgs...)
	var got seen
	var once atomic.Bool
	consume(t, s, KindEvent, ConsumeOptions{Batch: 8}, func(ctx context.Context, batch []*Delivery) error {
		for _, d := range batch {
			switch {
			case d.ID == msgs[3].ID:
				panic("always")
			case d.ID == msgs[5].ID && len(batch) == 1 && once.CompareAndSwap(false, true):
				panic("once")
			}
		}
		return got.handle(ctx, batch)
	})
	eventually(t, "seven handled", func() bool { return len(got.ids()) == 7 && messages(t, s) == 0 })
	list := deadLetters(t, s)
	if len(list) != 1 || list[0].ID != msgs[3].ID || list[0].Reason != "panic" || !strings.Contains(list[0].Error, "always") {
		t.Errorf("dead letters %+v, want message 3 for its panic", list)
	}
}

func TestUnreadableMessageIsADeadLetter(t *testing.T) {
	s := openTest(t, Config{}, quick())
	m := encode(message(KindEvent, 1), 0)
	m.Header[hdrTraceID] = []string{"nonsense"}
	if err := s.local.pub.one(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	var got seen
	consume(t, s, KindEvent, ConsumeOptions{}, got.handle)
	eventually(t, "dead letter", func() bool { return len(deadLetters(t, s)) == 1 })
	if l := deadLetters(t, s)[0]; l.Reason != "undecodable" || l.ProjectID != 7 || got.count() != 0 {
		t.Errorf("dead letter %+v, handled %d", l, got.count())
	}
}

// memBlobs is a blob store that can be looked into.
type memBlobs struct {
	mu sync.Mutex
	m  map[string]string
}

func (b *memBlobs) Put(_ context.Context, key string, r io.Reader, size int64) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if int64(len(body)) != size {
		return errors.New("size is not what was said")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.m == nil {
		b.m = make(map[string]string)
	}
	b.m[key] = string(body)
	return nil
}

func (b *memBlobs) Get(_ context.Context, key string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, ok := b.m[key]
	if !ok {
		return nil, errors.New("no blob " + key)
	}
	return io.NopCloser(strings.NewReader(body)), nil
}

func (b *memBlobs) Delete(_ context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.m, key)
	return nil
}

func (b *memBlobs) keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var keys []string
	for k := range b.m {
		keys = append(keys, k)
	}
	return keys
}

func TestClaimCheck(t *testing.T) {
	blobs := &memBlobs{}
	s := openTest(t, Config{Blobs: blobs}, quick())
	large := strings.Repeat("y", 3<<20)
	whole := message(KindReplay, 1)
	whole.Body = []byte(large)
	source := message(KindReplay, 2)
	source.Body, source.Size = nil, int64(len(large))
	source.Source = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(large)), nil }
	small := message(KindReplay, 3)
	small.Body, small.Size = nil, 5
	small.Source = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("small, and more")), nil }
	publish(t, s, whole, source, small)
	keys := blobs.keys()
	slices.Sort(keys)
	want := []string{"1/7/ingest/replay/" + strings.ReplaceAll(whole.ID, ":", "-"), "1/7/ingest/replay/" + strings.ReplaceAll(source.ID, ":", "-")}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("blobs (-want +got):\n%s", diff)
	}

	var mu sync.Mutex
	lengths := make(map[string]int64)
	var refuse atomic.Bool
	refuse.Store(true)
	consume(t, s, KindReplay, ConsumeOptions{}, func(ctx context.Context, batch []*Delivery) error {
		for _, d := range batch {
			if d.ID == source.ID && refuse.Load() {
				return Permanent("bug", nil)
			}
			r, err := d.Open(ctx)
			if err != nil {
				return err
			}
			n, err := io.Copy(io.Discard, r)
			r.Close()
			if err != nil {
				return err
			}
			mu.Lock()
			lengths[d.ID] = n
			mu.Unlock()
		}
		return nil
	})
	eventually(t, "two handled, one dead", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(lengths) == 2 && len(deadLetters(t, s)) == 1 && len(blobs.keys()) == 1
	})
	if lengths[whole.ID] != 3<<20 || lengths[small.ID] != 5 {
		t.Errorf("lengths %v", lengths)
	}
	// The dead letter keeps its blob, through another try.
	refuse.Store(false)
	if err := s.DeadLetters().Resend(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "handled at last, and no blob left", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return lengths[source.ID] == 3<<20 && len(blobs.keys()) == 0
	})

	refuse.Store(true)
	source.ID = "again"
	publish(t, s, source)
	eventually(t, "dead letter", func() bool { return len(deadLetters(t, s)) == 1 })
	if err := s.DeadLetters().Drop(context.Background(), 2); err != nil {
		t.Fatal(err)
	}
	if keys := blobs.keys(); len(keys) != 0 {
		t.Errorf("blobs left after Drop: %v", keys)
	}
}

func TestTooLargeWithoutBlobs(t *testing.T) {
	s := openTest(t, Config{}, quick())
	m := message(KindEvent, 1)
	m.Body = make([]byte, maxBody+1)
	if err := s.Publish(context.Background(), m); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Publish: %v, want ErrTooLarge", err)
	}
}

func TestShortSourceIsRefused(t *testing.T) {
	blobs := &memBlobs{}
	s := openTest(t, Config{Blobs: blobs}, quick())
	for _, size := range []int64{10, maxBody + 10} {
		m := message(KindEvent, 1)
		m.Body, m.Size = nil, size
		m.Source = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("short")), nil }
		if err := s.Publish(context.Background(), m); err == nil {
			t.Errorf("published a source of 5 bytes that promised %d", size)
		}
	}
	if len(blobs.keys()) != 0 || messages(t, s) != 0 {
		t.Error("something of it was kept")
	}
}
