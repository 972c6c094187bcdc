package explore

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Series is a question over time: its aggregates per bucket, for each group of its columns.
type Series struct {
	q      *Query
	axes   []int // fields that are aggregates
	by     []int // fields that are columns
	start  time.Time
	bucket time.Duration
	n      int
	groups map[string]*line
	order  []string
}

// line is a group's sums, by axis and bucket.
type line struct {
	cells []any
	sums  [][]sum
	total []sum
}

// Line is a series of one group: Values by axis and bucket, in the order of the question's aggregates.
type Line struct {
	Groups []any // the columns, in their order; nil without
	Other  bool  // all the groups that are not among the first
	Values [][]any
}

// Over begins a series of n buckets.
func (q *Query) Over(start time.Time, bucket time.Duration, n int) *Series {
	s := &Series{q: q, start: start, bucket: bucket, n: n, groups: map[string]*line{}}
	for i, f := range q.Fields {
		if f.Aggregate() {
			s.axes = append(s.axes, i)
		} else {
			s.by = append(s.by, i)
		}
	}
	return s
}

// Axes are the names of the aggregates.
func (s *Series) Axes() (names []Field) {
	for _, i := range s.axes {
		names = append(names, s.q.Fields[i])
	}
	return names
}

// GroupedBy are the names of the columns.
func (s *Series) GroupedBy() (names []string) {
	for _, i := range s.by {
		names = append(names, s.q.Fields[i].Name)
	}
	return names
}

func (s *Series) newLine() (*line, error) {
	l := &line{sums: make([][]sum, len(s.axes))}
	for a, i := range s.axes {
		l.sums[a] = make([]sum, s.n)
		t, err := newSum(s.q.Fields[i], s.q.duration)
		if err != nil {
			return nil, err
		}
		l.total = append(l.total, t)
	}
	return l, nil
}

// Add takes a row into its bucket.
func (s *Series) Add(r Row) error {
	at, ok := r("timestamp").(time.Time)
	b := int(at.Sub(s.start) / s.bucket)
	if !ok || at.Before(s.start) || b >= s.n {
		return nil
	}
	var key strings.Builder
	for _, i := range s.by {
		key.WriteString(text(r(s.q.Fields[i].Name)))
		key.WriteByte(0)
	}
	l := s.groups[key.String()]
	if l == nil {
		var err error
		if l, err = s.newLine(); err != nil {
			return err
		}
		for _, i := range s.by {
			l.cells = append(l.cells, r(s.q.Fields[i].Name))
		}
		s.groups[key.String()] = l
		s.order = append(s.order, key.String())
	}
	for a, i := range s.axes {
		if l.sums[a][b] == nil {
			l.sums[a][b], _ = newSum(s.q.Fields[i], s.q.duration) // its field was good for the total
		}
		l.sums[a][b].add(r)
		l.total[a].add(r)
	}
	return nil
}

// Lines gives one line over all rows without columns, or those of the first top groups.
func (s *Series) Lines(top int) ([]Line, error) {
	if len(s.order) == 0 && len(s.by) == 0 {
		l, err := s.newLine()
		if err != nil {
			return nil, err
		}
		s.groups[""], s.order = l, []string{""}
	}
	type ranked struct {
		line  *line
		cells []any // by field, as the question sorts
	}
	var all []ranked
	for _, key := range s.order {
		l := s.groups[key]
		cells := make([]any, len(s.q.Fields))
		for n, i := range s.by {
			cells[i] = l.cells[n]
		}
		for a, i := range s.axes {
			cells[i] = l.total[a].value(s.bucket * time.Duration(s.n))
		}
		all = append(all, ranked{l, cells})
	}
	orders := s.q.sort
	if len(orders) == 0 && len(s.axes) > 0 {
		orders = []order{{s.axes[0], true}}
	}
	slices.SortStableFunc(all, func(x, y ranked) int {
		for _, o := range orders {
			c := compareCells(x.cells[o.field], y.cells[o.field])
			if o.desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return cmp.Compare(text(x.cells[0]), text(y.cells[0]))
	})
	var out []Line
	for _, r := range all[:min(top, len(all))] {
		out = append(out, Line{Groups: r.line.cells, Values: s.values(r.line)})
	}
	return out, nil
}

func (s *Series) values(l *line) [][]any {
	out := make([][]any, len(s.axes))
	for a, i := range s.axes {
		none, _ := newSum(s.q.Fields[i], s.q.duration)
		empty := none.value(s.bucket) // what there is of no rows
		out[a] = make([]any, s.n)
		for b, sum := range l.sums[a] {
			if out[a][b] = empty; sum != nil {
				out[a][b] = sum.value(s.bucket)
			}
		}
	}
	return out
}

// Rest makes a question of the rows that are in none of the lines.
func (s *Series) Rest(lines []Line) func(Row) bool {
	known := map[string]bool{}
	for _, l := range lines {
		var key strings.Builder
		for _, c := range l.Groups {
			key.WriteString(text(c))
			key.WriteByte(0)
		}
		known[key.String()] = true
	}
	return func(r Row) bool {
		var key strings.Builder
		for _, i := range s.by {
			key.WriteString(text(r(s.q.Fields[i].Name)))
			key.WriteByte(0)
		}
		return !known[key.String()]
	}
}

// Compact gives a copy of a row that holds its columns and nothing else.
func (q *Query) Compact(r Row) Row {
	cells := map[string]any{"timestamp": r("timestamp")}
	for _, c := range q.needs() {
		cells[c] = r(c)
	}
	return func(column string) any { return cells[column] }
}

// needs are the columns that aggregates and groups read.
func (q *Query) needs() []string {
	out := []string{"span.status", "user", q.duration}
	for _, f := range q.Fields {
		if !f.Aggregate() {
			out = append(out, f.Name)
		}
		out = append(out, f.Args...)
	}
	return out
}
