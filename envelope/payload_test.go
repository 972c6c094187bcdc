package envelope

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	replayHex = "12345678123456781234567812345678"
	nilHex    = "00000000000000000000000000000000"
)

func TestParseReplayEvent(t *testing.T) {
	many := strings.Repeat(`"u",`, 150) + `"u"`
	base := `{"replay_id":"` + replayHex + `","segment_id":3`
	tests := []struct {
		name, in string
		ok       bool
		check    func(*ReplayEvent) bool
	}{
		{"smallest", base + `}`, true, func(e *ReplayEvent) bool { return e.SegmentID == 3 && e.ReplayID.String() == replayHex }},
		{"84 no segment_id", `{"replay_id":"` + replayHex + `"}`, false, nil},
		{"84 no replay_id", `{"segment_id":0}`, false, nil},
		{"84 nil replay_id", `{"segment_id":0,"replay_id":"` + nilHex + `"}`, false, nil},
		{"negative segment_id", `{"replay_id":"` + replayHex + `","segment_id":-1}`, false, nil},
		{"huge segment_id", `{"replay_id":"` + replayHex + `","segment_id":99999999999}`, false, nil},
		{"85 error id that is none", base + `,"error_ids":["x"]}`, false, nil},
		{"85 trace id that is none", base + `,"trace_ids":[5]}`, false, nil},
		{"nil ids are none", base + `,"error_ids":["` + nilHex + `",null,"` + traceHex + `"]}`, true, func(e *ReplayEvent) bool { return len(e.ErrorIDs) == 1 }},
		{"85 150 urls", base + `,"urls":[` + many + `]}`, true, func(e *ReplayEvent) bool { return len(e.URLs) == 100 }},
		{"lists of another kind", base + `,"urls":"u","error_ids":{},"timestamp":"soon"}`, true, func(e *ReplayEvent) bool { return e.URLs == nil && e.Timestamp.IsZero() }},
		{"times", base + `,"timestamp":1795168826.394,"replay_start_timestamp":1795168820.2607,"replay_type":"buffer"}`, true, func(e *ReplayEvent) bool {
			return e.Timestamp.UnixMicro() == 1795168826394000 && e.Start.UnixMicro() == 1795168820260700 && e.ReplayType == "buffer"
		}},
		{"not JSON", base, false, nil},
		{"a list", `[]`, false, nil},
		{"empty", ``, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := ParseReplayEvent([]byte(tt.in))
			if (err == nil) != tt.ok {
				t.Fatal(err)
			}
			if tt.check != nil && !tt.check(e) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestSplitRecording(t *testing.T) {
	tests := []struct {
		in      string
		segment int64
		body    string
		ok      bool
	}{
		{"{\"segment_id\":0}\n[]", 0, "[]", true},
		{"{\"segment_id\":12}\nx\x9c\n\n", 12, "x\x9c\n\n", true},
		{"{\"segment_id\":1,\"new\":2}\r\n[]", 1, "[]", true},
		{"[]", 0, "", false},
		{"[1,\n2]", 0, "", false},
		{"x\x9c\n\n", 0, "", false},
		{"{\"segment_id\":0}\n", 0, "", false},
		{"{\"segment_id\":0}", 0, "", false},
		{"{}\n[]", 0, "", false},
		{"{\"segment_id\":\"0\"}\n[]", 0, "", false},
		{"\n[]", 0, "", false},
		{"", 0, "", false},
		{"{\"segment_id\":0" + strings.Repeat(" ", 5000) + "}\n[]", 0, "", false},
	}
	for _, tt := range tests {
		segment, body, err := SplitRecording([]byte(tt.in))
		if (err == nil) != tt.ok || segment != tt.segment || string(body) != tt.body {
			t.Errorf("%.40q: %d %q %v", tt.in, segment, body, err)
		}
	}
}

func TestParseReplayVideo(t *testing.T) {
	bin := func(s string) string { return string([]byte{0xc5, byte(len(s) >> 8), byte(len(s))}) + s }
	str := func(s string) string { return string([]byte{0xa0 + byte(len(s))}) + s }
	whole := "\x83" + str("replay_event") + bin("{}") + str("replay_recording") + bin("{\"segment_id\":0}\n[]") + str("replay_video") + bin("mp4")
	want := &ReplayVideo{Event: []byte("{}"), Recording: []byte("{\"segment_id\":0}\n[]"), Video: []byte("mp4")}
	tests := []struct {
		name, in string
		want     *ReplayVideo
	}{
		{"87 whole", whole, want},
		{"other order, other keys, str values", "\xde\x00\x04" + str("new") + "\x92\x81\xa1a\xcb12345678\xd6T1234" + str("replay_video") + str("mp4") + str("replay_event") + "\xc4\x02{}" + str("replay_recording") + "\xc6\x00\x00\x00\x13{\"segment_id\":0}\n[]", want},
		{"87 empty video", strings.Replace(whole, bin("mp4"), bin(""), 1), nil},
		{"missing part", "\x81" + str("replay_event") + bin("{}"), nil},
		{"claims more pairs", "\xdf\xff\xff\xff\xff" + whole[1:], nil},
		{"claims more bytes", "\x81" + str("replay_event") + "\xc6\xff\xff\xff\xff{}", nil},
		{"claims a huge array", "\x81" + str("x") + "\xdd\xff\xff\xff\xff", nil},
		{"key of another kind", "\x81\x01\x01", nil},
		{"unused code", "\x81" + str("x") + "\xc1", nil},
		{"not a map", "\x93", nil},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseReplayVideo([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.want != nil) {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
	for n := range len(whole) {
		if _, err := ParseReplayVideo([]byte(whole[:n])); err == nil {
			t.Errorf("cut after %d bytes: accepted", n)
		}
	}
}

func TestParseSession(t *testing.T) {
	const attrs = `"started":"2026-01-01T10:00:00Z","attrs":{"release":"app@1"}`
	tests := []struct {
		name, in string
		ok       bool
		check    func(*Session) bool
	}{
		{"smallest", `{` + attrs + `}`, true, func(s *Session) bool {
			return s.Status == SessionOK && s.Seq == nil && s.ID.IsZero() && s.Timestamp.IsZero() && s.Errors == 0
		}},
		{"whole", `{"sid":"` + replayHex + `","did":42,"seq":5,"timestamp":1767261601.5,"duration":1.5,"status":"crashed","errors":2,"abnormal_mechanism":"anr_foreground",` + attrs + `}`, true, func(s *Session) bool {
			return s.ID.String() == replayHex && s.DistinctID == "42" && *s.Seq == 5 && s.Timestamp.UnixMilli() == 1767261601500 &&
				*s.Duration == 1.5 && s.Status == SessionCrashed && s.Errors == 2 && s.AbnormalMechanism == "anr_foreground"
		}},
		{"init means seq 0", `{"init":true,"seq":9,` + attrs + `}`, true, func(s *Session) bool { return s.Init && *s.Seq == 0 }},
		{"93 no release", `{"started":"2026-01-01T10:00:00Z","attrs":{}}`, false, nil},
		{"release latest", `{"started":"2026-01-01T10:00:00Z","attrs":{"release":"Latest"}}`, false, nil},
		{"release with a backslash", `{"started":"2026-01-01T10:00:00Z","attrs":{"release":"a\\\\b"}}`, false, nil},
		{"release of a package with a scope", `{"started":"2026-01-01T10:00:00Z","attrs":{"release":"@acme/shop@1.0"}}`, true, func(s *Session) bool { return s.Attributes.Release == "@acme/shop@1.0" }},
		{"no start", `{"attrs":{"release":"app@1"}}`, false, nil},
		{"94 timestamp before start", `{"timestamp":"2026-01-01T09:00:00Z",` + attrs + `}`, true, func(s *Session) bool { return s.Timestamp.Equal(s.Started) }},
		{"95 unhandled", `{"status":"unhandled",` + attrs + `}`, true, func(s *Session) bool { return s.Status == SessionUnhandled }},
		{"unknown status", `{"status":"dancing",` + attrs + `}`, false, nil},
		{"null status", `{"status":null,` + attrs + `}`, true, func(s *Session) bool { return s.Status == SessionOK }},
		{"largest seq", `{"seq":18446744073709551615,` + attrs + `}`, false, nil},
		{"bad environment goes", `{"started":"2026-01-01T10:00:00Z","attrs":{"release":1,"environment":"None"}}`, true, func(s *Session) bool { return s.Attributes.Environment == "" && s.Attributes.Release == "1" }},
		{"not an object", `[]`, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := ParseSession([]byte(tt.in))
			if (err == nil) != tt.ok {
				t.Fatal(err)
			}
			if tt.check != nil && !tt.check(s) {
				t.Errorf("%+v", s)
			}
		})
	}
	a, err := ParseSessionAggregates([]byte(`{"aggregates":[{"started":"2026-01-01T10:00:00Z","did":"u","exited":3,"errored":2,"crashed":1},{"exited":9},{"started":1767261600,"exited":-1}],"attrs":{"release":"a","environment":"e"}}`))
	if err != nil || len(a.Aggregates) != 2 || a.Aggregates[0].Total() != 6 || a.Aggregates[0].Crashed != 1 || a.Aggregates[1].Total() != 0 {
		t.Errorf("92 aggregates: %+v, %v", a, err)
	}
	for _, in := range []string{`{"aggregates":[{"started":1767261600}],"attrs":{}}`, `{"aggregates":[],"attrs":{"release":"a"}}`, `{}`, `1`} {
		if _, err := ParseSessionAggregates([]byte(in)); err == nil {
			t.Errorf("accepted %s", in)
		}
	}
}

func TestParseCheckIn(t *testing.T) {
	c, err := ParseCheckIn([]byte(`{"check_in_id":"` + nilHex + `","monitor_slug":" Nightly  Report! ","status":"missed","duration":1.5,"contexts":{"trace":{"trace_id":"` + traceHex + `"}},` +
		`"monitor_config":{"schedule":{"type":"interval","value":10,"unit":"minute"},"checkin_margin":2,"timezone":"Europe/Vienna","owner":"team:1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	c.MonitorConfig.Raw = nil
	want := &CheckIn{
		MonitorSlug: "nightly-report", Status: "unknown", Duration: new(1.5), Environment: "production", TraceID: mustID(t, traceHex),
		MonitorConfig: &MonitorConfig{ScheduleType: "interval", Interval: 10, Unit: "minute", CheckInMargin: new(2), Timezone: "Europe/Vienna", Owner: "team:1"},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	for _, in := range []string{`{}`, `{"monitor_slug":"!!"}`, `{"monitor_slug":null}`, ``} {
		if _, err := ParseCheckIn([]byte(in)); err == nil {
			t.Errorf("accepted %s", in)
		}
	}
	for in, want := range map[string]string{"a_b-c": "a_b-c", "-a--b-": "a-b", "É1": "1", strings.Repeat("ab ", 40): strings.Repeat("ab-", 16) + "ab"} {
		if got := Slug(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestReports(t *testing.T) {
	r, err := ParseClientReport([]byte(`{"timestamp":1767225600,"discarded_events":[{"reason":"sample_rate","category":"transaction","quantity":4},{"reason":"x","quantity":1},{"category":"error","quantity":-1},5],"rate_limited_events":[{"category":"error","quantity":1}]}`))
	if err != nil || r.Timestamp.Unix() != 1767225600 || len(r.Discarded) != 1 || r.Discarded[0] != (DiscardedEvents{"sample_rate", "transaction", 4}) || len(r.RateLimited) != 1 {
		t.Errorf("client report: %+v, %v", r, err)
	}
	whole := &ClientReport{Timestamp: r.Timestamp, Discarded: r.Discarded, RateLimited: []DiscardedEvents{{"q", "error", 1}}, Filtered: []DiscardedEvents{{"localhost", "error", 2}}, FilteredBySampling: []DiscardedEvents{{"s", "transaction", 3}}}
	b, err := whole.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseClientReport(b); err != nil || cmp.Diff(whole, again) != "" {
		t.Errorf("%s is read as %+v, %v", b, again, err)
	}
	f, err := ParseFeedback([]byte(`{"contexts":{"feedback":{"message":"` + strings.Repeat("é", 5000) + `","associated_event_id":"` + traceHex + `","replay_id":"` + replayHex + `"}}}`))
	if err != nil || len(f.Message) != 2*4096 || f.AssociatedEventID.String() != traceHex || f.ReplayID.String() != replayHex {
		t.Errorf("feedback: %v", err)
	}
	for _, in := range []string{`{}`, `{"contexts":{"feedback":{"message":" "}}}`, `{"contexts":{"feedback":{"message":"a"}},"contexts":5}`, `[]`} {
		if _, err := ParseFeedback([]byte(in)); err == nil {
			t.Errorf("feedback accepted: %s", in)
		}
	}
	u, err := ParseUserReport([]byte(`{"event_id":"` + traceHex + `","comments":"it broke","name":"Jane","email":"j@e"}`))
	if err != nil || *u.Feedback() != (Feedback{Message: "it broke", ContactEmail: "j@e", Name: "Jane", AssociatedEventID: mustID(t, traceHex)}) {
		t.Errorf("user report: %+v, %v", u, err)
	}
	if _, err := ParseUserReport([]byte(`{"comments":"x"}`)); err == nil {
		t.Error("user report about no event accepted")
	}
}

func TestParseContainer(t *testing.T) {
	logs := ItemHeader{Type: "log", ContentType: ContentTypeLogs, ItemCount: new(2)}
	parts, settings, err := ParseContainer(logs, []byte(`{"version":2,"ingest_settings":{"infer_ip":"never"},"items":[{"a":"]"}, {"b":[1]}]}`))
	if err != nil || len(parts) != 2 || string(parts[1]) != `{"b":[1]}` || settings.InferIP != "never" {
		t.Errorf("%s, %+v, %v", parts, settings, err)
	}
	parts, settings, err = ParseContainer(logs, []byte(`{"items":[{},{}]}`))
	if err != nil || len(parts) != 2 || settings != nil {
		t.Errorf("100 without version: %s, %+v, %v", parts, settings, err)
	}
	for name, bad := range map[string]struct {
		h  ItemHeader
		in string
	}{
		"98 three for two":        {logs, `{"items":[1,2,3]}`},
		"one for two":             {logs, `{"items":[1]}`},
		"99 without content type": {ItemHeader{Type: "log", ItemCount: new(1)}, `{"items":[1]}`},
		"without count":           {ItemHeader{Type: "log", ContentType: ContentTypeLogs}, `{"items":[]}`},
		"another type":            {ItemHeader{Type: "span", ContentType: ContentTypeLogs, ItemCount: new(1)}, `{"items":[1]}`},
		"no items":                {logs, `{}`},
		"items of another kind":   {logs, `{"items":{}}`},
		"broken":                  {logs, `{"items":[1,2}`},
	} {
		if _, _, err := ParseContainer(bad.h, []byte(bad.in)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	trace := ItemHeader{Type: "attachment", ContentType: ContentTypeTraceAttachment, MetaLength: new(len(`{"trace_id":"` + traceHex + `"}`))}
	a, body, err := SplitTraceAttachment(trace, []byte(`{"trace_id":"`+traceHex+`"}{body}`))
	if err != nil || a.TraceID.String() != traceHex || string(body) != "{body}" {
		t.Errorf("trace attachment: %+v %q %v", a, body, err)
	}
	if _, _, err := SplitTraceAttachment(trace, []byte(`{}`)); err == nil {
		t.Error("trace attachment shorter than its meta_length accepted")
	}
}

func TestCategory(t *testing.T) {
	count := ItemHeader{Type: "span", ContentType: ContentTypeSpans, ItemCount: new(7)}
	for _, tt := range []struct {
		kind string
		h    ItemHeader
		want []Quantity
	}{
		{"event", ItemHeader{}, []Quantity{{"error", 1}}},
		{"transaction", ItemHeader{SpanCount: new(3)}, []Quantity{{"transaction", 1}, {"transaction_indexed", 1}, {"span", 4}, {"span_indexed", 4}}},
		{"attachment", ItemHeader{}, []Quantity{{"attachment", 10}, {"attachment_item", 1}}},
		{"attachment", ItemHeader{AttachmentType: "event.minidump"}, []Quantity{{"error", 1}}},
		{"span", count, []Quantity{{"span", 7}, {"span_indexed", 7}}},
		{"span", ItemHeader{Type: "span"}, []Quantity{{"span", 1}, {"span_indexed", 1}}},
		{"profile_chunk", ItemHeader{Platform: "android"}, []Quantity{{"profile_chunk_ui", 1}}},
		{"profile_chunk", ItemHeader{Platform: "python"}, []Quantity{{"profile_chunk", 1}}},
		{"log", ItemHeader{Type: "log", ContentType: ContentTypeLogs, ItemCount: new(2)}, []Quantity{{"log_byte", 10}, {"log_item", 2}}},
		{"client_report", ItemHeader{}, nil},
		{"foobar", ItemHeader{}, nil},
	} {
		if diff := cmp.Diff(tt.want, Quantities(tt.kind, tt.h, 10)); diff != "" {
			t.Errorf("%s %+v: %s", tt.kind, tt.h, diff)
		}
	}
	known := make(map[string]bool)
	for _, c := range Categories() {
		known[c] = true
	}
	for _, it := range ItemTypes() {
		if it.Category != "" && !known[it.Category] {
			t.Errorf("%s: category %q is not in the registry", it.Name, it.Category)
		}
	}
	if c := Categories(); c[24] != "log_byte" || c[36] != "profile_ui" || len(c) != 37 {
		t.Error("registry numbers moved")
	}
}

func FuzzPayloads(f *testing.F) {
	for _, b := range corpus(f) {
		if e, err := Parse(b); err == nil {
			for _, it := range e.Items {
				f.Add(it.Header.Type, it.Header.ContentType, it.Payload)
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind, contentType string, b []byte) {
		_, _ = typed(Item{Header: ItemHeader{Type: kind, ContentType: contentType, ItemCount: new(2), MetaLength: new(3)}, Payload: b})
		if v, err := ParseReplayVideo(b); err == nil && len(v.Event)+len(v.Recording)+len(v.Video) > len(b) {
			t.Error("more than there was")
		}
		_, _, _ = SplitTraceAttachment(ItemHeader{Type: "attachment", ContentType: ContentTypeTraceAttachment, MetaLength: new(3)}, b)
		if d := ParseDSC(b); d != nil {
			_ = d.encode()
		}
	})
}
