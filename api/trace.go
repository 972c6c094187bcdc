package api

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// TracePath names a trace.
type TracePath struct {
	OrgPath
	Trace string `path:"trace"`
}

// TraceInput asks for a trace.
type TraceInput struct {
	TracePath
	FilterParams
	WindowParams
	Limit int `query:"limit" doc:"Spans at most; 10000 when not given."`
}

// TraceSpan is a span with what happened under it.
type TraceSpan struct {
	EventType            string             `json:"event_type" enum:"span"`
	EventID              string             `json:"event_id" doc:"The span's id."`
	TransactionID        string             `json:"transaction_id" doc:"The event id of its transaction, empty for a streamed span."`
	ProjectID            int64              `json:"project_id"`
	ProjectSlug          string             `json:"project_slug"`
	ParentSpanID         *string            `json:"parent_span_id"`
	StartTimestamp       float64            `json:"start_timestamp" doc:"Seconds."`
	EndTimestamp         float64            `json:"end_timestamp" doc:"Seconds."`
	Duration             float64            `json:"duration" doc:"Milliseconds."`
	Op                   string             `json:"op"`
	Name                 string             `json:"name"`
	Description          string             `json:"description"`
	Transaction          string             `json:"transaction"`
	IsTransaction        bool               `json:"is_transaction"`
	Status               string             `json:"status"`
	Side                 string             `json:"side" enum:"backend,frontend"`
	SDKName              string             `json:"sdk_name"`
	ProfileID            string             `json:"profile_id"`
	ProfilerID           string             `json:"profiler_id"`
	Measurements         map[string]float64 `json:"measurements"`
	AdditionalAttributes map[string]any     `json:"additional_attributes"`
	Children             []TraceSpan        `json:"children"`
	Errors               []TraceError       `json:"errors"`
	Occurrences          []TraceError       `json:"occurrences"`
}

// TraceError is an error of a trace.
type TraceError struct {
	EventType      string  `json:"event_type" enum:"error"`
	EventID        string  `json:"event_id"`
	ProjectID      int64   `json:"project_id"`
	ProjectSlug    string  `json:"project_slug"`
	StartTimestamp float64 `json:"start_timestamp"`
	EndTimestamp   float64 `json:"end_timestamp"`
	Transaction    string  `json:"transaction"`
	Description    string  `json:"description"`
	Level          string  `json:"level"`
	Side           string  `json:"side" enum:"backend,frontend"`
	IssueID        int64   `json:"issue_id"`
	Culprit        string  `json:"culprit"`
	ShortID        string  `json:"short_id"`
	IssueType      int     `json:"issue_type"`
}

// TraceItem is a root span, or an error that no span of the trace has.
type TraceItem struct {
	Span  *TraceSpan
	Error *TraceError
}

// Schema implements huma.SchemaProvider.
func (TraceItem) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[TraceSpan](), true, ""),
		r.Schema(reflect.TypeFor[TraceError](), true, ""),
	}}
}

// TraceMeta counts what a trace has.
type TraceMeta struct {
	ErrorsCount            int64             `json:"errorsCount"`
	LogsCount              int64             `json:"logsCount"`
	MetricsCount           int64             `json:"metricsCount"`
	PerformanceIssuesCount int64             `json:"performanceIssuesCount"`
	SpansCount             int64             `json:"spansCount"`
	TransactionChildCounts []TransactionSize `json:"transactionChildCountMap"`
	SpansCountMap          map[string]int64  `json:"spansCountMap"`
}

// TransactionSize is how many spans a transaction has.
type TransactionSize struct {
	EventID *string `json:"transaction.event_id"`
	Count   int64   `json:"count()"`
}

// StatsInput asks for what became of items over time.
type StatsInput struct {
	OrgPath
	WindowParams
	Project  []string `query:"project,explode"`
	GroupBy  []string `query:"groupBy,explode" doc:"outcome, category, reason, project"`
	Field    []string `query:"field,explode" doc:"sum(quantity), sum(times_seen)"`
	Interval string   `query:"interval" doc:"1m to 1d; others are rounded up."`
	Category []string `query:"category,explode"`
	Outcome  []string `query:"outcome,explode"`
	Reason   []string `query:"reason,explode"`
}

// Stats is the answer.
type Stats struct {
	Start     time.Time    `json:"start"`
	End       time.Time    `json:"end"`
	Intervals []time.Time  `json:"intervals"`
	Groups    []StatsGroup `json:"groups"`
}

// StatsGroup is one series; each has as many numbers as there are intervals.
type StatsGroup struct {
	By     map[string]any     `json:"by"`
	Totals map[string]int64   `json:"totals"`
	Series map[string][]int64 `json:"series"`
}

// SearchInput asks what an id is.
type SearchInput struct {
	OrgPath
	ID string `query:"id" required:"true" doc:"An event, trace, replay or span id, or a short id."`
}

// SearchHit is a thing with that id.
type SearchHit struct {
	Kind        string  `json:"kind" enum:"event,issue,trace,replay,span"`
	ID          string  `json:"id"`
	Title       string  `json:"title"`
	ProjectSlug *string `json:"projectSlug"`
	URL         string  `json:"url" doc:"Of the page in this server's UI, from the root."`
}

// SearchResult is what an id could be, the most likely first.
type SearchResult struct {
	Data []SearchHit `json:"data"`
}

// MarshalJSON implements json.Marshaler.
func (i TraceItem) MarshalJSON() ([]byte, error) {
	if i.Span != nil {
		return json.Marshal(i.Span)
	}
	return json.Marshal(i.Error)
}
