package envelope

import (
	"encoding/json"
	"time"
)

// Event is the payload of an error, message, transaction, feedback or replay event, read from
// any of the shapes SDKs have written since 2013 (https://develop.sentry.dev/sdk/data-model/event-payloads/).
// A field of the wrong type is absent here and noted in Meta; nothing of that rejects an event.
// Parsing changes shapes only. What values mean, and their limits, is package normalize's.
//
// An absent field is the zero value; where absent and zero differ on the wire it is a pointer.
type Event struct {
	EventID        ID
	Type           string // "transaction", "feedback", "replay_event", …; empty for errors and messages
	Level          string
	Timestamp      time.Time // microseconds, UTC
	StartTimestamp time.Time // of a transaction
	Received       time.Time // set by the server
	Platform       string
	Logger         string
	ServerName     string
	Site           string
	Transaction    string
	Culprit        string
	Release        string
	Dist           string
	Environment    string

	TransactionInfo Object
	Modules         map[string]string // name to version
	Extra           Object
	Tags            []Pair // in order
	Fingerprint     []string
	Message         *Message
	Exceptions      []Exception // innermost cause first; the last is what was thrown
	Stacktrace      *Stacktrace // legacy: outside of any exception
	Threads         []Thread
	Template        *Frame
	Breadcrumbs     []Breadcrumb // oldest first
	User            *User
	Request         *Request
	Contexts        Contexts
	SDK             *SDK
	DebugMeta       *DebugMeta
	Spans           []LegacySpan // of a transaction
	Measurements    map[string]Measurement
	Errors          []Object // what went wrong while processing: {type, name?, value?, …}
	Meta            *Meta
	Other           Object // top-level members this package does not know, as they came

	notes int // made in Meta by us
}

// Pair is a name and a value where order and duplicates are kept: tags, headers, cookies.
type Pair struct{ Key, Value string }

// Message is the "logentry".
type Message struct {
	Template  string          // "order %s failed"
	Params    json.RawMessage // array or object, or nil
	Formatted string
	Other     Object
}

// Exception is one of a chain.
type Exception struct {
	Type          string
	Value         string
	Module        string
	ThreadID      string
	Mechanism     *Mechanism
	Stacktrace    *Stacktrace
	RawStacktrace *Stacktrace
	Other         Object
}

// Mechanism says how an exception was caught, and its place in a tree of exceptions.
type Mechanism struct {
	Type             string
	Description      string
	HelpLink         string
	Source           string // the attribute that led to this exception, "cause" or "errors[0]"
	Handled          *bool
	Synthetic        *bool
	IsExceptionGroup *bool
	ExceptionID      *int
	ParentID         *int
	Data             Object
	Meta             Object // signal, mach_exception, ns_error, errno
	Other            Object
}

// Stacktrace holds frames, oldest call first: the last one is where it crashed.
type Stacktrace struct {
	Frames    []Frame
	Registers Object
	Lang      string
	Snapshot  *bool
	Other     Object
}

// Frame is one call.
type Frame struct {
	Function        string
	RawFunction     string
	Symbol          string
	Module          string
	Package         string
	Filename        string
	AbsPath         string
	Platform        string
	Lineno          int // from 1; 0 is "not given"
	Colno           int
	ContextLine     string
	PreContext      []string
	PostContext     []string
	SourceLink      string
	InApp           *bool
	StackStart      *bool
	Vars            Object
	Data            Object
	InstructionAddr string
	SymbolAddr      string
	ImageAddr       string
	AddrMode        string
	Other           Object
}

// Thread is one thread at the time of the event.
type Thread struct {
	ID            string
	Name          string
	State         string
	Crashed       *bool
	Current       *bool
	Main          *bool
	Stacktrace    *Stacktrace
	RawStacktrace *Stacktrace
	HeldLocks     Object
	Other         Object
}

// Breadcrumb is something that happened before the event.
type Breadcrumb struct {
	Timestamp time.Time
	Type      string
	Category  string
	Level     string
	Message   string
	EventID   string
	Data      Object
	Other     Object
}

// User is who it happened to. Members that are not known are in Data.
type User struct {
	ID         string
	Email      string
	Username   string
	Name       string
	IPAddress  string // may be "{{auto}}" before normalisation
	Segment    string
	SentryUser string
	Geo        Object
	Data       Object
}

// Request is the HTTP request that was being served, or the page that was open.
type Request struct {
	URL                 string
	Method              string
	Protocol            string
	Fragment            string
	Query               []Pair
	Cookies             []Pair
	Headers             []Pair // names as they came; several values of one name are joined with ","
	Env                 Object
	Data                json.RawMessage
	BodySize            int
	APITarget           string
	InferredContentType string
	Other               Object
}

// Header returns the value of a request header, its name in any case.
func (r *Request) Header(name string) string {
	if r == nil {
		return ""
	}
	for _, h := range r.Headers {
		if equalFold(h.Key, name) {
			return h.Value
		}
	}
	return ""
}

// Contexts are named objects: "trace", "browser", "replay", anything.
type Contexts map[string]Object

// Text returns a scalar member of a context as text, or "".
func (c Contexts) Text(context, member string) string { return c[context].Text(member) }

// SDK names the client.
type SDK struct {
	Name         string
	Version      string
	Integrations []string
	Features     []string
	Packages     []Object
	Settings     Object
	Other        Object
}

// DebugMeta lists the images (binaries, source maps) a stack trace refers to.
type DebugMeta struct {
	Images  []Object
	SDKInfo Object
	Other   Object
}

// Measurement is one number of a transaction.
type Measurement struct {
	Value float64
	Unit  string
}

// TraceID is the trace of contexts.trace, zero when there is none.
func (e *Event) TraceID() ID {
	id, _ := ParseID(e.Contexts.Text("trace", "trace_id"))
	return id
}

// Tag returns the value of the first tag of that name, or "".
func (e *Event) Tag(key string) string {
	for _, t := range e.Tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// Unhandled says whether any exception got past the program's own handlers.
func (e *Event) Unhandled() bool {
	for i := range e.Exceptions {
		if m := e.Exceptions[i].Mechanism; m != nil && m.Handled != nil && !*m.Handled {
			return true
		}
	}
	return false
}

// SetContext sets one text member of a context, making what is missing.
func (e *Event) SetContext(context, member, value string) {
	if e.Contexts == nil {
		e.Contexts = Contexts{}
	}
	if e.Contexts[context] == nil {
		e.Contexts[context] = Object{}
	}
	e.Contexts[context].SetText(member, value)
}
