package relay

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// peerAddr is the address of the socket's other end.
func peerAddr(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap().WithZone("")
}

// ClientAddr is the address of the client: the socket's, unless that is a trusted proxy. Then
// X-Forwarded-For is walked from the right, where the proxies we trust wrote, up to the first
// address that is none of them; what stands left of it is the client's own claim.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	ip := peerAddr(r)
	if !contains(trusted, ip) {
		return ip
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if host, _, err := net.SplitHostPort(hop); err == nil {
			hop = host
		}
		next, err := netip.ParseAddr(strings.Trim(hop, "[]"))
		if err != nil {
			return ip
		}
		ip = next.Unmap().WithZone("")
		if !contains(trusted, ip) {
			return ip
		}
	}
	return ip
}

func contains(prefixes []netip.Prefix, ip netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
