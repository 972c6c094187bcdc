package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"
)

// What a route asks of its caller besides a scope.
const (
	accessPublic   = "public"    // anybody
	accessSignedIn = "signed-in" // any session or token

	// Builds write releases with tokens that can do little else (see hasScope).
	accessReleaseRead  = "release:read"
	accessReleaseWrite = "release:write"
)

// Route is one entry of the route table.
type Route struct {
	ID      string // of the OpenAPI operation
	Method  string
	Path    string // with {org}, {project}, {issue}, … in braces
	Access  string // accessPublic, accessSignedIn, or the scope the caller must have in the organisation
	Summary string
	Ours    bool // not in Sentry's API
	Raw     bool // not JSON: streams bytes, is not in the OpenAPI document
	Query   string
	Status  int // of success, 200 when zero

	MaxBytes int64 // of the body, 1 MiB when zero
}

func (a *API) addRoute(rt Route) {
	key := rt.Method + " " + rt.Path
	if rt.Query != "" {
		key += "?" + rt.Query
	}
	if _, ok := a.byKey[key]; ok {
		panic("api: route declared twice: " + key)
	}
	a.byKey[key] = rt
	a.routes = append(a.routes, rt)
}

// handle declares a JSON route.
func handle[I, O any](a *API, rt Route, fn func(context.Context, *I) (*O, error)) {
	a.addRoute(rt)
	op := huma.Operation{
		OperationID: rt.ID, Method: rt.Method, Path: rt.Path, Summary: rt.Summary, DefaultStatus: rt.Status,
		MaxBodyBytes: cmp.Or(rt.MaxBytes, 1<<20),
	}
	if rt.Ours {
		op.Tags = []string{"hindsight"}
	}
	if rt.Access == accessPublic {
		op.Security = []map[string][]string{}
	}
	huma.Register(a.huma, op, fn)
}

// handleRaw declares a route that streams bytes. Raw routes with a Query are matched only when that
// parameter is there, so they must be declared before the JSON route of the same path.
func (a *API) handleRaw(router *mux.Router, rt Route, fn http.HandlerFunc) {
	rt.Raw = true
	a.addRoute(rt)
	m := router.HandleFunc(rt.Path, fn).Methods(rt.Method)
	if rt.Query != "" {
		m.Queries(rt.Query, "{"+rt.Query+":.*}")
	}
	m.Name(rt.ID)
}

// register is the route table.
func (a *API) register(router *mux.Router) {
	a.registerIdentity()
	a.registerSignOn()
	a.registerTeams()
	a.registerMembers()
	a.registerTokens()
	a.registerProjects()
	a.registerProjectSettings()
	a.registerQuotas()
	a.registerIssues()
	a.registerReleases()
	a.registerActivity()
	a.registerGrouping()
	a.registerMerging()
	a.registerEvents(router)
	a.registerReplayIndex() // before the replays: jobs is no replay id
	a.registerReplayItems(router)
	a.registerEvidence(router)
	a.registerReplays(router)
	a.registerExplore()
	a.registerTags()
	a.registerEventExplorer()
	a.registerSavedSearches()
	a.registerDeadLetters()
	a.registerAudit()
	a.registerStorage()
	a.registerUploads(router)
	a.registerArtifacts(router)
	a.registerReleaseFiles(router)
	a.registerDebugFiles(router)
	a.registerAlertRules()
	a.registerMetricRules()
	a.registerWorkflows()
	a.registerDetectors()
	a.registerAlertChannels()
	a.registerMonitors()
	a.registerFeedback()
	a.registerSessions()
	a.registerAbsent(router) // last
	a.registerOwnership()
}

func (a *API) registerIdentity() {
	handle(a, Route{ID: "getRoot", Method: "GET", Path: "/api/0/", Access: accessPublic, Summary: "Who is calling"}, a.getRoot)
	handle(a, Route{ID: "getHealth", Method: "GET", Path: "/api/0/internal/health/", Access: accessSignedIn, Summary: "Health, as Terraform asks for it"}, a.getHealth)
	handle(a, Route{ID: "getAuth", Method: "GET", Path: "/api/0/auth/", Access: accessSignedIn, Summary: "The caller"}, a.getSelf)
	handle(a, Route{ID: "signIn", Method: "POST", Path: "/api/0/auth/", Access: accessPublic, Summary: "Sign in with a password", Ours: true}, a.signIn)
	handle(a, Route{ID: "signOut", Method: "DELETE", Path: "/api/0/auth/", Access: accessPublic, Summary: "Sign out", Status: 204}, a.signOut)
	handle(a, Route{ID: "signInWithLink", Method: "POST", Path: "/api/0/auth/link/", Access: accessPublic, Summary: "Sign in with a one-time link", Ours: true}, a.signInWithLink)
	handle(a, Route{ID: "getMe", Method: "GET", Path: "/api/0/users/me/", Access: accessSignedIn, Summary: "The caller"}, a.getSelf)
	handle(a, Route{ID: "updateMe", Method: "PUT", Path: "/api/0/users/me/", Access: accessSignedIn, Summary: "Change the caller's name or password"}, a.updateMe)
	handle(a, Route{ID: "listOrganizations", Method: "GET", Path: "/api/0/organizations/", Access: accessSignedIn, Summary: "Organisations of the caller"}, a.listOrganizations)
	handle(a, Route{ID: "getOrganization", Method: "GET", Path: "/api/0/organizations/{org}/", Access: "org:read", Summary: "An organisation"}, a.getOrganization)
	handle(a, Route{ID: "updateOrganization", Method: "PUT", Path: "/api/0/organizations/{org}/", Access: "org:write", Summary: "Change an organisation"}, a.updateOrganization)
	handle(a, Route{ID: "listEnvironments", Method: "GET", Path: "/api/0/organizations/{org}/environments/", Access: "org:read", Summary: "Environments that events came from"}, a.listEnvironments)
}

func (a *API) registerProjects() {
	handle(a, Route{ID: "listProjects", Method: "GET", Path: "/api/0/organizations/{org}/projects/", Access: "project:read", Summary: "Projects of an organisation"}, a.listProjects)
	handle(a, Route{ID: "listAllProjects", Method: "GET", Path: "/api/0/projects/", Access: accessSignedIn, Summary: "Projects of the caller"}, a.listAllProjects)
	handle(a, Route{ID: "createProject", Method: "POST", Path: "/api/0/organizations/{org}/projects/", Access: "project:write", Summary: "Make a project and its first key", Status: 201}, a.createProject)
	handle(a, Route{ID: "getProject", Method: "GET", Path: "/api/0/projects/{org}/{project}/", Access: "project:read", Summary: "A project"}, a.getProject)
	handle(a, Route{ID: "updateProject", Method: "PUT", Path: "/api/0/projects/{org}/{project}/", Access: "project:write", Summary: "Change a project"}, a.updateProject)
	handle(a, Route{ID: "deleteProject", Method: "DELETE", Path: "/api/0/projects/{org}/{project}/", Access: "project:admin", Summary: "Delete a project and all it holds", Status: 204}, a.deleteProject)
	handle(a, Route{ID: "listKeys", Method: "GET", Path: "/api/0/projects/{org}/{project}/keys/", Access: "project:read", Summary: "Keys of a project"}, a.listKeys)
	handle(a, Route{ID: "createKey", Method: "POST", Path: "/api/0/projects/{org}/{project}/keys/", Access: "project:write", Summary: "Make a key", Status: 201}, a.createKey)
	handle(a, Route{ID: "getKey", Method: "GET", Path: "/api/0/projects/{org}/{project}/keys/{key}/", Access: "project:read", Summary: "A key"}, a.getKey)
	handle(a, Route{ID: "updateKey", Method: "PUT", Path: "/api/0/projects/{org}/{project}/keys/{key}/", Access: "project:write", Summary: "Change a key"}, a.updateKey)
	handle(a, Route{ID: "deleteKey", Method: "DELETE", Path: "/api/0/projects/{org}/{project}/keys/{key}/", Access: "project:admin", Summary: "Remove a key", Status: 204}, a.deleteKey)
}

func (a *API) registerIssues() {
	const org = "/api/0/organizations/{org}/"
	handle(a, Route{ID: "listIssues", Method: "GET", Path: org + "issues/", Access: "event:read", Summary: "Issues"}, a.listIssues)
	handle(a, Route{ID: "updateIssues", Method: "PUT", Path: org + "issues/", Access: "event:write", Summary: "Change many issues"}, a.updateIssues)
	handle(a, Route{ID: "countIssues", Method: "GET", Path: org + "issues-count/", Access: "event:read", Summary: "Count the issues of queries"}, a.countIssues)
	handle(a, Route{ID: "getIssue", Method: "GET", Path: org + "issues/{issue}/", Access: "event:read", Summary: "An issue"}, a.getIssue)
	handle(a, Route{ID: "updateIssue", Method: "PUT", Path: org + "issues/{issue}/", Access: "event:write", Summary: "Change an issue"}, a.updateIssue)
	handle(a, Route{ID: "listIssueEvents", Method: "GET", Path: org + "issues/{issue}/events/", Access: "event:read", Summary: "Events of an issue"}, a.listIssueEvents)
	handle(a, Route{ID: "getIssueEvent", Method: "GET", Path: org + "issues/{issue}/events/{event}/", Access: "event:read", Summary: "An event of an issue"}, a.getIssueEvent)
	handle(a, Route{ID: "getIssueUnscoped", Method: "GET", Path: "/api/0/issues/{issue}/", Access: "event:read", Summary: "An issue, old form"}, a.getUnscopedIssue)
	handle(a, Route{ID: "updateIssueUnscoped", Method: "PUT", Path: "/api/0/issues/{issue}/", Access: "event:write", Summary: "Change an issue, old form"}, a.updateUnscopedIssue)
	handle(a, Route{ID: "listProjectIssues", Method: "GET", Path: "/api/0/projects/{org}/{project}/issues/", Access: "event:read", Summary: "Issues of a project"}, a.listProjectIssues)
	handle(a, Route{ID: "updateProjectIssues", Method: "PUT", Path: "/api/0/projects/{org}/{project}/issues/", Access: "event:write", Summary: "Change many issues of a project"}, a.updateProjectIssues)
	handle(a, Route{ID: "getShortID", Method: "GET", Path: org + "shortids/{shortId}/", Access: "event:read", Summary: "Where a short id leads"}, a.getShortID)
}

func (a *API) registerEvents(router *mux.Router) {
	const project = "/api/0/projects/{org}/{project}/"
	handle(a, Route{ID: "getEventID", Method: "GET", Path: "/api/0/organizations/{org}/eventids/{event}/", Access: "event:read", Summary: "Where an event id leads"}, a.getEventID)
	handle(a, Route{ID: "listProjectEvents", Method: "GET", Path: project + "events/", Access: "event:read", Summary: "Events of a project"}, a.listProjectEvents)
	handle(a, Route{ID: "getProjectEvent", Method: "GET", Path: project + "events/{event}/", Access: "event:read", Summary: "An event"}, a.getProjectEvent)
	a.handleRaw(router, Route{ID: "getProjectEventJSON", Method: "GET", Path: project + "events/{event}/json/", Access: "event:read", Summary: "An event as stored"}, a.getProjectEventJSON)
	handle(a, Route{ID: "listAttachments", Method: "GET", Path: project + "events/{event}/attachments/", Access: "event:read", Summary: "Files of an event"}, a.listAttachments)
	a.handleRaw(router, Route{ID: "downloadAttachment", Method: "GET", Path: project + "events/{event}/attachments/{attachment}/", Query: "download", Access: "event:read", Summary: "A file's bytes"}, a.downloadAttachment)
	handle(a, Route{ID: "getAttachment", Method: "GET", Path: project + "events/{event}/attachments/{attachment}/", Access: "event:read", Summary: "A file of an event"}, a.getAttachment)
}

func (a *API) registerReplays(router *mux.Router) {
	const org, replay = "/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/replays/{replay}/"
	handle(a, Route{ID: "listReplays", Method: "GET", Path: org + "replays/", Access: "event:read", Summary: "Replays"}, a.listReplays)
	handle(a, Route{ID: "getReplay", Method: "GET", Path: org + "replays/{replay}/", Access: "event:read", Summary: "A replay"}, a.getReplay)
	handle(a, Route{ID: "getReplayFrames", Method: "GET", Path: org + "replays/{replay}/frames/", Access: "event:read", Summary: "A replay's frames without DOM data", Ours: true}, a.getReplayFrames)
	a.handleRaw(router, Route{ID: "downloadRecording", Method: "GET", Path: org + "replays/{replay}/recording/", Access: "event:read", Summary: "The recording around a moment, from the last whole page before it", Ours: true}, a.downloadRecording)
	handle(a, Route{ID: "listReplayLinks", Method: "GET", Path: org + "replay-links/", Access: "event:read", Summary: "Which replays things happened in", Ours: true}, a.listReplayLinks)
	handle(a, Route{ID: "countReplays", Method: "GET", Path: org + "replay-count/", Access: "event:read", Summary: "Count replays of issues, transactions or ids"}, a.countReplays)
	handle(a, Route{ID: "listReplayEventsMeta", Method: "GET", Path: org + "replays-events-meta/", Access: "event:read", Summary: "Events of a replay"}, a.listReplayEventsMeta)
	handle(a, Route{ID: "getProjectReplay", Method: "GET", Path: replay, Access: "event:read", Summary: "A replay of a project"}, a.getProjectReplay)
	handle(a, Route{ID: "deleteProjectReplay", Method: "DELETE", Path: replay, Access: "event:admin", Summary: "Delete a replay", Status: 204}, a.deleteProjectReplay)
	a.handleRaw(router, Route{ID: "downloadSegments", Method: "GET", Path: replay + "recording-segments/", Query: "download", Access: "event:read", Summary: "The recording: an array of rrweb events per segment"}, a.downloadSegments)
	handle(a, Route{ID: "listSegments", Method: "GET", Path: replay + "recording-segments/", Access: "event:read", Summary: "Segments of a replay"}, a.listSegments)
	a.handleRaw(router, Route{ID: "downloadSegment", Method: "GET", Path: replay + "recording-segments/{segment}/", Query: "download", Access: "event:read", Summary: "A segment's bytes"}, a.downloadSegment)
	handle(a, Route{ID: "getSegment", Method: "GET", Path: replay + "recording-segments/{segment}/", Access: "event:read", Summary: "A segment"}, a.getSegment)
	handle(a, Route{ID: "listReplayViewers", Method: "GET", Path: replay + "viewed-by/", Access: "event:read", Summary: "Who watched a replay"}, a.listReplayViewers)
	handle(a, Route{ID: "markReplayViewed", Method: "POST", Path: replay + "viewed-by/", Access: "event:read", Summary: "Say that the caller watched a replay", Status: 204}, a.markReplayViewed)
}

func (a *API) registerExplore() {
	const org = "/api/0/organizations/{org}/"
	handle(a, Route{ID: "getTrace", Method: "GET", Path: org + "trace/{trace}/", Access: "event:read", Summary: "A trace"}, a.getTrace)
	handle(a, Route{ID: "getTraceMeta", Method: "GET", Path: org + "trace-meta/{trace}/", Access: "event:read", Summary: "What a trace has"}, a.getTraceMeta)
	handle(a, Route{ID: "getStats", Method: "GET", Path: org + "stats_v2/", Access: "org:read", Summary: "What became of items"}, a.getStats)
	handle(a, Route{ID: "getProjectStats", Method: "GET", Path: "/api/0/projects/{org}/{project}/stats/", Access: "project:read", Summary: "Error events of a project over time, old form"}, a.getProjectStats)
	handle(a, Route{ID: "searchID", Method: "GET", Path: org + "search/", Access: "event:read", Summary: "What an id is", Ours: true}, a.searchID)
}

func (a *API) registerDeadLetters() {
	const org = "/api/0/organizations/{org}/"
	handle(a, Route{ID: "listDeadLetters", Method: "GET", Path: org + "dead-letters/", Access: "org:read", Summary: "Messages that could not be stored", Ours: true}, a.listDeadLetters)
	handle(a, Route{ID: "getDeadLetter", Method: "GET", Path: org + "dead-letters/{letter}/", Access: "org:admin", Summary: "A dead letter with its envelope", Ours: true}, a.getDeadLetter)
	handle(a, Route{ID: "resendDeadLetter", Method: "POST", Path: org + "dead-letters/{letter}/resend/", Access: "org:write", Summary: "Send a dead letter again", Ours: true, Status: 204}, a.resendDeadLetter)
	handle(a, Route{ID: "dropDeadLetter", Method: "DELETE", Path: org + "dead-letters/{letter}/", Access: "org:admin", Summary: "Drop a dead letter", Ours: true, Status: 204}, a.dropDeadLetter)
}
