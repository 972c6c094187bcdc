package sourcemap

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"

	"github.com/tidwall/gjson"
)

// Bounds of a map. Real maps of 200 MiB stay below a tenth of each count.
const (
	MaxBytes    = 256 << 20
	maxMappings = 128 << 20 // bytes of their text
	maxList     = 64 << 20  // bytes of all names, and of all sources' names
	maxContent  = 32 << 20  // bytes of one source's text; a longer one is not shown
	maxSources  = 200_000
	maxNames    = 2_000_000
	maxSections = 10_000
	maxUnsorted = 1_000_000 // mappings in lines that are not in order
)

// Map is a parsed source map.
type Map struct {
	DebugID  string // as it stands in the map, or empty
	text     text
	sections []section
	bytes    int64
}

// section is a map that holds from a place on.
type section struct {
	line, column int32
	sources      []string
	contents     []span // where the JSON of each source's text is
	names        []string
	mappings     mappings
}

// Position is where generated code came from. Lines and columns count from 0, columns in UTF-16 units.
type Position struct {
	Source       string // as the map names it, its root before it
	Line, Column int
	Name         string // of what stood there, or empty
	text         text
	content      span
}

// HasContent says whether the map has the text of the position's source, and [Position.Content] gives it.
func (p *Position) HasContent() bool {
	n := p.content.to - p.content.from
	return n > 0 && n <= maxContent
}

// Content is the text of the position's source. Its error is that of reading.
func (p *Position) Content() (string, error) {
	raw, err := p.text.cut(p.content.from, p.content.to)
	if err != nil {
		return "", err
	}
	return gjson.Parse(raw).String(), nil
}

// Bytes is about what the map holds in memory.
func (m *Map) Bytes() int64 { return m.bytes }

// ErrNoMap says that something is not a source map at all.
var ErrNoMap = errors.New("not a source map")

// Parse reads a map. The text is kept. Its errors are for a person.
func Parse(s string) (*Map, error) {
	m := &Map{text: inMemory(s), bytes: int64(len(s))}
	if err := m.read(int64(len(s))); err != nil {
		return nil, err
	}
	return m, nil
}

// Read reads a map of size bytes that is too large to be held. The texts of its sources, which are most of
// it, stay in r, which is read for as long as the map is used. Its errors are for a person, other than [*ReadError].
func Read(r io.ReaderAt, size int64) (*Map, error) {
	m := &Map{text: elsewhere{r}}
	if err := m.read(size); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Map) read(size int64) error {
	if size > MaxBytes {
		return fmt.Errorf("the source map has %d MiB, at most %d MiB are read", size>>20, MaxBytes>>20)
	}
	from, err := m.begin(size)
	if err != nil {
		return err
	}
	top, err := m.top(span{from, size, '{'})
	if err != nil {
		return err
	}
	for _, name := range []string{"debug_id", "debugId"} {
		if id, err := m.value(top[name]); err != nil {
			return err
		} else if id.String() != "" {
			m.DebugID = id.String()
		}
	}
	if list, ok := top["sections"]; ok {
		return m.addSections(list)
	}
	return m.addSection(0, 0, top)
}

// begin finds where a map's object begins, after what guards it against being run as a script.
func (m *Map) begin(size int64) (int64, error) {
	head, err := m.text.cut(0, min(size, 4<<10))
	if err != nil {
		return 0, err
	}
	body := strings.TrimLeft(strings.TrimPrefix(head, "\ufeff"), " \t\r\n")
	if strings.HasPrefix(body, ")]}") {
		if _, rest, ok := strings.Cut(body, "\n"); ok {
			body = strings.TrimLeft(rest, " \t\r\n")
		}
	}
	if !strings.HasPrefix(body, "{") {
		return 0, ErrNoMap
	}
	return int64(len(head) - len(body)), nil
}

// top finds the members of a map that matter; of one that is there twice the first counts.
func (m *Map) top(of span) (map[string]span, error) {
	if of.kind != '{' {
		return nil, ErrNoMap
	}
	top := map[string]span{}
	err := members(m.text, of, func(name string, v span) error {
		switch name {
		case "version", "sources", "sourcesContent", "sourceRoot", "names", "mappings", "sections", "debugId", "debug_id", "offset", "map", "url":
			if _, twice := top[name]; !twice {
				top[name] = v
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if v, ok := top["version"]; ok {
		if n, err := m.value(v); err != nil {
			return nil, err
		} else if n.Num != 3 {
			return nil, fmt.Errorf("version %.20s of source maps is not known, 3 is", n.Raw)
		}
	}
	return top, nil
}

// value reads a short value; what is not there, or not short, is null.
func (m *Map) value(v span) (gjson.Result, error) {
	if v.to == 0 || v.to-v.from > walkBuffer {
		return gjson.Result{}, nil
	}
	raw, err := m.text.cut(v.from, v.to)
	return gjson.Parse(raw), err
}

func (m *Map) addSections(list span) error {
	if list.kind != '[' {
		return fmt.Errorf("its sections are not a list: %w", ErrNoMap)
	}
	n := 0
	err := elements(m.text, list, func(v span) error {
		n++
		return m.addIndexed(v)
	})
	if err != nil {
		return fmt.Errorf("section %d: %w", max(n-1, 0), err)
	}
	return nil
}

func (m *Map) addIndexed(v span) error {
	if len(m.sections) >= maxSections {
		return fmt.Errorf("a map may have %d sections", maxSections)
	}
	top, err := m.top(v)
	if err != nil {
		return err
	}
	if _, ok := top["url"]; ok {
		return errors.New("it is kept elsewhere, and nothing is fetched")
	}
	offset, err := m.value(top["offset"])
	if err != nil {
		return err
	}
	line, column := offset.Get("line").Num, offset.Get("column").Num
	if line < 0 || column < 0 || line > math.MaxInt32 || column > math.MaxInt32 {
		return errors.New("its offset is out of range")
	}
	if n := len(m.sections); n > 0 {
		if last := &m.sections[n-1]; int32(line) < last.line || int32(line) == last.line && int32(column) < last.column {
			return errors.New("sections are not in order")
		}
	}
	if top, err = m.top(top["map"]); err != nil {
		return err
	}
	if _, ok := top["sections"]; ok {
		return errors.New("sections in sections are not allowed")
	}
	return m.addSection(int32(line), int32(column), top)
}

func (m *Map) addSection(line, column int32, top map[string]span) error {
	s := section{line: line, column: column}
	var err error
	if s.sources, err = m.list(top["sources"], "sources", maxSources); err != nil {
		return err
	}
	root, err := m.value(top["sourceRoot"])
	if err != nil {
		return err
	}
	if root := root.String(); root != "" {
		for i, name := range s.sources {
			if !strings.Contains(name, "://") && !strings.HasPrefix(name, "/") {
				s.sources[i] = strings.TrimSuffix(root, "/") + "/" + name
				m.bytes += int64(len(s.sources[i]))
			}
		}
	}
	if s.names, err = m.list(top["names"], "names", maxNames); err != nil {
		return err
	}
	if s.contents, err = m.contents(top["sourcesContent"], len(s.sources)); err != nil {
		return err
	}
	if top["mappings"].kind != '"' {
		return fmt.Errorf("it has no mappings: %w", ErrNoMap)
	}
	raw, err := m.hold(top["mappings"], "mappings", maxMappings)
	if err != nil {
		return err
	}
	if s.mappings, err = scan(gjson.Parse(raw).String(), len(s.sources), len(s.names)); err != nil {
		return err
	}
	m.bytes += 16*int64(len(s.sources)+len(s.names)) + 24*int64(len(s.contents)) + s.mappings.bytes()
	m.sections = append(m.sections, s)
	return nil
}

// errEnough ends a walk that has found all it looks for.
var errEnough = errors.New("enough")

// contents finds the texts of the first n sources.
func (m *Map) contents(list span, n int) ([]span, error) {
	if list.kind != '[' || n == 0 {
		return nil, nil
	}
	var out []span
	err := elements(m.text, list, func(v span) error {
		if v.kind != '"' {
			v = span{}
		}
		if out = append(out, v); len(out) == n {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return out, nil
}

// hold reads a value that is needed whole.
func (m *Map) hold(v span, what string, most int64) (string, error) {
	if v.to-v.from > most {
		return "", fmt.Errorf("its %s have %d MiB, at most %d MiB are read", what, (v.to-v.from)>>20, most>>20)
	}
	if _, copied := m.text.(elsewhere); copied {
		m.bytes += v.to - v.from
	}
	return m.text.cut(v.from, v.to)
}

// list reads a list of texts; what is null is an empty one.
func (m *Map) list(v span, what string, most int) ([]string, error) {
	if v.kind != '[' {
		return nil, nil
	}
	raw, err := m.hold(v, what, maxList)
	if err != nil {
		return nil, err
	}
	var out []string
	gjson.Parse(raw).ForEach(func(_, v gjson.Result) bool {
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
	p := &Position{Source: s.sources[f.source], Line: int(f.sourceLine), Column: int(f.sourceColumn), text: m.text}
	if int(f.source) < len(s.contents) {
		p.content = s.contents[f.source]
	}
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
