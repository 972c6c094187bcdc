package linker

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/store"
)

const shopMap = `{"version":3,"sources":["../src/cart.ts"],"sourcesContent":["class Cart {\n  pay() {\n    throw new Error('declined')\n  }\n}\n"],"names":[],"mappings":"AAEI"}`

const debugID = "0f0f0f0f-1111-4222-8333-444444444444"

func sumOf(b []byte) string {
	s := sha1.Sum(b)
	return hex.EncodeToString(s[:])
}

// shopBundle is an archive of a minified file and its map.
func (w *world) shopBundle(withDebugID bool) []byte {
	w.t.Helper()
	headers := ""
	if withDebugID {
		headers = `"debug-id":"` + debugID + `",`
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range [][2]string{
		{"manifest.json", `{"files":{"files/_/_/app.js":{"type":"minified_source","url":"~/static/app.js","headers":{` + headers + `"sourcemap":"app.js.map"}},` +
			`"files/_/_/app.js.map":{"type":"source_map","url":"~/static/app.js.map","headers":{` + strings.TrimSuffix(headers, ",") + `}}}}`},
		{"files/_/_/app.js", "throw new Error('declined')"}, {"files/_/_/app.js.map", shopMap},
	} {
		p, err := z.Create(f[0])
		if err == nil {
			_, err = io.WriteString(p, f[1])
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

// upload brings chunks and asks for them to be put together.
func (w *world) upload(body []byte, ask store.AssemblyRequest) {
	w.t.Helper()
	ctx, scope := w.t.Context(), store.Scope{OrgID: w.org}
	ask.Checksum, ask.Projects = sumOf(body), []int64{w.first}
	half := len(body) / 2
	for _, c := range [][]byte{body[:half], body[half:]} {
		if err := w.blobs.Put(ctx, store.ChunkBlob(w.org, sumOf(c)), bytes.NewReader(c), int64(len(c))); err != nil {
			w.t.Fatal(err)
		}
		if err := w.s.AddChunk(ctx, scope, sumOf(c), int64(len(c))); err != nil {
			w.t.Fatal(err)
		}
		ask.Chunks = append(ask.Chunks, sumOf(c))
	}
	if _, err := w.s.QueueAssembly(ctx, scope, ask); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.l.Assemble(ctx); err != nil {
		w.t.Fatal(err)
	}
	a, err := w.s.FindAssembly(ctx, scope, ask)
	if err != nil || a.State != store.AssemblyOK {
		w.t.Fatalf("assembly: %+v %v", a, err)
	}
}

// minified is an error of the bundle, as a browser reports it.
func (w *world) minified(n int, withDebugID bool) *stream.Delivery {
	event := map[string]any{"platform": "javascript", "release": "shop@1", "exception": map[string]any{"values": []any{map[string]any{"type": "Error", "value": "declined",
		"stacktrace": map[string]any{"frames": []any{map[string]any{"abs_path": "https://shop.example/static/app.js?v=1", "filename": "/static/app.js", "function": "e", "lineno": 1, "colno": 7, "in_app": true}}}}}}}
	if withDebugID {
		event["debug_meta"] = map[string]any{"images": []any{map[string]any{"type": "sourcemap", "code_file": "https://shop.example/static/app.js?v=1", "debug_id": strings.ToUpper(debugID)}}}
	}
	id := fmt.Sprintf("aaaa0000aaaa4000aaaa0000aaaa%04d", n)
	d := w.envelopeOf(fmt.Sprintf("minified-%d", n), noon.Add(time.Duration(n)*time.Second), `{"event_id":"`+id+`"}`, `{"type":"event"}`, event)
	d.ProjectID = w.first
	return d
}

func (w *world) event(n int) (*store.Event, *envelope.Event) {
	w.t.Helper()
	e, err := w.s.Event(w.t.Context(), store.Scope{OrgID: w.org}, w.first, fmt.Sprintf("aaaa0000aaaa4000aaaa0000aaaa%04d", n))
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := store.Decompress(e.Payload)
	if err != nil {
		w.t.Fatal(err)
	}
	ev, err := envelope.ParseEvent(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return e, ev
}

func (w *world) wantMapped(n int) {
	w.t.Helper()
	_, ev := w.event(n)
	x := &ev.Exceptions[0]
	f := x.Stacktrace.Frames[0]
	if f.Filename != "src/cart.ts" || f.Lineno != 3 || f.Function != "Cart.pay" || f.ContextLine != "    throw new Error('declined')" || len(f.PreContext) != 2 || len(f.PostContext) != 2 {
		w.t.Errorf("event %d: frame %+v", n, f)
	}
	if x.RawStacktrace == nil || x.RawStacktrace.Frames[0].Function != "e" {
		w.t.Errorf("event %d: the original is gone: %+v", n, x.RawStacktrace)
	}
}

// A map that comes after its events maps them: they keep their ids and their issue, and later events, mapped when they
// come, join it. By debug id, and by release and URL.
func TestMapAfterEvent(t *testing.T) {
	for name, byDebugID := range map[string]bool{"debug id": true, "release": false} {
		t.Run(name, func(t *testing.T) {
			eachDB(t, func(t *testing.T, w *world) {
				w.deliver(w.minified(1, byDebugID), w.minified(2, byDebugID))
				before, ev := w.event(1)
				if m := string(ev.Exceptions[0].Stacktrace.Frames[0].Data["mapping"]); !strings.Contains(m, `"reason"`) {
					t.Errorf("the frame does not say why it is not mapped: %s", m)
				}
				ask := store.AssemblyRequest{Kind: store.AssembleBundle}
				if !byDebugID {
					ask.Release = "shop@1"
				}
				w.upload(w.shopBundle(byDebugID), ask)
				if n, err := w.l.Remap(t.Context(), 10); err != nil || n == 0 {
					t.Fatalf("remapped %d jobs: %v", n, err)
				}
				w.wantMapped(1)
				w.wantMapped(2)
				w.l.uploads.none = nil // what it remembers of the project is 5 seconds old then
				w.deliver(w.minified(3, byDebugID))
				w.wantMapped(3)
				after, _ := w.event(1)
				third, _ := w.event(3)
				if after.IssueID != before.IssueID || third.IssueID != before.IssueID {
					t.Errorf("issues: %d before, %d after, %d of a later event", before.IssueID, after.IssueID, third.IssueID)
				}
				if !strings.Contains(after.Culprit, "Cart.pay") {
					t.Errorf("culprit %q", after.Culprit)
				}
				if n, err := w.l.Remap(t.Context(), 10); err != nil || n != 0 {
					t.Errorf("%d jobs are left: %v", n, err)
				}
			})
		})
	}
}

// An event that is being stored while its map comes is mapped all the same: whichever commits last sees the other.
func TestMapWhileEventIsStored(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		w.deliver(w.minified(9, true)) // the linker knows now that the project has no uploads
		w.upload(w.shopBundle(true), store.AssemblyRequest{Kind: store.AssembleBundle})
		if _, err := w.l.Remap(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		w.deliver(w.minified(1, true))
		if _, err := w.l.Remap(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		w.wantMapped(9)
		w.wantMapped(1)
	})
}

// What is wrong with an upload is said, nothing of it is kept, and the same upload can be tried again later.
func TestBadUploads(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		ctx, scope := t.Context(), store.Scope{OrgID: w.org}
		good := w.shopBundle(true)
		for name, c := range map[string]struct {
			body     []byte
			checksum string
			want     string
		}{
			"no archive":       {[]byte("x"), "", "not a ZIP"},
			"cut off":          {good[:len(good)-40], "", "not a ZIP"},
			"another checksum": {good, strings.Repeat("0", 40), "its checksum is"},
		} {
			sum := sumOf(c.body)
			if err := w.blobs.Put(ctx, store.ChunkBlob(w.org, sum), bytes.NewReader(c.body), -1); err != nil {
				t.Fatal(err)
			}
			if err := w.s.AddChunk(ctx, scope, sum, int64(len(c.body))); err != nil {
				t.Fatal(err)
			}
			ask := store.AssemblyRequest{Kind: store.AssembleBundle, Checksum: sum, Chunks: []string{sum}, Projects: []int64{w.first}}
			if c.checksum != "" {
				ask.Checksum = c.checksum
			}
			if _, err := w.s.QueueAssembly(ctx, scope, ask); err != nil {
				t.Fatal(err)
			}
			if _, err := w.l.Assemble(ctx); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			a, err := w.s.FindAssembly(ctx, scope, ask)
			if err != nil || a.State != store.AssemblyError || !strings.Contains(a.Detail, c.want) {
				t.Errorf("%s: %+v %v", name, a, err)
			}
			if _, err := w.blobs.Stat(ctx, store.ArtifactBlob(w.org, ask.Checksum)); err == nil {
				t.Errorf("%s: its bytes are kept", name)
			}
			if again, err := w.s.QueueAssembly(ctx, scope, ask); err != nil || again.State != store.AssemblyCreated {
				t.Errorf("%s: again: %+v %v", name, again, err)
			}
			if _, err := w.l.Assemble(ctx); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// An upload whose assembly is broken off each time, as by a process that it brings down, is begun again when the lease is over,
// and after some tries no more; asked for once more it is put together, and nothing of it was lost.
func TestAssemblyIsNotBegunForEver(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		ctx, scope := t.Context(), store.Scope{OrgID: w.org}
		body := w.shopBundle(true)
		sum := sumOf(body)
		if err := w.blobs.Put(ctx, store.ChunkBlob(w.org, sum), bytes.NewReader(body), -1); err != nil {
			t.Fatal(err)
		}
		if err := w.s.AddChunk(ctx, scope, sum, int64(len(body))); err != nil {
			t.Fatal(err)
		}
		ask := store.AssemblyRequest{Kind: store.AssembleBundle, Checksum: sum, Chunks: []string{sum}, Projects: []int64{w.first}}
		if _, err := w.s.QueueAssembly(ctx, scope, ask); err != nil {
			t.Fatal(err)
		}
		for n := range maxAssemblies { // whoever began it is gone
			if a, err := w.s.ClaimAssembly(ctx, -time.Minute); err != nil || a == nil {
				t.Fatalf("claim %d: %+v %v", n, a, err)
			}
		}
		if _, err := w.l.Assemble(ctx); err != nil {
			t.Fatal(err)
		}
		a, err := w.s.FindAssembly(ctx, scope, ask)
		if err != nil || a.State != store.AssemblyError || !strings.Contains(a.Detail, "5 tries") {
			t.Fatalf("after %d tries: %+v %v", maxAssemblies, a, err)
		}
		if _, err := w.s.QueueAssembly(ctx, scope, ask); err != nil {
			t.Fatal(err)
		}
		if _, err := w.l.Assemble(ctx); err != nil {
			t.Fatal(err)
		}
		if a, err := w.s.FindAssembly(ctx, scope, ask); err != nil || a.State != store.AssemblyOK {
			t.Errorf("asked for again: %+v %v", a, err)
		}
	})
}

// A ProGuard mapping that comes after the crash names its classes, methods and inlined calls.
func TestProguardAfterEvent(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		d := w.envelopeOf("proguard", noon, `{"event_id":"aaaa0000aaaa4000aaaa0000aaaa0001"}`, `{"type":"event"}`, map[string]any{"platform": "java",
			"debug_meta": map[string]any{"images": []any{map[string]any{"type": "proguard", "uuid": debugID}}},
			"exception": map[string]any{"values": []any{map[string]any{"type": "b", "module": "a", "value": "declined",
				"stacktrace": map[string]any{"frames": []any{map[string]any{"module": "a.a", "function": "a", "lineno": 1, "in_app": true}}}}}}})
		d.ProjectID = w.first
		w.deliver(d)
		w.upload([]byte("com.shop.Cart -> a.a:\n    1:1:void com.shop.Money.charge(int):20:20 -> a\n    1:1:void pay(int):31 -> a\ncom.shop.Declined -> a.b:\n"),
			store.AssemblyRequest{Kind: store.AssembleDebugFile, Name: "/proguard/" + debugID + ".txt"})
		if _, err := w.l.Remap(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		e, ev := w.event(1)
		fs := ev.Exceptions[0].Stacktrace.Frames
		if len(fs) != 2 || fs[0].Module != "com.shop.Cart" || fs[0].Function != "pay" || fs[0].Lineno != 31 || fs[1].Module != "com.shop.Money" || fs[1].Lineno != 20 {
			t.Errorf("frames %+v", fs)
		}
		if !strings.HasPrefix(e.Title, "Declined") {
			t.Errorf("title %q", e.Title)
		}
	})
}

// A crash of a native program names its functions, inlined ones too, with the symbols that come after it.
func TestSymbolsAfterCrash(t *testing.T) {
	const symbols = `MODULE Linux x86_64 0F0F0F0F111142228333444444444444A shop
FILE 0 /src/shop/cart.cc
FILE 1 /src/shop/money.h
INLINE_ORIGIN 0 shop::charge(int)
FUNC 1000 40 0 _ZN4shop4Cart3payEi
INLINE 0 31 0 0 1010 8
1000 10 30 0
1010 8 20 1
1018 28 32 0
FUNC 2000 10 0 main
2000 10 5 0
`
	eachDB(t, func(t *testing.T, w *world) {
		d := w.envelopeOf("crash", noon, `{"event_id":"aaaa0000aaaa4000aaaa0000aaaa0001"}`, `{"type":"event"}`, map[string]any{"platform": "native",
			"debug_meta": map[string]any{"images": []any{map[string]any{"type": "elf", "code_file": "/usr/bin/shop", "debug_id": debugID + "-a", "image_addr": "0x10000", "image_size": 0x10000}}},
			"exception": map[string]any{"values": []any{map[string]any{"type": "SIGSEGV", "value": "address 0x0",
				"stacktrace": map[string]any{"frames": []any{map[string]any{"instruction_addr": "0x12004"}, map[string]any{"instruction_addr": "0x11012"}, map[string]any{"instruction_addr": "0x90000"}}}}}}})
		d.ProjectID = w.first
		w.deliver(d)
		before, _ := w.event(1)
		w.upload([]byte(symbols), store.AssemblyRequest{Kind: store.AssembleDebugFile, Name: "shop.sym", DebugID: debugID + "-a"})
		if _, err := w.l.Remap(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		after, ev := w.event(1)
		var got []string
		for _, f := range ev.Exceptions[0].Stacktrace.Frames {
			got = append(got, fmt.Sprintf("%s %s:%d", f.Function, f.Filename, f.Lineno))
		}
		if diff := cmp.Diff([]string{"main cart.cc:5", "shop::Cart::pay(int) cart.cc:31", "shop::charge(int) money.h:20", " :0"}, got); diff != "" {
			t.Error(diff)
		}
		if after.IssueID != before.IssueID || !strings.Contains(after.Title, "SIGSEGV") {
			t.Errorf("issue %d, before %d, title %q", after.IssueID, before.IssueID, after.Title)
		}
	})
}
