package importer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/importer"
	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/linker"
	"github.com/hindsight-dev/hindsight/linker/grouping/groupingtest"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// house is a server without its edge: events are handed to it as the linker reads them.
type house struct {
	s     *store.Store
	scope store.Scope
	read  *linker.Foreign
	api   *api.API
	token string
}

func newHouse(t *testing.T, s *store.Store, slug string) *house {
	t.Helper()
	ctx := t.Context()
	org, err := s.CreateOrganization(ctx, slug, slug)
	must(t, err)
	blobs, err := store.OpenBlobs(ctx, "file:"+testkit.Dir(t))
	must(t, err)
	token, _, err := s.CreateToken(ctx, org.Scope(), store.NewToken{Name: "all", Scopes: store.TokenScopes()})
	must(t, err)
	return &house{s: s, scope: org.Scope(), read: linker.NewForeign(s, blobs), token: token,
		api: api.New(api.Config{Store: s, Blobs: blobs, BaseURL: &url.URL{Scheme: "http", Host: slug + ".example"}, Log: slog.New(slog.DiscardHandler)})}
}

// arrival is an event of a project as an SDK sends it.
type arrival struct {
	project int64
	id      string
	event   map[string]any
}

// takes events as they come by the stream, and gives the issue of each.
func (h *house) takes(t *testing.T, all []arrival) []int64 {
	t.Helper()
	w := &store.Write{MessageID: all[0].id, ReceivedMS: time.Now().UnixMilli() + 1, OrgID: h.scope.OrgID} // after whatever was decided before
	for _, a := range all {
		a.event["event_id"] = a.id
		if a.event["timestamp"] == nil {
			a.event["timestamp"] = float64(time.Now().Unix())
		}
		payload, err := json.Marshal(a.event)
		must(t, err)
		e, err := h.read.Event(t.Context(), h.scope.OrgID, a.project, payload)
		must(t, err)
		if e == nil {
			t.Fatalf("no event: %.200s", payload)
		}
		e.Event.ReceivedMS = w.ReceivedMS
		w.Events = append(w.Events, *e)
	}
	_, err := h.s.Ingest(t.Context(), []*store.Write{w})
	must(t, err)
	issues := make([]int64, len(all))
	for i, a := range all {
		stored, err := h.s.Event(t.Context(), h.scope, a.project, a.id)
		must(t, err)
		issues[i] = stored.IssueID
	}
	return issues
}

// imports everything of acme's server.
func (h *house) imports(ctx context.Context, t *testing.T, address, token string, change func(*importer.Config)) importer.Summary {
	t.Helper()
	cfg := importer.Config{URL: address, Token: token, Org: "acme", Store: h.s, Scope: h.scope, Reader: h.read, API: h.api, APIToken: h.token, Events: true,
		DSN: func(k *store.ProjectKey) string { return "http://" + k.PublicKey + "@new.example/1" }}
	if change != nil {
		change(&cfg)
	}
	sum, err := importer.Run(ctx, cfg)
	must(t, err)
	return sum
}

// TestNextEventFindsItsIssue puts the corpus of grouping on an old server, brings it in, and sends the latest event of
// each issue again, as an SDK does: it belongs to the imported issue, whether the old server gives the event as it is
// stored or only as it is shown.
func TestNextEventFindsItsIssue(t *testing.T) {
	samples, err := groupingtest.Corpus("../linker/grouping/testdata")
	must(t, err)
	old := newHouse(t, storetest.SQLite(t), "acme")
	projects := map[string]int64{}
	type sent struct {
		project string
		event   json.RawMessage
	}
	latest := map[int64]sent{}
	var all []arrival
	start := time.Now().Add(-time.Hour)
	for n, s := range samples {
		if projects[s.Project] == 0 {
			p, _, err := old.s.CreateProject(t.Context(), old.scope, store.NewProject{Name: s.Project, Slug: slugOf(s.Project)})
			must(t, err)
			projects[s.Project] = p.ID
		}
		e := decode(t, s.Event)
		e["timestamp"] = float64(start.Add(time.Duration(n) * time.Second).Unix())
		all = append(all, arrival{projects[s.Project], fmt.Sprintf("%032x", n+1), e})
	}
	for n, issue := range old.takes(t, all) {
		latest[issue] = sent{samples[n].Project, samples[n].Event}
	}
	hideStored := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hideStored && strings.HasSuffix(r.URL.Path, "/json/") {
			http.NotFound(w, r)
			return
		}
		old.api.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	for _, form := range []string{"stored", "shown"} {
		hideStored = form == "shown"
		t.Run(form, func(t *testing.T) {
			storetest.EachDB(t, func(t *testing.T, s *store.Store) {
				h := newHouse(t, s, "main")
				sum := h.imports(t.Context(), t, srv.URL, old.token, nil)
				if sum.Issues+sum.Joined != len(latest) || sum.Events != len(latest) || sum.WithoutEvent != 0 || sum.Joined > 0 && form == "stored" {
					t.Errorf("%d issues there: %d new, %d joined, %d events, %d without", len(latest), sum.Issues, sum.Joined, sum.Events, sum.WithoutEvent)
				}
				var again []arrival
				for _, x := range latest {
					p, err := s.Project(t.Context(), h.scope, slugOf(x.project))
					must(t, err)
					for _, e := range asSent(t, x.event) {
						again = append(again, arrival{p.ID, fmt.Sprintf("%032x", 1_000_000+len(again)), e})
					}
				}
				for i, issue := range h.takes(t, again) {
					is, err := s.Issue(t.Context(), h.scope, issue)
					must(t, err)
					if is.Substatus == store.SubstatusNew { // imported ones are not
						b, _ := json.Marshal(again[i].event)
						t.Errorf("%q is a new issue: %.300s", is.Title, b)
					}
				}
			})
		})
	}
}

// asSent are the forms in which an SDK sends an event: where the corpus has mapped frames, also with those as they were
// before, as it comes when there are no source maps.
func asSent(t *testing.T, event json.RawMessage) []map[string]any {
	t.Helper()
	mapped, raw := decode(t, event), decode(t, event)
	if !exceptions(mapped, func(x map[string]any) bool { _, ok := x["raw_stacktrace"]; delete(x, "raw_stacktrace"); return ok }) {
		return []map[string]any{mapped}
	}
	exceptions(raw, func(x map[string]any) bool {
		if st, ok := x["raw_stacktrace"]; ok {
			x["stacktrace"] = st
			delete(x, "raw_stacktrace")
		}
		return true
	})
	return []map[string]any{mapped, raw}
}

// exceptions changes those of an event, and says whether one was what is looked for.
func exceptions(e map[string]any, each func(map[string]any) bool) (found bool) {
	x, _ := e["exception"].(map[string]any)
	values, _ := x["values"].([]any)
	for _, v := range values {
		if o, ok := v.(map[string]any); ok {
			found = each(o) || found
		}
	}
	return found
}

func decode(t *testing.T, raw json.RawMessage) map[string]any {
	t.Helper()
	var e map[string]any
	must(t, json.Unmarshal(raw, &e))
	return e
}

func slugOf(s string) string { return strings.ReplaceAll(s, "_", "-") }
