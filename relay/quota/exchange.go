package quota

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Exchange carries messages between relays. A message may be lost; it goes to every relay, or to
// every other.
type Exchange interface {
	// Tell sends b to the other relays, if they can be reached.
	Tell(b []byte) error
	// Listen calls receive with what others told, until ctx ends.
	Listen(ctx context.Context, receive func([]byte)) error
}

// Pace of what a running Limiter does.
const (
	Pace       = 100 * time.Millisecond // counts that changed are told
	tellAll    = 10 * time.Second       // all are, which heals what was lost; and the file is written
	perMessage = 400                    // counts
)

// message is what relays tell each other.
type message struct {
	From   string  `json:"from"`
	Ask    bool    `json:"ask,omitempty"` // tell me all you know
	Counts []count `json:"counts,omitempty"`
}

// count is one window of one quota, as known to who tells.
type count struct {
	Key    string           `json:"k"`
	Window int64            `json:"w"` // seconds
	Slot   int64            `json:"s"`
	By     map[string]int64 `json:"n"` // by relay
}

// Run tells the other relays what is counted here and listens to them, and keeps the file, until
// ctx ends.
func (l *Limiter) Run(ctx context.Context) error {
	defer func() {
		if err := l.save(); err != nil {
			l.cfg.Warn("counts of quotas cannot be remembered on disk", err)
		}
	}()
	if l.cfg.Exchange != nil {
		if err := l.cfg.Exchange.Listen(ctx, l.receive); err != nil {
			return fmt.Errorf("listen to the other relays: %w", err)
		}
		l.send(message{Ask: true})
	}
	tick := time.NewTicker(Pace)
	defer tick.Stop()
	whole := l.cfg.Now()
	for {
		select {
		case <-ctx.Done():
			l.tell(false, false)
			return ctx.Err()
		case <-tick.C:
		}
		now := l.cfg.Now()
		all := now.Sub(whole) >= tellAll
		l.tell(all, false)
		if !all {
			continue
		}
		whole = now
		l.sweep(now)
		if err := l.save(); err != nil {
			l.cfg.Warn("counts of quotas cannot be remembered on disk", err)
		}
	}
}

// tell sends this relay's counts: those that changed, or all of them; with those of others when
// somebody asked who may have missed them.
func (l *Limiter) tell(all, others bool) {
	if l.cfg.Exchange == nil {
		return
	}
	list := l.known(all || others, others)
	for len(list) > 0 {
		n := min(len(list), perMessage)
		l.send(message{Counts: list[:n]})
		list = list[n:]
	}
}

func (l *Limiter) known(all, others bool) []count {
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []count
	for key, c := range l.counters {
		if !all && !c.dirty || slotOf(now, c.window) > c.slot {
			continue
		}
		c.dirty = false
		by := map[string]int64{l.id: c.own}
		if others {
			for id, n := range c.others {
				by[id] = n
			}
		}
		list = append(list, count{Key: key, Window: int64(c.window / time.Second), Slot: c.slot, By: by})
	}
	return list
}

func (l *Limiter) send(m message) {
	m.From = l.id
	b, err := json.Marshal(m)
	if err == nil {
		err = l.cfg.Exchange.Tell(b)
	}
	_ = err // lost: all is told again soon, and the exchange says in the log that it is away
}

func (l *Limiter) receive(b []byte) {
	var m message
	if json.Unmarshal(b, &m) != nil || m.From == l.id {
		return
	}
	if m.Ask {
		l.tell(true, true)
		return
	}
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range m.Counts {
		l.merge(c, m.From, now)
	}
}

// merge takes another's word for its own count; of third ones, the most that is known.
func (l *Limiter) merge(told count, from string, now time.Time) {
	window := time.Duration(told.Window) * time.Second
	if window <= 0 || slotOf(now, window) != told.Slot {
		return // over, or of a clock that goes wrong
	}
	c := l.at(told.Key, window, now)
	if c.others == nil {
		c.others = make(map[string]int64, len(told.By))
	}
	for id, n := range told.By {
		have, known := c.others[id]
		if id == l.id || n < 0 || !known && len(c.others) >= maxOthers || known && id != from && n <= have {
			continue
		}
		c.others[id] = n
	}
}

// load reads the file. What this process counted in an earlier life is another relay's now.
func (l *Limiter) load() error {
	if l.cfg.Path == "" {
		return nil
	}
	b, err := os.ReadFile(l.cfg.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var list []count
	if err := json.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("read %s: %w", l.cfg.Path, err)
	}
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range list {
		l.merge(c, "", now)
	}
	return nil
}

// save writes the file as a whole. It is not synced: after a power cut a window starts anew.
func (l *Limiter) save() error {
	if l.cfg.Path == "" {
		return nil
	}
	now := l.cfg.Now()
	l.mu.Lock()
	list := make([]count, 0, len(l.counters))
	for key, c := range l.counters {
		if slotOf(now, c.window) > c.slot {
			continue
		}
		by := map[string]int64{l.id: c.own}
		for id, n := range c.others {
			by[id] = n
		}
		list = append(list, count{Key: key, Window: int64(c.window / time.Second), Slot: c.slot, By: by})
	}
	l.mu.Unlock()
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return replaceFile(l.cfg.Path, b)
}

// replaceFile writes a file as a whole or not at all.
func replaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
