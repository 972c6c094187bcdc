package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/api"
)

// What of Sentry's API we speak is said in one place, and it is the route table.
func TestCompatPageIsCurrent(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What of Sentry's API Hindsight speaks\n\n" +
		"Made from the route table of package `api` by `go generate ./api`; a test holds it to be current.\n" +
		"Paths take slugs or ids, with or without the last slash; `/groups/` is the same as `/issues/`. Access is the scope a caller needs in the organisation.\n" +
		"What SDKs send is another list, line by line: [conformance](conformance.md).\n")
	routes := api.New(api.Config{BaseURL: &url.URL{Scheme: "http", Host: "h"}}).Routes()
	for _, part := range []struct {
		title string
		ours  bool
	}{{"Sentry's", false}, {"Added by Hindsight", true}} {
		fmt.Fprintf(&b, "\n## %s\n\n| Method | Path | What | Access |\n|---|---|---|---|\n", part.title)
		for _, rt := range routes {
			if rt.Ours == part.ours {
				path := strings.TrimPrefix(rt.Path, "/api/0")
				if rt.Query != "" {
					path += "?" + rt.Query
				}
				fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", rt.Method, path, rt.Summary, rt.Access)
			}
		}
	}
	b.WriteString("\nNot there yet: teams and members, releases, monitors, alerts, dashboards, the event explorer (`events/`, `events-stats/`), uploads of source maps.\n")
	checkGenerated(t, "../docs/compat.md", []byte(b.String()))
}
