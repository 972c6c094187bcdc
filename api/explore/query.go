package explore

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/api/search"
)

// Query is a question about rows.
type Query struct {
	Fields   []Field
	Where    search.Node // what is left of the query for rows, without conditions on aggregates
	having   []search.Term
	not      []search.Term // conditions on aggregates that must not hold
	sort     []order
	duration string
	texts    []string
	now      time.Time
	fits     predicate
}

type order struct {
	field int
	desc  bool
}

// Dataset is what a kind of rows calls its own.
type Dataset struct {
	Duration string   // the column that p95() means
	Texts    []string // the columns that free words are looked for in
	Latest   bool     // who asks finds out himself which release is the latest
}

// Parse reads a question. sort is names of fields, "-" before one for the larger first; aliases such as
// count_unique_user are understood.
func Parse(now time.Time, d Dataset, fields []string, query string, sort []string) (*Query, error) {
	if len(fields) == 0 {
		return nil, badf("No columns selected")
	}
	if len(fields) > MaxFields {
		return nil, badf("At most %d columns can be selected.", MaxFields)
	}
	q := &Query{duration: d.Duration, texts: d.Texts, now: now}
	for _, name := range fields {
		f, err := ParseField(name)
		if err != nil {
			return nil, err
		}
		q.Fields = append(q.Fields, f)
	}
	n, err := search.Parse(query)
	if err != nil {
		return nil, err
	}
	if err := q.split(n); err != nil {
		return nil, err
	}
	if q.fits, err = fits(now, q.Where, d); err != nil {
		return nil, err
	}
	for _, s := range sort {
		name, desc := strings.CutPrefix(s, "-")
		i := slices.IndexFunc(q.Fields, func(f Field) bool { return f.Name == name || f.alias() == name })
		if i < 0 && q.Aggregate() {
			return nil, badf("Cannot sort by %q: it is not one of the fields.", name)
		}
		if i < 0 { // a column that is not shown can be sorted by all the same
			f, err := ParseField(name)
			if err != nil || f.Aggregate() {
				return nil, badf("Cannot sort by %q: it is not one of the fields.", name)
			}
			q.Fields, i = append(q.Fields, f), len(q.Fields)
		}
		q.sort = append(q.sort, order{i, desc})
	}
	return q, nil
}

// split takes the conditions on aggregates out of a query; they are conditions of their own.
func (q *Query) split(n search.Node) error {
	rest := search.And{}
	nodes, ok := n.(search.And)
	if !ok {
		nodes = search.And{n}
	}
	for _, n := range nodes {
		t, negated := n, false
		if not, ok := n.(search.Not); ok {
			t, negated = not.Node, true
		}
		term, ok := t.(search.Term)
		if !ok || !strings.HasSuffix(term.Key, ")") {
			rest = append(rest, n)
			continue
		}
		if _, err := ParseField(term.Key); err != nil {
			return err
		}
		if _, ok := search.Quantity(term.Values[0].Text, true, false); !ok || len(term.Values) > 1 {
			return badf("%q wants one number to compare with.", term.Key)
		}
		if negated {
			q.not = append(q.not, term)
		} else {
			q.having = append(q.having, term)
		}
	}
	q.Where = rest
	return nil
}

// Aggregate says whether the question counts: then its columns are what rows are grouped by.
func (q *Query) Aggregate() bool {
	return slices.ContainsFunc(q.Fields, Field.Aggregate) || len(q.having)+len(q.not) > 0
}

// Columns are the names that rows will be asked for.
func (q *Query) Columns() []string {
	var out []string
	for _, f := range q.Fields {
		if !f.Aggregate() {
			out = append(out, f.Name)
		}
		out = append(out, f.Args...)
	}
	return append(out, columnsOf(q.Where)...)
}

func columnsOf(n search.Node) (out []string) {
	switch n := n.(type) {
	case search.And:
		for _, n := range n {
			out = append(out, columnsOf(n)...)
		}
	case search.Or:
		for _, n := range n {
			out = append(out, columnsOf(n)...)
		}
	case search.Not:
		return columnsOf(n.Node)
	case search.Term:
		if n.Key == "has" {
			for _, v := range n.Values {
				out = append(out, v.Text)
			}
			return out
		}
		if n.Key == "release.version" || n.Key == "release.package" {
			return []string{"release"}
		}
		return []string{n.Key}
	}
	return out
}

// NewestFirst says whether the rows as they come, the newest first, are in the order that is wanted.
func (q *Query) NewestFirst() bool {
	if q.Aggregate() {
		return false
	}
	return len(q.sort) == 0 || slices.Contains([]string{"timestamp", "precise.start_ts", "timestamp_precise"}, q.Fields[q.sort[0].field].Name) && q.sort[0].desc
}

// Matches says whether a row fits the query.
func (q *Query) Matches(r Row) bool { return q.fits(r) }

// group is rows with the same columns.
type group struct {
	cells []any // by field; of aggregates nil
	sums  []sum // by field; of columns nil
	more  map[string]sum
	rows  int64
}

// Grouper collects rows into groups.
type Grouper struct {
	q      *Query
	by     []int // fields that are columns
	groups map[string]*group
	order  []string
}

// Group begins to collect rows.
func (q *Query) Group() *Grouper {
	g := &Grouper{q: q, groups: map[string]*group{}}
	for i, f := range q.Fields {
		if !f.Aggregate() {
			g.by = append(g.by, i)
		}
	}
	return g
}

// Add takes a row that fits into its group.
func (g *Grouper) Add(r Row) error {
	var key strings.Builder
	for _, i := range g.by {
		key.WriteString(text(r(g.q.Fields[i].Name)))
		key.WriteByte(0)
	}
	gr := g.groups[key.String()]
	if gr == nil {
		gr = &group{cells: make([]any, len(g.q.Fields)), sums: make([]sum, len(g.q.Fields)), more: map[string]sum{}}
		for i, f := range g.q.Fields {
			if !f.Aggregate() {
				gr.cells[i] = r(f.Name)
				continue
			}
			s, err := newSum(f, g.q.duration)
			if err != nil {
				return err
			}
			gr.sums[i] = s
		}
		for _, t := range append(slices.Clone(g.q.having), g.q.not...) {
			f, err := ParseField(t.Key)
			if err != nil {
				return err
			}
			if gr.more[t.Key], err = newSum(f, g.q.duration); err != nil {
				return err
			}
		}
		g.groups[key.String()] = gr
		g.order = append(g.order, key.String())
	}
	for _, s := range gr.sums {
		if s != nil {
			s.add(r)
		}
	}
	for _, s := range gr.more {
		s.add(r)
	}
	gr.rows++
	return nil
}

// Rows gives the groups' cells, those first that are wanted first. window is the time that rates are over. A
// question without a column to group by has one row, also over nothing.
func (g *Grouper) Rows(window time.Duration) ([][]any, error) {
	if len(g.by) == 0 && len(g.groups) == 0 {
		empty, err := g.empty()
		if err != nil {
			return nil, err
		}
		g.groups[""], g.order = empty, []string{""}
	}
	var out [][]any
	for _, key := range g.order {
		gr := g.groups[key]
		if !g.holds(gr, window) {
			continue
		}
		cells := slices.Clone(gr.cells)
		for i, s := range gr.sums {
			if s != nil {
				cells[i] = s.value(window)
			}
		}
		out = append(out, cells)
	}
	g.q.Sort(out)
	return out, nil
}

// empty is a group of no rows.
func (g *Grouper) empty() (*group, error) {
	gr := &group{cells: make([]any, len(g.q.Fields)), sums: make([]sum, len(g.q.Fields)), more: map[string]sum{}}
	for i, f := range g.q.Fields {
		s, err := newSum(f, g.q.duration)
		if err != nil {
			return nil, err
		}
		gr.sums[i] = s
	}
	for _, t := range append(slices.Clone(g.q.having), g.q.not...) {
		f, _ := ParseField(t.Key) // parsed before
		gr.more[t.Key], _ = newSum(f, g.q.duration)
	}
	return gr, nil
}

func (g *Grouper) holds(gr *group, window time.Duration) bool {
	test := func(t search.Term) bool {
		n, ok := numberOf(gr.more[t.Key].value(window))
		f, _ := ParseField(t.Key) // parsed before
		want, _ := quantity(f.column(g.q.duration), t.Values[0].Text)
		return ok && compare(n, t.Op, want)
	}
	return !slices.ContainsFunc(g.q.having, func(t search.Term) bool { return !test(t) }) && !slices.ContainsFunc(g.q.not, test)
}

// Cells are the columns of a row that is not grouped.
func (q *Query) Cells(r Row) []any {
	out := make([]any, len(q.Fields))
	for i, f := range q.Fields {
		out[i] = r(f.Name)
	}
	return out
}

// Sort brings rows into the order that is wanted; those that are equal stay as they came.
func (q *Query) Sort(rows [][]any) {
	slices.SortStableFunc(rows, func(x, y []any) int {
		for _, o := range q.sort {
			c := compareCells(x[o.field], y[o.field])
			if o.desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

func compareCells(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(boolInt(a != nil), boolInt(b != nil))
	}
	if x, ok := a.(time.Time); ok {
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	}
	if _, isText := a.(string); !isText {
		x, xok := numberOf(a)
		y, yok := numberOf(b)
		if xok && yok {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(text(a), text(b))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Ungrouped is the same question over all rows, with its aggregates alone.
func (q *Query) Ungrouped() *Query {
	out := *q
	out.Fields, out.sort = nil, nil
	for _, f := range q.Fields {
		if f.Aggregate() {
			out.Fields = append(out.Fields, f)
		}
	}
	return &out
}
