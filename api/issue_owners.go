package api

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/internal/ownership"
	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/store"
)

// IssueOwner is one whose an issue may be, and why.
type IssueOwner struct {
	Type      string    `json:"type" enum:"suspectCommit,ownershipRule,codeowners"`
	Owner     string    `json:"owner" doc:"user:1 or team:1"`
	DateAdded time.Time `json:"date_added"`
}

// issueOwners says whose issues are by their newest event: the authors of suspect commits first, then the owners by the project's rules.
// It costs a look at an event for each issue, and the rules of each project once.
func (a *API) issueOwners(ctx context.Context, rq *request, rows []store.Issue) (map[int64][]IssueOwner, error) {
	ms, err := a.Store.Members(ctx, rq.scope)
	if err != nil {
		return nil, a.fail("read members", err)
	}
	rules := map[int64]ownership.Rules{}
	out := map[int64][]IssueOwner{}
	for n := range rows {
		i := &rows[n]
		if _, known := rules[i.ProjectID]; !known {
			raw, err := a.Store.OwnershipRules(ctx, rq.scope, i.ProjectID)
			if err != nil {
				return nil, a.fail("read ownership rules", err)
			}
			if rules[i.ProjectID], err = ownership.Parse(raw); err != nil {
				return nil, a.fail("read ownership rules", err)
			}
		}
		e, err := a.Store.IssueEvent(ctx, rq.scope, i.ID, true, nil)
		if errors.Is(err, store.ErrNotFound) { // its events have gone with age
			continue
		} else if err != nil {
			return nil, a.fail("read newest event", err)
		}
		if out[i.ID], err = a.eventOwners(ctx, rq, e, rules[i.ProjectID], ms); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a *API) eventOwners(ctx context.Context, rq *request, e *store.Event, rules ownership.Rules, ms []store.Member) (out []IssueOwner, err error) {
	ev, _ := a.stored(e)
	add := func(kind, owner string) {
		for _, o := range out {
			if o.Type == kind && o.Owner == owner {
				return
			}
		}
		out = append(out, IssueOwner{Type: kind, Owner: owner, DateAdded: at(e.ReceivedMS)})
	}
	commits, err := a.Store.SuspectCommits(ctx, rq.scope, e.Release, grouping.InAppPaths(ev))
	if err != nil {
		return nil, a.fail("read suspect commits", err)
	}
	for n := range commits {
		for _, m := range ms {
			if commits[n].AuthorEmail != "" && strings.EqualFold(m.Email, commits[n].AuthorEmail) {
				add("suspectCommit", "user:"+itoa(m.ID))
			}
		}
	}
	rule := rules.Match(ownership.EventOf(ev))
	if rule == nil {
		return out, nil
	}
	kind := "ownershipRule"
	if rule.Kind == "codeowners" {
		kind = "codeowners"
	}
	owners, err := a.actors(ctx, rq, rule.Owners)
	for _, o := range owners {
		add(kind, o.Type+":"+o.ID)
	}
	return out, err
}
