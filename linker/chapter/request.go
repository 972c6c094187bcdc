package chapter

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// readRequests sorts the requests and drops what was told twice.
func (d *derivation) readRequests() {
	rs := slices.Clone(d.in.Requests)
	slices.SortFunc(rs, func(a, b Request) int {
		return cmp.Or(cmp.Compare(a.StartUS, b.StartUS), cmp.Compare(a.EndUS, b.EndUS), cmp.Compare(a.Method, b.Method), cmp.Compare(a.URL, b.URL))
	})
	for _, r := range rs[:min(len(rs), maxRequests)] {
		p := pathOf(r.URL)
		d.exchanges = append(d.exchanges, &exchange{Request: r, path: p, template: Template(p)})
	}
}

// asked says whether the page made a request, not one of a timer, between two moments in ms.
func (d *derivation) asked() func(from, to int64) bool {
	polls := polling(d.exchanges, nil)
	var starts []int64
	for _, r := range d.exchanges {
		if !polls[r] {
			starts = append(starts, r.startMS())
		}
	}
	return func(from, to int64) bool {
		i, _ := slices.BinarySearch(starts, from)
		return i < len(starts) && starts[i] < to
	}
}

// attribute gives each request to the action that set it off.
func (d *derivation) attribute() {
	polls := polling(d.exchanges, d.triggers)
	next := 0
	for _, r := range d.exchanges {
		s := r.startMS()
		for next < len(d.triggers) && d.triggers[next].first <= s {
			next++
		}
		if polls[r] || next == 0 {
			d.lane = append(d.lane, r)
			continue
		}
		t := d.triggers[next-1]
		// What was merged into a trigger (more clicks) sets off requests too.
		soon := s-t.at <= reactMS || s <= t.last || s >= t.last && s-t.last <= reactMS
		if soon || t.loads && s-t.at <= pageLoadMS || t.chains(r) || t.retries(r) {
			r.owner = t
			t.requests = append(t.requests, r)
			at, _ := slices.BinarySearch(t.ends, r.endMS())
			t.ends = slices.Insert(t.ends, at, r.endMS())
		} else {
			d.lane = append(d.lane, r)
		}
	}
}

// chains says that a request began right after another of the trigger's ended.
func (t *trigger) chains(r *exchange) bool {
	at, found := slices.BinarySearch(t.ends, r.startMS())
	return found || at > 0 && r.startMS()-t.ends[at-1] <= chainMS
}

// retries says that a request is made again that failed for the trigger.
func (t *trigger) retries(r *exchange) bool {
	return slices.ContainsFunc(t.requests, func(o *exchange) bool {
		after := r.startMS() - o.endMS()
		return failed(o.Status) && o.Method == r.Method && o.path == r.path && after >= 0 && after <= retryMS
	})
}

// polling finds requests that a timer makes: three or more of one method and path whose intervals agree
// within a fifth. Intervals under a second are no timer: so do angry clicks come. Nor is it one when each of them follows
// an action of the user at once, or the opening of the page: people can be regular.
func polling(all []*exchange, triggers []*trigger) map[*exchange]bool {
	byHand := func(r *exchange) bool {
		s := r.startMS()
		i, _ := slices.BinarySearchFunc(triggers, s+1, func(t *trigger, ms int64) int { return cmp.Compare(t.first, ms) })
		if i == 0 {
			return false
		}
		t := triggers[i-1]
		return t.acts() && (s-t.at <= handMS || s >= t.last && s-t.last <= handMS) || t.moves && s-t.at <= reactMS
	}
	groups := map[string][]*exchange{}
	for _, r := range all {
		k := r.Method + " " + r.template
		groups[k] = append(groups[k], r)
	}
	out := map[*exchange]bool{}
	for _, g := range groups {
		for i := 0; i+2 < len(g); {
			first := g[i+1].startMS() - g[i].startMS()
			j := i + 1
			for j < len(g) && near(g[j].startMS()-g[j-1].startMS(), first) {
				j++
			}
			if first >= 1_000 && j-i >= 3 && slices.ContainsFunc(g[i:j], func(r *exchange) bool { return !byHand(r) }) {
				for _, r := range g[i:j] {
					out[r] = true
				}
			}
			i = max(j-1, i+1)
		}
	}
	return out
}

func near(a, b int64) bool { return 5*a >= 4*b && 5*a <= 6*b }

// Template replaces what names one thing in a path: numbers, UUIDs and long hexadecimal parts become :id.
func Template(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if isID(p) {
			parts[i] = ":id"
		}
	}
	return strings.Join(parts, "/")
}

func isID(s string) bool {
	if s == "" {
		return false
	}
	if strings.Trim(s, "0123456789") == "" {
		return true
	}
	hex := strings.Trim(strings.ToLower(s), "0123456789abcdef-")
	plain := len(strings.ReplaceAll(s, "-", ""))
	if hex != "" {
		return false
	}
	return len(s) == 36 && plain == 32 || plain == len(s) && plain >= 16
}

// pathOf is a URL's path without query, "/" when it has none.
func pathOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" {
		s, _, _ = strings.Cut(s, "?")
		return s
	}
	if u.Path == "" {
		return "/"
	}
	return u.Path
}

// routes says of each trigger on which page it happened.
func (d *derivation) routes() {
	url, route := "", ""
	for _, t := range d.triggers {
		if t.moves {
			url, route = t.url, d.routeOf(t)
		}
		t.pageURL, t.route = url, route
	}
}

// routeOf prefers the name that the page's own transaction gives the route.
func (d *derivation) routeOf(t *trigger) string {
	best, gap := "", int64(2_000)
	for _, s := range d.in.Spans {
		if !s.Frontend || !s.Segment || s.Source != "route" || s.Op != "pageload" && s.Op != "navigation" {
			continue
		}
		if g := abs(s.StartUS/1000 - max(t.at, t.last)); g < gap || g == gap && s.Name < best {
			best, gap = s.Name, g
		}
	}
	if best == "" {
		best = t.hint
	}
	if best == "" {
		best = Template(pathOf(t.url))
	}
	return best
}

// setEnds says when each trigger's effects were over.
func (d *derivation) setEnds() {
	changes := slices.Sorted(slices.Values(d.in.Changes))
	for i, t := range d.triggers {
		end := t.last
		limit := int64(1) << 62
		if i+1 < len(d.triggers) {
			limit = d.triggers[i+1].at
		}
		if n, _ := slices.BinarySearch(changes, min(limit, t.at+quietMS)+1); n > 0 {
			end = max(end, changes[n-1])
		}
		for _, r := range t.requests {
			end = max(end, r.endMS())
		}
		t.end = max(min(end, limit), t.at)
	}
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
