package outbound

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestWhereItMayGo(t *testing.T) {
	c := Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, Ports: []uint16{8443}}
	for address, want := range map[string]bool{
		"93.184.215.14:443": true, "93.184.215.14:80": true, "93.184.215.14:8443": true, "93.184.215.14:22": false,
		"[2606:2800:220:1::1]:443": true,
		"0.0.0.0:80":               false, "127.0.0.1:80": false, "127.8.8.8:443": false, "10.0.0.1:443": false, "172.16.5.5:443": false,
		"192.168.1.1:443": false, "100.64.0.1:443": false, "169.254.169.254:80": false, "224.0.0.1:443": false, "240.0.0.1:443": false,
		"255.255.255.255:443": false, "198.18.0.1:443": false, "[::1]:443": false, "[::]:443": false, "[fe80::1]:443": false,
		"[fc00::1]:443": false, "[ff02::1]:443": false, "[64:ff9b::7f00:1]:443": false, "[2002:7f00:1::]:443": false,
		"[::ffff:127.0.0.1]:443": false, "[::127.0.0.1]:443": false, "[2001:db8::1]:443": false,
		"10.1.2.3:22": true,
	} {
		ap := netip.MustParseAddrPort(address)
		ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
		if got := c.allowed(ap) || c.public(ap); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

func TestClient(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // would make every request fail
	hits := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits++
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/", http.StatusFound)
		}
	}))
	defer srv.Close()
	port := srv.Listener.Addr().(*net.TCPAddr).Port
	closed := New(Config{AllowHTTP: true, Ports: []uint16{uint16(port)}})
	for _, url := range []string{srv.URL, "http://localhost:" + srv.URL[len("http://127.0.0.1:"):], "ftp://93.184.215.14/", "https://u:p@93.184.215.14/"} {
		if _, err := closed.Get(url); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v, want it forbidden", url, err)
		}
	}
	if hits != 0 {
		t.Fatalf("%d requests arrived", hits)
	}
	open := New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	resp, err := open.Get(srv.URL + "/away")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusFound || hits != 1 {
		t.Errorf("status %d after %d requests: a redirect was followed", resp.StatusCode, hits)
	}
}
