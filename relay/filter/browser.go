package filter

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var crawlers = regexp.MustCompile(`(?i)Mediapartners-Google|AdsBot-Google|Googlebot|FeedFetcher-Google|BingBot|BingPreview|Baiduspider|Slurp|Sogou|facebook|` +
	`ia_archiver|bots?[/ );]|spider[/ );]|Slack|Calypso AppCrawler|pingdom|lyticsbot|AWS Security Scanner|HubSpot Crawler|Bytespider|Better Uptime`)

// allowedBot looks at a page because somebody pasted its address, not to crawl.
var allowedBot = regexp.MustCompile(`(?i)Slackbot\s1\.`)

func isCrawler(agent string) bool {
	return agent != "" && crawlers.MatchString(agent) && !allowedBot.MatchString(agent)
}

// browser is a family with its major version.
type browser struct {
	family string
	major  int
}

// families tell browsers by what stands in their user agents, the most particular first: most
// claim to be several others, too. A family without a name is one the filter does not know.
var families = []struct {
	name string
	re   *regexp.Regexp
}{
	{"opera_mini", regexp.MustCompile(`Opera Mini/(\d+)`)},
	{"opera", regexp.MustCompile(`OPR/(\d+)`)},
	{"opera", regexp.MustCompile(`Opera.*Version/(\d+)`)},
	{"opera", regexp.MustCompile(`Opera[/ ](\d+)`)},
	{"edge", regexp.MustCompile(`(?:Edge|Edg)/(\d+)`)},
	{"", regexp.MustCompile(`(?:EdgA|EdgiOS|CriOS|FxiOS|SamsungBrowser|YaBrowser|Vivaldi|Electron|HeadlessChrome|UCBrowser)/(\d+)`)},
	{"ie", regexp.MustCompile(`MSIE (\d+)`)},
	{"ie", regexp.MustCompile(`Trident/.*rv:(\d+)`)},
	{"firefox", regexp.MustCompile(`Firefox/(\d+)`)},
	{"", regexp.MustCompile(`Chrome/(\d+).*Mobile`)},
	{"chrome", regexp.MustCompile(`Chrome/(\d+)`)},
	{"android", regexp.MustCompile(`Android (\d+).*AppleWebKit`)},
	{"", regexp.MustCompile(`(?:iPhone|iPad|iPod).*Version/(\d+)`)},
	{"safari", regexp.MustCompile(`Version/(\d+).*Safari/`)},
}

func browserOf(agent string) browser {
	for _, f := range families {
		if m := f.re.FindStringSubmatch(agent); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return browser{}
			}
			return browser{f.name, n}
		}
	}
	return browser{}
}

// legacy are the last versions of each family that are filtered, by the option's name; from is the
// first. Sentry's filter, 2026.
var legacy = map[string]struct {
	family   string
	from, to int
}{
	"ie": {"ie", 0, 11}, "edge": {"edge", 0, 110}, "safari": {"safari", 0, 15}, "firefox": {"firefox", 0, 110}, "chrome": {"chrome", 0, 110},
	"opera": {"opera", 0, 99}, "android": {"android", 0, 3}, "opera_mini": {"opera_mini", 0, 34},
	"ie_pre_9": {"ie", 0, 8}, "ie9": {"ie", 9, 9}, "ie10": {"ie", 10, 10}, "ie11": {"ie", 11, 11}, "safari_pre_6": {"safari", 0, 5},
	"opera_pre_15": {"opera", 0, 14}, "opera_mini_pre_8": {"opera_mini", 0, 7}, "android_pre_4": {"android", 0, 3}, "edge_pre_79": {"edge", 0, 78},
}

func isLegacy(agent string, options []string) bool {
	if agent == "" {
		return false
	}
	b := browserOf(agent)
	return b.family != "" && slices.ContainsFunc(options, func(o string) bool {
		l, ok := legacy[strings.ToLower(o)]
		return ok && l.family == b.family && b.major >= l.from && b.major <= l.to
	})
}
