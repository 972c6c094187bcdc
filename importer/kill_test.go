package importer_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/importer"
	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/linker"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// importChild says what a process of its own imports.
type importChild struct {
	Database, Blobs, URL, Token, HomeToken string
	Org                                    int64
}

const childVariable = "HINDSIGHT_TEST_IMPORT"

// TestImportChild is not a test: it is the process that TestKilledImport kills.
func TestImportChild(t *testing.T) {
	doc := os.Getenv(childVariable)
	if doc == "" {
		t.Skip("only as a process of TestKilledImport")
	}
	var c importChild
	must(t, json.Unmarshal([]byte(doc), &c))
	s, err := store.Open(t.Context(), c.Database)
	must(t, err)
	defer s.Close()
	blobs, err := store.OpenBlobs(t.Context(), c.Blobs)
	must(t, err)
	home := api.New(api.Config{Store: s, Blobs: blobs, BaseURL: &url.URL{Scheme: "http", Host: "new.example"}, Log: slog.New(slog.DiscardHandler)})
	_, err = importer.Run(t.Context(), importer.Config{URL: c.URL, Token: c.Token, Org: "acme", Store: s, Scope: store.Scope{OrgID: c.Org}, Reader: linker.NewForeign(s, blobs),
		API: home, APIToken: c.HomeToken, Events: true,
		DSN: func(k *store.ProjectKey) string { return "http://" + k.PublicKey + "@new.example/1" }})
	must(t, err)
}

// An import that is killed again and again, while it waits for the old server or while it writes, brings in each thing
// once: as one that nobody disturbs.
func TestKilledImport(t *testing.T) {
	const issues = 20
	address, token := there(t, issues)
	for engine, database := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(engine, func(t *testing.T) {
			calm, _ := runImport(t, database(t), address, token, nil)
			var kills atomic.Int64
			killed, runs := runImport(t, database(t), address, token, func(run, request int) (before, after bool) {
				at := 1 + 5*run // later in each run, until one is through
				if request == at {
					kills.Add(1)
				}
				return request == at && run%2 == 0, request == at && run%2 == 1
			})
			if n := int(kills.Load()); runs < 10 || n < runs-1 {
				t.Errorf("%d runs, %d kills: too few to show anything", runs, n)
			}
			if d := cmp.Diff(calm, killed); d != "" {
				t.Errorf("what is there (-undisturbed +killed):\n%s", d)
			}
			if n := len(calm["issues"]); n != issues {
				t.Errorf("%d issues, want %d", n, issues)
			}
		})
	}
}

// runImport imports in processes of their own until one comes to its end, and gives what is there then. kill says of each
// request of a run whether the process dies before it is answered, or as soon as it is.
func runImport(t *testing.T, database, address, token string, kill func(run, request int) (before, after bool)) (found map[string][]string, runs int) {
	t.Helper()
	s := storetest.Open(t, database)
	h := newHouse(t, s, "main")
	target, err := url.Parse(address)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	var child atomic.Pointer[os.Process]
	var run, request atomic.Int64
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before, after := false, false
		if kill != nil {
			before, after = kill(int(run.Load()), int(request.Add(1)))
		}
		if before {
			_ = child.Load().Kill()
			return
		}
		proxy.ServeHTTP(w, r)
		if after {
			_ = http.NewResponseController(w).Flush()
			_ = child.Load().Kill()
		}
	}))
	defer gate.Close()
	doc, err := json.Marshal(importChild{database, "file:" + testkit.Dir(t), gate.URL, token, h.token, h.scope.OrgID})
	must(t, err)
	for {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestImportChild$", "-test.count=1")
		cmd.Env = append(os.Environ(), childVariable+"="+string(doc))
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		request.Store(0)
		must(t, cmd.Start())
		child.Store(cmd.Process)
		err := cmd.Wait()
		runs = int(run.Add(1))
		if err == nil {
			return contents(t, s, h.scope), runs
		}
		if cmd.ProcessState.Exited() { // by itself, not killed
			t.Fatalf("run %d: %v\n%s", runs, err, out.String())
		}
	}
}

// contents are the rows that an import makes, without what differs between two of the same: numbers, secrets, moments.
func contents(t *testing.T, s *store.Store, scope store.Scope) map[string][]string {
	t.Helper()
	ctx, out := t.Context(), map[string][]string{}
	projects, err := s.Projects(ctx, scope)
	must(t, err)
	for _, p := range projects {
		out["projects"] = append(out["projects"], p.Slug+" "+p.Settings)
		keys, err := s.ProjectKeys(ctx, scope, p.ID)
		must(t, err)
		for _, k := range keys {
			out["keys"] = append(out["keys"], p.Slug+" "+k.Label)
		}
	}
	is, err := s.Issues(ctx, scope, store.IssueQuery{Sort: store.IssuesByLastSeen, Page: store.Page{Limit: 1000}})
	must(t, err)
	for _, i := range is.Rows {
		out["issues"] = append(out["issues"], fmt.Sprint(i.Title, i.Status, i.TimesSeen, i.UsersSeen, i.FirstSeenMS, i.LastSeenMS))
		es, err := s.Events(ctx, scope, store.EventQuery{IssueID: i.ID, Page: store.Page{Limit: 100}})
		must(t, err)
		for _, e := range es.Rows {
			out["events"] = append(out["events"], fmt.Sprint(i.Title, " ", e.EventID, " ", e.Tags))
		}
	}
	rs, err := s.Releases(ctx, scope, store.ReleaseQuery{Sort: store.ReleasesByVersion, Page: store.Page{Limit: 100}})
	must(t, err)
	for _, r := range rs.Rows {
		commits, err := s.ReleaseCommits(ctx, scope, r.ID, store.Page{Limit: 100})
		must(t, err)
		out["releases"] = append(out["releases"], fmt.Sprint(r.Version, len(commits.Rows)))
	}
	for _, rows := range out {
		slices.Sort(rows)
	}
	return out
}
