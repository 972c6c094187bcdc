package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"
	"github.com/gorilla/mux"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// Config is what the API needs from its surroundings.
type Config struct {
	Store       *store.Store
	Blobs       store.Blobs
	BaseURL     *url.URL       // how people reach this server; permalinks, DSNs and the cookie's Secure follow it
	DeadLetters DeadLetters    // nil: this process has no stream, the dead-letter routes answer 404
	Secrets     channel.Sealer // seals where alert channels lead; nil: channels cannot be made
	Mail        bool           // there is a mail server for alerts
	// EvidenceScript plays a recording inside an evidence file; empty: such files cannot be made.
	EvidenceScript []byte
	SignOn         *SignOn // people sign in by a provider, too; nil: they do not
	// Machine says what room there is, for the storage page; nil: not known here.
	Machine func(context.Context) Machine
	// Retention and Recordings say how long this server keeps what projects say nothing of; zeros: the usual.
	Retention  settings.Retention
	Recordings store.ReplayRetention
	// ClientAddr gives the address a request came from, for the audit log; nil: the socket's.
	ClientAddr func(*http.Request) netip.Addr
	Version    string // of the program, for /api/0/internal/health/
	Log        *slog.Logger
	Now        func() time.Time // nil: time.Now
}

// API answers /api/0/. It is an [http.Handler] for that whole prefix.
type API struct {
	Config
	huma    huma.API
	routes  []Route
	byKey   map[string]Route // "GET /api/0/…" → the entry; what is not here is refused
	handler http.Handler
	signIns *signInLimiter
	uploads chan struct{} // one place for each upload that is being read
}

// humaOnce guards huma's two package-level settings: they are process-wide and the same for every API.
var humaOnce sync.Once

// New builds the API. BaseURL must be absolute.
func New(cfg Config) *API {
	humaOnce.Do(func() {
		huma.DefaultArrayNullable = false
		huma.NewError = newHumaError
		huma.NewErrorWithContext = func(_ huma.Context, status int, msg string, errs ...error) huma.StatusError {
			return newHumaError(status, msg, errs...)
		}
	})
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	a := &API{Config: cfg, byKey: map[string]Route{}, signIns: newSignInLimiter(cfg.Now), uploads: make(chan struct{}, uploadsAtOnce)}
	router := mux.NewRouter()
	router.UseEncodedPath()
	hc := huma.DefaultConfig("Hindsight", "0")
	hc.CreateHooks = nil
	hc.DocsPath, hc.SchemasPath, hc.OpenAPIPath = "", "", ""
	hc.Info.Description = "Sentry's management API as Hindsight speaks it, and what Hindsight adds to it."
	hc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer":  {Type: "http", Scheme: "bearer"},
		"session": {Type: "apiKey", In: "cookie", Name: "hindsight_session"},
	}
	hc.Security = []map[string][]string{{"bearer": {}}, {"session": {}}}
	a.huma = humamux.New(router, hc)
	a.register(router)
	router.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeError(w, errNotFound)
	})
	router.MethodNotAllowedHandler = http.HandlerFunc(a.methodNotAllowed)
	router.Use(a.authorize)
	a.handler = a.crossOrigin(normalizePath(a.cors(router)))
	return a
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "private, no-store")
	a.handler.ServeHTTP(w, r)
}

// OpenAPI is the document the committed openapi.json is made from.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// Routes lists every route with what it needs from its caller, in the order they were declared.
func (a *API) Routes() []Route { return a.routes }

// normalizePath lets a missing last slash pass without a redirect (a 301 turns a PUT into a GET in Go
// and curl) and /groups/, Sentry's older word, stand for /issues/.
func normalizePath(next http.Handler) http.Handler {
	fix := func(p string) string {
		if p != "" && !strings.HasSuffix(p, "/") {
			p += "/"
		}
		parts := strings.SplitN(p, "/", 7) // "", api, 0, organizations, {org}, groups, …
		switch {
		case len(parts) > 3 && parts[3] == "groups":
			parts[3] = "issues"
		case len(parts) > 5 && parts[3] == "organizations" && parts[5] == "groups":
			parts[5] = "issues"
		default:
			return p
		}
		return strings.Join(parts, "/")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := *r.URL
		u.Path = fix(u.Path)
		if u.RawPath != "" {
			u.RawPath = fix(u.RawPath)
		}
		r2 := *r
		r2.URL = &u
		next.ServeHTTP(w, &r2)
	})
}

// cors lets pages of other origins read the API with a bearer token. Cookies stay same-origin.
func (a *API) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Header.Get("Origin") != "" {
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set("Access-Control-Expose-Headers", "X-Sentry-Error, X-Sentry-Direct-Hit, X-Hits, X-Max-Hits, Endpoint, Retry-After, Link")
		}
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
			h.Set("Access-Control-Allow-Headers", "X-Sentry-Auth, X-Requested-With, Origin, Accept, Content-Type, Authentication, "+
				"Authorization, Content-Encoding, sentry-trace, baggage, X-CSRFToken")
			h.Set("Access-Control-Max-Age", "3600")
			h.Set("Allow", "GET, POST, PUT, DELETE, OPTIONS")
			w.WriteHeader(http.StatusOK)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// methodNotAllowed answers 405 with the methods that the path has.
func (a *API) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, POST, PUT, DELETE, OPTIONS")
	writeError(w, &Error{status: http.StatusMethodNotAllowed, Detail: `Method "` + r.Method + `" not allowed.`})
}
