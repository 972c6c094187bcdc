package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// ErrForbidden says that a request would have gone where none may go.
var ErrForbidden = errors.New("address is not allowed for outbound requests")

// Config says where a client may go. The zero value: https to public addresses, port 443 and 80.
type Config struct {
	// Allow are internal networks that may be reached, with any port and also by http. It is the
	// operator's setting, never a project's.
	Allow     []netip.Prefix
	AllowHTTP bool          // to public addresses
	Ports     []uint16      // besides 80 and 443
	Timeout   time.Duration // of a whole request; 10 s
}

// New returns a client.
func New(cfg Config) *http.Client {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	return &http.Client{
		Timeout:       cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &transport{
			tls:   cfg.transport(func(ap netip.AddrPort) bool { return cfg.allowed(ap) || cfg.public(ap) }),
			plain: cfg.transport(func(ap netip.AddrPort) bool { return cfg.allowed(ap) || cfg.AllowHTTP && cfg.public(ap) }),
		},
	}
}

func (c Config) transport(may func(netip.AddrPort) bool) *http.Transport {
	d := &net.Dialer{
		Timeout: 5 * time.Second,
		Control: func(network, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil || !may(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())) {
				return fmt.Errorf("%w: %s", ErrForbidden, address)
			}
			return nil
		},
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return d.DialContext(ctx, network, address)
		},
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    8,
		MaxIdleConns:           64,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  c.Timeout,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// transport sends by the scheme, and refuses what is neither.
type transport struct{ tls, plain *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.User != nil {
		return nil, fmt.Errorf("%w: credentials in the address", ErrForbidden)
	}
	switch r.URL.Scheme {
	case "https":
		return t.tls.RoundTrip(r)
	case "http":
		return t.plain.RoundTrip(r)
	}
	return nil, fmt.Errorf("%w: scheme %q", ErrForbidden, r.URL.Scheme)
}

// CloseIdleConnections implements what http.Client asks for.
func (t *transport) CloseIdleConnections() {
	t.tls.CloseIdleConnections()
	t.plain.CloseIdleConnections()
}

func (c Config) allowed(ap netip.AddrPort) bool {
	return slices.ContainsFunc(c.Allow, func(p netip.Prefix) bool { return p.Contains(ap.Addr()) })
}

func (c Config) public(ap netip.AddrPort) bool {
	if p := ap.Port(); p != 443 && p != 80 && !slices.Contains(c.Ports, p) {
		return false
	}
	ip := ap.Addr()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Zone() != "" {
		return false
	}
	return !slices.ContainsFunc(reserved(), func(p netip.Prefix) bool { return p.Contains(ip) })
}

// reserved are ranges beyond those that netip knows: not on the Internet, or a way to somewhere
// that is not (IANA special-purpose registries).
func reserved() []netip.Prefix {
	var list []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}
