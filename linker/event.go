package linker

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/store"
)

// eventItem handles an item of an event message; its attachments are in the blob store already.
func (m *message) eventItem(ctx context.Context, it *item) error {
	switch it.Type {
	case "event":
		return m.event(ctx, it)
	case "transaction":
		return m.transaction(it)
	}
	return m.otherItem(ctx, it)
}

// event stores an error or message with its issue.
func (m *message) event(ctx context.Context, it *item) error { return m.eventOf(ctx, it, nil) }

// eventOf stores an event; told, when not nil, is what else is known of its replay, and the event has an id
// of its own then, whatever the envelope's is.
func (m *message) eventOf(ctx context.Context, it *item, told *link.Facts) error {
	ev, err := envelope.ParseEvent(it.payload)
	if err != nil {
		m.refuse(it, "invalid_json")
		return nil
	}
	if ev.Type == "transaction" { // the store endpoint makes everything an event item
		it.Type = "transaction"
		return m.transaction(it)
	}
	facts := m.eventFacts(ev) // before anything is written over
	in := m.input()
	if told != nil {
		in.EventID = ev.EventID
		facts.Attributes, facts.Buffering = told.Attributes, told.Buffering
		if facts.Baggage == "" {
			facts.Baggage, facts.BaggageTrace = told.Baggage, told.BaggageTrace
		}
	}
	if in.EventID.IsZero() && ev.EventID.IsZero() {
		in.EventID = m.madeID()
	}
	normalize.Event(ev, in)
	trace := ev.TraceID()
	if trace.IsZero() && m.header.Trace != nil {
		trace = m.header.Trace.TraceID
	}
	if trace.IsZero() {
		trace = m.receivedTrace(ev)
	}
	facts.TraceID = trace
	wanted := m.symbolicate(ctx, ev) // before it is grouped: by the names that people wrote
	w, err := m.write(ev, trace)
	if err != nil {
		return err
	}
	w.Wanted, w.Outcomes = wanted, m.accepted(it)
	row := w.Event
	m.w.Events = append(m.w.Events, *w)
	m.hint(ev, &row)
	if m.ExpectsReplay && !trace.IsZero() {
		m.expect(trace)
	}
	m.teach(linked{kind: store.ItemEvent, id: row.EventID, traceID: trace.String(), level: row.Level, side: row.Side,
		name: row.Title, timeMS: row.TimestampMS}, facts)
	return nil
}

// write groups a normalised event whose frames are mapped, and gives what is stored of it.
func (m *message) write(ev *envelope.Event, trace envelope.ID) (*store.EventWrite, error) {
	g := m.rules.Group(ev)
	row, err := m.eventRow(ev, trace, g)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", ev.EventID, err)
	}
	metadata, err := json.Marshal(g.Metadata)
	if err != nil {
		return nil, fmt.Errorf("event %s: metadata: %w", ev.EventID, err)
	}
	assign := m.l.groupers.assignment(m.ProjectID)
	return &store.EventWrite{Event: row, Hashes: g.Hashes, Older: g.Older, Algorithm: g.Algorithm, Tags: searchTags(ev), Marks: searchMarks(ev),
		Owners: owners(assign.rules, ev), Suspects: assign.suspectPaths(ev),
		Issue: store.Issue{Type: g.Type, Title: row.Title, Culprit: row.Culprit, Logger: clip(ev.Logger, maxShort), Metadata: string(metadata)}}, nil
}

// receivedTrace is the trace that the event's request asked to continue. An SDK that could not read the baggage beside
// it may have dropped the trace: sentry-go does, when browser SDK 8 sends "undefined" for an empty baggage.
func (m *message) receivedTrace(ev *envelope.Event) envelope.ID {
	if st, ok := envelope.ParseSentryTrace(ev.Request.Header("sentry-trace")); ok {
		return st.TraceID
	}
	return m.TraceID
}

// madeID is an event id for an event without one: the same on every redelivery.
func (m *message) madeID() (id envelope.ID) {
	sum := sha256.Sum256([]byte(m.ID))
	copy(id[:], sum[:])
	return id
}

func (m *message) eventRow(ev *envelope.Event, trace envelope.ID, g grouping.Result) (store.Event, error) {
	b, err := ev.Encode()
	if err != nil {
		return store.Event{}, fmt.Errorf("encode: %w", err)
	}
	payload, err := store.Compress(b)
	if err != nil {
		return store.Event{}, err
	}
	return store.Event{ProjectID: m.ProjectID, EventID: ev.EventID.String(), OrgID: m.OrgID, Level: clip(ev.Level, maxShort),
		Platform: clip(ev.Platform, maxShort), Title: clip(g.Title, maxLong), Culprit: clip(g.Culprit, maxLong),
		TimestampMS: ev.Timestamp.UnixMilli(), ReceivedMS: m.w.ReceivedMS, TraceID: text(trace.String()),
		SpanID: spanText(ev, "span_id"), ParentSpanID: spanText(ev, "parent_span_id"),
		Environment: clip(ev.Environment, maxShort), Release: clip(ev.Release, maxShort),
		UserKey: clip(normalize.UserKey(ev.User), maxShort), Unhandled: ev.Unhandled(), Side: normalize.Side(ev),
		ExpectsReplay: m.ExpectsReplay, Payload: payload}, nil
}

// spanText gives a span id of contexts.trace, nil when it is none.
func spanText(ev *envelope.Event, member string) *string {
	id, err := envelope.ParseSpanID(ev.Contexts.Text("trace", member))
	if err != nil {
		return nil
	}
	return text(id.String())
}
