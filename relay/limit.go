package relay

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/relay/quota"
	"github.com/hindsight-dev/hindsight/settings"
)

// RateLimit is a key's own bound on errors, as the API's rateLimit.
type RateLimit struct {
	Count  int64 `json:"count"`
	Window int   `json:"window"` // seconds
}

// Reasons of the quotas, in headers and outcomes.
const (
	reasonKeyQuota     = "key_quota"
	reasonProjectQuota = "project_quota"
	reasonOrgQuota     = "org_quota"
)

// errorCategories are what a key's rate limit is about.
var errorCategories = []string{"default", "error", "security"}

// quotas lists what holds for a request: the key's, the project's, the organisation's, and what
// would be a spike of the categories at hand.
func (q *request) quotas(parcels []*parcel) []quota.Quota {
	k := &q.key
	project := strconv.FormatInt(int64(k.ProjectID), 10)
	var list []quota.Quota
	if r := k.RateLimit; r != nil && r.Window > 0 {
		list = append(list, quota.Quota{ID: "rate", Scope: quota.ScopeKey, ScopeID: k.PublicKey, Categories: errorCategories,
			Limit: r.Count, Window: time.Duration(r.Window) * time.Second, Reason: reasonKeyQuota})
	}
	own := k.Rules.settings.Quotas
	for i := range own.Limits {
		s := &own.Limits[i]
		switch {
		case s.Scope == settings.ScopeKey && (s.Key == "" || s.Key == k.PublicKey):
			list = append(list, newQuota(s, quota.ScopeKey, k.PublicKey, reasonKeyQuota))
		case s.Scope == settings.ScopeProject:
			list = append(list, newQuota(s, quota.ScopeProject, project, reasonProjectQuota))
		}
	}
	for i := range k.OrgQuotas {
		list = append(list, newQuota(&k.OrgQuotas[i], quota.ScopeOrganization, strconv.FormatInt(k.OrgID, 10), reasonOrgQuota))
	}
	if !own.SpikeProtection || q.rl.cfg.Norms == nil {
		return list
	}
	var seen []string
	for _, p := range parcels {
		for i := range p.items {
			c := countedAs(p.items[i].header)
			if c == "" || slices.Contains(seen, c) {
				continue
			}
			seen = append(seen, c)
			if spike, ok := q.rl.cfg.Norms.Quota(int64(k.ProjectID), c); ok {
				list = append(list, spike)
			}
		}
	}
	return list
}

func newQuota(s *settings.Quota, scope quota.Scope, id, reason string) quota.Quota {
	return quota.Quota{ID: s.ID, Scope: scope, ScopeID: id, Categories: s.Categories, Limit: s.Limit,
		Window: time.Duration(max(s.WindowSeconds, 1)) * time.Second, Reason: reason}
}

// countedAs is the category whose number of items says how much a project sends.
func countedAs(h *envelope.ItemHeader) string {
	if c := envelope.Category(h.Type, *h); c != "attachment" {
		return c
	}
	return "attachment_item"
}

// judgedBy lists the categories of which any that is used up drops an item. The spans of a
// transaction are not among them: they count as spans, but their limit is for spans of their own.
func judgedBy(h *envelope.ItemHeader) []string {
	switch c := envelope.Category(h.Type, *h); c {
	case "":
		return nil
	case "transaction", "profile", "span":
		return []string{c, c + "_indexed"}
	case "attachment":
		return []string{c, "attachment_item"}
	case "log_item":
		return []string{c, "log_byte"}
	default:
		return []string{c}
	}
}

// limits is what the quotas made of a request, to take back what is not kept after all.
type limits struct {
	receipt quota.Receipt
	counted map[*envelope.ItemHeader]bool
}

// limit drops the items that the quotas have no room for, with an outcome. When nothing is left
// the answer is 429, unless the endpoint never says so; when something is, the header tells the
// client what to hold back (protocol.md §11.2).
func (q *request) limit(parcels []*parcel) error {
	quotas := q.quotas(parcels)
	if len(quotas) == 0 {
		return nil
	}
	drops := make([][]*quota.Quota, len(parcels))
	hit, receipt := q.rl.limiter.Take(quotas, func(limited func(string) *quota.Quota) (kept quota.Amounts) {
		for i, p := range parcels {
			drops[i] = judge(p, limited)
			for j := range p.items {
				if drops[i][j] == nil {
					addAmounts(&kept, &p.items[j])
				}
			}
		}
		return kept
	})
	q.limits = limits{receipt, map[*envelope.ItemHeader]bool{}}
	left := 0
	for i, p := range parcels {
		q.dropLimited(p, drops[i])
		left += len(p.items)
		for j := range p.items {
			q.limits.counted[p.items[j].header] = true
		}
	}
	if left == 0 {
		for _, p := range parcels {
			q.rl.outcomes.add(p.dropped...) // told within a second: nobody is promised anything
			p.dropped = nil
		}
		q.tellPairs()
	}
	if len(hit) == 0 || neverLimits(q.endpoint) {
		return nil
	}
	header, longest := limitsHeader(hit)
	q.w.Header().Set("X-Sentry-Rate-Limits", header)
	if left > 0 {
		return nil
	}
	q.w.Header().Set("Retry-After", strconv.Itoa(longest))
	return refuseLimited()
}

func refuseLimited() *refusal {
	e := refuse(http.StatusTooManyRequests, "rate_limited", "Sentry dropped data due to a quota or internal rate limit being reached. "+
		"This will not affect your application. See https://docs.sentry.io/product/accounts/quotas/ for more information.")
	e.counted = true
	return e
}

// neverLimits tells the endpoints whose clients could do nothing with a 429.
func neverLimits(endpoint string) bool {
	return endpoint == "unreal" || endpoint == "cron" || endpoint == "nel"
}

// judge says for each item which quota drops it, if any. Without its event an attachment is of no
// use, nor a profile without its transaction.
func judge(p *parcel, limited func(string) *quota.Quota) []*quota.Quota {
	drop := make([]*quota.Quota, len(p.items))
	creators := 0
	var gone *quota.Quota // by which the event goes
	for i := range p.items {
		h := p.items[i].header
		for _, c := range judgedBy(h) {
			if drop[i] = limited(c); drop[i] != nil {
				break
			}
		}
		if !envelope.CreatesEvent(h.Type, *h) {
			continue
		}
		if creators++; drop[i] != nil {
			creators--
			gone = drop[i]
		}
	}
	if gone == nil || creators > 0 {
		return drop
	}
	for i := range p.items {
		if h := p.items[i].header; drop[i] == nil && dependsOnEvent(h) {
			drop[i] = gone
		}
	}
	return drop
}

func dependsOnEvent(h *envelope.ItemHeader) bool {
	switch h.Type {
	case "attachment":
		return !envelope.IsTraceAttachment(h)
	case "form_data", "profile":
		return true
	}
	return false
}

func addAmounts(a *quota.Amounts, it *item) {
	for i, n := range envelope.Quantities(it.header.Type, *it.header, it.payload.size) {
		if i == 0 {
			a.Items++
		}
		a.Add(n.Category, n.N)
	}
}

func (q *request) dropLimited(p *parcel, drop []*quota.Quota) {
	kept := p.items[:0]
	for i, it := range p.items {
		if drop[i] == nil {
			kept = append(kept, it)
			continue
		}
		q.teach(p, &it)
		p.dropped = append(p.dropped, q.outcomesOf(it.header, it.payload.size, outcomeRateLimited, drop[i].Reason)...)
	}
	p.items = kept
}

// refund takes back what was counted of items that are in no parcel any more: what the filters
// dropped, or everything when it could not be kept.
func (q *request) refund(parcels ...*parcel) {
	if len(q.limits.counted) == 0 {
		return
	}
	kept := map[*envelope.ItemHeader]bool{}
	for _, p := range parcels {
		for i := range p.items {
			kept[p.items[i].header] = true
		}
	}
	var back quota.Amounts
	for i := range q.seen {
		h := q.seen[i].header
		if q.limits.counted[h] && !kept[h] {
			addAmounts(&back, &q.seen[i])
			delete(q.limits.counted, h)
		}
	}
	if len(back.Categories) > 0 {
		q.rl.limiter.Refund(q.limits.receipt, back)
	}
}

// maxLimit is the longest a client is told to wait (seconds): a quota may be raised meanwhile.
const maxLimit = 300

// limitsHeader writes X-Sentry-Rate-Limits, and tells its longest time in seconds. Categories are
// always named: an empty list, and a ';' too many, would silence the client altogether.
func limitsHeader(hit []quota.Limited) (header string, longest int) {
	var b strings.Builder
	for i, l := range hit {
		secs := min(max(int((l.Left+time.Second-1)/time.Second), 1), maxLimit)
		longest = max(longest, secs)
		if i > 0 {
			b.WriteString(", ")
		}
		categories := l.Categories
		if len(categories) == 0 {
			categories = allCategories()
		}
		b.WriteString(strconv.Itoa(secs) + ":" + strings.Join(categories, ";") + ":" + string(l.Scope) + ":" + l.Reason)
	}
	return b.String(), longest
}

// allCategories are those an item can have.
func allCategories() []string {
	var list []string
	for _, t := range envelope.ItemTypes() {
		if t.Category != "" && !slices.Contains(list, t.Category) {
			list = append(list, t.Category)
		}
	}
	return list
}
