package relay

import (
	"net/netip"
	"sync"
	"time"
)

// Bounds of requests with keys nobody knows, per network (an IPv4 address, an IPv6 /64).
const (
	strangerBurst = 100
	strangerPace  = time.Second // one more each
	maxStrangers  = 20_000      // networks remembered
)

// strangers slows down who guesses keys, or floods with one that was removed. Known keys of the
// same network are not touched by it.
type strangers struct {
	mu   sync.Mutex
	seen map[netip.Addr]time.Time // when the bucket is full again
}

func newStrangers() *strangers { return &strangers{seen: map[netip.Addr]time.Time{}} }

// allow takes one from a network's bucket.
func (s *strangers) allow(ip netip.Addr, now time.Time) bool {
	if !ip.IsValid() || ip.IsLoopback() {
		return true
	}
	ip = network(ip)
	s.mu.Lock()
	defer s.mu.Unlock()
	full := s.seen[ip]
	if full.Before(now) {
		full = now
	}
	if full.Sub(now) > (strangerBurst-1)*strangerPace {
		return false
	}
	if len(s.seen) >= maxStrangers {
		s.makeRoom(now)
	}
	s.seen[ip] = full.Add(strangerPace)
	return true
}

// makeRoom forgets a network whose bucket is full, or of a few that are looked at the one that is
// nearest to it.
func (s *strangers) makeRoom(now time.Time) {
	var best netip.Addr
	looked := 0
	for ip, full := range s.seen {
		if full.Before(now) {
			delete(s.seen, ip)
			return
		}
		if !best.IsValid() || full.Before(s.seen[best]) {
			best = ip
		}
		if looked++; looked == 64 {
			break
		}
	}
	delete(s.seen, best)
}
