package linker

import (
	"context"
	"fmt"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/store"
)

// Bounds of text columns, in bytes.
const (
	maxShort = 200
	maxLong  = 1_000
)

// transactionItem handles an item of a transaction message; what is not the transaction (its profile) is
// kept as it came.
func (m *message) transactionItem(ctx context.Context, it *item) error {
	switch {
	case it.Type == "transaction":
		return m.transaction(it)
	case it.Type == "span":
		return m.spanItem(ctx, it)
	}
	return m.otherItem(ctx, it)
}

// transaction stores a transaction as a segment span and its children, so that old and streamed traces
// read alike.
func (m *message) transaction(it *item) error {
	ev, err := envelope.ParseEvent(it.payload)
	if err != nil {
		m.refuse(it, "invalid_json")
		return nil
	}
	facts := m.eventFacts(ev)
	normalize.Event(ev, m.input())
	spans, dropped, ok := ev.TransactionSpans()
	if !ok {
		m.refuse(it, "invalid_transaction")
		return nil
	}
	segment := spans[0]
	if facts.Baggage == "" {
		facts.Baggage, facts.BaggageTrace = readBaggage(attributeList(segment.Attributes["http.request.header.baggage"]))
	}
	own := segmentContext{event: ev.EventID.String(), segment: segment.SpanID.String(), name: clip(segment.Name, maxLong),
		environment: clip(ev.Environment, maxShort), release: clip(ev.Release, maxShort), platform: clip(ev.Platform, maxShort), side: normalize.Side(ev)}
	ev.Spans = nil
	payload, err := ev.Encode()
	if err != nil {
		return fmt.Errorf("encode transaction: %w", err)
	}
	for i, s := range spans {
		row, err := m.spanRow(s, own)
		if err != nil {
			return err
		}
		row.IsSegment = i == 0
		w := store.SpanWrite{Span: row}
		if i == 0 {
			w.Outcomes = m.accepted(it)
			if w.Span.Payload, err = store.Compress(payload); err != nil {
				return err
			}
		}
		if i == 0 || s.SpanID != segment.SpanID {
			m.w.Spans = append(m.w.Spans, w)
		}
	}
	if dropped > 0 {
		m.w.Outcomes = append(m.w.Outcomes, m.spanOutcome(int64(dropped), store.OutcomeInvalid, "invalid_span"))
	}
	m.teach(linked{kind: store.ItemTransaction, id: own.event, traceID: segment.TraceID.String(), side: own.side, name: own.name,
		timeMS: segment.Start.UnixMilli()}, facts)
	return nil
}

func (m *message) spanOutcome(n int64, outcome, reason string) store.Outcome {
	return store.Outcome{MinuteMS: m.w.ReceivedMS, OrgID: m.OrgID, ProjectID: m.ProjectID, PublicKey: m.PublicKey,
		Category: "span", Outcome: outcome, Reason: reason, Quantity: n}
}

// segmentContext is what spans have from their transaction.
type segmentContext struct {
	event, segment, name           string
	environment, release, platform string
	side                           string
}

// input is what normalisation needs to know of the request.
func (m *message) input() normalize.Input {
	in := normalize.Input{EventID: m.eventID(), Received: m.Received, SentAt: m.header.SentAt, RemoteAddr: m.RemoteAddr,
		UserAgent: m.UserAgent, Client: m.Client, SDK: m.header.SDK, Agents: m.l.agents}
	if m.header.Trace != nil {
		in.ReplayID = m.header.Trace.ReplayID
	}
	return in
}
