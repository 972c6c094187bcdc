package normalize

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Limits of §6.1 and §6.12 of the protocol, in characters unless said otherwise.
const (
	maxName       = 200 // release, transaction, culprit, tag values
	maxShort      = 64  // logger, dist, environment
	maxServerName = 256
	maxType       = 256
	maxMessage    = 8192
	maxPath       = 2048

	maxExtraBytes   = 256 << 10
	maxValueBytes   = 16 << 10
	maxContextBytes = 8 << 10
	maxModulesBytes = 8 << 10
	maxDepth        = 7
)

func attributes(ev *envelope.Event) {
	cut(ev, &ev.Logger, maxShort, "logger")
	cut(ev, &ev.ServerName, maxServerName, "server_name")
	cut(ev, &ev.Site, maxName, "site")
	ev.Transaction = strings.TrimSpace(ev.Transaction)
	cut(ev, &ev.Transaction, maxName, "transaction")
	cut(ev, &ev.Culprit, maxName, "culprit")
	if ev.Environment == "" {
		ev.Environment = ev.Tag("environment")
	}
	ev.Release = cleaned(ev, ev.Release, "release", validRelease)
	cut(ev, &ev.Release, maxName, "release")
	ev.Environment = cleaned(ev, ev.Environment, "environment", validEnvironment)
	cut(ev, &ev.Environment, maxShort, "environment")
	ev.Dist = cleaned(ev, ev.Dist, "dist", validDist)
	cut(ev, &ev.Dist, maxShort, "dist")
	fingerprint(ev)
	modules(ev)
}

func cleaned(ev *envelope.Event, s, name string, valid func(string) bool) string {
	t := strings.TrimSpace(s)
	if t == "" || valid(t) {
		return t
	}
	ev.Invalid("not a valid "+name, quote(s), name)
	return ""
}

// validRelease takes a slash, which Sentry refuses in events: releases of npm packages with a scope ("@acme/shop@1.0") are
// made by sentry-cli and the bundler plugins, and an event must find its release's source maps.
func validRelease(s string) bool {
	return s != "." && s != ".." && !strings.EqualFold(s, "latest") && !strings.Contains(s, `\`) && printable(s)
}

func validEnvironment(s string) bool {
	return s != "." && s != ".." && !strings.EqualFold(s, "none") && !strings.Contains(s, "/") && printable(s)
}

func validDist(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r))
	}) < 0
}

func printable(s string) bool { return strings.IndexFunc(s, unicode.IsControl) < 0 }

func fingerprint(ev *envelope.Event) {
	const most = 32
	if n := len(ev.Fingerprint); n > most {
		ev.Cut(n, most, "fingerprint")
		ev.Fingerprint = ev.Fingerprint[:most]
	}
	for i := range ev.Fingerprint {
		ev.Fingerprint[i], _ = envelope.CutText(ev.Fingerprint[i], maxMessage)
	}
}

func modules(ev *envelope.Event) {
	size := 0
	for name, version := range ev.Modules {
		size += len(name) + len(version) + 6
	}
	if size <= maxModulesBytes {
		return
	}
	ev.Cut(size, maxModulesBytes, "modules")
	left := maxModulesBytes
	for _, name := range sorted(ev.Modules) {
		if left -= len(name) + len(ev.Modules[name]) + 6; left < 0 {
			delete(ev.Modules, name)
		}
	}
}

func extra(ev *envelope.Event) {
	left := maxExtraBytes
	for _, name := range sorted(ev.Extra) {
		if left <= 0 {
			ev.Removed("!limit", "extra", name)
			delete(ev.Extra, name)
			continue
		}
		v, cut := envelope.Trim(ev.Extra[name], maxDepth-1, min(maxValueBytes, left))
		if cut {
			ev.Cut(len(ev.Extra[name]), len(v), "extra", name)
		}
		ev.Extra[name] = v
		left -= len(v) + len(name)
	}
}

// cut shortens a text and says so.
func cut(ev *envelope.Event, s *string, limit int, path ...string) {
	if len(*s) <= limit {
		return
	}
	if t, short := envelope.CutText(*s, limit); short {
		ev.Cut(utf8.RuneCountInString(*s), limit, path...)
		*s = t
	}
}

func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string always encodes
	return b
}
