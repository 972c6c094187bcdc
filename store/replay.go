package store

import "github.com/uptrace/bun"

// States of a replay.
const (
	ReplayPending = "pending" // named by an item, no segment yet
	ReplayLive    = "live"    // has segments
	ReplayDeleted = "deleted" // a tombstone: late segments are refused
)

// Replay is one recorded session of a browser tab. It exists as a stub as soon as an item names it.
type Replay struct {
	bun.BaseModel `bun:"table:replays,alias:r"`

	OrgID           int64  `bun:"org_id,pk"`
	ReplayID        string `bun:"replay_id,pk"`
	ProjectID       *int64 `bun:"project_id"`
	State           string `bun:"state"`
	ReplayType      string `bun:"replay_type"` // session | buffer
	Platform        string `bun:"platform"`
	Environment     string `bun:"environment"`
	Releases        string `bun:"releases"` // JSON array
	Dist            string `bun:"dist"`
	SDKName         string `bun:"sdk_name"`
	SDKVersion      string `bun:"sdk_version"`
	UserKey         string `bun:"user_key"`
	UserJSON        string `bun:"user_json"`
	UserEmail       string `bun:"user_email"`
	IP              string `bun:"ip"`
	UserAgent       string `bun:"user_agent"`
	BrowserName     string `bun:"browser_name"`
	BrowserVersion  string `bun:"browser_version"`
	OSName          string `bun:"os_name"`
	OSVersion       string `bun:"os_version"`
	DeviceName      string `bun:"device_name"`
	DeviceFamily    string `bun:"device_family"`
	DeviceBrand     string `bun:"device_brand"`
	DeviceModel     string `bun:"device_model"`
	Tags            string `bun:"tags"`    // JSON object of arrays
	URLs            string `bun:"urls"`    // JSON array, as visited
	Origins         string `bun:"origins"` // JSON: which segment each value came from, so that any order of arrival gives the same row
	StartedMS       *int64 `bun:"started_ms"`
	FinishedMS      *int64 `bun:"finished_ms"`
	FirstSeenMS     int64  `bun:"first_seen_ms"`
	LastSegmentMS   *int64 `bun:"last_segment_ms"` // received time of the newest segment
	CountURLs       int64  `bun:"count_urls"`
	CountDeadClicks int64  `bun:"count_dead_clicks"`
	CountRageClicks int64  `bun:"count_rage_clicks"`
}

// ReplaySegment is one flush of a recorder. A duplicated tab reuses segment ids, hence BodyHash in the key.
type ReplaySegment struct {
	bun.BaseModel `bun:"table:replay_segments,alias:rs"`

	OrgID       int64  `bun:"org_id,pk"`
	ReplayID    string `bun:"replay_id,pk"`
	SegmentID   int64  `bun:"segment_id,pk"`
	BodyHash    string `bun:"body_hash,pk"`
	ProjectID   int64  `bun:"project_id"`
	FirstMS     *int64 `bun:"first_ms"`
	LastMS      *int64 `bun:"last_ms"`
	Bytes       int64  `bun:"bytes"`
	Playable    bool   `bun:"playable"`
	Problem     string `bun:"problem"` // why it is not playable
	HasSnapshot bool   `bun:"has_snapshot"`
	Blob        string `bun:"blob"`
	Frames      []byte `bun:"frames"` // zstd JSON of the recording's frames without DOM data
	ReceivedMS  int64  `bun:"received_ms"`
	Place       *int64 `bun:"place"` // in the object that Blob then is, with the other segments; see [Archive]
}

// FilmKey is where the film of a mobile segment is kept, beside its recording.
func FilmKey(s *ReplaySegment) string { return s.Blob + ".mp4" }

// ReplayTrace pairs a trace with a replay; Sources is a bit set of link signals.
type ReplayTrace struct {
	bun.BaseModel `bun:"table:replay_traces,alias:rt"`

	OrgID    int64  `bun:"org_id,pk"`
	TraceID  string `bun:"trace_id,pk"`
	ReplayID string `bun:"replay_id,pk"`
	Sources  int64  `bun:"sources"`
	FirstMS  int64  `bun:"first_ms"`
	LastMS   int64  `bun:"last_ms"`
}

// ReplayRequest is one fetch or XHR that a recording saw.
type ReplayRequest struct {
	bun.BaseModel `bun:"table:replay_requests,alias:rr"`

	OrgID    int64   `bun:"org_id,pk"`
	ReplayID string  `bun:"replay_id,pk"`
	StartUS  int64   `bun:"start_us,pk"`
	URLHash  string  `bun:"url_hash,pk"`
	Method   string  `bun:"method"`
	URL      string  `bun:"url"`
	Path     string  `bun:"path"`
	PathHash string  `bun:"path_hash"`
	Status   *int64  `bun:"status"`
	EndUS    int64   `bun:"end_us"`
	TraceID  *string `bun:"trace_id"`
	SpanID   *string `bun:"span_id"`
}

// ReplayLoad is a document that a recorded page loaded, by navigation or reload.
type ReplayLoad struct {
	bun.BaseModel `bun:"table:replay_loads,alias:rld"`

	OrgID    int64  `bun:"org_id,pk"`
	ReplayID string `bun:"replay_id,pk"`
	StartUS  int64  `bun:"start_us,pk"`
	PathHash string `bun:"path_hash,pk"`
	EndUS    int64  `bun:"end_us"`
}

// Kinds of item a replay can be linked to.
const (
	ItemEvent       = "event"
	ItemTransaction = "transaction"
	ItemSpan        = "span"
	ItemLog         = "log"
	ItemFeedback    = "feedback"
	ItemCheckIn     = "check_in"
	ItemMetric      = "trace_metric" // a container of them
	ItemProfile     = "profile"      // of a transaction
	ItemChunk       = "profile_chunk"
)

// ReplayLink says that an item happened inside a replay. Signals is a bit set of package link;
// the tier is computed from it, never stored.
type ReplayLink struct {
	bun.BaseModel `bun:"table:replay_links,alias:rl"`

	OrgID     int64   `bun:"org_id,pk"`
	ItemKind  string  `bun:"item_kind,pk"`
	ItemID    string  `bun:"item_id,pk"`
	ReplayID  string  `bun:"replay_id,pk"`
	ProjectID *int64  `bun:"project_id"` // null until the item itself arrived
	IssueID   *int64  `bun:"issue_id"`
	TraceID   *string `bun:"trace_id"`
	Level     *string `bun:"level"`
	Side      *string `bun:"side"`
	Name      *string `bun:"name"` // title of an event, name of a transaction
	TimeMS    *int64  `bun:"ts_ms"`
	Signals   int64   `bun:"signals"`
	Flags     int64   `bun:"flags"`
	Primary   bool    `bun:"is_primary"`
	CreatedMS int64   `bun:"created_ms"`
}

// ReplayView remembers who watched a replay.
type ReplayView struct {
	bun.BaseModel `bun:"table:replay_views,alias:rv"`

	OrgID    int64  `bun:"org_id,pk"`
	ReplayID string `bun:"replay_id,pk"`
	UserID   int64  `bun:"user_id,pk"`
	ViewedMS int64  `bun:"viewed_ms"`
}
