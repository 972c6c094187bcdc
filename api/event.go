package api

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Tag is a key with a value.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// EventUser is who met an error.
type EventUser struct {
	ID        *string           `json:"id"`
	Email     *string           `json:"email"`
	Username  *string           `json:"username"`
	IPAddress *string           `json:"ip_address"`
	Name      *string           `json:"name"`
	Data      map[string]any    `json:"data,omitempty"`
	Geo       map[string]string `json:"geo,omitempty"`
}

// SDK is the client library that sent something.
type SDK struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// GroupingConfig names the algorithm that grouped an event.
type GroupingConfig struct {
	ID           string `json:"id"`
	Enhancements string `json:"enhancements"`
}

// EventRelease is the release an event came from.
type EventRelease struct {
	Version string `json:"version"`
}

// EventError is a problem met while reading an event.
type EventError struct {
	Type    string         `json:"type"`
	Message string         `json:"message"`
	Data    map[string]any `json:"data"`
}

// Frame is one call of a stack; the oldest call comes first. Keys that are not known are left out.
type Frame struct {
	Filename   *string        `json:"filename"`
	AbsPath    *string        `json:"absPath"`
	Module     *string        `json:"module"`
	Package    *string        `json:"package"`
	Platform   *string        `json:"platform"`
	Function   *string        `json:"function"`
	RawFunc    *string        `json:"rawFunction"`
	Symbol     *string        `json:"symbol"`
	InstrAddr  *string        `json:"instructionAddr"`
	SymbolAddr *string        `json:"symbolAddr"`
	Context    []SourceLine   `json:"context"`
	LineNo     *int64         `json:"lineNo"`
	ColNo      *int64         `json:"colNo"`
	InApp      bool           `json:"inApp"`
	Trust      *string        `json:"trust"`
	Errors     []string       `json:"errors,omitempty"`
	Vars       map[string]any `json:"vars"`
	SourceLink *string        `json:"sourceLink"`
	Mapping    *FrameMapping  `json:"mapping,omitempty" doc:"Ours: of a frame that was to be mapped to its source."`
}

// FrameMapping says how a frame was mapped to its source, or why it was not.
type FrameMapping struct {
	Reason       string `json:"reason,omitempty" doc:"Why it is not mapped; without it, it is."`
	Detail       string `json:"detail,omitempty"`
	DebugID      string `json:"debugId,omitempty"`
	ResolvedWith string `json:"resolvedWith,omitempty" doc:"debug-id, release or proguard."`
	SourceMap    string `json:"sourceMap,omitempty" doc:"The map's name."`
}

// SourceLine is a line number with its text; on the wire [12, "return x"].
type SourceLine struct {
	Number int64
	Text   string
}

// MarshalJSON implements json.Marshaler.
func (l SourceLine) MarshalJSON() ([]byte, error) { return json.Marshal([2]any{l.Number, l.Text}) }

// Schema implements huma.SchemaProvider.
func (SourceLine) Schema(huma.Registry) *huma.Schema {
	two := 2
	return &huma.Schema{Type: huma.TypeArray, MinItems: &two, MaxItems: &two, Extensions: map[string]any{
		"prefixItems": []*huma.Schema{{Type: huma.TypeInteger}, {Type: huma.TypeString}},
	}}
}

// Stacktrace is a list of frames.
type Stacktrace struct {
	Frames          []Frame           `json:"frames"`
	FramesOmitted   []int64           `json:"framesOmitted" nullable:"true"`
	Registers       map[string]string `json:"registers" nullable:"true"`
	HasSystemFrames bool              `json:"hasSystemFrames"`
}

// Mechanism says how an exception was caught.
type Mechanism struct {
	Type        string         `json:"type"`
	Handled     *bool          `json:"handled"`
	Synthetic   *bool          `json:"synthetic,omitempty"`
	Description *string        `json:"description,omitempty"`
	HelpLink    *string        `json:"help_link,omitempty"`
	Data        map[string]any `json:"data,omitempty"`
	Meta        map[string]any `json:"meta,omitempty"`
	ExceptionID *int64         `json:"exception_id,omitempty"`
	ParentID    *int64         `json:"parent_id,omitempty"`
	Source      *string        `json:"source,omitempty"`
	IsGroup     *bool          `json:"is_exception_group,omitempty"`
}

// ExceptionValue is one exception of a chain.
type ExceptionValue struct {
	Type          *string          `json:"type"`
	Value         *string          `json:"value"`
	Module        *string          `json:"module"`
	Mechanism     Null[Mechanism]  `json:"mechanism"`
	ThreadID      *string          `json:"threadId"`
	Stacktrace    Null[Stacktrace] `json:"stacktrace"`
	RawStacktrace Null[Stacktrace] `json:"rawStacktrace"`
}

// ExceptionData is the chain, the oldest cause first as sent.
type ExceptionData struct {
	Values          []ExceptionValue `json:"values"`
	ExcOmitted      []int64          `json:"excOmitted" nullable:"true"`
	HasSystemFrames bool             `json:"hasSystemFrames"`
}

// Thread is one thread of a process.
type Thread struct {
	ID            *string          `json:"id"`
	Name          *string          `json:"name"`
	Current       bool             `json:"current"`
	Crashed       bool             `json:"crashed"`
	State         *string          `json:"state"`
	Stacktrace    Null[Stacktrace] `json:"stacktrace"`
	RawStacktrace Null[Stacktrace] `json:"rawStacktrace"`
}

// ThreadsData are the threads of a process.
type ThreadsData struct {
	Values []Thread `json:"values"`
}

// Breadcrumb is something that happened before an event.
type Breadcrumb struct {
	Timestamp *time.Time     `json:"timestamp"`
	Type      string         `json:"type"`
	Category  *string        `json:"category"`
	Level     string         `json:"level"`
	Message   *string        `json:"message"`
	Data      map[string]any `json:"data" nullable:"true"`
	EventID   *string        `json:"event_id"`
}

// BreadcrumbsData are an event's breadcrumbs, oldest first.
type BreadcrumbsData struct {
	Values []Breadcrumb `json:"values"`
}

// RequestData is the HTTP request an event happened in.
type RequestData struct {
	Method              *string        `json:"method"`
	URL                 string         `json:"url"`
	Query               [][2]string    `json:"query"`
	Fragment            *string        `json:"fragment"`
	Cookies             [][2]string    `json:"cookies"`
	Headers             [][2]string    `json:"headers"`
	Env                 map[string]any `json:"env" nullable:"true"`
	InferredContentType *string        `json:"inferredContentType"`
	Data                any            `json:"data" doc:"The body: text, or what JSON it was."`
	APITarget           *string        `json:"apiTarget"`
}

// MessageData is a log message with its template.
type MessageData struct {
	Formatted string  `json:"formatted"`
	Message   *string `json:"message,omitempty"`
	Params    []any   `json:"params,omitempty"`
}

// Entry is one part of an event; Data's shape follows Type.
type Entry struct {
	Type string `json:"type"`
	Data any    `json:"data"`
}

// entryShapes are the kinds of entry with a shape of their own; the others are kept as sent.
var entryShapes = []struct {
	name string
	typ  reflect.Type
}{
	{"exception", reflect.TypeFor[ExceptionData]()},
	{"stacktrace", reflect.TypeFor[Stacktrace]()},
	{"threads", reflect.TypeFor[ThreadsData]()},
	{"message", reflect.TypeFor[MessageData]()},
	{"breadcrumbs", reflect.TypeFor[BreadcrumbsData]()},
	{"request", reflect.TypeFor[RequestData]()},
}

// Schema implements huma.SchemaProvider: one of the known shapes, or anything under another name.
func (Entry) Schema(r huma.Registry) *huma.Schema {
	s := &huma.Schema{}
	for _, e := range entryShapes {
		s.OneOf = append(s.OneOf, &huma.Schema{Type: huma.TypeObject, Required: []string{"type", "data"}, Properties: map[string]*huma.Schema{
			"type": {Type: huma.TypeString, Enum: []any{e.name}},
			"data": r.Schema(e.typ, true, ""),
		}})
	}
	s.OneOf = append(s.OneOf, &huma.Schema{Type: huma.TypeObject, Required: []string{"type", "data"}, Properties: map[string]*huma.Schema{
		"type": {Type: huma.TypeString, Enum: []any{"csp", "debugmeta", "spans", "expectct", "hpkp", "template"}},
		"data": {},
	}})
	return s
}

// EventHindsight is what Sentry's event does not have.
type EventHindsight struct {
	Side          string  `json:"side" enum:"backend,frontend"`
	TraceID       *string `json:"traceId"`
	ReplayID      *string `json:"replayId" doc:"Of the primary link, playable or not."`
	ReplayPlays   bool    `json:"replayPlays" doc:"Whether that replay has a segment that plays."`
	ReplayTier    int     `json:"replayTier" doc:"1 explicit id … 5 possible; 0 without a link."`
	ExpectsReplay bool    `json:"expectsReplay" doc:"The trace said that a replay was running, and none is linked yet."`
	Unhandled     bool    `json:"unhandled"`
}

// SimpleEvent is an event in lists.
type SimpleEvent struct {
	ID          string          `json:"id"`
	EventType   string          `json:"event.type"`
	GroupID     *string         `json:"groupID"`
	EventID     string          `json:"eventID"`
	ProjectID   string          `json:"projectID"`
	Message     string          `json:"message"`
	Title       string          `json:"title"`
	Location    *string         `json:"location"`
	Culprit     string          `json:"culprit"`
	User        Null[EventUser] `json:"user"`
	Tags        []Tag           `json:"tags"`
	Platform    string          `json:"platform"`
	DateCreated time.Time       `json:"dateCreated"`
	CrashFile   *string         `json:"crashFile"`
	Metadata    IssueMetadata   `json:"metadata"`
	Hindsight   EventHindsight  `json:"hindsight"`
}

// Event is a whole event.
type Event struct {
	ID              string                    `json:"id"`
	EventID         string                    `json:"eventID"`
	GroupID         *string                   `json:"groupID"`
	ProjectID       string                    `json:"projectID"`
	ProjectSlug     string                    `json:"projectSlug"`
	Size            int                       `json:"size"`
	Type            string                    `json:"type"`
	Title           string                    `json:"title"`
	Message         string                    `json:"message"`
	Location        *string                   `json:"location"`
	Culprit         string                    `json:"culprit"`
	Platform        string                    `json:"platform"`
	DateCreated     time.Time                 `json:"dateCreated"`
	DateReceived    time.Time                 `json:"dateReceived"`
	Dist            *string                   `json:"dist"`
	User            Null[EventUser]           `json:"user"`
	Contexts        map[string]map[string]any `json:"contexts"`
	Context         map[string]any            `json:"context" doc:"The SDK's extra."`
	SDK             Null[SDK]                 `json:"sdk"`
	Packages        map[string]string         `json:"packages"`
	Tags            []Tag                     `json:"tags"`
	Metadata        IssueMetadata             `json:"metadata"`
	Errors          []EventError              `json:"errors"`
	CrashFile       *string                   `json:"crashFile"`
	Fingerprints    []string                  `json:"fingerprints"`
	GroupingConfig  GroupingConfig            `json:"groupingConfig"`
	Release         Null[EventRelease]        `json:"release"`
	UserReport      *string                   `json:"userReport"`
	SDKUpdates      []string                  `json:"sdkUpdates"`
	ResolvedWith    []string                  `json:"resolvedWith"`
	NextEventID     *string                   `json:"nextEventID"`
	PreviousEventID *string                   `json:"previousEventID"`
	Occurrence      *string                   `json:"occurrence"`
	Meta            map[string]any            `json:"_meta"`
	Entries         []Entry                   `json:"entries"`
	Hindsight       EventHindsight            `json:"hindsight"`
}

// EventIDInfo is where an event id leads.
type EventIDInfo struct {
	OrganizationSlug string `json:"organizationSlug"`
	ProjectSlug      string `json:"projectSlug"`
	GroupID          string `json:"groupId"`
	EventID          string `json:"eventId"`
	Event            Event  `json:"event"`
}

// EventIDInput looks an event id up across the organisation.
type EventIDInput struct {
	OrgPath
	Event string `path:"event"`
}

// ProjectEventsInput lists events of a project.
type ProjectEventsInput struct {
	ProjectPath
	PageParams
	WindowParams
	Query string `query:"query"`
	Full  string `query:"full"`
}

// ProjectEventPath names an event of a project.
type ProjectEventPath struct {
	ProjectPath
	Event string `path:"event"`
}

// Attachment is a file that came with an event.
type Attachment struct {
	ID          string            `json:"id"`
	EventID     string            `json:"event_id"`
	Type        string            `json:"type"`
	Name        string            `json:"name"`
	MIMEType    string            `json:"mimetype"`
	DateCreated time.Time         `json:"dateCreated"`
	Size        int64             `json:"size"`
	Headers     map[string]string `json:"headers"`
	SHA1        string            `json:"sha1"`
}

// AttachmentPath names an attachment.
type AttachmentPath struct {
	ProjectEventPath
	Attachment string `path:"attachment"`
}
