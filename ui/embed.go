package ui

import (
	"crypto/rand"
	"embed"
	"encoding/base64"
	"fmt"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// noncePlaceholder stands in the built player page where each answer gets a fresh nonce.
const noncePlaceholder = "__HINDSIGHT_NONCE__"

// appPolicy is the content security policy of the app. Recordings play in an iframe of
// their own page, whose origin is the %s.
const appPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; frame-src %s; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// playerPolicy is the content security policy of the page recordings play in. The rrweb
// iframe inside it is about:blank and inherits it: nothing of the recorded page can run,
// and nothing is loaded from the recorded page's hosts.
const playerPolicy = "default-src 'none'; script-src 'nonce-%s'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; " +
	"media-src data: blob:; connect-src 'self'; frame-src 'none'; frame-ancestors %s; form-action 'none'; base-uri 'none'"

// Config says where the app is served.
type Config struct {
	// AppOrigin is the origin of the app, such as "https://errors.example.com". It is
	// needed only with ReplayOrigin: the player then accepts messages from nobody else.
	AppOrigin string
	// ReplayOrigin is another origin that reaches this same server and on which recordings
	// play, apart from the app's cookies. Empty: they play on the app's own origin.
	ReplayOrigin string
}

// New returns the handler of the app: every path that is not a file of the build is a
// screen, and answers with the app.
func New(cfg Config) (http.Handler, error) {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the embedded UI: %w", err)
	}
	return newHandler(cfg, built)
}

// EvidenceScript is the script that plays a recording inside an evidence file: whole, without imports. It is empty
// when the app was not built.
func EvidenceScript() []byte {
	script, err := dist.ReadFile("dist/evidence.js")
	if err != nil {
		return nil
	}
	return script
}

type handler struct {
	files     fs.FS
	index     []byte // nil when the app was not built
	player    string
	appPolicy string
	ancestors string

	replayFiles string // hints of what the replay page loads
	packs       packs
}

func newHandler(cfg Config, files fs.FS) (*handler, error) {
	h := &handler{files: files, ancestors: "'self'"}
	frames := "'self'"
	if cfg.ReplayOrigin != "" {
		frames = cfg.ReplayOrigin
		if cfg.AppOrigin != "" {
			h.ancestors = cfg.AppOrigin
		}
	}
	h.appPolicy = fmt.Sprintf(appPolicy, frames)
	h.replayFiles = replayHints(files, cfg.ReplayOrigin == "")
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return h, nil
	}
	player, err := fs.ReadFile(files, "player.html")
	if err != nil {
		return nil, fmt.Errorf("the UI was built without its player page: %w", err)
	}
	meta := fmt.Sprintf(`<meta name="hindsight-replay-origin" content="%s">`, html.EscapeString(cfg.ReplayOrigin))
	h.index = []byte(strings.Replace(string(index), "<head>", "<head>"+meta, 1))
	meta = fmt.Sprintf(`<meta name="hindsight-app-origin" content="%s">`, html.EscapeString(cfg.AppOrigin))
	h.player = strings.Replace(string(player), "<head>", "<head>"+meta, 1)
	for _, tag := range []string{"<script ", "<link "} {
		h.player = strings.ReplaceAll(h.player, tag, tag+`nonce="`+noncePlaceholder+`" `)
	}
	return h, nil
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	switch {
	case h.index == nil:
		header.Set("Content-Security-Policy", h.appPolicy)
		write(w, r, "text/html; charset=utf-8", "no-store", []byte(notBuilt))
	case name == "player.html":
		h.servePlayer(w, r)
	case name == "index.html" || !h.serveFile(w, r, name):
		header.Set("Content-Security-Policy", h.appPolicy)
		write(w, r, "text/html; charset=utf-8", "no-store", h.page(r.URL.Path))
	}
}

// page is the app, with hints of what the screen at a path will load.
func (h *handler) page(path string) []byte {
	if hints := h.hints(path); hints != "" {
		return []byte(strings.Replace(string(h.index), "</head>", hints+"</head>", 1))
	}
	return h.index
}

func (h *handler) servePlayer(w http.ResponseWriter, r *http.Request) {
	var b [16]byte
	rand.Read(b[:]) // never fails
	nonce := base64.RawStdEncoding.EncodeToString(b[:])
	w.Header().Set("Content-Security-Policy", fmt.Sprintf(playerPolicy, nonce, h.ancestors))
	write(w, r, "text/html; charset=utf-8", "no-store", []byte(strings.ReplaceAll(h.player, noncePlaceholder, nonce)))
}

// serveFile answers with a file of the build, or with 404 for what can only be a file.
// It reports false for a path that is a screen of the app.
func (h *handler) serveFile(w http.ResponseWriter, r *http.Request, name string) bool {
	hashed := strings.HasPrefix(name, "assets/")
	content, err := fs.ReadFile(h.files, name)
	if err != nil || strings.HasPrefix(name, ".") {
		if !hashed && !isFileName(name) {
			return false
		}
		http.Error(w, "Not found", http.StatusNotFound)
		return true
	}
	cache := "no-cache"
	if hashed { // Vite puts a hash of the content into the name
		cache = "public, max-age=31536000, immutable"
	}
	w.Header().Set("Content-Security-Policy", h.appPolicy)
	// The player may stand on another origin than the app; its script is public.
	w.Header().Set("Cross-Origin-Resource-Policy", "same-site")
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	write(w, r, kind, cache, h.packs.of(w, r, name, content))
	return true
}

// isFileName tells a file at the top level ("favicon.ico", "robots.txt") from a screen. Deeper
// paths are screens even with a dot in them: release versions have some.
func isFileName(name string) bool {
	return !strings.Contains(name, "/") && path.Ext(name) != ""
}

func write(w http.ResponseWriter, r *http.Request, kind, cache string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(body) // the client went away: nobody is left to tell
	}
}

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Hindsight</title>
<h1>Hindsight is running, its UI was not built</h1>
<p>Events are received and the API answers. Run <code>make ui</code>, then build the binary again.</p>
</html>
`
