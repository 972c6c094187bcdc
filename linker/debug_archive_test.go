package linker

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
)

const nativeTestdata = "symbolicate/native/testdata"

// A real ELF program, and what a dSYM has of a real Mach-O program: see testdata/make.sh of package native.
func elfProgram(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(nativeTestdata, "shop-linux-x86_64"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func machOProgram(t *testing.T) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(nativeTestdata, "program-darwin-arm64.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	elfDebugID   = "56951bc0-40bf-ad61-ee04-48b72a9bd305"
	elfCodeID    = "c01b9556bf4061adee0448b72a9bd305da7d8122"
	machODebugID = "553c1609-f8fd-35d5-eedb-4f7d7103d161"
)

// crash delivers an event of a program that was loaded at 0x10000000, with the addresses of its frames from there, oldest first.
func (w *world) crash(n int, image string, at ...uint64) {
	w.t.Helper()
	var frames []any
	for _, a := range at {
		frames = append(frames, map[string]any{"instruction_addr": fmt.Sprintf("%#x", 0x10000000+a)})
	}
	id := fmt.Sprintf("aaaa0000aaaa4000aaaa0000aaaa%04d", n)
	d := w.envelopeOf(fmt.Sprint("crash", n), noon, `{"event_id":"`+id+`"}`, `{"type":"event"}`, map[string]any{"platform": "native",
		"debug_meta": map[string]any{"images": []any{json.RawMessage(`{` + image + `,"image_addr":"0x10000000","image_size":2000000}`)}},
		"exception":  map[string]any{"values": []any{map[string]any{"type": "SIGILL", "value": "illegal", "stacktrace": map[string]any{"frames": frames}}}}})
	d.ProjectID = w.first
	w.deliver(d)
}

func (w *world) wantFrames(n int, want ...string) {
	w.t.Helper()
	_, ev := w.event(n)
	var got []string
	for _, f := range ev.Exceptions[0].Stacktrace.Frames {
		got = append(got, fmt.Sprintf("%s %s:%d", f.Function, f.Filename, f.Lineno))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("event %d, -want +got:\n%s", n, diff)
	}
}

func zipOf(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		p, err := z.Create(f[0])
		if err == nil {
			_, err = io.WriteString(p, f[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Real ELF and Mach-O programs explain the addresses of events, those that waited for them and those that come after. They come in one
// ZIP, as old clients send them, among files that are none; a ProGuard mapping is in it too.
func TestDebugArchive(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		elf := `"type":"elf","code_file":"/usr/bin/shop","debug_id":"` + elfDebugID + `"`
		byCode := `"type":"elf","code_file":"/usr/bin/shop","debug_id":"00000000-0000-0000-0000-000000000001","code_id":"` + elfCodeID + `"`
		macho := `"type":"macho","code_file":"/Applications/Shop","debug_id":"` + strings.ToUpper(machODebugID) + `"`
		crashes := func(from int) {
			w.crash(from, elf, 0x101d, 0x1005)
			w.crash(from+1, byCode, 0x101d, 0x1008)
			w.crash(from+2, macho, 0x70c2c, 0x70bf4)
		}
		crashes(1)
		w.wantFrames(1, " :0", " :0")
		archive := zipOf(t, [2]string{"Shop.dSYM/Contents/Info.plist", "<plist/>"}, [2]string{"Shop.dSYM/Contents/Resources/DWARF/Shop", string(machOProgram(t))},
			[2]string{"shop", string(elfProgram(t))}, [2]string{"proguard/" + debugID + ".txt", "com.shop.Cart -> a.a:\n    void pay() -> a\n"})
		ask := store.AssemblyRequest{Kind: store.AssembleDebugArchive, Name: "symbols.zip"}
		w.upload(archive, ask)
		if _, err := w.l.Remap(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		w.l.uploads.none = nil // what it remembers of the project is 5 seconds old then
		crashes(4)
		for _, from := range []int{1, 4} {
			w.wantFrames(from, "main shop.c:24", "pay shop.c:17", "charge shop.c:10")
			w.wantFrames(from+1, "main shop.c:24", "pay shop.c:17", "charge shop.c:12")
			w.wantFrames(from+2, "main.main main.go:19", "main.(*Cart).Pay main.go:14", "main.inlined main.go:7")
		}
		want := []string{"any proguard proguard-mapping " + debugID, "arm64 macho Shop " + machODebugID, "x86_64 elf shop " + elfDebugID}
		if diff := cmp.Diff(want, w.lines("SELECT cpu_name || ' ' || format || ' ' || object_name || ' ' || debug_id FROM debug_files ORDER BY 1")); diff != "" {
			t.Errorf("debug files, -want +got:\n%s", diff)
		}
		if _, err := w.blobs.Stat(t.Context(), store.DebugFileBlob(w.org, "archive-"+sumOf(archive))); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the archive itself is kept: %v", err)
		}
		w.upload(elfProgram(t), store.AssemblyRequest{Kind: store.AssembleDebugArchive, Name: "shop"}) // one without a ZIP
	})
}

func TestBadDebugArchives(t *testing.T) {
	eachDB(t, func(t *testing.T, w *world) {
		ctx, scope := t.Context(), store.Scope{OrgID: w.org}
		for want, body := range map[string][]byte{
			"no ELF, no Mach-O and no Breakpad": zipOf(t, [2]string{"a.txt", "text"}),
			"There is no file":                  zipOf(t),
			"leads out of the archive":          zipOf(t, [2]string{"../../etc/x", "text"}),
			"times its size":                    zipOf(t, [2]string{"zeros", strings.Repeat("\x00", 20<<20)}),
			"not a ZIP archive":                 zipOf(t, [2]string{"shop", string(elfProgram(t))})[:1000],
			"cannot be used":                    []byte("no debug file at all"),
		} {
			sum := sumOf(body)
			if err := w.blobs.Put(ctx, store.ChunkBlob(w.org, sum), bytes.NewReader(body), -1); err != nil {
				t.Fatal(err)
			}
			if err := w.s.AddChunk(ctx, scope, sum, int64(len(body))); err != nil {
				t.Fatal(err)
			}
			ask := store.AssemblyRequest{Kind: store.AssembleDebugArchive, Checksum: sum, Chunks: []string{sum}, Projects: []int64{w.first}, Name: "x.zip"}
			if _, err := w.s.QueueAssembly(ctx, scope, ask); err != nil {
				t.Fatal(err)
			}
			if _, err := w.l.Assemble(ctx); err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			a, err := w.s.FindAssembly(ctx, scope, ask)
			if err != nil || a.State != store.AssemblyError || !strings.Contains(a.Detail, want) {
				t.Errorf("%s: %+v %v", want, a, err)
			}
		}
	})
}
