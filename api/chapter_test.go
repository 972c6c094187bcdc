package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/linker/chapter"
	"github.com/hindsight-dev/hindsight/store"
)

// derived stores a chapter of replayA, as the linker would.
func (w *world) derived(o *tenant) {
	w.t.Helper()
	marks, err := w.s.StaleReplays(w.t.Context(), 1<<60, 100)
	must(w.t, err)
	for _, m := range marks {
		if m.OrgID != o.org.ID || m.ReplayID != replayA {
			continue
		}
		b, err := json.Marshal(chapter.Chapter{ID: "0123456789abcdef", Kind: chapter.KindClick, Label: `Click "Pay"`, Status: chapter.StatusError,
			Requests: []chapter.Exchange{{Method: "POST", Path: "/pay", Work: []chapter.Work{}}}, Errors: []chapter.Incident{{ID: eventA, IssueID: o.issue}}, Traces: []string{traceA}, Vitals: []chapter.Vital{}})
		must(w.t, err)
		body, err := store.Compress(b)
		must(w.t, err)
		done, err := w.s.WriteChapters(w.t.Context(), m, []store.ReplayChapter{{OrgID: o.org.ID, ReplayID: replayA, ChapterID: "0123456789abcdef", Kind: chapter.KindClick,
			Status: chapter.StatusError, TriggerRoute: "/cart", Body: body}}, &store.ReplaySummary{OrgID: o.org.ID, ReplayID: replayA, Worth: 10, Chapters: 1})
		must(w.t, err)
		if !done {
			w.t.Fatal("nothing was written")
		}
		return
	}
	w.t.Fatal("the replay is not marked")
}

func TestReplayChapters(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.derived(w.acme)
		got := decode[api.ReplayChapters](w.get("/api/0/organizations/acme/replays/" + replayA + "/chapters/"))
		if len(got.Chapters) != 1 || got.Chapters[0].Label != `Click "Pay"` || got.Chapters[0].Errors[0].ID != eventA || got.Chapters[0].Errors[0].ShortID != "SHOP-API-1" {
			t.Errorf("%+v", got)
		}
		if r := w.do(w.acme.token, "GET", "/api/0/organizations/acme/replays/"+lost+"/chapters/", ""); r.Code != http.StatusNotFound {
			t.Errorf("chapters of what was never recorded: %d", r.Code)
		}
		found := decode[struct{ Data []api.Replay }](w.get("/api/0/organizations/acme/replays/?query=chapter.status:error+trigger_route:/cart&sort=-usefulness"))
		if len(found.Data) != 1 || found.Data[0].ID != replayA {
			t.Errorf("search by chapter: %+v", found)
		}
	})
}

func TestCoverageAndDoctor(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c := decode[api.ReplayCoverage](w.get("/api/0/organizations/acme/replay-coverage/"))
		if c.Total.Errors != 2 || c.Total.Covered != 1 || c.Total.Share != 0.5 || len(c.Modes) != 1 || c.Modes[0].Name != "session" || len(c.Projects) != 1 || c.Projects[0].Name != "shop-api" {
			t.Errorf("%+v", c)
		}
		names := []string{}
		for _, s := range c.Signals {
			names = append(names, s.Name)
		}
		if strings.Join(names, " ") != "baggage trace_bridge" {
			t.Errorf("signals %v", names)
		}
		d := decode[api.SetupDoctor](w.get("/api/0/organizations/acme/setup-doctor/"))
		if d.Replays != 1 || d.Errors != 2 || len(d.Findings) != 1 || d.Findings[0].ID != "backend_loses_id" || d.Findings[0].Project != "shop-api" || !strings.Contains(d.Findings[0].Line, "sentryhttp") {
			t.Errorf("%+v", d)
		}
	})
}

func TestDeleteJobs(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const path = "/api/0/projects/acme/shop-web/replays/jobs/delete/"
		body := `{"data":{"rangeStart":"` + w.base.Add(-time.Hour).Format(time.RFC3339) + `","rangeEnd":"` + w.base.Add(time.Hour).Format(time.RFC3339) + `","environments":["production"],"query":"count_errors:>0 duration:<1h"}}`
		r := w.do(w.acme.token, "POST", path, body)
		job := decode[api.DeleteJobBody](r).Data
		if r.Code != http.StatusCreated || job.Status != "pending" || job.Query == "" {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		for more := true; more; {
			var err error
			more, err = w.s.RunDeleteJobs(t.Context(), w.blobs, 10)
			must(t, err)
		}
		job = decode[api.DeleteJobBody](w.get(path + itoa(job.ID) + "/")).Data
		if job.Status != "completed" || job.CountDeleted != 1 {
			t.Errorf("%+v", job)
		}
		if list := decode[struct{ Data []api.DeleteJob }](w.get(path)); len(list.Data) != 2 {
			t.Errorf("%+v", list)
		}
		n := 0
		must(t, w.blobs.List(t.Context(), itoa(w.acme.org.ID)+"/"+itoa(w.acme.web.ID)+"/replay/"+replayA+"/", func(string, int64) bool { n++; return true }))
		if n != 0 {
			t.Errorf("%d objects are left", n)
		}
		if other := decode[api.ReplayBody](w.do(w.other.token, "GET", "/api/0/organizations/other/replays/"+replayA+"/", "")); other.Data.IsArchived {
			t.Error("another organisation's replay is gone")
		}
		for _, bad := range []string{`{"data":{"rangeStart":"x","rangeEnd":"y"}}`, strings.Replace(body, "count_errors", "((", 1)} {
			if r := w.do(w.acme.token, "POST", path, bad); r.Code != http.StatusBadRequest {
				t.Errorf("%s: %d", bad, r.Code)
			}
		}
	})
}
