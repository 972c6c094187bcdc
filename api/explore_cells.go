package api

import (
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/explore"
	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/store"
)

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func ptrOrNil(s *string) any {
	if s == nil {
		return nil
	}
	return orNil(*s)
}

// event is an error's row. The cell of issue is its number; who shows it makes a short id of it.
func (s *source) event(e *store.Event) explore.Row {
	var tags map[string]string
	return func(column string) any {
		switch column {
		case "id", "event_id":
			return e.EventID
		case "timestamp":
			return at(e.TimestampMS)
		case "title", "message":
			return e.Title
		case "level":
			return orNil(e.Level)
		case "culprit":
			return orNil(e.Culprit)
		case "trace":
			return ptrOrNil(e.TraceID)
		case "span_id", "trace.span":
			return ptrOrNil(e.SpanID)
		case "project", "project.name":
			return s.set.slug(e.ProjectID)
		case "project.id":
			return e.ProjectID
		case "issue", "issue.id":
			return e.IssueID
		case "environment":
			return orNil(e.Environment)
		case "release":
			return orNil(e.Release)
		case "platform":
			return orNil(e.Platform)
		case "user":
			return orNil(e.UserKey)
		case "error.handled":
			return !e.Unhandled
		case "error.unhandled":
			return e.Unhandled
		case "event.type":
			return "error"
		case "side":
			return e.Side
		}
		if tags == nil {
			tags = store.TagsOf(e.Tags)
		}
		if column == "user.display" {
			for _, k := range []string{"@user.email", "@user.username", "@user.id", "@user.ip"} {
				if v := tags[k]; v != "" {
					return v
				}
			}
			return nil
		}
		if column == "transaction" && tags["transaction"] == "" {
			return orNil(e.Culprit)
		}
		return orNil(tags[search.TagKey(column)])
	}
}

// spanColumns are the columns of a span that need no look at its attributes.
var spanColumns = []string{"id", "span_id", "event_id", "parent_span", "span.op", "span.name", "span.description", "span.duration", "transaction.duration", "span.status", "trace",
	"transaction", "title", "is_transaction", "transaction.event_id", "transaction.span_id", "transaction.op", "timestamp", "precise.start_ts", "precise.finish_ts", "project",
	"project.name", "project.id", "environment", "release", "platform", "span.category", "side", "event.type", "level", "issue", "issue.id", "culprit"}

func (s *source) span(sp *store.Span) explore.Row {
	var attributes func(string) any
	return func(column string) any {
		switch column {
		case "id", "span_id":
			if column == "id" && s.dataset == "discover" {
				return ptrOrNil(sp.EventID)
			}
			return sp.SpanID
		case "parent_span":
			return ptrOrNil(sp.ParentSpanID)
		case "span.op":
			return orNil(sp.Op)
		case "span.name", "span.description":
			return orNil(sp.Name)
		case "span.duration":
			return float64(sp.EndUS-sp.StartUS) / 1000
		case "transaction.duration":
			if !sp.IsSegment {
				return nil
			}
			return float64(sp.EndUS-sp.StartUS) / 1000
		case "span.status":
			return orNil(sp.Status)
		case "trace":
			return sp.TraceID
		case "transaction", "title":
			return orNil(sp.SegmentName)
		case "is_transaction":
			return sp.IsSegment
		case "event_id", "transaction.event_id":
			return ptrOrNil(sp.EventID)
		case "transaction.span_id":
			return ptrOrNil(sp.SegmentID)
		case "transaction.op":
			if sp.IsSegment {
				return orNil(sp.Op)
			}
			return nil
		case "timestamp":
			return time.UnixMicro(sp.StartUS).UTC()
		case "precise.start_ts":
			return seconds(sp.StartUS)
		case "precise.finish_ts":
			return seconds(sp.EndUS)
		case "project", "project.name":
			return s.set.slug(sp.ProjectID)
		case "project.id":
			return sp.ProjectID
		case "environment":
			return orNil(sp.Environment)
		case "release":
			return orNil(sp.Release)
		case "platform":
			return orNil(sp.Platform)
		case "span.category":
			category, _, _ := strings.Cut(sp.Op, ".")
			return orNil(category)
		case "side":
			return sp.Side
		case "event.type":
			return "transaction"
		case "level", "issue", "issue.id", "culprit":
			return nil
		}
		if attributes == nil {
			attributes = attributesOf(sp.Payload, sp.IsSegment && sp.EventID != nil)
		}
		return attributes(column)
	}
}

// logColumns are the columns of a log that need no look at its attributes.
var logColumns = []string{"id", "sentry.item_id", "timestamp", "timestamp_precise", "observed_timestamp", "severity", "severity_number", "message", "log.body", "trace", "span_id",
	"trace.parent_span_id", "project", "project.name", "project.id", "environment", "release", "side", "replay.id", "replayId", "level", "payload_size"}

func (s *source) log(l *store.Log) explore.Row {
	var attributes func(string) any
	return func(column string) any {
		switch column {
		case "id", "sentry.item_id":
			return l.LogID
		case "timestamp":
			return time.UnixMicro(l.TimestampUS).UTC()
		case "observed_timestamp":
			return at(l.ReceivedMS)
		case "timestamp_precise":
			return l.TimestampUS * 1000
		case "severity", "level":
			return orNil(l.Severity)
		case "severity_number":
			return l.SeverityNumber
		case "message", "log.body":
			return l.Body
		case "payload_size":
			return int64(len(l.Body))
		case "trace":
			return ptrOrNil(l.TraceID)
		case "span_id", "trace.parent_span_id":
			return ptrOrNil(l.SpanID)
		case "project", "project.name":
			return s.set.slug(l.ProjectID)
		case "project.id":
			return l.ProjectID
		case "environment":
			return orNil(l.Environment)
		case "release":
			return orNil(l.Release)
		case "side":
			return l.Side
		case "replay.id", "replayId":
			return ptrOrNil(l.ReplayID)
		}
		if attributes == nil {
			attributes = attributesOf(l.Attributes, false)
		}
		return attributes(column)
	}
}
