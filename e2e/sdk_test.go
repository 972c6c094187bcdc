package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// sdk is one version of a real SDK with a program that uses all the telemetry it has.
//
// The program gets SENTRY_DSN, turns the SDK's debug log on, and prints a line `SENT {…}` with the
// ids of what it sent; which of them there are says what is looked for (see [sent]).
type sdk struct {
	name    string
	quick   bool                           // run with HINDSIGHT_SDKS=quick as well
	program func(tb testing.TB) *exec.Cmd  // skips the test when its toolchain is not here
	exit    int                            // status it ends with
	log     debugLog                       // how its debug log complains
	extra   func(tb testing.TB, r *sdkRun) // what only this one can do
	want    arrival
}

// debugLog tells complaints in an SDK's debug log from the rest.
type debugLog struct {
	complaint *regexp.Regexp
	fine      []string // complaints that are about what the program did on purpose
}

// sent is what a program says it sent. The names are the same for all SDKs.
type sent struct {
	SDK         string   // its version
	Handled     []string // the same chained error, captured twice
	Message     string
	String      string // thrown, and no error at all
	Object      string
	Fingerprint string // an event with a fingerprint of its own
	Panic       string
	Attachment  string // an error with app.log, blob.bin and empty.txt
	Large       string // an event with 54 KB of context
	InTrace     string // an error inside of Trace
	Trace       string
	Replay      string
}

// sdkRun is a program that has run against a project of its own.
type sdkRun struct {
	sdk     sdk
	server  *Server
	api     *API
	project string // slug
	dsn     string // goes through wire
	wire    *wire
	sent    sent
	out     string // all that was printed
}

// TestSDK points real SDKs at the shipped binary: nothing is rejected, no SDK complains, and all
// that was sent is there. HINDSIGHT_SDKS is all or quick (the default); with REQUIRE_SDKS=1 a
// missing toolchain fails the test.
func TestSDK(t *testing.T) {
	which := os.Getenv("HINDSIGHT_SDKS")
	if which != "" && which != "all" && which != "quick" {
		t.Fatalf("HINDSIGHT_SDKS=%s: want all or quick", which)
	}
	s := start(t)
	a := s.api(t)
	for _, k := range slices.Concat(nodeSDKs(), browserSDKs(), goSDKs(), otherSDKs()) {
		if !k.quick && which != "all" {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			r := &sdkRun{sdk: k, server: s, api: a, project: strings.NewReplacer(".", "-").Replace(k.name)}
			r.run(t)
			if t.Failed() {
				return
			}
			r.check(t)
		})
	}
}

// run starts the program and waits for its end; its log and the wire are judged here.
func (r *sdkRun) run(t *testing.T) {
	t.Helper()
	cmd := r.sdk.program(t)
	dsn := r.server.command(t, "project", "create", r.project)
	r.wire = tap(t, r.server.URL)
	r.dsn = strings.Replace(dsn, r.wire.target, r.wire.addr, 1)
	cmd.Env = append(append(os.Environ(), cmd.Env...), "SENTRY_DSN="+r.dsn)
	t.Cleanup(func() {
		if t.Failed() {
			r.wire.save(t, r.sdk.name)
			t.Logf("the program said:\n%s", r.out)
		}
	})
	out, err := cmd.CombinedOutput()
	r.out = string(out)
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatalf("%s: %v", cmd, err)
	}
	if got := cmd.ProcessState.ExitCode(); got != r.sdk.exit {
		t.Fatalf("%s ended with status %d, want %d", cmd, got, r.sdk.exit)
	}
	r.readSent(t)
	r.noComplaints(t)
}

func (r *sdkRun) readSent(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(r.out) {
		if _, after, ok := strings.Cut(line, "SENT "); ok && strings.HasPrefix(after, "{") {
			if err := json.Unmarshal([]byte(after), &r.sent); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			return
		}
	}
	t.Fatal("the program did not say what it sent")
}

// noComplaints wants every request answered with 2xx and a debug log without complaints.
func (r *sdkRun) noComplaints(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(r.out) {
		if r.sdk.log.complaint.MatchString(line) && !slices.ContainsFunc(r.sdk.log.fine, func(s string) bool { return strings.Contains(line, s) }) {
			t.Errorf("the SDK complains: %s", line)
		}
	}
	all := r.wire.exchanges(t)
	if len(all) == 0 {
		t.Error("nothing was sent")
	}
	for _, x := range all {
		if x.Status < 200 || x.Status > 299 {
			t.Error(x)
		}
	}
}

// within is how long what was acknowledged may take to be visible.
const within = 30 * time.Second

// sdks is the directory of the programs.
func sdks(tb testing.TB, elem ...string) string {
	return filepath.Join(append([]string{root(tb), "e2e", "sdks"}, elem...)...)
}

// need skips the test when something is not on this machine, or fails it with REQUIRE_SDKS=1.
// tools are commands, or files below sdks/ that sdks/install makes.
func need(tb testing.TB, tools ...string) {
	tb.Helper()
	for _, tool := range tools {
		missing := ""
		if strings.Contains(tool, "/") {
			if _, err := os.Stat(sdks(tb, tool)); err != nil {
				missing = "e2e/sdks/" + tool + " (run e2e/sdks/install)"
			}
		} else if _, err := exec.LookPath(tool); err != nil {
			missing = tool
		}
		switch {
		case missing == "":
		case os.Getenv("REQUIRE_SDKS") == "1":
			tb.Fatalf("needs %s", missing)
		default:
			tb.Skipf("needs %s", missing)
		}
	}
}

// in makes a command that runs in a directory of sdks/.
func in(tb testing.TB, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(tb.Context(), name, args...)
	cmd.Dir = sdks(tb, dir)
	return cmd
}
