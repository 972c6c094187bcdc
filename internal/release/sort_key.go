package release

import (
	"strconv"
	"strings"
)

// SortKey is a text whose order by bytes is the versions' order, so that an index can sort by it:
// only digits, letters and "-". It is empty for versions without an order, which is before all others.
//
// Each number is led by a letter for its count of digits. Then "p" and the pre-release's identifiers,
// or "z" for none, as a release comes after its pre-releases; then the build.
func (v Version) SortKey() string {
	if !v.Ordered() {
		return ""
	}
	var b strings.Builder
	for i := range 4 {
		sortInt(&b, v.number(i))
	}
	if v.PreRelease == "" {
		b.WriteByte('z')
	} else {
		b.WriteByte('p')
		sortIdentifiers(&b, v.PreRelease)
	}
	if v.Build != "" {
		sortIdentifiers(&b, v.Build)
	}
	return b.String()
}

// sortIdentifiers writes what dots divide: numbers come before words, and fewer before more.
func sortIdentifiers(b *strings.Builder, s string) {
	for id := range strings.SplitSeq(s, ".") {
		if digits := strings.TrimLeft(id, "0"); len(digits) <= 20 && strings.Trim(id, "0123456789") == "" {
			b.WriteByte('1')
			sortNumber(b, digits)
			continue
		}
		b.WriteByte('2')
		// A word ends in "-0", which is less than any character of it: a dash is written "-1".
		b.WriteString(strings.NewReplacer("-", "-1", "_", "-2").Replace(id))
		b.WriteString("-0")
	}
	b.WriteByte('0')
}

func sortInt(b *strings.Builder, n int64) { sortNumber(b, strconv.FormatInt(n, 10)) }

func sortNumber(b *strings.Builder, digits string) {
	b.WriteByte('a' + byte(len(digits)))
	b.WriteString(digits)
}
