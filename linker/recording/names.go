package recording

import (
	"slices"
	"strings"
)

// Name is what people call an element from a moment on: the words on it, a field's label, or what it is called for those
// who cannot see it. SDKs tell an element's own attributes; the words of one that a script made they do not tell.
type Name struct {
	AtMS   int64  `json:"at"`
	NodeID int64  `json:"id"`
	Name   string `json:"name"`
}

// Touch is a click or a key, told by the recorder of the page at the very moment. What SDKs tell of it as a crumb comes later
// when the page is busy, and of typing only now and then.
type Touch struct {
	AtMS   int64 `json:"at"`
	NodeID int64 `json:"id"`
	Typed  bool  `json:"typed,omitempty"`
}

// Hand is what a segment says of the elements that a user touches: what they are called, and when they were touched.
type Hand struct {
	Names   []Name  `json:"names,omitempty"`
	Touches []Touch `json:"touches,omitempty"`
}

// Bounds of the names of a segment.
const (
	maxTouches   = 10_000
	maxNames     = 2_000
	maxNameNodes = 100_000
	maxNameText  = 80  // characters
	maxNameWalk  = 200 // nodes that are looked at for one name
)

// ReadHand reads what a segment's body calls the elements that people click and type into, and when they did. It knows the page as far as the
// segment tells it: all of it from a full snapshot on, else what was added.
func ReadHand(body []byte, lim Limits) (*Hand, error) {
	r, err := inflate(body, lim.withDefaults().Inflated)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p := &nameReader{screenReader: screenReader{s: newScanner(r)}, nodes: map[int64]*named{}, told: map[int64]string{}}
	if err := p.s.list('[', ']', func([]byte) error { return p.event() }); err != nil {
		return nil, malformed(p.s.pos, err)
	}
	return &p.hand, nil
}

// nameReader holds the page: what is needed to name things, no more.
type nameReader struct {
	screenReader // for its way of reading values
	nodes        map[int64]*named
	touched      []int64
	told         map[int64]string
	hand         Hand
}

type named struct {
	tag      string
	text     string // of a text node
	parent   int64
	children []int64

	id, labelFor, inputType, value, aria, placeholder, title, role string
}

func (p *nameReader) event() error {
	kind, at := -1, 0.0
	var touch touch
	p.touched = p.touched[:0]
	err := p.s.list('{', '}', func(name []byte) error {
		switch string(name) {
		case "type":
			v, _, err := p.s.number()
			kind = int(v)
			return err
		case "timestamp":
			v, _, err := p.s.number()
			at = millis(v)
			return err
		case "data":
			if kind == typeFullSnapshot {
				p.nodes, p.told = map[int64]*named{}, map[int64]string{}
			}
			if kind != typeFullSnapshot && kind != typeIncremental || p.peek() != '{' {
				return p.s.skip()
			}
			return p.data(kind, &touch)
		}
		return p.s.skip()
	})
	if at > 0 {
		p.tell(int64(at))
		if t, ok := touch.read(int64(at)); ok && len(p.hand.Touches) < maxTouches {
			p.hand.Touches = append(p.hand.Touches, t)
		}
	}
	return err
}

// touch is an incremental event as far as it may be one.
type touch struct{ source, kind, id int }

// Sources of incremental events, and the interaction that is a click (rrweb: packages/types/src/index.ts).
const (
	sourceMouse      = 2
	sourceInput      = 5
	interactionClick = 2
)

func (t touch) read(at int64) (Touch, bool) {
	switch {
	case t.source == sourceMouse && t.kind == interactionClick:
		return Touch{AtMS: at, NodeID: int64(t.id)}, true
	case t.source == sourceInput:
		return Touch{AtMS: at, NodeID: int64(t.id), Typed: true}, true
	}
	return Touch{}, false
}

func (p *nameReader) data(kind int, touch *touch) error {
	numbers := map[string]*int{"source": &touch.source, "type": &touch.kind, "id": &touch.id}
	return p.s.list('{', '}', func(name []byte) error {
		switch c := p.peek(); {
		case kind == typeFullSnapshot && string(name) == "node" && c == '{':
			_, err := p.node()
			return err
		case kind == typeIncremental && numbers[string(name)] != nil:
			v, _, err := p.s.number()
			*numbers[string(name)] = int(v)
			return err
		case kind == typeIncremental && string(name) == "adds" && c == '[':
			return p.s.list('[', ']', func([]byte) error { return p.object(p.add) })
		case kind == typeIncremental && string(name) == "texts" && c == '[':
			return p.s.list('[', ']', func([]byte) error { return p.object(p.changedText) })
		}
		return p.s.skip()
	})
}

// add reads a node that was added. The node comes before the place where it stands, or after it.
func (p *nameReader) add() error {
	parent, next, id := int64(0), int64(0), int64(0)
	err := p.s.list('{', '}', func(name []byte) (err error) {
		switch {
		case string(name) == "parentId" || string(name) == "nextId":
			v, _, err := p.s.number()
			if string(name) == "nextId" {
				next = int64(v)
			} else {
				parent = int64(v)
			}
			return err
		case string(name) == "node" && p.peek() == '{':
			id, err = p.node()
			return err
		}
		return p.s.skip()
	})
	n := p.nodes[id]
	if err != nil || n == nil || parent == 0 {
		return err
	}
	n.parent = parent
	up := p.nodes[parent]
	if up == nil { // of an earlier segment: its tag is not known, but what is written on it
		if len(p.nodes) >= maxNameNodes {
			return nil
		}
		up = &named{tag: "?"}
		p.nodes[parent] = up
	}
	at := slices.Index(up.children, next)
	if at < 0 {
		at = len(up.children)
	}
	up.children = slices.Insert(up.children, at, id)
	return nil
}

func (p *nameReader) changedText() error {
	id, value, err := p.textChange()
	if n := p.nodes[id]; n != nil {
		n.text = shortText(value)
		p.touched = append(p.touched, id)
	}
	return err
}

// node reads a node and what is below it.
func (p *nameReader) node() (id int64, err error) {
	n := &named{}
	kind := 0
	err = p.s.list('{', '}', func(name []byte) (err error) {
		switch string(name) {
		case "type":
			v, _, err := p.s.number()
			kind = int(v)
			return err
		case "id":
			v, _, err := p.s.number()
			id = int64(v)
			return err
		case "tagName":
			n.tag, err = p.string()
			n.tag = plainTag(n.tag)
			return err
		case "attributes":
			if p.peek() != '{' {
				return p.s.skip()
			}
			return p.attributes(n)
		case "textContent":
			if kind != 3 {
				return p.s.skip()
			}
			n.text, err = p.string()
			n.text = shortText(n.text)
			return err
		case "childNodes":
			if unseen[n.tag] && n.tag != "head" || p.peek() != '[' {
				return p.s.skip()
			}
			return p.s.list('[', ']', func([]byte) error {
				return p.object(func() error {
					child, err := p.node()
					if child != 0 {
						n.children = append(n.children, child)
					}
					return err
				})
			})
		}
		return p.s.skip()
	})
	if id == 0 || len(p.nodes) >= maxNameNodes {
		return 0, err
	}
	for _, c := range n.children {
		if child := p.nodes[c]; child != nil {
			child.parent = id
		}
	}
	p.nodes[id] = n
	if n.text != "" || n.tag != "" {
		p.touched = append(p.touched, id)
	}
	return id, err
}

func (p *nameReader) attributes(n *named) error {
	to := map[string]*string{"id": &n.id, "for": &n.labelFor, "type": &n.inputType, "value": &n.value, "aria-label": &n.aria,
		"placeholder": &n.placeholder, "title": &n.title, "alt": &n.title, "role": &n.role}
	return p.s.list('{', '}', func(name []byte) error {
		field := to[string(name)]
		if field == nil {
			return p.s.skip()
		}
		v, err := p.string()
		*field = shortText(v)
		return err
	})
}

// tell adds the names that an event gave or changed.
func (p *nameReader) tell(at int64) {
	labels := map[string]string{}
	for _, id := range p.touched {
		if n := p.nodes[id]; n != nil && n.tag == "label" && n.labelFor != "" {
			labels[n.labelFor] = p.words(id, 0)
		}
	}
	done := map[int64]bool{}
	for _, id := range p.touched {
		for level := 0; id != 0 && level < 6; level++ {
			n := p.nodes[id]
			if n == nil || done[id] {
				break
			}
			done[id] = true
			p.call(at, id, p.name(id, n, labels))
			if n.tag == "label" { // its field is called like it
				for _, c := range n.children {
					if f := p.nodes[c]; f != nil && isField(f.tag) {
						p.call(at, c, p.name(c, f, labels))
					}
				}
			}
			id = n.parent
		}
	}
}

func (p *nameReader) call(at, id int64, name string) {
	if name == "" || p.told[id] == name || len(p.hand.Names) >= maxNames || strings.Trim(name, "* ") == "" {
		return
	}
	p.told[id] = name
	p.hand.Names = append(p.hand.Names, Name{AtMS: at, NodeID: id, Name: name})
}

func isField(tag string) bool { return tag == "input" || tag == "textarea" || tag == "select" }

// name is the words that people see on an element, else its label; empty for what nobody clicks.
func (p *nameReader) name(id int64, n *named, labels map[string]string) string {
	switch {
	case isField(n.tag):
		for up, level := p.nodes[n.parent], 0; up != nil && level < 6; up, level = p.nodes[up.parent], level+1 {
			if up.tag == "label" {
				if words := p.words(p.labelOf(n), id); words != "" {
					return words
				}
				break
			}
		}
		if n.id != "" && labels[n.id] != "" {
			return labels[n.id]
		}
		if t := strings.ToLower(n.inputType); (t == "submit" || t == "button" || t == "reset") && n.value != "" {
			return n.value
		}
		return firstOf(n.aria, n.placeholder, n.title)
	case n.tag == "button" || n.tag == "a" || n.tag == "summary" || n.tag == "label" || n.tag == "?" || n.role != "":
		return firstOf(p.words(id, 0), n.aria, n.title)
	}
	return ""
}

// labelOf is the label around a field.
func (p *nameReader) labelOf(n *named) int64 {
	id := n.parent
	for level := 0; level < 6 && p.nodes[id] != nil; level++ {
		if p.nodes[id].tag == "label" {
			return id
		}
		id = p.nodes[id].parent
	}
	return 0
}

// words are the texts below an element but for one part of it.
func (p *nameReader) words(id, but int64) string {
	var out strings.Builder
	walked := 0
	var walk func(id int64)
	walk = func(id int64) {
		n := p.nodes[id]
		if walked++; n == nil || id == but || walked > maxNameWalk || out.Len() > 4*maxNameText {
			return
		}
		if n.text != "" {
			out.WriteString(n.text)
			out.WriteByte(' ')
		}
		for _, c := range n.children {
			walk(c)
		}
	}
	walk(id)
	return shortText(out.String())
}

func firstOf(in ...string) string {
	for _, s := range in {
		if s != "" && strings.Trim(s, "* ") != "" {
			return s
		}
	}
	return ""
}

// shortText is a text on one line, not too long.
func shortText(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxNameText {
		return string(r[:maxNameText]) + "…"
	}
	return s
}
