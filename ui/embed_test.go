package ui

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func build() fstest.MapFS {
	return fstest.MapFS{
		".gitkeep":           {},
		"index.html":         {Data: []byte(`<html><head><script type="module" src="/assets/app-1a2b.js"></script></head></html>`)},
		"player.html":        {Data: []byte(`<html><head><script type="module" src="/assets/player-1a2b.js"></script></head></html>`)},
		"theme.js":           {Data: []byte(`// theme`)},
		"assets/app-1a2b.js": {Data: []byte(`// app`)},
	}
}

func get(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}

func TestHandler(t *testing.T) {
	h, err := newHandler(Config{}, build())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path   string
		status int
		cache  string
		kind   string
		has    string
	}{
		{"/", 200, "no-store", "text/html; charset=utf-8", "app-1a2b"},
		{"/index.html", 200, "no-store", "text/html; charset=utf-8", "app-1a2b"},
		{"/organizations/main/issues/101/", 200, "no-store", "text/html; charset=utf-8", "app-1a2b"},
		{"/organizations/main/releases/shop@1.9.3/", 200, "no-store", "text/html; charset=utf-8", "app-1a2b"},
		{"/assets/app-1a2b.js", 200, "public, max-age=31536000, immutable", "text/javascript; charset=utf-8", "// app"},
		{"/theme.js", 200, "no-cache", "text/javascript; charset=utf-8", "// theme"},
		{"/assets/gone-9f9f.js", 404, "", "text/plain; charset=utf-8", ""},
		{"/assets/../../embed.go", 404, "", "text/plain; charset=utf-8", ""},
		{"/favicon.ico", 404, "", "text/plain; charset=utf-8", ""},
		{"/.gitkeep", 404, "", "text/plain; charset=utf-8", ""},
	} {
		t.Run(c.path, func(t *testing.T) {
			w := get(t, h, c.path)
			if w.Code != c.status || w.Header().Get("Cache-Control") != c.cache || w.Header().Get("Content-Type") != c.kind {
				t.Errorf("got %d %q %q, want %d %q %q", w.Code, w.Header().Get("Cache-Control"), w.Header().Get("Content-Type"), c.status, c.cache, c.kind)
			}
			if !strings.Contains(w.Body.String(), c.has) {
				t.Errorf("body %q has no %q", w.Body.String(), c.has)
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Error("no nosniff")
			}
		})
	}
}

func TestOnlyReading(t *testing.T) {
	h, err := newHandler(Config{}, build())
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

// The policies are what keeps a hostile recording from doing anything: docs say them word for word.
func TestPolicies(t *testing.T) {
	one, err := newHandler(Config{}, build())
	if err != nil {
		t.Fatal(err)
	}
	two, err := newHandler(Config{AppOrigin: "https://errors.example.com", ReplayOrigin: "https://replay.example.net"}, build())
	if err != nil {
		t.Fatal(err)
	}
	app := get(t, one, "/").Header().Get("Content-Security-Policy")
	want := "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
	if app != want {
		t.Errorf("app policy\n got %s\nwant %s", app, want)
	}
	if p := get(t, two, "/").Header().Get("Content-Security-Policy"); !strings.Contains(p, "frame-src https://replay.example.net;") {
		t.Errorf("app policy with a replay origin: %s", p)
	}
	if b := get(t, two, "/").Body.String(); !strings.Contains(b, `<meta name="hindsight-replay-origin" content="https://replay.example.net">`) {
		t.Errorf("the app is not told the replay origin: %s", b)
	}
	if p := get(t, two, "/player.html").Header().Get("Content-Security-Policy"); !strings.Contains(p, "frame-ancestors https://errors.example.com;") {
		t.Errorf("player policy with a replay origin: %s", p)
	}

	nonces := map[string]bool{}
	for range 2 {
		w := get(t, one, "/player.html")
		m := regexp.MustCompile(`script-src 'nonce-([A-Za-z0-9+/]{22})'`).FindStringSubmatch(w.Header().Get("Content-Security-Policy"))
		if m == nil {
			t.Fatalf("player policy without a nonce: %s", w.Header().Get("Content-Security-Policy"))
		}
		if !strings.Contains(w.Body.String(), `<script nonce="`+m[1]+`" `) {
			t.Errorf("the script has not the policy's nonce: %s", w.Body)
		}
		if nonces[m[1]] {
			t.Error("the nonce was used twice")
		}
		nonces[m[1]] = true
	}
}

func TestNotBuilt(t *testing.T) {
	h, err := newHandler(Config{}, fstest.MapFS{".gitkeep": {}})
	if err != nil {
		t.Fatal(err)
	}
	w := get(t, h, "/organizations/main/issues/")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "make ui") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestEmbedded(t *testing.T) {
	if _, err := New(Config{}); err != nil {
		t.Fatal(err)
	}
}
