package search

import (
	"github.com/hindsight-dev/hindsight/internal/release"
	"github.com/hindsight-dev/hindsight/store"
)

// ReleaseRange says which of an organisation's releases are meant.
type ReleaseRange struct {
	Latest   bool   // the newest of each project
	Package  string // else those of a package, or of all when it is empty,
	From, To string // with these sort keys: From included, To not
}

// addReleases adds what is asked of releases beside their names, as Sentry has it.
func addReleases(s *subject) {
	named := s.keys["release"]
	if named == nil {
		named = textKey(tagField("release"))
	}
	s.keys["release"] = latestOr(named)
	s.keys["release.version"] = versionKey(named)
	s.keys["release.package"] = packageKey(named)
	s.keys["release.build"], s.keys["release.stage"] = notKept, notKept
	s.refused = map[string]bool{"release.version": true, "release.package": true, "release.build": true, "release.stage": true}
}

// latestOr reads the word latest as the newest release of each project; in quotes it is a name.
func latestOr(named key) key {
	return func(c Context, t Term) (store.Filter, error) {
		if len(t.Values) != 1 || t.Values[0].Quoted || t.Values[0].Text != "latest" {
			return named(c, t)
		}
		return theirNames(c, t, named, ReleaseRange{Latest: true})
	}
}

// versionKey compares with the version that a release's name has.
func versionKey(named key) key {
	return func(c Context, t Term) (store.Filter, error) {
		out := store.Filter{Op: store.FilterAny}
		for _, v := range t.Values {
			var in ReleaseRange
			var ok bool
			if in.Package, in.From, in.To, ok = release.Between(t.Op, v.Text); !ok {
				return out, errorf("\"%s:%s\" wants a version, such as 1.2.3, >=1.2 or 1.2.*.", clip(t.Key), clip(v.Text))
			}
			f, err := theirNames(c, t, named, in)
			if err != nil {
				return out, err
			}
			out.Subs = append(out.Subs, f)
		}
		return out, nil
	}
}

// packageKey finds releases by what is before the @ of their names.
func packageKey(named key) key {
	return func(c Context, t Term) (store.Filter, error) {
		out := store.Filter{Op: store.FilterAny}
		for _, v := range t.Values {
			parts := append([]string{}, v.Wildcard...)
			if len(parts) == 0 {
				parts = []string{v.Text}
			}
			parts[len(parts)-1] += "@"
			f, err := named(c, Term{Key: t.Key, Op: t.Op, Values: []Value{{Text: v.Text + "@*", Wildcard: append(parts, "")}}})
			if err != nil {
				return out, err
			}
			out.Subs = append(out.Subs, f)
		}
		return out, nil
	}
}

// theirNames compares a release with the names of those that are meant.
func theirNames(c Context, t Term, named key, in ReleaseRange) (store.Filter, error) {
	if c.Releases == nil {
		return store.Filter{}, errorf("\"%s\" changes with each release and cannot be kept in a rule; name the releases, such as release:app@1.2.*.", clip(t.Key))
	}
	names, err := c.Releases(in)
	if err != nil {
		return store.Filter{}, err
	}
	if len(names) == 0 {
		return never(), nil
	}
	if len(names) > MaxValues {
		return store.Filter{}, errorf("\"%s\" fits more than %d releases; narrow it, such as %s:>=1.2 %s:<1.4, or use release:app@1.2.*.", clip(t.Key), MaxValues, clip(t.Key), clip(t.Key))
	}
	values := make([]Value, len(names))
	for i, n := range names {
		values[i] = Value{Text: n, Quoted: true}
	}
	return named(c, Term{Key: "release", Op: "=", Values: values})
}

// notKept refuses the parts of a release that are not kept apart.
func notKept(_ Context, t Term) (store.Filter, error) {
	return store.Filter{}, errorf("\"%s\" cannot be searched; use a release or a pattern, such as release:app@1.2.*, or tags[%s] for a tag of that name.", clip(t.Key), clip(t.Key))
}
