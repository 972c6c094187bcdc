package api_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// auditedRoutes are the routes whose change is in the audit log, with the event. A route that changes
// something is here or in [unauditedRoutes].
var auditedRoutes = map[string]string{
	"signIn": store.AuditSignIn, "signInWithLink": store.AuditSignIn, "updateMe": store.AuditPassword,
	"updateOrganization": store.AuditOrgEdit, "updateOrganizationQuotas": store.AuditOrgQuotas,
	"createTeam": store.AuditTeamCreate, "updateTeam": store.AuditTeamEdit, "deleteTeam": store.AuditTeamRemove,
	"createTeamProject": store.AuditProjectCreate, "addProjectTeam": store.AuditProjectTeam, "removeProjectTeam": store.AuditProjectNoTeam,
	"createMember": store.AuditSignInLink, "updateMember": store.AuditMemberEdit, "deleteMember": store.AuditMemberRemove,
	"joinTeam": store.AuditTeamJoin, "changeTeamRole": store.AuditTeamJoin, "leaveTeam": store.AuditTeamLeave,
	"createToken": store.AuditTokenCreate, "deleteToken": store.AuditTokenRemove,
	"createOrgToken": store.AuditTokenCreate, "deleteOrgToken": store.AuditTokenRemove,
	"createProject": store.AuditProjectCreate, "updateProject": store.AuditProjectEdit, "deleteProject": store.AuditProjectRemove,
	"updateProjectSettings": store.AuditScrubbing, "updateFilter": store.AuditFilters, "updateOwnership": store.AuditOwnership,
	"createKey": store.AuditKeyCreate, "updateKey": store.AuditKeyEdit, "deleteKey": store.AuditKeyRemove,
	"deleteIssue": store.AuditIssueRemove, "deleteIssues": store.AuditIssueRemove, "deleteProjectIssues": store.AuditIssueRemove,
	"deleteIssueUnscoped": store.AuditIssueRemove, "deleteTombstone": store.AuditDiscardRemove,
	"deleteProjectReplay": store.AuditReplayRemove, "createReplayDeleteJob": store.AuditReplaysRemove,
	"deleteRelease": store.AuditReleaseRemove, "deleteProjectRelease": store.AuditReleaseRemove,
	"deleteArtifactBundle": store.AuditArtifactRemove, "deleteSourceMaps": store.AuditArtifactRemove, "deleteOrgSourceMaps": store.AuditArtifactRemove, "deleteDebugFile": store.AuditDebugRemove,
	"deleteReleaseFile": store.AuditArtifactRemove, "deleteProjectReleaseFile": store.AuditArtifactRemove,
	"resendDeadLetter": store.AuditLetterResend, "dropDeadLetter": store.AuditLetterDrop, "downloadEvidence": store.AuditExport,
	"createRule": store.AuditRuleCreate, "updateRule": store.AuditRuleEdit, "deleteRule": store.AuditRuleRemove,
	"snoozeRule": store.AuditRuleSnooze, "unsnoozeRule": store.AuditRuleSnooze,
	"snoozeMetricRule": store.AuditRuleSnooze, "unsnoozeMetricRule": store.AuditRuleSnooze,
	"createMetricRule": store.AuditRuleCreate, "updateMetricRule": store.AuditRuleEdit, "deleteMetricRule": store.AuditRuleRemove,
	"createProjectMetricRule": store.AuditRuleCreate, "updateProjectMetricRule": store.AuditRuleEdit, "deleteProjectMetricRule": store.AuditRuleRemove,
	"createWorkflow": store.AuditRuleCreate, "updateWorkflow": store.AuditRuleEdit, "deleteWorkflow": store.AuditRuleRemove,
	"createDetector": store.AuditMonitorCreate, "updateDetector": store.AuditRuleEdit, "deleteDetector": store.AuditRuleRemove,
	"createAlertChannel": store.AuditChannelCreate, "updateAlertChannel": store.AuditChannelEdit, "deleteAlertChannel": store.AuditChannelRemove,
	"createMonitor": store.AuditMonitorCreate, "updateMonitor": store.AuditMonitorEdit, "updateMonitors": store.AuditMonitorEdit,
	"updateProjectMonitor": store.AuditMonitorEdit, "updateMonitorEnvironment": store.AuditMonitorEdit,
	"deleteMonitor": store.AuditMonitorRemove, "deleteProjectMonitor": store.AuditMonitorRemove, "deleteMonitorEnvironment": store.AuditMonitorRemove,
}

// unauditedRoutes change something, or are POST, and need no entry: why.
var unauditedRoutes = map[string]string{
	"signOut":     "ends the caller's own session",
	"beginSignOn": "changes nothing", "finishSignOn": "tested with a provider", "unlinkIdentity": "tested with a provider",
	"testGrouping": "changes nothing", "testScrubbing": "changes nothing", "convertCodeowners": "changes nothing", "testAlertChannel": "sends a trial",
	"updateIssue": "the issue's activity tells", "updateIssues": "the issue's activity tells", "updateProjectIssues": "the issue's activity tells",
	"updateIssueUnscoped": "the issue's activity tells", "unmergeIssue": "the issue's activity tells", "unmergeIssueOld": "the issue's activity tells",
	"createNote": "the issue's activity tells", "updateNote": "of the caller's own", "deleteNote": "of the caller's own",
	"createComment": "the issue's activity tells", "updateComment": "of the caller's own", "deleteComment": "of the caller's own",
	"createSavedSearch": "a view", "updateSavedSearch": "a view", "deleteSavedSearch": "a view", "addRecentSearch": "a view", "markReplayViewed": "a view",
	"createUserFeedback": "data that comes in", "updateUserFeedback": "an inbox", "uploadChunks": "data that comes in", "uploadReleaseFile": "data that comes in",
	"uploadProjectReleaseFile": "data that comes in", "uploadDebugFiles": "data that comes in", "assembleBundle": "data that comes in", "assembleRelease": "data that comes in",
	"assembleDebugFiles": "data that comes in", "setProguardRelease": "data that comes in", "createRelease": "data that comes in",
	"createProjectRelease": "data that comes in", "updateRelease": "data that comes in", "updateProjectRelease": "data that comes in",
	"createDeploy": "data that comes in", "createRepository": "data that comes in", "reprocess": "only asks for what is kept to be mapped again",
	"resendAlertDelivery": "the delivery's own log tells",
}

// auditBodies replace those of the tenancy test where these would change nothing.
func auditBody(t *testing.T, w *world, id string) string {
	switch id {
	case "signIn":
		return `{"email":"owner@acme.example","password":"correct horse battery"}`
	case "signInWithLink":
		token, err := w.s.CreateSignInLink(t.Context(), w.acme.owner.ID, store.SignInLinkAge)
		must(t, err)
		return `{"token":"` + token + `"}`
	case "updateMe":
		return `{"password":"correct horse battery","passwordNew":"another horse battery"}`
	case "updateProjectSettings":
		s := settings.Default()
		s.Scrub.SensitiveFields = []string{"iban"}
		return string(s.JSON())
	case "updateOrganizationQuotas":
		return `{"limits":[{"id":"one","categories":["error"],"limit":5,"windowSeconds":60}]}`
	case "createReplayDeleteJob":
		return `{"data":{"rangeStart":"1999-01-01","rangeEnd":"1999-01-02","environments":[],"query":""}}`
	case "updateDetector":
		return `{"name":"d","dataSources":[{"queryObj":{"snubaQuery":{"aggregate":"count()","dataset":"events","query":"","timeWindow":300}}}],
			"conditionGroup":{"logicType":"any","conditions":[{"type":"gt","comparison":5,"conditionResult":75}]}}`
	case "updateMonitors":
		return `{"ids":["nightly"],"isMuted":true}`
	}
	return requests[id].body
}

// auditPath is where a route is called.
func auditPath(w *world, rt api.Route) string {
	path := fill(rt, "acme", projectOf(rt.Path, w.acme), w.acme)
	switch rt.ID {
	case "deleteToken":
		t, err := w.s.Token(w.t.Context(), w.acme.token)
		must(w.t, err)
		return strings.Replace(path, itoa(w.acme.orgToken), itoa(t.ID), 1)
	case "leaveTeam", "changeTeamRole":
		must(w.t, w.s.JoinTeam(w.t.Context(), w.acme.org.Scope(), w.acme.team, w.acme.member.ID, store.TeamContributor))
	case "deleteReleaseFile", "deleteProjectReleaseFile":
		b, err := w.s.AddBundle(w.t.Context(), w.acme.org.Scope(), store.BundleWrite{Projects: []int64{w.acme.web.ID}, Release: "shop@1.0.0",
			Bundle: store.ArtifactBundle{Kind: store.BundleOfOne, Identity: "one", Blob: "one", Size: 1}, Files: []store.ArtifactFile{{URL: "~/one.js", Type: store.FileMinified, SHA1: "z", Size: 1, Packed: 1}}})
		must(w.t, err)
		files, err := w.s.BundleFiles(w.t.Context(), w.acme.org.Scope(), w.acme.web.ID, b.ID, store.Page{Limit: 1})
		must(w.t, err)
		return strings.Replace(path, "/files/"+itoa(w.acme.file)+"/", "/files/"+itoa(files.Rows[0].ID)+"/", 1)
	case "removeProjectTeam":
		must(w.t, w.s.GiveProject(w.t.Context(), w.acme.org.Scope(), w.acme.web.ID, w.acme.team))
	}
	return path
}

func auditEvents(t *testing.T, w *world) []store.AuditEntry {
	t.Helper()
	page, err := w.s.AuditLog(t.Context(), w.acme.org.Scope(), store.AuditQuery{Page: store.Page{Limit: 100}})
	must(t, err)
	return page.Rows
}

// Every route that changes something leaves an entry, or is known to need none.
func TestEveryChangeIsAudited(t *testing.T) {
	for _, rt := range api.New(api.Config{BaseURL: &url.URL{Scheme: "http", Host: "h"}}).Routes() {
		event, audited := auditedRoutes[rt.ID]
		_, not := unauditedRoutes[rt.ID]
		if audited && not || rt.Method != http.MethodGet && !audited && !not && rt.ID != "absent" {
			t.Errorf("%s is to be in one of auditedRoutes and unauditedRoutes", rt.ID)
		}
		if !audited {
			continue
		}
		t.Run(rt.ID, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sqliteStore(t))
			cookie, err := w.s.CreateSession(t.Context(), w.acme.owner.ID)
			must(t, err)
			path, body := auditPath(w, rt), auditBody(t, w, rt.ID)
			if rt.Access != "public" {
				w.do(w.other.token, rt.Method, path, body)
			}
			if rows := auditEvents(t, w); len(rows) != 0 {
				t.Fatalf("there are entries of what was refused: %+v", rows)
			}
			if r := w.do("cookie:"+cookie, rt.Method, path, body); r.Code >= 300 {
				t.Fatalf("%s %s: %d %s", rt.Method, path, r.Code, r.Body)
			}
			rows := auditEvents(t, w)
			i := slices.IndexFunc(rows, func(e store.AuditEntry) bool { return e.Event == event })
			if i < 0 {
				t.Fatalf("no entry of %s: %+v", event, rows)
			}
			e := rows[i]
			if e.ActorID == nil || *e.ActorID != w.acme.owner.ID || e.ActorName != "owner@acme.example" || e.Address != "192.0.2.1" {
				t.Errorf("by whom and from where: %+v", e)
			}
			if e.TargetKind == "" || !slices.Contains(store.AuditEvents(), e.Event) {
				t.Errorf("on what: %+v", e)
			}
			for _, secret := range []string{"horse battery", w.acme.webKey, w.acme.token} {
				if strings.Contains(e.Data+e.TargetID+e.TargetName, secret) {
					t.Errorf("a secret is in the log: %+v", e)
				}
			}
		})
	}
}

// The log by event, by person, in pages; of a token the token's name is told.
func TestAuditLogs(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for _, name := range []string{"one", "two", "three"} {
			if r := w.do(w.acme.token, "POST", "/api/0/projects/acme/shop-web/keys/", `{"name":"`+name+`"}`); r.Code != 201 {
				t.Fatalf("%d %s", r.Code, r.Body)
			}
		}
		if r := w.do(w.acme.token, "PUT", "/api/0/projects/acme/shop-web/", `{"name":"Renamed"}`); r.Code != 200 {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		list := func(query string) (api.AuditLogs, string) {
			r := w.get("/api/0/organizations/acme/audit-logs/?" + query)
			return decode[api.AuditLogs](r), r.Header().Get("Link")
		}
		all, _ := list("")
		if len(all.Rows) != 4 || all.Rows[0].Event != store.AuditProjectEdit || len(all.Options) < 40 {
			t.Fatalf("%+v", all)
		}
		first := all.Rows[0]
		if first.Actor.Email != "owner@acme.example" || first.Actor.Token != "all" || *first.IPAddress != "192.0.2.1" || first.TargetName != "shop-web" ||
			first.Data["name"].(map[string]any)["to"] != "Renamed" {
			t.Errorf("%+v %+v", first, first.Actor)
		}
		keys, link := list("event=projectkey.create&per_page=2")
		if len(keys.Rows) != 2 || keys.Rows[0].TargetName != "three" || !strings.Contains(link, `rel="next"; results="true"`) {
			t.Errorf("%+v %s", keys, link)
		}
		_, cursor, _ := strings.Cut(link, `results="true"; cursor="`)
		rest, _ := list("event=projectkey.create&per_page=2&cursor=" + strings.SplitN(cursor, `"`, 2)[0])
		if len(rest.Rows) != 1 || rest.Rows[0].TargetName != "one" {
			t.Errorf("second page: %+v", rest)
		}
		if mine, _ := list("actor=" + itoa(w.acme.owner.ID)); len(mine.Rows) != 4 {
			t.Errorf("the owner's: %+v", mine)
		}
		if theirs, _ := list("actor=" + itoa(w.acme.member.ID)); len(theirs.Rows) != 0 {
			t.Errorf("the member's: %+v", theirs)
		}
		if r := w.do(w.acme.token, "GET", "/api/0/organizations/acme/audit-logs/?event=nothing", ""); r.Code != 400 {
			t.Errorf("an unknown event: %d", r.Code)
		}
		cookie, err := w.s.CreateSession(t.Context(), w.acme.member.ID)
		must(t, err)
		if r := w.do("cookie:"+cookie, "GET", "/api/0/organizations/acme/audit-logs/", ""); r.Code != 403 {
			t.Errorf("a member reads the log: %d", r.Code)
		}
	})
}

// lettersWatched tells before something is done to a letter.
type lettersWatched struct {
	*deadLetters
	before func()
}

func (l lettersWatched) ResendDeadLetter(ctx context.Context, org int64, seq uint64) error {
	l.before()
	return l.deadLetters.ResendDeadLetter(ctx, org, seq)
}

func (l lettersWatched) DropDeadLetter(ctx context.Context, org int64, seq uint64) error {
	l.before()
	return l.deadLetters.DropDeadLetter(ctx, org, seq)
}

// A letter lies outside of the database: what is done to it is recorded before, and not of one that is not there.
func TestLettersAreAuditedFirst(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var seen [][]string
		entries := func() (out []string) {
			for _, e := range auditEvents(t, w) {
				if e.TargetKind == "dead-letter" {
					out = append(out, e.Event)
				}
			}
			return out
		}
		w.h = api.New(api.Config{Store: w.s, Blobs: w.blobs, BaseURL: &url.URL{Scheme: "http", Host: "sentry.example:8000"},
			DeadLetters: lettersWatched{w.dead, func() { seen = append(seen, entries()) }}, Secrets: plainSeal{}})
		for _, call := range []struct {
			method, path string
			code         int
		}{{"POST", "6/resend/", 404}, {"POST", "5/resend/", 204}, {"DELETE", "5/", 204}} {
			if r := w.do(w.acme.token, call.method, "/api/0/organizations/acme/dead-letters/"+call.path, ""); r.Code != call.code {
				t.Errorf("%s %s: %d %s", call.method, call.path, r.Code, r.Body)
			}
		}
		want := [][]string{{store.AuditLetterResend}, {store.AuditLetterDrop, store.AuditLetterResend}}
		if d := cmp.Diff(want, seen); d != "" {
			t.Errorf("entries when it was done (-want +got):\n%s", d)
		}
	})
}
