package grouping

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/grouping/groupingtest"
	"github.com/hindsight-dev/hindsight/linker/normalize"
)

var update = flag.Bool("update", false, "rewrite testdata/golden/v2.json")

// sample is an event of the corpus and the issue a person says it belongs to. Files sdk_* hold what
// real SDKs sent (frames only), the others what was written by hand for a rule.
type sample struct{ groupingtest.Sample }

// golden is what the algorithm did to a sample.
type golden struct {
	Hashes  []string `json:"hashes"`
	Title   string   `json:"title"`
	Culprit string   `json:"culprit,omitempty"`
}

func corpus(t testing.TB) []sample {
	t.Helper()
	read, err := groupingtest.Corpus("testdata")
	if err != nil {
		t.Fatal(err)
	}
	all := make([]sample, len(read))
	for i := range read {
		all[i] = sample{read[i]}
	}
	return all
}

func (s sample) event(t testing.TB) *envelope.Event {
	t.Helper()
	ev, err := envelope.ParseEvent(s.Event)
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	normalize.Event(ev, normalize.Input{Received: time.Unix(1795168381, 0)})
	return ev
}

func (s sample) result(t testing.TB) Result {
	t.Helper()
	return Group(s.event(t))
}

// TestCorpus puts events into issues as the linker does, and compares all pairs with what people say:
// precision is the share of pairs put together that belong together, recall the share of pairs
// that belong together that were put together.
func TestCorpus(t *testing.T) {
	const minPrecision, minRecall = 0.99, 0.98
	samples := corpus(t)
	if len(samples) < 500 {
		t.Errorf("only %d events", len(samples))
	}
	issueOf := map[string]int{} // by hash
	assigned := make([]int, len(samples))
	got := map[string]golden{}
	for i, s := range samples {
		r := s.result(t)
		got[s.Name] = golden{r.Hashes, r.Title, r.Culprit}
		issue := i
		for _, h := range r.Hashes {
			if old, ok := issueOf[s.Project+h]; ok {
				issue = old
				break
			}
		}
		assigned[i] = issue
		for _, h := range r.Hashes {
			if _, ok := issueOf[s.Project+h]; !ok {
				issueOf[s.Project+h] = issue
			}
		}
	}
	var together, belong, both float64
	for i := range samples {
		for j := range i {
			if samples[i].Project != samples[j].Project {
				continue
			}
			same, want := assigned[i] == assigned[j], samples[i].Issue == samples[j].Issue
			if same {
				together++
			}
			if want {
				belong++
			}
			if same && want {
				both++
			} else if same {
				t.Logf("together but different: %s (%s), %s (%s)", samples[j].Name, samples[j].Issue, samples[i].Name, samples[i].Issue)
			} else if want {
				t.Logf("apart but the same: %s, %s (%s)", samples[j].Name, samples[i].Name, samples[i].Issue)
			}
		}
	}
	precision, recall := both/together, both/belong
	t.Logf("%d events: precision %.4f, recall %.4f over %.0f pairs", len(samples), precision, recall, belong)
	if precision < minPrecision || recall < minRecall {
		t.Errorf("precision %.4f (at least %v), recall %.4f (at least %v)", precision, minPrecision, recall, minRecall)
	}
	compareGolden(t, got)
}

// compareGolden holds the current version still: a hash that changes would split every issue in every database.
func compareGolden(t *testing.T, got map[string]golden) {
	t.Helper()
	const name = "testdata/golden/v2.json"
	if *update {
		b, err := json.MarshalIndent(got, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(readGolden(t, name), got); diff != "" {
		t.Errorf("differs from %s; run with -update and read the diff:\n%.4000s", name, diff)
	}
}

func readGolden(t *testing.T, name string) (want map[string]golden) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

// TestFirstAlgorithmStands: issues of its time are found by its hashes for ever, also when the event has been
// through the current one.
func TestFirstAlgorithmStands(t *testing.T) {
	want := readGolden(t, "testdata/golden/v1.json")
	seen := 0
	for _, s := range corpus(t) {
		w, ok := want[s.Name]
		if !ok {
			continue
		}
		seen++
		if diff := cmp.Diff(w.Hashes, hashesV1(s.event(t))); diff != "" {
			t.Errorf("%s: %s", s.Name, diff)
		}
		if r := s.result(t); cmp.Diff(w.Hashes, r.Older) != "" {
			t.Errorf("%s: older hashes %v", s.Name, r.Older)
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d events of the first algorithm are left", seen, len(want))
	}
}

func TestParameterize(t *testing.T) {
	for in, want := range map[string]string{
		"order 4711 of a@b.co failed":                           "order <number> of <email> failed",
		"order o-7 failed":                                      "order o-<number> failed",
		"id 5f3c2b1a-0d9e-4f8a-9b7c-1a2b3c4d5e6f gone":          "id <uuid> gone",
		"GET https://a.test/x?y=1: 502":                         "GET <url>: <number>",
		"open /var/data/a.txt: no such file":                    "open <path>: no such file",
		"at 2026-11-20T10:42:32.167Z from 10.0.0.1:5432":        "at <date> from <ip>",
		"took 1.5s, 230ms":                                      "took <duration>, <duration>",
		"blob 0x7fff00 of 9f86d081884c7d65":                     "blob <hex> of <hex>",
		"User 'bob' not found":                                  "User <quoted> not found",
		"Cannot read properties of undefined (reading 'price')": "Cannot read properties of undefined (reading 'price')",
		"'NoneType' object has no attribute 'total'":            "<quoted> object has no attribute 'total'",
		"can't do it, don't":                                    "can't do it, don't",
		"  two\n lines\t here ":                                 "two lines here",
		"deadbeef cafe decade feed":                             "deadbeef cafe decade feed",
		"C:\\Users\\bob\\x.txt is locked":                       "<path> is locked",
		"connect ECONNREFUSED ::1 fe80::1":                      "connect ECONNREFUSED <ip> <ip>",
		"utf8 v1 sha256":                                        "utf8 v1 sha<number>",
		"read 17 bytes of 1.5 GiB":                              "read <size> of <size>",
		`got {"a":1,"b":[2,{"c":"}"}]} from x`:                  "got <json> from x",
		`rows [{"id":1}] and {not json} [x]`:                    "rows <json> and {not json} [x]",
		`cut {"a": {"b": 1`:                                     "cut <json>",
		"charge ch_3OaB2k9LmQ4x7Z declined":                     "charge <id> declined",
		"mac 00:1a:2b:3c:4d:5e":                                 "mac <mac>",
		"backup of 2026-01-02 03:04:05 failed":                  "backup of <date> failed",
		"disk at 97.5%, 1_000 left":                             "disk at <number>, <number> left",
		"in 30 seconds, 2 days":                                 "in <duration>, <duration>",
		"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.abc-d expired":     "token <token> expired",
	} {
		if got := Parameterize(in); got != want {
			t.Errorf("Parameterize(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}

// Texts that take a backtracking matcher for ever; the test is that it ends.
func TestParameterizeIsLinear(t *testing.T) {
	for _, s := range []string{strings.Repeat("{[", 5000), strings.Repeat("a1", 5000), strings.Repeat("1:", 5000), strings.Repeat("/a", 5000), strings.Repeat(`"`, 5000),
		strings.Repeat("a@", 5000), strings.Repeat("1.", 5000), strings.Repeat(`{"a":`, 5000)} {
		if got := Parameterize(s); len(got) > 4*maxWords {
			t.Errorf("%.10s: %d bytes", s, len(got))
		}
	}
}

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.test/static/js/main.3f2a1b9c.chunk.js?v=1":       "static/js/main.chunk.js",
		"https://a.test/assets/index-BR-l9zjD.js":                   "assets/index.js",
		"https://a.test/assets/index-DkQ3xY7a.js":                   "assets/index.js",
		"app:///_next/static/chunks/pages/_app-0f1e2d3c4b5a6978.js": "_next/static/chunks/pages/_app.js",
		"./src/shopping-cart.tsx":                                   "src/shopping-cart.tsx",
		"https://a.test/js/user-settings.js":                        "js/user-settings.js",
		"/srv/releases/20261120093000/app/cart.py":                  "app/cart.py",
		`C:\build\shop\Cart.cs`:                                     "shop/Cart.cs",
		"vendors~main.9d8c7b6a.min.js":                              "vendors~main.js",
		"main.js":                                                   "main.js",
	} {
		if got := fileName(&envelope.Frame{Filename: in}); got != want {
			t.Errorf("fileName(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestConformance holds the case of the protocol's checklist that is about hashes.
func TestConformance(t *testing.T) {
	t.Run("119_fingerprint", func(t *testing.T) {
		group := func(fingerprint string) Result {
			return sample{groupingtest.Sample{Event: json.RawMessage(`{"exception":[{"type":"A","value":"b"}],"fingerprint":` + fingerprint + `}`)}}.result(t)
		}
		plain, x, y := group(`null`), group(`["{{ default }}","x"]`), group(`["{{default}}","y"]`)
		if plain.Hashes[0] == x.Hashes[0] || x.Hashes[0] == y.Hashes[0] {
			t.Errorf("%v %v %v", plain.Hashes, x.Hashes, y.Hashes)
		}
		if again := group(`["{{ default }}"]`); again.Hashes[0] != plain.Hashes[0] {
			t.Error("{{ default }} alone is not the default")
		}
		if custom := group(`["x"]`); custom.Hashes[0] == x.Hashes[0] || len(custom.Hashes) != 1 {
			t.Errorf("custom: %v", custom.Hashes)
		}
	})
}

func TestDescribe(t *testing.T) {
	r := sample{groupingtest.Sample{Event: json.RawMessage(`{"platform":"go","exception":[{"type":"*main.orderError","value":"order o-7 is broken"},
		{"type":"*fmt.wrapError","value":"charge: order o-7 is broken","stacktrace":{"frames":[{"function":"charge","module":"main","filename":"pay.go","in_app":true},
		{"function":"ServeHTTP","module":"net/http","in_app":false}]}}]}`)}}.result(t)
	want := map[string]string{"type": "*main.orderError", "value": "charge: order o-7 is broken", "filename": "pay.go", "function": "charge", "in_app_frame_mix": "mixed"}
	if diff := cmp.Diff(want, r.Metadata); diff != "" {
		t.Error(diff)
	}
	if r.Title != "*main.orderError: charge: order o-7 is broken" || r.Culprit != "main in charge" || r.Type != "error" {
		t.Errorf("%q %q %q", r.Title, r.Culprit, r.Type)
	}
	if b, _ := json.Marshal(r.Variants); !strings.Contains(string(b), "not the application's") {
		t.Errorf("the tree does not say why: %s", b)
	}
	r = sample{groupingtest.Sample{Event: json.RawMessage(`{"message":"\n two\nlines"}`)}}.result(t)
	if r.Title != "two" || r.Type != "default" || r.Metadata["title"] != "two" {
		t.Errorf("%+v", r)
	}
}

func FuzzGroup(f *testing.F) {
	for i, s := range corpus(f) {
		if i%7 == 0 {
			f.Add([]byte(s.Event))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ev, err := envelope.ParseEvent(b)
		if err != nil {
			return
		}
		normalize.Event(ev, normalize.Input{})
		r := Group(ev)
		if len(r.Hashes) == 0 || len(r.Hashes) > len(r.Variants) || r.Title == "" && len(ev.Exceptions) == 0 {
			t.Fatalf("%v %q", r.Hashes, r.Title)
		}
		if again := Group(ev); again.Hashes[0] != r.Hashes[0] {
			t.Fatal("not the same twice")
		}
	})
}
