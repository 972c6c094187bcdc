package linker

import (
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/ownership"
	"github.com/hindsight-dev/hindsight/settings"
)

// ownersOf reads a project's ownership rules where new issues are assigned by them; else there are none.
func ownersOf(o settings.Ownership) ownership.Rules {
	if o.AutoAssign != settings.AssignOwner {
		return nil
	}
	rules, err := ownership.Parse(o.Raw)
	if err != nil { // the API does not let them in
		return nil
	}
	return rules
}

// owners says whose an event is, when its issue is a new one.
func owners(rules ownership.Rules, ev *envelope.Event) func() []string {
	if len(rules) == 0 {
		return nil
	}
	return func() []string {
		r := rules.Match(ownership.EventOf(ev))
		if r == nil {
			return nil
		}
		out := make([]string, len(r.Owners))
		for n, o := range r.Owners {
			out[n] = o.String()
		}
		return out
	}
}
