package api

import (
	"net/http"

	"github.com/gorilla/mux"
)

// errAbsent answers what asks for a part of Sentry that Hindsight does not have.
var errAbsent = &Error{status: http.StatusNotFound, Detail: "Not available on this server"}

// absent is a part of Sentry that Hindsight does not have. Clients ask for it on their way to something else,
// and must see "there are none" rather than something broken.
type absent struct {
	path   string // with {…}, all methods
	access string
	body   string // of a GET, 200; empty: 404
}

// absences are the quiet answers. They stand behind all routes: what is built one day takes its path over.
func absences() []absent {
	const (
		org     = "/api/0/organizations/{org}/"
		issue   = org + "issues/{issue}/"
		project = "/api/0/projects/{org}/{project}/"
	)
	return []absent{
		{issue + "autofix/", "event:read", `{"autofix":null}`},
		{issue + "external-issues/", "event:read", `[]`},
		{issue + "integrations/", "event:read", `[]`},
		{issue + "similar/", "event:read", `[]`},
		{issue + "related-issues/", "event:read", `[]`},
		{org + "integrations/", "org:read", `[]`},
		{org + "config/integrations/", "org:read", `{"providers":[]}`},
		{org + "sentry-apps/", "org:read", `[]`},
		{org + "sentry-app-installations/", "org:read", `[]`},
		{org + "plugins/configs/", "org:read", `[]`},
		{org + "dashboards/", "org:read", `[]`},
		{org + "uptime/", "org:read", `[]`},
		{org + "repos/", "org:read", `[]`},
		{org + "code-mappings/", "org:read", `[]`},
		{org + "release-thresholds/", "org:read", `[]`},
		{org + "discover/saved/", "org:read", `[]`},
		{org + "broadcasts/", "org:read", `[]`},
		{project + "stacktrace-link/", "project:read", `{"config":null,"sourceUrl":null,"integrations":[]}`},
		{project + "symbol-sources/", "project:read", `[]`},
		{org + "{part:(?:preprodartifacts|profiling|seer|insights|subscription|customers|billing|agents/conversations|onboarding/agent/status|spike-protections|notifications/actions)(?:/.*)?}", "org:read", ""},
		{project + "{part:(?:profiling|preprodartifacts)(?:/.*)?}", "project:read", ""},
		{"/api/0/customers/{part:.*}", accessSignedIn, ""},
		{"/api/0/users/me/regions/", accessSignedIn, ""},
	}
}

// registerAbsent must be called last.
func (a *API) registerAbsent(router *mux.Router) {
	for _, ab := range absences() {
		a.byKey[anyMethod+ab.path] = Route{Path: ab.path, Access: ab.access, Raw: true}
		router.HandleFunc(ab.path, func(w http.ResponseWriter, r *http.Request) {
			if ab.body == "" || r.Method != http.MethodGet {
				writeError(w, errAbsent)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(ab.body)) // whoever asked has gone away
		})
	}
}
