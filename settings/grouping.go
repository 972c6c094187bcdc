package settings

import "strings"

// Grouping is what owners say about which events are the same issue, in Sentry's syntax (package
// linker/grouping/rules reads it). One rule a line; lines with # are comments.
type Grouping struct {
	FingerprintRules string `json:"fingerprintRules"` // Sentry's fingerprintingRules
	StackTraceRules  string `json:"stackTraceRules"`  // Sentry's groupingEnhancements
}

// maxGrouping bounds one set of rules in bytes, so that both fit into a document.
const maxGrouping = 24 << 10

func (g *Grouping) check(c *checker) {
	for _, r := range []struct{ field, text string }{{"grouping.fingerprintRules", g.FingerprintRules}, {"grouping.stackTraceRules", g.StackTraceRules}} {
		if len(r.text) > maxGrouping {
			c.add(r.field, "is longer than %d bytes", maxGrouping)
		}
		if strings.ContainsFunc(r.text, func(x rune) bool { return x < ' ' && x != '\n' && x != '\r' && x != '\t' || x == 0x7f || x == '\ufffd' }) {
			c.add(r.field, "has characters that are no text")
		}
	}
}
