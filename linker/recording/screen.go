package recording

import (
	"encoding/json"
	"strings"
)

// Screen is what a segment showed: the text of visible elements in the order of the page, then what
// changes of the page and typing added, each text once; and when the page changed, in Unix ms.
//
// What recorders masked is stars, and no word. Elements hidden by a style sheet are not known to be so.
type Screen struct {
	Text    string
	Changes []int64
}

// Bounds of a screen.
const (
	maxScreenText    = 256 << 10 // bytes; and as much again for what is hidden until it is shown
	maxTextNode      = 8 << 10
	maxHiddenNodes   = 100_000
	maxScreenChanges = 50_000
)

// ReadScreen reads the text of a segment's body. It holds none of the DOM.
func ReadScreen(body []byte, lim Limits) (*Screen, error) {
	r, err := inflate(body, lim.withDefaults().Inflated)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p := &screenReader{s: newScanner(r), seen: map[string]bool{}, hidden: map[int64]string{}}
	if err := p.s.list('[', ']', func([]byte) error { return p.event() }); err != nil {
		return nil, malformed(p.s.pos, err)
	}
	return &Screen{Text: p.text.String(), Changes: p.changes}, nil
}

type screenReader struct {
	s       *scanner
	text    strings.Builder
	seen    map[string]bool
	changes []int64

	hidden      map[int64]string // elements that are not shown, with their text
	hiddenBytes int
}

// event reads one event. Its type comes before its data in everything recorders write; where it does not,
// there is nothing to read.
func (p *screenReader) event() error {
	kind, at, changed := -1, 0.0, false
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
			if kind != typeFullSnapshot && kind != typeIncremental || p.peek() != '{' {
				return p.s.skip()
			}
			return p.data(kind, &changed)
		}
		return p.s.skip()
	})
	if changed && at > 0 && len(p.changes) < maxScreenChanges {
		p.changes = append(p.changes, int64(at))
	}
	return err
}

func (p *screenReader) peek() byte {
	c, err := p.s.peek()
	if err != nil {
		return 0
	}
	return c
}

// data reads a snapshot's tree, or the parts of a change that bring text.
func (p *screenReader) data(kind int, changed *bool) error {
	return p.s.list('{', '}', func(name []byte) error {
		switch c := p.peek(); {
		case string(name) == "node" && c == '{':
			_, err := p.node(nil)
			return err
		case kind == typeIncremental && string(name) == "source":
			v, _, err := p.s.number()
			*changed = v == 0
			return err
		case kind == typeIncremental && string(name) == "adds" && c == '[':
			return p.s.list('[', ']', func([]byte) error { return p.object(p.add) })
		case kind == typeIncremental && string(name) == "texts" && c == '[':
			return p.s.list('[', ']', func([]byte) error { return p.object(p.changedText) })
		case kind == typeIncremental && string(name) == "attributes" && c == '[':
			return p.s.list('[', ']', func([]byte) error { return p.object(p.changedAttributes) })
		case kind == typeIncremental && string(name) == "text" && c == '"': // typed
			return p.say()
		}
		return p.s.skip()
	})
}

// object calls read for an object and passes over anything else.
func (p *screenReader) object(read func() error) error {
	if p.peek() != '{' {
		return p.s.skip()
	}
	return read()
}

// add reads a node that was added. What is added to something hidden is hidden.
func (p *screenReader) add() error {
	parent := int64(0)
	return p.s.list('{', '}', func(name []byte) error {
		switch {
		case string(name) == "parentId":
			v, _, err := p.s.number()
			parent = int64(v)
			return err
		case string(name) == "node" && p.peek() == '{':
			if _, hidden := p.hidden[parent]; !hidden {
				_, err := p.node(nil)
				return err
			}
			var under strings.Builder
			id, err := p.node(&under)
			p.hide(parent, p.hidden[parent]+"\n"+under.String())
			p.hide(id, under.String())
			return err
		}
		return p.s.skip()
	})
}

func (p *screenReader) changedText() error {
	id, value, err := p.textChange()
	if _, hidden := p.hidden[id]; !hidden {
		p.show(value)
	}
	return err
}

// textChange reads which text node got which text.
func (p *screenReader) textChange() (id int64, value string, err error) {
	err = p.s.list('{', '}', func(name []byte) (err error) {
		switch string(name) {
		case "id":
			v, _, err := p.s.number()
			id = int64(v)
			return err
		case "value":
			value, err = p.string()
			return err
		}
		return p.s.skip()
	})
	return id, value, err
}

// changedAttributes shows what was hidden until now.
func (p *screenReader) changedAttributes() error {
	id, shown := int64(0), false
	err := p.s.list('{', '}', func(name []byte) error {
		switch {
		case string(name) == "id":
			v, _, err := p.s.number()
			id = int64(v)
			return err
		case string(name) == "attributes" && p.peek() == '{':
			a, err := p.attributes()
			shown = a.told && !a.hides
			return err
		}
		return p.s.skip()
	})
	if text, hidden := p.hidden[id]; shown && hidden {
		p.show(text)
		p.hiddenBytes -= len(text)
		delete(p.hidden, id)
	}
	return err
}

func (p *screenReader) hide(id int64, text string) {
	old, known := p.hidden[id]
	if id == 0 || !known && len(p.hidden) >= maxHiddenNodes {
		return
	}
	if p.hiddenBytes+len(text)-len(old) > maxScreenText {
		text = old
	}
	p.hiddenBytes += len(text) - len(old)
	p.hidden[id] = text
}

// unseen are the elements whose text is never on screen.
var unseen = map[string]bool{"script": true, "style": true, "noscript": true, "template": true, "head": true, "title": true, "meta": true,
	"link": true, "iframe": true, "object": true, "svg": true, "datalist": true}

// node reads a node and what is below it. Text goes to under when it is not nil: something above is hidden.
func (p *screenReader) node(under *strings.Builder) (id int64, err error) {
	var kind int
	var tag, content string
	var attrs shownAttributes
	var own strings.Builder
	hidden, css := false, false
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
			tag, err = p.string()
			tag = plainTag(tag)
			return err
		case "attributes":
			if p.peek() != '{' {
				return p.s.skip()
			}
			attrs, err = p.attributes()
			hidden = attrs.hides
			return err
		case "textContent":
			if kind != 3 {
				return p.s.skip()
			}
			content, err = p.string()
			return err
		case "isStyle":
			css = p.peek() == 't'
			return p.s.skip()
		case "childNodes":
			if unseen[tag] || p.peek() != '[' {
				return p.s.skip()
			}
			to := under
			if hidden && to == nil {
				to = &own
			}
			return p.s.list('[', ']', func([]byte) error {
				return p.object(func() error { _, err := p.node(to); return err })
			})
		}
		return p.s.skip()
	})
	if kind == 3 && !css {
		p.put(content, under)
	}
	if unseen[tag] {
		p.hide(id, "") // what is added to it is not on screen
	} else if !attrs.invisible {
		to := under
		if hidden && to == nil {
			to = &own
		}
		p.put(attrs.text, to)
	}
	if hidden {
		p.hide(id, own.String())
	} else if under != nil && kind == 3 {
		p.hide(id, "") // a change of its text is not on screen either
	}
	return id, err
}

func (p *screenReader) put(text string, under *strings.Builder) {
	if under == nil {
		p.show(text)
	} else if under.Len()+len(text) < maxScreenText {
		under.WriteString(text)
		under.WriteByte('\n')
	}
}

// show adds a text that was on screen.
func (p *screenReader) show(text string) {
	text = strings.TrimSpace(text)
	if text == "" || p.seen[text] || p.text.Len()+len(text) >= maxScreenText || strings.Trim(text, "* \n\t") == "" {
		return
	}
	p.seen[text] = true
	p.text.WriteString(text)
	p.text.WriteByte('\n')
}

func (p *screenReader) say() error {
	text, err := p.string()
	p.show(text)
	return err
}

// string takes a string; any other value, and one that is too long, is empty.
func (p *screenReader) string() (string, error) {
	if p.peek() != '"' {
		return "", p.s.skip()
	}
	p.s.capture(maxTextNode)
	err := p.s.skip()
	raw, ok := p.s.take()
	var text string
	if err == nil && ok && json.Unmarshal(raw, &text) != nil {
		text = ""
	}
	return strings.ToValidUTF8(text, ""), err
}

// shownAttributes is what attributes say about visibility and text.
type shownAttributes struct {
	told, hides bool   // whether they speak of it, and that it is hidden
	invisible   bool   // an input without a face
	text        string // of an input
}

func (p *screenReader) attributes() (a shownAttributes, err error) {
	err = p.s.list('{', '}', func(name []byte) error {
		switch string(name) {
		case "hidden":
			a.told = true
			if p.peek() == 'n' || p.peek() == 'f' { // null: taken away
				return p.s.skip()
			}
			a.hides = true
			return p.s.skip()
		case "style":
			if p.peek() == '{' {
				return p.styles(&a)
			}
			css, err := p.string()
			a.told = true
			a.hides = a.hides || hidesStyle(css)
			return err
		case "type":
			v, err := p.string()
			a.invisible = strings.EqualFold(v, "hidden")
			return err
		case "value", "placeholder":
			v, err := p.string()
			a.text += v + "\n"
			return err
		}
		return p.s.skip()
	})
	return a, err
}

// styles reads a change of single properties; false takes one away.
func (p *screenReader) styles(a *shownAttributes) error {
	return p.s.list('{', '}', func(name []byte) error {
		n := string(name)
		if n != "display" && n != "visibility" {
			return p.s.skip()
		}
		a.told = true
		v, err := p.string()
		a.hides = a.hides || hidesStyle(n+":"+v)
		return err
	})
}

func hidesStyle(css string) bool {
	css = strings.ToLower(strings.Join(strings.Fields(css), ""))
	return strings.Contains(css, "display:none") || strings.Contains(css, "visibility:hidden")
}
