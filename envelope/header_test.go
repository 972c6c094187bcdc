package envelope

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestHeader(t *testing.T) {
	id := mustID(t, traceHex)
	tests := []struct {
		in   string
		want *Header // nil: refused
	}{
		{`{}`, &Header{}},
		{`{"event_id":"` + traceHex + `"}`, &Header{EventID: id}},
		{`{"event_id":"771A43A4-1926-42F0-B136-D5159A501700"}`, &Header{EventID: id}},
		{`{"event_id":"00000000-0000-0000-0000-000000000000"}`, &Header{}},
		{`{"event_id":"` + nilHex + `"}`, &Header{}},
		{`{"event_id":""}`, &Header{}},
		{`{"event_id":null}`, &Header{}},
		{`{"event_id":"0"}`, nil},
		{`{"event_id":"0000000000000000-000000000000000"}`, nil},
		{`{"event_id":"` + traceHex + `","EVENT_ID":"` + replayHex + `","Event_id":5}`, &Header{EventID: id}},
		{`{"event_id":"x","event_id":"` + traceHex + `"}`, &Header{EventID: id}},
		{`{"event_id":"` + traceHex + `","event_id\u0000":"x"}`, &Header{EventID: id}},
		{`{"event\u005fid":"` + traceHex + `"}`, &Header{EventID: id}},
		{`{"sent_at":"2026-01-01T01:00:00.5+01:00"}`, &Header{SentAt: time.Date(2026, 1, 1, 0, 0, 0, 5e8, time.UTC)}},
		{`{"sent_at":"2026-01-01T00:00:00"}`, &Header{SentAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{`{"sent_at":1767225600.25}`, &Header{SentAt: time.Date(2026, 1, 1, 0, 0, 0, 25e7, time.UTC)}},
		{`{"sent_at":"soon"}`, &Header{}},
		{`{"sent_at":-1}`, &Header{}},
		{`{"sent_at":1e300}`, &Header{}},
		{`{"sent_at":"0001-01-01T00:00:00Z"}`, &Header{}},
		{`{"dsn":5,"sdk":[],"trace":"x"}`, &Header{}},
		{`{"dsn":"a\u0000b"}`, &Header{DSN: "ab"}},
		{`{"sdk":{"name":"sentry.go","version":1,"integrations":["a",5],"packages":[{"name":"p","version":"1"},7],"settings":{"infer_ip":"never"}}}`,
			&Header{SDK: &SDKInfo{Name: "sentry.go", Version: "1", Integrations: []string{"a"}, Packages: []SDKPackage{{"p", "1"}}, InferIP: "never"}}},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			e, err := Parse([]byte(tt.in))
			if tt.want == nil {
				if pe, ok := err.(*ParseError); !ok || pe.Cause != CauseInvalidHeader {
					t.Fatal(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ignore := cmpopts.IgnoreUnexported(Header{})
			if diff := cmp.Diff(tt.want, &e.Header, ignore); diff != "" {
				t.Error(diff)
			}
			if tt.want.SDK == nil {
				return
			}
			again, err := Parse((&Envelope{Header: *tt.want}).Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, &again.Header, ignore); diff != "" {
				t.Errorf("written and read again: %s", diff)
			}
		})
	}
}
