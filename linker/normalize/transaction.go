package normalize

import (
	"regexp"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

var (
	// identifier is a path segment that names one thing of many.
	identifier = regexp.MustCompile(`(?i)^(?:\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}|[^/@\s]+@[^/@\s]+\.[a-z]+|[\w-]*\d{3,}[\w-]*)$`)

	measurementName = regexp.MustCompile(`^[a-z0-9_.]{1,200}$`)
)

// transaction gives a transaction its name and its measurements their units.
func transaction(ev *envelope.Event) {
	if ev.Type != "transaction" {
		ev.Measurements = nil // only transactions have them
		return
	}
	if ev.Transaction == "" {
		ev.Transaction = "<unlabeled transaction>"
	}
	if ev.TransactionInfo.Text("source") == "url" {
		if name := pattern(ev.Transaction); name != ev.Transaction {
			ev.TransactionInfo.SetText("original", ev.Transaction)
			ev.TransactionInfo.SetText("source", "sanitized")
			ev.Transaction = name
		}
	}
	for _, name := range sorted(ev.Measurements) {
		m := ev.Measurements[name]
		lower := strings.ToLower(name)
		if !measurementName.MatchString(lower) {
			ev.Invalid("not a measurement name", nil, "measurements", name)
			delete(ev.Measurements, name)
			continue
		}
		if m.Unit == "" {
			m.Unit = unitOf(lower)
		}
		m.Unit, _ = envelope.CutText(m.Unit, 15)
		if lower != name {
			delete(ev.Measurements, name)
		}
		ev.Measurements[lower] = m
	}
}

// pattern replaces what identifies one thing in a path: /orders/4711 becomes /orders/*.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		if i > 0 && identifier.MatchString(p) {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

func unitOf(name string) string {
	switch name {
	case "fp", "fcp", "lcp", "fid", "inp", "ttfb", "ttfb.requesttime", "app_start_cold", "app_start_warm",
		"stall_total_time", "stall_longest_time":
		return "millisecond"
	case "frames_slow_rate", "frames_frozen_rate", "stall_percentage":
		return "ratio"
	}
	return "none"
}
