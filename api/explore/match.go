package explore

import (
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/search"
	"github.com/hindsight-dev/hindsight/internal/release"
)

// predicate says whether a row fits.
type predicate func(Row) bool

// fits compiles a query over rows. d says which columns free words are looked for in.
func fits(now time.Time, n search.Node, d Dataset) (predicate, error) {
	all := func(nodes []search.Node, join func(predicate, predicate) predicate, start predicate) (predicate, error) {
		p := start
		for _, n := range nodes {
			q, err := fits(now, n, d)
			if err != nil {
				return nil, err
			}
			p = join(p, q)
		}
		return p, nil
	}
	switch n := n.(type) {
	case search.And:
		return all(n, func(p, q predicate) predicate { return func(r Row) bool { return p(r) && q(r) } }, func(Row) bool { return true })
	case search.Or:
		return all(n, func(p, q predicate) predicate { return func(r Row) bool { return p(r) || q(r) } }, func(Row) bool { return false })
	case search.Not:
		p, err := fits(now, n.Node, d)
		return func(r Row) bool { return !p(r) }, err
	case search.Text:
		parts := n.Value.Wildcard
		if len(parts) == 0 {
			parts = []string{n.Value.Text}
		}
		parts = append(append([]string{""}, parts...), "")
		return func(r Row) bool {
			return slices.ContainsFunc(d.Texts, func(c string) bool { return like(text(r(c)), parts) })
		}, nil
	case search.Term:
		if n.Key == "release" && len(n.Values) == 1 && !n.Values[0].Quoted && n.Values[0].Text == "latest" && !d.Latest {
			return nil, badf("\"release:latest\" is known for issues and errors; name the release here, such as release:app@1.2.0.")
		}
		return term(now, n)
	}
	return nil, badf("The search query has a part that is not understood.")
}

func term(now time.Time, t search.Term) (predicate, error) {
	if strings.HasSuffix(t.Key, ")") {
		return nil, badf("%s can only be a condition of its own, not in parentheses or with OR.", t.Key)
	}
	if t.Key == "has" {
		return func(r Row) bool {
			return slices.ContainsFunc(t.Values, func(v search.Value) bool { c := r(v.Text); return c != nil && c != "" })
		}, nil
	}
	if slices.Contains(timeColumns, t.Key) {
		from, to, err := search.Span(now, t)
		if err != nil {
			return nil, err
		}
		return func(r Row) bool {
			at, ok := r(t.Key).(time.Time)
			return ok && !at.Before(from) && (to.IsZero() || at.Before(to))
		}, nil
	}
	switch t.Key {
	case "release.version":
		return version(t)
	case "release.package":
		return func(r Row) bool {
			pkg := release.Parse(text(r("release"))).Package
			return pkg != "" && slices.ContainsFunc(t.Values, func(v search.Value) bool { return equal(t.Key, pkg, v) })
		}, nil
	}
	if t.Op != "=" {
		want, ok := quantity(t.Key, t.Values[0].Text)
		if !ok || len(t.Values) > 1 {
			return nil, badf("%q wants one number to compare with by %s.", t.Key, t.Op)
		}
		return func(r Row) bool {
			n, ok := numberOf(r(t.Key))
			return ok && compare(n, t.Op, want)
		}, nil
	}
	return func(r Row) bool {
		cell := r(t.Key)
		return slices.ContainsFunc(t.Values, func(v search.Value) bool { return equal(t.Key, cell, v) })
	}, nil
}

// version compares the version in a release's name.
func version(t search.Term) (predicate, error) {
	type span struct{ pkg, from, to string }
	var spans []span
	for _, v := range t.Values {
		pkg, from, to, ok := release.Between(t.Op, v.Text)
		if !ok {
			return nil, badf("\"release.version:%s\" wants a version, such as 1.2.3, >=1.2 or 1.2.*.", v.Text)
		}
		spans = append(spans, span{pkg, from, to})
	}
	return func(r Row) bool {
		v := release.Parse(text(r("release")))
		key := v.SortKey()
		return slices.ContainsFunc(spans, func(s span) bool {
			return s.from <= key && key < s.to && (s.pkg == "" || s.pkg == v.Package)
		})
	}, nil
}

// equal compares a cell with what was typed.
func equal(column string, cell any, v search.Value) bool {
	switch c := cell.(type) {
	case nil:
		return v.Text == ""
	case bool:
		if yes := v.Text == "true" || v.Text == "1"; yes || v.Text == "false" || v.Text == "0" {
			return c == yes
		}
		return false
	case float64, int64:
		a, _ := numberOf(cell)
		b, ok := quantity(column, v.Text)
		return ok && a == b
	}
	s := text(cell)
	if v.Wild() {
		return like(s, v.Wildcard)
	}
	return s == v.Text
}

// like says whether a text has the parts in this order, in any case, with anything between them; the first begins
// it and the last ends it.
func like(s string, parts []string) bool {
	s = strings.ToLower(s)
	for i, p := range parts {
		p = strings.ToLower(p)
		switch {
		case i == 0:
			if !strings.HasPrefix(s, p) {
				return false
			}
			s = s[len(p):]
		case i == len(parts)-1:
			return strings.HasSuffix(s, p)
		default:
			at := strings.Index(s, p)
			if at < 0 {
				return false
			}
			s = s[at+len(p):]
		}
	}
	return len(parts) > 1 || s == ""
}
