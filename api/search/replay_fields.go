package search

import (
	"strings"

	"github.com/hindsight-dev/hindsight/store"
)

// addDerived adds what is derived from recordings to what replays are searched by: clicks and taps, the words
// that were on screen, chapters, and how errors were linked.
func addDerived(s *subject) {
	for _, k := range []string{"alt", "component_name", "id", "label", "role", "tag", "testid", "textContent", "title"} {
		s.keys["click."+k], s.has["click."+k] = textKey("click."+k), present("click."+k)
	}
	for _, k := range []string{"message", "view_id", "view_class"} {
		s.keys["tap."+k], s.has["tap."+k] = textKey("tap."+k), present("tap."+k)
	}
	s.keys["click.class"], s.has["click.class"] = classKey, store.Filter{Op: store.FilterGt, Field: "click.classes", Values: []any{"  "}}
	s.keys["click.selector"], s.keys["dead.selector"], s.keys["rage.selector"] = selectorKey(""), selectorKey("click.dead"), selectorKey("click.rage")
	for _, k := range []string{"city", "country_code", "region", "subdivision"} {
		s.keys["user.geo."+k], s.has["user.geo."+k] = textKey("user.geo."+k), present("user.geo."+k)
	}
	s.keys["count_screens"] = intKey("count_urls")
	s.keys["link_tier"], s.keys["replay.tier"] = intKey("link_tier"), intKey("link_tier")
	s.keys["usefulness"] = intKey("usefulness")
	s.keys["trigger_route"], s.has["trigger_route"] = textKey("trigger_route"), present("trigger_route")
	s.keys["chapter.status"] = enumKey("chapter.status", "error", "failed", "slow", "ok")
	s.keys["chapter.kind"] = enumKey("chapter.kind", "pageload", "navigation", "click", "input", "background")
	s.keys["chapter.label"] = substringKey("chapter.label")
	s.keys["text"] = shownKey
	s.other = func(name string) (key, store.Filter) {
		name = tagName(name)
		return textKey(store.TagField + name), present(store.TagField + name)
	}
}

// shownKey finds words that were on screen, one after the other.
func shownKey(_ Context, t Term) (store.Filter, error) {
	if err := ops(t, "="); err != nil {
		return store.Filter{}, err
	}
	f := store.Filter{Op: store.FilterAny}
	for _, v := range t.Values {
		words := store.Words(v.Text, 50)
		if words == "" {
			return f, errorf("\"text:%s\" has no word to look for.", clip(v.Text))
		}
		f.Subs = append(f.Subs, store.Filter{Op: store.FilterMatch, Field: "text", Values: []any{words}})
	}
	return f, nil
}

// classKey finds an element that has a class; the column has spaces around each.
func classKey(_ Context, t Term) (store.Filter, error) {
	if err := ops(t, "="); err != nil {
		return store.Filter{}, err
	}
	f := store.Filter{Op: store.FilterAny}
	for _, v := range t.Values {
		f.Subs = append(f.Subs, hasClass(v))
	}
	return f, nil
}

func hasClass(v Value) store.Filter {
	parts := append([]string{}, v.Wildcard...)
	if len(parts) == 0 {
		parts = []string{v.Text}
	}
	parts[0] = " " + parts[0]
	parts[len(parts)-1] += " "
	return store.Filter{Op: store.FilterLike, Field: "click.classes", Parts: append(append([]string{""}, parts...), "")}
}

// selectorAttributes are the attributes a selector may ask for, with the fields they are in.
var selectorAttributes = map[string]string{"alt": "click.alt", "aria-label": "click.label", "role": "click.role", "data-testid": "click.testid",
	"data-test-id": "click.testid", "data-sentry-component": "click.component_name", "title": "click.title"}

// selectorKey finds one click whose element fits all of a CSS selector, and that was dead or in rage when also says so.
func selectorKey(also string) key {
	return func(_ Context, t Term) (store.Filter, error) {
		if err := ops(t, "="); err != nil {
			return store.Filter{}, err
		}
		out := store.Filter{Op: store.FilterAny}
		for _, v := range t.Values {
			for sel := range strings.SplitSeq(v.Text, ",") {
				f, err := selector(strings.TrimSpace(sel))
				if err != nil {
					return out, err
				}
				if also != "" {
					f.Subs = append(f.Subs, eq(also, true))
				}
				out.Subs = append(out.Subs, store.Filter{Op: store.FilterSome, Field: "click", Subs: []store.Filter{f}})
			}
		}
		return out, nil
	}
}

// selector reads tag#id.class[attribute="value"] in any number; nothing else of CSS.
func selector(s string) (store.Filter, error) {
	f := store.Filter{Op: store.FilterAll}
	rest := s
	word := func() string {
		n := strings.IndexAny(rest, "#.[:>+~* \t\"'()=]")
		if n < 0 {
			n = len(rest)
		}
		w := rest[:n]
		rest = rest[n:]
		return w
	}
	if tag := word(); tag != "" {
		f.Subs = append(f.Subs, eq("click.tag", strings.ToLower(tag)))
	} else if strings.HasPrefix(rest, "*") {
		rest = rest[1:]
		f.Subs = append(f.Subs, present("click.tag"))
	}
	for rest != "" {
		mark := rest[0]
		rest = rest[1:]
		switch mark {
		case '#', '.':
			name := word()
			if name == "" {
				return f, errorf("The selector %q is not understood.", clip(s))
			}
			if mark == '#' {
				f.Subs = append(f.Subs, eq("click.id", name))
			} else {
				f.Subs = append(f.Subs, hasClass(Value{Text: name}))
			}
		case '[':
			inner, after, ok := strings.Cut(rest, "]")
			name, value, is := strings.Cut(inner, "=")
			field := selectorAttributes[strings.TrimSpace(name)]
			if !ok || !is || field == "" || strings.ContainsAny(name, "~|^$*") {
				return f, errorf("The selector %q asks for an attribute that is not kept; valid are alt, aria-label, role, data-testid, data-test-id, data-sentry-component, title, with =.", clip(s))
			}
			rest = after
			f.Subs = append(f.Subs, eq(field, strings.Trim(strings.TrimSpace(value), `"'`)))
		default:
			return f, errorf("The selector %q is not understood: only tag, #id, .class and [attribute=value] are.", clip(s))
		}
	}
	if len(f.Subs) == 0 {
		return f, errorf("An empty selector finds nothing.")
	}
	return f, nil
}

// Clicks compiles a query over the clicks of one replay.
func Clicks(c Context, n Node) (store.Filter, error) {
	all := subject{name: "Clicks", keys: map[string]key{}, has: map[string]store.Filter{}}
	addDerived(&all)
	all.other = nil
	for k := range all.keys {
		if !strings.HasPrefix(k, "click.") && !strings.HasPrefix(k, "dead.") && !strings.HasPrefix(k, "rage.") {
			delete(all.keys, k)
		}
	}
	all.text = func(v Value) store.Filter { return contains("click.textContent", v) }
	return all.compile(c, n)
}
