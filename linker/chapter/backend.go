package chapter

import (
	"cmp"
	"slices"
	"strings"
)

// Bounds of matching by time.
const (
	sameStartUS    = 50_000    // between a recorded request and the page's own span of it
	unknownSkewUS  = 1_000_000 // between the clocks, when nothing measured it
	smallestSkewUS = 50_000
	maxWork        = 20 // services of one request
)

// attachWork finds the backend's part in each request, by the surest evidence first.
func (d *derivation) attachWork() {
	w := newWorks(d.in.Spans)
	var offsets []int64
	match := func(r *exchange, by string, s *Span) {
		r.by = by
		w.taken[s.SpanID] = true
		d.adopt(r, s, w)
		if by != ByShape {
			offsets = append(offsets, s.StartUS-r.StartUS)
		}
	}
	uses := map[string]int{}
	for _, r := range d.exchanges {
		if r.SpanID != "" {
			uses[r.TraceID+r.SpanID]++
		}
	}
	for _, r := range d.exchanges {
		// A page without performance monitoring sends one span id with everything: it says which page, not which request.
		if r.SpanID == "" || uses[r.TraceID+r.SpanID] > 1 {
			continue
		}
		if s := w.answering(r.SpanID, r.TraceID); s != nil {
			match(r, ByHeader, s)
		}
	}
	for _, r := range d.exchanges {
		if r.by == "" {
			if s := w.viaPage(r); s != nil {
				match(r, BySpan, s)
			}
		}
	}
	skew := int64(unknownSkewUS)
	if len(offsets) > 0 {
		slices.Sort(offsets)
		skew = max(abs(offsets[len(offsets)/2]), smallestSkewUS)
	}
	for _, p := range w.byShape(d.exchanges, skew) {
		if p.r.by == "" && !w.taken[p.s.SpanID] {
			match(p.r, ByShape, p.s)
		}
	}
	for _, r := range d.exchanges {
		if r.TraceID != "" {
			d.byTrace[r.TraceID] = append(d.byTrace[r.TraceID], r)
		}
	}
}

// adopt gives a request a segment with everything below it, in other services too.
func (d *derivation) adopt(r *exchange, s *Span, w *works) {
	r.TraceID = s.TraceID
	stack := []*Span{s}
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		key := s.TraceID + s.SpanID
		if d.bySpan[key] != nil {
			continue // spans that name each other as parents
		}
		d.bySpan[key] = r
		if s.Segment && len(r.work) < maxWork {
			r.work = append(r.work, *s)
		}
		stack = append(stack, w.children[key]...)
	}
	slices.SortStableFunc(r.work, func(a, b Span) int { return cmp.Or(cmp.Compare(a.StartUS, b.StartUS), cmp.Compare(a.SpanID, b.SpanID)) })
}

// works is an index of spans.
type works struct {
	children map[string][]*Span // by trace and span id of the parent
	parents  map[string][]*Span // backend segments by the span id of their parent
	pages    map[string][]*Span // requests that the page's own spans tell, by method and URL without query
	shapes   map[string][]*Span // backend segments by method and template
	taken    map[string]bool
}

func newWorks(in []Span) *works {
	w := &works{map[string][]*Span{}, map[string][]*Span{}, map[string][]*Span{}, map[string][]*Span{}, map[string]bool{}}
	spans := slices.Clone(in[:min(len(in), maxSpans)])
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Or(cmp.Compare(a.StartUS, b.StartUS), cmp.Compare(a.SpanID, b.SpanID)) })
	for i := range spans {
		s := &spans[i]
		method, url := s.request()
		if s.ParentID != "" {
			w.children[s.TraceID+s.ParentID] = append(w.children[s.TraceID+s.ParentID], s)
		}
		switch {
		case s.Frontend && s.Op == "http.client":
			k := method + " " + bare(url)
			w.pages[k] = append(w.pages[k], s)
		case !s.Frontend && s.Segment:
			if s.ParentID != "" {
				w.parents[s.ParentID] = append(w.parents[s.ParentID], s)
			}
			if method != "" {
				k := method + " " + shape(pathOf(url))
				w.shapes[k] = append(w.shapes[k], s)
			}
		}
	}
	return w
}

// request is the method and URL of a span: what it says, else what its name looks like.
func (s *Span) request() (method, url string) {
	method, url = s.Method, s.URL
	if m, u, ok := strings.Cut(s.Name, " "); ok && strings.ToUpper(m) == m && strings.ContainsAny(u, "/") {
		if method == "" {
			method = m
		}
		if url == "" {
			url = u
		}
	}
	return strings.ToUpper(method), url
}

// bare is a URL without query, fragment and host: a page's spans tell it relative or whole.
func bare(url string) string { return strings.TrimSuffix(pathOf(url), "/") }

// shape is a path of which only the fixed parts count, whatever a framework calls the others.
func shape(path string) string {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for i, p := range parts {
		if isID(p) || strings.HasPrefix(p, ":") || strings.ContainsAny(p, "{}<>[]*") {
			parts[i] = ":"
		}
	}
	return strings.Join(parts, "/")
}

// answering gives the first segment whose parent is a span.
func (w *works) answering(span, trace string) *Span {
	for _, s := range w.parents[span] {
		if !w.taken[s.SpanID] && (trace == "" || s.TraceID == trace) {
			return s
		}
	}
	return nil
}

// viaPage finds the page's own span of a request, nearest in time, and the segment that answered it.
func (w *works) viaPage(r *exchange) *Span {
	var best *Span
	for _, p := range w.pages[r.Method+" "+bare(r.URL)] {
		gap := abs(p.StartUS - r.StartUS)
		if w.taken[p.SpanID] || gap > sameStartUS || best != nil && gap >= abs(best.StartUS-r.StartUS) {
			continue
		}
		best = p
	}
	if best == nil {
		return nil
	}
	w.taken[best.SpanID] = true
	if r.TraceID == "" {
		r.TraceID = best.TraceID
	}
	return w.answering(best.SpanID, best.TraceID)
}

type pair struct {
	r   *exchange
	s   *Span
	gap int64
}

// byShape gives every pair of the same method and path and about the same time, the nearest first.
func (w *works) byShape(rs []*exchange, skew int64) []pair {
	var out []pair
	for _, r := range rs {
		if r.by != "" {
			continue
		}
		spans := w.shapes[r.Method+" "+shape(r.path)]
		from, _ := slices.BinarySearchFunc(spans, r.StartUS-skew, func(s *Span, us int64) int { return cmp.Compare(s.StartUS, us) })
		for _, s := range spans[from:min(from+20, len(spans))] {
			if s.StartUS > max(r.EndUS, r.StartUS)+skew {
				break
			}
			out = append(out, pair{r, s, abs(s.StartUS - r.StartUS)})
		}
	}
	slices.SortStableFunc(out, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.gap, b.gap), cmp.Compare(a.r.StartUS, b.r.StartUS), cmp.Compare(a.s.SpanID, b.s.SpanID))
	})
	return out
}

// attachItems puts every item into the chapter it happened in.
func (d *derivation) attachItems() {
	items := slices.Clone(d.in.Items)
	slices.SortFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.TimeMS, b.TimeMS), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range d.exchanges {
		if len(r.work) == 0 && r.Status >= 500 {
			d.broken = append(d.broken, r)
		}
	}
	for _, it := range items[:min(len(items), maxItems)] {
		if !it.Frontend || it.AfterSession {
			if r := d.requestOf(it); r != nil {
				r.errors++
				d.put(r.owner, found{it, r})
				continue
			}
		}
		d.put(d.openAt(it), found{Item: it})
	}
}

func (d *derivation) put(t *trigger, f found) {
	if t == nil {
		d.laneItems = append(d.laneItems, f)
		return
	}
	t.items = append(t.items, f)
}

// requestOf finds the request in whose work an item happened.
func (d *derivation) requestOf(it Item) *exchange {
	if r := d.bySpan[it.TraceID+it.SpanID]; r != nil && it.SpanID != "" {
		return r
	}
	of := d.byTrace[it.TraceID]
	if it.AfterSession {
		if len(of) == 0 {
			return nil
		}
		return of[len(of)-1]
	}
	const skew = unknownSkewUS / 1000
	var inside, before *exchange
	for _, r := range of {
		switch {
		case r.startMS()-skew > it.TimeMS:
		case it.TimeMS <= r.endMS()+skew:
			if inside == nil || better(r, inside, it.TimeMS) {
				inside = r
			}
		default:
			before = r
		}
	}
	if inside != nil {
		return inside
	}
	if before != nil {
		return before
	}
	return d.brokenAt(it)
}

// better prefers a failed request, then the one whose end is nearest: an error is the end of its request.
func better(a, b *exchange, ms int64) bool {
	if failed(a.Status) != failed(b.Status) {
		return failed(a.Status)
	}
	return abs(a.endMS()-ms) < abs(b.endMS()-ms)
}

// brokenAt is the request without known work that failed at the moment of an item, when there is one only:
// without tracing nothing else tells.
func (d *derivation) brokenAt(it Item) *exchange {
	var one *exchange
	for _, r := range d.broken {
		if it.TimeMS < r.startMS() || it.TimeMS > r.endMS() || r.TraceID != "" && r.TraceID != it.TraceID {
			continue
		}
		if one != nil {
			return nil
		}
		one = r
	}
	return one
}

// openAt is the chapter at an item's moment, else the one before; of what is earlier than all, the first
// page load: its page was being made.
func (d *derivation) openAt(it Item) *trigger {
	if it.AfterSession {
		return nil
	}
	var last *trigger
	for _, t := range d.triggers {
		if t.at > it.TimeMS {
			break
		}
		// A click that did nothing is no better place than the chapter that is still under way.
		if last == nil || t.matters() || it.TimeMS <= t.end+lateErrorMS {
			last = t
		}
	}
	if last == nil && len(d.triggers) > 0 && d.triggers[0].loads {
		return d.triggers[0]
	}
	return last
}
