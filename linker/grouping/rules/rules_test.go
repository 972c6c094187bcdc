package rules

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func event() *Event {
	return &Event{Message: "payment 17 refused", Logger: "shop.pay", Level: "error", Release: "shop@1.2", SDK: "sentry.python", Transaction: "/pay",
		Types: []string{"DatabaseUnavailable", "IOError"}, Values: []string{"no answer", "timed out after 5s"}, Mechanisms: []string{"django"},
		Tag: func(k string) string { return map[string]string{"bank": "ubs"}[k] }, Family: "other",
		Frames: []Frame{
			{Function: "handle", Module: "django.core", AbsPath: "/usr/lib/site-packages/django/core.py", Family: "other"},
			{Function: "std::sort", Module: "shop.pay", AbsPath: `C:\app\shop\pay.py`, Filename: "shop/pay.py", Package: "/lib/libshop.so", Family: "native", InApp: true},
		}}
}

func TestFingerprintRules(t *testing.T) {
	for rule, want := range map[string]bool{
		`error.type:DatabaseUnavailable -> x`:            true,
		`type:IOError -> x`:                              true, // any of a chain
		`error.type:Database -> x`:                       false,
		`error.type:Database* -> x`:                      true,
		`!error.type:Database* -> x`:                     false,
		`error.value:"*TIMED out*" -> x`:                 true,
		`message:"payment * refused" -> x`:               true,
		`message:"timed out *" -> x`:                     true, // the exception's text is a message too
		`logger:shop.* level:error -> x`:                 true,
		`logger:shop.* level:warning -> x`:               false,
		`tags.bank:ubs -> x`:                             true,
		`tags.bank:cs -> x`:                              false,
		`release:shop@1.? -> x`:                          true,
		`sdk:sentry.python transaction:/pay -> x`:        true,
		`family:native,other -> x`:                       true,
		`family:javascript -> x`:                         false,
		`stack.function:handle stack.module:shop.* -> x`: false, // of one frame
		`stack.function:std::* stack.module:shop.* -> x`: true,
		`stack.abs_path:**/shop/*.py -> x`:               true, // slashes and case do not count
		`stack.abs_path:**/SHOP/pay.py -> x`:             true,
		`path:*/pay.py -> x`:                             true,
		`path:/*/pay.py -> x`:                            true, // shop/pay.py
		`path:app/*.py -> x`:                             false,
		`stack.package:**/libshop.so app:yes -> x`:       true,
		`app:no stack.function:handle -> x`:              true,
		`error.mechanism:django -> x`:                    true,
		`error.value:"[tx]imed out after [0-9]s" -> x`:   true,
		`error.value:"[!t]imed out after [0-9]s" -> x`:   false,
		`"error.type":"DatabaseUnavailable" -> {{ default }}, "a b" c title="T {{ error.type }}"`: true,
	} {
		f, err := ParseFingerprints(rule)
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if got := f.Match(event()) != nil; got != want {
			t.Errorf("%s matches: %v", rule, got)
		}
	}
	f, err := ParseFingerprints("# comment\n\nlevel:info -> no\nlevel:error -> {{ default }}, \"a b\",c title=\"T {{ error.type }}\"\nlevel:error -> later")
	if err != nil {
		t.Fatal(err)
	}
	r := f.Match(event())
	if diff := cmp.Diff([]string{"{{ default }}", "a b", "c"}, r.Values); diff != "" || r.Title != "T {{ error.type }}" {
		t.Errorf("%s %q", diff, r.Title)
	}
}

func TestStackTraceRules(t *testing.T) {
	frames := func() []Frame {
		out := make([]Frame, 5)
		for i := range out {
			out[i] = Frame{Function: fmt.Sprintf("f%d", i), Family: "native", InApp: i%2 == 0}
		}
		return out
	}
	// Each frame as it is in the end: a for in-app, - and + for what rules say about counting.
	look := func(t *testing.T, text string) (string, Limits) {
		t.Helper()
		s, err := ParseStackTraces(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		fs := frames()
		vs := make([]Verdict, len(fs))
		for i := range vs {
			vs[i].InApp = fs[i].InApp
		}
		l := s.Apply(event(), fs, vs)
		var b strings.Builder
		for _, v := range vs {
			if v.InApp {
				b.WriteByte('a')
			}
			if v.Group != nil {
				b.WriteByte(map[bool]byte{true: '+', false: '-'}[*v.Group])
			}
			b.WriteByte(' ')
		}
		return b.String(), l
	}
	for text, want := range map[string]string{
		"function:f1 +app":                                   "a a a  a ",
		"function:f2 -app -group":                            "a  -  a ",
		"function:f2 ^-group":                                "a  a - a- ",
		"function:f2 v-group":                                "a- - a  a ",
		"function:f2 v-group v+app":                          "a- a- a  a ",
		"app:yes +group":                                     "a+  a+  a+ ",
		"family:native function:f? -app\nfunction:f4 +app":   "    a ",
		"[ function:f1 ] | function:f2 -app":                 "a    a ",
		"[ function:f0 ] | function:f2 -app":                 "a  a  a ",
		"function:f2 | [ function:f3 ] -group":               "a  a-  a ",
		"[ function:f1 ] | function:f2 | [function:f3] -app": "a    a ",
		"error.type:IOError function:f0 -group":              "a-  a  a ",
		"error.type:Other function:f0 -group":                "a  a  a ",
		"!function:f0 -group":                                "a - a- - a- ",
		"function:f0 category=io\ncategory:io -group":        "a-  a  a ",
		"function:f0 -app\napp:no +group":                    "+ + a + a ", // later rules see what earlier ones did
	} {
		if got, _ := look(t, text); got != want {
			t.Errorf("%s\n got %q\nwant %q", text, got, want)
		}
	}
	_, l := look(t, "family:native max-frames=3 min-frames = 2\nfamily:native invert-stacktrace=1")
	if (l != Limits{3, 2, true}) {
		t.Errorf("%+v", l)
	}
}

// What is wrong is told by line, in words.
func TestLineErrors(t *testing.T) {
	long := strings.Repeat("x", maxPattern+1)
	for text, want := range map[string]string{
		"\nfoo:bar -> x":               "2: nothing is called",
		"error.type:x":                 "1: a rule is matchers",
		"-> x":                         "1: there is no matcher",
		"error.type:x ->":              "1: there is no fingerprint",
		"error.type:\"x -> y":          "1: a quote is not closed",
		"message:x -> {{ default":      "1: {{ is not closed",
		"message:" + long + " -> x":    "1: the pattern is longer",
		"nonsense -> x":                "1: expected key:pattern",
		"app:maybe -> x":               "1: app: is yes or no",
		strings.Repeat("#", MaxText+1): "0: the rules are longer",
		strings.Repeat("level:a -> x\n", maxRules+1):        fmt.Sprintf("%d: there are more than", maxRules+1),
		"message:a -> " + strings.Repeat("v ", maxValues+1): "1: a fingerprint has at most",
		strings.Repeat("level:a ", maxMatchers+1) + "-> x":  "1: a rule has at most",
		"tags.:x -> y": "1: nothing is called",
	} {
		_, err := ParseFingerprints(text)
		checkLine(t, text, err, want)
	}
	for text, want := range map[string]string{
		"function:x":                           "1: there is no action",
		"+app":                                 "1: there is no matcher",
		"function:x +sideways":                 "1: \"+sideways\" is no action",
		"function:x ^max-frames=1":             "1: expected key:pattern",
		"function:x max-frames=many":           "1: max-frames is a number",
		"function:x max-frames=9999":           "1: max-frames is a number",
		"function:x invert-stacktrace=perhaps": "1: invert-stacktrace is 0 or 1",
		"[ function:x | function:y -app":       "1: [ is not closed",
		"[ function:x ] function:y -app":       "1: after [ the caller ] comes |",
		"function:x | function:y -app":         "1: after | comes [",
		"[ message:x ] | function:y -app":      "1: [ ] holds one matcher of a frame",
		"function:x +prefix":                   "1: +prefix is of an older grouping",
	} {
		_, err := ParseStackTraces(text)
		checkLine(t, text, err, want)
	}
}

func checkLine(t *testing.T, text string, err error, want string) {
	t.Helper()
	var wrong *Errors
	if !errors.As(err, &wrong) || len(wrong.Lines) != 1 {
		t.Errorf("%.60q: %v", text, err)
		return
	}
	if got := fmt.Sprintf("%d: %s", wrong.Lines[0].Line, wrong.Lines[0].Message); !strings.HasPrefix(got, want) {
		t.Errorf("%.60q: %s, want %s", text, got, want)
	}
}

// Patterns that take a backtracking matcher for ever: the work is bounded by what RE2 does, linear to the text. The test
// is that it ends.
func TestCatastrophicPatterns(t *testing.T) {
	text := strings.Repeat("a", 8192)
	for _, glob := range []string{strings.Repeat("*a", 200) + "b", strings.Repeat("?*", 200) + "b", strings.Repeat("[a-z]*", 80) + "!", strings.Repeat("**/", 150) + "b"} {
		for _, path := range []bool{false, true} {
			p, err := compile(glob, path, true)
			if err != nil {
				t.Fatal(err)
			}
			if p.match(text) {
				t.Errorf("%.20s matches", glob)
			}
		}
	}
}

func FuzzRules(f *testing.F) {
	for _, s := range []string{`error.type:x -> {{ default }}, a title="b"`, `[ function:a ] | family:native stack.function:std::* | [ module:[ab]* ] ^-group v+app max-frames=3`, "!tags.x:\"a\\\"b\" -> c", "#", "a:[ -> b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if fp, err := ParseFingerprints(text); err == nil {
			fp.Match(event())
		} else if !errors.As(err, new(*Errors)) {
			t.Fatal(err)
		}
		if st, err := ParseStackTraces(text); err == nil {
			e := event()
			st.Apply(e, e.Frames, make([]Verdict, len(e.Frames)))
		}
	})
}
