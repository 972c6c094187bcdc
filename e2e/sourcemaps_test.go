package e2e

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// uploader is what a build needs to know of the server.
func uploader(tb testing.TB, s *Server, project string) (dsn string, env []string) {
	tb.Helper()
	dsn = s.command(tb, "project", "create", project, "--platform", "javascript")
	token := s.command(tb, "token", "create", "--scopes", "org:ci,org:read,project:read,project:write,event:read,event:admin")
	return dsn, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + tb.TempDir(), "SENTRY_URL=" + s.URL, "SENTRY_ORG=main", "SENTRY_PROJECT=" + project, "SENTRY_AUTH_TOKEN=" + token}
}

// run runs a program of e2e/sourcemaps and gives what it said.
func run(tb testing.TB, env []string, name string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), name, args...)
	cmd.Dir, cmd.Env = filepath.Join(root(tb), "e2e", "sourcemaps"), env
	out, err := cmd.CombinedOutput()
	tb.Logf("$ %s %s\n%s", filepath.Base(name), strings.Join(args, " "), out)
	if err != nil {
		tb.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

var sentID = regexp.MustCompile(`SENT ([0-9a-f]{32})`)

// mappedEvent is what the API shows of an event with an exception.
type mappedEvent struct {
	Culprit string
	Entries []struct {
		Type string
		Data struct {
			Values []struct {
				Stacktrace, RawStacktrace *struct {
					Frames []struct {
						Filename, Function string
						LineNo             int
						InApp              bool
						Context            [][2]any
						Mapping            *struct{ Reason, ResolvedWith string }
					}
				}
			}
		}
	}
}

// wantSource waits until the error's frames show what people wrote.
func wantSource(tb testing.TB, a *API, project, id string) {
	tb.Helper()
	var last mappedEvent
	until(tb, 30*time.Second, "the error shows its source", func() bool {
		var list []struct{ EventID string }
		if a.get(tb, "/projects/main/"+project+"/events/?query=id:"+id, &list); len(list) == 0 {
			return false
		}
		last = mappedEvent{}
		a.get(tb, "/projects/main/"+project+"/events/"+id+"/", &last)
		for _, e := range last.Entries {
			if e.Type != "exception" || e.Data.Values[0].RawStacktrace == nil {
				continue
			}
			fs := e.Data.Values[0].Stacktrace.Frames
			f, caller := fs[len(fs)-1], fs[len(fs)-2]
			line := ""
			for _, c := range f.Context {
				if c[0] == float64(f.LineNo) {
					line, _ = c[1].(string)
				}
			}
			return strings.HasSuffix(f.Filename, "src/cart.ts") && f.LineNo == 13 && f.Function == "Cart.pay" && f.InApp && len(f.Context) > 5 &&
				strings.Contains(line, "throw new RangeError(`card declined for ${this.items.length} item`)") && caller.Function == "checkout" && caller.LineNo == 11 &&
				strings.HasSuffix(caller.Filename, "src/main.ts")
		}
		return false
	})
	if tb.Failed() {
		tb.Logf("the event: %+v", last)
	}
}

// Each bundler with Sentry's plugin for it, and sentry-cli alone: the page fails in a real browser, and its minified error shows
// the file, line, function and source that people wrote.
func TestSourceMaps(t *testing.T) {
	s := start(t)
	a := s.api(t)
	bundlers := []string{"vite"}
	if os.Getenv("HINDSIGHT_SOURCEMAPS") == "all" {
		bundlers = append(bundlers, "webpack", "rollup", "esbuild")
	}
	for _, bundler := range bundlers {
		t.Run(bundler, func(t *testing.T) {
			dsn, env := uploader(t, s, bundler)
			out := filepath.Join(t.TempDir(), "dist")
			checkout := repository(t, "Sell carts", "Take cards")
			env = append(env, "DSN="+dsn, "OUT="+out, "RELEASE=shop@1.0.0+"+bundler, "GIT_DIR="+filepath.Join(checkout, ".git"), "GIT_WORK_TREE="+checkout)
			run(t, env, "node", "build.mjs", bundler)
			id := sentID.FindStringSubmatch(run(t, env, "node", "visit.mjs", out))
			if id == nil {
				t.Fatal("nothing was sent")
			}
			wantSource(t, a, bundler, id[1])
			commits := 2
			if bundler == "vite" || bundler == "webpack" { // their newest plugins name only commits of repositories that a provider serves
				commits = 0
			}
			wantRelease(t, a, "shop@1.0.0+"+bundler, bundler, commits)
		})
	}
}

// releaseFacts is what the API shows of a release that a build made.
type releaseFacts struct {
	Version      string
	DateReleased *time.Time
	CommitCount  int
	LastCommit   *struct {
		ID, Message string
		Author      *struct{ Name, Email string }
		Repository  struct{ Name string }
	}
	DeployCount int
	LastDeploy  *struct{ Environment string }
	Projects    []struct{ Slug string }
}

func (a *API) release(tb testing.TB, version string) (r releaseFacts) {
	tb.Helper()
	a.get(tb, "/organizations/main/releases/"+url.PathEscape(version)+"/", &r)
	return r
}

// wantRelease holds what the plugins do by themselves to what they say: a release of the project, with the checkout's
// commits, deployed and finalized.
func wantRelease(tb testing.TB, a *API, version, project string, commits int) {
	tb.Helper()
	r := a.release(tb, version)
	if r.DateReleased == nil || len(r.Projects) != 1 || r.Projects[0].Slug != project {
		tb.Errorf("the release is not finalized, or not the project's: %+v", r)
	}
	if r.CommitCount != commits || commits > 0 && (r.LastCommit == nil || strings.TrimSpace(r.LastCommit.Message) != "Take cards" || r.LastCommit.Author == nil || r.LastCommit.Author.Email != "ann@shop.example") {
		tb.Errorf("%d commits, the last: %+v", r.CommitCount, r.LastCommit)
	}
	if r.DeployCount != 1 || r.LastDeploy == nil || r.LastDeploy.Environment != "production" {
		tb.Errorf("%d deploys, the last: %+v", r.DeployCount, r.LastDeploy)
	}
}

// A bad archive is refused with a sentence that the person who uploaded it reads.
func TestBadArchive(t *testing.T) {
	s := start(t)
	_, env := uploader(t, s, "bad")
	out := t.TempDir()
	huge := append([]byte(`{"version":3,"sources":[],"names":[],"mappings":"`), bytes.Repeat([]byte(";"), 101<<20)...)
	for name, text := range map[string][]byte{"app.js": []byte("let a\n//# sourceMappingURL=app.js.map\n"), "app.js.map": append(huge, `"}`...)} {
		if err := os.WriteFile(filepath.Join(out, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cli := filepath.Join(root(t), "e2e", "sourcemaps", "node_modules", "@sentry", "cli", "bin", "sentry-cli")
	cmd := exec.CommandContext(t.Context(), cli, "sourcemaps", "upload", "--wait", "--no-rewrite", "--release", "1", out)
	cmd.Env = env
	said, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "more than 200 times its size") {
		t.Errorf("%v\n%s", err, said)
	}
}
