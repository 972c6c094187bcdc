package scrub

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Version of the rules; stored with what they were applied to.
const Version = 1

// ErrJSON is returned for a payload that is not JSON. It must be dropped, not passed on.
var ErrJSON = errors.New("scrub: payload is not JSON")

// Config is a project's settings, under the names Sentry has for them.
type Config struct {
	ScrubData           bool     // master switch of everything but addresses
	ScrubDefaults       bool     // the default rules
	ScrubIPAddresses    bool     // remove addresses
	TruncateIPAddresses bool     // keep the networks of addresses (/24, /48) where they are not removed
	SensitiveFields     []string // more names: filtered where one is part of a name, in any case
	ExcludeFields       []string // "safe fields": what has one of these names is left alone, in any case
}

// DefaultConfig is what a new project has: the default rules, addresses are kept.
func DefaultConfig() Config { return Config{ScrubData: true, ScrubDefaults: true} }

// Scrubber applies one Config. It may be used by many goroutines.
type Scrubber struct {
	defaults  bool
	addresses bool // they go, or with truncate their ends do
	truncate  bool
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
		truncate: cfg.TruncateIPAddresses && !cfg.ScrubIPAddresses, safe: make(map[string]bool),
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
// found, and for types that are never scrubbed (sessions, check-ins, client reports, profiles,
// attachments, unknown ones). Recordings go through [Scrubber.Recording].
func (s *Scrubber) Item(h *envelope.ItemHeader, payload []byte) ([]byte, error) {
	switch h.Type {
	case "event", "transaction", "feedback", "security", "replay_event":
		return s.Event(payload)
	case "log", "trace_metric":
		if envelope.IsContainer(h) {
			return s.document(payload, containerSchema, false)
		}
	case "span":
		if envelope.IsContainer(h) {
			return s.document(payload, containerSchema, false)
		}
		return s.document(payload, spanSchema, true)
	case "otel_log", "otel_span":
		return s.document(payload, otelSchema, false)
	case "raw_security", "nel", "form_data":
		return s.document(payload, reportSchema, false)
	case "user_report":
		return s.document(payload, userReportSchema, false)
	case "session", "sessions":
		if s.addresses {
			return s.document(payload, sessionSchema, false)
		}
	}
	return payload, nil
}

// Event scrubs an event, transaction, feedback or replay event.
func (s *Scrubber) Event(payload []byte) ([]byte, error) {
	return s.document(payload, eventSchema, true)
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
	p := pass{s: s, src: payload}
	if meta {
		p.root(skipSpace(payload, 0), root)
	} else {
		p.value(skipSpace(payload, 0), root, 0)
	}
	return p.result(), nil
}
