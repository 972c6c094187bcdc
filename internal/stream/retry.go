package stream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
)

// backoff doubles from lo with each attempt (from 1) up to hi, give or take a quarter.
func backoff(attempt int, lo, hi time.Duration) time.Duration {
	d := lo
	for i := 1; i < attempt && d < hi; i++ {
		d *= 2
	}
	d = min(d, hi)
	return d*3/4 + time.Duration(rand.Int64N(int64(d)/2+1))
}

// breaker holds the fetch loop of a kind back after passing errors: while the database is away
// there is no use in taking messages to fail them one by one.
type breaker struct {
	min, max time.Duration

	mu    sync.Mutex
	fails int
	until time.Time
}

// fail opens the breaker, for longer each time. Failures of several workers at once count once.
func (b *breaker) fail() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if now.Before(b.until) {
		return
	}
	b.fails++
	b.until = now.Add(backoff(b.fails, b.min, b.max))
}

func (b *breaker) ok() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails, b.until = 0, time.Time{}
}

// wait waits while the breaker is open. It says false when ctx has ended.
func (b *breaker) wait(ctx context.Context) bool {
	b.mu.Lock()
	d := time.Until(b.until)
	b.mu.Unlock()
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// panicError is a handler's panic.
type panicError struct {
	value any
	stack string
}

func newPanicError(v any) *panicError {
	return &panicError{value: v, stack: string(debug.Stack())}
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }
