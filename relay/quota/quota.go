package quota

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// Scope is whose quota it is; the words are those of the rate-limit header.
type Scope string

// The scopes, from the narrowest.
const (
	ScopeKey          Scope = "key"
	ScopeProject      Scope = "project"
	ScopeOrganization Scope = "organization"
)

// Quota is a bound on what may be taken in a window of time (protocol.md §11.4).
type Quota struct {
	ID         string   // names it among the quotas of its scope
	Scope      Scope    // of ScopeID
	ScopeID    string   // a public key, or a number
	Categories []string // of items it is for; empty: all, each item counting once
	Limit      int64    // in items (bytes, for attachment and log_byte); 0: nothing is taken
	Window     time.Duration
	Reason     string // a short word for header and outcome
}

func (q *Quota) key() string {
	return string(q.Scope) + "/" + q.ScopeID + "/" + q.ID + "/" + strconv.FormatInt(int64(q.Window/time.Second), 10)
}

func (q *Quota) covers(category string) bool {
	return len(q.Categories) == 0 || slices.Contains(q.Categories, category)
}

// Amounts is how much a request, or a part of it, counts for.
type Amounts struct {
	Items      int64 // counted once each
	Categories map[string]int64
}

// Add adds n of a category.
func (a *Amounts) Add(category string, n int64) {
	if a.Categories == nil {
		a.Categories = make(map[string]int64, 4)
	}
	a.Categories[category] += n
}

// of is what a quota counts of the amounts.
func (q *Quota) of(a *Amounts) int64 {
	if len(q.Categories) == 0 {
		return a.Items
	}
	n := int64(0)
	for _, c := range q.Categories {
		n += a.Categories[c]
	}
	return n
}

// Limited is a quota that is used up and was in the way of something.
type Limited struct {
	Quota
	Left time.Duration // until the window ends
}

// zeroLeft is told of quotas that never open: a client may ask again after it.
const zeroLeft = time.Minute

// Unlimited as a Limit only counts.
const Unlimited = math.MaxInt64
