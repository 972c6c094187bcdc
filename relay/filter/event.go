package filter

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// event reads an event's payload in whatever shape SDKs write it.
type event struct {
	payload []byte
	replay  bool
	http    string // user agent of the request that brought it
}

func (e *event) text(path string) string {
	if v := gjson.GetBytes(e.payload, path); v.Type == gjson.String {
		return v.Str
	}
	return ""
}

// first gives the value at the first path that has one.
func (e *event) first(paths ...string) gjson.Result {
	for _, p := range paths {
		if v := gjson.GetBytes(e.payload, p); v.Exists() && v.Type != gjson.Null {
			return v
		}
	}
	return gjson.Result{}
}

// exceptions lists them: {"values":[…]}, a list, or one.
func (e *event) exceptions() []gjson.Result {
	v := e.first("exception", `sentry\.interfaces\.Exception`)
	if values := v.Get("values"); values.Exists() {
		v = values
	}
	if v.IsArray() {
		return v.Array()
	}
	if v.IsObject() {
		return []gjson.Result{v}
	}
	return nil
}

func (e *event) messages() []string {
	var list []string
	for _, path := range []string{"logentry", "message", `sentry\.interfaces\.Message`} {
		v := gjson.GetBytes(e.payload, path)
		if v.Type == gjson.String {
			list = append(list, v.Str)
		}
		for _, name := range []string{"formatted", "message"} {
			if m := v.Get(name); m.Type == gjson.String {
				list = append(list, m.Str)
			}
		}
	}
	return list
}

// userAgent is that of the browser: the event's own request says it; what a page's SDK sent came
// from that browser itself.
func (e *event) userAgent() string {
	found := ""
	headers := e.first("request.headers", `sentry\.interfaces\.Http.headers`)
	headers.ForEach(func(name, value gjson.Result) bool {
		if pair := value.Array(); headers.IsArray() && len(pair) == 2 {
			name, value = pair[0], pair[1]
		}
		if strings.EqualFold(name.String(), "user-agent") {
			if value.IsArray() {
				value = value.Get("0")
			}
			found = value.String()
		}
		return found == ""
	})
	if found == "" && (e.replay || e.text("platform") == "javascript") {
		return e.http
	}
	return found
}

// local: the page's host, or the user's address, is the machine itself.
func (e *event) local() bool {
	page := e.first("request.url", `sentry\.interfaces\.Http.url`).String()
	if page == "" && e.replay {
		page = e.text("urls.0")
	}
	if u, err := url.Parse(page); err == nil && isLocal(u.Hostname()) {
		return true
	}
	return isLocal(e.text("user.ip_address"))
}

func isLocal(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

var healthCheck = regexp.MustCompile(`(?i)^(.*(healthcheck|heartbeat).*|.*/(health|healthy|healthz|health_check|health-check|_health|\[_health\]|live|livez|ready|readyz|ping)/?)$`)

var hydration = regexp.MustCompile(`https://(reactjs\.org/docs/error-decoder\.html\?invariant=|react\.dev/errors/)(418|419|422|423|425)([^0-9]|$)`)

func isHydration(exception gjson.Result) bool {
	return hydration.MatchString(exception.Get("value").String())
}

func isChunkLoad(exception gjson.Result) bool {
	value := exception.Get("value").String()
	return exception.Get("type").String() == "ChunkLoadError" && strings.HasPrefix(value, "Loading chunk ") ||
		strings.Contains(value, "ChunkLoadError: Loading chunk ")
}

// extensionValues are in the messages of errors that extensions and toolbars cause, not the page.
var extensionValues = []string{
	"top.GLOBALS", "originalCreateNotification", "canvas.contentDocument", "MyApp_RemoveAllHighlights", "http://tt.epicplay.com",
	"Can't find variable: ZiteReader", "jigsaw is not defined", "ComboSearch is not defined", "http://loading.retry.widdit.com/",
	"atomicFindClose", "fb_xd_fragment", "bmi_SafeAddOnload", "EBCallBackMessageReceived", "_gCrWeb", "conduitPage",
	"null is not an object (evaluating 'elt.parentNode')", "plugin.setSuspendState is not a function",
	"Extension context invalidated", "webkit-masked-url:", "can't access dead object",
}

// extensionSources are in the file names of their code.
var extensionSources = []string{
	"graph.facebook.com", "connect.facebook.net", "eatdifferent.com.woopra-ns.com", "static.woopra.com/js/woopra.js",
	"chrome://", "chrome-extension://", "moz-extension://", "safari-extension://", "safari-web-extension://", "webkit-masked-url",
	"127.0.0.1:4001/isrunning", "webappstoolbarba.texthelp.com/", "metrics.itunes.apple.com.edgesuite.net/", "kaspersky-labs.com",
}

// fromExtension looks at the first exception's value and at where the last frame is that has a
// place.
func fromExtension(exceptions []gjson.Result) bool {
	for _, x := range exceptions {
		value := x.Get("value").String()
		if slices.ContainsFunc(extensionValues, func(s string) bool { return strings.Contains(value, s) }) {
			return true
		}
		frames := x.Get("stacktrace.frames").Array()
		for i := len(frames) - 1; i >= 0; i-- {
			path := frames[i].Get("abs_path").String()
			if path == "" || path == "<anonymous>" || path == "[native code]" {
				continue
			}
			if slices.ContainsFunc(extensionSources, func(s string) bool { return strings.Contains(path, s) }) {
				return true
			}
			break
		}
	}
	return false
}
