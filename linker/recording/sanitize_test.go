package recording

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSanitize(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"harmless":        {`{"type":2,"tagName":"a","attributes":{"href":"https://a.test/","class":"x"},"childNodes":[],"id":1}`, `{"type":2,"tagName":"a","attributes":{"href":"https://a.test/","class":"x"},"childNodes":[],"id":1}`},
		"script":          {`{"type":2,"tagName":"script","attributes":{"src":"x"},"childNodes":[{"type":3,"textContent":"alert(1)","id":9}],"id":8}`, `{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":8}`},
		"script, id last": {`{"id":8,"childNodes":[],"tagName":"SCRIPT"}`, `{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":8}`},
		"two names":       {`{"tagName":"div","tagName":"script","id":8}`, `{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":8}`},
		"two names back":  {`{"tagName":"script","tagName":"div","id":8}`, `{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":8}`},
		"escaped name":    {`{"t\u0061gName":"scr\u0069pt","id":8}`, `{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":8}`},
		"namespaced":      {`{"tagName":"svg:script","isSVG":true,"id":8}`, `{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":8}`},
		"base":            {`[{"tagName":"base","attributes":{"href":"https://evil"},"id":1},{"tagName":"object","attributes":{"data":"x"},"id":2},{"tagName":"embed","id":3}]`, `[{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":1},{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":2},{"type":2,"tagName":"noscript","attributes":{},"childNodes":[],"id":3}]`},
		"meta refresh":    {`{"tagName":"meta","attributes":{"http-equiv":"refresh","content":"0;url=https://evil"},"id":1}`, `{"tagName":"meta","attributes":{"content":"0;url=https://evil"},"id":1}`},
		"iframe":          {`{"tagName":"iframe","attributes":{"src":"https://evil/","width":"1"},"id":1}`, `{"tagName":"iframe","attributes":{"src":"","width":"1"},"id":1}`},
		"iframe, reverse": {`{"attributes":{"src":"https://evil/","srcdoc":"<p>"},"id":1,"tagName":"IFRAME"}`, `{"attributes":{"src":""},"id":1,"tagName":"IFRAME"}`},
		"two attributes":  {`{"attributes":{"src":"https://evil/"},"attributes":{"src":"https://evil/"},"tagName":"iframe"}`, `{"attributes":{"src":""},"attributes":{"src":""},"tagName":"iframe"}`},
		"handlers":        {`{"tagName":"img","attributes":{"onerror":"alert(1)","OnLoad":"x","src":"x","on\u0063lick":1},"id":1}`, `{"tagName":"img","attributes":{"src":"x"},"id":1}`},
		"javascript URL":  {`{"tagName":"a","attributes":{"href":" jAva\tscript\u0000:alert(1)","x":"data:text/html,<p>","y":"vbscript:x"},"id":1}`, `{"tagName":"a","attributes":{},"id":1}`},
		"list as value":   {`{"tagName":"a","attributes":{"href":["javascript:alert(1)"],"style":{"color":"red"}},"id":1}`, `{"tagName":"a","attributes":{"style":{"color":"red"}},"id":1}`},
		"mutation":        {`{"source":0,"attributes":[{"id":7,"attributes":{"src":"https://evil","onclick":"x","style":{"top":"1px"}}},{"id":8,"attributes":{"src":"data:image/png;base64,AA"}}]}`, `{"source":0,"attributes":[{"id":7,"attributes":{"src":"","style":{"top":"1px"}}},{"id":8,"attributes":{"src":"data:image/png;base64,AA"}}]}`},
		"prefetch":        {`{"tagName":"link","attributes":{"rel":"DNS-Prefetch","href":"//evil"},"id":1}`, `{"tagName":"link","attributes":{"href":"//evil"},"id":1}`},
		"name not text":   {`{"tagName":["script"],"id":1}`, `{"id":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sanitize([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			var c bytes.Buffer
			if err := json.Compact(&c, got); err != nil {
				t.Fatalf("%v: %s", err, got)
			}
			if diff := cmp.Diff(tc.want, c.String()); diff != "" {
				t.Error(diff)
			}
			again, err := sanitize(c.Bytes())
			if err != nil || string(again) != c.String() {
				t.Errorf("not stable: %v\n%s\n%s", err, c.Bytes(), again)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, body := range corpus(f) {
		if len(body) < 3000 {
			f.Add(body)
		}
	}
	f.Add([]byte("[" + fetched + "," + crumb("ui.click", `{"nodeId":1}`) + "]"))
	f.Add([]byte(`[{"type":2,"timestamp":1,"data":{"node":{"tagName":"script"}}},{"type":3,"data":{"attributes":[{"attributes":{"src":"x"}}]}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		lim := Limits{Inflated: 1 << 20}
		seg, err := Parse(body, lim)
		if err == nil {
			if _, err := json.Marshal(seg); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for _, eventErr := range Events(body, lim) {
			if (eventErr == nil) != (err == nil) {
				t.Fatalf("Parse says %v, Events %v", err, eventErr)
			}
			n++
		}
		if err == nil && n != seg.Events {
			t.Fatalf("%d events, %d of them walked", seg.Events, n)
		}
		_ = WriteArray(io.Discard, Sanitize(Events(body, lim)))
	})
}

// FuzzSanitize checks the promise on whatever JSON: nothing of what must go is left.
func FuzzSanitize(f *testing.F) {
	f.Add([]byte(`{"tagName":"iframe","attributes":{"src":"x","onload":"y","href":"javascript:1"},"childNodes":[{"tagName":"script"}]}`))
	f.Add([]byte(`{"attributes":[{"attributes":{"a":[1]}}],"tagName":3}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := sanitize(in)
		if err != nil || !json.Valid(in) {
			return
		}
		var v any
		if err := json.Unmarshal(out, &v); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		check(t, v)
	})
}

func check(t *testing.T, v any) {
	switch v := v.(type) {
	case []any:
		for _, c := range v {
			check(t, c)
		}
	case map[string]any:
		tag, _ := v["tagName"].(string)
		switch plainTag(tag) {
		case "script", "base", "object", "embed":
			t.Fatalf("%q is left", tag)
		}
		if a, ok := v["attributes"].(map[string]any); ok {
			for name, value := range a {
				s, _ := value.(string)
				if n := plainTag(name); len(n) > 1 && n[:2] == "on" || n == "srcdoc" || activeURL(s) || n == "src" && plainTag(tag) == "iframe" && s != "" {
					t.Fatalf("%s=%q is left", name, s)
				}
			}
			return
		}
		for _, c := range v {
			check(t, c)
		}
	}
}
