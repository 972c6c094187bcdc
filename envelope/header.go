package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Header is an envelope's header. Fields may be set freely: writing the envelope rewrites just
// the keys whose fields differ from what was read, and keeps all others, known or not.
type Header struct {
	EventID ID        // zero: none, or the nil id some clients send for none
	DSN     string    // as the client wrote it; set by tunnels
	SentAt  time.Time // the device's clock when it sent, UTC; zero when missing or unreadable
	SDK     *SDKInfo
	Trace   *DSC // nil when missing or not an object

	raw json.RawMessage
}

// SDKInfo names the SDK that made an envelope or event.
type SDKInfo struct {
	Name         string       `json:"name,omitempty"`
	Version      string       `json:"version,omitempty"`
	Integrations []string     `json:"integrations,omitempty"`
	Packages     []SDKPackage `json:"packages,omitempty"`
	InferIP      string       `json:"-"` // settings.infer_ip: "auto", "never", "legacy" or ""
}

// SDKPackage is one package an SDK consists of.
type SDKPackage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

var errEventID = errors.New("event_id is not an id")

// parseHeader reads a header's object, which must be valid JSON. Only an event_id that is not
// an id is refused (it would silently become another event); every other field of a wrong type
// counts as missing.
func parseHeader(raw []byte) (Header, error) {
	h := Header{raw: raw}
	var err error
	eachMember(raw, func(name string, v []byte) {
		switch name {
		case "event_id":
			h.EventID, err = headerEventID(v)
		case "dsn":
			h.DSN, _ = jsonText(v)
		case "sent_at":
			h.SentAt, _ = jsonTime(v)
		case "sdk":
			h.SDK = parseSDK(v)
		case "trace":
			h.Trace = ParseDSC(v)
		}
	})
	return h, err
}

func headerEventID(v []byte) (ID, error) {
	if isNull(v) {
		return ID{}, nil
	}
	s, ok := jsonText(v)
	if !ok {
		return ID{}, errEventID
	}
	if s == "" || isNilID(s) {
		return ID{}, nil
	}
	id, err := ParseID(s)
	if err != nil {
		return ID{}, errEventID
	}
	return id, nil
}

// isNilID says whether s is 32 zeros, dashed or not.
func isNilID(s string) bool {
	return (len(s) == 32 || len(s) == 36) && strings.Trim(s, "0-") == "" && strings.Count(s, "0") == 32
}

func parseSDK(v []byte) *SDKInfo {
	var sdk SDKInfo
	ok := eachMember(v, func(name string, v []byte) {
		switch name {
		case "name":
			sdk.Name, _ = jsonText(v)
		case "version":
			sdk.Version, _ = scalarText(v)
		case "integrations":
			sdk.Integrations = nil
			eachElement(v, func(v []byte) {
				if s, ok := jsonText(v); ok {
					sdk.Integrations = append(sdk.Integrations, s)
				}
			})
		case "packages":
			sdk.Packages = nil
			eachElement(v, func(v []byte) {
				var p SDKPackage
				if eachMember(v, func(name string, v []byte) {
					switch name {
					case "name":
						p.Name, _ = jsonText(v)
					case "version":
						p.Version, _ = scalarText(v)
					}
				}) {
					sdk.Packages = append(sdk.Packages, p)
				}
			})
		case "settings":
			eachMember(v, func(name string, v []byte) {
				if name == "infer_ip" {
					sdk.InferIP, _ = jsonText(v)
				}
			})
		}
	})
	if !ok {
		return nil
	}
	return &sdk
}

func (s *SDKInfo) encode() []byte {
	if s == nil {
		return nil
	}
	b, _ := json.Marshal(s) // strings only: always encodes
	if s.InferIP != "" {
		b = appendMember(bytes.TrimSuffix(b, []byte{'}'}), "settings", append(append([]byte(`{"infer_ip":`), quote(s.InferIP)...), '}'))
		b = append(b, '}')
	}
	return b
}

func (h *Header) members() []member {
	var sentAt, trace []byte
	if !h.SentAt.IsZero() {
		sentAt = quote(h.SentAt.UTC().Format(time.RFC3339Nano))
	}
	if h.Trace != nil {
		trace = h.Trace.encode()
	}
	return []member{
		{"event_id", textValue(h.EventID.String())},
		{"dsn", textValue(h.DSN)},
		{"sdk", h.SDK.encode()},
		{"sent_at", sentAt},
		{"trace", trace},
	}
}

// Raw is the header as JSON: the very bytes that were read when no field was changed. It must
// not be written to.
func (h *Header) Raw() json.RawMessage {
	have, _ := parseHeader(h.raw)
	return rewrite(h.raw, have.members(), h.members())
}

// Get returns the value of any header key as it was read, nil when it is missing. The last of
// duplicate keys stands.
func (h *Header) Get(name string) json.RawMessage { return getMember(h.raw, name) }

// Set puts any key into the header, or removes it with a nil value. Keys that have a field are
// better set there; where both are set, the field wins.
func (h *Header) Set(name string, value json.RawMessage) { h.raw = setMember(h.raw, name, value) }

func getMember(raw []byte, name string) (value json.RawMessage) {
	eachMember(raw, func(n string, v []byte) {
		if n == name {
			value = v
		}
	})
	return value
}

func setMember(raw []byte, name string, value []byte) []byte {
	return rewrite(raw, []member{{name, getMember(raw, name)}}, []member{{name, value}})
}
