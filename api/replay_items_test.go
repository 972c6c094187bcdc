package api_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
)

// marks stores items of acme's replay, one second apart, some of which are worth a mark.
func (w *world) marks() {
	w.t.Helper()
	o := w.acme
	packed, err := store.Compress([]byte("{}"))
	must(w.t, err)
	var in store.Write
	in.MessageID, in.OrgID, in.ReceivedMS = "marks", o.org.ID, w.base.UnixMilli()
	n := 0
	add := func(kind, level, name string) (id string, ms int64) {
		n++
		id, ms = "e"+strings.Repeat("0", 30)+strconv.Itoa(n), w.base.Add(time.Duration(n)*time.Second).UnixMilli()
		l := store.ReplayLink{OrgID: o.org.ID, ItemKind: kind, ItemID: id, ReplayID: replayA, ProjectID: &o.api.ID, TraceID: ptr(traceA),
			Side: ptr("backend"), Name: &name, TimeMS: &ms, Signals: int64(link.TraceBridge), Primary: true, CreatedMS: ms}
		if level != "" {
			l.Level = &level
		}
		in.Links = append(in.Links, l)
		return id, ms
	}
	for _, severity := range []string{"info", "warn", "error"} {
		id, ms := add(store.ItemLog, severity, "a line")
		in.Logs = append(in.Logs, store.LogWrite{Log: store.Log{OrgID: o.org.ID, LogID: id, ProjectID: o.api.ID, TraceID: ptr(traceA), SpanID: ptr(childID),
			TimestampUS: ms * 1000, Severity: severity, Body: strings.Repeat("a long line ", 30) + severity, Side: "backend", Attributes: packed, ReceivedMS: ms}})
	}
	id, ms := add(store.ItemFeedback, "", "it broke")
	in.Feedback = append(in.Feedback, store.FeedbackWrite{Feedback: store.Feedback{OrgID: o.org.ID, EventID: id, ProjectID: o.web.ID, TimestampMS: ms, Message: "It broke <b>again</b>",
		Name: "Ann", ContactEmail: "ann@example.com", URL: "http://shop.example/cart", TraceID: ptr(traceA), Side: "frontend", Payload: packed, ReceivedMS: ms}})
	for _, level := range []string{"", "warning", "error"} {
		id, ms := add(store.ItemTransaction, level, "POST /pay")
		in.Spans = append(in.Spans, store.SpanWrite{Span: store.Span{OrgID: o.org.ID, TraceID: traceA, SpanID: id[16:], ProjectID: o.api.ID, IsSegment: true, EventID: &id, Op: "http.server",
			Name: "POST /pay", Status: "internal_error", Side: "backend", StartUS: ms * 1000, EndUS: ms*1000 + 1_500_000, ReceivedMS: ms, Payload: packed}})
	}
	_, err = w.s.Ingest(w.t.Context(), []*store.Write{&in})
	must(w.t, err)
}

func TestReplayItems(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.marks()
		type rows struct{ Data []api.ReplayItem }
		brief := func(r response) (out []string) {
			for _, it := range decode[rows](r).Data {
				level := "-"
				if it.Level != nil {
					level = *it.Level
				}
				out = append(out, it.Kind+" "+level)
			}
			return out
		}
		all := w.get(org + "replays/" + replayA + "/items/")
		want := []string{"log warn", "log error", "feedback -", "transaction warning", "transaction error"}
		if diff := cmp.Diff(want, brief(all)); diff != "" {
			t.Error(diff)
		}
		got := decode[rows](all).Data
		if l := got[0]; !strings.HasSuffix(l.Title, "a long line warn") || *l.SpanID != childID || *l.OffsetMS != 2_000 || *l.ProjectSlug != "shop-api" || l.Tier != 3 {
			t.Errorf("log: %+v", l)
		}
		if f := got[2]; f.Title != "It broke <b>again</b>" || *f.Author != "Ann" || *f.Contact != "ann@example.com" || *f.URL != "http://shop.example/cart" {
			t.Errorf("feedback: %+v", f)
		}
		if x := got[4]; x.Title != "POST /pay" || *x.DurationMS != 1_500 || *x.Status != "internal_error" {
			t.Errorf("transaction: %+v", x)
		}
		if diff := cmp.Diff(want[2:3], brief(w.get(org+"replays/"+replayA+"/items/?kind=feedback"))); diff != "" {
			t.Error(diff)
		}
		// Page by page, forwards and back, nothing is left out or comes twice.
		var walked []string
		var cursors []string
		for cursor := ""; ; {
			r := w.get(org + "replays/" + replayA + "/items/?per_page=2&cursor=" + escape(cursor))
			walked = append(walked, brief(r)...)
			next, more := pageOf(r, "next")
			if !more {
				break
			}
			cursor = next
			cursors = append(cursors, next)
		}
		if diff := cmp.Diff(want, walked); diff != "" {
			t.Error(diff)
		}
		back, _ := pageOf(w.get(org+"replays/"+replayA+"/items/?per_page=2&cursor="+escape(cursors[1])), "previous")
		if diff := cmp.Diff(want[2:4], brief(w.get(org+"replays/"+replayA+"/items/?per_page=2&cursor="+escape(back)))); diff != "" {
			t.Error(diff)
		}
		if r := w.do(w.acme.token, "GET", org+"replays/"+replayA+"/items/?kind=error", ""); r.Code != 400 {
			t.Errorf("unknown kind: %d", r.Code)
		}
	})
}

// pageOf reads the cursor of a relation, and whether it has rows.
func pageOf(r response, rel string) (cursor string, more bool) {
	for _, part := range strings.Split(r.Header().Get("Link"), ", ") {
		if strings.Contains(part, `rel="`+rel+`"`) {
			_, cursor, _ = strings.Cut(part, `cursor="`)
			return strings.TrimSuffix(cursor, `"`), strings.Contains(part, `results="true"`)
		}
	}
	return "", false
}

func TestReplayTags(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for i, tags := range []map[string][]string{{"plan": {"pro", "free"}, "flag": {"on"}}, {"plan": {"pro"}}, {}} {
			sw := w.segment(w.acme, int64(10+i), "t", "[]", "[]", true)
			sw.Segment.ReplayID, sw.Meta.Tags = "ff"+strings.Repeat("0", 29)+strconv.Itoa(i), tags
			_, err := w.s.Ingest(t.Context(), []*store.Write{{MessageID: "tags" + strconv.Itoa(i), OrgID: w.acme.org.ID, ReceivedMS: 1, Segments: []store.SegmentWrite{sw}}})
			must(t, err)
		}
		const base = "/api/0/projects/acme/shop-web/replays/tags/"
		want := []api.ReplayTagKey{{Key: "plan", Name: "plan", UniqueValues: 2, TotalValues: 2}, {Key: "flag", Name: "flag", UniqueValues: 1, TotalValues: 1}}
		if diff := cmp.Diff(want, decode[[]api.ReplayTagKey](w.get(base))); diff != "" {
			t.Error(diff)
		}
		values := decode[[]api.ReplayTagValue](w.get(base + "plan/values/"))
		if len(values) != 2 || values[0].Value != "pro" || values[0].Count != 2 || values[1].Count != 1 || !values[0].LastSeen.After(values[0].FirstSeen) {
			t.Errorf("%+v", values)
		}
		for query, n := range map[string]int{"FR": 1, "r": 2, "%": 0, "": 2} {
			if got := decode[[]api.ReplayTagValue](w.get(base + "plan/values/?query=" + escape(query))); len(got) != n {
				t.Errorf("values with %q: %+v, want %d", query, got, n)
			}
		}
		if got := decode[[]api.ReplayTagValue](w.get(base + "nothing/values/")); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestReplayVideo(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		r := w.get(replayPath + "videos/0/")
		if r.Body.String() != "a film" || r.Header().Get("Content-Type") != "video/mp4" {
			t.Errorf("%v %q", r.Header(), r.Body)
		}
		q := httptest.NewRequest("GET", replayPath+"videos/0/", nil)
		q.Header.Set("Authorization", "Bearer "+w.acme.token)
		q.Header.Set("Range", "bytes=3-5")
		rec := httptest.NewRecorder()
		w.h.ServeHTTP(rec, q)
		if rec.Code != http.StatusPartialContent || rec.Body.String() != "ilm" || rec.Header().Get("Content-Range") != "bytes 3-5/6" {
			t.Errorf("range: %d %v %q", rec.Code, rec.Header(), rec.Body)
		}
		if r := w.do(w.acme.token, "GET", replayPath+"videos/1/", ""); r.Code != 404 {
			t.Errorf("a segment without a film: %d", r.Code)
		}
	})
}
