package normalize

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

const (
	maxBreadcrumbs = 100
	maxContexts    = 100
)

func contexts(ev *envelope.Event, in Input) {
	for i, name := range sorted(ev.Contexts) {
		c := ev.Contexts[name]
		if i >= maxContexts && name != "trace" && name != "replay" {
			ev.Removed("!limit", "contexts", name)
			delete(ev.Contexts, name)
			continue
		}
		if trimObject(c, maxDepth, maxContextBytes) {
			ev.Removed("!limit", "contexts", name)
		}
		if len(c) > 0 && c.Text("type") == "" {
			c.SetText("type", name)
		}
	}
	traceContext(ev)
	agentContexts(ev, in)
	if !in.ReplayID.IsZero() {
		ev.SetContext("replay", "replay_id", in.ReplayID.String())
		ev.SetContext("replay", "type", "replay")
	}
}

const traceStatuses = " ok cancelled unknown invalid_argument deadline_exceeded not_found already_exists permission_denied" +
	" resource_exhausted failed_precondition aborted out_of_range unimplemented internal_error unavailable data_loss unauthenticated "

func traceContext(ev *envelope.Event) {
	c, ok := ev.Contexts["trace"]
	if !ok {
		return
	}
	hexID(ev, c, "trace_id", func(s string) string { id, _ := envelope.ParseID(s); return id.String() })
	for _, name := range []string{"span_id", "parent_span_id"} {
		hexID(ev, c, name, func(s string) string { id, _ := envelope.ParseSpanID(s); return id.String() })
	}
	if s := c.Text("status"); s != "" {
		c.SetText("status", traceStatus(s))
	}
}

func hexID(ev *envelope.Event, c envelope.Object, name string, parse func(string) string) {
	raw, ok := c[name]
	if !ok || string(raw) == "null" {
		delete(c, name)
		return
	}
	id := parse(strings.TrimSpace(c.Text(name)))
	if id == "" {
		ev.Invalid("not an id", raw, "contexts", "trace", name)
		delete(c, name)
		return
	}
	c.SetText(name, id)
}

func traceStatus(s string) string {
	s = strings.ToLower(s)
	switch s {
	case "unknown_error":
		return "unknown"
	case "error":
		return "internal_error"
	}
	if !strings.Contains(s, " ") && strings.Contains(traceStatuses, " "+s+" ") {
		return s
	}
	return "unknown"
}

func breadcrumbs(ev *envelope.Event) {
	if n := len(ev.Breadcrumbs); n > maxBreadcrumbs {
		ev.Cut(n, maxBreadcrumbs, "breadcrumbs", "values")
		ev.Breadcrumbs = ev.Breadcrumbs[n-maxBreadcrumbs:]
	}
	for i := range ev.Breadcrumbs {
		b := &ev.Breadcrumbs[i]
		at := []string{"breadcrumbs", "values", strconv.Itoa(i)}
		if b.Type == "" {
			b.Type = "default"
		}
		switch b.Level = strings.ToLower(b.Level); b.Level {
		case "fatal", "error", "warning", "info", "debug":
		case "critical":
			b.Level = "fatal"
		case "warn":
			b.Level = "warning"
		default: // "" and "log" too
			b.Level = "info"
		}
		cut(ev, &b.Message, maxMessage, append(at, "message")...)
		b.Type, _ = envelope.CutText(b.Type, maxShort)
		b.Category, _ = envelope.CutText(b.Category, maxName)
		if trimObject(b.Data, maxDepth, maxValueBytes) {
			ev.Removed("!limit", append(at, "data")...)
		}
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
