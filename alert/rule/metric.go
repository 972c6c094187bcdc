package rule

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/hindsight-dev/hindsight/store"
)

// Metric is a number that is watched over a window that ends now.
type Metric struct {
	Dataset     string          `json:"dataset"`
	Aggregate   string          `json:"aggregate"`
	Query       string          `json:"query"`  // as typed
	Filter      store.Filter    `json:"filter"` // what it means
	WindowSec   int             `json:"window"`
	Below       bool            `json:"below,omitempty"` // too low is bad
	DeltaSec    int             `json:"delta,omitempty"` // compared with the window so long before, in percent
	Resolve     *float64        `json:"resolve,omitempty"`
	Triggers    []Trigger       `json:"triggers"`
	EventTypes  []string        `json:"eventTypes,omitempty"`
	Description string          `json:"description,omitempty"`
	Detection   string          `json:"detection,omitempty"`  // static, percent
	DataSource  string          `json:"dataSource,omitempty"` // dataset as the client named it
	Detector    bool            `json:"detector,omitempty"`   // made in the detectors form
	Conditions  json.RawMessage `json:"conditions,omitempty"` // of the detectors form, as sent
}

// Trigger is a threshold.
type Trigger struct {
	ID      int64    `json:"id"`
	Label   string   `json:"label"` // warning, critical
	At      float64  `json:"at"`
	Resolve *float64 `json:"resolve,omitempty"`
	OrEqual bool     `json:"orEqual,omitempty"`
	Do      []Action `json:"do"`
}

// States of a metric rule; the empty one is well.
const (
	Warning  = "warning"
	Critical = "critical"
)

func (m *Metric) validate() error {
	aggregates := map[string][]string{
		store.DatasetEvents: {store.AggregateCount, store.AggregateUsers},
		store.DatasetTransactions: {store.AggregateCount, store.AggregateAverage, store.AggregateP50, store.AggregateP75,
			store.AggregateP95, store.AggregateP99},
		store.DatasetLogs:     {store.AggregateCount},
		store.DatasetSessions: {store.AggregateCrashFree},
	}
	list, ok := aggregates[m.Dataset]
	if !ok {
		return invalid("dataset", "must be events, transactions, logs or sessions")
	}
	if !slices.Contains(list, m.Aggregate) {
		return invalid("aggregate", "of %s must be one of %v", m.Dataset, list)
	}
	if m.WindowSec < 60 || m.WindowSec > 24*60*60*30 {
		return invalid("timeWindow", "must be a minute to 30 days")
	}
	if len(m.Triggers) == 0 || len(m.Triggers) > 2 {
		return invalid("triggers", "must be critical, and perhaps warning")
	}
	for _, t := range m.Triggers {
		if t.Label != Warning && t.Label != Critical {
			return invalid("triggers", "have the label warning or critical")
		}
		if len(t.Do) > maxActions {
			return invalid("actions", "are too many: at most %d", maxActions)
		}
	}
	return nil
}

// Words says what is measured, as the subject of a sentence.
func (m *Metric) Words() string {
	words := map[[2]string]string{
		{store.DatasetEvents, store.AggregateCount}: "the number of errors", {store.DatasetEvents, store.AggregateUsers}: "the number of users with errors",
		{store.DatasetTransactions, store.AggregateCount}: "the number of transactions", {store.DatasetTransactions, store.AggregateP50}: "the median duration in ms",
		{store.DatasetTransactions, store.AggregateP75}: "the 75th percentile of durations in ms", {store.DatasetTransactions, store.AggregateP95}: "the 95th percentile of durations in ms",
		{store.DatasetTransactions, store.AggregateP99}: "the 99th percentile of durations in ms", {store.DatasetTransactions, store.AggregateAverage}: "the average duration in ms",
		{store.DatasetLogs, store.AggregateCount}: "the number of logs", {store.DatasetSessions, store.AggregateCrashFree}: "the percentage of crash-free sessions",
	}[[2]string{m.Dataset, m.Aggregate}]
	return cmp.Or(words, m.Aggregate+" of "+m.Dataset)
}

// Judge gives the state a value leads to from the state it had.
func (m *Metric) Judge(was string, v float64) string {
	state := ""
	for _, t := range m.Triggers {
		if m.over(v, t.At, t.OrEqual) && (state == "" || t.Label == Critical) {
			state = t.Label
		}
	}
	if state != "" || was == "" {
		return state
	}
	if m.Resolve != nil && m.over(v, *m.Resolve, false) { // not well enough to be called well again
		return was
	}
	return ""
}

func (m *Metric) over(v, limit float64, orEqual bool) bool {
	if v == limit {
		return orEqual
	}
	if m.Below {
		return v < limit
	}
	return v > limit
}
