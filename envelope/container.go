package envelope

import (
	"encoding/json"
	"errors"
	"fmt"
)

// IngestSettings is what a container allows to be added from the connection: "auto" or "never",
// "" when not said.
type IngestSettings struct {
	InferIP        string
	InferUserAgent string
}

var errNotContainer = errors.New("item is not a container")

// ParseContainer splits the payload of a log, trace_metric or span container into its parts,
// which alias it. Settings are nil when the container has none. It is refused when its header
// lacks the content type or does not count the parts right, as by Relay.
func ParseContainer(h ItemHeader, payload []byte) ([]json.RawMessage, *IngestSettings, error) {
	if !IsContainer(&h) {
		return nil, nil, errNotContainer
	}
	if h.ItemCount == nil {
		return nil, nil, errors.New("container without item_count")
	}
	var list, settings []byte
	if err := readObject(payload, func(name string, v []byte) {
		switch name {
		case "items":
			list = v
		case "ingest_settings":
			settings = v
		}
	}); err != nil {
		return nil, nil, err
	}
	var parts []json.RawMessage
	n := 0
	if !eachElement(list, func(v []byte) {
		if n++; n <= *h.ItemCount {
			parts = append(parts, v)
		}
	}) {
		return nil, nil, errors.New("container without items")
	}
	if n != *h.ItemCount {
		return nil, nil, fmt.Errorf("container of %d items says it has %d", n, *h.ItemCount)
	}
	return parts, ingestSettings(settings), nil
}

func ingestSettings(v []byte) *IngestSettings {
	var s IngestSettings
	if !eachMember(v, func(name string, v []byte) {
		switch name {
		case "infer_ip":
			s.InferIP, _ = jsonText(v)
		case "infer_user_agent":
			s.InferUserAgent, _ = jsonText(v)
		}
	}) {
		return nil
	}
	return &s
}

// TraceAttachment is the JSON part of a trace attachment's payload.
type TraceAttachment struct {
	TraceID      ID
	AttachmentID ID
	Filename     string
	ContentType  string
	Raw          json.RawMessage
}

// SplitTraceAttachment splits a trace attachment's payload, by its header's meta_length, into
// what is said of the attachment and its bytes.
func SplitTraceAttachment(h ItemHeader, payload []byte) (*TraceAttachment, []byte, error) {
	if !IsTraceAttachment(&h) || h.MetaLength == nil || *h.MetaLength > len(payload) {
		return nil, nil, errors.New("not a trace attachment, or shorter than its meta_length")
	}
	meta := payload[:*h.MetaLength:*h.MetaLength]
	a := TraceAttachment{Raw: meta}
	if err := readObject(meta, func(name string, v []byte) {
		switch name {
		case "trace_id":
			a.TraceID = jsonID(v)
		case "attachment_id":
			a.AttachmentID = jsonID(v)
		case "filename":
			a.Filename = shortText(v, 255)
		case "content_type":
			a.ContentType = shortText(v, maxShort)
		}
	}); err != nil {
		return nil, nil, err
	}
	return &a, payload[*h.MetaLength:], nil
}
