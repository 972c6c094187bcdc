package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/api"
)

type explored struct {
	Data []map[string]any
	Meta struct {
		Fields, Units map[string]string
		DataScanned   string
	}
}

// What clients ask of events, spans and their aggregates, by the contract's examples.
func TestExplore(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ask := func(query string) explored { return decode[explored](w.get(org + "events/?" + query)) }
		got := ask("dataset=errors&field=issue&field=title&field=project&field=timestamp&field=level&field=error.type&field=user.id&sort=-timestamp&per_page=2")
		if len(got.Data) != 2 || got.Data[0]["id"] != eventC || got.Data[0]["issue"] != "SHOP-API-1" || got.Data[0]["issue.id"] != float64(w.acme.issue) ||
			got.Data[0]["project"] != "shop-api" || got.Data[0]["error.type"] != "*errors.errorString" || got.Data[0]["user.id"] != "7" ||
			!strings.HasSuffix(got.Data[0]["timestamp"].(string), "+00:00") || got.Meta.Fields["timestamp"] != "date" || got.Meta.Fields["issue.id"] != "integer" {
			t.Errorf("errors: %+v", got)
		}
		got = ask("dataset=errors&field=title&field=count()&field=count_unique(user)&field=last_seen()&sort=-count&query=browser.name:Chrome")
		if len(got.Data) != 1 || got.Data[0]["count()"] != 3.0 || got.Data[0]["count_unique(user)"] != 1.0 || got.Meta.DataScanned != "full" {
			t.Errorf("aggregates: %+v", got)
		}
		got = ask("dataset=spans&field=span.op&field=count()&field=p95(span.duration)&sort=-count&per_page=5")
		if len(got.Data) != 2 || got.Data[0]["count()"] != 1.0 || got.Data[0]["p95(span.duration)"] != 250.0 || got.Meta.Fields["p95(span.duration)"] != "duration" || got.Meta.Units["p95(span.duration)"] != "millisecond" {
			t.Errorf("spans: %+v", got)
		}
		for query, want := range map[string]int{
			"dataset=spans&field=span.op&query=db.system:sqlite": 1, "dataset=spans&field=span.op&query=span.duration:>1s": 0, "dataset=spans&field=span.op&query=span.duration:>=250": 2,
			"dataset=spans&field=span.op&query=trace:" + traceA: 2, "dataset=spans&field=span.op&query=has:db.system": 1, "dataset=spans&field=span.op&query=is_transaction:true": 1,
			"dataset=spans&field=span.op&query=pay&project=shop-api": 2, "dataset=spans&field=span.op&query=project:shop-web": 0, "dataset=spans&field=span.op&query=timestamp:-5m": 0,
			"dataset=spans&field=span.op&field=count()&query=count():>1": 0, "dataset=spans&field=span.op&field=count()&query=!count():>1": 2,
			"field=title": 4, "field=title&query=event.type:transaction": 1, "field=title&query=event.type:error": 3, "dataset=transactions&field=transaction": 1,
			"dataset=errors&field=id&query=has:replay": 2, "dataset=errors&field=id&query=issue:SHOP-API-1": 2, "dataset=errors&field=id&query=card": 3, "dataset=replays&field=id": 0,
			"dataset=logs&field=sentry.item_id&field=timestamp&field=message&field=severity&field=trace&per_page=1000&sort=-timestamp&query=project:shop": 0,
			"dataset=spans&field=count()&query=span.op:nothing": 1,
		} {
			if got := ask(query); len(got.Data) != want {
				t.Errorf("%s: %d rows, want %d: %v", query, len(got.Data), want, got.Data)
			}
		}
		for _, bad := range []string{"", "field=nope(", "field=nope(x)", "field=title&field=count()&sort=-level", "field=title&dataset=nothing", "field=title&query=(", "field=equation|a", "field=title&cursor=abc",
			"dataset=errors&field=title&query=level:loud", "field=percentile(x,2)", "dataset=spans&field=span.op&query=span.duration:>long"} {
			if r := w.do(w.acme.token, "GET", org+"events/?"+bad, ""); r.Code != 400 || decode[struct{ Detail string }](r).Detail == "" {
				t.Errorf("%q: %d %s", bad, r.Code, r.Body)
			}
		}
		first := w.get(org + "events/?dataset=errors&field=id&sort=-timestamp&per_page=2")
		if !strings.Contains(first.Header().Get("Link"), `rel="next"; results="true"; cursor="0:2:0"`) {
			t.Errorf("link %s", first.Header().Get("Link"))
		}
		if got := ask("dataset=errors&field=id&sort=-timestamp&per_page=2&cursor=0:2:0"); len(got.Data) != 1 || got.Data[0]["id"] != eventA {
			t.Errorf("second page %+v", got)
		}
		if n := decode[api.EventsMeta](w.get(org + "events-meta/?dataset=errors")); n.Count != 3 {
			t.Errorf("meta %+v", n)
		}
		facets := decode[[]api.Facet](w.get(org + "events-facets/"))
		if len(facets) == 0 || facets[0].TopValues[0].Count != 3 {
			t.Errorf("facets %+v", facets)
		}
	})
}

func TestExploreValidity(t *testing.T) {
	w := newWorld(t, sqliteStore(t))
	r := w.do(w.acme.token, "GET", org+"events/validate/?dataset=spans&field=span.op&field=count()&query=span.op:db&orderby=-timestamp", "")
	var v map[string]json.RawMessage
	if err := json.Unmarshal(r.Body.Bytes(), &v); err != nil || r.Code != 200 || string(v["valid"]) != "true" {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	for _, key := range []string{"valid", "projects", "dataset", "environment", "field", "query", "orderby"} {
		if len(v[key]) == 0 || string(v[key]) == "null" {
			t.Errorf("%s is missing: %s", key, r.Body)
		}
	}
	if !strings.Contains(string(v["orderby"]), `"attrType":"string","error":null`) || !strings.Contains(string(v["query"]), `"fields":[{"name":"span.op"`) {
		t.Errorf("%s", r.Body)
	}
	if r := w.do(w.acme.token, "GET", org+"events/validate/?dataset=spans&field=span.op&query=(", ""); r.Code != 400 || !strings.Contains(r.Body.String(), `"query":{"valid":false`) {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

func TestSeries(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		type line struct {
			Data  [][2]json.RawMessage
			Order int
		}
		total := func(l line) (n int) {
			for _, p := range l.Data {
				var counts []struct{ Count float64 }
				must(t, json.Unmarshal(p[1], &counts))
				n += int(counts[0].Count)
			}
			return n
		}
		l := decode[line](w.get(org + "events-stats/?dataset=errors&yAxis=count()&interval=1h&statsPeriod=24h"))
		if total(l) != 3 || len(l.Data) < 24 || len(l.Data) > 26 {
			t.Errorf("%d in %d buckets", total(l), len(l.Data))
		}
		two := decode[map[string]line](w.get(org + "events-stats/?dataset=errors&yAxis=count()&yAxis=count_unique(user)&interval=1h&statsPeriod=24h"))
		if total(two["count()"]) != 3 || two["count_unique(user)"].Order != 1 {
			t.Errorf("%+v", two)
		}
		top := decode[map[string]line](w.get(org + "events-stats/?dataset=errors&yAxis=count()&topEvents=1&field=project&field=count()&sort=-count&statsPeriod=24h"))
		if total(top["shop-api"]) != 2 || total(top["Other"]) != 1 || len(top) != 2 {
			t.Errorf("%+v", top)
		}
		alone := decode[map[string]line](w.get(org + "events-stats/?dataset=errors&yAxis=count()&topEvents=5&excludeOther=1&statsPeriod=24h"))
		if total(alone["count()"]) != 3 {
			t.Errorf("%+v", alone)
		}
		for _, bad := range []string{"events-timeseries/?yAxis=count()&topEvents=11&groupBy=project", "events-timeseries/?yAxis=count()&topEvents=3", "events-stats/?topEvents=x", "events-stats/?topEvents=0", "events-stats/?yAxis=nope()"} {
			if r := w.do(w.acme.token, "GET", org+bad, ""); r.Code != 400 {
				t.Errorf("%s: %d %s", bad, r.Code, r.Body)
			}
		}
		ts := decode[api.AllTimeSeries](w.get(org + "events-timeseries/?dataset=spans&yAxis=count()&yAxis=p95(span.duration)&groupBy=span.op&topEvents=5&statsPeriod=24h"))
		if len(ts.TimeSeries) != 4 || ts.TimeSeries[0].GroupBy[0].Key != "span.op" || ts.TimeSeries[1].Meta.ValueType != "duration" || ts.Meta.Dataset != "spans" {
			t.Errorf("%+v", ts)
		}
	})
}

func TestTagsAndAttributes(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		issue := org + "issues/" + itoa(w.acme.issue) + "/"
		tag := decode[api.TagDetail](w.get(issue + "tags/environment/"))
		if tag.TotalValues != 2 || tag.UniqueValues != 1 || len(tag.TopValues) != 1 || tag.TopValues[0].Value != "production" || tag.TopValues[0].Count != 2 {
			t.Errorf("%+v", tag)
		}
		for _, path := range []string{"tags/", "tags/?environment=production", "tags/?key=browser.name&key=user.email"} {
			all := decode[[]api.TagDetail](w.get(issue + path))
			n := len(all)
			if n == 0 || path == "tags/?key=browser.name&key=user.email" && n != 2 || path != "tags/?key=browser.name&key=user.email" && n != 5 {
				t.Errorf("%s: %+v", path, all)
			}
		}
		if vs := decode[[]api.TagValue](w.get(issue + "tags/user.email/values/")); len(vs) != 1 || vs[0].Value != "bob@example.com" || vs[0].Key != "user.email" {
			t.Errorf("%+v", vs)
		}
		keys := decode[[]api.TagKey](w.get(org + "tags/"))
		if len(keys) != 5 || keys[0].TotalValues != 3 {
			t.Errorf("%+v", keys)
		}
		if vs := decode[[]api.TagValue](w.get(org + "tags/browser.name/values/?query=CHR")); len(vs) != 1 || vs[0].Count != 3 {
			t.Errorf("%+v", vs)
		}
		if vs := decode[[]api.TagValue](w.get("/api/0/projects/acme/shop-web/tags/browser.name/values/")); len(vs) != 1 || vs[0].Count != 1 {
			t.Errorf("%+v", vs)
		}
		attributes := w.get(org + "trace-items/attributes/?itemType=spans&attributeType=string").Body.String()
		if !strings.Contains(attributes, `{"key":"db.system","name":"db.system","attributeType":"string","attributeSource":{"source_type":"user"}}`) || strings.Contains(attributes, "span.duration") {
			t.Errorf("%s", attributes)
		}
		if vs := decode[[]api.TagValue](w.get(org + "trace-items/attributes/span.op/values/?itemType=spans")); len(vs) != 2 {
			t.Errorf("%+v", vs)
		}
		item := w.get("/api/0/projects/acme/shop-api/trace-items/" + childID + "/?item_type=spans&trace_id=" + traceA).Body.String()
		if !strings.Contains(item, `{"name":"db.system","type":"str","value":"sqlite"}`) {
			t.Errorf("%s", item)
		}
		traces := w.get(org + "traces/").Body.String()
		if !strings.Contains(traces, `"trace":"`+traceA+`","name":"GET /pay","project":"shop-api","numSpans":2,"matchingSpans":1,"numErrors":3`) {
			t.Errorf("%s", traces)
		}
	})
}

func TestSavedSearches(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		member, err := w.s.CreateSession(t.Context(), w.acme.member.ID)
		must(t, err)
		cookie := "cookie:" + member
		r := w.do(w.acme.token, "POST", org+"searches/", `{"type":0,"name":"Shop","query":"is:unresolved card","visibility":"organization"}`)
		s := decode[api.SavedSearch](r)
		if r.Code != 201 || s.Name != "Shop" || s.Sort != "date" || !s.IsMine {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		seen := decode[[]api.SavedSearch](w.do(cookie, "GET", org+"searches/", ""))
		if len(seen) != 1 || seen[0].ID != s.ID || seen[0].IsMine {
			t.Errorf("a member sees %+v", seen)
		}
		for path, want := range map[string]int{s.ID: 403, itoa(w.acme.search): 404, "x": 404} {
			if r := w.do(cookie, "DELETE", org+"searches/"+path+"/", ""); r.Code != want {
				t.Errorf("a member deletes %s: %d %s", path, r.Code, r.Body)
			}
		}
		r = w.do(w.acme.token, "PUT", org+"searches/"+s.ID+"/", `{"name":"Renamed","isPinned":true}`)
		if s = decode[api.SavedSearch](r); r.Code != 200 || s.Name != "Renamed" || s.Query != "is:unresolved card" || !s.IsPinned {
			t.Errorf("%d %s", r.Code, r.Body)
		}
		if r := w.do(w.acme.token, "POST", org+"searches/", `{"name":"","query":"x"}`); r.Code != 400 {
			t.Errorf("a search without a name: %d %s", r.Code, r.Body)
		}
		if r := w.do(w.acme.token, "DELETE", org+"searches/"+s.ID+"/", ""); r.Code != 204 {
			t.Errorf("%d %s", r.Code, r.Body)
		}
		for _, q := range []string{"one", "two", "one"} {
			if r := w.do(cookie, "POST", org+"recent-searches/", `{"type":0,"query":"`+q+`"}`); r.Code != 204 {
				t.Errorf("%d %s", r.Code, r.Body)
			}
		}
		if recent := decode[[]api.RecentSearch](w.do(cookie, "GET", org+"recent-searches/?type=0", "")); len(recent) != 2 {
			t.Errorf("%+v", recent)
		}
	})
}
