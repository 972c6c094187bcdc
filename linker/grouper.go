package linker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/hindsight-dev/hindsight/linker/grouping"
	"github.com/hindsight-dev/hindsight/linker/grouping/rules"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// rulesAge is how old a project's rules may be when an event is grouped: a change holds within it.
const rulesAge = 2 * time.Second

// groupers keeps the rules of projects, compiled once for each change.
type groupers struct {
	store *store.Store
	now   func() time.Time

	mu sync.Mutex
	m  map[int64]*grouper
}

type grouper struct {
	read   time.Time
	text   ruleTexts
	config *grouping.Config
	assign assignment
}

// ruleTexts are what rules are compiled of.
type ruleTexts struct {
	grouping  settings.Grouping
	ownership settings.Ownership
}

// of gives the rules of a project. Rules that cannot be read, which the API does not let in, say nothing; nor
// does a project that is gone, whose items are refused when they are stored.
func (g *groupers) of(ctx context.Context, org, project int64) (*grouping.Config, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	old := g.m[project]
	if old != nil && now.Sub(old.read) < rulesAge {
		return old.config, nil
	}
	p, err := g.store.Project(ctx, store.Scope{OrgID: org}, strconv.FormatInt(project, 10))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("rules of project %d: %w", project, err)
	}
	doc, err := settings.Parse([]byte(p.Settings))
	if err != nil {
		doc = settings.Default() // as the edge does with what it cannot read
	}
	texts := ruleTexts{doc.Grouping, doc.Ownership}
	if old != nil && old.text == texts {
		old.read = now
		return old.config, nil
	}
	next := &grouper{read: now, text: texts, config: new(grouping.Config)}
	if next.assign, err = g.assignmentOf(ctx, org, project, doc.Ownership); err != nil {
		return nil, fmt.Errorf("rules of project %d: %w", project, err)
	}
	if r, err := rules.ParseFingerprints(doc.Grouping.FingerprintRules); err == nil {
		next.config.Fingerprints = r
	}
	if r, err := rules.ParseStackTraces(doc.Grouping.StackTraceRules); err == nil {
		next.config.StackTraces = r
	}
	if g.m == nil {
		g.m = map[int64]*grouper{}
	}
	g.m[project] = next
	return next.config, nil
}

// assignment gives what a project's new issues are assigned by, as old as its rules.
func (g *groupers) assignment(project int64) assignment {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known := g.m[project]; known != nil {
		return known.assign
	}
	return assignment{}
}
