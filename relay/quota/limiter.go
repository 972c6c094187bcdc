package quota

import (
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// Config is what [New] needs. Zero fields have the defaults named.
type Config struct {
	Exchange Exchange         // nil: this process counts alone
	Path     string           // of the file that keeps counts over a restart; empty: none
	Counters int              // held at most; 100 000
	Now      func() time.Time // time.Now
	Warn     func(msg string, err error)
}

// Limiter counts. Its methods may be called by any number of goroutines.
type Limiter struct {
	cfg Config
	id  string // of this process's life

	mu       sync.Mutex
	counters map[string]*counter
}

// counter is the current window of one quota.
type counter struct {
	window time.Duration
	slot   int64 // number of the window since 1970
	own    int64
	others map[string]int64 // by relay
	used   time.Time
	dirty  bool // not told yet
}

// maxOthers bounds the relays remembered of one window.
const maxOthers = 256

// New returns a Limiter that goes on from what its file remembers.
func New(cfg Config) *Limiter {
	if cfg.Counters <= 0 {
		cfg.Counters = 100_000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Warn == nil {
		cfg.Warn = func(string, error) {}
	}
	l := &Limiter{cfg: cfg, id: ulid.Make().String(), counters: map[string]*counter{}}
	if err := l.load(); err != nil {
		cfg.Warn("counts of quotas remembered on disk cannot be read", err)
	}
	return l
}

func (c *counter) total() int64 {
	n := c.own
	for _, o := range c.others {
		n += o
	}
	return n
}

// slotOf numbers the windows; all relays number alike.
func slotOf(t time.Time, window time.Duration) int64 { return t.UnixMilli() / window.Milliseconds() }

func slotEnd(slot int64, window time.Duration) time.Time {
	return time.UnixMilli((slot + 1) * window.Milliseconds())
}

// at gives the counter of a quota in the window of now.
func (l *Limiter) at(key string, window time.Duration, now time.Time) *counter {
	slot := slotOf(now, window)
	c := l.counters[key]
	if c == nil {
		l.makeRoom(now)
		c = &counter{window: window, slot: slot}
		l.counters[strings.Clone(key)] = c
	}
	if slot > c.slot {
		*c = counter{window: window, slot: slot}
	}
	c.used = now
	return c
}

// makeRoom keeps the map below its bound: what is over goes first, then what was not used for the
// longest time of a few that are looked at.
func (l *Limiter) makeRoom(now time.Time) {
	if len(l.counters) < l.cfg.Counters {
		return
	}
	oldest, looked := "", 0
	for key, c := range l.counters {
		if slotOf(now, c.window) > c.slot {
			delete(l.counters, key)
			return
		}
		if oldest == "" || c.used.Before(l.counters[oldest].used) {
			oldest = key
		}
		if looked++; looked == 64 {
			break
		}
	}
	delete(l.counters, oldest)
}

// sweep forgets windows that are over.
func (l *Limiter) sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, c := range l.counters {
		if slotOf(now, c.window) > c.slot {
			delete(l.counters, key)
		}
	}
}

// Receipt is what a request was counted for, to be able to take it back.
type Receipt struct{ entries []entry }

type entry struct {
	quota *Quota
	key   string
	slot  int64
}

// Take judges a request. judge is told which categories are used up and says what is left of the
// request; that is counted. It is called once, while no other request is judged, so it must be
// quick. The quotas that judge met are returned.
func (l *Limiter) Take(quotas []Quota, judge func(limited func(category string) *Quota) Amounts) ([]Limited, Receipt) {
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	counters := make([]*counter, len(quotas))
	active := make([]bool, len(quotas))
	for i := range quotas {
		q := &quotas[i]
		if q.Limit > 0 {
			counters[i] = l.at(q.key(), q.Window, now)
		}
		active[i] = q.Limit <= 0 || counters[i].total() >= q.Limit
	}
	met := make([]bool, len(quotas))
	kept := judge(func(category string) (first *Quota) {
		for i := range quotas {
			if active[i] && quotas[i].covers(category) {
				met[i] = true
				if first == nil {
					first = &quotas[i]
				}
			}
		}
		return first
	})
	var limits []Limited
	var r Receipt
	for i := range quotas {
		q := &quotas[i]
		switch n := q.of(&kept); {
		case met[i] && counters[i] == nil:
			limits = append(limits, Limited{*q, zeroLeft})
		case met[i]:
			limits = append(limits, Limited{*q, slotEnd(counters[i].slot, q.Window).Sub(now)})
		case active[i] || n == 0:
		default:
			counters[i].own += n
			counters[i].dirty = true
			r.entries = append(r.entries, entry{q, q.key(), counters[i].slot})
		}
	}
	return limits, r
}

// Refund takes back what was counted and then not kept after all.
func (l *Limiter) Refund(r Receipt, back Amounts) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range r.entries {
		if c := l.counters[e.key]; c != nil && c.slot == e.slot {
			c.own = max(0, c.own-e.quota.of(&back))
			c.dirty = true
		}
	}
}

// Count tells what is counted of a quota in its present window, by all relays.
func (l *Limiter) Count(q Quota) int64 {
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counters[q.key()]
	if c == nil || slotOf(now, c.window) > c.slot {
		return 0
	}
	return c.total()
}
