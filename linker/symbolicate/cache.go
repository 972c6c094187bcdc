package symbolicate

import (
	"container/list"
	"context"
	"sync"
)

// cache keeps what was read of uploaded files, the least recently used going first when it grows over its bound. Two who
// want the same file at once read it once. So that several large files at once do not take a multiple of the bound,
// few are read at a time.
type cache struct {
	max int64

	mu    sync.Mutex
	used  int64
	order *list.List // of *entry, the most recently used first
	items map[cacheKey]*list.Element

	reading chan struct{}
}

// cacheKey names what is kept: of a file its map ('m') or text ('t'), or what a place in it maps to ('p').
type cacheKey struct {
	kind         byte
	id           int64
	line, column int
}

type entry struct {
	key   cacheKey
	ready chan struct{}
	value any
	err   error
	bytes int64
	keep  bool
}

// readers is how many files are parsed at a time.
const readers = 2

func newCache(maxBytes int64) *cache {
	return &cache{max: maxBytes, order: list.New(), items: map[cacheKey]*list.Element{}, reading: make(chan struct{}, readers)}
}

// get gives what load made of a file. bytes is what the value holds; an error that is lasting is kept like a value, others are not.
func (c *cache) get(ctx context.Context, key cacheKey, load func(context.Context) (value any, bytes int64, lasting error, err error)) (any, error) {
	for {
		c.mu.Lock()
		if el, ok := c.items[key]; ok {
			c.order.MoveToFront(el)
			c.mu.Unlock()
			e := el.Value.(*entry)
			select {
			case <-e.ready:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if !e.keep && ctx.Err() == nil { // whoever was to read it gave up
				if e.err != nil {
					return nil, e.err
				}
				continue
			}
			return e.value, e.err
		}
		e := &entry{key: key, ready: make(chan struct{})}
		el := c.order.PushFront(e)
		c.items[key] = el
		c.mu.Unlock()
		c.fill(ctx, e, el, load)
		return e.value, e.err
	}
}

func (c *cache) fill(ctx context.Context, e *entry, el *list.Element, load func(context.Context) (any, int64, error, error)) {
	defer close(e.ready)
	defer func() { // also when load panics
		c.mu.Lock()
		defer c.mu.Unlock()
		if !e.keep {
			c.remove(el)
			return
		}
		c.used += e.bytes
		for c.used > c.max && c.order.Len() > 1 {
			back := c.order.Back()
			if back == el {
				break
			}
			c.remove(back)
		}
	}()
	select {
	case c.reading <- struct{}{}:
	case <-ctx.Done():
		e.err = ctx.Err()
		return
	}
	defer func() { <-c.reading }()
	value, bytes, lasting, err := load(ctx)
	if err != nil {
		e.err = err
		return
	}
	e.value, e.err, e.bytes, e.keep = value, lasting, bytes+entryBytes, true
}

// entryBytes is about what an entry takes besides its value.
const entryBytes = 300

func (c *cache) remove(el *list.Element) {
	e := el.Value.(*entry)
	if c.items[e.key] != el {
		return
	}
	c.order.Remove(el)
	delete(c.items, e.key)
	if e.keep {
		c.used -= e.bytes
	}
}
