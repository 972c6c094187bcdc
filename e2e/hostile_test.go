package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestHostileRecording sends a recording whose page does all it can to run, load or navigate, and
// opens its issue and its replay in a real browser: nothing runs, nobody else hears of it, and the
// player still plays. hostile.mjs makes the recording.
func TestHostileRecording(t *testing.T) {
	s := start(t)
	shots := filepath.Join(root(t), "test-results", "shots", t.Name())
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	s.command(t, "user", "create", "dev@example.com", "--password", "correct horse battery", "--role", "owner")
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", "browser/hostile.mjs")
	cmd.Env = append(s.environ(),
		"HINDSIGHT_BASE_URL="+s.URL,
		"HINDSIGHT_TOKEN="+s.api(t).token,
		"HOSTILE_DSN="+s.command(t, "project", "create", "hostile-web", "--platform", "javascript"),
		"SHOTS="+shots,
	)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
