package settings

import (
	"encoding/json"
	"fmt"
)

// Settings are those of one project. The zero value is not what a project starts with: see
// [Default].
type Settings struct {
	// AllowedDomains are the origins browsers may send from: "*", "host", "*.host", with an
	// optional scheme and port. Empty: no browser may.
	AllowedDomains []string `json:"allowedDomains"`
	IP             IPRule   `json:"ip"` // what is kept of addresses
	Scrub          Scrub    `json:"scrub"`
	Filters        Filters  `json:"filters"`
	Quotas         Quotas   `json:"quotas"`
	Forward        Forward  `json:"forward"`
	Drains         Drains   `json:"drains"`
	Grouping       Grouping `json:"grouping"`
	// Ownership says whose errors are; left out, nobody's.
	Ownership Ownership `json:"ownership,omitzero"`
	// ResolveAge is after how many hours without an event an issue is resolved by itself; 0: never.
	ResolveAge int `json:"resolveAge,omitempty"`
	// Client is what clients keep here; left out, they never set anything.
	Client Client `json:"client,omitzero"`
	// Recordings says how long recordings are kept; left out, as every server keeps them.
	Recordings Recordings `json:"recordings,omitempty"`
	// Retention says how long everything else is kept; left out, as the server keeps it.
	Retention Retention `json:"retention,omitzero"`
}

// Recordings says how long a project's recordings are kept, and how much of them. Zero values are the server's own.
type Recordings struct {
	Days       int   `json:"days,omitempty"`       // after its end; 0: 90
	ValuedDays int   `json:"valuedDays,omitempty"` // of replays with an error of an unresolved issue; 0: 365, and never less than Days
	MaxBytes   int64 `json:"maxBytes,omitempty"`   // as received; more: the oldest without such an error go first. 0: no bound
}

// IPRule says what is kept of a client's address, wherever it stands.
type IPRule string

// The rules for addresses.
const (
	IPStore    IPRule = "store"    // the whole address (Sentry's default)
	IPTruncate IPRule = "truncate" // the /24, or the /48 of IPv6
	IPDrop     IPRule = "drop"     // nothing
)

// Scrub is about secrets and personal data (protocol.md §12.1).
type Scrub struct {
	Enabled         bool     `json:"enabled"`         // master switch; Sentry's dataScrubber
	Defaults        bool     `json:"defaults"`        // the default rules; Sentry's dataScrubberDefaults
	SensitiveFields []string `json:"sensitiveFields"` // more names to filter
	SafeFields      []string `json:"safeFields"`      // names that are left alone
	DOMText         bool     `json:"domText"`         // also the text of the page in replays
}

// Filters say what is dropped although it is well formed (protocol.md §13).
type Filters struct {
	Localhost            bool     `json:"localhost"`
	WebCrawlers          bool     `json:"webCrawlers"`
	BrowserExtensions    bool     `json:"browserExtensions"`
	LegacyBrowsers       []string `json:"legacyBrowsers"` // names of [LegacyBrowsers]
	HealthChecks         bool     `json:"healthChecks"`   // Sentry's filtered-transaction
	ReactHydrationErrors bool     `json:"reactHydrationErrors"`
	ChunkLoadErrors      bool     `json:"chunkLoadErrors"`

	// Globs, matched in any case; "*" is any text.
	ErrorMessages    []string `json:"errorMessages"`    // on "Type: value", the value, or the message
	Releases         []string `json:"releases"`         //
	LogMessages      []string `json:"logMessages"`      // on the body of logs
	TraceMetricNames []string `json:"traceMetricNames"` //

	IPAddresses []string `json:"ipAddresses"` // addresses and CIDR ranges
	// CSPSources are the sources whose security reports are not wanted: "host", "*.host", with an
	// optional scheme.
	CSPSources []string `json:"cspSources"`
}

// Default is what a project starts with: Sentry's defaults, and every browser may send.
func Default() Settings {
	return Settings{
		AllowedDomains: []string{"*"},
		IP:             IPStore,
		Scrub:          Scrub{Enabled: true, Defaults: true, SensitiveFields: []string{}, SafeFields: []string{}},
		Filters: Filters{
			HealthChecks: true, ReactHydrationErrors: true, ChunkLoadErrors: true,
			LegacyBrowsers: []string{}, ErrorMessages: []string{}, Releases: []string{}, LogMessages: []string{},
			TraceMetricNames: []string{}, IPAddresses: []string{}, CSPSources: []string{},
		},
		Quotas:  Quotas{Limits: []Quota{}, SpikeProtection: true},
		Forward: Forward{Mode: ForwardAll, Rate: 1},
	}
}

// Parse reads a stored document over [Default]: what it does not mention has its default, so a
// setting that is added later needs no migration. Keys it does not know are ignored. It does not
// validate; what was stored by an older version with other bounds must still be read.
func Parse(doc []byte) (Settings, error) {
	s := Default()
	if err := json.Unmarshal(doc, &s); err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	s.fill()
	return s, nil
}

// JSON is the document as stored: every field, so that a default that changes later does not
// change what somebody saw and saved.
func (s Settings) JSON() []byte {
	s.fill()
	b, err := json.Marshal(s)
	if err != nil {
		panic("settings: " + err.Error()) // a NaN rate; Validate refuses it
	}
	return b
}

// fill makes lists that are absent empty, since null is no list to those who read JSON.
func (s *Settings) fill() {
	for _, list := range []*[]string{
		&s.AllowedDomains, &s.Scrub.SensitiveFields, &s.Scrub.SafeFields, &s.Filters.LegacyBrowsers, &s.Filters.ErrorMessages,
		&s.Filters.Releases, &s.Filters.LogMessages, &s.Filters.TraceMetricNames, &s.Filters.IPAddresses, &s.Filters.CSPSources,
	} {
		if *list == nil {
			*list = []string{}
		}
	}
	if s.Quotas.Limits == nil {
		s.Quotas.Limits = []Quota{}
	}
	for i := range s.Quotas.Limits {
		if s.Quotas.Limits[i].Categories == nil {
			s.Quotas.Limits[i].Categories = []string{}
		}
	}
	if s.IP == "" {
		s.IP = IPStore
	}
	if s.Forward.Mode == "" {
		s.Forward.Mode = ForwardAll
	}
}
