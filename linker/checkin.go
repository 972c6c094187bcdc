package linker

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// checkInItem stores a report of a scheduled job.
func (m *message) checkInItem(_ context.Context, it *item) error {
	c, err := envelope.ParseCheckIn(it.payload)
	if err != nil {
		m.refuse(it, "invalid_check_in")
		return nil
	}
	if c.Status == "unknown" {
		m.refuse(it, "invalid_check_in_status")
		return nil
	}
	trace := c.TraceID
	if trace.IsZero() && m.header.Trace != nil {
		trace = m.header.Trace.TraceID
	}
	row := store.CheckIn{OrgID: m.OrgID, CheckInID: c.ID.String(), ProjectID: m.ProjectID, MonitorSlug: c.MonitorSlug,
		Environment: clip(c.Environment, maxShort), Status: c.Status, Release: clip(c.Release, maxShort), TraceID: text(trace.String()),
		StartedMS: m.w.ReceivedMS, UpdatedMS: m.w.ReceivedMS}
	if c.Duration != nil && *c.Duration < 1e9 {
		ms := int64(math.Round(*c.Duration * 1_000))
		row.DurationMS = &ms
		if c.Status != store.CheckInProgress {
			row.StartedMS -= ms
		}
	}
	w := store.CheckInWrite{ItemID: m.itemID(it.position).String(), CheckIn: row, Latest: c.ID.IsZero(), Monitor: m.monitor(it, c), Outcomes: m.accepted(it)}
	if w.Latest { // the run it makes when none is open
		w.CheckIn.CheckInID = w.ItemID
	}
	m.w.CheckIns = append(m.w.CheckIns, w)
	facts := dscFacts(m.header)
	facts.TraceID = trace
	if w.Latest {
		m.learn(facts)
		return nil
	}
	m.teach(linked{kind: store.ItemCheckIn, id: row.CheckInID, traceID: valueOf(row.TraceID), name: row.MonitorSlug, timeMS: row.StartedMS}, facts)
	return nil
}

// monitor is what the check-in says of its job; nil without a valid schedule.
func (m *message) monitor(it *item, c *envelope.CheckIn) *store.Monitor {
	if c.MonitorConfig == nil || !validSchedule(c.MonitorConfig) {
		return nil
	}
	return &store.Monitor{ProjectID: m.ProjectID, Slug: c.MonitorSlug, OrgID: m.OrgID, Config: clip(string(c.MonitorConfig.Raw), 8<<10),
		ConfigMS: m.w.ReceivedMS, CreatedMS: m.w.ReceivedMS, ID: m.itemID(it.position).String(), Status: store.MonitorActive, Owner: c.MonitorConfig.Owner}
}

// validSchedule says whether a monitor's schedule can be one.
func validSchedule(c *envelope.MonitorConfig) bool {
	switch c.ScheduleType {
	case "crontab":
		return strings.HasPrefix(c.Crontab, "@") || len(strings.Fields(c.Crontab)) == 5
	case "interval":
		return c.Interval > 0 && slices.Contains([]string{"year", "month", "week", "day", "hour", "minute"}, c.Unit)
	}
	return false
}
