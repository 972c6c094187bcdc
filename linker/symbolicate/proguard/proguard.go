package proguard

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MaxBytes is the longest mapping that is read.
const MaxBytes = 200 << 20

const (
	maxMembers = 5_000_000
	maxInlined = 50
)

// Mapping is a parsed mapping file.
type Mapping struct {
	classes map[string]*class // by obfuscated name
	bytes   int64
}

type class struct {
	name, file string
	methods    map[string][]member // by obfuscated name, in the file's order
}

// member is one line of a method: 12:14:void a.b.C.pay(int):30:32 -> a.
type member struct {
	from, to     int // obfuscated lines, 0 for none
	class, name  string
	first, last  int // original lines, 0 for those of from and to
	singleTarget bool
}

// Frame is a call under its original names.
type Frame struct {
	Class, Method, File string
	Line                int // 0: not known
}

// Bytes is about what the mapping holds in memory.
func (m *Mapping) Bytes() int64 { return m.bytes }

// ErrNoMapping says that something is no mapping file.
var ErrNoMapping = errors.New("no ProGuard mapping: it has no line like \"a.b.Name -> x.y:\"")

// Parse reads a mapping file. The text is kept. Lines that say nothing are passed over.
func Parse(text string) (*Mapping, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the mapping has %d MiB, at most %d MiB are read", len(text)>>20, MaxBytes>>20)
	}
	m := &Mapping{classes: map[string]*class{}, bytes: int64(len(text))}
	var c *class
	members := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimLeft(line, " \t")
		switch {
		case trimmed == "":
		case trimmed[0] == '#':
			if c != nil {
				if _, rest, ok := strings.Cut(trimmed, `"sourceFile"`); ok {
					_, rest, _ = strings.Cut(rest, `"fileName"`)
					if p := strings.SplitN(rest, `"`, 3); len(p) == 3 {
						c.file = p[1]
					}
				}
			}
		case line[0] != ' ' && line[0] != '\t':
			if from, to, ok := strings.Cut(strings.TrimSuffix(trimmed, ":"), " -> "); ok {
				c = &class{name: from, methods: map[string][]member{}}
				m.classes[to] = c
				m.bytes += 200
			}
		case c != nil:
			if f, to, ok := parseMember(trimmed); ok {
				if members++; members > maxMembers {
					return nil, fmt.Errorf("the mapping has more than %d methods", maxMembers)
				}
				c.methods[to] = append(c.methods[to], f)
				m.bytes += 120
			}
		}
	}
	if len(m.classes) == 0 {
		return nil, ErrNoMapping
	}
	return m, nil
}

// parseMember reads a method; fields have no parentheses and are passed over.
func parseMember(line string) (f member, to string, ok bool) {
	left, to, ok := strings.Cut(line, " -> ")
	if !ok {
		return f, "", false
	}
	open, end := strings.IndexByte(left, '('), strings.LastIndexByte(left, ')')
	if open < 0 || end < open {
		return f, "", false
	}
	if tail := strings.Split(left[end+1:], ":"); len(tail) > 1 {
		f.first, _ = strconv.Atoi(tail[1]) // 0 when it is none
		f.last = f.first
		if len(tail) > 2 {
			f.last, _ = strconv.Atoi(tail[2])
		} else {
			f.singleTarget = true
		}
	}
	head := left[:open]
	if p := strings.SplitN(head, ":", 3); len(p) == 3 {
		f.from, _ = strconv.Atoi(p[0])
		f.to, _ = strconv.Atoi(p[1])
		head = p[2]
	}
	_, name, ok := strings.Cut(head, " ") // after the type it gives
	if !ok {
		return f, "", false
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		f.class, name = name[:i], name[i+1:]
	}
	f.name = name
	return f, to, f.name != ""
}

// Class gives a class's original name.
func (m *Mapping) Class(name string) (string, bool) {
	c, ok := m.classes[name]
	if !ok {
		return "", false
	}
	return c.name, true
}

// Frame gives the calls that a frame stands for, the innermost first: what was inlined, then what it was inlined
// into. None: the class is not in the mapping.
func (m *Mapping) Frame(className, method string, line int) []Frame {
	c, ok := m.classes[className]
	if !ok {
		return nil
	}
	var out []Frame
	for _, f := range c.methods[method] {
		if line > 0 && f.to > 0 && (line < f.from || line > f.to) || len(out) >= maxInlined {
			continue
		}
		if line == 0 || f.to == 0 {
			// Without lines only a name that all agree on is certain.
			if len(out) > 0 {
				if out[0].Method != f.name {
					return []Frame{{Class: c.name, Method: method, File: m.file(c.name, c)}}
				}
				continue
			}
		}
		owner := c
		name := c.name
		if f.class != "" {
			name = f.class
			owner = nil
		}
		out = append(out, Frame{Class: name, Method: f.name, File: m.file(name, owner), Line: original(f, line)})
	}
	if len(out) == 0 {
		return []Frame{{Class: c.name, Method: method, File: m.file(c.name, c), Line: line}}
	}
	return out
}

// original gives the line a member's line came from.
func original(f member, line int) int {
	switch {
	case line == 0 || f.to == 0:
		if f.first > 0 && f.singleTarget {
			return f.first
		}
		return line
	case f.first == 0:
		return line
	case f.last == f.first:
		return f.first
	}
	return f.first + line - f.from
}

// file is the source file of a class: as the mapping says, or as its name does.
func (m *Mapping) file(name string, c *class) string {
	if c != nil && c.file != "" && c.file != "R8$$SyntheticClass" {
		return c.file
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	name, _, _ = strings.Cut(name, "$")
	if strings.HasSuffix(name, "Kt") {
		return strings.TrimSuffix(name, "Kt") + ".kt"
	}
	return name + ".java"
}
