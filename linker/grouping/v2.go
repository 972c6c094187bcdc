package grouping

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

const notApp = "not the application's"

// variants gives the ways to look at an event, the deciding one first. values is its fingerprint, of a rule or
// of the client.
func (v *view) variants(values []string) []Variant {
	base := v.defaults()
	if isDefault(values) {
		return base
	}
	if !hasDefault(values) {
		return []Variant{{Name: "custom-fingerprint", Component: fingerprintOf(v.ev, values, nil, v.inApp)}}
	}
	for i := range base {
		base[i].Component = fingerprintOf(v.ev, values, base[i].Component, v.inApp)
	}
	return base
}

// expand fills the variables of a title.
func expand(ev *envelope.Event, s string) string {
	return fingerprintOf(ev, []string{s}, nil, InApp).Children[0].Value
}

func (v *view) inApp(platform string, f *envelope.Frame) bool {
	for s, verdicts := range v.verdicts {
		for i := range s.Frames {
			if &s.Frames[i] == f {
				return verdicts[i].InApp
			}
		}
	}
	return inAppV2(platform, f)
}

func (v *view) defaults() []Variant {
	v.counted = map[*envelope.Frame]string{}
	ev := v.ev
	if c := reportV2(ev); c != nil && c.Contributes {
		return []Variant{{Name: ev.Type, Component: c}}
	}
	if c := monitorV2(ev); c != nil && c.Contributes {
		return []Variant{{Name: "monitor", Component: c}}
	}
	if messageOnly(ev) {
		return []Variant{{Name: "message", Component: messageV2(ev)}}
	}
	if len(ev.Exceptions) > 0 {
		if vs := v.both(func(app bool) (*Component, bool) { return v.chain(app) }); vs != nil {
			return vs
		}
	}
	if s := threadStack(ev); s != nil {
		vs := v.both(func(app bool) (*Component, bool) { c := v.stack(s, app); return c, c.Contributes })
		if vs != nil {
			return vs
		}
	}
	if t := ev.Template; t != nil {
		if c := node("template", leaf("filename", fileNameV2(t)), leaf("source", strings.Join(strings.Fields(t.ContextLine), " "))); c.Contributes {
			return []Variant{{Name: "template", Component: c}}
		}
	}
	return []Variant{{Name: "fallback", Component: node("fallback", leaf("type", ev.Type),
		leaf("culprit", ev.Culprit), leaf("transaction", ev.Transaction), leaf("logger", ev.Logger),
		leaf("platform", ev.Platform))}}
}

// both looks with the application's frames and with all. The application's decide when there are any.
func (v *view) both(look func(app bool) (c *Component, framed bool)) []Variant {
	system, framed := look(false)
	deep := v.counted
	v.counted = map[*envelope.Frame]string{}
	app, inApp := look(true)
	switch {
	case inApp || !framed && app.Contributes:
		if !framed {
			return []Variant{{Name: "app", Component: app}}
		}
		return []Variant{{Name: "app", Component: app}, {Name: "system", Component: system}}
	case system.Contributes:
		v.counted = deep
		return []Variant{{Name: "system", Component: system}}
	}
	return nil
}

func messageV2(ev *envelope.Event) *Component {
	if t := strings.TrimSpace(ev.Message.Template); t != "" && strings.Trim(t, "%sdv{} ") != "" {
		return node("message", leaf("template", strings.Join(strings.Fields(t), " ")))
	}
	c := leaf("text", Parameterize(ev.Message.Formatted))
	if c.Value != ev.Message.Formatted {
		c.Hint = "values replaced"
	}
	return node("message", c)
}

// chain is all exceptions, the thrown one first. framed says that frames of one of them count.
func (v *view) chain(app bool) (c *Component, framed bool) {
	xs := v.ev.Exceptions
	if len(xs) > maxChain {
		xs = xs[len(xs)-maxChain:]
	}
	parts := make([]*Component, len(xs))
	for i := range xs {
		if s := xs[i].Stacktrace; s != nil {
			parts[i] = v.stack(s, app)
			framed = framed || parts[i].Contributes
		}
	}
	for i := range xs {
		parts[i] = v.exception(xs, i, parts[i], framed)
	}
	if kids, root := groupTree(xs); root >= 0 {
		return node("exceptions", tree(parts, kids, root)), framed
	}
	slices.Reverse(parts)
	return node("exceptions", parts...), framed
}

// groupTree gives the children of each exception when one of them is a group; root is -1 when none is, or when the
// ids make no tree.
func groupTree(xs []envelope.Exception) (kids map[int][]int, root int) {
	group, at := false, map[int]int{}
	for i := range xs {
		m := xs[i].Mechanism
		if m == nil || m.ExceptionID == nil {
			return nil, -1
		}
		group = group || m.IsExceptionGroup != nil && *m.IsExceptionGroup
		at[*m.ExceptionID] = i
	}
	if !group {
		return nil, -1
	}
	kids, root = map[int][]int{}, len(xs)-1
	for i := range xs {
		if p := xs[i].Mechanism.ParentID; p != nil && i != root {
			if parent, ok := at[*p]; ok && parent > i { // a parent comes after its children: no circles
				kids[parent] = append(kids[parent], i)
				continue
			}
		}
		if i != root { // of a parent that was cut off
			kids[root] = append(kids[root], i)
		}
	}
	return kids, root
}

// tree is an exception with what caused it. What a group holds several times counts once, in an order of its
// own: how many of its tasks failed, and which first, is chance. A group that holds one kind of failure is
// that failure.
func tree(parts []*Component, kids map[int][]int, i int) *Component {
	if len(kids[i]) == 0 {
		return parts[i]
	}
	below := map[string]*Component{}
	for _, k := range kids[i] {
		c := tree(parts, kids, k)
		below[hashBy(V2, c)] = c
	}
	if len(below) == 1 && len(kids[i]) > 0 && isGroup(parts[i]) {
		for _, c := range below {
			parts[i].without("it holds one kind of exception")
			return node("exception-group", parts[i], c)
		}
	}
	list := []*Component{parts[i]}
	names := make([]string, 0, len(below))
	for h := range below {
		names = append(names, h)
	}
	sort.Strings(names)
	for _, h := range names {
		list = append(list, below[h])
	}
	return node("exception-group", list...)
}

func isGroup(c *Component) bool { return c.Hint == groupHint }

const groupHint = "a group of exceptions"

func (v *view) exception(xs []envelope.Exception, i int, stack *Component, chainHasFrames bool) *Component {
	x, ev := &xs[i], v.ev
	kind := leaf("type", typeName(ev.Platform, x.Type))
	if m := x.Mechanism; m != nil && m.Synthetic != nil && *m.Synthetic {
		kind.without("made up by the SDK")
	}
	value := leaf("value", ownWords(xs, i))
	framed := stack != nil && stack.Contributes
	c := node("exception", kind, value, stack)
	if m := x.Mechanism; m != nil && m.IsExceptionGroup != nil && *m.IsExceptionGroup {
		c.Hint = groupHint
		value.without("how many there are is chance")
		c.Contributes = kind.Contributes || framed
		return c
	}
	switch {
	case !framed && chainHasFrames && ev.Platform == "go" && !saysNothing("go", x.Type):
		value.without("the type decides")
	case !framed:
		value.Hint = "there are no frames"
	case saysNothing(ev.Platform, x.Type):
		value.Hint = "the type says nothing"
	case genericType(ev.Platform, x.Type) && !hasSource(stack):
		value.Hint = "the type is everybody's, and there is no source"
	case unmappedV2(ev, x.Stacktrace):
		value.Hint = "the frames are of a minified bundle"
	default:
		value.without("the frames decide")
	}
	if value.Contributes {
		value.Value = Parameterize(dialect(ev.Platform, value.Value))
		value.Contributes = value.Value != ""
	}
	c.Contributes = kind.Contributes || value.Contributes || framed
	return c
}

// genericType knows the types that are thrown for their text.
func genericType(platform, t string) bool {
	t = t[strings.LastIndexAny(t, `.\:`)+1:]
	switch platform {
	case "javascript", "node", "php", "csharp", "python", "dart":
		return t == "Error" || t == "Exception" || t == "_Exception"
	case "java", "android", "groovy":
		return t == "Exception" || t == "RuntimeException" || t == "Error" || t == "Throwable"
	case "ruby":
		return t == "RuntimeError" || t == "StandardError"
	case "native", "c", "cocoa", "rust":
		return t == "runtime_error" || t == "NSException" || t == "panic" || t == "logic_error"
	case "elixir":
		return t == "RuntimeError"
	}
	return false
}

// hasSource says that a line of source tells where in its function the innermost frame is.
func hasSource(stack *Component) bool {
	for i := len(stack.Children) - 1; i >= 0; i-- {
		if c := stack.Children[i]; c.Contributes {
			return slices.ContainsFunc(c.Children, func(part *Component) bool { return part.ID == "source" && part.Value != "" })
		}
	}
	return false
}

// unmappedV2 says that the frames are those of a bundle as the browser saw it.
func unmappedV2(ev *envelope.Event, s *envelope.Stacktrace) bool {
	if !unmapped(ev, s) {
		return false
	}
	for i := range s.Frames {
		if s.Frames[i].Data.Text("sourcemap") != "" {
			return false
		}
	}
	return true
}

// stack is the frames, outermost first.
func (v *view) stack(s *envelope.Stacktrace, app bool) *Component {
	frames := make([]*Component, len(s.Frames))
	verdicts, limits := v.verdicts[s], v.limits[s]
	inner := -1 // the innermost frame that counts
	for i := range s.Frames {
		f, x := &s.Frames[i], &verdicts[i]
		frames[i] = frameV2(v.ev.Platform, f)
		switch {
		case x.Group != nil && !*x.Group:
			frames[i].without("ignored: " + x.GroupBy)
		case app && !x.InApp:
			frames[i].without(notApp)
		case frames[i].Contributes:
			inner = i
		}
	}
	for i, c := range frames {
		sourceLine(c, &s.Frames[i], i == inner)
	}
	collapse(frames)
	bound(frames, limits.MaxFrames, app)
	count := 0
	for _, c := range frames {
		if c.Contributes {
			count++
		}
	}
	for i, c := range frames {
		if count < limits.MinFrames && c.Contributes {
			c.without("fewer frames than a rule asks for")
		}
		v.counted[&s.Frames[i]] = c.Hint
		if !c.Contributes && c.Hint == "" {
			v.counted[&s.Frames[i]] = "without a name"
		}
	}
	if limits.Invert {
		slices.Reverse(frames)
	}
	return node("stacktrace", frames...)
}

// bound leaves the innermost frames.
func bound(frames []*Component, most int, app bool) {
	limit := len(frames)
	if app {
		limit = maxAppFrames
	}
	if most > 0 {
		limit = most
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
}

func frameV2(platform string, f *envelope.Frame) *Component {
	platform = cmp.Or(f.Platform, platform)
	var place *Component
	if m := moduleNameV2(platform, f.Module); m != "" {
		place = leaf("module", m)
	} else {
		place = leaf("filename", fileNameV2(f))
	}
	if place.Value == "" && f.Package != "" {
		place = leaf("package", lastSegments(f.Package, 1))
	}
	named := *f
	named.Function = functionNameV2(platform, strings.TrimSpace(f.Function))
	function, anonymous := functionName(platform, &named)
	fn := leaf("function", function)
	if anonymous || function == "" {
		fn.Value, fn.Contributes, fn.Hint = "", false, "without a name"
	}
	return node("frame", place, fn)
}
