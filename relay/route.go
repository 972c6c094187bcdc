package relay

import (
	"net/http"
	"strings"
)

// route is an endpoint. Its name is a label of metrics, from a closed set.
type route struct {
	name    string
	methods string // comma-separated
	project string // as in the path; "" when the path has none
	key     string // public key in the path
	arg     string // event id or monitor slug in the path
	health  bool   // needs no credentials, is never refused for load

	handle func(*request) error
}

// findRoute reads a path. Slashes are folded and a trailing one does not matter, so that every
// spelling SDKs have ever used arrives, without a redirect (which would lose a POST's body).
func findRoute(path string) (route, bool) {
	var seg [8]string
	n := 0
	for s := range strings.SplitSeq(path, "/") {
		if s == "" {
			continue
		}
		if n == len(seg) {
			return route{}, false
		}
		seg[n] = s
		n++
	}
	if n < 2 || seg[0] != "api" {
		return route{}, false
	}
	switch rest := strings.Join(seg[1:n], "/"); rest {
	case "store":
		return route{name: "store", methods: "POST, GET", handle: (*request).store}, true
	case "relay/healthcheck/live", "0/relays/live":
		return route{name: "live", methods: "GET, HEAD", health: true, handle: (*request).live}, true
	case "relay/healthcheck/ready":
		return route{name: "ready", methods: "GET, HEAD", health: true, handle: (*request).ready}, true
	}
	if n == 6 && seg[1] == "0" && seg[2] == "projects" && seg[5] == "user-feedback" {
		return route{name: "user_feedback", methods: "POST, GET", handle: (*request).userFeedback}, true
	}
	if seg[1] == "relay" || seg[1] == "0" || n < 3 {
		return route{}, false
	}
	rt, ok := findProjectRoute(seg[2:n])
	rt.project = seg[1]
	return rt, ok
}

// findProjectRoute reads what follows /api/{id}/.
func findProjectRoute(seg []string) (route, bool) {
	name := seg[0]
	switch len(seg) {
	case 1:
		switch name {
		case "envelope":
			return route{name: name, methods: "POST", handle: (*request).envelope}, true
		case "store":
			return route{name: name, methods: "POST, GET", handle: (*request).store}, true
		case "security", "csp-report":
			return route{name: "security", methods: "POST", handle: (*request).security}, true
		case "nel":
			return route{name: name, methods: "POST", handle: (*request).nel}, true
		case "minidump":
			return route{name: name, methods: "POST", handle: (*request).minidump}, true
		}
	case 2:
		switch name {
		case "unreal":
			return route{name: name, methods: "POST", key: seg[1], handle: (*request).unreal}, true
		case "cron":
			return route{name: name, methods: "POST, GET", arg: seg[1], handle: (*request).cron}, true
		}
	case 3:
		switch {
		case name == "cron":
			return route{name: name, methods: "POST, GET", arg: seg[1], key: seg[2], handle: (*request).cron}, true
		case name == "events" && seg[2] == "attachments":
			return route{name: "attachments", methods: "POST", arg: seg[1], handle: (*request).attachments}, true
		}
	}
	if name == "integration" {
		seg = seg[1:]
	}
	switch strings.Join(seg, "/") {
	case "otlp/v1/traces":
		return route{name: "otlp_traces", methods: "POST", handle: (*request).otlpTraces}, true
	case "otlp/v1/logs":
		return route{name: "otlp_logs", methods: "POST", handle: (*request).otlpLogs}, true
	case "vercel/logs":
		return route{name: "vercel_logs", methods: "GET, POST", handle: (*request).vercelLogs}, name == "integration"
	case "heroku/logs":
		return route{name: "heroku_logs", methods: "POST", handle: (*request).herokuLogs}, name == "integration"
	}
	return route{}, false
}

func methodAllowed(methods, method string) bool {
	for m := range strings.SplitSeq(methods, ", ") {
		if m == method || m == http.MethodGet && method == http.MethodHead {
			return true
		}
	}
	return false
}
