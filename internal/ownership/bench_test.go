package ownership

import (
	"fmt"
	"strings"
	"testing"
)

// The most rules on the most frames, none of which matches: what a new issue of such a project costs.
func BenchmarkMatch(b *testing.B) {
	var rules strings.Builder
	for n := range MaxRules {
		fmt.Fprintf(&rules, "codeowners:/src/area%d/**/*.go #team\n", n)
	}
	rs, err := Parse(rules.String())
	if err != nil {
		b.Fatal(err)
	}
	e := &Event{}
	for n := range maxFrames {
		e.Frames = append(e.Frames, Frame{Filename: fmt.Sprintf("app/src/checkout/part%d/file%d.go", n, n)})
	}
	for b.Loop() {
		if rs.Match(e) != nil {
			b.Fatal("a rule matches")
		}
	}
}
