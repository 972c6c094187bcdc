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
	always  int    // status of the answer even when rate limited or shed; 0: none

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
	if seg[1] == "relay" || seg[1] == "0" || n < 3 {
		return route{}, false
	}
	rt, ok := findProjectRoute(seg[2:n])
	rt.project = seg[1]
	return rt, ok
}

// findProjectRoute reads what follows /api/{id}/.
func findProjectRoute(seg []string) (route, bool) {
	switch name := seg[0]; {
	case len(seg) == 1 && name == "envelope":
		return route{name: name, methods: "POST", handle: (*request).envelope}, true
	case len(seg) == 1 && name == "store":
		return route{name: name, methods: "POST, GET", handle: (*request).store}, true
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
