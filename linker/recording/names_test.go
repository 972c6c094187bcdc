package recording

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Elements are called what people see on them, and fields by their label, also when a script made them.
func TestReadHand(t *testing.T) {
	snapshot := `{"type":2,"timestamp":1000000000000,"data":{"node":{"type":0,"id":1,"childNodes":[{"type":2,"tagName":"body","id":2,"childNodes":[
		{"type":2,"tagName":"button","attributes":{"id":"pay"},"id":10,"childNodes":[{"type":3,"textContent":"Pay ","id":11},{"type":2,"tagName":"b","id":12,"childNodes":[{"type":3,"textContent":"$7.20","id":13}]}]},
		{"type":2,"tagName":"label","id":20,"childNodes":[{"type":2,"tagName":"input","attributes":{"type":"checkbox"},"id":21,"childNodes":[]},{"type":3,"textContent":" Payment throws","id":22}]},
		{"type":2,"tagName":"label","attributes":{"for":"card"},"id":30,"childNodes":[{"type":3,"textContent":"Card number","id":31}]},
		{"type":2,"tagName":"input","attributes":{"id":"card"},"id":32},
		{"type":2,"tagName":"button","attributes":{"aria-label":"Close"},"id":40,"childNodes":[{"type":3,"textContent":"***","id":41}]},
		{"type":2,"tagName":"div","id":50,"childNodes":[{"type":3,"textContent":"No button","id":51}]},
		{"type":2,"tagName":"script","id":60,"childNodes":[{"type":3,"textContent":"var x","id":61}]}]}]}}}`
	added := `{"type":3,"timestamp":1000000001000,"data":{"source":0,"texts":[{"id":13,"value":"$9.00"}],"adds":[
		{"parentId":2,"nextId":null,"node":{"type":2,"tagName":"button","attributes":{},"id":70,"childNodes":[]}},
		{"parentId":70,"nextId":null,"node":{"type":3,"textContent":"Try again","id":71}},
		{"parentId":999,"nextId":null,"node":{"type":3,"textContent":"Of before","id":81}}]}}`
	touched := `{"type":3,"timestamp":1000000002000,"data":{"source":2,"type":2,"id":70,"x":1,"y":2}},{"type":3,"timestamp":1000000002001,"data":{"source":2,"type":1,"id":70}},
		{"type":3,"timestamp":1000000003000,"data":{"source":5,"text":"*","isChecked":false,"id":32}}`
	tell := func(body string) []string {
		t.Helper()
		hand, err := ReadHand([]byte(body), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		out := []string{}
		for _, n := range hand.Names {
			out = append(out, fmt.Sprint(n.AtMS%100_000, " ", n.NodeID, " ", n.Name))
		}
		for _, touch := range hand.Touches {
			out = append(out, fmt.Sprint(touch.AtMS%100_000, " ", touch.NodeID, " typed: ", touch.Typed))
		}
		return out
	}
	want := []string{"0 10 Pay $7.20", "0 21 Payment throws", "0 20 Payment throws", "0 30 Card number", "0 32 Card number", "0 40 Close",
		"1000 10 Pay $9.00", "1000 70 Try again", "1000 999 Of before", "2000 70 typed: false", "3000 32 typed: true"}
	got := tell("[" + snapshot + "," + added + "," + touched + "]")
	less := func(in []string) map[string]bool {
		out := map[string]bool{}
		for _, s := range in {
			out[s] = true
		}
		return out
	}
	if diff := cmp.Diff(less(want), less(got)); diff != "" || len(want) != len(got) {
		t.Errorf("%d names, want %d: %s", len(got), len(want), diff)
	}
	if got := tell("[" + added + "]"); len(got) != 3 { // "?" may be anything: the body is called what was added to it
		t.Errorf("without the snapshot: %q", got)
	}
	if _, err := ReadHand([]byte(`[{"type":2,"data":{"node":{`), Limits{}); err == nil {
		t.Error("a cut recording is read")
	}
}

// FuzzReadHand: whatever was recorded, names are short, and there are no more of them than may be.
func FuzzReadHand(f *testing.F) {
	for _, body := range corpus(f) {
		if len(body) < 3000 {
			f.Add(body)
		}
	}
	f.Add([]byte(`[{"type":3,"timestamp":1,"data":{"source":0,"adds":[{"parentId":1,"node":{"type":2,"tagName":"label","id":1,"childNodes":[{"type":3,"id":1,"textContent":"a"}]}}]}},{"type":3,"timestamp":2,"data":{"source":5,"id":1}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		hand, err := ReadHand(body, Limits{Inflated: 1 << 20})
		if err != nil {
			return
		}
		if len(hand.Names) > maxNames || len(hand.Touches) > maxTouches {
			t.Fatalf("%d names, %d touches", len(hand.Names), len(hand.Touches))
		}
		for _, n := range hand.Names {
			if n.Name == "" || len([]rune(n.Name)) > maxNameText+1 {
				t.Fatalf("%+v", n)
			}
		}
	})
}
