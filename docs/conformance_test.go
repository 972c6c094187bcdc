package docs

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

//go:generate go test -run IsCurrent -update .

var update = flag.Bool("update", false, "write what is generated")

// lines is the length of the protocol's conformance list.
const lines = 135

// caseName is how a test of a line is called: its number, then what it shows.
var caseName = regexp.MustCompile(`^"(\d{1,3})_([A-Za-z0-9_]+)"$`)

// without says why a line has no test under its number: none is left, and a new one needs its reason here.
var without = []struct {
	from, to int
	reason   string
}{}

// testCases finds the tests of the list in the sources: string literals of numbered names, in
// packages that have a TestConformance.
func testCases(t *testing.T) map[int][]string {
	t.Helper()
	found := map[int][]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		siblings, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*_test.go"))
		if err != nil || !slices.ContainsFunc(siblings, hasConformance) {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if m := caseName.FindStringSubmatch(lit.Value); m != nil {
				number, _ := strconv.Atoi(m[1])
				pkg := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), "../"))
				found[number] = append(found[number], fmt.Sprintf("`%s` %s", pkg, strings.ReplaceAll(m[2], "_", " ")))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func hasConformance(path string) bool {
	b, err := os.ReadFile(path)
	return err == nil && bytes.Contains(b, []byte("\nfunc TestConformance("))
}

// TestConformancePageIsCurrent: what the page says is tested is tested, and every line that is not
// has its reason.
func TestConformancePageIsCurrent(t *testing.T) {
	cases := testCases(t)
	var b bytes.Buffer
	b.WriteString("# The wire protocol, line by line\n\n" +
		"The conformance list of the protocol has " + strconv.Itoa(lines) + " lines. Each has a test named after its number, a subtest of its package's\n" +
		"conformance test (`go test ./relay -run 'Conformance/24_'`), or a reason why not. Made from the tests by\n" +
		"`go generate ./docs`; a test holds it to be current, and all of them pass wherever this project is built.\n\n" +
		"| Line | Shown by |\n|---|---|\n")
	for n := 1; n <= lines; n++ {
		shown := cases[n]
		slices.Sort(shown)
		if len(shown) == 0 {
			for _, w := range without {
				if w.from <= n && n <= w.to {
					shown = []string{"*no test of its own:* " + w.reason}
				}
			}
		}
		if len(shown) == 0 {
			t.Errorf("line %d has neither a test nor a reason", n)
		}
		fmt.Fprintf(&b, "| %d | %s |\n", n, strings.Join(shown, "<br>"))
	}
	if *update {
		if err := os.WriteFile("conformance.md", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("conformance.md")
	if err != nil || !bytes.Equal(have, b.Bytes()) {
		t.Errorf("conformance.md is not current (%v): run go generate ./docs", err)
	}
}
