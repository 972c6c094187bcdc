package native

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

// breakpad is a symbol file of Breakpad: text lines of FILE, FUNC, INLINE_ORIGIN, INLINE, PUBLIC, and of addresses
// (https://chromium.googlesource.com/breakpad/breakpad/+/master/docs/symbol_files.md). Addresses count from where the program was loaded.
type breakpad struct {
	files   map[int]string
	origins map[int]string
	funcs   []breakpadFunc // by address
	lines   []breakpadLine // by address
	inlines []breakpadInline
	public  []symbol
}

type breakpadFunc struct {
	symbol
	inlines [2]int // its part of inlines
}

type breakpadLine struct {
	address    uint64
	size       uint32
	line, file int32
}

type breakpadInline struct {
	address         uint64
	size            uint64
	depth           int
	line, file, org int
}

const (
	maxBreakpadLines = 10_000_000
	maxBreakpadLine  = 64 << 10 // bytes
)

func loadBreakpad(r io.Reader) (*File, error) {
	b := &breakpad{files: map[int]string{}, origins: map[int]string{}}
	f := &File{lines: b}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), maxBreakpadLine)
	for s.Scan() {
		line := s.Text()
		f.bytes += 24
		if b.add(line) {
			f.bytes += int64(len(line))
		}
		if len(b.lines)+len(b.inlines)+len(b.funcs)+len(b.public)+len(b.files)+len(b.origins) > maxBreakpadLines {
			return nil, fmt.Errorf("it has more than %d lines", maxBreakpadLines)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read breakpad file: %w", err)
	}
	sort.SliceStable(b.funcs, func(i, j int) bool { return b.funcs[i].address < b.funcs[j].address })
	sort.SliceStable(b.lines, func(i, j int) bool { return b.lines[i].address < b.lines[j].address })
	sort.SliceStable(b.public, func(i, j int) bool { return b.public[i].address < b.public[j].address })
	if len(b.funcs)+len(b.public) == 0 {
		return nil, fmt.Errorf("it has neither debug information nor symbols")
	}
	return f, nil
}

func hexNumber(s string) uint64 {
	n, _ := strconv.ParseUint(s, 16, 64) // what is no number is nowhere
	return n
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// add reads a line and says whether it keeps its text.
func (b *breakpad) add(line string) bool {
	kind, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimPrefix(rest, "m ") // several symbols at one address
	switch kind {
	case "FILE", "INLINE_ORIGIN":
		n, name, _ := strings.Cut(rest, " ")
		if kind == "FILE" {
			b.files[number(n)] = clip(name)
		} else {
			b.origins[number(n)] = name
		}
		return true
	case "FUNC":
		if p := strings.SplitN(rest, " ", 4); len(p) == 4 {
			b.funcs = append(b.funcs, breakpadFunc{symbol{hexNumber(p[0]), hexNumber(p[1]), p[3]}, [2]int{len(b.inlines), len(b.inlines)}})
			return true
		}
	case "PUBLIC":
		if p := strings.SplitN(rest, " ", 3); len(p) == 3 {
			b.public = append(b.public, symbol{hexNumber(p[0]), 0, p[2]})
			return true
		}
	case "INLINE":
		p := strings.Fields(rest)
		if len(p) < 6 || len(b.funcs) == 0 {
			return false
		}
		for i := 4; i+1 < len(p); i += 2 {
			b.inlines = append(b.inlines, breakpadInline{address: hexNumber(p[i]), size: hexNumber(p[i+1]), depth: number(p[0]), line: number(p[1]), file: number(p[2]), org: number(p[3])})
		}
		b.funcs[len(b.funcs)-1].inlines[1] = len(b.inlines)
	case "MODULE", "INFO", "STACK":
	default:
		if p := strings.Fields(line); len(p) == 4 {
			b.lines = append(b.lines, breakpadLine{hexNumber(p[0]), uint32(hexNumber(p[1])), int32(number(p[2])), int32(number(p[3]))})
		}
	}
	return false
}

func (b *breakpad) find(address uint64) []Place {
	i := sort.Search(len(b.funcs), func(i int) bool { return b.funcs[i].address > address })
	if i == 0 || address >= b.funcs[i-1].address+b.funcs[i-1].size {
		j := sort.Search(len(b.public), func(j int) bool { return b.public[j].address > address })
		if j == 0 {
			return nil
		}
		return []Place{{Function: readable(b.public[j-1].name), Symbol: b.public[j-1].name}}
	}
	fn := &b.funcs[i-1]
	file, line := "", 0
	if k := sort.Search(len(b.lines), func(k int) bool { return b.lines[k].address > address }); k > 0 {
		if l := &b.lines[k-1]; address < l.address+uint64(l.size) {
			file, line = b.files[int(l.file)], int(l.line)
		}
	}
	var here []breakpadInline
	for _, in := range b.inlines[fn.inlines[0]:fn.inlines[1]] {
		if in.address <= address && address < in.address+in.size && len(here) < maxInlined {
			here = append(here, in)
		}
	}
	sort.SliceStable(here, func(i, j int) bool { return here[i].depth > here[j].depth })
	var out []Place
	for _, in := range here { // the innermost first
		name := b.origins[in.org]
		out = append(out, Place{Function: readable(name), Symbol: name, File: file, Line: line})
		file, line = b.files[in.file], in.line
	}
	return append(out, Place{Function: readable(fn.name), Symbol: fn.name, File: file, Line: line})
}
