package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// DeadLetter is a message that could not be handled, kept for 30 days. Get gives its body; the
// one from List has Body nil (Size tells how long it is).
type DeadLetter struct {
	Message
	Seq      uint64 // its number among the dead letters
	Reason   string
	Error    string // the handler's error, for people
	Attempts int    // deliveries, at least 1
	At       time.Time

	blobs Blobs
}

// Open gives the envelope of a dead letter that Get returned. The caller closes it.
func (d *DeadLetter) Open(ctx context.Context) (io.ReadCloser, error) {
	return open(ctx, d.blobs, &d.Message)
}

// DeadLetters gives access to the messages that could not be handled. In cluster mode they are
// the cluster's, shared by all processes.
type DeadLetters struct{ s *Stream }

// DeadLetters of this stream.
func (s *Stream) DeadLetters() *DeadLetters { return &DeadLetters{s} }

const maxDeadError = 8 << 10 // bytes of an error's text that are kept

// putDead stores an item among the dead letters and returns once that is acknowledged.
func (b *broker) putDead(ctx context.Context, it *item, reason string, cause error, now time.Time) error {
	h := make(nats.Header, len(it.msg.Headers())+5)
	for k, v := range it.msg.Headers() {
		if !strings.HasPrefix(k, "Nats-") { // those are about the stream it was in
			h[k] = v
		}
	}
	text := fmt.Sprint(cause)
	if len(text) > maxDeadError {
		text = text[:maxDeadError]
	}
	h[hdrDeadReason] = []string{escape(reason)}
	h[hdrDeadError] = []string{escapeAll(text)}
	h[hdrDeadAttempts] = []string{strconv.Itoa(it.Attempt)}
	h[hdrDeadAt] = []string{strconv.FormatInt(now.UnixMilli(), 10)}
	// The stream's sequence is part of the id: a dead letter that is sent again and fails again
	// is another one, however soon.
	h[hdrMsgID] = []string{fmt.Sprintf("%s@%d", h.Get(hdrID), it.seq)}
	return b.pub.one(ctx, &nats.Msg{
		Subject: deadSubject(it.msg.Subject()),
		Header:  h,
		Data:    it.msg.Data(),
	})
}

// deadLetter reads a stored one. What cannot be read stays zero: it may be why it is here.
func (s *Stream) deadLetter(m *jetstream.RawStreamMsg) *DeadLetter {
	d := &DeadLetter{Seq: m.Sequence, blobs: s.cfg.Blobs}
	d.Message, _ = decode(m.Header, m.Data)
	if !d.Kind.known() {
		if p := strings.Split(m.Subject, "."); len(p) == 3 {
			d.Kind = Kind(p[1])
			d.ProjectID, _ = strconv.ParseInt(p[2], 10, 64)
		}
	}
	d.Reason = unescape(m.Header.Get(hdrDeadReason))
	d.Error = unescape(m.Header.Get(hdrDeadError))
	d.Attempts, _ = strconv.Atoi(m.Header.Get(hdrDeadAttempts))
	d.At = m.Time.UTC()
	if ms, err := strconv.ParseInt(m.Header.Get(hdrDeadAt), 10, 64); err == nil {
		d.At = time.UnixMilli(ms).UTC()
	}
	return d
}

func (d *DeadLetters) stream(ctx context.Context) (jetstream.Stream, *broker, error) {
	if d.s.cfg.Role == RoleRelay {
		return nil, nil, fmt.Errorf("dead letters: the role %s has none", d.s.cfg.Role)
	}
	b, err := d.s.main(ctx)
	if err != nil {
		return nil, nil, err
	}
	st, err := b.js.Stream(ctx, deadStream)
	if err != nil {
		return nil, nil, fmt.Errorf("dead letters: %w: %w", ErrUnavailable, err)
	}
	return st, b, nil
}

// List gives up to limit (at most 100) dead letters after the one numbered after, oldest first,
// without their bodies.
func (d *DeadLetters) List(ctx context.Context, after uint64, limit int) ([]*DeadLetter, error) {
	st, _, err := d.stream(ctx)
	if err != nil {
		return nil, err
	}
	var list []*DeadLetter
	for range min(max(limit, 1), 100) {
		m, err := st.GetMsg(ctx, after+1, jetstream.WithGetMsgSubject(deadSubjects))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("list dead letters: %w", err)
		}
		l := d.s.deadLetter(m)
		l.Body = nil
		list = append(list, l)
		after = m.Sequence
	}
	return list, nil
}

// Get gives one dead letter; [ErrNotFound] if there is none of that number.
func (d *DeadLetters) Get(ctx context.Context, seq uint64) (*DeadLetter, error) {
	_, _, m, err := d.get(ctx, seq)
	if err != nil {
		return nil, err
	}
	return d.s.deadLetter(m), nil
}

func (d *DeadLetters) get(ctx context.Context, seq uint64) (jetstream.Stream, *broker, *jetstream.RawStreamMsg, error) {
	st, b, err := d.stream(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	if seq == 0 {
		return nil, nil, nil, ErrNotFound
	}
	m, err := st.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil, nil, fmt.Errorf("%d: %w", seq, ErrNotFound)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("get dead letter %d: %w", seq, err)
	}
	return st, b, m, nil
}

// Resend puts a dead letter back on the stream as it was, under its own ingest id, and takes it
// off the dead letters once that is acknowledged. If it fails again it becomes a new one.
func (d *DeadLetters) Resend(ctx context.Context, seq uint64) error {
	st, b, m, err := d.get(ctx, seq)
	if err != nil {
		return err
	}
	h := make(nats.Header, len(m.Header))
	for k, v := range m.Header {
		if !strings.HasPrefix(k, "Nats-") && !strings.HasPrefix(k, "Hs-Dead-") {
			h[k] = v
		}
	}
	// Under the id it came with, the stream might still know it and store nothing. Two calls at
	// once for the same dead letter do share an id.
	h[hdrMsgID] = []string{fmt.Sprintf("%s~%d", h.Get(hdrID), seq)}
	again := &nats.Msg{Subject: "ingest." + strings.TrimPrefix(m.Subject, "dead.") + ".0", Header: h, Data: m.Data}
	if err := b.pub.one(ctx, again); err != nil {
		return fmt.Errorf("resend dead letter %d: %w", seq, err)
	}
	if err := st.DeleteMsg(ctx, seq); err != nil && !gone(err) {
		return fmt.Errorf("dead letter %d was sent again but is still listed: %w", seq, err)
	}
	return nil
}

// Drop deletes a dead letter and its blob, for good.
func (d *DeadLetters) Drop(ctx context.Context, seq uint64) error {
	st, _, m, err := d.get(ctx, seq)
	if err != nil {
		return err
	}
	if err := st.DeleteMsg(ctx, seq); err != nil && !gone(err) {
		return fmt.Errorf("drop dead letter %d: %w", seq, err)
	}
	d.s.dropBlob(ctx, m.Header.Get(hdrBlob))
	return nil
}

// gone: another call deleted it first.
func gone(err error) bool {
	return errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful)
}
