package e2e

import (
	"os/exec"
	"testing"
)

// TestAxe opens every main screen in both themes, full and empty, and asks axe-core what would keep
// people out. An engineer in the dark theme, by keyboard or with a screen reader, is told the same.
func TestAxe(t *testing.T) {
	s := start(t)
	s.command(t, "user", "create", "dev@example.com", "--password", "correct horse battery", "--role", "owner")
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", "browser/axe.mjs")
	cmd.Env = append(s.environ(), "HINDSIGHT_BASE_URL="+s.URL, "HINDSIGHT_BIN="+binary(t), "HINDSIGHT_TOKEN="+s.command(t, "token", "create", "--scopes", "org:read,org:integrations,project:read,event:read,event:write,event:admin,alerts:write"))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
