package grouping

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// reportV2 is a browser's security report: which rule was broken by whom. Each page a rule is broken on is not an
// issue of its own.
func reportV2(ev *envelope.Event) *Component {
	raw, ok := ev.Other[ev.Type]
	if !ok {
		return nil
	}
	var r map[string]any
	if json.Unmarshal(raw, &r) != nil {
		return nil
	}
	text := func(names ...string) string {
		for _, n := range names {
			if s, ok := r[n].(string); ok && s != "" {
				return s
			}
		}
		return ""
	}
	switch ev.Type {
	case "csp":
		directive, _, _ := strings.Cut(text("effective_directive", "effective-directive", "violated_directive", "violated-directive"), " ")
		return node("csp", leaf("directive", directive), leaf("blocked", blocked(text("blocked_uri", "blocked-uri"), text("document_uri", "document-uri"))))
	case "hpkp", "expectct", "expectstaple":
		return node(ev.Type, leaf("hostname", text("hostname")))
	}
	return nil
}

// blocked is who broke a rule: another site by its host, the page itself, or a kind of source.
func blocked(uri, document string) string {
	switch uri {
	case "", "self", "'self'":
		return "self"
	case "inline", "eval", "wasm-eval", "trusted-types-policy", "trusted-types-sink":
		return uri
	}
	u, err := url.Parse(uri)
	if err != nil {
		return Parameterize(uri)
	}
	switch u.Scheme {
	case "http", "https", "ws", "wss":
		if d, err := url.Parse(document); err == nil && d.Host == u.Host {
			return "self"
		}
		return u.Hostname()
	case "":
		return uri
	}
	return u.Scheme + ":"
}

// monitorV2 is a scheduled job's failure: the job and what went wrong with it.
func monitorV2(ev *envelope.Event) *Component {
	slug := ev.Contexts.Text("monitor", "slug")
	if slug == "" || len(ev.Exceptions) > 0 || ev.Type == "transaction" {
		return nil
	}
	kind := ev.Contexts.Text("monitor", "status")
	if kind == "" && ev.Message != nil {
		kind = Parameterize(ev.Message.Formatted)
	}
	return node("monitor", leaf("slug", slug), leaf("status", kind), leaf("environment", ev.Environment))
}
