package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"

	"github.com/hindsight-dev/hindsight/internal/testkit"
)

// refusedCard is an error of a type of its own, with a number that differs each time.
type refusedCard struct{ order int64 }

func (e *refusedCard) Error() string { return fmt.Sprintf("card of order %d is refused", e.order) }

// TestImportSentry moves from one whole server to another: what the SDK reported to the old one, and reports to the new
// one afterwards, is one issue.
func TestImportSentry(t *testing.T) {
	old := serveForTest(t, t.TempDir())
	oldDSN := old.command(t, "project", "create", "shop", "--platform", "go")
	reports(t, oldDSN)
	oldToken := old.command(t, "token", "create", "--scopes", "org:read,project:read,project:releases,event:read,event:write,team:read,member:read,alerts:read")
	there := old.issues(t, oldToken, 2)
	card := there["*main.refusedCard"]
	old.ask(t, oldToken, http.MethodPut, "organizations/main/issues/"+card.ID+"/", `{"status":"resolved"}`, nil)
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			env := []string{}
			if engine == "postgres" {
				env = append(env, "HINDSIGHT_DATABASE_URL", testkit.Postgres(t))
			}
			s := serveForTest(t, t.TempDir(), env...)
			token := s.command(t, "token", "create", "--scopes", "org:read,project:read,event:read")
			args := []string{"import", "sentry", "--url", old.url, "--org", "main", "--token", oldToken}
			if out := s.command(t, append(args, "--dry-run")...); !strings.Contains(out, "would be new: 1 projects, 0 keys, 1 releases, 2 issues, 0 events") {
				t.Errorf("dry run: %s", out)
			}
			out := s.command(t, args...)
			if !strings.Contains(out, "new: 1 projects, 0 keys, 1 releases, 2 issues, 2 events of them") || !strings.Contains(out, oldDSN) {
				t.Errorf("import: %s", out)
			}
			dsn := ""
			for line := range strings.Lines(out) {
				if f := strings.Fields(line); len(f) == 4 && f[2] == oldDSN {
					dsn = f[3]
				}
			}
			was := s.issues(t, token, 2)
			reports(t, dsn)
			eventually(t, 30*time.Second, "the next events are counted", func() bool {
				for _, is := range s.issues(t, token, 2) {
					if is.Count != "2" {
						return false
					}
				}
				return true
			})
			for kind, is := range s.issues(t, token, 2) {
				if is.ID != was[kind].ID {
					t.Errorf("%s: issue %s became %s", kind, was[kind].ID, is.ID)
				}
				if regressed := is.Substatus == "regressed"; regressed != (kind == "*main.refusedCard") || was[kind].Status == "resolved" != regressed {
					t.Errorf("%s: %s was %s and is %s %s", kind, is.Title, was[kind].Status, is.Status, is.Substatus)
				}
			}
			if out := s.command(t, args...); !strings.Contains(out, "new: 0 projects, 0 keys, 0 releases, 0 issues, 0 events") {
				t.Errorf("again: %s", out)
			}
			var tokens []struct{ Name string }
			s.ask(t, token, http.MethodGet, "organizations/main/org-auth-tokens/", "", &tokens)
			for _, k := range tokens {
				if k.Name == "hindsight import" {
					t.Error("the token of the import is still there")
				}
			}
		})
	}
}

// reports has the real SDK report two errors, on a stack of their own: the same whoever asks.
func reports(t *testing.T, dsn string) {
	t.Helper()
	client, err := sentry.NewClient(sentry.ClientOptions{Dsn: dsn, Release: "shop@1.0.0", Environment: "production", AttachStacktrace: true})
	if err != nil {
		t.Fatal(err)
	}
	hub := sentry.NewHub(client, sentry.NewScope())
	var job sync.WaitGroup
	job.Go(func() {
		for _, e := range []error{&refusedCard{time.Now().UnixNano()}, errors.New("bank does not answer")} {
			hub.CaptureException(e)
		}
	})
	job.Wait()
	if !client.Flush(30 * time.Second) {
		t.Fatal("the SDK could not send")
	}
}

type listedIssue struct {
	ID, Title, Status, Substatus, Count string
	Metadata                            struct{ Type string }
}

// issues waits until the server has so many, and gives them by their type.
func (s *instance) issues(t *testing.T, token string, n int) map[string]listedIssue {
	t.Helper()
	var rows []listedIssue
	eventually(t, 30*time.Second, fmt.Sprint(n, " issues are there"), func() bool {
		s.ask(t, token, http.MethodGet, "organizations/main/issues/?query=", "", &rows)
		return len(rows) >= n
	})
	out := map[string]listedIssue{}
	for _, r := range rows {
		out[r.Metadata.Type] = r
	}
	if len(out) != n || len(rows) != n {
		t.Fatalf("%d issues: %+v", len(rows), rows)
	}
	return out
}

// ask asks the API.
func (s *instance) ask(t *testing.T, token, method, path, body string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+"/api/0/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %d %.300s %v", method, path, res.StatusCode, b, err)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
}
