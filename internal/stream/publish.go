package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// Headers of an atomic batch (ADR-50 of nats-io/nats-architecture-and-design).
const (
	hdrBatchID     = "Nats-Batch-Id"
	hdrBatchSeq    = "Nats-Batch-Sequence"
	hdrBatchCommit = "Nats-Batch-Commit"
)

// Error codes of JetStream that are decided upon.
const (
	codeInsufficientResources = 10023 // the account's or server's storage is used up
	codeStoreFailed           = 10077 // MaxBytes reached (Discard=New), or the disk refused
)

// Publish stores all messages of one request, or none. It returns nil only after the server has
// synced them (see [Sync]). [ErrFull]: nothing was kept, ask the client to come again.
// [ErrUnavailable], or the end of ctx: not acknowledged, though they may have been kept.
// Message ids that are already known are no error. The messages are not changed; their bodies
// must not be until Publish returns: once accepted it waits for its answer, whatever becomes of
// ctx (at most some ten seconds).
func (s *Stream) Publish(ctx context.Context, msgs ...*Message) error {
	if s.local == nil {
		return fmt.Errorf("publish: %w: no embedded stream in the role %s", ErrUnavailable, s.cfg.Role)
	}
	if len(msgs) == 0 {
		return nil
	}
	if len(msgs) > maxBatchMsgs {
		return fmt.Errorf("publish %d messages at once: at most %d", len(msgs), maxBatchMsgs)
	}
	req := &request{done: make(chan error, 1), msgs: make([]*nats.Msg, 0, len(msgs))}
	var blobs []string
	for _, m := range msgs {
		if err := m.valid(); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	for _, m := range msgs {
		c, err := s.claim(ctx, m)
		if err != nil {
			s.forget(ctx, blobs)
			return err
		}
		if c.Blob != "" && m.Blob == "" {
			blobs = append(blobs, c.Blob)
		}
		msg := encode(c, s.stretch.next(len(c.Body)))
		req.msgs = append(req.msgs, msg)
		req.size += msg.Size()
	}
	err := s.local.pub.submit(ctx, req)
	if errors.Is(err, ErrFull) {
		s.forget(ctx, blobs)
	}
	if err == nil {
		s.added.Add(int64(req.size))
	}
	return err
}

// forget deletes the blobs of messages that were refused for sure.
func (s *Stream) forget(ctx context.Context, keys []string) {
	for _, key := range keys {
		s.dropBlob(context.WithoutCancel(ctx), key)
	}
}

// stretch numbers the stretches of the stream: a new one every stretchSize bytes. It starts from
// the clock, so that it does not come back to old numbers after a restart.
type stretch struct {
	base  int64
	bytes atomic.Int64
}

const stretchSize = 4 << 20

func (s *stretch) next(size int) int64 {
	return s.base + s.bytes.Add(int64(size)+512)/stretchSize
}

// request is what one caller wants stored together.
type request struct {
	msgs []*nats.Msg
	size int
	done chan error // buffered: the publisher never waits for a caller
}

// publisher writes to one stream of one server. Its collector (run) gathers the requests in
// flight into atomic batches: the server syncs once per batch, so the more there are in flight
// the cheaper each becomes.
type publisher struct {
	nc      *nats.Conn
	timeout time.Duration // of one acknowledgement
	wait    time.Duration // for others to join a batch
	alone   int           // see cheaperAlone

	in      chan *request
	slots   chan struct{} // batches being written
	stopped chan struct{} // closed by close: no more requests
	ended   chan struct{} // closed when everything accepted has been answered
	once    sync.Once
	batches atomic.Uint64 // written
	resent  atomic.Uint64 // of them, those without a clear answer
}

// batchesInFlight: one is being synced while the next is staged. More only makes them smaller.
const batchesInFlight = 2

func newPublisher(nc *nats.Conn, timeout, wait time.Duration) *publisher {
	return &publisher{
		nc: nc, timeout: timeout, wait: wait, alone: aloneUpTo,
		in:      make(chan *request),
		slots:   make(chan struct{}, batchesInFlight),
		stopped: make(chan struct{}),
		ended:   make(chan struct{}),
	}
}

func (p *publisher) submit(ctx context.Context, r *request) error {
	select {
	case <-p.stopped:
		return fmt.Errorf("publish: %w: closed", ErrUnavailable)
	default:
	}
	select {
	case p.in <- r:
	case <-p.stopped:
		return fmt.Errorf("publish: %w: closed", ErrUnavailable)
	case <-ctx.Done():
		return fmt.Errorf("publish: %w: %w", ErrUnavailable, ctx.Err())
	}
	return <-r.done
}

// close refuses new requests and waits for those accepted.
func (p *publisher) close() {
	p.once.Do(func() { close(p.stopped) })
	<-p.ended
}

// run is the collector. A batch closes when it is full, or when there is a free slot and, if
// another batch is being written just now, the wait is over.
func (p *publisher) run() {
	defer close(p.ended)
	var writing sync.WaitGroup
	defer writing.Wait()
	var next *request // did not fit into the batch before
	for {
		first := next
		next = nil
		if first == nil {
			select {
			case first = <-p.in:
			case <-p.stopped:
				return
			}
		}
		var batch []*request
		batch, next = p.gather(first)
		writing.Go(func() {
			defer func() { <-p.slots }()
			p.write(batch)
		})
	}
}

// gather collects a batch and takes a slot for it.
func (p *publisher) gather(first *request) (batch []*request, next *request) {
	batch = []*request{first}
	msgs, size := len(first.msgs), first.size
	var over <-chan time.Time // nil: do not wait for others
	if len(p.slots) > 0 && p.wait > 0 {
		t := time.NewTimer(p.wait)
		defer t.Stop()
		over = t.C
	}
	slots := p.slots
	if over != nil {
		slots = nil // not before the wait is over
	}
	for msgs < maxBatchMsgs && size < maxBatchSize {
		var r *request
		select { // those already there come before a free slot
		case r = <-p.in:
		default:
			select {
			case r = <-p.in:
			case <-over:
				over, slots = nil, p.slots
				continue
			case slots <- struct{}{}:
				return batch, nil
			}
		}
		if msgs+len(r.msgs) > maxBatchMsgs || size+r.size > maxBatchSize {
			next = r
			break
		}
		batch = append(batch, r)
		msgs += len(r.msgs)
		size += r.size
	}
	p.slots <- struct{}{}
	return batch, next
}

// write stores a batch and answers its requests. An answer that is missing or says that part of
// the batch is known already (10201) says nothing about the others: those are sent again one by
// one, under the same id, so that what was stored before is recognised.
func (p *publisher) write(batch []*request) {
	p.batches.Add(1)
	if p.cheaperAlone(batch) {
		each(batch, func(r *request) error { return p.one(context.Background(), r.msgs[0]) })
		return
	}
	var msgs []*nats.Msg
	for _, r := range batch {
		msgs = append(msgs, r.msgs...)
	}
	err := p.all(context.Background(), msgs)
	if err == nil || errors.Is(err, ErrFull) {
		for _, r := range batch {
			r.done <- err
		}
		return
	}
	p.resent.Add(1)
	each(batch, func(r *request) error { return p.singly(context.Background(), r.msgs) })
}

// aloneUpTo is how many messages cost less when each is synced by itself: the server stages an
// atomic batch in a directory of its own, which takes about as long as this many syncs.
const aloneUpTo = 6

// cheaperAlone: only where every request is one message, since a request is all or nothing.
func (p *publisher) cheaperAlone(batch []*request) bool {
	if len(batch) > p.alone {
		return false
	}
	for _, r := range batch {
		if len(r.msgs) > 1 {
			return false
		}
	}
	return true
}

// each answers the requests, all at once.
func each(batch []*request, store func(*request) error) {
	var all sync.WaitGroup
	for _, r := range batch {
		all.Go(func() { r.done <- store(r) })
	}
	all.Wait()
}

// batch stores the messages, at best as one batch; as in write, a batch without a clear answer
// is sent again one by one.
func (p *publisher) batch(ctx context.Context, msgs []*nats.Msg) error {
	err := p.all(ctx, msgs)
	if err == nil || errors.Is(err, ErrFull) || ctx.Err() != nil {
		return err
	}
	return p.singly(ctx, msgs)
}

// all stores the messages as one atomic batch (a single one needs none).
func (p *publisher) all(ctx context.Context, msgs []*nats.Msg) error {
	if len(msgs) == 1 {
		return p.one(ctx, msgs[0])
	}
	id := nuid.Next()
	for i, m := range msgs {
		h := make(nats.Header, len(m.Header)+3)
		for k, v := range m.Header {
			h[k] = v
		}
		h[hdrBatchID] = []string{id}
		h[hdrBatchSeq] = []string{strconv.Itoa(i + 1)}
		part := &nats.Msg{Subject: m.Subject, Header: h, Data: m.Data}
		if i == len(msgs)-1 {
			h[hdrBatchCommit] = []string{"1"}
			return p.one(ctx, part)
		}
		if err := p.nc.PublishMsg(part); err != nil {
			return fmt.Errorf("publish batch: %w: %w", ErrUnavailable, err)
		}
	}
	return nil
}

// singly stores messages that may be stored already, one after the other. Its error is never
// ErrFull: that would say that none of them is.
func (p *publisher) singly(ctx context.Context, msgs []*nats.Msg) error {
	for _, m := range msgs {
		switch err := p.one(ctx, m); {
		case errors.Is(err, ErrFull):
			return fmt.Errorf("publish: %w: %v", ErrUnavailable, err)
		case err != nil:
			return err
		}
	}
	return nil
}

// one sends m and waits for the server's PubAck. A message that is known already is stored.
func (p *publisher) one(ctx context.Context, m *nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	resp, err := p.nc.RequestMsgWithContext(ctx, m)
	if err != nil {
		return fmt.Errorf("publish: %w: %w", ErrUnavailable, err)
	}
	var ack struct {
		Stream string
		Error  *apiError
	}
	if err := json.Unmarshal(resp.Data, &ack); err != nil {
		return fmt.Errorf("publish: %w: acknowledgement: %w", ErrUnavailable, err)
	}
	switch {
	case ack.Error == nil && ack.Stream != "":
		return nil
	case ack.Error == nil:
		return fmt.Errorf("publish: %w: not an acknowledgement", ErrUnavailable)
	case ack.Error.ErrCode == codeInsufficientResources, ack.Error.ErrCode == codeStoreFailed:
		return fmt.Errorf("publish: %w: %w", ErrFull, ack.Error)
	}
	return fmt.Errorf("publish: %w: %w", ErrUnavailable, ack.Error)
}

// apiError is JetStream's own.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (%d)", e.Description, e.ErrCode) }
