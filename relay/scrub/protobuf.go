package scrub

import (
	"fmt"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/hindsight-dev/hindsight/envelope"
)

// ErrProtobuf is returned for a payload that is not the protobuf it should be. It must be dropped.
var ErrProtobuf = fmt.Errorf("%w: neither is it OTLP's protobuf", ErrJSON)

// maxRecord bounds one span, log, resource or scope of an export (bytes): read, it takes many times
// what it takes on the wire. Larger ones are no telemetry.
const maxRecord = 1 << 20

// isProtobuf tells the items that are an OpenTelemetry export as protobuf.
func isProtobuf(h *envelope.ItemHeader) bool {
	return (h.Type == "otlp_traces" || h.Type == "otlp_logs") && !strings.HasPrefix(h.ContentType, "application/json")
}

// protobuf scrubs an export (opentelemetry-proto 1.x): record by record, by the rules of its JSON. An
// export is three messages deep to its records (of resources, of scopes, and they), which are cut out
// of the wire format one at a time. Fields nobody knows are left out, since nobody can scrub them.
func (s *Scrubber) protobuf(payload []byte, logs bool) ([]byte, error) {
	record := func(b []byte) ([]byte, error) { return s.record(b, new(tracepb.Span), otelSchema) }
	if logs {
		record = func(b []byte) ([]byte, error) { return s.record(b, new(logspb.LogRecord), otelSchema) }
	}
	resource := func(b []byte) ([]byte, error) { return s.record(b, new(resourcepb.Resource), ownerSchema) }
	scope := func(b []byte) ([]byte, error) { return s.record(b, new(commonpb.InstrumentationScope), ownerSchema) }
	scopes := fields{1: scope, 2: record, 3: keep}
	resources := fields{1: resource, 2: scopes.edit, 3: keep}
	return fields{1: resources.edit}.edit(payload)
}

// fields edit the fields of a message by their numbers; all of OTLP's outer ones are length-delimited.
type fields map[protowire.Number]func([]byte) ([]byte, error)

func keep(b []byte) ([]byte, error) { return b, nil }

// edit returns b itself when nothing was changed.
func (f fields) edit(b []byte) ([]byte, error) {
	var out []byte
	changed := false
	for pos := 0; pos < len(b); {
		num, typ, n := protowire.ConsumeTag(b[pos:])
		if n < 0 {
			return nil, ErrProtobuf
		}
		size := protowire.ConsumeFieldValue(num, typ, b[pos+n:])
		if size < 0 {
			return nil, ErrProtobuf
		}
		whole := b[pos : pos+n+size]
		change := f[num]
		var old, now []byte
		if change != nil && typ == protowire.BytesType {
			old, _ = protowire.ConsumeBytes(whole[n:])
			var err error
			if now, err = change(old); err != nil {
				return nil, err
			}
		}
		same := change != nil && typ == protowire.BytesType && len(now) == len(old) && (len(now) == 0 || &now[0] == &old[0])
		if !same && !changed {
			changed = true
			out = append(make([]byte, 0, len(b)+64), b[:pos]...)
		}
		switch {
		case same && changed:
			out = append(out, whole...)
		case !same && change != nil && typ == protowire.BytesType:
			out = protowire.AppendBytes(protowire.AppendTag(out, num, typ), now)
		}
		pos += n + size
	}
	if !changed {
		return b, nil
	}
	return out, nil
}

// record scrubs one message by way of its JSON.
func (s *Scrubber) record(b []byte, m proto.Message, schema *node) ([]byte, error) {
	if len(b) > maxRecord {
		return nil, ErrTooLarge
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, m); err != nil {
		return nil, ErrProtobuf
	}
	text, err := protojson.MarshalOptions{}.Marshal(m)
	if err != nil {
		return nil, ErrProtobuf // text that is no UTF-8
	}
	clean, err := s.document(text, schema, false)
	if err != nil {
		return nil, err
	}
	if len(clean) == len(text) && &clean[0] == &text[0] {
		if proto.Size(m) == len(b) {
			return b, nil // there was nothing in it that nobody knows
		}
		return proto.Marshal(m)
	}
	if err := protojson.Unmarshal(clean, m); err != nil {
		return nil, fmt.Errorf("%w: what is left of a record: %v", ErrProtobuf, err)
	}
	return proto.Marshal(m)
}
