package linker

import (
	"context"
	"math"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/store"
)

// sessionItem handles a session update or a server's session aggregates.
func (m *message) sessionItem(ctx context.Context, it *item) error {
	switch it.Type {
	case "session":
		m.session(it)
		return nil
	case "sessions":
		m.sessions(it)
		return nil
	}
	return m.rawItem(ctx, it)
}

// A session may be updated for five days; a clock may be a minute ahead. Outside of that nothing it says
// about time can be used.
const (
	sessionPastMS   = 5 * 24 * 3_600_000
	sessionFutureMS = 60_000
)

func (m *message) sessionTime(ms int64) bool {
	return ms >= m.w.ReceivedMS-sessionPastMS && ms <= m.w.ReceivedMS+sessionFutureMS
}

// sessionDrift is what has to be added to the times of a sender with a wrong clock, in milliseconds.
func (m *message) sessionDrift() int64 {
	return normalize.Drift(m.Received, m.header.SentAt).Milliseconds()
}

func (m *message) session(it *item) {
	s, err := envelope.ParseSession(it.payload)
	if err != nil {
		m.refuse(it, "invalid_session")
		return
	}
	row := store.ReleaseSession{ProjectID: m.ProjectID, SID: s.ID.String(), OrgID: m.OrgID, Seq: m.w.ReceivedMS, Status: string(s.Status),
		Errors: clamp(s.Errors), DID: clip(s.DistinctID, maxShort), Release: clip(s.Attributes.Release, maxShort),
		Environment: clip(s.Attributes.Environment, maxShort), StartedMS: s.Started.UnixMilli(), UpdatedMS: m.w.ReceivedMS}
	if !s.Timestamp.IsZero() {
		row.UpdatedMS = s.Timestamp.UnixMilli()
	}
	if s.Seq != nil {
		row.Seq = clamp(*s.Seq)
	}
	if s.Init {
		row.Seq = 0
	}
	if s.Duration != nil && *s.Duration >= 0 && *s.Duration < 1e9 {
		ms := int64(math.Round(*s.Duration * 1_000))
		row.DurationMS = &ms
	}
	row.StartedMS += m.sessionDrift()
	if !s.Timestamp.IsZero() {
		row.UpdatedMS += m.sessionDrift()
	}
	if !m.sessionTime(row.StartedMS) || !m.sessionTime(row.UpdatedMS) {
		m.refuse(it, "invalid_session_time")
		return
	}
	if row.SID == "" { // no later update can name it: its message stands for it
		row.SID = m.ID
	}
	m.w.Sessions = append(m.w.Sessions, store.SessionWrite{Session: row, Outcomes: m.accepted(it)})
}

func (m *message) sessions(it *item) {
	s, err := envelope.ParseSessionAggregates(it.payload)
	if err != nil {
		m.refuse(it, "invalid_session")
		return
	}
	kept := false
	for _, a := range s.Aggregates {
		started := a.Started.UnixMilli() + m.sessionDrift()
		if !m.sessionTime(started) {
			continue
		}
		kept = true
		m.w.SessionCounts = append(m.w.SessionCounts, store.ReleaseSessionCount{ProjectID: m.ProjectID, OrgID: m.OrgID,
			Release: clip(s.Attributes.Release, maxShort), Environment: clip(s.Attributes.Environment, maxShort),
			StartedMS: started - started%60_000, Exited: clamp(a.Exited), Errored: clamp(a.Errored), Abnormal: clamp(a.Abnormal),
			Unhandled: clamp(a.Unhandled), Crashed: clamp(a.Crashed)})
	}
	if !kept {
		m.refuse(it, "invalid_session_time")
		return
	}
	m.w.Outcomes = append(m.w.Outcomes, m.accepted(it)...)
}

// clamp keeps a client's number within what sums can bear.
func clamp(n uint64) int64 { return int64(min(n, 1<<40)) }
