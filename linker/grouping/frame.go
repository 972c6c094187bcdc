package grouping

import (
	"regexp"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// rewrite is a list of patterns with what replaces them.
type rewrite []struct {
	find *regexp.Regexp
	with string
}

func rewrites(pairs ...string) rewrite {
	var r rewrite
	for i := 0; i < len(pairs); i += 2 {
		r = append(r, struct {
			find *regexp.Regexp
			with string
		}{regexp.MustCompile(pairs[i]), pairs[i+1]})
	}
	return r
}

func (r rewrite) apply(s string) string {
	for _, rule := range r {
		s = rule.find.ReplaceAllString(s, rule.with)
	}
	return s
}

// What compilers number, and so changes with code that has nothing to do with the failure. Fixed
// tables, never written.
var (
	goNames = rewrites(
		`\[\.\.\.\]|\[[^\]]*\]`, ``, // type arguments
		`(?:\.?func\d+(?:\.\d+)*)+(?:\.gowrap\d+)?$`, `.func`,
		`\.gowrap\d+`, ``,
		`^glob\.+`, ``,
		`\binit\.\d+`, `init`,
		`-fm$`, ``,
		`-range\d+`, ``,
	)
	javaNames = rewrites(
		`\$\$(?:Lambda|FastClassBy\w*|EnhancerBy\w*|SpringCGLIB)\$?.*$`, `$$`,
		`lambda\$([\w]+)\$\d+`, `lambda$$$1`,
		`\$Proxy\d+`, `$$Proxy`,
		`(GeneratedMethodAccessor|GeneratedConstructorAccessor|GeneratedSerializationConstructorAccessor)\d+`, `$1`,
		`access\$\d+`, `access$$`,
		`\$\d+(?:\.|$)`, `$$`,
		`_jvm\d+|__\d+$`, ``,
	)
	jsNames = rewrites(
		`\s*\[as [^\]]*\]`, ``,
		`^async\s+`, ``,
		`^new\s+`, ``,
		`^(?:Object|Module|Function|Array|global|window|exports|module|self|_this|this|eval)\.`, ``,
		`<anonymous>|<computed>|\banonymous\b`, `?`,
		`\$(\d+)\b`, `$$`,
		`/<$|/<\.`, ``, // Firefox' anonymous inner functions
		`(?:^|\.)\?(?:\.|$)`, `?`,
	)
	rubyNames = rewrites(`(?:block|rescue|ensure)(?: \(\d+ levels\))? in `, ``)
	phpNames  = rewrites(
		`class@anonymous.*?(::|$)`, `class@anonymous$1`,
		`\{closure(?::[^}]*)?\}`, `{closure}`,
	)
	dotnetNames = rewrites(
		`<>c(?:__DisplayClass[\d_]+)?\.?`, ``,
		`<(\w+)>[a-z]__[\w|]*(?:\.MoveNext)?`, `$1`,
		"`\\d+", ``,
		`\(.*\)$`, ``,
		`\.$`, ``,
	)
	rustNames = rewrites(
		`::h[0-9a-f]{16}$`, ``,
		`\{\{closure\}\}|\{closure#\d+\}`, `{closure}`,
		`\{impl#\d+\}`, `{impl}`,
		`\[[0-9a-f]{16}\]`, ``,
	)
	nativeNames = rewrites(
		`\s*\[clone [^\]]*\]`, ``,
		`\.(?:isra|constprop|part|cold|llvm)\.?\d*`, ``,
		`\$_\d+`, `$$_`,
		`\{lambda\([^)]*\)#\d+\}`, `{lambda}`,
		`^(?:static |virtual |closure #\d+ (?:\([^)]*\) )?in |partial apply for |implicit closure #\d+ in )+`, ``,
		`__\d+-\[|_block_invoke(?:_\d+)?`, ``,
		`\s*\+\s*\d+$`, ``,
	)
	elixirNames = rewrites(
		`^-?(.*?/\d+)-(?:fun|lc\$\^)[-\d/^$a-z]*-?$`, `$1`,
		`anonymous fn/\d+ in `, ``,
	)
	dartNames = rewrites(`\.?<anonymous closure>(?:\.<anonymous closure>)*`, `.closure`, `\s*\(.*\)$`, ``)
)

// functionName gives a function's lasting name. anonymous says that it has none.
func functionName(platform string, f *envelope.Frame) (name string, anonymous bool) {
	name = strings.TrimSpace(f.Function)
	switch platform {
	case "go":
		name = strings.TrimPrefix(goNames.apply(name), ".")
	case "java", "android", "groovy":
		name = javaNames.apply(name)
	case "javascript", "node":
		name = jsNames.apply(name)
		if f.ContextLine == "" && platform == "javascript" {
			name = withoutMinified(name)
		}
	case "ruby":
		name = rubyNames.apply(name)
	case "php":
		name = phpNames.apply(name)
	case "csharp":
		name = dotnetNames.apply(name)
	case "rust":
		name = rustNames.apply(name)
	case "native", "c", "cocoa", "objc":
		name = nativeNames.apply(rustNames.apply(name))
	case "elixir":
		name = elixirNames.apply(name)
	case "dart", "other":
		name = dartNames.apply(name)
	}
	switch name {
	case "", "?", "<lambda>", "<anonymous>", "{closure}", "func", "lambda$", "<unknown>", "<redacted>", ".closure":
		return "", true
	}
	return name, strings.HasSuffix(name, "{closure}") || strings.HasSuffix(name, ".func") && platform == "go"
}

var minifiedName = regexp.MustCompile(`^[\w$]{1,2}$|^\$+\w?$`)

// withoutMinified drops the parts of a dotted name that a minifier made.
func withoutMinified(name string) string {
	parts := strings.Split(name, ".")
	kept := parts[:0]
	for _, p := range parts {
		if !minifiedName.MatchString(p) {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ".")
}

// typeName is an exception's type without what is numbered in it.
func typeName(platform, t string) string {
	switch platform {
	case "java", "android":
		return javaNames.apply(t)
	case "go":
		return goNames.apply(t)
	}
	return t
}

var (
	goMajor = regexp.MustCompile(`/v\d+(/|$)`)
	// nameHash is what bundlers put into names: main.3f2a1b9c.js, index-BR-l9zjD.js, chunk-vendors.0a1b2c3d.js.
	nameHash = regexp.MustCompile(`[.~_-](?:[0-9a-f]{6,40}|[0-9]+[A-Za-z][\w]{4,}|[A-Za-z]+[0-9][\w]{3,}|[\w-]*[A-Z][\w-]*[a-z][\w]*|[\w]*[a-z][\w-]*[A-Z][\w]*)$`)
	mixed    = regexp.MustCompile(`^[\w-]{8}$`)
	release  = regexp.MustCompile(`^(?:v?\d[\w.]*|[0-9a-f]{7,40})$`)
)

func moduleName(platform, m string) string {
	m = strings.TrimSpace(m)
	switch platform {
	case "go":
		m = goMajor.ReplaceAllString(m, "$1")
	case "java", "android", "groovy":
		m = javaNames.apply(m)
	case "javascript", "node":
		if i := strings.LastIndexAny(m, ":/"); i >= 0 {
			return m[:i+1] + withoutHash(m[i+1:])
		}
		return withoutHash(m)
	case "rust":
		m = rustNames.apply(m)
	case "csharp":
		m = dotnetNames.apply(m)
	case "php":
		m = phpNames.apply(m)
	}
	return m
}

// withoutHash takes a bundler's hash off a name that has no extension.
func withoutHash(name string) string {
	if len(name) > 9 && (name[len(name)-9] == '-' || name[len(name)-9] == '.') {
		// Rollup and Vite: eight letters of base 64, which may look like a word; a mix of cases or a digit tells.
		if tail := name[len(name)-8:]; mixed.MatchString(tail) && looksRandom(tail) {
			return name[:len(name)-9]
		}
	}
	if loc := nameHash.FindStringIndex(name); loc != nil && loc[0] > 0 && looksRandom(name[loc[0]+1:]) {
		return name[:loc[0]]
	}
	return name
}

func looksRandom(s string) bool {
	digits, upper, lower := 0, 0, 0
	for i, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'A' && c <= 'Z':
			if i > 0 { // Capitalised words are words
				upper++
			}
		case c >= 'a' && c <= 'z':
			lower++
		}
	}
	letters := upper + lower
	return len(s) >= 6 && (digits > 0 && (letters > 0 || len(s) >= 8) || upper > 1 && lower > 0)
}

// fileName is the lasting part of a file's name: a URL's path, or a relative path, or the last two parts
// of an absolute one, without hashes and release numbers.
func fileName(f *envelope.Frame) string {
	name := f.Filename
	if name == "" || name == "<anonymous>" {
		name = f.AbsPath
	}
	name = strings.ReplaceAll(name, `\`, "/")
	if scheme, rest, ok := strings.Cut(name, "://"); ok && !strings.Contains(scheme, "/") {
		if _, p, ok := strings.Cut(rest, "/"); ok {
			name = p
		} else {
			name = rest
		}
		name, _, _ = strings.Cut(name, "?")
		name, _, _ = strings.Cut(name, "#")
	} else if strings.HasPrefix(name, "/") || len(name) > 2 && name[1] == ':' {
		name = lastSegments(name, 2)
	}
	parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(name, "./"), "/"), "/")
	kept := parts[:0]
	for i, p := range parts {
		if i < len(parts)-1 && (release.MatchString(p) || p == "." || p == "") {
			continue
		}
		kept = append(kept, p)
	}
	last := len(kept) - 1
	kept[last] = lastingName(kept[last])
	return strings.Join(kept, "/")
}

// lastingName takes from a file's name what a bundler put into it.
func lastingName(name string) string {
	parts := strings.Split(name, ".")
	if len(parts) == 1 {
		return name
	}
	kept := []string{withoutHash(parts[0])}
	for _, p := range parts[1 : len(parts)-1] {
		if p == "min" || p == "bundle" || len(p) >= 6 && looksRandom(p) {
			continue
		}
		kept = append(kept, withoutHash(p))
	}
	return strings.Join(append(kept, parts[len(parts)-1]), ".")
}

func lastSegments(path string, n int) string {
	path = strings.ReplaceAll(path, `\`, "/")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return strings.Join(parts[max(0, len(parts)-n):], "/")
}
