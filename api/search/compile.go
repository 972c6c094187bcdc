package search

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/store"
)

// Context is what a query's words refer to.
type Context struct {
	Now     time.Time
	UserID  int64                               // who "me" is; 0: nobody
	Project func(slugOrID string) (int64, bool) // of the organisation that is searched
	Member  func(email string) (int64, bool)    // likewise; nil: nobody is known by e-mail
	Issue   func(shortID string) (int64, bool)  // likewise; nil: none is known
	// Releases gives the names of the releases that are asked for, each now; nil: those cannot be asked for.
	Releases func(ReleaseRange) ([]string, error)
}

// key compiles the terms of one key.
type key func(Context, Term) (store.Filter, error)

// subject is what can be searched.
type subject struct {
	name string
	keys map[string]key
	has  map[string]store.Filter // presence, by key
	text func(Value) store.Filter
	// other is what a key means that is not among keys, and its presence; nil: nothing.
	other func(name string) (key, store.Filter)
	// refused are names that are neither a key that can be there or not, nor a tag.
	refused map[string]bool
}

func (s subject) compile(c Context, n Node) (store.Filter, error) {
	switch n := n.(type) {
	case And:
		return s.all(c, store.FilterAll, n)
	case Or:
		return s.all(c, store.FilterAny, n)
	case Not:
		f, err := s.compile(c, n.Node)
		return store.Filter{Op: store.FilterNot, Subs: []store.Filter{f}}, err
	case Text:
		return s.text(n.Value), nil
	case Term:
		if n.Key == "has" {
			return s.presence(n)
		}
		if strings.HasSuffix(n.Key, ")") {
			return store.Filter{}, errorf("Aggregate filters (%s) are not supported in searches of %s.", clip(n.Key), strings.ToLower(s.name))
		}
		k, ok := s.keys[n.Key]
		if !ok && s.other != nil {
			k, _ = s.other(n.Key)
			ok = true
		}
		if !ok {
			return store.Filter{}, errorf("%s cannot be searched by \"%s\".", s.name, clip(n.Key))
		}
		return k(c, n)
	}
	return store.Filter{}, errorf("The search query has a part that is not understood.")
}

func (s subject) all(c Context, op store.FilterOp, nodes []Node) (store.Filter, error) {
	f := store.Filter{Op: op}
	for _, n := range nodes {
		sub, err := s.compile(c, n)
		if err != nil {
			return store.Filter{}, err
		}
		f.Subs = append(f.Subs, sub)
	}
	return f, nil
}

func (s subject) presence(t Term) (store.Filter, error) {
	f := store.Filter{Op: store.FilterAny}
	for _, v := range t.Values {
		if s.refused[v.Text] {
			return store.Filter{}, errorf("%s cannot be searched by \"has:%s\".", s.name, clip(v.Text))
		}
		p, ok := s.has[v.Text]
		if !ok && s.other != nil {
			_, p = s.other(v.Text)
			ok = true
		}
		if !ok {
			return store.Filter{}, errorf("%s cannot be searched by \"has:%s\".", s.name, clip(v.Text))
		}
		f.Subs = append(f.Subs, p)
	}
	return f, nil
}

// tagName takes the brackets off tags[name].
func tagName(key string) string {
	if name, ok := strings.CutPrefix(key, "tags["); ok {
		return strings.TrimSuffix(name, "]")
	}
	return key
}

func not(f store.Filter) store.Filter {
	return store.Filter{Op: store.FilterNot, Subs: []store.Filter{f}}
}

func eq(field string, values ...any) store.Filter {
	return store.Filter{Op: store.FilterEq, Field: field, Values: values}
}

// present is a field that is not empty.
func present(field string) store.Filter {
	return store.Filter{Op: store.FilterGt, Field: field, Values: []any{""}}
}

// contains is a field with some text in it.
func contains(field string, v Value) store.Filter {
	parts := v.Wildcard
	if len(parts) == 0 {
		parts = []string{v.Text}
	}
	parts = append(append([]string{""}, parts...), "")
	return store.Filter{Op: store.FilterLike, Field: field, Parts: parts}
}

func ops(t Term, allowed string) error {
	if t.Op != "=" && !strings.Contains(allowed, t.Op) {
		return errorf("\"%s\" cannot be compared with %s.", clip(t.Key), t.Op)
	}
	return nil
}

// textKey compares text: exact, with wildcards, or one of a list. An empty value is "missing".
func textKey(field string) key {
	return func(_ Context, t Term) (store.Filter, error) {
		if err := ops(t, "="); err != nil {
			return store.Filter{}, err
		}
		if len(t.Values) == 1 && t.Values[0].Wild() {
			return store.Filter{Op: store.FilterLike, Field: field, Parts: t.Values[0].Wildcard}, nil
		}
		if len(t.Values) == 1 && t.Values[0].Text == "" {
			return not(present(field)), nil
		}
		f := store.Filter{Op: store.FilterEq, Field: field}
		for _, v := range t.Values {
			f.Values = append(f.Values, v.Text)
		}
		return f, nil
	}
}

// substringKey finds text anywhere in a field.
func substringKey(fields ...string) key {
	return func(_ Context, t Term) (store.Filter, error) {
		if err := ops(t, "="); err != nil {
			return store.Filter{}, err
		}
		f := store.Filter{Op: store.FilterAny}
		for _, v := range t.Values {
			for _, field := range fields {
				f.Subs = append(f.Subs, contains(field, v))
			}
		}
		return f, nil
	}
}

// enumKey compares with one of a few words.
func enumKey(field string, words ...string) key {
	return func(_ Context, t Term) (store.Filter, error) {
		if err := ops(t, "="); err != nil {
			return store.Filter{}, err
		}
		f := store.Filter{Op: store.FilterEq, Field: field}
		for _, v := range t.Values {
			if !slices.Contains(words, v.Text) {
				return store.Filter{}, errorf("\"%s:%s\" is not known; valid are %s.", clip(t.Key), clip(v.Text), strings.Join(words, ", "))
			}
			f.Values = append(f.Values, v.Text)
		}
		return f, nil
	}
}

var compareOps = map[string]store.FilterOp{"=": store.FilterEq, ">": store.FilterGt, ">=": store.FilterGte, "<": store.FilterLt, "<=": store.FilterLte}

// numberKey compares with a number that read understands.
func numberKey(field, want string, read func(string) (int64, bool)) key {
	return func(_ Context, t Term) (store.Filter, error) {
		f := store.Filter{Op: compareOps[t.Op], Field: field}
		if len(t.Values) > 1 && t.Op != "=" {
			return f, errorf("\"%s\" cannot be compared with a list by %s.", clip(t.Key), t.Op)
		}
		for _, v := range t.Values {
			n, ok := read(v.Text)
			if !ok {
				return f, errorf("\"%s:%s\" wants %s.", clip(t.Key), clip(v.Text), want)
			}
			f.Values = append(f.Values, n)
		}
		return f, nil
	}
}

func intKey(field string) key { return numberKey(field, "a number, such as 100 or 2k", readNumber) }

func readNumber(s string) (int64, bool) {
	unit := int64(1)
	if n := len(s); n > 1 {
		if u, ok := map[byte]int64{'k': 1e3, 'K': 1e3, 'm': 1e6, 'M': 1e6, 'b': 1e9, 'B': 1e9}[s[n-1]]; ok {
			unit, s = u, s[:n-1]
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > 1<<53/unit || n < -1<<53/unit {
		return 0, false
	}
	return n * unit, true
}

// durationUnits are what follows the number of a duration, in milliseconds.
var durationUnits = map[string]float64{"ms": 1, "s": 1e3, "sec": 1e3, "m": 6e4, "min": 6e4, "h": 36e5, "hr": 36e5, "d": 864e5, "day": 864e5, "w": 6048e5, "wk": 6048e5}

// durationKey compares milliseconds; bare is the unit of a number without one.
func durationKey(field, bare string) key {
	return numberKey(field, "a duration, such as 30s or 5m", func(s string) (int64, bool) {
		cut := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		unit := bare
		if cut >= 0 {
			s, unit = s[:cut], s[cut:]
		}
		n, err := strconv.ParseFloat(s, 64)
		u, ok := durationUnits[unit]
		if err != nil || !ok || n*u > 1<<53 {
			return 0, false
		}
		return int64(n * u), true
	})
}

// dateKey compares a time: an absolute one, or a span back from now, where -24h is "within" and +24h
// "longer ago".
func dateKey(field string) key {
	return func(c Context, t Term) (store.Filter, error) {
		if len(t.Values) != 1 {
			return store.Filter{}, errorf("\"%s\" wants one date.", clip(t.Key))
		}
		v := t.Values[0].Text
		if (v[:min(1, len(v))] == "-" || v[:min(1, len(v))] == "+") && t.Op == "=" {
			ms, ok := relative(c.Now, v[1:])
			if !ok {
				return store.Filter{}, errorf("\"%s:%s\" wants a span, such as -24h or +14d.", clip(t.Key), clip(v))
			}
			op := store.FilterGte
			if v[0] == '+' {
				op = store.FilterLte
			}
			return store.Filter{Op: op, Field: field, Values: []any{ms}}, nil
		}
		at, day, ok := absolute(v)
		if !ok {
			return store.Filter{}, errorf("\"%s:%s\" wants a date, such as 2026-08-01 or -24h.", clip(t.Key), clip(v))
		}
		if t.Op == "=" && day {
			return store.And(store.Filter{Op: store.FilterGte, Field: field, Values: []any{at.UnixMilli()}},
				store.Filter{Op: store.FilterLt, Field: field, Values: []any{at.Add(24 * time.Hour).UnixMilli()}}), nil
		}
		return store.Filter{Op: compareOps[t.Op], Field: field, Values: []any{at.UnixMilli()}}, nil
	}
}

func relative(now time.Time, s string) (int64, bool) {
	if len(s) < 2 || len(s) > 7 {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[s[len(s)-1]]
	n, err := strconv.Atoi(s[:len(s)-1])
	if !ok || err != nil || n < 0 || n > 10_000 {
		return 0, false
	}
	return now.Add(-time.Duration(n) * unit).UnixMilli(), true
}

func absolute(s string) (at time.Time, day, ok bool) {
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return t, true, true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), false, true
		}
	}
	return time.Time{}, false, false
}

// idKey compares 128-bit ids in any spelling.
func idKey(field string) key {
	return func(_ Context, t Term) (store.Filter, error) {
		if err := ops(t, "="); err != nil {
			return store.Filter{}, err
		}
		f := store.Filter{Op: store.FilterEq, Field: field}
		for _, v := range t.Values {
			id, err := envelope.ParseID(v.Text)
			if err != nil {
				return f, errorf("\"%s:%s\" wants an id of 32 hex digits.", clip(t.Key), clip(v.Text))
			}
			f.Values = append(f.Values, id.String())
		}
		return f, nil
	}
}

// boolKey compares a truth; inverted says that the field means the opposite.
func boolKey(field string, inverted bool) key {
	return func(_ Context, t Term) (store.Filter, error) {
		if err := ops(t, "="); err != nil {
			return store.Filter{}, err
		}
		b, err := strconv.ParseBool(t.Values[0].Text)
		if err != nil || len(t.Values) != 1 {
			return store.Filter{}, errorf("\"%s:%s\" wants true or false.", clip(t.Key), clip(t.Values[0].Text))
		}
		return eq(field, b != inverted), nil
	}
}

// projectKey compares with projects of the organisation; one that is not there matches nothing.
func projectKey(c Context, t Term) (store.Filter, error) {
	if err := ops(t, "="); err != nil {
		return store.Filter{}, err
	}
	f := store.Filter{Op: store.FilterEq, Field: "project_id"}
	for _, v := range t.Values {
		if id, ok := c.Project(v.Text); ok {
			f.Values = append(f.Values, id)
		}
	}
	if len(f.Values) == 0 {
		return store.Filter{Op: store.FilterAny}, nil
	}
	return f, nil
}
