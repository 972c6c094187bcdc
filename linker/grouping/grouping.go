package grouping

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/hindsight-dev/hindsight/envelope"
)

// V1 is the name of the first algorithm. It is part of every hash.
const V1 = "v1"

// Result is what an event belongs to, and what people call it.
type Result struct {
	Algorithm string
	// Hashes are 32 hex digits each. The first is the primary one, which names a new issue. An event
	// belongs to the issue that has any of them, the first one found winning.
	Hashes   []string
	Title    string            // "TypeError: x is undefined"; one line
	Culprit  string            // the transaction, or the place: "shop.cart in add"
	Type     string            // "error" with an exception, else "default"
	Metadata map[string]string // type, value, filename, function; of a message: title
	Variants []Variant         // in the order of Hashes: why they are what they are
}

// Variant is one way an event was looked at.
type Variant struct {
	Name      string     `json:"name"` // "app", "system", "message", "custom-fingerprint", "fallback"
	Hash      string     `json:"hash"`
	Component *Component `json:"component"`
}

// Component is a part of an event that could decide about its issue.
type Component struct {
	ID          string       `json:"id"` // "exception", "type", "frame", "function", …
	Contributes bool         `json:"contributes"`
	Hint        string       `json:"hint,omitempty"` // why it does not, or what was done to the value
	Value       string       `json:"value,omitempty"`
	Children    []*Component `json:"children,omitempty"`
}

// Group looks at an event with the current algorithm. The event is normalised (package normalize).
func Group(ev *envelope.Event) Result {
	r := Result{Algorithm: V1, Type: "default"}
	if len(ev.Exceptions) > 0 {
		r.Type = "error"
	}
	for _, v := range variantsV1(ev) {
		v.Hash = hash(v.Component)
		if !slices.Contains(r.Hashes, v.Hash) {
			r.Hashes = append(r.Hashes, v.Hash)
			r.Variants = append(r.Variants, v)
		}
	}
	describe(ev, &r)
	return r
}

// hash is over the contributing leaves in order, each with its path, so that a function can never be
// taken for a module of that name.
func hash(c *Component) string {
	h := sha256.New()
	h.Write([]byte(V1))
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
