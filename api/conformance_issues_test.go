package api_test

import (
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

func conformIssues() []conformanceCase {
	const org = "/organizations/acme/"
	others := func(p *probe) (web string) { // the frontend's issue, which the next cases may change
		p.get(org + "issues/?query=").each(func(i node) {
			if id := i.at("id").text(); id != itoa(p.w.acme.issue) {
				web = id
			}
		})
		return web
	}
	return []conformanceCase{
		{26, "a resolved issue is not in the list", func(p *probe) {
			web := others(p)
			p.ask("PUT", org+"issues/"+web+"/", `{"status":"resolved"}`, 200).at("status").is("resolved")
			p.get(org + "issues/").each(func(i node) {
				if i.at("id").text() == web {
					p.fault("lists a resolved issue")
				}
			})
			p.get(org+"issues/?query=").find("id", web)
		}},
		{27, "search, and more rows than there may be", func(p *probe) {
			p.get(org + "issues/?query=is:resolved+level:error&sort=freq&limit=10000").each(issueRow)
			if p.last.Header().Get("X-Hits") == "" {
				p.fault("no X-Hits")
			}
			p.ask("PUT", org+"issues/?id="+others(p), `{"status":"unresolved"}`, 200)
		}},
		{28, "an event's id", func(p *probe) {
			p.get(org + "issues/?query={event}").len(1).at("0.matchingEventId").is(eventA)
			p.direct()
		}},
		{29, "a short id", func(p *probe) {
			p.get(org + "issues/?query={short}&shortIdLookup=1").len(1).at("0.shortId").is("SHOP-API-1")
			p.direct()
		}},
		{30, "issues by their ids", func(p *probe) {
			p.get(org + "issues/?group={issue}&group=" + others(p)).len(2)
			p.ask("GET", org+"issues/?group=x", "", 400)
		}},
		{31, "periods of stats", func(p *probe) {
			p.get(org + "issues/?groupStatsPeriod=14d").at("0.stats.14d").len(14)
			p.get(org + "issues/?groupStatsPeriod=auto").at("0.stats.auto").list()
			p.ask("GET", org+"issues/?groupStatsPeriod=7d", "", 400)
		}},
		{32, "collapse", func(p *probe) {
			p.get(org + "issues/?collapse=stats&collapse=unhandled").each(func(i node) { i.at("stats").absent(); i.at("isUnhandled").absent() })
		}},
		{33, "a row as Grafana and MCP decode it", func(p *probe) { p.get(org + "issues/?statsPeriod=14d").each(issueRow) }},
		{34, "as sentry-cli lists", func(p *probe) { p.get("/projects/acme/shop-api/issues/?query=&cursor=").each(issueRow) }},
		{35, "an issue under each of its names", func(p *probe) {
			for _, path := range []string{org + "issues/{short}/", org + "issues/{issue}/", "/issues/{issue}/", org + "groups/{issue}/"} {
				n := p.get(path)
				issueRow(n)
				n.at("id").is(itoa(p.w.acme.issue))
				n.at("activity").list()
				n.at("stats.24h").list()
				n.at("stats.30d").list()
			}
		}},
		{36, "resolved in the next release", func(p *probe) {
			n := p.ask("PUT", org+"issues/{short}/", `{"status":"resolved","statusDetails":{"inNextRelease":true}}`, 200)
			n.at("status").is("resolved")
			n.at("statusDetails.inNextRelease").is(true)
		}},
		{37, "archived until there are five more", func(p *probe) {
			n := p.ask("PUT", org+"issues/{short}/", `{"status":"ignored","substatus":"archived_until_condition_met","ignoreCount":5}`, 200)
			n.at("status").is("ignored")
			n.at("substatus").is("archived_until_condition_met")
			p.ask("PUT", org+"issues/{short}/", `{"status":"unresolved"}`, 200)
		}},
		{38, "assigned to a team, and to nobody", func(p *probe) {
			n := p.ask("PUT", org+"issues/{short}/", `{"assignedTo":"team:`+itoa(p.w.acme.team)+`"}`, 200)
			n.at("assignedTo.type").is("team")
			n.at("assignedTo.email").absent()
			p.ask("PUT", org+"issues/{short}/", `{"assignedTo":""}`, 200).at("assignedTo").null()
		}},
		{39, "many at once", func(p *probe) {
			p.ask("PUT", org+"issues/?id={issue}&id=999999", `{"hasSeen":true}`, 200).at("hasSeen").is(true)
			p.ask("PUT", org+"issues/?id=999999", `{"hasSeen":true}`, 204)
		}},
		{40, "as sentry-cli mutes", func(p *probe) {
			p.ask("PUT", "/projects/acme/shop-web/issues/", `{"status":"muted","snoozeDuration":null}`, 200)
			p.ask("PUT", "/projects/acme/shop-web/issues/", `{"status":"unresolved"}`, 200)
		}},
		{42, "hashes", func(p *probe) {
			extra := p.w.event(p.w.acme, p.w.acme.api, strings.Repeat("a", 31)+"9", "backend", p.w.base)
			extra.Hashes = []string{"shop-api-2", "shop-api"}
			_, err := p.w.s.Ingest(p.w.t.Context(), []*store.Write{{MessageID: "extra", OrgID: p.w.acme.org.ID, ReceivedMS: p.w.base.UnixMilli(), Events: []store.EventWrite{extra}}})
			must(p.w.t, err)
			p.get(org+"issues/{short}/hashes/").each(func(h node) { h.at("id").text(); h.at("latestEvent").present() }).find("id", "shop-api-2")
			p.ask("PUT", org+"issues/{short}/hashes/?id=shop-api-2", "", 202)
		}},
	}
}

// conformLast changes so much that it comes last.
func conformLast() []conformanceCase {
	const org = "/organizations/acme/"
	return []conformanceCase{
		{41, "merge", func(p *probe) {
			var ids []string
			p.get(org + "issues/?query=&project=" + itoa(p.w.acme.api.ID)).each(func(i node) { ids = append(ids, i.at("id").text()) })
			if len(ids) < 2 {
				p.fault("only %d issues", len(ids))
				return
			}
			n := p.ask("PUT", org+"issues/?id="+ids[0]+"&id="+ids[1], `{"merge":1}`, 200).at("merge")
			parent := n.at("parent").text()
			n.at("children").each(func(c node) { p.get(org + "issues/" + c.text() + "/").at("id").is(parent) })
		}},
		{43, "delete", func(p *probe) {
			id := p.get(org + "issues/?query=").at("0.id").text()
			p.ask("DELETE", org+"issues/"+id+"/", "", 202)
			p.ask("GET", org+"issues/"+id+"/", "", 404)
			p.ask("DELETE", org+"issues/?id=999999", "", 204)
		}},
	}
}

func (p *probe) direct() {
	if p.last.Header().Get("X-Sentry-Direct-Hit") != "1" {
		p.fault("no direct hit")
	}
}

func conformReleasesAndAlerts() []conformanceCase {
	const org, project = "/organizations/acme/", "/projects/acme/shop-web/"
	return append([]conformanceCase{
		{61, "releases", func(p *probe) {
			p.ask("POST", org+"releases/", `{"version":"shop@1.0.0+7","projects":["shop-web"]}`, 201)
			p.get(org + "releases/?per_page=26").each(func(r node) {
				r.at("id").integer()
				r.at("version").text()
				r.at("shortVersion").text()
				r.at("dateCreated").date()
				r.at("newGroups").integer()
				for _, k := range []string{"dateReleased", "firstEvent", "lastEvent", "lastCommit", "lastDeploy"} {
					r.at(k).present()
				}
				r.at("projects").each(func(p node) { p.at("id").integer(); p.at("name").text() })
			})
			p.get(org + "releases/shop%401.0.0%2B7/").at("version").is("shop@1.0.0+7")
		}},
		{62, "session health", func(p *probe) {
			n := p.get(org + "sessions/?field=sum(session)&groupBy=session.status&interval=1h&statsPeriod=24h")
			want := len(n.at("intervals").list())
			n.at("groups").each(func(g node) { g.at("series").key("sum(session)").len(want) })
		}},
		{63, "metrics as Grafana asks", func(p *probe) {
			n := p.get(org + "metrics/data/?field=session.crash_free_rate&interval=17m&includeSeries=1&per_page=1&statsPeriod=24h")
			want := len(n.at("intervals").list())
			n.at("groups").each(func(g node) {
				for k := range g.at("by").object() {
					g.at("by").key(k).text()
				}
				for k := range g.at("series").object() {
					g.at("series").key(k).len(want)
				}
			})
		}},
		{64, "usage", func(p *probe) {
			n := p.get(org + "stats_v2/?field=sum(quantity)&groupBy=outcome&groupBy=category&statsPeriod=24h&interval=1h")
			want := len(n.at("intervals").list())
			n.at("groups").each(func(g node) {
				g.at("by.outcome").text()
				g.at("by.category").text()
				g.at("series").key("sum(quantity)").len(want).each(func(v node) { v.integer() })
			})
		}},
		{65, "monitors", func(p *probe) {
			m := func(n node) {
				for _, k := range []string{"id", "slug", "name", "status"} {
					n.at(k).text()
				}
				n.at("alertRule").absent()
				n.at("dateCreated").date()
				n.at("environments").list()
			}
			p.get(org + "monitors/?cursor=").each(m)
			m(p.get(org + "monitors/nightly/"))
			p.get(org + "monitors/nightly/checkins/?statsPeriod=24h").each(func(c node) { c.at("id").text(); c.at("monitorConfig").object(); c.at("dateCreated").date() })
			p.get(org + "monitors/nightly/stats/?since=1785600000&until=1785610000").each(func(s node) { s.at("ts").integer() })
		}},
		{66, "issue alert rules", func(p *probe) {
			const rules = "sentry.rules."
			body := `{"name":"every","actionMatch":"any","filterMatch":"all","frequency":30,"conditions":[{"id":"` + rules + `conditions.first_seen_event.FirstSeenEventCondition"},
				{"id":"` + rules + `conditions.regression_event.RegressionEventCondition"},{"id":"` + rules + `conditions.reappeared_event.ReappearedEventCondition"},
				{"id":"` + rules + `conditions.event_frequency.EventFrequencyCondition","comparisonType":"count","value":5,"interval":"1h"},
				{"id":"` + rules + `conditions.event_frequency.EventUniqueUserFrequencyCondition","comparisonType":"percent","value":5,"interval":"1h","comparisonInterval":"1d"}],
				"filters":[{"id":"` + rules + `filters.age_comparison.AgeComparisonFilter","comparison_type":"older","value":1,"time":"hour"},
				{"id":"` + rules + `filters.issue_occurrences.IssueOccurrencesFilter","value":10},{"id":"` + rules + `filters.latest_release.LatestReleaseFilter"},
				{"id":"` + rules + `filters.assigned_to.AssignedToFilter","targetType":"Unassigned"},
				{"id":"` + rules + `filters.issue_category.IssueCategoryFilter","value":"1"},
				{"id":"` + rules + `filters.event_attribute.EventAttributeFilter","attribute":"message","match":"co","value":"x"},
				{"id":"` + rules + `filters.tagged_event.TaggedEventFilter","key":"k","match":"is"},
				{"id":"` + rules + `filters.level.LevelFilter","level":"40","match":"gte"}],
				"actions":[{"id":"sentry.mail.actions.NotifyEmailAction","targetType":"IssueOwners","fallthroughType":"ActiveMembers"}]}`
			n := p.ask("POST", project+"rules/", body, 201)
			id := n.at("id").text()
			for _, n := range []node{n, p.get(project + "rules/" + id + "/"), p.ask("PUT", project+"rules/"+id+"/", body, 200)} {
				n.at("name").is("every")
				n.at("frequency").is(30)
				n.at("conditions").len(5).at("3.interval").is("1h")
				n.at("filters").len(8).at("7.level").is("40")
				n.at("actions").len(1).at("0.targetType").is("IssueOwners")
			}
			p.ask("DELETE", project+"rules/"+id+"/", "", 202)
		}},
		{67, "workflows", func(p *probe) {
			var detector string
			p.get(org + "detectors/?project=" + itoa(p.w.acme.web.ID)).each(func(d node) {
				if d.at("type").v == "error" {
					detector = d.at("id").text()
				}
			})
			body := `{"name":"flow","enabled":true,"environment":null,"config":{"frequency":30},"detectorIds":["` + detector + `"],"triggers":{"logicType":"any-short","conditions":[{"type":"first_seen_event","comparison":true,"conditionResult":true}],"actions":[]},
				"actionFilters":[{"logicType":"all","conditions":[{"type":"issue_occurrences","comparison":{"value":10},"conditionResult":true}],"actions":[{"type":"email","integrationId":null,"data":{"fallthroughType":"ActiveMembers"},"config":{"targetType":"issue_owners","targetIdentifier":null,"targetDisplay":null},"status":"active"}]}]}`
			n := p.ask("POST", org+"workflows/", body, 201)
			id := n.at("id").text()
			n.at("triggers.conditions").each(func(c node) {
				c.want("a condition with a numeric id", strings.Trim(c.at("id").text(), "0123456789") == "")
			})
			p.get(org + "workflows/" + id + "/").at("name").is("flow")
			p.ask("PUT", org+"workflows/"+id+"/", body, 200)
			p.get(org+"workflows/?projectSlug=shop-web").find("id", id).at("detectorIds").each(func(d node) { d.text() })
			p.ask("DELETE", org+"workflows/"+id+"/", "", 204)
		}},
	}, conformLast()...)
}
