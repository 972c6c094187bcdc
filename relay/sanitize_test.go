package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"io"
)

// sanitizeString runs the whole of in through a sanitizer, and once more byte by byte: where a
// Write is cut must never matter.
func sanitizeString(t testing.TB, in string, lax bool) (string, []string, error) {
	t.Helper()
	var whole, single bytes.Buffer
	s := newSanitizer(&whole, maxNodes, lax)
	_, err := s.Write([]byte(in))
	if err == nil {
		err = s.Close()
	}
	s1 := newSanitizer(&single, maxNodes, lax)
	_, err1 := io.Copy(s1, iotest.OneByteReader(strings.NewReader(in)))
	if err1 == nil {
		err1 = s1.Close()
	}
	if (err == nil) != (err1 == nil) || err == nil && whole.String() != single.String() {
		t.Fatalf("%q: at once %q, %v; byte by byte %q, %v", in, whole.String(), err, single.String(), err1)
	}
	return whole.String(), s.trimmed, err
}

func TestSanitize(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{}`, `{}`},
		{` { "a" : [ 1 , 2.5e3, -0, true,false , null ] } `, ` { "a" : [ 1 , 2.5e3, -0, true,false , null ] } `},
		{`"grüße 日本 😀"`, `"grüße 日本 😀"`},
		{"\"a\xffb\"", "\"a\uFFFDb\""},
		{"\"\xe2\x82\"", "\"\uFFFD\uFFFD\""},
		{"\"\xe2\x82\xe2\x82\xac\"", "\"\uFFFD\uFFFD€\""},
		{`"a\u0000b"`, `"ab"`},
		{"\"a\x00b\"", `"ab"`},
		{"\"a\nb\"", `"a\u000ab"`},
		{`"\ud83d\ude00"`, `"\ud83d\ude00"`},
		{`"\ud83d"`, `"\ufffd"`},
		{`"\ud83dx"`, `"\ufffdx"`},
		{`"\ud83d\n"`, `"\ufffd\n"`},
		{`"\ud83d\ud83d\ude00"`, `"\ufffd\ud83d\ude00"`},
		{`"\ude00"`, `"\ufffd"`},
		{`"\ud83d\u0000\ude00"`, `"\ufffd\ufffd"`},
		{`{"a\u0000":1}`, `{"a":1}`},
		{`1e999`, `"1e999"`},
		{`[-1e999,18446744073709551616]`, `["-1e999",18446744073709551616]`},
		{"\xef\xbb\xbf{}", `{}`},
	} {
		got, _, err := sanitizeString(t, c.in, false)
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

func TestSanitizeRefuses(t *testing.T) {
	for _, in := range []string{
		``, ` `, `{`, `[`, `{]`, `[}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `{,}`, `nul`, `nulll`, `01`, `1.`, `-`, `+1`,
		`.5`, `1e`, `"a`, `"\x"`, `"\u12g4"`, `{} {}`, `[1 2]`, `{"a" 1}`, `{a:1}`, `'a'`, `NaN`, `-Infinity`, `{"a":1}x`, `1-2`, "a\x00",
	} {
		if got, _, err := sanitizeString(t, in, false); !errors.Is(err, errJSON) {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

func TestSanitizeLax(t *testing.T) {
	got, _, err := sanitizeString(t, `{"a":NaN,"b":[Infinity,-Infinity]}`, true)
	if want := `{"a":null,"b":[null,null]}`; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestSanitizeTrims(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat(`}`, 20_000)
	got, trimmed, err := sanitizeString(t, `{"x":`+deep+`,"y":[1]}`, false)
	want := `{"x":` + strings.Repeat(`{"a":`, 63) + `null` + strings.Repeat(`}`, 63) + `,"y":[1]}`
	if err != nil || got != want || len(trimmed) != 1 || trimmed[0] != trimmedDepth {
		t.Errorf("depth: %d bytes, trimmed %v, %v", len(got), trimmed, err)
	}
	wide := `[` + strings.Repeat(`{"":0},`, 100_000) + `{"z":1}]`
	got, trimmed, err = sanitizeString(t, wide, false)
	if err != nil || !json.Valid([]byte(got)) || len(trimmed) != 1 || trimmed[0] != trimmedNodes || len(got) > 360_000 {
		t.Errorf("nodes: %d bytes, trimmed %v, %v", len(got), trimmed, err)
	}
	var keys strings.Builder
	for i := range 2_500 {
		keys.WriteString(`,"k`)
		keys.WriteByte(byte('a' + i%26))
		keys.WriteString(`":{"in":"}"}`)
	}
	got, trimmed, err = sanitizeString(t, `{"o":{`+keys.String()[1:]+`},"after":1}`, false)
	if err != nil || !strings.HasSuffix(got, `},"after":1}`) || strings.Count(got, `"in"`) != 2_000 || trimmed[0] != trimmedKeys {
		t.Errorf("keys: %d, trimmed %v, %v", strings.Count(got, `"in"`), trimmed, err)
	}
}

func FuzzSanitize(f *testing.F) {
	for _, s := range []string{`{"a":[1,"\ud83d\ude00\u0000",NaN,1e999]}`, "\"\xe2\x82\"", `[[[[]]]]`, `{"a":{"b":null}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, trimmed, err := sanitizeString(t, in, false)
		valid := json.Valid([]byte(in))
		if valid && err != nil {
			t.Fatalf("refused valid JSON %q: %v", in, err)
		}
		if err != nil {
			return
		}
		if !json.Valid([]byte(got)) || !utf8.ValidString(got) || strings.Contains(got, `\u0000`) && !strings.Contains(got, `\\u0000`) {
			t.Fatalf("%q became %q", in, got)
		}
		if again, _, err := sanitizeString(t, got, false); err != nil || again != got {
			t.Fatalf("not stable: %q, then %q, %v", got, again, err)
		}
		if len(trimmed) > 3 {
			t.Fatalf("trimmed %v", trimmed)
		}
	})
}

func BenchmarkSanitize(b *testing.B) {
	in := []byte(`{"exception":{"values":[` + strings.Repeat(`{"type":"Error","value":"grüße","stacktrace":{"frames":[{"lineno":12,"in_app":true}]}},`, 100) + `{}]}}`)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		s := newSanitizer(io.Discard, maxNodes, false)
		s.Write(in)
		if s.Close() != nil {
			b.Fatal("refused")
		}
	}
}
