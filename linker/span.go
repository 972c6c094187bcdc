package linker

import (
	"context"
	"fmt"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/store"
)

// spanItem handles an item of a span message: a container of streamed spans, or one legacy span.
func (m *message) spanItem(ctx context.Context, it *item) error {
	if it.Type != "span" {
		return m.rawItem(ctx, it)
	}
	if !envelope.IsContainer(&it.ItemHeader) {
		old, err := envelope.ParseLegacySpan(it.payload)
		if err != nil {
			m.refuse(it, "invalid_span")
			return nil
		}
		return m.span(old.Span(), m.accepted(it), func() { m.refuse(it, "invalid_span") })
	}
	parts, _, err := envelope.ParseContainer(it.ItemHeader, it.payload)
	if err != nil {
		m.refuse(it, "invalid_container")
		return nil
	}
	for _, p := range parts {
		one := 1
		h := it.ItemHeader
		h.ItemCount = &one
		refuse := func() { m.outcome(it.Type, h, int64(len(p)), store.OutcomeInvalid, "invalid_span") }
		s, err := envelope.ParseSpanV2(p)
		if err != nil {
			refuse()
			continue
		}
		if err := m.span(s, m.quantities(it.Type, h, int64(len(p)), store.OutcomeAccepted, ""), refuse); err != nil {
			return err
		}
	}
	return nil
}

// span stores a span that came by itself. Only segments are linked; every span teaches.
func (m *message) span(s *envelope.Span, accepted []store.Outcome, refuse func()) error {
	if s.TraceID.IsZero() || s.SpanID.IsZero() || s.Start.IsZero() || s.End.IsZero() {
		refuse()
		return nil
	}
	a := s.Attributes
	own := segmentContext{segment: s.SegmentID.String(), name: clip(s.SegmentName(), maxLong),
		environment: clip(a.Text("sentry.environment"), maxShort), release: clip(a.Text("sentry.release"), maxShort),
		platform: clip(a.Text("sentry.platform"), maxShort)}
	own.side = normalize.SideOf(own.platform, m.spanSDK(a), a.Text("process.runtime.name"))
	row, err := m.spanRow(s, own)
	if err != nil {
		return err
	}
	row.IsSegment = s.IsSegment
	m.w.Spans = append(m.w.Spans, store.SpanWrite{Span: row, Outcomes: accepted})
	facts := m.spanFacts(a, s.TraceID)
	if !s.IsSegment {
		m.learn(facts)
		return nil
	}
	m.mayBeSession(a, store.ItemSpan, row.SpanID, row.TraceID)
	m.teach(linked{kind: store.ItemSpan, id: row.SpanID, traceID: row.TraceID, side: row.Side, name: row.Name,
		timeMS: s.Start.UnixMilli()}, facts)
	return nil
}

func (m *message) spanSDK(a envelope.Attributes) string {
	if n := a.Text("sentry.sdk.name"); n != "" {
		return n
	}
	if m.header.SDK != nil {
		return m.header.SDK.Name
	}
	return ""
}

func (m *message) spanRow(s *envelope.Span, own segmentContext) (store.Span, error) {
	s.Mend()
	b, err := s.Encode()
	if err != nil {
		return store.Span{}, fmt.Errorf("encode span %s: %w", s.SpanID, err)
	}
	payload, err := store.Compress(b)
	if err != nil {
		return store.Span{}, err
	}
	return store.Span{OrgID: m.OrgID, TraceID: s.TraceID.String(), SpanID: s.SpanID.String(), ProjectID: m.ProjectID,
		ParentSpanID: text(s.ParentSpanID.String()), SegmentID: text(own.segment), EventID: text(own.event),
		Op: clip(s.Op, maxShort), Name: clip(s.Name, maxLong), Status: clip(s.Status, maxShort), SegmentName: own.name,
		Environment: own.environment, Release: own.release, Platform: own.platform, Side: own.side,
		StartUS: s.Start.UnixMicro(), EndUS: s.End.UnixMicro(), ReceivedMS: m.w.ReceivedMS, Payload: payload}, nil
}
