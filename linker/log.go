package linker

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/store"
)

// Bounds of a log's texts, in bytes.
const maxLogBody = 64 << 10

// logItem stores a container of logs, each as a row. A container that cannot be read is dropped as a whole,
// as its count cannot be believed.
func (m *message) logItem(_ context.Context, it *item) error {
	parts, _, err := envelope.ParseContainer(it.ItemHeader, it.payload)
	if err != nil {
		m.refuse(it, "invalid_container")
		return nil
	}
	if len(parts) == 0 {
		m.outcome(it.Type, it.ItemHeader, int64(len(it.payload)), store.OutcomeAccepted, "")
	}
	// What of the container is no log (brackets, settings) counts with the first: the bytes that
	// came in are the bytes that are told.
	around := int64(len(it.payload))
	for _, p := range parts {
		around -= int64(len(p))
	}
	for i, p := range parts {
		one := 1
		size := int64(len(p)) + around
		around = 0
		h := it.ItemHeader
		h.ItemCount = &one
		row, a, ok := m.logRow(p)
		if !ok {
			m.outcome(it.Type, h, size, store.OutcomeInvalid, "invalid_log")
			continue
		}
		row.LogID = hashText(m.ID, strconv.Itoa(it.position), strconv.Itoa(i))
		if err := m.log(row, a, m.quantities(it.Type, h, size, store.OutcomeAccepted, "")); err != nil {
			return err
		}
	}
	return nil
}

// log adds a row, with what the log says about its replay.
func (m *message) log(row store.Log, a envelope.Attributes, outcomes []store.Outcome) error {
	trace, _ := envelope.ParseID(valueOf(row.TraceID)) // zero when it is none
	facts := attributeFacts(a, trace)
	for _, id := range facts.Attributes {
		if _, err := envelope.ParseID(id); err == nil && row.ReplayID == nil {
			row.ReplayID = text(clip(strings.ToLower(strings.ReplaceAll(id, "-", "")), maxShort))
		}
	}
	b, err := attributesJSON(a)
	if err != nil {
		return fmt.Errorf("attributes of log %s: %w", row.LogID, err)
	}
	if row.Attributes, err = store.Compress(b); err != nil {
		return err
	}
	m.mayBeSession(a, store.ItemLog, row.LogID, valueOf(row.TraceID))
	m.w.Logs = append(m.w.Logs, store.LogWrite{Log: row, Outcomes: outcomes})
	m.teach(linked{kind: store.ItemLog, id: row.LogID, traceID: valueOf(row.TraceID), level: row.Severity, side: row.Side,
		name: clip(row.Body, maxShort), timeMS: row.TimestampUS / 1_000}, facts)
	return nil
}

// attributesJSON writes attributes as they came, typed.
func attributesJSON(a envelope.Attributes) ([]byte, error) {
	type typed struct {
		Value json.RawMessage `json:"value"`
		Type  string          `json:"type"`
		Unit  string          `json:"unit,omitempty"`
	}
	out := make(map[string]typed, len(a))
	for k, v := range a {
		out[k] = typed{v.Value, v.Type, v.Unit}
	}
	return json.Marshal(out)
}

// logRow reads one log. It is refused without a trace and without a time.
func (m *message) logRow(b []byte) (store.Log, envelope.Attributes, bool) {
	var l struct {
		Timestamp  json.RawMessage `json:"timestamp"`
		TraceID    string          `json:"trace_id"`
		SpanID     string          `json:"span_id"`
		Level      string          `json:"level"`
		Severity   json.Number     `json:"severity_number"`
		Body       json.RawMessage `json:"body"`
		Attributes json.RawMessage `json:"attributes"`
	}
	if json.Unmarshal(b, &l) != nil {
		return store.Log{}, nil, false
	}
	trace, err := envelope.ParseID(l.TraceID)
	us, ok := timestampUS(l.Timestamp)
	if err != nil || !ok {
		return store.Log{}, nil, false
	}
	a, _ := envelope.ParseAttributes(l.Attributes) // what is no attribute is left out, the log stays
	row := m.newLog(a, us)
	row.TraceID = text(trace.String())
	span := l.SpanID
	if span == "" {
		span = a.Text("sentry.trace.parent_span_id")
	}
	if id, err := envelope.ParseSpanID(span); err == nil {
		row.SpanID = text(id.String())
	}
	number, _ := l.Severity.Int64() // 0 when not told
	row.Severity, row.SeverityNumber = severity(l.Level, number)
	row.Body = clip(textOf(l.Body), maxLogBody)
	return row, a, true
}

// newLog is a log with what its attributes say.
func (m *message) newLog(a envelope.Attributes, us int64) store.Log {
	sequence, _ := strconv.ParseInt(a.Text("sentry.timestamp.sequence"), 10, 64) // 0 when not told
	return store.Log{OrgID: m.OrgID, ProjectID: m.ProjectID, TimestampUS: us, Sequence: sequence, ReceivedMS: m.w.ReceivedMS,
		Environment: clip(a.Text("sentry.environment"), maxShort), Release: clip(a.Text("sentry.release"), maxShort),
		Side: normalize.SideOf(a.Text("sentry.platform"), m.spanSDK(a), a.Text("process.runtime.name"))}
}

// The six severities, with the first of the four numbers that OpenTelemetry gives each.
var severities = []struct {
	name   string
	number int64
}{{"trace", 1}, {"debug", 5}, {"info", 9}, {"warn", 13}, {"error", 17}, {"fatal", 21}}

// severity brings name and number together; either may be missing. A name that is not known stays.
func severity(name string, number int64) (string, int64) {
	name = clip(strings.ToLower(strings.TrimSpace(name)), maxShort)
	if name == "warning" {
		name = "warn"
	}
	if number < 0 || number > 24 {
		number = 0
	}
	for _, s := range severities {
		switch {
		case name == s.name && number == 0:
			return name, s.number
		case name == "" && number >= s.number && number < s.number+4:
			return s.name, number
		}
	}
	if name == "" {
		return "info", 9
	}
	return name, number
}

// timestampUS reads seconds, as a number or a text, or RFC 3339. The range is that of years people log in.
func timestampUS(raw json.RawMessage) (int64, bool) {
	s := textOf(raw)
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UnixMicro(), t.Year() >= 2000 && t.Year() < 2200
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 9e8 && f < 7e9) {
		return 0, false
	}
	return int64(f * 1e6), true
}

// textOf is a JSON text, or the JSON of another value as it stands.
func textOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
