package filter

import (
	"net/netip"
	"testing"

	"github.com/hindsight-dev/hindsight/settings"
)

const (
	chrome80  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0.1 Safari/537.36"
	chrome130 = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
	edge120   = chrome130 + " Edg/120.0.0.0"
	opera90   = chrome130 + " OPR/90.0"
	ie11      = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
	ie8       = "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)"
	safari5   = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_6_8) AppleWebKit/534.57.2 (KHTML, like Gecko) Version/5.1.7 Safari/534.57.2"
	safari17  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15"
	firefox   = "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/109.0"
	android2  = "Mozilla/5.0 (Linux; U; Android 2.3.5; en-us) AppleWebKit/533.1 (KHTML, like Gecko) Version/4.0 Mobile Safari/533.1"
	mini      = "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1/29.3; U; en) Presto/2.8.119 Version/11.10"
	googlebot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
	slackbot  = "Slackbot 1.0 (+https://api.slack.com/robots)"
)

func agent(ua string) string { return `{"request":{"headers":{"User-Agent":"` + ua + `"}}}` }

func js(exception string) string { return `{"platform":"javascript","exception":` + exception + `}` }

func TestItem(t *testing.T) {
	all := settings.Default().Filters
	all.Localhost, all.WebCrawlers, all.BrowserExtensions = true, true, true
	all.LegacyBrowsers = []string{"ie", "edge", "safari", "firefox", "chrome", "opera", "android", "opera_mini"}
	all.ErrorMessages = []string{"*ResizeObserver*", "TypeError: Load failed", "exact"}
	all.Releases = []string{"1.*"}
	all.CSPSources = []string{"*.ads.example", "chrome-extension://*"}
	tests := []struct {
		kind, payload string
		want          Reason
	}{
		{"event", `{}`, ""},
		{"event", `{"request":{"url":"http://localhost:3000/a"}}`, Localhost},
		{"event", `{"request":{"url":"http://[::1]/a"}}`, Localhost},
		{"event", `{"request":{"url":"http://localhost.example/a"}}`, ""},
		{"event", `{"user":{"ip_address":"127.0.0.1"}}`, Localhost},
		{"replay_event", `{"urls":["http://localhost/"]}`, Localhost},
		{"event", agent(googlebot), WebCrawlers},
		{"event", agent(slackbot), ""},
		{"event", agent("Mozilla/5.0 (compatible; SomeBot/1.0)"), WebCrawlers},
		{"event", agent("Robotics/1.0"), ""},
		{"event", `{"request":{"headers":[["user-agent","` + googlebot + `"]]}}`, WebCrawlers},
		{"feedback", agent(googlebot), WebCrawlers},
		{"event", agent(chrome80), LegacyBrowsers}, {"event", agent(chrome130), ""},
		{"event", agent(edge120), ""}, {"event", agent(opera90), LegacyBrowsers},
		{"event", agent(ie11), LegacyBrowsers}, {"event", agent(ie8), LegacyBrowsers},
		{"event", agent(safari5), LegacyBrowsers}, {"event", agent(safari17), ""},
		{"event", agent(firefox), LegacyBrowsers}, {"event", agent(android2), LegacyBrowsers}, {"event", agent(mini), LegacyBrowsers},
		{"transaction", `{"transaction":"GET /healthz"}`, Transaction},
		{"transaction", `{"transaction":"/api/HealthCheck/x"}`, Transaction},
		{"transaction", `{"transaction":"/api/ping/"}`, Transaction},
		{"transaction", `{"transaction":"/shopping"}`, ""}, {"transaction", `{"transaction":"/health/records"}`, ""},
		{"event", `{"transaction":"/healthz"}`, ""},
		{"event", js(`{"values":[{"value":"x originalCreateNotification y"}]}`), BrowserExtensions},
		{"event", `{"platform":"python","exception":{"values":[{"value":"originalCreateNotification"}]}}`, ""},
		{"event", js(`[{"value":"x","stacktrace":{"frames":[{"abs_path":"http://a/"},{"abs_path":"chrome-extension://abc/x.js"},{"abs_path":"<anonymous>"}]}}]`), BrowserExtensions},
		{"event", js(`[{"value":"x","stacktrace":{"frames":[{"abs_path":"chrome-extension://abc/x.js"},{"abs_path":"http://a/"}]}}]`), ""},
		{"event", js(`{"type":"Error","value":"Minified React error; visit https://react.dev/errors/418?args[]= for"}`), ReactHydration},
		{"event", js(`{"type":"Error","value":"https://reactjs.org/docs/error-decoder.html?invariant=4180"}`), ""},
		{"event", js(`{"type":"ChunkLoadError","value":"Loading chunk 552 failed."}`), ChunkLoad},
		{"event", js(`{"type":"Error","value":"Uncaught x: ChunkLoadError: Loading chunk 3 failed"}`), ChunkLoad},
		{"event", `{"exception":{"values":[{"type":"E","value":"resizeobserver loop\nlimit"}]}}`, ErrorMessage},
		{"event", `{"exception":{"values":[{"type":"TypeError","value":"Load failed"}]}}`, ErrorMessage},
		{"event", `{"exception":{"values":[{"type":"TypeError","value":"Load failed again"}]}}`, ""},
		{"event", `{"message":"exact"}`, ErrorMessage}, {"event", `{"logentry":{"formatted":"not exact"}}`, ""},
		{"event", `{"release":"1.2"}`, ReleaseVersion}, {"event", `{"release":"2.1.0"}`, ""},
		{"session", `{"attrs":{"release":"1.0"}}`, ReleaseVersion},
		{"raw_security", `{"csp-report":{"blocked-uri":"https://x.ads.example/a.js"}}`, InvalidCSP},
		{"raw_security", `{"type":"csp-violation","body":{"blockedURL":"https://good.example","sourceFile":"chrome-extension://abc"}}`, InvalidCSP},
		{"raw_security", `{"csp-report":{"blocked-uri":"https://good.example/a.js"}}`, ""},
		{"client_report", `{"request":{"url":"http://localhost"}}`, ""},
	}
	on, off := New(all), New(settings.Filters{})
	for _, tt := range tests {
		if got := on.Item(tt.kind, []byte(tt.payload), Request{}); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.kind, tt.payload, got, tt.want)
		}
		if got := off.Item(tt.kind, []byte(tt.payload), Request{}); got != "" {
			t.Errorf("%s %s: %q although everything is off", tt.kind, tt.payload, got)
		}
	}
}

func TestDefaultsAreSentrys(t *testing.T) {
	f := New(settings.Default().Filters)
	for payload, want := range map[string]Reason{
		`{"request":{"url":"http://localhost"}}`: "", agent(googlebot): "", agent(ie8): "",
		js(`{"type":"ChunkLoadError","value":"Loading chunk 1 failed"}`): ChunkLoad,
		js(`{"value":"https://react.dev/errors/425"}`):                   ReactHydration,
	} {
		if got := f.Item("event", []byte(payload), Request{}); got != want {
			t.Errorf("%s: %q, want %q", payload, got, want)
		}
	}
}

func TestSenderAndAgentOfTheRequest(t *testing.T) {
	s := settings.Filters{IPAddresses: []string{"192.0.2.7", "2001:db8::/32"}, WebCrawlers: true}
	f := New(s)
	for ip, want := range map[string]Reason{"192.0.2.7": IPAddress, "::ffff:192.0.2.7": IPAddress, "2001:db8:1::9": IPAddress, "192.0.2.8": ""} {
		if got := f.Sender(Request{IP: netip.MustParseAddr(ip)}); got != want {
			t.Errorf("%s: %q", ip, got)
		}
	}
	if f.Sender(Request{}) != "" {
		t.Error("an unknown address is filtered")
	}
	bot := Request{UserAgent: googlebot}
	if got := f.Item("event", []byte(`{"platform":"javascript"}`), bot); got != WebCrawlers {
		t.Errorf("a page's SDK: %q", got)
	}
	if got := f.Item("event", []byte(`{"platform":"python"}`), bot); got != "" {
		t.Errorf("a server's SDK: %q", got)
	}
}

func TestEntry(t *testing.T) {
	f := New(settings.Filters{LogMessages: []string{"*noise*"}, TraceMetricNames: []string{"debug.*"}, Releases: []string{"old@*"}})
	for _, tt := range []struct {
		kind, entry string
		want        Reason
	}{
		{"log", `{"body":"some NOISE here"}`, LogMessage}, {"log", `{"body":"signal"}`, ""},
		{"trace_metric", `{"name":"debug.x"}`, TraceMetricName}, {"trace_metric", `{"name":"x"}`, ""},
		{"log", `{"body":"b","attributes":{"sentry.release":{"value":"old@1","type":"string"}}}`, ReleaseVersion},
	} {
		if got := f.Entry(tt.kind, []byte(tt.entry)); got != tt.want || !f.Entries(tt.kind) {
			t.Errorf("%s %s: %q", tt.kind, tt.entry, got)
		}
	}
	if New(settings.Filters{}).Entries("log") {
		t.Error("entries are looked at for nothing")
	}
}
