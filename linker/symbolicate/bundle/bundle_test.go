package bundle

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
)

type file struct{ name, text string }

func archive(tb testing.TB, files ...file) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = w.Write([]byte(f.text))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

const someManifest = `{"files":{"files/_/_/main.js":{"type":"minified_source","url":"~/main.js","headers":{"Debug-Id":"0F0F0F0F11114222833344444444444A","Sourcemap":"main.js.map"}},
"files/_/_/main.js.map":{"type":"source_map","headers":{"debug-id":"0f0f0f0f-1111-4222-8333-44444444444a"}},"files/https/h/p.js":{"type":"source"},"gone.js":{}},"debug_id":"0f0f0f0f-1111-4222-8333-44444444444b"}`

func some(tb testing.TB) []byte {
	return archive(tb, file{"manifest.json", someManifest}, file{"files/_/_/main.js", "let a"}, file{"files/_/_/main.js.map", "{}"}, file{"files/https/h/p.js", "p"}, file{"other", "?"})
}

func TestRead(t *testing.T) {
	plain := some(t)
	// With the header, the offsets in the archive count from the header's start, as symbolic writes them.
	var headed bytes.Buffer
	headed.WriteString("SYSB\x02\x00\x00\x00")
	z := zip.NewWriter(&headed)
	z.SetOffset(8)
	for _, f := range []file{{"manifest.json", someManifest}, {"files/_/_/main.js", "let a"}, {"files/_/_/main.js.map", "{}"}, {"files/https/h/p.js", "p"}} {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = io.WriteString(w, f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"plain": plain, "with a header": headed.Bytes()} {
		b, err := Read(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if b.DebugID != "0f0f0f0f-1111-4222-8333-44444444444b" || len(b.Files) != 3 {
			t.Fatalf("%s: %+v", name, b)
		}
		f := b.Files[0]
		if f.URL != "~/main.js" || f.Type != "minified_source" || f.DebugID != "0f0f0f0f-1111-4222-8333-44444444444a" || f.SourceMap != "main.js.map" || f.Size != 5 {
			t.Errorf("%s: %+v", name, f)
		}
		if b.Files[1].URL != "~/main.js.map" || b.Files[2].URL != "https://h/p.js" {
			t.Errorf("%s: urls %q %q", name, b.Files[1].URL, b.Files[2].URL)
		}
		packed := body[f.Start : f.Start+f.Packed]
		if !f.Deflated || bytes.Contains(packed, []byte("PK")) {
			t.Errorf("%s: the bytes are elsewhere: %q", name, packed)
		}
	}
}

// Whatever is wrong with an archive, it is refused with a sentence, and nothing large is made of it.
func TestRefused(t *testing.T) {
	good := some(t)
	link := func() []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		h := &zip.FileHeader{Name: "files/l"}
		h.SetMode(fs.ModeSymlink | 0o777)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(w, "/etc/passwd")
		}
		if err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}()
	many := make([]file, 0, 10_002)
	for i := range 10_001 {
		many = append(many, file{fmt.Sprintf("f%d", i), ""})
	}
	damaged := bytes.Clone(good)
	if i := bytes.Index(damaged, []byte("files/_/_/main.js")); i > 0 {
		damaged[i+len("files/_/_/main.js")+3] ^= 0xff
	}
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"empty":            {nil, "not a ZIP"},
		"no archive":       {[]byte(strings.Repeat("x", 100)), "not a ZIP"},
		"cut off":          {good[:len(good)-30], "not a ZIP"},
		"cut at the start": {good[len(good)/2:], ""},
		"no manifest":      {archive(t, file{"a", "b"}), "no manifest.json"},
		"not JSON":         {archive(t, file{"manifest.json", "{"}), "not the JSON"},
		"names nothing":    {archive(t, file{"manifest.json", `{"files":{"a":{}}}`}), "names no file"},
		"leads out":        {archive(t, file{"manifest.json", someManifest}, file{"../../etc/passwd", "x"}), "leads out"},
		"absolute":         {archive(t, file{"/etc/passwd", "x"}), "leads out"},
		"backslashes":      {archive(t, file{`..\..\x`, "x"}), "leads out"},
		"link":             {link, "link"},
		"twice":            {archive(t, file{"a", "1"}, file{"a", "2"}), "twice"},
		"too many":         {archive(t, many...), "at most 10000"},
		"a bomb":           {archive(t, file{"manifest.json", `{"files":{"a":{}}}`}, file{"a", strings.Repeat("\x00", 20<<20)}), "times its size"},
		"in an archive":    {archive(t, file{"manifest.json", `{"files":{"a":{}}}`}, file{"a", string(good)}), "archive in the archive"},
		"damaged":          {damaged, "damaged"},
		"new header":       {append([]byte("SYSB\x09\x00\x00\x00"), good...), "version 9"},
		"long url":         {archive(t, file{"manifest.json", `{"files":{"a":{"url":"` + strings.Repeat("x", 3000) + `"}}}`}, file{"a", "b"}), "more than 2048 bytes"},
	} {
		_, err := Read(bytes.NewReader(c.body), int64(len(c.body)))
		var refused *Refusal
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a refusal with %q", name, err, c.want)
		}
	}
}

// A directory of a million files, as its end may or may not say.
func TestMillionFiles(t *testing.T) {
	entry := make([]byte, 47)
	copy(entry, "PK\x01\x02")
	binary.LittleEndian.PutUint16(entry[28:], 1)
	entry[46] = 'a'
	directory := bytes.Repeat(entry, 1_000_000)
	for _, said := range []uint16{0xffff, uint16(1_000_000 % 65536), 9} {
		end := make([]byte, 22)
		copy(end, "PK\x05\x06")
		binary.LittleEndian.PutUint16(end[8:], said)
		binary.LittleEndian.PutUint16(end[10:], said)
		binary.LittleEndian.PutUint32(end[12:], uint32(len(directory)))
		body := append(bytes.Clone(directory), end...)
		for _, size := range []uint32{uint32(len(directory)), 1000} {
			binary.LittleEndian.PutUint32(body[len(directory)+12:], size)
			allocated := testing.AllocsPerRun(1, func() {
				if _, err := Read(bytes.NewReader(body), int64(len(body))); err == nil {
					t.Error("taken")
				}
			})
			if allocated > 500_000 {
				t.Errorf("%v allocations", allocated)
			}
		}
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

// An error of the reader is no refusal: it is tried again.
func TestReaderFails(t *testing.T) {
	_, err := Read(failing{}, 1000)
	var refused *Refusal
	if !errors.Is(err, io.ErrClosedPipe) || errors.As(err, &refused) {
		t.Errorf("%v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(some(f))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := Read(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			return
		}
		for _, f := range b.Files {
			if f.Start < 0 || f.Start+f.Packed > int64(len(body)) {
				t.Errorf("a file lies outside of the archive: %+v", f)
			}
		}
	})
}
