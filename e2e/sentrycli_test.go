package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sentryCLI is the real sentry-cli, with what it needs to know of a project.
type sentryCLI struct {
	dir string // where it runs
	env []string
}

func (c sentryCLI) try(tb testing.TB, args ...string) (said string, err error) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), filepath.Join(root(tb), "e2e", "sourcemaps", "node_modules", "@sentry", "cli", "bin", "sentry-cli"), args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	out, err := cmd.CombinedOutput()
	tb.Logf("$ sentry-cli %s\n%s", strings.Join(args, " "), out)
	return string(out), err
}

// run fails the test when the command fails, or does not say all of want.
func (c sentryCLI) run(tb testing.TB, command string, want ...string) string {
	tb.Helper()
	return c.words(tb, strings.Fields(command), want...)
}

func (c sentryCLI) words(tb testing.TB, args []string, want ...string) string {
	tb.Helper()
	said, err := c.try(tb, args...)
	if err != nil {
		tb.Fatalf("sentry-cli %s: %v", strings.Join(args, " "), err)
	}
	for _, w := range want {
		if !strings.Contains(said, w) {
			tb.Errorf("sentry-cli %s does not say %q:\n%s", strings.Join(args, " "), w, said)
		}
	}
	return said
}

// repository is a checkout of a repository with a commit per message, the oldest first; each adds a line to cart.ts.
func repository(tb testing.TB, messages ...string) string {
	tb.Helper()
	dir := tb.TempDir()
	git(tb, dir, "init", "-q", "-b", "main")
	git(tb, dir, "remote", "add", "origin", "https://git.example/acme/shop.git")
	for _, m := range messages {
		commit(tb, dir, m)
	}
	return dir
}

func commit(tb testing.TB, dir, message string) {
	tb.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "cart.ts"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, "//", message)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	git(tb, dir, "add", ".")
	git(tb, dir, "commit", "-q", "-m", message)
}

func git(tb testing.TB, dir string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "git", append([]string{"-c", "user.name=Ann", "-c", "user.email=ann@shop.example", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Who one is, and what there is.
func TestSentryCLILists(t *testing.T) {
	s := start(t)
	dsn, env := uploader(t, s, "cli")
	c := sentryCLI{t.TempDir(), append(env, "SENTRY_DSN="+dsn)}
	c.run(t, "info", s.URL, "Default Organization: main", "Default Project: cli", "Method: Auth Token", "org:ci")
	var status struct {
		Config map[string]string
		Auth   struct{ Successful bool }
	}
	if err := json.Unmarshal([]byte(c.run(t, "info --config-status-json")), &status); err != nil || !status.Auth.Successful || status.Config["org"] != "main" {
		t.Errorf("config: %+v %v", status, err)
	}
	c.run(t, "organizations list", "main")
	c.run(t, "projects list", "cli")
	c.run(t, "repos list", "No repos")
	c.run(t, "monitors list")
	c.run(t, "releases list")

	c.words(t, []string{"monitors", "run", "--schedule", "0 3 * * *", "-e", "production", "nightly", "--", "true"})
	until(t, 20*time.Second, "the monitor is listed", func() bool {
		said, err := c.try(t, "monitors", "list")
		return err == nil && strings.Contains(said, "nightly")
	})
}

// Releases, their commits, deploys and ends, each command held to what the API then says.
func TestSentryCLIReleases(t *testing.T) {
	s := start(t)
	a := s.api(t)
	_, env := uploader(t, s, "cli")
	checkout := repository(t, "Sell carts", "Take cards")
	c := sentryCLI{checkout, env}
	const first, second = "shop@1.0.0", "shop@1.1.0"
	if v := c.run(t, "releases propose-version"); strings.TrimSpace(v) != git(t, checkout, "rev-parse", "HEAD") {
		t.Errorf("proposed %q", v)
	}
	c.run(t, "releases new --url https://shop.example/1 "+first, "Created release "+first)
	c.run(t, "releases new "+first, first) // again: no harm
	if r := a.release(t, first); r.DateReleased != nil || r.CommitCount != 0 {
		t.Errorf("a new release: %+v", r)
	}
	c.run(t, "releases set-commits --auto "+first)
	if r := a.release(t, first); r.CommitCount != 2 || strings.TrimSpace(r.LastCommit.Message) != "Take cards" || r.LastCommit.Repository.Name != "origin" {
		t.Errorf("commits: %+v %+v", r, r.LastCommit)
	}
	c.run(t, "repos list", "origin")
	c.run(t, "releases finalize "+first, "Finalized release "+first)
	if r := a.release(t, first); r.DateReleased == nil {
		t.Errorf("finalized: %+v", r)
	}
	c.run(t, "deploys new --release "+first+" -e production -t 42 --name blue --url https://shop.example", "production")
	c.run(t, "deploys list --release "+first, "production", "blue")
	if r := a.release(t, first); r.DeployCount != 1 || r.LastDeploy.Environment != "production" {
		t.Errorf("deployed: %+v", r)
	}

	// The next build in the same checkout: the repository is known to the server now.
	commit(t, checkout, "Round prices")
	c.run(t, "releases new "+second)
	c.run(t, "releases set-commits --auto "+second)
	if r := a.release(t, second); r.CommitCount != 1 || r.LastCommit == nil || strings.TrimSpace(r.LastCommit.Message) != "Round prices" {
		t.Errorf("the next release's commits: %d %+v", r.CommitCount, r.LastCommit)
	}
	c.run(t, "releases list", first, second)
	c.run(t, "releases info --show-projects --show-commits "+second, second, "cli", git(t, checkout, "rev-parse", "HEAD"))
	if _, err := c.try(t, "releases", "info", "shop@9"); err == nil {
		t.Error("a release that is not there has an info")
	}
	c.run(t, "releases set-commits --clear "+second)
	if r := a.release(t, second); r.CommitCount != 0 {
		t.Errorf("cleared: %+v", r)
	}
	sha := git(t, checkout, "rev-parse", "HEAD")
	c.run(t, "releases set-commits --commit origin@"+sha+" "+second)
	c.run(t, "releases archive "+second)
	if said := c.run(t, "releases list"); strings.Contains(said, second) {
		t.Errorf("an archived release is listed:\n%s", said)
	}
	c.run(t, "releases restore "+second)
	c.run(t, "releases list", second)
	c.run(t, "releases delete "+second, "Deleted release "+second)
	if said := c.run(t, "releases list"); strings.Contains(said, second) || !strings.Contains(said, first) {
		t.Errorf("after deleting one:\n%s", said)
	}
	c.run(t, "releases delete "+second, "nothing")
}

// Issues, events and logs that were sent by the same program.
func TestSentryCLIIssues(t *testing.T) {
	s := start(t)
	a := s.api(t)
	dsn, env := uploader(t, s, "cli")
	c := sentryCLI{t.TempDir(), append(env, "SENTRY_DSN="+dsn)}
	c.words(t, []string{"send-event", "-m", "card declined", "-r", "shop@1.0.0", "-t", "plan:trial", "-u", "email:ann@shop.example", "--fingerprint", "a"}, "Event id")
	c.words(t, []string{"send-event", "-m", "cart is empty", "--fingerprint", "b"})
	c.run(t, "send-envelope --raw "+write(t, "log.envelope", `{}
{"type":"log","item_count":1,"content_type":"application/vnd.sentry.items.log+json"}
{"items":[{"timestamp":`+fmt.Sprint(time.Now().Unix())+`,"trace_id":"0123456789abcdef0123456789abcdef","level":"error","body":"till is stuck","attributes":{}}]}
`))
	until(t, 30*time.Second, "both issues and the log are there", func() bool {
		issues, err := c.try(t, "issues", "list")
		if err != nil || !strings.Contains(issues, "card declined") || !strings.Contains(issues, "cart is empty") {
			return false
		}
		logs, err := c.try(t, "logs", "list")
		return err == nil && strings.Contains(logs, "till is stuck")
	})
	c.run(t, "issues list", "CLI-1", "CLI-2", "unresolved")
	c.run(t, "issues list --query declined", "card declined")
	c.run(t, "events list --show-user --show-tags", "card declined", "cart is empty", "ann@shop.example", "plan")
	c.run(t, "logs list --query till", "till is stuck")

	var list []struct{ ID, ShortID, Status string }
	status := func() map[string]string {
		out := map[string]string{}
		a.get(t, "/projects/main/cli/issues/?query=", &list)
		for _, i := range list {
			out[i.ShortID] = i.Status
		}
		return out
	}
	status()
	id := list[0].ID
	want := func(what string, one, other string) {
		t.Helper()
		now := status()
		for _, i := range list {
			w := other
			if i.ID == id {
				w = one
			}
			if now[i.ShortID] != w {
				t.Errorf("after %s: %s is %s, not %s", what, i.ShortID, i.Status, w)
			}
		}
	}
	c.run(t, "issues resolve -i "+id)
	want("resolve -i", "resolved", "unresolved")
	c.run(t, "issues list --status resolved", "resolved")
	c.run(t, "issues unresolve -i "+id)
	want("unresolve -i", "unresolved", "unresolved")
	c.run(t, "issues mute -i "+id)
	want("mute -i", "ignored", "unresolved")
	c.run(t, "issues resolve -s unresolved")
	want("resolve -s unresolved", "ignored", "resolved")
	c.run(t, "issues unresolve -a")
	want("unresolve -a", "unresolved", "unresolved")
	c.run(t, "issues mute -a")
	want("mute -a", "ignored", "ignored")
	c.run(t, "issues resolve -n -a")
	want("resolve -n -a", "resolved", "resolved")
}

const breakpad = `MODULE Linux x86_64 0F0F0F0F111142228333444444444444A shop
FILE 0 /src/shop/cart.cc
FUNC 1000 40 0 _ZN4shop4Cart3payEi
1000 40 30 0
`

// Debug files and mappings.
func TestSentryCLIDebugFiles(t *testing.T) {
	s := start(t)
	a := s.api(t)
	_, env := uploader(t, s, "cli")
	c := sentryCLI{t.TempDir(), env}
	symbols := write(t, "shop.sym", breakpad)
	c.run(t, "debug-files check "+symbols, "0f0f0f0f-1111-4222-8333-444444444444-a", "Usable: yes")
	c.run(t, "debug-files upload --wait "+symbols, "OK 0f0f0f0f-1111")
	c.run(t, "debug-files upload --wait "+symbols, "Nothing to upload")
	mapping := write(t, "mapping.txt", "com.shop.Cart -> a.a:\n    1:1:void pay(int):31 -> a\n")
	uuid := strings.TrimSpace(c.run(t, "proguard uuid "+mapping))
	c.run(t, "upload-proguard "+mapping, uuid)
	c.run(t, "proguard upload "+mapping)
	var files []struct{ DebugID, SymbolType string }
	until(t, 20*time.Second, "both are there", func() bool {
		a.get(t, "/projects/main/cli/files/dsyms/", &files)
		return len(files) == 2
	})
	kinds := map[string]string{}
	for _, f := range files {
		kinds[f.DebugID] = f.SymbolType
	}
	if kinds[uuid] != "proguard" || kinds["0f0f0f0f-1111-4222-8333-444444444444-a"] != "breakpad" {
		t.Errorf("files: %v", kinds)
	}
	c.run(t, "debug-files upload --wait --include-sources "+symbols)
	if said, err := c.try(t, "debug-files", "upload", "--wait", "--require-all", "--id", "11111111-1111-4222-8333-444444444444", filepath.Dir(symbols)); err == nil {
		t.Errorf("a file that is not there was uploaded: %s", said)
	}
}

// Source maps: the error comes first, its map after it.
func TestSentryCLISourceMaps(t *testing.T) {
	s := start(t)
	a := s.api(t)
	dsn, env := uploader(t, s, "cli")
	out := filepath.Join(t.TempDir(), "dist")
	env = append(env, "DSN="+dsn, "OUT="+out, "RELEASE=shop@2.0.0")
	c := sentryCLI{filepath.Join(root(t), "e2e", "sourcemaps"), env}
	run(t, env, "node", "build.mjs", "plain")
	c.run(t, "sourcemaps inject "+out)
	id := sentID.FindStringSubmatch(run(t, env, "node", "visit.mjs", out))
	if id == nil {
		t.Fatal("nothing was sent")
	}
	until(t, 20*time.Second, "the error is there", func() bool {
		var list []struct{ EventID string }
		a.get(t, "/projects/main/cli/events/?query=id:"+id[1], &list)
		return len(list) == 1
	})
	c.run(t, "sourcemaps upload "+out)
	wantSource(t, a, "cli", id[1])
	if said := c.run(t, "sourcemaps upload "+out); !strings.Contains(said, "Nothing to upload") && !strings.Contains(said, "already") {
		t.Errorf("the same upload again was not recognised: %s", said)
	}
	maps, err := filepath.Glob(filepath.Join(out, "*.map"))
	if err != nil || len(maps) != 1 {
		t.Fatalf("maps: %v %v", maps, err)
	}
	c.run(t, "sourcemaps resolve --line 1 --column 5000 "+maps[0], "source")
	c.run(t, "sourcemaps upload --release shop@2.0.0 --dist 1 --validate "+out)
	var bundles []struct {
		Associations []struct{ Release, Dist *string }
	}
	a.get(t, "/projects/main/cli/files/artifact-bundles/?query=shop@2.0.0", &bundles)
	if len(bundles) == 0 {
		t.Error("the bundle of the release is not listed")
	}
}

// A server that is killed while it puts an upload together, again and again, loses nothing of it: the uploader waits, and the
// frame is mapped.
func TestKillDuringAssembly(t *testing.T) {
	s := start(t)
	a := s.api(t)
	_, env := uploader(t, s, "cli")
	dir := t.TempDir()
	big := strings.Repeat("// "+strings.Repeat("x", 97)+"\n", 400_000) // 40 MB: it takes a while to put together
	for name, text := range map[string]string{"app.js": "let a\n//# sourceMappingURL=app.js.map\n", "app.js.map": `{"version":3,"sources":["a.ts"],"sourcesContent":[` + fmt.Sprintf("%q", big) + `],"names":[],"mappings":"AAAA"}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := sentryCLI{dir, env}
	c.run(t, "sourcemaps upload --no-rewrite --release 1 "+dir) // does not wait for the end
	for range 3 {
		s.kill()
		s.again(t)
	}
	var bundles []struct{ FileCount int }
	until(t, 4*time.Minute, "the upload is put together", func() bool { // a lease that a dead server had runs for two minutes
		a.get(t, "/projects/main/cli/files/artifact-bundles/", &bundles)
		return len(bundles) == 1 && bundles[0].FileCount == 2
	})
}
