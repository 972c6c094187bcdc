package symbolicate

import (
	"net/url"
	"path"
	"strings"
)

// candidates gives the names a file of a URL may have in a release, the best first: the URL without fragment,
// without query, and both with ~ for scheme and host.
func candidates(raw string) []string {
	raw, _, _ = strings.Cut(raw, "#")
	plain, query, hasQuery := strings.Cut(raw, "?")
	out := []string{raw}
	if hasQuery {
		out = append(out, plain)
	}
	if p, ok := pathOf(plain); ok {
		if hasQuery {
			out = append(out, "~"+p+"?"+query)
		}
		out = append(out, "~"+p)
	}
	return out
}

// pathOf gives what follows the host of a URL, with its first slash.
func pathOf(raw string) (string, bool) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || strings.ContainsAny(scheme, "/?~") {
		return "", false
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return "/", true
	}
	return rest[i:], true
}

// isURL says whether a frame's place is a URL, as opposed to a path on a disk or "<anonymous>".
func isURL(s string) bool {
	_, ok := pathOf(s)
	return ok
}

// resolve gives the place a reference in a file leads to. Bases are URLs, or begin with ~/ as files of a release do.
func resolve(base, ref string) string {
	ref = strings.TrimSpace(ref)
	if isURL(ref) || strings.HasPrefix(ref, "~/") || strings.HasPrefix(ref, "data:") {
		return ref
	}
	base, _, _ = strings.Cut(base, "#")
	base, _, _ = strings.Cut(base, "?")
	head, p := "", base
	if rest, ok := pathOf(base); ok {
		head, p = strings.TrimSuffix(base, rest), rest
	} else if strings.HasPrefix(base, "~/") {
		head, p = "~", base[1:]
	}
	if strings.HasPrefix(ref, "//") {
		scheme, _, _ := strings.Cut(head, "://")
		return scheme + ":" + ref
	}
	ref, query, hasQuery := strings.Cut(ref, "?")
	if strings.HasPrefix(ref, "/") {
		p = path.Clean(ref)
	} else {
		p = path.Join(path.Dir(p), ref)
	}
	if head != "" && !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	for head != "" && strings.HasPrefix(p, "/../") {
		p = p[3:]
	}
	if hasQuery {
		p += "?" + query
	}
	return head + p
}

// sourceNames gives a mapped frame's file: abs, where it is said to lie, and name, what people call it. A map's
// sources are relative to the map, or carry a bundler's scheme.
func sourceNames(source, mapURL string) (abs, name string) {
	source = strings.ReplaceAll(source, `\`, "/")
	if scheme, rest, ok := strings.Cut(source, "://"); ok && !strings.ContainsAny(scheme, "/?") {
		abs = source
		rest, _, _ = strings.Cut(rest, "?") // webpack adds a hash
		if scheme != "http" && scheme != "https" {
			// webpack://name/./src/a.ts, webpack:///./src/a.ts
			if i := strings.Index(rest, "/"); i >= 0 {
				rest = rest[i+1:]
			}
		} else if i := strings.IndexByte(rest, '/'); i >= 0 {
			rest = rest[i+1:]
		}
		return abs, relative(rest)
	}
	abs = resolve(mapURL, source)
	if u, err := url.PathUnescape(source); err == nil && u != "" {
		source = u
	}
	return abs, relative(source)
}

// relative takes from a path what says how to get there from the map.
func relative(p string) string {
	p, _, _ = strings.Cut(p, "?")
	p = strings.TrimPrefix(p, "~/")
	for {
		switch {
		case strings.HasPrefix(p, "./"):
			p = p[2:]
		case strings.HasPrefix(p, "../"):
			p = p[3:]
		default:
			return p
		}
	}
}
