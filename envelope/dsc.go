package envelope

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// DSC is the dynamic sampling context: what the head of a trace decided and told everybody
// after it. It is the "trace" object of an envelope header and the sentry- members of baggage.
//
// It may come from another project than the envelope: PublicKey, Release and Environment are
// those of the head of the trace (a browser's, on a backend's error).
type DSC struct {
	TraceID     ID
	PublicKey   string
	SampleRate  *float64 // >= 0
	SampleRand  *float64 // [0,1)
	Sampled     *bool
	Release     string
	Environment string
	Transaction string
	OrgID       string
	ReplayID    ID                // only while a replay in session mode is running
	Other       map[string]string // every other key; nil when there is none
}

// maxDSCOther bounds the unknown keys kept of a DSC; baggage has no more members either.
const maxDSCOther = maxBaggageMembers

// ParseDSC reads a DSC object field by field: what is malformed counts as missing and never
// costs the rest (Relay drops the whole object for a sample_rate that is a number). It returns
// nil for anything but an object.
func ParseDSC(b []byte) *DSC {
	var d DSC
	if !eachMember(b, func(name string, v []byte) {
		s, ok := scalarText(v)
		switch {
		case ok:
			d.set(name, s)
		case !isNull(v):
			d.set(name, string(v)) // an object, as the legacy "user": kept as its JSON
		}
	}) {
		return nil
	}
	return &d
}

// set takes one key; the last of duplicate keys stands.
func (d *DSC) set(name, s string) {
	switch name {
	case "trace_id":
		d.TraceID, _ = ParseID(strings.TrimSpace(s))
	case "public_key":
		d.PublicKey = s
	case "sample_rate":
		d.SampleRate = rate(s)
	case "sample_rand":
		if d.SampleRand = rate(s); d.SampleRand != nil && *d.SampleRand >= 1 {
			d.SampleRand = nil
		}
	case "sampled":
		d.Sampled = jsonBoolean([]byte(s))
	case "release":
		d.Release = s
	case "environment":
		d.Environment = s
	case "transaction", "segment_name":
		d.Transaction = s
	case "org_id":
		d.OrgID = s
	case "replay_id":
		d.ReplayID, _ = ParseID(strings.TrimSpace(s))
	default:
		if d.Other == nil {
			d.Other = make(map[string]string)
		}
		if _, known := d.Other[name]; known || len(d.Other) < maxDSCOther {
			d.Other[name] = s
		}
	}
}

func rate(s string) *float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(f >= 0 && f <= 1e9) {
		return nil
	}
	return &f
}

// encode writes the object with all values strings, as SDKs do.
func (d *DSC) encode() []byte {
	b := []byte{'{'}
	text := func(name, s string) {
		if s != "" {
			b = appendMember(b, name, quote(s))
		}
	}
	number := func(name string, f *float64) {
		if f != nil {
			b = appendMember(b, name, quote(strconv.FormatFloat(*f, 'f', -1, 64)))
		}
	}
	text("trace_id", d.TraceID.String())
	text("public_key", d.PublicKey)
	number("sample_rate", d.SampleRate)
	number("sample_rand", d.SampleRand)
	if d.Sampled != nil {
		text("sampled", strconv.FormatBool(*d.Sampled))
	}
	text("release", d.Release)
	text("environment", d.Environment)
	text("transaction", d.Transaction)
	text("org_id", d.OrgID)
	text("replay_id", d.ReplayID.String())
	for _, name := range slices.Sorted(maps.Keys(d.Other)) {
		b = appendMember(b, name, quote(d.Other[name]))
	}
	return append(b, '}')
}

// MarshalJSON implements json.Marshaler in the form of the envelope header.
func (d *DSC) MarshalJSON() ([]byte, error) { return d.encode(), nil }
