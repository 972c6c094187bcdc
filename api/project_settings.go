package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hindsight-dev/hindsight/settings"
)

// SettingsInput replaces a project's settings.
type SettingsInput struct {
	ProjectPath
	Body settings.Settings
}

// ScrubTestInput is a payload to be scrubbed by a project's rules, as they are or as they might be.
type ScrubTestInput struct {
	ProjectPath
	Body struct {
		Input string          `json:"input" maxLength:"1048576" doc:"The payload, or text, to be scrubbed."`
		Type  string          `json:"type" enum:"event,transaction,feedback,replay_event,log,span,trace_metric,user_report,recording,body,text" doc:"An item type; recording: the JSON of a replay's segment; body: that of a request; text: as a file's name."`
		Scrub *settings.Scrub `json:"scrub,omitempty" doc:"Rules to try instead of the project's."`
		IP    settings.IPRule `json:"ip,omitempty" doc:"Rule to try instead of the project's."`
	}
}

// ScrubTest is what would be kept.
type ScrubTest struct {
	Output  string `json:"output"`
	Changed bool   `json:"changed"`
}

// FilterState is one inbound filter. Active is true, false or, for legacy-browsers, the list of
// what is filtered.
type FilterState struct {
	ID     string `json:"id"`
	Active any    `json:"active"`
	Name   string `json:"name"`
	Hello  string `json:"hello"`
}

// FilterInput turns one inbound filter on or off.
type FilterInput struct {
	ProjectPath
	Filter string `path:"filter" doc:"browser-extensions, localhost, filtered-transaction, web-crawlers or legacy-browsers."`
	Body   struct {
		_ struct{} `json:"-" additionalProperties:"true"`

		Active     *bool     `json:"active,omitempty"`
		Subfilters *[]string `json:"subfilters,omitempty" doc:"Of legacy-browsers."`
	}
}

// SettingsChange is what of a project's settings Sentry's own clients change with a project: any
// of these, the others stay.
type SettingsChange struct {
	AllowedDomains       *[]string                  `json:"allowedDomains,omitempty"`
	DataScrubber         *bool                      `json:"dataScrubber,omitempty"`
	DataScrubberDefaults *bool                      `json:"dataScrubberDefaults,omitempty"`
	SensitiveFields      *[]string                  `json:"sensitiveFields,omitempty"`
	SafeFields           *[]string                  `json:"safeFields,omitempty"`
	ScrubIPAddresses     *bool                      `json:"scrubIPAddresses,omitempty"`
	FingerprintingRules  *string                    `json:"fingerprintingRules,omitempty" maxLength:"24576"`
	GroupingEnhancements *string                    `json:"groupingEnhancements,omitempty" maxLength:"24576"`
	ResolveAge           *int                       `json:"resolveAge,omitempty" doc:"Hours without an event after which issues are resolved; 0: never."`
	Options              map[string]json.RawMessage `json:"options,omitempty"`
	settings.Client
}

func (c *SettingsChange) empty() bool {
	return c.AllowedDomains == nil && c.DataScrubber == nil && c.DataScrubberDefaults == nil && c.SensitiveFields == nil &&
		c.SafeFields == nil && c.ScrubIPAddresses == nil && c.FingerprintingRules == nil && c.GroupingEnhancements == nil && c.ResolveAge == nil && len(c.Options) == 0 && c.Client == (settings.Client{})
}

// apply makes the change.
func (c *SettingsChange) apply(s *settings.Settings) error {
	set(&s.AllowedDomains, c.AllowedDomains)
	set(&s.Scrub.Enabled, c.DataScrubber)
	set(&s.Scrub.Defaults, c.DataScrubberDefaults)
	set(&s.Scrub.SensitiveFields, c.SensitiveFields)
	set(&s.Scrub.SafeFields, c.SafeFields)
	if on := c.ScrubIPAddresses; on != nil && *on {
		s.IP = settings.IPDrop
	} else if on != nil && s.IP == settings.IPDrop {
		s.IP = settings.IPStore
	}
	set(&s.ResolveAge, c.ResolveAge)
	s.Client.Take(c.Client)
	set(&s.Grouping.FingerprintRules, c.FingerprintingRules)
	set(&s.Grouping.StackTraceRules, c.GroupingEnhancements)
	if c.FingerprintingRules != nil || c.GroupingEnhancements != nil {
		if err := checkGrouping(s.Grouping); err != nil {
			return err
		}
	}
	for name, value := range c.Options {
		if err := setOption(s, name, value); err != nil {
			return err
		}
	}
	return nil
}

func set[T any](at *T, to *T) {
	if to != nil {
		*at = *to
	}
}

// optionLists are Sentry's options that hold one entry a line.
func optionLists(s *settings.Settings) map[string]*[]string {
	return map[string]*[]string{
		"filters:blacklisted_ips":    &s.Filters.IPAddresses,
		"filters:releases":           &s.Filters.Releases,
		"filters:error_messages":     &s.Filters.ErrorMessages,
		"filters:log_messages":       &s.Filters.LogMessages,
		"filters:trace_metric_names": &s.Filters.TraceMetricNames,
		"sentry:csp_ignored_sources": &s.Filters.CSPSources,
	}
}

func optionSwitches(s *settings.Settings) map[string]*bool {
	return map[string]*bool{
		"filters:react-hydration-errors": &s.Filters.ReactHydrationErrors,
		"filters:chunk-load-error":       &s.Filters.ChunkLoadErrors,
		"filters:localhost":              &s.Filters.Localhost,
		"filters:web-crawlers":           &s.Filters.WebCrawlers,
		"filters:browser-extensions":     &s.Filters.BrowserExtensions,
		"filters:filtered-transaction":   &s.Filters.HealthChecks,
	}
}

// options are the project's options as Sentry spells them.
func options(s *settings.Settings) map[string]any {
	m := map[string]any{}
	for name, list := range optionLists(s) {
		m[name] = strings.Join(*list, "\n")
	}
	for name, on := range optionSwitches(s) {
		m[name] = *on
	}
	return m
}

// setOption takes a list as text with lines or as JSON list, a switch as truth, 0/1 or "0"/"1".
// Options we do not have are passed over, as Sentry does.
func setOption(s *settings.Settings, name string, value json.RawMessage) error {
	if list := optionLists(s)[name]; list != nil {
		var text string
		var entries []string
		if json.Unmarshal(value, &text) == nil {
			entries = strings.Split(text, "\n")
		} else if json.Unmarshal(value, &entries) != nil {
			return fmt.Errorf("option %s must be text with one entry a line", name)
		}
		*list = []string{}
		for _, e := range entries {
			if e = strings.TrimSpace(e); e != "" {
				*list = append(*list, e)
			}
		}
	}
	if on := optionSwitches(s)[name]; on != nil {
		switch strings.Trim(string(value), `"`) {
		case "true", "1":
			*on = true
		case "false", "0":
			*on = false
		default:
			return fmt.Errorf("option %s must be true or false", name)
		}
	}
	return nil
}

// filterNames are the filters that Sentry's clients know by id, in its order.
var filterNames = []struct{ id, name string }{
	{"browser-extensions", "Errors that browser extensions cause"},
	{"localhost", "Events from localhost"},
	{"filtered-transaction", "Transactions of health checks"},
	{"web-crawlers", "Known web crawlers"},
	{"legacy-browsers", "Old browsers"},
}

func filterStates(s *settings.Settings) []FilterState {
	list := make([]FilterState, len(filterNames))
	for i, f := range filterNames {
		list[i] = FilterState{ID: f.id, Name: f.name, Hello: f.name + " are dropped."}
		if f.id == "legacy-browsers" {
			list[i].Active = s.Filters.LegacyBrowsers
			if len(s.Filters.LegacyBrowsers) == 0 {
				list[i].Active = false
			}
			continue
		}
		list[i].Active = *optionSwitches(s)["filters:"+f.id]
	}
	return list
}

// modernLegacy is what legacy-browsers means when it is just turned on.
var modernLegacy = []string{"ie", "edge", "safari", "firefox", "chrome", "opera", "android", "opera_mini"}

// applyFilter turns a filter on or off.
func (in *FilterInput) applyFilter(s *settings.Settings) error {
	if in.Filter == "legacy-browsers" {
		switch {
		case in.Body.Subfilters != nil:
			s.Filters.LegacyBrowsers = *in.Body.Subfilters
		case in.Body.Active != nil && *in.Body.Active:
			s.Filters.LegacyBrowsers = modernLegacy
		case in.Body.Active != nil:
			s.Filters.LegacyBrowsers = []string{}
		default:
			return errors.New("active or subfilters is needed")
		}
		return nil
	}
	on := optionSwitches(s)["filters:"+in.Filter]
	if on == nil {
		return errNoFilter
	}
	if in.Body.Active == nil {
		return errors.New("active is needed")
	}
	*on = *in.Body.Active
	return nil
}

var errNoFilter = errors.New("no such filter")
