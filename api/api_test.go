package api_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

func sqliteStore(t *testing.T) *store.Store { return storetest.SQLite(t) }

const org = "/api/0/organizations/acme/"

// The bits that the store counts links by are package link's.
func TestCountedSignalsAreLinks(t *testing.T) {
	if got, want := int64(store.CountedSignals), int64(link.Handed|link.RecordedHeader|link.RequestShape); got != want {
		t.Errorf("CountedSignals %b, link says %b", got, want)
	}
	if store.CountedByTrace != int64(link.ByTrace) || store.AmbiguousFlag != int64(link.Ambiguous) || store.BufferingFlag != int64(link.Buffering) {
		t.Error("trace signals or the ambiguous flag differ")
	}
}

func TestIssueLists(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		all := w.get(org + "issues/")
		issues := decode[[]api.Issue](all)
		if len(issues) != 2 || issues[0].ShortID != "SHOP-API-1" || issues[0].Count != "2" || issues[0].UserCount != 1 || issues[0].Hindsight.ReplayCount != 1 || issues[0].Hindsight.Side != "backend" {
			t.Fatalf("%s", all.Body)
		}
		if got := issues[0].Permalink; got != "http://sentry.example:8000/organizations/acme/issues/"+itoa(w.acme.issue)+"/" {
			t.Errorf("permalink %s", got)
		}
		if len(issues[0].Stats["24h"]) != 24 || issues[0].Stats["24h"][23][1]+issues[0].Stats["24h"][22][1] != 2 {
			t.Errorf("sparkline %v", issues[0].Stats)
		}
		for query, want := range map[string]int{
			"is:resolved": 0, "is:unresolved": 2, "!is:unresolved": 0, "project:shop-api": 1, "project:nope": 0, "!project:nope": 2, "level:error": 2, "level:[fatal,error]": 2,
			"environment:production": 2, "environment:dev": 0, "!environment:dev": 2, "release:shop@1*": 2, "firstSeen:-24h": 2, "age:+24h": 0, "timesSeen:>1": 1, "times_seen:<=1": 1,
			"has:replay": 2, "!has:replay": 0, "card": 2, "\"card declined 100%\"": 2, "declined_100": 0, "100%x": 0, "nothing": 0, "issue:SHOP-API-1": 1, "issue.id:" + itoa(w.acme.issue): 1,
			"is:resolved OR project:shop-web": 1, "(is:resolved OR project:shop-web) card": 1, "!(project:shop-web OR project:shop-api)": 0, "platform:go": 1,
			"error.value:*declined*": 2, "error.type:*errorString": 2, "error.unhandled:true": 2, "user.id:7": 2, "user.email:x": 0, "side:frontend": 1,
			"trace:" + traceA: 2, "is:assigned": 0, "assigned:none": 2, "replay:" + replayA: 2, "replay:" + lost: 0, "title:CARD": 2, "culprit:charge": 2,
			"browser.name:Chrome": 2, "tags[browser.name]:chr*": 2, "!browser.name:Chrome": 0, "user.email:*@example.com": 2, "unknown.key:1": 0, "has:nothing": 0, "!has:nothing": 2, "user:id:7": 2,
			"release:\"'; DROP TABLE issues; --\"": 0,
		} {
			r := w.get(org + "issues/?query=" + escape(query))
			if got := len(decode[[]api.Issue](r)); got != want {
				t.Errorf("query %q: %d issues, want %d", query, got, want)
			}
		}
		for _, bad := range []string{"is:nope", "level:loud", "(card", "card)", "\"card", "timesSeen:>many", "firstSeen:yesterday", "environment:", "OR card", "count():>5", strings.Repeat("a ", 21)} {
			r := w.do(w.acme.token, "GET", org+"issues/?query="+escape(bad), "")
			if r.Code != 400 || decode[struct{ Detail string }](r).Detail == "" {
				t.Errorf("query %q: %d %s", bad, r.Code, r.Body)
			}
		}
	})
}

func escape(q string) string {
	return strings.NewReplacer("%", "%25", " ", "+", "\"", "%22", "+", "%2B", "#", "%23", "&", "%26", ";", "%3B", "[", "%5B", "]", "%5D", ">", "%3E", "<", "%3C", "|", "%7C").Replace(q)
}

func TestIssuePagesAndDirectHits(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for _, sort := range []string{"date", "new", "freq", "user"} {
			first := w.get(org + "issues/?limit=1&sort=" + sort)
			a := decode[[]api.Issue](first)
			next := cursorOf(t, first, "next")
			second := w.get(org + "issues/?limit=1&sort=" + sort + "&cursor=" + next)
			b := decode[[]api.Issue](second)
			if len(a) != 1 || len(b) != 1 || a[0].ID == b[0].ID || first.Header().Get("X-Hits") != "2" {
				t.Errorf("%s: pages %v and %v, hits %s", sort, a, b, first.Header().Get("X-Hits"))
			}
			if l := second.Header().Get("Link"); !strings.Contains(l, `rel="next"; results="false"`) || !strings.Contains(l, `rel="previous"; results="true"`) {
				t.Errorf("%s: link of the last page %s", sort, l)
			}
			back := w.get(org + "issues/?limit=1&sort=" + sort + "&cursor=" + cursorOf(t, second, "previous"))
			if got := decode[[]api.Issue](back); len(got) != 1 || got[0].ID != a[0].ID {
				t.Errorf("%s: page back has %v", sort, got)
			}
		}
		if r := w.do(w.acme.token, "GET", org+"issues/?cursor=abc", ""); r.Code != 400 {
			t.Errorf("bad cursor: %d", r.Code)
		}
		if n := len(decode[[]api.Issue](w.get(org + "issues/?cursor=&limit=10000&query="))); n != 2 {
			t.Errorf("empty cursor: %d issues", n)
		}
		hit := w.get(org + "issues/?query=" + eventA)
		if got := decode[[]api.Issue](hit); len(got) != 1 || got[0].MatchingEventID != eventA || hit.Header().Get("X-Sentry-Direct-Hit") != "1" {
			t.Errorf("direct hit: %s", hit.Body)
		}
		if got := decode[[]api.Issue](w.get(org + "issues/?query=SHOP-WEB-1&shortIdLookup=1")); len(got) != 1 || got[0].Project.Slug != "shop-web" {
			t.Errorf("short id look-up: %v", got)
		}
		if n := len(decode[[]api.Issue](w.get(org + "issues/?collapse=stats&collapse=unhandled&group=" + itoa(w.acme.issue)))); n != 1 {
			t.Errorf("by group: %d", n)
		}
	})
}

var cursorParam = regexp.MustCompile(`cursor="([^"]*)"`)

// cursorOf reads a relation's cursor from a Link header.
func cursorOf(t *testing.T, r response, rel string) string {
	t.Helper()
	for part := range strings.SplitSeq(r.Header().Get("Link"), ",") {
		if strings.Contains(part, `rel="`+rel+`"`) {
			return cursorParam.FindStringSubmatch(part)[1]
		}
	}
	t.Fatalf("no %s in %q", rel, r.Header().Get("Link"))
	return ""
}

func TestIssueDetailAndChanges(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := itoa(w.acme.issue)
		for _, path := range []string{org + "issues/" + id + "/", org + "issues/SHOP-API-1/", "/api/0/issues/" + id + "/", org + "groups/" + id + "/", "/api/0/organizations/" + itoa(w.acme.org.ID) + "/issues/" + id} {
			if d := decode[api.IssueDetail](w.get(path)); d.ID != id || len(d.Stats["30d"]) != 30 {
				t.Errorf("%s: %+v", path, d)
			}
		}
		put := func(path, body string) response { return w.do(w.acme.token, "PUT", path, body) }
		d := decode[api.IssueDetail](put(org+"issues/SHOP-API-1/", `{"status":"resolved","assignedTo":"member@acme.example","unknown":1}`))
		if d.Status != "resolved" || d.Substatus != nil || d.AssignedTo.V == nil || d.AssignedTo.V.Email != "member@acme.example" {
			t.Errorf("%+v", d)
		}
		if n := len(decode[[]api.Issue](w.get(org + "issues/"))); n != 1 {
			t.Errorf("resolved issue is still listed: %d", n)
		}
		if d = decode[api.IssueDetail](put("/api/0/issues/"+id+"/", `{"assignedTo":null,"status":"muted"}`)); d.AssignedTo.V != nil || d.Status != "ignored" || *d.Substatus != "archived_until_escalating" {
			t.Errorf("%+v", d)
		}
		if d = decode[api.IssueDetail](put(org+"issues/"+id+"/", `{"status":"unresolved"}`)); d.Status != "unresolved" || *d.Substatus != "ongoing" {
			t.Errorf("%+v", d)
		}
		if r := put(org+"issues/"+id+"/", `{"assignedTo":"owner@other.example"}`); r.Code != 400 {
			t.Errorf("assigned to a stranger: %d", r.Code)
		}
		if r := put(org+"issues/?id="+id+"&id=999999", `{"hasSeen":true,"status":"ignored"}`); r.Code != 200 || !strings.Contains(r.Body.String(), `"hasSeen":true`) {
			t.Errorf("bulk: %d %s", r.Code, r.Body)
		}
		if r := put(org+"issues/?id=999999", `{"hasSeen":true}`); r.Code != 204 || r.Body.Len() != 0 {
			t.Errorf("bulk of nothing: %d %s", r.Code, r.Body)
		}
		if r := put("/api/0/projects/acme/shop-api/issues/", `{"status":"muted","snoozeDuration":null}`); r.Code != 200 {
			t.Errorf("sentry-cli's mute of all: %d %s", r.Code, r.Body)
		}
		counts := decode[map[string]int](w.get(org + "issues-count/?query=is:ignored&query=is:unresolved"))
		if diff := cmp.Diff(map[string]int{"is:ignored": 1, "is:unresolved": 1}, counts); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEvents(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ids := map[string]string{"latest": eventC, "oldest": eventA, "recommended": eventA, eventA: eventA, "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaa3": eventC}
		for which, want := range ids {
			if e := decode[map[string]any](w.get(org + "issues/SHOP-API-1/events/" + which + "/")); e["eventID"] != want {
				t.Errorf("%s is %v, want %s", which, e["eventID"], want)
			}
		}
		r := w.get(org + "issues/SHOP-API-1/events/recommended/")
		e := decode[map[string]any](r)
		if e["nextEventID"] != eventC || e["previousEventID"] != nil || e["type"] != "error" {
			t.Errorf("neighbours %v %v", e["nextEventID"], e["previousEventID"])
		}
		h := e["hindsight"].(map[string]any)
		if h["replayId"] != replayA || h["replayPlays"] != true || h["replayTier"] != 1.0 {
			t.Errorf("%v", h)
		}
		for _, want := range []string{`[11,"func Charge() {"],[12,"  panic(err)"],[13,"}"]`, `"n":12345678901234567890`, `"timestamp":"2023-11-14T22:13:20.5Z"`, `"context":{"cart":3}`, `"id":"7"`, `"lineNo":12`} {
			if !strings.Contains(r.Body.String(), want) {
				t.Errorf("no %s in %s", want, r.Body)
			}
		}
		if strings.Contains(r.Body.String(), `"odd"`) {
			t.Error("a null context got through")
		}
		list := w.get("/api/0/projects/acme/shop-api/events/?cursor=&per_page=1")
		rows := decode[[]map[string]any](list)
		if len(rows) != 1 || rows[0]["eventID"] != eventC || rows[0]["event_id"] != nil || rows[0]["project"] != nil {
			t.Errorf("%s", list.Body)
		}
		more := decode[[]map[string]any](w.get("/api/0/projects/acme/shop-api/events/?per_page=1&cursor=" + cursorOf(t, list, "next")))
		if len(more) != 1 || more[0]["eventID"] != eventA {
			t.Errorf("second page %v", more)
		}
		if got := decode[[]map[string]any](w.get(org + "issues/SHOP-API-1/events/?query=has:replay")); len(got) != 1 || got[0]["eventID"] != eventA {
			t.Errorf("events with a replay: %v", got)
		}
		if d := decode[struct{ ProjectSlug string }](w.get(org + "eventids/" + eventB + "/")); d.ProjectSlug != "shop-web" {
			t.Errorf("%+v", d)
		}
		if r := w.do(w.acme.token, "GET", org+"eventids/zz/", ""); r.Code != 400 {
			t.Errorf("malformed event id: %d", r.Code)
		}
		if d := decode[struct{ GroupID string }](w.get(org + "shortids/SHOP-API-1/")); d.GroupID != itoa(w.acme.issue) {
			t.Errorf("%+v", d)
		}
		if raw := decode[map[string]any](w.get("/api/0/projects/acme/shop-api/events/" + eventA + "/json/")); raw["event_id"] != eventA {
			t.Errorf("%v", raw)
		}
		file := w.get("/api/0/projects/acme/shop-api/events/" + eventA + "/attachments/" + w.acme.attachment + "/?download=1")
		if file.Body.String() != "<script>" || file.Header().Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(file.Header().Get("Content-Disposition"), "attachment; filename*=utf-8''") ||
			file.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%v %s", file.Header(), file.Body)
		}
		if got := decode[[]api.Environment](w.get(org + "environments/")); len(got) != 1 || got[0].Name != "production" {
			t.Errorf("%v", got)
		}
	})
}

func TestSignIn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		if r := w.do("", "GET", "/api/0/", ""); r.Code != 200 || !strings.Contains(r.Body.String(), `"user":null,"auth":null`) {
			t.Errorf("%d %s", r.Code, r.Body)
		}
		in := w.do("", "POST", "/api/0/auth/", `{"email":"Owner@acme.example","password":"correct horse battery"}`)
		c := (&http.Response{Header: in.Header()}).Cookies()
		if in.Code != 200 || len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteLaxMode || c[0].Secure {
			t.Fatalf("%d %s %v", in.Code, in.Body, in.Header())
		}
		as := "cookie:" + c[0].Value
		if me := decode[api.Self](w.do(as, "GET", "/api/0/users/me/", "")); me.Email != "owner@acme.example" {
			t.Errorf("%+v", me)
		}
		// Another site's page makes the browser send the cookie; that must change nothing.
		r := httptest.NewRequest("PUT", org+"issues/SHOP-API-1/", strings.NewReader(`{"status":"resolved"}`))
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.AddCookie(c[0])
		rec := httptest.NewRecorder()
		if w.h.ServeHTTP(rec, r); rec.Code != 403 {
			t.Errorf("cross-site change: %d %s", rec.Code, rec.Body)
		}
		if r := w.do(as, "DELETE", "/api/0/auth/", ""); r.Code != 204 {
			t.Errorf("sign out: %d %s", r.Code, r.Body)
		}
		if r := w.do(as, "GET", "/api/0/users/me/", ""); r.Code != 401 {
			t.Errorf("after sign-out: %d", r.Code)
		}
		token, err := w.s.CreateSignInLink(t.Context(), w.acme.member.ID, store.SignInLinkAge)
		must(t, err)
		if r := w.do("", "POST", "/api/0/auth/link/", `{"token":"`+token+`"}`); r.Code != 200 {
			t.Errorf("link: %d %s", r.Code, r.Body)
		}
		if r := w.do("", "POST", "/api/0/auth/link/", `{"token":"`+token+`"}`); r.Code != 401 {
			t.Errorf("link again: %d", r.Code)
		}
		for n := range 7 {
			r := w.do("", "POST", "/api/0/auth/", `{"email":"member@acme.example","password":"guess"}`)
			if want := map[bool]int{true: 401, false: 429}[n < 5]; r.Code != want {
				t.Errorf("guess %d: %d, want %d", n, r.Code, want)
			}
		}
	})
}
