package ui

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const replayID = "0123456789abcdef0123456789abcdef"

func withManifest() fstest.MapFS {
	files := build()
	files[".vite/manifest.json"] = &fstest.MapFile{Data: []byte(`{
		"index.html": {"file": "assets/app-1a2b.js", "imports": ["_shared.js"]},
		"_shared.js": {"file": "assets/shared-1a2b.js"},
		"src/features/replays/ReplayPage.tsx": {"file": "assets/ReplayPage-1a2b.js", "imports": ["_shared.js", "_frames.js"], "css": ["assets/ReplayPage-1a2b.css"]},
		"_frames.js": {"file": "assets/frames-1a2b.js"},
		"player.html": {"file": "assets/player-1a2b.js"}}`)}
	return files
}

// A browser starts on what the replay page needs before the app's script runs; other screens get nothing to load in vain.
func TestReplayPageIsHinted(t *testing.T) {
	h, err := newHandler(Config{}, withManifest())
	if err != nil {
		t.Fatal(err)
	}
	body := get(t, h, "/organizations/main/replays/"+replayID+"/?t=5").Body.String()
	for _, want := range []string{`rel="modulepreload" crossorigin href="/assets/ReplayPage-1a2b.js"`, `href="/assets/frames-1a2b.js"`, `as="style" crossorigin href="/assets/ReplayPage-1a2b.css"`,
		`as="script" crossorigin href="/assets/player-1a2b.js"`, `as="fetch" crossorigin href="/api/0/auth/"`, `href="/api/0/organizations/main/replays/` + replayID + `/chapters/"`} {
		if strings.Count(body, want) != 1 {
			t.Errorf("%d times %s in %s", strings.Count(body, want), want, body)
		}
	}
	if strings.Contains(body, "shared-1a2b") {
		t.Error("what every screen loads is hinted again")
	}
	for _, path := range []string{"/", "/organizations/main/replays/", "/organizations/main/replays/" + replayID + "x/", `/organizations/"><script>/replays/` + replayID + "/"} {
		if strings.Contains(get(t, h, path).Body.String(), "preload") {
			t.Errorf("%s is hinted", path)
		}
	}
	h, err = newHandler(Config{ReplayOrigin: "https://replay.example.com"}, withManifest())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(get(t, h, "/organizations/main/replays/"+replayID+"/").Body.String(), "player-1a2b") {
		t.Error("the player of another origin is loaded twice")
	}
}

func TestFilesAreCompressed(t *testing.T) {
	files := build()
	files["assets/app-1a2b.js"].Data = []byte(strings.Repeat("// app\n", 1000))
	h, err := newHandler(Config{}, files)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/assets/app-1a2b.js", nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	for range 2 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 200 || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%d bytes, %v", w.Body.Len(), w.Header())
		}
	}
	if w := get(t, h, "/assets/app-1a2b.js"); w.Header().Get("Content-Encoding") != "" || w.Body.Len() != 7000 {
		t.Errorf("%d bytes, %v", w.Body.Len(), w.Header())
	}
}
