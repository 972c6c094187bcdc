package chapter

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/linker/recording"
)

var update = flag.Bool("update", false, "rewrite golden files")

// Times in tests are milliseconds after this.
const base = 1_700_000_000_000

func frame(kind string, at int64, node int64, message string, data string) recording.Frame {
	f := recording.Frame{Kind: kind, TimeMS: base + at, NodeID: node, Message: message}
	if data != "" {
		f.Data = json.RawMessage(data)
	}
	return f
}

func load(at int64, url string) recording.Frame {
	f := frame(recording.KindNavigation, at, 0, url, "")
	f.Category = "navigation.navigate"
	return f
}

func push(at int64, url string) recording.Frame {
	f := frame(recording.KindNavigation, at, 0, url, "")
	f.Category = "navigation.push"
	return f
}

func click(at, node int64, text string) recording.Frame {
	return frame(recording.KindClick, at, node, "button.x", fmt.Sprintf(`{"node":{"id":%d,"tagName":"button","textContent":%q,"attributes":{}}}`, node, text))
}

func request(at, end int64, method, url string, status int) Request {
	return Request{Method: method, URL: url, Status: status, StartUS: (base + at) * 1000, EndUS: (base + end) * 1000}
}

func segment(at, end int64, trace, id, parent, name string) Span {
	return Span{TraceID: trace, SpanID: id, ParentID: parent, Segment: true, Op: "http.server", Name: name, ProjectID: 2, StartUS: (base + at) * 1000, EndUS: (base + end) * 1000}
}

// tell writes chapters in few words, one line each.
func tell(cs []Chapter) []string {
	out := []string{}
	rel := func(ms int64) int64 { return ms - base }
	for _, c := range cs {
		s := fmt.Sprintf("%s %d-%d %s [%s] %s", c.Kind, rel(c.StartMS), rel(c.EndMS), c.Label, c.TriggerRoute, c.Status)
		for _, r := range c.Requests {
			s += fmt.Sprintf(" | %s %s %d", r.Method, r.Path, r.Status)
			if r.MatchedBy != "" {
				s += " by " + r.MatchedBy
			}
			for _, w := range r.Work {
				s += " " + w.SpanID
			}
		}
		for _, e := range c.Errors {
			s += fmt.Sprintf(" ! %s %s %d", e.Side, e.ID, e.Request)
		}
		if c.Dead > 0 {
			s += fmt.Sprintf(" dead %d rage %d", c.Dead, c.Rage)
		}
		out = append(out, s)
	}
	return out
}

func TestDerive(t *testing.T) {
	traced := func(r Request, trace, span string) Request { r.TraceID, r.SpanID = trace, span; return r }
	page := load(0, "https://shop.test/cart?x=1")
	for _, tt := range []struct {
		name string
		in   Input
		want []string
	}{
		{"nothing", Input{}, []string{}},
		// 1: triggers
		{"the first page, when no navigation is told", Input{Frames: []recording.Frame{frame(recording.KindPage, 5, 0, "https://shop.test/", "")}},
			[]string{"pageload 5-5 Open / [/] ok"}},
		{"the page of a navigation that is told is no second one", Input{Frames: []recording.Frame{page, frame(recording.KindPage, 700, 0, "https://shop.test/cart", "")}},
			[]string{"pageload 0-0 Open /cart [/cart] ok"}},
		{"a crumb beside its span", Input{Frames: []recording.Frame{page, push(5000, "/a"), frame(recording.KindNavigation, 5001, 0, "/a", "")}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", "navigation 5000-5000 Go to /a [/a] ok"}},
		{"clicks on one node are one, on two nodes two", Input{Frames: []recording.Frame{page, click(2000, 7, "Pay"), click(2900, 7, "Pay"), click(3100, 8, "More")},
			Requests: []Request{request(2902, 2950, "POST", "/pay", 200), request(3105, 3200, "GET", "/more", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 2000-2950 Click "Pay" [/cart] ok | POST /pay 200`, `click 3100-3200 Click "More" [/cart] ok | GET /more 200`}},
		{"typing ends in the click", Input{Frames: []recording.Frame{page, frame(recording.KindInput, 2000, 3, "input#q", ""), frame(recording.KindInput, 2400, 3, "input#q", ""), click(5000, 7, "Find")},
			Requests: []Request{request(5002, 5100, "GET", "/find", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 5000-5100 Click "Find" [/cart] ok | GET /find 200`}},
		{"typing alone, with what it asked for", Input{Frames: []recording.Frame{page, frame(recording.KindInput, 2000, 3, "input#q", ""), frame(recording.KindInput, 2400, 3, "input#q", ""), click(9000, 7, "Find")},
			Requests: []Request{request(2700, 2800, "GET", "/suggest", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `input 2400-2800 Type in input#q [/cart] ok | GET /suggest 200`}},
		{"Enter, but no other key", Input{Frames: []recording.Frame{page, frame(recording.KindKey, 2000, 3, "input#q", `{"key":"a"}`), frame(recording.KindKey, 3000, 3, "input#q", `{"key":"Enter"}`)},
			Requests: []Request{request(3002, 3100, "GET", "/find", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `input 3000-3100 Press Enter in input#q [/cart] ok | GET /find 200`}},
		{"a navigation right after a click is part of it", Input{Frames: []recording.Frame{page, click(2000, 7, "Next"), push(2100, "https://shop.test/pay/77")},
			Requests: []Request{request(2150, 2200, "GET", "/pay/77/form", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 2000-2200 Click "Next" [/pay/:id] ok | GET /pay/:id/form 200`}},
		{"a navigation long after a click is its own", Input{Frames: []recording.Frame{page, click(2000, 7, "Next"), push(3500, "https://shop.test/pay")}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", "navigation 3500-3500 Go to /pay [/pay] ok"}},
		{"a masked text is no label", Input{Frames: []recording.Frame{click(2000, 7, "*** ***"), frame(recording.KindDeadClick, 2000, 7, "button.x", "")}},
			[]string{"click 2000-2000 Click button.x [] ok dead 1 rage 0"}},
		{"typing that asked for something is a thing of its own, before the click", Input{Frames: []recording.Frame{page, frame(recording.KindInput, 2000, 3, "textarea", ""), click(5000, 7, "Send")},
			Touches:  []recording.Touch{{AtMS: base + 1990, NodeID: 3, Typed: true}, {AtMS: base + 3300, NodeID: 3, Typed: true}},
			Requests: []Request{request(3700, 3800, "PUT", "/draft", 200), request(5002, 5100, "POST", "/reply", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `input 2000-3800 Type in textarea [/cart] ok | PUT /draft 200`, `click 5000-5100 Click "Send" [/cart] ok | POST /reply 200`}},
		{"two runs of typing in one field", Input{Frames: []recording.Frame{page, frame(recording.KindInput, 2000, 3, "input#q", ""), frame(recording.KindInput, 6000, 3, "input#q", "")},
			Requests: []Request{request(2400, 2500, "GET", "/find", 200), request(6400, 6500, "GET", "/find", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", "input 2000-2500 Type in input#q [/cart] ok | GET /find 200", "input 6000-6500 Type in input#q [/cart] ok | GET /find 200"}},
		{"things are called what the page calls them at that moment", Input{Frames: []recording.Frame{page, frame(recording.KindClick, 2000, 7, "button.x", ""), frame(recording.KindClick, 5000, 7, "button.x", "")},
			Names:    []recording.Name{{AtMS: base + 100, NodeID: 7, Name: "Pay $7"}, {AtMS: base + 3000, NodeID: 7, Name: "Pay $9"}, {AtMS: base + 9000, NodeID: 7, Name: "Thanks"}},
			Requests: []Request{request(2001, 2002, "POST", "/pay", 200), request(5001, 5002, "POST", "/pay", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 2000-2002 Click "Pay $7" [/cart] ok | POST /pay 200`, `click 5000-5002 Click "Pay $9" [/cart] ok | POST /pay 200`}},
		{"a name of the page before is none", Input{Frames: []recording.Frame{frame(recording.KindPage, 5, 0, "https://shop.test/", ""), frame(recording.KindPage, 15000, 0, "https://shop.test/a", ""), frame(recording.KindClick, 18000, 7, "button.x", "")},
			Names:    []recording.Name{{AtMS: base + 100, NodeID: 7, Name: "Of before"}},
			Requests: []Request{request(18001, 18002, "POST", "/pay", 200)}},
			[]string{"pageload 5-5 Open / [/] ok", "pageload 15000-15000 Open /a [/a] ok", "click 18000-18002 Click button.x [/a] ok | POST /pay 200"}},
		{"a crumb at the moment of its span", Input{Frames: []recording.Frame{page, push(5000, "https://shop.test/a"), frame(recording.KindNavigation, 5000, 0, "/a", ""), push(9000, "https://shop.test/b"), frame(recording.KindNavigation, 9020, 0, "/b", "")}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", "navigation 5000-5000 Go to /a [/a] ok", "navigation 9000-9000 Go to /b [/b] ok"}},
		// 2: requests
		{"a busy page tells a click late", Input{Frames: []recording.Frame{page, click(2000, 7, "Pay")}, Touches: []recording.Touch{{AtMS: base + 1950, NodeID: 8}},
			Requests: []Request{request(1952, 2100, "POST", "/pay", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 2000-2100 Click "Pay" [/cart] ok | POST /pay 200`}},
		{"people can be as regular as a timer", Input{Frames: []recording.Frame{page, click(2000, 7, "Pay"), click(4500, 7, "Pay"), click(7000, 7, "Pay")},
			Requests: []Request{request(2002, 2100, "POST", "/pay", 200), request(4502, 4600, "POST", "/pay", 200), request(7002, 7100, "POST", "/pay", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 2000-2100 Click "Pay" [/cart] ok | POST /pay 200`, `click 4500-4600 Click "Pay" [/cart] ok | POST /pay 200`, `click 7000-7100 Click "Pay" [/cart] ok | POST /pay 200`}},
		{"what failed is tried again", Input{Frames: []recording.Frame{page, click(12000, 7, "Sync")},
			Requests: []Request{request(12002, 12100, "POST", "/sync", 503), request(14000, 14100, "POST", "/sync", 200), request(15000, 15100, "POST", "/other", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 12000-14100 Click "Sync" [/cart] failed | POST /sync 503 | POST /sync 200`, "background 15000-15100 In the background [] ok | POST /other 200"}},
		{"a page loads for ten seconds, until somebody acts", Input{Frames: []recording.Frame{page, click(6000, 7, "A")},
			Requests: []Request{request(5000, 5100, "GET", "/a", 200), request(6001, 6002, "GET", "/b", 200), request(8000, 8001, "GET", "/c", 200)}},
			[]string{"pageload 0-5100 Open /cart [/cart] ok | GET /a 200", `click 6000-6002 Click "A" [/cart] ok | GET /b 200`, "background 8000-8001 In the background [] ok | GET /c 200"}},
		{"what follows a request at once is of its chapter", Input{Frames: []recording.Frame{click(0, 7, "A")},
			Requests: []Request{request(1, 3000, "GET", "/a", 200), request(3150, 3200, "GET", "/b", 200), request(3500, 3600, "GET", "/c", 200)}},
			[]string{`click 0-3200 Click "A" [] slow | GET /a 200 | GET /b 200`, "background 3500-3600 In the background [] ok | GET /c 200"}},
		{"a poll is background, even right after a click", Input{Frames: []recording.Frame{page, click(14_999, 7, "A")},
			Requests: []Request{request(5000, 5010, "GET", "/poll/1", 200), request(10_000, 10_010, "GET", "/poll/2", 200), request(15_000, 15_010, "GET", "/poll/3", 200), request(15_001, 15_020, "GET", "/a", 200)}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 14999-15020 Click "A" [/cart] ok | GET /a 200`,
				"background 5000-15010 In the background [] ok | GET /poll/:id 200 | GET /poll/:id 200 | GET /poll/:id 200"}},
		{"angry clicks are no poll", Input{Frames: []recording.Frame{click(0, 7, "A"), click(500, 7, "A"), click(1000, 7, "A")},
			Requests: []Request{request(1, 2, "GET", "/a", 200), request(501, 502, "GET", "/a", 200), request(1001, 1002, "GET", "/a", 200)}},
			[]string{`click 0-1002 Click "A" [] ok | GET /a 200 | GET /a 200 | GET /a 200`}},
		// 4: backend work
		{"a: a header in the recording", Input{Frames: []recording.Frame{click(0, 7, "A")}, Requests: []Request{traced(request(1, 900, "POST", "/pay", 500), "t1", "s1")},
			Spans: []Span{segment(10, 800, "t1", "b1", "s1", "POST /other"), {TraceID: "t1", SpanID: "b2", ParentID: "b1", StartUS: (base + 20) * 1000}, segment(30, 700, "t1", "b3", "b2", "GET /deep")}},
			[]string{`click 0-900 Click "A" [] failed | POST /pay 500 by a b1 b3`}},
		{"a: one span id on every request says nothing of which", Input{Frames: []recording.Frame{click(0, 7, "A")},
			Requests: []Request{traced(request(1, 90, "POST", "/x", 200), "t1", "s1"), traced(request(2, 95, "POST", "/pay", 200), "t1", "s1")},
			Spans:    []Span{segment(10, 80, "t1", "b1", "s1", "POST /pay")}},
			[]string{`click 0-95 Click "A" [] ok | POST /x 200 | POST /pay 200 by c b1`}},
		{"b: the page's own span", Input{Frames: []recording.Frame{click(0, 7, "A")}, Requests: []Request{request(1, 900, "POST", "https://shop.test/pay?x", 200)},
			Spans: []Span{{TraceID: "t1", SpanID: "p1", Frontend: true, Op: "http.client", Name: "POST https://shop.test/pay", StartUS: (base + 40) * 1000}, segment(50, 800, "t1", "b1", "p1", "handler")}},
			[]string{`click 0-900 Click "A" [] ok | POST /pay 200 by b b1`}},
		{"b: not when it began at another moment", Input{Frames: []recording.Frame{click(0, 7, "A")}, Requests: []Request{request(1, 900, "POST", "/pay", 200)},
			Spans: []Span{{TraceID: "t1", SpanID: "p1", Frontend: true, Op: "http.client", Name: "POST /pay", StartUS: (base + 60) * 1000}, segment(70, 800, "t1", "b1", "p1", "handler")}},
			[]string{`click 0-900 Click "A" [] ok | POST /pay 200`}},
		{"c: method, path and time, one to one, the nearest", Input{Frames: []recording.Frame{click(0, 7, "A")},
			Requests: []Request{request(1, 90, "GET", "/item/4", 200), request(400, 490, "GET", "/item/5", 200), request(500, 510, "POST", "/item/5", 200)},
			Spans:    []Span{segment(410, 480, "t1", "b2", "x", "GET /item/{id}"), segment(12, 80, "t2", "b1", "y", "GET /item/:id"), segment(9000, 9010, "t2", "b3", "y", "POST /item/:id")}},
			[]string{`click 0-510 Click "A" [] ok | GET /item/:id 200 by c b1 | GET /item/:id 200 by c b2 | POST /item/:id 200`}},
		// 5: errors
		{"a backend error by its span", Input{Frames: []recording.Frame{click(0, 7, "A"), click(5000, 8, "B")}, Requests: []Request{traced(request(1, 900, "POST", "/pay", 500), "t1", "s1"), request(5001, 5002, "GET", "/b", 200)},
			Spans: []Span{segment(10, 800, "t1", "b1", "s1", "POST /pay"), {TraceID: "t1", SpanID: "b2", ParentID: "b1"}},
			Items: []Item{{Kind: "event", ID: "e1", TraceID: "t1", SpanID: "b2", Level: "error", TimeMS: base + 5001}}},
			[]string{`click 0-900 Click "A" [] error | POST /pay 500 by a b1 ! backend e1 0`, `click 5000-5002 Click "B" [] ok | GET /b 200`}},
		{"a backend error by trace and time, then by the last request before", Input{Frames: []recording.Frame{click(0, 7, "A"), click(5000, 8, "B")},
			Requests: []Request{traced(request(1, 900, "POST", "/pay", 500), "t1", ""), traced(request(5001, 5002, "GET", "/b", 200), "t1", "")},
			Items:    []Item{{ID: "e1", TraceID: "t1", Level: "error", TimeMS: base + 500}, {ID: "e2", TraceID: "t1", Level: "warning", TimeMS: base + 20_000}}},
			[]string{`click 0-900 Click "A" [] error | POST /pay 500 ! backend e1 0`, `click 5000-5002 Click "B" [] ok | GET /b 200 ! backend e2 0`}},
		{"hours later: the last chapter of its trace", Input{Frames: []recording.Frame{click(0, 7, "A"), click(5000, 8, "B")},
			Requests: []Request{traced(request(1, 900, "POST", "/pay", 200), "t1", ""), request(5001, 5002, "GET", "/b", 200)},
			Items:    []Item{{ID: "e1", TraceID: "t1", Level: "error", TimeMS: base + 9_000_000, AfterSession: true}}},
			[]string{`click 0-900 Click "A" [] error | POST /pay 200 ! backend e1 0`, `click 5000-5002 Click "B" [] ok | GET /b 200`}},
		{"without tracing: the one request that broke then", Input{Frames: []recording.Frame{click(0, 7, "A")}, Requests: []Request{request(1, 900, "POST", "/pay", 500), request(1, 900, "GET", "/x", 200)},
			Items: []Item{{ID: "e1", Level: "error", TimeMS: base + 500}}},
			[]string{`click 0-900 Click "A" [] error | GET /x 200 | POST /pay 500 ! backend e1 1`}},
		{"a page that broke while it was made", Input{Frames: []recording.Frame{page}, Items: []Item{{ID: "e1", TraceID: "t", Level: "error", TimeMS: base - 300}}},
			[]string{"pageload 0-0 Open /cart [/cart] error ! backend e1 -1"}},
		{"a frontend error makes its click a chapter", Input{Frames: []recording.Frame{page, click(4000, 7, "A"), click(20_000, 8, "B")}, Items: []Item{{ID: "e1", Frontend: true, Level: "error", TimeMS: base + 5000}}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 4000-4000 Click "A" [/cart] error ! frontend e1 -1`}},
		{"a frontend error long after: the chapter before, not the crumb", Input{Frames: []recording.Frame{page, click(4000, 7, "A")}, Items: []Item{{ID: "e1", Frontend: true, Level: "error", TimeMS: base + 9000}}},
			[]string{"pageload 0-0 Open /cart [/cart] error ! frontend e1 -1"}},
		// 6: ends
		{"until the page came to rest, at most thirty seconds", Input{Frames: []recording.Frame{page, push(50_000, "/b")}, Changes: []int64{base + 900, base + 29_000, base + 31_000, base + 50_500}},
			[]string{"pageload 0-29000 Open /cart [/cart] ok", "navigation 50000-50500 Go to /b [/b] ok"}},
		{"not beyond the next", Input{Frames: []recording.Frame{page, push(2000, "/b")}, Requests: []Request{request(10, 4000, "GET", "/a", 200)}},
			[]string{"pageload 0-2000 Open /cart [/cart] slow | GET /a 200", "navigation 2000-2000 Go to /b [/b] ok"}},
		// 7: crumbs
		{"a click that does nothing is no chapter, a dead one is", Input{Frames: []recording.Frame{page, click(2000, 7, "A"), click(4000, 8, "B"), frame(recording.KindRageClick, 4000, 8, "button.x", "")}},
			[]string{"pageload 0-0 Open /cart [/cart] ok", `click 4000-4000 Click "B" [/cart] ok dead 1 rage 1`}},
		// 9: fields
		{"the route as the page's own transaction names it", Input{Frames: []recording.Frame{load(0, "https://shop.test/item/blue-shoe")},
			Spans: []Span{{Frontend: true, Segment: true, Op: "pageload", Name: "/item/[slug]", Source: "route", StartUS: (base + 3) * 1000}}},
			[]string{"pageload 0-0 Open /item/blue-shoe [/item/[slug]] ok"}},
		{"no answer is a failure", Input{Frames: []recording.Frame{click(0, 7, "A")}, Requests: []Request{request(1, 2, "GET", "/a", 0)}},
			[]string{`click 0-2 Click "A" [] failed | GET /a 0`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Derive(tt.in)
			if diff := cmp.Diff(tt.want, tell(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for range 5 {
				if diff := cmp.Diff(got, Derive(shuffled(tt.in))); diff != "" {
					t.Fatalf("the order of the facts shows:\n%s", diff)
				}
			}
		})
	}
}

func shuffled(in Input) Input {
	in.Frames, in.Requests, in.Items, in.Spans, in.Changes = slices.Clone(in.Frames), slices.Clone(in.Requests), slices.Clone(in.Items), slices.Clone(in.Spans), slices.Clone(in.Changes)
	rand.Shuffle(len(in.Frames), func(i, j int) { in.Frames[i], in.Frames[j] = in.Frames[j], in.Frames[i] })
	rand.Shuffle(len(in.Requests), func(i, j int) { in.Requests[i], in.Requests[j] = in.Requests[j], in.Requests[i] })
	rand.Shuffle(len(in.Items), func(i, j int) { in.Items[i], in.Items[j] = in.Items[j], in.Items[i] })
	rand.Shuffle(len(in.Spans), func(i, j int) { in.Spans[i], in.Spans[j] = in.Spans[j], in.Spans[i] })
	rand.Shuffle(len(in.Changes), func(i, j int) { in.Changes[i], in.Changes[j] = in.Changes[j], in.Changes[i] })
	return in
}

// 8: an id stays when later segments and late links add to a replay, and differs between replays.
func TestIdentity(t *testing.T) {
	in := Input{ReplayID: "r1", Frames: []recording.Frame{load(0, "https://shop.test/"), click(2000, 7, "A")}, Requests: []Request{request(2001, 2002, "GET", "/a", 200)}}
	before := Derive(in)
	in.Frames = append(in.Frames, click(9000, 7, "A"), frame(recording.KindDeadClick, 2000, 7, "", ""))
	in.Requests = append(in.Requests, request(9001, 9002, "GET", "/a", 500))
	after := Derive(in)
	if len(before) != 2 || len(after) != 3 {
		t.Fatalf("%d and %d chapters", len(before), len(after))
	}
	seen := map[string]bool{}
	for i, c := range after {
		if i < 2 && c.ID != before[i].ID || seen[c.ID] || len(c.ID) != 16 {
			t.Errorf("chapter %d: id %q", i, c.ID)
		}
		seen[c.ID] = true
	}
	in.ReplayID = "r2"
	if Derive(in)[0].ID == after[0].ID {
		t.Error("two replays share a chapter's id")
	}
}

func TestTemplate(t *testing.T) {
	for in, want := range map[string]string{
		"/": "/", "/a/12/b": "/a/:id/b", "/u/0b5f4e6a-9d4c-4b4e-8a51-d1c0c8b6b7aa": "/u/:id", "/f/deadbeefdeadbeef": "/f/:id", "/f/deadbeef": "/f/deadbeef", "/v2/x": "/v2/x", "/face-cafe": "/face-cafe",
	} {
		if got := Template(in); got != want {
			t.Errorf("Template(%q) = %q, want %q", in, got, want)
		}
	}
}

// What a hostile page can record is derived in bounded time.
func TestBounds(t *testing.T) {
	var in Input
	for i := range 20_000 {
		in.Frames = append(in.Frames, click(int64(i), int64(i), "A"))
		in.Requests = append(in.Requests, request(int64(i), int64(i)+1, "GET", "/a", 200))
		in.Spans = append(in.Spans, Span{TraceID: "t", SpanID: fmt.Sprint(i), ParentID: fmt.Sprint(i + 1), Segment: true, Name: "GET /a", StartUS: (base + int64(i)) * 1000})
		in.Items = append(in.Items, Item{ID: fmt.Sprint(i), TimeMS: base + int64(i), Level: "error"})
	}
	if n := len(Derive(in)); n > maxChapters+1 {
		t.Errorf("%d chapters", n)
	}
}

// TestCorpus derives the chapters of what real SDKs recorded, from the recordings alone.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("../recording/testdata/*.recording")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	visits := map[string]*Input{}
	var names []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := bytes.Cut(b, []byte("\n"))
		seg, err := recording.Parse(body, recording.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(f)
		name = name[:strings.LastIndexByte(name, '-')]
		if visits[name] == nil {
			visits[name] = &Input{ReplayID: name}
			names = append(names, name)
		}
		v := visits[name]
		v.Frames = append(v.Frames, seg.Frames...)
		for _, r := range seg.Requests {
			x := Request{Method: r.Method, URL: r.URL, Status: r.Status, StartUS: r.StartUS, EndUS: r.EndUS, SpanID: r.SpanID.String(), TraceID: r.TraceID.String()}
			if r.SpanID.IsZero() {
				x.SpanID, x.TraceID = "", ""
			}
			v.Requests = append(v.Requests, x)
		}
	}
	var out strings.Builder
	for _, n := range names {
		cs := Derive(*visits[n])
		fmt.Fprintf(&out, "%s\n", n)
		start := int64(0)
		for i, c := range cs {
			if i == 0 {
				start = c.StartMS
			}
			fmt.Fprintf(&out, "  %6d-%-6d %-10s %s [%s] %s\n", c.StartMS-start, c.EndMS-start, c.Kind, c.Label, c.TriggerRoute, c.Status)
			for _, r := range c.Requests {
				fmt.Fprintf(&out, "         %6d %s %s %d\n", r.StartMS-start, r.Method, r.Path, r.Status)
			}
		}
	}
	const golden = "testdata/corpus.txt"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("(-golden +got)\n%s", diff)
	}
}
