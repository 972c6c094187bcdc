package envelope

import (
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
)

// ErrSpanID is returned for text that is not a span id.
var ErrSpanID = errors.New("not a 64-bit id")

// SpanID is a 64-bit identifier of a span. The zero SpanID means "none".
type SpanID [8]byte

// ParseSpanID reads 16 hex digits in any case. All zero is refused, as by [ParseID].
func ParseSpanID(s string) (SpanID, error) {
	var id SpanID
	if len(s) != 16 {
		return SpanID{}, ErrSpanID
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil || id.IsZero() {
		return SpanID{}, ErrSpanID
	}
	return id, nil
}

// IsZero says whether there is no id.
func (id SpanID) IsZero() bool { return id == SpanID{} }

// String gives 16 lower-case hex digits, or "" for the zero SpanID.
func (id SpanID) String() string {
	if id.IsZero() {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// MarshalText implements encoding.TextMarshaler.
func (id SpanID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; the empty string gives the zero SpanID.
func (id *SpanID) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*id = SpanID{}
		return nil
	}
	*id, err = ParseSpanID(string(b))
	return err
}

// SentryTrace is what a sentry-trace header, or W3C's traceparent, says.
type SentryTrace struct {
	TraceID   ID
	SpanID    SpanID // zero when missing
	Sampled   *bool  // nil: the decision is left to the receiver
	HasReplay bool   // of the four-part form
}

// ParseSentryTrace reads "trace-span[-sampled[-flags]]"; false without a trace id.
//
// The fourth part is option B of RFC 0060, which no SDK settled on: up to 8 hex digits, of
// which any set bit says that the trace has a replay. SDKs' parsers refuse the whole header
// then; here a part that is malformed, or one too many, never costs those before it.
func ParseSentryTrace(s string) (SentryTrace, bool) {
	s = strings.Trim(s, " \t")
	if len(s) > maxTraceHeader {
		return SentryTrace{}, false
	}
	parts := strings.Split(s, "-")
	var t SentryTrace
	var err error
	if len(parts[0]) != 32 {
		return SentryTrace{}, false
	}
	if t.TraceID, err = ParseID(parts[0]); err != nil {
		return SentryTrace{}, false
	}
	if len(parts) > 1 {
		t.SpanID, _ = ParseSpanID(parts[1])
	}
	if len(parts) > 2 {
		switch parts[2] {
		case "0":
			t.Sampled = new(false)
		case "1":
			t.Sampled = new(true)
		}
	}
	if len(parts) > 3 {
		t.HasReplay = anyBit(parts[3])
	}
	return t, true
}

const maxTraceHeader = 512

// anyBit says whether 1 to 8 hex digits have a bit set.
func anyBit(flags string) bool {
	if len(flags) < 1 || len(flags) > 8 || strings.Trim(flags, "0123456789abcdefABCDEF") != "" {
		return false
	}
	return strings.Trim(flags, "0") != ""
}

// ParseTraceparent reads W3C's "version-trace-span-flags"; false when the version is ff, or
// one of the ids is malformed. Versions to come may have more parts.
func ParseTraceparent(s string) (SentryTrace, bool) {
	s = strings.Trim(s, " \t")
	if len(s) > maxTraceHeader {
		return SentryTrace{}, false
	}
	parts := strings.Split(s, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || len(parts[3]) != 2 {
		return SentryTrace{}, false
	}
	version, err1 := hex.DecodeString(parts[0])
	flags, err2 := hex.DecodeString(parts[3])
	if err1 != nil || err2 != nil || version[0] == 0xff || version[0] == 0 && len(parts) != 4 {
		return SentryTrace{}, false
	}
	var t SentryTrace
	if t.TraceID, err1 = ParseID(parts[1]); err1 != nil {
		return SentryTrace{}, false
	}
	if t.SpanID, err1 = ParseSpanID(parts[2]); err1 != nil {
		return SentryTrace{}, false
	}
	t.Sampled = new(flags[0]&1 == 1)
	return t, true
}

// Bounds of a baggage header, as SDKs and the W3C have them.
const (
	maxBaggageBytes   = 8192
	maxBaggageMembers = 64
)

// Baggage is a baggage header's members in order.
type Baggage []BaggageMember

// BaggageMember is one name and value, both decoded. Properties (";…") are dropped.
type BaggageMember struct {
	Key, Value string
}

// ParseBaggage reads a baggage header; several headers are joined with "," first. Members that
// are malformed, or go over 8192 bytes or 64 members, are skipped. "+" stays what it is: most
// SDKs write a blank as %20, and releases hold plus signs.
func ParseBaggage(s string) Baggage {
	var list Baggage
	size := 0
	for part := range strings.SplitSeq(s, ",") {
		if len(list) == maxBaggageMembers {
			break
		}
		if size+len(part) > maxBaggageBytes {
			continue
		}
		size += len(part) + 1
		part, _, _ = strings.Cut(part, ";")
		key, value, ok := strings.Cut(part, "=")
		key = strings.Trim(key, " \t")
		if !ok || key == "" {
			continue
		}
		list = append(list, BaggageMember{percentDecode(key), percentDecode(strings.Trim(value, " \t"))})
	}
	return list
}

// percentDecode decodes %XX; text in which that fails stays as it is. What databases refuse
// goes, as in JSON text.
func percentDecode(s string) string {
	if d, err := url.PathUnescape(s); err == nil {
		s = d
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// Get returns the value of a member, "" when it is missing. The last of duplicates stands.
func (b Baggage) Get(key string) string {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i].Key == key {
			return b[i].Value
		}
	}
	return ""
}

// DSC returns what the sentry- members say; nil when there are none.
func (b Baggage) DSC() *DSC {
	var d *DSC
	for _, m := range b {
		if name, ok := strings.CutPrefix(m.Key, "sentry-"); ok {
			if d == nil {
				d = new(DSC)
			}
			d.set(name, m.Value)
		}
	}
	return d
}
