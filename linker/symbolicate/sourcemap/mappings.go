package sourcemap

import (
	"errors"
	"fmt"
	"math"
	"sort"
)

// fields is one mapping. Source is -1 when the place came from nowhere, name when it has none.
type fields struct {
	line, column             int32 // generated
	source                   int32
	sourceLine, sourceColumn int32
	name                     int32
}

func (f fields) after(line, column int32) bool {
	return f.line > line || f.line == line && f.column > column
}

// mark is the state of decoding at an offset: what the next numbers are relative to.
type mark struct {
	at                                   int32
	line, column                         int32
	source, sourceLine, sourceColumn, nm int32
}

// A mark every so many mappings, and every so many bytes where there are none.
const (
	markEvery      = 64
	markEveryBytes = 4096
)

// mappings is the text of all mappings, checked, with marks in it. Lines whose mappings are not in order, which
// the specification allows, are kept decoded.
type mappings struct {
	text     string
	marks    []mark
	unsorted map[int32][]fields
	lastLine int32
}

func (m *mappings) bytes() int64 {
	n := int64(len(m.marks)) * 28
	for _, l := range m.unsorted {
		n += int64(len(l)) * 24
	}
	return n
}

// scan checks all mappings and sets the marks.
func scan(text string, sources, names int) (mappings, error) {
	m := mappings{text: text, marks: []mark{{}}}
	d := decoder{text: text, sources: int32(sources), names: int32(names)}
	var line []fields // decoded, of a line that is not in order
	disorder, kept, since := false, 0, 0
	start := mark{}
	flush := func(at int32) error {
		if disorder {
			if kept += len(line); kept > maxUnsorted {
				return fmt.Errorf("more than %d mappings are not in order", maxUnsorted)
			}
			sort.SliceStable(line, func(i, j int) bool { return line[i].column < line[j].column })
			if m.unsorted == nil {
				m.unsorted = map[int32][]fields{}
			}
			m.unsorted[at] = line
		}
		line, disorder = nil, false
		return nil
	}
	last, current, count := int32(-1), int32(0), 0
	for {
		f, ok, err := d.next()
		if err != nil {
			return m, fmt.Errorf("mapping %d (line %d): %w", count+1, d.state.line+1, err)
		}
		if !ok || f.line != current {
			if err := flush(current); err != nil {
				return m, err
			}
			last = -1
		}
		if !ok {
			return m, nil
		}
		if f.line != current {
			current, start = f.line, d.before
			if n := len(m.marks); since >= markEvery || start.at-m.marks[n-1].at > markEveryBytes {
				m.marks, since = append(m.marks, start), 0
			}
		}
		if f.column < last && !disorder {
			disorder = true
			line = decodeLine(text, start, d.sources, d.names, d.before.at)
		}
		if disorder {
			line = append(line, f)
		} else if since >= markEvery && f.column > last {
			m.marks, since = append(m.marks, d.before), 0
		}
		last = max(last, f.column)
		m.lastLine = f.line
		since++
		count++
	}
}

// decodeLine decodes again what a line had until an offset.
func decodeLine(text string, from mark, sources, names, until int32) []fields {
	d := decoder{text: text, state: from, sources: sources, names: names}
	var out []fields
	for d.state.at < until {
		f, ok, err := d.next()
		if !ok || err != nil || d.before.at >= until {
			break
		}
		out = append(out, f)
	}
	return out
}

// find gives the last mapping at or before a place in its line.
func (m *mappings) find(line, column int32) (fields, bool) {
	if l, ok := m.unsorted[line]; ok {
		i := sort.Search(len(l), func(i int) bool { return l[i].column > column })
		if i == 0 {
			return fields{}, false
		}
		return l[i-1], true
	}
	// The last mark whose line is before, or whose column in the line cannot be after.
	i := sort.Search(len(m.marks), func(i int) bool {
		k := &m.marks[i]
		return k.line > line || k.line == line && k.column > column
	})
	f, ok := m.from(max(i-1, 0), line, column)
	if !ok && i > 1 { // the mapping looked for may be the one right before the mark
		f, ok = m.from(i-2, line, column)
	}
	return f, ok
}

// from looks for the last mapping at or before a place, from a mark on.
func (m *mappings) from(at int, line, column int32) (best fields, found bool) {
	d := decoder{text: m.text, state: m.marks[at], sources: math.MaxInt32, names: math.MaxInt32}
	for {
		f, ok, err := d.next()
		if !ok || err != nil || f.after(line, column) {
			return best, found
		}
		if f.line == line {
			best, found = f, true
		}
	}
}

// decoder walks through the mappings' text.
type decoder struct {
	text           string
	state          mark
	before         mark // where the last mapping began
	sources, names int32
}

var (
	errCut   = errors.New("a number is cut off")
	errDigit = errors.New("there is a character that is no digit")
	errRange = errors.New("a number is out of range")
	errCount = errors.New("a mapping has 1, 4 or 5 numbers")
)

// next gives the next mapping; ok is false at the end.
func (d *decoder) next() (f fields, ok bool, err error) {
	s := &d.state
	for int(s.at) < len(d.text) {
		switch d.text[s.at] {
		case ';':
			if s.line == math.MaxInt32 {
				return f, false, errRange
			}
			s.line++
			s.column = 0
			s.at++
		case ',':
			s.at++
		default:
			d.before = *s
			f, err = d.mapping()
			return f, err == nil, err
		}
	}
	return f, false, nil
}

func (d *decoder) mapping() (f fields, err error) {
	s := &d.state
	f.source, f.name = -1, -1
	if err = d.number(&s.column, math.MaxInt32); err != nil {
		return f, err
	}
	f.line, f.column = s.line, s.column
	if d.end() {
		return f, nil
	}
	for _, n := range []struct {
		v    *int32
		most int32
	}{{&s.source, d.sources - 1}, {&s.sourceLine, math.MaxInt32}, {&s.sourceColumn, math.MaxInt32}} {
		if d.end() {
			return f, errCount
		}
		if err = d.number(n.v, n.most); err != nil {
			return f, err
		}
	}
	f.source, f.sourceLine, f.sourceColumn = s.source, s.sourceLine, s.sourceColumn
	if d.end() {
		return f, nil
	}
	if err = d.number(&s.nm, d.names-1); err != nil {
		return f, err
	}
	if !d.end() {
		return f, errCount
	}
	f.name = s.nm
	return f, nil
}

// end says whether a mapping ends here.
func (d *decoder) end() bool {
	at := int(d.state.at)
	return at >= len(d.text) || d.text[at] == ',' || d.text[at] == ';'
}

// digits of the VLQ's base 64; -1 is none.
var digits = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = int8(i)
	}
	return t
}()

// number adds the next number to v, which must stay between 0 and most.
func (d *decoder) number(v *int32, most int32) error {
	var value int64
	for shift := uint(0); ; shift += 5 {
		if int(d.state.at) >= len(d.text) {
			return errCut
		}
		digit := digits[d.text[d.state.at]]
		if digit < 0 {
			if d.end() {
				return errCut
			}
			return errDigit
		}
		d.state.at++
		if shift > 30 {
			return errRange
		}
		value |= int64(digit&31) << shift
		if digit&32 == 0 {
			break
		}
	}
	negative := value&1 != 0
	value >>= 1
	if negative {
		value = -value
	}
	sum := int64(*v) + value
	if sum < 0 || sum > int64(most) {
		return errRange
	}
	*v = int32(sum)
	return nil
}
