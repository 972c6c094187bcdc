package linker

import (
	"context"
	"fmt"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

// Bounds on the words of client reports: they become rows.
const (
	maxReportEntries = 1_000
	maxReportWord    = 64
)

// reportItem counts what others say became of items: a client's report of what it never sent, or the
// edge's own outcomes.
func (m *message) reportItem(ctx context.Context, it *item) error {
	switch {
	case it.Type == stream.ItemOutcomes && m.ProjectID == 0: // no client can send this: its messages have a project
		os, err := stream.ParseOutcomes(it.payload)
		if err != nil {
			return stream.Permanent("outcomes", fmt.Errorf("outcomes of the edge: %w", err))
		}
		for _, o := range os {
			m.w.Outcomes = append(m.w.Outcomes, store.Outcome{MinuteMS: o.Minute * 1_000, OrgID: o.OrgID, ProjectID: o.ProjectID,
				PublicKey: o.PublicKey, Category: o.Category, Outcome: o.Outcome, Reason: o.Reason, Quantity: o.Quantity})
		}
		return nil
	case it.Type == stream.ItemPairs: // the edge lets no client send this
		return m.pairs(it)
	case it.Type == "client_report":
		m.clientReport(it)
		return nil
	}
	return m.otherItem(ctx, it)
}

// pairs learns what the edge read off items that it dropped: which replay a trace belongs to.
func (m *message) pairs(it *item) error {
	ps, err := stream.ParsePairs(it.payload)
	if err != nil {
		return stream.Permanent("pairs", fmt.Errorf("pairs of the edge: %w", err))
	}
	for _, p := range ps {
		if p.Trace.IsZero() || p.Replay.IsZero() {
			continue
		}
		source := link.TraceBridge
		if p.Source == stream.PairTraceIDs {
			source = link.TraceIDs
		}
		m.w.Traces = append(m.w.Traces, m.pair(p.Trace.String(), p.Replay.String(), source))
	}
	return nil
}

func (m *message) clientReport(it *item) {
	r, err := envelope.ParseClientReport(it.payload)
	if err != nil {
		m.w.Outcomes = append(m.w.Outcomes, store.Outcome{MinuteMS: m.w.ReceivedMS, OrgID: m.OrgID, ProjectID: m.ProjectID,
			PublicKey: m.PublicKey, Category: "internal", Outcome: store.OutcomeInvalid, Reason: "invalid_client_report", Quantity: 1})
		return
	}
	minute := m.w.ReceivedMS
	// An old report is filed when it happened; a clock that is far off is not believed.
	if t := r.Timestamp; !t.IsZero() && t.Before(m.Received) && m.Received.Sub(t) < 24*time.Hour {
		minute = t.UnixMilli()
	}
	for _, list := range []struct {
		entries []envelope.DiscardedEvents
		outcome string
	}{
		{r.Discarded, store.OutcomeClientDiscard}, {r.RateLimited, store.OutcomeRateLimited},
		{r.Filtered, store.OutcomeFiltered}, {r.FilteredBySampling, store.OutcomeFiltered},
	} {
		for _, d := range list.entries[:min(len(list.entries), maxReportEntries)] {
			m.w.Outcomes = append(m.w.Outcomes, store.Outcome{MinuteMS: minute, OrgID: m.OrgID, ProjectID: m.ProjectID, PublicKey: m.PublicKey,
				Category: clip(d.Category, maxReportWord), Outcome: list.outcome, Reason: clip(d.Reason, maxReportWord),
				Quantity: min(d.Quantity, 1<<40)})
		}
	}
}
