package linker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/link"
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

// otherItem handles an item of a message without a kind of its own.
func (m *message) otherItem(ctx context.Context, it *item) error {
	switch it.Type {
	case "feedback":
		return m.feedbackItem(ctx, it)
	case "user_report":
		return m.userReport(ctx, it)
	case "check_in":
		return m.checkInItem(ctx, it)
	case "log":
		return m.logItem(ctx, it)
	case "otlp_traces":
		return m.otelTraces(ctx, it)
	case "otlp_logs":
		return m.otelLogs(ctx, it)
	}
	return m.rawItem(ctx, it)
}

// teachRaw reads the signals of an item that is kept raw. It is false for an item that is to be refused.
func (m *message) teachRaw(it *item, row *store.RawItem) bool {
	switch it.Type {
	case "trace_metric":
		parts, _, err := envelope.ParseContainer(it.ItemHeader, it.payload)
		if err != nil {
			m.refuse(it, "invalid_container")
			return false
		}
		facts := link.Facts{}
		for _, p := range parts {
			trace, a := readTelemetry(p)
			f := attributeFacts(a, trace)
			m.learn(f)
			if row.TraceID == nil {
				row.TraceID = text(trace.String())
				facts = f
			}
		}
		m.teachRow(it, row, facts)
	case "profile":
		if trace := profileTrace(it.payload); !trace.IsZero() {
			row.TraceID = text(trace.String())
		}
		m.teachRow(it, row, dscFacts(m.header))
	case "profile_chunk":
		m.teachRow(it, row, dscFacts(m.header))
	}
	return true
}

// teachRow makes a raw item one that links: under an id of its own, so that nothing else is meant by it.
func (m *message) teachRow(it *item, row *store.RawItem, f link.Facts) {
	row.EventID = text(m.itemID(it.position).String())
	m.teach(linked{kind: it.Type, id: *row.EventID, traceID: valueOf(row.TraceID), timeMS: m.w.ReceivedMS}, f)
}

// profileTrace gives the trace that a profile is of.
func profileTrace(b []byte) envelope.ID {
	type of struct {
		TraceID string `json:"trace_id"`
	}
	var p struct {
		Transaction  of   `json:"transaction"`
		Transactions []of `json:"transactions"`
	}
	if json.Unmarshal(b, &p) != nil {
		return envelope.ID{}
	}
	if p.Transaction.TraceID == "" && len(p.Transactions) > 0 {
		p.Transaction = p.Transactions[0]
	}
	trace, _ := envelope.ParseID(p.Transaction.TraceID) // zero when it is none
	return trace
}

// itemID is an id for an item without one: the same on every redelivery.
func (m *message) itemID(position int) (id envelope.ID) {
	sum := sha256.Sum256([]byte(m.ID + "#" + strconv.Itoa(position)))
	copy(id[:], sum[:])
	return id
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

func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
