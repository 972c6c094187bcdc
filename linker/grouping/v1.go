package grouping

import (
	"slices"
	"sort"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

const (
	maxChain     = 10 // exceptions of a chain that count
	maxAppFrames = 10 // innermost frames of the application that count
	maxAllFrames = 30
)

// variantsV1 gives the ways to look at an event, the deciding one first.
func variantsV1(ev *envelope.Event) []Variant {
	base := defaultV1(ev)
	if isDefault(ev.Fingerprint) {
		return base
	}
	if !hasDefault(ev.Fingerprint) {
		return []Variant{{Name: "custom-fingerprint", Component: fingerprintV1(ev, nil)}}
	}
	for i := range base {
		base[i].Component = fingerprintV1(ev, base[i].Component)
	}
	return base
}

func defaultV1(ev *envelope.Event) []Variant {
	if messageOnly(ev) {
		return []Variant{{Name: "message", Component: messageV1(ev)}}
	}
	if len(ev.Exceptions) > 0 {
		app, system := chainV1(ev, true), chainV1(ev, false)
		if app.Contributes {
			return []Variant{{Name: "app", Component: app}, {Name: "system", Component: system}}
		}
	}
	if s := threadStack(ev); s != nil {
		app, system := stackV1(ev, s, true), stackV1(ev, s, false)
		switch {
		case app.Contributes:
			return []Variant{{Name: "app", Component: app}, {Name: "system", Component: system}}
		case system.Contributes:
			return []Variant{{Name: "system", Component: system}}
		}
	}
	return []Variant{{Name: "fallback", Component: node("fallback", leaf("type", ev.Type),
		leaf("culprit", ev.Culprit), leaf("transaction", ev.Transaction), leaf("logger", ev.Logger),
		leaf("platform", ev.Platform))}}
}

// messageOnly says that the event is a message. A stack trace that an SDK attached to it (as threads, or as
// an exception without a type) only says where it was logged; other SDKs, and the same one with
// another setting, send none.
func messageOnly(ev *envelope.Event) bool {
	if ev.Message == nil {
		return false
	}
	for i := range ev.Exceptions {
		if ev.Exceptions[i].Type != "" {
			return false
		}
	}
	return true
}

func messageV1(ev *envelope.Event) *Component {
	if t := ev.Message.Template; t != "" && strings.TrimSpace(strings.Trim(t, "%sdv{}")) != "" {
		return node("message", leaf("template", strings.TrimSpace(t)))
	}
	c := leaf("text", parameterizeV1(ev.Message.Formatted))
	if c.Value != ev.Message.Formatted {
		c.Hint = "values replaced"
	}
	return node("message", c)
}

func threadStack(ev *envelope.Event) *envelope.Stacktrace {
	var found *envelope.Stacktrace
	for i := range ev.Threads {
		t := &ev.Threads[i]
		switch {
		case t.Stacktrace == nil:
		case t.Crashed != nil && *t.Crashed:
			return t.Stacktrace
		case found == nil || t.Current != nil && *t.Current:
			found = t.Stacktrace
		}
	}
	if found == nil {
		found = ev.Stacktrace
	}
	return found
}

// chainV1 is all exceptions, the thrown one first. What a group holds several times counts once, in an
// order of its own: how many of its tasks failed, and which first, is chance.
func chainV1(ev *envelope.Event, app bool) *Component {
	xs := ev.Exceptions
	if len(xs) > maxChain {
		xs = xs[len(xs)-maxChain:]
	}
	group := false
	for i := range xs {
		m := xs[i].Mechanism
		group = group || m != nil && m.IsExceptionGroup != nil && *m.IsExceptionGroup
	}
	withFrames := false
	for i := range xs {
		withFrames = withFrames || xs[i].Stacktrace != nil && len(xs[i].Stacktrace.Frames) > 0
	}
	var parts []*Component
	seen := map[string]bool{}
	for i := len(xs) - 1; i >= 0; i-- {
		c := exceptionV1(ev, xs, i, app, withFrames)
		if h := hash(c); group && c.Contributes {
			if seen[h] {
				c.without("another of this kind is in the group")
			}
			seen[h] = true
		}
		parts = append(parts, c)
	}
	if group && len(parts) > 1 {
		rest := parts[1:]
		sort.SliceStable(rest, func(i, j int) bool { return hash(rest[i]) < hash(rest[j]) })
	}
	return node("exceptions", parts...)
}

func exceptionV1(ev *envelope.Event, xs []envelope.Exception, i int, app, chainHasFrames bool) *Component {
	x := &xs[i]
	kind := leaf("type", typeName(ev.Platform, x.Type))
	if m := x.Mechanism; m != nil && m.Synthetic != nil && *m.Synthetic {
		kind.without("made up by the SDK")
	}
	var stack *Component
	if x.Stacktrace != nil {
		stack = stackV1(ev, x.Stacktrace, app)
	}
	framed := stack != nil && stack.Contributes
	value := leaf("value", ownWords(xs, i))
	switch {
	case !framed && chainHasFrames && ev.Platform == "go" && !saysNothing("go", x.Type):
		return node("exception", kind, value.without("the type decides"), stack)
	case !framed:
		value.Hint = "there are no frames"
	case saysNothing(ev.Platform, x.Type):
		value.Hint = "the type says nothing"
	case unmapped(ev, x.Stacktrace):
		value.Hint = "the frames are of a minified bundle"
	default:
		return node("exception", kind, value.without("the frames decide"), stack)
	}
	value.Value = parameterizeV1(value.Value)
	return node("exception", kind, value, stack)
}

// ownWords is an exception's message without its cause's: "load: file does not exist" says "load: ".
func ownWords(xs []envelope.Exception, i int) string {
	v := xs[i].Value
	if i > 0 {
		if cause := xs[i-1].Value; cause != "" && len(cause) < len(v) {
			v = strings.TrimSuffix(v, cause)
		}
	}
	return v
}

// saysNothing knows the types that every second error of a language has.
func saysNothing(platform, kind string) bool {
	if platform != "go" {
		return kind == ""
	}
	switch strings.TrimPrefix(kind, "*") {
	case "errors.errorString", "fmt.wrapError", "fmt.wrapErrors", "errors.joinError", "errors.fundamental",
		"errors.withStack", "errors.withMessage", "string", "error", "":
		return true
	}
	return false
}

// unmapped says that the frames are those of a bundle as the browser saw it: functions have lost their
// names and all of the application is one file.
func unmapped(ev *envelope.Event, s *envelope.Stacktrace) bool {
	if s == nil || ev.Platform != "javascript" {
		return false
	}
	for i := range s.Frames {
		if f := &s.Frames[i]; f.ContextLine != "" && !minifiedLine(f.ContextLine) {
			return false
		}
	}
	return true
}

// stackV1 is the frames, outermost first.
func stackV1(ev *envelope.Event, s *envelope.Stacktrace, app bool) *Component {
	frames := make([]*Component, len(s.Frames))
	inner := -1 // the innermost frame that counts
	for i := range s.Frames {
		f := &s.Frames[i]
		frames[i] = frameV1(ev.Platform, f)
		if app && !inAppV1(ev.Platform, f) {
			frames[i].without("not the application's")
		} else if frames[i].Contributes {
			inner = i
		}
	}
	for i, c := range frames {
		sourceLine(c, &s.Frames[i], i == inner)
	}
	collapse(frames)
	limit := maxAllFrames
	if app {
		limit = maxAppFrames
	}
	for i := len(frames) - 1; i >= 0; i-- {
		if !frames[i].Contributes {
			continue
		}
		if limit == 0 {
			frames[i].without("too far out")
			continue
		}
		limit--
	}
	return node("stacktrace", frames...)
}

func frameV1(platform string, f *envelope.Frame) *Component {
	if f.Platform != "" {
		platform = f.Platform
	}
	var place *Component
	if m := moduleName(platform, f.Module); m != "" {
		place = leaf("module", m)
	} else {
		place = leaf("filename", fileName(f))
	}
	if place.Value == "" && f.Package != "" {
		place = leaf("package", lastSegments(f.Package, 1))
	}
	function, anonymous := functionName(platform, f)
	fn := leaf("function", function)
	if anonymous {
		fn.Value, fn.Contributes, fn.Hint = "", false, "without a name"
	}
	return node("frame", place, fn)
}

// maxSource is the longest line of source that says where one is; longer ones are minified code.
const maxSource = 160

// sourceLine adds the line of source to the innermost frame, and to frames whose function has no name.
func sourceLine(c *Component, f *envelope.Frame, innermost bool) {
	if !c.Contributes || len(c.Children) < 2 {
		return
	}
	line := leaf("source", strings.Join(strings.Fields(f.ContextLine), " "))
	switch {
	case line.Value == "":
		return
	case minifiedLine(f.ContextLine):
		line.Value = ""
		line.without("minified")
	case !innermost && c.Children[1].Contributes:
		line.without("the function's name decides")
	}
	c.Children = append(c.Children, line)
}

func minifiedLine(s string) bool { return len(strings.TrimSpace(s)) > maxSource }

// collapse makes the depth of a recursion not count: of repeated runs of up to five frames one stays, and
// of a stack that is nothing but recursion, where it was cut is chance, only the set of frames.
func collapse(frames []*Component) {
	var live []*Component
	var sums []string
	for _, c := range frames {
		if c.Contributes {
			live = append(live, c)
			sums = append(sums, hash(place(c)))
		}
	}
	distinct := map[string]bool{}
	for _, s := range sums {
		distinct[s] = true
	}
	if len(live) > 50 && len(distinct) <= len(live)/5 {
		onlyCycle(live, sums)
		return
	}
	for width := 1; width <= 5; width++ {
		for i := 0; i+2*width <= len(live); {
			if !same(sums[i:i+width], sums[i+width:i+2*width]) {
				i++
				continue
			}
			for _, c := range live[i : i+width] {
				c.without("recursion")
			}
			live = append(live[:i:i], live[i+width:]...)
			sums = append(sums[:i:i], sums[i+width:]...)
		}
	}
}

// onlyCycle leaves one of each frame that comes again and again, in an order of its own: where a
// runaway recursion was entered and where it ended is chance.
func onlyCycle(live []*Component, sums []string) {
	times := map[string]int{}
	for _, s := range sums {
		times[s]++
	}
	seen := map[string]bool{}
	var cycle []*Component
	for i, c := range live {
		if times[sums[i]] == 1 || seen[sums[i]] {
			c.without("recursion")
			continue
		}
		seen[sums[i]] = true
		for _, part := range c.Children {
			if part.ID == "source" {
				part.without("recursion")
			}
		}
		cycle = append(cycle, c)
	}
	ordered := slices.Clone(cycle)
	sort.Slice(ordered, func(i, j int) bool { return hash(ordered[i]) < hash(ordered[j]) })
	values := make([]Component, len(ordered))
	for i, c := range ordered {
		values[i] = *c
	}
	for i, c := range cycle {
		*c = values[i]
	}
}

// place is a frame without its line of source.
func place(c *Component) *Component { return node("frame", c.Children[:min(2, len(c.Children))]...) }

func same(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
