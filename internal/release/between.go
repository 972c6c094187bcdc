package release

import "strings"

// Bounds of all sort keys there are: every key is at least First and less than Last.
const (
	First = "a"
	Last  = "~"
)

// Between gives the sort keys of the versions that compare with a text by op, one of = > >= < <=: from
// included, to not. A text ends in ".*" for any further numbers, only with =; with a package before an @ only
// that package's versions fit. A build in a version is not compared when the text has none. ok is false for a
// text that has no order. This is release.version of Sentry's search.
func Between(op, text string) (pkg, from, to string, ok bool) {
	numbers, wild := strings.CutSuffix(text, ".*")
	v := Parse(numbers)
	if !v.Ordered() || wild && (op != "=" || v.PreRelease != "" || v.Build != "") {
		return "", "", "", false
	}
	key := v.SortKey()
	if wild {
		var b strings.Builder
		for _, n := range v.Numbers {
			sortInt(&b, n)
		}
		key = b.String()
	}
	after := key + Last
	switch op {
	case "=":
		return v.Package, key, after, true
	case ">":
		return v.Package, after, Last, true
	case ">=":
		return v.Package, key, Last, true
	case "<":
		return v.Package, First, key, true
	case "<=":
		return v.Package, First, after, true
	}
	return "", "", "", false
}
