package linker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/hindsight-dev/hindsight/linker/symbolicate/bundle"
	"github.com/hindsight-dev/hindsight/linker/symbolicate/native"
	"github.com/hindsight-dev/hindsight/store"
)

// assembleDebugArchive stores the debug files and ProGuard mappings of a ZIP, or the one debug file that was sent in its place. What else
// is in a ZIP, as property lists are in a dSYM, is passed over.
func (l *Linker) assembleDebugArchive(ctx context.Context, a *store.Assembly, asked store.AssemblyRequest) (err error) {
	if len(asked.Projects) != 1 {
		return refusal("Debug files belong to one project.")
	}
	key := store.DebugFileBlob(a.OrgID, "archive-"+asked.Checksum)
	size, err := l.joinChunks(ctx, a.Scope(), asked, key)
	if err != nil {
		return err
	}
	defer func() { // its files are stored each by itself
		err = errors.Join(err, l.cfg.Blobs.Delete(context.WithoutCancel(ctx), key))
	}()
	whole := &blobReader{ctx: ctx, blobs: l.cfg.Blobs, key: key, size: size}
	var head [4]byte
	if _, err := whole.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	var rows []store.DebugFile
	if string(head[:2]) != "PK" {
		rows, err = l.takeDebugFile(ctx, a.OrgID, asked.Name, asked.Checksum, io.NewSectionReader(whole, 0, size))
	} else {
		rows, err = l.takeDebugFiles(ctx, a.OrgID, whole, size)
	}
	if err != nil {
		return err
	}
	return l.cfg.Store.AddDebugFiles(ctx, a.Scope(), asked.Projects[0], rows, a.ID)
}

func (l *Linker) takeDebugFiles(ctx context.Context, org int64, whole io.ReaderAt, size int64) ([]store.DebugFile, error) {
	entries, err := bundle.Entries(whole, size, native.MaxBytes)
	if err != nil {
		return nil, err
	}
	var rows []store.DebugFile
	first := refusal("There is no file in the archive.")
	for i := range entries {
		e := &entries[i]
		r, err := e.Open()
		if err != nil {
			return nil, refusal("The file " + path.Base(e.Name) + " of the archive cannot be read.")
		}
		more, err := l.takeDebugFile(ctx, org, e.Name, e.SHA1, r)
		_ = r.Close() // only read
		var other refusal
		if errors.As(err, &other) {
			if len(rows) == 0 && i == 0 {
				first = "There is no debug file in the archive. " + other
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	if len(rows) == 0 {
		return nil, first
	}
	return rows, nil
}

// mappingName is how an archive names a ProGuard mapping.
var mappingName = regexp.MustCompile(`(?i)(?:^|/)proguard/([0-9a-f-]{32,36})\.txt$`)

// takeDebugFile stores the bytes of a debug file and gives its rows. Its readers jump about in it, so it lies in a file meanwhile.
func (l *Linker) takeDebugFile(ctx context.Context, org int64, name, sum string, r io.Reader) ([]store.DebugFile, error) {
	file, err := os.CreateTemp("", "debug-file-")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil { // it is gone when it is closed
		return nil, err
	}
	size, err := io.Copy(file, r)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	if m := mappingName.FindStringSubmatch(name); m != nil {
		name = "/proguard/" + strings.ToLower(m[1]) + ".txt"
	}
	rows, err := debugFiles(file, size, store.AssemblyRequest{Name: name})
	if err != nil {
		return nil, err
	}
	key := store.DebugFileBlob(org, sum)
	if err := l.cfg.Blobs.Put(ctx, key, io.NewSectionReader(file, 0, size), size); err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].SHA1, rows[i].Blob, rows[i].Size = sum, key, size
	}
	return rows, nil
}
