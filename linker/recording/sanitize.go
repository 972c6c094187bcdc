package recording

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// sanitizer copies one DOM event, leaving out what is dangerous. It goes through the text once: what
// can only be judged at an element's end (its name may come last) is blanked out then.
type sanitizer struct {
	in    []byte
	i     int
	out   []byte
	depth int
}

// element is what is known of the object in hand, should it be an element.
type element struct {
	start   int      // in out
	names   []string // every "tagName" it has; a parser takes the last, we believe none
	id      json.RawMessage
	sources []source
}

// source is the value of an attribute that loads something, as it stands in out.
type source struct {
	from, to int
	inline   bool // an image in the value itself
}

func sanitize(raw json.RawMessage) (json.RawMessage, error) {
	s := &sanitizer{in: raw, out: make([]byte, 0, len(raw))}
	if err := s.value(); err != nil {
		return nil, err
	}
	if s.space(); s.i != len(s.in) {
		return nil, errSyntax
	}
	return s.out, nil
}

func (s *sanitizer) space() {
	for s.i < len(s.in) && (s.in[s.i] == ' ' || s.in[s.i] == '\t' || s.in[s.i] == '\r' || s.in[s.i] == '\n') {
		s.i++
	}
}

func (s *sanitizer) peek() byte {
	if s.space(); s.i < len(s.in) {
		return s.in[s.i]
	}
	return 0
}

// take copies the next byte, which must be c.
func (s *sanitizer) take(c byte) error {
	if s.peek() != c {
		return errSyntax
	}
	s.i++
	s.out = append(s.out, c)
	return nil
}

func (s *sanitizer) value() error {
	switch s.peek() {
	case '{':
		return s.object()
	case '[':
		return s.array()
	case '"':
		from, err := s.text()
		s.out = append(s.out, s.in[from:s.i]...)
		return err
	}
	return s.word()
}

// text passes over a string and gives its beginning.
func (s *sanitizer) text() (from int, err error) {
	if s.peek() != '"' {
		return s.i, errSyntax
	}
	from = s.i
	for s.i++; s.i < len(s.in); s.i++ {
		switch s.in[s.i] {
		case '\\':
			s.i++
		case '"':
			s.i++
			return from, nil
		}
	}
	s.i = len(s.in)
	return from, errSyntax
}

func (s *sanitizer) word() error {
	from := s.i
	for s.i < len(s.in) && strings.IndexByte(",]} \t\r\n", s.in[s.i]) < 0 {
		s.i++
	}
	if !json.Valid(s.in[from:s.i]) {
		return errSyntax
	}
	s.out = append(s.out, s.in[from:s.i]...)
	return nil
}

func (s *sanitizer) array() error {
	return s.members('[', ']', func(string, int) error { return s.value() })
}

// members copies a list or object; each copies one value, after its name and colon were. Returning with
// s.out cut back to before leaves the member out.
func (s *sanitizer) members(open, end byte, each func(name string, before int) error) error {
	if s.depth++; s.depth > maxDepth {
		return errDeep
	}
	defer func() { s.depth-- }()
	if err := s.take(open); err != nil {
		return err
	}
	first := len(s.out)
	for begun := false; s.peek() != end || begun; begun = true {
		before := len(s.out)
		if before > first {
			s.out = append(s.out, ',')
		}
		name := ""
		if open == '{' {
			from, err := s.text()
			if err != nil {
				return err
			}
			if name, err = unquote(s.in[from:s.i]); err != nil {
				return err
			}
			s.out = append(s.out, s.in[from:s.i]...)
			if err := s.take(':'); err != nil {
				return err
			}
		}
		if err := each(name, before); err != nil {
			return err
		}
		c := s.peek()
		if s.i++; c == end {
			s.out = append(s.out, end)
			return nil
		} else if c != ',' {
			return errSyntax
		}
	}
	return s.take(end)
}

func unquote(b []byte) (string, error) {
	if len(b) >= 2 && slices.Index(b, '\\') < 0 {
		return string(b[1 : len(b)-1]), nil
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		return "", errSyntax
	}
	return s, nil
}

// object copies any object; in a DOM event every object with a tagName is an element, wherever it stands.
func (s *sanitizer) object() error {
	s.space()
	el := element{start: len(s.out)}
	err := s.members('{', '}', func(name string, before int) error {
		at := len(s.out)
		switch name {
		case "attributes":
			if s.peek() == '{' {
				return s.attributes(&el)
			}
		case "tagName":
			err := s.value()
			var tag string
			if err == nil && json.Unmarshal(s.out[at:], &tag) != nil {
				s.out = s.out[:before] // not a name: no element
				return nil
			}
			el.names = append(el.names, tag)
			return err
		case "id":
			err := s.value()
			el.id = append(el.id[:0], s.out[at:]...)
			return err
		}
		return s.value()
	})
	if err != nil {
		return err
	}
	s.finish(&el)
	return nil
}

// finish judges an element once all of it is known.
func (s *sanitizer) finish(el *element) {
	frame := len(el.names) == 0 // a change of attributes: of what is not told
	for _, name := range el.names {
		switch plainTag(name) {
		case "script", "base", "object", "embed", "applet", "frame", "frameset", "portal", "fencedframe", "webview":
			s.out = append(s.out[:el.start], `{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":`...)
			s.out = append(append(s.out, numberOr(el.id, "0")...), '}')
			return
		case "iframe":
			frame = true
		}
	}
	for _, src := range el.sources {
		if frame && !(src.inline && len(el.names) == 0) {
			blank(s.out[src.from:src.to])
		}
	}
}

// plainTag is a tag's name without namespace, as an HTML parser would read it.
func plainTag(name string) string {
	name = strings.ToLower(strings.TrimFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }))
	return name[strings.LastIndexByte(name, ':')+1:]
}

func numberOr(raw json.RawMessage, other string) string {
	var n json.Number
	if len(raw) > 0 && raw[0] != '"' && json.Unmarshal(raw, &n) == nil && n != "" {
		return string(n)
	}
	return other
}

// blank makes a JSON string empty without moving anything.
func blank(b []byte) {
	for i := range b {
		b[i] = ' '
	}
	b[0], b[1] = '"', '"'
}

// attributes copies the attributes of an element, or of a change to one.
func (s *sanitizer) attributes(el *element) error {
	return s.members('{', '}', func(name string, before int) error {
		name = plainTag(name)
		at := len(s.out)
		c := s.peek()
		if c == '{' || c == '[' {
			// Only a style is an object. A list would become text in the DOM, with its URL in it.
			if err := s.value(); err != nil {
				return err
			}
			if name != "style" || c == '[' {
				s.out = s.out[:before]
			}
			return nil
		}
		if err := s.value(); err != nil {
			return err
		}
		if s.out[at] != '"' {
			if strings.HasPrefix(name, "on") {
				s.out = s.out[:before]
			}
			return nil
		}
		value, err := unquote(s.out[at:])
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(name, "on"), name == "srcdoc", name == "http-equiv", name == "ping", activeURL(value),
			name == "rel" && prefetches(value):
			s.out = s.out[:before]
		case name == "src", name == "rr_src", name == "data", name == "srcset":
			el.sources = append(el.sources, source{at, len(s.out), strings.HasPrefix(value, "data:image/")})
		}
		return nil
	})
}

// prefetches says that a link's rel reaches out to a server, which no Content-Security-Policy forbids
// for host names alone.
func prefetches(rel string) bool {
	for _, word := range strings.Fields(strings.ToLower(rel)) {
		switch word {
		case "dns-prefetch", "preconnect", "prefetch", "preload", "modulepreload", "prerender", "import", "manifest":
			return true
		}
	}
	return false
}

// activeURL says that a value, used as a URL, would run or be a document. Browsers skip white space and
// control characters in a scheme.
func activeURL(v string) bool {
	head := make([]byte, 0, 24)
	for i := 0; i < len(v) && len(head) < cap(head); i++ {
		if c := v[i]; c > ' ' {
			head = append(head, c)
		}
		if i > 4096 {
			break
		}
	}
	h := strings.ToLower(string(head))
	for _, scheme := range []string{"javascript:", "vbscript:", "livescript:", "data:text/html", "data:text/xml", "data:application/xhtml",
		"data:application/xml"} {
		if strings.HasPrefix(h, scheme) {
			return true
		}
	}
	return false
}
