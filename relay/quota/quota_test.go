package quota

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a time that only a test moves.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).UnixMilli())
	return c
}
func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

func errorsIn(limit int64, window time.Duration) Quota {
	return Quota{ID: "q", Scope: ScopeProject, ScopeID: "42", Categories: []string{"error"}, Limit: limit, Window: window, Reason: "r"}
}

// take asks for n of a category, and says whether it was let through.
func take(l *Limiter, q []Quota, category string, n int64) ([]Limited, bool) {
	passed := false
	limits, _ := l.Take(q, func(limited func(string) *Quota) (kept Amounts) {
		if limited(category) == nil {
			passed = true
			kept.Items = n
			kept.Add(category, n)
		}
		return kept
	})
	return limits, passed
}

func TestWindow(t *testing.T) {
	c := newClock()
	l := New(Config{Now: c.now})
	q := []Quota{errorsIn(3, time.Minute)}
	for i := range 3 {
		if _, ok := take(l, q, "error", 1); !ok {
			t.Fatalf("item %d of 3 was refused", i+1)
		}
	}
	c.advance(20 * time.Second)
	limits, ok := take(l, q, "error", 1)
	if ok || len(limits) != 1 || limits[0].Left != 40*time.Second {
		t.Fatalf("the fourth: passed %v, limits %+v; want 40 s left", ok, limits)
	}
	if _, ok := take(l, q, "session", 1); !ok {
		t.Error("a category without a quota was refused")
	}
	c.advance(40 * time.Second)
	if _, ok := take(l, q, "error", 1); !ok {
		t.Error("refused in the next window")
	}
	if n := l.Count(q[0]); n != 1 {
		t.Errorf("count in the next window: %d", n)
	}
}

func TestCrossing(t *testing.T) {
	l := New(Config{Now: newClock().now})
	q := []Quota{errorsIn(3, time.Minute)}
	if _, ok := take(l, q, "error", 10); !ok {
		t.Error("the request that crosses the quota was refused")
	}
	if _, ok := take(l, q, "error", 1); ok {
		t.Error("the request after it passed")
	}
}

func TestZero(t *testing.T) {
	l := New(Config{Now: newClock().now})
	limits, ok := take(l, []Quota{{Scope: ScopeProject, Categories: []string{"error"}}}, "error", 1)
	if ok || len(limits) != 1 || limits[0].Left <= 0 {
		t.Errorf("passed %v, limits %+v", ok, limits)
	}
	if len(l.counters) != 0 {
		t.Error("a quota of zero has a counter")
	}
}

// TestExact: however many ask at once, a quota of items one by one is kept to the item.
func TestExact(t *testing.T) {
	l := New(Config{Now: newClock().now})
	q := []Quota{errorsIn(500, time.Minute)}
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 40 {
				if _, ok := take(l, q, "error", 1); ok {
					passed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if passed.Load() != 500 {
		t.Errorf("%d of 2000 passed a quota of 500", passed.Load())
	}
}

func TestRefund(t *testing.T) {
	l := New(Config{Now: newClock().now})
	q := []Quota{errorsIn(10, time.Minute)}
	_, r := l.Take(q, func(func(string) *Quota) (a Amounts) { a.Add("error", 7); return a })
	var back Amounts
	back.Add("error", 5)
	back.Add("session", 3)
	l.Refund(r, back)
	if n := l.Count(q[0]); n != 2 {
		t.Errorf("count %d, want 2", n)
	}
}

// TestRefusedIsNotCounted: what one quota refuses does not use up another.
func TestRefusedIsNotCounted(t *testing.T) {
	l := New(Config{Now: newClock().now})
	all := Quota{ID: "all", Scope: ScopeOrganization, ScopeID: "1", Limit: 100, Window: time.Hour}
	q := []Quota{errorsIn(1, time.Minute), all}
	for range 5 {
		take(l, q, "error", 1)
	}
	if n := l.Count(all); n != 1 {
		t.Errorf("the organisation counts %d, want 1", n)
	}
}

func TestBounded(t *testing.T) {
	c := newClock()
	l := New(Config{Now: c.now, Counters: 100})
	for i := range 1_000 {
		q := errorsIn(5, time.Minute)
		q.ScopeID = fmt.Sprint(i)
		take(l, []Quota{q}, "error", 1)
		if len(l.counters) > 100 {
			t.Fatalf("%d counters are held", len(l.counters))
		}
		c.advance(time.Millisecond)
	}
	c.advance(time.Hour)
	l.sweep(c.now())
	if len(l.counters) != 0 {
		t.Errorf("%d counters of windows that are over", len(l.counters))
	}
}

func TestRemembered(t *testing.T) {
	c := newClock()
	path := filepath.Join(t.TempDir(), "limits.json")
	q := []Quota{errorsIn(5, time.Hour)}
	for life := range 3 {
		l := New(Config{Now: c.now, Path: path, Warn: func(msg string, err error) { t.Error(msg, err) }})
		if n := l.Count(q[0]); n != int64(2*life) {
			t.Fatalf("in life %d the count is %d", life, n)
		}
		take(l, q, "error", 2)
		ctx, stop := context.WithCancel(t.Context())
		stop()
		l.Run(ctx)
	}
}

// wire is an Exchange between limiters of one test, which can be cut.
type wire struct {
	mu    sync.Mutex
	ears  []func([]byte)
	cut   bool
	loses int // messages lost from now on
}

func (w *wire) Tell(b []byte) error {
	w.mu.Lock()
	ears := w.ears
	lost := w.cut || w.loses > 0
	w.loses = max(0, w.loses-1)
	w.mu.Unlock()
	if lost {
		return nil
	}
	for _, f := range ears {
		f(b)
	}
	return nil
}

func (w *wire) Listen(_ context.Context, f func([]byte)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ears = append(w.ears, f)
	return nil
}

func TestExchange(t *testing.T) {
	c := newClock()
	w := &wire{}
	a, b := New(Config{Now: c.now, Exchange: w}), New(Config{Now: c.now, Exchange: w})
	w.Listen(t.Context(), a.receive)
	w.Listen(t.Context(), b.receive)
	q := []Quota{errorsIn(10, time.Hour)}
	take(a, q, "error", 4)
	a.tell(false, false)
	take(b, q, "error", 3)
	b.tell(false, false)
	if a.Count(q[0]) != 7 || b.Count(q[0]) != 7 {
		t.Fatalf("a counts %d, b counts %d, want 7", a.Count(q[0]), b.Count(q[0]))
	}
	w.loses = 1
	take(a, q, "error", 1)
	a.tell(false, false)
	if b.Count(q[0]) != 7 {
		t.Fatal("a lost message arrived")
	}
	a.tell(true, false)
	a.tell(true, false) // twice changes nothing
	if b.Count(q[0]) != 8 {
		t.Fatalf("after all is told again b counts %d, want 8", b.Count(q[0]))
	}
	// One that starts late learns what is known, of relays that are gone too.
	w.mu.Lock()
	w.ears = []func([]byte){b.receive}
	w.mu.Unlock()
	late := New(Config{Now: c.now, Exchange: w})
	w.Listen(t.Context(), late.receive)
	late.send(message{Ask: true})
	if late.Count(q[0]) != 8 {
		t.Errorf("one that starts late counts %d, want 8", late.Count(q[0]))
	}
	// A clock that goes wrong cannot reset a window, nor open one that is over.
	b.receive([]byte(`{"from":"x","counts":[{"k":"` + q[0].key() + `","w":3600,"s":1,"n":{"x":1000}},{"k":"z","w":0,"s":0,"n":{}}]}`))
	if b.Count(q[0]) != 8 {
		t.Errorf("after a message of another window b counts %d", b.Count(q[0]))
	}
}

func TestNorms(t *testing.T) {
	n := NewNorms(NormsConfig{Floor: 100, Load: func(context.Context) ([]Norm, error) {
		return []Norm{
			{ProjectID: 1, Category: "error", PerHour: 200, Known: 7 * 24 * time.Hour},
			{ProjectID: 2, Category: "error", PerHour: 0.5, Known: 7 * 24 * time.Hour},
			{ProjectID: 3, Category: "error", PerHour: 1, Known: time.Hour},
		}, nil
	}})
	if _, ok := n.Quota(1, "error"); ok {
		t.Error("a quota before anything is known")
	}
	if err := n.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for project, want := range map[int64]int64{1: 2000, 2: 100, 3: 0, 4: 0} {
		q, ok := n.Quota(project, "error")
		if ok != (want > 0) || ok && q.Limit != want {
			t.Errorf("project %d: limit %d (%v), want %d", project, q.Limit, ok, want)
		}
	}
	if _, ok := (*Norms)(nil).Quota(1, "error"); ok {
		t.Error("a nil Norms has a quota")
	}
	path := filepath.Join(t.TempDir(), "norms.json")
	down := false
	cfg := NormsConfig{Floor: 100, Path: path, Load: func(context.Context) ([]Norm, error) {
		if down {
			return nil, errors.New("database is away")
		}
		return []Norm{{ProjectID: 1, Category: "error", PerHour: 50, Known: 48 * time.Hour}}, nil
	}}
	if err := NewNorms(cfg).Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	down = true
	n = NewNorms(cfg)
	if q, ok := n.Quota(1, "error"); !ok || q.Limit != 500 {
		t.Errorf("after a restart without the database: %+v, %v", q, ok)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var warned error
	cfg.Warn = func(_ string, err error) { warned = err }
	if _, ok := NewNorms(cfg).Quota(1, "error"); ok || warned == nil {
		t.Errorf("a broken file: %v, %v", ok, warned)
	}
}
