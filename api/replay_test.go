package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

const replayPath = "/api/0/projects/acme/shop-web/replays/" + replayA + "/"

type replayList struct{ Data []api.Replay }

func TestReplays(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		r := w.get(org + "replays/")
		list := decode[replayList](r).Data
		if len(list) != 1 {
			t.Fatalf("a replay that was only named is listed, or none is: %s", r.Body)
		}
		got := list[0]
		if got.ID != replayA || got.CountErrors != 2 || got.CountSegments != 3 || got.Duration != 15 || *got.User.Email != "bob@example.com" || got.Hindsight.CountBackendErrors != 1 ||
			!got.Hindsight.Plays || got.Hindsight.UnplayableSegments != 1 || got.HasViewed {
			t.Errorf("%s", r.Body)
		}
		if diff := cmp.Diff([]string{eventA, eventB}, got.ErrorIDs); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"shop-api"}, got.Hindsight.BackendProjects); diff != "" {
			t.Error(diff)
		}
		for query, want := range map[string]int{
			"count_errors:>1": 1, "count_errors:>2": 0, "duration:>10s": 1, "duration:>1m": 0, "duration:<20": 1, "user.email:bob@*": 1, "url:*cart*": 1, "url:http://shop.example/cart": 1, "url:cart": 0,
			"has_backend_error:true": 1, "has_backend_error:false": 0, "backend_error:" + itoa(w.acme.issue): 1, "backend_error:declined": 1, "release:shop@1.0.0": 1, "release:shop@1": 0,
			"error_ids:" + eventA: 1, "trace:" + traceA: 1, "trace:" + eventA: 0, "browser.name:Chrome": 1, "!browser.name:Chrome": 0, "id:" + replayA: 1, "bob@example": 1, "nobody": 0,
			"viewed_by_me:true": 0, "activity:" + itoa(got.Activity): 1, "activity:>9": 0, "activity:>=2": 1, "(browser.name:Firefox OR user.id:7) count_segments:3": 1,
		} {
			if n := len(decode[replayList](w.get(org + "replays/?query=" + escape(query))).Data); n != want {
				t.Errorf("query %q: %d replays, want %d", query, n, want)
			}
		}
		for _, sort := range []string{"started_at", "-finished_at", "-duration", "-activity", "count_errors", "-count_backend_errors", "-count_segments", "count_dead_clicks"} {
			w.get(org + "replays/?sort=" + sort)
		}
		if r := w.do(w.acme.token, "GET", org+"replays/?sort=nope", ""); r.Code != 400 {
			t.Errorf("unknown sort: %d", r.Code)
		}
		if r := w.do(w.acme.token, "POST", replayPath+"viewed-by/", ""); r.Code != 204 {
			t.Errorf("viewed: %d %s", r.Code, r.Body)
		}
		if v := decode[api.ReplayViewers](w.get(replayPath + "viewed-by/")); len(v.Data.ViewedBy) != 1 || v.Data.ViewedBy[0].Email != "owner@acme.example" {
			t.Errorf("%+v", v)
		}
		if d := decode[api.ReplayBody](w.get(org + "replays/" + replayA + "/")); !d.Data.HasViewed {
			t.Error("not viewed")
		}
	})
}

func TestRecording(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		want := `[[{"type":4,"timestamp":1,"data":{}},{"type":2,"timestamp":2,"data":{}}],[{"type":3,"timestamp":3}],[]]` + "\n"
		if got := w.get(replayPath + "recording-segments/?download=true").Body.String(); got != want {
			t.Errorf("recording %s", got)
		}
		page := w.get(replayPath + "recording-segments/?download=true&per_page=1&cursor=0:1:0")
		if page.Body.String() != `[[{"type":3,"timestamp":3}]]`+"\n" || cursorOf(t, page, "next") != "0:2:0" {
			t.Errorf("page %s %s", page.Body, page.Header().Get("Link"))
		}
		if s := decode[[]api.Segment](w.get(replayPath + "recording-segments/")); len(s) != 3 || s[2].Playable || !s[0].Playable {
			t.Errorf("%+v", s)
		}
		if got := w.get(replayPath + "recording-segments/1/?download").Body.String(); got != `[{"type":3,"timestamp":3}]` {
			t.Errorf("segment %s", got)
		}
		if got := w.get(replayPath + "recording-segments/2/?download=1").Body.String(); got != `[]` {
			t.Errorf("a segment that cannot be read was served: %s", got)
		}
		f := decode[api.ReplayFrames](w.get(org + "replays/" + replayA + "/frames/"))
		var times []int64
		for _, x := range f.Frames {
			times = append(times, x.TimeMS)
		}
		if diff := cmp.Diff([]int64{1000, 1500, 2000}, times); diff != "" {
			t.Error(diff)
		}
	})
}

// A player that wants a moment gets the segments from the last whole page before it, and links to the rest.
func TestRecordingAroundAMoment(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		var in store.Write
		in.MessageID, in.OrgID, in.ReceivedMS = "range", w.acme.org.ID, w.base.UnixMilli()
		start := w.base.UnixMilli()
		const id = "d0000000000000000000000000000001"
		for n := range int64(90) {
			from, to := start+n*5000, start+n*5000+4999
			segment := w.segment(w.acme, n, fmt.Sprintf("%064d", 7000+n), fmt.Sprintf(`[{"type":%d,"timestamp":%d}]`, map[bool]int{true: 2, false: 3}[n%40 == 0], from), "[]", true)
			segment.Segment.ReplayID, segment.Segment.FirstMS, segment.Segment.LastMS, segment.Segment.HasSnapshot = id, &from, &to, n%40 == 0
			in.Segments = append(in.Segments, segment)
		}
		_, err := w.s.Ingest(t.Context(), []*store.Write{&in})
		must(t, err)
		type answer struct {
			Count, Offset int
			Twice         bool
			Segments      []struct {
				ID     int64
				Events []struct{ Type int }
			}
		}
		path := org + "replays/" + id + "/recording/"
		for query, want := range map[string][3]int{ // offset, segments, next
			"": {0, 4, 4}, "?t=12": {0, 6, 6}, "?t=230": {40, 10, 50}, "?at=" + itoa(start+199_000): {0, 43, 43}, "?t=449": {80, 10, 0}, "?t=99999": {80, 10, 0},
			"?cursor=0:88:0": {88, 2, 0}, "?cursor=0:4:0&per_page=10": {4, 10, 14},
		} {
			r := w.get(path + query)
			got := decode[answer](r)
			if got.Count != 90 || got.Twice || got.Offset != want[0] || len(got.Segments) != want[1] || got.Segments[0].ID != int64(want[0]) {
				t.Errorf("%q: count %d, offset %d, %d segments: %.200s", query, got.Count, got.Offset, len(got.Segments), r.Body)
			}
			if query != "" && !strings.Contains(query, "cursor") && got.Segments[0].Events[0].Type != 2 {
				t.Errorf("%q does not begin with a whole page", query)
			}
			more := strings.Contains(r.Header().Get("Link"), `rel="next"; results="true"`)
			if c := cursorOf(t, r, "next"); more != (want[2] > 0) || more && c != fmt.Sprintf("0:%d:0", want[2]) {
				t.Errorf("%q: next %q %t, want %d", query, c, more, want[2])
			}
		}
		for _, query := range []string{"?t=-1", "?t=x", "?at=NaN", "?cursor=x"} {
			if r := w.do(w.acme.token, "GET", path+query, ""); r.Code != 400 {
				t.Errorf("%q: %d", query, r.Code)
			}
		}
	})
}

func TestDeleteReplay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		if r := w.do(w.acme.token, "DELETE", replayPath, ""); r.Code != http.StatusNoContent {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		var left []string
		must(t, w.blobs.List(t.Context(), itoa(w.acme.org.ID)+"/", func(key string, _ int64) bool {
			if !strings.Contains(key, "/artifacts/") { // source maps are not the replay's
				left = append(left, key)
			}
			return true
		}))
		if len(left) != 0 {
			t.Errorf("blobs left: %v", left)
		}
		if d := decode[api.ReplayBody](w.get(org + "replays/" + replayA + "/")); !d.Data.IsArchived || d.Data.Hindsight.Plays || d.Data.User.Email != nil {
			t.Errorf("%+v", d.Data)
		}
		if r := w.do(w.acme.token, "GET", replayPath+"recording-segments/?download=true", ""); r.Code != 404 {
			t.Errorf("recording of a deleted replay: %d", r.Code)
		}
		l := decode[struct{ Data []api.ReplayLink }](w.get(org + "replay-links/?replay=" + replayA)).Data
		if len(l) != 2 || l[0].State != "deleted" {
			t.Errorf("%+v", l)
		}
		if i := decode[api.IssueDetail](w.get(org + "issues/SHOP-API-1/")); i.Hindsight.ReplayCount != 0 {
			t.Errorf("a deleted replay is counted")
		}
		if r, err := w.s.Replay(t.Context(), w.other.org.Scope(), replayA); err != nil || r.State != store.ReplayLive {
			t.Errorf("another organisation's replay of the same id went too: %v", err)
		}
	})
}

func TestReplayLinksAndCounts(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		links := func(query string) []api.ReplayLink {
			return decode[struct{ Data []api.ReplayLink }](w.get(org + "replay-links/?" + query)).Data
		}
		l := links("event=" + eventA)
		if len(l) != 2 {
			t.Fatalf("%+v", l)
		}
		by := map[string]api.ReplayLink{l[0].ReplayID: l[0], l[1].ReplayID: l[1]}
		got := by[replayA]
		if got.Tier != 1 || strings.Join(got.Signals, " ") != "baggage trace_bridge" || got.Reason != "the browser sent this replay id with the request" || !got.Primary || *got.OffsetMS != 3000 ||
			*got.ShortID != "SHOP-API-1" || *got.ProjectSlug != "shop-api" || got.State != "available" || !got.Plays {
			t.Errorf("%+v", got)
		}
		if m := by[lost]; m.State != "pending" || m.StateReason == nil || m.Plays {
			t.Errorf("%+v", m)
		}
		for query, want := range map[string]int{"issue=SHOP-API-1": 2, "issue=" + itoa(w.acme.issue): 2, "trace=" + traceA: 3, "replay=" + replayA: 2, "replay=" + replayA + "&event=" + eventA: 3, "transaction=none": 0} {
			if n := len(links(query)); n != want {
				t.Errorf("%s: %d links, want %d", query, n, want)
			}
		}
		first := w.get(org + "replay-links/?trace=" + traceA + "&per_page=2")
		if rest := links("trace=" + traceA + "&per_page=2&cursor=" + cursorOf(t, first, "next")); len(rest) != 1 {
			t.Errorf("second page: %+v", rest)
		}
		for _, bad := range []string{"", "event=zz", "replay=" + replayA + "&cursor=1"} {
			if r := w.do(w.acme.token, "GET", org+"replay-links/?"+bad, ""); r.Code != 400 {
				t.Errorf("%q: %d", bad, r.Code)
			}
		}
		id := itoa(w.acme.issue)
		if got := decode[map[string]int](w.get(org + "replay-count/?query=issue.id:[" + id + "]&data_source=discover&project=-1")); got[id] != 1 {
			t.Errorf("%v", got)
		}
		if got := decode[map[string][]string](w.get(org + "replay-count/?returnIds=true&query=issue.id:[" + id + "]&statsPeriod=90d")); len(got[id]) != 1 || got[id][0] != replayA {
			t.Errorf("%v", got)
		}
		if got := decode[map[string]int](w.get(org + "replay-count/?query=replay_id:[" + replayA + "," + lost + "]")); got[replayA] != 1 || got[lost] != 0 {
			t.Errorf("%v", got)
		}
		meta := decode[struct{ Data []api.ReplayEventMeta }](w.get(org + "replays-events-meta/?query=replayId:[" + replayA + "]")).Data
		if len(meta) != 2 || meta[0].ID != eventB || meta[1].Issue != "SHOP-API-1" || !strings.HasSuffix(meta[0].Timestamp, "+00:00") {
			t.Errorf("%+v", meta)
		}
	})
}

func TestTraceStatsSearchAndDeadLetters(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		trace := decode[[]map[string]any](w.get(org + "trace/" + traceA + "/?limit=50&project=-1&statsPeriod=14d"))
		if len(trace) != 1 || trace[0]["duration"] != 250.0 || trace[0]["transaction_id"] != "ddddddddddddddddddddddddddddddd1" {
			t.Fatalf("%v", trace)
		}
		child := trace[0]["children"].([]any)[0].(map[string]any)
		if child["event_id"] != childID || len(child["errors"].([]any)) != 3 || child["additional_attributes"].(map[string]any)["db.system"] != "sqlite" {
			t.Errorf("%v", child)
		}
		if r := w.get(org + "trace/" + eventA + "/"); strings.TrimSpace(r.Body.String()) != "[]" {
			t.Errorf("unknown trace: %s", r.Body)
		}
		if m := decode[api.TraceMeta](w.get(org + "trace-meta/" + traceA + "/")); m.SpansCount != 2 || m.ErrorsCount != 3 || m.SpansCountMap["db"] != 1 {
			t.Errorf("%+v", m)
		}
		s := decode[api.Stats](w.get(org + "stats_v2/?field=sum(quantity)&groupBy=outcome&groupBy=category&statsPeriod=24h&interval=17m"))
		if len(s.Groups) != 1 || s.Groups[0].Totals["sum(quantity)"] != 3 || len(s.Groups[0].Series["sum(quantity)"]) != len(s.Intervals) || s.Groups[0].By["category"] != "error" {
			t.Errorf("%+v", s.Groups)
		}
		for id, kind := range map[string]string{eventA: "event", traceA: "trace", replayA: "replay", childID: "span", "SHOP-API-1": "issue", "shop-api-1": "issue"} {
			hits := decode[api.SearchResult](w.get(org + "search/?id=" + id)).Data
			if len(hits) == 0 || hits[0].Kind != kind || !strings.HasPrefix(hits[0].URL, "/organizations/acme/") {
				t.Errorf("%s: %+v", id, hits)
			}
		}
		if hits := decode[api.SearchResult](w.get(org + "search/?id=whatever")).Data; len(hits) != 0 {
			t.Errorf("%+v", hits)
		}
		if l := decode[[]api.DeadLetter](w.get(org + "dead-letters/")); len(l) != 1 || l[0].ID != "5" {
			t.Errorf("%+v", l)
		}
		if d := decode[api.DeadLetterDetail](w.get(org + "dead-letters/5/")); d.Envelope != "{}\n\uFFFD" {
			t.Errorf("%+v", d)
		}
		if r := w.do(w.acme.token, "POST", org+"dead-letters/5/resend/", ""); r.Code != 204 || !w.dead.resent {
			t.Errorf("resend: %d", r.Code)
		}
	})
}

func TestProjectsAndKeys(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		r := w.get("/api/0/organizations/acme/projects/?per_page=1")
		if ps := decode[[]api.Project](r); len(ps) != 1 || !strings.Contains(r.Header().Get("Link"), `rel="next"; results="true"; cursor="0:1:0"`) {
			t.Errorf("%s %s", r.Body, r.Header().Get("Link"))
		}
		made := w.do(w.acme.token, "POST", org+"projects/", `{"name":"New App","platform":"go","default_rules":true}`)
		if made.Code != 201 || decode[api.ProjectDetail](made).Slug != "new-app" {
			t.Errorf("%d %s", made.Code, made.Body)
		}
		if again := w.do(w.acme.token, "POST", org+"projects/", `{"name":"x","slug":"new-app"}`); again.Code != 409 {
			t.Errorf("%d %s", again.Code, again.Body)
		}
		if bad := w.do(w.acme.token, "PUT", "/api/0/projects/acme/new-app/", `{"slug":"Not A Slug"}`); bad.Code != 400 {
			t.Errorf("%d %s", bad.Code, bad.Body)
		}
		ks := decode[[]api.Key](w.get("/api/0/projects/acme/new-app/keys/?status=active"))
		if len(ks) != 1 || ks[0].Name != "Default" || !strings.HasPrefix(ks[0].DSN.Public, "http://"+ks[0].ID+"@sentry.example:8000/") {
			t.Fatalf("%+v", ks)
		}
		path := "/api/0/projects/acme/new-app/keys/" + ks[0].ID + "/"
		if k := decode[api.Key](w.do(w.acme.token, "PUT", path, `{"rateLimit":{"count":5,"window":60}}`)); k.RateLimit.V == nil || *k.RateLimit.V != (api.KeyRateLimit{Count: 5, Window: 60}) {
			t.Errorf("%+v", k)
		}
		if k := decode[api.Key](w.do(w.acme.token, "PUT", path, `{"name":"Renamed"}`)); k.RateLimit.V == nil {
			t.Error("a rate limit that was not mentioned is gone")
		}
		if bad := w.do(w.acme.token, "PUT", path, `{"rateLimit":{"count":-1,"window":60}}`); bad.Code != 400 {
			t.Errorf("%d %s", bad.Code, bad.Body)
		}
		if k := decode[api.Key](w.do(w.acme.token, "PUT", path, `{"isActive":false,"rateLimit":null}`)); k.IsActive || k.RateLimit.V != nil {
			t.Errorf("%+v", k)
		}
		if n := len(decode[[]api.Key](w.get("/api/0/projects/acme/new-app/keys/?status=active"))); n != 0 {
			t.Errorf("%d active keys", n)
		}
		if r := w.do(w.acme.token, "DELETE", path, ""); r.Code != 204 {
			t.Errorf("delete: %d %s", r.Code, r.Body)
		}
		if r := w.do(w.acme.token, "GET", path, ""); r.Code != 404 {
			t.Errorf("deleted key: %d", r.Code)
		}
		list := w.get("/api/0/organizations/?cursor=").Body.String()
		for _, want := range []string{`"requireEmailVerification":false`, `"regionUrl":""`, `"features":[`, `"organizationUrl":"http://sentry.example:8000/organizations/acme"`} {
			if !strings.Contains(list, want) {
				t.Errorf("no %s in %s", want, list)
			}
		}
	})
}

// Why a recording is not there: what is known of it by name, of its trace, and of other recordings at that time.
func TestMissingReplayReasons(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		named := w.base.Add(-3 * time.Hour)
		id := func(n int) string { return "dd" + strings.Repeat("0", 29) + strconv.Itoa(n) }
		linkTo := func(n int, at time.Time, flags link.Flags) store.ReplayLink {
			return store.ReplayLink{OrgID: w.acme.org.ID, ItemKind: store.ItemLog, ItemID: "l" + strconv.Itoa(n) + strconv.FormatInt(int64(flags), 10), ReplayID: id(n), TraceID: ptr(traceA),
				Signals: int64(link.Attribute), Flags: int64(flags), CreatedMS: at.UnixMilli()}
		}
		outcome := func(at time.Time, outcome, reason string) store.Outcome {
			return store.Outcome{MinuteMS: at.UnixMilli() / 60_000 * 60_000, OrgID: w.acme.org.ID, ProjectID: w.acme.web.ID, Category: "replay", Outcome: outcome, Reason: reason, Quantity: 2}
		}
		_, err := w.s.Ingest(t.Context(), []*store.Write{{MessageID: "lost", OrgID: w.acme.org.ID, ReceivedMS: named.UnixMilli(),
			Links:    []store.ReplayLink{linkTo(1, named, 0), linkTo(3, named, 0), linkTo(4, named, 0), linkTo(4, named, link.Buffering)},
			Losses:   []store.ReplayLoss{{OrgID: w.acme.org.ID, ProjectID: w.acme.web.ID, ReplayID: id(1), Reason: "too_large", FirstMS: 1}},
			Outcomes: []store.Outcome{outcome(named.Add(time.Minute), "rate_limited", "key_quota"), outcome(named.Add(time.Minute), "accepted", ""), outcome(named.Add(time.Hour), "client_discard", "send_error")}},
			{MessageID: "lost later", OrgID: w.acme.org.ID, ReceivedMS: named.Add(time.Hour).UnixMilli(), Links: []store.ReplayLink{linkTo(2, named.Add(time.Hour), 0)}}})
		must(t, err)
		for n, want := range map[int]string{1: "recording lost: it was larger than a recording may be", 2: "recording never received; at that time browsers could not send recordings",
			3: "recording never received; at that time recordings were over the rate limit", 4: "the recorder was only buffering and never sent the recording"} {
			rows := decode[struct{ Data []api.ReplayLink }](w.get(org + "replay-links/?replay=" + id(n))).Data
			for _, l := range rows {
				if l.State != "missing" || l.StateReason == nil || *l.StateReason != want {
					t.Errorf("replay %d: %+v, want %q", n, l, want)
				}
			}
			if len(rows) == 0 {
				t.Errorf("replay %d has no link", n)
			}
		}
	})
}

// A page that said that it records, on another item of the trace, makes the trace's errors expect a replay (S12).
func TestReplayIsExpected(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		expects := func(event string) bool {
			t.Helper()
			return decode[api.Event](w.get("/api/0/projects/acme/shop-api/events/" + event + "/")).Hindsight.ExpectsReplay
		}
		if expects(eventC) {
			t.Error("nobody said anything yet")
		}
		_, err := w.s.Ingest(t.Context(), []*store.Write{{MessageID: "x", OrgID: w.acme.org.ID, ReceivedMS: 1, Expected: []store.ExpectedReplay{{OrgID: w.acme.org.ID, TraceID: traceA, FirstMS: 1}}}})
		must(t, err)
		if !expects(eventC) {
			t.Error("an error without a replay does not expect one")
		}
		if expects(eventA) {
			t.Error("an error that has its replay expects none")
		}
		found := map[string]bool{}
		for _, e := range decode[[]api.SimpleEvent](w.get("/api/0/projects/acme/shop-api/events/")) {
			found[e.EventID] = e.Hindsight.ExpectsReplay
		}
		if !found[eventC] || found[eventA] {
			t.Errorf("in the list: %v", found)
		}
	})
}
