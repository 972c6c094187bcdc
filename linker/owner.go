package linker

import (
	"context"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/ownership"
	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// assignment is to whom a project's new issues are assigned.
type assignment struct {
	suspects bool // to whose commit it was, first
	rules    ownership.Rules
}

// assignmentOf reads a project's ownership rules where new issues are assigned; else there are none.
func (g *groupers) assignmentOf(ctx context.Context, org, project int64, o settings.Ownership) (assignment, error) {
	if o.AutoAssign == "" {
		return assignment{}, nil
	}
	raw, err := g.store.OwnershipRules(ctx, store.Scope{OrgID: org}, project)
	if err != nil {
		return assignment{}, err
	}
	rules, err := ownership.Parse(raw)
	if err != nil { // the API does not let them in
		rules = nil
	}
	return assignment{suspects: o.AutoAssign == settings.AssignSuspect, rules: rules}, nil
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

// suspectPaths are the files by which a new issue's suspect commits are found.
func (to assignment) suspectPaths(ev *envelope.Event) []string {
	if !to.suspects {
		return nil
	}
	return grouping.InAppPaths(ev)
}
