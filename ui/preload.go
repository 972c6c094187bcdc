package ui

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"html"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// replayScreen is the path of the replay page, whose first picture people wait for.
var replayScreen = regexp.MustCompile(`^/organizations/([a-z0-9_-]{1,64})/replays/([0-9a-f]{32})/?$`)

// hints are the head's lines that let a browser load what the replay page needs while it still reads the app's own
// script: the page's script and styles, the player's script, and the answers that the page asks for first. Empty for
// every other screen.
func (h *handler) hints(path string) string {
	m := replayScreen.FindStringSubmatch(path)
	if m == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(h.replayFiles)
	replay := "/api/0/organizations/" + m[1] + "/replays/" + m[2] + "/"
	for _, answer := range []string{"/api/0/auth/", replay, replay + "chapters/", replay + "frames/"} {
		b.WriteString(`<link rel="preload" as="fetch" crossorigin href="` + html.EscapeString(answer) + `">`)
	}
	return b.String()
}

// replayHints reads from the build's manifest which files the replay page and the player are. Without a manifest
// there are no hints: the page works, later.
func replayHints(files fs.FS, ownPlayer bool) string {
	raw, err := fs.ReadFile(files, ".vite/manifest.json")
	if err != nil {
		return ""
	}
	type chunk struct {
		File    string
		Imports []string
		CSS     []string
	}
	var chunks map[string]chunk
	if json.Unmarshal(raw, &chunks) != nil {
		return ""
	}
	var b strings.Builder
	seen := map[string]bool{}
	for c := []string{"index.html"}; len(c) > 0; c = c[1:] { // what every screen loads is in the page already
		if !seen[c[0]] {
			seen[c[0]] = true
			c = append(c, chunks[c[0]].Imports...)
		}
	}
	for c := []string{"src/features/replays/ReplayPage.tsx"}; len(c) > 0; c = c[1:] {
		it, ok := chunks[c[0]]
		if seen[c[0]] || !ok {
			continue
		}
		seen[c[0]] = true
		c = append(c, it.Imports...)
		b.WriteString(`<link rel="modulepreload" crossorigin href="/` + html.EscapeString(it.File) + `">`)
		for _, css := range it.CSS {
			b.WriteString(`<link rel="preload" as="style" crossorigin href="/` + html.EscapeString(css) + `">`)
		}
	}
	if p, ok := chunks["player.html"]; ok && ownPlayer { // on another origin it would be loaded twice
		b.WriteString(`<link rel="preload" as="script" crossorigin href="/` + html.EscapeString(p.File) + `">`)
	}
	return b.String()
}

// packs keeps the compressed form of the build's files, each made once.
type packs struct{ made sync.Map }

// of gives a file compressed, or as it is when that is not smaller or the client does not take it.
func (p *packs) of(w http.ResponseWriter, r *http.Request, name string, content []byte) []byte {
	if strings.HasSuffix(name, ".woff2") {
		return content
	}
	w.Header().Add("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return content
	}
	packed, ok := p.made.Load(name)
	if !ok {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(content) // to memory
		_ = z.Close()
		packed, _ = p.made.LoadOrStore(name, b.Bytes())
	}
	if b := packed.([]byte); len(b) < len(content) {
		w.Header().Set("Content-Encoding", "gzip")
		return b
	}
	return content
}
