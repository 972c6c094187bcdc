package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// agents asks about the story's backend error as a coding agent does: through /mcp, and through Sentry's own
// MCP server with nothing changed but its host. Both must show the issue and what the user did before it.
func agents(t *testing.T, s *Server) {
	a := s.api(t)
	var issues []struct {
		ShortID   string
		Hindsight struct{ ReplayCount int }
	}
	a.get(t, "/organizations/main/issues/?query=&limit=25", &issues)
	id := ""
	for _, i := range issues {
		if i.Hindsight.ReplayCount > 0 && strings.HasPrefix(i.ShortID, "SHOP-PAYMENT") {
			id = i.ShortID
		}
	}
	if id == "" {
		t.Fatalf("no issue of the payment service with a replay among %+v", issues)
	}
	t.Run("own", func(t *testing.T) {
		agent := connect(t, &mcp.StreamableClientTransport{Endpoint: s.URL + "/mcp", DisableStandaloneSSE: true,
			HTTPClient: &http.Client{Transport: bearer(a.token)}})
		says(t, agent, "search_issues", map[string]any{"query": ""}, id)
		says(t, agent, "get_issue", map[string]any{"issue": id}, "Exception", "at (*Payment).Authorize", "get_replay tells it")
		says(t, agent, "get_replay", map[string]any{"issue": id}, "What happened", "click", "the page called", "on a server")
	})
	t.Run("sentry's", func(t *testing.T) {
		server := filepath.Join("agents", "node_modules", "@sentry", "mcp-server", "dist", "index.js")
		cmd := exec.CommandContext(t.Context(), "node", server, "--access-token="+a.token, "--host="+strings.TrimPrefix(s.URL, "http://"),
			"--insecure-http", "--organization-slug=main")
		cmd.Env = append(os.Environ(), "SENTRY_DSN=", "DO_NOT_TRACK=1")
		agent := connect(t, &mcp.CommandTransport{Command: cmd})
		page := says(t, agent, "get_sentry_resource", map[string]any{"url": s.URL + "/organizations/main/issues/" + id + "/"}, id, "nil pointer")
		t.Logf("Sentry's MCP server on the issue:\n%s", page)
		var replays struct {
			Data []struct{ ReplayID string }
		}
		a.get(t, "/organizations/main/replay-links/?issue="+issueNumber(t, a, id), &replays)
		page = says(t, agent, "get_sentry_resource", map[string]any{"url": s.URL + "/organizations/main/explore/replays/" + replays.Data[0].ReplayID + "/"}, replays.Data[0].ReplayID)
		t.Logf("Sentry's MCP server on the replay:\n%s", page)
	})
}

func issueNumber(t *testing.T, a *API, shortID string) string {
	var issue struct{ ID string }
	a.get(t, "/organizations/main/issues/"+shortID+"/", &issue)
	return issue.ID
}

func connect(t *testing.T, transport mcp.Transport) *mcp.ClientSession {
	t.Helper()
	c := mcp.NewClient(&mcp.Implementation{Name: "hindsight-e2e", Version: "1"}, nil)
	session, err := c.Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// says calls a tool and checks that its answer has all the words.
func says(t *testing.T, agent *mcp.ClientSession, tool string, args map[string]any, words ...string) string {
	t.Helper()
	res, err := agent.CallTool(context.WithoutCancel(t.Context()), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s %v: %v", tool, args, err)
	}
	var b strings.Builder
	for _, c := range res.Content {
		if text, ok := c.(*mcp.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	if res.IsError {
		t.Fatalf("%s %v: %s", tool, args, b.String())
	}
	for _, w := range words {
		if !strings.Contains(b.String(), w) {
			t.Errorf("%s %v does not say %q:\n%s", tool, args, w, b.String())
		}
	}
	return b.String()
}

// bearer sends a token with every request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}
