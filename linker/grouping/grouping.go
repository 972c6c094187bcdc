package grouping

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/grouping/rules"
)

// The names of the algorithms. They are part of every hash.
const (
	V1 = "v1"
	V2 = "v2"
)

// Result is what an event belongs to, and what people call it.
type Result struct {
	Algorithm string
	// Hashes are 32 hex digits each. The first is the primary one, which names a new issue. An event
	// belongs to the issue that has any of them, the first one found winning.
	Hashes []string
	// Older are the hashes of earlier algorithms, to be looked up when none of Hashes is known: a better
	// algorithm never takes events away from an issue that is there.
	Older    []string
	Title    string            // "TypeError: x is undefined"; one line
	Culprit  string            // the transaction, or the place: "shop.cart in add"
	Type     string            // "error" with an exception, else "default"
	Metadata map[string]string // type, value, filename, function; of a message: title
	Variants []Variant         // why the hashes are what they are, the deciding one first
	Stacks   []StackVerdict    // what became of each frame
	Rule     string            // the fingerprint rule that matched, as written
}

// Variant is one way an event was looked at.
type Variant struct {
	Name        string     `json:"name"` // "app", "system", "message", "csp", "monitor", "custom-fingerprint", "fallback"
	Hash        string     `json:"hash"`
	Contributes bool       `json:"contributes"` // it decides; the others are further names of the issue
	Component   *Component `json:"component"`
	Rule        string     `json:"rule,omitempty"` // the fingerprint rule that made it
}

// StackVerdict is one stack trace as grouping sees it.
type StackVerdict struct {
	Exception string         `json:"exception"` // its type, or the thread's name
	Frames    []FrameVerdict `json:"frames"`    // outermost first
}

// FrameVerdict says what became of a frame.
type FrameVerdict struct {
	Function    string `json:"function"`
	Module      string `json:"module"`
	Filename    string `json:"filename"`
	InApp       bool   `json:"inApp"`
	Contributes bool   `json:"contributes"`
	Hint        string `json:"hint,omitempty"` // why it does not, or which rule said so
}

// Component is a part of an event that could decide about its issue.
type Component struct {
	ID          string       `json:"id"` // "exception", "type", "frame", "function", …
	Contributes bool         `json:"contributes"`
	Hint        string       `json:"hint,omitempty"` // why it does not, or what was done to the value
	Value       string       `json:"value,omitempty"`
	Children    []*Component `json:"children,omitempty"`
}

// Config is what a project's owners say about grouping. The zero value, and nil, say nothing.
type Config struct {
	Fingerprints *rules.Fingerprints
	StackTraces  *rules.StackTraces
}

// Group looks at an event with the current algorithm and no rules. The event is normalised (package normalize).
func Group(ev *envelope.Event) Result { return (*Config)(nil).Group(ev) }

// Group looks at an event. Where rules say otherwise than the SDK which frames are the application's, the
// frames are changed to what the rules say, so that everything that shows them agrees.
func (c *Config) Group(ev *envelope.Event) Result {
	if c == nil {
		c = &Config{}
	}
	r := Result{Algorithm: V2, Type: "default"}
	if len(ev.Exceptions) > 0 {
		r.Type = "error"
	}
	v := newView(ev, c.StackTraces)
	rule := c.Fingerprints.Match(v.event)
	values := ev.Fingerprint
	if rule != nil {
		values, r.Rule = rule.Values, rule.Text
	}
	r.Variants = v.variants(values)
	primary := true
	for i := range r.Variants {
		x := &r.Variants[i]
		x.Hash = hashBy(V2, x.Component)
		if primary && rule != nil && x.Name != "app" && x.Name != "system" {
			x.Rule = rule.Text
		}
		x.Contributes, primary = primary, false
		if !slices.Contains(r.Hashes, x.Hash) {
			r.Hashes = append(r.Hashes, x.Hash)
		}
	}
	if rule != nil || v.ruled && v.changes(values, r.Hashes[0]) {
		r.Hashes = r.Hashes[:1] // what somebody wrote down is meant: no other name leads elsewhere
	} else {
		r.Older = hashesV1(ev)
	}
	r.Stacks = v.stacks()
	v.mark()
	describe(ev, &r)
	if rule != nil && rule.Title != "" {
		r.Title = oneLine(expand(ev, rule.Title))
	}
	return r
}

// hashesV1 is what the first algorithm called an event.
func hashesV1(ev *envelope.Event) (hs []string) {
	for _, v := range variantsV1(ev) {
		if h := hash(v.Component); !slices.Contains(hs, h) {
			hs = append(hs, h)
		}
	}
	return hs
}

// hash is that of the first algorithm.
func hash(c *Component) string { return hashBy(V1, c) }

// hashBy is over the contributing leaves in order, each with its path, so that a function can never be
// taken for a module of that name.
func hashBy(algorithm string, c *Component) string {
	h := sha256.New()
	h.Write([]byte(algorithm))
	var walk func(c *Component)
	walk = func(c *Component) {
		if !c.Contributes {
			return
		}
		h.Write([]byte("\x00(" + c.ID + "\x00" + c.Value))
		for _, child := range c.Children {
			walk(child)
		}
		h.Write([]byte("\x00)"))
	}
	walk(c)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// leaf is a component that is a value; an empty one does not contribute.
func leaf(id, value string) *Component {
	return &Component{ID: id, Value: value, Contributes: value != ""}
}

// node is a component of parts; it contributes when one of them does.
func node(id string, children ...*Component) *Component {
	c := &Component{ID: id}
	for _, child := range children {
		if child == nil {
			continue
		}
		c.Children = append(c.Children, child)
		c.Contributes = c.Contributes || child.Contributes
	}
	return c
}

// without says why a component does not count.
func (c *Component) without(hint string) *Component {
	c.Contributes, c.Hint = false, hint
	return c
}
