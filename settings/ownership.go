package settings

import "strings"

// Ownership says whose errors are, in Sentry's syntax (package internal/ownership reads it), and what follows.
type Ownership struct {
	Raw string `json:"raw,omitempty"`
	// NoFallthrough: what no rule matches is nobody's, instead of everybody's.
	NoFallthrough      bool       `json:"noFallthrough,omitempty"`
	AutoAssign         AutoAssign `json:"autoAssign,omitempty"`
	CodeownersAutoSync bool       `json:"codeownersAutoSync,omitempty"` // kept for those who set it: no repository is asked
	CreatedMS          int64      `json:"createdMs,omitempty"`          // when it was first said
	UpdatedMS          int64      `json:"updatedMs,omitempty"`
}

// AutoAssign says to whom a new issue is assigned by itself.
type AutoAssign string

// Whom a new issue can be assigned to; the empty one is nobody.
const (
	AssignOwner AutoAssign = "owner" // the first owner of the last rule that matches
)

// maxOwnership bounds the rules in bytes, so that they fit into a document beside those of grouping.
const maxOwnership = 10 << 10

func (o *Ownership) check(c *checker) {
	if len(o.Raw) > maxOwnership {
		c.add("ownership.raw", "is longer than %d bytes", maxOwnership)
	}
	if strings.ContainsFunc(o.Raw, func(x rune) bool { return x < ' ' && x != '\n' && x != '\r' && x != '\t' || x == 0x7f || x == '\ufffd' }) {
		c.add("ownership.raw", "has characters that are no text")
	}
	if o.AutoAssign != "" && o.AutoAssign != AssignOwner {
		c.add("ownership.autoAssign", "must be empty or %q", AssignOwner)
	}
}
