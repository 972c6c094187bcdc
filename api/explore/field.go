package explore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hindsight-dev/hindsight/api/search"
)

// MaxFields is how many fields a question has at most.
const MaxFields = 20

// Field is a column, or an aggregate with its arguments.
type Field struct {
	Name string // as it was asked for
	Func string // empty: a column
	Args []string
}

// Aggregate says whether the field counts rows.
func (f Field) Aggregate() bool { return f.Func != "" }

// column is the column that an aggregate reads; byDefault when it names none.
func (f Field) column(byDefault string) string {
	if len(f.Args) == 0 || f.Args[0] == "" {
		return byDefault
	}
	return f.Args[0]
}

// alias is the name that older clients sort by: count_unique_user for count_unique(user).
func (f Field) alias() string {
	if !f.Aggregate() {
		return f.Name
	}
	parts := []string{f.Func}
	for _, a := range f.Args {
		if a != "" {
			parts = append(parts, strings.NewReplacer(".", "_", "[", "", "]", "").Replace(a))
		}
	}
	return strings.Join(parts, "_")
}

// ParseField reads a field.
func ParseField(s string) (Field, error) {
	if strings.HasPrefix(s, "equation|") {
		return Field{}, badf("Equations are not supported: ask for %q's parts.", s)
	}
	open := strings.IndexByte(s, '(')
	if open < 0 || strings.HasPrefix(s, "tags[") {
		if s == "" || len(s) > 200 || strings.ContainsAny(s, ")\x00") {
			return Field{}, badf("%q is not a field.", s)
		}
		return Field{Name: s}, nil
	}
	if !strings.HasSuffix(s, ")") || len(s) > 300 {
		return Field{}, badf("%q is not a field: a parenthesis is not closed.", s)
	}
	f := Field{Name: s, Func: s[:open]}
	if inner := strings.TrimSpace(s[open+1 : len(s)-1]); inner != "" {
		for a := range strings.SplitSeq(inner, ",") {
			f.Args = append(f.Args, strings.Trim(strings.TrimSpace(a), `"`))
		}
	}
	if _, err := newSum(f, ""); err != nil {
		return Field{}, err
	}
	return f, nil
}

// durationColumns hold milliseconds, sizeColumns bytes.
var (
	durationColumns = []string{"span.duration", "span.self_time", "transaction.duration", "measurements.lcp", "measurements.fcp", "measurements.ttfb", "measurements.fid", "measurements.inp"}
	sizeColumns     = []string{"payload_size", "http.response_content_length", "http.decoded_response_content_length", "http.response_transfer_size", "cache.item_size", "messaging.message.body.size"}
	timeColumns     = []string{"timestamp", "last_seen()", "first_seen()", "observed_timestamp"}
	countFuncs      = []string{"count", "count_unique", "count_if", "failure_count", "user_misery_count"}
	rateFuncs       = map[string]string{"epm": "1/minute", "tpm": "1/minute", "spm": "1/minute", "eps": "1/second"}
	columnKinds     = map[string]string{"issue.id": "integer", "project.id": "integer", "is_transaction": "boolean", "error.handled": "boolean", "severity_number": "integer",
		"timestamp_precise": "integer", "precise.start_ts": "number", "precise.finish_ts": "number"}
)

func isDuration(column string) bool { return slices.Contains(durationColumns, column) }
func isSize(column string) bool     { return slices.Contains(sizeColumns, column) }

// Kind is a field's type for the answer's meta, "" when only its values tell; unit is what its numbers count.
func (f Field) Kind() (kind, unit string) {
	column := f.column("span.duration")
	switch {
	case slices.Contains(timeColumns, f.Name) || f.Func == "last_seen" || f.Func == "first_seen":
		return "date", ""
	case slices.Contains(countFuncs, f.Func):
		return "integer", ""
	case rateFuncs[f.Func] != "":
		return "rate", rateFuncs[f.Func]
	case f.Func == "failure_rate":
		return "percentage", ""
	case f.Func == "apdex" || f.Func == "user_misery":
		return "number", ""
	case f.Func == "any":
		return "", ""
	case f.Aggregate() && isDuration(column), !f.Aggregate() && isDuration(f.Name):
		return "duration", "millisecond"
	case f.Aggregate() && isSize(column), !f.Aggregate() && isSize(f.Name):
		return "size", "byte"
	case f.Aggregate():
		return "number", ""
	}
	return columnKinds[f.Name], ""
}

// numberOf reads a cell as a number.
func numberOf(cell any) (float64, bool) {
	switch v := cell.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case string:
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil
	}
	return 0, false
}

// quantity reads a number that is compared with a column.
func quantity(column, s string) (float64, bool) {
	return search.Quantity(s, isDuration(column), isSize(column))
}
