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
	b.WriteString(sentryCLIPage)
	checkGenerated(t, "../docs/compat.md", []byte(b.String()))
}

// sentryCLIPage says which commands of sentry-cli work; e2e runs those that do.
const sentryCLIPage = `
## sentry-cli

Held by tests with the real program (3.8). Needed scopes: ` + "`org:ci`" + ` to upload and to write releases; ` + "`org:read project:read event:read event:write`" + ` for the lists and the states of issues.

| Command | Works | |
|---|---|---|
| ` + "`info`, `organizations list`, `projects list`, `repos list`" + ` | yes | |
| ` + "`releases new`, `set-commits`, `finalize`, `list`, `info`, `archive`, `restore`, `delete`, `propose-version`" + ` | yes | commits come from the checkout: no provider is asked, so ` + "`--commit REPO@SHA`" + ` only notes where the repository stands |
| the bundlers' plugins | yes | release, deploy and end come by themselves; those of version 5 bring the checkout's commits, those of version 11 only commits of a provider's repositories: add ` + "`sentry-cli releases set-commits --local`" + ` |
| ` + "`deploys new`, `deploys list`" + ` | yes | |
| ` + "`sourcemaps inject`, `upload`, `resolve`" + ` | yes | ` + "`explain`" + ` left sentry-cli with 3.0; the issue page says of each frame why it is not mapped |
| ` + "`debug-files upload`, `check`, `find`, `bundle-sources`, `print-sources`" + ` | yes | source bundles are not read ([what is](symbolication.md)) |
| ` + "`upload-proguard`, `proguard upload`, `proguard uuid`" + ` | yes | |
| ` + "`issues list`, `mute`, `resolve`, `unresolve`; `events list`; `logs list`" + ` | yes | |
| ` + "`monitors list`, `monitors run`; `send-event`, `send-envelope`" + ` | yes | |
| ` + "`react-native gradle`" + ` | not tried | uploads as ` + "`sourcemaps upload`" + ` does, but needs a Gradle build |
| ` + "`login`" + ` | yes | opens the page where tokens are made |
| ` + "`code-mappings upload`" + ` | no | they lead from frames to a provider's pages; no provider is connected, and suspect commits are found by the ends of paths |
| ` + "`build upload`, `build download`, `snapshots`" + ` | no | app builds and pictures of them are not kept |
| ` + "`dart-symbol-map upload`" + ` | no | Dart is not symbolicated |
`
