package relay

import (
	"net/netip"

	"github.com/hindsight-dev/hindsight/relay/filter"
	"github.com/hindsight-dev/hindsight/relay/scrub"
	"github.com/hindsight-dev/hindsight/settings"
)

// Rules are a project's settings, made ready for use once, when they change, and not for each
// request. All keys of a project may share one. It does not change and may be used by many.
type Rules struct {
	settings settings.Settings
	scrub    *scrub.Scrubber
	filter   *filter.Filter
}

// NewRules makes settings ready for use.
func NewRules(s settings.Settings) *Rules {
	return &Rules{
		settings: s,
		filter:   filter.New(s.Filters),
		scrub:    scrub.New(scrub.ConfigOf(&s)),
	}
}

// Settings returns what the rules were made of. Its lists must not be written to.
func (r *Rules) Settings() *settings.Settings { return &r.settings }

// MarshalJSON writes the settings.
func (r *Rules) MarshalJSON() ([]byte, error) { return r.settings.JSON(), nil }

// UnmarshalJSON reads settings; what they do not mention has its default.
func (r *Rules) UnmarshalJSON(b []byte) error {
	s, err := settings.Parse(b)
	if err != nil {
		return err
	}
	*r = *NewRules(s)
	return nil
}

// keptAddress gives the text of ip that may be kept.
func (r *Rules) keptAddress(ip netip.Addr) string {
	switch {
	case !ip.IsValid() || r.settings.IP == settings.IPDrop:
		return ""
	case r.settings.IP == settings.IPTruncate:
		return scrub.Truncate(ip).String()
	}
	return ip.String()
}
