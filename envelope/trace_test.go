package envelope

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	traceHex = "771a43a4192642f0b136d5159a501700"
	spanHex  = "a1b2c3d4e5f60718"
)

func mustID(t testing.TB, s string) ID {
	t.Helper()
	id, err := ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestParseID(t *testing.T) {
	for in, want := range map[string]string{
		traceHex:                               traceHex,
		strings.ToUpper(traceHex):              traceHex,
		"771a43a4-1926-42f0-b136-d5159a501700": traceHex,
		"771a-43a4192642f0b136d5159a5017-00--": "",
		"00000000000000000000000000000000":     "",
		"00000000-0000-0000-0000-000000000000": "",
		traceHex + "0":                         "",
		"771a43a4192642f0b136d5159a50170g":     "",
		"":                                     "",
	} {
		id, err := ParseID(in)
		if id.String() != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", in, id, err, want)
		}
	}
}

func TestParseSentryTrace(t *testing.T) {
	yes, no := new(true), new(false)
	tests := []struct {
		in      string
		ok      bool
		span    bool
		sampled *bool
		replay  bool
	}{
		{in: traceHex + "-" + spanHex, ok: true, span: true},
		{in: traceHex + "-" + spanHex + "-1", ok: true, span: true, sampled: yes},
		{in: " \t" + traceHex + "-" + spanHex + "-0 ", ok: true, span: true, sampled: no},
		{in: strings.ToUpper(traceHex + "-" + spanHex), ok: true, span: true},
		{in: traceHex, ok: true},
		{in: traceHex + "-nonsense-1", ok: true, sampled: yes},
		{in: traceHex + "-" + spanHex + "-x", ok: true, span: true},
		{in: traceHex + "-" + spanHex + "-1-1", ok: true, span: true, sampled: yes, replay: true},
		{in: traceHex + "-" + spanHex + "-1-00", ok: true, span: true, sampled: yes},
		{in: traceHex + "-" + spanHex + "-0-80", ok: true, span: true, sampled: no, replay: true},
		{in: traceHex + "-" + spanHex + "--01", ok: true, span: true, replay: true},
		{in: traceHex + "-" + spanHex + "-1-00000001", ok: true, span: true, sampled: yes, replay: true},
		{in: traceHex + "-" + spanHex + "-1-000000001", ok: true, span: true, sampled: yes},
		{in: traceHex + "-" + spanHex + "-1-zz", ok: true, span: true, sampled: yes},
		{in: traceHex + "-" + spanHex + "-1-", ok: true, span: true, sampled: yes},
		{in: traceHex + "-" + spanHex + "-1-1-more", ok: true, span: true, sampled: yes, replay: true},
		{in: ""},
		{in: "-" + spanHex + "-1"},
		{in: traceHex[:31] + "-" + spanHex},
		{in: strings.Repeat("0", 32) + "-" + spanHex + "-1"},
		{in: "771a43a4-1926-42f0-b136-d5159a501700-" + spanHex},
		{in: traceHex + strings.Repeat("-", 1000)},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, ok := ParseSentryTrace(tt.in)
			var want SentryTrace
			if tt.ok {
				want = SentryTrace{TraceID: mustID(t, traceHex), Sampled: tt.sampled, HasReplay: tt.replay}
			}
			if tt.span {
				want.SpanID, _ = ParseSpanID(spanHex)
			}
			if diff := cmp.Diff(want, got); ok != tt.ok || diff != "" {
				t.Errorf("ok %v, want %v\n%s", ok, tt.ok, diff)
			}
		})
	}
}

func TestParseTraceparent(t *testing.T) {
	for in, want := range map[string]bool{
		"00-" + traceHex + "-" + spanHex + "-01":                 true,
		" 00-" + traceHex + "-" + spanHex + "-00 ":               true,
		"cc-" + traceHex + "-" + spanHex + "-01-future":          true,
		"00-" + traceHex + "-" + spanHex + "-01-more":            false,
		"ff-" + traceHex + "-" + spanHex + "-01":                 false,
		"00-" + strings.Repeat("0", 32) + "-" + spanHex + "-01":  false,
		"00-" + traceHex + "-" + strings.Repeat("0", 16) + "-01": false,
		"00-" + traceHex + "-" + spanHex + "-1":                  false,
		"00-" + traceHex + "-" + spanHex + "-zz":                 false,
		"":                                                       false,
	} {
		got, ok := ParseTraceparent(in)
		if ok != want {
			t.Errorf("%q: %v, want %v", in, ok, want)
		}
		if ok && (got.TraceID.String() != traceHex || got.SpanID.String() != spanHex || *got.Sampled != strings.Contains(in, "-01")) {
			t.Errorf("%q: %+v", in, got)
		}
	}
}

func TestParseBaggage(t *testing.T) {
	many := strings.Repeat("a=1,", 63) + "last=64,over=65"
	if got := ParseBaggage(many); len(got) != 64 || got[63].Key != "last" {
		t.Errorf("%d members, last %v", len(got), got[len(got)-1])
	}
	long := "big=" + strings.Repeat("x", 8000) + ",over=" + strings.Repeat("y", 300) + ",small=1"
	if got := ParseBaggage(long); len(got) != 2 || got[1].Key != "small" {
		t.Errorf("a member over 8192 bytes must be skipped and nothing else: %d members", len(got))
	}
	tests := map[string]Baggage{
		"":                        nil,
		",,=,;,x":                 nil,
		"a=1, b = 2 ;p=q;r":       {{"a", "1"}, {"b", "2"}},
		"a=b=c":                   {{"a", "b=c"}},
		"a=%20%C3%A9%2C":          {{"a", " é,"}},
		"a=1.0+build":             {{"a", "1.0+build"}},
		"a=100%":                  {{"a", "100%"}},
		"a=%ff%00":                {{"a", "\uFFFD"}},
		"sentry-trace%5Fid=1,a=1": {{"sentry-trace_id", "1"}, {"a", "1"}},
	}
	for in, want := range tests {
		if diff := cmp.Diff(want, ParseBaggage(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func TestDSC(t *testing.T) {
	whole := &DSC{
		TraceID: mustID(t, traceHex), PublicKey: "k", SampleRate: new(0.25), SampleRand: new(0.5),
		Sampled: new(false), Release: "shop@1.0+b", Environment: "prod", Transaction: "/pay now",
		OrgID: "1", ReplayID: mustID(t, spanHex+spanHex), Other: map[string]string{"x": "y"},
	}
	tests := []struct {
		name, in string
		want     *DSC
	}{
		{"whole", `{"trace_id":"` + traceHex + `","public_key":"k","sample_rate":"0.25","sample_rand":"0.500000","sampled":"false","release":"shop@1.0+b","environment":"prod","transaction":"/pay now","org_id":"1","replay_id":"` + spanHex + spanHex + `","x":"y"}`, whole},
		{"numbers and bools", `{"sample_rate":0.25,"sampled":true,"org_id":1}`, &DSC{SampleRate: new(0.25), Sampled: new(true), OrgID: "1"}},
		{"each malformed field alone is lost", `{"trace_id":"x","sample_rate":"-1","sample_rand":"1","sampled":"maybe","replay_id":"no","public_key":"k"}`, &DSC{PublicKey: "k"}},
		{"not a number", `{"sample_rate":"NaN","sample_rand":"inf"}`, &DSC{}},
		{"nulls", `{"trace_id":null,"x":null}`, &DSC{}},
		{"newer name", `{"segment_name":"a"}`, &DSC{Transaction: "a"}},
		{"legacy user", `{"user":{"id":"1"}}`, &DSC{Other: map[string]string{"user": `{"id":"1"}`}}},
		{"names match exactly", `{"Trace_ID":"` + traceHex + `"}`, &DSC{Other: map[string]string{"Trace_ID": traceHex}}},
		{"the last of duplicates", `{"release":"a","release":"b"}`, &DSC{Release: "b"}},
		{"dashed ids", `{"trace_id":"771a43a4-1926-42f0-b136-d5159a501700"}`, &DSC{TraceID: mustID(t, traceHex)}},
		{"a list", `[]`, nil},
		{"null", `null`, nil},
		{"nothing", ``, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ParseDSC([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if got == nil {
				return
			}
			b, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, ParseDSC(b)); diff != "" {
				t.Errorf("written as %s: %s", b, diff)
			}
		})
	}

	var members []string
	b, _ := json.Marshal(whole)
	eachMember(b, func(name string, v []byte) {
		s, _ := jsonText(v)
		members = append(members, "sentry-"+name+"="+strings.NewReplacer(" ", "%20", "/", "%2F").Replace(s))
	})
	if diff := cmp.Diff(whole, ParseBaggage("other=1,"+strings.Join(members, ",")).DSC()); diff != "" {
		t.Errorf("through baggage: %s", diff)
	}
	if d := ParseBaggage("other=1").DSC(); d != nil {
		t.Errorf("without sentry members: %+v", d)
	}
}

func FuzzTrace(f *testing.F) {
	f.Add(traceHex + "-" + spanHex + "-1-01")
	f.Add("00-" + traceHex + "-" + spanHex + "-01")
	f.Add("a=1;x, sentry-trace_id=" + traceHex + ",sentry-sample_rate=0.5,sentry-transaction=%2Fpay")
	f.Fuzz(func(t *testing.T, s string) {
		if st, ok := ParseSentryTrace(s); ok && st.TraceID.IsZero() {
			t.Error("ok without a trace id")
		}
		if st, ok := ParseTraceparent(s); ok && (st.TraceID.IsZero() || st.SpanID.IsZero()) {
			t.Error("ok without ids")
		}
		list := ParseBaggage(s)
		size := 0
		for _, m := range list {
			size += len(m.Key)
		}
		if len(list) > maxBaggageMembers || size > 3*maxBaggageBytes {
			t.Errorf("%d members, %d bytes of names", len(list), size)
		}
		if d := list.DSC(); d != nil {
			b, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d, ParseDSC(b)); diff != "" {
				t.Errorf("%s: %s", b, diff)
			}
		}
	})
}
