package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sentry-cli wraps a job: the monitor is made of what it says, both runs are there, and the one that failed has an issue.
func TestSentryCLIMonitors(t *testing.T) {
	s := start(t)
	dsn := s.command(t, "project", "create", "jobs", "--platform", "go")
	a := &API{url: s.URL, token: s.command(t, "token", "create", "--scopes", "org:read,project:read,alerts:read,event:read")}
	cli := filepath.Join(root(t), "e2e", "sourcemaps", "node_modules", "@sentry", "cli", "bin", "sentry-cli")
	env := []string{"HOME=" + t.TempDir(), "SENTRY_URL=" + s.URL, "SENTRY_ORG=main", "SENTRY_AUTH_TOKEN=" + a.token, "SENTRY_DSN=" + dsn}
	run(t, env, cli, "monitors", "run", "backup", "--schedule", "0 4 * * *", "--check-in-margin", "5", "--timezone", "Europe/Berlin", "--", "true")
	failing := exec.CommandContext(t.Context(), cli, "monitors", "run", "backup", "--", "false")
	failing.Env = env
	if said, err := failing.CombinedOutput(); failing.ProcessState.ExitCode() != 1 {
		t.Errorf("a job that fails: %v\n%s", err, said)
	}
	var runs []struct {
		Status        string
		MonitorConfig struct{ Schedule, Timezone string }
	}
	until(t, 20*time.Second, "both runs have ended", func() bool {
		var monitors []struct{ Slug string }
		if a.get(t, "/organizations/main/monitors/", &monitors); len(monitors) != 1 {
			return false
		}
		a.get(t, "/organizations/main/monitors/backup/checkins/", &runs)
		return len(runs) == 2 && runs[0].Status != "in_progress" && runs[1].Status != "in_progress"
	})
	states := []string{runs[0].Status, runs[1].Status}
	if slices.Sort(states); !slices.Equal(states, []string{"error", "ok"}) || runs[0].MonitorConfig.Schedule != "0 4 * * *" || runs[0].MonitorConfig.Timezone != "Europe/Berlin" {
		t.Errorf("runs %+v", runs)
	}
	until(t, 30*time.Second, "the failure has an issue", func() bool {
		var issues []struct{ Title string }
		a.get(t, "/organizations/main/issues/?query=is:unresolved", &issues)
		return len(issues) == 1 && issues[0].Title == "A run of backup failed"
	})
	if said := run(t, env, cli, "monitors", "list"); !strings.Contains(said, "backup") || !strings.Contains(said, "active") {
		t.Errorf("sentry-cli monitors list says\n%s", said)
	}
}
