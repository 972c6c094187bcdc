package envelope

import (
	"encoding/json"
	"slices"
	"strings"
)

// Meta is the "_meta" tree beside an event: what was removed, cut or found wrong at each place.
// SDKs may send one; ours is merged into it.
type Meta struct {
	Errors   []json.RawMessage // "invalid_data" or ["invalid_data", {"reason": …}]
	Remarks  []json.RawMessage // ["!limit", "s", 0, 200]
	Other    Object            // len, val, chunks and whatever comes
	Children map[string]*Meta
}

// At returns the node of a path, making what is missing: At("exception", "values", "0", "type").
func (m *Meta) At(path ...string) *Meta {
	for _, name := range path {
		next := m.Children[name]
		if next == nil {
			if m.Children == nil {
				m.Children = map[string]*Meta{}
			}
			next = &Meta{}
			m.Children[name] = next
		}
		m = next
	}
	return m
}

func (m *Meta) other() Object {
	if m.Other == nil {
		m.Other = Object{}
	}
	return m.Other
}

// maxMetaValue bounds the original value kept beside an error, in bytes of JSON.
const maxMetaValue = 1024

// maxNotes bounds what is noted about one event: a list of a hundred thousand wrong things is said to be
// wrong a few hundred times.
const maxNotes = 250

// note gives the place for a note, or nil when there are enough.
func (e *Event) note(path []string) *Meta {
	if e.notes++; e.notes > maxNotes {
		return nil
	}
	return e.meta().At(path...)
}

// Invalid notes that the value at path was not usable, beside the event and in its list of errors;
// original (JSON, may be nil) is kept when it is small.
func (e *Event) Invalid(reason string, original json.RawMessage, path ...string) {
	m := e.note(path)
	if m == nil {
		return
	}
	m.Errors = append(m.Errors, kindWithReason("invalid_data", reason))
	if len(original) > maxMetaValue {
		original = nil
	}
	if len(original) > 0 {
		m.other()["val"] = original
	}
	name := strings.Join(path, ".")
	if !slices.ContainsFunc(e.Errors, func(o Object) bool { return o.Text("name") == name }) { // said already, and what is wrong with it
		e.Problem("invalid_data", name, original)
	}
}

// Cut notes that the text or list at path was longer (original length n) and was cut to keep.
func (e *Event) Cut(n, keep int, path ...string) {
	m := e.note(path)
	if m == nil {
		return
	}
	m.Remarks = append(m.Remarks, remark("!limit", "s", keep))
	m.other()["len"] = appendInt(nil, n)
}

// Removed notes that the value at path was taken out by a rule.
func (e *Event) Removed(rule string, path ...string) {
	m := e.note(path)
	if m == nil {
		return
	}
	m.Remarks = append(m.Remarks, appendList(nil, []string{rule, "x"}, func(b []byte, s *string) []byte { return appendString(b, *s) }))
}

// Problem adds to the event's list of processing errors: "clock_drift", "past_timestamp", …
// name is the field, value (JSON) may be nil.
func (e *Event) Problem(kind, name string, value json.RawMessage) {
	o := Object{}
	o.SetText("type", kind)
	if name != "" {
		o.SetText("name", name)
	}
	if len(value) > 0 {
		o["value"] = value
	}
	e.Errors = append(e.Errors, o)
}

func (e *Event) meta() *Meta {
	if e.Meta == nil {
		e.Meta = &Meta{}
	}
	return e.Meta
}

func kindWithReason(kind, reason string) json.RawMessage {
	b := appendString([]byte{'['}, kind)
	b = append(b, `,{"reason":`...)
	return append(appendString(b, reason), "}]"...)
}

func remark(rule, kind string, end int) json.RawMessage {
	b := appendString([]byte{'['}, rule)
	b = appendString(append(b, ','), kind)
	b = appendInt(append(b, ",0,"...), end)
	return append(b, ']')
}

// decodeMeta reads a client's tree into m.
func decodeMeta(m *Meta, n *node) {
	for i, name := range n.keys {
		v := &n.list[i]
		if name != "" {
			if v.kind == jsonObject {
				decodeMeta(m.At(name), v)
			}
			continue
		}
		for j, k := range v.keys {
			switch w := &v.list[j]; {
			case k == "err" && w.kind == jsonArray:
				m.Errors = append(m.Errors, raws(w)...)
			case k == "rem" && w.kind == jsonArray:
				m.Remarks = append(m.Remarks, raws(w)...)
			default:
				m.other()[k] = w.raw()
			}
		}
	}
}

func raws(n *node) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(n.list))
	for i := range n.list {
		out = append(out, n.list[i].raw())
	}
	return out
}

func (m *Meta) empty() bool {
	if m == nil {
		return true
	}
	for _, c := range m.Children {
		if !c.empty() {
			return false
		}
	}
	return len(m.Errors)+len(m.Remarks)+len(m.Other) == 0
}

func (m *Meta) append(b []byte) []byte {
	w := beginObject(b)
	if len(m.Errors)+len(m.Remarks)+len(m.Other) > 0 {
		w.name("")
		own := beginObject(w.b)
		own.rawList("rem", m.Remarks)
		own.rawList("err", m.Errors)
		own.others(m.Other)
		w.b = own.end()
	}
	for _, name := range sortedKeys(m.Children) {
		if c := m.Children[name]; !c.empty() {
			w.name(name)
			w.b = c.append(w.b)
		}
	}
	return w.end()
}

func (w *objectWriter) rawList(name string, list []json.RawMessage) {
	if len(list) == 0 {
		return
	}
	w.name(name)
	w.b = appendList(w.b, list, func(b []byte, r *json.RawMessage) []byte { return append(b, *r...) })
}
