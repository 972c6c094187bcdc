package e2e

import (
	"os/exec"
	"testing"
)

// TestReplayPage holds the replay page to its order (chapters, then a picture from one small answer) and presses its
// buttons: a link to a moment, evidence, deletion.
func TestReplayPage(t *testing.T) {
	s := start(t)
	s.command(t, "user", "create", "dev@example.com", "--password", "correct horse battery", "--role", "owner")
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", "browser/replay.mjs")
	cmd.Env = append(s.environ(), "HINDSIGHT_BASE_URL="+s.URL, "HINDSIGHT_BIN="+binary(t), "HINDSIGHT_TOKEN="+s.api(t).token)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
