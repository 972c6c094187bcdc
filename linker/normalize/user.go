package normalize

import (
	"net/netip"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

func user(ev *envelope.Event, in Input) {
	if u := ev.User; u != nil {
		for _, s := range []*string{&u.ID, &u.Email, &u.Username, &u.Name, &u.Segment, &u.SentryUser} {
			*s, _ = envelope.CutText(strings.TrimSpace(*s), maxName)
		}
		trimObject(u.Data, maxDepth, maxContextBytes)
		trimObject(u.Geo, 2, 1024)
	}
	address(ev, in)
	if u := ev.User; u != nil && UserKey(u) == "" && u.Name+u.Segment+u.SentryUser == "" && len(u.Geo)+len(u.Data) == 0 {
		ev.User = nil // SDKs send {} for nobody
	}
}

// address finds out the user's IP address: what the SDK said, what the web server told it, or the
// connection's where the connection is the user's.
func address(ev *envelope.Event, in Input) {
	said := ""
	if ev.User != nil {
		said = strings.TrimSpace(ev.User.IPAddress)
		ev.User.IPAddress = ""
	}
	set := func(ip string) {
		if ip == "" {
			return
		}
		if ev.User == nil {
			ev.User = &envelope.User{}
		}
		ev.User.IPAddress = ip
	}
	auto := said == "{{auto}}"
	if said != "" && !auto {
		if ip := parseIP(said); ip != "" {
			set(ip)
			return
		}
		ev.Invalid("not an IP address", quote(said), "user", "ip_address")
	}
	if ev.Request != nil {
		if ip := parseIP(ev.Request.Env.Text("REMOTE_ADDR")); ip != "" {
			set(ip)
			return
		}
	}
	if auto || infersIP(ev, in) {
		set(parseIP(in.RemoteAddr))
	}
}

func infersIP(ev *envelope.Event, in Input) bool {
	setting := ""
	if ev.SDK != nil {
		setting = ev.SDK.Settings.Text("infer_ip")
	}
	if setting == "" && in.SDK != nil {
		setting = in.SDK.InferIP
	}
	switch setting {
	case "never":
		return false
	case "auto":
		return true
	}
	return ev.Platform == "javascript" || ev.Platform == "cocoa" || ev.Platform == "objc"
}

// parseIP gives the address in its one spelling, or "".
func parseIP(s string) string {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.Unmap().WithZone("").String()
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().Unmap().WithZone("").String()
	}
	return ""
}

// UserKey is the one text that stands for a user: the first of id, email, username and IP address
// that is known, as "id:7". Empty when nothing is.
func UserKey(u *envelope.User) string {
	switch {
	case u == nil:
		return ""
	case u.ID != "":
		return "id:" + u.ID
	case u.Email != "":
		return "email:" + u.Email
	case u.Username != "":
		return "username:" + u.Username
	case u.IPAddress != "":
		return "ip:" + u.IPAddress
	}
	return ""
}
