package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

func conformance() []conformanceCase {
	var all []conformanceCase
	for _, part := range [][]conformanceCase{conformOrganizations(), conformIssues(), conformEvents(), conformReleasesAndAlerts()} {
		all = append(all, part...)
	}
	return all
}

func issueRow(n node) {
	for _, k := range []string{"id", "shortId", "title", "permalink", "status", "level", "type", "count", "culprit"} {
		n.at(k).text()
	}
	for _, k := range []string{"userCount", "numComments"} {
		n.at(k).integer()
	}
	for _, k := range []string{"hasSeen", "isPublic", "isBookmarked", "isSubscribed"} {
		n.at(k).boolean()
	}
	n.at("firstSeen").date()
	n.at("lastSeen").date()
	n.at("permalink").want("an absolute address", strings.HasPrefix(n.at("permalink").text(), "http"))
	n.at("project.slug").text()
	n.at("metadata").object()
	n.at("assignedTo").present()
	n.at("assignedTo").optional(func(a node) { a.at("type").text(); a.at("id").text(); a.at("name").text() })
	n.at("issueType").text()
	n.at("issueCategory").text()
}

func conformOrganizations() []conformanceCase {
	return []conformanceCase{
		{1, "who is calling", func(p *probe) {
			n := p.get("/")
			n.at("auth.scopes").list()
			n.at("user.email").text()
		}},
		{2, "nobody is calling", func(p *probe) {
			n := p.askAs("", "GET", "/", "", http.StatusOK)
			n.at("user").null()
			n.at("auth").null()
		}},
		{3, "the caller", func(p *probe) {
			n := p.get("/auth/")
			for _, k := range []string{"id", "name", "email"} {
				n.at(k).text()
			}
		}},
		{4, "a wrong token", func(p *probe) { p.askAs("wrong", "GET", "/organizations/acme/issues/", "", 401) }},
		{5, "a scope that is missing", func(p *probe) {
			token, _, err := p.w.s.CreateToken(p.w.t.Context(), p.w.acme.org.Scope(), store.NewToken{Name: "reads", Scopes: []string{"event:read"}})
			must(p.w.t, err)
			p.askAs(token, "PUT", "/organizations/acme/issues/{issue}/", `{"status":"resolved"}`, 403)
		}},
		{6, "organisations", func(p *probe) {
			p.get("/organizations/?cursor=").each(func(o node) {
				o.at("requireEmailVerification").boolean()
				o.at("features").list()
				o.at("links.regionUrl").is("")
				o.at("links.organizationUrl").want("an absolute address", strings.HasPrefix(o.at("links.organizationUrl").text(), "http"))
				o.at("dateCreated").date()
				o.at("status.id").text()
				o.at("avatar.avatarType").text()
				o.at("isEarlyAdopter").boolean()
				o.at("require2FA").boolean()
			})
			p.link("previous")
			p.link("next")
		}},
		{7, "no last slash", func(p *probe) { p.get("/organizations/acme").at("slug").is("acme") }},
		{8, "an organisation by its id", func(p *probe) {
			p.get("/organizations/" + itoa(p.w.acme.org.ID) + "/").at("slug").is("acme")
		}},
		{9, "no such organisation", func(p *probe) {
			p.ask("GET", "/organizations/nope/", "", 404).at("detail").is("The requested resource does not exist")
		}},
		{10, "health", func(p *probe) {
			p.get("/internal/health/")
			p.askAs("", "GET", "/internal/health/", "", 401)
		}},
		{11, "a page, and the next", func(p *probe) {
			first := p.get("/organizations/acme/projects/?per_page=1").len(1).at("0.slug").text()
			cursor, more := p.link("next")
			if !more {
				p.fault("there is no next page")
			}
			if second := p.get("/organizations/acme/projects/?per_page=1&cursor=" + cursor).len(1).at("0.slug").text(); second == first {
				p.fault("the same page twice: %s", first)
			}
			if _, more := p.link("next"); more {
				p.fault("there is a third page")
			}
			back, any := p.link("previous")
			if !any {
				p.fault("no page before the second")
			}
			p.get("/organizations/acme/projects/?per_page=1&cursor=" + back).at("0.slug").is(first)
		}},
		{13, "a cursor that is none", func(p *probe) { p.ask("GET", "/organizations/acme/projects/?cursor=abc", "", 400) }},
		{14, "a project of a team", func(p *probe) {
			n := p.ask("POST", "/teams/acme/web/projects/", `{"name":"New App","platform":"go"}`, 201)
			n.at("slug").is("new-app")
			p.get("/projects/acme/new-app/keys/").len(1).at("0.name").is("Default")
			kinds := map[string]bool{}
			p.get("/organizations/acme/detectors/?project=" + n.at("id").text()).each(func(d node) { kinds[d.at("type").text()] = true })
			if !kinds["error"] || !kinds["issue_stream"] {
				p.fault("detectors %v", kinds)
			}
		}},
		{15, "its name again, its slug again", func(p *probe) {
			if slug := p.ask("POST", "/teams/acme/web/projects/", `{"name":"New App","platform":"go"}`, 201).at("slug").text(); slug == "new-app" {
				p.fault("slug taken twice")
			}
			p.ask("POST", "/teams/acme/web/projects/", `{"name":"New App","slug":"new-app"}`, 409)
		}},
		{16, "settings come back as they were sent", func(p *probe) {
			const body = `{"options":{"filters:blacklisted_ips":"1.2.3.4\n5.6.7.8"},"digestsMinDelay":300}`
			before := p.get("/projects/acme/shop-web/").at("options").object()
			for _, n := range []node{p.ask("PUT", "/projects/acme/shop-web/", body, 200), p.get("/projects/acme/shop-web/")} {
				n.at("options").key("filters:blacklisted_ips").is("1.2.3.4\n5.6.7.8")
				n.at("digestsMinDelay").is(300)
				if len(n.at("options").object()) < len(before) {
					p.fault("options lost")
				}
			}
		}},
		{17, "a project by its id", func(p *probe) {
			id := itoa(p.w.acme.web.ID)
			p.get("/projects/acme/" + id + "/").at("slug").is("shop-web")
			p.ask("PUT", "/projects/acme/"+id+"/", `{"name":"Shop web"}`, 200)
		}},
		{18, "delete a project", func(p *probe) {
			id := p.get("/projects/acme/new-app/").at("id").text()
			p.ask("DELETE", "/projects/acme/new-app/", "", 204)
			p.ask("GET", "/projects/acme/new-app/", "", 404)
			p.ask("GET", "/projects/acme/"+id+"/", "", 404)
			p.get("/organizations/acme/issues/?query=").each(issueRow)
			p.get("/organizations/acme/replays/")
		}},
		{19, "a key with a limit", func(p *probe) {
			n := p.ask("POST", "/projects/acme/shop-web/keys/", `{"name":"k","rateLimit":{"window":60,"count":10}}`, 201)
			for k := range n.at("dsn").object() {
				n.at("dsn").key(k).text()
			}
			n.at("projectId").integer()
			n.at("browserSdkVersion").text()
			n.at("rateLimit.window").is(60)
			n.at("dateCreated").date()
			for _, k := range []string{"hasReplay", "hasPerformance", "hasDebug"} {
				n.at("dynamicSdkLoaderOptions." + k).boolean()
			}
			id := n.at("id").text()
			n = p.ask("PUT", "/projects/acme/shop-web/keys/"+id+"/", `{"rateLimit":null,"isActive":false}`, 200)
			n.at("rateLimit").null()
			p.get("/projects/acme/shop-web/keys/?status=active").each(func(k node) {
				if k.at("id").text() == id {
					p.fault("lists a key that is off")
				}
			})
		}},
		{21, "a team of a project", func(p *probe) {
			p.ask("POST", "/projects/acme/shop-api/teams/web/", "", 201).at("slug").is("shop-api")
			p.ask("DELETE", "/projects/acme/shop-api/teams/web/", "", 200).at("slug").is("shop-api")
		}},
		{22, "a member", func(p *probe) {
			n := p.ask("POST", "/organizations/acme/members/", `{"email":"x@y.example","orgRole":"member"}`, 201)
			p.ask("POST", "/organizations/acme/members/", `{"email":"x@y.example","role":"member"}`, 409)
			n = p.get("/organizations/acme/members/" + n.at("id").text() + "/")
			for _, k := range []string{"orgRoleList", "teamRoleList", "teamRoles"} {
				n.at(k).list()
			}
		}},
		{24, "filters", func(p *probe) {
			n := p.get("/projects/acme/shop-web/filters/")
			for _, id := range []string{"browser-extensions", "localhost", "filtered-transaction", "web-crawlers", "legacy-browsers"} {
				n.find("id", id).at("active").present()
			}
		}},
		{25, "environments", func(p *probe) {
			p.get("/organizations/acme/environments/").each(func(e node) { e.at("id").text(); e.at("name").text() })
		}},
		{69, "quiet answers", func(p *probe) {
			for path, want := range map[string]string{
				"issues/{issue}/autofix/": `{"autofix":null}`, "issues/{issue}/external-issues/": `[]`, "issues/{issue}/integrations/": `[]`,
				"issues/{issue}/similar/": `[]`, "issues/{issue}/related-issues/": `[]`, "integrations/": `[]`, "config/integrations/": `{"providers":[]}`,
				"sentry-apps/": `[]`, "sentry-app-installations/": `[]`, "plugins/configs/": `[]`, "dashboards/": `[]`, "uptime/": `[]`, "code-mappings/": `[]`,
				"release-thresholds/": `[]`, "discover/saved/": `[]`, "broadcasts/": `[]`, "repos/": `[]`,
			} {
				p.get("/organizations/acme/" + path)
				if got := p.w.do(p.w.acme.token, "GET", "/api/0/organizations/acme/"+p.fill(path), "").Body.String(); strings.TrimSpace(got) != want {
					p.fault("answers %s, want %s", got, want)
				}
			}
			p.get("/projects/acme/shop-web/stacktrace-link/?file=a.go").at("config").null()
			for _, path := range []string{"preprodartifacts/snapshots/", "agents/conversations/", "profiling/flamegraph/", "profiling/chunks/", "onboarding/agent/status/", "seer/explorer/",
				"insights/starred/", "spike-protections/", "notifications/actions/", "subscription/", "customers/", "billing/details/"} {
				p.ask("GET", "/organizations/acme/"+path, "", 404).at("detail").is("Not available on this server")
			}
			p.ask("GET", "/customers/acme/", "", 404).at("detail").is("Not available on this server")
			p.ask("GET", "/users/me/regions/", "", 404).at("detail").is("Not available on this server")
			p.ask("POST", "/organizations/acme/dashboards/", `{"title":"x"}`, 404).at("detail").is("Not available on this server")
			p.askAs("", "GET", "/organizations/acme/dashboards/", "", 401)
			p.askAs(p.w.other.token, "GET", "/organizations/acme/dashboards/", "", 404)
		}},
		{70, "from a page of another origin", func(p *probe) {
			for _, method := range []string{"OPTIONS", "GET"} {
				r := httptest.NewRequestWithContext(p.w.t.Context(), method, "/api/0/organizations/acme/projects/", nil)
				r.Header.Set("Origin", "https://elsewhere.example")
				r.Header.Set("Authorization", "Bearer "+p.w.acme.token)
				rec := httptest.NewRecorder()
				p.w.h.ServeHTTP(rec, r)
				if rec.Code != 200 || rec.Header().Get("Access-Control-Allow-Origin") != "*" || rec.Header().Get("Access-Control-Allow-Credentials") != "" {
					p.fault("%s: %d %v", method, rec.Code, rec.Header())
				}
				if expose := rec.Header().Get("Access-Control-Expose-Headers"); method == "GET" && !strings.Contains(expose, "Link") {
					p.fault("Link is not exposed: %q", expose)
				}
			}
		}},
	}
}
