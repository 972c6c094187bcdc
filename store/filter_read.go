package store

import (
	"fmt"
	"strings"
)

// FilterOp joins or negates conditions, or compares a field.
type FilterOp int

// The kinds of condition.
const (
	FilterAll   FilterOp = iota // every one of Subs; none: always true
	FilterAny                   // one of Subs; none: never
	FilterNot                   // not the one in Subs
	FilterEq                    // the field is one of Values
	FilterGt                    // the field is greater than Values[0]; so on
	FilterGte                   //
	FilterLt                    //
	FilterLte                   //
	FilterSome                  // one row of the things that Field names fits Subs[0], whose fields are theirs
	FilterMatch                 // the field shows Values[0], words as [Words] makes them, one after the other
	FilterLike                  // the field has the Parts in this order, in any case, with anything between them
)

// Filter is a condition on rows. Field is one of the names that the query it is given to knows
// (listed at each query); Values are compared as they are: text, int64 or bool.
type Filter struct {
	Op     FilterOp
	Subs   []Filter
	Field  string
	Values []any
	Parts  []string

	fitting []any // of FilterLike: the values there are that fit; nil: not known, or very many
}

// And joins filters.
func And(fs ...Filter) Filter { return Filter{Op: FilterAll, Subs: fs} }

// field is how a filter's field is written in SQL. Expr is compared; where it belongs to another
// table, in says how to reach it: a subquery up to its WHERE's end, that the comparison is added to.
type field struct {
	expr string
	in   string
	args []any // of placeholders in in

	word   string              // of FilterMatch: the condition, with one placeholder; in ends where it goes
	phrase func(string) string // makes its argument

	or    func(Filter) (string, []any) // another condition that is enough; empty: none for this comparison
	drive drive                        // nil: no index finds what fits
}

// where writes a filter as SQL with placeholders. Only the constants of fields and these words get
// into the text; what a person typed is an argument.
func (f Filter) where(fields map[string]field) (string, []any, error) {
	switch f.Op {
	case FilterAll, FilterAny:
		return f.join(fields)
	case FilterNot:
		s, args, err := f.Subs[0].where(fields)
		// An unknown (NULL) counts as "no", so that its negation is "yes".
		return "NOT COALESCE(" + s + ", FALSE)", args, err
	}
	fd, ok := fields[f.Field]
	if !ok {
		return "", nil, fmt.Errorf("%w: unknown filter field %q", ErrInvalid, f.Field)
	}
	switch {
	case f.Op == FilterSome:
		s, args, err := f.Subs[0].where(rowOf(fields, fd.in))
		if fd.in != "" {
			s = exists(fd.in, s)
		}
		return s, args, err
	case (f.Op == FilterMatch) != (fd.word != ""):
		return "", nil, fmt.Errorf("%w: filter field %q cannot be compared so", ErrInvalid, f.Field)
	case f.Op == FilterMatch:
		text, _ := f.Values[0].(string)
		return "(" + fd.in + fd.word + "))", []any{fd.phrase(text)}, nil
	}
	s, args := f.compare(fd.expr)
	args = append(append([]any{}, fd.args...), args...)
	if fd.in != "" {
		s = exists(fd.in, s)
	}
	if fd.or != nil {
		if other, more := fd.or(f); other != "" {
			s, args = s+" OR ("+other+")", append(args, more...)
		}
	}
	return "(" + s + ")", args, nil
}

// exists asks of each row whether what in reaches fits. Postgres would turn that into a join, and read all that fit
// before the first row of a list; OFFSET keeps it from that.
func exists(in, cmp string) string { return "EXISTS (" + in + " AND " + cmp + " LIMIT 1 OFFSET 0)" }

// rowOf gives the fields of the same row as something reached by in, to be compared where they stand.
func rowOf(fields map[string]field, in string) map[string]field {
	out := map[string]field{}
	for k, v := range fields {
		if v.in == in && v.expr != "" {
			out[k] = field{expr: v.expr}
		}
	}
	return out
}

func (f Filter) join(fields map[string]field) (string, []any, error) {
	word, empty := " AND ", "(1 = 1)"
	if f.Op == FilterAny {
		word, empty = " OR ", "(1 = 0)"
	}
	var parts []string
	var args []any
	for _, sub := range f.Subs {
		s, a, err := sub.where(fields)
		if err != nil {
			return "", nil, err
		}
		parts, args = append(parts, s), append(args, a...)
	}
	if len(parts) == 0 {
		return empty, nil, nil
	}
	return "(" + strings.Join(parts, word) + ")", args, nil
}

func (f Filter) compare(expr string) (string, []any) {
	switch f.Op {
	case FilterGt:
		return expr + " > ?", f.Values[:1]
	case FilterGte:
		return expr + " >= ?", f.Values[:1]
	case FilterLt:
		return expr + " < ?", f.Values[:1]
	case FilterLte:
		return expr + " <= ?", f.Values[:1]
	case FilterLike:
		return "LOWER(" + expr + ` COLLATE "binary") LIKE ? ESCAPE '!'`, []any{likePattern(f.Parts)}
	}
	if len(f.Values) == 1 {
		return expr + " = ?", f.Values
	}
	marks := strings.Repeat("?, ", max(len(f.Values)-1, 0)) + "?"
	return expr + " IN (" + marks + ")", f.Values
}

// likePattern makes a LIKE pattern of literal parts with anything between them. The caller puts an
// empty part at an end that is open.
func likePattern(parts []string) string {
	escape := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = escape.Replace(fold(p))
	}
	return strings.Join(out, "%")
}
