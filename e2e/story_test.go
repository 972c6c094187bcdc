package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hindsight-dev/hindsight/internal/testkit"
	"github.com/hindsight-dev/hindsight/internal/testkit/s3test"
)

// TestStory is the product: a click in the shop's page, a Node service, a Go service that panics;
// then, in Hindsight's UI, the backend issue with the replay playing at the moment of the click.
func TestStory(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { story(t, start(t)) })
	t.Run("postgres, nats, s3", func(t *testing.T) {
		story(t, start(t,
			"HINDSIGHT_DATABASE_URL="+testkit.Postgres(t),
			"HINDSIGHT_NATS_URL="+testkit.NATS(t),
			"HINDSIGHT_BLOBS_URL="+s3test.URL(t),
		))
	})
}

func story(t *testing.T, s *Server) {
	shots := filepath.Join(root(t), "test-results", "shots", t.Name())
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	s.command(t, "user", "create", "dev@example.com", "--password", "correct horse battery", "--role", "owner")
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", "browser/story.mjs")
	cmd.Env = append(s.environ(),
		"HINDSIGHT_BASE_URL="+s.URL,
		"HINDSIGHT_BIN="+binary(t),
		"HINDSIGHT_TOKEN="+s.api(t).token,
		"SHOP_SERVICES="+filepath.Join(root(t), "bin", "shop-services"),
		"SHOTS="+shots,
	)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	agents(t, s)
}
