package linker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

// maxItem bounds an item that is held in memory: more than the edge lets through of any kind but
// attachments, which are streamed.
const maxItem = store.MaxPayload

// message is a delivery while it becomes rows.
type message struct {
	*stream.Delivery
	l      *Linker
	header *envelope.Header
	w      *store.Write
	refs   []store.ItemRef  // items whose links are judged after the commit
	rules  *grouping.Config // of its project

	wanting []wanting // uploads that would explain its events
}

// item is one item of a message, held in memory.
type item struct {
	envelope.ItemHeader
	position int
	payload  []byte
}

// decode reads a message and gives what it adds. An error that is permanent makes a dead letter; what a
// client got wrong is not an error but an outcome.
func (l *Linker) decode(ctx context.Context, kind stream.Kind, d *stream.Delivery) (*message, error) {
	m := &message{Delivery: d, l: l, w: &store.Write{MessageID: d.ID, ReceivedMS: d.Received.UnixMilli(), OrgID: d.OrgID}}
	body, err := d.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("open message %s: %w", d.ID, err)
	}
	defer body.Close() // only read
	items, err := m.read(ctx, body)
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", d.ID, err)
	}
	m.learn(dscFacts(m.header))
	if m.rules, err = l.groupers.of(ctx, d.OrgID, d.ProjectID); err != nil {
		return nil, fmt.Errorf("message %s: %w", d.ID, err)
	}
	switch kind {
	case stream.KindEvent:
		err = m.eachItem(ctx, items, m.eventItem)
	case stream.KindTransaction:
		err = m.eachItem(ctx, items, m.transactionItem)
	case stream.KindSpan:
		err = m.eachItem(ctx, items, m.spanItem)
	case stream.KindReplay:
		err = m.replayItems(ctx, items)
	case stream.KindSession:
		err = m.eachItem(ctx, items, m.sessionItem)
	case stream.KindReport:
		err = m.eachItem(ctx, items, m.reportItem)
	case stream.KindItem:
		err = m.eachItem(ctx, items, m.otherItem)
	default:
		err = stream.Permanent("unknown kind", fmt.Errorf("kind %q", kind))
	}
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", d.ID, err)
	}
	m.nameAttachments()
	return m, nil
}

func (m *message) eachItem(ctx context.Context, items []item, do func(context.Context, *item) error) error {
	for i := range items {
		if err := do(ctx, &items[i]); err != nil {
			return fmt.Errorf("item %d (%.40s): %w", items[i].position, items[i].Type, err)
		}
	}
	return nil
}

// read takes the envelope apart. Attachments go straight to the blob store: their blob is there before
// their row.
func (m *message) read(ctx context.Context, body io.Reader) ([]item, error) {
	r := envelope.NewReader(body, envelope.Limits{})
	h, err := r.Header()
	if err != nil {
		return nil, broken(err)
	}
	m.header = h
	var items []item
	for position := 0; ; position++ {
		ih, err := r.Next()
		if errors.Is(err, io.EOF) {
			return items, nil
		}
		if err != nil {
			return nil, broken(err)
		}
		if ih.Type == "attachment" && !envelope.IsTraceAttachment(ih) {
			if err := m.attachment(ctx, *ih, position, r); err != nil {
				return nil, err
			}
			continue
		}
		var buf bytes.Buffer
		n, err := buf.ReadFrom(io.LimitReader(r, maxItem+1))
		if err != nil {
			return nil, broken(err)
		}
		if n > maxItem {
			m.outcome(ih.Type, *ih, n, store.OutcomeInvalid, "too_large")
			continue
		}
		items = append(items, item{*ih, position, buf.Bytes()})
	}
}

// broken says that the message is no envelope, which no retry mends; other errors are the transport's.
func broken(err error) error {
	var parse *envelope.ParseError
	var limit *envelope.LimitError
	if errors.As(err, &parse) || errors.As(err, &limit) {
		return stream.Permanent("envelope", err)
	}
	return err
}

// quantities are the outcomes of an item, one per category it counts for.
func (m *message) quantities(itemType string, h envelope.ItemHeader, size int64, outcome, reason string) []store.Outcome {
	qs := envelope.Quantities(itemType, h, size)
	out := make([]store.Outcome, 0, len(qs))
	for _, q := range qs {
		out = append(out, store.Outcome{MinuteMS: m.w.ReceivedMS, OrgID: m.OrgID, ProjectID: m.ProjectID, PublicKey: m.PublicKey,
			Category: q.Category, Outcome: outcome, Reason: reason, Quantity: q.N})
	}
	return out
}

// outcome counts an item whose fate is known now.
func (m *message) outcome(itemType string, h envelope.ItemHeader, size int64, outcome, reason string) {
	m.w.Outcomes = append(m.w.Outcomes, m.quantities(itemType, h, size, outcome, reason)...)
}

// refuse counts an item that cannot be read.
func (m *message) refuse(it *item, reason string) {
	m.outcome(it.Type, it.ItemHeader, int64(len(it.payload)), store.OutcomeInvalid, reason)
}

func (m *message) accepted(it *item) []store.Outcome {
	return m.quantities(it.Type, it.ItemHeader, int64(len(it.payload)), store.OutcomeAccepted, "")
}

// eventID is the envelope's id, which wins over those in payloads.
func (m *message) eventID() envelope.ID {
	if !m.EventID.IsZero() {
		return m.EventID
	}
	return m.header.EventID
}

// linked is an item as its links describe it.
type linked struct {
	kind, id string
	issueID  *int64
	traceID  string
	level    string
	side     string
	name     string
	timeMS   int64
}

// teach records what an item says about its replay: a link for each replay it names and the pairs of
// trace and replay it teaches. The item's links are judged after the commit.
func (m *message) teach(it linked, f link.Facts) {
	m.refs = append(m.refs, store.ItemRef{OrgID: m.OrgID, Kind: it.kind, ID: it.id, TraceID: it.traceID})
	project := m.ProjectID
	for _, e := range link.Collect(f) {
		ms := it.timeMS
		m.w.Links = append(m.w.Links, store.ReplayLink{OrgID: m.OrgID, ItemKind: it.kind, ItemID: it.id, ReplayID: e.ReplayID.String(),
			ProjectID: &project, IssueID: it.issueID, TraceID: text(it.traceID), Level: text(it.level), Side: text(it.side),
			Name: text(it.name), TimeMS: &ms, Signals: int64(e.Signals), Flags: int64(e.Flags), CreatedMS: m.w.ReceivedMS})
	}
	m.learn(f)
}

// learn records the pairs alone, for what is not an item of its own.
func (m *message) learn(f link.Facts) {
	if m.OrgID == 0 {
		return
	}
	for _, e := range link.Collect(f) {
		for _, t := range e.Traces {
			m.w.Traces = append(m.w.Traces, m.pair(t.String(), e.ReplayID.String(), link.TraceBridge))
		}
	}
}

func (m *message) pair(trace, replay string, source link.Signals) store.ReplayTrace {
	return store.ReplayTrace{OrgID: m.OrgID, TraceID: trace, ReplayID: replay, Sources: int64(source),
		FirstMS: m.w.ReceivedMS, LastMS: m.w.ReceivedMS}
}

// dscFacts reads the envelope header's trace.
func dscFacts(h *envelope.Header) link.Facts {
	if h == nil || h.Trace == nil {
		return link.Facts{}
	}
	return link.Facts{DSC: h.Trace.ReplayID.String(), DSCTrace: h.Trace.TraceID}
}

// eventFacts reads an event's signals, before it is normalised.
func (m *message) eventFacts(ev *envelope.Event) link.Facts {
	f := dscFacts(m.header)
	f.TraceID = ev.TraceID()
	f.Context = ev.Contexts.Text("replay", "replay_id")
	for _, t := range ev.Tags {
		switch t.Key {
		case "replayId", "replay_id", "replay.id":
			f.Tags = append(f.Tags, t.Value)
		}
	}
	f.Baggage, f.BaggageTrace = m.BaggageReplayID.String(), m.BaggageTraceID
	if f.Baggage == "" {
		f.Baggage, f.BaggageTrace = readBaggage(ev.Request.Header("baggage"))
	}
	f.Feedback = ev.Contexts.Text("feedback", "replay_id")
	return f
}

// spanFacts reads a span's signals.
func (m *message) spanFacts(a envelope.Attributes, trace envelope.ID) link.Facts {
	f := attributeFacts(a, trace)
	d := dscFacts(m.header)
	f.DSC, f.DSCTrace = d.DSC, d.DSCTrace
	return f
}

func attributeFacts(a envelope.Attributes, trace envelope.ID) link.Facts {
	f := link.Facts{TraceID: trace, Buffering: a.Text("sentry._internal.replay_is_buffering") == "true"}
	for _, name := range []string{"sentry.replay_id", "replay_id", "sentry.replay.id", "sentry-replay_id"} {
		if v := a.Text(name); v != "" {
			f.Attributes = append(f.Attributes, v)
		}
	}
	f.Baggage, f.BaggageTrace = readBaggage(attributeList(a["http.request.header.baggage"]))
	return f
}

// attributeList reads an attribute that is a text or a list of texts: a header may come more than once.
func attributeList(a envelope.Attribute) string {
	var one string
	if json.Unmarshal(a.Value, &one) == nil {
		return one
	}
	var list []string
	if json.Unmarshal(a.Value, &list) == nil {
		return strings.Join(list, ",")
	}
	return ""
}

func readBaggage(s string) (replay string, trace envelope.ID) {
	if s == "" {
		return "", envelope.ID{}
	}
	b := envelope.ParseBaggage(s)
	trace, _ = envelope.ParseID(b.Get("sentry-trace_id")) // zero when it is none
	return b.Get("sentry-replay_id"), trace
}

// text gives nil for the empty string: a column that is not known.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
