package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Bounds of an archive, in bytes unless named otherwise.
const (
	MaxFiles     = 10_000
	MaxFile      = 256 << 20 // of one file, unpacked
	MaxTotal     = 1 << 30   // of all files, unpacked
	MaxRatio     = 200       // unpacked to packed, of what has more than ratioFrom
	ratioFrom    = 1 << 20
	maxDirectory = 6 << 20 // of the archive's directory
	maxManifest  = 16 << 20
	maxText      = 2 << 10 // of a URL or a header
)

// Refusal says why an archive is not taken, in a sentence for a person. Other errors are those of the reader.
type Refusal struct{ Reason string }

func (e *Refusal) Error() string { return e.Reason }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// Bundle is what an archive says it is.
type Bundle struct {
	DebugID string // of the archive
	Files   []File
}

// File is a file of an archive, and where its bytes are.
type File struct {
	URL       string // "~/main.js"
	Type      string // source, minified_source, source_map, indexed_ram_bundle
	DebugID   string // lower case with dashes, or empty
	SourceMap string // where the file's header says its map is
	Headers   map[string]string
	SHA1      string
	Size      int64 // unpacked
	Packed    int64
	Start     int64 // of its bytes in the archive
	Deflated  bool
}

// header is what comes before the ZIP: "SYSB" and a version.
var header = []byte("SYSB")

type manifest struct {
	DebugID string                   `json:"debug_id"`
	Files   map[string]manifestEntry `json:"files"`
}

type manifestEntry struct {
	Type    string            `json:"type"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

// Read reads an archive of size bytes and checks every file in it. A *[Refusal] says what is wrong with the
// archive; any other error is the reader's own.
func Read(r io.ReaderAt, size int64) (*Bundle, error) {
	src := &source{r: r, budget: -1}
	b, err := read(src, size)
	if src.err != nil {
		return nil, fmt.Errorf("read archive: %w", src.err)
	}
	return b, err
}

func read(src *source, size int64) (*Bundle, error) {
	var head [8]byte
	if _, err := src.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	if v := binary.LittleEndian.Uint32(head[4:]); bytes.Equal(head[:4], header) && v > 2 {
		return nil, refuse("version %d of the archive's header is not known", v)
	}
	files, err := directory(src, size, MaxFile)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(files, func(f *zip.File) bool { return f.Name == "manifest.json" })
	if i < 0 {
		return nil, refuse("there is no manifest.json in it")
	}
	m, err := readManifest(files[i])
	if err != nil {
		return nil, err
	}
	return readFiles(files, m)
}

// checkEnd looks at the record at a ZIP's end before archive/zip does: it says how many files there are, and
// archive/zip makes room for as many. An archive so large that it needs the long form is above our bounds.
func checkEnd(r io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, 66<<10))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < 22 {
		return refuse("it is not a ZIP archive, or it is cut off")
	}
	end := tail[at:]
	if n := int(binary.LittleEndian.Uint16(end[10:])); n > MaxFiles {
		return refuse("it has %d files or more, at most %d are taken", n, MaxFiles)
	}
	if binary.LittleEndian.Uint32(end[12:]) > maxDirectory || binary.LittleEndian.Uint32(end[16:]) == 0xffffffff {
		return refuse("the directory of the archive is too large: at most %d files are taken", MaxFiles)
	}
	return nil
}

func checkEntry(f *zip.File, most int64) error {
	name := strings.TrimSuffix(f.Name, "/")
	switch {
	case !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsAny(name, "\\\x00"):
		return refuse("the name %q leads out of the archive", clip(f.Name))
	case !f.Mode().IsRegular() && !f.Mode().IsDir():
		return refuse("%q is a link or a device, only files are taken", clip(f.Name))
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return refuse("%q is compressed by method %d; only deflate is known", clip(f.Name), f.Method)
	case f.Flags&1 != 0:
		return refuse("%q is encrypted", clip(f.Name))
	case f.UncompressedSize64 > uint64(most):
		return refuse("%q has %d MiB, a file may have %d MiB", clip(f.Name), f.UncompressedSize64>>20, most>>20)
	}
	return nil
}

func readManifest(f *zip.File) (*manifest, error) {
	if f.UncompressedSize64 > maxManifest {
		return nil, refuse("its manifest.json has %d MiB, it may have %d MiB", f.UncompressedSize64>>20, maxManifest>>20)
	}
	r, err := f.Open()
	if err != nil {
		return nil, refuse("its manifest.json cannot be read (%v)", err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err != nil || len(b) > maxManifest {
		return nil, refuse("its manifest.json cannot be read, or has more than %d MiB", maxManifest>>20)
	}
	m := new(manifest)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, refuse("its manifest.json is not the JSON that it should be (%v)", err)
	}
	return m, nil
}

// readFiles unpacks every entry once; the files are those that the manifest names, in the archive's order.
func readFiles(entries []*zip.File, m *manifest) (*Bundle, error) {
	b := &Bundle{}
	b.DebugID, _ = envelope.ParseDebugID(m.DebugID)
	left := int64(MaxTotal)
	for _, e := range entries {
		if e.Mode().IsDir() {
			continue
		}
		sum, n, err := check(e, MaxFile, left)
		if err != nil {
			return nil, err
		}
		left -= n
		said, ok := m.Files[e.Name]
		if !ok {
			continue
		}
		f, err := fileOf(e, said)
		if err != nil {
			return nil, err
		}
		f.SHA1, f.Size = sum, n
		b.Files = append(b.Files, f)
	}
	if len(b.Files) == 0 {
		return nil, refuse("its manifest.json names no file that is in it")
	}
	return b, nil
}

// check unpacks one entry, counting what really comes out of it.
func check(e *zip.File, most, left int64) (sha string, n int64, err error) {
	r, err := e.Open()
	if err != nil {
		return "", 0, refuse("%q cannot be read (%v)", clip(e.Name), err)
	}
	defer r.Close()
	h := sha1.New()
	buf := make([]byte, 64<<10)
	for {
		got, err := r.Read(buf)
		h.Write(buf[:got])
		if n == 0 && got >= 4 && (bytes.HasPrefix(buf, []byte("PK\x03\x04")) || bytes.HasPrefix(buf, header)) {
			return "", 0, refuse("%q is an archive in the archive", clip(e.Name))
		}
		n += int64(got)
		switch {
		case n > most:
			return "", 0, refuse("%q has more than %d MiB", clip(e.Name), most>>20)
		case n > left:
			return "", 0, refuse("its files have more than %d MiB together", MaxTotal>>20)
		case n > ratioFrom && n > MaxRatio*int64(e.CompressedSize64):
			return "", 0, refuse("%q unpacks to more than %d times its size", clip(e.Name), MaxRatio)
		case err == io.EOF:
			return hex.EncodeToString(h.Sum(nil)), n, nil
		case err != nil:
			return "", 0, refuse("%q is damaged or cut off (%v)", clip(e.Name), err)
		}
	}
}

func fileOf(e *zip.File, said manifestEntry) (File, error) {
	start, err := e.DataOffset()
	if err != nil {
		return File{}, refuse("%q cannot be read (%v)", clip(e.Name), err)
	}
	f := File{URL: said.URL, Type: said.Type, Headers: said.Headers, Packed: int64(e.CompressedSize64), Start: start, Deflated: e.Method == zip.Deflate}
	if f.URL == "" {
		f.URL = urlOf(e.Name)
	}
	total := len(f.URL) + len(f.Type)
	for k, v := range f.Headers {
		total += len(k) + len(v)
		switch strings.ToLower(k) {
		case "debug-id":
			f.DebugID, _ = envelope.ParseDebugID(v)
		case "sourcemap", "x-sourcemap":
			f.SourceMap = v
		}
	}
	if total > maxText {
		return File{}, refuse("the URL and headers of %q have more than %d bytes", clip(e.Name), maxText)
	}
	if strings.ContainsRune(f.URL, 0) {
		return File{}, refuse("the URL of %q has a NUL byte", clip(e.Name))
	}
	return f, nil
}

// urlOf gives the URL of a file by its place in the archive: files/_/_/x is ~/x, files/https/h/p is https://h/p.
func urlOf(name string) string {
	rest, ok := strings.CutPrefix(name, "files/")
	if !ok {
		return "~/" + name
	}
	if local, ok := strings.CutPrefix(rest, "_/_/"); ok {
		return "~/" + local
	}
	if scheme, p, ok := strings.Cut(rest, "/"); ok && scheme != "_" {
		return scheme + "://" + p
	}
	return "~/" + rest
}

func clip(s string) string {
	if len(s) > 120 {
		return strings.ToValidUTF8(s[:120], "") + "…"
	}
	return s
}

// source counts what is read of the directory, and keeps the reader's own errors apart from the archive's.
type source struct {
	r      io.ReaderAt
	budget int64 // bytes that may be read; negative: no matter
	spent  bool
	err    error
}

var errSpent = errors.New("directory too large")

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 { // where a damaged archive says that something is
		return 0, io.ErrUnexpectedEOF
	}
	if s.budget >= 0 {
		if s.budget -= int64(len(p)); s.budget < 0 {
			s.budget, s.spent = 0, true
			return 0, errSpent
		}
	}
	n, err := s.r.ReadAt(p, off)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
