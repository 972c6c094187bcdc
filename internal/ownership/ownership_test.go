package ownership

import (
	"errors"
	"strings"
	"testing"
)

func TestLastMatchWins(t *testing.T) {
	rules, err := Parse(`
# the shop
path:src/*            #web ann@example.com
module:com.shop.*     #backend
path:SRC\checkout\*   #payments
url:https://*/pay?    bob@example.com
tags.plan:"very big*" #sales
codeowners:/docs/     #writers
`)
	if err != nil {
		t.Fatal(err)
	}
	frame := func(name, abs, module string) *Event { return &Event{Frames: []Frame{{name, abs, module}}} }
	for _, c := range []struct {
		name string
		e    *Event
		want string
	}{
		{"none", frame("lib/a.js", "", ""), ""},
		{"path", frame("src/a/b.js", "", ""), "#web"},
		{"a later rule", frame("src/checkout/pay.js", "", ""), "#payments"},
		{"whatever slashes and case", frame(`src\CHECKOUT\pay.js`, "", ""), "#payments"},
		{"absolute", frame("pay.js", "src/pay.js", ""), "#web"},
		{"not a part", frame("app/src/pay.js", "", ""), ""},
		{"module", frame("", "", "com.shop.Cart"), "#backend"},
		{"url", &Event{URL: "https://shop.example/pay1"}, "bob@example.com"},
		{"one character", &Event{URL: "https://shop.example/pay"}, ""},
		{"tag", &Event{Tag: func(k string) string { return map[string]string{"plan": "Very big one"}[k] }}, "#sales"},
		{"another tag", &Event{Tag: func(k string) string { return map[string]string{"size": "very big"}[k] }}, ""},
		{"directory", frame("docs/a/b.md", "", ""), "#writers"},
		{"any frame", &Event{Frames: []Frame{{"src/a.js", "", ""}, {"node_modules/x.js", "", ""}}}, "#web"},
	} {
		got := ""
		if r := rules.Match(c.e); r != nil {
			got = r.Owners[0].String()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if r := rules[4]; r.Matcher() != "tags.plan:very big*" || len(rules[0].Owners) != 2 {
		t.Errorf("rules: %+v", rules)
	}
}

func TestCodeowners(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"*", "a/b.go", true}, {"*.js", "a/b.js", true}, {"*.js", "a/b.jsx", false}, {"/build/", "build/logs/a", true}, {"/build/", "src/build/a", false},
		{"docs/*", "docs/a.md", true}, {"docs/*", "docs/a/b.md", false}, {"apps/", "x/apps/a/b", true}, {"/docs", "docs/a", true}, {"**/logs", "x/y/logs/a", true},
		{"/a/**", "a/b/c", true}, {"/a/**", "a", false}, {"/a/**/z.go", "a/z.go", true}, {"/a/**/z.go", "a/b/c/z.go", true}, {"/src/*.go", "/src/x.go", true}, {"apps/", "apps", false},
	} {
		if got := codeowners(c.pattern, c.path); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.pattern, c.path, got, c.want)
		}
	}
	rules, unknown := FromCodeowners("# all\n*  @acme/Core\n[Docs]\n/docs/ ann@example.com @bob @acme/writers # later @x\n/free/\n/bob/ @bob\n")
	if want := "codeowners:* #core\ncodeowners:/docs/ ann@example.com #writers\ncodeowners:/free/\n"; rules != want || len(unknown) != 1 || unknown[0] != "@bob" {
		t.Errorf("rules:\n%s\nunknown %v", rules, unknown)
	}
	parsed, err := Parse(rules)
	if err != nil {
		t.Fatal(err)
	}
	if r := parsed.Match(&Event{Frames: []Frame{{Filename: "free/a.go"}}}); r == nil || len(r.Owners) != 0 {
		t.Errorf("what is taken away: %+v", r)
	}
}

func TestBadRules(t *testing.T) {
	for text, line := range map[string]int{
		"path:a": 1, "path: #a": 1, "a/b #team": 1, "\npath:a #a\nfile:a #b": 3, "path:a nobody": 1, "path:a @bob": 1, "path:a #": 1, `path:"a #b`: 1, "tags.:a #b": 1,
		"path:" + strings.Repeat("a", maxPattern+1) + " #a": 1, "path:a" + strings.Repeat(" #a", maxOwners+1): 1, strings.Repeat("path:a #a\n", MaxRules+1): MaxRules + 1,
	} {
		_, err := Parse(text)
		var wrong *LineError
		if !errors.As(err, &wrong) || wrong.Line != line {
			t.Errorf("%.40q: %v, want line %d", text, err, line)
		}
	}
}

// What would take a backtracking matcher years is answered at once: the test ends.
func TestHostilePatterns(t *testing.T) {
	text := strings.Repeat("a", maxText*2)
	if glob(strings.Repeat("*a", maxPattern/2)+"b", text) || codeowners(strings.Repeat("**/a/", maxPattern/5)+"b", strings.Repeat("a/", maxText/2)) {
		t.Error("matched")
	}
}
