package bundle

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
)

// Entry is a file of an archive that has no manifest.
type Entry struct {
	Name string
	SHA1 string
	Size int64 // unpacked
	file *zip.File
}

// Open gives the file's bytes, unpacked: Size of them.
func (e *Entry) Open() (io.ReadCloser, error) { return e.file.Open() }

// Entries reads a plain ZIP archive of size bytes and checks every file in it, each of which may have most bytes. Directories are left out.
// A *[Refusal] says what is wrong with the archive; any other error is the reader's own.
func Entries(r io.ReaderAt, size, most int64) ([]Entry, error) {
	src := &source{r: r, budget: -1}
	entries, err := readEntries(src, size, most)
	if src.err != nil {
		return nil, fmt.Errorf("read archive: %w", src.err)
	}
	return entries, err
}

func readEntries(src *source, size, most int64) ([]Entry, error) {
	files, err := directory(src, size, most)
	if err != nil {
		return nil, err
	}
	var out []Entry
	left := int64(MaxTotal)
	for _, f := range files {
		if f.Mode().IsDir() {
			continue
		}
		sum, n, err := check(f, most, left)
		if err != nil {
			return nil, err
		}
		left -= n
		out = append(out, Entry{Name: f.Name, SHA1: sum, Size: n, file: f})
	}
	return out, nil
}

// directory reads what an archive says is in it, and refuses what must not be.
func directory(src *source, size, most int64) ([]*zip.File, error) {
	if err := checkEnd(src, size); err != nil {
		return nil, err
	}
	src.budget = maxDirectory
	zr, err := zip.NewReader(src, size)
	if src.spent {
		return nil, refuse("the directory of the archive is too large: at most %d files are taken", MaxFiles)
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, refuse("it is not a ZIP archive, or it is cut off (%v)", err)
	}
	src.budget = -1
	if len(zr.File) > MaxFiles {
		return nil, refuse("it has %d files, at most %d are taken", len(zr.File), MaxFiles)
	}
	seen := make(map[string]bool, len(zr.File))
	for _, f := range zr.File {
		if err := checkEntry(f, most); err != nil {
			return nil, err
		}
		if seen[f.Name] {
			return nil, refuse("the file %q is in it twice", clip(f.Name))
		}
		seen[f.Name] = true
	}
	return zr.File, nil
}
