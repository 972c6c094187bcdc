package linker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// reasonRaw is the outcome's reason of items that are stored as they came.
const reasonRaw = "kept raw"

// rawItem keeps an item as it came: a type without a table of its own yet, known or not. What it says
// about traces and replays is learned all the same.
func (m *message) rawItem(ctx context.Context, it *item) error {
	row := store.RawItem{MessageID: m.ID, Position: it.position, OrgID: m.OrgID, ProjectID: m.ProjectID, Type: clip(it.Type, maxShort),
		EventID: text(m.eventID().String()), Header: clip(string(it.Raw()), maxHeader), Size: int64(len(it.payload)), ReceivedMS: m.w.ReceivedMS}
	if m.header.Trace != nil {
		row.TraceID = text(m.header.Trace.TraceID.String())
	}
	if ok := m.teachRaw(it, &row); !ok {
		return nil
	}
	if err := m.keepRaw(ctx, it, &row); err != nil {
		return fmt.Errorf("keep raw: %w", err)
	}
	m.w.RawItems = append(m.w.RawItems, row)
	m.outcome(it.Type, it.ItemHeader, int64(len(it.payload)), store.OutcomeAccepted, reasonRaw)
	return nil
}

// maxRawRow is how long a payload may be to stay in its row, in bytes; longer ones become blobs.
const maxRawRow = 256 << 10

func (m *message) keepRaw(ctx context.Context, it *item, row *store.RawItem) (err error) {
	if len(it.payload) <= maxRawRow {
		row.Payload, err = store.Compress(it.payload)
		return err
	}
	row.Blob = m.blobKey("item", fmt.Sprintf("%s-%d", strings.ReplaceAll(m.ID, ":", "-"), it.position))
	return m.l.cfg.Blobs.Put(ctx, row.Blob, bytes.NewReader(it.payload), int64(len(it.payload)))
}

// maxHeader bounds an item's header as it is kept, in bytes; the edge allows no longer one.
const maxHeader = 64 << 10

// teachRaw reads the signals of an item that is kept raw. It is false for an item that is to be refused.
func (m *message) teachRaw(it *item, row *store.RawItem) bool {
	switch it.Type {
	case "feedback":
		return m.feedback(it, row)
	case "check_in":
		c, err := envelope.ParseCheckIn(it.payload)
		if err != nil {
			m.refuse(it, "invalid_check_in")
			return false
		}
		row.EventID = text(c.ID.String())
		if !c.TraceID.IsZero() {
			row.TraceID = text(c.TraceID.String())
		}
		if row.EventID != nil {
			m.teach(linked{kind: store.ItemCheckIn, id: *row.EventID, traceID: deref(row.TraceID), timeMS: m.w.ReceivedMS}, dscFacts(m.header))
		}
	case "log", "trace_metric":
		parts, _, err := envelope.ParseContainer(it.ItemHeader, it.payload)
		if err != nil {
			m.refuse(it, "invalid_container")
			return false
		}
		for _, p := range parts {
			trace, a := readTelemetry(p)
			if row.TraceID == nil {
				row.TraceID = text(trace.String())
			}
			m.learn(attributeFacts(a, trace))
		}
	}
	return true
}

// feedback keeps what a person wrote; it names its replay itself.
func (m *message) feedback(it *item, row *store.RawItem) bool {
	if _, err := envelope.ParseFeedback(it.payload); err != nil {
		m.refuse(it, "invalid_feedback")
		return false
	}
	ev, err := envelope.ParseEvent(it.payload)
	if err != nil {
		m.refuse(it, "invalid_feedback")
		return false
	}
	if row.EventID == nil {
		row.EventID = text(ev.EventID.String())
	}
	facts := m.eventFacts(ev)
	if !facts.TraceID.IsZero() {
		row.TraceID = text(facts.TraceID.String())
	}
	if row.EventID == nil {
		m.learn(facts)
		return true
	}
	m.teach(linked{kind: store.ItemFeedback, id: *row.EventID, traceID: deref(row.TraceID), timeMS: m.w.ReceivedMS}, facts)
	return true
}

// readTelemetry reads the trace and the attributes of one log or metric; zero values where they cannot be read.
func readTelemetry(b []byte) (envelope.ID, envelope.Attributes) {
	var t struct {
		TraceID    string          `json:"trace_id"`
		Attributes json.RawMessage `json:"attributes"`
	}
	if json.Unmarshal(b, &t) != nil {
		return envelope.ID{}, nil
	}
	trace, _ := envelope.ParseID(t.TraceID)        // zero when it is none
	a, _ := envelope.ParseAttributes(t.Attributes) // nil when they are none
	return trace, a
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
