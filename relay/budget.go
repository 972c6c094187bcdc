package relay

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// errBusy: a concurrency or memory bound is reached; the answer is 503.
var errBusy = errors.New("too many requests in flight")

// byteBudget is a bound on bytes held at one time by all requests together. Unlike a number of
// slots it lets any number of small users in beside a few large ones.
type byteBudget struct {
	wait time.Duration // the longest a caller waits

	mu      sync.Mutex
	left    int64
	waiters []chan struct{}
}

func newByteBudget(size int64, wait time.Duration) *byteBudget {
	return &byteBudget{left: size, wait: wait}
}

// acquire takes n bytes or answers errBusy after the wait.
func (b *byteBudget) acquire(ctx context.Context, n int64) error {
	b.mu.Lock()
	if b.left >= n {
		b.left -= n
		b.mu.Unlock()
		return nil
	}
	b.mu.Unlock()
	timer := time.NewTimer(b.wait)
	defer timer.Stop()
	for {
		b.mu.Lock()
		if b.left >= n {
			b.left -= n
			b.mu.Unlock()
			return nil
		}
		freed := make(chan struct{})
		b.waiters = append(b.waiters, freed)
		b.mu.Unlock()
		select {
		case <-freed:
		case <-timer.C:
			return errBusy
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *byteBudget) release(n int64) {
	b.mu.Lock()
	b.left += n
	for _, w := range b.waiters {
		close(w)
	}
	b.waiters = b.waiters[:0]
	b.mu.Unlock()
}

// gate bounds how many requests are inside at one time: in all, per address and per key. What is
// not inside is not remembered, so strangers' addresses and keys cost no memory.
type gate struct {
	all, perIP, perKey int

	mu   sync.Mutex
	in   int
	ips  map[netip.Addr]int
	keys map[string]int
}

func newGate(all, perIP, perKey int) *gate {
	return &gate{all: all, perIP: perIP, perKey: perKey, ips: map[netip.Addr]int{}, keys: map[string]int{}}
}

// enter lets one request in, or says false. exempt addresses (loopback, trusted proxies) have
// no bound of their own.
func (g *gate) enter(ip netip.Addr, exempt bool) (leave func(), ok bool) {
	ip = network(ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.in >= g.all || !exempt && g.ips[ip] >= g.perIP {
		return nil, false
	}
	g.in++
	g.ips[ip]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.in--
		if g.ips[ip]--; g.ips[ip] == 0 {
			delete(g.ips, ip)
		}
	}, true
}

// enterKey does the same for a known key.
func (g *gate) enterKey(key string) (leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.keys[key] >= g.perKey {
		return nil, false
	}
	g.keys[key]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.keys[key]--; g.keys[key] == 0 {
			delete(g.keys, key)
		}
	}, true
}

// inside is the number of requests being handled.
func (g *gate) inside() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.in
}

// network is what one customer of a provider holds: an IPv4 address, an IPv6 /64.
func network(ip netip.Addr) netip.Addr {
	ip = ip.Unmap()
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return ip
}

// tryAcquire takes n bytes if they are there.
func (b *byteBudget) tryAcquire(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}
