package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// arrival is what is in the API afterwards.
type arrival struct {
	sdkName   string
	chain     []string          // types of the handled error's exceptions, the cause first
	function  string            // of its blamed frame
	source    string            // part of that frame's line of source, when the SDK sends it
	vars      string            // a local variable of that frame, when the SDK sends them
	extra     bool              // the SDK has extra
	noDist    bool              // the SDK has no dist
	noTrace   bool              // its errors are in no trace unless there is a span
	request   string            // method and URL of the request the error inside of the trace belongs to
	issues    map[string]int    // every issue of the project by its title, with its count; ≥ 1 as -1
	crashes   []string          // titles of those nobody handled
	spans     []string          // "op description" of every span of the trace, in any order
	moreSpans bool              // and others
	files     map[string]string // the attachments' names and types
	accepted  map[string]int64  // outcome accepted by category; ≥ 1 as -1
	discards  map[string]int64  // client_discard by "reason category"
}

// event is the part of the API's event that is looked at.
type event struct {
	EventID, GroupID, Title, Message, Platform string
	Dist                                       *string
	Contexts                                   map[string]map[string]any
	Context                                    map[string]any
	Fingerprints                               []string
	Errors                                     []eventError
	Tags                                       []struct{ Key, Value string }
	SDK                                        struct{ Name, Version string }
	Release                                    struct{ Version string }
	User                                       struct {
		ID, Email, Username string
		IPAddress           string `json:"ip_address"`
	}
	Entries   []entry
	Hindsight struct{ Replay json.RawMessage }
}

type entry struct {
	Type string
	Data json.RawMessage
}

type exceptionData struct {
	Values []struct {
		Type, Value string
		Mechanism   *struct {
			Type    string
			Handled *bool
		}
		Stacktrace *stack
	}
}

type stack struct{ Frames []stackFrame }

type stackFrame struct {
	Function, Filename string
	InApp              bool
	LineNo             int
	Context            [][2]any
	Vars               map[string]any
}

func (e *event) tag(key string) string {
	for _, t := range e.Tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// entry decodes the event's entry of a type; false when it has none.
func (e *event) entry(t *testing.T, kind string, out any) bool {
	t.Helper()
	for _, n := range e.Entries {
		if n.Type == kind {
			if err := json.Unmarshal(n.Data, out); err != nil {
				t.Fatalf("%s of %s: %v", kind, e.EventID, err)
			}
			return true
		}
	}
	return false
}

// check compares what is there with what was sent.
func (r *sdkRun) check(t *testing.T) {
	t.Helper()
	r.outcomes(t)
	r.issues(t)
	r.handled(t)
	r.otherEvents(t)
	r.attachments(t)
	r.trace(t)
	r.replay(t)
	if r.sdk.extra != nil {
		r.sdk.extra(t, r)
	}
}

// eventError is what the server could not use of an event.
type eventError struct{ Type, Message string }

func (r *sdkRun) event(t *testing.T, id string) *event {
	t.Helper()
	var e event
	r.api.get(t, "/projects/main/"+r.project+"/events/"+id+"/", &e)
	wrong := slices.DeleteFunc(e.Errors, func(x eventError) bool { return x.Type == "js_no_source" }) // no source map was uploaded
	if len(wrong) > 0 {
		t.Errorf("event %s has errors: %v", id, wrong)
	}
	return &e
}

// outcomes waits until all is counted, and wants nothing refused.
func (r *sdkRun) outcomes(t *testing.T) {
	t.Helper()
	var project struct{ ID string }
	r.api.get(t, "/projects/main/"+r.project+"/", &project)
	accepted, discards, bad := map[string]int64{}, map[string]int64{}, map[string]int64{}
	read := func() {
		var stats struct {
			Groups []struct {
				By     map[string]string
				Totals map[string]int64
			}
		}
		r.api.get(t, "/organizations/main/stats_v2/?groupBy=outcome&groupBy=category&groupBy=reason&statsPeriod=2d&interval=1d&project="+project.ID, &stats)
		clear(accepted)
		clear(discards)
		clear(bad)
		for _, g := range stats.Groups {
			n := g.Totals["sum(quantity)"]
			switch g.By["outcome"] {
			case "accepted":
				accepted[g.By["category"]] += n
			case "client_discard":
				discards[g.By["reason"]+" "+g.By["category"]] += n
			default:
				bad[g.By["outcome"]+" "+g.By["reason"]+" "+g.By["category"]] += n
			}
		}
	}
	poll(within, func() bool {
		read()
		return len(bad) > 0 || sameCounts(accepted, r.sdk.want.accepted) == "" && sameCounts(discards, r.sdk.want.discards) == ""
	})
	if len(bad) > 0 {
		t.Errorf("refused: %v", bad)
	}
	if diff := sameCounts(accepted, r.sdk.want.accepted); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
	if diff := sameCounts(discards, r.sdk.want.discards); diff != "" {
		t.Errorf("discarded by the client (-want +got):\n%s", diff)
	}
}

// sameCounts compares counts; a wanted -1 stands for any but zero.
func sameCounts[N int | int64](got, want map[string]N) string {
	got, want = maps.Clone(got), maps.Clone(want)
	for k, v := range want {
		if v == -1 && got[k] > 0 {
			want[k] = got[k]
		}
	}
	if len(got) == 0 && len(want) == 0 {
		return ""
	}
	return cmp.Diff(want, got)
}

func (r *sdkRun) issues(t *testing.T) {
	t.Helper()
	got := map[string]int{}
	var crashes []string
	poll(within, func() bool {
		var list []struct {
			Title, Count string
			IsUnhandled  bool
		}
		r.api.get(t, "/projects/main/"+r.project+"/issues/?query=&limit=100", &list)
		clear(got)
		crashes = nil
		for _, i := range list {
			var n int
			if _, err := fmt.Sscan(i.Count, &n); err != nil {
				t.Fatal(err)
			}
			got[i.Title] += n
			if i.IsUnhandled {
				crashes = append(crashes, i.Title)
			}
		}
		return sameCounts(got, r.sdk.want.issues) == ""
	})
	if diff := sameCounts(got, r.sdk.want.issues); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
	slices.Sort(crashes)
	if diff := cmp.Diff(slices.Sorted(slices.Values(r.sdk.want.crashes)), crashes); diff != "" {
		t.Errorf("issues nobody handled (-want +got):\n%s", diff)
	}
}

// handled looks at the error that has everything: chain, stack, and all of the scope.
func (r *sdkRun) handled(t *testing.T) {
	t.Helper()
	if len(r.sent.Handled) == 0 {
		return
	}
	w := r.sdk.want
	first := r.event(t, r.sent.Handled[0])
	for _, id := range r.sent.Handled[1:] {
		if e := r.event(t, id); e.GroupID != first.GroupID || e.GroupID == "" {
			t.Errorf("the same error twice is in issues %q and %q", first.GroupID, e.GroupID)
		}
	}
	r.scope(t, first)
	var x exceptionData
	first.entry(t, "exception", &x)
	var types []string
	for _, v := range x.Values {
		types = append(types, v.Type)
	}
	if diff := cmp.Diff(w.chain, types); diff != "" {
		t.Errorf("exceptions (-want +got):\n%s", diff)
	}
	var threads struct{ Values []struct{ Stacktrace *stack } }
	first.entry(t, "threads", &threads) // where sentry-rust has it
	var stacks []*stack
	for _, v := range threads.Values {
		stacks = append(stacks, v.Stacktrace)
	}
	for _, v := range x.Values {
		stacks = append(stacks, v.Stacktrace)
	}
	f := blamed(stacks)
	if !strings.HasSuffix(f.Function, w.function) || w.function == "" || !f.InApp || f.LineNo == 0 {
		t.Errorf("blamed frame is %+v, want %s with its line, in the app", f, w.function)
	}
	if w.source != "" && !slices.ContainsFunc(f.Context, func(l [2]any) bool {
		return l[0] == float64(f.LineNo) && strings.Contains(l[1].(string), w.source)
	}) {
		t.Errorf("line %d of the source is not %q: %v", f.LineNo, w.source, f.Context)
	}
	if _, ok := f.Vars[w.vars]; !ok && w.vars != "" {
		t.Errorf("no local variable %s in %v", w.vars, f.Vars)
	}
}

// blamed is the last frame of the app in the last stack that has one.
func blamed(stacks []*stack) stackFrame {
	for _, st := range slices.Backward(stacks) {
		if st == nil {
			continue
		}
		for _, f := range slices.Backward(st.Frames) {
			if f.InApp {
				return f
			}
		}
	}
	return stackFrame{}
}

// scope checks what every event of the program carries.
func (r *sdkRun) scope(t *testing.T, e *event) {
	t.Helper()
	cart := e.Contexts["cart"]
	delete(cart, "type")
	got := map[string]any{
		"sdk": e.SDK.Name + " " + e.SDK.Version, "release": e.Release.Version, "environment": e.tag("environment"), "level": e.tag("level"),
		"user": e.User.ID + " " + e.User.Email + " " + e.User.Username, "tag": e.tag("shop.region"), "note": e.tag("shop.note"), "cart": cart,
	}
	want := map[string]any{
		"sdk": r.sdk.want.sdkName + " " + r.sent.SDK, "release": "shop@1.2.3", "environment": "staging", "level": "error",
		"user": "42 jane@example.com jane", "tag": "eu-west", "note": "çødé ☃",
		"cart": map[string]any{"items": 3.0, "list": []any{1.0, "two", nil}, "wide": 12345678901234.0},
	}
	if !r.sdk.want.noDist {
		want["dist"], got["dist"] = "77", ""
		if e.Dist != nil {
			got["dist"] = *e.Dist
		}
	}
	if r.sdk.want.extra {
		want["extra"], got["extra"] = map[string]any{"list": []any{1.0, "two", nil, true}}, e.Context["raw"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event %s (-want +got):\n%s", e.EventID, diff)
	}
	if !r.sdk.want.noTrace && e.Contexts["trace"]["trace_id"] == nil {
		t.Errorf("event %s has no trace: %v", e.EventID, e.Contexts["trace"])
	}
	var crumbs struct {
		Values []struct {
			Category, Message string
			Timestamp         *string
			Data              map[string]any
		}
	}
	e.entry(t, "breadcrumbs", &crumbs)
	for _, c := range crumbs.Values {
		if c.Category == "auth" && c.Message == "logged in" && c.Timestamp != nil && c.Data["method"] == "password" {
			return
		}
	}
	t.Errorf("event %s has no breadcrumb of the log-in: %+v", e.EventID, crumbs.Values)
}

func (r *sdkRun) otherEvents(t *testing.T) {
	t.Helper()
	if id := r.sent.Message; id != "" {
		if e := r.event(t, id); e.tag("level") != "warning" || !strings.Contains(e.Title, "the shop is slow") {
			t.Errorf("message: level %s, title %q", e.tag("level"), e.Title)
		}
	}
	if id := r.sent.Fingerprint; id != "" {
		e := r.event(t, id)
		if diff := cmp.Diff([]string{"orders", "o-1"}, e.Fingerprints); diff != "" || e.Title != "order o-1 failed for jane" || e.tag("level") != "fatal" || e.tag("logger") != "shop.orders" {
			t.Errorf("event with a fingerprint %v: title %q, level %s, logger %s", e.Fingerprints, e.Title, e.tag("level"), e.tag("logger"))
		}
	}
	if id := r.sent.Large; id != "" {
		if text, _ := r.event(t, id).Contexts["big"]["text"].(string); !strings.HasPrefix(text, "lorem ipsum dolor ") {
			t.Errorf("the large context is %.60q (%d bytes)", text, len(text))
		}
	}
	if want := r.sdk.want.request; want != "" {
		var req struct{ Method, URL string }
		if e := r.event(t, r.sent.InTrace); !e.entry(t, "request", &req) || req.Method+" "+req.URL != want {
			t.Errorf("request of %s: %+v, want %s", e.EventID, req, want)
		}
	}
	for _, id := range []string{r.sent.String, r.sent.Object, r.sent.Panic} {
		if id != "" {
			r.event(t, id)
		}
	}
}

// attachments downloads what was attached.
func (r *sdkRun) attachments(t *testing.T) {
	t.Helper()
	if r.sent.Attachment == "" {
		return
	}
	path := "/projects/main/" + r.project + "/events/" + r.sent.Attachment + "/attachments/"
	var list []struct {
		ID, Name, MIMEType string
		Size               int
	}
	r.api.get(t, path, &list)
	want := map[string]string{"app.log": "line one\nline two\n\n", "blob.bin": "\x00\n\r\xff\xfe\n\n\x00", "empty.txt": ""}
	maps.DeleteFunc(want, func(name, _ string) bool { _, ok := r.sdk.want.files[name]; return !ok })
	got, types := map[string]string{}, map[string]string{}
	for _, a := range list {
		got[a.Name], types[a.Name] = r.api.download(t, path+a.ID+"/?download=1"), a.MIMEType
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attachments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(r.sdk.want.files, types); diff != "" {
		t.Errorf("types of attachments (-want +got):\n%s", diff)
	}
}

// download gives the bytes at a path of the API.
func (a *API) download(tb testing.TB, path string) string {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, a.url+"/api/0"+path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		tb.Fatalf("GET %s: %s %v: %s", path, res.Status, err, b)
	}
	return string(b)
}
