package envelope

import (
	"encoding/hex"
	"errors"
)

// ErrID is returned for text that is not an id.
var ErrID = errors.New("not a 128-bit id")

// ID is a 128-bit identifier: of an event, a trace, a replay. The zero ID means "none".
type ID [16]byte

// ParseID reads 32 hex digits, with or without dashes, in any case. The nil id
// (all zero) is refused like any other non-id: SDKs send it for "none".
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if len(s) != 32 {
		return ID{}, ErrID
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil || id.IsZero() {
		return ID{}, ErrID
	}
	return id, nil
}

// IsZero says whether there is no id.
func (id ID) IsZero() bool { return id == ID{} }

// String gives 32 lower-case hex digits, or "" for the zero ID.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; the empty string gives the zero ID.
func (id *ID) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	*id, err = ParseID(string(b))
	return err
}
