package recording

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// corpus holds what real SDKs recorded, by name, without the line with the segment id.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob("testdata/*.recording")
	if len(files) < 20 {
		t.Fatalf("only %d recordings", len(files))
	}
	out := map[string][]byte{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, body, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			t.Fatalf("%s has no header line", name)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".recording")] = body
	}
	return out
}

// plain inflates and decodes a body the simple way, as the measure for ours.
func plain(t *testing.T, body []byte) []map[string]any {
	t.Helper()
	if body[0] == 0x78 {
		r, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	var events []map[string]any
	if err := json.Unmarshal(body, &events); err != nil {
		t.Fatal(err)
	}
	return events
}

func TestCorpus(t *testing.T) {
	var requests, traced, clicks, rage int
	for name, body := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			seg, err := Parse(body, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			want, got := map[string]int{}, map[string]int{}
			snapshot, first := false, 0.0
			events := plain(t, body)
			for _, e := range events {
				at, kind := e["timestamp"].(float64), e["type"].(float64)
				snapshot = snapshot || kind == 2
				if kind != 5 && (first == 0 || at < first) {
					first = at
				}
				switch data, _ := e["data"].(map[string]any); {
				case kind == 4:
					want["page"]++
				case kind != 5:
				case data["tag"] == "breadcrumb":
					want[fmt.Sprint(data["payload"].(map[string]any)["category"])]++
				case data["tag"] == "performanceSpan":
					want[fmt.Sprint(data["payload"].(map[string]any)["op"])]++
				default:
					want[fmt.Sprint(data["tag"])]++
				}
			}
			for _, f := range seg.Frames {
				key := f.Category
				if key == "" {
					key = f.Kind
				}
				got[key]++
				if f.TimeMS < 1.7e12 || f.TimeMS > 1.9e12 || f.EndMS != 0 && f.EndMS < f.TimeMS {
					t.Errorf("time of %+v", f)
				}
				if f.Kind == KindCustom && f.Category != "shop" { // the page's own
					t.Errorf("not known: %s", f.Category)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if seg.Events != len(events) || seg.HasFullSnapshot != snapshot || seg.FirstMS != int64(first) && first != 0 || seg.LastMS < seg.FirstMS {
				t.Errorf("%d events, snapshot %v, %d to %d; want %d, %v, from %f", seg.Events, seg.HasFullSnapshot, seg.FirstMS, seg.LastMS, len(events), snapshot, first)
			}
			if b, err := json.Marshal(seg.Frames); err != nil || bytes.Contains(b, []byte("childNodes")) {
				t.Errorf("frames hold DOM: %v", err)
			}
			requests += len(seg.Requests)
			clicks += len(seg.Clicks)
			rage += seg.Rage
			for _, r := range seg.Requests {
				if !r.TraceID.IsZero() {
					traced++
				}
				if r.Method == "" || !strings.HasPrefix(r.Path, "/") || r.EndUS < r.StartUS || r.StartUS < 1.7e15 {
					t.Errorf("request %+v", r)
				}
			}
		})
	}
	t.Logf("%d requests, %d with a trace, %d clicks, %d rage", requests, traced, clicks, rage)
	if requests != 70 || clicks != 189 || rage != 2 { // counted with another tool
		t.Errorf("%d requests, %d clicks, %d rage", requests, clicks, rage)
	}
}

const fetched = `{"type":5,"timestamp":1795168822.5,"data":{"tag":"performanceSpan","payload":{"op":"resource.fetch","description":"https://a.test/api/x?y=1",` +
	`"startTimestamp":1795168822.5,"endTimestamp":1795168823.25,"data":{"method":"post","statusCode":500,"request":{"headers":` +
	`{"Sentry-Trace":"0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"},"body":{"a":1}}}}}}`

func crumb(category, data string) string {
	return `{"type":5,"timestamp":1795168822000,"data":{"tag":"breadcrumb","payload":{"timestamp":1795168822,"type":"default","category":"` + category +
		`","message":"body > button#pay","data":` + data + `}}}`
}

func TestRequests(t *testing.T) {
	seg, err := Parse([]byte("["+fetched+"]"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r := seg.Requests[0]
	if r.Method != "POST" || r.Path != "/api/x" || r.Status != 500 || r.StartUS != 1795168822500000 || r.EndUS != 1795168823250000 ||
		r.TraceID.String() != "0af7651916cd43dd8448eb211c80319c" || r.SpanID.String() != "b7ad6b7169203331" {
		t.Errorf("got %+v", r)
	}
	if f := seg.Frames[0]; f.Kind != KindNetwork || f.TimeMS != 1795168822500 || f.EndMS != 1795168823250 || !bytes.Contains(f.Data, []byte(`"body":{"a":1}`)) {
		t.Errorf("got %+v", f)
	}
}

func TestClicks(t *testing.T) {
	node := func(tag string) string {
		return `"nodeId":7,"node":{"id":7,"tagName":"` + tag + `","textContent":"Pay","attributes":{"id":"pay","class":"a b","testId":"t"}}`
	}
	for _, tc := range []struct {
		category, data, kind string
		dead, rage, clicks   int
	}{
		{"ui.click", `{` + node("button") + `}`, KindClick, 0, 0, 1},
		{"ui.slowClickDetected", `{` + node("button") + `,"endReason":"timeout","timeAfterClickMs":7000,"clickCount":1}`, KindDeadClick, 1, 0, 1},
		{"ui.slowClickDetected", `{` + node("button") + `,"endReason":"timeout","timeAfterClickMs":7000,"clickCount":5}`, KindRageClick, 1, 1, 1},
		{"ui.slowClickDetected", `{` + node("button") + `,"endReason":"timeout","timeAfterClickMs":3000,"clickCount":5}`, KindSlowClick, 0, 0, 0},
		{"ui.slowClickDetected", `{` + node("button") + `,"endReason":"mutation","timeAfterClickMs":7000,"clickCount":5}`, KindSlowClick, 0, 0, 0},
		{"ui.slowClickDetected", `{` + node("div") + `,"endReason":"timeout","timeAfterClickMs":7000,"clickCount":5}`, KindSlowClick, 0, 0, 0},
		{"ui.multiClick", `{` + node("button") + `,"clickCount":6}`, KindMultiClick, 0, 0, 0},
	} {
		seg, err := Parse([]byte("["+crumb(tc.category, tc.data)+"]"), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if seg.Frames[0].Kind != tc.kind || seg.Dead != tc.dead || seg.Rage != tc.rage || len(seg.Clicks) != tc.clicks || seg.Frames[0].NodeID != 7 {
			t.Errorf("%s %s: %+v", tc.category, tc.data, seg)
		}
		for _, c := range seg.Clicks {
			if c.Tag != "button" || c.ID != "pay" || len(c.Classes) != 2 || c.TestID != "t" || c.Selector != "body > button#pay" || c.Text != "Pay" {
				t.Errorf("got %+v", c)
			}
		}
	}
}

func squeezed(t testing.TB, text string, gz bool) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = zlib.NewWriter(&b)
	if gz {
		w = gzip.NewWriter(&b)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return b.Bytes()
}

func TestBodies(t *testing.T) {
	for _, gz := range []bool{true, false} {
		if seg, err := Parse(squeezed(t, "["+fetched+"]", gz), Limits{}); err != nil || seg.Events != 1 {
			t.Errorf("gzip %v: %v", gz, err)
		}
	}
	if seg, err := Parse([]byte(" [ ] \n"), Limits{}); err != nil || seg.Events != 0 || seg.FirstMS != 0 {
		t.Errorf("empty list: %v", err)
	}
	whole := squeezed(t, "["+strings.Repeat(fetched+",", 50)+fetched+"]", false)
	for name, tc := range map[string]struct {
		body []byte
		want error
	}{
		"empty":       {nil, ErrEmpty},
		"text":        {[]byte("hello"), ErrMalformed},
		"object":      {[]byte(`{"a":1}`), ErrMalformed},
		"cut":         {whole[:len(whole)-20], ErrMalformed},
		"bad zlib":    {[]byte{0x78, 0x9c, 1, 2, 3}, ErrMalformed},
		"not closed":  {[]byte(`[{"type":2`), ErrMalformed},
		"trailing":    {[]byte(`[] []`), ErrMalformed},
		"not objects": {[]byte(`[1,2]`), ErrMalformed},
		"too deep":    {[]byte(`[{"type":2,"data":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}]`), ErrMalformed},
		"raw newline": {[]byte("[{\"type\":3,\"data\":\"a\nb\"}]"), ErrMalformed},
		"too large":   {squeezed(t, "["+strings.Repeat(" ", 2<<20)+"]", false), ErrTooLarge},
	} {
		if _, err := Parse(tc.body, Limits{Inflated: 1 << 20}); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		for _, err := range Events(tc.body, Limits{Inflated: 1 << 20}) {
			if !errors.Is(err, tc.want) {
				t.Errorf("Events of %s: %v, want %v", name, err, tc.want)
			}
		}
	}
}

// TestSnapshotsCostNoMemory passes over a snapshot of 16 MiB.
func TestSnapshotsCostNoMemory(t *testing.T) {
	node := `{"type":2,"tagName":"div","attributes":{"class":"abcdefghij"},"childNodes":[],"id":1}`
	body := squeezed(t, `[{"type":2,"data":{"node":{"type":0,"childNodes":[`+strings.Repeat(node+",", (16<<20)/len(node))+node+`]}},"timestamp":1795168822000}]`, false)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	seg, err := Parse(body, Limits{})
	runtime.ReadMemStats(&after)
	if err != nil || !seg.HasFullSnapshot {
		t.Fatal(err)
	}
	// Names are allocated one by one and freed at once; what counts is what is in use at the end.
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 8<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

func TestEvents(t *testing.T) {
	body := "[" + strings.Join([]string{
		`{"type":3,"timestamp":1795168823000,"data":{"source":1}}`, fetched,
		`{"timestamp":1795168822000,"data":{},"type":4}`, `{"type":3,"data":{"source":5},"timestamp":1795168823000}`}, ",") + "]"
	var types []int
	var all []string
	for e, err := range Events([]byte(body), Limits{}) {
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, e.Type)
		all = append(all, string(e.Raw))
	}
	if diff := cmp.Diff([]int{4, 5, 3, 3}, types); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(all[1], `"timestamp":1795168822500,`) || !strings.Contains(all[2], `"source":1`) {
		t.Errorf("got %v", all)
	}
}

// TestPlayable says that what the player gets of real recordings is all of it: the sanitiser changes
// nothing but scripts and the like.
func TestPlayable(t *testing.T) {
	for name, body := range corpus(t) {
		var b bytes.Buffer
		if err := WriteArray(&b, Sanitize(Events(body, Limits{}))); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []map[string]any
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := plain(t, body)
		if len(got) != len(want) {
			t.Errorf("%s: %d of %d events", name, len(got), len(want))
		}
		count := func(events []map[string]any) (nodes int) {
			var walk func(v any)
			walk = func(v any) {
				switch v := v.(type) {
				case map[string]any:
					if _, ok := v["id"]; ok {
						nodes++
					}
					for _, c := range v {
						walk(c)
					}
				case []any:
					for _, c := range v {
						walk(c)
					}
				}
			}
			for _, e := range events {
				if e["type"] == 2.0 || e["type"] == 3.0 {
					walk(e)
				}
			}
			return nodes
		}
		if w, g := count(want), count(got); g < w*9/10 {
			t.Errorf("%s: %d of %d nodes", name, g, w)
		}
		last := 0.0
		for _, e := range got {
			if at := e["timestamp"].(float64); at < last || at < 1.7e12 {
				t.Errorf("%s: %f after %f", name, at, last)
			} else {
				last = at
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	node := `{"type":2,"tagName":"div","attributes":{"class":"abcdefghij","style":"color: red; margin: 0 1px"},"childNodes":[],"id":1}`
	text := `[{"type":2,"data":{"node":{"type":0,"childNodes":[` + strings.Repeat(node+",", (4<<20)/len(node)) + node + `]}},"timestamp":1795168822000}]`
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Parse([]byte(text), Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
