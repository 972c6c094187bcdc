package relay

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/relay/filter"
)

// filter leaves out what the project does not want, with an outcome. The client hears nothing
// of it: its answer is 200 and an id (protocol.md §13).
func (q *request) filter(p *parcel) error {
	f := q.key.Rules.filter
	from := filter.Request{IP: q.client, UserAgent: q.r.UserAgent()}
	sender := f.Sender(from)
	var ofEvent filter.Reason // by which the event goes, and what belongs to it
	verdicts := make([]filter.Reason, len(p.items))
	for i := range p.items {
		it := &p.items[i]
		switch {
		case it.header.Type == "client_report":
		case sender != "":
			verdicts[i] = sender
		case f.Entries(it.header.Type) && envelope.IsContainer(it.header):
			if err := q.filterEntries(p, it); err != nil {
				return err
			}
		case shapeOf(it.header).json && envelope.BudgetOf(it.header) == envelope.BudgetEvent, it.header.Type == "session", it.header.Type == "sessions":
			b, err := it.payload.bytes()
			if err != nil {
				return err
			}
			if verdicts[i] = f.Item(it.header.Type, b, from); verdicts[i] != "" && belongsToEvent(it.header) {
				ofEvent = verdicts[i]
			}
		}
	}
	q.dropFiltered(p, verdicts, ofEvent)
	return nil
}

func (q *request) dropFiltered(p *parcel, verdicts []filter.Reason, ofEvent filter.Reason) {
	kept := p.items[:0]
	for i, it := range p.items {
		reason := verdicts[i]
		if reason == "" && belongsToEvent(it.header) {
			reason = ofEvent
		}
		switch {
		case it.emptied:
			continue // its entries have their outcomes
		case reason == "":
			kept = append(kept, it)
			continue
		}
		q.teach(p, &it)
		p.dropped = append(p.dropped, q.outcomesOf(it.header, it.payload.size, outcomeFiltered, string(reason))...)
	}
	p.items = kept
}

// filterEntries takes the logs or metrics out of a container that the project does not want.
func (q *request) filterEntries(p *parcel, it *item) error {
	release, err := q.reserveScrub(scrubCopies * it.payload.size)
	if err != nil {
		return err
	}
	defer release()
	b, err := it.payload.bytes()
	if err != nil {
		return err
	}
	items := gjson.GetBytes(b, "items")
	if !items.IsArray() {
		return nil
	}
	var kept bytes.Buffer
	left := 0
	count, size := map[filter.Reason]int{}, map[filter.Reason]int64{}
	items.ForEach(func(_, entry gjson.Result) bool {
		raw := b[entry.Index : entry.Index+len(entry.Raw)]
		if reason := q.key.Rules.filter.Entry(it.header.Type, raw); reason != "" {
			count[reason]++
			size[reason] += int64(len(raw))
			return true
		}
		if left++; left > 1 {
			kept.WriteByte(',')
		}
		kept.Write(raw)
		return true
	})
	if len(count) == 0 {
		return nil
	}
	for reason, n := range count {
		h := *it.header
		h.ItemCount = &n
		p.dropped = append(p.dropped, q.outcomesOf(&h, size[reason], outcomeFiltered, string(reason))...)
	}
	it.emptied = left == 0
	w := p.spool.begin()
	for _, part := range [][]byte{b[:items.Index], []byte("["), kept.Bytes(), []byte("]"), b[items.Index+len(items.Raw):]} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	p.spool.forget(&it.payload)
	it.payload = w.end()
	it.header.ItemCount = &left
	return nil
}

// belongsToEvent tells the items that go when the event of their envelope is filtered.
func belongsToEvent(h *envelope.ItemHeader) bool {
	t, _ := envelope.LookupItemType(h.Type)
	return t.NeedsEventID || h.Type == "replay_recording" || h.Type == "replay_video"
}
