package relay

import (
	"crypto/rand"
	"errors"
	"io"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/tidwall/gjson"
)

// envelope is POST /api/{id}/envelope/.
func (q *request) envelope() error {
	b, err := q.body(q.rl.cfg.MaxEnvelope)
	if err != nil {
		return err
	}
	rd := q.reader(importReader(b, q.imported))
	h, err := rd.Header()
	if err != nil {
		return q.headerError(err, rd.Offset())
	}
	if q.imported != nil {
		q.importedHeader(h)
	} else if err := q.authorizeHeader(h); err != nil {
		return err
	}
	p := q.newParcel()
	p.header = h
	if err := q.cut(p, rd); err != nil {
		return err
	}
	if q.imported != nil {
		if err := q.importedParcel(p); err != nil {
			return err
		}
	}
	b.Close() // its window is somebody else's while this waits for the stream
	if err := q.accept(p); err != nil {
		return err
	}
	q.deadline(true)
	writeID(q.w, p.header.EventID)
	return nil
}

// reader cuts the envelope in b, with a buffer that others use after this request.
func (q *request) reader(b io.Reader) *envelope.Reader {
	pool := &q.rl.readers
	rd, _ := pool.Get().(*envelope.Reader)
	if rd == nil {
		rd = envelope.NewReader(b, envelope.Limits{Items: q.rl.cfg.MaxItems, Sizes: q.rl.cfg.Sizes})
	} else {
		rd.Reset(b)
	}
	q.onEnd(func() {
		rd.Reset(eofReader{}) // the request's body is not held any longer
		pool.Put(rd)
	})
	return rd
}

// headerError judges an envelope header that cannot be read. When it should have told who
// sends, that is what is missing.
func (q *request) headerError(err error, offset int64) error {
	var parse *envelope.ParseError
	switch {
	case !errors.As(err, &parse):
		return err
	case parse.Cause == envelope.CauseMissingHeader && offset == 0:
		return refuseEmpty()
	case q.auth == nil:
		return refuseEnvelopeAuth()
	}
	return err
}

// accept gives whole parcels an id, leaves out what quotas and filters drop, and publishes the rest.
func (q *request) accept(parcels ...*parcel) error {
	for _, p := range parcels {
		if err := identify(p); err != nil {
			return err
		}
	}
	if err := q.limit(parcels); err != nil {
		return err
	}
	for _, p := range parcels {
		if err := q.filter(p); err != nil {
			return err
		}
	}
	q.refund(parcels...)
	if err := q.publish(parcels...); err != nil {
		q.refund()
		return err
	}
	return nil
}

// identify gives the envelope an event id if an item needs one: the header's, else the one in
// the event's own payload, else a new one. The header's always wins over the payload's.
func identify(p *parcel) error {
	if !p.header.EventID.IsZero() {
		return nil
	}
	needed := false
	for i := range p.items {
		it := &p.items[i]
		if t, _ := envelope.LookupItemType(it.header.Type); !t.NeedsEventID {
			continue
		}
		needed = true
		if envelope.BudgetOf(it.header) != envelope.BudgetEvent {
			continue
		}
		b, err := it.payload.bytes()
		if err != nil {
			return err
		}
		if id, err := envelope.ParseID(gjson.GetBytes(b, "event_id").String()); err == nil {
			p.header.EventID = id
			return nil
		}
	}
	if needed {
		p.header.EventID = newEventID()
	}
	return nil
}

// newEventID makes a random UUID (version 4).
func newEventID() envelope.ID {
	var id envelope.ID
	rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
