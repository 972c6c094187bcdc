package sourcemap

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/tidwall/gjson"
)

// Bounds of a map. Real maps of 100 MiB stay below a tenth of each.
const (
	MaxBytes    = 100 << 20
	maxSources  = 200_000
	maxNames    = 2_000_000
	maxSections = 10_000
	maxUnsorted = 1_000_000 // mappings in lines that are not in order
)

// Map is a parsed source map.
type Map struct {
	DebugID  string // as it stands in the map, or empty
	sections []section
	bytes    int64
}

// section is a map that holds from a place on.
type section struct {
	line, column int32
	sources      []string
	contents     []string // raw JSON of each source's text, "" when there is none
	names        []string
	mappings     mappings
}

// Position is where generated code came from. Lines and columns count from 0, columns in UTF-16 units.
type Position struct {
	Source       string // as the map names it, its root before it
	Line, Column int
	Name         string // of what stood there, or empty
	section      *section
	source       int
}

// Content is the text of the position's source, when the map has it.
func (p *Position) Content() (string, bool) {
	if p.source >= len(p.section.contents) {
		return "", false
	}
	raw := p.section.contents[p.source]
	if raw == "" {
		return "", false
	}
	return gjson.Parse(raw).String(), true
}

// Bytes is about what the map holds in memory.
func (m *Map) Bytes() int64 { return m.bytes }

// ErrNoMap says that something is not a source map at all.
var ErrNoMap = errors.New("not a source map")

// Parse reads a map. The text is kept. Its errors are for a person.
func Parse(text string) (*Map, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the source map has %d MiB, at most %d MiB are read", len(text)>>20, MaxBytes>>20)
	}
	m := &Map{bytes: int64(len(text))}
	body := strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), " \t\r\n")
	if strings.HasPrefix(body, ")]}") { // a guard against being run as a script
		if _, rest, ok := strings.Cut(body, "\n"); ok {
			body = rest
		}
	}
	top, err := readTop(body)
	if err != nil {
		return nil, err
	}
	if m.DebugID = top["debugId"].String(); m.DebugID == "" {
		m.DebugID = top["debug_id"].String()
	}
	if list, ok := top["sections"]; ok {
		err = m.addSections(list)
	} else {
		err = m.addSection(0, 0, top)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// readTop gives the members of a map that matter, without a look into them.
func readTop(text string) (map[string]gjson.Result, error) {
	v := gjson.Parse(text)
	if !v.IsObject() {
		return nil, ErrNoMap
	}
	top := map[string]gjson.Result{}
	v.ForEach(func(k, v gjson.Result) bool {
		switch name := k.String(); name {
		case "version", "sources", "sourcesContent", "sourceRoot", "names", "mappings", "sections", "debugId", "debug_id", "offset", "map", "url":
			if _, twice := top[name]; !twice {
				top[name] = v
			}
		}
		return true
	})
	if v, ok := top["version"]; ok && v.Num != 3 {
		return nil, fmt.Errorf("version %.20s of source maps is not known, 3 is", v.Raw)
	}
	return top, nil
}

func (m *Map) addSections(list gjson.Result) error {
	if !list.IsArray() {
		return fmt.Errorf("its sections are not a list: %w", ErrNoMap)
	}
	var err error
	list.ForEach(func(_, v gjson.Result) bool {
		err = m.addIndexed(v)
		return err == nil
	})
	if err != nil {
		return fmt.Errorf("section %d: %w", len(m.sections), err)
	}
	return nil
}

func (m *Map) addIndexed(v gjson.Result) error {
	if len(m.sections) >= maxSections {
		return fmt.Errorf("a map may have %d sections", maxSections)
	}
	top, err := readTop(v.Raw)
	if err != nil {
		return err
	}
	if _, ok := top["url"]; ok {
		return errors.New("it is kept elsewhere, and nothing is fetched")
	}
	line, column := top["offset"].Get("line").Num, top["offset"].Get("column").Num
	if line < 0 || column < 0 || line > math.MaxInt32 || column > math.MaxInt32 {
		return errors.New("its offset is out of range")
	}
	if n := len(m.sections); n > 0 {
		if last := &m.sections[n-1]; int32(line) < last.line || int32(line) == last.line && int32(column) < last.column {
			return errors.New("sections are not in order")
		}
	}
	if top, err = readTop(top["map"].Raw); err != nil {
		return err
	}
	if _, ok := top["sections"]; ok {
		return errors.New("sections in sections are not allowed")
	}
	return m.addSection(int32(line), int32(column), top)
}

func (m *Map) addSection(line, column int32, top map[string]gjson.Result) error {
	s := section{line: line, column: column}
	var err error
	if s.sources, err = stringList(top["sources"], "sources", maxSources); err != nil {
		return err
	}
	if root := top["sourceRoot"].String(); root != "" {
		for i, name := range s.sources {
			if !strings.Contains(name, "://") && !strings.HasPrefix(name, "/") {
				s.sources[i] = strings.TrimSuffix(root, "/") + "/" + name
				m.bytes += int64(len(s.sources[i]))
			}
		}
	}
	if s.names, err = stringList(top["names"], "names", maxNames); err != nil {
		return err
	}
	top["sourcesContent"].ForEach(func(_, v gjson.Result) bool {
		raw := ""
		if v.Type == gjson.String {
			raw = v.Raw
		}
		s.contents = append(s.contents, raw)
		return len(s.contents) < len(s.sources)
	})
	if top["mappings"].Type != gjson.String {
		return fmt.Errorf("it has no mappings: %w", ErrNoMap)
	}
	if s.mappings, err = scan(top["mappings"].String(), len(s.sources), len(s.names)); err != nil {
		return err
	}
	m.bytes += 16*int64(len(s.sources)+len(s.names)+len(s.contents)) + s.mappings.bytes()
	m.sections = append(m.sections, s)
	return nil
}

// stringList reads a list of texts; what is null is an empty one.
func stringList(v gjson.Result, what string, most int) ([]string, error) {
	var out []string
	var err error
	if !v.IsArray() {
		return nil, nil
	}
	v.ForEach(func(_, v gjson.Result) bool {
		if len(out) >= most {
			err = fmt.Errorf("it has more than %d %s", most, what)
			return false
		}
		out = append(out, v.String())
		return true
	})
	return out, err
}

// Find gives where the code at a line and column, from 0, came from: the mapping at that place or the nearest one
// before it in the line.
func (m *Map) Find(line, column int) (*Position, bool) {
	if line < 0 || column < 0 || line > math.MaxInt32 || column > math.MaxInt32 {
		return nil, false
	}
	l, c := int32(line), int32(column)
	i := sort.Search(len(m.sections), func(i int) bool {
		s := &m.sections[i]
		return s.line > l || s.line == l && s.column > c
	})
	if i == 0 {
		return nil, false
	}
	s := &m.sections[i-1]
	if l == s.line {
		c -= s.column
	}
	f, ok := s.mappings.find(l-s.line, c)
	if !ok || f.source < 0 {
		return nil, false
	}
	p := &Position{Source: s.sources[f.source], Line: int(f.sourceLine), Column: int(f.sourceColumn), section: s, source: int(f.source)}
	if f.name >= 0 {
		p.Name = s.names[f.name]
	}
	return p, true
}

// Lines is one more than the last line of generated code that has a mapping.
func (m *Map) Lines() int {
	if len(m.sections) == 0 {
		return 0
	}
	s := &m.sections[len(m.sections)-1]
	return int(s.line) + int(s.mappings.lastLine) + 1
}

// Source gives the text of a source by its name, when the map has it.
func (m *Map) Source(name string) (string, bool) {
	for i := range m.sections {
		s := &m.sections[i]
		for j, n := range s.sources {
			if n == name && j < len(s.contents) && s.contents[j] != "" {
				return gjson.Parse(s.contents[j]).String(), true
			}
		}
	}
	return "", false
}
