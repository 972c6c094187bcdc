package linker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// T7. An event and the segment that explains it are committed at the same moment by two linkers: both wait
// between their commit and their join until the other has committed. In the second round each side's
// join is held back until the other side is all done.
func TestConcurrentCommitsFindEachOther(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		for round := range 6 {
			w.empty()
			event := w.goError(1, traceT, noon.Add(time.Second))
			segment := w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, []string{event.EventID.String()})
			var committed sync.WaitGroup
			committed.Add(2)
			done := make(chan struct{}) // closed when the first side has joined
			late := stream.KindEvent
			if round%3 == 1 {
				late = stream.KindReplay
			}
			hook := func(ctx context.Context, kind stream.Kind) {
				committed.Done()
				committed.Wait()
				if round%3 != 2 && kind == late {
					select {
					case <-done:
					case <-ctx.Done():
					}
				}
			}
			var both sync.WaitGroup
			for _, d := range []*stream.Delivery{event, segment} {
				l := w.linker(hook)
				both.Go(func() {
					if err := l.handler(d.Kind)(t.Context(), []*stream.Delivery{d}); err != nil {
						t.Errorf("%s: %v", d.Kind, err)
					}
					if d.Kind != late {
						close(done)
					}
				})
			}
			both.Wait()
			want := []string{"event aaaa error_ids+trace_ids primary"}
			if diff := cmp.Diff(want, w.links("1 = 1")); diff != "" {
				t.Errorf("round %d: %s", round, diff)
			}
		}
	})
}

// Many linkers take a visit's messages at once, each message twice: the result is that of one linker.
func TestManyLinkersAtOnce(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		w.deliver(w.visit("buffer")...)
		want := w.dump()
		w.empty()
		queue := make(chan *stream.Delivery)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for d := range queue {
					for attempt := 1; ; attempt++ { // what fails for now comes again
						err := w.l.handler(d.Kind)(t.Context(), []*stream.Delivery{d})
						if err == nil {
							break
						}
						if attempt == 10 || !store.Retryable(err) {
							t.Errorf("%s: %v", d.ID, err)
							break
						}
					}
				}
			})
		}
		for range 2 {
			for _, d := range w.visit("buffer") {
				queue <- d
			}
		}
		close(queue)
		wg.Wait()
		if diff := cmp.Diff(want, w.dump()); diff != "" {
			t.Errorf("(-one linker +four): %s", diff)
		}
	})
}

// A judgement that has read its facts waits for another that adds one: what it then writes must know of it.
// Forced with a lock of the test's own, which only Postgres has.
func TestJudgementReadsAgainBehindTheLock(t *testing.T) {
	w := newWorld(t, storetest.PostgresURL(t))
	event := w.goError(1, traceT, noon.Add(time.Second))
	w.deliver(w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil))
	tx, err := w.raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	l := w.linker(func(ctx context.Context, _ stream.Kind) {
		_, err := tx.ExecContext(ctx, "SELECT 1 FROM replays FOR UPDATE")
		if err != nil {
			t.Error(err)
		}
	})
	go func() { done <- l.handler(stream.KindEvent)(t.Context(), []*stream.Delivery{event}) }()
	eventually(t, func() string {
		return strings.Join(w.lines("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"), "")
	}, "1")
	for _, q := range []string{
		"INSERT INTO replays (org_id, replay_id, state, started_ms, finished_ms, first_seen_ms) SELECT org_id, '" + replayB + "', state, started_ms, finished_ms, 1 FROM replays",
		"INSERT INTO replay_traces SELECT org_id, trace_id, '" + replayB + "', sources, 1, 1 FROM replay_traces",
	} {
		if _, err := tx.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want := []string{"event aaaa trace_ids ambiguous", "event bbbb trace_ids ambiguous"}
	if diff := cmp.Diff(want, w.links("1 = 1")); diff != "" {
		t.Error(diff)
	}
}

var errKilled = errors.New("killed")

// T24. A linker dies between its commit and its join, on either side: the redelivery joins, and counts nothing twice.
func TestDeathBetweenCommitAndJoin(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		for _, first := range []stream.Kind{stream.KindEvent, stream.KindReplay} {
			w.empty()
			event := w.goError(1, traceT, noon.Add(time.Second))
			segment := w.recorded(replayA, 0, noon, noon.Add(time.Minute), []string{traceT}, nil)
			ds := []*stream.Delivery{event, segment}
			if first == stream.KindReplay {
				ds = []*stream.Delivery{segment, event}
			}
			w.deliver(ds[0])
			dying := w.linker(func(context.Context, stream.Kind) { panic(errKilled) })
			func() {
				defer func() {
					if v := recover(); v != errKilled {
						t.Errorf("recovered %v", v)
					}
				}()
				_ = dying.handler(ds[1].Kind)(t.Context(), ds[1:]) // it panics
			}()
			if got := w.links("1 = 1"); len(got) != 0 {
				t.Fatalf("links before the redelivery: %v", got)
			}
			checked := func(want int) {
				t.Helper()
				if n, err := w.l.CheckLinks(t.Context(), noon.Add(10*time.Minute)); err != nil || n != want {
					t.Errorf("the check finds %d missed links, %v; want %d", n, err, want)
				}
			}
			checked(1)
			w.deliver(ds[1])
			checked(0)
			if diff := cmp.Diff([]string{"event aaaa trace_ids primary"}, w.links("1 = 1")); diff != "" {
				t.Error(diff)
			}
			if got := w.lines("SELECT times_seen FROM issues"); got[0] != "1" {
				t.Errorf("times seen = %v", got)
			}
			if got := w.lines("SELECT SUM(quantity) FROM outcomes WHERE category = 'error'"); got[0] != "1" {
				t.Errorf("outcomes = %v", got)
			}
		}
	})
}

// One bad message in a batch: the stream, told so, bisects it out, and its neighbours are stored.
func TestPoisonIsContained(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		s, err := stream.Open(t.Context(), stream.Config{Dir: t.TempDir(), Blobs: w.blobs, Log: slog.New(slog.DiscardHandler), Sync: stream.SyncProcess})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		reg := prometheus.NewRegistry()
		l, err := New(Config{Store: w.s, Blobs: w.blobs, Stream: s, Metrics: reg, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		var msgs []*stream.Message
		const good = 7
		for i := range good {
			msgs = append(msgs, &w.goError(i, traceT, noon).Message)
		}
		broken := w.goError(90, traceT, noon).Message
		broken.Body = []byte("{}\n{\"type\":\"event\",\"length\":99}\nshort")
		foreign := w.goError(91, traceT, noon).Message
		foreign.ProjectID = 1 << 40 // no such project
		msgs = append(msgs[:3], append([]*stream.Message{&broken, &foreign}, msgs[3:]...)...)
		if err := s.Publish(t.Context(), msgs...); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		eventually(t, func() string {
			dead, err := s.DeadLetters().List(t.Context(), 0, 10)
			if err != nil {
				return err.Error()
			}
			var reasons []string
			for _, d := range dead {
				reasons = append(reasons, d.Reason)
			}
			events := len(w.lines("SELECT event_id FROM events"))
			return fmt.Sprint(events, " ", len(dead), " ", strings.Join(reasons, ","))
		}, "7 2 envelope,store", "7 2 store,envelope")
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got, err := reg.Gather(); err != nil || len(got) == 0 {
			t.Errorf("metrics: %d families, %v", len(got), err)
		}
	})
}

// eventually waits until look gives one of the wanted answers.
func eventually(t *testing.T, look func() string, want ...string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		got := look()
		for _, w := range want {
			if got == w {
				return
			}
		}
		select {
		case <-deadline:
			t.Fatalf("got %q, want one of %q", got, want)
		case <-tick.C:
		}
	}
}
