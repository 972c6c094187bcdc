package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads an envelope from a stream into the form Parse gives.
func readAll(r *Reader) (*Envelope, error) {
	h, err := r.Header()
	if err != nil {
		return nil, err
	}
	e := &Envelope{Header: *h}
	for {
		h, err := r.Next()
		if err == io.EOF {
			return e, nil
		}
		if err != nil {
			return nil, err
		}
		payload, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		e.Items = append(e.Items, Item{Header: *h, Payload: payload})
	}
}

// describe gives an envelope's content for comparison, whichever way it was read.
func describe(e *Envelope) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", e.Header.raw)
	for _, it := range e.Items {
		fmt.Fprintf(&b, "%s\n%q\n", it.Header.raw, it.Payload)
	}
	return b.String()
}

// TestGrammar holds the rules of protocol §4.1 and the conformance cases on parsing (§15, 24–48).
func TestGrammar(t *testing.T) {
	const head = `{"event_id":"0a1b2c3d4e5f60718293a4b5c6d7e8f9"}` + "\n"
	tests := []struct {
		name  string
		in    string
		items []string // "type:payload"
		cause string
	}{
		{name: "24 header only", in: "{}\n"},
		{name: "header without newline", in: "{}"},
		{name: "25 empty", in: "", cause: CauseMissingHeader},
		{name: "blank only", in: " \r\n\t\n", cause: CauseMissingHeader},
		{name: "26 not json", in: "not json\n", cause: CauseInvalidHeader},
		{name: "header is a list", in: "[]\n", cause: CauseInvalidHeader},
		{name: "header is null", in: "null\n", cause: CauseInvalidHeader},
		{name: "header is broken within its braces", in: "{\"a\":}\n", cause: CauseInvalidHeader},
		{name: "header braces do not match", in: "{\"a\":[}\n", cause: CauseInvalidHeader},
		{name: "header never closes", in: "{\"a\":\"}\n", cause: CauseInvalidHeader},
		{name: "27 implicit length", in: head + "{\"type\":\"event\"}\n{\"a\":1}\n", items: []string{`event:{"a":1}`}},
		{name: "28 no final newline", in: head + "{\"type\":\"event\"}\n{\"a\":1}", items: []string{`event:{"a":1}`}},
		{name: "29 any byte", in: head + "{\"type\":\"attachment\",\"length\":5}\n\n\x00\n\xff\r\n", items: []string{"attachment:\n\x00\n\xff\r"}},
		{name: "30 length too large", in: head + "{\"type\":\"event\",\"length\":9}\n{}\n", cause: CauseUnexpectedEOF},
		{name: "length at the very end", in: head + `{"type":"event","length":9}`, cause: CauseUnexpectedEOF},
		{name: "31 length too small", in: head + "{\"type\":\"event\",\"length\":1}\n{}\n", cause: CauseMissingNewline},
		{name: "32 length zero, then another", in: head + "{\"type\":\"attachment\",\"length\":0}\n\n{\"type\":\"event\"}\n{}\n", items: []string{"attachment:", "event:{}"}},
		{name: "length zero at the end", in: head + "{\"type\":\"attachment\",\"length\":0}", items: []string{"attachment:"}},
		{name: "length zero without its line", in: head + "{\"type\":\"attachment\",\"length\":0}\n{\"type\":\"event\"}\n{}\n", cause: CauseMissingNewline},
		{name: "empty implicit payload", in: head + "{\"type\":\"a\"}\n\n{\"type\":\"b\"}\n\n", items: []string{"a:", "b:"}},
		{name: "33 last header alone", in: head + `{"type":"event"}`, items: []string{"event:"}},
		{name: "last header with newline", in: head + "{\"type\":\"event\"}\n", items: []string{"event:"}},
		{name: "34 CRLF after headers", in: "{}\r\n{\"type\":\"event\"}\r\n{}\n", items: []string{"event:{}"}},
		{name: "CR belongs to an implicit payload", in: "{}\n{\"type\":\"event\"}\n{}\r\n", items: []string{"event:{}\r"}},
		{name: "CR alone after a header", in: "{}\r{\"type\":\"event\"}\n{}\n", cause: CauseMissingNewline},
		{name: "blank after a header", in: "{} \n", cause: CauseMissingNewline},
		{name: "two headers on one line", in: "{}{}\n", cause: CauseMissingNewline},
		{name: "35 two trailing newlines", in: head + "{\"type\":\"event\"}\n{}\n\n", items: []string{"event:{}"}},
		{name: "trailing blank space", in: head + "{\"type\":\"event\"}\n{}\n \r\n\t\n", items: []string{"event:{}"}},
		{name: "trailing blank space after the header", in: "{}\n\n \n"},
		{name: "trailing text", in: head + "{\"type\":\"event\"}\n{}\nx", cause: CauseInvalidItemHeader},
		{name: "36 unknown type", in: head + "{\"type\":\"foobar\"}\nx\n{\"type\":\"event\"}\n{}\n", items: []string{"foobar:x", "event:{}"}},
		{name: "38 unknown keys", in: "{\"x\":{\"y\":[]}}\n{\"type\":\"event\",\"z\":null}\n{}\n", items: []string{"event:{}"}},
		{name: "39 no type", in: head + "{}\nx\n", items: []string{":x"}},
		{name: "null type and length", in: head + "{\"type\":null,\"length\":null}\nx\n", items: []string{":x"}},
		{name: "type of another kind", in: head + "{\"type\":5}\nx\n", cause: CauseInvalidItemHeader},
		{name: "43 two events are two items", in: head + "{\"type\":\"event\"}\n{}\n{\"type\":\"event\"}\n{}\n", items: []string{"event:{}", "event:{}"}},
		{name: "45 invalid trace", in: "{\"trace\":{\"sample_rate\":0.5}}\n{\"type\":\"event\"}\n{}\n", items: []string{"event:{}"}},
		{name: "trace of another kind", in: "{\"trace\":[1]}\n"},
		{name: "header id malformed", in: "{\"event_id\":\"x\"}\n", cause: CauseInvalidHeader},
		{name: "header id of another kind", in: "{\"event_id\":5}\n", cause: CauseInvalidHeader},
		{name: "item header not json", in: "{}\nx\n", cause: CauseInvalidItemHeader},
		{name: "item header cut", in: "{}\n{\"type\":", cause: CauseInvalidItemHeader},
		{name: "negative length", in: "{}\n{\"length\":-1}\n", cause: CauseInvalidItemHeader},
		{name: "length with a fraction", in: "{}\n{\"length\":1.0}\nx\n", cause: CauseInvalidItemHeader},
		{name: "length as text", in: "{}\n{\"length\":\"1\"}\nx\n", cause: CauseInvalidItemHeader},
		{name: "length over 32 bits", in: "{}\n{\"length\":4294967296}\nx\n", cause: CauseInvalidItemHeader},
		{name: "length of 32 bits", in: "{}\n{\"length\":4294967295}\nx\n", cause: CauseUnexpectedEOF},
		{name: "duplicate keys: the last", in: "{}\n{\"type\":\"a\",\"length\":9,\"type\":\"b\",\"length\":1}\nx\n", items: []string{"b:x"}},
		{name: "keys match exactly", in: "{}\n{\"type\":\"a\",\"Type\":\"b\",\"LENGTH\":9}\nx\n", items: []string{"a:x"}},
		{name: "header over lines", in: "\n {\n \"dsn\" :\n \"a\\\"}\" }\n\n{\n\"type\": \"event\"\n}\n{}\n", items: []string{"event:{}"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := Parse([]byte(tt.in))
			for how, r := range map[string]io.Reader{
				"whole":         strings.NewReader(tt.in),
				"byte by byte":  iotest.OneByteReader(strings.NewReader(tt.in)),
				"data with EOF": iotest.DataErrReader(strings.NewReader(tt.in)),
			} {
				streamed, streamErr := readAll(NewReader(r, Limits{}))
				if fmt.Sprint(streamErr) != fmt.Sprint(err) {
					t.Fatalf("%s: Reader says %v, Parse says %v", how, streamErr, err)
				}
				if err == nil && describe(streamed) != describe(e) {
					t.Errorf("%s: Reader gives\n%s, Parse\n%s", how, describe(streamed), describe(e))
				}
			}
			var pe *ParseError
			if tt.cause != "" {
				if !errors.As(err, &pe) || pe.Cause != tt.cause {
					t.Fatalf("error %v, want cause %q", err, tt.cause)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var items []string
			for _, it := range e.Items {
				items = append(items, it.Header.Type+":"+string(it.Payload))
			}
			if fmt.Sprintf("%q", items) != fmt.Sprintf("%q", tt.items) {
				t.Errorf("items %q, want %q", items, tt.items)
			}
			if got := e.Bytes(); !bytes.Equal(got, []byte(tt.in)) {
				t.Errorf("written back as %q", got)
			}
		})
	}
}

// TestReaderReset: a Reader that is used again knows nothing of the envelope before, however that ended.
func TestReaderReset(t *testing.T) {
	r := NewReader(strings.NewReader("{}\n{\"type\":\"event\",\"length\":99}\nshort"), Limits{Items: 1})
	for _, tc := range []struct{ in, want string }{
		{"{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n{\"type\":\"a\"}\n{}\n", "a {}"},
		{"{}\n{\"type\":\"b\",\"length\":2}\nxy\n{\"type\":\"c\"}\n", "b xy limit"},
		{"{}\n{\"type\":\"d\"}\n1", "d 1"},
	} {
		for _, err := r.Next(); err == nil; _, err = r.Next() {
			io.Copy(io.Discard, r)
		}
		r.Reset(strings.NewReader(tc.in))
		var got []string
		for {
			h, err := r.Next()
			if err != nil {
				if err != io.EOF {
					got = append(got, "limit")
				}
				break
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, h.Type, string(b))
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%q: %q", tc.in, got)
		}
	}
}
