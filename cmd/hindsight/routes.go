package main

import (
	"context"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/mcp"
	"github.com/hindsight-dev/hindsight/relay"
	"github.com/hindsight-dev/hindsight/ui"
)

// handler is the table of everything on the main address: SDKs at /api/<digits>/, tools at /api/0/,
// people everywhere else.
func (h *house) handler(s *Settings, p parts) (http.Handler, error) {
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	r.HandleFunc("/healthz", healthz)
	r.HandleFunc("/readyz", h.readyz)
	if s.InternalListen == "" {
		r.Handle("/metrics", h.metricsHandler())
	}
	if p.relay {
		if s.Tunnel != "" {
			r.Path(s.Tunnel).Handler(h.relay.Tunnel(s.tunnelAllow))
		}
		r.MatcherFunc(func(r *http.Request, _ *mux.RouteMatch) bool { return h.relay.Match(r) }).Handler(h.relay)
	}
	if p.api {
		apiHandler, err := h.apiHandler(s)
		if err != nil {
			return nil, err
		}
		r.MatcherFunc(isManagement).Handler(apiHandler)
		r.Path("/mcp").Handler(mcp.New(mcp.Config{API: apiHandler, Version: version, Write: s.MCPWrite}))
	}
	if p.api {
		screens, err := ui.New(ui.Config{AppOrigin: s.BaseURL, ReplayOrigin: s.ReplayOrigin})
		if err != nil {
			return nil, err
		}
		r.PathPrefix("/").Handler(screens)
	}
	return r, nil
}

// isManagement is /api/0/….
func isManagement(r *http.Request, _ *mux.RouteMatch) bool {
	path := foldSlashes(r.URL.Path)
	return path == "/api/0" || strings.HasPrefix(path, "/api/0/")
}

// foldSlashes makes one slash of several, as SDKs with a slash too many in their DSN need it.
func foldSlashes(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

func (h *house) apiHandler(s *Settings) (http.Handler, error) {
	base, err := baseURL(s)
	if err != nil {
		return nil, err
	}
	proxies, err := s.trustedProxies()
	if err != nil {
		return nil, err
	}
	cfg := api.Config{Store: h.store, Blobs: h.blobs, BaseURL: base, EvidenceScript: ui.EvidenceScript(), Version: version, Log: h.log, Secrets: h.box, Mail: s.SMTPHost != "",
		ClientAddr: func(r *http.Request) netip.Addr { return relay.ClientAddr(r, proxies) }}
	cfg.Retention, cfg.Recordings = s.retention(), s.recordings()
	cfg.Machine = func(ctx context.Context) api.Machine { return h.machine(ctx, s.DataDir) }
	if s.OIDCIssuer != "" {
		if cfg.SignOn, err = h.signOn(s); err != nil {
			return nil, err
		}
	}
	if h.stream != nil {
		cfg.DeadLetters = apiDeadLetters{h.stream.DeadLetters()}
	}
	return api.New(cfg), nil
}

func (h *house) metricsHandler() http.Handler {
	return promhttp.HandlerFor(h.metrics, promhttp.HandlerOpts{Registry: h.metrics})
}

// internalServer serves what only operators should reach.
type internalServer struct {
	*http.Server
	ln net.Listener
}

func (i internalServer) serve() error { return i.Serve(i.ln) }

func listenInternal(s *Settings, h *house) (*internalServer, error) {
	ln, err := net.Listen("tcp", s.InternalListen)
	if err != nil {
		return nil, err
	}
	m := http.NewServeMux()
	m.Handle("/metrics", h.metricsHandler())
	m.HandleFunc("/healthz", healthz)
	m.HandleFunc("/readyz", h.readyz)
	m.HandleFunc("/debug/pprof/", pprof.Index)
	m.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	m.HandleFunc("/debug/pprof/profile", pprof.Profile)
	m.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	m.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return &internalServer{Server: newServer(m), ln: ln}, nil
}
