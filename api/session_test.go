package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/store"
)

// sessions gives acme's web project sessions of two releases, the other tenant one crash.
func (w *world) sessions() {
	w.t.Helper()
	at := w.base.UnixMilli()
	n := 0
	add := func(o *tenant, release, did, status string, errors, ms int64) *store.Write {
		n++
		return &store.Write{MessageID: "session " + itoa(int64(n)), ReceivedMS: ms, OrgID: o.org.ID, Sessions: []store.SessionWrite{{Session: store.ReleaseSession{ProjectID: o.web.ID, SID: itoa(int64(n)), OrgID: o.org.ID,
			DID: did, Release: release, Environment: "production", Status: status, Errors: errors, StartedMS: ms, UpdatedMS: ms}}}}
	}
	_, err := w.s.Ingest(w.t.Context(), []*store.Write{
		add(w.acme, "web@1.0.0", "ann", "exited", 0, at), add(w.acme, "web@1.0.0", "ann", "crashed", 1, at), add(w.acme, "web@1.0.0", "bob", "ok", 2, at), add(w.acme, "web@1.0.0", "eve", "ok", 0, at-3*24*3_600_000),
		add(w.acme, "web@2.0.0", "bob", "exited", 0, at), add(w.other, "web@1.0.0", "ann", "crashed", 1, at)})
	must(w.t, err)
}

func TestSessionHealth(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.sessions()
		const org = "/api/0/organizations/acme/"
		ask := func(path string) api.Sessions {
			t.Helper()
			r := w.get(org + path)
			if r.Code != 200 {
				t.Fatalf("%s: %d %s", path, r.Code, r.Body)
			}
			got := decode[api.Sessions](r)
			for _, g := range got.Groups {
				for f, series := range g.Series {
					if len(series) != len(got.Intervals) {
						t.Errorf("%s: %d values of %s for %d intervals", path, len(series), f, len(got.Intervals))
					}
				}
				for by, v := range g.By {
					if v == nil {
						t.Errorf("%s: %s is null", path, by)
					}
				}
			}
			return got
		}
		sum := func(series []*float64) (n float64) {
			for _, v := range series {
				if v != nil {
					n += *v
				}
			}
			return n
		}
		got := ask("sessions/?field=sum(session)&field=count_unique(user)&groupBy=session.status&interval=1h&statsPeriod=24h")
		want := map[string][2]float64{"healthy": {2, 0}, "errored": {1, 1}, "crashed": {1, 1}, "abnormal": {0, 0}, "unhandled": {0, 0}}
		for _, g := range got.Groups {
			status := g.By["session.status"].(string)
			if is := [2]float64{*g.Totals["sum(session)"], *g.Totals["count_unique(user)"]}; is != want[status] || sum(g.Series["sum(session)"]) != is[0] {
				t.Errorf("%s: %v, series of %v, want %v", status, is, sum(g.Series["sum(session)"]), want[status])
			}
			delete(want, status)
		}
		if len(want) != 0 || len(got.Intervals) != 25 {
			t.Errorf("without %v, %d intervals", want, len(got.Intervals))
		}
		got = ask("sessions/?field=crash_free_rate(session)&field=crash_rate(user)&field=sum(session)&groupBy=release&groupBy=project&includeSeries=0&orderBy=-crash_free_rate(session)&interval=1d&statsPeriod=7d")
		if len(got.Groups) != 2 || got.Groups[0].By["release"] != "web@2.0.0" || got.Groups[1].By["project"] != float64(w.acme.web.ID) || *got.Groups[1].Totals["crash_free_rate(session)"] != 0.75 ||
			*got.Groups[1].Totals["crash_rate(user)"] != 1.0/3 || len(got.Groups[0].Series) != 0 {
			t.Errorf("by release: %+v", got.Groups)
		}
		got = ask("sessions/?field=sum(session)&query=" + url.QueryEscape("release:[web@2.0.0,web@3.0.0] environment:production project:shop-web"))
		if len(got.Groups) != 1 || *got.Groups[0].Totals["sum(session)"] != 1 {
			t.Errorf("of a release: %+v", got.Groups)
		}
		got = ask("sessions/?field=sum(session)&field=crash_free_rate(user)&query=release:none")
		if len(got.Groups) != 1 || *got.Groups[0].Totals["sum(session)"] != 0 || got.Groups[0].Totals["crash_free_rate(user)"] != nil {
			t.Errorf("of no release: %+v", got.Groups)
		}
		got = ask("metrics/data/?field=session.crash_free_rate&interval=17m&includeSeries=1&per_page=1")
		if len(got.Groups) != 1 || *got.Groups[0].Totals["session.crash_free_rate"] != 0.75 || len(got.Intervals) < 48 || got.Intervals[1].Sub(got.Intervals[0]).Minutes() != 30 {
			t.Errorf("metrics: %+v, %d intervals", got.Groups[0].Totals, len(got.Intervals))
		}
		got = ask("metrics/data/?field=session.crashed_user&groupBy=environment&includeSeries=1&interval=1h&per_page=5&orderBy=-session.crashed_user")
		if len(got.Groups) != 1 || got.Groups[0].By["environment"] != "production" || *got.Groups[0].Totals["session.crashed_user"] != 1 {
			t.Errorf("metrics by environment: %+v", got.Groups)
		}
		for _, bad := range []string{"sessions/", "sessions/?field=nope", "sessions/?field=sum(session)&groupBy=did", "sessions/?field=sum(session)&orderBy=nope", "sessions/?field=sum(session)&query=a:b",
			"sessions/?field=sum(session)&query=web*", "sessions/?field=sum(session)&statsPeriod=91d", "sessions/?field=sum(session)&interval=x", "metrics/data/?field=sum(session)"} {
			if r := w.do(w.acme.token, "GET", org+bad, ""); r.Code != 400 || !strings.Contains(r.Body.String(), `"detail"`) {
				t.Errorf("%s: %d %s", bad, r.Code, r.Body)
			}
		}
	})
}

func TestReleaseHealth(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.sessions()
		list := decode[[]api.Release](w.get("/api/0/organizations/acme/releases/?health=1&project=" + itoa(w.acme.web.ID) + "&query=web@"))
		if len(list) != 2 {
			t.Fatalf("%d releases", len(list))
		}
		for _, r := range list {
			h := r.Projects[0].HealthData.V
			if !h.HasHealthData || h.TotalProjectSessions24h != 4 || h.TotalProjectUsers24h != 2 || len(h.Stats["24h"]) != 25 {
				t.Errorf("%s: %+v", r.Version, h)
			}
			if r.Version != "web@1.0.0" {
				continue
			}
			if h.TotalSessions != 4 || h.TotalSessions24h != 3 || h.TotalUsers != 3 || h.SessionsCrashed != 1 || h.SessionsErrored != 1 || *h.CrashFreeSessions != 75 || *h.SessionsAdoption != 75 || *h.Adoption != 100 {
				t.Errorf("health: %+v", h)
			}
			n := int64(0)
			for _, p := range h.Stats["24h"] {
				n += p[1]
			}
			if n != 3 {
				t.Errorf("%d sessions in the day's series, want 3", n)
			}
		}
		for sort, want := range map[string][2]string{"sessions": {"web@1.0.0", "web@2.0.0"}, "crash_free_sessions": {"web@1.0.0", "web@2.0.0"}, "users_24h": {"web@1.0.0", "web@2.0.0"}} {
			first := w.get("/api/0/organizations/acme/releases/?per_page=1&sort=" + sort)
			rows := decode[[]api.Release](first)
			if len(rows) != 1 || rows[0].Version != want[0] || !strings.Contains(first.Header().Get("Link"), `rel="next"; results="true"; cursor="0:1:0"`) {
				t.Errorf("by %s: %+v, %s", sort, rows, first.Header().Get("Link"))
			}
			if rows = decode[[]api.Release](w.get("/api/0/organizations/acme/releases/?per_page=1&cursor=0:1:0&sort=" + sort)); len(rows) != 1 || rows[0].Version != want[1] {
				t.Errorf("by %s, second page: %+v", sort, rows)
			}
		}
		if rows := decode[[]api.Release](w.get("/api/0/organizations/acme/releases/?sort=sessions&query=web@2")); len(rows) != 1 || rows[0].Version != "web@2.0.0" {
			t.Errorf("by sessions, of a part of the version: %+v", rows)
		}
		short := decode[api.Release](w.get("/api/0/projects/acme/shop-web/releases/web@1.0.0/?health=1&summaryStatsPeriod=24h"))
		if h := short.Projects[0].HealthData.V; h.TotalSessions != 3 {
			t.Errorf("of a day: %+v", h)
		}
		without := decode[api.Release](w.get("/api/0/organizations/acme/releases/shop@1.0.0/?health=1"))
		if p := without.Projects[0]; p.HasHealthData || p.HealthData.V.CrashFreeUsers != nil {
			t.Errorf("without sessions: %+v", p)
		}
		if plain := decode[api.Release](w.get("/api/0/organizations/acme/releases/web@1.0.0/")); plain.Projects[0].HealthData != nil || !plain.Projects[0].HasHealthData {
			t.Errorf("not asked for: %+v", plain.Projects[0])
		}
	})
}
