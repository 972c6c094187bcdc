package filter

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/tidwall/gjson"
)

// Reason is why something was filtered, in Sentry's words; empty: it was not.
type Reason string

// The reasons.
const (
	IPAddress         Reason = "ip-address"
	Localhost         Reason = "localhost"
	WebCrawlers       Reason = "web-crawlers"
	LegacyBrowsers    Reason = "legacy-browsers"
	BrowserExtensions Reason = "browser-extensions"
	Transaction       Reason = "filtered-transaction"
	ErrorMessage      Reason = "error-message"
	ReleaseVersion    Reason = "release-version"
	InvalidCSP        Reason = "invalid-csp"
	ReactHydration    Reason = "react-hydration-errors"
	ChunkLoad         Reason = "chunk-load-error"
	LogMessage        Reason = "log-message"
	TraceMetricName   Reason = "trace-metric-name"
)

// Request is what the edge knows of who sent.
type Request struct {
	IP        netip.Addr // the client's; the zero value is unknown
	UserAgent string
}

// Filter holds a project's filters, made ready. It may be used by many goroutines.
type Filter struct {
	s                                settings.Filters
	networks                         []netip.Prefix
	messages, releases, logs, metric []*regexp.Regexp
	sources                          []source
}

// New makes settings ready. Entries that cannot be (Validate refuses them) are left out.
func New(s settings.Filters) *Filter {
	f := &Filter{s: s, messages: globs(s.ErrorMessages), releases: globs(s.Releases), logs: globs(s.LogMessages), metric: globs(s.TraceMetricNames)}
	for _, text := range s.IPAddresses {
		if ip, err := netip.ParseAddr(text); err == nil {
			ip = ip.Unmap()
			f.networks = append(f.networks, netip.PrefixFrom(ip, ip.BitLen()))
		} else if p, err := netip.ParsePrefix(text); err == nil {
			f.networks = append(f.networks, p)
		}
	}
	for _, text := range s.CSPSources {
		f.sources = append(f.sources, newSource(text))
	}
	return f
}

// Sender judges who sent, whatever was sent.
func (f *Filter) Sender(r Request) Reason {
	for _, p := range f.networks {
		if p.Contains(r.IP.Unmap()) {
			return IPAddress
		}
	}
	return ""
}

// Item judges the payload of an item by its type.
func (f *Filter) Item(itemType string, payload []byte, r Request) Reason {
	switch itemType {
	case "event", "feedback", "security", "replay_event", "transaction":
		return f.event(itemType, payload, r)
	case "raw_security":
		return f.csp(payload)
	case "session", "sessions":
		if anyMatch(f.releases, gjson.GetBytes(payload, "attrs.release").String()) {
			return ReleaseVersion
		}
	}
	return ""
}

// Entries says whether entries of a container of this type can be filtered at all.
func (f *Filter) Entries(itemType string) bool {
	return itemType == "log" && len(f.logs)+len(f.releases) > 0 || itemType == "trace_metric" && len(f.metric)+len(f.releases) > 0
}

// Entry judges one log or metric of a container.
func (f *Filter) Entry(itemType string, entry []byte) Reason {
	switch {
	case itemType == "log" && anyMatch(f.logs, gjson.GetBytes(entry, "body").String()):
		return LogMessage
	case itemType == "trace_metric" && anyMatch(f.metric, gjson.GetBytes(entry, "name").String()):
		return TraceMetricName
	case len(f.releases) > 0 && anyMatch(f.releases, gjson.GetBytes(entry, `attributes.sentry\.release.value`).String()):
		return ReleaseVersion
	}
	return ""
}

func (f *Filter) event(itemType string, payload []byte, r Request) Reason {
	e := event{payload: payload, replay: itemType == "replay_event", http: r.UserAgent}
	switch {
	case f.s.HealthChecks && itemType == "transaction" && healthCheck.MatchString(e.text("transaction")):
		return Transaction
	case f.s.Localhost && e.local():
		return Localhost
	case f.s.WebCrawlers && isCrawler(e.userAgent()):
		return WebCrawlers
	case len(f.s.LegacyBrowsers) > 0 && isLegacy(e.userAgent(), f.s.LegacyBrowsers):
		return LegacyBrowsers
	case len(f.releases) > 0 && anyMatch(f.releases, e.text("release")):
		return ReleaseVersion
	}
	if itemType != "event" {
		return ""
	}
	return f.errorEvent(&e)
}

// errorEvent judges what only errors have.
func (f *Filter) errorEvent(e *event) Reason {
	javascript := e.text("platform") == "javascript"
	exceptions := e.exceptions()
	switch {
	case f.s.BrowserExtensions && javascript && fromExtension(exceptions):
		return BrowserExtensions
	case f.s.ReactHydrationErrors && slices.ContainsFunc(exceptions, isHydration):
		return ReactHydration
	case f.s.ChunkLoadErrors && slices.ContainsFunc(exceptions, isChunkLoad):
		return ChunkLoad
	case len(f.messages) > 0 && f.unwanted(e, exceptions):
		return ErrorMessage
	}
	return ""
}

// unwanted holds "Type: value", the value alone and the message against the globs.
func (f *Filter) unwanted(e *event, exceptions []gjson.Result) bool {
	for _, x := range exceptions {
		kind, value := x.Get("type").String(), x.Get("value").String()
		if value != "" && anyMatch(f.messages, value) || kind != "" && anyMatch(f.messages, kind) || anyMatch(f.messages, kind+": "+value) {
			return true
		}
	}
	return slices.ContainsFunc(e.messages(), func(m string) bool { return anyMatch(f.messages, m) })
}

// globs compiles patterns of "*" (any text) and "?" (any character), in any case, over the whole
// text. The engine is linear in the text whatever the pattern.
func globs(patterns []string) []*regexp.Regexp {
	var list []*regexp.Regexp
	for _, p := range patterns {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		expr := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(p))
		if re, err := regexp.Compile(`(?is)^` + expr + `$`); err == nil {
			list = append(list, re)
		}
	}
	return list
}

func anyMatch(list []*regexp.Regexp, text string) bool {
	return text != "" && slices.ContainsFunc(list, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}
