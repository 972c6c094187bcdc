package api

import (
	"encoding/json"
	"time"
)

// Part is a browser, an operating system or an SDK: a name with a version.
type Part struct {
	Name    *string `json:"name"`
	Version *string `json:"version"`
}

// Device is what a replay was recorded on.
type Device struct {
	Name   *string `json:"name"`
	Brand  *string `json:"brand"`
	Family *string `json:"family"`
	Model  *string `json:"model"`
}

// ReplayUser is whose session it was.
type ReplayUser struct {
	ID          *string           `json:"id"`
	Username    *string           `json:"username"`
	Email       *string           `json:"email"`
	IP          *string           `json:"ip"`
	DisplayName *string           `json:"display_name"`
	Geo         map[string]string `json:"geo"`
}

// OTAUpdates are Expo's fields.
type OTAUpdates struct {
	Channel        *string `json:"channel"`
	RuntimeVersion *string `json:"runtime_version"`
	UpdateID       *string `json:"update_id"`
}

// ReplayHindsight is what Sentry's replay does not have.
type ReplayHindsight struct {
	State               string   `json:"state" enum:"pending,live,deleted"`
	Plays               bool     `json:"plays" doc:"Whether a segment plays."`
	UnplayableSegments  int64    `json:"unplayableSegments"`
	HasFirstSegment     bool     `json:"hasFirstSegment"`
	LastReceived        *string  `json:"lastReceived" format:"date-time" doc:"When its newest segment came in: a replay that grows is live."`
	CountBackendErrors  int64    `json:"countBackendErrors"`
	CountFrontendErrors int64    `json:"countFrontendErrors"`
	BackendProjects     []string `json:"backendProjects" doc:"Slugs of the projects whose errors it has."`
}

// Replay is one recorded session of a browser tab.
type Replay struct {
	ID              string              `json:"id"`
	ProjectID       *string             `json:"project_id"`
	ReplayType      string              `json:"replay_type" doc:"session or buffer"`
	Platform        string              `json:"platform"`
	Environment     *string             `json:"environment"`
	Releases        []string            `json:"releases"`
	Dist            *string             `json:"dist"`
	StartedAt       *time.Time          `json:"started_at"`
	FinishedAt      *time.Time          `json:"finished_at"`
	Duration        int64               `json:"duration" doc:"Seconds."`
	Activity        int64               `json:"activity" doc:"1 to 10."`
	Browser         Part                `json:"browser"`
	OS              Part                `json:"os"`
	SDK             Part                `json:"sdk"`
	Device          Device              `json:"device"`
	User            ReplayUser          `json:"user"`
	Tags            map[string][]string `json:"tags"`
	URLs            []string            `json:"urls"`
	Clicks          []string            `json:"clicks"`
	CountErrors     int64               `json:"count_errors"`
	CountWarnings   int64               `json:"count_warnings"`
	CountInfos      int64               `json:"count_infos"`
	CountSegments   int64               `json:"count_segments"`
	CountURLs       int64               `json:"count_urls"`
	CountDeadClicks int64               `json:"count_dead_clicks"`
	CountRageClicks int64               `json:"count_rage_clicks"`
	ErrorIDs        []string            `json:"error_ids" doc:"At most 100; the count is exact."`
	WarningIDs      []string            `json:"warning_ids"`
	InfoIDs         []string            `json:"info_ids"`
	TraceIDs        []string            `json:"trace_ids" doc:"At most 100."`
	HasViewed       bool                `json:"has_viewed"`
	IsArchived      bool                `json:"is_archived"`
	OTAUpdates      OTAUpdates          `json:"ota_updates"`
	Hindsight       ReplayHindsight     `json:"hindsight"`
}

// ReplayBody wraps a replay as Sentry does.
type ReplayBody struct {
	Data Replay `json:"data"`
}

// ReplaysInput lists replays.
type ReplaysInput struct {
	OrgPath
	PageParams
	WindowParams
	FilterParams
	Query string   `query:"query"`
	Sort  string   `query:"sort" doc:"started_at (default -started_at), finished_at, duration, count_errors, activity, …"`
	Field []string `query:"field,explode"`
}

// ReplayPath names a replay across the organisation's projects.
type ReplayPath struct {
	OrgPath
	Replay string `path:"replay"`
}

// ProjectReplayPath names a replay of a project.
type ProjectReplayPath struct {
	ProjectPath
	Replay string `path:"replay"`
}

// Segment is one flush of a recorder.
type Segment struct {
	ReplayID  string    `json:"replayId"`
	SegmentID int64     `json:"segmentId"`
	ProjectID string    `json:"projectId"`
	DateAdded time.Time `json:"dateAdded"`
	Bytes     int64     `json:"bytes"`
	Playable  bool      `json:"playable"`
	Problem   string    `json:"problem,omitempty" doc:"Why it does not play."`
	FirstMS   *int64    `json:"firstMs" doc:"Epoch milliseconds of its first event."`
	LastMS    *int64    `json:"lastMs"`
}

// SegmentsInput lists segments. With download=true the answer is an array of arrays: the events of
// each segment as the client sent them, inflated.
type SegmentsInput struct {
	ProjectReplayPath
	PageParams
	Download string `query:"download" doc:"true: a streamed array with one array of rrweb events per segment."`
}

// SegmentPath names a segment.
type SegmentPath struct {
	ProjectReplayPath
	Segment  int64  `path:"segment"`
	Download string `query:"download"`
}

// ReplayFrames are the small frames of all segments in time order, without DOM data.
type ReplayFrames struct {
	ReplayID   string           `json:"replayId"`
	StartedAt  *time.Time       `json:"startedAt"`
	FinishedAt *time.Time       `json:"finishedAt"`
	Truncated  bool             `json:"truncated" doc:"More frames than are sent."`
	Frames     []RecordingFrame `json:"frames"`
}

// RecordingFrame is something that happened in a recording, without the DOM it happened in. The kinds
// are package recording's.
type RecordingFrame struct {
	Kind     string          `json:"kind" doc:"page, console, network, navigation, click, slow_click, dead_click, rage_click, multi_click, input, key, focus, tap, memory, vital, paint, hydration_error, mutations, feedback, options, video, device, custom"`
	TimeMS   int64           `json:"timeMs" doc:"Epoch milliseconds."`
	EndMS    int64           `json:"endMs,omitempty"`
	Category string          `json:"category,omitempty" doc:"Of a breadcrumb, or the op of a span."`
	Level    string          `json:"level,omitempty"`
	Message  string          `json:"message,omitempty" doc:"The URL of a request or page, the selector of a click, a console line."`
	NodeID   int64           `json:"nodeId,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// ReplayCountInput counts the replays of issues, transactions or replay ids.
type ReplayCountInput struct {
	OrgPath
	FilterParams
	WindowParams
	Query      string `query:"query" doc:"issue.id:[1,2], transaction:[a] or replay_id:[x], exactly one of them."`
	ReturnIDs  string `query:"returnIds" doc:"true: ids instead of numbers."`
	DataSource string `query:"data_source"`
}

// ReplayEventsMetaInput lists the events of a replay.
type ReplayEventsMetaInput struct {
	OrgPath
	PageParams
	WindowParams
	Query   string `query:"query" doc:"replayId:[id]"`
	Dataset string `query:"dataset"`
}

// ReplayEventMeta is an event of a replay.
type ReplayEventMeta struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	ErrorType   []string `json:"error.type"`
	ErrorValue  []string `json:"error.value"`
	Issue       string   `json:"issue"`
	IssueID     int64    `json:"issue.id"`
	Level       string   `json:"level"`
	Timestamp   string   `json:"timestamp"`
	ProjectName string   `json:"project.name"`
	Side        string   `json:"side" enum:"backend,frontend"`
}

// ReplayViewers are the people who watched a replay.
type ReplayViewers struct {
	Data struct {
		ID       string `json:"id"`
		ViewedBy []User `json:"viewed_by"`
	} `json:"data"`
}

// LinksInput asks which replays things happened in, or what happened in replays.
type LinksInput struct {
	OrgPath
	Event       []string `query:"event,explode" doc:"Event ids."`
	Issue       []string `query:"issue,explode" doc:"Issue ids or short ids."`
	Trace       []string `query:"trace,explode" doc:"Trace ids."`
	Transaction []string `query:"transaction,explode" doc:"Transaction names."`
	Replay      []string `query:"replay,explode" doc:"Replay ids."`
	Cursor      string   `query:"cursor"`
	PerPage     int      `query:"per_page"`
}

// ReplayLink says that an item happened inside a replay, and how that is known.
type ReplayLink struct {
	ReplayID    string     `json:"replayId"`
	State       string     `json:"state" enum:"available,pending,missing,deleted" doc:"Of the replay: pending is named but not received yet, missing is too late to expect."`
	StateReason *string    `json:"stateReason" doc:"Why there is no recording, in words."`
	Plays       bool       `json:"plays" doc:"Whether a segment of the replay plays."`
	Tier        int        `json:"tier" enum:"0,1,2,3,4,5" doc:"1 explicit id, 2 the very request, 3 same trace, 4 same request by shape, 5 same user and time (possible, never counted)."`
	Signals     []string   `json:"signals" doc:"Every signal that agreed: dsc, event_context, event_tag, baggage, error_ids, recorded_header, trace_ids, trace_bridge, …"`
	Reason      string     `json:"reason" doc:"The link in words."`
	Primary     bool       `json:"primary" doc:"The best replay of its item."`
	ItemKind    string     `json:"itemKind" enum:"event,transaction,span,log,feedback,check_in"`
	ItemID      string     `json:"itemId"`
	ProjectSlug *string    `json:"projectSlug" doc:"Null until the item itself arrived."`
	IssueID     *string    `json:"issueId"`
	Level       *string    `json:"level"`
	Timestamp   *time.Time `json:"timestamp"`
	OffsetMS    *int64     `json:"offsetMs" doc:"Milliseconds from the replay's start to the item; negative before it."`
	Flags       []string   `json:"flags" doc:"before_session, after_session, ambiguous, …"`
	Side        *string    `json:"side" enum:"backend,frontend"`
	Title       *string    `json:"title" doc:"An event's title, a transaction's name."`
	TraceID     *string    `json:"traceId"`
	ShortID     *string    `json:"shortId" doc:"Of the issue."`
}
