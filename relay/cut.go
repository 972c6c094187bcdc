package relay

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
)

// item is one item of an envelope, read to its end.
type item struct {
	header  *envelope.ItemHeader
	payload payload
	kind    stream.Kind
	trimmed []string // what the sanitiser cut away

	unscrubbed bool // a recording that could not be read
	emptied    bool // a container of which nothing is left
}

// parcel is a whole envelope, checked and cut into items: nothing of it is published before
// all of it has been read.
type parcel struct {
	id      string // begins its messages' ids; empty: one of its own
	header  *envelope.Header
	items   []item
	dropped []stream.Outcome // items that are left out of an envelope that is accepted
	spool   *spool
	facts   map[stream.Kind]*facts // of its event and transaction, from before scrubbing
}

// shape is how the payload of an item type is read.
type shape struct {
	json  bool
	array bool // a JSON array will do, too
	nodes int  // bound of values in the document; 0: its size is bound enough
}

// shapeOf tells the item types whose payload is JSON. All others, and unknown ones, pass as
// bytes.
func shapeOf(h *envelope.ItemHeader) shape {
	switch h.Type {
	case "event", "transaction", "security", "feedback", "replay_event", "check_in", "user_report", "session", "otel_span", "otel_log":
		return shape{json: true, nodes: maxNodes}
	case "raw_security", "form_data", "nel":
		return shape{json: true, array: true, nodes: maxNodes}
	case "sessions", "client_report", "log", "trace_metric", "span":
		return shape{json: true}
	case "profile", "profile_chunk", "profile_chunk_ui":
		return shape{json: true}
	}
	return shape{}
}

// kindOf tells with whom an item travels. withFeedback says that the envelope has a feedback,
// whose screenshots are its attachments.
func kindOf(h *envelope.ItemHeader, withFeedback bool) stream.Kind {
	switch h.Type {
	case "event", "user_report", "form_data":
		return stream.KindEvent
	case "attachment":
		if withFeedback || envelope.IsTraceAttachment(h) {
			return stream.KindItem
		}
		return stream.KindEvent
	case "transaction", "profile":
		return stream.KindTransaction
	case "replay_event", "replay_recording", "replay_video":
		return stream.KindReplay
	case "span", "otel_span":
		return stream.KindSpan
	case "session", "sessions":
		return stream.KindSession
	case "client_report":
		return stream.KindReport
	}
	return stream.KindItem
}

// shedFirst tells the items that are refused first when the stream fills up: those that are
// large and of which one more or less does not matter. Errors are kept to the last.
func shedFirst(h *envelope.ItemHeader) bool {
	switch h.Type {
	case "attachment":
		return !envelope.CreatesEvent(h.Type, *h)
	case "replay_event", "replay_recording", "replay_video", "transaction", "span", "otel_span",
		"profile", "profile_chunk", "profile_chunk_ui":
		return true
	}
	return false
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// newParcel returns an empty parcel whose spool ends with the request.
func (q *request) newParcel() *parcel {
	p := &parcel{header: &envelope.Header{}, spool: &spool{dir: q.rl.cfg.TempDir, memory: q.rl.memory, disk: q.rl.disk}}
	q.onEnd(p.spool.close)
	return p
}

// cut reads the items that follow the header. Any error refuses the whole envelope.
func (q *request) cut(p *parcel, rd *envelope.Reader) error {
	shed := q.rl.cfg.Publish.Fill() >= fillShed
	shedAny := false
	for {
		h, err := rd.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			var limit *envelope.LimitError
			if errors.As(err, &limit) {
				q.seen = append(q.seen, item{header: &envelope.ItemHeader{Type: limit.ItemType}})
			}
			return err
		}
		if t, _ := envelope.LookupItemType(h.Type); t.RelayInternal {
			return refuse(http.StatusBadRequest, "internal_item", "envelope contains internal items")
		}
		if shed && shedFirst(h) {
			n, err := io.Copy(io.Discard, rd)
			if err != nil {
				return err
			}
			shedAny = true
			p.dropped = append(p.dropped, q.outcomesOf(h, n, outcomeRateLimited, "backpressure")...)
			continue
		}
		if err := q.take(p, h, rd); err != nil {
			return err
		}
	}
	if shedAny && len(p.items) == 0 {
		p.dropped = nil // the answer is 503: the client is asked to come again
		return refuseBusy("shed")
	}
	return nil
}

// take reads one payload into the parcel, or leaves the item out with an outcome.
func (q *request) take(p *parcel, h *envelope.ItemHeader, rd io.Reader) error {
	it := item{header: h}
	w := p.spool.begin()
	size, err := it.read(w, rd, shapeOf(h), q.lax())
	it.payload = w.end()
	if err != nil && !errors.Is(err, errJSON) {
		it.payload.size = max(it.payload.size, size)
		q.seen = append(q.seen, it)
		return err
	}
	if err != nil {
		w.discard()
		it.payload = payload{size: size}
		q.seen = append(q.seen, it)
		p.dropped = append(p.dropped, q.outcomesOf(h, size, outcomeInvalid, "invalid_json")...)
		return nil
	}
	p.items = append(p.items, it)
	q.seen = append(q.seen, it)
	return nil
}

// lax says whether NaN and Infinity are taken for numbers, as old Python clients wrote them.
func (q *request) lax() bool {
	if q.auth == nil {
		return false
	}
	c := q.auth.Client
	return strings.HasPrefix(c, "raven-python/") || strings.HasPrefix(c, "sentry-python/")
}

// read copies a payload to w, JSON through the sanitiser. The reader is read to its end even
// when the payload is no JSON, since what follows it may be sound.
func (it *item) read(w *spoolWriter, rd io.Reader, sh shape, lax bool) (size int64, err error) {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	if !sh.json {
		return io.CopyBuffer(onlyWriter{w}, onlyReader{rd}, *buf)
	}
	s := newSanitizer(w, sh.nodes, lax)
	out := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(out)
	s.buf = (*out)[:0]
	n, err := io.CopyBuffer(onlyWriter{s}, onlyReader{rd}, *buf)
	if errors.Is(err, errJSON) {
		rest, rerr := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{rd}, *buf)
		if rerr != nil {
			return n + rest, rerr
		}
		return max(n+rest, 1), errJSON
	}
	if err != nil {
		return n, err
	}
	if err := s.Close(); err != nil {
		return n, err
	}
	if s.first != '{' && !(sh.array && s.first == '[') {
		return n, errJSON
	}
	it.trimmed = s.trimmed
	return n, nil
}

// onlyWriter and onlyReader hide WriteTo and ReadFrom, which would bring buffers of their own.
type onlyWriter struct{ io.Writer }
type onlyReader struct{ io.Reader }

// publish scrubs what is left of parcels, sends it with what was dropped of them, and waits for
// the promise: for all of them or none.
func (q *request) publish(parcels ...*parcel) error {
	var msgs []*stream.Message
	var dropped []stream.Outcome
	for _, p := range parcels {
		if err := p.learn(); err != nil {
			return err
		}
		if err := q.scrub(p); err != nil {
			return err
		}
		list, err := q.messages(p)
		if err != nil {
			return err
		}
		msgs = append(msgs, list...)
		dropped = append(dropped, p.dropped...)
	}
	if len(dropped) > 0 {
		// Told in the same breath as the 200, or a crash would make the items vanish.
		m, err := stream.NewOutcomesMessage(q.newIngestID()+":o", q.received, dropped)
		if err != nil {
			return err
		}
		msgs = append(msgs, m)
	}
	pairs, err := q.pairsMessage()
	if err != nil {
		return err
	}
	if pairs != nil {
		msgs = append(msgs, pairs)
	}
	if len(msgs) == 0 {
		return nil
	}
	ctx, cancel := q.publishContext()
	defer cancel()
	return q.send(ctx, msgs)
}

func (q *request) send(ctx context.Context, msgs []*stream.Message) error {
	var held, total int64
	for _, m := range msgs {
		held += int64(len(m.Body))
		total += m.Size
	}
	if err := q.rl.bodies.acquire(ctx, held); err != nil {
		return err
	}
	defer q.rl.bodies.release(held)
	start := time.Now()
	if err := q.rl.cfg.Publish.Publish(ctx, msgs...); err != nil {
		return err
	}
	q.rl.metrics.ack.Observe(time.Since(start).Seconds())
	q.rl.metrics.bytes.Add(float64(total))
	return nil
}
