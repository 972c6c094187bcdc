package envelope

import (
	"encoding/json"
	"errors"
	"math"
)

// Item is one part of an envelope.
type Item struct {
	Header  ItemHeader
	Payload []byte

	layout layout
}

// layout is how the item stood in the bytes it was parsed from, to write it back the same.
type layout struct {
	parsed bool
	before []byte // blank space before the header
	sep    []byte // "\n", "\r\n", or nothing at the end of the envelope
	end    []byte // "\n", or nothing at the end of the envelope
}

// ItemHeader is an item's header. Fields may be set freely, as those of [Header].
type ItemHeader struct {
	Type           string // "" when missing: an unknown item
	Length         *int   // nil: the payload ends at the next newline
	ContentType    string
	Filename       string
	AttachmentType string
	ItemCount      *int   // of containers
	Platform       string // of profile_chunk
	MetaLength     *int   // of trace attachments
	SpanCount      *int   // of transactions
	Sampled        *bool

	raw json.RawMessage
}

var (
	errItemLength = errors.New("length is not a 32-bit count")
	errItemType   = errors.New("type is not a string")
)

// parseItemHeader reads an item header's object, which must be valid JSON. A length that is no
// count and a type that is no string are refused: they decide where the next item starts and
// what this one is. Anything else of a wrong type counts as missing.
func parseItemHeader(raw []byte) (ItemHeader, error) {
	h := ItemHeader{raw: raw}
	var lengthErr, typeErr error
	eachMember(raw, func(name string, v []byte) {
		switch name {
		case "type":
			h.Type, typeErr = itemType(v)
		case "length":
			h.Length, lengthErr = itemLength(v)
		case "content_type":
			h.ContentType, _ = jsonText(v)
		case "filename":
			h.Filename, _ = jsonText(v)
		case "attachment_type":
			h.AttachmentType, _ = jsonText(v)
		case "item_count":
			h.ItemCount = count(v)
		case "platform":
			h.Platform, _ = jsonText(v)
		case "meta_length":
			h.MetaLength = count(v)
		case "span_count":
			h.SpanCount = count(v)
		case "sampled":
			h.Sampled = jsonBoolean(v)
		}
	})
	return h, errors.Join(typeErr, lengthErr)
}

func itemType(v []byte) (string, error) {
	if isNull(v) {
		return "", nil
	}
	s, ok := jsonText(v)
	if !ok {
		return "", errItemType
	}
	return s, nil
}

func itemLength(v []byte) (*int, error) {
	if isNull(v) {
		return nil, nil
	}
	n, ok := jsonUint(v, min(math.MaxUint32, math.MaxInt))
	if !ok {
		return nil, errItemLength
	}
	return new(int(n)), nil
}

func count(v []byte) *int {
	if n, ok := jsonCount(v); ok {
		return &n
	}
	return nil
}

func (h *ItemHeader) members() []member {
	return []member{
		{"type", textValue(h.Type)},
		{"length", intValue(h.Length)},
		{"content_type", textValue(h.ContentType)},
		{"filename", textValue(h.Filename)},
		{"attachment_type", textValue(h.AttachmentType)},
		{"item_count", intValue(h.ItemCount)},
		{"platform", textValue(h.Platform)},
		{"meta_length", intValue(h.MetaLength)},
		{"span_count", intValue(h.SpanCount)},
		{"sampled", boolValue(h.Sampled)},
	}
}

// Raw is the header as JSON: the very bytes that were read when no field was changed. It must
// not be written to.
func (h *ItemHeader) Raw() json.RawMessage {
	have, _ := parseItemHeader(h.raw)
	return rewrite(h.raw, have.members(), h.members())
}

// Get returns the value of any header key as it was read, nil when it is missing.
func (h *ItemHeader) Get(name string) json.RawMessage { return getMember(h.raw, name) }

// Text returns a header key that is a string, else "".
func (h *ItemHeader) Text(name string) string {
	s, _ := jsonText(h.Get(name))
	return s
}

// Set puts any key into the header, or removes it with a nil value, as [Header.Set].
func (h *ItemHeader) Set(name string, value json.RawMessage) {
	h.raw = setMember(h.raw, name, value)
}
