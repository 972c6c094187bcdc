package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// bodies of the routes that take one, and the query of those that need one. {…} stand for the other
// tenant's ids where a caller tries those. A route that changes something must have an entry.
var requests = map[string]struct{ query, body string }{
	"signIn": {body: `{"email":"nobody@example.com","password":"wrong"}`}, "signInWithLink": {body: `{"token":"none"}`}, "signOut": {},
	"beginSignOn": {body: `{}`}, "finishSignOn": {body: `{"code":"x","state":"y"}`}, "unlinkIdentity": {},
	"testGrouping": {body: `{"event":{"message":"x"}}`}, "unmergeIssue": {query: "id=shop-api"}, "unmergeIssueOld": {query: "id=shop-api"},
	"deleteIssue": {}, "deleteIssues": {query: "id={issue}"}, "deleteProjectIssues": {query: "id={issue}"}, "deleteIssueUnscoped": {}, "deleteTombstone": {},
	"updateProjectSettings": {body: string(settings.Default().JSON())}, "testScrubbing": {body: `{"type":"text","input":"x"}`},
	"updateFilter": {body: `{"active":true}`},
	"updateMe":     {body: `{"name":"x"}`}, "updateOrganization": {body: `{"name":"x"}`},
	"createTeam": {body: `{"name":"Fresh"}`}, "updateTeam": {body: `{"name":"x"}`}, "deleteTeam": {}, "createTeamProject": {body: `{"name":"Fresh"}`},
	"addProjectTeam": {}, "removeProjectTeam": {}, "createMember": {body: `{"email":"new@example.com"}`}, "updateMember": {body: `{"orgRole":"manager"}`},
	"deleteMember": {}, "joinTeam": {}, "changeTeamRole": {body: `{"teamRole":"admin"}`}, "leaveTeam": {},
	"createToken": {body: `{"name":"x","scopes":["org:read"]}`}, "deleteToken": {}, "createOrgToken": {body: `{"name":"x"}`}, "deleteOrgToken": {},
	"createProject": {body: `{"name":"Fresh"}`}, "updateProject": {body: `{"name":"Renamed"}`},
	"updateOrganizationQuotas": {body: `{"limits":[]}`},
	"createKey":                {body: `{"name":"k"}`}, "updateKey": {body: `{"name":"k2"}`}, "deleteKey": {}, "deleteProject": {},
	"explore": {query: "field=count()&dataset=errors"}, "createSavedSearch": {body: `{"name":"Mine","query":"is:unresolved"}`}, "updateSavedSearch": {body: `{"name":"Renamed"}`},
	"deleteSavedSearch": {}, "addRecentSearch": {body: `{"query":"is:unresolved"}`}, "getTraceItem": {query: "item_type=spans&trace_id=" + traceA},
	"updateIssues": {query: "id={issue}", body: `{"status":"resolved"}`}, "updateIssue": {body: `{"status":"resolved"}`},
	"updateIssueUnscoped": {body: `{"status":"resolved"}`}, "updateProjectIssues": {query: "id={issue}", body: `{"status":"resolved"}`},
	"uploadChunks": {}, "assembleBundle": {body: `{"checksum":"x","chunks":[],"projects":["shop-web"]}`}, "assembleRelease": {body: `{"checksum":"x","chunks":[]}`},
	"assembleDebugFiles": {body: `{}`}, "deleteArtifactBundle": {}, "deleteSourceMaps": {query: "name={bundle}"}, "deleteOrgSourceMaps": {query: "name={bundle}"}, "uploadDebugFiles": {}, "uploadReleaseFile": {}, "uploadProjectReleaseFile": {},
	"deleteReleaseFile": {}, "deleteProjectReleaseFile": {}, "deleteDebugFile": {query: "id={debugFile}"}, "reprocess": {},
	"setProguardRelease": {body: `{"release_name":"1","proguard_uuid":"none"}`}, "downloadReleaseFile": {query: "download=1"},
	"downloadProjectReleaseFile": {query: "download=1"}, "downloadArtifact": {query: "download=artifact_bundle/{bundle}"},
	"createRule": {body: `{"name":"r","conditions":[],"actions":[]}`}, "updateRule": {body: `{"name":"r"}`}, "snoozeRule": {body: `{}`}, "unsnoozeRule": {},
	"snoozeMetricRule": {body: `{}`}, "unsnoozeMetricRule": {},
	"createMetricRule": {body: metricBody}, "updateMetricRule": {body: metricBody}, "createProjectMetricRule": {body: metricBody}, "updateProjectMetricRule": {body: metricBody},
	"createWorkflow": {body: `{"name":"w"}`}, "updateWorkflow": {body: `{"name":"w"}`},
	"createDetector":     {body: `{"name":"d","type":"monitor_check_in_failure","dataSources":[{"queryObj":{"slug":"fresh","config":{"schedule":"0 3 * * *"}}}]}`},
	"updateDetector":     {body: `{"name":"d"}`},
	"createAlertChannel": {body: `{"name":"c","kind":"webhook","config":{"url":"https://example.com/x"}}`}, "updateAlertChannel": {body: `{"name":"d"}`},
	"createUserFeedback": {body: `{"event_id":"` + eventA + `","comments":"x"}`}, "updateUserFeedback": {body: `{"status":"spam"}`},
	"testAlertChannel": {}, "resendAlertDelivery": {},
	"createMonitor": {body: `{"name":"m","project":"shop-web","type":"cron_job","config":{"schedule_type":"crontab","schedule":"0 3 * * *"}}`},
	"updateMonitor": {body: `{"name":"m"}`}, "updateMonitors": {body: `{"ids":["nightly"],"isMuted":false}`}, "updateProjectMonitor": {body: `{"name":"m"}`},
	"updateMonitorEnvironment": {body: `{"isMuted":true}`},
	// What removes things that other routes are tried on removes nothing: who may not ask never gets there.
	"deleteRule": {}, "deleteMetricRule": {}, "deleteProjectMetricRule": {}, "deleteWorkflow": {}, "deleteDetector": {}, "deleteAlertChannel": {}, "deleteMonitor": {},
	"deleteMonitorEnvironment": {}, "deleteProjectMonitor": {},

	"createReplayDeleteJob": {body: `{"data":{"rangeStart":"1999-01-01","rangeEnd":"1999-01-02"}}`},
	"deleteProjectReplay":   {}, "markReplayViewed": {}, "resendDeadLetter": {}, "dropDeadLetter": {},
	"listReplayLinks": {query: "event=" + eventA}, "countReplays": {query: "query=issue.id:{issue}"}, "listReplayEventsMeta": {query: "query=replayId:" + replayA},
	"createNote": {body: `{"text":"mine"}`}, "createComment": {body: `{"text":"mine"}`}, "updateNote": {body: `{"text":"mine"}`}, "updateComment": {body: `{"text":"mine"}`}, "deleteNote": {}, "deleteComment": {},
	"createRelease": {body: `{"version":"new@1.0.0","projects":["shop-web"]}`}, "createProjectRelease": {body: `{"version":"new@1.0.0"}`},
	"updateRelease": {body: `{"url":"http://ci.example/1"}`}, "updateProjectRelease": {body: `{"url":"http://ci.example/1"}`}, "deleteRelease": {}, "deleteProjectRelease": {},
	"createDeploy": {body: `{"environment":"production"}`}, "createRepository": {body: `{"name":"acme/shop"}`},
	"updateOwnership": {body: `{"raw":"path:src/* #web"}`}, "convertCodeowners": {body: `{"raw":"* @acme/web"}`},
	"getSessions": {query: "field=sum(session)"}, "getMetricsData": {query: "field=session.all"},
	"searchID": {query: "id=" + eventA}, "downloadSegments": {query: "download=true"}, "downloadSegment": {query: "download=true"}, "downloadAttachment": {query: "download=1"},
}

// projectOf says which project's things a route's ids are of.
func projectOf(path string, o *tenant) *store.Project {
	if strings.Contains(path, "{event}") || strings.Contains(path, "/issues/") || strings.Contains(path, "/trace-items/") || strings.Contains(path, "tombstones") {
		return o.api
	}
	return o.web
}

// fill puts the ids of one tenant into the place of another's organisation and project.
func fill(rt api.Route, org string, p *store.Project, ids *tenant) string {
	path := strings.NewReplacer( // a line each: many add one
		"{org}", org,
		"{project}", p.Slug,
		"{issue}", itoa(ids.issue),
		"{event}", eventA,
		"{replay}", replayA,
		"{trace}", traceA,
		"{key}", ids.webKey,
		"{attachment}", ids.attachment,
		"{segment}", "0",
		"{letter}", "5",
		"{identity}", "1",
		"{shortId}", "SHOP-API-1",
		"{filter}", "localhost",
		"{tag}", "browser.name",
		"{search}", itoa(ids.search), "{item}", rootID,
		"{version}", "shop@1.0.0", "{bundle}", itoa(ids.bundle), "{file}", itoa(ids.file),
		"{rule}", itoa(ruleFor(rt, ids)), "{workflow}", itoa(ids.rule), "{detector}", itoa(ids.metric*4), "{channel}", itoa(ids.channel), "{delivery}", itoa(ids.delivery),
		"{monitor}", ids.monitor, "{environment}", "production",
		"{job}", itoa(ids.job),
		"{version}", ids.version,
		"{note}", itoa(ids.note), "{report}", ids.report,
		"{tombstone}", itoa(ids.tombstone),
		"{member}", itoa(ids.member.ID), "{team}", itoa(ids.team), "{tokenId}", itoa(ids.orgToken),
	).Replace(rt.Path)
	if q := requests[rt.ID].query; q != "" {
		path += "?" + strings.NewReplacer("{issue}", itoa(ids.issue), "{bundle}", itoa(ids.bundle), "{debugFile}", itoa(ids.debugFile)).Replace(q)
	}
	return path
}

const metricBody = `{"name":"m","aggregate":"count()","dataset":"events","timeWindow":5,"projects":["shop-web"],"triggers":[{"label":"critical","alertThreshold":5,"actions":[]}]}`

// ruleFor is the rule of the kind that a route is about.
func ruleFor(rt api.Route, ids *tenant) int64 {
	if strings.Contains(rt.Path, "alert-rules") {
		return ids.metric
	}
	return ids.rule
}

var placeholder = regexp.MustCompile(`\{[a-zA-Z]+\}`)

// Each route as nobody, as a stranger, without the scope, and with ids of another organisation.
func TestTenancy(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	routes := api.New(api.Config{BaseURL: &url.URL{Scheme: "http", Host: "h"}}).Routes()
	if len(routes) < 50 {
		t.Fatalf("only %d routes", len(routes))
	}
	feeble, _, err := w.s.CreateToken(t.Context(), w.acme.org.Scope(), store.NewToken{Name: "feeble", Scopes: []string{"project:distribution"}})
	must(t, err)
	outsider := w.user(w.other.org, "outsider@other.example", store.RoleOwner)
	cookie, err := w.s.CreateSession(t.Context(), outsider.ID)
	must(t, err)
	for _, rt := range routes {
		t.Run(rt.ID, func(t *testing.T) {
			w.t = t
			if _, ok := requests[rt.ID]; !ok && rt.Method != http.MethodGet {
				t.Fatal("a route that changes something has no entry in this test")
			}
			body := requests[rt.ID].body
			own := fill(rt, "acme", projectOf(rt.Path, w.acme), w.acme)
			if left := placeholder.FindString(own); left != "" {
				t.Fatalf("nothing to put for %s: teach this test", left)
			}
			if rt.Access == "public" {
				return
			}
			want := func(who, as, path string, codes ...int) {
				t.Helper()
				r := w.do(as, rt.Method, path, body)
				for _, c := range codes {
					if r.Code == c {
						if r.Code >= 400 {
							if d := decode[struct{ Detail string }](r); d.Detail == "" || r.Header().Get("Content-Type") != "application/json" {
								t.Errorf("%s: refusal is not {\"detail\"} in JSON: %q %s", who, r.Header().Get("Content-Type"), r.Body)
							}
						}
						return
					}
				}
				t.Errorf("%s: %s %s answered %d %s, want one of %v", who, rt.Method, path, r.Code, r.Body, codes)
			}
			want("nobody", "", own, 401)
			want("a wrong token", "sntryu_0000", own, 401)
			want("a wrong cookie", "cookie:none", own, 401)
			if rt.Access == "signed-in" {
				return
			}
			want("a token without the scope", feeble, own, 403)
			if !strings.Contains(rt.Path, "{org}") {
				want("a stranger", w.other.token, own, 404)
				return
			}
			want("a stranger's token", w.other.token, own, 404)
			want("a stranger's cookie", "cookie:"+cookie, own, 404)
			want("a stranger by number", w.other.token, fill(rt, itoa(w.acme.org.ID), projectOf(rt.Path, w.acme), w.acme), 404)
			foreign := fill(rt, "acme", projectOf(rt.Path, w.acme), w.other)
			if foreign == own {
				return
			}
			if rt.ID == "updateIssues" || rt.ID == "updateProjectIssues" || rt.ID == "deleteIssues" || rt.ID == "deleteProjectIssues" { // foreign ids are passed over
				want("acme with foreign ids", w.acme.token, foreign, 204)
			} else if rt.ID == "countReplays" {
				if r := w.do(w.acme.token, "GET", foreign, ""); decode[map[string]int](r)[itoa(w.other.issue)] != 0 {
					t.Errorf("counted the replays of another organisation: %s", r.Body)
				}
			} else {
				want("acme with foreign ids", w.acme.token, foreign, 404)
			}
		})
	}
	w.t = t
	// Nothing of all that changed the other organisation or let acme's things go.
	for _, o := range []*tenant{w.acme, w.other} {
		i, err := w.s.Issue(t.Context(), o.org.Scope(), o.issue)
		if err != nil || i.Status != store.IssueUnresolved {
			t.Errorf("issue of %s: %v %+v", o.org.Slug, err, i)
		}
		if r, err := w.s.Replay(t.Context(), o.org.Scope(), replayA); err != nil || r.State != store.ReplayLive {
			t.Errorf("replay of %s: %v", o.org.Slug, err)
		}
		if ks, err := w.s.ProjectKeys(t.Context(), o.org.Scope(), o.web.ID); err != nil || len(ks) != 1 {
			t.Errorf("keys of %s: %v %v", o.org.Slug, ks, err)
		}
	}
	if w.dead.resent || w.dead.dropped {
		t.Error("a stranger reached a dead letter")
	}
	_, err = w.s.UpdateRelease(t.Context(), w.acme.org.Scope(), "shop@1.0.0", store.ReleaseChange{Commits: []store.CommitWrite{{Repository: "acme/shop", SHA: "c1", AuthorName: "Ann", DateMS: 1,
		Files: []store.CommitFile{{Path: "charge.go", Type: "M"}}}}})
	must(t, err)
	// And each route does answer who may ask, so the refusals above are not just broken paths.
	for _, rt := range routes {
		if rt.Method != http.MethodGet || rt.Access == "public" {
			continue
		}
		path := fill(rt, "acme", projectOf(rt.Path, w.acme), w.acme)
		if r := w.do(w.acme.token, "GET", path, ""); r.Code != 200 {
			t.Errorf("%s: %s answered %d %s to its owner", rt.ID, path, r.Code, r.Body)
		}
	}
}

// A path with a project opens only what is that project's.
func TestProjectPathsAreOfThatProject(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	for _, path := range []string{
		"/api/0/projects/acme/shop-web/events/" + eventA + "/", "/api/0/projects/acme/shop-api/replays/" + replayA + "/",
		"/api/0/projects/acme/shop-api/replays/" + replayA + "/recording-segments/?download=true",
		"/api/0/projects/acme/shop-api/keys/" + w.acme.webKey + "/", "/api/0/projects/acme/shop-web/events/" + eventA + "/attachments/" + w.acme.attachment + "/?download=1",
		"/api/0/organizations/acme/issues/" + itoa(w.acme.issue) + "/events/" + eventB + "/",
	} {
		if r := w.do(w.acme.token, "GET", path, ""); r.Code != 404 {
			t.Errorf("%s: %d %s", path, r.Code, r.Body)
		}
	}
	r := w.do(w.acme.token, "PUT", "/api/0/projects/acme/shop-web/issues/?id="+itoa(w.acme.issue), `{"status":"resolved"}`)
	if r.Code != 204 {
		t.Errorf("changed another project's issue: %d %s", r.Code, r.Body)
	}
}
