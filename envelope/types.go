package envelope

import "slices"

// ItemType is what is known of a type of item.
type ItemType struct {
	Name          string
	Budget        Budget
	Category      string // rate-limit category; "" where none applies
	CreatesEvent  bool   // becomes an event of its own
	NeedsEventID  bool   // the envelope gets an event id when its header has none
	RelayInternal bool   // never taken from a client: 400 "envelope contains internal items"
}

// ItemTypes lists every known type of item. Unknown types are legal everywhere.
func ItemTypes() []ItemType { return slices.Clone(itemTypes) }

// itemTypes is never changed.
var itemTypes = []ItemType{
	{Name: "event", Budget: BudgetEvent, Category: "error", CreatesEvent: true, NeedsEventID: true},
	{Name: "transaction", Budget: BudgetEvent, Category: "transaction", CreatesEvent: true, NeedsEventID: true},
	{Name: "security", Budget: BudgetEvent, Category: "security", CreatesEvent: true, NeedsEventID: true},
	{Name: "raw_security", Budget: BudgetEvent, Category: "security", CreatesEvent: true, NeedsEventID: true},
	{Name: "nel"},
	{Name: "unreal_report", Budget: BudgetAttachment, Category: "error", CreatesEvent: true, NeedsEventID: true},
	{Name: "form_data", Budget: BudgetEvent, NeedsEventID: true},
	{Name: "feedback", Budget: BudgetEvent, Category: "feedback", CreatesEvent: true, NeedsEventID: true},
	{Name: "user_report", Budget: BudgetAttachment, Category: "feedback", NeedsEventID: true},
	{Name: "attachment", Budget: BudgetAttachment, Category: "attachment", NeedsEventID: true},
	{Name: "session", Budget: BudgetSession, Category: "session"},
	{Name: "sessions", Budget: BudgetSession, Category: "session"},
	{Name: "client_report", Budget: BudgetClientReport},
	{Name: "replay_event", Budget: BudgetEvent, Category: "replay", NeedsEventID: true},
	{Name: "replay_recording", Budget: BudgetReplayRecording, Category: "replay"},
	{Name: "replay_video", Budget: BudgetReplayVideo, Category: "replay"},
	{Name: "profile", Budget: BudgetProfile, Category: "profile", NeedsEventID: true},
	{Name: "profile_chunk", Budget: BudgetProfile, Category: "profile_chunk"},
	{Name: "profile_chunk_ui", Budget: BudgetProfile, Category: "profile_chunk_ui"},
	{Name: "check_in", Budget: BudgetCheckIn, Category: "monitor"},
	{Name: "statsd", Budget: BudgetStatsd, Category: "metric_bucket"},
	{Name: "metric_buckets", Budget: BudgetMetricBuckets, Category: "metric_bucket"},
	{Name: "metric_meta"},
	{Name: "log", Budget: BudgetLog, Category: "log_item"},
	{Name: "otel_log", Category: "log_item"},
	{Name: "trace_metric", Budget: BudgetTraceMetric, Category: "trace_metric"},
	{Name: "span", Budget: BudgetSpan, Category: "span"}, // as a container: BudgetSpanContainer
	{Name: "otel_span", Budget: BudgetSpan, Category: "span"},
	{Name: "integration", RelayInternal: true},
}

// LookupItemType returns what is known of a type; false for an unknown one.
func LookupItemType(name string) (ItemType, bool) {
	for _, t := range itemTypes {
		if t.Name == name {
			return t, true
		}
	}
	return ItemType{}, false
}

// Category is the rate-limit category an item counts under, "" for none (client reports,
// unknown types). What else it counts under, and how often, says [Quantities].
func Category(itemType string, h ItemHeader) string {
	if itemType == "profile_chunk" && isUIPlatform(h.Platform) {
		return "profile_chunk_ui"
	}
	if itemType == "attachment" && makesEvent(h.AttachmentType) {
		return "error"
	}
	t, _ := LookupItemType(itemType)
	return t.Category
}

// CreatesEvent says whether an item becomes an event of its own, which takes its type and, for
// attachments, what is attached.
func CreatesEvent(itemType string, h ItemHeader) bool {
	if itemType == "attachment" {
		return makesEvent(h.AttachmentType)
	}
	t, _ := LookupItemType(itemType)
	return t.CreatesEvent
}

// makesEvent tells the attachments that are crashes.
func makesEvent(attachmentType string) bool {
	switch attachmentType {
	case "event.minidump", "event.applecrashreport", "event.payload", "event.breadcrumbs", "playstation.prosperodump":
		return true
	}
	return false
}

// isUIPlatform tells the platforms whose profiles are counted apart.
func isUIPlatform(platform string) bool {
	return platform == "cocoa" || platform == "android" || platform == "javascript"
}

// Quantity is how much of one category an item counts for.
type Quantity struct {
	Category string
	N        int64 // items; bytes for attachment and log_byte
}

// Quantities lists all an item of the given payload size counts for.
func Quantities(itemType string, h ItemHeader, size int64) []Quantity {
	items := int64(1)
	if h.ItemCount != nil && IsContainer(&h) {
		items = int64(*h.ItemCount)
	}
	switch category := Category(itemType, h); category {
	case "":
		return nil
	case "transaction":
		spans := int64(1)
		if h.SpanCount != nil {
			spans += int64(*h.SpanCount)
		}
		return []Quantity{{"transaction", 1}, {"transaction_indexed", 1}, {"span", spans}, {"span_indexed", spans}}
	case "attachment":
		return []Quantity{{"attachment", max(size, 1)}, {"attachment_item", 1}}
	case "profile":
		return []Quantity{{"profile", 1}, {"profile_indexed", 1}}
	case "log_item":
		return []Quantity{{"log_byte", size}, {"log_item", items}}
	case "span":
		return []Quantity{{"span", items}, {"span_indexed", items}}
	default:
		return []Quantity{{category, items}}
	}
}

// Categories lists the names of the category registry by number. Others must be tolerated.
func Categories() []string {
	return []string{
		"default", "error", "transaction", "security", "attachment", "session", "profile", "replay",
		"transaction_processed", "transaction_indexed", "monitor", "profile_indexed", "span",
		"monitor_seat", "feedback", "metric_bucket", "span_indexed", "profile_duration",
		"profile_chunk", "metric_second", "replay_video", "uptime", "attachment_item", "log_item",
		"log_byte", "profile_duration_ui", "profile_chunk_ui", "seer_autofix", "seer_scanner",
		"prevent_user", "prevent_review", "size_analysis", "installable_build", "trace_metric",
		"seer_user", "profile_backend", "profile_ui",
	}
}

// Content types that make an item a container, or an attachment one of a trace.
const (
	ContentTypeLogs            = "application/vnd.sentry.items.log+json"
	ContentTypeMetrics         = "application/vnd.sentry.items.trace-metric+json"
	ContentTypeSpans           = "application/vnd.sentry.items.span.v2+json"
	ContentTypeTraceAttachment = "application/vnd.sentry.trace-attachment"
	contentTypeAttachmentV2    = "application/vnd.sentry.attachment.v2"
)

// IsContainer says whether an item holds several logs, metrics or spans. The content type alone
// tells a span container from a legacy span.
func IsContainer(h *ItemHeader) bool {
	switch h.Type {
	case "log":
		return h.ContentType == ContentTypeLogs
	case "trace_metric":
		return h.ContentType == ContentTypeMetrics
	case "span":
		return h.ContentType == ContentTypeSpans
	}
	return false
}

// IsTraceAttachment says whether an attachment belongs to a span or trace, not to an event. Its
// payload is meta_length bytes of JSON, then the body.
func IsTraceAttachment(h *ItemHeader) bool {
	return h.Type == "attachment" && (h.ContentType == ContentTypeTraceAttachment || h.ContentType == contentTypeAttachmentV2)
}
