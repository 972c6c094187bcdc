package linker

import (
	"context"
	"fmt"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/store"
)

// feedbackItem stores what a person wrote; it names its replay itself. Feedback makes no issue.
func (m *message) feedbackItem(_ context.Context, it *item) error {
	f, err := envelope.ParseFeedback(it.payload)
	if err != nil {
		m.refuse(it, "invalid_feedback")
		return nil
	}
	ev, err := envelope.ParseEvent(it.payload)
	if err != nil {
		m.refuse(it, "invalid_feedback")
		return nil
	}
	facts := m.eventFacts(ev) // before anything is written over
	in := m.input()
	if in.EventID.IsZero() && ev.EventID.IsZero() {
		in.EventID = m.itemID(it.position)
	}
	normalize.Event(ev, in)
	facts.TraceID = ev.TraceID()
	return m.feedback(it, f, ev, func(row *store.Feedback) {
		m.teach(linked{kind: store.ItemFeedback, id: row.EventID, traceID: valueOf(row.TraceID), side: row.Side,
			name: clip(row.Message, maxShort), timeMS: row.TimestampMS}, facts)
	})
}

// userReport stores the older form of feedback. It has no id of its own, and it is about an event.
func (m *message) userReport(_ context.Context, it *item) error {
	u, err := envelope.ParseUserReport(it.payload)
	if err != nil || u.Feedback().Message == "" {
		m.refuse(it, "invalid_user_report")
		return nil
	}
	ev := &envelope.Event{EventID: m.itemID(it.position), Timestamp: m.Received}
	return m.feedback(it, u.Feedback(), ev, func(row *store.Feedback) {
		m.refs = append(m.refs, store.ItemRef{OrgID: m.OrgID, Kind: store.ItemFeedback, ID: row.EventID})
	})
}

func (m *message) feedback(it *item, f *envelope.Feedback, ev *envelope.Event, teach func(*store.Feedback)) error {
	b, err := ev.Encode()
	if err != nil {
		return fmt.Errorf("feedback %s: %w", ev.EventID, err)
	}
	payload, err := store.Compress(b)
	if err != nil {
		return err
	}
	row := store.Feedback{OrgID: m.OrgID, EventID: ev.EventID.String(), ProjectID: m.ProjectID, TimestampMS: ev.Timestamp.UnixMilli(),
		Message: clip(f.Message, 4*4_096), Name: clip(f.Name, maxShort), ContactEmail: clip(f.ContactEmail, maxShort), URL: clip(f.URL, maxURL),
		Source: clip(f.Source, maxShort), AssociatedEventID: text(f.AssociatedEventID.String()), TraceID: text(ev.TraceID().String()),
		Environment: clip(ev.Environment, maxShort), Release: clip(ev.Release, maxShort), UserKey: clip(normalize.UserKey(ev.User), maxShort),
		Side: normalize.Side(ev), Payload: payload, ReceivedMS: m.w.ReceivedMS}
	m.w.Feedback = append(m.w.Feedback, store.FeedbackWrite{Feedback: row, Outcomes: m.accepted(it)})
	teach(&row)
	return nil
}
