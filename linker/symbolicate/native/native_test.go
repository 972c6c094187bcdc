package native

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// built is a real program with debug information, for this machine's ELF.
func built(t *testing.T) *bytes.Reader {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", out, "./testdata/program")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, said)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b)
}

// kept is the same program as it is built for macOS, without its code: testdata/make.sh makes it.
func kept(t *testing.T) *bytes.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "program-darwin-arm64.gz"))
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
	return bytes.NewReader(b)
}

func TestRealPrograms(t *testing.T) {
	for format, program := range map[string]func(*testing.T) *bytes.Reader{ELF: built, MachO: kept} {
		t.Run(format, func(t *testing.T) {
			r := program(t)
			objects, err := Inspect(r, r.Size())
			if err != nil || len(objects) != 1 {
				t.Fatalf("inspect: %+v %v", objects, err)
			}
			o := objects[0]
			if o.Format != format || o.CPU == "" || len(o.DebugID) != 36 || o.CodeID == "" || !strings.Contains(strings.Join(o.Features, ","), "debug") {
				t.Errorf("object %+v", o)
			}
			f, err := Load(r, r.Size(), o.DebugID)
			if err != nil {
				t.Fatal(err)
			}
			var pay symbol
			for _, s := range f.symbols {
				if s.name == "main.(*Cart).Pay" {
					pay = s
				}
			}
			if pay.address == 0 {
				t.Fatal("there is no symbol of the method")
			}
			// Somewhere in the method the inlined function's code lies.
			found := false
			for at := pay.address - f.base; at < pay.address-f.base+200; at += 4 {
				ps := f.Find(at)
				if len(ps) == 2 && ps[0].Function == "main.inlined" && ps[1].Function == "main.(*Cart).Pay" {
					found = strings.HasSuffix(ps[0].File, "main.go") && ps[0].Line >= 5 && ps[0].Line <= 10 && ps[1].Line == 14
				}
			}
			if !found {
				t.Errorf("the inlined call is not found; at its start: %+v", f.Find(pay.address-f.base))
			}
			if ps := f.Find(1 << 40); len(ps) != 0 {
				t.Errorf("nothing is known there: %+v", ps)
			}
		})
	}
}

const symbols = `MODULE Linux x86_64 0F0F0F0F111142228333444444444444A shop
INFO CODE_ID 0F0F
FILE 0 /src/shop/cart.cc
FILE 1 /src/shop/money.h
INLINE_ORIGIN 0 shop::charge(int)
FUNC 1000 40 0 _ZN4shop4Cart3payEi
INLINE 0 31 0 0 1010 8
1000 10 30 0
1010 8 20 1
1018 28 32 0
FUNC m 2000 10 0 other
2000 10 5 0
PUBLIC 3000 0 _RNvC4shop4main
`

func TestBreakpad(t *testing.T) {
	r := strings.NewReader(symbols)
	objects, err := Inspect(r, r.Size())
	if err != nil || len(objects) != 1 || objects[0].DebugID != "0f0f0f0f-1111-4222-8333-444444444444-a" || objects[0].CPU != "x86_64" {
		t.Fatalf("%+v %v", objects, err)
	}
	f, err := Load(r, r.Size(), "")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[uint64]string{
		0x1005: "shop::Cart::pay(int) /src/shop/cart.cc 30;",
		0x1012: "shop::charge(int) /src/shop/money.h 20;shop::Cart::pay(int) /src/shop/cart.cc 31;",
		0x1020: "shop::Cart::pay(int) /src/shop/cart.cc 32;",
		0x2001: "other /src/shop/cart.cc 5;",
		0x3001: "shop::main  0;",
		0x10:   "",
	} {
		got := ""
		for _, p := range f.Find(at) {
			got += p.Function + " " + p.File + " " + strconv.Itoa(p.Line) + ";"
		}
		if got != want {
			t.Errorf("%#x: %q, want %q", at, got, want)
		}
	}
}

// Whatever is in a file, it is refused and nothing breaks.
func TestDamaged(t *testing.T) {
	good := built(t)
	body := make([]byte, good.Size())
	if _, err := good.ReadAt(body, 0); err != nil {
		t.Fatal(err)
	}
	for n := range 60 {
		b := bytes.Clone(body)
		for i := n * 7; i < 4096; i += 61 {
			b[i] ^= byte(n + 1)
		}
		copy(b, elf.ELFMAG)
		r := bytes.NewReader(b)
		_, _ = Inspect(r, r.Size())
		if f, err := Load(r, r.Size(), ""); err == nil {
			f.Find(0x1000)
		}
	}
	for _, text := range []string{"", "x", "MODULE a", "MODULE a b c d", "MZ", "\x7fELF", "\xfe\xed\xfa\xcf"} {
		r := strings.NewReader(text)
		if _, err := Inspect(r, r.Size()); err == nil {
			t.Errorf("%q was taken", text)
		}
		if _, err := Load(r, r.Size(), ""); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// FuzzInspect: uploads are anybody's. A file that is none of the formats, or lies about its sizes, is an error and no more.
func FuzzInspect(f *testing.F) {
	f.Add([]byte("MODULE Linux x86_64 AABBCCDDEEFF00112233445566778899A shop\nFILE 0 a.c\nFUNC 1000 10 0 pay\n1000 10 7 0\n"))
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Add([]byte("\xcf\xfa\xed\xfe\x07\x00\x00\x01"))
	f.Add([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, size := bytes.NewReader(b), int64(len(b))
		objects, err := Inspect(r, size)
		if err != nil {
			return
		}
		for _, o := range objects {
			if file, err := Load(r, size, o.DebugID); err == nil {
				_ = file.Find(0x1000)
			}
		}
	})
}
