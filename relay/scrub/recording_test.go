package scrub

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestRecording(t *testing.T) {
	const snapshot = `{"type":2,"data":{"node":{"textContent":"my password is on the page","tagName":"input"}},"timestamp":1}`
	tests := []struct {
		name, in, want string // want "": unchanged
	}{
		{"empty", ` [ ] `, `[]`},
		{"the page is not touched", `[` + snapshot + `,{"type":3,"data":{"text":"4111111111111111"}}]`, ""},
		{"network body", `[{"type":5,"timestamp":1,"data":{"tag":"performanceSpan","payload":{"op":"resource.fetch","description":"http://auth/?token=x","data":{"method":"POST","request":{"headers":{"authorization":"x","sentry-trace":"a-b-1","baggage":"sentry-transaction=auth"},"body":{"card":"4111111111111111","user":{"password":"x"}}},"response":{"body":"{\"token\":\"x\"}"}}}}}]`,
			`[{"type":5,"timestamp":1,"data":{"tag":"performanceSpan","payload":{"op":"resource.fetch","description":"http://auth/?token=[Filtered]","data":{"method":"POST","request":{"headers":{"authorization":"[Filtered]","sentry-trace":"a-b-1","baggage":"sentry-transaction=auth"},"body":{"card":"[Filtered]","user":{"password":"[Filtered]"}}},"response":{"body":"{\"token\":\"[Filtered]\"}"}}}}}]`},
		{"console", `[` + snapshot + `, {"data":{"tag":"breadcrumb","payload":{"category":"console","message":"password=x","data":{"arguments":["my secret",{"api_key":1}]}}},"type":5}]`,
			`[` + snapshot + `,{"data":{"tag":"breadcrumb","payload":{"category":"console","message":"password=[Filtered]","data":{"arguments":["[Filtered]",{"api_key":"[Filtered]"}]}}},"type":5}]`},
	}
	s := New(DefaultConfig())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			changed, err := s.Recording(&out, iotest.OneByteReader(strings.NewReader(tt.in)))
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == "" {
				want = tt.in
			}
			if out.String() != want || changed != strings.Contains(want, filtered) {
				t.Errorf("changed %v\ngot  %s\nwant %s", changed, out.String(), want)
			}
		})
	}
	for _, in := range []string{``, `{}`, `[`, `[{}`, `[{},`, `[{},]`, `[1]`, `[{}{}]`, `[{"a":}]`, `[] x`, `[{"type":5,"data":{"payload":{"data":{"password":"x"`, `[,{}]`} {
		if _, err := s.Recording(io.Discard, strings.NewReader(in)); !errors.Is(err, ErrJSON) {
			t.Errorf("%q: %v", in, err)
		}
	}
	broken := errors.New("broken")
	if _, err := s.Recording(io.Discard, io.MultiReader(strings.NewReader(`[{"a":`), iotest.ErrReader(broken))); err != broken {
		t.Error(err)
	}
}

// TestHugeSnapshot: what is larger than the buffer passes, unless it could hold data.
func TestHugeSnapshot(t *testing.T) {
	s := New(DefaultConfig())
	huge := strings.Repeat("x", maxRecorded+10)
	in := `[{"type":2,"data":"` + huge + `"},{"type":5,"data":{"payload":{"message":"password=x"}}}]`
	var out bytes.Buffer
	changed, err := s.Recording(&out, strings.NewReader(in))
	if err != nil || !changed || out.Len() != len(in)+len(filtered)-1 {
		t.Errorf("%v %v, %d bytes", changed, err, out.Len())
	}
	for _, head := range []string{`{"type":5,"data":"`, `{"data":"`} {
		if _, err := s.Recording(io.Discard, strings.NewReader(`[`+head+huge+`"}]`)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", head, err)
		}
	}
}

func TestRecordingDOMText(t *testing.T) {
	s := New(Config{ScrubData: true, ScrubDefaults: true, DOMText: true})
	deep := strings.Repeat(`{"childNodes":[`, 200) + `{"textContent":"jane@example.test"}` + strings.Repeat(`]}`, 200)
	in := `[{"type":2,"data":{"node":` + deep + `}},{"type":3,"data":{"source":5,"text":"4111 1111 1111 1111","id":4111111111111111}},` +
		`{"type":3,"data":{"texts":[{"value":"password=hunter2","id":3}],"adds":[{"node":{"tagName":"token","attributes":{"value":"a@b.cd","class":"a@b.cd"}}}]}}]`
	want := strings.NewReplacer("jane@example.test", "[email]", "4111 1111 1111 1111", "[creditcard]", "hunter2", "[Filtered]", `"value":"a@b.cd"`, `"value":"[email]"`).Replace(in)
	var out bytes.Buffer
	if changed, err := s.Recording(&out, strings.NewReader(in)); err != nil || !changed || out.String() != want {
		t.Errorf("%v %v\ngot  %s\nwant %s", changed, err, out.String(), want)
	}
	huge := `[{"type":2,"data":"` + strings.Repeat("x", maxRecorded+10) + `"}]`
	if _, err := s.Recording(io.Discard, strings.NewReader(huge)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a page too large to look into: %v", err)
	}
}
