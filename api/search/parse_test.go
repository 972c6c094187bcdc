package search

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
)

// show writes a tree so that a person can read it.
func show(n Node) string {
	join := func(ns []Node, op string) string {
		parts := make([]string, len(ns))
		for i, n := range ns {
			parts[i] = show(n)
		}
		return "(" + strings.Join(parts, op) + ")"
	}
	switch n := n.(type) {
	case And:
		return join(n, " & ")
	case Or:
		return join(n, " | ")
	case Not:
		return "!" + show(n.Node)
	case Text:
		return fmt.Sprintf("%q", n.Value.Text)
	case Term:
		var vs []string
		for _, v := range n.Values {
			wild := ""
			if v.Wild() {
				wild = "~"
			}
			vs = append(vs, wild+v.Text)
		}
		return n.Key + n.Op + strings.Join(vs, ",")
	}
	return "?"
}

func TestParse(t *testing.T) {
	for query, want := range map[string]string{
		"":                                "()",
		"  ":                              "()",
		"is:unresolved":                   "is=unresolved",
		"a b":                             `("a" & "b")`,
		`"a b" c`:                         `("a b" & "c")`,
		"level:error OR level:fatal card": `(level=error | (level=fatal & "card"))`,
		"a and b Or c":                    `(("a" & "b") | "c")`,
		"(a OR b) c":                      `(("a" | "b") & "c")`,
		"!is:resolved":                    "!is=resolved",
		"!(a b)":                          `!("a" & "b")`,
		"timesSeen:>=10":                  "timesSeen>=10",
		"level:!=error":                   "!level=error",
		`key:"a \"b\" c"`:                 `key=a "b" c`,
		"key:a*b":                         "key=~a*b",
		`key:a\*b`:                        "key=a*b",
		`key:[a, "b, c",d]`:               "key=a,b, c,d",
		`"my key":x`:                      "my key=x",
		"tags[a:b]:x":                     "tags[a:b]=x",
		"http://shop.example/a?b=c":       `"http://shop.example/a?b=c"`,
		"url:http://shop.example/":        "url=http://shop.example/",
		"fn(a, b)":                        "error",
		"Object.fn(a)":                    `"Object.fn(a)"`,
		"ORder android":                   `("ORder" & "android")`,
		`key:""`:                          "key=",
		"TypeError: x is undefined":       "error",
		"(a":                              "error",
		"a)":                              "error",
		"()":                              "error",
		`"a`:                              "error",
		"key:":                            "error",
		"key:[a":                          "error",
		"key:[]":                          "error",
		"a OR":                            "error",
		"AND a":                           "error",
		"a\x00b":                          "error",
		strings.Repeat("(", 100):          "error",
		strings.Repeat("!", 100) + "a":    "error",
		strings.Repeat("(", 1000) + "a" + strings.Repeat(")", 1000): "error",
		"count():>5":                      "count()>5",
		"p95(span.duration):>1s":          "p95(span.duration)>1s",
		"p95(span.duration)":              `"p95(span.duration)"`,
		`flags["a b"]:true`:               "flags[a b]=true",
		"key:\uf00dContains\uf00da":       "key=~a",
		"key:\uf00dStartsWith\uf00d[a,b]": "key=~a,~b",
		"key:\uf00dNothing\uf00da":        "error",
		strings.Repeat("a ", 21):          "error",
		strings.Repeat("a", maxBytes+1):   "error",
	} {
		n, err := Parse(query)
		got := "error"
		if err == nil {
			got = show(n)
		} else if msg := err.Error(); !strings.HasSuffix(msg, ".") {
			t.Errorf("%q: not a sentence: %s", query, msg)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got, %v):\n%s", query, err, diff)
		}
	}
}

// Whatever is typed: no panic, no endless walk, and an answer that is a sentence.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"is:unresolved", `a OR (b !c:"d*")`, "k:[a,b] age:-24h", `\`, `k:\`, "!!(", "duration:>1e9h", "activity:9999999999b"} {
		f.Add(s)
	}
	c := Context{Now: time.Unix(1e9, 0), Project: func(string) (int64, bool) { return 1, true }}
	f.Fuzz(func(t *testing.T, query string) {
		n, err := Parse(query)
		for _, subject := range []func(Context, Node) (store.Filter, error){Issues, Replays, Events} {
			if err == nil {
				if _, err := subject(c, n); err != nil && !strings.HasSuffix(err.Error(), ".") {
					t.Errorf("%q: not a sentence: %v", query, err)
				}
			}
		}
	})
}
