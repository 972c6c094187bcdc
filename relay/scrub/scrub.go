package scrub

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/settings"
)

// Version of the rules; stored with what they were applied to.
const Version = 1

// ErrJSON is returned for a payload that is not JSON. It must be dropped, not passed on.
var ErrJSON = errors.New("scrub: payload is not JSON")

// ErrTooMany is returned for a payload with more findings than any real one has: what remembers
// them must not grow without bound. It must be dropped.
var ErrTooMany = errors.New("scrub: too many findings")

// maxEdits bounds the findings of one document.
const maxEdits = 50_000

// Config is a project's settings, under the names Sentry has for them.
type Config struct {
	ScrubData           bool     // master switch of everything but addresses
	ScrubDefaults       bool     // the default rules
	ScrubIPAddresses    bool     // remove addresses
	TruncateIPAddresses bool     // keep the networks of addresses (/24, /48) where they are not removed
	SensitiveFields     []string // more names: filtered where one is part of a name, in any case
	DOMText             bool     // also the text of the page, in recordings
	ExcludeFields       []string // "safe fields": what has one of these names is left alone, in any case
}

// DefaultConfig is what a new project has: the default rules, addresses are kept.
func DefaultConfig() Config { return Config{ScrubData: true, ScrubDefaults: true} }

// ConfigOf picks the rules out of a project's settings.
func ConfigOf(s *settings.Settings) Config {
	return Config{
		ScrubData: s.Scrub.Enabled, ScrubDefaults: s.Scrub.Defaults, DOMText: s.Scrub.DOMText,
		ScrubIPAddresses: s.IP == settings.IPDrop, TruncateIPAddresses: s.IP == settings.IPTruncate,
		SensitiveFields: s.Scrub.SensitiveFields, ExcludeFields: s.Scrub.SafeFields,
	}
}

// Scrubber applies one Config. It may be used by many goroutines.
type Scrubber struct {
	defaults  bool
	addresses bool // they go, or with truncate their ends do
	truncate  bool
	dom       bool     // recordings: the page, too
	sensitive []string // lower case
	safe      map[string]bool
}

// Bounds of what a project may list.
const (
	maxFields      = 500
	maxFieldLength = 200
)

// New returns a Scrubber for the settings. Blank names are ignored.
func New(cfg Config) *Scrubber {
	s := &Scrubber{
		defaults: cfg.ScrubData && cfg.ScrubDefaults, addresses: cfg.ScrubIPAddresses || cfg.TruncateIPAddresses,
		truncate: cfg.TruncateIPAddresses && !cfg.ScrubIPAddresses, dom: cfg.ScrubData && cfg.DOMText, safe: make(map[string]bool),
	}
	for _, name := range cfg.ExcludeFields {
		if name = field(name); name != "" && len(s.safe) < maxFields {
			s.safe[name] = true
		}
	}
	if !cfg.ScrubData {
		return s
	}
	for _, name := range cfg.SensitiveFields {
		if name = field(name); name != "" && len(s.sensitive) < maxFields {
			s.sensitive = append(s.sensitive, name)
		}
	}
	return s
}

func field(name string) string {
	if name = strings.ToLower(strings.TrimSpace(name)); len(name) > maxFieldLength {
		return ""
	}
	return name
}

// Active says whether the settings ask for anything at all.
func (s *Scrubber) Active() bool { return s.defaults || s.addresses || len(s.sensitive) > 0 }

// Item scrubs an item's payload by its type. The result is payload itself where nothing was
// found, and for items the rules are not about (see [Scrubber.Applies]). Recordings go through
// [Scrubber.Recording].
func (s *Scrubber) Item(h *envelope.ItemHeader, payload []byte) ([]byte, error) {
	if !s.Applies(h) {
		return payload, nil
	}
	if isProtobuf(h) {
		return s.protobuf(payload, h.Type == "otlp_logs")
	}
	root, meta := schemaOf(h)
	return s.document(payload, root, meta)
}

// Checked is Item for a payload of which the caller knows that it is JSON: with any other it panics.
func (s *Scrubber) Checked(h *envelope.ItemHeader, payload []byte) ([]byte, error) {
	if !s.Applies(h) || len(payload) == 0 {
		return payload, nil
	}
	if isProtobuf(h) {
		return s.protobuf(payload, h.Type == "otlp_logs")
	}
	root, meta := schemaOf(h)
	return s.walk(payload, root, meta)
}

// Applies says whether the rules are about an item's payload at all. They are not about check-ins,
// client reports, profiles, attachments, and types that nobody knows.
func (s *Scrubber) Applies(h *envelope.ItemHeader) bool {
	if h.Type == "session" || h.Type == "sessions" {
		return s.addresses
	}
	root, _ := schemaOf(h)
	return root != nil && s.Active()
}

// schemaOf describes the payload of an item, and says whether it keeps remarks in a _meta of its
// own; nil: the rules are not about it. A payload that is not of the form its type has is treated
// as data, so that a wrong content type takes nothing past the rules.
func schemaOf(h *envelope.ItemHeader) (root *node, meta bool) {
	switch h.Type {
	case "event", "transaction", "feedback", "security", "replay_event":
		return eventSchema, true
	case "log", "trace_metric":
		if envelope.IsContainer(h) {
			return containerSchema, false
		}
		return data, false
	case "span":
		if envelope.IsContainer(h) {
			return containerSchema, false
		}
		return spanSchema, true
	case "otel_log", "otel_span":
		return otelSchema, false
	case "otlp_traces", "otlp_logs":
		return otlpSchema, false // its protobuf is walked by isProtobuf's own way
	case "raw_security", "nel", "form_data":
		return reportSchema, false
	case "user_report":
		return userReportSchema, false
	case "session", "sessions":
		return sessionSchema, false
	}
	return nil, false
}

// Event scrubs an event, transaction, feedback or replay event.
func (s *Scrubber) Event(payload []byte) ([]byte, error) {
	return s.document(payload, eventSchema, true)
}

// Header scrubs the header of an envelope or of an item: what the file, the transaction or the user
// is called, and what is not among the protocol's own keys.
func (s *Scrubber) Header(header []byte) ([]byte, error) {
	return s.document(header, headerSchema, false)
}

// Body scrubs the text of a request or response body: JSON, a form, or any text.
func (s *Scrubber) Body(body string) string {
	out, _ := s.body(body)
	return out
}

// Text scrubs text that is kept as readable as can be: what is sensitive goes in place. It is
// meant for names given by clients, such as those of attachments.
func (s *Scrubber) Text(text string) string {
	out, _ := s.text(text, modeKept)
	return out
}

func (s *Scrubber) document(payload []byte, root *node, meta bool) ([]byte, error) {
	if !s.Active() {
		return payload, nil
	}
	if !json.Valid(payload) {
		return nil, ErrJSON
	}
	return s.walk(payload, root, meta)
}

// walk scrubs a valid document.
func (s *Scrubber) walk(payload []byte, root *node, meta bool) ([]byte, error) {
	p := pass{s: s, src: payload}
	if meta {
		p.root(skipSpace(payload, 0), root)
	} else {
		p.value(skipSpace(payload, 0), root, 0)
	}
	if p.full {
		return nil, ErrTooMany
	}
	return p.result(), nil
}
