package settings

import (
	"fmt"
	"strings"
)

// Quotas are a project's limits on what comes in.
type Quotas struct {
	Limits []Quota `json:"limits"` // all of them hold at once; at most 50
	// SpikeProtection throttles the project while it sends ten times what its week says is normal.
	SpikeProtection bool `json:"spikeProtection"`
}

// Scope says whose items a quota counts together.
type Scope string

// The scopes of a quota in a project's settings.
const (
	ScopeProject Scope = "project" // all keys of the project
	ScopeKey     Scope = "key"     // each key for itself, or the one named
)

// Quota allows so many items of some categories in a window of time.
type Quota struct {
	// ID names the quota's counter, so that a change of another quota does not reset it: up to 64
	// letters, digits, "_" and "-"; unique in the project.
	ID         string   `json:"id"`
	Scope      Scope    `json:"scope"`
	Key        string   `json:"key,omitempty"` // the public key that a ScopeKey quota is about; empty: each
	Categories []string `json:"categories"`    // data categories of the protocol; empty: all
	// Limit is the number of items let through in a window (bytes for the category attachment). 0
	// refuses everything, always.
	Limit         int64 `json:"limit"`
	WindowSeconds int   `json:"windowSeconds"` // 1 to 31 days
}

// Bounds of quotas.
const (
	maxQuotas       = 50
	maxQuotaID      = 64
	maxCategories   = 40
	maxQuotaWindow  = 31 * 24 * 3600
	maxCategoryName = 64
)

func (q *Quotas) check(c *checker) {
	c.count("quotas.limits", len(q.Limits), maxQuotas)
	seen := make(map[string]bool, len(q.Limits))
	for i := range q.Limits {
		l, at := &q.Limits[i], fmt.Sprintf("quotas.limits[%d].", i)
		if !isName(l.ID, maxQuotaID) {
			c.add(at+"id", "must be 1 to %d letters, digits, _ or -", maxQuotaID)
		} else if seen[l.ID] {
			c.add(at+"id", "%q is used twice", l.ID)
		}
		seen[l.ID] = true
		if l.Scope != ScopeProject && l.Scope != ScopeKey {
			c.add(at+"scope", "must be %q or %q", ScopeProject, ScopeKey)
		}
		if l.Key != "" && l.Scope != ScopeKey {
			c.add(at+"key", "needs the scope %q", ScopeKey)
		}
		if l.Key != "" && !isName(l.Key, maxQuotaID) {
			c.add(at+"key", "is not a public key")
		}
		c.count(at+"categories", len(l.Categories), maxCategories)
		for _, category := range l.Categories {
			if !isName(category, maxCategoryName) {
				c.add(at+"categories", "%.80q is not a category", category)
			}
		}
		if l.Limit < 0 {
			c.add(at+"limit", "must not be negative")
		}
		if l.WindowSeconds < 1 || l.WindowSeconds > maxQuotaWindow {
			c.add(at+"windowSeconds", "must be 1 to %d", maxQuotaWindow)
		}
	}
}

// isName says whether s is 1 to most letters, digits, "_" and "-".
func isName(s string, most int) bool {
	return s != "" && len(s) <= most && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}) < 0
}
