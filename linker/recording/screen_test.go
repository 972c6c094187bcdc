package recording

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadScreen(t *testing.T) {
	snapshot := func(children string) string {
		return `{"type":2,"timestamp":1700000000000,"data":{"node":{"type":0,"childNodes":[{"type":2,"tagName":"html","attributes":{},"childNodes":[` + children + `],"id":2}],"id":1}}}`
	}
	el := func(id int, tag, attrs string, children ...string) string {
		return fmt.Sprintf(`{"type":2,"tagName":%q,"attributes":{%s},"childNodes":[%s],"id":%d}`, tag, attrs, strings.Join(children, ","), id)
	}
	text := func(id int, s string) string { return fmt.Sprintf(`{"type":3,"textContent":%q,"id":%d}`, s, id) }
	change := func(rest string) string {
		return `{"type":3,"timestamp":1700000001000,"data":{"source":0,` + rest + `}}`
	}
	for _, tt := range []struct {
		name   string
		events []string
		want   string
	}{
		{"text, in the order of the page, each once", []string{snapshot(el(3, "p", "", text(4, "Out of "), el(5, "b", "", text(6, "stock"))) + "," + el(7, "p", "", text(8, "stock")))}, "Out of\nstock\n"},
		{"not head, script, style or comments", []string{snapshot(el(3, "head", "", el(4, "title", "", text(5, "T"))) + "," + el(6, "SCRIPT", "", text(7, "alert")) + "," + el(8, "style", "", text(9, "a{}")) + `,{"type":5,"textContent":"c","id":10}`)}, ""},
		{"not what is masked", []string{snapshot(text(3, "*** ****") + "," + text(4, "**** 12"))}, "**** 12\n"},
		{"not what is hidden, by style or attribute", []string{snapshot(el(3, "p", `"style":"color:red; display : none"`, text(4, "a")) + "," + el(5, "p", `"hidden":""`, el(6, "b", "", text(7, "b"))) + "," + text(8, "c"))}, "c\n"},
		{"until it is shown", []string{snapshot(el(3, "p", `"style":"display:none"`, text(4, "Sold out")) + "," + el(5, "p", `"hidden":true`, text(6, "Gone"))),
			change(`"attributes":[{"id":3,"attributes":{"style":{"display":"block"}}},{"id":5,"attributes":{"hidden":null}}]`)}, "Sold out\nGone\n"},
		{"a change that does not show it", []string{snapshot(el(3, "p", `"style":"display:none"`, text(4, "Sold out"))),
			change(`"attributes":[{"id":3,"attributes":{"class":"x","style":{"display":"none"}}}],"texts":[{"id":4,"value":"now"}]`)}, ""},
		{"what is added and changed", []string{change(`"adds":[{"parentId":1,"nextId":null,"node":` + el(9, "p", "", text(10, "Added")) + `}],"texts":[{"id":4,"value":"Changed"}]`)}, "Changed\nAdded\n"},
		{"added below something hidden", []string{snapshot(el(3, "p", `"hidden":""`)), change(`"adds":[{"parentId":3,"nextId":null,"node":` + text(10, "Added") + `}]`), change(`"attributes":[{"id":3,"attributes":{"hidden":null}}]`)}, "Added\n"},
		{"what inputs show, and what is typed", []string{snapshot(el(3, "input", `"type":"text","value":"Bob","placeholder":"Name"`) + "," + el(4, "input", `"type":"hidden","value":"csrf"`)), `{"type":3,"timestamp":1,"data":{"source":5,"text":"Bobby","id":3}}`}, "Bob\nName\nBobby\n"},
		{"shapes that are none", []string{`{"type":2,"data":{"node":[1]}}`, `{"type":2,"data":7}`, `{"type":3,"data":{"source":0,"adds":{},"texts":[1,"x",{"value":{}}],"attributes":[{"attributes":[]}]}}`, `{"data":{"node":{}},"type":2}`, `7`, `{"type":2,"data":{"node":{"type":3,"textContent":"\ud800x"}}}`}, "\uFFFDx\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadScreen([]byte("["+strings.Join(tt.events, ",")+"]"), Limits{})
			if tt.name == "shapes that are none" && err != nil { // an event that is no object is no recording
				got, err = ReadScreen([]byte("["+strings.Join(append(tt.events[:4:4], tt.events[5]), ",")+"]"), Limits{})
			}
			if err != nil {
				t.Fatal(err)
			}
			lines := func(s string) map[string]bool {
				m := map[string]bool{}
				for _, l := range strings.Split(s, "\n") {
					m[l] = true
				}
				return m
			}
			if diff := cmp.Diff(lines(tt.want), lines(got.Text)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReadScreenOfTheCorpus(t *testing.T) {
	text, changes := "", 0
	for name, body := range corpus(t) {
		s, err := ReadScreen(body, Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(s.Text, "function(") || strings.Contains(s.Text, "font-family") {
			t.Errorf("%s: code is no text:\n%s", name, s.Text)
		}
		text += s.Text
		changes += len(s.Changes)
	}
	if changes == 0 || len(strings.Fields(text)) < 50 {
		t.Errorf("%d changes, text %q", changes, text)
	}
}

func TestScreenIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`[{"type":2,"timestamp":1,"data":{"node":{"type":0,"childNodes":[`)
	for i := range 100_000 {
		fmt.Fprintf(&b, `{"type":2,"tagName":"p","attributes":{"hidden":""},"childNodes":[{"type":3,"textContent":"text %d","id":%d}],"id":%d},{"type":3,"textContent":"shown %d"},`, i, 2*i+10, 2*i+11, i)
	}
	b.WriteString(`{}]}}}]`)
	s, err := ReadScreen([]byte(b.String()), Limits{})
	if err != nil || len(s.Text) > maxScreenText || len(s.Text) < maxScreenText/2 {
		t.Fatalf("%d bytes, %v", len(s.Text), err)
	}
	for n := 1; n < 400; n += 7 { // cut off anywhere
		if _, err := ReadScreen([]byte(b.String()[:n]), Limits{}); err == nil {
			t.Errorf("cut at %d: no error", n)
		}
	}
}
