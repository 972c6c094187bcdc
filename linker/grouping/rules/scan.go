package rules

import (
	"fmt"
	"strings"
)

// Bounds of what people write.
const (
	MaxText     = 24 << 10 // bytes of one set of rules
	maxRules    = 300
	maxMatchers = 16 // of a rule
	maxPattern  = 512
	maxValues   = 16 // of a fingerprint
	maxLine     = 2048
)

// LineError is what is wrong with one line.
type LineError struct {
	Line    int    `json:"line"` // from 1; 0 is the text as a whole
	Message string `json:"message"`
}

// Errors is every line that cannot be read.
type Errors struct{ Lines []LineError }

// Error implements error.
func (e *Errors) Error() string {
	var b strings.Builder
	for i, l := range e.Lines {
		if i > 0 {
			b.WriteString("; ")
		}
		if l.Line > 0 {
			fmt.Fprintf(&b, "line %d: ", l.Line)
		}
		b.WriteString(l.Message)
	}
	return b.String()
}

// eachLine reads the rules of a text one by one and gathers what is wrong.
func eachLine(text string, read func(line string) error) error {
	if len(text) > MaxText {
		return &Errors{[]LineError{{0, fmt.Sprintf("the rules are longer than %d bytes", MaxText)}}}
	}
	var wrong []LineError
	n, count := 0, 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if count++; count > maxRules {
			wrong = append(wrong, LineError{n, fmt.Sprintf("there are more than %d rules", maxRules)})
			break
		}
		if len(line) > maxLine {
			wrong = append(wrong, LineError{n, fmt.Sprintf("the line is longer than %d bytes", maxLine)})
			continue
		}
		if err := read(line); err != nil {
			wrong = append(wrong, LineError{n, err.Error()})
		}
	}
	if len(wrong) > 0 {
		return &Errors{wrong}
	}
	return nil
}

// scanner walks over a line.
type scanner struct {
	s string
	i int
}

func (c *scanner) space() {
	for c.i < len(c.s) && (c.s[c.i] == ' ' || c.s[c.i] == '\t') {
		c.i++
	}
}

func (c *scanner) end() bool { c.space(); return c.i >= len(c.s) }

// take eats a token when it is next.
func (c *scanner) take(token string) bool {
	c.space()
	if strings.HasPrefix(c.s[c.i:], token) {
		c.i += len(token)
		return true
	}
	return false
}

// word eats characters up to a space or one of stop.
func (c *scanner) word(stop string) string {
	start := c.i
	for c.i < len(c.s) && c.s[c.i] != ' ' && c.s[c.i] != '\t' && strings.IndexByte(stop, c.s[c.i]) < 0 {
		c.i++
	}
	return c.s[start:c.i]
}

// value eats a quoted text, with \" and \\ in it, or a word.
func (c *scanner) value(stop string) (string, error) {
	if c.i >= len(c.s) || c.s[c.i] != '"' {
		return c.word(stop), nil
	}
	var b strings.Builder
	for c.i++; c.i < len(c.s); c.i++ {
		switch c.s[c.i] {
		case '"':
			c.i++
			return b.String(), nil
		case '\\':
			if c.i+1 < len(c.s) && (c.s[c.i+1] == '"' || c.s[c.i+1] == '\\') {
				c.i++
			}
		}
		b.WriteByte(c.s[c.i])
	}
	return "", fmt.Errorf("a quote is not closed")
}

// matcher eats "!key:pattern".
func (c *scanner) matcher() (matcher, error) {
	c.space()
	m := matcher{not: c.take("!")}
	key, err := c.value(":")
	if err != nil {
		return m, err
	}
	if c.i >= len(c.s) || c.s[c.i] != ':' {
		return m, fmt.Errorf("expected key:pattern at %q", shortly(key+c.s[c.i:]))
	}
	c.i++
	text, err := c.value("")
	if err != nil {
		return m, err
	}
	m.key, m.text = key, text
	return m, m.compile()
}

func shortly(s string) string {
	if s = strings.TrimSpace(s); len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
