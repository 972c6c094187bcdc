package envelope

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestMsgpackJSON(t *testing.T) {
	tests := map[string]string{ // msgpack → JSON values, joined
		"":                                 "",
		"\x80":                             "{}",
		"\x82\xa1a\x01\xa1b\x92\xc0\xc3":   `{"a":1,"b":[null,true]}`,
		"\x81\x05\xc2\x80":                 `{"5":false} {}`,
		"\xff\xd0\x80\xd1\xff\x00\xcc\xff": "-1 -128 -256 255",
		"\xd3\xff\xff\xff\xff\xff\xff\xff\xff\xcf\xff\xff\xff\xff\xff\xff\xff\xff":  "-1 18446744073709551615",
		"\xca\x3f\x80\x00\x00\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00":                  "1 null",
		"\xc4\x02h\xff\xd9\x01\"\xdc\x00\x01\x01":                                   `"h` + "\uFFFD" + `" "\"" [1]`,
		"\xd6\xff\x00\x00\x00\x0a\xd7\xff\x77\x35\x94\x00\x00\x00\x00\x01\xd4\x05x": "10 1.5 null",
		strings.Repeat("\x91", 128) + "\x01":                                        strings.Repeat("[", 128) + "1" + strings.Repeat("]", 128),
	}
	for in, want := range tests {
		list, err := MsgpackJSON([]byte(in))
		var got []string
		for _, v := range list {
			got = append(got, string(v))
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%x: %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"\x81", "\x81\xa1a", "\xa5abc", "\xdf\xff\xff\xff\xff", "\xdd\xff\xff\xff\xff\x01", "\xc1", "\xcb\x00", strings.Repeat("\x91", 200) + "\x01"} {
		if v, err := MsgpackJSON([]byte(in)); err == nil {
			t.Errorf("%x: %s", in, v)
		}
	}
}

func FuzzMsgpackJSON(f *testing.F) {
	f.Add([]byte("\x82\xa1a\x01\xa1b\x92\xc0\xc3"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := MsgpackJSON(b)
		if err != nil {
			return
		}
		size := 0
		for _, v := range list {
			if size += len(v); !json.Valid(v) {
				t.Fatalf("%x: %s", b, v)
			}
		}
		if size > 7*len(b) {
			t.Fatalf("%d bytes became %d", len(b), size)
		}
	})
}
