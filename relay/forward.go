package relay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/outbound"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/settings"
)

// ForwardQueue is where copies for upstreams wait; [stream.Stream] is one.
type ForwardQueue interface {
	// ConsumeForward hands a project's copies to handle until ctx ends. Zero: done with it.
	ConsumeForward(ctx context.Context, project int64, workers int, handle func(context.Context, *stream.Delivery) (again time.Duration)) error
	// ForwardPending says how many wait, by project, those of the past included.
	ForwardPending(ctx context.Context) (map[int64]uint64, error)
}

// Bounds of forwarding.
const (
	forwardWorkers  = 8              // requests at a time to one upstream
	forwardAge      = 24 * time.Hour // older copies are dropped
	forwardFill     = 0.50           // of the stream: from here on no copies are made
	forwardRetryMin = time.Second
	forwardRetryMax = 5 * time.Minute
	forwardLook     = 2 * time.Second
)

// ForwardState is how forwarding of a project is going, for people.
type ForwardState struct {
	Pending      uint64           // copies that wait
	Lag          time.Duration    // age of the last copy that was handled, if others wait
	Sent         int64            // since the process started
	Dropped      map[string]int64 // by reason: limited, refused, expired, forbidden, full, off, unreadable
	LastSent     time.Time
	LastError    string // of the last attempt, when it did not work; never the upstream's own words
	LimitedUntil time.Time
}

// copier is a Publisher that adds the copies for upstreams to what it publishes: kept by the same
// promise, after scrubbing. When the stream is half full it adds none: the local path comes first.
type copier struct {
	Publisher
	keys Keys
	fwd  *forwarder
	only bool
}

func (c *copier) Publish(ctx context.Context, msgs ...*stream.Message) error {
	all := msgs
	if c.only {
		all = nil
	}
	wanted, err := c.wanted(msgs)
	if err != nil {
		return err
	}
	for _, m := range wanted {
		k, ok := c.keys.Key(m.PublicKey)
		if !ok || k.Rules == nil || !forwards(&k.Rules.settings.Forward, m) {
			continue
		}
		if !c.only && c.Publisher.Fill() >= forwardFill {
			c.fwd.state(m.ProjectID).drop("full")
			continue
		}
		copied := *m
		copied.Kind = stream.KindForward
		copied.ID = m.ID + ":f"
		all = append(all[:len(all):len(all)], &copied)
	}
	if len(all) == 0 {
		return nil
	}
	return c.Publisher.Publish(ctx, all...)
}

// wanted are the messages that an upstream may understand. Where nobody else stores what the edge dropped, the
// upstream is told of it.
func (c *copier) wanted(msgs []*stream.Message) ([]*stream.Message, error) {
	var list []*stream.Message
	for _, m := range msgs {
		own, err := ownItem(m)
		switch {
		case err != nil:
			return nil, err
		case own == nil:
			list = append(list, m)
		case c.only && own.Header.Type == stream.ItemOutcomes && m.ProjectID == 0: // no client can send this
			outcomes, err := stream.ParseOutcomes(own.Payload)
			if err != nil {
				return nil, err
			}
			reports, err := reported(m, outcomes)
			if err != nil {
				return nil, err
			}
			list = append(list, reports...)
		}
	}
	return list, nil
}

// forwards says whether a message is for the upstream. A sample keeps or leaves whole traces.
func forwards(f *settings.Forward, m *stream.Message) bool {
	switch {
	case f.DSN == "":
		return false
	case f.Mode == settings.ForwardErrors:
		return m.Kind == stream.KindEvent
	case f.Mode == settings.ForwardSample:
		id := m.TraceID
		if id.IsZero() {
			id = m.EventID
		}
		if id.IsZero() {
			return rand.Float64() < f.Rate
		}
		return float64(binary.BigEndian.Uint64(id[:8])) < f.Rate*math.MaxUint64
	}
	return true
}

// forwarder sends copies on.
type forwarder struct {
	queue  ForwardQueue
	client *http.Client
	keys   func() []Key
	warn   func(msg string, args ...any)
	tell   func(...stream.Outcome) // what the upstream did not get; nil: it is a copy, and counted here

	mu     sync.Mutex
	states map[int64]*forwardState
}

// forwardState is of one project.
type forwardState struct {
	mu      sync.Mutex
	running bool
	st      ForwardState
	limits  map[string]time.Time // by category; "" is all
}

func newForwarder(queue ForwardQueue, client *http.Client, keys func() []Key, warn func(string, ...any)) *forwarder {
	return &forwarder{queue: queue, client: client, keys: keys, warn: warn, states: map[int64]*forwardState{}}
}

func (f *forwarder) state(project int64) *forwardState {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.states[project]
	if s == nil {
		s = &forwardState{st: ForwardState{Dropped: map[string]int64{}}, limits: map[string]time.Time{}}
		f.states[project] = s
	}
	return s
}

func (s *forwardState) drop(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.Dropped[reason]++
}

// run keeps a consumer going for every project that forwards, or has copies left from when it did.
func (f *forwarder) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(forwardLook)
	defer tick.Stop()
	for {
		pending, err := f.queue.ForwardPending(ctx)
		if err != nil && ctx.Err() == nil {
			f.warn("copies for upstreams cannot be counted", "err", err)
		}
		if pending == nil {
			pending = map[int64]uint64{}
		}
		for _, k := range f.keys() {
			if project := int64(k.ProjectID); k.Rules != nil && k.Rules.settings.Forward.DSN != "" {
				pending[project] += 0
			}
		}
		for project, n := range pending {
			s := f.state(project)
			s.mu.Lock()
			s.st.Pending = n
			start := !s.running
			s.running = true
			s.mu.Unlock()
			if start {
				all.Go(func() { f.consume(ctx, project, s) })
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (f *forwarder) consume(ctx context.Context, project int64, s *forwardState) {
	err := f.queue.ConsumeForward(ctx, project, forwardWorkers, func(ctx context.Context, d *stream.Delivery) time.Duration {
		return f.handle(ctx, s, d)
	})
	if err != nil && ctx.Err() == nil {
		f.warn("copies for an upstream cannot be read", "project", project, "err", err)
	}
	s.mu.Lock()
	s.running = false // tried again at the next look
	s.mu.Unlock()
}

// target is where a project forwards now.
func (f *forwarder) target(project int64) (*envelope.DSN, bool) {
	for _, k := range f.keys() {
		if int64(k.ProjectID) == project && k.Rules != nil && k.Rules.settings.Forward.DSN != "" {
			dsn, err := envelope.ParseDSN(k.Rules.settings.Forward.DSN)
			return dsn, err == nil
		}
	}
	return nil, false
}

// handle sends one copy, and says when it should come again; zero when it is settled.
func (f *forwarder) handle(ctx context.Context, s *forwardState, d *stream.Delivery) time.Duration {
	age := time.Since(d.Received)
	s.mu.Lock()
	s.st.Lag = age
	s.mu.Unlock()
	dsn, ok := f.target(d.ProjectID)
	switch {
	case !ok:
		s.drop("off")
		return 0
	case age > forwardAge:
		s.drop("expired")
		f.lost(ctx, d, "expired")
		return 0
	}
	body, size, err := f.trim(ctx, s, d)
	if err != nil {
		return s.later(d, "copy could not be read")
	}
	if body == nil {
		s.drop("limited")
		return 0
	}
	defer body.Close()
	resp, err := f.post(ctx, dsn, d, body, size)
	if errors.Is(err, outbound.ErrForbidden) {
		s.settle("forbidden", "address is not allowed by this server's operator")
		return 0
	}
	if err != nil {
		return s.later(d, "upstream cannot be reached")
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	s.heed(resp, time.Now())
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		s.sent()
	case code == http.StatusTooManyRequests:
		s.settle("limited", "upstream limits us")
	case code >= 500 || code == http.StatusRequestTimeout:
		return s.later(d, fmt.Sprintf("upstream answers %d", code))
	default:
		s.settle("refused", fmt.Sprintf("upstream answers %d", code))
		f.lost(ctx, d, "refused")
	}
	return 0
}

func (f *forwarder) post(ctx context.Context, dsn *envelope.DSN, d *stream.Delivery, body io.Reader, size int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, dsn.EndpointURL("envelope"), body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", contentTypeEnvelope)
	client := d.Client
	if client == "" || strings.ContainsAny(client, ",\r\n") {
		client = "hindsight-relay/1"
	}
	req.Header.Set("X-Sentry-Auth", "Sentry sentry_version=7, sentry_key="+dsn.PublicKey+", sentry_client="+client)
	if d.UserAgent != "" {
		req.Header.Set("User-Agent", d.UserAgent)
	}
	if d.RemoteAddr != "" {
		req.Header.Set("X-Forwarded-For", d.RemoteAddr) // what of it the project keeps
	}
	return f.client.Do(req)
}

// trim leaves out the items of a copy that the upstream does not want just now; nil when none is
// left. A copy too large for a message is judged by its kind alone, and streamed. Client reports are never limited.
func (f *forwarder) trim(ctx context.Context, s *forwardState, d *stream.Delivery) (io.ReadCloser, int64, error) {
	now := time.Now()
	all := s.limited("", now)
	if all && d.Blob != "" {
		f.lost(ctx, d, "limited")
		return nil, 0, nil
	}
	body, err := d.Open(ctx)
	if err != nil {
		return nil, 0, err
	}
	if !s.limitedAtAll(now) || d.Blob != "" {
		return body, d.Size, nil
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, 0, err
	}
	env, err := envelope.Parse(b)
	if err != nil {
		return nil, 0, err
	}
	kept := env.Items[:0]
	for _, it := range env.Items {
		h := it.Header
		c := envelope.Category(h.Type, h)
		if h.Type == "client_report" || !all && (c == "" || !s.limited(c, now)) {
			kept = append(kept, it)
		} else {
			f.count(d, &h, int64(len(it.Payload)), lossReasons["limited"])
		}
	}
	if len(kept) == 0 {
		return nil, 0, nil
	}
	env.Items = kept
	out := string(env.AppendTo(nil))
	return io.NopCloser(strings.NewReader(out)), int64(len(out)), nil
}

func (s *forwardState) limited(category string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits[category].After(now)
}

func (s *forwardState) limitedAtAll(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, until := range s.limits {
		if until.After(now) {
			return true
		}
	}
	return false
}

// heed remembers what an answer asks to hold back.
func (s *forwardState) heed(resp *http.Response, now time.Time) {
	limits := parseLimits(resp.Header, resp.StatusCode, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, until := range limits {
		if until.After(s.limits[c]) && (len(s.limits) < 100 || !s.limits[c].IsZero()) {
			s.limits[c] = until
		}
		if until.After(s.st.LimitedUntil) {
			s.st.LimitedUntil = until
		}
	}
}

func (s *forwardState) sent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.Sent++
	s.st.LastSent, s.st.LastError = time.Now(), ""
}

func (s *forwardState) settle(reason, problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.Dropped[reason]++
	s.st.LastError = problem
}

// later backs off: longer with each attempt, and not all copies at one moment.
func (s *forwardState) later(d *stream.Delivery, problem string) time.Duration {
	s.mu.Lock()
	s.st.LastError = problem
	s.mu.Unlock()
	wait := forwardRetryMin << min(max(d.Attempt-1, 0), 12)
	wait = min(wait, forwardRetryMax)
	return wait/2 + rand.N(wait/2)
}

// Forwarding tells how a project's forwarding goes; false when it never did in this process.
func (rl *Relay) Forwarding(project int64) (ForwardState, bool) {
	if rl.forward == nil {
		return ForwardState{}, false
	}
	rl.forward.mu.Lock()
	s := rl.forward.states[project]
	rl.forward.mu.Unlock()
	if s == nil {
		return ForwardState{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.st
	st.Dropped = make(map[string]int64, len(s.st.Dropped))
	for reason, n := range s.st.Dropped {
		st.Dropped[reason] = n
	}
	if st.Pending == 0 {
		st.Lag = 0
	}
	return st, true
}
