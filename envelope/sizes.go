package envelope

// Budget is a group of item types that share one bound within an envelope.
type Budget int

// The budgets.
const (
	BudgetNone  Budget = iota // unknown types: bounded by the envelope alone
	BudgetEvent               // event, transaction, security, replay_event, feedback, …: one in all
	BudgetAttachment
	BudgetSession
	BudgetClientReport
	BudgetReplayRecording
	BudgetReplayVideo
	BudgetProfile
	BudgetCheckIn
	BudgetStatsd
	BudgetMetricBuckets
	BudgetLog
	BudgetTraceMetric
	BudgetSpanContainer
	BudgetSpan // single spans, as old browser SDKs send them
	budgets
)

// BudgetOf tells the budget of an item from its header.
func BudgetOf(h *ItemHeader) Budget {
	if h.Type == "span" && h.ContentType == ContentTypeSpans {
		return BudgetSpanContainer
	}
	t, _ := LookupItemType(h.Type)
	return t.Budget
}

// Sizes are the bounds per item type: bytes, or items per envelope. They are Relay's
// (relay-config, newest), see [DefaultSizes].
type Sizes struct {
	Event           int64 // sum over BudgetEvent
	Attachment      int64 // one attachment
	Attachments     int64 // sum over BudgetAttachment
	AttachmentCount int
	Replay          int64 // one recording or video, as sent
	Profile         int64
	CheckIn         int64
	ClientReports   int64 // sum
	ClientReportMax int
	Sessions        int64 // sum
	SessionMax      int
	Log             int64 // one log: average of its container
	TraceMetric     int64 // one metric: average of its container
	Span            int64 // one span; average of its container
	SpanMax         int   // single spans
	Container       int64 // one container
	Statsd          int64
}

// DefaultSizes returns Relay's bounds.
func DefaultSizes() *Sizes {
	const kib, mib = 1 << 10, 1 << 20
	return &Sizes{
		Event:           1 * mib,
		Attachment:      200 * mib,
		Attachments:     200 * mib,
		AttachmentCount: 30,
		Replay:          10 * mib,
		Profile:         50 * mib,
		CheckIn:         100 * kib,
		ClientReports:   100 * kib,
		ClientReportMax: 100,
		Sessions:        10 * mib,
		SessionMax:      100,
		Log:             2 * mib,
		TraceMetric:     1 * mib,
		Span:            10 * mib,
		SpanMax:         25,
		Container:       12 * mib,
		Statsd:          1 * mib,
	}
}

// limit is what one budget allows; zero fields are unbounded.
type limit struct {
	count int   // items
	total int64 // bytes of all items
	each  int64 // bytes of one item
	part  int64 // bytes of one of a container's parts, on average
}

func (s *Sizes) limit(b Budget) limit {
	switch b {
	case BudgetEvent:
		return limit{count: 1, total: s.Event}
	case BudgetAttachment:
		return limit{count: s.AttachmentCount, total: s.Attachments, each: s.Attachment}
	case BudgetSession:
		return limit{count: s.SessionMax, total: s.Sessions}
	case BudgetClientReport:
		return limit{count: s.ClientReportMax, total: s.ClientReports}
	case BudgetReplayRecording, BudgetReplayVideo:
		return limit{count: 1, each: s.Replay}
	case BudgetProfile:
		return limit{count: 1, each: s.Profile}
	case BudgetCheckIn:
		return limit{count: 1, each: s.CheckIn}
	case BudgetStatsd, BudgetMetricBuckets:
		return limit{count: 1, each: s.Statsd}
	case BudgetLog:
		return limit{count: 1, each: s.Container, part: s.Log}
	case BudgetTraceMetric:
		return limit{count: 1, each: s.Container, part: s.TraceMetric}
	case BudgetSpanContainer:
		return limit{count: 1, each: s.Container, part: s.Span}
	case BudgetSpan:
		return limit{count: s.SpanMax, each: s.Span}
	}
	return limit{}
}

// budget counts what an envelope has used of each budget.
type budget struct {
	used [budgets]struct {
		count int
		bytes int64
	}
}

// begin counts one more item; false when it is one too many.
func (u *budget) begin(b Budget, l limit) bool {
	u.used[b].count++
	return l.count == 0 || u.used[b].count <= l.count
}

// left is how many bytes the next item may have; -1 for no bound.
func (u *budget) left(b Budget, l limit) int64 {
	most := int64(-1)
	if l.total > 0 {
		most = l.total - u.used[b].bytes
	}
	if l.each > 0 && (most < 0 || l.each < most) {
		most = l.each
	}
	return most
}

// end counts the bytes of an item that was read; false when its parts are too large.
func (u *budget) end(b Budget, l limit, h *ItemHeader, size int64) bool {
	u.used[b].bytes += size
	parts := int64(1)
	if h.ItemCount != nil {
		parts = max(int64(*h.ItemCount), 1)
	}
	return l.part == 0 || size/parts <= l.part
}
