package api_test

import (
	"net/http"
	"strings"
)

func conformEvents() []conformanceCase {
	const org = "/organizations/acme/"
	return []conformanceCase{
		{44, "an issue's events by their words", func(p *probe) {
			for _, which := range []string{"latest", "oldest", "recommended", "{event}"} {
				n := p.get(org + "issues/{short}/events/" + which + "/")
				n.at("eventID").text()
				n.at("nextEventID").present()
				n.at("previousEventID").present()
			}
			next := p.get(org + "issues/{short}/events/oldest/").at("nextEventID").text()
			p.get(org + "issues/{short}/events/" + next + "/").at("previousEventID").is(eventA)
			p.ask("GET", org+"issues/{short}/events/"+strings.Repeat("9", 32)+"/", "", 404)
		}},
		{45, "every key that a strict client reads", func(p *probe) {
			n := p.get(org + "issues/{short}/events/{event}/")
			for _, k := range []string{"id", "title", "message", "culprit", "type"} {
				n.at(k).text()
			}
			n.at("dateCreated").date()
			n.at("tags").each(func(t node) { t.at("key").text(); t.at("value").text() })
			n.at("user.id").text()
			n.at("release").optional(func(r node) { r.object() })
			for k := range n.at("contexts").object() {
				n.at("contexts").key(k).object()
			}
			n.at("context").object()
			kinds := map[string]bool{}
			n.at("entries").each(func(e node) {
				kinds[e.at("type").text()] = true
				switch e.at("type").v {
				case "exception":
					e.at("data.values").each(func(x node) { strictFrames(x.at("stacktrace")) })
				case "threads":
					e.at("data.values").each(func(x node) { x.at("stacktrace").optional(strictFrames) })
				case "breadcrumbs":
					e.at("data.values").each(func(b node) { b.at("timestamp").date() })
				case "request":
					e.at("data.url").text()
					e.at("data.method").text()
				}
			})
			if !kinds["exception"] || !kinds["breadcrumbs"] || !kinds["request"] {
				p.fault("entries %v", kinds)
			}
		}},
		{46, "what is null stays out", func(p *probe) {
			n := p.get(org + "issues/{short}/events/{event}/")
			n.at("contexts").key("odd").optional(func(c node) { c.object() })
			if v, ok := n.at("contexts").object()["odd"]; ok && v == nil {
				p.fault("a context is null")
			}
		}},
		{47, "values of a tag of an issue", func(p *probe) {
			n := p.get(org + "issues/{short}/tags/environment/")
			n.at("key").is("environment")
			n.at("name").text()
			n.at("topValues").each(func(v node) {
				v.at("count").integer()
				v.at("firstSeen").date()
				v.at("lastSeen").date()
				v.at("value").text()
			})
		}},
		{48, "notes", func(p *probe) {
			id := p.ask("POST", org+"issues/{short}/notes/", `{"text":"hi"}`, 201).at("id").text()
			p.get(org+"issues/{short}/activities/").at("activity").find("id", id).at("type").is("note")
			p.ask("PUT", org+"issues/{short}/notes/"+id+"/", `{"text":"ho"}`, 200).at("data.text").is("ho")
			p.ask("DELETE", org+"issues/{short}/notes/"+id+"/", "", 204)
			p.ask("POST", org+"issues/{short}/notes/", `{"text":""}`, 400)
		}},
		{49, "where ids lead", func(p *probe) {
			n := p.get(org + "eventids/{event}/")
			n.at("groupId").text()
			n.at("projectSlug").is("shop-api")
			n.at("event.id").text()
			p.ask("GET", org+"eventids/zz/", "", 400)
			p.get(org + "shortids/{short}/").at("groupId").text()
		}},
		{50, "events of a project", func(p *probe) {
			p.get("/projects/acme/shop-api/events/?cursor=").each(func(e node) {
				e.at("eventID").text()
				e.at("dateCreated").date()
				e.at("title").text()
				e.at("event_id").absent()
				e.at("project").absent()
				e.at("tags").list()
			})
		}},
		{51, "files of an event", func(p *probe) {
			p.get("/projects/acme/shop-api/events/{event}/attachments/").each(func(f node) {
				f.at("id").text()
				f.at("size").integer()
				f.at("dateCreated").date()
				if f.at("headers").there {
					f.at("headers").object()
				}
			})
			r := p.w.do(p.w.acme.token, "GET", "/api/0/projects/acme/shop-api/events/"+eventA+"/attachments/"+p.w.acme.attachment+"/?download=1", "")
			if r.Body.String() != "<script>" {
				p.fault("bytes %q", r.Body)
			}
		}},
		{52, "spans by aggregate", func(p *probe) {
			n := p.get(org + "events/?dataset=spans&field=span.op&field=count()&field=p95(span.duration)&sort=-count&per_page=5")
			n.at("data").each(func(r node) {
				r.key("span.op").text()
				r.key("count()").integer()
				r.key("p95(span.duration)").number()
			})
			for k := range n.at("meta.fields").object() {
				n.at("meta.fields").key(k).text()
			}
		}},
		{53, "what cannot be asked", func(p *probe) {
			for _, q := range []string{"dataset=spans&field=nope(", "dataset=spans&field=span.op&sort=-count()", "dataset=nope&field=id"} {
				p.ask("GET", org+"events/?"+q, "", 400)
			}
		}},
		{54, "logs as sentry-cli asks", func(p *probe) {
			p.get(org + "events/?dataset=logs&field=sentry.item_id&field=timestamp&field=message&field=severity&field=trace&per_page=1000&sort=-timestamp&query=project:shop-api").at("data").list()
		}},
		{55, "validate", func(p *probe) {
			check := func(n node) {
				for _, k := range []string{"projects", "dataset", "environment", "field", "orderby"} {
					n.at(k).list()
				}
				n.at("query").object()
				n.at("query.error").present()
			}
			n := p.get(org + "events/validate/?dataset=spans&field=span.op&query=span.op:db&orderby=-timestamp")
			check(n)
			n.at("valid").is(true)
			n.at("field").each(func(f node) { f.at("attrType").present(); f.at("error").present() })
			n.at("orderby").each(func(f node) { f.at("attrType").present(); f.at("error").present() })
			r := p.w.do(p.w.acme.token, "GET", "/api/0"+org+"events/validate/?dataset=spans&field=span.op&query=(", "")
			if r.Code != http.StatusBadRequest {
				p.fault("a wrong query is %d", r.Code)
			}
			bad := node{p: p, v: decode[any](r), there: true}
			check(bad)
			bad.at("query.valid").is(false)
		}},
		{56, "series", func(p *probe) {
			p.get(org + "events-stats/?yAxis=count()&interval=1h&statsPeriod=24h").at("data").each(func(b node) { b.key("0").integer(); b.key("1").at("0.count").number() })
			n := p.get(org + "events-stats/?yAxis=count()&yAxis=count_unique(user)&interval=1h&statsPeriod=24h")
			n.key("count()").at("data").list()
			n = p.get(org + "events-stats/?yAxis=count()&topEvents=3&field=title&field=count()&interval=17m&statsPeriod=24h&partial=1&excludeOther=1")
			for k := range n.object() {
				n.key(k).key("data").list()
			}
		}},
		{57, "series that cannot be asked", func(p *probe) {
			p.ask("GET", org+"events-timeseries/?yAxis=count()&topEvents=11&groupBy=title", "", 400)
			p.ask("GET", org+"events-timeseries/?yAxis=count()&topEvents=5", "", 400)
		}},
		{58, "a trace", func(p *probe) {
			var errors int
			var look func(n node)
			look = func(n node) {
				for _, k := range []string{"children", "errors", "occurrences"} {
					n.at(k).list()
				}
				for _, k := range []string{"event_id", "project_slug"} {
					n.at(k).text()
				}
				n.at("transaction_id").text()
				n.at("project_id").integer()
				n.at("parent_span_id").present()
				for _, k := range []string{"start_timestamp", "end_timestamp", "duration"} {
					n.at(k).number()
				}
				errors += len(n.at("errors").list())
				for i := range n.at("children").list() {
					look(n.at("children").at(itoa(int64(i))))
				}
			}
			p.get(org + "trace/{trace}/?limit=50&project=-1&statsPeriod=14d").each(func(n node) {
				if n.at("children").there {
					look(n)
				}
			})
			if errors == 0 {
				p.fault("no error at its span")
			}
			p.get(org + "trace/" + strings.Repeat("9", 32) + "/").len(0)
		}},
		{59, "what a trace has", func(p *probe) {
			n := p.get(org + "trace-meta/{trace}/")
			for _, k := range []string{"errorsCount", "spansCount", "logsCount", "performanceIssuesCount"} {
				n.at(k).integer()
			}
		}},
		{60, "attributes", func(p *probe) {
			n := p.get(org + "trace-items/attributes/?itemType=spans&attributeType=number")
			n.each(func(a node) {
				a.at("key").text()
				a.at("name").text()
				a.at("attributeType").is("number")
				a.at("attributeSource.source_type").text()
			})
		}},
		{68, "how many replays issues have", func(p *probe) {
			p.get(org + "replay-count/?returnIds=true&query=issue.id:[{issue}]&data_source=discover&project=-1&statsPeriod=90d").key(itoa(p.w.acme.issue)).at("0").text()
		}},
	}
}

func strictFrames(trace node) {
	trace.at("frames").each(func(f node) {
		if len(f.at("context").list()) > 0 {
			f.at("context").each(func(l node) { l.at("0").integer(); l.at("1").text() })
		}
		f.at("inApp").boolean()
		f.at("lineNo").optional(func(n node) { n.integer() })
		f.at("colNo").optional(func(n node) { n.integer() })
	})
}
