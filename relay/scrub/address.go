package scrub

import (
	"bytes"
	"net/netip"
)

// Truncate gives the network that is kept of an address: the /24, or the /48 of IPv6.
func Truncate(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr()
}

// truncated gives what stands for the text of an address; false when that is the text itself, or
// it is no address.
func truncated(t string) (string, bool) {
	ip, err := netip.ParseAddr(t)
	if err != nil {
		return t, false
	}
	short := Truncate(ip).String()
	return short, short != t
}

// remove empties a known address field, whatever it holds, or keeps the network of what it holds.
func (p *pass) remove(i int) int {
	end := skipValue(p.src, i)
	v := p.src[i:end]
	if p.s.truncate && v[0] == '"' {
		t := unquote(v)
		if short, changed := truncated(t); changed {
			p.found(i, end, quote(short), len(t), remark{rule: ruleIP, end: len(short)})
			return end
		} else if short != "" && !isHost(t) {
			return end // the network already, or a placeholder such as {{auto}}
		}
	}
	if !bytes.Equal(v, []byte("null")) && !bytes.Equal(v, []byte(`""`)) {
		p.found(i, end, []byte("null"), -1, remark{rule: ruleRemoved, removed: true})
	}
	return end
}

// isHost says whether a text that stands for an address is something else than the network of one
// or a placeholder: an address with a port, a list of them. It cannot be cut short safely.
func isHost(t string) bool {
	if _, err := netip.ParseAddr(t); err == nil {
		return false
	}
	return t != "{{auto}}"
}
