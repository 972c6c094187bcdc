package settings

// Ownership says what follows from whose errors are. The rules themselves are in a table of their own: they may be long, and no relay asks for them.
type Ownership struct {
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
	AssignOwner   AutoAssign = "owner"   // the first owner of the last rule that matches
	AssignSuspect AutoAssign = "suspect" // whose commit last touched the code; when there is none, as AssignOwner
)

func (o *Ownership) check(c *checker) {
	switch o.AutoAssign {
	case "", AssignOwner, AssignSuspect:
	default:
		c.add("ownership.autoAssign", "must be empty, %q or %q", AssignOwner, AssignSuspect)
	}
}
