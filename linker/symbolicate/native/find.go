package native

import (
	"debug/dwarf"
	"debug/elf"
	"debug/macho"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"

	"github.com/ianlancetaylor/demangle"
)

// Bounds of what is read, in bytes unless named otherwise.
const (
	MaxBytes    = 512 << 20 // of a file
	maxSection  = 256 << 20 // of a section, unpacked
	maxSymbols  = 5_000_000
	maxInlined  = 50
	maxFileName = 1024
)

// File is a debug file that has been read. It is safe for concurrent use.
type File struct {
	base    uint64 // where the file thinks it is loaded
	bytes   int64
	symbols []symbol // by address

	mu    sync.Mutex // dwarf.Data keeps what it has read
	dwarf *dwarf.Data
	lines *breakpad
}

type symbol struct {
	address, size uint64
	name          string
}

// Place is what lies at an address.
type Place struct {
	Function string // as people wrote it
	Symbol   string // as it stands in the file
	File     string
	Line     int
}

// Bytes is about what the file holds in memory.
func (f *File) Bytes() int64 { return f.bytes }

// Load reads the program with a debug id from a debug file. Errors that are not the reader's are lasting.
func Load(r io.ReaderAt, size int64, debugID string) (f *File, err error) {
	defer func() {
		if v := recover(); v != nil {
			f, err = nil, fmt.Errorf("the file is damaged (%v)", v)
		}
	}()
	if size > MaxBytes {
		return nil, fmt.Errorf("the debug file has %d MiB, at most %d MiB are read", size>>20, MaxBytes>>20)
	}
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case strings.HasPrefix(string(head), elf.ELFMAG):
		return loadELF(r)
	case isMachO(head):
		return loadMachO(r, head, debugID)
	case strings.HasPrefix(string(head), "MODULE "):
		return loadBreakpad(io.NewSectionReader(r, 0, size))
	}
	return nil, fmt.Errorf("it is of no kind that is read")
}

func loadELF(r io.ReaderAt) (*File, error) {
	e, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("it is no readable ELF file: %w", err)
	}
	f := &File{}
	for _, p := range e.Progs {
		if p.Type == elf.PT_LOAD {
			f.base = p.Vaddr &^ 0xfff
			break
		}
	}
	total := uint64(0)
	for _, s := range e.Sections {
		if strings.HasPrefix(s.Name, ".debug_") || strings.HasPrefix(s.Name, ".zdebug_") || s.Type == elf.SHT_SYMTAB {
			if total += s.Size; s.Size > maxSection || total > 2*maxSection {
				return nil, fmt.Errorf("the section %.40s has more than %d MiB", s.Name, maxSection>>20)
			}
		}
	}
	syms, err := e.Symbols()
	if err != nil {
		syms, _ = e.DynamicSymbols() // a file without either has no symbols
	}
	for _, s := range syms {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Value != 0 && len(f.symbols) < maxSymbols {
			f.symbols = append(f.symbols, symbol{s.Value, s.Size, s.Name})
		}
	}
	if d, err := e.DWARF(); err == nil {
		f.dwarf = d
	}
	f.bytes = int64(total)
	return f.ready()
}

func loadMachO(r io.ReaderAt, head []byte, debugID string) (*File, error) {
	files, err := machOs(r, head)
	if err != nil {
		return nil, err
	}
	for _, m := range files {
		if len(files) == 1 || machOUUID(m) == debugID {
			return loadOneMachO(m)
		}
	}
	return nil, fmt.Errorf("it has no program with the debug id %s", debugID)
}

func loadOneMachO(m *macho.File) (*File, error) {
	f := &File{}
	if text := m.Segment("__TEXT"); text != nil {
		f.base = text.Addr
	}
	total := uint64(0)
	for _, s := range m.Sections {
		if strings.HasPrefix(s.Name, "__debug_") || strings.HasPrefix(s.Name, "__zdebug_") {
			if total += s.Size; s.Size > maxSection || total > 2*maxSection {
				return nil, fmt.Errorf("the section %.40s has more than %d MiB", s.Name, maxSection>>20)
			}
		}
	}
	if m.Symtab != nil {
		const stab, kind, inSection = 0xe0, 0x0e, 0x0e
		for _, s := range m.Symtab.Syms {
			if s.Type&stab == 0 && s.Type&kind == inSection && s.Value != 0 && len(f.symbols) < maxSymbols {
				f.symbols = append(f.symbols, symbol{s.Value, 0, strings.TrimPrefix(s.Name, "_")})
			}
		}
	}
	if d, err := m.DWARF(); err == nil {
		f.dwarf = d
	}
	f.bytes = int64(total)
	return f.ready()
}

func (f *File) ready() (*File, error) {
	if f.dwarf == nil && len(f.symbols) == 0 && f.lines == nil {
		return nil, fmt.Errorf("it has neither debug information nor symbols")
	}
	sort.Slice(f.symbols, func(i, j int) bool { return f.symbols[i].address < f.symbols[j].address })
	for i := range f.symbols {
		f.bytes += int64(len(f.symbols[i].name)) + 40
	}
	return f, nil
}

// Find gives what lies at an offset from where the program was loaded: the innermost inlined function first, the
// function it was inlined into last. None: nothing is known of it.
func (f *File) Find(offset uint64) (places []Place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() {
		if recover() != nil { // of a damaged file
			places = nil
		}
	}()
	address := f.base + offset
	if f.lines != nil {
		return f.lines.find(offset)
	}
	if f.dwarf != nil {
		if places = f.byDWARF(address); len(places) > 0 {
			return places
		}
	}
	if s, ok := f.symbol(address); ok {
		return []Place{{Function: readable(s.name), Symbol: s.name}}
	}
	return nil
}

// symbol gives the last symbol at or before an address. Symbols of Mach-O have no size.
func (f *File) symbol(address uint64) (symbol, bool) {
	i := sort.Search(len(f.symbols), func(i int) bool { return f.symbols[i].address > address })
	if i == 0 {
		return symbol{}, false
	}
	s := f.symbols[i-1]
	return s, s.size == 0 && address-s.address < 1<<20 || address < s.address+s.size
}

// readable is a symbol's name as people wrote it: Itanium's and Rust's manglings are undone.
func readable(name string) string {
	return demangle.Filter(name, demangle.NoClones)
}

// byDWARF walks down from the unit that has an address to the innermost function around it.
func (f *File) byDWARF(address uint64) []Place {
	r := f.dwarf.Reader()
	unit, err := r.SeekPC(address)
	if err != nil {
		return nil
	}
	file, line, files := f.line(unit, address)
	var chain []*dwarf.Entry // outermost first
	for depth := 0; len(chain) < maxInlined; {
		e, err := r.Next()
		if err != nil || e == nil || e.Tag == dwarf.TagCompileUnit {
			break
		}
		if e.Tag == 0 {
			if depth--; depth < 0 {
				break
			}
			continue
		}
		if e.Tag == dwarf.TagSubprogram || e.Tag == dwarf.TagInlinedSubroutine || e.Tag == dwarf.TagLexDwarfBlock {
			if f.covers(e, address) {
				if e.Tag != dwarf.TagLexDwarfBlock {
					chain = append(chain, e)
				}
				if e.Children {
					depth = 0 // nothing beside it has the address
					continue
				}
				break
			}
			if e.Children {
				r.SkipChildren()
			}
			continue
		}
		if e.Children {
			if e.Tag == dwarf.TagNamespace || e.Tag == dwarf.TagClassType || e.Tag == dwarf.TagStructType || e.Tag == dwarf.TagModule {
				depth++
				continue
			}
			r.SkipChildren()
		}
	}
	var out []Place
	for i := len(chain) - 1; i >= 0; i-- {
		symbol := f.nameOf(chain[i], 8)
		out = append(out, Place{Function: readable(symbol), Symbol: symbol, File: file, Line: line})
		if n, ok := chain[i].Val(dwarf.AttrCallFile).(int64); ok && n >= 0 && int(n) < len(files) && files[n] != nil {
			file = clip(files[n].Name)
		}
		if n, ok := chain[i].Val(dwarf.AttrCallLine).(int64); ok {
			line = int(n)
		}
	}
	if len(out) == 0 && line > 0 {
		if s, ok := f.symbol(address); ok {
			out = append(out, Place{Function: readable(s.name), Symbol: s.name, File: file, Line: line})
		}
	}
	return out
}

func (f *File) covers(e *dwarf.Entry, address uint64) bool {
	ranges, err := f.dwarf.Ranges(e)
	if err != nil {
		return false
	}
	for _, p := range ranges {
		if p[0] <= address && address < p[1] {
			return true
		}
	}
	return false
}

func (f *File) line(unit *dwarf.Entry, address uint64) (string, int, []*dwarf.LineFile) {
	lr, err := f.dwarf.LineReader(unit)
	if err != nil || lr == nil {
		return "", 0, nil
	}
	var e dwarf.LineEntry
	if err := lr.SeekPC(address, &e); err != nil || e.File == nil {
		return "", 0, lr.Files()
	}
	return clip(e.File.Name), e.Line, lr.Files()
}

func clip(s string) string { return s[:min(len(s), maxFileName)] }

// nameOf gives a function's linkage name or its name, from where it is declared if need be.
func (f *File) nameOf(e *dwarf.Entry, depth int) string {
	if s, ok := e.Val(dwarf.AttrLinkageName).(string); ok {
		return s
	}
	for _, attr := range []dwarf.Attr{dwarf.AttrAbstractOrigin, dwarf.AttrSpecification} {
		if off, ok := e.Val(attr).(dwarf.Offset); ok && depth > 0 {
			r := f.dwarf.Reader()
			r.Seek(off)
			if origin, err := r.Next(); err == nil && origin != nil {
				if s := f.nameOf(origin, depth-1); s != "" {
					return s
				}
			}
		}
	}
	s, _ := e.Val(dwarf.AttrName).(string)
	return s
}
