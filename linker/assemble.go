package linker

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/hindsight-dev/hindsight/linker/symbolicate/bundle"
	"github.com/hindsight-dev/hindsight/store"
)

// The pace of putting uploads together.
const (
	assemblePause = 500 * time.Millisecond // clients ask each second
	assembleLease = 2 * time.Minute        // renewed by nobody: longer than the largest upload takes
	expireChunks  = 10 * time.Minute
	chunksOnce    = 500
	maxUpload     = 1 << 30 // bytes of an assembled file; the API announces it
	maxAssemblies = 5       // times that one upload is begun: after that it is what breaks it
)

// assemble puts uploaded chunks together, until ctx ends. What is to be done is in the database; a process that dies
// over one loses its lease on it, and another starts it from the beginning, with the same end.
func (l *Linker) assemble(ctx context.Context) {
	last := time.Time{}
	l.every(ctx, assemblePause, "put uploads together", func(ctx context.Context) (bool, error) {
		if time.Since(last) > expireChunks {
			last = time.Now()
			if _, err := l.cfg.Store.ExpireChunks(ctx, l.cfg.Blobs, chunksOnce); err != nil {
				return false, err
			}
		}
		return l.Assemble(ctx)
	})
}

// Assemble puts one file together and says whether there was one.
func (l *Linker) Assemble(ctx context.Context) (bool, error) {
	a, err := l.cfg.Store.ClaimAssembly(ctx, assembleLease)
	if err != nil || a == nil {
		return false, err
	}
	asked, err := a.Asked()
	if err == nil {
		if a.Tries > maxAssemblies {
			err = refusal(fmt.Sprintf("The upload could not be put together in %d tries: the server's log says why. Upload it again to try once more.", maxAssemblies))
		} else {
			err = l.assembleOne(ctx, a, asked)
		}
	}
	if err == nil || ctx.Err() != nil {
		return true, err
	}
	detail, lasting := why(err)
	if !lasting {
		return true, fmt.Errorf("assembly %d: %w", a.ID, err) // its lease runs out, then it is tried again
	}
	return true, l.cfg.Store.EndAssembly(ctx, a, detail)
}

// assembleOne puts one file together by its kind.
func (l *Linker) assembleOne(ctx context.Context, a *store.Assembly, asked store.AssemblyRequest) error {
	switch a.Kind {
	case store.AssembleBundle:
		return l.assembleBundle(ctx, a, asked)
	case store.AssembleDebugFile:
		return l.assembleDebugFile(ctx, a, asked)
	case store.AssembleDebugArchive:
		return l.assembleDebugArchive(ctx, a, asked)
	}
	return refusal("nothing is known about uploads of the kind " + a.Kind)
}

// refusal is an error of what was uploaded, for the person who did.
type refusal string

func (r refusal) Error() string { return string(r) }

func why(err error) (detail string, lasting bool) {
	var ours refusal
	var archive *bundle.Refusal
	switch {
	case errors.As(err, &ours):
		return ours.Error(), true
	case errors.As(err, &archive):
		return "The upload cannot be used: " + archive.Error() + ".", true
	}
	return "", false
}

// join puts the chunks of a request into one blob. Nothing is stored unless the whole has the checksum it should have.
func (l *Linker) joinChunks(ctx context.Context, scope store.Scope, asked store.AssemblyRequest, key string) (size int64, err error) {
	sizes, err := l.cfg.Store.ChunkSizes(ctx, scope, asked.Chunks)
	if err != nil {
		return 0, err
	}
	for _, c := range asked.Chunks {
		n, ok := sizes[c]
		if !ok {
			return 0, refusal("Chunks of the upload have expired; upload it again.")
		}
		if size += n; size > maxUpload {
			return 0, refusal(fmt.Sprintf("The upload has more than %d MiB.", maxUpload>>20))
		}
	}
	r := &chunkReader{ctx: ctx, blobs: l.cfg.Blobs, org: scope.OrgID, left: asked.Chunks, sum: sha1.New(), want: asked.Checksum}
	defer r.close()
	if err := l.cfg.Blobs.Put(ctx, key, r, size); err != nil {
		return 0, err
	}
	return size, nil
}

// chunkReader reads chunks one after the other. In the place of the end it gives an error when the checksum of
// all is not the one wanted.
type chunkReader struct {
	ctx   context.Context // of one assembly
	blobs store.Blobs
	org   int64
	left  []string
	open  io.ReadCloser
	sum   hash.Hash
	want  string
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for {
		if c.open == nil {
			if len(c.left) == 0 {
				if got := hex.EncodeToString(c.sum.Sum(nil)); got != c.want {
					return 0, refusal("The chunks do not make the file that was announced: its checksum is " + got + ", not " + c.want + ".")
				}
				return 0, io.EOF
			}
			r, err := c.blobs.Get(c.ctx, store.ChunkBlob(c.org, c.left[0]))
			if errors.Is(err, store.ErrNotFound) {
				return 0, refusal("Chunks of the upload have expired; upload it again.")
			}
			if err != nil {
				return 0, err
			}
			c.open, c.left = r, c.left[1:]
		}
		n, err := c.open.Read(p)
		c.sum.Write(p[:n])
		if err == io.EOF {
			c.close()
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (c *chunkReader) close() {
	if c.open != nil {
		_ = c.open.Close() // only read
		c.open = nil
	}
}

// assembleBundle stores an archive of sources and source maps.
func (l *Linker) assembleBundle(ctx context.Context, a *store.Assembly, asked store.AssemblyRequest) error {
	key := store.ArtifactBlob(a.OrgID, asked.Checksum)
	size, err := l.joinChunks(ctx, a.Scope(), asked, key)
	if err != nil {
		return err
	}
	b, err := bundle.Read(&blobReader{ctx: ctx, blobs: l.cfg.Blobs, key: key, size: size}, size)
	if err != nil {
		if _, lasting := why(err); lasting {
			return errors.Join(err, l.cfg.Blobs.Delete(ctx, key)) // what was refused before cannot be in use
		}
		return err
	}
	in := store.BundleWrite{Projects: asked.Projects, Release: asked.Release, Dist: asked.Dist, Assembly: a.ID,
		Bundle: store.ArtifactBundle{Kind: store.BundleOfFiles, Identity: asked.Checksum, DebugID: b.DebugID, Blob: key, Size: size}}
	for _, f := range b.Files {
		headers, err := json.Marshal(f.Headers)
		if err != nil {
			return fmt.Errorf("headers of %s: %w", f.URL, err)
		}
		in.Files = append(in.Files, store.ArtifactFile{URL: f.URL, Type: f.Type, DebugID: f.DebugID, SourceMap: f.SourceMap, Headers: string(headers),
			SHA1: f.SHA1, Size: f.Size, Packed: f.Packed, Start: f.Start, Deflated: f.Deflated})
	}
	_, err = l.cfg.Store.AddBundle(ctx, a.Scope(), in)
	return err
}

// blobReader reads a blob at any place, a page at a time.
type blobReader struct {
	ctx   context.Context // of one assembly
	blobs store.Blobs
	key   string
	size  int64
	page  []byte
	at    int64 // of the page
}

const pageSize = 1 << 20

// ReadAt implements io.ReaderAt, for one goroutine.
func (b *blobReader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off >= b.size {
			return n, io.EOF
		}
		if off < b.at || off >= b.at+int64(len(b.page)) {
			if err := b.turn(off); err != nil {
				return n, err
			}
		}
		c := copy(p[n:], b.page[off-b.at:])
		n, off = n+c, off+int64(c)
	}
	return n, nil
}

func (b *blobReader) turn(off int64) error {
	r, err := b.blobs.GetRange(b.ctx, b.key, off, min(pageSize, b.size-off))
	if err != nil {
		return err
	}
	defer r.Close()
	if b.page, err = io.ReadAll(r); err != nil {
		return err
	}
	if b.at = off; len(b.page) == 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// assembleDebugFile stores a debug file.
func (l *Linker) assembleDebugFile(ctx context.Context, a *store.Assembly, asked store.AssemblyRequest) error {
	if len(asked.Projects) != 1 {
		return refusal("A debug file belongs to one project.")
	}
	key := store.DebugFileBlob(a.OrgID, asked.Checksum)
	size, err := l.joinChunks(ctx, a.Scope(), asked, key)
	if err != nil {
		return err
	}
	files, err := debugFiles(&blobReader{ctx: ctx, blobs: l.cfg.Blobs, key: key, size: size}, size, asked)
	if err != nil {
		if _, lasting := why(err); lasting {
			return errors.Join(err, l.cfg.Blobs.Delete(ctx, key))
		}
		return err
	}
	for i := range files {
		files[i].SHA1, files[i].Blob, files[i].Size = asked.Checksum, key, size
	}
	return l.cfg.Store.AddDebugFiles(ctx, a.Scope(), asked.Projects[0], files, a.ID)
}
