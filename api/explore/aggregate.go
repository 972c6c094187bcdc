package explore

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Row gives a cell by the name of its column: a string, float64, int64, bool or time.Time, nil when there is none.
type Row func(column string) any

// Error is a question that cannot be understood; its text is a sentence.
type Error struct{ text string }

func (e *Error) Error() string { return e.text }

func badf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// sum is an aggregate over rows.
type sum interface {
	add(Row)
	value(window time.Duration) any // nil: over no rows there is none
}

type sumFunc struct {
	each func(Row)
	end  func(window time.Duration) any
}

func (s sumFunc) add(r Row)                 { s.each(r) }
func (s sumFunc) value(w time.Duration) any { return s.end(w) }

// quantiles are the aggregates that are a share of the sorted values.
var quantiles = map[string]float64{"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p100": 1}

// newSum makes the aggregate of a field; duration is the column that is meant when none is named.
func newSum(f Field, duration string) (sum, error) {
	column := f.column(duration)
	if q, ok := quantiles[f.Func]; ok {
		return quantile(column, q), nil
	}
	n := 0.0
	count := func(fits func(Row) bool) sum {
		return sumFunc{func(r Row) {
			if fits(r) {
				n++
			}
		}, func(time.Duration) any { return int64(n) }}
	}
	switch f.Func {
	case "count":
		if len(f.Args) == 0 {
			return count(func(Row) bool { return true }), nil
		}
		return count(func(r Row) bool { return r(f.Args[0]) != nil }), nil
	case "count_unique":
		return unique(f)
	case "epm", "tpm", "spm", "eps":
		unit := time.Minute
		if f.Func == "eps" {
			unit = time.Second
		}
		return sumFunc{func(Row) { n++ }, func(w time.Duration) any { return n / max(w.Seconds()/unit.Seconds(), 1e-9) }}, nil
	case "sum", "avg", "min", "max":
		return arithmetic(f.Func, column, nil), nil
	case "percentile":
		if len(f.Args) != 2 {
			return nil, badf("%s wants a column and a share, as in percentile(span.duration,0.95).", f.Name)
		}
		q, err := strconv.ParseFloat(f.Args[1], 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return nil, badf("%s wants a share from 0 to 1.", f.Name)
		}
		return quantile(column, q), nil
	case "count_if", "avg_if", "sum_if":
		return conditional(f)
	case "failure_count":
		return count(failed), nil
	case "failure_rate":
		bad := 0.0
		return sumFunc{func(r Row) {
			n++
			if failed(r) {
				bad++
			}
		}, func(time.Duration) any { return share(bad, n) }}, nil
	case "last_seen", "first_seen":
		return seen(f.Func == "last_seen"), nil
	case "apdex", "user_misery":
		return apdex(f, duration)
	case "any":
		if len(f.Args) != 1 {
			return nil, badf("%s wants a column.", f.Name)
		}
		var cell any
		return sumFunc{func(r Row) {
			if cell == nil {
				cell = r(f.Args[0])
			}
		}, func(time.Duration) any { return cell }}, nil
	}
	return nil, badf("%s is not a known function.", f.Name)
}

func share(part, whole float64) any {
	if whole == 0 {
		return nil
	}
	return part / whole
}

// failed says whether a span ended badly: neither well, nor cancelled, nor without anybody knowing.
func failed(r Row) bool {
	s, _ := r("span.status").(string)
	return !slices.Contains([]string{"", "ok", "cancelled", "unknown"}, s)
}

func unique(f Field) (sum, error) {
	if len(f.Args) != 1 {
		return nil, badf("%s wants a column.", f.Name)
	}
	seen := map[string]bool{} // no more than there are rows
	return sumFunc{func(r Row) {
		if c := r(f.Args[0]); c != nil {
			seen[text(c)] = true
		}
	}, func(time.Duration) any { return int64(len(seen)) }}, nil
}

func quantile(column string, q float64) sum {
	var values []float64
	return sumFunc{func(r Row) {
		if n, ok := numberOf(r(column)); ok {
			values = append(values, n)
		}
	}, func(time.Duration) any {
		if len(values) == 0 {
			return nil
		}
		slices.Sort(values)
		at := q * float64(len(values)-1)
		low := int(math.Floor(at))
		high := min(low+1, len(values)-1)
		return values[low] + (values[high]-values[low])*(at-float64(low))
	}}
}

func arithmetic(kind, column string, fits func(Row) bool) sum {
	n, total, least, most := 0.0, 0.0, math.Inf(1), math.Inf(-1)
	return sumFunc{func(r Row) {
		if fits != nil && !fits(r) {
			return
		}
		if v, ok := numberOf(r(column)); ok {
			n, total, least, most = n+1, total+v, min(least, v), max(most, v)
		}
	}, func(time.Duration) any {
		switch {
		case n == 0 && kind != "sum":
			return nil
		case kind == "avg":
			return total / n
		case kind == "min":
			return least
		case kind == "max":
			return most
		}
		return total
	}}
}

// conditions are the words that compare in count_if and its like.
var conditions = map[string]string{"equals": "=", "notEquals": "!=", "greater": ">", "greaterOrEquals": ">=", "less": "<", "lessOrEquals": "<="}

func conditional(f Field) (sum, error) {
	args, measured := f.Args, ""
	if f.Func != "count_if" && len(args) > 0 {
		measured, args = args[0], args[1:]
	}
	if len(args) != 3 || conditions[args[1]] == "" {
		return nil, badf("%s wants a column, one of equals, notEquals, greater, less, greaterOrEquals, lessOrEquals, and a value.", f.Name)
	}
	op, want := conditions[args[1]], args[2]
	fits := func(r Row) bool {
		cell := r(args[0])
		if op == "=" || op == "!=" {
			same := cell != nil && text(cell) == want
			if a, ok := numberOf(cell); ok && !same {
				b, is := quantity(args[0], want)
				same = is && a == b
			}
			return same == (op == "=")
		}
		a, ok := numberOf(cell)
		b, is := quantity(args[0], want)
		return ok && is && compare(a, op, b)
	}
	if f.Func == "count_if" {
		n := int64(0)
		return sumFunc{func(r Row) {
			if fits(r) {
				n++
			}
		}, func(time.Duration) any { return n }}, nil
	}
	return arithmetic(strings.TrimSuffix(f.Func, "_if"), measured, fits), nil
}

func compare(a float64, op string, b float64) bool {
	switch op {
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "<":
		return a < b
	case "<=":
		return a <= b
	}
	return a == b
}

func seen(last bool) sum {
	var at time.Time
	return sumFunc{func(r Row) {
		if t, ok := r("timestamp").(time.Time); ok && (at.IsZero() || t.After(at) == last) {
			at = t
		}
	}, func(time.Duration) any {
		if at.IsZero() {
			return nil
		}
		return at
	}}
}

// apdex is the share of satisfied and, by half, of tolerating users; misery the share of users who frustrate.
func apdex(f Field, duration string) (sum, error) {
	threshold, column := 300.0, duration
	if len(f.Args) > 0 {
		v, err := strconv.ParseFloat(f.Args[len(f.Args)-1], 64)
		if err != nil || v <= 0 {
			return nil, badf("%s wants a threshold in milliseconds.", f.Name)
		}
		threshold = v
	}
	if len(f.Args) > 1 {
		column = f.Args[0]
	}
	n, score := 0.0, 0.0
	users, miserable := map[string]bool{}, map[string]bool{}
	return sumFunc{func(r Row) {
		v, ok := numberOf(r(column))
		if !ok {
			return
		}
		n++
		switch {
		case v <= threshold:
			score++
		case v <= 4*threshold:
			score += 0.5
		}
		if u := r("user"); u != nil {
			users[text(u)] = true
			if v > 4*threshold {
				miserable[text(u)] = true
			}
		}
	}, func(time.Duration) any {
		if f.Func == "apdex" {
			return share(score, n)
		}
		return (float64(len(miserable)) + 5.8875) / (float64(len(users)) + 5.8875 + 111.8625) // Sentry's prior
	}}, nil
}

// text writes a cell as it is grouped and compared by.
func text(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05+00:00")
	}
	return fmt.Sprint(cell)
}
