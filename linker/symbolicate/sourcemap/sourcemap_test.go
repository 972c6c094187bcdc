package sourcemap

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
)

func vlq(b *strings.Builder, n int) {
	v := n << 1
	if n < 0 {
		v = -n<<1 | 1
	}
	for {
		d := v & 31
		if v >>= 5; v > 0 {
			d |= 32
		}
		b.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[d])
		if v == 0 {
			return
		}
	}
}

// encode writes mappings in the order they have.
func encode(ms []fields) string {
	var b strings.Builder
	var last fields
	line := int32(0)
	first := true
	for _, m := range ms {
		for ; line < m.line; line++ {
			b.WriteByte(';')
			last.column, first = 0, true
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		vlq(&b, int(m.column-last.column))
		last.column = m.column
		if m.source >= 0 {
			vlq(&b, int(m.source-last.source))
			vlq(&b, int(m.sourceLine-last.sourceLine))
			vlq(&b, int(m.sourceColumn-last.sourceColumn))
			last.source, last.sourceLine, last.sourceColumn = m.source, m.sourceLine, m.sourceColumn
			if m.name >= 0 {
				vlq(&b, int(m.name-last.name))
				last.name = m.name
			}
		}
	}
	return b.String()
}

// Look-ups from marks give what a look through all mappings gives, for lines that are in order and that are not.
func TestFindAgainstAllMappings(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		var ms []fields
		for line := int32(0); line < 40; line++ {
			if r.IntN(3) == 0 {
				continue
			}
			n, column := r.IntN(300), int32(0)
			var here []fields
			for range n {
				column += int32(1 + r.IntN(40))
				f := fields{line: line, column: column, source: -1, name: -1}
				if r.IntN(10) > 0 {
					f.source, f.sourceLine, f.sourceColumn = int32(r.IntN(9)), int32(r.IntN(9000)), int32(r.IntN(200))
					if r.IntN(2) == 0 {
						f.name = int32(r.IntN(50))
					}
				}
				here = append(here, f)
			}
			if round%2 == 1 && r.IntN(4) == 0 {
				r.Shuffle(len(here), func(i, j int) { here[i], here[j] = here[j], here[i] })
			}
			ms = append(ms, here...)
		}
		m, err := scan(encode(ms), 9, 50)
		if err != nil {
			t.Fatal(err)
		}
		sort.SliceStable(ms, func(i, j int) bool { return ms[j].after(ms[i].line, ms[i].column) })
		for range 500 {
			line, column := int32(r.IntN(42)), int32(r.IntN(7000))
			var want fields
			found := false
			for _, f := range ms {
				if f.line == line && f.column <= column {
					want, found = f, true
				}
			}
			if got, ok := m.find(line, column); ok != found || got != want {
				t.Fatalf("round %d, %d:%d: %+v %v, want %+v %v", round, line, column, got, ok, want, found)
			}
		}
	}
}

const small = `{"version":3,"debug_id":"d","sourceRoot":"src","sources":["a.ts","http://h/b.ts",null],"sourcesContent":["let a\nlet b",null],"names":["pay"],"mappings":"AAAAA;EACA,KCDA"}`

func TestParse(t *testing.T) {
	for name, text := range map[string]string{"plain": small, "guarded": ")]}'\n" + small, "with a mark": "\ufeff" + small,
		"indexed": `{"version":3,"debug_id":"d","sections":[{"offset":{"line":0,"column":0},"map":` + small + `},{"offset":{"line":1,"column":20},"map":` + small + `}]}`} {
		for from, parse := range map[string]func() (*Map, error){
			"text": func() (*Map, error) { return Parse(text) },
			"file": func() (*Map, error) { return Read(strings.NewReader(text), int64(len(text))) },
		} {
			t.Run(name+" "+from, func(t *testing.T) {
				m, err := parse()
				if err != nil {
					t.Fatal(err)
				}
				checkSmall(t, m, name == "indexed")
			})
		}
	}
}

func checkSmall(t *testing.T, m *Map, indexed bool) {
	t.Helper()
	p, ok := m.Find(0, 3)
	if !ok || p.Source != "src/a.ts" || p.Line != 0 || p.Name != "pay" || m.DebugID != "d" {
		t.Errorf("%+v %v", p, ok)
	}
	if text, err := p.Content(); err != nil || text != "let a\nlet b" {
		t.Errorf("content %q %v", text, err)
	}
	p, ok = m.Find(1, 8)
	if !ok || p.Source != "http://h/b.ts" {
		t.Errorf("%+v %v", p, ok)
	}
	if p.HasContent() {
		t.Error("content of a source without")
	}
	if _, ok := m.Find(1, 1); ok {
		t.Error("a place before the line's first mapping")
	}
	if !indexed {
		return
	}
	if p, ok := m.Find(1, 23); !ok || p.Source != "src/a.ts" || p.Name != "pay" {
		t.Errorf("the second section: %+v %v", p, ok)
	}
	if p, ok := m.Find(2, 2); !ok || p.Source != "src/a.ts" || p.Line != 1 {
		t.Errorf("a later line of the second section: %+v %v", p, ok)
	}
}

func withMappings(s string) string {
	return `{"version":3,"sources":["a"],"names":["n"],"mappings":"` + s + `"}`
}

// Maps that contradict themselves are refused, with what is wrong.
func TestAbsurd(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "not a source map",
		"[]":                     "not a source map",
		"<html>":                 "not a source map",
		`{"version":3}`:          "no mappings",
		`{"version":2,"x":1}`:    "version 2",
		withMappings("D"):        "out of range", // column -1
		withMappings("AD"):       "out of range", // source -1
		withMappings("AAAD"):     "out of range",
		withMappings("ACAA"):     "out of range", // source 1 of 1
		withMappings("AAAAC"):    "out of range", // name 1 of 1
		withMappings("gggggggg"): "out of range",
		withMappings("+++++++A"): "out of range",
		withMappings("g"):        "cut off",
		withMappings("AA"):       "1, 4 or 5",
		withMappings("AAAAAA"):   "1, 4 or 5",
		withMappings("A!"):       "no digit",
		`{"version":3,"sections":[{"offset":{"line":-1,"column":0},"map":` + small + `}]}`:                                                     "out of range",
		`{"version":3,"sections":[{"offset":{"line":0,"column":0},"url":"http://x"}]}`:                                                         "nothing is fetched",
		`{"version":3,"sections":[{"offset":{"line":1,"column":0},"map":` + small + `},{"offset":{"line":0,"column":0},"map":` + small + `}]}`: "not in order",
		`{"version":3,"sections":[{"offset":{"line":0,"column":0},"map":{"version":3,"sections":[]}}]}`:                                        "sections in sections",
		`{"version":3,"sources":[` + strings.Repeat(`"",`, maxSources) + `""],"mappings":""}`:                                                  "more than",
		`{"version":3,"sections":` + strings.Repeat("[", 1_000_000):                                                                            "",
		strings.Repeat(`{"version":3,"sections":[{"offset":{},"map":`, 100_000):                                                                "",
	} {
		m, err := Parse(text)
		if err == nil && want != "" || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", text, err, want)
		}
		if m != nil {
			m.Find(0, 0)
		}
	}
	if _, err := Read(strings.NewReader(""), MaxBytes+1); err == nil || !strings.Contains(err.Error(), "at most 256 MiB") {
		t.Errorf("too large: %v", err)
	}
}

// What a map takes is about its text, whatever its mappings are: a mapping a byte, a line a byte, lines out of order.
func TestMemory(t *testing.T) {
	for name, mappings := range map[string]string{
		"many mappings": strings.Repeat("CAAC,", 400_000), "many lines": strings.Repeat("AAAA;", 400_000), "empty lines": strings.Repeat(";", 2_000_000),
		"commas": strings.Repeat(",", 2_000_000),
	} {
		text := withMappings(mappings)
		m, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m.Bytes() > int64(len(text))*3/2 {
			t.Errorf("%s: %d bytes of text, %d are held", name, len(text), m.Bytes())
		}
		m.Find(399_999, 3)
		m.Find(0, 399_999)
	}
	if _, err := Parse(withMappings(strings.Repeat("EAAA,DAAA,", maxUnsorted/2+1))); err == nil || !strings.Contains(err.Error(), "not in order") {
		t.Errorf("a million mappings out of order: %v", err)
	}
}

// A map read from a file allocates for its mappings, not for its size: the texts of its sources stay where they are.
func TestLargeMap(t *testing.T) {
	const sources, source = 20, 1 << 20
	var ms []fields
	for i := range 50_000 {
		ms = append(ms, fields{column: int32(i * 7), source: int32(i % sources), sourceLine: int32(i % 300), name: -1})
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "large.map"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	fmt.Fprint(w, `{"version":3,"sourcesContent":[`)
	for i := range sources {
		fmt.Fprintf(w, `%s"// \"file\" %d\n%s"`, strings.Repeat(",", min(i, 1)), i, strings.Repeat(`let b = 'c'\n`, source/13))
	}
	fmt.Fprintf(w, `],"sources":["a0"%s],"mappings":"%s"}`, strings.Repeat(`,"a"`, sources-1), encode(ms))
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil || size < 20e6 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := Read(file, size)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := m.Find(0, 7*(sources*1000+sources-1)+3)
	if !ok || p.Source != "a" || p.Line != (sources*1000+sources-1)%300 {
		t.Fatalf("%+v %v", p, ok)
	}
	text, err := p.Content()
	if err != nil || !strings.HasPrefix(text, "// \"file\" 19\nlet b = 'c'\n") || strings.Count(text, "\n") < 80_000 {
		t.Errorf("content of %d bytes, %.30q: %v", len(text), text, err)
	}
	runtime.ReadMemStats(&after)
	t.Logf("%d MB of map: %d MB allocated in all, %d MB held", size/1e6, (after.TotalAlloc-before.TotalAlloc)/1e6, m.Bytes()/1e6)
	if n := after.TotalAlloc - before.TotalAlloc; n > 6<<20 {
		t.Errorf("%d MiB are allocated", n>>20)
	}
}

// What is broken off is said to be, wherever it is.
func TestCutOff(t *testing.T) {
	for n := range len(small) - 1 {
		if _, err := Parse(small[:n]); err == nil {
			t.Errorf("taken: %s", small[:n])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small, 1, 8)
	f.Add(withMappings("AAAA,EAAA,DAAAA;;A"), 0, 2)
	f.Fuzz(func(t *testing.T, text string, line, column int) {
		m, err := Parse(text)
		again, err2 := Read(strings.NewReader(text), int64(len(text)))
		if fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("held %v, of a file %v", err, err2)
		}
		checkWalk(t, text)
		if err != nil {
			return
		}
		p, ok := m.Find(line, column)
		q, ok2 := again.Find(line, column)
		if ok != ok2 || ok && (p.Source != q.Source || p.Line != q.Line || p.Column != q.Column || p.Name != q.Name) {
			t.Fatalf("held %+v, of a file %+v", p, q)
		}
		if ok && p.HasContent() {
			a, _ := p.Content()
			if b, err := q.Content(); a != b || err != nil {
				t.Fatalf("held %q, of a file %q: %v", a, b, err)
			}
		}
	})
}

// checkWalk holds the members that are found in an object against those that encoding/json finds.
func checkWalk(t *testing.T, text string) {
	t.Helper()
	var want map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &want) != nil || want == nil {
		return
	}
	from := int64(strings.IndexByte(text, '{'))
	n := 0
	err := members(inMemory(text), span{from, int64(len(text)), '{'}, func(name string, v span) error {
		n++
		raw := text[v.from:v.to]
		if !json.Valid([]byte(raw)) {
			t.Fatalf("%q is taken for a value", raw)
		}
		return nil
	})
	if err != nil || n < len(want) {
		t.Fatalf("%d of %d members: %v", n, len(want), err)
	}
}

// A map like those of large applications: go test -bench Parse -benchmem ./linker/symbolicate/sourcemap
func BenchmarkParse(b *testing.B) {
	text := large(b, 1000, 100_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	m, err := Parse(large(b, 1000, 100_000))
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		m.Find(0, i%1_000_000)
	}
}

// large makes a map of one line: sources of 10 kB and mappings.
func large(tb testing.TB, sources, mappings int) string {
	tb.Helper()
	var ms []fields
	for i := range mappings {
		ms = append(ms, fields{column: int32(i * 7), source: int32(i * sources / mappings), sourceLine: int32(i % 300), sourceColumn: int32(i % 60), name: int32(i % 5000)})
	}
	v := map[string]any{"version": 3, "mappings": encode(ms)}
	var names, files, contents []string
	for i := range 5000 {
		names = append(names, fmt.Sprintf("name%d", i))
	}
	for i := range sources {
		files = append(files, fmt.Sprintf("src/file%d.ts", i))
		contents = append(contents, strings.Repeat("const a = \"b\";\n", 700))
	}
	v["names"], v["sources"], v["sourcesContent"] = names, files, contents
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
